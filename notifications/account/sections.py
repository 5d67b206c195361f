"""The parts of a page that count: in figures, how late, over time, and by groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from commitments.audit.account import MOST_GROUPS, Account, shown
from commitments.audit.figures import AGES, BY_NAME, FIGURES, FULFILLED, Place, Spread, Tally, Timing
from commitments.audit.groupings import Grouping
from notifications.account.charts import Part, columns, stacked
from notifications.account.page import (
    Cell,
    Section,
    Table,
    slug,
)
from notifications.account.wording import grouped, percent

_TIMINGS: Final = {
    "in time": (Timing.IN_TIME,),
    "late for the original only": (Timing.LATE_ORIGINAL,),
    "late": (Timing.LATE_CURRENT,),
    "not timed": (Timing.UNTIMED,),
}
_STATES: Final = {
    "fulfilled": lambda place: place.status in FULFILLED,
    "pending": BY_NAME["pending"].counts,
    "overdue": BY_NAME["overdue"].counts,
    "awaited": BY_NAME["awaited"].counts,
    "suspended": BY_NAME["suspended"].counts,
    "undated": BY_NAME["undated"].counts,
    "withdrawn": BY_NAME["withdrawn"].counts,
    "lapsed": BY_NAME["lapsed"].counts,
    "all": BY_NAME["all"].counts,
    "partly fulfilled, of the open": BY_NAME["partly"].counts,
}
Chosen = Callable[[Place], bool]


def whole_figures() -> Iterator[tuple[str, str, Chosen]]:
    """The anchor of each figure of the whole, what it is called, and which places it counts."""
    for state, counts in _STATES.items():
        yield slug("whole", state), state, counts
        for timed, timings in _TIMINGS.items():
            yield slug("whole", state, timed), f"{state}, {timed}", _both(counts, timings)
    for name in ("in_time", "ahead"):
        yield slug("whole", name), BY_NAME[name].head, BY_NAME[name].counts
    for place, span in enumerate(AGES, start=1):
        yield slug("whole", "age", str(place)), f"overdue {span.name}", _aged(place)


def _both(counts: Chosen, timings: tuple[Timing, ...]) -> Chosen:
    return lambda place: counts(place) and place.timing in timings


def _aged(age: int) -> Chosen:
    return lambda place: place.age == age


def figures_part(account: Account) -> Section:
    """The figures of the whole: where things stand, crossed with whether that is in time."""
    whole = account.whole
    rows = tuple(
        (
            Cell(text=state),
            counted(whole, counts, slug("whole", state)),
            *(
                counted(whole, _both(counts, timings), slug("whole", state, timed))
                for timed, timings in _TIMINGS.items()
            ),
        )
        for state, counts in _STATES.items()
        if whole.count(counts) or state in {"fulfilled", "pending", "overdue"}
    )
    quarters = (
        ("answered in time", slug("whole", "in_time"), whole["in_time"]),
        ("answered late", slug("whole", "fulfilled", "late"), whole["late"]),
        ("open, deadline ahead", slug("whole", "ahead"), whole["ahead"]),
        ("open, overdue", slug("whole", "overdue"), whole["overdue"]),
    )
    return Section(
        anchor="figures",
        title="In figures",
        tables=(
            Table(head=("", "all", *_TIMINGS), rows=rows, numbers=1),
            Table(
                caption="Of what has a deadline to keep",
                head=(*(name for name, *_ in quarters), "in time, of all due", "in hand, of all"),
                rows=(
                    (
                        *(Cell(text=grouped(count), to=to if count else "") for _, to, count in quarters),
                        Cell(text=percent(whole.on_time_rate)),
                        Cell(text=percent(whole.in_hand_rate)),
                    ),
                ),
                numbers=0,
            ),
        ),
    )


def counted(tally: Tally, counts: Chosen, to: str) -> Cell:
    """A figure that leads to its list; a nought leads nowhere."""
    count = tally.count(counts)
    return Cell(text=grouped(count) if count else "–", to=to if count else "")


def lateness_part(account: Account) -> Section:
    """How late things came, and for how long those are overdue that are."""
    whole = account.whole
    spreads = (("fulfilled late", whole["late"], whole.spread), ("overdue now", whole["overdue"], whole.overdue_spread))
    late = Table(
        caption="Days late, against the current deadline",
        head=("", "commitments", "median", "lower quartile", "upper quartile", "worst"),
        rows=tuple(_spread(name, count, spread) for name, count, spread in spreads if spread),
        numbers=1,
    )
    ages = [(place, span.name, whole.count(_aged(place))) for place, span in enumerate(AGES, start=1)]
    aged = Table(
        caption="How long things are overdue",
        head=("overdue for", "commitments"),
        rows=tuple(
            (Cell(text=name), Cell(text=grouped(count), to=slug("whole", "age", str(place)) if count else ""))
            for place, name, count in ages
        ),
        numbers=1,
    )
    parts = [(name, [Part(tone="overdue", name="overdue", count=count)]) for _, name, count in ages]
    told = ", ".join(f"{count} {name}" for _, name, count in ages)
    return Section(
        anchor="late",
        title="How late",
        text=() if late.rows else ("Nothing came late, and nothing is overdue.",),
        charts=(stacked(f"How long things are overdue: {told}.", parts, ()),) if whole["overdue"] else (),
        tables=((late,) if late.rows else ()) + ((aged,) if whole["overdue"] else ()),
    )


def _spread(name: str, count: int, spread: Spread) -> tuple[Cell, ...]:
    to = slug("whole", "fulfilled", "late") if name.startswith("fulfilled") else slug("whole", "overdue")
    return (
        Cell(text=name),
        Cell(text=grouped(count), to=to if count else ""),
        *(Cell(text=f"{value:g}") for value in spread),
    )


# ------------------------------------------------------------------------------------------------- by groups


HEADS: Final = tuple(figure for figure in FIGURES if figure.name != "all")


def time_part(account: Account) -> Section:
    """The share in time over the spans of the deadlines."""
    found = account.groups[account.period]
    rates = [
        (name, tally.on_time_rate, f"{tally['in_time']} of {tally['in_time'] + tally['late'] + tally['overdue']}")
        for name, tally in found.items()
        if name[:1].isdigit() and tally.on_time_rate is not None
    ]
    told = ", ".join(f"{name} {percent(rate)}" for name, rate, _ in rates)
    chart = (
        columns(f"Share fulfilled in time, by the {account.period.name} of the deadline: {told}.", rates, "in-time"),
    )
    return Section(
        anchor="over-time",
        title=f"In time, {account.period.title[:1].lower()}{account.period.title[1:]}",
        charts=chart if rates else (),
        tables=(_group_table(account.period, found, len(found)),),
    )


def group_part(account: Account, grouping: Grouping) -> Section:
    """The figures of each group of a grouping."""
    found = account.groups[grouping]
    rows = [(name, _parts(tally)) for name, tally in shown(found, 12)]
    legend = [(tone, head) for tone, head, _ in _TONES]
    label = (
        f"How commitments stand, {grouping.title[:1].lower()}{grouping.title[1:]}; the table beside has the figures."
    )
    return Section(
        anchor=grouping.name,
        title=grouping.title,
        charts=(stacked(label, rows, legend),) if grouping.name == "by" else (),
        tables=(_group_table(grouping, found, MOST_GROUPS),),
    )


_TONES: Final = (
    ("in-time", "in time", ("in_time",)),
    ("late", "late", ("late",)),
    ("pending", "pending", ("pending",)),
    ("overdue", "overdue", ("overdue",)),
    ("other", "other", ("untimed", "awaited", "suspended", "undated", "withdrawn", "lapsed")),
)


def _parts(tally: Tally) -> list[Part]:
    return [Part(tone=tone, name=head, count=sum(tally[name] for name in names)) for tone, head, names in _TONES]


def _group_table(grouping: Grouping, found: Mapping[str, Tally], most: int) -> Table:
    """The groups with their figures, leaving out the columns in which nothing is counted."""
    groups = list(shown(found, most))
    heads = [figure for figure in HEADS if any(tally[figure.name] for _, tally in groups)]
    rows = [
        (
            Cell(text=name),
            Cell(text=grouped(tally["all"]), to=slug(grouping.name, name)),
            *(counted(tally, figure.counts, slug(grouping.name, name, figure.name)) for figure in heads),
            Cell(text=f"{tally.spread.median:g}" if tally.spread else "–"),
            Cell(text=percent(tally.on_time_rate)),
        )
        for name, tally in groups
    ]
    left = len(found) - len(rows)
    return Table(
        head=(grouping.one, "all", *(figure.head for figure in heads), "median days late", "in time, of all due"),
        rows=tuple(rows),
        numbers=1,
        note=f"and {grouped(left)} more, with fewer overdue or late; --format json has all" if left else "",
    )
