"""The command that takes register files in: import."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click

from commitments import exchange, register
from commitments.exchange.mapping import ColumnMap, read_mapping
from commitments.intake import Draft, Intake, Outcome
from commitments.problem import Problem
from commitments.source import RefusedError
from engine import schedule
from engine.cli.output import Day, Failed, actor_option, number, tell_problems, workspace_option
from engine.cli.progress import bar
from engine.cli.reading import today
from engine.grow import grow
from engine.session import Session, open_session

MOST = 100
"""More problems than these are counted, not shown."""


@click.command("import")
@workspace_option
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--map", "mapping", type=click.Path(path_type=Path), help="What the columns of a table are, in a file.")
@click.option("--sheet", metavar="NAME", help="Which sheet of a workbook; the first where this is left out.")
@click.option("--dry-run", is_flag=True, help="Say what would be taken in, line by line, and take nothing in.")
@click.option("--as-of", type=Day(), metavar="DATE", help="Leave out what happened after that day.")
@actor_option
def import_command(
    folder: Path,
    files: tuple[Path, ...],
    mapping: Path | None,
    sheet: str | None,
    dry_run: bool,
    as_of: date | None,
    actor: str,
) -> None:
    """Take register files in: YAML, JSON, JSON lines, CSV or XLSX. Taking in the same file twice changes nothing.

    Undertakings in the open data of the Tweede Kamer (JSON) and written questions of the UK Parliament as mySociety
    publishes them (CSV) are known by their form.
    """
    complaints, columns = Complaints(), _columns(mapping) if mapping else None
    with open_session(folder) as session:
        for file in files:
            with bar(file.name) as progress:
                found = exchange.stream(file, columns, sheet, progress)
                intake = take_in(session, found, as_of or today(session), complaints, actor=actor, dry_run=dry_run)
            if intake:
                click.echo(f"{file}: {intake}")
    complaints.close()


def _columns(file: Path) -> ColumnMap:
    columns, problems = read_mapping(file)
    tell_problems(problems)
    if columns is None:
        raise Failed
    return columns


@dataclass
class Complaints:
    """The problems of an import, told as they are met: the first hundred of them, the others counted."""

    told: int = 0
    errors: int = 0

    def tell(self, problems: Iterable[Problem]) -> None:
        """Tell some problems."""
        for problem in problems:
            self.told += 1
            self.errors += problem.level == "error"
            if self.told <= MOST:
                tell_problems([problem])

    def close(self) -> None:
        """Say how many more there are; raises Failed where there were errors."""
        if self.told > MOST:
            more = number(self.told - MOST, "more problem")
            click.echo(f"gestand: {more} not shown; mend the first, and import again", err=True)
        if self.errors:
            raise Failed


def take_in(
    session: Session,
    found: Iterable[Draft | Problem],
    day: date,
    complaints: Complaints,
    *,
    actor: str,
    dry_run: bool = False,
) -> Intake | None:
    """Bring the cycles up to date, then take in what a file holds, as far as it had happened by `day`.

    None where nothing of the file may be used: then nothing was written.
    """

    def tell(outcomes: Sequence[Outcome]) -> None:
        complaints.tell(problem for outcome in outcomes for problem in outcome.problems)
        if dry_run:
            click.echo("".join(f"{line}\n" for outcome in outcomes for line in outcome.lines), nl=False)

    now = schedule.now()
    try:
        with session.store.writing() as tx:
            grow(tx, session.workspace.book, today=day, at=now)
            drafts = _drafts(found, complaints)
            return register.take_in(tx, drafts, today=day, at=now, actor=actor, dry_run=dry_run, tell=tell)
    except RefusedError as refused:
        complaints.tell([refused.problem])
        return None


def _drafts(found: Iterable[Draft | Problem], complaints: Complaints) -> Iterator[Draft]:
    for one in found:
        if isinstance(one, Problem):
            complaints.tell([one])
        else:
            yield one
