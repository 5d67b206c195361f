"""The command that takes register files in: import."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from commitments import exchange, register
from commitments.exchange.mapping import ColumnMap, read_mapping
from commitments.register import Draft
from engine import schedule
from engine.cli.output import Day, Failed, actor_option, tell_problems, workspace_option
from engine.cli.reading import today
from engine.grow import grow
from engine.session import Session, open_session


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
