"""Follow-ups enter the register: where an event makes the next commitment and there is none, it is made, once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final

from commitments.ledger.register import (
    ACTOR,
    append,
    record,
    records,
)
from commitments.model.commitment import Event
from commitments.model.record import Record
from commitments.store import Connection
from engine.assessment.assess import Assessor
from engine.assessment.consequences import FOLLOW_UP, follow_ups
from engine.assessment.setbacks import Setbacks, keep, kept

_KIND: Final = "what follows from "
"""How the name of a commitment begins of which it cannot be told what follows."""
MOST_DEEP: Final = 10
"""How many commitments may follow from one another."""


def follow(tx: Connection, assessor: Assessor, found: Sequence[str], *, today: date, at: datetime) -> list[str]:
    """Make what follows from the events of these commitments; the ids of those that were made."""
    if not assessor.book.follow_ups:
        return []
    written: list[str] = []
    waiting, setbacks = found, Setbacks()
    tried = [one.what for one in kept(tx, kind=_KIND) if one.what.removeprefix(_KIND) in waiting]
    while made := dict(_missing(tx, assessor, setbacks, records(tx, waiting), today)):
        append(tx, made.items(), at=at, actor=ACTOR)
        written += made
        waiting = list(made)
    keep(tx, tried, setbacks.met)
    return written


def _missing(
    tx: Connection, assessor: Assessor, setbacks: Setbacks, found: Iterable[Record], today: date
) -> Iterator[tuple[str, Event]]:
    for first in found:
        for event in _following(assessor, setbacks, first, today):
            wanted = event.commitment.id if event.commitment else ""
            if record(tx, wanted) is None and _depth(tx, first) < MOST_DEEP:
                yield wanted, event


def _following(assessor: Assessor, setbacks: Setbacks, first: Record, today: date) -> list[Event]:
    """What the events of a commitment make; nothing where that cannot be told, which is told of."""
    return setbacks.tried(f"{_KIND}{first.commitment.id}", lambda: list(follow_ups(assessor, first, today))) or []


def _depth(tx: Connection, found: Record) -> int:
    """How many follow-ups led to a commitment; packs that follow one another in a circle end here."""
    depth, last = 0, found
    while depth < MOST_DEEP and _followed(last) and last.commitment.parent:
        before = record(tx, last.commitment.parent)
        if before is None:
            break
        depth, last = depth + 1, before
    return depth


def _followed(found: Record) -> bool:
    made = found.history[0]
    return made.actor == ACTOR and made.event.document.startswith(FOLLOW_UP)
