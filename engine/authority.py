"""A time stamping authority asked over http (RFC 3161, 3.4): bounded in time and in bytes, led nowhere else.

Plain http will do, as most authorities offer: what comes back is signed, and nothing but a hash goes out.
"""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Final
from urllib.parse import SplitResult, urlsplit

from engine.stamping import WitnessError
from notifications.timelimit import no_longer_than

SECONDS: Final = 30.0
"""How long an answer may take in all."""
LARGEST: Final = 64 * 1024
"""How many bytes an answer may have; with its certificates it has some 7,000."""
_HEADERS: Final = {"Content-Type": "application/timestamp-query", "User-Agent": "gestand"}


class AuthorityError(WitnessError):
    """An authority that does not answer, or not as it should."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"{urlsplit(address).netloc or address} {reason}")


def ask(address: str, query: bytes, seconds: float = SECONDS) -> bytes:
    """What an authority answers to a request. Raises AuthorityError."""
    connection = _connection(address, seconds)
    try:
        with no_longer_than(seconds, lambda: connection.sock) as late:
            connection.connect()
            connection.request("POST", _path(urlsplit(address)), query, _HEADERS)
            answer = _read(connection.getresponse(), address)
    except (OSError, HTTPException) as error:
        slow = late.is_set() or isinstance(error, TimeoutError)
        raise AuthorityError(address, _SLOW.format(seconds) if slow else f"cannot be reached: {error}") from error
    finally:
        connection.close()
    if late.is_set():
        raise AuthorityError(address, _SLOW.format(seconds))
    return answer


_SLOW: Final = "gave no whole answer within {:g} seconds"


def _connection(address: str, seconds: float) -> HTTPConnection:
    try:
        url = urlsplit(address)
        port = url.port
    except ValueError as error:
        raise AuthorityError(address, f"is not an address: {error}") from error
    kinds: dict[str, type[HTTPConnection]] = {"http": HTTPConnection, "https": HTTPSConnection}
    kind = kinds.get(url.scheme)
    if kind is None or not url.hostname or url.username or not address.isascii() or any(c.isspace() for c in address):
        raise AuthorityError(address, "is not an address that can be asked; write one such as https://tsa.example.org")
    return kind(url.hostname, port, timeout=seconds)


def _path(url: SplitResult) -> str:
    return f"{url.path or '/'}{'?' if url.query else ''}{url.query}"


def _read(response: HTTPResponse, address: str) -> bytes:
    if response.status != 200:
        raise AuthorityError(address, f"answers {response.status} {response.reason[:100]!a}")
    body = response.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise AuthorityError(address, f"answers more than {LARGEST // 1024} KiB, which no time stamp is")
    return body
