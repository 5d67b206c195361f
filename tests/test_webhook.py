"""Webhooks against a real receiver on this machine: what is signed, what is refused, what is never asked."""

import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from mail_server import context, free_port
from pydantic import ValidationError
from sample_digest import LETTER, MOVED, SLOT, commitment, digest, reader

from commitments.model.commitment import Status
from notifications.content.digest import Ending
from notifications.message.payload import as_chat, as_json
from notifications.transports import webhook
from notifications.transports.deliverer import (
    ConfigError,
    DeliveryError,
    PermanentError,
    ServerError,
    TemporaryError,
)
from notifications.transports.webhook import WebhookDeliverer, WebhookSettings

NOW = datetime(2018, 8, 13, 6, 0, tzinfo=UTC)
BODY = b'{"id": "1@example.org"}'


@dataclass
class Receiver:
    """What was received, and how it is answered."""

    port: int = 0
    code: int = 204
    pause: float = 0
    received: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver on a port of its own, with TLS where that is given."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.received.append((self.path, dict(self.headers), body))
            time.sleep(state.pause)
            self.send_response(state.code)
            self.send_header("Location", f"http://127.0.0.1:{state.port}/elsewhere")
            self.end_headers()

        def log_message(self, *_words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_port
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as state:
        yield state


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", "not to be told")


def deliverer(url: str, **more: object) -> WebhookDeliverer:
    settings = WebhookSettings(**({"url": url, "secret_env": "HOOK_SECRET", "timeout": 1} | more))
    return WebhookDeliverer("dashboard", settings, lambda: NOW)


def refused(made: WebhookDeliverer) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught, made.line() as line:
        line.send("", "webhook:dashboard", BODY)
    return caught.value


def test_what_is_sent_is_signed_and_can_be_checked_as_the_docs_say(receiver):
    with deliverer(f"http://127.0.0.1:{receiver.port}/hook?team=1").line() as line:
        line.send("", "webhook:dashboard", BODY)
    [(path, headers, body)] = receiver.received
    assert (path, body) == ("/hook?team=1", BODY)
    assert headers["Content-Type"] == "application/json"
    assert headers["Gestand-Id"] == "1@example.org"
    parts = dict(part.split("=") for part in headers["Gestand-Signature"].split(","))
    assert int(parts["t"]) == NOW.timestamp()
    signed = parts["t"].encode() + b"." + body
    assert hmac.compare_digest(parts["v1"], hmac.new(b"not to be told", signed, hashlib.sha256).hexdigest())


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        (400, PermanentError, "Bad Request"),  # the message is wrong
        (410, PermanentError, "Gone"),
        (429, TemporaryError, "Too Many Requests"),
        (401, ConfigError, "Unauthorized"),  # somebody must mend the secret
        (404, ConfigError, "Not Found"),
        (302, ConfigError, "Found"),  # no redirect is followed
        (503, ServerError, "Service Unavailable"),
    ],
)
def test_what_is_refused_is_so_for_good_for_now_or_until_somebody_mends_it(receiver, code, kind, said):
    receiver.code = code
    error = refused(deliverer(f"http://127.0.0.1:{receiver.port}/hook"))
    assert type(error) is kind
    assert str(error) == f"{code} 127.0.0.1:{receiver.port} answered {said}"
    assert len(receiver.received) == 1


def test_a_receiver_that_is_away_or_slow_is_tried_later(receiver):
    error = refused(deliverer(f"http://127.0.0.1:{free_port()}/"))
    assert (type(error), error.doubtful) == (ServerError, False)
    receiver.pause = 3
    began = time.monotonic()
    error = refused(deliverer(f"http://127.0.0.1:{receiver.port}/", timeout=0.3))
    assert time.monotonic() - began < 2
    assert (type(error), error.doubtful) == (ServerError, True)


def test_a_receiver_that_answers_a_byte_at_a_time_is_cut_off():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            visitor, _ = listening.accept()
            with visitor:
                for _ in range(60):
                    try:
                        visitor.sendall(b"H")
                    except OSError:
                        return
                    time.sleep(0.05)

        thread = threading.Thread(target=drip)
        thread.start()
        error = refused(deliverer(f"http://127.0.0.1:{listening.getsockname()[1]}/", timeout=0.3))
        thread.join()
    assert (type(error), error.doubtful) == (ServerError, True)


def test_a_name_with_two_addresses_is_asked_at_the_one_that_answers(receiver, monkeypatch):
    """As localhost often has: ::1, where nothing listens, comes first."""
    families = {"::1": socket.AF_INET6, "127.0.0.1": socket.AF_INET}

    def look_up(host, port, *_words, **_more):
        places = families if host == "localhost" else [host]
        return [(families[place], socket.SOCK_STREAM, 6, "", (place, port)) for place in places]

    monkeypatch.setattr(webhook.socket, "getaddrinfo", look_up)
    with deliverer(f"http://localhost:{receiver.port}/hook").line() as line:
        line.send("", "webhook:dashboard", BODY)
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("10.0.0.1", "private"),
        ("169.254.169.254", "link-local: the metadata of cloud machines"),
        ("127.0.0.1", "this machine, under a name in public"),
        ("::ffff:10.0.0.1", "private, in other clothes"),
        ("100.64.0.1", "shared"),
        ("0.0.0.0", "this machine"),
        ("fd00::1", "private"),
    ],
)
def test_a_name_that_leads_into_a_private_network_is_not_asked(monkeypatch, place, why):
    family = socket.AF_INET6 if ":" in place else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 6, "", (place, 443))]
    monkeypatch.setattr(webhook.socket, "getaddrinfo", lambda *_words, **_more: found)
    error = refused(deliverer("https://hook.example.org/"))
    assert type(error) is ConfigError
    assert str(error) == (f"hook.example.org is {place}, in a private network; write private: true where that is meant")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "http://example.org/hook"}, "it must begin with https://"),
        ({"url": "ftp://example.org/hook"}, "it must begin with https://"),
        ({"url": "https://user:password@example.org/"}, "a user and password do not belong in it"),
        ({"url": "hook"}, "this is not an address"),
        ({"url": "https://exa mple.org/"}, "this is not an address"),
        ({"url": "https://example.org:99999/"}, "this is not an address"),
        ({"url": "https://[::1/"}, "this is not an address"),
        ({"url": "https://hook..example.org/"}, "this is not an address"),
        ({"url": "https://example.org/", "secret_env": ""}, "say where the secret stands"),
    ],
)
def test_settings_that_are_not_safe_are_refused(settings, said):
    with pytest.raises(ValidationError, match=said):
        WebhookSettings(**({"secret_env": "HOOK_SECRET"} | settings))


