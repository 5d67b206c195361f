"""Register files in CSV: a header, then a commitment a row. A problem's column is the number of the cell, from 1."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path as FilePath
from typing import Any

from commitments.exchange.mapping import ColumnMap
from commitments.exchange.uk_questions import is_questions, question
from commitments.exchange.written import LIMIT, commitment_draft, written
from commitments.fit import close
from commitments.intake import Draft
from commitments.model import Citation, Record
from commitments.problem import Document, Path, Place, Problem
from commitments.source import read_text

Cells = dict[Path, tuple[str, int]]
Drafting = Callable[[list[str], int], tuple[Draft | None, tuple[Problem, ...]]]

_REQUIRED = ("id", "kind", "title", "by", "to")
_PLAIN = (*_REQUIRED, "force", "made", "parent", "dossier", "cycle")
_LISTS = ("by", "to")
_EVENTS = ("fulfilled", "partly_fulfilled", "withdrawn", "lapsed", "delay_notice", "extended")
_DETAILS = ("document", "decided_by", "note")
_ANCHOR = "anchor."

_COLUMNS: Mapping[str, Path] = (
    {name: (name,) for name in _PLAIN}
    | {f"source.{name}": ("source", name) for name in Citation.model_fields}
    | {"stated_due": ("stated_due", "date"), "stated_until": ("stated_due", "until")}
    | {"stated_phrase": ("stated_due", "phrase")}
    | {name: ("events", place, name) for place, name in enumerate(_EVENTS)}
    | {f"{name}.{more}": ("events", place, more) for place, name in enumerate(_EVENTS) for more in _DETAILS}
    | {"extended_to": ("events", _EVENTS.index("extended"), "to")}
)
"""Where the value of a column goes. Anchors have columns of their own: anchor.letter, anchor.received, …"""


def read_csv(path: FilePath, mapping: ColumnMap | None = None) -> tuple[tuple[Draft, ...], tuple[Problem, ...]]:
    """The drafts in a CSV register and its problems: a row with a problem is left out, the others are not.

    UTF-8, separated by comma, semicolon or tab; lists by |; an empty cell is absent. A header with a mistake is
    refused as a whole: its rows would say something else than was meant. A file whose columns have other names needs a
    `mapping`; written questions of the UK Parliament are known by theirs.
    """
    text, problems = read_text(path, LIMIT)
    if text is None:
        return (), problems
    try:
        rows = list(_rows(text))
    except csv.Error as error:
        hint = "close every quote, and write a quote inside quotes twice"
        return (), (_problem(str(path), 0, 0, f"this is not CSV: {error}", hint),)
    drafting, problems = _drafting(str(path), [name.strip() for name in rows[0][1]], mapping)
    if problems:
        return (), problems
    found = [drafting(cells, line) for line, cells in rows[1:] if any(cell.strip() for cell in cells)]
    return tuple(draft for draft, _ in found if draft), tuple(one for _, ones in found for one in ones)


def _drafting(file: str, header: list[str], mapping: ColumnMap | None) -> tuple[Drafting, tuple[Problem, ...]]:
    """How a row under this header becomes a draft, and what is wrong with the header."""
    if is_questions(header) and mapping is None:
        return partial(_question, file, header), ()
    names = mapping.names(header) if mapping else header
    missing = mapping.missing(header, file) if mapping else ()
    return partial(_draft, file, header, names, mapping), (
        *missing,
        *_header_problems(file, names, gaps=mapping is not None),
    )


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows with the lines on which they begin."""
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    for row in reader:
        yield line, row
        line = reader.line_num + 1


def _problem(file: str, line: int, number: int, message: str, hint: str = "") -> Problem:
    return Problem(file=file, line=line, column=number, path="", message=message, hint=hint)


def _header_problems(file: str, names: Sequence[str], *, gaps: bool) -> Iterator[Problem]:
    for number, name in enumerate(names, start=1):
        if gaps and not name:
            continue
        if name in names[: number - 1]:
            yield _problem(file, 1, number, f"the column {name!r} is there twice", "keep one of the two")
        elif name not in _COLUMNS and not (name.startswith(_ANCHOR) and len(name) > len(_ANCHOR)):
            hint = close(name, _COLUMNS) or "use the columns of docs/register.md; an anchor is written anchor.letter"
            yield _problem(file, 1, number, f"the column {name!r} is not known", hint)
    for name in _REQUIRED:
        if name not in names:
            yield _problem(file, 1, 1, f"there is no column {name!r}", f"add it; needed are {', '.join(_REQUIRED)}")


def _draft(
    file: str, header: Sequence[str], names: Sequence[str], mapping: ColumnMap | None, cells: list[str], line: int
) -> tuple[Draft | None, tuple[Problem, ...]]:
    if problems := _misshapen(file, header, cells, line):
        return None, problems
    if mapping:
        cells = [*cells[: len(header)], *mapping.fixed.values()]
        cells = [mapping.cell(name, cell) for name, cell in zip(names, cells, strict=True)]
    value, place = _nested(_placed(names, cells), line)
    draft, problems = commitment_draft(Document(file=file, text="", value=value, place=place), ())
    return draft, tuple(replace(one, path=names[one.column - 1]) if one.path else one for one in problems)


