"""Delivery to a webhook: a signed POST over https to an address in public, and to no other that it names.

The receiver is told apart from others by a secret that both know. docs/delivery.md says how a signature is checked.
"""

from __future__ import annotations

import contextlib
import hmac
import http.client
import ipaddress
import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, field_validator, model_validator

from commitments.model.commitment import Frozen
from notifications.transports.credentials import credential, trusting
from notifications.transports.deliverer import (
    ConfigError,
    DeliveryError,
    PermanentError,
    ServerError,
    TemporaryError,
)
from notifications.transports.hosts import can_be_looked_up
from notifications.transports.timelimit import no_longer_than

TOTAL = 30.0
"""Seconds that one message may take in all."""
_FINAL = {400, 410, 413, 415, 422}
"""What is wrong with the message, and will be the next time. Other refusals are for somebody to mend."""
_LATER = {408, 425, 429}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class WebhookSettings(Frozen):
    """A webhook in gestand.yaml; its secret stands elsewhere. `private` lets it be in a network of your own."""

    url: Annotated[str, Field(max_length=2000)]
    secret_env: str = ""
    secret_file: str = ""
    ca_file: str = ""
    private: bool = False
    timeout: Annotated[float, Field(gt=0, le=TOTAL)] = TOTAL

    @field_validator("url")
    @classmethod
    def _safe(cls, url: str) -> str:
        parts = _parts(url)
        if parts is None:
            raise ValueError("this is not an address; write one such as https://example.org/hook")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise ValueError("it must begin with https:// (http:// only on this machine)")
        if parts.username or parts.password:
            raise ValueError("a user and password do not belong in it: the message is signed")
        return url

    @model_validator(mode="after")
    def _secret_somewhere(self) -> Self:
        if not (self.secret_env or self.secret_file):
            raise ValueError("say where the secret stands that signs it: secret_env: NAME or secret_file: PATH")
        return self


def _parts(url: str) -> SplitResult | None:
    """The parts of an address that names a host; None where it is none."""
    if not url.isascii() or any(character.isspace() for character in url):
        return None
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        if parts.hostname and can_be_looked_up(parts.hostname) and parts.port != 0:
            return parts
    return None


@dataclass(frozen=True)
class WebhookDeliverer:
    """Hands messages to a webhook, one connection each."""

    name: str
    settings: WebhookSettings
    now: Callable[[], datetime]
    lines: int = 1

    @contextmanager
    def line(self) -> Iterator[Self]:
        """Itself: nothing is kept open."""
        yield self

    def send(self, _envelope_from: str, _to: str, body: bytes) -> None:
        """Hand over a message.

        Raises PermanentError or TemporaryError for the message, ServerError or ConfigError for the receiver.
        """
        url = urlsplit(self.settings.url)
        headers = self._headers(body)
        connection = _connection(url, self.settings, f"ends.{self.name}.webhook")
        try:
            code = self._asked(connection, url, headers, body)
        finally:
            connection.close()
        if refused := _refusal(code, url.netloc):
            raise refused

    def _asked(
        self, connection: http.client.HTTPConnection, url: SplitResult, headers: dict[str, str], body: bytes
    ) -> int:
        """The status with which the receiver answered."""
        path, asked = f"{url.path or '/'}{'?' if url.query else ''}{url.query}", False
        try:
            with no_longer_than(self.settings.timeout, lambda: connection.sock) as late:
                connection.connect()
                if late.is_set():
                    raise TimeoutError("timed out")
                asked = True
                connection.request("POST", path, body, headers)
                return connection.getresponse().status
        except ssl.SSLError as error:
            why = f"{url.netloc} cannot be trusted or does not speak TLS: {error.reason or error}"
            raise ConfigError(0, why, doubtful=asked) from error
        except (OSError, http.client.HTTPException) as error:
            why = f"{url.netloc} cannot be reached or does not answer: {error}"
            raise ServerError(0, why, doubtful=asked) from error

    def _headers(self, body: bytes) -> dict[str, str]:
        secret = credential(f"ends.{self.name}.webhook.secret", self.settings.secret_env, self.settings.secret_file)
        seconds = int(self.now().timestamp())
        return {
            "Content-Type": "application/json",
            "User-Agent": "Gestand",
            "Gestand-Id": str(json.loads(body)["id"]),
            "Gestand-Signature": f"t={seconds},v1={signature(secret, seconds, body)}",
        }


def signature(secret: str, seconds: int, body: bytes) -> str:
    """The HMAC-SHA256, in hexadecimal digits, of the time (seconds since 1970), a full stop, and the body."""
    return hmac.digest(secret.encode(), f"{seconds}.".encode() + body, "sha256").hex()


def _refusal(code: int, where: str) -> DeliveryError | None:
    """What an answer means: 2xx took it. We follow no redirect: it could lead anywhere."""
    if 200 <= code < 300:
        return None
    said = f"{where} answered {http.client.responses.get(code, 'something unknown')}"
    if code in _FINAL:
        return PermanentError(code, said)
    if code in _LATER:
        return TemporaryError(code, said)
    return (ServerError if code >= 500 else ConfigError)(code, said)


# ------------------------------------------------------------------------------------------------- connecting


def _connection(url: SplitResult, settings: WebhookSettings, name: str) -> http.client.HTTPConnection:
    """A connection yet to be made, to an address that was looked up and looked at; `name` is that of the settings."""
    host = url.hostname or ""
    port = url.port or (443 if url.scheme == "https" else 80)
    places = _looked_up(host, port, settings)

    def connect(_address: tuple[str, int], timeout: float, _source: tuple[str, int] | None) -> socket.socket:
        reached = _reached(places, port, timeout / len(places))
        reached.settimeout(timeout)
        return reached

    made: http.client.HTTPConnection
    if url.scheme == "https":
        context = trusting(f"{name}.ca_file", settings.ca_file)
        made = http.client.HTTPSConnection(host, port, timeout=settings.timeout, context=context)
    else:
        made = http.client.HTTPConnection(host, port, timeout=settings.timeout)
    # The name is looked up once: what was looked at is what we connect to, whatever the name says a moment later.
    made._create_connection = connect  # type: ignore[attr-defined] # noqa: SLF001
    return made


def _reached(places: list[str], port: int, timeout: float) -> socket.socket:
    """A connection to the first of these addresses that answers; raises what became of the last."""
    *others, last = places
    for place in others:
        with contextlib.suppress(OSError):
            return socket.create_connection((place, port), timeout)
    return socket.create_connection((last, port), timeout)


def _looked_up(host: str, port: int, settings: WebhookSettings) -> list[str]:
    """The addresses of a host; where one is in a private network, raises ConfigError unless the settings allow it."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ServerError(0, f"{host} cannot be found: {error.strerror or error}") from error
    places = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    allowed = settings.private or host in _LOOPBACK
    hidden = [place for place in places if not _public(ipaddress.ip_address(place.partition("%")[0]))]
    if hidden and not allowed:
        raise ConfigError(0, f"{host} is {hidden[0]}, in a private network; write private: true where that is meant")
    return places


def _public(place: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return place.is_global and not place.is_multicast
