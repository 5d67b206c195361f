"""The projection made anew from the ledger, and whether it was what the ledger makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from commitments import register, store
from commitments.store import Connection
from commitments.trouble import TroubleError
from engine.assess import Assessor
from engine.assessing import assess_due, last_pass
from engine.progress import outdated, unfinished
from engine.settings import Workspace
from notifications.phrases import clean


class NoPassError(TroubleError):
    """There is nothing to compare with what would be made anew."""

    def __init__(self) -> None:
        super().__init__(
            "no pass has ended under the rules that are in use now, so where commitments stand is not stored yet; run "
            "gestand tick, or wait for the pass that is under way, then ask again"
        )


@dataclass(frozen=True)
class Rebuilt:
    """How many commitments were made anew, and the ids of those whose rows were otherwise before."""

    count: int
    differing: tuple[str, ...]


class Deviation(NamedTuple):
    """A column of a commitment's row that is otherwise than the ledger makes it.

    Where a row is not there, or should not be, `column` is empty, and so is the one of the two that there is not.
    """

    id: str
    column: str
    stored: str
    rebuilt: str


SHOWN: Final = 20
"""Of so many commitments the columns that differ are named."""
_LONGEST: Final = 60


def compare(tx: Connection, workspace: Workspace, assessor: Assessor) -> tuple[Rebuilt, tuple[Deviation, ...]]:
    """What a rebuild would change, and which columns of the first rows; nothing is changed. Raises NoPassError."""
    trial = tx.begin_nested()
    found = rebuild(tx, workspace, assessor)
    some = found.differing[:SHOWN]
    known = [record.commitment.id for record in register.records(tx, some)]
    made = _whole(tx, known)
    trial.rollback()
    stored = _whole(tx, some)
    return found, tuple(one for name in some for one in _deviations(name, stored.get(name), made.get(name)))


def _deviations(name: str, stored: Mapping[str, Any] | None, made: Mapping[str, Any] | None) -> Iterator[Deviation]:
    if stored is None or made is None:
        yield Deviation(name, "", "a row" if stored else "", "a row" if made else "")
        return
    for column, value in stored.items():
        if value != made[column] and column != "changed":
            yield Deviation(name, column, _shown(value), _shown(made[column]))


def _shown(value: object) -> str:
    return clean(str(value), _LONGEST) if value not in {None, ""} else "nothing"


def _whole(tx: Connection, identifiers: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    table = store.commitment
    rows = tx.execute(table.select().where(table.c.id.in_(identifiers))).mappings()
    return {row["id"]: dict(row) for row in rows}


def rebuild(tx: Connection, workspace: Workspace, assessor: Assessor) -> Rebuilt:
    """Make the rows of all commitments anew from the ledger, as of the last pass; what changed since is not compared.

    Roll `tx` back to have looked only. Raises NoPassError where no pass has ended under these rules.
    """
    now = last_pass(tx)
    if now is None or unfinished(tx) or outdated(tx, workspace, assessor, now):
        raise NoPassError
    before, known = _rows(tx), set(register.ids(tx))
    count = register.rebuild(tx)
    assess_due(tx, assessor, now, everything=True)
    after = _rows(tx)
    missing = set(register.ids(tx)) - known
    differing = {identifier for identifier, row in before.items() if after.get(identifier) != row}
    return Rebuilt(count, tuple(sorted(differing | missing | _unmade(tx))))


def _unmade(tx: Connection) -> set[str]:
    """The rows that no entry of the ledger made."""
    table, ledger = store.commitment, store.ledger
    made = ledger.select().with_only_columns(ledger.c.commitment).where(ledger.c.kind == "made")
    return set(tx.execute(table.select().with_only_columns(table.c.id).where(table.c.id.not_in(made))).scalars())


def _rows(tx: Connection) -> dict[str, int]:
    """What stands for the content of each row that no event has changed since the last pass."""
    table = store.commitment
    query = table.select().where(table.c.changed.is_(False)).execution_options(yield_per=1000)
    return {row.id: hash(tuple(row)) for row in tx.execute(query)}
