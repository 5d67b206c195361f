"""Commitments that the register does not know: the sentence that says so, with the ids that may have been meant."""

from __future__ import annotations

import difflib

from commitments.ledger import register
from commitments.model.record import Record
from commitments.store import Connection
from commitments.trouble import TroubleError


class NoSuchCommitmentError(TroubleError):
    """A commitment that the register does not know."""


def found(tx: Connection, identifier: str) -> Record:
    """The record of a commitment. Raises NoSuchCommitmentError."""
    record = register.record(tx, identifier)
    if record is None:
        raise NoSuchCommitmentError(unknown(tx, identifier))
    return record


def unknown(tx: Connection, identifier: str) -> str:
    """A sentence that there is no such commitment, with the ids that may have been meant."""
    names = similar(tx, identifier)
    hint = f"did you mean {' or '.join(names)}?" if names else "`gestand list` shows those there are"
    return f"there is no commitment {identifier} in the register; {hint}"


def similar(tx: Connection, identifier: str) -> list[str]:
    """The ids that one may have been meant for, of those that begin alike where there are very many."""
    names = register.ids(tx, "", _MANY)
    if len(names) == _MANY:
        names = register.ids(tx, identifier[: len(identifier) // 2], _MANY)
    return difflib.get_close_matches(identifier, names, 2)


_MANY = 10_000
"""The ids that are compared with a misspelt one."""
