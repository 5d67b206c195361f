"""A mail server that answers wrongly: at every step of the dialogue, in every way. Nothing is lost, nothing doubled."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from crooked_server import GOOD, WAITING, WRONG, answers, crooked, hangs_up_after, shakes_hands_slowly
from hypothesis import given
from hypothesis import strategies as st
from test_outbox import NOW, at, put
from test_smtp import FROM, TO, refused

from commitments.store import Store, outbox
from notifications.outbox.delivery import deliver
from notifications.outbox.outbox import supersede
from notifications.transports.deliverer import ConfigError, ServerError
from notifications.transports.replies import (
    LONGEST,
    BadReplyError,
    BrokenOffError,
    Replies,
    Reply,
)

BEFORE = ("banner", "ehlo", "mail", "rcpt", "data")
"""The steps before a server has the whole of a message."""
BODY = b"Subject: x\r\nMessage-ID: <1@example.org>\r\n\r\nx\r\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "gestand.db", new=True)
    yield opened
    opened.close()


def rows(store: Store) -> list[tuple[str, int, bool]]:
    """State, tries and doubt of each message."""
    with store.reading() as tx:
        found = tx.execute(outbox.select().order_by(outbox.c.id))
        return [(row.state, row.attempts, bool(row.doubtful)) for row in found]


def why(store: Store) -> str:
    with store.reading() as tx:
        return str(tx.execute(outbox.select().order_by(outbox.c.id)).first().last_error)


def round_of(store: Store, server, *, after: timedelta = timedelta(0), **settings) -> None:
    deliver(store, server.deliverer(**settings), now=at(NOW + after))


def timed(faults) -> list:
    """These faults; what dribbles is cut off by a wait, and that needs the real clock."""
    return [pytest.param(one, marks=pytest.mark.real_clock) if one == "dribbles" else one for one in faults]


@pytest.mark.parametrize("fault", timed(WRONG))
@pytest.mark.parametrize("step", [*BEFORE, "end"])
def test_a_wrong_answer_is_the_servers_fault_and_doubtful_behind_the_whole_message(step, fault):
    with crooked(step, WRONG[fault]) as server:
        error = refused(server.deliverer())
        assert server.visits == 1
    assert type(error) is ServerError
    assert error.code == 0
    assert error.doubtful is (step == "end")


@pytest.mark.parametrize("fault", timed(WRONG))
@pytest.mark.parametrize("step", ["starttls", "auth"])
def test_a_wrong_answer_before_the_encryption_or_the_login_is_the_servers_fault(certificate, monkeypatch, step, fault):
    monkeypatch.setenv("MAIL_PASSWORD", "right")
    monkeypatch.setitem(GOOD, "ehlo", b"250-hello\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n")
    settings = {"tls": "starttls", "ca_file": str(certificate), "user": "gestand", "password_env": "MAIL_PASSWORD"}
    with crooked(step, WRONG[fault], certificate) as server:
        error = refused(server.deliverer(**settings))
        assert (server.visits, server.taken) == (1, [])
        assert isinstance(error, ServerError)
        assert not error.doubtful
        server.mend()
        server.deliverer(**settings).send(FROM, TO, BODY)
        assert len(server.taken) == 1


@pytest.mark.parametrize("fault", timed(WRONG))
def test_a_wrong_goodbye_changes_nothing(fault):
    with crooked("quit", WRONG[fault]) as server:
        server.deliverer().send(FROM, TO, BODY)
    assert len(server.taken) == 1


@pytest.mark.parametrize("fault", [name for name, speak in WRONG.items() if speak not in WAITING])
def test_a_connection_that_is_no_good_any_more_is_made_anew(fault):
    with crooked("rset", WRONG[fault]) as server:
        with server.deliverer().line() as line:
            line.send(FROM, TO, BODY)
            line.send(FROM, TO, BODY)
        assert (len(server.taken), server.visits) == (2, 2)


# ------------------------------------------------------------------------------------------------- the outbox


SOME = (
    "hangs up",
    "breaks off in the code",
    "refuses, and breaks off",
    "dribbles",
    "999",
    "two codes",
    "lines without end",
)


@pytest.mark.parametrize("fault", timed(SOME))
@pytest.mark.parametrize("step", ["banner", "rcpt", "end"])
def test_a_wrong_answer_costs_one_try_a_round_and_the_same_message_goes_later(store, step, fault):
    made = put(store, "a@example.org", "b@example.org", "c@example.org")
    doubtful = step == "end"
    with crooked(step, WRONG[fault]) as server:
        round_of(store, server)
        assert rows(store) == [("queued", 1, doubtful), ("queued", 0, False), ("queued", 0, False)]
        assert server.visits == 1
        server.mend()
        round_of(store, server, after=timedelta(minutes=2))
    assert [state for state, *_ in rows(store)] == ["sent"] * 3
    assert sorted(server.identifiers()) == sorted([*made, made[0]] if doubtful else made)


@pytest.mark.parametrize("fault", timed(SOME))
@pytest.mark.parametrize(("step", "state"), [("data", "superseded"), ("end", "queued")])
def test_only_what_was_certainly_not_delivered_gives_way_to_a_later_message(store, step, state, fault):
    put(store, "a@example.org")
    with crooked(step, WRONG[fault]) as server:
        round_of(store, server)
    with store.writing() as tx:
        supersede(tx, "a@example.org", by="<later@example.org>", at=NOW)
    assert rows(store)[0][0] == state


# ------------------------------------------------------------------------------------------------- out of turn


@pytest.mark.parametrize(
    ("step", "said", "expected"),
    [
        ("mail", b"354 go on\r\n", ("queued", 1, False)),
        ("rcpt", b"354 go on\r\n", ("queued", 1, False)),
        ("data", b"250 ok\r\n", ("queued", 1, False)),  # no 354: the message was never said
        ("data", b"354 go on\r\n250 ok\r\n", ("queued", 1, False)),  # taken before it was said
        ("mail", b"250 ok\r\n250 ok\r\n", ("queued", 1, False)),  # an answer too many would be taken for the next
        ("rcpt", b"250 ok\r\n354 go on\r\n", ("queued", 1, False)),
        ("banner", b"220 hello\r\n220 hello\r\n", ("queued", 1, False)),
        ("ehlo", b"250 hello\r\n250", ("queued", 1, False)),
        ("end", b"354 go on\r\n", ("queued", 1, True)),  # RFC 5321 has no such answer to a whole message
        ("end", b"334 what\r\n", ("queued", 1, True)),
        ("rcpt", b"421 closing\r\n", ("queued", 1, False)),
        ("end", b"421 closing\r\n", ("queued", 1, False)),  # not taken, as RFC 5321 has it
        ("end", b"451 4.3.0 later\r\n", ("queued", 1, False)),
        ("end", b"554 5.7.1 no\r\n", ("failed", 1, False)),
        ("rcpt", b"550-5.1.1 no\r\n550 5.1.1 such user\r\n", ("failed", 1, False)),
        ("rcpt", b"251 will forward\r\n", ("sent", 1, False)),
        ("rcpt", b"252 will try\r\n", ("sent", 1, False)),
        ("end", b"200 taken\r\n", ("sent", 1, False)),  # the first digit says so
        ("end", b"251 taken\r\n", ("sent", 1, False)),
        ("end", b"250\r\n", ("sent", 1, False)),
        ("end", b"250 taken\n", ("sent", 1, False)),  # a bare line feed, as some have it
        ("end", b"250-taken\r\n250-\r\n250 as 12\r\n", ("sent", 1, False)),
        ("end", b"250 \x00\xff taken\r\n", ("sent", 1, False)),  # what its text is does not matter
    ],
)
def test_an_answer_counts_where_it_is_in_turn(store, step, said, expected):
    put(store, "a@example.org")
    with crooked(step, answers(said)) as server:
        round_of(store, server)
    assert rows(store) == [expected]


def test_an_answer_that_is_late_is_not_taken_for_that_of_the_next_message(store):
    """The server says of the first message "taken", and of the second, before it was named, "no such user"."""
    put(store, "a@example.org", "b@example.org")
    with crooked("end", answers(b"250 taken\r\n550 5.1.1 no such user\r\n")) as server:
        round_of(store, server)
    assert rows(store) == [("sent", 1, False)] * 2
    assert server.visits == 2


@pytest.mark.parametrize(
    ("step", "fault", "said"),
    [
        ("end", "breaks off in the code", "cannot be reached or does not answer: its answer breaks off: '25'"),
        ("end", "hangs up", "cannot be reached or does not answer: it hung up without an answer"),
        ("rcpt", "999", "does not speak SMTP as it should: its answer is not SMTP: '999 what'"),
        ("banner", "lines without end", "does not speak SMTP as it should: its answer has no end after 64 KiB: "),
        ("end", "two codes", "does not speak SMTP as it should: its answer has two codes, 250 and 550"),
        ("rcpt", "a NUL in the code", "does not speak SMTP as it should: its answer is not SMTP: '25\\x00 ok'"),
    ],
)
def test_why_it_was_put_off_says_what_the_server_did(store, step, fault, said):
    put(store, "a@example.org")
    with crooked(step, WRONG[fault]) as server:
        round_of(store, server)
    assert why(store).startswith(f"127.0.0.1:{server.port} {said}")


@pytest.mark.real_clock
@pytest.mark.parametrize(
    ("tls", "step", "wrong"),
    [("starttls", "starttls", shakes_hands_slowly(b"220 go on\r\n")), ("implicit", "banner", shakes_hands_slowly())],
)
def test_an_encryption_that_is_begun_slowly_ends_with_the_time_there_is(certificate, monkeypatch, tls, step, wrong):
    monkeypatch.setitem(GOOD, "ehlo", b"250-hello\r\n250 STARTTLS\r\n")
    began = time.monotonic()
    with crooked(step, wrong, certificate) as server:
        error = refused(server.deliverer(tls=tls, ca_file=str(certificate), timeout=0.5))
    assert time.monotonic() - began < 5
    assert isinstance(error, ServerError)
    assert not error.doubtful


def test_a_challenge_that_is_no_base64_is_the_servers_fault(store, certificate, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "right")
    monkeypatch.setitem(GOOD, "ehlo", b"250-hello\r\n250-STARTTLS\r\n250 AUTH LOGIN\r\n")
    put(store, "a@example.org")
    settings = {"tls": "starttls", "ca_file": str(certificate), "user": "gestand", "password_env": "MAIL_PASSWORD"}
    with crooked("auth", answers(b"334 A\r\n"), certificate) as server:
        round_of(store, server, **settings)
    assert rows(store) == [("queued", 1, False)]


def test_a_server_that_knows_no_way_to_log_in_of_ours_is_a_wrong_setting(certificate, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "right")
    monkeypatch.setitem(GOOD, "ehlo", b"250-hello\r\n250-STARTTLS\r\n250 AUTH XOAUTH2\r\n")
    settings = {"tls": "starttls", "ca_file": str(certificate), "user": "gestand", "password_env": "MAIL_PASSWORD"}
    with crooked("quit", answers(GOOD["quit"]), certificate) as server:
        error = refused(server.deliverer(**settings))
    assert type(error) is ConfigError
    assert str(error) == (
        f"localhost:{server.port} does not do what mail.smtp asks of it: No suitable authentication method found."
    )


def test_what_is_said_before_the_encryption_counts_for_nothing_behind_it(store, certificate):
    """Whoever sits between could put answers in front of the encrypted ones (CVE-2011-0411 and its kind)."""
    put(store, "a@example.org")
    said = answers(b"220 go on\r\n250 AUTH PLAIN\r\n")
    with crooked("starttls", said, certificate) as server:
        round_of(store, server, tls="starttls", ca_file=str(certificate))
    assert rows(store) == [("queued", 1, False)]
    assert server.taken == []


# ------------------------------------------------------------------------------------------------- replies


def reading(octets: bytes, at_once: int = 4096):
    """A function that gives these octets, so many at a time at most."""
    left = SimpleNamespace(octets=octets)

    def receive(number: int) -> bytes:
        size = min(number, at_once)
        given_out, left.octets = left.octets[:size], left.octets[size:]
        return given_out

    return receive


@pytest.mark.parametrize("at_once", [1, 2, 7, 4096])
def test_replies_read_one_after_another_however_they_come(at_once):
    replies, receive = Replies(), reading(b"220 hello\r\n250-a\r\n250-\r\n250 b \r\n354\r\n", at_once)
    read = [replies.read(receive) for _ in range(3)]
    assert read == [Reply(220, b"hello"), Reply(250, b"a\n\nb"), Reply(354, b"")]


def test_no_more_than_64_kib_are_read_of_a_reply():
    asked = []

    def receive(number: int) -> bytes:
        asked.append(number)
        return b"250-abc\r\n" * (number // 9)

    with pytest.raises(BadReplyError, match="no end after 64 KiB"):
        Replies().read(receive)
    assert sum(asked) <= LONGEST + 4096 * 9


def test_a_reply_of_64_kib_is_read_and_one_of_an_octet_more_is_not():
    line = b"250 " + b"a" * (LONGEST - 6) + b"\r\n"
    assert Replies().read(reading(line)).code == 250
    with pytest.raises(BadReplyError):
        Replies().read(reading(b"2" + line[:4] + b"a" + line[4:]))


@given(st.binary(max_size=200))
def test_any_octets_are_a_reply_or_none(octets):
    try:
        reply = Replies().read(reading(octets))
    except BadReplyError:
        return
    assert 200 <= reply.code <= 599
    assert octets.startswith(str(reply.code).encode())


def test_hanging_up_is_told_from_nonsense():
    with pytest.raises(BrokenOffError):
        Replies().read(reading(b"25"))
    with pytest.raises(BadReplyError, match="not asked: '250 ok'"):
        Replies().expect_none(b"250 ok\r\n")


def test_a_server_that_hung_up_before_the_message_was_said_did_not_take_it(store):
    put(store, "a@example.org")
    with crooked("data", hangs_up_after(b"354 go on\r\n")) as server:
        round_of(store, server)
    assert rows(store)[0][:2] == ("queued", 1)


# ------------------------------------------------------------------------------------------------- too large


@pytest.mark.parametrize(
    ("said", "first"),
    [
        (b"552 5.3.4 Message size exceeds fixed limit\r\n", ("failed", 1, False)),  # as Postfix has it
        (b"552 message too large, or your quota is used up\r\n", ("queued", 1, False)),
    ],
)
def test_a_message_that_is_too_large_for_a_server_holds_up_no_other(store, said, first):
    """The server says so before the message, for it was told the size."""
    put(store, "a@example.org", "b@example.org", "c@example.org")
    with crooked("mail", once(said)) as server:
        round_of(store, server)
    assert rows(store) == [first, ("sent", 1, False), ("sent", 1, False)]
    assert why(store) == said.decode().strip()
    assert server.visits == 1


def test_without_a_size_the_same_refusal_is_the_servers_own(store, monkeypatch):
    monkeypatch.setitem(GOOD, "ehlo", b"250 hello\r\n")
    put(store, "a@example.org", "b@example.org")
    with crooked("mail", once(b"552 5.3.4 no\r\n")) as server:
        round_of(store, server)
    assert rows(store) == [("queued", 1, False), ("queued", 0, False)]


def once(octets: bytes):
    """What is said the first time, in place of the right answer."""
    left = [octets]

    def say(visitor) -> bool:
        visitor.sendall(left.pop() if left else GOOD["mail"])
        return True

    return say
