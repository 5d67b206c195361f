"""A register as a table: a header, then a commitment a row; CSV and XLSX are this, written differently.

A problem's column is the number of the cell, from 1. Lists are separated by |, an empty cell is absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from commitments.exchange.formula import as_meant
from commitments.exchange.mapping import ColumnMap
from commitments.exchange.uk_questions import is_questions, question
from commitments.exchange.written import fitted_draft, written
from commitments.ledger.intake import Draft
from commitments.model.commitment import Citation, EventKind
from commitments.model.record import Record
from commitments.reading.fit import close
from commitments.reading.problem import Path, Problem, dotted

Row = tuple[int, list[str]]
"""The line on which a row begins, and its cells."""
Found = Draft | Problem
Columns = Sequence[tuple[int, str, Path]]
"""The numbers of the cells that are used, with their columns and where their values go."""
Drafting = Callable[[list[str], int], Iterable[Found]]

_REQUIRED = ("id", "kind", "title", "by", "to")
_PLAIN = (*_REQUIRED, "force", "made", "parent", "dossier", "cycle")
_LISTS = ("by", "to")
_EVENTS = ("fulfilled", "partly_fulfilled", "withdrawn", "lapsed", "delay_notice", "extended")
_RANKS = {kind: rank for rank, kind in enumerate(sorted(_EVENTS, key=lambda kind: EventKind(kind).settles))}
"""The order in which events of one day happened, for a row has none: what settles comes last."""
_DETAILS = ("document", "decided_by", "note")
_NESTED = ("source", "stated_due")
_ANCHOR = "anchor."

_COLUMNS: Mapping[str, Path] = (
    {name: (name,) for name in _PLAIN}
    | {f"source.{name}": ("source", name) for name in Citation.model_fields}
    | {"stated_due": ("stated_due", "date"), "stated_until": ("stated_due", "until")}
    | {"stated_phrase": ("stated_due", "phrase")}
    | {name: ("events", _RANKS[name], name) for name in _EVENTS}
    | {f"{name}.{more}": ("events", _RANKS[name], more) for name in _EVENTS for more in _DETAILS}
    | {"extended_to": ("events", _RANKS["extended"], "to")}
)
"""Where the value of a column goes. Anchors have columns of their own: anchor.letter, anchor.received, …"""


def _named(_line: int, _number: int, name: str) -> str:
    return name


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table as it is read: `cell` says what a cell is called in a problem, by its line, number and column."""

    file: str
    header: Row
    rows: Iterator[Row]
    cell: Callable[[int, int, str], str] = _named


def drafts(table: Table, mapping: ColumnMap | None = None) -> Iterator[Found]:
    """The drafts in a table and its problems: a row with a problem is left out, the others are not.

    A header with a mistake is refused as a whole: its rows would say something else than was meant. A file whose
    columns have other names needs a `mapping`; written questions of the UK Parliament are known by theirs.
    """
    drafting, problems = _drafting(table, mapping)
    if problems:
        yield from problems
        return
    for line, cells in table.rows:
        if any(cell and not cell.isspace() for cell in cells):
            yield from drafting(cells, line)


def _drafting(table: Table, mapping: ColumnMap | None) -> tuple[Drafting, tuple[Problem, ...]]:
    """How a row under this header becomes a draft, and what is wrong with the header."""
    line, header = table.header[0], [name.strip() for name in table.header[1]]
    if is_questions(header) and mapping is None:
        return partial(_question, table, header), ()
    names = mapping.names(header) if mapping else header
    missing = mapping.missing(header, table.file) if mapping else ()
    faulty = _header_problems(table.file, line, names, gaps=mapping is not None)
    columns = [(number, name, _place(name)) for number, name in enumerate(names, start=1) if name]
    return partial(_draft, table, len(header), columns, mapping), (*missing, *faulty)


def _problem(file: str, line: int, number: int, message: str, hint: str = "", path: str = "") -> Problem:
    return Problem(file=file, line=line, column=number, path=path, message=message, hint=hint)


