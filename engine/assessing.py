"""A pass's assessing: what changed or whose day has come is assessed; where it stands and what is owed is stored.

The commitments come some at a time, so that a pass over all of them needs no more room than one over few; of what is
stored only that is written which differs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from commitments import register, store
from commitments.model import Standing, Status
from commitments.moments import WrongClock
from commitments.store import Connection, Row
from engine.assess import Assessor
from engine.collector import without_collector
from engine.families import Families
from engine.finding import KEPT_OF_EACH, Found, Reader
from engine.grow import ACTOR
from engine.match import joiner
from engine.owing import owe
from engine.setbacks import keep
from engine.settings import Workspace
from rules.book import RuleBook

_RULES: Final = "rules"
_SPELLING: Final = "spelling"
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

    def see(self, found: Found, row: Row[Any]) -> None:
        """Count what was found of a commitment, whose row is as the pass before left it."""
        standing = found.judgement.standing
        self.count += 1
        if row.status == standing.status:
            return
        self.changed += 1
        if len(self.changes) < MOST_CHANGES:
            before = Status(row.status) if row.status else None
            self.changes.append(Change(id=row.id, title=row.title, before=before, standing=standing))


# ------------------------------------------------------------------------------------------------- what is to be done


def rules_changed(tx: Connection, workspace: Workspace, at: datetime) -> bool:
    """Whether the rules or calendars differ from those of the pass before; the ledger then says which are in use."""
    if _spelt_as_before(tx, workspace):
        return False
    version = _in_use(workspace)
    store.remember(tx, _SPELLING, _spelling(workspace, version))
    if store.recall(tx, _RULES) == version:
        return False
    packs = {loaded.pack.pack: loaded.hash for loaded in workspace.book.packs}
    content = {"packs": packs, "calendars": workspace.calendars.version}
    register.note(tx, "pack_loaded", content, at=at, actor=ACTOR)
    store.remember(tx, _RULES, version)
    return True


def _in_use(workspace: Workspace) -> str:
    """What tells the rules and calendars in use from others."""
    return f"{workspace.book.hash} {workspace.calendars.version}"


def _spelling(workspace: Workspace, version: str | None) -> str:
    """What the files say, beside the version that it comes to."""
    return f"{workspace.book.hash} {workspace.calendars.spelling} {version}"


def _spelt_as_before(tx: Connection, workspace: Workspace) -> bool:
    """Whether the files say what they said in the pass before: then no calendar is resolved to know that it is so."""
    return store.recall(tx, _SPELLING) == _spelling(workspace, store.recall(tx, _RULES))


def last_pass(tx: Connection) -> datetime | None:
    """The moment of the last pass, None where there was none."""
    text = store.recall(tx, LATEST)
    return datetime.fromisoformat(text) if text else None


def correct_clock(tx: Connection, *, note: str, at: datetime, actor: str) -> WrongClock:
    """Write down that the clock was wrong, and let the next pass assess everything as of its own day.

    Raises ClockRightError where neither an entry nor the last pass lies after `at`, and no entry before another.
    """
    last = last_pass(tx)
    wrong = register.clock_was_wrong(tx, said=note, at=at, actor=actor, ahead=last is not None and last > at)
    store.remember(tx, LATEST, at.isoformat())
    tx.execute(store.commitment.update().values(changed=True))
    return wrong


def outdated(tx: Connection, workspace: Workspace, assessor: Assessor, now: datetime) -> bool:
    """Whether all of the projection is not of `now`: other rules are in use, or the last pass was on a later day."""
    last = last_pass(tx)
    later = last is not None and assessor.is_later_day(last, now)
    same = _spelt_as_before(tx, workspace) or store.recall(tx, _RULES) == _in_use(workspace)
    return later or not same


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
_NOWHERE: Final = (None, False, "", "", *[None] * 9, False)
"""What a row holds where the commitment was not there yet."""


def assess_due(tx: Connection, assessor: Assessor, now: datetime, *, everything: bool) -> Assessed:
    """Assess what changed or whose day has come, and store where it stands and what is owed."""
    done = Assessed()
    families = Families(assessor, joiner())
    reader = Reader(assessor, now, kept=_kept(tx, assessor, now))
    if everything:
        _stamp(tx, assessor.book)
    assessor.setbacks.met.clear()
    waiting = _all(tx, reader.columns) if everything else _due(tx, reader.columns, assessor.latest_today(now))
    with without_collector():
        for rows in waiting:
            found = reader.found(tx, rows)
            _store(tx, rows, found, assessor.book)
            owe(tx, list(found.values()), assessor.book, now, gapless=everything)
            for row in rows:
                if one := found.get(row.id):
                    done.see(one, row)
                    if one.assessment is not None:
                        assessor.setbacks.tried(row.id, partial(families.see, one.assessment))
            keep(tx, found.keys(), assessor.setbacks.met)
            assessor.setbacks.met.clear()
    families.settle(tx, now)
    if everything:
        # A hundred megabytes, where there are many: digests of all that is overdue need the room next.
        assessor.counts.forget()
    return done


def _kept(tx: Connection, assessor: Assessor, now: datetime) -> bool:
    """Whether what the last pass kept of a commitment still holds, as long as it did not change and its day is ahead.

    Not where families are looked at: they are told of by the record. Nor where the last pass was on a later day, or it
    is another day elsewhere.
    """
    last, book = last_pass(tx), assessor.book
    related = book.inhibitions or book.escalations
    return bool(last and not related and assessor.one_day(now) and not assessor.is_later_day(last, now))


def _all(tx: Connection, columns: Sequence[str]) -> Iterator[Sequence[Row[Any]]]:
    """Every row, some at a time, in the order of their ids."""
    query, last = _rows(columns).limit(_SOME), ""
    while rows := tx.execute(query.where(store.commitment.c.id > last)).all():
        yield rows
        last = rows[-1].id


def _due(tx: Connection, columns: Sequence[str], today: date) -> Iterator[Sequence[Row[Any]]]:
    """The rows to assess, some at a time, in the order of their ids."""
    waiting = sorted({identifier for query in _waiting(today) for identifier in tx.execute(query).scalars()})
    for some in store.batches(waiting):
        yield tx.execute(_rows(columns).where(store.commitment.c.id.in_(some))).all()


def _rows(columns: Sequence[str]) -> Any:  # noqa: ANN401 (a query has no type outside the store)
    """Commitments with where they stand by what is stored, in the order of their ids."""
    table = store.commitment
    return table.select().with_only_columns(*(table.c[name] for name in columns)).order_by(table.c.id)


# ------------------------------------------------------------------------------------------------- storing


def _stamp(tx: Connection, book: RuleBook) -> None:
    """Stamp what stands under the rules of a pack with the pack as it is now.

    Another version of a pack is a stamp on many rows, most of which come to stand as they stood.
    """
    table = store.commitment
    stamps = {f"{loaded.pack.pack}/": str(loaded) for loaded in book.packs}
    if stamps:
        stamp = store.by_beginning(table.c.rule, stamps, table.c.pack)
        tx.execute(table.update().where(table.c.pack != stamp).values(pack=stamp))


def _store(tx: Connection, rows: Sequence[Row[Any]], found: Mapping[str, Found], book: RuleBook) -> None:
    """Write where those stand that stood otherwise, only what differs of each, and that what was there was seen."""
    written: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        one = found.get(row.id)
        values, before = kept_of(one, book), row[: len(KEPT_OF_EACH)]
        if values == before and not (row.changed and one):
            continue
        differ = {name: new for name, new, old in zip(KEPT_OF_EACH, values, before, strict=True) if new != old}
        written[tuple(differ)].append({"id": row.id, **differ, "changed": one is None})
    with store.rewriting(tx, [change["id"] for changes in written.values() for change in changes]):
        for changes in written.values():
            store.change(tx, store.commitment, changes)


def kept_of(found: Found | None, book: RuleBook) -> tuple[Any, ...]:
    """What was found of a commitment, as a row keeps it (KEPT_OF_EACH); None where it was not there yet.

    For how long what is open is late changes by the day (`listing`).
    """
    if found is None:
        return _NOWHERE
    standing = found.judgement.standing
    original, current, settled = standing.original, standing.current, standing.settled_on is not None
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
        standing.days_late_original if settled else None,
        standing.days_late_current if settled else None,
        found.next_change,
        found.ground,
        found.news,
    )
