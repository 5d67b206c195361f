"""The account of fulfilled against pending, as of a day: each commitment is counted, few are looked at closer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Protocol

from commitments.audit.cells import Batch, cell
from commitments.audit.counts import Counts, Last, counted, last
from commitments.audit.figures import Tally
from commitments.audit.groupings import GROUPINGS, PERIODS, Grouping, Groups
from commitments.audit.lines import late
from commitments.audit.naming import names
from commitments.listing import Line
from commitments.model.commitment import Status

MOST_ROWS: Final = 200
"""So many commitments of a status are shown; all are counted."""
MOST_GROUPS: Final = 30
"""So many groups of a grouping are shown; those with most overdue and late come in."""


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

    @property
    def listed(self) -> Mapping[Grouping, Mapping[str, Tally]]:
        """The groups with lists of what is behind their figures: those that are shown, and every span of time."""
        return {
            grouping: dict(shown(found, len(found) if grouping.name in PERIODS else MOST_GROUPS))
            for grouping, found in self.groups.items()
        }


class Source(Protocol):
    """Where the commitments of an account come from; they can be read as often as needed."""

    def cells(self, *, named: bool) -> Iterable[Batch]:
        """All of them as they are counted; with their ids, and in the order of these, where they are to be named."""

    def pressing(self, least: Mapping[Status, Last]) -> Iterable[Line]:
        """At least those of each status that are as pressing as the last that is shown."""


@dataclass(frozen=True)
class Lines:
    """Commitments that are there as lines."""

    rows: Sequence[Line]
    day: date

    def cells(self, *, named: bool) -> Iterable[Batch]:  # noqa: ARG002 - they have their ids in any case
        """All of them as they are counted, in their order."""
        yield [cell(row, self.day) for row in self.rows]

    def pressing(self, least: Mapping[Status, Last]) -> Iterable[Line]:  # noqa: ARG002 - nothing is saved by it
        """All of them."""
        return self.rows


def account(
    rows: Iterable[Line], *, as_of: date, head: str, per: str = "year", most: int = MOST_ROWS, narrowed: str = "",
    known: str = "",
) -> Account:  # fmt: skip
    """The account of these commitments, as `drawn_up` gives it."""
    source = Lines(tuple(rows), as_of)
    return drawn_up(source, as_of=as_of, head=head, per=per, most=most, narrowed=narrowed, known=known)


def drawn_up(
    source: Source, *, as_of: date, head: str, per: str = "year", most: int = MOST_ROWS, narrowed: str = "",
    known: str = "", named: bool = True,
) -> Account:  # fmt: skip
    """The account of these commitments; a commitment of two parties counts with both, and once in the whole.

    Only where they are to be `named` does it say which commitments are behind the figures.
    """
    counts = counted(source.cells(named=False), as_of)
    made = Account(
        as_of=as_of,
        head=head,
        whole=_whole(counts),
        groups={grouping: _divided(counts, grouping) for grouping in (*GROUPINGS, PERIODS[per])},
        rows=_first(source.pressing(last(counts, most)), as_of, most),
        narrowed=narrowed,
        known=known,
    )
    return _named(made, source.cells(named=True)) if named else made


def _whole(counts: Counts) -> Tally:
    marks: dict[int, int] = defaultdict(int)
    for (_, mark), count in counts.who.items():
        marks[mark] += count
    return Tally(marks)


def _divided(counts: Counts, grouping: Grouping) -> dict[str, Tally]:
    """How each group of a grouping stands, in the order of their names."""
    found: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    groups = Groups(grouping)
    cells: Mapping[tuple[Any, int], int] = getattr(counts, grouping.key)
    for (value, mark), count in cells.items():
        for name in groups[value]:
            found[name][mark] += count
    return {name: Tally(marks) for name, marks in sorted(found.items())}


def _named(made: Account, cells: Iterable[Batch]) -> Account:
    """The same account with the first commitments behind its figures, where there are lists of them."""
    listed = made.listed
    found = names(cells, made.as_of, listed)
    groups = {
        grouping: {**some, **{name: replace(some[name], first=first) for name, first in found.groups[grouping].items()}}
        for grouping, some in made.groups.items()
    }
    return replace(made, whole=replace(made.whole, first=found.whole), groups=groups)


def _first(rows: Iterable[Line], day: date, most: int) -> dict[Status, tuple[Line, ...]]:
    """The most pressing rows of each status, as many as are shown."""
    tops: dict[Status, _Top] = {}
    for row in rows:
        tops.setdefault(row.status, _Top(most)).see(row, day)
    return {status: top.rows() for status, top in sorted(tops.items())}


_LATE: Final = frozenset({Status.FULFILLED_LATE, Status.OVERDUE})


class _Top:
    """The most pressing rows of a status, as many as are shown: the latest, then those whose deadline comes first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.found: list[tuple[int, date, str, Line]] = []

    def see(self, row: Line, day: date) -> None:
        """Keep a row, where it is among the most pressing; those that are not are sorted out now and then."""
        days = (late(row.current_latest, row.settled_on or day) or 0) if row.status in _LATE else 0
        self.found.append((-days, row.current_latest or date.max, row.id, row))
        if len(self.found) > 2 * self.most + 100:
            self._cut()

    def _cut(self) -> None:
        self.found.sort()
        del self.found[self.most :]

    def rows(self) -> tuple[Line, ...]:
        """The rows that were kept."""
        self._cut()
        return tuple(row for *_, row in self.found)


def shown(found: Mapping[str, Tally], most: int) -> Iterator[tuple[str, Tally]]:
    """The groups that there is room for, in their order: where there are too many, those with most overdue and late."""
    if len(found) <= most:
        return iter(found.items())
    chosen = set(sorted(found, key=lambda name: (found[name].pressing, name))[:most])
    return ((name, tally) for name, tally in found.items() if name in chosen)
