"""A command that fails on a damaged register says what is damaged: that is no mistake of ours.

A database file is as little to be relied on as any other: whatever stands in it in another form than was written may
stop a command at any place. Where one stops so, the register is looked through, and what is damaged is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from commitments.store import DamagedStoreError, misfits
from commitments.trouble import TroubleError
from engine.delivered import forged_notices
from engine.rebuilding import compare
from engine.verifying import ledger_of

if TYPE_CHECKING:
    from engine.session import Session

_MEETS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)
"""What is met by who reads something else than was written."""


class DamagedRegisterError(TroubleError):
    """What was asked for cannot be worked out, for the register is damaged."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"{where} is damaged: {what}. What was asked for could not be done; `gestand verify` names all that is "
            "damaged, `gestand restore FILE --replace` puts back a copy"
        )


@contextmanager
def blamed_on_damage(session: Session) -> Iterator[None]:
    """Raises DamagedRegisterError in the place of an error of ours, where the register is damaged."""
    try:
        yield
    except TroubleError:
        raise
    except _MEETS as error:
        if type(error) is not RuntimeError and isinstance(error, RuntimeError):
            raise  # one of those by which a library leaves, such as click's
        if what := damage_of(session):
            raise DamagedRegisterError(session.store.where, what) from error
        raise


def damage_of(session: Session) -> str:
    """What is damaged in a register, in a few words: the first that is found, empty where nothing is."""
    return next((found for look in _LOOKS if (found := look(session))), "")


def _broken(session: Session) -> str:
    try:
        session.store.check()
    except DamagedStoreError as error:
        return error.reason
    return ""


def _unfit(session: Session) -> str:
    with session.store.reading() as tx:
        return str(next(misfits(tx), ""))


def _changed(session: Session) -> str:
    with session.store.reading() as tx:
        found = ledger_of(tx)
    return str(found.damage[0]) if found.damage else found.verdict.wrong


def _forged(session: Session) -> str:
    """What the projection, or a notice, says otherwise than it should."""
    with session.store.reading() as tx:
        if keys := forged_notices(tx):
            return f"the notice {keys[0]} says something else than its key"
        differing = compare(tx, session.workspace, session.assessor).differing
    return f"the projection is not what the ledger makes of it, for {', '.join(differing[:3])}" if differing else ""


_LOOKS: Final[tuple[Callable[[Session], str], ...]] = (_broken, _unfit, _changed, _forged)
