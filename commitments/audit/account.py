"""The account of fulfilled against pending, as of a day: one pass over the commitments, however many they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Any, Final, NamedTuple

from commitments.audit.figures import MOST_IDS, Place, Tally, age, timing
from commitments.audit.lines import late
from commitments.listing import Line
from commitments.model import Status

NO_DATE: Final = "no date"
NO_DOSSIER: Final = "no dossier"
MOST_ROWS: Final = 200
"""So many commitments of a status are shown; all are counted."""


Who = tuple[tuple[str, ...], tuple[str, ...], str]
"""Who owes a commitment, to whom, and of what kind it is."""
KEYS: Final[Mapping[str, Callable[[Line], Any]]] = {
    "who": attrgetter("by", "to", "kind"),
    "dossier": attrgetter("dossier"),
    "due": attrgetter("current_latest"),
}
"""What commitments are divided by; the groups that a value of it comes into are found once."""


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """A way of dividing commitments: its name, what one group is called, and the groups for each value of a key."""

    name: str
    title: str
    one: str
    key: str
    groups: Callable[[Any], tuple[str, ...]]


def _bodies(who: Who) -> tuple[str, ...]:
    return tuple(dict.fromkeys("/".join(party.split("/", 2)[:2]) for party in who[1]))


def _committees(who: Who) -> tuple[str, ...]:
    return tuple(party for party in who[1] if party.count("/") > 1)


def _dossier(dossier: str) -> tuple[str, ...]:
    return (dossier or NO_DOSSIER,)


def _year(due: date | None) -> tuple[str, ...]:
    return (str(due.year) if due else NO_DATE,)


def _quarter(due: date | None) -> tuple[str, ...]:
    return (f"{due.year}-Q{(due.month + 2) // 3}" if due else NO_DATE,)


_COMMITTEE: Final = "By the committee it is owed to"
GROUPINGS: Final = (
    Grouping(name="by", title="By the party that owes", one="party", key="who", groups=lambda who: who[0]),
    Grouping(name="to", title="By the body it is owed to", one="body", key="who", groups=_bodies),
    Grouping(name="committee", title=_COMMITTEE, one="committee", key="who", groups=_committees),
    Grouping(name="kind", title="By kind", one="kind", key="who", groups=lambda who: (who[2],)),
    Grouping(name="dossier", title="By dossier", one="dossier", key="dossier", groups=_dossier),
)
"""What every account is divided by, besides the time of the deadline."""
PERIODS: Final = {
    "year": Grouping(name="year", title="By the year of the deadline", one="year", key="due", groups=_year),
    "quarter": Grouping(
        name="quarter", title="By the quarter of the deadline", one="quarter", key="due", groups=_quarter
    ),
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
    counted = _Counted((*GROUPINGS, PERIODS[per]), most)
    counted.see(rows, as_of)
    return Account(
        as_of=as_of,
        head=head,
        whole=counted.tally(counted.whole),
        groups={
            grouping: {name: counted.tally(group) for name, group in sorted(found.items())}
            for grouping, found in counted.groups.items()
        },
        rows={status: top.rows() for status, top in sorted(counted.tops.items())},
        narrowed=narrowed,
        known=known,
    )


# ------------------------------------------------------------------------------------------------- the one pass

_SPAN: Final = 1 << 32
"""A mark is a place's number times this, and the days late: one number is counted faster than a place."""
_LATE: Final = frozenset({Status.FULFILLED_LATE, Status.OVERDUE})


class _Group(NamedTuple):
    """A group that is being counted: how many of each mark, and the first of each place, by its number."""

    marks: defaultdict[int, int]
    first: defaultdict[int, list[str]]


def _group() -> _Group:
    return _Group(defaultdict(int), defaultdict(list))


class _Counted:
    """What the pass has counted so far."""

    def __init__(self, groupings: tuple[Grouping, ...], most: int) -> None:
        self.most = most
        self.whole = _group()
        self.groups: dict[Grouping, dict[str, _Group]] = {grouping: {} for grouping in groupings}
        self.tops: dict[Status, _Top] = {}
        self._places: dict[Place, int] = {}
        self._found = {name: _Found([pair for pair in self.groups.items() if pair[0].key == name]) for name in KEYS}
        self._found["who"].everywhere = (self.whole,)

    def see(self, rows: Iterable[Line], day: date) -> None:
        """Count each commitment everywhere it belongs."""
        divided = [(KEYS[name], found) for name, found in self._found.items()]
        for row in rows:
            number, days, top = self._place(row, day)
            mark = number * _SPAN + days
            identifier = row.id
            for key, found in divided:
                for marks, first in found[key(row)]:
                    marks[mark] += 1
                    some = first[number]
                    if len(some) < MOST_IDS:
                        some.append(identifier)
            if top.last is None or (-days, row.current_latest or date.max) <= top.last:
                top.see(row, days)

    def _place(self, row: Line, day: date) -> tuple[int, int, _Top]:
        """The number of a commitment's place, the days it is late, and where the rows of its status are kept."""
        status = row.status
        days = (late(row.current_latest, row.settled_on or day) or 0) if status in _LATE else 0
        place = Place(status, row.partly, timing(row, day), age(days) if status is Status.OVERDUE else 0)
        number = self._places.setdefault(place, len(self._places))
        top = self.tops.get(status)
        if top is None:
            top = self.tops[status] = _Top(self.most)
        return number, days, top

    def tally(self, group: _Group) -> Tally:
        """How a group stands."""
        places = list(self._places)
        marks = {(places[mark // _SPAN], mark % _SPAN): count for mark, count in group.marks.items()}
        return Tally(marks, {places[number]: tuple(some) for number, some in group.first.items()})


class _Found(dict[Any, tuple[_Group, ...]]):
    """The groups of several groupings for each value of their key; those of a new value are looked up, or made."""

    def __init__(self, groupings: list[tuple[Grouping, dict[str, _Group]]]) -> None:
        super().__init__()
        self.everywhere: tuple[_Group, ...] = ()
        self._groupings = groupings

    def __missing__(self, value: Any) -> tuple[_Group, ...]:  # noqa: ANN401
        own = (
            groups.setdefault(name, _group()) for grouping, groups in self._groupings for name in grouping.groups(value)
        )
        found = self[value] = (*self.everywhere, *own)
        return found


class _Top:
    """The most pressing rows of a status, as many as are shown: the latest, then those whose deadline comes first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.found: list[tuple[int, date, str, Line]] = []
        self.last: tuple[int, date] | None = None

    def see(self, row: Line, days: int) -> None:
        """Keep a row, where it is among the most pressing; those that are not are sorted out now and then."""
        self.found.append((-days, row.current_latest or date.max, row.id, row))
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
    if len(found) <= most:
        return iter(found.items())
    chosen = set(sorted(found, key=lambda name: (found[name].pressing, name))[:most])
    return ((name, tally) for name, tally in found.items() if name in chosen)
