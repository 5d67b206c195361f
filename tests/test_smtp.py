"""Delivery by SMTP against real servers: aiosmtpd, with and without TLS, and sockets that behave badly."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import pytest
from mail_server import MailServer, context, free_port, mail_server
from pydantic import ValidationError
from sample_digest import LETTER, digest

from notifications.content.render import render
from notifications.message.mailbox import Mailbox
from notifications.message.message import message
from notifications.transports import smtp
from notifications.transports.deliverer import (
    ConfigError,
    DeliveryError,
    PermanentError,
    ServerError,
    TemporaryError,
)
from notifications.transports.smtp import SmtpDeliverer, SmtpSettings

FROM, TO = "gestand@example.org", "griffie@example.org"


def body() -> bytes:
    made = digest("nl", LETTER)
    return message(made, render(made), sender=Mailbox(FROM), message_id="<1@example.org>")


def refused(deliverer: SmtpDeliverer, to: str = TO, content: bytes = b"Subject: x\r\n\r\nx\r\n") -> DeliveryError:
    """What the deliverer raises, which must be one of ours."""
    with pytest.raises(DeliveryError) as caught:
        deliverer.send(FROM, to, content)
    return caught.value


# ------------------------------------------------------------------------------------------------- what is taken


def test_the_server_receives_the_bytes_that_were_made(server: MailServer):
    server.deliverer().send(FROM, TO, body())
    assert server.received[0] == body_of(server)
    assert str(server.messages()[0]["Message-ID"]) == "<1@example.org>"


def body_of(server: MailServer) -> bytes:
    """The same message: its boundary is random, so it is read from what was received."""
    boundary = server.messages()[0].get_boundary()
    made = body()
    own = made.split(b'boundary="')[1].split(b'"')[0]
    return made.replace(own, boundary.encode())


def test_one_connection_takes_many_messages_and_a_refused_one_between_them(server: MailServer):
    server.refuse["bad@example.org"] = "550 5.1.1 no such user"
    with server.deliverer().line() as line:
        for address in (TO, "bad@example.org", TO):
            with nullcontext() if address == TO else pytest.raises(PermanentError):
                line.send(FROM, address, body())
    assert (len(server.received), server.visits) == (2, 1)


def test_a_connection_that_broke_or_is_used_up_is_made_anew(server: MailServer):
    with server.deliverer().line() as line:
        line.send(FROM, TO, body())
        socket.socket.shutdown(line._server.sock, socket.SHUT_RDWR)  # as a server that waited too long does
        line.send(FROM, TO, body())
        assert server.visits == 2
        server.most = 2
        for _ in range(3):
            line.send(FROM, TO, body())
    assert (len(server.received), server.visits) == (5, 3)


def test_a_connection_is_changed_after_a_hundred_messages(server: MailServer, monkeypatch):
    monkeypatch.setattr(smtp, "PER_CONNECTION", 2)
    with server.deliverer().line() as line:
        for _ in range(5):
            line.send(FROM, TO, body())
    assert (len(server.received), server.visits) == (5, 3)


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n"])
def test_a_bare_line_end_smuggles_no_second_message(server: MailServer, end):
    content = b"Subject: x\r\n\r\none" + end + b"MAIL FROM:<evil@example.org>\r\n"
    server.deliverer().send(FROM, TO, content)
    assert server.received == [b"Subject: x\r\n\r\none\r\n.\r\nMAIL FROM:<evil@example.org>\r\n"]


def test_a_line_with_a_dot_ends_no_message(server: MailServer):
    content = b"Subject: x\r\n\r\n.\r\n..\r\n.hidden\r\nMAIL FROM:<evil@example.org>\r\n.\r\nend\r\n"
    server.deliverer().send(FROM, TO, content)
    assert server.received == [content]


# ------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ("451 4.7.1 greylisted", TemporaryError, "451 4.7.1 greylisted"),  # D4
        ("452 4.2.2 mailbox full", TemporaryError, "452 4.2.2 mailbox full"),  # D4
        ("550 5.1.1 no such user", PermanentError, "550 5.1.1 no such user"),  # D5
    ],
)
def test_a_recipient_is_refused_for_now_or_for_good(server: MailServer, answer, kind, said):
    server.refuse[TO] = answer
    error = refused(server.deliverer())
    assert type(error) is kind
    assert str(error) == said
    assert server.received == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("451 4.3.0 try later", TemporaryError), ("554 5.7.1 no", PermanentError)],
)
def test_the_data_is_refused_for_now_or_for_good(server: MailServer, answer, kind):
    server.answer = answer
    error = refused(server.deliverer())
    assert type(error) is kind
    assert str(error) == answer


# ------------------------------------------------------------------------------------------------- bad servers


@contextmanager
def talking(speak: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port where one visitor is spoken to."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def visit() -> None:
            visitor, _ = listening.accept()
            with visitor:
                try:
                    speak(visitor)
                except OSError:
                    return

        thread = threading.Thread(target=visit, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(timeout=5)


def plain(port: int, **settings: object) -> SmtpDeliverer:
    return SmtpDeliverer(SmtpSettings(**({"host": "127.0.0.1", "port": port, "tls": "none", "timeout": 1} | settings)))


def test_a_server_that_is_closing_is_tried_later():
    with talking(lambda visitor: visitor.sendall(b"421 4.3.2 closing\r\n")) as port:
        error = refused(plain(port))
    assert type(error) is ServerError
    assert str(error) == f"421 127.0.0.1:{port}: 4.3.2 closing"


def test_a_server_that_is_away_is_tried_later():
    error = refused(plain(port := free_port()))
    assert type(error) is ServerError
    assert str(error) == f"127.0.0.1:{port} cannot be reached or does not answer: [Errno 111] Connection refused"


def drop_in_data(visitor: socket.socket) -> None:
    for answer in (b"220 hello\r\n", b"250 hello\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
        visitor.sendall(answer)
        visitor.recv(1000)


def hang(visitor: socket.socket) -> None:
    visitor.recv(1000)


def tarpit(visitor: socket.socket) -> None:
    for _ in range(100):
        visitor.sendall(b"220-wait\r\n")
        time.sleep(0.05)


@pytest.mark.real_clock
@pytest.mark.parametrize("speak", [drop_in_data, hang, tarpit])
def test_dropped_hanging_or_slow_the_time_is_up_and_it_is_tried_later(speak):
    began = time.monotonic()
    with talking(speak) as port:
        error = refused(plain(port))
        assert time.monotonic() - began < 2
    assert type(error) is ServerError
    assert str(error).startswith(f"127.0.0.1:{port} cannot be reached or does not answer: ")
    assert error.doubtful is (speak is drop_in_data)


def test_no_setting_makes_a_message_take_longer_than_half_a_minute():
    assert smtp.TOTAL == 30
    with pytest.raises(ValidationError):
        SmtpSettings(host="mail.example.org", timeout=31)


# ------------------------------------------------------------------------------------------------- encryption


class Door:
    """Lets one user in, and remembers every password it was shown."""

    def __init__(self) -> None:
        self.shown: list[bytes] = []

    def __call__(self, _server, _session, _envelope, _mechanism, data):
        from aiosmtpd.smtp import AuthResult

        self.shown.append(data.password)
        return AuthResult(success=data.password == b"right", handled=False)


def test_starttls_encrypts_and_logs_in(certificate, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "right")
    door = Door()
    with mail_server(tls_context=context(certificate), authenticator=door, auth_required=True) as server:
        settings = {"host": "localhost", "tls": "starttls", "ca_file": str(certificate)}
        server.deliverer(**settings, user="gestand", password_env="MAIL_PASSWORD").send(FROM, TO, body())
        assert len(server.received) == 1
    assert door.shown == [b"right"]


def test_implicit_tls_encrypts_from_the_first_byte(certificate):
    with mail_server(ssl_context=context(certificate)) as server:
        server.deliverer(host="localhost", tls="implicit", ca_file=str(certificate)).send(FROM, TO, body())
        assert len(server.received) == 1


def test_a_server_without_starttls_gets_nothing(server: MailServer, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "right")
    error = refused(server.deliverer(tls="starttls", user="gestand", password_env="MAIL_PASSWORD"))
    assert type(error) is ConfigError
    assert str(error) == (
        f"127.0.0.1:{server.port} does not do what mail.smtp asks of it: STARTTLS extension not supported by server."
    )
    assert server.received == []


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        ("localhost", False),  # signed by nobody we trust
        ("127.0.0.1", True),  # trusted, but another's name
    ],
)
def test_a_bad_certificate_ends_it_before_any_password(certificate, monkeypatch, tls, host, trusted):
    monkeypatch.setenv("MAIL_PASSWORD", "right")
    door = Door()
    how = {"tls_context": context(certificate), "authenticator": door} if tls == "starttls" else {}
    how = how or {"ssl_context": context(certificate), "authenticator": door, "auth_require_tls": False}
    with mail_server(**how) as server:
        settings = {"host": host, "tls": tls, "ca_file": str(certificate) if trusted else ""}
        error = refused(server.deliverer(**settings, user="gestand", password_env="MAIL_PASSWORD"))
        assert server.received == []
    assert type(error) is ConfigError
    assert str(error) == (f"{host}:{server.port} cannot be trusted or does not speak TLS: CERTIFICATE_VERIFY_FAILED")
    assert door.shown == []


def test_a_wrong_password_is_a_wrong_setting_and_is_not_repeated_to_anyone(certificate, tmp_path):
    (tmp_path / "password").write_text("wrong-secret\n")
    with mail_server(tls_context=context(certificate), authenticator=Door(), auth_required=True) as server:
        settings = {"host": "localhost", "tls": "starttls", "ca_file": str(certificate), "user": "gestand"}
        deliverer = server.deliverer(**settings, password_file=str(tmp_path / "password"))
        error = refused(deliverer)
    assert type(error) is ConfigError
    assert str(error) == f"535 localhost:{server.port}: 5.7.8 Authentication credentials invalid"
    assert "secret" not in repr(deliverer)


def test_a_password_that_cannot_be_sent_is_told_and_not_repeated(certificate, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "wrong-s\u00e9cret")
    with mail_server(tls_context=context(certificate), authenticator=Door(), auth_required=True) as server:
        settings = {"host": "localhost", "tls": "starttls", "ca_file": str(certificate), "user": "gestand"}
        error = refused(server.deliverer(**settings, password_env="MAIL_PASSWORD"))
    assert type(error) is ConfigError
    assert str(error) == "the user and the password of mail.smtp can hold ASCII characters alone: take another one"


def test_a_password_that_is_not_there_is_named_by_its_place(certificate, monkeypatch, tmp_path):
    monkeypatch.delenv("NO_PASSWORD", raising=False)
    with mail_server(tls_context=context(certificate), authenticator=Door()) as server:
        known = {"host": "localhost", "tls": "starttls", "ca_file": str(certificate), "user": "gestand"}
        error = refused(server.deliverer(**known, password_env="NO_PASSWORD"))
        assert str(error) == "the environment variable NO_PASSWORD, named in mail.smtp.password_env, is not set"
        error = refused(server.deliverer(**known, password_file=f"{tmp_path}/none"))
        assert str(error).startswith(f"mail.smtp.password_file {tmp_path}/none cannot be read: ")
        error = refused(server.deliverer(**(known | {"ca_file": f"{tmp_path}/none"}), password_env="NO_PASSWORD"))
        assert str(error).startswith(f"mail.smtp.ca_file {tmp_path}/none cannot be used: ")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"user": "gestand"}, "write password_env: NAME or password_file: PATH beside it"),  # no password
        (
            {"user": "gestand", "password_env": "P", "tls": "none"},  # a password in the open
            "a password is never sent unencrypted",
        ),
    ],
)
def test_settings_that_are_not_safe_are_refused(settings, said):
    with pytest.raises(ValidationError, match=said):
        SmtpSettings(host="mail.example.org", **settings)


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("implicit", 465), ("none", 25)])
def test_the_port_follows_from_the_encryption(tls, port):
    assert SmtpSettings(host="mail.example.org", tls=tls).port == port
    assert SmtpSettings(host="mail.example.org", tls=tls, port=2525).port == 2525


@pytest.mark.parametrize(
    "host", ["mail..example.org", ".example.org", "a" * 64 + ".example.org", "mail example.org", "a\nb"]
)
def test_what_is_no_name_of_a_server_is_refused(host):
    with pytest.raises(ValidationError, match=r"this is no name of a server; write one such as mail\.example\.org"):
        SmtpSettings(host=host)


@pytest.mark.parametrize("host", ["localhost", "mail.example.org.", "mäil.example.org", "192.0.2.1", "::1", "mail_1"])
def test_a_name_or_number_of_a_server_is_taken(host):
    assert SmtpSettings(host=host).host == host
