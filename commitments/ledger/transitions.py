"""Which events make sense for a commitment as it is; the register refuses the others, with a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime

from commitments.model.commitment import Event, EventKind, misnamed
from commitments.model.record import Record

_ALWAYS = frozenset({EventKind.NOTE, EventKind.AMENDED, EventKind.MADE})


def allowed(record: Record | None, event: Event, today: date) -> str:
    """Why an event cannot be taken in on `today`; empty where it can.

    Events may be recorded late: what counts is the order of the days on which they happened.
    """
    if event.occurred_on > today:
        return f"{event.occurred_on} is in the future"
    if record is None:
        return "" if event.kind is EventKind.MADE else "there is no such commitment"
    if event.kind is EventKind.MADE:
        return "it exists already"
    if event.kind is EventKind.ANCHORED and (reason := misnamed(event.anchor)):
        return reason
    if event.undoes is not None:
        return _cannot_undo(record, event.undoes) or _nonsense_without(record, event, event.undoes)
    return _known_otherwise(record, event) or _out_of_order(record, event)


def _known_otherwise(record: Record, event: Event) -> str:
    """What the record says already, or says against the day of an event."""
    if same := next((entry for entry in record.valid if entry.event == event), None):
        return f"that is written down already, as ledger #{same.seq}"
    made = record.commitment.made
    if made and event.occurred_on < made:
        return f"{event.occurred_on} is before {made}, the day it was made"
    return ""


def _out_of_order(record: Record, event: Event) -> str:
    before = [entry.event for entry in record.in_order]
    after = sorted([*before, event], key=lambda one: one.occurred_on)
    return "" if _nonsense(before) else _nonsense(after)


def refusals(
    known: Mapping[str, Record], events: Iterable[tuple[str, Event]], today: date
) -> Iterator[tuple[int, str]]:
    """Which of these events, taken in one after another, cannot be taken in: their numbers, from 0, and why."""
    records = dict(known)
    for number, (identifier, event) in enumerate(events):
        record = records.get(identifier)
        if reason := allowed(record, event, today):
            yield number, reason
        elif record:
            records[identifier] = record.followed_by(event, _UNWRITTEN)


def _cannot_undo(record: Record, seq: int) -> str:
    """Why an entry is not one that can be undone; empty where it is."""
    entry = next((entry for entry in record.history if entry.seq == seq), None)
    if entry is None and any(one.seq == seq for one in record.obscure):
        return ""
    if entry is None:
        there = ", ".join(f"#{one.seq}" for one in record.history)
        return f"#{seq} is no event of it; its events are {there}"
    if seq in record.void:
        return f"#{seq} is undone already, by #{record.void[seq].seq}"
    if entry.event.kind is EventKind.MADE:
        return "that it was made cannot be undone; record withdrawn where nothing is expected"
    return ""


def _nonsense_without(record: Record, event: Event, seq: int) -> str:
    """What else could not have happened, if an entry is void."""
    before = _nonsense(entry.event for entry in record.in_order)
    reason = _nonsense(entry.event for entry in record.followed_by(event, _UNWRITTEN).in_order)
    return f"without #{seq}: {reason}; undo what came after it first" if reason and not before else ""


_UNWRITTEN = datetime.max.replace(tzinfo=UTC)
"""When an event is written down that is only thought of yet."""


def _nonsense(events: Iterable[Event]) -> str:
    """The first thing that cannot have happened in this order, as a sentence."""
    settled: Event | None = None
    stopped: Event | None = None
    for event in events:
        if reason := _refusal(event, settled, stopped):
            return reason
        if event.kind.settles:
            settled = event
        if event.kind is EventKind.REOPENED:
            settled = None
        if event.kind in {EventKind.SUSPENDED, EventKind.RESUMED}:
            stopped = event if event.kind is EventKind.SUSPENDED else None
    return ""


def _refusal(event: Event, settled: Event | None, stopped: Event | None) -> str:
    if event.kind in _ALWAYS:
        return ""
    word = _spoken(event.kind)
    if event.kind is EventKind.REOPENED:
        return "" if settled else f"on {event.occurred_on} it was open, so it cannot be reopened then"
    if settled:
        was = f"it was {_spoken(settled.kind)} on {settled.occurred_on}"
        return f"{was}, so it cannot be {word} on {event.occurred_on}; if that was undone, record reopened first"
    if event.kind is EventKind.SUSPENDED and stopped:
        return f"it is suspended since {stopped.occurred_on}; record resumed first"
    if event.kind is EventKind.RESUMED and not stopped:
        return f"it was not suspended, so it cannot be resumed on {event.occurred_on}"
    return ""


def _spoken(kind: EventKind) -> str:
    if kind is EventKind.DELAY_NOTICE:
        return "announced as delayed"
    return kind.replace("_", " ")
