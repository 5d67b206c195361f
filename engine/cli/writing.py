"""The commands that write down what happened: record, and undo for what did not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import click
from pydantic import ValidationError

from commitments.ledger import register
from commitments.ledger.chain import Entry
from commitments.ledger.transitions import refusals
from commitments.model.commitment import Event, EventKind
from commitments.model.dates import Window, real
from commitments.reading.fit import close
from commitments.trouble import TroubleError
from engine.cli.completing import complete_ids
from engine.cli.output import Day, EntryNumber, Words, actor_option, say, workspace_option
from engine.cli.reading import today, unknown
from engine.session import Session, open_session

_NOT_BY_HAND = {EventKind.MADE, EventKind.AMENDED, EventKind.UNDONE}
RECORDABLE = [kind.value for kind in EventKind if kind not in _NOT_BY_HAND]


class EventWord(click.Choice[str]):
    """What happened, on the command line: a word of RECORDABLE; a hyphen does for its underscore."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word that was meant."""
        word = value.replace("-", "_").lower()
        if word not in self.choices:
            hint = close(word, self.choices) or f"write one of {', '.join(self.choices)}"
            self.fail(f"{value!r} is no event; {hint}", param, ctx)
        return word


class RefusedEventsError(TroubleError):
    """Events that make no sense for their commitments as they are: none was written down."""

    def __init__(self, reasons: Sequence[tuple[str, str]]) -> None:
        self.reasons = tuple(reasons)
        if len(self.reasons) == 1:
            super().__init__("nothing was written down for {}: {}".format(*self.reasons[0]))
            return
        told = "\n".join(f"  {identifier}: {reason}" for identifier, reason in self.reasons)
        super().__init__(f"nothing was written down\n{told}")


def write_down(session: Session, events: Sequence[tuple[str, Event]], *, actor: str) -> list[Entry]:
    """Append events, each with the id of its commitment, all or none; the entries they became.

    Raises RefusedEventsError, which tells of every one that cannot have happened.
    """
    with session.store.writing() as tx:
        known = {one.commitment.id: one for one in register.records(tx, [identifier for identifier, _ in events])}
        refused = [(events[at][0], reason) for at, reason in refusals(known, events, today(session))]
        told = [(name, unknown(tx, name) if name not in known else reason) for name, reason in refused]
        if told:
            raise RefusedEventsError(told)
        return register.append(tx, events, at=session.now(), actor=actor)


def _tell(entries: Iterable[Entry], events: Iterable[tuple[str, Event]]) -> None:
    for entry, (identifier, event) in zip(entries, events, strict=True):
        what = event.kind.replace("_", " ") + (f" #{event.undoes}" if event.undoes else "")
        say(f"written down as ledger #{entry.seq}: {identifier} {what} on {event.occurred_on}")


@click.command("record")
@workspace_option
@click.argument("event", type=EventWord(RECORDABLE), metavar="EVENT")
@click.argument("identifiers", metavar="ID…", nargs=-1, required=True, shell_complete=complete_ids)
@click.option("--on", "occurred_on", type=Day(), metavar="DATE", help="The day it happened; today if left out.")
@click.option(
    "--to",
    "new_date",
    metavar="DATE",
    help="The new deadline (extended), the anchor's date (anchored), the last day (snoozed).",
)
@click.option("--anchor", default="", help="Which anchor got a date (anchored).")
@click.option("--document", type=Words(), default="", help="The document that shows it.")
@click.option("--decided-by", type=Words(), default="", help="Who decided it, where.")
@click.option("--note", type=Words(), default="", help="Anything else worth keeping.")
@actor_option
def record_command(
    folder: Path,
    event: str,
    identifiers: tuple[str, ...],
    occurred_on: date | None,
    new_date: str | None,
    actor: str,
    **words: str,
) -> None:
    """Write down what happened to a commitment, or to several: one letter may fulfil many. All are written, or none.

    EVENT is one of: fulfilled, partly_fulfilled, extended, delay_notice, anchored, suspended, resumed, withdrawn,
    lapsed, reopened, acknowledged, snoozed, note.
    """
    with open_session(folder) as session:
        happened = _event(EventKind(event), occurred_on or today(session), new_date, words)
        events = [(identifier, happened) for identifier in dict.fromkeys(identifiers)]
        entries = write_down(session, events, actor=actor)
    _tell(entries, events)


# ------------------------------------------------------------------------------------------------- undo


class NoSuchEntryError(TroubleError):
    """An entry that is none of the ledger's, or no event of a commitment."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"nothing was undone: {reason}; `gestand show ID` gives the numbers of its events")


@click.command("undo")
@workspace_option
@click.argument("numbers", type=EntryNumber(), nargs=-1, required=True, metavar="#SEQ…")
@click.option("--note", type=Words(), required=True, help="Why: what was wrong with it.")
@click.option("--document", type=Words(), default="", help="The document that shows it.")
@click.option("--decided-by", type=Words(), default="", help="Who decided it, where.")
@actor_option
def undo_command(folder: Path, numbers: tuple[int, ...], actor: str, **words: str) -> None:
    """Say that an entry of the ledger did not happen, or not as it was recorded.

    #SEQ is the entry's number, as `gestand show` has it; 12 does for '#12'. Several are undone together, or none. The
    entry stays in the ledger, marked, and nothing counts it any more; --known-at still shows what was known before. To
    take an undoing back, undo that.
    """
    with open_session(folder) as session:
        day = today(session)
        wrong = sorted(dict.fromkeys(numbers), reverse=True)  # the last first: it may lean on those before it
        events = [
            (_commitment_of(session, seq), Event(kind=EventKind.UNDONE, occurred_on=day, undoes=seq, **words))
            for seq in wrong
        ]
        entries = write_down(session, events, actor=actor)
    _tell(entries, events)


def _commitment_of(session: Session, seq: int) -> str:
    """The id of the commitment whose event an entry of the ledger is."""
    with session.store.reading() as tx:
        entry = register.entry(tx, seq)
    if entry is None:
        raise NoSuchEntryError(f"the ledger has no entry #{seq}")
    if entry.commitment is None or entry.kind not in list(EventKind):
        raise NoSuchEntryError(f"#{seq} is no event of a commitment, but {entry.kind.replace('_', ' ')}")
    return entry.commitment


# ------------------------------------------------------------------------------------------------- what is written


DATED = (EventKind.EXTENDED, EventKind.ANCHORED, EventKind.SNOOZED)
"""The events that have a date besides the day on which they happened."""


def _event(kind: EventKind, day: date, new_date: str | None, words: dict[str, str]) -> Event:
    if new_date and kind not in DATED:
        raise click.UsageError(f"--to does not belong to {kind}: it is for {', '.join(DATED)}")
    if words["anchor"] and kind is not EventKind.ANCHORED:
        raise click.UsageError(f"--anchor does not belong to {kind}: it is for anchored")
    try:
        window = real(Window.parse(new_date)) if new_date else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--to") from error
    try:
        return Event(kind=kind, occurred_on=day, date=window, **words)
    except ValidationError as error:
        raise click.UsageError(
            "; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())
        ) from error
