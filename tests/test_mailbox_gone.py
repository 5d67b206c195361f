"""A server that says at once that there is no such mailbox: the address gets nothing more, as after a report."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from test_outbox import NOW, at, put, rows

from commitments.store import Store
from notifications.message.mailbox import Mailbox
from notifications.outbox.administrator import Administrator
from notifications.outbox.delivery import deliver
from notifications.outbox.suppression import is_gone, suppressed

TELL = Administrator(address="admin@example.org", sender=Mailbox("gestand@example.org")).tell
GONE = ["5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1"]
NOT_GONE = [
    "5.1.0",
    "5.1.5",
    "5.1.7",
    "5.1.8",
    "5.1.9",
    "5.1.11",
    "5.2.2",
    "5.4.4",
    "5.7.1",
    "4.1.1",
    "5.1",
    "",
    "15.1.1",
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "gestand.db", new=True)
    yield opened
    opened.close()


def gone(store: Store) -> str:
    with store.reading() as tx:
        return str(suppressed(tx, "a@example.org") or "")


def test_which_statuses_say_that_a_mailbox_is_gone():
    assert [status for status in (*GONE, *NOT_GONE) if is_gone(status)] == GONE


@pytest.mark.parametrize("answer", ["550 5.1.1 no such user", "550 5.2.1 closed", "556 5.1.10 takes no mail"])
def test_an_address_refused_as_gone_gets_nothing_more_and_the_administrator_hears_of_it_once(store, server, answer):
    server.refuse["a@example.org"] = answer
    put(store, "a@example.org")
    deliver(store, server.deliverer(), now=at(NOW), trouble=TELL)
    assert rows(store)[0] == ("a@example.org", "failed", 1, answer)
    assert gone(store) == "bounced since 2018-08-13"
    [told] = server.messages()
    assert str(told["Subject"]) == f"Gestand: a mailbox is gone: {answer}"
    later = NOW + timedelta(days=1)
    put(store, "a@example.org", at=later)
    deliver(store, server.deliverer(), now=at(later), trouble=TELL)
    assert rows(store)[-1] == ("a@example.org", "dropped", 0, "bounced since 2018-08-13")
    assert len(server.messages()) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "550 5.1.8 <gestand@example.org>: Sender address rejected: Domain not found",
        "550 5.7.1 no",
        "550 no such user",  # without a status nobody knows what the number means
        "450 5.1.1 not now",  # a number and a status that disagree
        "451 4.1.1 not now",
    ],
)
def test_any_other_refusal_leaves_the_address_as_it_is(store, server, answer):
    server.refuse["a@example.org"] = answer
    put(store, "a@example.org")
    deliver(store, server.deliverer(), now=at(NOW))
    assert gone(store) == ""


def test_a_refusal_of_the_whole_message_says_nothing_of_the_mailbox(store, server):
    server.answer = "550 5.1.1 what is this"
    put(store, "a@example.org")
    deliver(store, server.deliverer(), now=at(NOW))
    assert rows(store)[0][:2] == ("a@example.org", "failed")
    assert gone(store) == ""
