"""Text files of any length, a line at a time: what cannot be text is refused at its line, in bounded memory."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from commitments.reading.source import (
    MEGABYTE,
    RefusedError,
    decoded,
    opened,
    whole,
)

Progress = Callable[[int, int], None]
"""Told how much of how much is read, in whatever a file is measured in."""

_OFTEN = 1000


def silent(_done: int, _of: int) -> None:
    """Progress that nobody looks at."""


def lines(path: Path, progress: Progress = silent) -> Iterator[str]:
    """The lines of a file in UTF-8, with their ends. Raises RefusedError, also half-way, for what is no text."""
    size = path.stat().st_size if path.exists() else 0
    done = 0
    with opened(path) as file:
        for number, raw in enumerate(iter(lambda: file.readline(MEGABYTE + 1), b""), start=1):
            done += len(raw)
            if number % _OFTEN == 0:
                progress(done, size)
            yield from _broken(_text(raw, str(path), number))
    progress(done, size)


def _text(raw: bytes, file: str, number: int) -> str:
    if len(raw) > MEGABYTE:
        problem = whole(file, f"line {number} is longer than 1 MB", "break it up; is this the file that was meant?")
        raise RefusedError(problem)
    try:
        return decoded(raw, file)
    except RefusedError as refused:
        told = refused.problem
        at = told.line and told.line + number - 1
        raise RefusedError(replace(told, line=at)) from None


def _broken(line: str) -> Iterator[str]:
    """The line, or the lines that it is where only carriage returns end them."""
    if "\r" not in line[:-2]:
        yield line
        return
    yield from io.StringIO(line, newline="")
