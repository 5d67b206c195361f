"""A time stamping authority asked over http (RFC 3161, 3.4): bounded in time and in bytes, led nowhere else.

Plain http will do, as most authorities offer: what comes back is signed, and nothing but a hash goes out.
"""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Final
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from engine.recording.stamping import WitnessError
from notifications.transports.timelimit import no_longer_than

SECONDS: Final = 30.0
"""How long an answer may take in all."""
LARGEST: Final = 64 * 1024
"""How many bytes an answer may have; with its certificates it has some 7,000."""
_HEADERS: Final = {"Content-Type": "application/timestamp-query", "User-Agent": "gestand"}


class AuthorityError(WitnessError):
    """An authority that does not answer, or not as it should."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"{_host(address)} {reason}")


def _host(address: str) -> str:
    """Who is asked, without what else may stand in an address; all of what is none."""
    try:
        return urlsplit(address).netloc or address
    except ValueError:
        return address


def ask(address: str, query: bytes, seconds: float = SECONDS) -> bytes:
    """What an authority answers to a request. Raises AuthorityError."""
    connection, target = _connection(address, seconds)
    try:
        with no_longer_than(seconds, lambda: connection.sock) as late:
            connection.connect()
            connection.request("POST", target, query, _HEADERS)
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


def _connection(address: str, seconds: float) -> tuple[HTTPConnection, str]:
    """A connection yet to be made, through the proxy that the environment names for it, and what to ask it for."""
    url = _parts(address)
    host = url.hostname or ""
    kind = _KINDS[url.scheme]
    path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
    proxy = _proxy(url)
    if proxy is None:
        return kind(host, url.port, timeout=seconds), path
    through = kind(proxy.hostname or "", proxy.port, timeout=seconds)
    if url.scheme == "http":
        return through, address
    through.set_tunnel(host, url.port)
    return through, path


_KINDS: Final[dict[str, type[HTTPConnection]]] = {"http": HTTPConnection, "https": HTTPSConnection}


def _parts(address: str) -> SplitResult:
    """The parts of an address that can be asked. Raises AuthorityError."""
    try:
        url = urlsplit(address)
        whole = url.scheme in _KINDS and url.hostname and not url.username and url.port != 0
    except ValueError:
        whole = False
    if not whole or not address.isascii() or any(character.isspace() for character in address):
        raise AuthorityError(address, "is not an address that can be asked; write one such as https://tsa.example.org")
    return url


def _proxy(url: SplitResult) -> SplitResult | None:
    """The proxy by which this address is reached, None where there is none: http_proxy, https_proxy, no_proxy."""
    host = url.hostname or ""
    named = getproxies().get(url.scheme, "")
    if not named or host in _HERE or proxy_bypass(host):
        return None
    return urlsplit(named if "//" in named else f"//{named}")


_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def _read(response: HTTPResponse, address: str) -> bytes:
    if response.status != 200:
        raise AuthorityError(address, f"answers {response.status} {response.reason[:100]!a}")
    body = response.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise AuthorityError(address, f"answers more than {LARGEST // 1024} KiB, which no time stamp is")
    return body
