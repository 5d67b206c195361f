"""The command that lists commitments and where they stand: list."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from commitments import audit
from commitments.listing import Wanted
from engine import schedule
from engine.cli.output import number, table, workspace_option, write_json
from engine.cli.reading import filter_options, fits, json_option, line, opened, spoken_when, today, when, when_options
from engine.session import audited


@click.command("list")
@workspace_option
@filter_options
@when_options
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV, for a spreadsheet.")
def list_command(
    folder: Path,
    as_of: date | None,
    known_at: date | None,
    as_json: bool,
    as_csv: bool,
    **filters: Any,  # noqa: ANN401
) -> None:
    """List commitments and where they stand, the most pressing first."""
    with opened(folder) as session:
        day, moment = when(session, as_of, known_at)
        if moment is None and day == today(session):
            rows = session.listed(schedule.now(), Wanted(**filters))
        else:
            rows = [row for row in audited(session.assessments(day, moment)) if fits(row, **filters)]
    report = audit.audit(rows, as_of=day, head="")
    if as_json:
        write_json([audit.cells(row) for row in report.rows])
    elif as_csv:
        click.echo(audit.to_csv(report), nl=False)
    elif rows:
        head = ("commitment", "title", "owed by", "due", "status")
        table(head, [line(row) for row in report.rows], wide="title")
        click.echo(f"\n{number(len(rows), 'commitment')} {spoken_when(day, moment)}")
    else:
        click.echo("no commitments" + (" fit; leave a filter out" if any(filters.values()) else _nothing_yet()))


def _nothing_yet() -> str:
    return " yet; take a register file in with `gestand import FILE`"
