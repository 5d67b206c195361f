"""The figures of an account: each commitment has one place among them, and each figure counts places.

What stands open or settled is one question, whether it is in time another; a figure is a choice of answers to both, so
that figures which ought to add up do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from itertools import product
from statistics import median, quantiles
from typing import Final, NamedTuple

from commitments.listing import Line
from commitments.model.commitment import Status


class Timing(StrEnum):
    """Whether a commitment was, or still is, in time."""

    IN_TIME = "in time"
    LATE_ORIGINAL = "late against the original deadline only"
    LATE_CURRENT = "late against the current deadline"
    UNTIMED = "not timed"


class Place(NamedTuple):
    """Where a commitment counts."""

    status: Status
    partly: bool
    timing: Timing
    age: int = 0
    """Which of the AGES, from 1; 0 where it is not overdue."""


def timing(row: Line, day: date) -> Timing:
    """Whether a commitment was in time when it was settled, or is on that day while it is open.

    Only what binds, or was requested, can be late; and nothing while the clock stands still.
    """
    if row.status in MISSED:
        return Timing.LATE_CURRENT
    due, original = row.current_latest, row.original_latest
    if due is None or row.status in TIMELESS or not row.force.can_be_overdue:
        return Timing.UNTIMED
    until = row.settled_on or day
    if until > due:
        return Timing.UNTIMED if row.status is Status.FULFILLED else Timing.LATE_CURRENT
    return Timing.LATE_ORIGINAL if original is not None and until > original else Timing.IN_TIME


TIMELESS: Final = frozenset({Status.SUSPENDED, Status.AWAITED})
MISSED: Final = frozenset({Status.FULFILLED_LATE, Status.OVERDUE})


# ------------------------------------------------------------------------------------------------- the figures

OPEN_AHEAD: Final = frozenset({Status.PENDING, Status.DUE_SOON, Status.DUE_TODAY})
FULFILLED: Final = frozenset({Status.FULFILLED, Status.FULFILLED_LATE})
_IN_TIME: Final = frozenset({Timing.IN_TIME, Timing.LATE_ORIGINAL})


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Something that is counted: its name for programs, its head in tables, what it means, and which places count."""

    name: str
    head: str
    means: str
    counts: Callable[[Place], bool]


FIGURES: Final = (
    Figure(name="all", head="all", means="every commitment", counts=lambda _: True),
    Figure(
        name="in_time",
        head="in time",
        means="fulfilled by the last day of the current deadline, extensions included",
        counts=lambda place: place.status is Status.FULFILLED and place.timing in _IN_TIME,
    ),
    Figure(
        name="late",
        head="late",
        means="fulfilled after the current deadline",
        counts=lambda place: place.status is Status.FULFILLED_LATE,
    ),
    Figure(
        name="untimed",
        head="not timed",
        means="fulfilled, and neither in time nor late: no deadline is known, or it was only expected or voluntary",
        counts=lambda place: place.status is Status.FULFILLED and place.timing is Timing.UNTIMED,
    ),
    Figure(
        name="pending",
        head="pending",
        means="open, the deadline still ahead or today",
        counts=lambda place: place.status in OPEN_AHEAD,
    ),
    Figure(
        name="overdue",
        head="overdue",
        means="open, binding or requested, the last day of the current deadline past",
        counts=lambda place: place.status is Status.OVERDUE,
    ),
    Figure(
        name="awaited",
        head="awaited",
        means="open, only expected or voluntary, the date past: not a failing",
        counts=lambda place: place.status is Status.AWAITED,
    ),
    Figure(
        name="suspended",
        head="suspended",
        means="open, the clock standing still",
        counts=lambda place: place.status is Status.SUSPENDED,
    ),
    Figure(
        name="undated",
        head="undated",
        means="open, with no date that is known",
        counts=lambda place: place.status is Status.UNDATED,
    ),
    Figure(
        name="withdrawn",
        head="withdrawn",
        means="taken back: nothing is expected any more",
        counts=lambda place: place.status is Status.WITHDRAWN,
    ),
    Figure(
        name="lapsed",
        head="lapsed",
        means="overtaken by events: nothing is expected any more",
        counts=lambda place: place.status is Status.LAPSED,
    ),
)
"""What is counted of every group; all but the first add up to the first."""
PARTLY: Final = Figure(
    name="partly",
    head="partly",
    means="open, a part of it fulfilled; counted among pending, overdue, awaited, suspended or undated too",
    counts=lambda place: place.partly and not place.status.settled,
)
LATE_ORIGINAL: Final = Figure(
    name="late_original",
    head="late for the original",
    means="fulfilled after the original deadline, whether late for the current one or not",
    counts=lambda place: place.status in FULFILLED and place.timing in {Timing.LATE_ORIGINAL, Timing.LATE_CURRENT},
)
AHEAD: Final = Figure(
    name="ahead",
    head="open, deadline ahead",
    means="pending, and binding or requested",
    counts=lambda place: place.status in OPEN_AHEAD and place.timing is not Timing.UNTIMED,
)
OPEN: Final = Figure(name="open", head="open", means="not settled", counts=lambda place: not place.status.settled)
KEPT: Final = Figure(
    name="fulfilled", head="fulfilled", means="fulfilled, late or not", counts=lambda place: place.status in FULFILLED
)
BY_NAME: Final = {figure.name: figure for figure in (*FIGURES, PARTLY, LATE_ORIGINAL, AHEAD, OPEN, KEPT)}


