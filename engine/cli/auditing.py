"""The command that accounts for fulfilled against pending: audit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import click

from commitments import audit
from commitments.audit import Audit, Tally
from commitments.model import Status
from engine.cli.output import as_path, table, workspace_option
from engine.cli.reading import as_of_option, line, opened, today
from engine.session import Session, audited
from rules.calendar import spoken

FORMS: dict[str, Callable[[Audit], str]] = {
    "markdown": audit.to_markdown,
    "csv": audit.to_csv,
    "json": audit.to_json,
}


@click.command("audit")
@workspace_option
@click.option("--format", "form", type=click.Choice(["terminal", *FORMS]), default="terminal", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@as_of_option
def audit_command(folder: Path, form: str, output: Path | None, as_of: date | None) -> None:
    """Account for fulfilled against pending: how much, how late, by whom."""
    with opened(folder) as session:
        report = make_audit(session, as_of or today(session))
    if form == "terminal" and output is None:
        _tell_audit(report)
        return
    text = FORMS["markdown" if form == "terminal" else form](report)
    if output is None:
        click.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8", newline="")
    click.echo(f"written to {as_path(output)}", err=True)


def make_audit(session: Session, day: date) -> Audit:
    """The account of the whole register as of a day."""
    return audit.audit(audited(session.assessments(day)), as_of=day, head=session.head())


def _tell_audit(report: Audit) -> None:
    click.echo(f"as of {spoken(report.as_of)}: {audit.summary(report)}")
    if not report.rows:
        return
    head = ("", "all", "in time", "late", "median late", "open", "overdue", "awaited", "undated", "on time")
    for title, groups in (("owed by", report.by), ("owed to", report.to)):
        click.echo(f"\n{title}")
        table(head, [_party(name, group) for name, group in groups])
    pressing = [row for row in report.rows if row.standing.status is Status.OVERDUE]
    if pressing:
        click.echo("\noverdue")
        table(("commitment", "title", "owed by", "due", "status"), [line(row) for row in pressing], wide="title")
    click.echo(f"\nledger head {report.head}; every row: gestand audit --format markdown|csv|json")


def _party(name: str, group: Tally) -> tuple[str, ...]:
    return (name, *audit.party_figures(group))
