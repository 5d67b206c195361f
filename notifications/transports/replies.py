"""What a mail server answers, read strictly: a reply is whole lines with one code, or it is none (RFC 5321, 4.2).

A line that breaks off, an answer without end and an answer to nothing that was asked are never taken for a code: after
a whole message they would decide wrongly whether it was delivered.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

LONGEST = 64 * 1024
"""Octets that one reply may have, with all its lines; RFC 5321, 4.5.3.1.5 asks for 512 a line."""
_AT_ONCE = 4096
_LINE = re.compile(rb"(?P<code>[2-5][0-9]{2})(?:(?P<mark>[ -])(?P<text>[^\n]*))?")
"""RFC 5321, 4.2: a code from 200 to 599 by itself, or a blank or hyphen and a text behind it."""


class BadReplyError(Exception):
    """What came is no reply: it has no end, is out of turn, or is not SMTP."""


class BrokenOffError(BadReplyError):
    """The other side hung up before its reply had an end."""


@dataclass(frozen=True)
class Reply:
    """A whole reply: its code, from 200 to 599, and its lines without it."""

    code: int
    text: bytes


@dataclass
class Replies:
    """The replies of one connection, one after another; `unread` is what came and belongs to none yet."""

    unread: bytearray = field(default_factory=bytearray)

    def read(self, receive: Callable[[int], bytes]) -> Reply:
        """The next reply; `receive` gives so many octets at most, none where the other side hung up.

        Raises BadReplyError, after which the connection is of no use any more.
        """
        left = LONGEST
        lines: list[bytes] = []
        codes: set[int] = set()
        while True:
            line = self._line(receive, left)
            left -= len(line)
            code, text, more = _read_line(line)
            codes.add(code)
            lines.append(text)
            if len(codes) > 1:
                raise BadReplyError(f"its answer has two codes, {' and '.join(map(str, sorted(codes)))}")
            if not more:
                return Reply(code, b"\n".join(lines))

    def expect_none(self, came: bytes) -> None:
        """Raise BadReplyError where something is here that nobody asked for: what just `came`, or was left before."""
        self.unread += came
        if self.unread:
            raise BadReplyError(f"it answered what was not asked: {_shown(self.unread)}")

    def _line(self, receive: Callable[[int], bytes], left: int) -> bytes:
        """The next line with its end, which has at most `left` octets."""
        looked = 0
        while (end := self.unread.find(b"\n", looked)) < 0 and len(self.unread) < left:
            looked = len(self.unread)
            came = receive(_AT_ONCE)
            if not came:
                raise BrokenOffError(_broken_off(self.unread))
            self.unread += came
        if not 0 <= end < left:
            raise BadReplyError(f"its answer has no end after {LONGEST // 1024} KiB: {_shown(self.unread)}")
        line = bytes(self.unread[: end + 1])
        del self.unread[: end + 1]
        return line


def _read_line(line: bytes) -> tuple[int, bytes, bool]:
    """The code of a line, its text, and whether another one follows."""
    found = _LINE.fullmatch(line.rstrip(b"\r\n"))
    if found is None:
        raise BadReplyError(f"its answer is not SMTP: {_shown(line)}")
    return int(found["code"]), (found["text"] or b"").strip(), found["mark"] == b"-"


def _broken_off(begun: bytearray) -> str:
    return f"its answer breaks off: {_shown(begun)}" if begun else "it hung up without an answer"


def _shown(octets: bytes | bytearray) -> str:
    return repr(bytes(octets[:40]).decode("utf-8", "replace").rstrip())
