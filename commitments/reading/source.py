"""Strict YAML with the place of every key and value: the only reader of rule files, settings and registers.

Nothing is guessed: what other YAML readers take for something else than was written is a Problem.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path as FilePath
from typing import Any, BinaryIO, Final, NoReturn

import yaml

from commitments.model.dates import NotADateError, Window
from commitments.reading.fit import check
from commitments.reading.problem import (
    Document,
    Fault,
    Misfit,
    Path,
    Place,
    Problem,
    dotted,
    placed,
    problem,
)
from commitments.trouble import TroubleError

__all__ = [
    "Document",
    "Fault",
    "Misfit",
    "Problem",
    "RefusedError",
    "check",
    "decoded",
    "dotted",
    "files_in",
    "opened",
    "parse",
    "problem",
    "read",
    "whole",
]

MEGABYTE: Final = 1_000_000
_DEEPEST = 20
_Loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


def read(path: FilePath, limit: int = MEGABYTE) -> tuple[Document | None, tuple[Problem, ...]]:
    """The document in a file, None where nothing can be used, and every problem met. `limit` is in bytes."""
    try:
        with opened(path) as file:
            data = file.read(limit + 1)
    except RefusedError as refused:
        return None, (refused.problem,)
    return parse(data, str(path), limit)


def parse(data: bytes | str, file: str, limit: int = MEGABYTE) -> tuple[Document | None, tuple[Problem, ...]]:
    """The document in `data`, None where nothing can be used, and every problem met."""
    try:
        _refuse_large(len(data), file, limit)
        return _Composer(_decode(data, file), file).document()
    except RefusedError as refused:
        return None, (refused.problem,)


@contextmanager
def opened(path: FilePath) -> Iterator[BinaryIO]:
    """A file that people named, opened to be read. Raises RefusedError where it is none, or cannot be read."""
    try:
        if not path.exists():
            raise RefusedError(whole(str(path), "there is no such file"))
        if not path.is_file():
            raise RefusedError(whole(str(path), "this is not a file"))
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise RefusedError(whole(str(path), f"this file cannot be read: {error.strerror}")) from error


def files_in(folder: FilePath, suffixes: Collection[str] = ()) -> tuple[list[FilePath], tuple[Problem, ...]]:
    """The entries of a folder in the order of their names, with these endings only; and why they cannot be told.

    A folder that is not there has none. One that cannot be read is a Problem: what is in it is not known.
    """
    try:
        with os.scandir(folder) as entries:
            paths = sorted(folder / entry.name for entry in entries)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not os.path.lexists(folder):
            return [], ()
        message = f"this folder cannot be read: {error.strerror}"
        hint = "let whoever runs gestand read it; if it is a mount or a link, see whether what it leads to is there"
        return [], (whole(str(folder), message, hint),)
    return [path for path in paths if not suffixes or path.suffix in suffixes], ()


def _refuse_large(size: int, file: str, limit: int) -> None:
    if size > limit:
        message = f"this file is larger than {limit / MEGABYTE:g} MB"
        raise RefusedError(whole(file, message, "split it into several"))


_Node = yaml.ScalarEvent | yaml.CollectionStartEvent


class RefusedError(TroubleError):
    """A file that nothing can be used of."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def whole(file: str, message: str, hint: str = "") -> Problem:
    """The Problem of a file as a whole."""
    return Problem(file=file, line=0, column=0, path="", message=message, hint=hint)


def _refuse(text: str, file: str, index: int, message: str, hint: str = "") -> NoReturn:
    """Refuses the file for what stands at a character of its text."""
    before = re.split(r"\r\n|[\n\r]", text[:index])
    _refuse_at(text, file, (len(before), len(before[-1]) + 1), message, hint)


def _refuse_at(text: str, file: str, at: tuple[int, int], message: str, hint: str = "") -> NoReturn:
    document = Document(file=file, text=text, value=None, place=Place(*at))
    raise RefusedError(placed(document, at, Fault((), message, hint)))


def _decode(data: bytes | str, file: str) -> str:
    """The text of a file, which holds something."""
    text = decoded(data, file)
    if not text.strip():
        raise RefusedError(whole(file, "this file is empty"))
    return _ESCAPE.sub(_paired, text) if file.endswith(".json") else text


_ESCAPE = re.compile(r"\\(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|.)", re.IGNORECASE)
"""An escape of JSON: two of UTF-16 that are one character together (RFC 8259, section 7), or any other."""


def _paired(found: re.Match[str]) -> str:
    r"""An escape as YAML has it: \U0001f469 for \ud83d\udc69, which most programs write for an emoji."""
    if not found[1]:
        return found[0]
    return f"\\U{0x10000 + ((int(found[1], 16) - 0xD800) << 10) + int(found[2], 16) - 0xDC00:08x}"


