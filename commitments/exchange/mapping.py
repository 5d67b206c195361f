"""What the columns of a spreadsheet made by others are in the register: mapping files, which `csv_register` applies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from commitments.exchange.dossier import dossier_number
from commitments.model.commitment import EventKind, Frozen
from commitments.reading.fit import check, close
from commitments.reading.problem import Problem
from commitments.reading.source import read

_DAYS = re.compile("|".join((r"anchor\..+", "made", "stated_due", "extended_to", *EventKind)))
"""The columns that hold days."""


def holds_days(column: str) -> bool:
    """Whether a column of the register holds days."""
    return bool(_DAYS.fullmatch(column))


_PARTS = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})", re.ASCII)


class ColumnMap(Frozen):
    """`columns` names the register's column for each of the file's; those that it does not name are left out.

    `fixed` is what every row says in a column of the register, `values` what a cell means there. `dates` is the order
    in which days are written with numbers: 30-8-2018 is day-month-year. With `dossiers: dutch` the numbers of dossiers
    are brought to their one form: 33.344 and 33344 are 33 344.
    """

    columns: Annotated[dict[str, str], Field(min_length=1)]
    fixed: dict[str, str] = Field(default_factory=dict)
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    dossiers: Literal["as-written", "dutch"] = "as-written"
    dates: Literal["year-month-day", "day-month-year", "month-day-year"] = "year-month-day"

    def names(self, header: Sequence[str]) -> list[str]:
        """The register's columns of a header, and those that are fixed; empty where one is left out."""
        return [self.columns.get(name, "") for name in header] + list(self.fixed)

    def cell(self, name: str, text: str) -> str:
        """What a cell says in a column of the register."""
        meant = self.values.get(name, {}).get(text.strip(), text)
        if name == "dossier" and self.dossiers == "dutch":
            return dossier_number(meant)
        return self._day(meant) if holds_days(name) else meant

    def _day(self, text: str) -> str:
        found = _PARTS.fullmatch(text.strip())
        if not found or self.dates == "year-month-day":
            return text
        first, second, year = found.groups()
        month, day = (second, first) if self.dates == "day-month-year" else (first, second)
        return f"{year}-{month:0>2}-{day:0>2}"

    def missing(self, header: Sequence[str], file: str) -> Iterator[Problem]:
        """A Problem for each column that is mapped and not there."""
        for name in self.columns:
            if name not in header:
                message = f"there is no column {name!r}, which the mapping names"
                yield Problem(file=file, line=1, column=1, path="", message=message, hint=close(name, header))


def read_mapping(path: Path) -> tuple[ColumnMap | None, tuple[Problem, ...]]:
    """The mapping in a file, None where it has a mistake, and its problems."""
    document, problems = read(path)
    if document is None:
        return None, problems
    mapping, misfits = check(ColumnMap, document)
    return mapping, (*problems, *misfits)
