"""What the commands say and how: tables, problems, failures. Colour and tables only where a person is looking."""

from __future__ import annotations

import codecs
import csv
import errno
import fcntl
import getpass
import io
import json
import os
import re
import shutil
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, TextIO

import click

from commitments.reading.formats import FORMATS
from commitments.reading.problem import Problem
from commitments.reading.replacing import replace
from commitments.trouble import TroubleError

NARROW = 120
"""In fewer columns than these every cell of a table may fold."""
MANY = 200
"""More rows than these are printed without a table's trimmings."""


class Failed(click.exceptions.Exit):
    """The command said what is wrong, and leaves with 1."""

    def __init__(self) -> None:
        super().__init__(1)


class UnwritableError(TroubleError):
    """What a command says has nowhere to go."""

    def __str__(self) -> str:
        return "standard output is open for reading only, so nothing was done; send it to a terminal, a file or a pipe"


def ready_streams() -> None:
    """Make both streams such that any text can be said: no command stops halfway for want of a place or a character.

    A stream that was closed says nothing to nobody.
    """
    for at, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is None or (name == "stderr" and _only_read(stream)):
            setattr(sys, name, _nowhere(at))
        elif isinstance(stream, io.TextIOWrapper):
            _take_any_text(stream)
    if _only_read(sys.stdout):
        raise UnwritableError


def _take_any_text(stream: io.TextIOWrapper) -> None:
    """ASCII is what a system says that was told of no language: UTF-8 then. What another encoding lacks becomes a ?."""
    encoding = codecs.lookup(stream.encoding).name
    if encoding == "ascii":
        stream.reconfigure(encoding="utf-8", errors="replace")
    elif encoding != "utf-8":
        stream.reconfigure(errors="replace")


def _nowhere(at: int) -> io.TextIOWrapper:
    """A stream that forgets what it is told, under the number that the closed one had: no other file may get it."""
    opened = os.open(os.devnull, os.O_RDWR)
    if opened != at:
        os.dup2(opened, at)
        os.close(opened)
    return open(at, "w", encoding="utf-8", errors="replace", closefd=False)


