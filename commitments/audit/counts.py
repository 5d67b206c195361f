"""Cells counted: how often the same is said of commitments, and how far down those go that are shown."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from operator import itemgetter
from typing import Any, Final, NamedTuple

from commitments.audit.cells import Batch, Day, Marks, day_of
from commitments.audit.figures import meant
from commitments.model.commitment import Status


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many commitments of each mark are owed by whom, to whom and of what kind; of what dossier; until when."""

    who: Mapping[tuple[tuple[str, str, str], int], int]
    dossier: Mapping[tuple[str, int], int]
    due: Mapping[tuple[Day, int], int]


_WHO: Final = itemgetter(0, 1, 2, 5, 6)
_DOSSIER: Final = itemgetter(3, 5, 6)
_DUE: Final = itemgetter(4, 5, 6)


def counted(found: Iterable[Batch], day: date) -> Counts:
    """The cells counted as of a day, a whole batch at a time: no turn of Python for each of them."""
    who: Counter[Any] = Counter()
    dossier: Counter[Any] = Counter()
    due: Counter[Any] = Counter()
    for batch in found:
        who.update(map(_WHO, batch))
        dossier.update(map(_DOSSIER, batch))
        due.update(map(_DUE, batch))
    marks = Marks(day)
    return Counts(
        who={((by, to, kind), marks[mark, since]): count for (by, to, kind, mark, since), count in who.items()},
        dossier={(value, marks[mark, since]): count for (value, mark, since), count in dossier.items()},
        due={(value, marks[mark, since]): count for (value, mark, since), count in due.items()},
    )


# ------------------------------------------------------------------------------------------------- the most pressing


class Last(NamedTuple):
    """The last commitment of a status that is shown: how many days late it is, and until when it is due."""

    days: int
    due: date | None


def last(counts: Counts, most: int) -> dict[Status, Last]:
    """The last of each status, where so many are shown: the latest come first, then those whose deadline does."""
    found: dict[Status, Counter[tuple[int, date]]] = defaultdict(Counter)
    for (due, mark), count in counts.due.items():
        place, days = meant(mark)
        found[place.status][-days, day_of(due) or date.max] += count
    return {status: _at(some, most) for status, some in found.items()}


def _at(some: Mapping[tuple[int, date], int], most: int) -> Last:
    order = sorted(some)
    place = bisect_left(list(accumulate(some[key] for key in order)), most)
    days, due = order[min(place, len(order) - 1)]
    return Last(-days, None if due == date.max else due)
