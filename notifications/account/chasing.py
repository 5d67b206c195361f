"""The parts of a page that chase: a rappel round with its decisions, what changed, and what is doubtful."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from commitments.audit.problems import Problems
from commitments.audit.rappel import Chased, Round
from notifications.account.page import (
    Cell,
    Section,
    Table,
    slug,
)
from notifications.account.rows import due, standing
from notifications.account.wording import grouped, spoken


@dataclass(frozen=True, kw_only=True)
class Changed:
    """One thing that changed between two days, in words."""

    change: str
    commitment: str
    title: str
    what: str


def round_parts(found: Round) -> Iterator[Section]:
    """The lists of a round and what each meeting decided."""
    yield Section(
        anchor="lapsed",
        title=f"Open or partly met, term lapsed by {spoken(found.cutoff)} ({len(found.lapsed)})",
        tables=tuple(_chased(found.lapsed)),
        text=() if found.lapsed else ("None.",),
    )
    yield Section(
        anchor="ahead",
        title=f"For information: term lapses by {spoken(found.next)} ({len(found.ahead)})",
        tables=tuple(_chased(found.ahead)),
        text=() if found.ahead else ("None.",),
    )
    if found.undated:
        yield Section(
            anchor="undated",
            title=f"Open without a date ({len(found.undated)})",
            text=("No term of these can lapse, so they are on neither list; they are owed all the same.",),
            tables=tuple(_chased(found.undated)),
        )
    for place, meeting in enumerate(found.meetings, start=1):
        document = f", on {meeting.document}" if meeting.document else ""
        rows = tuple(
            (Cell(text=what), Cell(text=str(len(some))), Cell(text=", ".join(one.commitment for one in some)))
            for what, some in ((what, list(some)) for what, some in groupby(meeting.outcomes, key=lambda one: one.what))
        )
        yield Section(
            anchor=f"meeting-{place}",
            title=f"Decided on {spoken(meeting.day)} ({len(meeting.outcomes)})",
            text=(f"By {meeting.decided_by}{document}.",),
            tables=(Table(head=("decision", "number", "commitments"), rows=rows, numbers=99),),
        )


def _chased(found: Sequence[Chased]) -> Iterator[Table]:
    """The list, a table for each that owes."""
    for by, some in groupby(found, key=lambda one: one.line.by):
        rows = tuple(
            (
                Cell(text=one.line.id, to=slug("row", one.line.id)),
                Cell(text=one.line.title),
                Cell(text=due(one.line, original=True)),
                Cell(text=due(one.line)),
                Cell(text=standing(one.line)),
                Cell(text=str(one.extended or "–")),
                Cell(text=str(len(one.asked) or "–")),
            )
            for one in some
        )
        yield Table(
            caption=f"{', '.join(by)} ({len(rows)})",
            head=("commitment", "title", "original", "current", "status", "extended", "asked"),
            rows=rows,
            numbers=5,
        )


def changes_part(since: date, until: date, changes: tuple[Changed, ...]) -> Section:
    """What changed between two days, alike changes together."""
    tables = tuple(
        Table(
            caption=f"{change} ({len(some)})",
            head=("commitment", "title", "what"),
            rows=tuple((Cell(text=one.commitment), Cell(text=one.title), Cell(text=one.what)) for one in some),
        )
        for change, some in ((change, list(some)) for change, some in groupby(changes, key=lambda one: one.change))
    )
    title = f"What changed from {spoken(since)} to {spoken(until)} ({len(changes)})"
    return Section(anchor="changed", title=title, tables=tables, text=() if changes else ("Nothing.",))


def doubts_part(problems: Problems) -> Section:
    """What is doubtful, kind by kind, with the way out."""
    left = problems.total - len(problems.first)
    return Section(
        anchor="doubtful",
        title=f"Doubtful in what is recorded ({problems.total})",
        text=("These make the figures above less sure than they look.",) if problems.total else ("Nothing.",),
        tables=tuple(
            Table(
                caption=f"{doubt} ({problems.counts[doubt]})",
                head=("commitment", "what", "way out"),
                rows=tuple(
                    (
                        Cell(text=one.commitment, to=slug("row", one.commitment)),
                        Cell(text=one.what),
                        Cell(text=one.way_out),
                    )
                    for one in some
                ),
            )
            for doubt, some in groupby(problems.first, key=lambda one: one.doubt)
        )
        + ((Table(head=(), rows=(), note=f"and {grouped(left)} more; --format json has all"),) if left else ()),
    )
