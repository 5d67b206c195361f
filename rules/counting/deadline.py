"""The calculus of deadlines: a `due`, the dates it counts from and the calendars become a date that explains itself.

The definitions are those of docs/counting-time.md; what they rest on is cited above the lines that implement them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from commitments.model.dates import DAY, Window, month_end
from commitments.reading.problem import Document, Place, Problem
from commitments.reading.source import check
from rules.calendars.calendar import (
    MONTHS,
    WEEKDAYS,
    WEEKENDS,
    Calendar,
    Calendars,
    Pause,
    spoken,
)
from rules.counting.due import (
    Bound,
    Counting,
    Due,
    Item,
    Moment,
    MonthEnd,
    Origin,
    Roll,
)
from rules.counting.period import Period, Unit, shift_months

Anchors = Mapping[str, Window | datetime]
"""The dates that can be counted from, by name; the deadline of another rule by `rule-id.due`."""


class Step(NamedTuple):
    """One step on the way to a date: its name, a sentence for anybody, and the same as data."""

    name: str
    text: str
    data: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """The days on which something is due, at a time where it has one, and the steps that led there.

    The window is None where it is not known (yet); `unknown` then says what is missing.
    """

    window: Window | None
    at: time | None
    steps: tuple[Step, ...]
    unknown: str = ""


class _UnknownError(Exception):
    """A date that cannot be told, for the reason in its text."""


End = Literal["earliest", "latest"]
"""Which end of what is half known is counted from."""


class _Plan(NamedTuple):
    """A `due` with all that its counting needs; `sign` is 1 where it counts on, -1 where it counts back."""

    due: Due
    sign: int
    calendar: Calendar
    pausing: Calendar | None
    pauses: tuple[Pause, ...]
    zone: str
    anchors: Anchors


@dataclass(slots=True)
class _Run:
    """One way through the steps, from one day: the day it has come to and the steps so far."""

    plan: _Plan
    day: date
    end: End
    steps: list[Step]

    def step(self, name: str, text: str, **data: object) -> None:
        """Note a step that led to the present day."""
        data["day"] = self.day.isoformat()
        self.steps.append(Step(name, text, data))


# ------------------------------------------------------------------------------------------------- from start to end


def compute(due: Due, anchors: Anchors, calendars: Calendars, *, timezone: str = "UTC") -> Deadline:
    """The deadline that a `due` sets, with the steps that lead to it.

    A moment without a zone is local. `timezone` counts where the `due` names none. A half-known date gives a window
    that holds the result of every day it can mean.
    """
    steps: list[Step] = []
    try:
        plan = _plan(due, anchors, calendars, timezone)
        start = _resolved(due.origin, plan)
        steps.append(_anchor_step(due.origin, start))
        return _in_hours(plan, start, steps) if due.in_hours else _in_days(plan, start, steps)
    except _UnknownError as unknown:
        return Deadline(window=None, at=None, steps=tuple(steps), unknown=str(unknown))
    except OverflowError:
        reason = "it would fall outside the years 1 to 9999; write a shorter period"
        return Deadline(window=None, at=None, steps=tuple(steps), unknown=reason)


def _plan(due: Due, anchors: Anchors, calendars: Calendars, timezone: str) -> _Plan:
    for name, hint in calendars.unknown(due):
        raise _UnknownError(f"there is no calendar {name}; {hint}")
    pausing = _pausing(due, calendars)
    return _Plan(
        due=due,
        sign=due.sign,
        calendar=_calendar(due, calendars),
        pausing=pausing,
        pauses=pausing.pauses if pausing else (),
        zone=due.timezone or timezone,
        anchors=anchors,
    )


def _calendar(due: Due, calendars: Calendars) -> Calendar:
    if due.inline is not None:
        return due.inline
    return calendars.joined(due.calendar) if isinstance(due.calendar, tuple) else WEEKENDS


def _pausing(due: Due, calendars: Calendars) -> Calendar | None:
    """The calendar in whose recess the clock stops, if there is one."""
    if not isinstance(due.suspend, str):
        return due.inline_pauses
    calendar = calendars.by_name[due.suspend]
    if not calendar.recess:
        raise _UnknownError(f"calendar {due.suspend} has no recess to suspend in; give it recess: [{{from: …, to: …}}]")
    return calendar


def _resolved(origin: Origin, plan: _Plan) -> Window | datetime:
    """The date or the local moment that an origin stands for."""
    found = plan.anchors.get(origin) if isinstance(origin, str) else origin
    if found is None:
        rule = str(origin).removesuffix(".due")
        what = f"the date of {origin!r} is not recorded" if rule == origin else f"the deadline of {rule} is not known"
        raise _UnknownError(what)
    if isinstance(found, Window):
        return found
    zone = ZoneInfo(plan.zone)
    return found.replace(tzinfo=zone) if found.tzinfo is None else found.astimezone(zone)


def _anchor_step(origin: Origin, start: Window | datetime) -> Step:
    if not isinstance(origin, str):
        return Step(name="anchor", text=f"counted from {_when(start)}", data={"date": _iso(start)})
    rule = origin.removesuffix(".due")
    text = f"{origin} dated {_when(start)}" if rule == origin else f"the deadline of {rule} is {_when(start)}"
    return Step(name="anchor", text=text, data={"anchor": origin, "date": _iso(start)})


def _when(start: Window | datetime) -> str:
    if isinstance(start, datetime):
        return f"{spoken(start.date())}, {start:%H:%M}"
    if start.exact:
        return spoken(start.earliest)
    return f"some day from {spoken(start.earliest)} to {spoken(start.latest)}"


def _iso(start: Window | datetime) -> str:
    return start.isoformat(timespec="minutes") if isinstance(start, datetime) else str(start)


# FRCP 6(a)(2): hours start at once, all of them count; elapsed time, so in UTC
def _in_hours(plan: _Plan, start: Window | datetime, steps: list[Step]) -> Deadline:
    if isinstance(start, Window):
        raise _UnknownError("hours count from a moment, and only the day is known; write 2018-07-13T16:30")
    period = plan.due.periods[0]
    elapsed = start.astimezone(UTC) + plan.sign * timedelta(hours=period.count)
    moment = elapsed.astimezone(ZoneInfo(plan.zone))
    run = _Run(plan, moment.date(), "latest", steps)
    text = f"{period}{_direction(plan)}, all of them counted → {_when(moment)} {plan.zone}"
    run.step("count", text, period=str(period), at=f"{moment:%H:%M}")
    _roll(run, plan.due.period[0].roll or plan.due.roll)
    return Deadline(window=Window.on(run.day), at=moment.time(), steps=tuple(run.steps))


def _in_days(plan: _Plan, start: Window | datetime, steps: list[Step]) -> Deadline:
    window = _local_day(plan, start, steps)
    if window.exact and plan.due.cap is None and plan.due.floor is None:
        found = Window.on(_counted(_Run(plan, window.earliest, "latest", steps)).day)
    else:
        found = _between_ends(plan, window, steps)
    if plan.due.at is not None:
        at = f"{plan.due.at:%H:%M}"
        steps.append(Step(name="at", text=f"at {at} {plan.zone}", data={"at": at, "timezone": plan.zone}))
    return Deadline(window=found, at=plan.due.at, steps=tuple(steps))


def _between_ends(plan: _Plan, window: Window, steps: list[Step]) -> Window:
    """The days between the earliest and the latest result, with the steps that led to both."""
    runs = [_counted(_Run(plan, day, end, [])) for day, end in _ends(plan, window)]
    earliest, latest = min(runs, key=_day), max(runs, key=_day)
    steps += [_both(*pair) for pair in zip(earliest.steps, latest.steps, strict=True)]
    return Window(earliest.day, latest.day)


_day = attrgetter("day")


def _local_day(plan: _Plan, start: Window | datetime, steps: list[Step]) -> Window:
    """The days that are counted from: of a moment its local day, or the next one after the cut-off."""
    cutoff = plan.due.cutoff
    late = isinstance(start, datetime) and cutoff is not None and start.time() > cutoff
    window = Window.on(start.date() + DAY if late else start.date()) if isinstance(start, datetime) else start
    if cutoff is not None:
        hour = f"{cutoff:%H:%M}"
        text = f"after {hour}, so it counts as {_when(window)}" if late else f"not known to be after {hour}"
        steps.append(Step(name="cutoff", text=text, data={"cutoff": hour, "late": late}))
    return window


_SAMPLE = 370


def _ends(plan: _Plan, window: Window) -> Iterator[tuple[date, End]]:
    """The days to count from so that the results of all days of the window lie between those of the days tried.

    A later start never gives an earlier end, save where months are lengthened by pauses: there month ends that are
    all the same day lose a day of the pause one by one, which comes round with the year.
    """
    yield window.earliest, "earliest"
    yield window.latest, "latest"
    if not plan.pauses or not any(period.unit.monthly for period in plan.due.periods):
        return
    for number in range(1, min((window.latest - window.earliest).days, _SAMPLE)):
        yield window.earliest + number * DAY, "earliest"
        yield window.latest - number * DAY, "latest"


def _both(earliest: Step, latest: Step) -> Step:
    """One step of two runs."""
    if earliest == latest:
        return latest
    if earliest.text == latest.text:
        return latest._replace(data={"earliest": earliest.data, "latest": latest.data})
    text = f"at the earliest: {earliest.text}; at the latest: {latest.text}"
    return Step(name=latest.name, text=text, data={"earliest": earliest.data, "latest": latest.data})


def _counted(run: _Run) -> _Run:
    due = run.plan.due
    _anchor_roll(run)
    trigger = run.day
    *others, last = due.period
    for item in others:
        _count(run, item.period, _opening(due, item, last=False))
        # only the last step is rolled unless an item says so: EPC T 836/09, CJEU Misset
        if item.roll is not None:
            _roll(run, item.roll)
    _count(run, last.period, _opening(due, last, last=True))
    _minimum(run, trigger)
    _roll(run, due.roll if last.roll is None else last.roll)
    _bound(run)
    _until(run)
    return run


def _opening(due: Due, item: Item, *, last: bool) -> Counting:
    """How one of several periods is counted: the trigger can belong to the first, the free day comes after the last."""
    if due.counting is Counting.INCLUDE_TRIGGER and item is due.period[0]:
        return Counting.INCLUDE_TRIGGER
    return Counting.CLEAR if due.counting is Counting.CLEAR and last else Counting.EXCLUDE_TRIGGER


# ------------------------------------------------------------------------------------------------- the steps


def _anchor_roll(run: _Run) -> None:
    if run.plan.due.anchor_roll == "none":
        return
    day, calendar = run.day, run.plan.calendar
    run.day = _following(calendar, day)
    text = f"{spoken(day)} is a working day, so it counts from there"
    if run.day != day:
        text = f"{spoken(day)} is a day off ({calendar.off(day)}), so it counts from {spoken(run.day)}"
    run.step("anchor_roll", text, from_day=day.isoformat())


_OPENINGS = {
    Counting.EXCLUDE_TRIGGER: "trigger day excluded",
    Counting.INCLUDE_TRIGGER: "the trigger day is day 1",
    Counting.CLEAR: "clear, so the first day free after them",
}


def _direction(plan: _Plan) -> str:
    return "" if plan.sign > 0 else " back"


def _count(run: _Run, asked: Period, counting: Counting) -> None:
    short, period = run.plan.due.short, _shortened(run.plan.due, asked)
    start, notes, words = run.day, [], str(period)
    if short is not None and period is not asked:
        notes.append(f"{short.up_to} or less are counted in working days")
    if period.unit.monthly:
        run.day = _months(run.plan, start, period, counting, notes)
    else:
        run.day = _nth_day(run.plan, start, period, counting, notes)
    working = period.unit is Unit.WORKING_DAY
    data = _off_days(run.plan.calendar, start, run.day, notes) if working else {}
    opening = _OPENINGS[counting] if period.count or counting is not Counting.EXCLUDE_TRIGGER else "the day itself"
    text = "; ".join([opening, f"{words}{_direction(run.plan)} → {spoken(run.day)}", *notes])
    run.step("count", text, period=words, counting=counting, **data)


# CPR 2.8(4): in periods of five days or less Saturdays, Sundays and holidays do not count
def _shortened(due: Due, period: Period) -> Period:
    if due.short is None or period.unit is not Unit.DAY or period.count > due.short.up_to.count:
        return period
    return Period(period.count, Unit.WORKING_DAY)


def _off_days(calendar: Calendar, start: date, end: date, notes: list[str]) -> dict[str, Any]:
    """Note which holidays were skipped; the weekends go without saying."""
    skipped = calendar.holidays_between(min(start, end) + DAY, max(start, end))
    shown = ", ".join(f"{name} ({spoken(day)})" for day, name in skipped[:5])
    more = f" and {len(skipped) - 5} more days" if len(skipped) > 5 else ""
    notes.append(f"not counted: weekends, {shown}{more}" if skipped else "weekends not counted")
    return {"skipped": {day.isoformat(): name for day, name in skipped}, "calendar": calendar.name}


def _known(calendar: Calendar, *days: date) -> None:
    for day in days:
        if calendar.horizon is not None and day > calendar.horizon:
            raise _UnknownError(
                f"calendar {calendar.name} is known until {spoken(calendar.horizon)}, not yet beyond it"
            )
        if calendar.first is not None and day < calendar.first:
            raise _UnknownError(f"calendar {calendar.name} is known from {spoken(calendar.first)}, not before it")


# ----- days, one by one


def _nth_day(plan: _Plan, start: date, period: Period, counting: Counting, notes: list[str]) -> date:
    """The last of so many days that count, each of its kind."""
    count = period.count * 7 if period.unit is Unit.WEEK else period.count
    if counting is Counting.INCLUDE_TRIGGER:
        start -= plan.sign * DAY
    if counting is Counting.CLEAR:
        count += 1
    if not plan.pauses or count == 0:
        return _add(plan, period.unit, start, count)
    _known_pauses(plan, start)
    if plan.due.suspend_mode == "extend":
        end = _extended(plan, start, _add(plan, period.unit, start, count), notes)
    else:
        end = _skipping(plan, period.unit, start, count, notes)
    _known_pauses(plan, end)
    return end


def _add(plan: _Plan, unit: Unit, start: date, count: int) -> date:
    if unit is Unit.WORKING_DAY:
        end = plan.calendar.add_working_days(start, plan.sign * count)
        _known(plan.calendar, start, end)
        return end
    if unit is Unit.SITTING_DAY:
        return _add_sitting_days(plan, start, count)
    return start + timedelta(days=plan.sign * count)


def _add_sitting_days(plan: _Plan, start: date, count: int) -> date:
    calendar = plan.calendar
    _known(calendar, start)
    if not calendar.sitting:
        raise _UnknownError(f"calendar {calendar.name} lists no sitting days; give it sitting: [2026-09-08, …]")
    end = calendar.add_sitting_days(start, plan.sign * count)
    if end is None:
        edge = calendar.sitting[-1 if plan.sign > 0 else 0]
        side = "until" if plan.sign > 0 else "from"
        raise _UnknownError(f"the sitting days of calendar {calendar.name} are known {side} {spoken(edge)}")
    return end


# L. 742/1969, CH ZPO 145, AT ZPO 222: time does not run in the recess; a trigger inside it waits for its end
def _skipping(plan: _Plan, unit: Unit, start: date, count: int, notes: list[str]) -> date:
    day, left = start, count
    for pause in plan.pauses[:: plan.sign]:
        near, far = (pause.start, pause.end)[:: plan.sign]
        if plan.sign * (far - day).days <= 0:
            continue
        free = max(0, _between(plan, unit, day, near))
        if free >= left:
            break
        day, left = far, left - free
        notes.append(f"{_named(pause)} is not counted")
    return _add(plan, unit, day, left)


def _between(plan: _Plan, unit: Unit, day: date, other: date) -> int:
    """How many days that count lie between two days."""
    first, last = (day, other)[:: plan.sign]
    if unit is Unit.WORKING_DAY:
        return plan.calendar.working_days_between(first, last)
    if unit is Unit.SITTING_DAY:
        return sum(1 for sitting in plan.calendar.sitting if first < sitting < last)
    return (last - first).days - 1


def _named(pause: Pause) -> str:
    return f"{pause.name or 'the pause'} ({spoken(pause.start)} to {spoken(pause.end)})"


def _extended(plan: _Plan, start: date, nominal: date, notes: list[str]) -> date:
    """The nominal end, later by the days of the pauses that lie between the trigger and the end so found."""
    end, before = nominal, None
    while end != before:
        before = end
        end = nominal + plan.sign * sum(_paused(plan, pause, start, before) for pause in plan.pauses) * DAY
    if end != nominal:
        within = [_named(pause) for pause in plan.pauses if _paused(plan, pause, start, end)]
        days = abs((end - nominal).days)
        notes.append(f"{days} day{'' if days == 1 else 's'} added for {', '.join(within)}")
    return end


def _paused(plan: _Plan, pause: Pause, start: date, end: date) -> int:
    """How many days of the pause lie beyond the trigger, up to the end."""
    if plan.sign > 0:
        return max(0, (min(pause.end, end) - max(pause.start, start + DAY)).days + 1)
    return max(0, (min(pause.end, start - DAY) - max(pause.start, end)).days + 1)


def _known_pauses(plan: _Plan, day: date) -> None:
    if plan.pausing is not None:
        _known(plan.pausing, day)


# ----- months


def _months(plan: _Plan, start: date, period: Period, counting: Counting, notes: list[str]) -> date:
    """The corresponding day so many months on or back, always counted from the trigger at once."""
    count = period.count * (12 if period.unit is Unit.YEAR else 1)
    day, there = shift_months(start, plan.sign * count)
    if not there:
        day = _without_day(plan.due.month_end, start, day, notes)
    elif plan.due.month_end is MonthEnd.STICKY and start == month_end(start.year, start.month):
        # art. 56(4) CDIR: from the last day of a month to the last day of a month
        day = month_end(day.year, day.month)
    if counting is Counting.INCLUDE_TRIGGER:
        day = _less_one(plan, day, there=there)
    if counting is Counting.CLEAR:
        day += plan.sign * DAY
    if not plan.pauses:
        return day
    _known_pauses(plan, start)
    end = _extended(plan, start, day, notes)
    _known_pauses(plan, end)
    return end


def _without_day(mode: MonthEnd, start: date, last: date, notes: list[str]) -> date:
    """Where months end that lack the day: BGB 188(3) and most laws say on their last day."""
    lacking = f"{MONTHS[last.month - 1]} {last.year} has no day {start.day}"
    if mode is MonthEnd.REFUSE:
        raise _UnknownError(f"{lacking}, and month_end: refuse does not choose another; write clamp or next_day")
    day = last + DAY if mode is MonthEnd.NEXT_DAY else last
    notes.append(f"{lacking}, so the {'next' if mode is MonthEnd.NEXT_DAY else 'last'} day")
    return day


# BGB 188(2), second alternative, SI 2016/1024 rule 1.3: the day before the corresponding day (counting back, after it),
# and the month's last day where there is none
def _less_one(plan: _Plan, day: date, *, there: bool) -> date:
    if not there and (plan.sign < 0 or plan.due.month_end is not MonthEnd.NEXT_DAY):
        return day
    return day - plan.sign * DAY


# ----- after counting


# Algemene termijnenwet art. 2, Reg. 1182/71 art. 3(5)
def _minimum(run: _Run, trigger: date) -> None:
    due, plan = run.plan.due, run.plan
    if due.minimum is None:
        return
    if due.minimum_if is not None and due.days < due.minimum_if.days:
        run.step("minimum", f"not asked of less than {due.minimum_if}")
        return
    day, needed = run.day, plan.calendar.add_working_days(trigger, plan.sign * due.minimum.count)
    _known(plan.calendar, trigger, needed)
    enough = plan.sign * (day - needed).days >= 0
    run.day = day if enough else needed
    words = str(due.minimum)
    text = f"{words} lie in it" if enough else f"fewer than {words} lie in it, so on to {spoken(needed)}"
    run.step("minimum", text, minimum=words, calendar=plan.calendar.name)


_ROLLS = {
    Roll.FOLLOWING: "to the next working day",
    Roll.PRECEDING: "to the working day before",
    Roll.MODIFIED_FOLLOWING: "to the next working day, or the one before where that is in another month",
    Roll.MODIFIED_PRECEDING: "to the working day before, or the next where that is in another month",
    Roll.NEAREST: "to the nearest working day, the later of two",
    Roll.SAME_DIRECTION: "to the working day next in the direction counted",
}


def _roll(run: _Run, roll: Roll) -> None:
    day, calendar = run.day, run.plan.calendar
    if roll is Roll.NONE:
        run.step("roll", "none asked")
        return
    if roll not in _ROLLS:
        # Tex. R. Civ. P. 99(b): "the Monday next after the expiration", so never the same day
        run.day = day + timedelta(days=(roll.weekday - day.weekday() - 1) % 7 + 1)
        run.step("roll", f"to the next {WEEKDAYS[roll.weekday]}, {spoken(run.day)}", roll=roll)
        return
    _known(calendar, day)
    off, text = calendar.off(day), f"{spoken(day)} is a working day, so it stays"
    if off is not None:
        run.day = _rolled(calendar, roll, day, run.plan.sign)
        _known(calendar, run.day)
        text = f"{spoken(day)} is a day off ({off}), so {_ROLLS[roll]}, {spoken(run.day)}"
    run.step("roll", text, roll=roll, calendar=calendar.name, off=off)


def _rolled(calendar: Calendar, roll: Roll, day: date, sign: int) -> date:
    """Where a day off goes."""
    after, before = calendar.add_working_days(day, 1), calendar.add_working_days(day, -1)
    if roll is Roll.NEAREST:
        return before if day - before < after - day else after
    if roll is Roll.MODIFIED_FOLLOWING:
        return after if after.month == day.month else before
    if roll is Roll.MODIFIED_PRECEDING:
        return before if before.month == day.month else after
    # FRCP 6(a)(5): counting back, the "next day" is the one before
    return after if roll is Roll.FOLLOWING or (roll is Roll.SAME_DIRECTION and sign > 0) else before


def _following(calendar: Calendar, day: date) -> date:
    _known(calendar, day)
    end = day if calendar.working(day) else calendar.add_working_days(day, 1)
    _known(calendar, end)
    return end


def _bound(run: _Run) -> None:
    """Keep the day from its floor on and up to its cap; a cap beats a floor."""
    for name, bound, pick, word in (
        ("floor", run.plan.due.floor, max, "not before"),
        ("cap", run.plan.due.cap, min, "not after"),
    ):
        if bound is None:
            continue
        limit = _limit(run, bound)
        if limit is None:
            run.step(name, f"none yet: the date of {bound.origin!r} is not recorded", bound=str(bound))
            continue
        run.day = pick(run.day, limit)
        run.step(name, f"{word} {bound}, {spoken(limit)} → {spoken(run.day)}", bound=str(bound))


def _limit(run: _Run, bound: Bound) -> date | None:
    """The day of a bound, None where its anchor is not recorded."""
    if isinstance(bound.origin, str) and bound.origin not in run.plan.anchors:
        return None
    origin = _resolved(bound.origin, run.plan)
    day = origin.date() if isinstance(origin, datetime) else getattr(origin, run.end)
    plan = run.plan._replace(sign=1 if bound.side == "after" else -1, pauses=(), pausing=None)
    if bound.period.unit.monthly:
        return _months(plan, day, bound.period, Counting.EXCLUDE_TRIGGER, [])
    return _nth_day(plan, day, bound.period, Counting.EXCLUDE_TRIGGER, [])


def _until(run: _Run) -> None:
    """`vóór` a day is up to the day before it, `uiterlijk` that day included."""
    if run.plan.due.until == "exclusive":
        day = run.day
        run.day -= DAY
        run.step("until", f"before {spoken(day)}, so {spoken(run.day)} is the last day in time")


# ------------------------------------------------------------------------------------------------- answers


def answer(deadline: Deadline) -> str:
    """The deadline in a word: 2018-08-10, 2013-10-28T10:00 or 2027-10-01/2027-10-31; empty where it is not known."""
    window = deadline.window
    if window is None:
        return ""
    days = [window.latest] if window.exact else [window.earliest, window.latest]
    return "/".join(_stamp(day, deadline.at) for day in days)


def _stamp(day: date, at: time | None) -> str:
    return day.isoformat() if at is None else f"{day.isoformat()}T{at:%H:%M}"


def calculate_lines(lines: Iterable[str], calendars: Calendars) -> Iterator[dict[str, Any]]:
    """The answers to a batch of questions, one a line: {"id": …, "due": {…}, "anchors": {…}}.

    An answer has id, due, latest and steps; a line without one has id and error, and the rest goes on.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _calculated(line, number, calendars)


