"""Register files in XLSX, the only home of openpyxl: the sheet is the table that CSV holds, days are days.

`archive` has gone through the workbook before it is opened here. A problem names sheet, row and column letter.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from commitments.exchange.archive import Archive, checked
from commitments.exchange.formula import looks_hidden, runs
from commitments.exchange.lines import Progress, silent
from commitments.exchange.mapping import ColumnMap, holds_days
from commitments.exchange.table import NO_VALUE, Found, Row, Table, columns, drafts, row
from commitments.model.record import Record
from commitments.reading.fit import close
from commitments.reading.problem import Problem
from commitments.reading.source import RefusedError, whole
from commitments.trouble import TroubleError

Sheet = Any
"""A sheet as openpyxl reads it: its types stop short of those that are read only."""

MOST_ROWS = 1_048_576
MOST_COLUMNS = 1000
MOST_CELLS = 20_000_000
_LONGEST = 32_767
"""The characters that a cell of a workbook can hold."""
_OFTEN = 500
_PIECE = 1 << 16


def read_xlsx(
    path: Path, mapping: ColumnMap | None = None, sheet: str | None = None, progress: Progress = silent
) -> Iterator[Found]:
    """The drafts in a sheet, the first where none is named, and its problems. Raises RefusedError, also half-way."""
    archive = checked(path)
    chosen, others = _sheet(archive, str(path), sheet, values=True)
    if others and sheet is None:
        yield _only_the_first(str(path), chosen.title, others)
    formulas = _sheet(archive, str(path), chosen.title, values=False)[0] if archive.formulas else None
    rows = _rows(str(path), chosen, formulas, progress)
    header = next((one for one in rows if any(one[1])), None)
    if header is None:
        raise RefusedError(whole(str(path), f"the sheet {chosen.title!r} is empty"))
    width = max(number for number, cell in enumerate(header[1], start=1) if cell)
    full = ((line, _filled(cells, width)) for line, cells in rows)

    def named(line: int, number: int, name: str) -> str:
        at = f"{chosen.title}!{_letter(number)}{line}"
        return f"{at} ({name})" if name else at

    yield from drafts(Table(file=str(path), header=(header[0], header[1][:width]), rows=full, cell=named), mapping)


def _sheet(archive: Archive, file: str, name: str | None, *, values: bool) -> tuple[Sheet, list[str]]:
    """A sheet of a workbook, and the names of the others."""
    from openpyxl import load_workbook  # noqa: PLC0415 (loaded only where a workbook is read)

    archive.data.seek(0)
    try:
        with warnings.catch_warnings(action="ignore"):
            book = load_workbook(archive.data, read_only=True, data_only=values, keep_links=False)
    except Exception as error:
        # openpyxl has no class of its own for a workbook that it cannot make sense of
        reason = f"this workbook cannot be read: {error or type(error).__name__}"
        raise RefusedError(whole(file, reason, "open it in a spreadsheet, and save it anew")) from error
    names = [one.title for one in book.worksheets]
    if not names or (name is not None and name not in names):
        hint = close(name, names) or f"there are {', '.join(names)}" if names else ""
        raise RefusedError(whole(file, f"there is no sheet {name!r}" if name else "there is no sheet in it", hint))
    chosen = book.worksheets[names.index(name) if name else 0]
    return chosen, [one for one in names if one != chosen.title]


def _only_the_first(file: str, title: str, others: Sequence[str]) -> Problem:
    message = f"only the first sheet is taken in, {title!r}"
    hint = f"name another with --sheet: {', '.join(others)}"
    return Problem(file=file, line=0, column=0, path="", message=message, hint=hint, level="warning")


def _rows(file: str, sheet: Sheet, formulas: Sheet | None, progress: Progress) -> Iterator[Row]:
    """The rows of a sheet as texts, with their numbers."""
    expected = sheet.max_row or 0
    met = 0
    for line, values in enumerate(_values(file, sheet, formulas), start=1):
        if line > MOST_ROWS:
            raise RefusedError(whole(file, f"the sheet {sheet.title!r} has more than {MOST_ROWS} rows"))
        met += len(values)
        if met > MOST_CELLS:
            hint = "split it, or save it as CSV"
            raise RefusedError(whole(file, f"the sheet {sheet.title!r} has more than {MOST_CELLS} cells", hint))
        if any(value is not None for value in values[MOST_COLUMNS:]):
            hint = "remove what stands far to the right"
            raise RefusedError(whole(file, f"row {line} of {sheet.title!r} has more than {MOST_COLUMNS} cells", hint))
        if line % _OFTEN == 0:
            progress(line, max(expected, line))
        yield line, [_text(value) for value in values[:MOST_COLUMNS]]


def _values(file: str, sheet: Sheet, formulas: Sheet | None) -> Iterator[Sequence[object]]:
    """The values of each row; where a formula has none, that is told by one that says so."""
    sources = [one for one in (sheet, formulas) if one is not None]
    for one in sources:
        one.reset_dimensions()  # what a sheet says of its size is not believed
    together = zip(*(one.iter_rows(values_only=True) for one in sources), strict=True)
    while True:
        try:
            with warnings.catch_warnings(action="ignore"):
                found = next(together, None)
        except Exception as error:
            reason = f"the sheet {sheet.title!r} cannot be read: {error or type(error).__name__}"
            raise RefusedError(whole(file, reason, "open it in a spreadsheet, and save it anew")) from error
        if found is None:
            return
        yield found[0] if len(found) == 1 else _marked(*found)


def _marked(values: Sequence[object], formulas: Sequence[object]) -> list[object]:
    return [
        NO_VALUE if value is None and formula is not None else value
        for value, formula in zip(values, formulas, strict=True)
    ]


def _text(value: object) -> str:
    """What a cell says, as register files write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        at_midnight = value.time() == value.time().min
        return value.date().isoformat() if at_midnight else value.isoformat(sep=" ")
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value) if isinstance(value, str) else str(value)


