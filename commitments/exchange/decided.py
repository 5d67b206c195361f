"""Files of decisions: what one meeting decided on many commitments, in YAML (or JSON) with the meeting, or in CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from commitments.exchange.csv_register import rows
from commitments.exchange.formula import as_meant
from commitments.exchange.lines import lines
from commitments.exchange.table import Row
from commitments.exchange.written import LIMIT, WrittenDay, WrittenWindow
from commitments.ledger.decisions import (
    WORDS,
    Decision,
    Meeting,
    Ruling,
    meant,
)
from commitments.model.commitment import Frozen, Identifier, Text
from commitments.reading.fit import check, close
from commitments.reading.problem import (
    Document,
    Fault,
    Misfit,
    Path,
    Place,
    Problem,
    problem,
)
from commitments.reading.source import RefusedError, read, whole

_SUFFIXES = (".yaml", ".yml", ".json")

_NAMES: Mapping[str, str] = {
    "nummer": "number",
    "decision": "outcome",
    "besluit": "outcome",
    "nieuwe_termijn": "new_deadline",
    "nieuwe_deadline": "new_deadline",
    "opmerking": "note",
}
"""What columns of CSV are called besides."""
_COLUMNS = ("number", "outcome", "new_deadline", "note", "on")
_NEEDED = ("number", "outcome")
_THERE = "the columns are number, decision, new_deadline, note, on"

_MOST_OF_TWO, _MOST_BESIDE = 900, 1900
"""The characters of what becomes one text of the register together: committee and title; the outcome and its note."""


class WrittenMeeting(Frozen):
    """The meeting, as a file tells of it: the committee that decided, and what lay before it."""

    date: WrittenDay
    committee: Annotated[str, Field(min_length=1, max_length=_MOST_OF_TWO)]
    title: Annotated[str, Field(max_length=_MOST_OF_TWO)] = ""
    document: Text = ""

    @property
    def meeting(self) -> Meeting:
        """The meeting that this tells of."""
        decided_by = ", ".join(part for part in (self.committee, self.title) if part)
        return Meeting(day=self.date, decided_by=decided_by, document=self.document)


class WrittenDecision(Frozen):
    """What was decided on one commitment, or on several alike."""

    number: Identifier | None = None
    numbers: tuple[Identifier, ...] = ()
    outcome: str
    new_deadline: WrittenWindow | None = None
    on: WrittenDay | None = None
    note: Annotated[str, Field(max_length=_MOST_BESIDE)] = ""

    @field_validator("outcome")
    @classmethod
    def _known(cls, words: str) -> str:
        if meant(words) is None:
            hint = close(words.casefold(), WORDS) or f"write one of {', '.join(WORDS)}"
            raise Misfit(Fault((), f"{words!r} is no outcome", hint))
        return words

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.number is None) == (not self.numbers):
            raise Misfit(Fault((), "this does not say of which commitment", "write number: …, or numbers: and a list"))
        ruling = meant(self.outcome)
        if self.new_deadline and ruling and ruling.settles:
            message = f"a new deadline does not belong to {self.outcome!r}: nothing more is expected"
            raise Misfit(Fault(("new_deadline",), message, "leave one of the two out"))
        if ruling is Ruling.NEW_DEADLINE and not self.new_deadline:
            raise Misfit(Fault(("outcome",), "a new deadline was decided, and not which", "add new_deadline: …"))
        return self

    @property
    def all_numbers(self) -> Iterator[tuple[Path, str]]:
        """The numbers, each with where it stands in this."""
        yield from ((("number",), self.number),) if self.number else ()
        yield from ((("numbers", index), number) for index, number in enumerate(self.numbers))


class WrittenDecisions(Frozen):
    """What was decided, a commitment or several alike at a time."""

    decisions: Annotated[tuple[WrittenDecision, ...], Field(min_length=1)]


class WrittenFile(WrittenDecisions):
    """A file that tells of the meeting too."""

    meeting: WrittenMeeting


Decided = tuple[Meeting | None, tuple[Decision, ...], tuple[Problem, ...]]


def read_decisions(path: FilePath, given: Meeting | None = None) -> Decided:
    """The meeting, what it decided, and the problems of the file; where there are some, none of it is to be used.

    YAML and JSON say which meeting it was. CSV does not: it must be given.
    """
    if path.suffix.lower() == ".csv":
        return _of_table(path, given)
    if path.suffix.lower() not in _SUFFIXES:
        message = f"{path.suffix or 'a file without a suffix'} is no file of decisions"
        return None, (), (whole(str(path), message, f"use one of .csv, {', '.join(_SUFFIXES)}"),)
    document, problems = read(path, LIMIT)
    if document is None:
        return None, (), problems
    file, misfits = check(WrittenFile, document)
    if file is None:
        return None, (), (*problems, *misfits)
    decisions, repeated = _each(document, file.decisions)
    return file.meeting.meeting, decisions, (*problems, *repeated)


def _of_table(path: FilePath, given: Meeting | None) -> Decided:
    try:
        found = list(rows(lines(path), str(path)))
    except RefusedError as refused:
        return None, (), (refused.problem,)
    line, header = found[0] if found else (1, [])
    names = [_column(name) for name in header]
    if problems := tuple(_header_problems(str(path), line, header, names)):
        return None, (), problems
    document = _document(str(path), names, found[1:])
    if not document.value["decisions"]:
        return None, (), (whole(str(path), "there is no decision below the header"),)
    table, misfits = check(WrittenDecisions, document)
    decisions, repeated = _each(document, table.decisions) if table else ((), ())
    return given, decisions, (*_in_columns((*misfits, *repeated), header), *_surplus(str(path), found))


def _in_columns(problems: Iterable[Problem], header: Sequence[str]) -> Iterator[Problem]:
    """The problems, each with the name of its column for a path: a table has no other."""
    for one in problems:
        inside = one.path.count(".") and one.column <= len(header)
        yield replace(one, path=header[one.column - 1] if inside else "")


def _each(document: Document, written: Sequence[WrittenDecision]) -> tuple[tuple[Decision, ...], tuple[Problem, ...]]:
    """A decision for every number, and a problem for every number that comes twice."""
    found: dict[str, Decision] = {}
    repeated = []
    for index, one in enumerate(written):
        for path, number in one.all_numbers:
            at = ("decisions", index, *path)
            line, column = document.position(at)
            if number in found:
                message = f"{number} is decided twice, first in line {found[number].origin[1]}"
                repeated.append(problem(document, at, message, "keep one of the two"))
                continue
            found[number] = Decision(
                number=number,
                ruling=meant(one.outcome) or Ruling.UNCHANGED,
                words=one.outcome.replace("_", " "),
                new_deadline=one.new_deadline,
                on=one.on,
                note=one.note,
                origin=(document.file, line),
                column=column,
            )
    return tuple(found.values()), tuple(repeated)


# ------------------------------------------------------------------------------------------------- CSV


def _document(file: str, names: Sequence[str], table: Sequence[Row]) -> Document:
    """A table as a document: a decision a row; a value's column is the number of its cell, from 1."""
    taken = [(line, cells) for line, cells in table if any(cell.strip() for cell in cells)]
    places: dict[str | int, Place] = {
        index: Place(line, 1, {}, {name: Place(line, number) for number, name in enumerate(names, start=1)})
        for index, (line, _) in enumerate(taken)
    }
    values = [_row(names, cells) for _, cells in taken]
    place = Place(1, 1, {}, {"decisions": Place(1, 1, {}, places)})
    return Document(file=file, text="", value={"decisions": values}, place=place)