def _calculated(line: str, number: int, calendars: Calendars) -> dict[str, Any]:
    try:
        case = json.loads(line)
    except (ValueError, RecursionError):
        return {"id": number, "error": 'this line is not JSON; write {"id": 1, "due": "4 weeks after 2018-07-13"}'}
    if not isinstance(case, dict) or "due" not in case:
        return {"id": number, "error": 'there is no due; write {"id": 1, "due": "4 weeks after 2018-07-13"}'}
    return {"id": case.get("id", number), **_answered(case, calendars)}


class _Question(BaseModel):
    """What a line of a batch asks; what else it holds is the asker's own."""

    due: Due
    anchors: dict[str, Moment] = {}


def _answered(case: dict[str, Any], calendars: Calendars) -> dict[str, Any]:
    question, problems = check(_Question, Document(file="", text="", value=case, place=Place(0, 0)))
    if question is None:
        return {"error": "; ".join(_sentence(problem) for problem in problems)}
    if question.due.stated:
        return {"error": "'stated' asks for the date that a commitment names, and there is no commitment here"}
    deadline = compute(question.due, question.anchors, calendars)
    if deadline.window is None:
        return {"error": deadline.unknown}
    steps = [{"step": step.name, "text": step.text, **step.data} for step in deadline.steps]
    return {"due": answer(deadline), "latest": _stamp(deadline.window.latest, deadline.at), "steps": steps}


def _sentence(problem: Problem) -> str:
    return "; ".join(part for part in (f"{problem.path}: {problem.message}", problem.hint) if part)
