"""Whether the projection is what the ledger makes of it: each row beside what a replay of the ledger gives.

Nothing is written. Where a commitment stands is worked out as of the last pass; what changed since then waits for the
next one, which works it out anew, so of such a row only the description is compared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from commitments import store
from commitments.ledger import register
from commitments.model.record import Record
from commitments.store import Connection, Row
from commitments.trouble import TroubleError
from engine.assessment.assess import Assessor
from engine.assessment.gc_paused import without_collector
from engine.passes.assess_due import kept_of, last_pass
from engine.passes.progress import outdated, unfinished
from engine.passes.projection import KEPT_OF_EACH, Reader
from engine.workspace.settings import Workspace
from notifications.content.phrases import clean
from rules.pack.book import RuleBook


class NoPassError(TroubleError):
    """There is nothing to compare with what would be made anew."""

    def __init__(self) -> None:
        super().__init__(
            "no pass has ended under the rules that are in use now, so where commitments stand is not stored yet; run "
            "gestand tick, or wait for the pass that is under way, then ask again"
        )


class Deviation(NamedTuple):
    """A column of a commitment's row that is otherwise than the ledger makes it.

    Where a row is not there, or should not be, `column` is empty, and so is the one of the two that there is not.
    """

    id: str
    column: str
    stored: str
    rebuilt: str


@dataclass(frozen=True, kw_only=True)
class Compared:
    """How many rows were compared, the ids of those that are otherwise, and the columns of the first of these.

    `standing` says whether it was compared where commitments stand; without a pass under the rules in use it is not
    stored.
    """

    count: int
    differing: tuple[str, ...] = ()
    deviations: tuple[Deviation, ...] = ()
    standing: bool = True

    def __str__(self) -> str:
        """That the projection is not what the ledger makes of it, or cannot be compared; empty where all is well."""
        if not self.differing:
            return "" if self.standing else f"{_OTHERS}; run gestand tick, then gestand verify --rebuild"
        some = ", ".join(self.differing[:SHOWN]) + (" …" if len(self.differing) > SHOWN else "")
        many = len(self.differing)
        count = f"{many} commitment{'s' if many > 1 else ''}"
        return f"the projection is not what the ledger makes of it, for {count}: {some}"


_OTHERS: Final = "the projection was changed by another hand than the program's"
SHOWN: Final = 20
"""Of so many commitments the columns that differ are named."""
_LONGEST: Final = 60
_SOME: Final = 500


def compare(
    tx: Connection, workspace: Workspace, assessor: Assessor, leaving_out: Collection[str] = frozenset()
) -> Compared:
    """The projection beside a replay of the whole ledger; commitments whose entries cannot be read are left out."""
    now = last_pass(tx)
    standing = now is not None and not (unfinished(tx) or outdated(tx, workspace, assessor, now))
    reader = Reader(assessor, now, kept=False) if now is not None and standing else None
    count, found = 0, dict[str, tuple[Deviation, ...]]()
    with without_collector():
        for rows in _all(tx):
            count += len(rows)
            records = _records(tx, [row.id for row in rows if row.id not in leaving_out])
            for row in rows:
                if row.id not in leaving_out and (wrong := _wrong(row, records.get(row.id), reader, assessor.book)):
                    found[row.id] = wrong
    found |= {one: (Deviation(one, "", "", "a row"),) for one in _missing(tx) if one not in leaving_out}
    differing = tuple(sorted(found))
    deviations = tuple(one for identifier in differing[:SHOWN] for one in found[identifier])
    return Compared(count=count, differing=differing, deviations=deviations, standing=standing)


def altered(tx: Connection, workspace: Workspace, assessor: Assessor) -> Compared | None:
    """The projection beside a replay of the ledger where another hand than ours wrote in it; None where none did."""
    return None if store.is_ours(tx) else compare(tx, workspace, assessor)


def _all(tx: Connection) -> Iterator[Sequence[Row[Any]]]:
    """Every row of the projection, some at a time, in the order of their ids."""
    table, last = store.commitment, ""
    query = table.select().order_by(table.c.id).limit(_SOME)
    while rows := tx.execute(query.where(table.c.id > last)).all():
        yield rows
        last = rows[-1].id


def _records(tx: Connection, identifiers: Sequence[str]) -> dict[str, Record]:
    """The records of these that were made; where that entry is missing there is nothing to replay."""
    found = register.records(tx, identifiers)
    return {one.commitment.id: one for one in found if any(entry.event.commitment for entry in one.valid)}


def _missing(tx: Connection) -> list[str]:
    """The commitments that the ledger has and the projection has not."""
    made, there = store.ledger, store.commitment
    query = made.select().with_only_columns(made.c.commitment).where(made.c.kind == "made")
    known = there.select().with_only_columns(there.c.id).where(there.c.id == made.c.commitment)
    return list(tx.execute(query.where(~known.exists())).scalars())


def _wrong(row: Row[Any], record: Record | None, reader: Reader | None, book: RuleBook) -> tuple[Deviation, ...]:
    """The columns of a row that are otherwise than the record makes them."""
    if record is None:
        return (Deviation(row.id, "", "a row", ""),)
    made = register.description(record.commitment)
    del made["changed"]
    if reader is not None and not row.changed:
        made |= dict(zip(KEPT_OF_EACH, kept_of(reader.read(record), book), strict=True))
    return tuple(_deviations(row.id, row._asdict(), made))


def _deviations(identifier: str, stored: Mapping[Any, Any], made: Mapping[str, Any]) -> Iterator[Deviation]:
    for column, value in made.items():
        if stored[column] != value:
            yield Deviation(identifier, column, _shown(stored[column]), _shown(value))


def _shown(value: object) -> str:
    return clean(str(value), _LONGEST) if value not in {None, ""} else "nothing"