class Age(NamedTuple):
    """A span of days for which something is overdue."""

    first: int
    last: int
    name: str


AGES: Final = (
    Age(1, 30, "up to 30 days"),
    Age(31, 90, "31 to 90 days"),
    Age(91, 365, "91 to 365 days"),
    Age(366, 10**9, "more than 365 days"),
)


def age(days: int) -> int:
    """Which of the AGES so many days overdue are, from 1."""
    return next(number for number, span in enumerate(AGES, start=1) if days <= span.last)


class Spread(NamedTuple):
    """How days late spread: the median, the quartiles around it, the worst."""

    median: float
    lower: float
    upper: float
    worst: int


# ------------------------------------------------------------------------------------------------- counted

PLACES: Final = tuple(Place(*place) for place in product(Status, (False, True), Timing, range(len(AGES) + 1)))
NUMBERS: Final[Mapping[Place, int]] = {place: number for number, place in enumerate(PLACES)}


def marked(place: Place, days: int) -> int:
    """A place and the days late against the current deadline as one number, a mark, which is counted faster."""
    return NUMBERS[place] + days * len(PLACES)


def meant(mark: int) -> tuple[Place, int]:
    """The place and the days that a mark stands for."""
    days, number = divmod(mark, len(PLACES))
    return PLACES[number], days


MOST_IDS: Final = 50
"""So many commitments are named behind a figure of a group; the others are counted."""


@dataclass(frozen=True)
class Tally:
    """How a group of commitments stands.

    `marks` counts them by place and by the days they are late against the current deadline, 0 where they are not, both
    as one number; `first` names the first of each place.
    """

    marks: Mapping[int, int]
    first: Mapping[Place, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def places(self) -> Mapping[Place, int]:
        """How many there are of each place."""
        found: dict[int, int] = {}
        for mark, count in self.marks.items():
            number = mark % len(PLACES)
            found[number] = found.get(number, 0) + count
        return {PLACES[number]: count for number, count in found.items()}

    def __getitem__(self, name: str) -> int:
        """The figure of that name."""
        return self.count(BY_NAME[name].counts)

    @property
    def on_time_rate(self) -> float | None:
        """Of all whose deadline has come, fulfilled or not, the share fulfilled in time; None where there are none."""
        return _share(self["in_time"], self["late"] + self["overdue"])

    @property
    def in_hand_rate(self) -> float | None:
        """Of all that have a deadline to keep, the share fulfilled in time or open with the deadline still ahead."""
        return _share(self["in_time"] + self["ahead"], self["late"] + self["overdue"])

    @cached_property
    def spread(self) -> Spread | None:
        """How late came what was fulfilled after its current deadline; None where nothing was."""
        return _spread(self._days(Status.FULFILLED_LATE))

    @cached_property
    def overdue_spread(self) -> Spread | None:
        """How long that has been overdue which is; None where nothing is."""
        return _spread(self._days(Status.OVERDUE))

    @cached_property
    def pressing(self) -> tuple[int, int]:
        """What puts a group before others: most overdue, then most that came late."""
        return -self["overdue"], -self["late"]

    def count(self, counts: Callable[[Place], bool]) -> int:
        """How many are in the places that are chosen."""
        return sum(count for place, count in self.places.items() if counts(place))

    def named(self, counts: Callable[[Place], bool]) -> tuple[str, ...]:
        """The commitments in the places that are chosen, in their order, as far as they are named."""
        return tuple(sorted(one for place, some in self.first.items() if counts(place) for one in some))

    def _days(self, status: Status) -> list[int]:
        found = ((meant(mark), count) for mark, count in self.marks.items())
        return sorted(days for (place, days), count in found if place.status is status for _ in range(count))


def _share(good: int, bad: int) -> float | None:
    return good / (good + bad) if good + bad else None


def _spread(days: list[int]) -> Spread | None:
    if not days:
        return None
    lower, _, upper = quantiles(days, n=4, method="inclusive") if len(days) > 1 else (days[0],) * 3
    return Spread(median(days), lower, upper, days[-1])
