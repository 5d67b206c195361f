"""Keeping digests quiet about some commitments for a while, and ending that."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from commitments.ledger import similar
from commitments.trouble import TroubleError
from engine.digests import silences
from engine.digests.silences import Silence
from engine.session import Session
from engine.workspace.recipients import Scope


class PastDayError(TroubleError):
    """A day until which nothing was to be told, that has passed."""

    def __init__(self, day: date) -> None:
        super().__init__(f"{day} has passed")


def silence(session: Session, scope: Scope, named: Iterable[str], *, until: date, reason: str, actor: str) -> Silence:
    """Tell nothing of what is in a scope up to and with a day; the silence as it was written down.

    `named` are the ids in the scope as they were written. Raises PastDayError where that day has passed, and
    NoSuchCommitmentError where the register lacks one of them.
    """
    if until < session.today():
        raise PastDayError(until)
    for identifier in named:
        with session.store.reading() as tx:
            similar.found(tx, identifier)
    with session.store.writing() as tx:
        return silences.silence(tx, scope, until=until, reason=reason, at=session.now(), actor=actor)


def end(session: Session, number: int, *, actor: str) -> Silence:
    """End a silence now, and return it. Raises NoSuchSilenceError where none of that number lasts."""
    day = session.today()
    with session.store.writing() as tx:
        return silences.end(tx, number, at=session.now(), actor=actor, today=day)