def _header_problems(file: str, line: int, names: Sequence[str], *, gaps: bool) -> Iterator[Problem]:
    for number, name in enumerate(names, start=1):
        if gaps and not name:
            continue
        if name in names[: number - 1]:
            yield _problem(file, line, number, f"the column {name!r} is there twice", "keep one of the two")
        elif name not in _COLUMNS and not (name.startswith(_ANCHOR) and len(name) > len(_ANCHOR)):
            hint = close(name, _COLUMNS) or "use the columns of docs/register.md; an anchor is written anchor.letter"
            yield _problem(file, line, number, f"the column {name!r} is not known", hint)
    for name in _REQUIRED:
        if name not in names:
            yield _problem(file, line, 1, f"there is no column {name!r}", f"add it; needed are {', '.join(_REQUIRED)}")


def _draft(
    table: Table, width: int, columns: Columns, mapping: ColumnMap | None, cells: list[str], line: int
) -> Iterator[Found]:
    if _misshapen(width, cells):
        yield _shape(table.file, line, width, cells)
        return
    if mapping:
        cells = [*cells[:width], *mapping.fixed.values()]
        for number, name, _ in columns:
            cells[number - 1] = mapping.cell(name, cells[number - 1])
    if wrong := _errors(table, columns, cells, line):
        yield from wrong
        return
    placed = _placed(columns, cells)
    draft, faults = fitted_draft(_value(placed), (table.file, line))
    if draft:
        yield draft
        return
    numbers, names = _numbers(placed), {number: name for number, name, _ in columns}
    for number, fault in sorted(((_number(fault.path, numbers), fault) for fault in faults), key=lambda pair: pair[0]):
        path = table.cell(line, number, names[number] if fault.path else "")
        yield _problem(table.file, line, number, fault.message, fault.hint, path)


def _question(table: Table, header: Sequence[str], cells: list[str], line: int) -> Iterator[Found]:
    if _misshapen(len(header), cells):
        yield _shape(table.file, line, len(header), cells)
        return
    value = question({name: cell.strip() for name, cell in zip(header, cells, strict=False)})
    draft, faults = fitted_draft(value, (table.file, line))
    if draft:
        yield draft
    for fault in faults:
        path = table.cell(line, 1, dotted(fault.path))
        yield _problem(table.file, line, 1, fault.message, fault.hint, path)


def _misshapen(width: int, cells: Sequence[str]) -> bool:
    return len(cells) < width or any(cell.strip() for cell in cells[width:])


def _shape(file: str, line: int, width: int, cells: Sequence[str]) -> Problem:
    message = f"this row has {len(cells)} cells, the header {width}"
    return _problem(file, line, 1, message, "put a cell that holds the separator in quotes")


NO_VALUE = "#formula"
"""What stands in a cell with a formula whose value was not saved with it."""
_ERRORS = dict.fromkeys(
    ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"), "mend the formula in the spreadsheet"
) | {NO_VALUE: "open the file in a spreadsheet and save it, or write the value in its place"}


def _errors(table: Table, columns: Columns, cells: Sequence[str], line: int) -> list[Problem]:
    """The cells that hold what a spreadsheet says where a formula failed."""
    found = [(number, name, cells[number - 1]) for number, name, _ in columns if cells[number - 1] in _ERRORS]
    return [
        _problem(table.file, line, number, _failed(cell), _ERRORS[cell], table.cell(line, number, name))
        for number, name, cell in found
    ]


def _failed(cell: str) -> str:
    return "the value of this formula was not saved" if cell == NO_VALUE else f"this cell holds the error {cell}"


def _place(name: str) -> Path:
    """Where the value of a column goes."""
    return _COLUMNS.get(name) or ("anchors", name.removeprefix(_ANCHOR))


