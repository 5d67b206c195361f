"""Delivery by SMTP, encrypted unless told otherwise, and never longer than half a minute. The only home of smtplib."""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

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
from notifications.transports.replies import BadReplyError, BrokenOffError, Replies
from notifications.transports.timelimit import no_longer_than

TOTAL = 30.0
"""Seconds that one message may take, from connecting to the server's last word."""
PER_CONNECTION = 100
"""After so many messages a new connection is made, for servers cut off the one that goes on and on."""
_GO_ON = 354
"""What a server answers to DATA that awaits the message (RFC 5321, 4.1.1.4)."""
_DOT = re.compile(rb"^\.", re.MULTILINE)
_TOO_MUCH = 552
_SIZE = re.compile(r"5\.(3\.4|2\.3)\b")
"""RFC 3463: the message is larger than the server takes, or than the mailbox does."""
_STATUS = re.compile(r"5\.\d{1,3}\.\d{1,3}\b")
_PORTS = {"starttls": 587, "implicit": 465, "none": 25}


def _server_name(host: str) -> str:
    if not can_be_looked_up(host):
        raise ValueError("this is no name of a server; write one such as mail.example.org")
    return host


class SmtpSettings(Frozen):
    """The mail server in gestand.yaml. The password stands elsewhere: in an environment variable, or in a file."""

    host: Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_server_name)]
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


