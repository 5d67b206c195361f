"""What is asked before a message goes: whether it is still to be sent, and still says what is so."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from test_outbox import NOW, Taking, at, noted, put, rows

from commitments.ledger import register
from commitments.store import Store
from notifications.outbox.delivery import (
    Delivered,
    Dropped,
    Replaced,
    deliver,
)
from notifications.outbox.outbox import GIVE_UP, LEASE, supersede
from notifications.outbox.suppression import Kind, suppress
from notifications.transports.deliverer import ServerError, TemporaryError


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "gestand.db", new=True)
    yield opened
    opened.close()


def texts(store: Store) -> list[dict[str, str]]:
    """What can be erased of each entry."""
    with store.reading() as tx:
        return [json.loads(entry.body or "{}") for entry in register.entries(tx)]


def test_who_unsubscribed_since_gets_nothing_and_the_reason_is_kept(store):
    put(store, "a@example.org", "b@example.org")
    with store.writing() as tx:
        suppress(tx, "a@example.org", Kind.UNSUBSCRIBED, at=NOW, actor="link")
    taking = Taking()
    done = deliver(store, taking, now=at(NOW))
    assert str(done) == "1 sent, 1 not sent any more: unsubscribed since 2018-08-13"
    assert taking.taken == ["b@example.org"]
    assert rows(store)[0] == ("a@example.org", "dropped", 0, "unsubscribed since 2018-08-13")
    kinds = [line.split()[0] for line in noted(store)]
    assert kinds == ["address_suppressed", "digest_dropped", "digest_sent"]
    assert texts(store)[1]["reason"] == "unsubscribed since 2018-08-13"


def test_a_review_may_drop_a_message_or_change_it(store):
    put(store, "a@example.org", "b@example.org", "c@example.org")
    verdicts = {
        "a@example.org": Dropped("nothing in it is owed any more"),
        "b@example.org": Replaced(b"From: x\r\n\r\nnew"),
    }
    sent = []

    class Keeping(Taking):
        def send(self, _envelope_from, to, body):
            sent.append((to, body))

    done = deliver(store, Keeping(), now=at(NOW), review=lambda _tx, row, _now: verdicts.get(row.address))
    assert done == Delivered(sent=2, dropped=1, reasons=("nothing in it is owed any more",))
    assert [to for to, _ in sent] == ["b@example.org", "c@example.org"]
    assert sent[0][1] == b"From: x\r\n\r\nnew"
    assert [line.split()[0] for line in noted(store)] == [
        "digest_dropped",
        "digest_changed",
        "digest_sent",
        "digest_sent",
    ]


def test_what_was_perhaps_delivered_goes_again_as_it_was(store):
    put(store, "a@example.org", "b@example.org", "c@example.org")
    asked = []
    errors = {
        "a@example.org": [ZeroDivisionError()],
        "b@example.org": [TemporaryError(0, "no answer", doubtful=True)],
        "c@example.org": [TemporaryError(451, "greylisted")],
    }
    taking = Taking(errors)

    def review(tx, row, now):
        asked.append((row.address, row.state))

    with pytest.raises(ZeroDivisionError):
        deliver(store, taking, now=at(NOW), review=review)
    deliver(store, taking, now=at(NOW), review=review)
    assert [address for address, _ in asked] == ["a@example.org", "b@example.org", "c@example.org"]
    asked.clear()
    assert deliver(store, taking, now=at(NOW + LEASE), review=review) == Delivered(sent=3, again=2)
    assert asked == [("c@example.org", "queued")]
    doubles = [line for line in noted(store) if line.startswith("digest_sent {") and "possible_duplicate" in line]
    assert len(doubles) == 2


def test_what_was_not_delivered_gives_way_to_the_next_digest(store):
    """Three days without a server: one message afterwards, not three."""
    taking = Taking()
    for day in range(3):
        moment = NOW + timedelta(days=day)
        [message_id] = put(store, "a@example.org", at=moment)
        with store.writing() as tx:
            held = supersede(tx, "a@example.org", by=message_id, at=moment)
        assert held == ([day] if day else [])
        taking.errors = {"a@example.org": [ServerError(0, "mail is away")]}
        deliver(store, taking, now=at(moment))
    taking.errors = {}
    assert deliver(store, taking, now=at(NOW + timedelta(days=3))).sent == 1
    assert [state for _, state, _, _ in rows(store)] == ["superseded", "superseded", "sent"]
    assert rows(store)[0][3] == "by <0814.0@gestand.example.org>"


def test_what_was_perhaps_delivered_gives_way_to_nothing(store):
    [first] = put(store, "a@example.org")
    deliver(store, Taking({"a@example.org": [ServerError(0, "no answer", doubtful=True)]}), now=at(NOW))
    [second] = put(store, "a@example.org", at=NOW + timedelta(days=1))
    with store.writing() as tx:
        assert supersede(tx, "a@example.org", by=second, at=NOW) == []
    assert deliver(store, Taking(), now=at(NOW + GIVE_UP)).sent == 2
    assert first != second


def test_a_refusal_that_repeats_the_address_leaves_it_where_it_can_be_erased(store):
    put(store, "a@example.org")
    deliver(store, Taking({"a@example.org": [TemporaryError(451, "4.7.1 <a@example.org>: try later")]}), now=at(NOW))
    assert "example.org>" not in noted(store)[0].replace("gestand.example.org>", "")
    assert texts(store)[0]["text"] == "4.7.1 <a@example.org>: try later"
    assert rows(store)[0][3] == "451 4.7.1 <a@example.org>: try later"
