"""Delivery by SMTP, encrypted unless told otherwise, and never longer than half a minute. The only home of smtplib."""

from __future__ import annotations

import contextlib
import os
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from commitments.model import Frozen
from notifications.outbox import ConfigError, DeliveryError, PermanentError, ServerError, TemporaryError

TOTAL = 30.0
"""Seconds that one message may take, from connecting to the server's last word."""
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
    """Hands messages to a mail server, one connection each."""

    settings: SmtpSettings

    def send(self, envelope_from: str, to: str, body: bytes) -> None:
        """Hand over a message for one recipient.

        Raises PermanentError or TemporaryError for the message, ServerError or ConfigError for the server.
        """
        server = self._server()
        with _classified(self.settings), _no_longer_than(self.settings.timeout, server):
            self._open(server)
            refused = server.sendmail(envelope_from, [to], body)
            # sendmail raises only where everybody is refused; whoever adds recipients here would not be told.
            for code, text in refused.values():
                raise _by_code(code, text)
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()

    def _server(self) -> smtplib.SMTP:
        """A connection yet to be made. With a host, smtplib would make it at once, out of the timer's reach."""
        if self.settings.tls == "implicit":
            server: smtplib.SMTP = smtplib.SMTP_SSL(timeout=self.settings.timeout, context=self._context())
        else:
            server = smtplib.SMTP(timeout=self.settings.timeout)
        server._host = self.settings.host  # type: ignore[attr-defined] # noqa: SLF001 - the name certificates are checked against
        return server

    def _open(self, server: smtplib.SMTP) -> None:
        """Connect, encrypt and log in, as the settings ask."""
        code, text = server.connect(self.settings.host, self.settings.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        if self.settings.tls == "starttls":
            server.starttls(context=self._context())
        if self.settings.user:
            server.login(self.settings.user, self._password())

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.settings.ca_file or None)
        except OSError as error:
            raise ConfigError(0, f"mail.smtp.ca_file {self.settings.ca_file} cannot be used: {error}") from error

    def _password(self) -> str:
        if self.settings.password_env:
            return _from_environment(self.settings.password_env)
        return _from_file(Path(self.settings.password_file))


def _from_environment(name: str) -> str:
    password = os.environ.get(name, "")
    if not password:
        raise ConfigError(0, f"the environment variable {name}, named in mail.smtp.password_env, is not set")
    return password


def _from_file(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise ConfigError(0, f"mail.smtp.password_file {path} cannot be read: {error}") from error


@contextmanager
def _no_longer_than(seconds: float, server: smtplib.SMTP) -> Iterator[None]:
    """Cuts the connection when the time is up, for smtplib counts each read by itself: a byte a second is endless."""
    timer = threading.Timer(seconds, _cut, [server])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        server.close()


def _cut(server: smtplib.SMTP) -> None:
    if server.sock is not None:
        # The plain socket's way: SSLSocket's own would take the encryption away under the thread that is reading.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(server.sock, socket.SHUT_RDWR)


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
    """RFC 5321, 4.2.1: replies from 500 on are final, those below may be different the next time."""
    return (PermanentError if code >= 500 else TemporaryError)(code, _readable(text))


def _by_server(where: str, error: smtplib.SMTPResponseException) -> ServerError:
    """What the server says before any recipient is named: to us, not about a message."""
    kind = ConfigError if error.smtp_code >= 500 else ServerError
    return kind(error.smtp_code, f"{where}: {_readable(error.smtp_error)}")


def _readable(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