def _filled(cells: list[str], width: int) -> list[str]:
    return cells + [""] * (width - len(cells))


def _letter(number: int) -> str:
    """The letters of a column: 1 is A, 27 is AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


# ------------------------------------------------------------------------------------------------- writing out

_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
"""A character that XML cannot hold (ECMA-376, ST_Xstring)."""
_UNHELD = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


class LongCellError(TroubleError):
    """A value that no cell of a workbook can hold."""

    def __init__(self, identifier: str, column: str) -> None:
        super().__init__(f"{column} of {identifier} is longer than a cell can be ({_LONGEST}); export YAML or CSV")


def to_xlsx(records: Iterable[Record]) -> Iterator[bytes]:
    """A workbook with a sheet of all records, in pieces; what a row cannot hold is left out, as in CSV.

    Days are days. Texts are texts, whatever they begin with: no formula is ever written. The records are gone through
    twice: what columns there are is known only at the end.
    """
    from openpyxl import Workbook  # noqa: PLC0415 (loaded only where a workbook is written)
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415

    names = columns(records)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("register")
    sheet.freeze_panes = "A2"
    for number, name in enumerate(names, start=1):
        sheet.column_dimensions[_letter(number)].width = _WIDTHS.get(name, 16)

    def cell(identifier: str, name: str, value: str) -> Any:  # noqa: ANN401 (openpyxl's own)
        if holds_days(name) and _DAY.fullmatch(value) and value >= _FIRST_DAY:
            made = WriteOnlyCell(sheet, datetime.fromisoformat(value))
            made.number_format = "yyyy-mm-dd"
            return made
        text = _held(value)
        if len(text) > _LONGEST:
            raise LongCellError(identifier, name)
        made = WriteOnlyCell(sheet, text)
        made.data_type = "s"
        made.quotePrefix = runs(text)
        return made

    sheet.append([cell("", name, name) for name in names])
    for record in records:
        cells = row(record)
        sheet.append([cell(cells["id"], name, cells[name]) if cells.get(name) else None for name in names])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        yield from iter(lambda: file.read(_PIECE), b"")


def _held(text: str) -> str:
    """The text as a workbook can hold it, and as it is read back."""
    meant = f"'{text}" if looks_hidden(text) else text
    return _UNHELD.sub(lambda found: f"_x{ord(found[0]):04X}_", meant)


_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_DAY = "1901-01-01"
"""Before it, spreadsheets count days differently from each other."""
_WIDTHS = {"title": 60, "by": 30, "to": 30, "source.document": 40, "source.quote": 40}
