"""Cycles enter the register: what should exist by now and does not is made, and what moved is dated anew.

A date that people recorded beats the one a pack knows; a date that moved moves what is derived from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import partial
from typing import Final

from commitments.ledger.register import ACTOR, append, record
from commitments.model.commitment import Commitment, Event, EventKind
from commitments.model.dates import Window
from commitments.model.record import Record
from commitments.store import Connection
from engine.assessment.setbacks import Setbacks, keep, kept
from rules.counting.cycle import (
    Edition,
    derived_commitment,
    editions,
    main_commitment,
    name,
)
from rules.pack.book import RuleBook
from rules.pack.pack import Cycle, Pack

_KIND: Final = "the cycle "
"""How the name of a cycle begins that goes wrong."""


def grow(tx: Connection, book: RuleBook, *, today: date, at: datetime) -> int:
    """Bring the register up to what the cycles say there should be on `today`; how many entries that took.

    A cycle that goes wrong is told of (engine.assessment.setbacks), and the others go on.
    """
    written, setbacks = 0, Setbacks()
    for pack, cycle in book.cycles:
        turned = partial(_turned, tx, pack, cycle, today=today, at=at)
        written += setbacks.tried(f"{_KIND}{name(pack, cycle)}", turned) or 0
    keep(tx, [one.what for one in kept(tx, kind=_KIND)], setbacks.met)
    return written


def _turned(tx: Connection, pack: Pack, cycle: Cycle, *, today: date, at: datetime) -> int:
    """Bring the register up to what one cycle says."""
    held = partial(_held, tx, cycle)
    return sum(_turn(tx, pack, cycle, edition, today=today, at=at) for edition in editions(cycle, today, held))


def _held(tx: Connection, cycle: Cycle, label: str) -> Window | None:
    """When an edition was held, if it was."""
    known = record(tx, f"{cycle.id}-{label}")
    return known.anchors.get(cycle.id) if known and known.settled else None


def _turn(tx: Connection, pack: Pack, cycle: Cycle, edition: Edition, *, today: date, at: datetime) -> int:
    main = main_commitment(pack, cycle, edition)
    events = list(_due_events(record(tx, main.id), main, pack, today))
    append(tx, [(main.id, event) for event in events], at=at, actor=ACTOR)
    known = record(tx, main.id)
    held = known.anchors.get(cycle.id, edition.window) if known else edition.window
    for derived in cycle.derived:
        wanted = derived_commitment(pack, cycle, derived, edition, held)
        further = [(wanted.id, event) for event in _due_events(record(tx, wanted.id), wanted, pack, today)]
        append(tx, further, at=at, actor=ACTOR)
        events += [event for _, event in further]
    return len(events)


def _due_events(known: Record | None, wanted: Commitment, pack: Pack, today: date) -> Iterator[Event]:
    """What is missing in the register: the commitment itself, or the present date of one of its anchors."""
    if known is None:
        first = min(window.earliest for window in wanted.anchors.values())
        made = wanted.made or min(first, today)
        yield Event(kind=EventKind.MADE, occurred_on=made, commitment=wanted, document=f"pack {pack.pack}")
        return
    if known.obscure or known.settled is not None or known.commitment.cycle != wanted.cycle:
        return
    for anchor, window in wanted.anchors.items():
        if known.anchors.get(anchor) != window and not _dated_by_people(known, anchor):
            yield _dated(anchor, window, today, pack)


def _dated_by_people(known: Record, anchor: str) -> bool:
    dated = known.of(EventKind.ANCHORED)
    return any(entry.event.anchor == anchor and entry.actor != ACTOR for entry in dated)


def _dated(anchor: str, window: Window, today: date, pack: Pack) -> Event:
    return Event(kind=EventKind.ANCHORED, occurred_on=today, anchor=anchor, date=window, document=f"pack {pack.pack}")
