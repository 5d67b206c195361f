"""What a user wrote wrong, a value with its place and a way out: `source` and `fit` make it, all surfaces show it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

Path = tuple[str | int, ...]
"""The way to a value inside a file: ("rules", 0, "due")."""

_WIDEST = 110
_NOTHING: Mapping[Any, Any] = MappingProxyType({})
_BREAKS = re.compile(r"\r\n|[\n\r]")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A mistake in a file: line and column count from 1, line 0 means the whole file.

    What is only a `warning` works as it is written, and is perhaps not meant so.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str = ""
    excerpt: str = ""
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        """The place, the sentence, the source line with a caret below the column, and the hint."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        level = self.level if self.level == "warning" else ""
        parts = [": ".join(part for part in (place, level, self.path, self.message) if part), *self._pointed()]
        return "\n".join([*parts, f"  hint: {self.hint}"] if self.hint else parts)

    def _pointed(self) -> tuple[str, ...]:
        if not self.line or not self.excerpt.strip():
            return ()
        start = max(0, self.column - 1 - _WIDEST // 2) if len(self.excerpt) > _WIDEST else 0
        before, after = self.excerpt[start : self.column - 1], self.excerpt[self.column - 1 : start + _WIDEST]
        lead, tail = "…" if start else "", "…" if start + _WIDEST < len(self.excerpt) else ""
        margin = f"  {self.line} | "
        bar = f"  {' ' * len(str(self.line))} | "
        blank = re.sub(r"[^\t]", " ", lead + before)
        return f"{margin}{lead}{_visible(before + after)}{tail}".rstrip(), f"{bar}{blank}^"


def _visible(text: str) -> str:
    """The text without characters that would act on a terminal."""
    return "".join(c if c.isprintable() or c == "\t" else "·" for c in text)


class Fault(NamedTuple):
    """A mistake inside a value, placed relative to it."""

    path: Path
    message: str
    hint: str = ""
    at_key: bool = False


class Misfit(ValueError):  # noqa: N818 - read as the noun that it is: what a validator says of a value that does not fit
    """What validators raise, so that several mistakes in one value get their own places and hints."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("; ".join(fault.message for fault in faults))


class Place(NamedTuple):
    """Where a value begins (from 1), with the places of its keys and of the values inside it."""

    line: int
    column: int
    keys: Mapping[str, tuple[int, int]] = _NOTHING
    inside: Mapping[str | int, Place] = _NOTHING


@dataclass(frozen=True, kw_only=True)
class Document:
    """A file as it was read: its text, its plain value, and where everything stands.

    `faulty` are the paths of values that are already reported: what holds one must not be used.
    """

    file: str
    text: str = field(repr=False)
    value: Any
    place: Place = field(repr=False)
    faulty: frozenset[Path] = frozenset()

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text, without their ends."""
        return _BREAKS.split(self.text)

    def position(self, path: Path, *, at_key: bool = False) -> tuple[int, int]:
        """Line and column of the value at the path or of its key; of the nearest that is there, if it is not."""
        place = self.place
        for depth, part in enumerate(path, start=1):
            if at_key and depth == len(path) and part in place.keys:
                return place.keys[str(part)]
            if part not in place.inside:
                break
            place = place.inside[part]
        return place.line, place.column

    def at(self, path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
        """The value at the path. Raises KeyError, IndexError or TypeError where there is none."""
        value = self.value
        for part in path:
            value = value[part]
        return value


def problem(document: Document, path: Path, message: str, hint: str = "", at_key: bool = False) -> Problem:
    """The Problem of a value in a document, at its place (or at that of its key)."""
    return placed(document, document.position(path, at_key=at_key), Fault(path, message, hint))


def placed(document: Document, at: tuple[int, int], fault: Fault) -> Problem:
    """The Problem of a fault that stands at this line and column."""
    line, column = at
    return Problem(
        file=document.file,
        line=line,
        column=column,
        path=dotted(fault.path),
        message=fault.message,
        hint=fault.hint,
        excerpt=document.lines[line - 1] if line <= len(document.lines) else "",
    )


def dotted(path: Path) -> str:
    """The path as people write it: rules[0].due.period."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
