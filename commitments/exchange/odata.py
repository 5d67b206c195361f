"""Answers of an OData service, a page at a time: patient with what passes, bounded in everything, never led astray.

Only https is spoken, but on this very machine. A redirect or a next page at another host is refused.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from commitments.reading.source import MEGABYTE
from commitments.trouble import TroubleError

PAGE = 250
"""The rows that the service of the House hands out at once, at most."""
_MOST_PAGES = 20_000
_LONGEST_WAIT = 120.0


class FetchError(TroubleError):
    """A service that does not answer, or not as it should. `status` is what HTTP says, 0 where it says nothing."""

    def __init__(self, address: str, reason: str, status: int = 0) -> None:
        self.status = status
        host = urlsplit(address).hostname or address
        super().__init__(f"{host} {reason}")


class _PassingError(Exception):
    """What may be over when one asks again; `after` is how many seconds the service wants us to wait, if it says so."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        self.reason, self.after = reason, after
        super().__init__(reason)


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait for a service, in seconds, how often to ask again, and how many bytes a page may have."""

    silence: float = 30
    page: float = 180
    tries: int = 5
    largest: int = 20 * MEGABYTE
    wait: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Page:
    """An answer, and the address of the next; empty where it is the last."""

    address: str
    value: dict[str, Any]
    following: str

    @property
    def rows(self) -> list[Any]:
        """The rows of the answer."""
        found: list[Any] = self.value["value"]
        return found

    @property
    def of(self) -> int:
        """How many rows there are on all pages, where the service says so."""
        count = self.value.get("@odata.count")
        return count if isinstance(count, int) else 0


def asked(address: str, **query: str) -> str:
    """The address with a query; what it asks already stays, but its filter, which holds beside ours."""
    parts = urlsplit(address)
    own = dict(parse_qsl(parts.query, keep_blank_values=True))
    ours = {f"${name}": value for name, value in query.items() if value}
    if "$filter" in own and "$filter" in ours:
        own["$filter"] = f"({own['$filter']}) and {ours['$filter']}"
    return urlunsplit(parts._replace(query=urlencode(ours | own, quote_via=quote, safe="$,()'/:")))


def pages(address: str, patience: Patience | None = None) -> Iterator[Page]:
    """The pages of an answer from this address on, each asked for when the one before is done with.

    Raises FetchError, with what came before already handed out.
    """
    patience, seen, last = patience or Patience(), {address}, None
    while True:
        value = _answer(address, patience)
        if last is not None and value["value"] and value["value"] == last:
            raise FetchError(address, f"gives the same page again at {address}")
        page = Page(address, value, _following(address, value))
        yield page
        if not page.following:
            return
        if page.following in seen or len(seen) >= _MOST_PAGES:
            raise FetchError(address, f"sends us round in a circle: {page.following} was there already")
        seen.add(page.following)
        address, last = page.following, value["value"]


def _following(address: str, value: dict[str, Any]) -> str:
    """The address of the next page: the one that is told, else the next rows where this page is full."""
    told = value.get("@odata.nextLink") or value.get("odata.nextLink")
    if told:
        following = urljoin(address, str(told))
        if _origin(following) != _origin(address):
            raise FetchError(address, f"names a next page at another host, {following}; that was not followed")
        return following
    if len(value["value"]) < PAGE:
        return ""
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    done = query.get("$skip", "0")
    query["$skip"] = str((int(done) if done.isdecimal() else 0) + len(value["value"]))
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote, safe="$,()'/:")))


def _origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port


# ------------------------------------------------------------------------------------------------- one page


def _answer(address: str, patience: Patience) -> dict[str, Any]:
    """The answer at an address, asked for again while what is wrong may pass."""
    _refuse_unsafe(address)
    for attempt in range(patience.tries):
        try:
            return _value(_body(address, patience))
        except _PassingError as met:
            reason = met.reason
            if attempt + 1 < patience.tries:
                patience.wait(min(_LONGEST_WAIT, 2.0**attempt if met.after is None else met.after))
    raise FetchError(address, f"{reason}, {patience.tries} times; try again later")


def _refuse_unsafe(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname)):
        raise FetchError(address, "must be asked by https: write https://…")
    if not parts.hostname or parts.username or parts.password:
        raise FetchError(address, "is not an address that can be asked: write https://host/path, without a password")


def _is_here(host: str | None) -> bool:
    """Whether a host is this very machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def _body(address: str, patience: Patience) -> bytes:
    request = Request(address, headers={"Accept": "application/json", "User-Agent": "gestand"})  # noqa: S310 (checked)
    try:
        with _opener(address).open(request, timeout=patience.silence) as response:
            return _read(response, address, patience)
    except HTTPError as error:
        with error:
            raise _refusal(address, error) from error
    except ssl.SSLError as error:
        raise FetchError(address, f"cannot be trusted: {error.reason or error}") from error
    except URLError as error:
        if isinstance(error.reason, ssl.SSLError):
            raise FetchError(address, f"cannot be trusted: {error.reason.reason or error.reason}") from error
        raise _PassingError(f"cannot be reached ({error.reason})") from error
    except TimeoutError as error:
        raise _PassingError(f"said nothing for {patience.silence:g} seconds") from error
    except (OSError, http.client.HTTPException) as error:
        raise _PassingError(f"broke off ({str(error) or type(error).__name__})") from error


def _opener(address: str) -> OpenerDirector:
    here = _is_here(urlsplit(address).hostname)
    return build_opener(_SameHost, *([ProxyHandler({})] if here else []))


class _SameHost(HTTPRedirectHandler):
    """Follows a redirect only to where it came from."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> Request | None:
        if _origin(newurl) != _origin(req.full_url):
            fp.close()
            raise FetchError(req.full_url, f"redirects to {newurl}; that was not followed", code)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _refusal(address: str, error: HTTPError) -> Exception:
    if error.code == http.HTTPStatus.TOO_MANY_REQUESTS or error.code >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        said = error.headers.get("Retry-After", "")
        return _PassingError(f"answers {error.code} {error.reason}", float(said) if said.isdecimal() else None)
    return FetchError(address, f"answers {error.code} {error.reason} to {address}", error.code)


def _read(response: http.client.HTTPResponse, address: str, patience: Patience) -> bytes:
    """The body of an answer, within its bounds in bytes and in time."""
    begun, data = time.monotonic(), bytearray()
    while piece := response.read1(1 << 16):
        data += piece
        if len(data) > patience.largest:
            raise FetchError(address, f"answers more than {patience.largest / MEGABYTE:g} MB on one page")
        if time.monotonic() - begun > patience.page:
            raise _PassingError(f"took more than {patience.page:g} seconds for a page")
    promised = response.headers.get("Content-Length", "")
    if promised.isdecimal() and len(data) < int(promised):
        raise _PassingError(f"broke off after {len(data)} of {promised} bytes")
    return bytes(data)


def _value(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _PassingError(f"answers what is not JSON ({error})") from error
    if not isinstance(value, dict) or not isinstance(value.get("value"), list):
        raise _PassingError("answers no list of rows")
    return value
