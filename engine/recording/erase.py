"""Erasing texts from the ledger, such as the names of people."""

from __future__ import annotations

from collections.abc import Sequence

from commitments.ledger import erasure, similar
from commitments.ledger.erasure import Erased
from engine.session import Session


def erase(
    session: Session,
    identifier: str | None,
    numbers: Sequence[int],
    silences: Sequence[int],
    *,
    reason: str,
    actor: str,
) -> Erased:
    """Erase the texts of a commitment, of entries, and the reasons of silences, by their numbers; what was erased.

    The files of the register are rid of them too. Raises NoSuchCommitmentError where the register lacks the id, and
    NothingToEraseError where there is no such text.
    """
    if identifier is not None:
        with session.store.reading() as tx:
            similar.found(tx, identifier)
    with session.store.writing() as tx:
        done = erasure.erase(tx, identifier, numbers, silences, reason=reason, at=session.now(), actor=actor)
    session.store.flush()
    return done
