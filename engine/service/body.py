"""What comes with a request to the local port: read within bounds, by its length or in chunks (RFC 9112, 6 and 7)."""

from __future__ import annotations

import re
from email.message import Message
from http import HTTPStatus
from io import BufferedIOBase
from typing import Final

LONGEST_BODY: Final = 1024
_LONGEST_LINE: Final = 256
_MOST_FIELDS: Final = 20
"""Lines behind the last chunk that are read and forgotten."""
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")


class BodyError(Exception):
    """A body that is not taken, with the status and the sentence to answer."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        self.status, self.why = status, why
        super().__init__(why)


TOO_LONG: Final = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "this is more than is asked for"
_BROKEN: Final = HTTPStatus.BAD_REQUEST, "what came with this request cannot be read"


def read_body(headers: Message, file: BufferedIOBase) -> bytes:
    """What came with a request, LONGEST_BODY octets at most. Raises BodyError where it is longer or told wrongly."""
    coding = headers.get_all("Transfer-Encoding")
    lengths = headers.get_all("Content-Length")
    if coding and lengths:
        raise BodyError(*_BROKEN)  # RFC 9112, 6.3: whoever stands between may have read the other one
    if coding:
        if [one.strip().lower() for one in coding] != ["chunked"]:
            raise BodyError(HTTPStatus.NOT_IMPLEMENTED, "only chunked is understood as a transfer encoding")
        return _chunks(file)
    if not lengths:
        raise BodyError(HTTPStatus.LENGTH_REQUIRED, "say how long this is, in Content-Length")
    return _counted(file, lengths)


def _counted(file: BufferedIOBase, lengths: list[str]) -> bytes:
    if len(lengths) > 1 or not (lengths[0].isascii() and lengths[0].isdecimal()):
        raise BodyError(*_BROKEN)
    if len(lengths[0]) > 9 or int(lengths[0]) > LONGEST_BODY:
        raise BodyError(*TOO_LONG)
    return _exactly(file, int(lengths[0]))


def _chunks(file: BufferedIOBase) -> bytes:
    body = b""
    while size := _size(file):
        if len(body) + size > LONGEST_BODY:
            raise BodyError(*TOO_LONG)
        body += _exactly(file, size)
        if file.readline(3) not in {b"\r\n", b"\n"}:
            raise BodyError(*_BROKEN)
    _skip_fields(file)
    return body


def _size(file: BufferedIOBase) -> int:
    found = _CHUNK.fullmatch(file.readline(_LONGEST_LINE))
    if found is None:
        raise BodyError(*_BROKEN)
    return int(found[1], 16)


def _skip_fields(file: BufferedIOBase) -> None:
    for _ in range(_MOST_FIELDS):
        if file.readline(_LONGEST_LINE) in {b"\r\n", b"\n"}:
            return
    raise BodyError(*_BROKEN)


def _exactly(file: BufferedIOBase, size: int) -> bytes:
    body = file.read(size)
    if len(body) != size:
        raise BodyError(*_BROKEN)
    return body
