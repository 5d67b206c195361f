"""Links to unsubscribe end, and whoever presses an old one is sent a new one; the secret behind them can be renewed."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest

from commitments.ledger import register
from commitments.store import Store, outbox
from engine.service.http import Asked
from engine.service.unsubscribe import leave
from engine.session import open_session
from notifications.outbox import outbox as messages
from notifications.outbox.signing import known_secret, renew_secret, secret
from notifications.outbox.suppression import Kind, suppress, suppressed
from notifications.outbox.unsubscribe import (
    UNDATED_UNTIL,
    is_over,
    last_day,
    read_token,
    token,
)

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
LATE = datetime(2029, 1, 1, 9, 0, tzinfo=UTC)
"""The first day after the last of a link made in 2026."""
ONE_CLICK, NEW_LINK = b"List-Unsubscribe=One-Click", b"New-Link=yes"


@pytest.mark.parametrize("made", [date(2026, 1, 1), date(2026, 11, 26), date(2026, 12, 31)])
def test_a_link_is_good_for_two_years_at_least_and_the_same_all_year(made):
    assert last_day(made) == date(2028, 12, 31)
    assert last_day(made) - made >= timedelta(days=730)


def test_a_link_made_on_29_february_has_a_last_day():
    assert last_day(date(2028, 2, 29)) == date(2030, 12, 31)


def test_undated_links_in_old_mail_are_good_for_three_years_and_then_over():
    undated = token("a@example.org", b"k" * 32)
    assert read_token(undated, b"k" * 32, ["a@example.org"], UNDATED_UNTIL) == "a@example.org"
    assert read_token(undated, b"k" * 32, ["a@example.org"], UNDATED_UNTIL + timedelta(days=1)) is None
    assert is_over(undated, UNDATED_UNTIL + timedelta(days=1))
    assert not is_over("no token", date(2099, 1, 1))


# ------------------------------------------------------------------------------------------------- pressed


@pytest.fixture
def session(workspace, tmp_path):
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text() + "\nbase_address: https://gestand.example.org\n")
    with open_session(tmp_path, new=True) as opened, closing(opened.store):
        yield opened


@pytest.fixture
def link(session):
    """A function that makes the path of a link for an address, as a digest of a day has it."""

    def path(address="clerk@example.org", made=NOW):
        with session.store.writing() as tx:
            return f"/unsubscribe/{token(address, secret(tx), last_day(made.date()))}"

    return path


@pytest.fixture
def press(session):
    def answer(path, body=None, at=LATE):
        asked = Asked(method="GET" if body is None else "POST", path=path, body=body or b"")
        got = leave(session.store, session.workspace, asked, at)
        return got.status, got.body.decode()

    return answer


def sent(session) -> list[bytes]:
    """What waits in the outbox that is no digest."""
    with session.store.reading() as tx:
        found = tx.execute(outbox.select().where(outbox.c.digest.is_(None)).order_by(outbox.c.id)).all()
        return [messages.body(tx, row.id) for row in found]


def test_on_its_last_day_it_works_and_on_the_next_it_unsubscribes_nobody(session, link, press):
    path, last = link(), datetime(2028, 12, 31, 23, 59, tzinfo=UTC)
    assert press(path, at=last)[0] == 200
    status, page = press(path, ONE_CLICK)
    assert status == 410
    assert "a new one is on its way to them by mail" in page
    with session.store.reading() as tx:
        assert suppressed(tx, "clerk@example.org") is None
    assert press(path, ONE_CLICK, at=last)[0] == 200
    with session.store.reading() as tx:
        assert suppressed(tx, "clerk@example.org") is not None


def test_asking_says_that_it_is_too_old_and_sends_nothing(session, link, press):
    status, page = press(link())
    assert status == 410
    assert '<form method="post"><button name="New-Link" value="yes">Send me a new link</button></form>' in page
    assert press(link(), b"anything")[0] == 410
    assert sent(session) == []


@pytest.mark.parametrize(("body", "status"), [(NEW_LINK, 202), (ONE_CLICK, 410)])
def test_whoever_presses_is_sent_a_link_that_works_once_a_day(session, link, press, body, status):
    for _ in range(3):
        assert press(link(), body)[0] == status
    [message] = sent(session)
    fresh = message.split(b"List-Unsubscribe: <https://gestand.example.org")[1].split(b">")[0].decode()
    assert b"To: The clerk <clerk@example.org>" in message
    assert fresh.encode() in message.replace(b"=\r\n", b"")  # in the text too
    assert press(fresh, ONE_CLICK)[0] == 200
    with session.store.reading() as tx:
        assert suppressed(tx, "clerk@example.org") is not None
    assert press(link(), body, at=LATE + timedelta(days=1))[0] == status
    assert len(sent(session)) == 1  # who gets nothing more needs no link


def test_the_next_day_there_is_another(session, link, press):
    press(link(), NEW_LINK)
    press(link(), NEW_LINK, at=LATE + timedelta(days=1))
    assert len(sent(session)) == 2


def test_the_answer_does_not_say_whether_an_address_is_known(session, link, press, tmp_path):
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text().replace("name: The clerk", "language: nl\n    name: The clerk"))
    genuine, strange = link(), link("somebody@example.org")
    forged = genuine[:-9][:-1] + ("A" if genuine[-10] != "A" else "B") + genuine[-9:]
    for body in (None, NEW_LINK, ONE_CLICK):
        assert press(genuine, body) == press(strange, body) == press(forged, body)
    assert len(sent(session)) == 1


def test_a_link_whose_day_was_put_off_is_not_ours(session, link, press):
    assert press(link().replace("20281231", "20991231"), ONE_CLICK)[0] == 404
    assert sent(session) == []


@pytest.mark.at("2026-11-26T09:00")
def test_who_gets_nothing_more_is_sent_nothing(session, link, press):
    with session.store.writing() as tx:
        suppress(tx, "clerk@example.org", Kind.BOUNCED, at=NOW, actor="test")
    assert press(link(), NEW_LINK)[0] == 202
    assert sent(session) == []


def test_a_link_asked_for_before_anything_was_signed_writes_nothing(place, workspace, tmp_path):
    """On PostgreSQL the first question made the secret within a reading transaction, and failed."""
    opened = Store.open(place, new=True)
    with open_session(tmp_path, new=True) as session, closing(opened):
        asked = Asked(method="GET", path="/unsubscribe/A-20281231")
        assert leave(opened, session.workspace, asked, NOW).status == 404
        with opened.reading() as tx:
            assert known_secret(tx) is None


# ------------------------------------------------------------------------------------------------- another secret


@pytest.mark.at("2026-11-26T09:00")
def test_another_secret_makes_all_links_void_and_is_in_the_ledger(session, link, press):
    old = link()
    with session.store.writing() as tx:
        renew_secret(tx, at=NOW, actor="clerk")
        entry = list(register.entries(tx))[-1]
        assert secret(tx).hex() not in str(entry)
    assert (entry.kind, entry.actor, entry.payload) == ("secret_renewed", "clerk", "{}")
    assert press(old, ONE_CLICK, at=NOW)[0] == 404
    assert press(link(), ONE_CLICK, at=NOW)[0] == 200


def test_the_command_says_what_is_void(workspace):
    status, out, _ = workspace("outbox", "renew-secret", "--actor", "clerk")
    assert (status, out) == (
        0,
        "links to unsubscribe and return addresses made before are void; digests from now on have new ones\n",
    )
    assert workspace("verify")[0] == 0
