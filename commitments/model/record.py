"""A commitment with all that befell it, as the ledger holds it; what is drawn from that is drawn here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

from commitments.ledger.moments import Known
from commitments.model.commitment import Commitment, Event, EventKind
from commitments.model.dates import Window


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """An event as the ledger holds it: its place, when it was written down, and by whom."""

    event: Event
    seq: int
    recorded_at: datetime
    actor: str


class Unread(NamedTuple):
    """An entry of the ledger that cannot be read: its number, when it was written down (None: nobody knows), and why.

    On which day it happened is not known either, so it stands in the way of every day.
    """

    seq: int
    recorded_at: datetime | None
    reason: str

    def __str__(self) -> str:
        return f"entry #{self.seq} of the ledger cannot be read: {self.reason}"


_OF_ALL_DAYS = frozenset({EventKind.MADE, EventKind.UNDONE})
"""What a record keeps whatever the day: that there is such a commitment, and which entries are void."""


@dataclass(frozen=True)
class Record:
    """A commitment and all that befell it, in the order it was recorded.

    `history` is what the ledger holds, mistakes included; everything else is drawn from `valid`. What of it cannot be
    read is `unread`: then nobody knows what became of the commitment.
    """

    history: tuple[Recorded, ...]
    unread: tuple[Unread, ...] = ()

    def as_of(self, day: date | None = None, known: Known | None = None) -> Record | None:
        """The record of what had happened by the end of `day`, as far as it was `known` at a moment.

        An undoing speaks of every day, but only from the moment it was written down. None where the commitment did not
        yet exist, or was not yet known.
        """
        there, unread = self.history, self.unread
        if known is not None:
            there = tuple(entry for entry in there if entry.seq <= known.last)
            unread = tuple(one for one in unread if one.seq <= known.last)
        if not any(entry.event.kind is EventKind.MADE for entry in there):
            return None
        whole = len(there) == len(self.history) and len(unread) == len(self.unread)
        then = self if whole else Record(there, unread)
        if day is None or all(entry.event.occurred_on <= day for entry in there):
            return then
        if then.since > day:
            return None
        return Record(tuple(e for e in there if e.event.occurred_on <= day or e.event.kind in _OF_ALL_DAYS), unread)

    @property
    def revision(self) -> int:
        """How many entries the commitment has since it was made: grows with each, and never falls."""
        return len(self.history) - 1

    @property
    def changed_at(self) -> datetime:
        """When the last entry was written down."""
        return self.history[-1].recorded_at

    @cached_property
    def since(self) -> date:
        """The day it was made; where no source tells, the first on which it must have existed."""
        made = next(entry.event for entry in self.history if entry.event.kind is EventKind.MADE)
        if made.commitment and made.commitment.made:
            return made.occurred_on
        return min(entry.event.occurred_on for entry in self.valid)

    def followed_by(self, event: Event, at: datetime) -> Record:
        """The record as it would be if an event were written down next, at that moment."""
        entry = Recorded(event=event, seq=self.history[-1].seq + 1, recorded_at=at, actor="")
        return Record((*self.history, entry), self.unread)

    @cached_property
    def void(self) -> Mapping[int, Recorded]:
        """The entries that are undone, by their numbers, each with the entry that undoes it."""
        found: dict[int, Recorded] = {}
        for entry in reversed(self.history):
            if entry.event.undoes is not None and entry.seq not in found:
                found[entry.event.undoes] = entry
        return found

    @cached_property
    def valid(self) -> tuple[Recorded, ...]:
        """The entries that hold, in the order they were recorded: neither undone nor the undoing of another."""
        if not any(entry.event.kind is EventKind.UNDONE for entry in self.history):
            return self.history
        return tuple(
            entry for entry in self.history if entry.seq not in self.void and entry.event.kind is not EventKind.UNDONE
        )

    @cached_property
    def commitment(self) -> Commitment:
        """The commitment as last amended."""
        told = (entry.event.commitment for entry in (*reversed(self.valid), *reversed(self.history)))
        return next(commitment for commitment in told if commitment is not None)

    @property
    def obscure(self) -> tuple[Unread, ...]:
        """What cannot be read and was not undone: while there is any, nobody knows what became of the commitment."""
        return tuple(one for one in self.unread if one.seq not in self.void) if self.unread else ()

    @cached_property
    def recorded_at(self) -> datetime:
        """When the commitment was first written down."""
        return self.history[0].recorded_at

    @cached_property
    def anchors(self) -> dict[str, Window]:
        """The anchors with their latest dates."""
        later = {e.event.anchor: e.event.date for e in self.of(EventKind.ANCHORED) if e.event.date}
        return self.commitment.anchors | later

    @cached_property
    def settled(self) -> Recorded | None:
        """The event that settled the commitment, where it was not reopened since."""
        turns = [e for e in self.in_order if e.event.kind.settles or e.event.kind is EventKind.REOPENED]
        return turns[-1] if turns and turns[-1].event.kind.settles else None

    @cached_property
    def suspended(self) -> Recorded | None:
        """The event that stopped the clock, while it stands still."""
        turns = [e for e in self.in_order if e.event.kind in {EventKind.SUSPENDED, EventKind.RESUMED}]
        return turns[-1] if turns and turns[-1].event.kind is EventKind.SUSPENDED else None

    @cached_property
    def partly(self) -> bool:
        """Whether part of what was owed was delivered."""
        return any(self.of(EventKind.PARTLY_FULFILLED))

    @cached_property
    def in_order(self) -> tuple[Recorded, ...]:
        """The events in the order in which they happened."""
        return tuple(sorted(self.valid, key=lambda entry: (entry.event.occurred_on, entry.seq)))

    def of(self, *kinds: EventKind) -> Iterable[Recorded]:
        """The events of these kinds, in the order they were recorded."""
        return (entry for entry in self.valid if entry.event.kind in kinds)
