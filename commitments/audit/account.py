"""The account of fulfilled against pending, as of a day: one pass over the commitments, however many they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from commitments.audit.figures import MOST_IDS, Place, Tally, age, timing
from commitments.audit.lines import late
from commitments.listing import Line
from commitments.model import Status

NO_DATE: Final = "no date"
NO_DOSSIER: Final = "no dossier"
MOST_ROWS: Final = 200
"""So many commitments of a status are shown; all are counted."""


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """A way of dividing commitments: its name, what one group is called, and the groups that a commitment is in."""

    name: str
    title: str
    one: str
    groups: Callable[[Line], tuple[str, ...]]


def _bodies(row: Line) -> tuple[str, ...]:
    return tuple(dict.fromkeys("/".join(party.split("/", 2)[:2]) for party in row.to))


def _committees(row: Line) -> tuple[str, ...]:
    return tuple(party for party in row.to if party.count("/") > 1)


def _year(row: Line) -> tuple[str, ...]:
    return (str(row.current_latest.year) if row.current_latest else NO_DATE,)


def _quarter(row: Line) -> tuple[str, ...]:
    day = row.current_latest
    return (f"{day.year}-Q{(day.month + 2) // 3}" if day else NO_DATE,)


GROUPINGS: Final = (
    Grouping(name="by", title="By the party that owes", one="party", groups=lambda row: row.by),
    Grouping(name="to", title="By the body it is owed to", one="body", groups=_bodies),
    Grouping(name="committee", title="By the committee it is owed to", one="committee", groups=_committees),
    Grouping(name="kind", title="By kind", one="kind", groups=lambda row: (row.kind,)),
    Grouping(name="dossier", title="By dossier", one="dossier", groups=lambda row: (row.dossier or NO_DOSSIER,)),
)
"""What every account is divided by, besides the time of the deadline."""
PERIODS: Final = {
    "year": Grouping(name="year", title="By the year of the deadline", one="year", groups=_year),
    "quarter": Grouping(name="quarter", title="By the quarter of the deadline", one="quarter", groups=_quarter),
}
"""The spans of time that the on-time rate is told over: that of the deadline as it stands, not of the answer."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """The account as of a day: the whole, each group of each grouping, and the first rows of each status.

    `head` is the ledger's, `narrowed` says what the account was narrowed to, empty where it is of the whole register,
    and `known` until when what is known counts, empty where all that is known does.
    """

    as_of: date
    head: str
    whole: Tally
    groups: Mapping[Grouping, Mapping[str, Tally]]
    rows: Mapping[Status, tuple[Line, ...]]
    narrowed: str = ""
    known: str = ""

    @property
    def period(self) -> Grouping:
        """The span of time that the account is told over."""
        return next(grouping for grouping in self.groups if grouping.name in PERIODS)


def account(
    rows: Iterable[Line], *, as_of: date, head: str, per: str = "year", most: int = MOST_ROWS, narrowed: str = "",
    known: str = "",
) -> Account:  # fmt: skip
    """The account of these commitments; a commitment of two parties counts with both, and once in the whole."""
    groupings = (*GROUPINGS, PERIODS[per])
    counted = _Counted(groupings, most)
    for row in rows:
        counted.see(row, as_of)
    return Account(
        as_of=as_of,
        head=head,
        whole=counted.whole.tally(),
        groups={
            grouping: {name: group.tally() for name, group in sorted(found.items())}
            for grouping, found in zip(groupings, counted.groups, strict=True)
        },
        rows={status: top.rows() for status, top in counted.tops.items()},
        narrowed=narrowed,
        known=known,
    )


# ------------------------------------------------------------------------------------------------- the one pass

_SPAN: Final = 1 << 32
"""A mark is a place's number times this, and the days late: one number is counted faster than a place."""
_LATE: Final = frozenset({Status.FULFILLED_LATE, Status.OVERDUE})


class _Counted:
    """What the pass has counted so far."""

    def __init__(self, groupings: tuple[Grouping, ...], most: int) -> None:
        self.numbers: dict[Place, int] = {}
        self.most = most
        self.whole = _Group(self.numbers)
        self.groups: list[dict[str, _Group]] = [{} for _ in groupings]
        self.tops: dict[Status, _Top] = {}
        self._divided = [(grouping.groups, found) for grouping, found in zip(groupings, self.groups, strict=True)]

    def see(self, row: Line, day: date) -> None:
        """Count a commitment everywhere it belongs."""
        days = (late(row.current_latest, row.settled_on or day) or 0) if row.status in _LATE else 0
        place = Place(row.status, row.partly, timing(row, day), age(days) if row.status is Status.OVERDUE else 0)
        number = self.numbers.setdefault(place, len(self.numbers))
        mark = number * _SPAN + days
        self.whole.count(number, mark, row.id)
        for groups, found in self._divided:
            for name in groups(row):
                group = found.get(name)
                if group is None:
                    group = found[name] = _Group(self.numbers)
                group.count(number, mark, row.id)
        top = self.tops.get(row.status)
        if top is None:
            top = self.tops[row.status] = _Top(self.most)
        top.see(row, days)


class _Group:
    """A group that is being counted."""

    __slots__ = ("first", "marks", "numbers")

    def __init__(self, numbers: dict[Place, int]) -> None:
        self.numbers = numbers
        self.marks: defaultdict[int, int] = defaultdict(int)
        self.first: dict[int, list[str]] = {}

    def count(self, number: int, mark: int, identifier: str) -> None:
        self.marks[mark] += 1
        some = self.first.get(number)
        if some is None:
            self.first[number] = [identifier]
        elif len(some) < MOST_IDS:
            some.append(identifier)

    def tally(self) -> Tally:
        places = {number: place for place, number in self.numbers.items()}
        marks = {(places[mark // _SPAN], mark % _SPAN): count for mark, count in self.marks.items()}
        return Tally(marks, {places[number]: tuple(some) for number, some in self.first.items()})


class _Top:
    """The most pressing rows of a status, as many as are shown: the latest, then those whose deadline comes first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.found: list[tuple[int, date, str, Line]] = []
        self.last: tuple[int, date] | None = None

    def see(self, row: Line, days: int) -> None:
        key = (-days, row.current_latest or date.max)
        if self.last is not None and key > self.last:
            return
        self.found.append((*key, row.id, row))
        if len(self.found) > 2 * self.most + 100:
            self._cut()
            self.last = self.found[-1][:2] if self.found else None

    def _cut(self) -> None:
        self.found.sort()
        del self.found[self.most :]

    def rows(self) -> tuple[Line, ...]:
        self._cut()
        return tuple(row for *_, row in self.found)


def shown(found: Mapping[str, Tally], most: int) -> Iterator[tuple[str, Tally]]:
    """The groups that there is room for, in their order: where there are too many, those with most overdue and late."""
    chosen = set(sorted(found, key=lambda name: (-found[name]["overdue"], -found[name]["late"], name))[:most])
    return ((name, tally) for name, tally in found.items() if name in chosen)
