"""Writing down what happened to commitments, and undoing what did not: all that is asked for at once, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from commitments.ledger import register
from commitments.ledger.chain import Entry
from commitments.ledger.similar import unknown
from commitments.ledger.transitions import refusals
from commitments.model.commitment import Event, EventKind
from commitments.trouble import TroubleError
from engine.session import Session

_NOT_BY_HAND = {EventKind.MADE, EventKind.AMENDED, EventKind.UNDONE}
RECORDABLE = [kind.value for kind in EventKind if kind not in _NOT_BY_HAND]
"""The events that people write down themselves."""
DATED = (EventKind.EXTENDED, EventKind.ANCHORED, EventKind.SNOOZED)
"""The events that have a date besides the day on which they happened."""


class RefusedEventsError(TroubleError):
    """Events that make no sense for their commitments as they are: none was written down."""

    def __init__(self, reasons: Sequence[tuple[str, str]]) -> None:
        self.reasons = tuple(reasons)
        if len(self.reasons) == 1:
            super().__init__("nothing was written down for {}: {}".format(*self.reasons[0]))
            return
        told = "\n".join(f"  {identifier}: {reason}" for identifier, reason in self.reasons)
        super().__init__(f"nothing was written down\n{told}")


class NoSuchEntryError(TroubleError):
    """An entry that is none of the ledger's, or no event of a commitment."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"nothing was undone: {reason}; `gestand show ID` gives the numbers of its events")


@dataclass(frozen=True)
class Written:
    """An event that was written down: of which commitment it is, and the entry of the ledger that it became."""

    identifier: str
    event: Event
    entry: Entry


def record(session: Session, identifiers: Iterable[str], event: Event, *, actor: str) -> list[Written]:
    """Write down that the same happened to some commitments, to each once, to all or none; what was written.

    Raises RefusedEventsError, which tells of every one to which it cannot have happened.
    """
    return write_down(session, [(identifier, event) for identifier in dict.fromkeys(identifiers)], actor=actor)


def undo(session: Session, numbers: Iterable[int], *, actor: str, **words: str) -> list[Written]:
    """Write down that entries of the ledger did not happen as recorded, all or none, the last first; what was written.

    `words` are the note, the document and who decided it. Raises NoSuchEntryError where a number is that of no event,
    and RefusedEventsError.
    """
    day = session.today()
    wrong = sorted(dict.fromkeys(numbers), reverse=True)  # the last first: it may lean on those before it
    events = [
        (_commitment_of(session, seq), Event(kind=EventKind.UNDONE, occurred_on=day, undoes=seq, **words))
        for seq in wrong
    ]
    return write_down(session, events, actor=actor)


def write_down(session: Session, events: Sequence[tuple[str, Event]], *, actor: str) -> list[Written]:
    """Append events, each with the id of its commitment, all or none; what was written, in their order.

    Raises RefusedEventsError, which tells of every one that cannot have happened.
    """
    with session.store.writing() as tx:
        known = {one.commitment.id: one for one in register.records(tx, [identifier for identifier, _ in events])}
        refused = [(events[at][0], reason) for at, reason in refusals(known, events, session.today())]
        told = [(name, unknown(tx, name) if name not in known else reason) for name, reason in refused]
        if told:
            raise RefusedEventsError(told)
        entries = register.append(tx, events, at=session.now(), actor=actor)
    return [Written(*event, entry) for event, entry in zip(events, entries, strict=True)]


def _commitment_of(session: Session, seq: int) -> str:
    """The id of the commitment whose event an entry of the ledger is."""
    with session.store.reading() as tx:
        entry = register.entry(tx, seq)
    if entry is None:
        raise NoSuchEntryError(f"the ledger has no entry #{seq}")
    if entry.commitment is None or entry.kind not in list(EventKind):
        raise NoSuchEntryError(f"#{seq} is no event of a commitment, but {entry.kind.replace('_', ' ')}")
    return entry.commitment
