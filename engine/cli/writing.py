"""The command that writes down what happened: record."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
from pydantic import ValidationError

from commitments import register
from commitments.dates import NotADateError, Window
from commitments.model import Event, EventKind
from commitments.trouble import TroubleError
from engine import schedule
from engine.cli.output import Day, actor_option, workspace_option
from engine.cli.reading import find, today
from engine.session import open_session

RECORDABLE = [kind.value for kind in EventKind if kind not in {EventKind.MADE, EventKind.AMENDED}]


class RefusedEventError(TroubleError):
    """An event that makes no sense for a commitment as it is."""

    def __init__(self, identifier: str, reason: str) -> None:
        super().__init__(f"nothing was written down for {identifier}: {reason}")


@click.command("record")
@workspace_option
@click.argument("event", type=click.Choice(RECORDABLE), metavar="EVENT")
@click.argument("identifier", metavar="ID")
@click.option("--on", "occurred_on", type=Day(), metavar="DATE", help="The day it happened; today if left out.")
@click.option(
    "--to",
    "new_date",
    metavar="DATE",
    help="The new deadline (extended), the anchor's date (anchored), the last day (snoozed).",
)
@click.option("--anchor", default="", help="Which anchor got a date (anchored).")
@click.option("--document", default="", help="The document that shows it.")
@click.option("--decided-by", default="", help="Who decided it, where.")
@click.option("--note", default="", help="Anything else worth keeping.")
@actor_option
def record_command(
    folder: Path, event: str, identifier: str, occurred_on: date | None, new_date: str | None, actor: str, **words: str
) -> None:
    """Write down what happened to a commitment.

    EVENT is one of: fulfilled, partly_fulfilled, extended, delay_notice, anchored, suspended, resumed, withdrawn,
    lapsed, reopened, acknowledged, snoozed, note.
    """
    with open_session(folder) as session:
        known = find(session, identifier)
        day = occurred_on or today(session)
        happened = _event(EventKind(event), day, new_date, words)
        reason = register.allowed(known, happened, today(session))
        if reason:
            raise RefusedEventError(identifier, reason)
        with session.store.writing() as tx:
            (entry,) = register.append(tx, [(identifier, happened)], at=schedule.now(), actor=actor)
    click.echo(f"written down as ledger #{entry.seq}: {identifier} {event.replace('_', ' ')} on {day}")


DATED = (EventKind.EXTENDED, EventKind.ANCHORED, EventKind.SNOOZED)
"""The events that have a date besides the day on which they happened."""


def _event(kind: EventKind, day: date, new_date: str | None, words: dict[str, str]) -> Event:
    if new_date and kind not in DATED:
        raise click.UsageError(f"--to does not belong to {kind}: it is for {', '.join(DATED)}")
    if words["anchor"] and kind is not EventKind.ANCHORED:
        raise click.UsageError(f"--anchor does not belong to {kind}: it is for anchored")
    try:
        window = Window.parse(new_date) if new_date else None
        return Event(kind=kind, occurred_on=day, date=window, **words)
    except NotADateError as error:
        raise click.BadParameter(str(error), param_hint="--to") from error
    except ValidationError as error:
        raise click.UsageError(
            "; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())
        ) from error
