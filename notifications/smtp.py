"""Delivery by SMTP, encrypted unless told otherwise, and never longer than half a minute. The only home of smtplib."""

from __future__ import annotations

import base64
import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from commitments.model import Frozen
from notifications.credentials import credential, trusting
from notifications.deliverer import ConfigError, DeliveryError, PermanentError, ServerError, TemporaryError
from notifications.timelimit import no_longer_than

TOTAL = 30.0
"""Seconds that one message may take, from connecting to the server's last word."""
PER_CONNECTION = 100
"""After so many messages a new connection is made, for servers cut off the one that goes on and on."""
_PORTS = {"starttls": 587, "implicit": 465, "none": 25}


class SmtpSettings(Frozen):
    """The mail server in gestand.yaml. The password stands elsewhere: in an environment variable, or in a file."""

    host: Annotated[str, Field(min_length=1, max_length=253)]
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    port: Annotated[int, Field(ge=1, le=65535)] = _PORTS["starttls"]
    user: str = ""
    password_env: str = ""
    password_file: str = ""
    ca_file: str = ""
    timeout: Annotated[float, Field(gt=0, le=TOTAL)] = TOTAL
    connections: Annotated[int, Field(ge=1, le=8)] = 1

    @model_validator(mode="before")
    @classmethod
    def _usual_port(cls, value: Any) -> Any:  # noqa: ANN401 - whatever the file holds
        if not isinstance(value, dict):
            return value
        usual = _PORTS.get(str(value.get("tls")))
        return value if usual is None else {"port": usual, **value}

    @model_validator(mode="after")
    def _login_is_safe(self) -> Self:
        if self.user and not (self.password_env or self.password_file):
            raise ValueError("user needs a password; write password_env: NAME or password_file: PATH beside it")
        if self.user and self.tls == "none":
            raise ValueError("a password is never sent unencrypted; write tls: starttls, or leave user out")
        return self


@dataclass(frozen=True)
class SmtpDeliverer:
    """Hands messages to a mail server, several over one connection."""

    settings: SmtpSettings

    @property
    def lines(self) -> int:
        """How many connections may be open at once."""
        return self.settings.connections

    @contextmanager
    def line(self) -> Iterator[SmtpLine]:
        """A connection, made when it is needed and closed in the end."""
        line = SmtpLine(self.settings)
        try:
            yield line
        finally:
            line.hang_up()

    def send(self, envelope_from: str, to: str, body: bytes) -> None:
        """Hand over one message over a connection of its own; raises what SmtpLine.send raises."""
        with self.line() as line:
            line.send(envelope_from, to, body)


class SmtpLine:
    """A connection to a mail server that takes one message after another, and is made anew where it broke."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._server: smtplib.SMTP | None = None
        self._handed = 0
        self._late = threading.Event()

    def send(self, envelope_from: str, to: str, body: bytes) -> None:
        """Hand over a message for one recipient.

        Raises PermanentError or TemporaryError for the message, ServerError or ConfigError for the server.
        """
        content = _lined(body)
        with _classified(self._settings), no_longer_than(self._settings.timeout, self._socket) as self._late:
            try:
                self._data(self._addressed(envelope_from, to, len(content)), content)
            except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError):
                raise  # the message was refused, and the connection is as good as before
            except BaseException:
                self._break_off()
                raise

    def hang_up(self) -> None:
        """Say goodbye and close the connection, if there is one; what the server says to that does not matter."""
        if self._server is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._server.putcmd("quit")
        self._break_off()

    def _socket(self) -> socket.socket | None:
        return self._server.sock if self._server is not None else None

    def _break_off(self) -> None:
        server, self._server, self._handed = self._server, None, 0
        if server is not None:
            server.close()

    def _addressed(self, envelope_from: str, to: str, size: int) -> smtplib.SMTP:
        """The server, told who a message is for; over a new connection where the one in use is not good any more."""
        if self._server is not None and self._handed < PER_CONNECTION:
            try:
                _reset(self._server)
                return _address(self._server, envelope_from, to, size)
            except smtplib.SMTPRecipientsRefused:
                raise
            except (smtplib.SMTPException, OSError):
                if self._late.is_set():
                    raise
        self.hang_up()
        return _address(self._opened(), envelope_from, to, size)

    def _data(self, server: smtplib.SMTP, content: bytes) -> None:
        self._handed += 1
        try:
            code, text = server.data(content)
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            where = f"{self._settings.host}:{self._settings.port}"
            raise ServerError(0, f"{where} cannot be reached or does not answer: {error}", doubtful=True) from error
        if code != 250:
            raise smtplib.SMTPDataError(code, text)

    def _opened(self) -> smtplib.SMTP:
        """A new connection, encrypted and logged in, as the settings ask."""
        settings = self._settings
        self._server = server = self._closed()
        code, text = server.connect(settings.host, settings.port)
        if self._late.is_set():
            raise TimeoutError("timed out")
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        if settings.tls == "starttls":
            server.starttls(context=trusting("mail.smtp.ca_file", settings.ca_file))
        if settings.user:
            _log_in(server, settings)
        server.ehlo_or_helo_if_needed()
        return server

    def _closed(self) -> smtplib.SMTP:
        """A connection yet to be made. With a host, smtplib would make it at once, out of the timer's reach."""
        settings = self._settings
        if settings.tls == "implicit":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                timeout=settings.timeout, context=trusting("mail.smtp.ca_file", settings.ca_file)
            )
        else:
            server = smtplib.SMTP(timeout=settings.timeout)
        server._host = settings.host  # type: ignore[attr-defined] # noqa: SLF001 - the name certificates are checked against
        return server


