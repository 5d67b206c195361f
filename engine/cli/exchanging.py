"""The command that hands the register out: export, as a register file or as the ledger itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click

from commitments import exchange
from commitments.exchange.table import unsaid
from commitments.ledger import register
from commitments.ledger.chain import Entry, canonical
from commitments.ledger.moments import Known
from commitments.model.record import Record
from commitments.store import Connection
from engine.assessment.assess import Assessment
from engine.calendars.feed import feed
from engine.checking.verify import ledger_of
from engine.cli.output import hand_out, number, say, tell_damage, workspace_option
from engine.cli.reading import filter_options, fits, opened, when, when_options
from engine.session import Session, audited


@click.command("export")
@workspace_option
@click.option(
    "--format", "form", type=click.Choice([*exchange.WRITERS, "xlsx", "ics"]), default="yaml", show_default=True
)
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

    ics is no register file but a calendar: each deadline that has a date, as an all-day event and a to-do. With
    --ledger the entries themselves; docs/ledger.md says how anyone can check them.
    """
    if whole_ledger and (as_of or known_at or any(filters.values())):
        raise click.UsageError(
            "a ledger with gaps cannot be checked: use --ledger without --as-of, --known-at and filters"
        )
    if form == "xlsx" and output is None and sys.stdout.isatty():
        raise click.UsageError("a workbook is not for a terminal: name a file with -o, or pass it on")
    with opened(folder) as session, session.store.reading() as tx:
        found = ledger_of(tx)
        if whole_ledger:
            hand_out((_plain_line(entry) for entry in register.entries(tx)), output)
        else:
            day, moment = when(session, as_of, known_at)
            _write(_Chosen(session, tx, day, moment, filters, found.leaving_out), form, output)
    for identifier in sorted(found.leaving_out) if not whole_ledger else ():
        say(f"gestand: {identifier} is left out, for not all of its entries can be read", err=True)
    tell_damage([] if found.kept else [*([] if found.verdict.ok else [found.verdict]), *found.damage])


def _plain_line(entry: Entry) -> bytes:
    """An entry as a line of JSON; what is no text though it should be, as far as it can be read as one."""
    values = {name: _text(value) for name, value in entry._asdict().items()}
    return f"{canonical(values)}\n".encode("utf-8", "replace")


def _text(value: object) -> object:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _write(records: _Chosen, form: str, output: Path | None) -> None:
    """Write the records in a form, and say how many events it has no place for."""
    if form == "ics":
        setbacks = records.session.assessor.setbacks
        hand_out([feed(records.session.workspace, records.assessments(), records.day, "", setbacks)], output)
        return
    hand_out(exchange.written(form, records), output, as_csv=form == "csv")
    if form in exchange.TABLES and (missing := sum(map(unsaid, records))):
        told = f"{number(missing, 'event')} left out, for which {form.upper()} has no place; YAML has"
        say(f"gestand: {told}", err=True)


@dataclass(frozen=True)
class _Chosen:
    """The records that pass the filters, as they were at the end of a day; read anew whenever they are gone through."""

    session: Session
    tx: Connection
    day: date
    known: Known | None
    filters: dict[str, Any]
    leaving_out: frozenset[str]

    def __iter__(self) -> Iterator[Record]:
        if any(self.filters.values()):
            return (assessment.record for assessment in self.assessments())
        readable = register.readable(self.tx, self.leaving_out)
        there = (record.as_of(self.day, self.known) for record in readable)
        return (record for record in there if record is not None)

    def assessments(self) -> Iterator[Assessment]:
        """Where each of them stood then."""
        for record in register.readable(self.tx, self.leaving_out):
            assessment = self.session.assessor.on(record, self.day, self.known)
            if assessment is not None and fits(*audited([assessment]), **self.filters):
                yield assessment
