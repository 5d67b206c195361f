"""The command that lists commitments and where they stand: list."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from commitments import audit
from commitments.audit import Audited
from commitments.exchange.formula import Value, shown
from commitments.ledger import register
from commitments.ledger.moments import Known
from commitments.model.dates import Window
from engine.answers import explain
from engine.checking.replay import altered
from engine.cli.output import hand_over_csv, number, say, table, tell_damage, workspace_option, write_json
from engine.cli.reading import (
    close_word,
    fail_unassessed,
    filter_options,
    json_option,
    opened,
    spoken_when,
    today,
    wanted,
    when,
    when_options,
)
from engine.session import Session, audited

PLAIN = (*audit.COLUMNS[:7], "made", *audit.COLUMNS[7:])
"""The columns for programs."""
SHORT: Mapping[str, str] = {
    "due": "current_due",
    "original": "original_due",
    "late": "days_late_current",
    "settled": "settled_on",
}
"""What columns are called besides."""
USUAL = ("id", "title", "by", "current_due", "status")
"""The columns for people who ask for none."""
HEADS: Mapping[str, str] = {
    "id": "commitment",
    "by": "owed by",
    "to": "owed to",
    "current_due": "due",
    "original_due": "first due",
    "days_late_current": "days late",
    "days_late_original": "days late, first date",
    "settled_on": "settled",
}
"""The heads of columns, where their names say too little to people."""
SORTS: Mapping[str, Callable[[Audited], Any]] = {
    "due": lambda row: row.standing.current.latest if row.standing.current else None,
    "late": lambda row: audit.cells(row)["days_late_current"],
    "id": lambda row: row.commitment.id,
    "by": lambda row: row.commitment.by,
    "status": lambda row: (*audit.OPEN_ORDER, *audit.SETTLED_ORDER).index(row.standing.status),
    "made": lambda row: row.commitment.made,
}
"""What a list can be sorted by."""


class Order(click.ParamType[tuple[str, bool]]):
    """What to sort by, on the command line, and whether backwards: due, -late."""

    name = "order"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, bool]:
        """The name of what to sort by, and whether the other way round."""
        word = str(value).removeprefix("-")
        if word not in SORTS:
            self.fail(f"{value!r} is nothing to sort by; {close_word(word, SORTS)}", param, ctx)
        return word, str(value).startswith("-")


class Columns(click.ParamType[tuple[str, ...]]):
    """The names of columns, on the command line: id,title,due."""

    name = "columns"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """The columns' full names."""
        words = [word.strip() for word in str(value).split(",") if word.strip()]
        for word in words:
            if word not in {*PLAIN, *SHORT}:
                self.fail(f"{word!r} is no column; {close_word(word, (*PLAIN, *SHORT))}", param, ctx)
        return tuple(dict.fromkeys(SHORT.get(word, word) for word in words))


@click.command("list")
@workspace_option
@filter_options
@when_options
@click.option("--sort", "order", type=Order(), metavar="BY",
              help=f"Sort by {', '.join(SORTS)}; -late is backwards. The most pressing first without it.")  # fmt: skip