def _only_read(stream: TextIO) -> bool:
    """Whether a stream is a file that was opened for reading only."""
    try:
        return fcntl.fcntl(stream.fileno(), fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    except OSError:
        return False


def tell_failure(error: BaseException) -> int:
    """Say what went wrong in a sentence and return the exit status: 1 expected, 2 usage, 130 interrupted, 3 a bug."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    if isinstance(error, click.ClickException):
        told = io.StringIO()
        error.show(file=told)
        say(*told.getvalue().splitlines(), err=True)
        return error.exit_code
    if isinstance(error, KeyboardInterrupt | click.Abort):
        click.echo("interrupted", err=True)
        return 130
    if sentence := _expected(error):
        say(*f"gestand: {sentence}".split("\n"), err=True)
        return 1
    traceback.print_exception(error)
    click.echo("gestand: this is a mistake of ours; please send us the lines above and what you were doing", err=True)
    return 3


def _expected(error: BaseException) -> str:
    """What went wrong, where that is none of our mistakes; empty else."""
    if isinstance(error, UnicodeEncodeError) and error.encoding == "utf-8":
        return "what was asked for is not UTF-8, as all that the register holds is"
    if isinstance(error, OSError):
        return _refusal(error)
    return str(error) if isinstance(error, TroubleError) else ""


_OURS = {errno.EBADF, errno.EINVAL, errno.EFAULT}
"""What the system says of a call that no program should make."""
_LONGEST_NAME = 80


def _refusal(error: OSError) -> str:
    """What the system refused to do with a file or folder, and the way out; empty where the call was wrong itself."""
    if error.errno is None or error.errno in _OURS:
        return ""
    said = os.strerror(error.errno)
    if error.filename is None:
        return f"the system refused ({said}); nothing more was done"
    name = os.fsdecode(error.filename) if isinstance(error.filename, bytes | str) else str(error.filename)
    shown = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    return f"{shown} cannot be used ({said}); name another, or make that one usable and try again"


def tell_problems(problems: Iterable[Problem], form: str = "text") -> int:
    """Print every problem with its place, and return how many errors there were.

    Text goes where complaints go; the forms that programs read are the output.
    """
    found = list(problems)
    text = FORMATS[form](found)
    if form == "text":
        say(*text.splitlines(), err=True)
    else:
        hand_over(text)
    return sum(problem.level == "error" for problem in found)


def tell_damage(found: Iterable[object]) -> None:
    """Name what of the register is damaged, beside what was said of the rest, and leave with 1 where anything is."""
    damage = list(found)
    for one in damage:
        say(f"gestand: {one}", err=True)
    if damage:
        raise Failed


format_option = click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="How mistakes are written: for people, or for the program that asks.",
)


class Words(click.ParamType[str]):
    """A text on the command line, as the register can hold it."""

    name = "text"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text that was written."""
        from commitments.model.commitment import LONGEST_TEXT  # noqa: PLC0415 (pydantic is loaded only where a text is read)

        text = str(value)
        if len(text) > LONGEST_TEXT:
            self.fail(f"this is longer than {LONGEST_TEXT} characters", param, ctx)
        if any("\ud800" <= character <= "\udfff" for character in text):
            self.fail(f"{text!r} is not written in UTF-8", param, ctx)
        return text


def _user() -> str:
    """The name of the user who runs the command, or the number where the system knows no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


actor_option = click.option(
    "--actor", type=Words(), default=_user, show_default="you", help="Who the ledger says wrote it down."
)


def number(count: int, noun: str, plural: str = "") -> str:
    """A number with its noun: 1 problem, 2 problems; `plural` where an s does not make it."""
    return f"{count} {noun}" if count == 1 else f"{count} {plural or f'{noun}s'}"


def write_json(value: object) -> None:
    """Print a value as JSON."""
    hand_over(f"{json.dumps(value, ensure_ascii=False, indent=2, default=str)}\n")


_STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""What ends a line, moves the cursor, turns the direction of text round, hides in it, or is no character at all."""
_IN_DOCUMENTS = re.compile(f"(?!\r\n|\n|\t){_STEERING.pattern}")


def visible(text: str) -> str:
    r"""A text on one line, with marks for what would steer a terminal: who wrote it need not be a friend.

    >>> visible("a title\nby somebody\x1b[2J")
    'a title␊by somebody␛[2J'
    """
    return _STEERING.sub(_mark, text)


def harmless_page(document: str) -> str:
    """A page for people with marks for what would steer who reads it, but for the ends of its lines."""
    return _IN_DOCUMENTS.sub(_mark, document)


def _mark(found: re.Match[str]) -> str:
    """The control picture of a character (Unicode block 2400); the replacement character for one that has none."""
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else "\N{REPLACEMENT CHARACTER}"


def say(*lines: str, err: bool = False, struck: bool = False) -> None:
    """Print lines for people. No text in a line can end it or steer the terminal."""
    for line in lines:
        click.echo(click.style(visible(line), strikethrough=True) if struck else visible(line), err=err)


def hand_over(document: str | bytes) -> None:
    """Print a document to the byte; on a terminal with marks for what would steer it, but for the ends of its lines."""
    octets = document.encode() if isinstance(document, str) else document
    if sys.stdout.isatty():
        click.echo(harmless_page(octets.decode("utf-8", "replace")), nl=False)
    else:
        click.echo(octets, nl=False)


def hand_over_csv(document: str) -> None:
    """Print CSV to the byte; on a terminal with marks in its cells, so that each row is one line."""
    if not sys.stdout.isatty():
        hand_over(document)
        return
    out = io.StringIO()
    csv.writer(out).writerows([visible(cell) for cell in row] for row in csv.reader(io.StringIO(document, newline="")))
    hand_over(out.getvalue())


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, wide: str = "") -> None:
    """Print rows under a head, fitted to the terminal; the column `wide` is the one that folds.

    The first column is what people copy: it stays in one piece. Many rows are laid out plainly, and `wide` is cut: a
    terminal cannot show them at once, and a pipe wants them soon.
    """
    rows = [[visible(cell) for cell in row] for row in rows]
    if len(rows) > MANY:
        _plain_table(head, rows, wide)
        return
    from rich import box  # noqa: PLC0415 (loaded only where a table is printed)
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 160
    console = Console(soft_wrap=False, width=width, highlight=False)
    cells = [[_at_slashes(cell) if console.width < NARROW else cell for cell in row] for row in rows]
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name, width in zip(head, _widths(head, cells, wide, console.width), strict=True):
        grid.add_column(name, overflow="fold", width=width)
    for row in cells:
        grid.add_row(*(_plain(cell) for cell in row))
    console.print(grid)