def test_a_secret_that_is_not_there_is_named_by_its_place(monkeypatch):
    monkeypatch.delenv("HOOK_SECRET")
    error = refused(deliverer("http://127.0.0.1:1/"))
    assert str(error) == (
        "the environment variable HOOK_SECRET, named in ends.dashboard.webhook.secret_env, is not set"
    )


def test_a_file_without_a_secret_signs_nothing(receiver, tmp_path):
    (tmp_path / "secret").write_text("\n")
    made = deliverer(f"http://127.0.0.1:{receiver.port}/", secret_env="", secret_file=str(tmp_path / "secret"))
    assert str(refused(made)) == f"ends.dashboard.webhook.secret_file {tmp_path}/secret is empty"
    assert receiver.received == []


def test_the_json_says_what_the_digest_says():
    made = digest("en", LETTER, MOVED, reader=reader(name="dashboard"))
    content = json.loads(as_json(made, "<1@example.org>", base="https://gestand.example.org"))
    assert {name: content[name] for name in ("version", "id", "to", "slot", "missed_slots", "ledger")} == {
        "version": 1,
        "id": "1@example.org",
        "to": "dashboard",
        "slot": SLOT.isoformat(),
        "missed_slots": 1,
        "ledger": "#42 9f86d081884c7d659a2feaa0c55ad015",
    }
    [letter] = content["sections"]["new_overdue"]
    assert (letter["id"], letter["status"], letter["days_late"]) == ("34964-B", "overdue", 3)
    assert letter["due"] == {"earliest": "2018-08-10", "latest": "2018-08-10"}
    assert letter["notice"]["stage"] == "overdue"
    [moved] = content["sections"]["moved"]
    assert moved["moved"]["before"] == {"earliest": "2018-08-24", "latest": "2018-08-24"}
    assert moved["moved"]["decided_by"] == "example/minister"


def test_a_chat_counts_the_commitments_for_which_there_is_no_room():
    late = [replace(LETTER, commitment=commitment(f"L-{number}")) for number in range(20)]
    moved = [replace(MOVED, commitment=commitment(f"M-{number}")) for number in range(3)]
    lines = json.loads(as_chat(digest("en", *late, *moved), "<1@example.org>"))["text"].splitlines()
    assert lines[:2] == ["Newly overdue", "- L-0: Reply L-0 (3 days late)"]
    assert (len(lines), lines[-1]) == (21, "… 4")


def test_ends_hear_what_stands_besides_and_which_silences_end():
    """Of what is silenced nothing else tells them: without it a chat got a title and nothing below it."""
    ending = Ending(what="replies of the minister", until=date(2018, 8, 19), author="the clerk")
    made = replace(digest("en"), sections=(), besides={Status.AWAITED: 1}, ending=(ending,))
    content = json.loads(as_json(made, "<1@example.org>"))
    assert content["besides"] == {"awaited": 1}
    assert content["silences_ending"] == [
        {"what": "replies of the minister", "until": "2018-08-19", "author": "the clerk"}
    ]
    assert json.loads(as_chat(made, "<1@example.org>"))["text"].splitlines() == [
        "Besides: 1 awaited.",
        "Nothing is overdue.",
        "From 20 August 2018 on you hear again of: replies of the minister (silenced by the clerk).",
    ]


def test_a_receiver_is_trusted_by_the_authority_that_is_named_and_by_its_name(certificate, tmp_path):
    known = {"private": True, "timeout": 5, "ca_file": str(certificate)}
    with receiving(context(certificate)) as receiver:
        there = f"https://localhost:{receiver.port}/"
        with deliverer(there, **known).line() as line:
            line.send("", "webhook:dashboard", BODY)
        assert [body for _, _, body in receiver.received] == [BODY]
        for made in (
            deliverer(there, **(known | {"ca_file": ""})),
            deliverer(f"https://127.0.0.1:{receiver.port}/", **known),  # the certificate is of localhost
        ):
            error = refused(made)
            assert isinstance(error, ConfigError)
            assert "cannot be trusted or does not speak TLS: CERTIFICATE_VERIFY_FAILED" in str(error)
        error = refused(deliverer(there, **(known | {"ca_file": f"{tmp_path}/none"})))
        assert str(error).startswith(f"ends.dashboard.webhook.ca_file {tmp_path}/none cannot be used: ")
        assert len(receiver.received) == 1
