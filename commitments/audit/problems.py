"""What in the register makes its figures doubtful: listed with the way out, never left out of sight."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from commitments import store
from commitments.listing import Wanted, parties, selection
from commitments.model.commitment import EventKind
from commitments.model.dates import Window
from commitments.store import Connection


class Doubt(StrEnum):
    """What can be wrong with what is recorded."""

    NO_DATE = "no date"
    WORDS = "words that no pack understands"
    NOT_YET = "a deadline that is not known yet"
    UNASSESSED = "what could not be assessed"
    CONTRADICTION = "events that contradict one another"
    STRANGER = "a party without a name"
    FAMILY = "a parent that cannot be"
    ALTERED = "where it stands was not worked out from the ledger"


class Doubtful(NamedTuple):
    """One thing that is doubtful of a commitment, and the way out."""

    doubt: Doubt
    commitment: str
    what: str
    way_out: str


@dataclass(frozen=True, kw_only=True)
class Problems:
    """How many doubts there are of each kind, and the first of them."""

    counts: Mapping[Doubt, int]
    first: tuple[Doubtful, ...]

    @property
    def total(self) -> int:
        """How many doubts there are."""
        return sum(self.counts.values())


def gathered(found: Iterable[Doubtful], most: int) -> Problems:
    """The doubts counted, and the first of each kind."""
    counts: Counter[Doubt] = Counter()
    first: list[Doubtful] = []
    for one in found:
        counts[one.doubt] += 1
        if counts[one.doubt] <= most:
            first.append(one)
    order = list(Doubt)
    first.sort(key=lambda one: (order.index(one.doubt), one.commitment, one.what))
    return Problems(counts={doubt: counts[doubt] for doubt in Doubt if counts[doubt]}, first=tuple(first))


# ------------------------------------------------------------------------------------------------- where to look


def suspects(tx: Connection) -> Iterator[str]:
    """The commitments whose events may contradict one another, or their deadlines: few, to be looked at closely.

    The projection must be up to date.
    """
    table = store.commitment
    yield from tx.execute(
        table.select().with_only_columns(table.c.id).where(table.c.settled_on < table.c.made)
    ).scalars()
    yield from _out_of_time(tx)


def _out_of_time(tx: Connection) -> Iterator[str]:
    """Those with an extension that may shorten the time, or a delay notice that may have come when it was up."""
    ledger, commitment = store.ledger, store.commitment
    extended = ledger.c.kind == EventKind.EXTENDED.value
    noticed = ledger.c.kind == EventKind.DELAY_NOTICE.value
    too_late = store.names_later(tx, ledger.c.payload, "occurred_on", commitment.c.original_latest)
    query = (
        ledger.join(commitment, ledger.c.commitment == commitment.c.id)
        .select()
        .with_only_columns(
            ledger.c.commitment,
            ledger.c.kind,
            ledger.c.payload,
            commitment.c.original_latest,
            commitment.c.current_latest,
        )
        .where(extended | noticed & too_late)
        .order_by(ledger.c.seq)
        .execution_options(yield_per=1000)
    )
    granted: dict[str, date] = {}
    for identifier, kind, payload, original, current in tx.execute(query):
        if kind == EventKind.DELAY_NOTICE:
            yield identifier
            continue
        day = _day_of(payload)
        if day is None:
            yield identifier
            continue
        if any(day < known for known in (granted.get(identifier), original, current) if known):
            yield identifier
        granted[identifier] = day


def _day_of(payload: str) -> date | None:
    """The last day of the date that an entry names; None where it cannot be read."""
    try:
        return Window.parse(json.loads(payload)["date"]).latest
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def of_strangers(tx: Connection, today: date, wanted: Wanted, names: Collection[str]) -> Iterator[str]:
    """The commitments, of those that are wanted, that a party without one of these names owes or is owed.

    The projection must be up to date.
    """
    table, query = store.commitment, selection(wanted, today).order_by(None)
    for column in (table.c.by, table.c.to):
        lists = tx.execute(query.with_only_columns(column).distinct()).scalars()
        strange = [text for text in lists if not set(parties(text)) <= set(names)]
        for some in store.batches(strange):
            yield from tx.execute(query.with_only_columns(table.c.id).where(column.in_(some))).scalars()