def _log_in(server: smtplib.SMTP, settings: SmtpSettings) -> None:
    """Log in. What a server repeats of the password, as it is or as it was sent, goes into nothing that we say."""
    password = credential("mail.smtp.password", settings.password_env, settings.password_file)
    if not f"{settings.user}{password}".isascii():
        raise ConfigError(0, "the user and the password of mail.smtp can hold ASCII characters alone: take another one")
    try:
        server.login(settings.user, password)
    except smtplib.SMTPResponseException as error:
        said = _readable(error.smtp_error)
        for secret in (password, _base64(password), _base64(f"\0{settings.user}\0{password}")):
            said = said.replace(secret, "…")
        raise smtplib.SMTPAuthenticationError(error.smtp_code, said) from None


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _lined(body: bytes) -> bytes:
    """The body with CRLF at the end of every line; itself where that is so already."""
    if body.count(b"\r\n") == body.count(b"\n") == body.count(b"\r"):
        return body
    return body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")


def _reset(server: smtplib.SMTP) -> None:
    """Let the server forget the message before, taken or refused."""
    code, text = server.rset()
    if code != 250:
        raise smtplib.SMTPResponseException(code, text)


def _address(server: smtplib.SMTP, envelope_from: str, to: str, size: int) -> smtplib.SMTP:
    """The server, after it accepted a message's sender and recipient."""
    code, text = server.mail(envelope_from, [f"size={size}"] if server.does_esmtp and server.has_extn("size") else [])
    if code != 250:
        raise smtplib.SMTPSenderRefused(code, text, envelope_from)
    code, text = server.rcpt(to)
    if code not in {250, 251}:
        raise smtplib.SMTPRecipientsRefused({to: (code, text)})
    return server


@contextmanager
def _classified(settings: SmtpSettings) -> Iterator[None]:
    """Turns what smtplib raises into ours: whose fault it is, and whether to try again."""
    where = f"{settings.host}:{settings.port}"
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        raise _by_code(*next(iter(error.recipients.values()))) from error
    except smtplib.SMTPDataError as error:
        raise _by_code(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise ConfigError(0, f"{where} does not do what mail.smtp asks of it: {error}") from error
    except smtplib.SMTPResponseException as error:
        raise _by_server(where, error) from error
    except ssl.SSLError as error:
        raise ConfigError(0, f"{where} cannot be trusted or does not speak TLS: {error.reason or error}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise ServerError(0, f"{where} cannot be reached or does not answer: {error}") from error


def _by_code(code: int, text: bytes | str) -> DeliveryError:
    """RFC 5321, 4.2.1: replies from 500 on are final, those below may be different the next time; 421 is a goodbye."""
    if code == 421:
        return ServerError(code, _readable(text))
    return (PermanentError if code >= 500 else TemporaryError)(code, _readable(text))


def _by_server(where: str, error: smtplib.SMTPResponseException) -> ServerError:
    """What the server says before any recipient is named: to us, not about a message."""
    kind = ConfigError if error.smtp_code >= 500 else ServerError
    return kind(error.smtp_code, f"{where}: {_readable(error.smtp_error)}")


def _readable(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
