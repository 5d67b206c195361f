"""What in the register makes its figures doubtful: listed with the way out, never left out of sight."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby
from typing import Any, Final, NamedTuple

from commitments import store
from commitments.dates import Window
from commitments.model import EventKind
from commitments.store import Connection


class Doubt(StrEnum):
    """What can be wrong with what is recorded."""

    NO_DATE = "no date"
    WORDS = "words that no pack understands"
    NOT_YET = "a deadline that is not known yet"
    CONTRADICTION = "events that contradict one another"
    STRANGER = "a party without a name"


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

_MOVERS: Final = (EventKind.EXTENDED.value, EventKind.DELAY_NOTICE.value)


def suspects(tx: Connection) -> Iterator[str]:
    """The commitments whose extensions or delay notices may contradict their deadlines: few, to be looked at closely.

    The projection must be up to date.
    """
    ledger, commitment = store.ledger, store.commitment
    columns = (ledger.c.commitment, ledger.c.kind, ledger.c.payload, commitment.c.original_latest)
    query = (
        ledger.join(commitment, ledger.c.commitment == commitment.c.id)
        .select()
        .with_only_columns(*columns, commitment.c.current_latest)
        .where(ledger.c.kind.in_(_MOVERS))
        .order_by(ledger.c.commitment, ledger.c.seq)
        .execution_options(yield_per=1000)
    )
    for identifier, rows in groupby(tx.execute(query), key=lambda row: row.commitment):
        if _suspect(rows):
            yield identifier


def _suspect(rows: Iterable[Any]) -> bool:
    granted = date.min
    for row in rows:
        event = json.loads(row.payload)
        happened = event["occurred_on"]
        if row.kind == EventKind.EXTENDED:
            day = Window.parse(event["date"]).latest
            if day < max(granted, *(known for known in (row.original_latest, row.current_latest) if known), date.min):
                return True
            granted = day
        elif row.original_latest and date.fromisoformat(happened) > row.original_latest:
            return True
    return False
