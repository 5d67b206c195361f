"""How a deadline moves, event by event: extensions, delay notices, pauses, and what asked for time in vain. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from commitments.model.basis import Ground, Turn, Windows
from commitments.model.commitment import EventKind
from commitments.model.dates import Window
from rules.calendars.calendar import WEEKENDS, Calendar
from rules.counting.deadline import Deadline
from rules.counting.period import Unit
from rules.pack.book import BookRule
from rules.pack.pack import Extension

if TYPE_CHECKING:
    from engine.assessment.cache import Counts


@dataclass(frozen=True, slots=True)
class Move:
    """A deadline that came to fall elsewhere: what moved it, and from where (None: not known) to where.

    `place` is the place of the event among those of the record that may move a deadline; None is the last undoing.
    """

    place: int | None
    turn: Turn
    before: Window | None
    after: Window


@dataclass(frozen=True, slots=True)
class Unheeded:
    """An event that asked for more time and got none, and why; `pending` where how much it got is not known yet."""

    place: int
    reason: str
    pending: bool = False


@dataclass(frozen=True)
class Terms:
    """What a rule says of more time; without a rule nothing, but that a clock which stood still gives its days back."""

    rule: BookRule | None = None
    counts: Counts | None = None

    @property
    def extension(self) -> Extension | None:
        """What a delay notice gives."""
        return self.rule.rule.extension if self.rule else None

    def stood_still(self, start: date, end: date) -> str:
        """For how long the clock stood still from one day until another, as the period by which the deadline moves."""
        pause = self.rule.rule.pause if self.rule else "extend"
        if pause == "skip" and self.rule and self.rule.rule.due.periods[-1].unit is Unit.WORKING_DAY:
            count = sum(self._calendar.working(start + timedelta(days=n)) for n in range((end - start).days))
            return f"{count} working days"
        return "0 days" if pause == "none" else f"{(end - start).days} days"

    @property
    def _calendar(self) -> Calendar:
        """The calendar by which the rule counts."""
        if self.rule is None or self.counts is None or self.rule.rule.due.calendar is None:
            return WEEKENDS
        due = self.rule.rule.due
        names = due.calendar if isinstance(due.calendar, tuple) else ()
        return due.inline or self.counts.calendars.joined(names)

    def later(self, period: str, base: Window) -> Deadline:
        """The end of a further period, rolled as the rule rolls; not known where no calendar reaches that far."""
        try:
            if self.rule is not None and self.counts is not None:
                return self.counts.later(self.rule, period, base)
            days = timedelta(days=int(period.split(maxsplit=1)[0]))
            return Deadline(window=base.map(lambda day: day + days), at=None, steps=())
        except (ValueError, OverflowError):
            return Deadline(window=None, at=None, steps=(), unknown=f"{period} more is longer than can be counted")


@dataclass
class _Walk:
    """How far a walk along the events has come: the anchors and their date, what was granted, how often, and the pause.

    `pending` means that more time was given, and that its end is not known yet.
    """

    anchors: dict[str, Window]
    counted: Window | None
    granted: Window | None = None
    pending: bool = False
    times: int = 0
    stopped: date | None = None


def first_anchors(anchors: Windows, turns: Iterable[Turn]) -> Mapping[str, Window]:
    """The anchors as they were first known: those the commitment came with, and the first date of each later one."""
    first = dict(anchors)
    for turn in turns:
        if turn.kind is EventKind.ANCHORED and turn.to is not None:
            first.setdefault(turn.anchor, turn.to)
    return first


class Course(NamedTuple):
    """What became of a deadline: where it moved, who asked in vain, where it stands now, or why that is not known."""

    moves: tuple[Move, ...]
    unheeded: tuple[Unheeded, ...]
    current: Window | None
    unknown: str


_Count = Callable[[Mapping[str, Window]], Window | None]


def course(ground: Ground, deadline: Deadline, count: _Count, terms: Terms) -> Course:
    """What became of a deadline, event by event; `count` tells where it falls by the anchors as they then were."""
    if not ground.turns and ground.undoing is None:
        return Course((), (), deadline.window, deadline.unknown)
    changes = _changes(ground, deadline.window, count, terms)
    moves = tuple(change for change in changes if isinstance(change, Move))
    unheeded = tuple(change for change in changes if isinstance(change, Unheeded))
    unknown = "" if moves else deadline.unknown
    if unheeded and unheeded[-1] is changes[-1] and unheeded[-1].pending:
        unknown = unheeded[-1].reason
    return Course(moves, unheeded, None if unknown else moves[-1].after if moves else deadline.window, unknown)


def _changes(ground: Ground, first: Window | None, count: _Count, terms: Terms) -> list[Move | Unheeded]:
    """Where it moved, and who asked for more time in vain, in the order in which that happened."""
    changes, end = _walked(first_anchors(ground.anchors, ground.turns), ground.turns, first, count, terms)
    undoing = ground.undoing
    if undoing is not None and end is not None:
        former = first_anchors(undoing.anchors, undoing.turns)
        _, before = _walked(former, undoing.turns, count(former), count, terms)
        if before != end:
            changes.append(Move(None, undoing.turn, before, end))
    return changes


def _walked(
    anchors: Mapping[str, Window], turns: Iterable[Turn], first: Window | None, count: _Count, terms: Terms
) -> tuple[list[Move | Unheeded], Window | None]:
    """What became of the deadline, `first` by these anchors, along the events that hold, and where it ends."""
    changes: list[Move | Unheeded] = []
    walk = _Walk(dict(anchors), first)
    before = first
    for place, turn in enumerate(turns):
        vain = _take(walk, turn, before, count, terms)
        after = None if walk.pending else walk.granted or walk.counted
        if vain:
            changes.append(Unheeded(place, vain, walk.pending))
        elif after is not None and after != before:
            changes.append(Move(place, turn, before, after))
        before = after
    return changes, before


def _take(walk: _Walk, turn: Turn, current: Window | None, count: _Count, terms: Terms) -> str:
    """Take one event into account; why it gives no more time, where it asked for some."""
    if turn.kind is EventKind.ANCHORED and turn.to is not None:
        walk.anchors[turn.anchor] = turn.to
        walk.counted = count(walk.anchors)
    elif turn.kind is EventKind.EXTENDED:
        walk.granted, walk.pending = turn.to, False
    elif turn.kind is EventKind.SUSPENDED:
        walk.stopped = turn.day
    elif turn.kind is EventKind.RESUMED:
        return _resume(walk, turn.day, current, terms)
    else:
        return _notify(walk, turn.day, current, terms)
    return ""


def _resume(walk: _Walk, day: date, current: Window | None, terms: Terms) -> str:
    """The clock goes on: the deadline moves by what it stood still."""
    stopped, walk.stopped = walk.stopped, None
    if stopped is None or current is None or day <= stopped:
        return ""
    period = terms.stood_still(stopped, day)
    return "" if period.startswith("0 ") else _grant(walk, terms.later(period, current))


def _grant(walk: _Walk, deadline: Deadline) -> str:
    """Give the deadline its new date; why that is not known, where it is not."""
    walk.granted, walk.pending = deadline.window, deadline.window is None
    return f"the new date is not known yet: {deadline.unknown}" if walk.pending else ""


def _notify(walk: _Walk, day: date, current: Window | None, terms: Terms) -> str:
    """A delay notice: it gives what the rule says and nothing else; why it gives nothing, where it does not."""
    extension = terms.extension
    if extension is None or current is None:
        return "the rule gives no more time for it"
    if reason := _spent(extension, walk.times) or _late(extension, day, current):
        return reason
    base = {"due": current, "event": Window.on(day)}.get(extension.base) or walk.anchors.get(extension.base)
    if base is None:
        return f"the date of {extension.base!r} is not recorded"
    new = terms.later(str(extension.period), base)
    if new.window is not None and new.window.latest <= current.latest:
        return f"{new.window} is no later than the deadline as it stands"
    walk.times += 1
    return _grant(walk, new)


def _spent(extension: Extension, times: int) -> str:
    if times < extension.at_most:
        return ""
    often = "once" if extension.at_most == 1 else f"{extension.at_most} times"
    return f"the rule gives more time {often}, and no more"


def _late(extension: Extension, day: date, current: Window) -> str:
    return "it came when the deadline had passed" if extension.before_expiry and day > current.latest else ""