@click.option("--columns", type=Columns(), metavar="NAMES", help=f"Which columns, by comma: {', '.join(PLAIN)}.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="No more than the first N.")
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV, for a spreadsheet.")
def list_command(
    folder: Path,
    as_of: date | None,
    known_at: date | None,
    order: tuple[str, bool] | None,
    columns: tuple[str, ...] | None,
    limit: int | None,
    as_json: bool,
    as_csv: bool,
    **filters: Any,  # noqa: ANN401 - click hands on what `wanted` takes
) -> None:
    """List commitments and where they stand, the most pressing first."""
    if as_json and as_csv:
        raise click.UsageError("--json and --csv are two forms: ask for one")
    with opened(folder) as session:
        day, moment = when(session, as_of, known_at)
        another_hand = _altered(session) if moment is None and day == today(session) else ""
        found = sorted_by(_found(session, day, moment, filters), order)
    rows = found[:limit]
    if as_json:
        write_json([plain(row, columns or audit.COLUMNS) for row in rows])
    elif as_csv:
        hand_over_csv(_csv(rows, columns or audit.COLUMNS))
    elif rows:
        names = columns or USUAL
        table(
            [HEADS.get(name, name.replace("_", " ")) for name in names],
            [_cells(row, names) for row in rows],
            wide="title",
        )
        count = number(len(found), "commitment")
        say("", f"{f'{len(rows)} of ' if len(rows) < len(found) else ''}{count} {spoken_when(day, moment)}")
    else:
        say(_nothing(day, moment, asked=as_of is not None or moment is not None, narrowed=any(filters.values())))
    tell_damage([f"{another_hand}; gestand verify says what differs"] if another_hand else [])
    fail_unassessed(session)


_FEW = 20_000
"""In a list of a register of no more than so many it is asked whether another hand wrote in the projection."""


def _altered(session: Session) -> str:
    with session.store.reading() as tx:
        few = len(register.ids(tx, "", _FEW + 1)) <= _FEW
        return str((altered(tx, session.workspace, session.assessor) if few else None) or "")


def _found(session: Session, day: date, moment: Known | None, filters: dict[str, Any]) -> list[Audited]:
    """What is asked for: of today out of the projection, of another day or moment out of the ledger."""
    asked = wanted(**filters)
    if moment is None and day == today(session):
        return session.listed(session.now(), asked)
    rows = audited(session.assessments(day, moment))
    return [row for row in rows if asked.fits(row.commitment, row.standing)]


def _nothing(day: date, moment: Known | None, *, asked: bool, narrowed: bool) -> str:
    if narrowed:
        return "no commitments fit; leave a filter out"
    if asked:
        return f"no commitments {spoken_when(day, moment)}; `gestand list` by itself shows those of today"
    return "no commitments yet; take a register file in with `gestand import FILE`"


def sorted_by(rows: Iterable[Audited], order: tuple[str, bool] | None) -> list[Audited]:
    """The rows in an order, what it says nothing of last; the most pressing first where none is asked for."""
    if order is None:
        return audit.pressing(rows)
    key, backwards = SORTS[order[0]], order[1]
    ordered = sorted(rows, key=lambda row: row.commitment.id)
    said = sorted((row for row in ordered if key(row) is not None), key=key, reverse=backwards)
    return [*said, *(row for row in ordered if key(row) is None)]


def plain(row: Audited, columns: Sequence[str]) -> dict[str, Value]:
    """A row as plain values, by column."""
    values: dict[str, Value] = {
        **audit.cells(row),
        "made": row.commitment.made.isoformat() if row.commitment.made else None,
    }
    return {name: values[name] for name in columns}


def _csv(rows: Iterable[Audited], columns: Sequence[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([shown(value) for value in plain(row, columns).values()] for row in rows)
    return out.getvalue()


_SPOKEN: Mapping[str, Callable[[Audited], str]] = {
    "id": lambda row: row.commitment.id,
    "title": lambda row: row.commitment.title,
    "kind": lambda row: row.commitment.kind,
    "by": lambda row: ", ".join(row.commitment.by),
    "to": lambda row: ", ".join(row.commitment.to),
    "current_due": lambda row: _due(row.standing.current),
    "original_due": lambda row: _due(row.standing.original),
    "status": lambda row: explain.verdict(row.standing),
    "partly": lambda row: "yes" if row.standing.partly else "no",
}
"""How a column is said to people, where it is not just its plain value."""


def _due(window: Window | None) -> str:
    return explain.spoken_window(window) if window else "–"


def _cells(row: Audited, columns: Sequence[str]) -> tuple[str, ...]:
    """A row for people: dates with their weekdays, and how late in words."""
    return tuple(_SPOKEN[name](row) if name in _SPOKEN else _said(row, name) for name in columns)


def _said(row: Audited, column: str) -> str:
    value = plain(row, (column,))[column]
    return "–" if value in (None, "") else str(value)
