"""The commands that write: import and record."""

from __future__ import annotations

import getpass
from datetime import date
from pathlib import Path

import click
from pydantic import ValidationError

from commitments import exchange, register
from commitments.dates import NotADateError, Window
from commitments.exchange.mapping import ColumnMap, read_mapping
from commitments.model import Event, EventKind
from commitments.register import Draft
from commitments.trouble import TroubleError
from engine import schedule
from engine.cli.output import Day, Failed, tell_problems, workspace_option
from engine.cli.reading import find, today
from engine.grow import grow
from engine.session import Session, open_session

actor_option = click.option(
    "--actor", default=getpass.getuser, show_default="you", help="Who the ledger says wrote it down."
)


@click.command("import")
@workspace_option
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--map", "mapping", type=click.Path(path_type=Path), help="What the columns of a CSV are, in a file.")
@click.option("--dry-run", is_flag=True, help="Say what would be taken in, line by line, and take nothing in.")
@click.option("--as-of", type=Day(), metavar="DATE", help="Leave out what happened after that day.")
@actor_option
def import_command(
    folder: Path, files: tuple[Path, ...], mapping: Path | None, dry_run: bool, as_of: date | None, actor: str
) -> None:
    """Take register files in: YAML, JSON or CSV. Taking in the same file twice changes nothing.

    Undertakings in the open data of the Tweede Kamer (JSON) and written questions of the UK Parliament as mySociety
    publishes them (CSV) are known by their form.
    """
    problems, columns = 0, _columns(mapping) if mapping else None
    with open_session(folder) as session:
        for file in files:
            drafts, found = exchange.read(file, columns)
            problems += tell_problems(found)
            intake = take_in(session, drafts, as_of or today(session), actor=actor, dry_run=dry_run)
            problems += tell_problems(intake.problems)
            if dry_run:
                click.echo("".join(f"{line}\n" for line in intake.difference), nl=False)
            click.echo(f"{file}: {intake}")
    if problems:
        raise Failed


def _columns(file: Path) -> ColumnMap:
    columns, problems = read_mapping(file)
    tell_problems(problems)
    if columns is None:
        raise Failed
    return columns


def take_in(
    session: Session, drafts: tuple[Draft, ...], day: date, *, actor: str, dry_run: bool = False
) -> register.Intake:
    """Bring the cycles up to date, then take drafts in, as far as they had happened by `day`."""
    now = schedule.now()
    with session.store.writing() as tx:
        grow(tx, session.workspace.book, today=day, at=now)
        return register.take_in(tx, drafts, today=day, at=now, actor=actor, dry_run=dry_run)


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
