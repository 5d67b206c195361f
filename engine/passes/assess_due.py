"""Assessing: what changed or whose day has come is assessed; where it stands and what is owed is stored.

The commitments come some at a time, so that a pass over all of them needs no more room than one over few; of what is
stored only that is written which differs. A pass does so in many transactions (`batches`); for a reader it is laid over
what is stored (`overlaid`), and nothing is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any, Final, Self

from commitments import store
from commitments.ledger import register
from commitments.ledger.moments import WrongClock
from commitments.model.commitment import Standing, Status
from commitments.store import Connection, Row
from engine.assessment.assess import Assessor
from engine.assessment.gc_paused import without_collector
from engine.assessment.setbacks import FIRST, keep, kept
from engine.matching.matcher import joiner
from engine.passes.groups import Families
from engine.passes.notices import owe
from engine.passes.projection import KEPT_OF_EACH, Found, Reader
from rules.pack.book import RuleBook

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


def stale(tx: Connection, today: date) -> bool:
    """Whether some commitment changed, or its day has come by `today`, and no pass has seen it."""
    return any(tx.execute(query.limit(1)).first() is not None for query in (_changed(), _come(today)))


def waiting(tx: Connection, today: date) -> list[str]:
    """The ids of the commitments that changed, or whose day has come by `today`, in their order."""
    return sorted({identifier for query in (_changed(), _come(today)) for identifier in tx.execute(query).scalars()})


def changed(tx: Connection) -> list[str]:
    """The ids of the commitments that changed, in their order."""
    return sorted(tx.execute(_changed()).scalars())


def _changed() -> Any:  # noqa: ANN401 (a query has no type outside the store)
    """What asks for the ids of what changed; this and the next have an index each, so neither reads all."""
    table = store.commitment
    return table.select().with_only_columns(table.c.id).where(table.c.changed)


def _come(today: date) -> Any:  # noqa: ANN401 (a query has no type outside the store)
    """What asks for the ids of those whose day has come."""
    table = store.commitment
    return table.select().with_only_columns(table.c.id).where(table.c.next_change <= today)


# ------------------------------------------------------------------------------------------------- assessing

SOME: Final = 500
"""So many commitments are assessed at a time."""
_NOWHERE: Final = (None, False, "", "", *[None] * 9, False)
"""What a row holds where the commitment was not there yet."""


@dataclass
class Assessing:
    """Assesses commitments some at a time, and settles in the end what they mean for one another."""

    assessor: Assessor
    reader: Reader
    families: Families
    done: Assessed = field(default_factory=Assessed)

    @classmethod
    def begun(cls, tx: Connection, assessor: Assessor, now: datetime) -> Self:
        """An assessing as of `now`, by what the last pass kept."""
        assessor.setbacks.met.clear()
        reader = Reader(assessor, now, kept=_kept(tx, assessor, now))
        return cls(assessor, reader, Families(assessor, joiner()))

    def assess(self, tx: Connection, rows: Sequence[Row[Any]], *, gapless: bool) -> set[str]:
        """Store where these stand and what is owed; the ids of those that are not there yet, and wait for their day.

        `gapless` is as `owe` takes it.
        """
        setbacks = self.assessor.setbacks
        found = self.reader.found(tx, rows)
        _store(tx, rows, found, self.assessor.book)
        owe(tx, list(found.values()), self.assessor.book, self.reader.now, gapless=gapless)
        for row in rows:
            if one := found.get(row.id):
                self.done.see(one, row)
                if one.assessment is not None:
                    setbacks.tried(row.id, partial(self.families.see, one.assessment))
        keep(tx, found.keys(), setbacks.met)
        setbacks.met.clear()
        return {row.id for row in rows if row.id not in found} if len(found) < len(rows) else set()

    def settle(self, tx: Connection) -> None:
        """Settle families and groups, once all that is to be assessed was."""
        self.families.settle(tx, self.reader.now)


def overlaid(tx: Connection, assessor: Assessor, now: datetime, *, everything: bool) -> None:
    """Let a reader's transaction see each commitment as a pass of `now` would leave it; nothing is stored.

    Afterwards the assessor's setbacks are those of what was assessed here, and those that a pass met in the rest.
    """
    reader = Reader(assessor, now, kept=_kept(tx, assessor, now))
    met_before = {one.what: one.why for one in kept(tx, FIRST)}

    def found() -> Iterator[list[dict[str, Any]]]:
        for rows in _rows_due(tx, reader, everything=everything):
            for row in rows:
                met_before.pop(row.id, None)
            yield _as_found(reader.found(tx, rows), rows, assessor.book)

    with without_collector():
        store.overlay(tx, KEPT_OF_EACH, found())
    assessor.setbacks.met.update(met_before)


def _as_found(found: Mapping[str, Found], rows: Sequence[Row[Any]], book: RuleBook) -> list[dict[str, Any]]:
    values = ((row.id, kept_of(found.get(row.id), book)) for row in rows)
    return [{"id": identifier, **dict(zip(KEPT_OF_EACH, one, strict=True))} for identifier, one in values]


def _kept(tx: Connection, assessor: Assessor, now: datetime) -> bool:
    """Whether what the last pass kept of a commitment still holds, as long as it did not change and its day is ahead.

    Not where families are looked at: they are told of by the record. Nor where the last pass was on a later day, or it
    is another day elsewhere.
    """
    last = last_pass(tx)
    return bool(last and not assessor.book.related and assessor.one_day(now) and not assessor.is_later_day(last, now))


def _rows_due(tx: Connection, reader: Reader, *, everything: bool) -> Iterator[Sequence[Row[Any]]]:
    """The rows to assess, some at a time, in the order of their ids."""
    if not everything:
        for some in store.batches(waiting(tx, reader.assessor.latest_today(reader.now))):
            yield rows_of(tx, reader, some)
        return
    last = ""
    while some := ids_after(tx, last):
        yield rows_until(tx, reader, last, some[-1])
        last = some[-1]


def ids_after(tx: Connection, last: str) -> list[str]:
    """The ids of the next SOME commitments after an id, in their order."""
    table = store.commitment
    query = table.select().with_only_columns(table.c.id).where(table.c.id > last).order_by(table.c.id)
    return list(tx.execute(query.limit(SOME)).scalars())


def rows_of(tx: Connection, reader: Reader, identifiers: Sequence[str]) -> Sequence[Row[Any]]:
    """The rows of these commitments, no more than SOME, in the order of their ids."""
    return tx.execute(_rows(reader.columns).where(store.commitment.c.id.in_(identifiers))).all()


def rows_until(tx: Connection, reader: Reader, first: str, last: str) -> Sequence[Row[Any]]:
    """All rows after one id and up to another, which is among them, in the order of their ids."""
    of = store.commitment.c.id
    return tx.execute(_rows(reader.columns).where(of > first, of <= last)).all()


def _rows(columns: Sequence[str]) -> Any:  # noqa: ANN401 (a query has no type outside the store)
    """Commitments with where they stand by what is stored, in the order of their ids."""
    table = store.commitment
    return table.select().with_only_columns(*(table.c[name] for name in columns)).order_by(table.c.id)


# ------------------------------------------------------------------------------------------------- storing


def stamp(tx: Connection, book: RuleBook, first: str = "", last: str | None = None) -> None:
    """Stamp what stands under the rules of a pack with the pack as it is now, after one id and up to another.

    Another version of a pack is a stamp on many rows, most of which come to stand as they stood.
    """
    table = store.commitment
    these = table.c.id > first if last is None else (table.c.id > first) & (table.c.id <= last)
    stamps = {f"{loaded.pack.pack}/": str(loaded) for loaded in book.packs}
    if stamps:
        fresh = store.by_beginning(table.c.rule, stamps, table.c.pack)
        tx.execute(table.update().where(these, table.c.pack != fresh).values(pack=fresh))


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
