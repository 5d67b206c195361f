"""Register files, by their suffix: readers hand out drafts for the register and the problems met, writers its text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from commitments.exchange.csv_register import read_csv, to_csv
from commitments.exchange.mapping import ColumnMap
from commitments.exchange.yaml_register import read_yaml, to_json, to_yaml
from commitments.intake import Draft
from commitments.model import Record
from commitments.problem import Problem

Reader = Callable[[Path], tuple[tuple[Draft, ...], tuple[Problem, ...]]]
Writer = Callable[[Iterable[Record]], Iterator[str]]

READERS: dict[str, Reader] = {".yaml": read_yaml, ".yml": read_yaml, ".json": read_yaml, ".csv": read_csv}
"""JSON is read as the YAML that it is."""

WRITERS: dict[str, Writer] = {"yaml": to_yaml, "json": to_json, "csv": to_csv}
"""The text of a register file, in pieces, by the format's name."""


def read(path: Path, mapping: ColumnMap | None = None) -> tuple[tuple[Draft, ...], tuple[Problem, ...]]:
    """The drafts in a register file and its problems; what is right is usable whatever else is wrong.

    A `mapping` is for CSV alone: other files have no columns.
    """
    suffix = path.suffix.lower()
    if suffix not in READERS:
        message = f"{path.suffix or 'a file without a suffix'} is not a register file"
        return (), (_whole(path, message, f"use one of {', '.join(READERS)}"),)
    if mapping is None:
        return READERS[suffix](path)
    if suffix != ".csv":
        return (), (_whole(path, "only the columns of CSV can be mapped", "import it without --map"),)
    return read_csv(path, mapping)


def _whole(path: Path, message: str, hint: str) -> Problem:
    return Problem(file=str(path), line=0, column=0, path="", message=message, hint=hint)