def decoded(data: bytes | str, file: str) -> str:
    """UTF-8 as text without its byte order mark. Raises RefusedError for other encodings and invisible characters."""
    text = data.removeprefix("\ufeff") if isinstance(data, str) else _from_utf8(data, file)
    if match := _CONTROL.search(text):
        message = f"there is an invisible character here that does not belong in a text (U+{ord(match[0]):04X})"
        _refuse(text, file, match.start(), message, "remove it; if the file was cut off or damaged, restore it")
    return text


def _from_utf8(data: bytes, file: str) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise RefusedError(whole(file, "this file is written in UTF-16", "save it as UTF-8"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = data[: error.start].decode("utf-8-sig")
        text = good + data[error.start :].decode("latin-1")
        message = f"this is not UTF-8: byte {data[error.start]:#04x}, {text[len(good)]!r} in Latin-1"
        _refuse(text, file, len(good), message, "save the file as UTF-8")


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def readable(text: str) -> str:
    """A text with the replacement character for each that no file may hold as it is."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


class _Composer:
    """One pass over the event stream of the parser, so that depth is bounded before anything is built."""

    def __init__(self, text: str, file: str) -> None:
        self._text, self._file = text, file
        self._events = self._stream()
        self._faults: list[tuple[Fault, tuple[int, int]]] = []

    def document(self) -> tuple[Document | None, tuple[Problem, ...]]:
        """The document and what is wrong inside it."""
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise RefusedError(whole(self._file, "this file is empty"))
        value, place = self._node(next(self._events), ())
        next(self._events)
        self._refuse_more(next(self._events))
        faulty = frozenset(fault.path for fault, _ in self._faults)
        made = Document(file=self._file, text=self._text, value=value, place=place, faulty=faulty)
        return made, tuple(placed(made, at, fault) for fault, at in self._faults)

    def _stream(self) -> Iterator[yaml.Event]:
        try:
            yield from yaml.parse(self._text, Loader=_Loader)
        except yaml.MarkedYAMLError as error:
            self._refuse_syntax(error)
        except yaml.reader.ReaderError as error:
            raise RefusedError(whole(self._file, f"this is not YAML: {error.reason}")) from error

    def _refuse_syntax(self, error: yaml.MarkedYAMLError) -> NoReturn:
        met = _start(error.problem_mark or error.context_mark)
        message, hint = _sentence(error, _character(self._text, met))
        opened = error.context_mark is not None and message.endswith(_UNCLOSED)
        at = _start(error.context_mark) if opened else met
        _refuse_at(self._text, self._file, at, message.replace("{line}", str(met[0])), hint)

    def _refuse_more(self, event: yaml.Event) -> None:
        if not isinstance(event, yaml.StreamEndEvent):
            hint = "put it into a file of its own"
            _refuse_at(self._text, self._file, _start(event.start_mark), "a second document begins here (---)", hint)

    def _fault(self, event: yaml.Event, path: Path, message: str, hint: str) -> None:
        self._faults.append((Fault(path, message, hint), _start(event.start_mark)))

    def _node(self, event: yaml.Event, path: Path) -> tuple[Any, Place]:
        at = _start(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            self._fault(event, path, f"*{event.anchor} refers to another place", "write the value out here")
            return None, Place(*at)
        assert isinstance(event, _Node)  # noqa: S101 - for the type checker: nothing else begins a value
        self._refuse_marks(event, path)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path), Place(*at)
        if len(path) >= _DEEPEST:
            _refuse_at(
                self._text, self._file, at, f"this is nested more than {_DEEPEST} levels deep", "write it flatter"
            )
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path, at)
        return self._mapping(path, at)

    def _refuse_marks(self, event: _Node, path: Path) -> None:
        if event.anchor is not None:
            self._fault(
                event, path, f"&{event.anchor} names a value for use elsewhere", "write values out where they are used"
            )
        if event.tag is not None:
            name = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._fault(event, path, f"the tag {name} is not allowed", "leave the tag out; put texts in quotes")

    def _sequence(self, path: Path, at: tuple[int, int]) -> tuple[list[Any], Place]:
        items: list[Any] = []
        inside: dict[str | int, Place] = {}
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            index = len(items)
            value, inside[index] = self._node(event, (*path, index))
            items.append(value)
        return items, Place(*at, {}, inside)

    def _mapping(self, path: Path, at: tuple[int, int]) -> tuple[dict[str, Any], Place]:
        values: dict[str, Any] = {}
        keys: dict[str, tuple[int, int]] = {}
        inside: dict[str | int, Place] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path)
            value, where = self._node(next(self._events), (*path, key))
            if key in values:
                self._twice(event, (*path, key), keys[key][0])
                continue
            values[key], inside[key], keys[key] = value, where, _start(event.start_mark)
        return values, Place(*at, keys, inside)

    def _key(self, event: yaml.Event, path: Path) -> str:
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_marks(event, path)
            return str(event.value)
        self._fault(event, path, "a key must be a single word or text", "write key: value")
        if not isinstance(event, yaml.AliasEvent):
            self._node(event, (*path, "?"))
        return "?"

    def _twice(self, event: yaml.Event, path: Path, line: int) -> None:
        self._fault(event, path, f"{str(path[-1])!r} is written twice, first on line {line}", "keep one of the two")

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
        if event.style or event.tag:
            return event.value
        try:
            return plain(event.value)
        except Misfit as misfit:
            self._fault(event, path, misfit.faults[0].message, misfit.faults[0].hint)
            return event.value


def _start(mark: Any) -> tuple[int, int]:  # noqa: ANN401 - the C and the Python parser have marks of their own
    return mark.line + 1, mark.column + 1


_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: value for value in (True, False) for word in (str(value).lower(), str(value), str(value).upper())
}
_TRAPS = (
    (
        re.compile(r"yes|no|on|off", re.IGNORECASE),
        "{0} without quotes is true or false to some programs and text to others",
        'write true or false, or "{0}" in quotes for the word',
    ),
    (
        re.compile(r"[-+]?[0-9]+(:[0-9]{1,2})+(\.[0-9]*)?"),
        "{0} without quotes is a number to base 60 to some programs",
        'write "{0}"',
    ),
    (
        re.compile(r"[-+]?0[0-9_]+|[-+]?0o[0-7]+"),
        "{0} without quotes is an octal number to some programs",
        'write "{0}" in quotes for the text, or the number without the leading 0',
    ),
    (re.compile(r"[-+]?\.inf|\.nan", re.IGNORECASE), "{0} is not a number that can be used here", "write a number"),
)


def plain(text: str) -> str | int | float | bool | date | None:
    """What a text without quotes means. Raises Misfit where that differs from reader to reader."""
    if text in _WORDS:
        return _WORDS[text]
    for trap, message, hint in _TRAPS:
        if trap.fullmatch(text):
            raise Misfit(Fault((), message.format(text), hint.format(text)))
    if _DATE.fullmatch(text):
        return _day(text)
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _day(text: str) -> date:
    try:
        return Window.parse(text).earliest
    except NotADateError as error:
        message, _, hint = str(error).partition("; ")
        raise Misfit(Fault((), message, hint)) from error


_UNCLOSED = " is not closed before line {line}"
_SYNTAX = (
    (
        "could not find expected ':'",
        "this line has no colon",
        "write key: value, or indent the line to go on with a text",
    ),
    (
        "mapping values are not allowed",
        "there is a second colon on this line, or the line is indented too far",
        "put a text that holds a colon in quotes, or line the key up with the keys above",
    ),
    (
        "did not find expected ',' or ']'",
        "the list that begins here" + _UNCLOSED,
        "close it with ], and put a comma between its values",
    ),
    (
        "did not find expected ',' or '}'",
        "the mapping that begins here" + _UNCLOSED,
        "close it with }, and put a comma between its values",
    ),
    (
        "did not find expected key",
        "this line does not fit what stands above it",
        "line it up with the keys above; close every quote and bracket",
    ),
    (
        "did not find expected '-' indicator",
        "this line does not fit the list above it",
        "begin it with - or line it up",
    ),
    ("unexpected end of stream", "the text that begins here" + _UNCLOSED, "close the quote"),
    ("unexpected document indicator", "there is a --- or ... inside a text in quotes", "close the quote before it"),
    ("unknown escape character", "there is a backslash that means nothing here", "use single quotes, or write \\\\"),
    (
        "invalid Unicode character",
        "there is an escaped character here that does not exist by itself",
        "write the character itself",
    ),
    ("found undefined tag handle", "tags (words that begin with !) are not allowed", "put the text in quotes"),
    ("cannot start any token", "{character} cannot begin a text", "put the text in quotes"),
    ("block sequence entries are not allowed", "a list cannot begin here", "begin it on a line of its own"),
    ("did not find expected node content", "something is missing here", "write a value"),
)


def _sentence(error: yaml.MarkedYAMLError, character: str) -> tuple[str, str]:
    """What the parser's complaint means, and the way out."""
    if character == "\t":
        return "there is a tab in the indentation", "indent with spaces"
    complaint = f"{error.context or ''} {error.problem or ''}".strip()
    for words, message, hint in _SYNTAX:
        if words in complaint:
            return message.replace("{character}", character), hint
    return f"this is not YAML: {complaint}", ""


def _character(text: str, at: tuple[int, int]) -> str:
    lines = re.split(r"\r\n|[\n\r]", text)
    line = lines[at[0] - 1] if at[0] <= len(lines) else ""
    return line[at[1] - 1 : at[1]]
