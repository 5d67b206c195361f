"""What is counted of a commitment, in brief: a cell, out of the projection or out of a line.

The database says a commitment's place as a number, so that a register is counted without a look at each of its rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from commitments.audit.figures import Place, age, marked, meant, timing
from commitments.audit.lines import late
from commitments.listing import Line
from commitments.model.commitment import Status

Day = date | str | None
"""A day as the database gives it: SQLite keeps days as texts."""


class Cell(NamedTuple):
    """A commitment as it is counted; `by` and `to` are JSON lists, as the projection has them.

    `mark` is its place by number, and the days it came late; `since` is the deadline of what is overdue, None else.
    """

    by: str
    to: str
    kind: str
    dossier: str
    due: Day
    mark: int
    since: Day
    id: str


Batch = Sequence[Sequence[Any]]
"""Some cells; where they are only counted, without their ids."""


class Marks(dict[tuple[int, Day], int]):
    """The marks of cells on a day: the database leaves it to us for how long things are overdue."""

    def __init__(self, day: date) -> None:
        super().__init__()
        self._day = day

    def __missing__(self, key: tuple[int, Day]) -> int:
        found, since = key
        place, _ = meant(found)
        if place.status is Status.OVERDUE:
            days = late(day_of(since), self._day) or 0
            found = marked(place._replace(age=age(days)), days)
        self[key] = found
        return found


@lru_cache(maxsize=16_384)
def day_of(day: Day) -> date | None:
    """A day of a cell."""
    return date.fromisoformat(str(day)) if day else None


def cell(row: Line, day: date) -> Cell:
    """A line as it is counted on a day."""
    days = late(row.current_latest, row.settled_on or day) or 0 if row.status is Status.FULFILLED_LATE else 0
    mark = marked(Place(row.status, row.partly, timing(row, day)), days)
    since = row.current_latest if row.status is Status.OVERDUE else None
    return Cell(_text(row.by), _text(row.to), row.kind, row.dossier, row.current_latest, mark, since, row.id)


@lru_cache(maxsize=16_384)
def _text(parties: tuple[str, ...]) -> str:
    return json.dumps(parties)
