"""What comes round: the editions of a cycle, the commitments they bring forth, and the rules that date them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Literal

from commitments.model.commitment import Commitment
from commitments.model.dates import DAY, Window, month_end
from rules.counting.period import Period, Point, Unit
from rules.pack.pack import (
    Cycle,
    Derived,
    Pack,
    Rule,
)

Precision = Literal["day", "month", "year"]


@dataclass(frozen=True)
class Edition:
    """One turn of a cycle: what it goes by (2027), when it falls, and the day from which it is looked forward to."""

    label: str
    window: Window
    open_from: date | None


Held = Callable[[str], Window | None]
"""When the edition of that label was held; None where that is not known."""


def editions(cycle: Cycle, today: date, held: Held = lambda _: None) -> Iterator[Edition]:
    """The turns of a cycle up to the one looked forward to on `today`: each opens when the one before it is over."""
    open_from = cycle.since
    previous = cycle.first
    days = cycle.rrule.days(cycle.first.earliest) if cycle.rrule else None
    for turn in count():
        computed = _computed(cycle, turn, previous, days)
        if computed is None or (open_from is not None and open_from > today):
            return
        label = _label(cycle, computed.earliest)
        window = cycle.known.get(label, computed)
        yield Edition(label, window, open_from)
        if window.latest == date.max:
            return
        open_from = window.latest + DAY
        previous = (held(label) or window) if cycle.cycle_anchor == "held" else window


def _computed(cycle: Cycle, turn: int, previous: Window, days: Iterator[date] | None) -> Window | None:
    """When a turn falls by the cycle's rhythm: the first as it was written, the others as sure as `precision` says."""
    day = next(days, None) if days is not None else None
    if turn == 0:
        return cycle.first
    if cycle.every is not None:
        # Counted from the first, never from turn to turn: 31 January comes round to 31 March, not to the 28th.
        base, turns = (cycle.first, turn) if cycle.cycle_anchor == "fixed" else (previous, 1)
        return widen(_shift(base, cycle.every, turns), cycle.precision)
    length = cycle.first.latest - cycle.first.earliest
    return widen(Window(day, day + min(length, date.max - day)), cycle.precision) if day else None


def _label(cycle: Cycle, day: date) -> str:
    """What tells the editions of a cycle apart: the year, the month, or the day, as seldom as it comes round."""
    rhythm = cycle.every.unit if cycle.every is not None else _RHYTHMS.get(cycle.rrule.frequency if cycle.rrule else "")
    if rhythm is Unit.YEAR:
        return day.isoformat()[:4]
    return day.isoformat()[:7] if rhythm is Unit.MONTH else day.isoformat()


_RHYTHMS = {"YEARLY": Unit.YEAR, "MONTHLY": Unit.MONTH}
"""How often a recurrence rule falls, where it falls once each time."""


def widen(window: Window, precision: Precision) -> Window:
    """The window in whole months or years, where its days are not to be relied on."""
    if precision == "year":
        return Window(date(window.earliest.year, 1, 1), date(window.latest.year, 12, 31))
    if precision == "month":
        return Window(window.earliest.replace(day=1), month_end(window.latest.year, window.latest.month))
    return window


def beginning(held: Window) -> Window:
    """When an edition begins: on its first day where its days are known, else anywhere in its month or year."""
    return Window.on(held.earliest) if _days_known(held) else held


def end(held: Window) -> Window:
    """When an edition ends: on its last day where its days are known, else anywhere in its month or year."""
    return Window.on(held.latest) if _days_known(held) else held


def _days_known(held: Window) -> bool:
    """Whether a window is the days of a meeting (2023-12-13/2023-12-15), and not a month, quarter or year."""
    return held.exact or "/" in str(held)


def _shift(window: Window, every: Period, turns: int) -> Window:
    ahead = Point(Period(every.count * turns, every.unit), "after")
    return window.map(lambda day: ahead.day(Window.on(day)))


def name(pack: Pack, cycle: Cycle, derived: Derived | None = None) -> str:
    """How a commitment names the cycle that brought it forth: un-gcr/grf, un-gcr/grf/papers."""
    return "/".join(part for part in (pack.pack, cycle.id, derived.id if derived else "") if part)


def main_commitment(pack: Pack, cycle: Cycle, edition: Edition) -> Commitment:
    """What an edition of a cycle is in the register."""
    promise = cycle.commitment
    return Commitment(
        id=f"{cycle.id}-{edition.label}",
        kind=promise.kind,
        title=f"{promise.title or cycle.title} {edition.label}",
        by=promise.by,
        to=promise.to,
        force=promise.force,
        made=edition.open_from,
        anchors={cycle.id: edition.window},
        cycle=name(pack, cycle),
        source=cycle.source,
    )


def derived_commitment(pack: Pack, cycle: Cycle, derived: Derived, edition: Edition, held: Window) -> Commitment:
    """What goes with an edition, dated from the days on which that edition is now known to fall (`held`)."""
    promise = cycle.commitment
    return Commitment(
        id=f"{cycle.id}-{edition.label}-{derived.id}",
        kind=derived.kind or promise.kind,
        title=f"{derived.title} ({promise.title or cycle.title} {edition.label})",
        by=derived.by or promise.by,
        to=derived.to or promise.to,
        force=derived.force or promise.force,
        made=edition.open_from,
        anchors=derived_anchors(cycle, derived, edition, held),
        parent=f"{cycle.id}-{edition.label}",
        cycle=name(pack, cycle, derived),
        source=derived.source if derived.source.document else cycle.source,
    )


def derived_anchors(cycle: Cycle, derived: Derived, edition: Edition, held: Window) -> dict[str, Window]:
    """The anchor of a derived commitment: a date of its own where it has one, else that of its edition."""
    if derived.due is not None:
        return {cycle.id: beginning(held) if derived.due.before else end(held)}
    assert derived.at is not None  # noqa: S101 (one of the two is always given)
    point = derived.at.point
    computed = widen(held.map(lambda day: point.day(Window.on(day))), derived.precision)
    return {derived.id: derived.known.get(edition.label, computed)}


def dating_rules(pack: Pack, cycle: Cycle) -> Iterator[Rule]:
    """The rules by which the commitments of a cycle are due: on their own date, or counted as the pack says."""
    yield _rule(name(pack, cycle), cycle.id, cycle, _on(cycle.id))
    for derived in cycle.derived:
        due = derived.due if derived.due is not None else _on(derived.id)
        yield _rule(name(pack, cycle, derived), f"{cycle.id}-{derived.id}", derived, due)


def _on(anchor: str) -> dict[str, str]:
    return {"period": "0 days", "after": anchor}


def _rule(cycle_name: str, identifier: str, item: Cycle | Derived, due: object) -> Rule:
    return Rule.model_validate(
        {
            "id": identifier,
            "title": item.title,
            "source": item.source,
            "when": {"cycle": cycle_name},
            "due": due,
            "notices": item.notices,
        }
    )