class _Strict(smtplib.SMTP):
    """A connection that believes whole replies alone, and says nothing where an answer came that was not asked for."""

    def connect(self, host: str = "localhost", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:  # noqa: ANN401 - smtplib's own
        self._replies = Replies()
        return super().connect(host, port, source_address)

    def getreply(self) -> tuple[int, bytes]:
        """The next reply, its code from 200 to 599. Raises SMTPServerDisconnected where there is none."""
        with self._closed_after_nonsense():
            reply = self._replies.read(self._receive)
        return reply.code, reply.text

    def send(self, s: Any) -> None:  # noqa: ANN401 - smtplib's own
        """Send a command or a message; nothing where an answer is here already, for it would be taken for the next."""
        if self.sock is not None:
            with self._closed_after_nonsense():
                self._replies.expect_none(_at_hand(self.sock))
        super().send(s)

    def _receive(self, octets: int) -> bytes:
        try:
            return self.sock.recv(octets) if self.sock is not None else b""
        except OSError as error:
            raise BrokenOffError(str(error)) from error

    @contextmanager
    def _closed_after_nonsense(self) -> Iterator[None]:
        try:
            yield
        except BadReplyError as error:
            self.close()
            raise (smtplib.SMTPServerDisconnected if isinstance(error, BrokenOffError) else _NonsenseError)(
                str(error)
            ) from error


def _at_hand(sock: socket.socket) -> bytes:
    """What can be read without waiting: an octet, or nothing. Raises BrokenOffError where the other side hung up."""
    waits = sock.gettimeout()
    sock.settimeout(0)
    try:
        came = sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return b""
    except OSError as error:
        raise BrokenOffError(str(error)) from error
    finally:
        sock.settimeout(waits)
    if not came:
        raise BrokenOffError("it hung up")
    return came


class _StrictTls(_Strict, smtplib.SMTP_SSL):
    """The same, encrypted from the first octet."""


class _NonsenseError(smtplib.SMTPServerDisconnected):
    """The server does not answer as SMTP asks; nothing more can be said to it over this connection."""


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
            except BaseException as error:
                if not _about_the_message(error):
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
                return self._address(self._server, envelope_from, to, size)
            except DeliveryError:
                raise
            except (smtplib.SMTPException, OSError):
                if self._late.is_set():
                    raise
        self.hang_up()
        return self._address(self._opened(), envelope_from, to, size)

    def _address(self, server: smtplib.SMTP, envelope_from: str, to: str, size: int) -> smtplib.SMTP:
        """The server, after it accepted a message's sender and recipient."""
        esmtp = server.does_esmtp and server.has_extn("size")
        code, text = server.mail(envelope_from, [f"size={size}"] if esmtp else [])
        if code == _TOO_MUCH and esmtp:
            raise _too_large(code, text)
        if not _done(code):
            raise smtplib.SMTPSenderRefused(code, text, envelope_from)
        code, text = server.rcpt(to)
        if not _done(code):
            raise _of_the_address(_refusal(self._settings, code, text))
        return server

    def _data(self, server: smtplib.SMTP, content: bytes) -> None:
        """Hand over what the message says; a server that takes it answers 2xx (RFC 5321, 4.2.1)."""
        self._handed += 1
        code, text = server.docmd("data")
        if code != _GO_ON:
            raise _refusal(self._settings, code, text)
        server.send(_stuffed(content))
        try:
            code, text = server.getreply()
        except (smtplib.SMTPServerDisconnected, OSError) as error:
            raise _away(self._settings, error, doubtful=True) from error
        if not _done(code):
            raise _refusal(self._settings, code, text, doubtful=True)

    def _opened(self) -> smtplib.SMTP:
        """A new connection, encrypted and logged in, as the settings ask."""
        settings = self._settings
        self._server = server = self._closed()
        code, text = server.connect(settings.host, settings.port)
        self._check_time()
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        if settings.tls == "starttls":
            server.starttls(context=trusting("mail.smtp.ca_file", settings.ca_file))
            self._check_time()
        if settings.user:
            _log_in(server, settings)
        server.ehlo_or_helo_if_needed()
        return server

    def _check_time(self) -> None:
        """Raise TimeoutError where the time ran out while connecting or encrypting, out of the timer's reach."""
        if self._late.is_set():
            raise TimeoutError("timed out")

    def _closed(self) -> smtplib.SMTP:
        """A connection yet to be made. With a host, smtplib would make it at once, out of the timer's reach."""
        settings = self._settings
        if settings.tls == "implicit":
            server: smtplib.SMTP = _StrictTls(
                timeout=settings.timeout, context=trusting("mail.smtp.ca_file", settings.ca_file)
            )
        else:
            server = _Strict(timeout=settings.timeout)
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
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPException as error:  # it knows none of the ways to log in that we know
        raise smtplib.SMTPNotSupportedError(str(error)) from error


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
    if not _done(code):
        raise smtplib.SMTPResponseException(code, text)


def _stuffed(content: bytes) -> bytes:
    """A message as DATA has it: dots at the beginning of a line doubled, and one by itself at the end."""
    doubled = _DOT.sub(b"..", content)
    return doubled + (b".\r\n" if doubled.endswith(b"\r\n") else b"\r\n.\r\n")


@contextmanager
def _classified(settings: SmtpSettings) -> Iterator[None]:
    """Turns what smtplib raises into ours: whose fault it is, and whether to try again."""
    where = _where(settings)
    try:
        yield
    except smtplib.SMTPNotSupportedError as error:
        raise ConfigError(0, f"{where} does not do what mail.smtp asks of it: {error}") from error
    except smtplib.SMTPResponseException as error:
        raise _by_server(where, error) from error
    except ssl.SSLError as error:
        raise ConfigError(0, f"{where} cannot be trusted or does not speak TLS: {error.reason or error}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise _away(settings, error) from error
    except binascii.Error as error:
        raise ServerError(0, f"{where} does not speak SMTP as it should: {error}") from error


def _where(settings: SmtpSettings) -> str:
    return f"{settings.host}:{settings.port}"


def _done(code: int) -> bool:
    """Whether a server did what it was asked (RFC 5321, 4.2.1: the first digit says so)."""
    return 200 <= code < 300


def _away(settings: SmtpSettings, error: Exception, *, doubtful: bool = False) -> ServerError:
    """A server that cannot be talked to, or not as SMTP asks."""
    fault = (
        "does not speak SMTP as it should"
        if isinstance(error, _NonsenseError)
        else "cannot be reached or does not answer"
    )
    return ServerError(0, f"{_where(settings)} {fault}: {error}", doubtful=doubtful)


def _refusal(settings: SmtpSettings, code: int, text: bytes, *, doubtful: bool = False) -> DeliveryError:
    """What an answer about a message means that does not take it.

    RFC 5321, 4.2.1: replies from 500 on are final, those below may be different the next time; 421 is a goodbye. Any
    other decides nothing about the message, which is `doubtful` where the server had the whole of it.
    """
    said = _readable(text)
    if code == 421:
        return ServerError(code, said)
    if code < 400:
        return ServerError(0, f"{_where(settings)} answers out of turn: {code} {said}", doubtful=doubtful)
    return (PermanentError if code >= 500 else TemporaryError)(code, said)


def _too_large(code: int, text: bytes) -> DeliveryError:
    """A refusal of a message's size, told before the message (RFC 1870, 6.1); final where it says so in full.

    Without that it may be about what the sender may send in all, and no other day's.
    """
    said = _readable(text)
    return (PermanentError if _SIZE.match(said) else TemporaryError)(code, said)


def _of_the_address(error: DeliveryError) -> DeliveryError:
    """A refusal of the recipient, with what it says of the address (RFC 2034: the text begins with it)."""
    found = _STATUS.match(error.text)
    return PermanentError(error.code, error.text, status=found[0]) if found and error.code >= 500 else error


def _about_the_message(error: BaseException) -> bool:
    """Whether a message was refused, and the connection is as good as before."""
    return isinstance(error, DeliveryError) and not isinstance(error, ServerError)


def _by_server(where: str, error: smtplib.SMTPResponseException) -> ServerError:
    """What the server says before any recipient is named: to us, not about a message."""
    kind = ConfigError if error.smtp_code >= 500 else ServerError
    return kind(error.smtp_code, f"{where}: {_readable(error.smtp_error)}")


def _readable(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