def _column(name: str) -> str:
    """The name of a column as the form has it."""
    plain = name.strip().casefold().replace(" ", "_")
    return _NAMES.get(plain, plain)


def _header_problems(file: str, line: int, header: Sequence[str], names: Sequence[str]) -> Iterator[Problem]:
    def told(number: int, message: str, hint: str) -> Problem:
        return Problem(file=file, line=line, column=number, path="", message=message, hint=hint)

    for number, name in enumerate(names, start=1):
        if name not in _COLUMNS:
            hint = close(name, (*_COLUMNS, *_NAMES)) or _THERE
            yield told(number, f"the column {header[number - 1]!r} is not known", hint)
        elif name in names[: number - 1]:
            yield told(number, f"the column {header[number - 1]!r} is there twice", "keep one of the two")
    for name in _NEEDED:
        if name not in names:
            yield told(1, f"there is no column {'decision' if name == 'outcome' else name!r}", _THERE)


def _surplus(file: str, table: Sequence[Row]) -> Iterator[Problem]:
    width = len(table[0][1]) if table else 0
    for line, cells in table[1:]:
        if any(cell.strip() for cell in cells[width:]):
            message = f"this row has {len(cells)} cells, the header {width}"
            hint = "put a cell that holds the separator in quotes"
            yield Problem(file=file, line=line, column=width + 1, path="", message=message, hint=hint)


def _row(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """The cells of a row that say something, by their columns."""
    return {name: as_meant(cell.strip()) for name, cell in zip(names, cells, strict=False) if cell.strip()}
