"""A pass's assessing: what changed or whose day has come is assessed; where it stands and what is owed is stored.

The commitments come some at a time, so that a pass over all of them needs no more room than one over few; of what is
stored only that is written which differs.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from commitments import register, store
from commitments.model import Record, Standing, Status
from commitments.store import Connection, Row
from engine.assess import Assessment, Assessor
from engine.families import Families
from engine.grow import ACTOR
from engine.match import joiner
from engine.owing import batches, owe
from engine.settings import Workspace
from rules.book import RuleBook

_RULES: Final = "rules"
LATEST: Final = "last_pass"
"""The moment of the last pass, as the store remembers it."""
MOST_CHANGES: Final = 10_000
"""How many changes of status a pass tells one by one; it counts the others."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A commitment whose status differs from what the pass before found, None where there was none."""

    id: str
    title: str
    before: Status | None
    standing: Standing


@dataclass
class Assessed:
    """How many commitments a pass assessed, how many of them changed their status, and the first of these changes."""

    count: int = 0
    changed: int = 0
    changes: list[Change] = field(default_factory=list)

    def see(self, assessment: Assessment, before: str | None) -> None:
        """Count an assessment of what had the status `before`."""
        self.count += 1
        if before == assessment.standing.status:
            return
        self.changed += 1
        if len(self.changes) < MOST_CHANGES:
            commitment, former = assessment.record.commitment, Status(before) if before else None
            self.changes.append(
                Change(id=commitment.id, title=commitment.title, before=former, standing=assessment.standing)
            )


# ------------------------------------------------------------------------------------------------- what is to be done


def rules_changed(tx: Connection, workspace: Workspace, now: datetime) -> bool:
    """Whether the rules or calendars differ from those of the pass before; the ledger then says which are in use."""
    version = _version(workspace)
    if store.recall(tx, _RULES) == version:
        return False
    packs = {loaded.pack.pack: loaded.hash for loaded in workspace.book.packs}
    content = {"packs": packs, "calendars": workspace.calendars.version}
    register.note(tx, "pack_loaded", content, at=now, actor=ACTOR)
    store.remember(tx, _RULES, version)
    return True


def _version(workspace: Workspace) -> str:
    return f"{workspace.book.hash} {workspace.calendars.version}"


def last_pass(tx: Connection) -> datetime | None:
    """The moment of the last pass, None where there was none."""
    text = store.recall(tx, LATEST)
    return datetime.fromisoformat(text) if text else None


def outdated(tx: Connection, workspace: Workspace, assessor: Assessor, now: datetime) -> bool:
    """Whether all of the projection is not of `now`: other rules are in use, or the last pass was on a later day."""
    last = last_pass(tx)
    later = last is not None and assessor.is_later_day(last, now)
    return later or store.recall(tx, _RULES) != _version(workspace)


def stale(tx: Connection, today: date) -> bool:
    """Whether some commitment changed, or its day has come by `today`, and no pass has seen it."""
    return any(tx.execute(query.limit(1)).first() is not None for query in _waiting(today))


def _waiting(today: date) -> tuple[Any, Any]:
    """What asks for the ids of the commitments to assess: each query has an index of its own, so neither reads all."""
    table = store.commitment
    ids = table.select().with_only_columns(table.c.id)
    return ids.where(table.c.changed), ids.where(table.c.next_change <= today)


# ------------------------------------------------------------------------------------------------- assessing

_SOME: Final = 500
_COLUMNS: Final = (
    "status",
    "partly",
    "rule",
    "pack",
    "original_earliest",
    "original_latest",
    "current_earliest",
    "current_latest",
    "settled_on",
    "days_late_original",
    "days_late_current",
    "next_change",
)
"""What a pass fills in of a commitment's row."""
_NOWHERE: Final = (None, False, "", "", *[None] * 8)
"""The same where a commitment was not there yet."""


class _Found(NamedTuple):
    """What a pass found of a commitment, and when it has to look again."""

    assessment: Assessment
    next_change: date | None