def _placed(columns: Columns, cells: Sequence[str]) -> dict[Path, tuple[str, int]]:
    """The cells that hold something, by where they go, with their numbers."""
    placed: dict[Path, tuple[str, int]] = {}
    for number, name, path in columns:
        text = cells[number - 1].strip()
        if not text:
            continue
        if name in _LISTS:
            placed |= {(name, i): (one.strip(), number) for i, one in enumerate(text.split("|"))}
        else:
            placed[path] = (as_meant(text), number)
    return placed


def _value(placed: Mapping[Path, tuple[str, int]]) -> dict[str, object]:
    """The value that the cells make together, as register files have it."""
    made: dict[object, object] = {}
    for path, (text, _) in placed.items():
        inner = made
        for part in path[:-1]:
            inner = inner.setdefault(part, {})  # type: ignore[assignment]
        inner[path[-1]] = text
    lists = {name: _in_order(made[name]) for name in (*_LISTS, "events") if name in made}
    return {str(name): value for name, value in made.items()} | lists


def _in_order(items: Any) -> list[object]:  # noqa: ANN401 (what stands below a number each)
    return [items[place] for place in sorted(items)]


def _numbers(placed: Mapping[Path, tuple[str, int]]) -> dict[Path, int]:
    """The number of the cell of each value, by the value's path; events are counted as they stand in the list."""
    places = {rank: place for place, rank in enumerate(sorted({path[1] for path in placed if path[0] == "events"}))}
    return {
        (path[0], places[path[1]], *path[2:]) if path[0] == "events" else path: number
        for path, (_, number) in placed.items()
    }


def _number(path: Path, numbers: Mapping[Path, int]) -> int:
    """The number of the first cell of the value at a path, or of the nearest that is there."""
    near = (
        [number for other, number in numbers.items() if other[:depth] == path[:depth]]
        for depth in range(len(path), -1, -1)
    )
    return next((min(found) for found in near if found), 1)


# ------------------------------------------------------------------------------------------------- writing out


def columns(records: Iterable[Record]) -> list[str]:
    """The columns that it takes to write these records."""
    used = set(_REQUIRED).union(*map(row, records))
    return [*(name for name in _COLUMNS if name in used), *sorted(name for name in used if name.startswith(_ANCHOR))]


def row(record: Record) -> dict[str, str]:
    """The row of a record, by its columns; empty cells are absent, what has no place is left out."""
    values = written(record)
    held = _held(values.pop("events", []))
    placed: dict[Path, str] = {
        ("events", _RANKS[kind], name): value for kind, event in held.items() for name, value in event.items()
    }
    placed |= {(name,): _cell(value) for name, value in values.items() if not isinstance(value, dict)}
    placed |= {(name, inner): value for name in _NESTED for inner, value in values.get(name, {}).items()}
    names = {path: name for name, path in _COLUMNS.items()}
    anchors = {f"{_ANCHOR}{name}": day for name, day in values.get("anchors", {}).items()}
    return {names[path]: value for path, value in placed.items()} | anchors


def unsaid(record: Record) -> int:
    """How many events of a record have no place in a row."""
    events = written(record).get("events", [])
    return len(events) - len(_held(events))


def _held(events: Sequence[dict[str, str]]) -> dict[str, dict[str, str]]:
    """The events that a row can hold, by their kinds: the first of each, as long as nothing had to be left out.

    What comes after an event that has no place may make no sense without it.
    """
    held: dict[str, dict[str, str]] = {}
    for event in events:
        kind = next(iter(event))
        if kind not in _EVENTS or kind in held or _turned(kind, event[kind], held):
            break
        held[kind] = event
    return held


def _turned(kind: str, day: str, held: Mapping[str, dict[str, str]]) -> bool:
    """Whether a row would be read as if an event came before another of its day that it comes after."""
    return any(event[other] == day and _RANKS[other] > _RANKS[kind] for other, event in held.items())


def _cell(value: str | list[str]) -> str:
    return "|".join(value) if isinstance(value, list) else value
