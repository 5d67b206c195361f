"""The deadlines of a commitment: what rules ask for, what it names itself, and how each has moved since. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from commitments.dates import DAY, Window
from commitments.ground import Ground, Turn, Windows
from commitments.model import EventKind, Force, StatedDue
from commitments.record import Record
from notifications.notice import Reason
from rules.book import BookRule
from rules.calendar import WEEKENDS, Calendar
from rules.deadline import Deadline, Step
from rules.due import Due
from rules.pack import DEFAULT_LADDER, Extension, Ladder, Rung
from rules.period import Unit

if TYPE_CHECKING:
    from engine.counts import Counts

STATED = "stated"
"""What stands for the rule where the commitment itself names its date."""
NO_DATE = "the commitment names no date, and no rule in use counts one for it"


@dataclass(frozen=True)
class Move:
    """A deadline that came to fall elsewhere: what moved it, and from where (None: not known) to where.

    `place` is the place of the event among those of the record that may move a deadline; None is the last undoing.
    """

    place: int | None
    turn: Turn
    before: Window | None
    after: Window


@dataclass(frozen=True)
class Unheeded:
    """An event that asked for more time and got none, and why; `pending` where how much it got is not known yet."""

    place: int
    reason: str
    pending: bool = False


@dataclass(frozen=True, kw_only=True)
class Obligation:
    """One deadline of a commitment: the rule that set it, the date as first counted and as it stands, and its ladder.

    `basis` is the reason for its date, without what is the commitment's own. `unknown` says why its date is not known,
    empty where it is. `beaten_by` names what counts instead of it, empty where it counts.
    """

    rule: str
    deadline: Deadline
    force: Force
    ladder: Ladder
    basis: Reason
    moves: tuple[Move, ...] = ()
    unheeded: tuple[Unheeded, ...] = ()
    unknown: str = ""
    beaten_by: str = ""

    @property
    def original(self) -> Window | None:
        """The deadline before anything moved it."""
        return self.deadline.window

    @cached_property
    def current(self) -> Window | None:
        """The deadline as it stands; None where it is not known, or not known yet."""
        if self.unknown:
            return None
        return self.moves[-1].after if self.moves else self.deadline.window

    @cached_property
    def soon(self) -> date | None:
        """The day from which it is due soon: the first reminder, or the first day on which it can fall."""
        if self.current is None:
            return None
        ahead = [rung.day for rung in self.rungs if rung.stage == "reminder"]
        return min([*ahead, self.current.earliest])

    @cached_property
    def rungs(self) -> tuple[Rung, ...]:
        """The rungs of its ladder by day; none where its date is not known."""
        return self.ladder.rungs(self.current) if self.current else ()

    @cached_property
    def turning_days(self) -> tuple[date, ...]:
        """The days on which it, left alone, comes to stand otherwise or has something told of it, in order."""
        if self.current is None:
            return ()
        own = (self.current.latest, self.current.latest + DAY, self.soon or self.current.latest)
        return tuple(sorted({*own, *(rung.day for rung in self.rungs)}))


def obligations(ground: Ground, law: Iterable[str], counts: Counts) -> Iterator[Obligation]:
    """Every deadline that there is on a ground under the rules that apply and are law."""
    rules = [counts.book.rules[name] for name in law]
    counting = [rule for rule in rules if not rule.rule.due.stated]
    stated = ground.stated is not None
    if stated or not counting:
        named = _stated(ground, rules, counts)
        # Words that no pack knows name no date: they do not come before one that a rule can count.
        stated = named.original is not None
        yield named
    excepted = {f"{rule.pack.pack}/{rule.rule.exception_of}": rule.name for rule in rules if rule.rule.exception_of}
    dues: dict[str, Window] = {}
    for rule in _in_order(counting):
        found = _counted(ground, rule, counts, dues, STATED if stated else excepted.get(rule.name, ""))
        if found.current is not None:
            dues |= {f"{rule.rule.id}.due": found.current, f"{rule.name}.due": found.current}
        yield found


def _in_order(rules: list[BookRule]) -> list[BookRule]:
    """The rules, each after the one whose deadline it counts from; those that count in a circle come last."""
    if len(rules) == 1:
        return rules
    ordered: list[BookRule] = []
    waiting = list(rules)
    while ready := [rule for rule in waiting if not any(_follows(rule, other) for other in waiting)]:
        ordered += ready
        waiting = [rule for rule in waiting if rule not in ready]
    return ordered + waiting


def _follows(rule: BookRule, other: BookRule) -> bool:
    return anchor_name(rule.rule.due) in {f"{other.rule.id}.due", f"{other.name}.due"}


def anchor_name(due: Due) -> str:
    """The name of the anchor that a `due` counts from; empty where it counts from a fixed date."""
    return due.origin if isinstance(due.origin, str) else ""


def in_force(rule: BookRule, ground: Ground, made: date | None, today: date) -> bool:
    """Whether a rule is law for a commitment: on the day it counts from, or on the present one, as the rule says."""
    valid = rule.rule.valid
    if valid.on == "today":
        return today in valid
    anchor = dict(ground.latest).get(anchor_name(rule.rule.due))
    return (anchor.earliest if anchor else made or today) in valid


def _counted(ground: Ground, rule: BookRule, counts: Counts, dues: Mapping[str, Window], beaten_by: str) -> Obligation:
    def count(anchors: Mapping[str, Window]) -> Deadline:
        return counts.deadline(rule, {**anchors, **dues})

    changes = _changes(ground, lambda anchors: count(anchors).window, _Terms(rule, counts))
    deadline = count(_first_anchors(ground.anchors, ground.turns))
    return Obligation(
        rule=rule.name,
        deadline=deadline,
        force=rule.rule.force or ground.force,
        ladder=rule.ladder,
        basis=counts.basis(rule, ground.latest),
        moves=tuple(change for change in changes if isinstance(change, Move)),
        unheeded=tuple(change for change in changes if isinstance(change, Unheeded)),
        unknown=_unknown(deadline, changes),
        beaten_by=beaten_by,
    )


def _unknown(deadline: Deadline, changes: list[Move | Unheeded]) -> str:
    """Why the date is not known as it stands: the rule could not count it, or the last to move it could not."""
    last = changes[-1] if changes else None
    if isinstance(last, Unheeded) and last.pending:
        return last.reason
    return "" if any(isinstance(change, Move) for change in changes) else deadline.unknown


def _stated(ground: Ground, rules: list[BookRule], counts: Counts) -> Obligation:
    """The date that the commitment itself names, or ought to, told as the rule that applies would tell it."""
    stated = ground.stated
    rule = min(rules, key=lambda item: not item.rule.due.stated, default=None)
    deadline = _named(stated, ground.made, counts.meaning)
    changes = _changes(ground, lambda _: deadline.window, _Terms())
    return Obligation(
        rule=STATED,
        deadline=deadline,
        force=(rule.rule.force if rule else None) or ground.force,
        ladder=rule.ladder if rule else DEFAULT_LADDER,
        basis=Reason(rule=STATED if stated else ""),
        moves=tuple(change for change in changes if isinstance(change, Move)),
        unheeded=tuple(change for change in changes if isinstance(change, Unheeded)),
        unknown=_unknown(deadline, changes),
    )


def reason(obligation: Obligation, record: Record) -> Reason:
    """Why a deadline of a record is what it is: what the rule says, or where the commitment says it."""
    if obligation.rule != STATED:
        return obligation.basis
    stated, source = record.commitment.stated_due, record.commitment.source
    phrase = stated.phrase if stated else ""
    return replace(obligation.basis, phrase=phrase, quote=source.quote, document=str(source), url=source.url)


def steps(obligation: Obligation, record: Record) -> tuple[Step, ...]:
    """The steps that led to a deadline of a record, in the words in which the commitment names it where it does."""
    stated = record.commitment.stated_due
    named = obligation.rule == STATED and stated is not None and stated.date is not None
    return _named_date(stated).steps if named and stated else obligation.deadline.steps


def _named(stated: StatedDue | None, made: date | None, meaning: Callable[[str, date | None], Deadline]) -> Deadline:
    """The date that a commitment names: by itself, or in words that a pack knows."""
    if stated is None:
        return Deadline(window=None, at=None, steps=(), unknown=NO_DATE)
    return _named_date(stated) if stated.date else meaning(stated.phrase, made)


def _named_date(stated: StatedDue) -> Deadline:
    words = f" ({stated.phrase})" if stated.phrase else ""
    last = (
        "before that day, so the day before is the last in time" if stated.until == "exclusive" else "that day included"
    )
    step = Step(
        name="stated",
        text=f"the commitment names its own date: {stated.date}{words}, {last}",
        data={"date": str(stated.date), "until": stated.until, "phrase": stated.phrase},
    )
    return Deadline(window=stated.window, at=None, steps=(step,))


def basis(rule: BookRule, anchors: Mapping[str, Window]) -> Reason:
    """What a rule says of why a date is what it is, where these are the anchors."""
    due = rule.rule.due
    return Reason(
        rule=rule.name,
        period=" and ".join(str(period) for period in due.periods if period.count),
        side="before" if due.before else "after",
        anchor=anchor_name(due),
        anchor_date=anchors.get(anchor_name(due)) or (due.origin if isinstance(due.origin, Window) else None),
        quote=rule.rule.source.quote,
        document=str(rule.rule.source),
        url=rule.rule.source.url,
        message=rule.rule.message,
    )


# ------------------------------------------------------------------------------------------------- what moved it


@dataclass(frozen=True)
class _Terms:
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
        """The end of a further period, rolled as the rule rolls."""
        if self.rule is None or self.counts is None:
            days = timedelta(days=int(period.split(maxsplit=1)[0]))
            return Deadline(window=base.map(lambda day: day + days), at=None, steps=())
        return self.counts.later(self.rule, period, base)


@dataclass
class _Walk:
    """How far a walk along the events has come: the anchors, what was granted and how often, and the pause.

    `pending` means that more time was given, and that its end is not known yet.
    """

    anchors: dict[str, Window]
    granted: Window | None = None
    pending: bool = False
    times: int = 0
    stopped: date | None = None


def _first_anchors(anchors: Windows, turns: Iterable[Turn]) -> Mapping[str, Window]:
    """The anchors as they were first known: those the commitment came with, and the first date of each later one."""
    first = dict(anchors)
    for turn in turns:
        if turn.kind is EventKind.ANCHORED and turn.to is not None:
            first.setdefault(turn.anchor, turn.to)
    return first


_Count = Callable[[Mapping[str, Window]], Window | None]


def _changes(ground: Ground, count: _Count, terms: _Terms) -> list[Move | Unheeded]:
    """What became of the deadline, event by event: where it moved, and who asked for more time in vain."""
    undoing = ground.undoing
    if not ground.turns and undoing is None:
        return []
    changes, end = _walked(_first_anchors(ground.anchors, ground.turns), ground.turns, count, terms)
    if undoing is not None and end is not None:
        first = _first_anchors(undoing.anchors, undoing.turns)
        _, before = _walked(first, undoing.turns, count, terms)
        if before != end:
            changes.append(Move(None, undoing.turn, before, end))
    return changes


def _walked(
    anchors: Mapping[str, Window], turns: Iterable[Turn], count: _Count, terms: _Terms
) -> tuple[list[Move | Unheeded], Window | None]:
    """What became of the deadline along the events that hold, and where it ends."""
    changes: list[Move | Unheeded] = []
    walk = _Walk(dict(anchors))
    before = count(walk.anchors)
    for place, turn in enumerate(turns):
        vain = _take(walk, turn, before, terms)
        after = None if walk.pending else walk.granted or count(walk.anchors)
        if vain:
            changes.append(Unheeded(place, vain, walk.pending))
        elif after is not None and after != before:
            changes.append(Move(place, turn, before, after))
        before = after
    return changes, before


def _take(walk: _Walk, turn: Turn, current: Window | None, terms: _Terms) -> str:
    """Take one event into account; why it gives no more time, where it asked for some."""
    if turn.kind is EventKind.ANCHORED and turn.to is not None:
        walk.anchors[turn.anchor] = turn.to
    elif turn.kind is EventKind.EXTENDED:
        walk.granted, walk.pending = turn.to, False
    elif turn.kind is EventKind.SUSPENDED:
        walk.stopped = turn.day
    elif turn.kind is EventKind.RESUMED:
        return _resume(walk, turn.day, current, terms)
    else:
        return _notify(walk, turn.day, current, terms)
    return ""


def _resume(walk: _Walk, day: date, current: Window | None, terms: _Terms) -> str:
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


def _notify(walk: _Walk, day: date, current: Window | None, terms: _Terms) -> str:
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
