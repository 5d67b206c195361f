"""A rappel round: what has lapsed by a cut-off, what lapses by the next, and what a meeting decided on it.

Twice a year the Dutch Senate draws up two lists for each minister (kst-33268-F): open or partly met commitments whose
term has lapsed, and for information those whose term lapses by the next cut-off. A committee decides on each number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from commitments.ledger.decisions import asked, meant
from commitments.listing import Line
from commitments.model.commitment import Event, EventKind
from commitments.model.record import Record


@dataclass(frozen=True, kw_only=True)
class Chased:
    """A commitment on a list of the round: how often its date was moved, and how often an explanation was asked for."""

    line: Line
    extended: int
    asked: tuple[date, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a meeting decided on one commitment."""

    commitment: str
    title: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """A meeting and its outcomes, alike ones beside one another."""

    day: date
    decided_by: str
    document: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, kw_only=True)
class Round:
    """The lists of a round, by the party that owes, and the meetings from the cut-off until the next.

    `undated` are those that are open with no date: no term of theirs can lapse, and still they are owed.
    """

    cutoff: date
    next: date
    lapsed: tuple[Chased, ...]
    ahead: tuple[Chased, ...]
    undated: tuple[Chased, ...]
    meetings: tuple[Meeting, ...]


def next_cutoff(cutoff: date) -> date:
    """The cut-off after this one: the next 1 January or 1 July, or the last day there is."""
    if cutoff >= date(date.max.year, 7, 1):
        return date.max
    return date(cutoff.year, 7, 1) if cutoff.month < 7 else date(cutoff.year + 1, 1, 1)


def concerns(row: Line, cutoff: date) -> bool:
    """Whether a round looks at a commitment at all: it is open, or was settled since the cut-off."""
    return not row.status.settled or (row.settled_on is not None and row.settled_on >= cutoff)


def rappel(rows: Iterable[tuple[Line, Record]], *, cutoff: date, until: date) -> Round:
    """The round of a cut-off, of the commitments it concerns with their records; `until` is the next cut-off."""
    pairs = sorted(rows, key=lambda pair: (pair[0].by, pair[0].current_latest or date.max, pair[0].id))
    chased = [_chased(row, record) for row, record in pairs if not row.status.settled]
    return Round(
        cutoff=cutoff,
        next=until,
        lapsed=tuple(one for one in chased if _due(one, date.min, cutoff)),
        ahead=tuple(one for one in chased if _due(one, cutoff, until)),
        undated=tuple(one for one in chased if one.line.current_latest is None),
        meetings=tuple(_meetings(pairs, cutoff, until)),
    )


def _due(one: Chased, after: date, until: date) -> bool:
    """Whether its term lapses after one cut-off and on another or before it."""
    return one.line.current_latest is not None and after < one.line.current_latest <= until


def _chased(row: Line, record: Record) -> Chased:
    extended = sum(1 for _ in record.of(EventKind.EXTENDED))
    return Chased(line=row, extended=extended, asked=tuple(asked(record)))


# ------------------------------------------------------------------------------------------------- decided


def _meetings(pairs: Iterable[tuple[Line, Record]], cutoff: date, until: date) -> Iterator[Meeting]:
    decided = [
        (entry.event, row)
        for row, record in pairs
        for entry in record.in_order
        if entry.event.decided_by and cutoff <= entry.event.occurred_on <= until
    ]
    decided.sort(key=lambda pair: (*_meeting(pair[0]), pair[1].id))
    for (day, decided_by, document), of_meeting in groupby(decided, key=lambda pair: _meeting(pair[0])):
        events = groupby(of_meeting, key=lambda pair: pair[1].id)
        outcomes = [_outcome(list(of_one)) for _, of_one in events]
        yield Meeting(
            day=day,
            decided_by=decided_by,
            document=document,
            outcomes=tuple(sorted(outcomes, key=lambda one: (one.what, one.commitment))),
        )


def _meeting(event: Event) -> tuple[date, str, str]:
    return event.occurred_on, event.decided_by, event.document


def _outcome(decided: list[tuple[Event, Line]]) -> Outcome:
    row = decided[0][1]
    return Outcome(commitment=row.id, title=row.title, what=", ".join(_decided(event) for event, _ in decided))


def _decided(event: Event) -> str:
    """What an event decides, in words: that of the decision, where it only notes it."""
    if event.kind is EventKind.EXTENDED:
        return f"new deadline {event.date}"
    if event.kind is not EventKind.NOTE:
        return event.kind.replace("_", " ")
    ruling = meant(event.note.partition(":")[0])
    return ruling.value if ruling else event.note or "noted"
