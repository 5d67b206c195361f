"""What the commands say and how: tables, problems, failures. Colour and tables only where a person is looking."""

from __future__ import annotations

import getpass
import json
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from commitments.formats import FORMATS
from commitments.problem import Problem
from commitments.trouble import TroubleError

NARROW = 120
"""In fewer columns than these every cell of a table may fold."""
MANY = 200
"""More rows than these are printed without a table's trimmings."""


class Failed(click.exceptions.Exit):
    """The command said what is wrong, and leaves with 1."""

    def __init__(self) -> None:
        super().__init__(1)


def tell_failure(error: BaseException) -> int:
    """Say what went wrong in a sentence and return the exit status: 1 expected, 2 usage, 130 interrupted, 3 a bug."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, KeyboardInterrupt | click.Abort):
        click.echo("interrupted", err=True)
        return 130
    if isinstance(error, TroubleError):
        click.echo(f"gestand: {error}", err=True)
        return 1
    traceback.print_exception(error)
    click.echo("gestand: this is a mistake of ours; please send us the lines above and what you were doing", err=True)
    return 3


def tell_problems(problems: Iterable[Problem], form: str = "text") -> int:
    """Print every problem with its place, and return how many errors there were.

    Text goes where complaints go; the forms that programs read are the output.
    """
    found = list(problems)
    click.echo(FORMATS[form](found), nl=False, err=form == "text")
    return sum(problem.level == "error" for problem in found)


format_option = click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="How mistakes are written: for people, or for the program that asks.",
)


actor_option = click.option(
    "--actor", default=getpass.getuser, show_default="you", help="Who the ledger says wrote it down."
)


def number(count: int, noun: str, plural: str = "") -> str:
    """A number with its noun: 1 problem, 2 problems; `plural` where an s does not make it."""
    return f"{count} {noun}" if count == 1 else f"{count} {plural or f'{noun}s'}"


def write_json(value: object) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, wide: str = "") -> None:
    """Print rows under a head, fitted to the terminal; the column `wide` is the one that folds.

    Many rows are laid out plainly: a terminal cannot show them at once, and a pipe wants them soon.
    """
    if len(rows) > MANY:
        _plain_table(head, rows)
        return
    from rich import box  # noqa: PLC0415 (loaded only where a table is printed)
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    console = Console(soft_wrap=False, width=None if sys.stdout.isatty() else 160, highlight=False)
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    narrow = console.width < NARROW
    for name in head:
        grid.add_column(
            name, overflow="fold", min_width=16 if name == wide else None, no_wrap=not narrow and name != wide
        )
    for row in rows:
        grid.add_row(*(_plain(cell) for cell in row))
    console.print(grid)


def _plain_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ("   ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in (head, *rows))
    click.echo("\n".join(line.rstrip() for line in lines))


def _plain(cell: str) -> Any:  # noqa: ANN401 (rich's own type, loaded late)
    from rich.text import Text  # noqa: PLC0415

    return Text(cell)


class Day(click.ParamType[date]):
    """A day on the command line: 2018-08-10."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day that was written."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a day; write one such as 2018-08-10", param, ctx)


def workspace_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the folder of the workspace as its first argument."""
    return click.pass_obj(command)


def as_path(folder: Path) -> str:
    """A folder as it is best named to the one who called: relative where it lies below."""
    try:
        return str(folder.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(folder)
