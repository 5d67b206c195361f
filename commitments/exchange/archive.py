"""Workbooks are archives of XML: each is gone through once, against every bound, before anything else opens it.

What an archive says of its own sizes is not believed: what comes out of it is counted, and reading stops at the bound.
Nothing is ever written to disk.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from commitments.reading.source import (
    MEGABYTE,
    RefusedError,
    opened,
    whole,
)

LARGEST: Final = 50 * MEGABYTE
"""The bytes that a workbook may have as it lies there."""
MOST_BYTES: Final = 500 * MEGABYTE
"""The bytes that may come out of it."""
LARGEST_ROW: Final = 2 * MEGABYTE
_MOST_PARTS = 1000
_MOST_TAGS = 3_000_000
"""The tags that may stand outside the rows of sheets: shared texts, styles, the frame."""
_CHUNK = 1 << 16
_OVERLAP = 64
"""The bytes of a chunk that are looked at with the next, so that no mark is missed that a boundary cuts in two."""

_DISTRUST = "do not trust this file"
_ANEW = "save it anew in a spreadsheet"

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WAYS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_PREFIX = rb"(?:[A-Za-z_][\w.-]*:)?"
_ROW = re.compile(rb"<" + _PREFIX + rb"row[\s>/]")
_ROWS = re.compile(rb"<" + _PREFIX + rb"sheetData[\s>]")
_ROWS_END = re.compile(rb"</" + _PREFIX + rb"sheetData\s*>")
_FORMULA = re.compile(rb"<" + _PREFIX + rb"f[\s>/]")
_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']""")
_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


@dataclass(frozen=True)
class Archive:
    """A workbook all of which is within the bounds, and whether a formula stands in it."""

    data: io.BytesIO
    formulas: bool


def checked(path: Path) -> Archive:
    """The workbook in a file. Raises RefusedError where it breaks a bound, or is none."""
    with opened(path) as file:
        data = file.read(LARGEST + 1)
    name = str(path)
    if len(data) > LARGEST:
        _refuse(name, f"this file is larger than {LARGEST // MEGABYTE} MB", "split it, or save it as CSV")
    if data.startswith(_OLE):
        _refuse(name, "this workbook is an old .xls, or has a password", "save it as .xlsx, without a password")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            formulas = _gone_through(archive, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        reason = str(error).replace("\n", " ") or type(error).__name__
        _refuse(name, f"this is not a whole .xlsx workbook: {reason}", _ANEW)
    return Archive(io.BytesIO(data), formulas)


def _refuse(file: str, message: str, hint: str = "") -> NoReturn:
    raise RefusedError(whole(file, message, hint))


def _gone_through(archive: zipfile.ZipFile, file: str) -> bool:
    """Whether a formula stands in one of the parts, all of which are within the bounds."""
    parts = archive.infolist()
    if len(parts) > _MOST_PARTS:
        _refuse(file, f"this archive has {len(parts)} parts, a workbook at most {_MOST_PARTS}")
    _check_names(parts, file)
    formulas, left = False, MOST_BYTES
    tags = _MOST_TAGS
    for part in parts:
        scan = _Scan(file, part.filename)
        for chunk in _chunks(archive, part):
            left -= len(chunk)
            if left < 0:
                _refuse(file, f"more than {MOST_BYTES // MEGABYTE} MB come out of this archive", "split the workbook")
            scan.see(chunk)
        tags -= scan.tags
        if tags < 0:
            _refuse(file, f"this workbook has more than {_MOST_TAGS} tags besides its rows", "save it as CSV")
        formulas = formulas or scan.formulas
    return formulas


def _check_names(parts: list[zipfile.ZipInfo], file: str) -> None:
    seen: set[str] = set()
    for part in parts:
        name = part.filename
        if name.startswith("/") or "\\" in name or ".." in name.split("/") or ":" in name:
            _refuse(file, f"a part of this archive is named {name!r}, which leads out of it", _DISTRUST)
        if name.casefold() in seen:
            _refuse(file, f"two parts of this archive are named {name!r}", _DISTRUST)
        if part.flag_bits & 1:
            _refuse(file, "this workbook has a password", "save it without one")
        if part.compress_type not in _WAYS:
            _refuse(file, f"{name} is compressed in a way that workbooks do not use", _ANEW)
        seen.add(name.casefold())


def _chunks(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


class _Scan:
    """One look along a part: no declaration of entities, nothing but UTF-8, no row without end."""

    def __init__(self, file: str, part: str) -> None:
        self._file, self._part = file, part
        self._is_xml: bool | None = None
        self._tail = b""
        self._in_rows = False
        self._since_row = 0
        self.tags = 0
        self.formulas = False

    def see(self, chunk: bytes) -> None:
        """Look at the next piece. Raises RefusedError."""
        if self._is_xml is None:
            self._is_xml = self._begins(chunk)
        if not self._is_xml:
            return
        window = self._tail + chunk
        if b"<!DOCTYPE" in window or b"<!ENTITY" in window:
            _refuse(self._file, f"{self._part} declares a document type, which no workbook does", _DISTRUST)
        if b"\0" in chunk:
            _refuse(self._file, f"{self._part} is not written in UTF-8", _ANEW)
        self._count(window, len(chunk))
        self.formulas = self.formulas or bool(_FORMULA.search(window))
        self._tail = window[-_OVERLAP:]

    def _begins(self, chunk: bytes) -> bool:
        """Whether the part is XML, which does not go by its name alone."""
        if chunk.startswith(_BOMS) and b"<" in chunk[:8]:
            _refuse(self._file, f"{self._part} is not written in UTF-8", _ANEW)
        if not chunk.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
            return self._part.endswith((".xml", ".rels"))
        encoding = _ENCODING.search(chunk[:1000].removeprefix(b"\xef\xbb\xbf"))
        if encoding and encoding[1].lower() not in {b"utf-8", b"us-ascii", b"ascii"}:
            _refuse(self._file, f"{self._part} is not written in UTF-8", _ANEW)
        return True

    def _count(self, window: bytes, fresh: int) -> None:
        if not self._in_rows:
            begun = _ROWS.search(window)
            self.tags += 0 if begun else window.count(b"<")
            self._in_rows, self._since_row = bool(begun), 0
        if not self._in_rows:
            return
        last = max((found.end() for found in _ROW.finditer(window)), default=-1)
        self._since_row = len(window) - last if last >= 0 else self._since_row + fresh
        if self._since_row > LARGEST_ROW:
            message = f"a row in {self._part} is larger than {LARGEST_ROW // MEGABYTE} MB"
            _refuse(self._file, message, "is this the file that was meant?")
        self._in_rows = not _ROWS_END.search(window)
