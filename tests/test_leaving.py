"""Unsubscribing with one click. Scanners that ask change nothing; one valid POST does, and twice is once."""

import http.client
from contextlib import closing
from datetime import date

import pytest
from mail_server import free_port

from commitments.ledger import register
from commitments.store import BusyStoreError
from engine.service.http import listening
from engine.service.ping import Ping
from engine.service.reload import Watched
from engine.service.server import Service
from engine.session import open_session
from engine.workspace.settings import ServiceSettings
from notifications.outbox.signing import secret
from notifications.outbox.suppression import suppressed, suppressions
from notifications.outbox.unsubscribe import last_day, token

ONE_CLICK = b"List-Unsubscribe=One-Click"


@pytest.fixture
def service(workspace, tmp_path):
    with open_session(tmp_path) as session, closing(Watched(session)) as watched:
        yield Service(watched=watched, interval=30, ping=Ping(""))


@pytest.fixture
def ask(service):
    """A function that asks for /unsubscribe/TOKEN: the status, the headers, the page."""
    with listening(ServiceSettings(port=free_port()), service.respond) as port:

        def asked(text, method="GET", body=None):
            there = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            there.request(method, f"/unsubscribe/{text}", body, {"Content-Type": "application/x-www-form-urlencoded"})
            answer = there.getresponse()
            page = answer.read().decode()
            there.close()
            return answer.status, dict(answer.headers), page

        yield asked


@pytest.fixture
def made(service):
    """A function that makes a token for an address."""

    def token_for(address, until=None):
        with service.watched.session.store.writing() as tx:
            return token(address, secret(tx), until or last_day(service.watched.session.now().date()))

    return token_for


def gone(service):
    with service.watched.session.store.reading() as tx:
        return [one.address for one in suppressions(tx)]


def test_asking_a_hundred_times_changes_nothing(service, ask, made):
    link = made("clerk@example.org")
    for _ in range(100):
        status, _, page = ask(link)
        assert status == 200
    assert ask(link, "HEAD")[::2] == (200, "")
    assert (
        '<form method="post"><button name="List-Unsubscribe" value="One-Click">No more digests</button></form>' in page
    )
    assert "clerk@example.org" not in page
    assert gone(service) == []


@pytest.mark.parametrize("body", [b"", b"List-Unsubscribe=", b"One-Click", b"List-Unsubscribe=One-Click&also=this"])
def test_a_post_without_the_one_click_changes_nothing(service, ask, made, body):
    status, _, page = ask(made("clerk@example.org"), "POST", body)
    assert status == 400
    assert "<button" in page
    assert gone(service) == []


def test_one_valid_post_unsubscribes_and_twice_is_once(service, ask, made):
    link = made("clerk@example.org")
    for _ in range(2):
        status, headers, page = ask(link, "POST", ONE_CLICK)
        assert status == 200
        assert "It is noted: you get no more digests." in page
        assert "Set-Cookie" not in headers
        assert "Location" not in headers
    assert gone(service) == ["clerk@example.org"]
    with service.watched.session.store.reading() as tx:
        assert suppressed(tx, "chair@example.org") is None
        entries = [entry for entry in register.entries(tx) if entry.kind == "address_suppressed"]
    assert len(entries) == 1
    assert "clerk@example.org" not in entries[0].payload


@pytest.mark.parametrize(
    "changed", [lambda link: link.replace("-", "%2D").replace("_", "%5f"), lambda link: f"{link}/"]
)
def test_a_link_that_was_written_another_way_in_between_is_the_same(service, ask, made, changed):
    assert ask(changed(made("clerk@example.org")), "POST", ONE_CLICK)[0] == 200
    assert gone(service) == ["clerk@example.org"]


PARTS = (
    b"---FormBoundaryjWmhtjORrn\r\n"
    b'Content-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
    b"One-Click\r\n"
    b"---FormBoundaryjWmhtjORrn--\r\n"
)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (PARTS, 200),  # the example of RFC 8058, 8.2
        (PARTS.replace(b'"\r\n\r\n', b'"\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n'), 200),
        (PARTS.replace(b"Content-Disposition: form-data", b"content-disposition:Form-Data"), 200),
        (PARTS.replace(b'"\r\n\r\n', b'"; filename=""\r\n\r\n'), 200),
        (b"List%2DUnsubscribe=One%2dClick", 200),  # the same form, as RFC 3986 (2.3) has it
        (PARTS.replace(b"One-Click", b"Two-Clicks"), 400),
        (PARTS.replace(b"List-Unsubscribe", b"List-Subscribe"), 400),
        (PARTS.replace(b"--\r\n", b"\r\n"), 400),  # it does not end
    ],
)
def test_the_click_may_come_in_parts(service, ask, made, body, status):
    assert ask(made("clerk@example.org"), "POST", body)[0] == status
    assert gone(service) == (["clerk@example.org"] if status == 200 else [])


@pytest.mark.parametrize("wrong", ["", "x", "1", "1AAAA", "../health", "A" * 5000, "%00", "1é".encode().hex()])
def test_what_is_no_token_is_told_so_and_says_nothing_of_anybody(service, ask, made, wrong):
    known = made("clerk@example.org")
    for text in (wrong, known[:-1], known[:-1] + ("A" if known[-1] != "A" else "B")):
        for method, body in (("GET", None), ("POST", ONE_CLICK)):
            status, _, page = ask(text, method, body)
            assert status == 404
            assert "This link is not one of ours, or it is no longer good." in page
    assert gone(service) == []


def test_a_link_that_is_over_is_told_so(service, ask, made):
    assert ask(made("clerk@example.org", date(2020, 1, 1)), "POST", ONE_CLICK)[0] == 410
    assert gone(service) == []


def test_the_page_speaks_the_language_of_its_reader(service, ask, made, tmp_path):
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text().replace("name: The chair", "language: nl\n    name: The chair"))
    service.turn()
    assert 'lang="nl"' in ask(made("chair@example.org"))[2]
    assert "Geen overzichten meer" in ask(made("chair@example.org"))[2]
    assert 'lang="en"' in ask(made("clerk@example.org"))[2]


def test_who_meets_a_busy_register_is_asked_to_come_back():
    """Mail programs try again after a 503; after a 500 many do not."""

    def busy(_asked):
        raise BusyStoreError("gestand.db", "database is locked")

    with listening(ServiceSettings(port=free_port()), busy) as port:
        there = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        there.request("POST", "/unsubscribe/token", ONE_CLICK)
        answer = there.getresponse()
        assert (answer.status, answer.read()) == (503, b"this cannot be done just now; try again in a minute\n")
        there.close()