def _widths(head: Sequence[str], rows: Sequence[Sequence[str]], wide: str, room: int) -> list[int]:
    """How wide each column is: as wide as it wants, else `wide` folds first, then the widest, the first column last."""
    columns = list(zip(head, *rows, strict=True))
    widths = [max(_longest(cell, "\n") for cell in cells) for cells in columns]
    words = [min(max(_longest(cell) for cell in cells), _PIECE) for cells in columns]
    words[0] = min(widths[0], _WHOLE)
    thirds = [24 if name == wide else width for name, width in zip(head, widths, strict=True)]
    for least in (thirds, words, [1] * len(head)):
        while sum(widths) + 3 * (len(head) - 1) > room and (
            spare := [n for n, width in enumerate(widths) if width > least[n]]
        ):
            widths[max(spare, key=widths.__getitem__)] -= 1
    return widths


def _longest(text: str, between: str | None = None) -> int:
    return max(map(len, text.split(between)), default=0)


_WHOLE = 20
"""The longest name in a first column that is never folded."""
_PIECE = 16
"""The longest word in another."""


def _at_slashes(cell: str) -> str:
    """A party's long path over several lines, broken where it has a slash; other texts as they are."""
    if "/" not in cell or len(cell) <= _PIECE:
        return cell
    lines = [""]
    for piece in re.findall(r"[^/]*/?", cell):
        if lines[-1] and len(lines[-1]) + len(piece) > _PIECE:
            lines.append("")
        lines[-1] += piece
    return "\n".join(line.strip() for line in lines)


def _plain_table(head: Sequence[str], rows: Sequence[Sequence[str]], wide: str) -> None:
    if wide in head and sys.stdout.isatty():
        rows = _cut(head.index(wide), head, rows, shutil.get_terminal_size().columns)
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ("   ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in (head, *rows))
    say(*(line.rstrip() for line in lines))


def _cut(column: int, head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    """The rows with the texts of one column cut so that, if that is enough, a row fits its line."""
    others = sum(max(map(len, cells)) + 3 for n, cells in enumerate(zip(head, *rows, strict=True)) if n != column)
    room = max(16, width - others)
    return [
        [cell if n != column or len(cell) <= room else f"{cell[: room - 1]}…" for n, cell in enumerate(row)]
        for row in rows
    ]


def _plain(cell: str) -> Any:  # noqa: ANN401 (rich's own type, loaded late)
    from rich.text import Text  # noqa: PLC0415

    return Text(cell)


class Day(click.ParamType[date]):
    """A day on the command line: 2018-08-10."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The day that was written."""
        from commitments.model.dates import as_day  # noqa: PLC0415 (pydantic is loaded only where a day is read)

        if isinstance(value, date):
            return value
        try:
            return as_day(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a day; write one such as 2018-08-10", param, ctx)


class PartyName(click.ParamType[str]):
    """A party on the command line: nl/eerste-kamer, in whatever case, with a slash behind it or not."""

    name = "party"

    def convert(self, value: object, _param: click.Parameter | None, _ctx: click.Context | None) -> str:
        """The party as the register has it."""
        return str(value).lower().rstrip("/")


class EntryNumber(click.ParamType[int]):
    """The number of an entry of the ledger, on the command line: 12 or #12."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number that was written."""
        text = str(value).removeprefix("#")
        if not (text.isascii() and text.isdecimal() and len(text) <= 18 and int(text)):
            self.fail(f"{value!r} is not the number of an entry; write one such as #12", param, ctx)
        return int(text)


def workspace_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the folder of the workspace as its first argument."""
    return click.pass_obj(command)


def save(pieces: Iterable[bytes], output: Path) -> None:
    """Write a file that was asked for, whole or not at all; a complaint where that cannot be done, or may not."""
    try:
        if output.is_file() and _holds_a_register(output):
            raise click.FileError(str(output), "a register is kept there, and was left as it is; name another file")
        replace(output, pieces)
    except OSError as error:
        raise click.FileError(str(output), error.strerror) from error


def _holds_a_register(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def hand_out(pieces: Iterable[bytes], output: Path | None, *, as_csv: bool = False) -> None:
    """Write what was asked for into a file and say so, or print it where none was named."""
    if output is None and as_csv and sys.stdout.isatty():
        hand_over_csv(b"".join(pieces).decode("utf-8", "replace"))
        return
    if output is None:
        for piece in pieces:
            hand_over(piece)
        return
    save(pieces, output)
    say(f"written to {as_path(output)}", err=True)


def as_path(folder: Path) -> str:
    """A folder as it is best named to the one who called: relative where it lies below."""
    try:
        return str(Path(os.path.realpath(folder)).relative_to(Path.cwd()))
    except ValueError:
        return str(folder)
