"""What changed between two days: what is new, settled, overdue, open again, dated otherwise, or undone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from commitments.ledger.moments import Known
from commitments.model.commitment import (
    Commitment,
    Event,
    EventKind,
    Standing,
    Status,
)
from commitments.model.dates import Window
from commitments.model.record import Record, Recorded
from engine.answers import explain
from engine.assessment.assess import Assessment, Assessor
from rules.calendars.calendar import spoken


@dataclass(frozen=True, kw_only=True)
class When:
    """The end of a day, as far as it was known at a moment; as far as it is known at all where there is none."""

    day: date
    known: Known | None = None


class Change(StrEnum):
    """What can differ between two days, in the order in which people want to read it."""

    NEW = "new"
    OVERDUE = "became overdue"
    AWAITED = "became awaited"
    MOVED = "moved"
    REOPENED = "open again"
    PARTLY = "partly fulfilled"
    IN_TIME = "fulfilled in time"
    LATE = "fulfilled late"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    AMENDED = "amended"
    UNDONE = "undone"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that changed: how the commitment stood before (None: there was none) and stands after.

    `entry` is what brought it about, None where only the days went by; `void` is what it undoes, if it does.
    """

    change: Change
    commitment: Commitment
    before: Standing | None
    after: Standing
    entry: Recorded | None = None
    void: Event | None = None

    @property
    def moved(self) -> tuple[Window | None, Window | None]:
        """The deadline before and after."""
        return self.before.current if self.before else None, self.after.current


def differences(assessor: Assessor, records: Iterable[Record], first: When, last: When) -> Iterator[Difference]:
    """What differs between the end of two days, commitment by commitment, in the order of the records."""
    for record in records:
        yield from _differences(assessor, record, first, last)


def _differences(assessor: Assessor, record: Record, first: When, last: When) -> Iterator[Difference]:
    before = assessor.on(record, first.day, first.known)
    then = record.as_of(last.day, last.known)
    if then is None:
        return
    fresh = _fresh(before, then, first, last)
    if before is not None and not fresh and not _reached(before.next_change, last.day):
        return
    after = assessor.on(then, last.day)
    if after is None:
        return
    for change, entry in _changes(before, after, fresh):
        yield Difference(
            change=change,
            commitment=after.record.commitment,
            before=before.standing if before else None,
            after=after.standing,
            entry=entry,
            void=_void(record, entry),
        )


def _reached(day: date | None, last: date) -> bool:
    """Whether a day has come on which something differs by itself."""
    return day is not None and day <= last


def _fresh(before: Assessment | None, then: Record, first: When, last: When) -> list[Recorded]:
    """The entries that the later record has and the earlier has not; undoings of these days, for both know of them."""
    known = {entry.seq for entry in before.record.history} if before else set[int]()
    return [
        entry
        for entry in then.history
        if entry.seq not in known
        or (entry.event.kind is EventKind.UNDONE and first.day < entry.event.occurred_on <= last.day)
    ]


_SETTLED = {
    Status.FULFILLED: Change.IN_TIME,
    Status.FULFILLED_LATE: Change.LATE,
    Status.WITHDRAWN: Change.WITHDRAWN,
    Status.LAPSED: Change.LAPSED,
}
_PASSED = {Status.OVERDUE: Change.OVERDUE, Status.AWAITED: Change.AWAITED}


def _changes(
    before: Assessment | None, after: Assessment, fresh: list[Recorded]
) -> Iterator[tuple[Change, Recorded | None]]:
    was, now = before.standing.status if before else None, after.standing.status
    if before is None:
        yield Change.NEW, after.record.history[0]
    elif before.standing.current != after.standing.current:
        yield Change.MOVED, _mover(after, fresh)
    if was != now and now in _PASSED:
        yield _PASSED[now], None
    if was != now and now in _SETTLED:
        yield _SETTLED[now], after.record.settled
    if was is not None and was.settled and not now.settled:
        yield Change.REOPENED, _last(fresh, EventKind.REOPENED) or _last(fresh, EventKind.UNDONE)
    if after.standing.partly and not (before and before.standing.partly):
        yield Change.PARTLY, _last(list(after.record.valid), EventKind.PARTLY_FULFILLED)
    if before and (amended := _last(fresh, EventKind.AMENDED)):
        yield Change.AMENDED, amended
    yield from ((Change.UNDONE, entry) for entry in fresh if before and entry.event.kind is EventKind.UNDONE)


def _mover(after: Assessment, fresh: list[Recorded]) -> Recorded | None:
    """The entry that moved the deadline: the last of its moves, or an undoing or an amendment, if it is new."""
    governing = after.governing
    moves = [after.entry(move) for move in governing.moves] if governing else []
    if moves and moves[-1] in fresh:
        return moves[-1]
    return _last(fresh, EventKind.UNDONE) or _last(fresh, EventKind.AMENDED)


def _last(entries: list[Recorded], kind: EventKind) -> Recorded | None:
    return next((entry for entry in reversed(entries) if entry.event.kind is kind), None)


def _void(record: Record, entry: Recorded | None) -> Event | None:
    """What an undoing undoes, None for another entry."""
    if entry is None or entry.event.undoes is None:
        return None
    return next((one.event for one in record.history if one.seq == entry.event.undoes), None)


# ------------------------------------------------------------------------------------------------- told


def told(one: Difference) -> str:
    """What changed, in a few words."""
    if one.change is Change.MOVED:
        before, after = (_window(window) for window in one.moved)
        return f"from {before} to {after}{_origin(one.entry)}"
    if one.change is Change.UNDONE and one.void:
        return f"{one.void.kind.replace('_', ' ')} of {spoken(one.void.occurred_on)}{_origin(one.entry)}"
    if one.change in {Change.OVERDUE, Change.AWAITED, Change.NEW}:
        due = f", due {_window(one.after.current)}" if one.after.current else ""
        return f"{explain.verdict(one.after)}{due}"
    if one.change in {Change.REOPENED, Change.AMENDED, Change.PARTLY}:
        day = f"on {spoken(one.entry.event.occurred_on)}" if one.entry else ""
        return f"{day}{_origin(one.entry)}".strip()
    return f"{explain.verdict(one.after)}{_origin(one.entry)}"


def _window(window: Window | None) -> str:
    return explain.spoken_window(window) if window else "not known"


def _origin(entry: Recorded | None) -> str:
    """Who or what brought it about, and where that stands in the ledger."""
    if entry is None:
        return ""
    event = entry.event
    parts = (event.decided_by, event.document, event.note, f"ledger #{entry.seq}")
    return f" ({', '.join(part for part in parts if part)})"
