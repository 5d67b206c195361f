"""The command that hands the register out: export, as a register file or as the ledger itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from commitments import exchange, register
from commitments.exchange.table import unsaid
from commitments.ledger import canonical
from commitments.model import Record
from engine.cli.output import as_path, number, workspace_option
from engine.cli.reading import filter_options, fits, opened, when, when_options
from engine.session import Session, audited


@click.command("export")
@workspace_option
@click.option("--format", "form", type=click.Choice(list(exchange.WRITERS)), default="yaml", show_default=True)
@click.option("--ledger", "whole_ledger", is_flag=True, help="Write every entry of the ledger, a line of JSON each.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@filter_options
@when_options
def export_command(
    folder: Path,
    form: str,
    whole_ledger: bool,
    output: Path | None,
    as_of: date | None,
    known_at: date | None,
    **filters: Any,  # noqa: ANN401 - click hands on what `fits` takes
) -> None:
    """Write the register as a register file: taken in by an empty register, it gives the same one.

    With --ledger the entries themselves; docs/ledger.md says how anyone can check them.
    """
    if whole_ledger and (as_of or known_at or any(filters.values())):
        raise click.UsageError(
            "a ledger with gaps cannot be checked: use --ledger without --as-of, --known-at and filters"
        )
    with opened(folder) as session:
        if whole_ledger:
            _write(_lines(session), output)
            return
        records = list(_chosen(session, *when(session, as_of, known_at), filters))
    _write(exchange.WRITERS[form](records), output)
    if form == "csv" and (missing := sum(map(unsaid, records))):
        click.echo(f"gestand: {number(missing, 'event')} left out, for which CSV has no place; YAML has", err=True)


def _chosen(session: Session, day: date, known_at: datetime | None, filters: dict[str, Any]) -> Iterator[Record]:
    assessments = session.assessments(day, known_at)
    for assessment, row in zip(assessments, audited(assessments), strict=True):
        if fits(row, **filters):
            yield assessment.record


def _lines(session: Session) -> Iterator[str]:
    with session.store.reading() as tx:
        yield from (f"{canonical(asdict(entry))}\n" for entry in register.entries(tx))


def _write(pieces: Iterable[str], output: Path | None) -> None:
    if output is None:
        for piece in pieces:
            click.echo(piece, nl=False)
        return
    try:
        with output.open("w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
    except OSError as error:
        raise click.FileError(str(output), error.strerror) from error
    click.echo(f"written to {as_path(output)}", err=True)
