"""Register files in CSV, streamed: rows of any number, separated by comma, semicolon or tab."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from commitments.exchange.formula import harmless
from commitments.exchange.lines import Progress, lines, silent
from commitments.exchange.mapping import ColumnMap
from commitments.exchange.table import Found, Row, Table, columns, drafts, row
from commitments.model.record import Record
from commitments.reading.source import RefusedError, readable, whole

_LONGEST = 131_072
"""The characters that a cell may have."""


def read_csv(path: Path, mapping: ColumnMap | None = None, progress: Progress = silent) -> Iterator[Found]:
    """The drafts in a CSV register and its problems. Raises RefusedError, also half-way, for what is not CSV."""
    found = rows(lines(path, progress), str(path))
    header = next(found, None)
    if header is None:
        raise RefusedError(whole(str(path), "this file is empty"))
    if not "".join(header[1]).strip():
        raise RefusedError(whole(str(path), "the first line is empty", "write the names of the columns there"))
    yield from drafts(Table(file=str(path), header=header, rows=found), mapping)


def rows(text: Iterator[str], file: str) -> Iterator[Row]:
    """The rows of a text in lines, with the lines on which they begin. Raises RefusedError for what is not CSV."""
    first = next(text, None)
    if first is None:
        return
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(_LONGEST)
    reader = csv.reader(chain([first], text), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        hint = "close every quote, and write a quote inside quotes twice"
        raise RefusedError(whole(file, f"this is not CSV: {_sentence(error)}", hint)) from None


def _sentence(error: csv.Error) -> str:
    return f"a cell is longer than {_LONGEST} characters" if "field limit" in str(error) else str(error)


def to_csv(records: Iterable[Record]) -> Iterator[str]:
    """A register file in CSV, a row a piece; what a row cannot hold is left out, and counted by `unsaid`.

    The records are gone through twice: what columns there are is known only at the end.
    """
    names = columns(records)
    for cells in chain([{name: name for name in names}], map(row, records)):
        out = io.StringIO()
        csv.writer(out, lineterminator="\r\n").writerow([readable(harmless(cells.get(name, ""))) for name in names])
        yield out.getvalue()
