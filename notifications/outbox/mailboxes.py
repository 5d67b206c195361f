"""Mail that lies in files: an mbox, a Maildir, a single mail, or what is piped in. Each is read to its end.

Strangers wrote it: whatever one mail is, those behind it are read. Of a long one its beginning is kept.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from commitments.trouble import TroubleError

STDIN = Path("-")
LONGEST = 256 * 1024
"""Octets that are kept of a mail. A report of failed delivery stands before the mail that it gives back (RFC 3464)."""
_AT_ONCE = 64 * 1024
_SEPARATOR = re.compile(rb"From \S.* \d{1,2}:\d\d(:\d\d)?\b.* \d{4}( [+-]\d{4})?\s*$")
"""RFC 4155, A: the line before a mail says who sent it and when; not every program quotes a "From " of the text."""


class NoMailError(TroubleError):
    """A file or folder that holds no mail that can be read."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} holds no mail that can be read ({why}); name an mbox file, a Maildir or an .eml file")


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail as it lies there, and where that is; `whole` unless only its beginning was kept."""

    place: str
    content: bytes
    whole: bool = True


@dataclass(frozen=True, kw_only=True)
class Unread:
    """A place with mail that could not be read, and why."""

    place: str
    why: str


def mails(path: Path) -> Iterator[Mail | Unread]:
    """The mails in a file or folder, one after another; nothing in it is changed.

    Raises NoMailError where there is no such file or folder, or none that may be opened.
    """
    try:
        yield from _mails(path)
    except OSError as error:
        raise NoMailError(path, _reason(error)) from error


def _mails(path: Path) -> Iterator[Mail | Unread]:
    if path == STDIN:
        if sys.stdin is None:
            raise NoMailError(path, "nothing is piped in")
        yield from _split(sys.stdin.buffer, "what was piped in")
    elif path.is_dir():
        yield from _folder(path)
    else:
        with path.open("rb") as file:
            yield from _split(file, str(path))


# ------------------------------------------------------------------------------------------------- Maildir


def _folder(path: Path) -> Iterator[Mail | Unread]:
    """The mails of a Maildir. Other programs move them from new/ to cur/, which is therefore read behind it."""
    if not (path / "cur").is_dir() or not (path / "new").is_dir():
        raise NoMailError(path, "a folder without cur/ and new/ is no Maildir")
    for part in ("new", "cur"):
        try:
            files = sorted((path / part).iterdir())
        except OSError as error:
            yield Unread(place=str(path / part), why=_reason(error))
            continue
        yield from (mail for file in files if (mail := _file(file)) is not None)


def _file(path: Path) -> Mail | Unread | None:
    """The mail in a file of its own; None where it is no file, or was moved or deleted meanwhile."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as opened:
            content = opened.read(LONGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        return Unread(place=str(path), why=_reason(error))
    return Mail(place=str(path), content=content[:LONGEST], whole=len(content) <= LONGEST)


# ------------------------------------------------------------------------------------------------- mbox


def _split(file: BinaryIO, name: str) -> Iterator[Mail | Unread]:
    """The mails in a file, which lines beginning with "From " part; the file itself where it has none."""
    kept, size, number = bytearray(), 0, 0
    try:
        for line, begins in _lines(file):
            if begins:
                if size:
                    number += 1
                    yield _mail(name, number, kept, size)
                kept, size = bytearray(), 0
                continue
            size += len(line)
            kept += line[: LONGEST - len(kept)]
    except OSError as error:
        yield Unread(place=f"{name} behind mail {number}", why=_reason(error))
    if size:
        yield _mail(name, number + 1, kept, size)


def _mail(name: str, number: int, kept: bytearray, size: int) -> Mail:
    return Mail(place=f"{name}, mail {number}", content=bytes(kept), whole=size <= LONGEST)


def _lines(file: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """The lines of a file, long ones in pieces, and whether a mail begins behind each.

    A line parts mails where it says who sent one and when. A file that does not begin with "From " is a single mail, or
    an mbox that was cut off at its head: there only behind an empty line.
    """
    is_box = None
    before = b"\n"
    while line := file.readline(_AT_ONCE):
        first, is_box = is_box is None, line.startswith(b"From ") if is_box is None else is_box
        ready = before.endswith(b"\n") if is_box else before in {b"\n", b"\r\n"}
        yield line, (first and is_box) or (ready and _SEPARATOR.match(line) is not None)
        before = line


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
