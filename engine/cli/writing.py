"""The commands that write down what happened: record, and undo for what did not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import click
from pydantic import ValidationError

from commitments.model.commitment import Event, EventKind
from commitments.model.dates import Window, real
from commitments.reading.fit import close
from engine.cli.completing import complete_ids
from engine.cli.output import Day, EntryNumber, Words, actor_option, say, workspace_option
from engine.cli.reading import today
from engine.recording.record import DATED, RECORDABLE, Written, record, undo
from engine.session import open_session


class EventWord(click.Choice[str]):
    """What happened, on the command line: a word of RECORDABLE; a hyphen does for its underscore."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word that was meant."""
        word = value.replace("-", "_").lower()
        if word not in self.choices:
            hint = close(word, self.choices) or f"write one of {', '.join(self.choices)}"
            self.fail(f"{value!r} is no event; {hint}", param, ctx)
        return word


def _tell(written: Iterable[Written]) -> None:
    for one in written:
        what = one.event.kind.replace("_", " ") + (f" #{one.event.undoes}" if one.event.undoes else "")
        say(f"written down as ledger #{one.entry.seq}: {one.identifier} {what} on {one.event.occurred_on}")


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
        written = record(session, identifiers, happened, actor=actor)
    _tell(written)


# ------------------------------------------------------------------------------------------------- undo


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
        written = undo(session, numbers, actor=actor, **words)
    _tell(written)


# ------------------------------------------------------------------------------------------------- what is written


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
