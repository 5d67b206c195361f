"""Rounds of delivery against a real mail server: many messages, many lines, refusals told to who can mend them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from mail_server import MailServer
from test_outbox import NOW, Taking, at, noted, put, rows

from commitments.store import Store
from notifications.message.mailbox import Mailbox
from notifications.outbox.administrator import Administrator
from notifications.outbox.delivery import Delivered, deliver, from_header
from notifications.outbox.outbox import GIVE_UP
from notifications.outbox.suppression import Kind, suppress
from notifications.transports.deliverer import PermanentError, TemporaryError

FIVE = [f"{number}@example.org" for number in range(5)]
TELL = Administrator(address="admin@example.org", sender=Mailbox("gestand@example.org")).tell


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "gestand.db", new=True)
    yield opened
    opened.close()


def test_one_of_five_is_refused_and_four_get_theirs_over_one_connection(store, server: MailServer):
    put(store, *FIVE)
    server.refuse["2@example.org"] = "550 5.1.1 no such user"
    done = deliver(store, server.deliverer(), now=at(NOW))
    assert done == Delivered(sent=4, failed=1, reasons=("550 5.1.1 no such user",))
    assert [message["To"].addresses[0].addr_spec for message in server.messages()] == [
        address for address in FIVE if address not in server.refuse
    ]
    assert rows(store)[2] == ("2@example.org", "failed", 1, "550 5.1.1 no such user")
    assert server.visits == 1
    assert '"code":550,"message_id":"<0813.2@gestand.example.org>"' in noted(store)[2]


@pytest.mark.parametrize("answer", ["451 4.7.1 greylisted", "452 4.2.2 mailbox full"])
def test_who_is_put_off_comes_later_and_the_others_do_not_wait(store, server: MailServer, answer):
    put(store, *FIVE)
    server.refuse["2@example.org"] = answer
    assert deliver(store, server.deliverer(), now=at(NOW)) == Delivered(sent=4, later=1, reasons=(answer,))
    server.refuse.clear()
    assert deliver(store, server.deliverer(), now=at(NOW + timedelta(minutes=2))).sent == 1


def test_data_refused_for_now_is_tried_again(store, server: MailServer):
    put(store, *FIVE)
    server.answer = "451 4.3.0 try later"
    assert deliver(store, server.deliverer(), now=at(NOW), trouble=TELL).later == 5
    server.answer = "250 OK"
    assert deliver(store, server.deliverer(), now=at(NOW + timedelta(minutes=2)), trouble=TELL).sent == 5


def test_data_refused_for_good_is_told_to_the_administrator_once_a_day(store, server: MailServer):
    put(store, *FIVE)
    for address in FIVE[:3]:
        server.refuse[address] = f"554 5.7.1 <{address}> no"
    done = deliver(store, server.deliverer(), now=at(NOW), trouble=TELL)
    assert (done.sent, done.failed) == (3, 3)
    told = server.messages()[-1]
    assert told["To"] == "admin@example.org"
    assert told["Subject"] == "Gestand: a digest was refused for good: 554 5.7.1 <0@example.org> no"
    assert told.get_content() == (
        "a digest was refused for good: 554 5.7.1 <0@example.org> no\r\n\r\n"
        "`gestand outbox --state failed` lists what was refused; `gestand outbox retry ID` tries it again.\r\n\r\n"
        "You get one message a day about each kind of trouble, however often it happens.\r\n"
    )
    put(store, *FIVE[:3], at=NOW + timedelta(days=1))
    again = deliver(store, server.deliverer(), now=at(NOW + timedelta(days=1)), trouble=TELL)
    assert (again.sent, again.failed) == (1, 3)
    assert [line.split()[0] for line in noted(store)].count("message_sent") == 2
    assert "example.org> no" not in str(noted(store))


def test_a_message_to_the_administrator_that_fails_is_told_to_nobody(store):
    put(store, "a@example.org")
    no = PermanentError(550, "no")
    taking = Taking({"a@example.org": [no], "admin@example.org": [no]})
    assert deliver(store, taking, now=at(NOW), trouble=TELL).failed == 2
    assert deliver(store, taking, now=at(NOW), trouble=TELL) == Delivered()


@pytest.mark.parametrize(("kind", "hears"), [(Kind.UNSUBSCRIBED, True), (Kind.BOUNCED, False)])
def test_an_administrator_who_wants_no_digests_hears_of_trouble_unless_the_mailbox_is_gone(store, kind, hears):
    with store.writing() as tx:
        suppress(tx, "admin@example.org", kind, at=NOW, actor="reader")
    put(store, "a@example.org", "admin@example.org")
    taking = Taking({"a@example.org": [PermanentError(550, "no")]})
    assert deliver(store, taking, now=at(NOW), trouble=TELL).dropped == (1 if hears else 2)
    assert taking.taken == (["admin@example.org"] if hears else [])


def test_what_was_given_up_is_told_too(store):
    put(store, "a@example.org")
    taking = Taking({"a@example.org": [TemporaryError(451, "later")]})
    deliver(store, taking, now=at(NOW + GIVE_UP + timedelta(days=1)), trouble=TELL)
    assert taking.taken == ["admin@example.org"]


def test_several_lines_send_each_message_once(store, server: MailServer):
    addresses = [f"{number}@example.org" for number in range(30)]
    put(store, *addresses)
    assert deliver(store, server.deliverer(connections=3), now=at(NOW), limit=25).sent == 25
    assert deliver(store, server.deliverer(connections=3), now=at(NOW)).sent == 5
    assert sorted(str(message["To"].addresses[0].addr_spec) for message in server.messages()) == sorted(addresses)


def test_a_message_goes_out_under_the_address_that_it_comes_back_to(store, server: MailServer):
    put(store, "a@example.org")
    deliver(store, server.deliverer(), now=at(NOW), envelope=lambda row: f"bounce+{row.id}@example.org")
    assert server.senders == ["bounce+1@example.org"]


@pytest.mark.parametrize(
    ("head", "address"),
    [
        (b"From: Gestand <gestand@example.org>\r\nTo: from: x", "gestand@example.org"),
        (b"To: a@example.org\r\nFrom: A very long name\r\n <gestand@example.org>\r\nSubject: x", "gestand@example.org"),
        (b"To: a@example.org\r\nSubject: From: b@example.org", ""),
        (b"From: undisclosed-recipients:;", ""),
        (b'{"text": 1}', ""),  # what goes to an end has no header
    ],
)
def test_a_message_comes_back_to_the_address_in_from(head, address):
    assert from_header(SimpleNamespace(body=head + b"\r\n\r\nFrom: evil@example.org\r\n")) == address
