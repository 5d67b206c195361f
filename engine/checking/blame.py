"""A command that fails on a damaged register says what is damaged: that is no mistake of ours.

A database file is as little to be relied on as any other: whatever stands in it in another form than was written may
stop a command at any place. Where one stops so, the register is looked through, and what is damaged is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from commitments.store import Connection, DamagedStoreError, Store, misfits
from commitments.trouble import TroubleError
from engine.assessment.assess import Assessor
from engine.checking.deliveries import forged_notices
from engine.checking.replay import compare
from engine.checking.verify import ledger_of
from engine.workspace.settings import Workspace

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
def blamed_on_damage(base: Store, workspace: Workspace, assessor: Assessor) -> Iterator[None]:
    """Raises DamagedRegisterError in the place of an error of ours, where the register is damaged."""
    try:
        yield
    except TroubleError:
        raise
    except _MEETS as error:
        if type(error) is not RuntimeError and isinstance(error, RuntimeError):
            raise  # one of those by which a library leaves, such as click's
        if what := damage_of(base, workspace, assessor):
            raise DamagedRegisterError(base.where, what) from error
        raise


def damage_of(base: Store, workspace: Workspace, assessor: Assessor) -> str:
    """What is damaged in a register, in a few words: the first that is found, empty where nothing is."""
    try:
        base.check()
    except DamagedStoreError as error:
        return error.reason
    with base.reading() as tx:
        looks = (_unfit(tx), _changed(tx), _forged(tx, workspace, assessor))
        return next((found for look in looks for found in look), "")


def _unfit(tx: Connection) -> Iterator[str]:
    yield from map(str, misfits(tx))


def _changed(tx: Connection) -> Iterator[str]:
    found = ledger_of(tx)
    yield from map(str, found.damage)
    if found.verdict.wrong:
        yield found.verdict.wrong


def _forged(tx: Connection, workspace: Workspace, assessor: Assessor) -> Iterator[str]:
    """What the projection, or a notice, says otherwise than it should."""
    for key in forged_notices(tx):
        yield f"the notice {key} says something else than its key"
    differing = compare(tx, workspace, assessor).differing
    if differing:
        yield f"the projection is not what the ledger makes of it, for {', '.join(differing[:3])}"
