"""Register files, by their suffix: readers hand out drafts for the register and the problems met, writers its text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from commitments.exchange.csv_register import read_csv, to_csv
from commitments.exchange.jsonl_register import read_jsonl, to_jsonl
from commitments.exchange.lines import Progress, silent
from commitments.exchange.mapping import ColumnMap
from commitments.exchange.xlsx_register import read_xlsx, to_xlsx
from commitments.exchange.yaml_register import read_yaml, to_json, to_yaml
from commitments.ledger.intake import Draft
from commitments.model.record import Record
from commitments.reading.problem import Problem
from commitments.reading.source import RefusedError, whole

Writer = Callable[[Iterable[Record]], Iterator[str]]

READERS = (".yaml", ".yml", ".json", ".jsonl", ".csv", ".xlsx")
"""The suffixes of register files. JSON is read as the YAML that it is."""

WRITERS: dict[str, Writer] = {"yaml": to_yaml, "json": to_json, "jsonl": to_jsonl, "csv": to_csv}
"""The text of a register file, in pieces, by the format's name."""

TABLES = ("csv", "xlsx")
"""The formats in which a row holds what it can of a commitment."""


def written(form: str, records: Iterable[Record]) -> Iterator[bytes]:
    """A register file in one of the formats, in pieces. Tables go through the records twice."""
    if form == "xlsx":
        return to_xlsx(records)
    return (piece.encode() for piece in WRITERS[form](records))


def stream(
    path: Path, mapping: ColumnMap | None = None, sheet: str | None = None, progress: Progress = silent
) -> Iterator[Draft | Problem]:
    """The drafts in a register file and its problems, one at a time: what is right is usable whatever else is wrong.

    A `mapping` is for tables alone, a `sheet` for workbooks. Raises RefusedError, also half-way, where nothing of the
    file may be used.
    """
    suffix = path.suffix.lower()
    if suffix not in READERS:
        message = f"{path.suffix or 'a file without a suffix'} is not a register file"
        raise RefusedError(whole(str(path), message, f"use one of {', '.join(READERS)}"))
    if mapping is not None and suffix.removeprefix(".") not in TABLES:
        raise RefusedError(
            whole(str(path), "only the columns of CSV and XLSX can be mapped", "import it without --map")
        )
    if sheet is not None and suffix != ".xlsx":
        raise RefusedError(whole(str(path), "only an .xlsx workbook has sheets", "import it without --sheet"))
    if suffix == ".xlsx":
        yield from read_xlsx(path, mapping, sheet, progress)
    elif suffix == ".csv":
        yield from read_csv(path, mapping, progress)
    elif suffix == ".jsonl":
        yield from read_jsonl(path, progress)
    else:
        yield from read_yaml(path)


def read(
    path: Path, mapping: ColumnMap | None = None, sheet: str | None = None
) -> tuple[tuple[Draft, ...], tuple[Problem, ...]]:
    """All drafts in a register file and all its problems, for files that fit into memory."""
    drafts: list[Draft] = []
    problems: list[Problem] = []
    try:
        for one in stream(path, mapping, sheet):
            (drafts if isinstance(one, Draft) else problems).append(one)  # type: ignore[arg-type]
    except RefusedError as refused:
        return (), (refused.problem,)
    return tuple(drafts), tuple(problems)