def _question(
    file: str, header: Sequence[str], cells: list[str], line: int
) -> tuple[Draft | None, tuple[Problem, ...]]:
    if problems := _misshapen(file, header, cells, line):
        return None, problems
    value = question({name: cell.strip() for name, cell in zip(header, cells, strict=False)})
    return commitment_draft(Document(file=file, text="", value=value, place=Place(line, 1)), ())


def _misshapen(file: str, header: Sequence[str], cells: Sequence[str], line: int) -> tuple[Problem, ...]:
    surplus = cells[len(header) :]
    if len(cells) >= len(header) and not any(cell.strip() for cell in surplus):
        return ()
    message = f"this row has {len(cells)} cells, the header {len(header)}"
    return (_problem(file, line, 1, message, "put a cell that holds the separator in quotes"),)


def _placed(names: Sequence[str], cells: Sequence[str]) -> Cells:
    """The cells that hold something, by where they go, with their numbers."""
    placed: Cells = {}
    for name, cell, number in zip(names, cells, count(1), strict=False):
        path = _COLUMNS.get(name) or ("anchors", name.removeprefix(_ANCHOR))
        if not cell.strip() or not name:
            continue
        if name in _LISTS:
            placed.update({(*path, i): (one.strip(), number) for i, one in enumerate(cell.split("|"))})
        else:
            placed[path] = (_as_meant(cell.strip()), number)
    return placed


def _nested(cells: Cells, line: int) -> tuple[Any, Place]:
    """The value that the cells make together, and where each part of it stands."""
    if () in cells:
        text, number = cells[()]
        return text, Place(line, number)
    parts: dict[str | int, Cells] = {}
    for path, cell in cells.items():
        parts.setdefault(path[0], {})[path[1:]] = cell
    made = {part: _nested(inner, line) for part, inner in parts.items()}
    first = min(number for _, number in cells.values())
    if all(isinstance(part, int) for part in made):
        ordered = list(made.values())
        return [value for value, _ in ordered], Place(
            line, first, {}, {i: place for i, (_, place) in enumerate(ordered)}
        )
    keys = {str(part): place[:2] for part, (_, place) in made.items()}
    return {part: value for part, (value, _) in made.items()}, Place(
        line, first, keys, {part: place for part, (_, place) in made.items()}
    )


# ------------------------------------------------------------------------------------------------- writing out

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""How a text begins that a spreadsheet would run (OWASP, CSV injection), or that only seems to be made harmless."""


def harmless(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _as_meant(cell: str) -> str:
    """The cell as it was before it was made harmless."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def to_csv(records: Iterable[Record]) -> Iterator[str]:
    """A register file in CSV, a row a piece; what a row cannot hold is left out, and counted by `unsaid`."""
    rows = [_cells(record) for record in records]
    anchors = sorted({name for row in rows for name in row if name.startswith(_ANCHOR)})
    used = {name for row in rows for name in row} | set(_REQUIRED)
    names = [*(name for name in _COLUMNS if name in used), *anchors]
    for cells in ({name: name for name in names}, *rows):
        out = io.StringIO()
        csv.writer(out, lineterminator="\r\n").writerow([harmless(cells.get(name, "")) for name in names])
        yield out.getvalue()


def unsaid(record: Record) -> int:
    """How many events of a record have no place in a row of CSV."""
    events = written(record).get("events", [])
    return len(events) - len(_held(events))


def _held(events: Sequence[dict[str, str]]) -> dict[str, dict[str, str]]:
    """The events that a row can hold, by their kinds: the first of each, as long as nothing had to be left out.

    What comes after an event that has no place may make no sense without it.
    """
    held: dict[str, dict[str, str]] = {}
    for event in events:
        kind = next(iter(event))
        if kind not in _EVENTS or kind in held:
            break
        held[kind] = event
    return held


def _cells(record: Record) -> dict[str, str]:
    """The row of a record, by its columns; empty cells are absent."""
    values = written(record)
    held = _held(values.pop("events", []))
    placed: dict[Path, str] = {
        ("events", _EVENTS.index(kind), name): value for kind, event in held.items() for name, value in event.items()
    }
    placed |= {(name,): _cell(value) for name, value in values.items() if not isinstance(value, dict)}
    placed |= {(name, inner): value for name in _NESTED for inner, value in values.get(name, {}).items()}
    columns = {path: name for name, path in _COLUMNS.items()}
    anchors = {f"{_ANCHOR}{name}": day for name, day in values.get("anchors", {}).items()}
    return {columns[path]: value for path, value in placed.items()} | anchors


def _cell(value: str | list[str]) -> str:
    return "|".join(value) if isinstance(value, list) else value


_NESTED = ("source", "stated_due")
