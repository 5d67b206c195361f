"""Register files, by their suffix: each reader hands out drafts for the register, and the problems it met."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from commitments.exchange.csv_register import read_csv
from commitments.exchange.yaml_register import read_yaml
from commitments.intake import Draft
from commitments.problem import Problem

Reader = Callable[[Path], tuple[tuple[Draft, ...], tuple[Problem, ...]]]

READERS: dict[str, Reader] = {".yaml": read_yaml, ".yml": read_yaml, ".json": read_yaml, ".csv": read_csv}
"""JSON is read as the YAML that it is."""


def read(path: Path) -> tuple[tuple[Draft, ...], tuple[Problem, ...]]:
    """The drafts in a register file and its problems; what is right is usable whatever else is wrong."""
    reader = READERS.get(path.suffix.lower())
    if reader:
        return reader(path)
    known = ", ".join(READERS)
    message = f"{path.suffix or 'a file without a suffix'} is not a register file"
    return (), (Problem(file=str(path), line=0, column=0, path="", message=message, hint=f"use one of {known}"),)