def assess_due(tx: Connection, assessor: Assessor, now: datetime, *, everything: bool) -> Assessed:
    """Assess what changed or whose day has come, and store where it stands and what is owed."""
    done = Assessed()
    families = Families(assessor, joiner())
    waiting = _all(tx) if everything else _due(tx, assessor.latest_today(now))
    for rows in waiting:
        with _without_collector():
            found = _assess(tx, assessor, rows, now)
            _store_standings(tx, rows, found, assessor.book)
            owe(tx, [one.assessment for one in found.values()], assessor.book, now)
        before = {row.id: row.status for row in rows}
        for identifier, one in found.items():
            families.see(one.assessment)
            done.see(one.assessment, before[identifier])
    families.settle(tx, now)
    return done


@contextmanager
def _without_collector() -> Iterator[None]:
    """No search for circles of objects meanwhile: there are none among what is made here, and it costs a third."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _all(tx: Connection) -> Iterator[Sequence[Row[Any]]]:
    """Every row, some at a time, in the order of their ids."""
    query, last = _rows().limit(_SOME), ""
    while rows := tx.execute(query.where(store.commitment.c.id > last)).all():
        yield rows
        last = rows[-1].id


def _due(tx: Connection, today: date) -> Iterator[Sequence[Row[Any]]]:
    """The rows to assess, some at a time, in the order of their ids."""
    waiting = sorted({identifier for query in _waiting(today) for identifier in tx.execute(query).scalars()})
    for some in batches(waiting):
        yield tx.execute(_rows().where(store.commitment.c.id.in_(some))).all()


def _rows() -> Any:  # noqa: ANN401 (a query has no type outside the store)
    """Where commitments stand by what is stored, in the order of their ids."""
    table = store.commitment
    columns = (table.c.id, *(table.c[name] for name in _COLUMNS), table.c.changed)
    return table.select().with_only_columns(*columns).order_by(table.c.id)


def _assess(tx: Connection, assessor: Assessor, rows: Sequence[Row[Any]], now: datetime) -> dict[str, _Found]:
    """What has become of these by `now`, by id; without those that were not there yet."""
    found = {}
    for record in register.records(tx, [row.id for row in rows]):
        assessment = assessor.at(record, now)
        if assessment is not None:
            found[assessment.record.commitment.id] = _Found(assessment, _next_change(record, assessment))
    return found


def _next_change(record: Record, assessment: Assessment) -> date | None:
    """The first later day on which it will stand otherwise: by itself, or by an event that is recorded already."""
    if len(record.history) == len(assessment.record.history):
        return assessment.next_change
    events = (entry.event.occurred_on for entry in record.history)
    ahead = [day for day in events if day > assessment.today]
    return min([*ahead, *filter(None, [assessment.next_change])], default=None)


# ------------------------------------------------------------------------------------------------- storing


def _store_standings(tx: Connection, rows: Sequence[Row[Any]], found: Mapping[str, _Found], book: RuleBook) -> None:
    """Write where those stand that stood otherwise, and that all that were there have been seen."""
    differing, seen = [], []
    for row in rows:
        one = found.get(row.id)
        values = _columns(one, book) if one else _NOWHERE
        if values != row[1:-1]:
            differing.append({"id": row.id, **dict(zip(_COLUMNS, values, strict=True)), "changed": one is None})
        elif row.changed and one:
            seen.append(row.id)
    store.change(tx, store.commitment, differing)
    store.change(tx, store.commitment, [{"id": identifier, "changed": False} for identifier in seen])


def _columns(found: _Found, book: RuleBook) -> tuple[Any, ...]:
    """What an assessment comes to, in the order of `_COLUMNS`."""
    standing = found.assessment.standing
    original, current = standing.original, standing.current
    return (
        standing.status.value,
        standing.partly,
        standing.rule,
        book.stamp(standing.rule),
        original.earliest if original else None,
        original.latest if original else None,
        current.earliest if current else None,
        current.latest if current else None,
        standing.settled_on,
        standing.days_late_original,
        standing.days_late_current,
        found.next_change,
    )
