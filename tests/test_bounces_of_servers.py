"""Mail that comes back as the servers in use write it: Exim, Exchange, qmail, and reports in UTF-8."""

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_bounces import BOUNCE, gone, report
from test_outbox import NOW, Taking, at, put

from commitments.store import Store
from notifications.outbox.bounces import (
    Verdict,
    read,
    return_address,
    take_in,
)
from notifications.outbox.delivery import deliver
from notifications.outbox.mailboxes import Mail
from notifications.outbox.signing import secret

QMAIL = """\
From: MAILER-DAEMON@mx.example.net
To: {to}
Subject: failure notice

Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{about}>:
{said}

--- Below this line is a copy of the message.

Return-Path: <gestand@example.org>
Message-ID: {message_id}
Subject: 1 due

<b@example.org>:
gone (#5.1.1)
"""

EXIM = """\
Return-path: <>
X-Failed-Recipients: {about}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.example.net>
To: {to}
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {about}
    {said}

------ This is a copy of the message, including all the headers. ------

Message-ID: {message_id}
Subject: 1 due
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "gestand.db", new=True)
    yield opened
    opened.close()


@pytest.fixture
def back(store: Store) -> str:
    """The address that a message to a@example.org comes back to."""
    put(store, "a@example.org")
    deliver(store, Taking(), now=at(NOW))
    with store.writing() as tx:
        return return_address(BOUNCE, secret(tx), 1)


ID = "<0813.0@gestand.example.org>"


def taken(store: Store, content: str) -> list[tuple[str, str, str]]:
    with store.writing() as tx:
        mail = read(Mail(place="box", content=content.encode()))
        found = take_in(tx, [mail], address=BOUNCE, at=NOW + timedelta(hours=1))
    return [(one.verdict, one.address, one.detail) for one in found]


@pytest.mark.parametrize(
    ("form", "said", "verdict", "detail"),
    [
        (
            QMAIL,
            "Sorry, no mailbox here by that name. (#5.1.1)",
            "gone",
            "Sorry, no mailbox here by that name. (#5.1.1)",
        ),
        (QMAIL, "I'm not going to try again. (#4.4.1)", "for_now", "I'm not going to try again. (#4.4.1)"),
        (QMAIL, "I do not like it.", "for_now", "I do not like it."),
        (EXIM, "SMTP error from remote mail server: 550 5.1.1 unknown", "gone", "550 5.1.1 unknown"),
        (EXIM, "Unrouteable address", "for_now", "5.0.0"),
    ],
)
@pytest.mark.parametrize("known_by", ["return address", "Message-ID"])
def test_a_failure_told_in_words_counts_as_one_in_a_report(store, back, form, said, verdict, detail, known_by):
    to, name = (back, "<x@y>") if known_by == "return address" else ("gestand@example.org", ID)
    content = form.format(to=to, about="A@example.org", said=said, message_id=name)
    assert taken(store, content) == [(verdict, "a@example.org", detail)]
    assert gone(store) == ("bounced since 2018-08-13" if verdict == "gone" else "")


@pytest.mark.parametrize("form", [QMAIL, EXIM])
def test_a_failure_told_in_words_is_believed_no_more_than_a_report(store, back, form):
    forged = form.format(to="gestand@example.org", about="a@example.org", said="(#5.1.1)", message_id="<x@y>")
    assert taken(store, forged) == [("forged", "", "")]
    other = form.format(to="gestand@example.org", about="b@example.org", said="(#5.1.1)", message_id=ID)
    assert taken(store, other) == [("forged", "", "")]
    assert gone(store) == ""


def test_of_several_recipients_of_exim_it_is_not_said_which_one_is_gone(store, back):
    content = EXIM.format(to=back, about="a@example.org, c@example.org", said="550 5.1.1 unknown", message_id="<x@y>")
    assert [verdict for verdict, *_ in taken(store, content)] == ["for_now", "seen"]


def test_exim_leaves_the_status_undefined_and_says_it_in_the_diagnosis(store, back):
    content = report(to=back, status="5.0.0", said="550 5.1.1 User unknown").as_string()
    assert taken(store, content) == [("gone", "a@example.org", "550 5.1.1 User unknown")]


@pytest.mark.parametrize("said", ["550 5.7.1 no", "550 no", "call 5.1.1", ""])
def test_a_status_left_undefined_is_no_guess(store, back, said):
    assert taken(store, report(to=back, status="5.0.0", said=said).as_string())[0][0] == "for_now"


def test_a_report_in_utf_8_is_taken_apart_as_any(store, back):
    content = report(to=back).as_string().replace("message/delivery-status", "message/global-delivery-status")
    assert taken(store, content) == [("gone", "a@example.org", "550 5.1.1 no such user")]


def test_a_letter_that_a_person_writes_is_no_report(store, back):
    for words in ("Hi. This is the clerk; I am away.", "<a@example.org>:\n(#5.1.1)"):
        letter = message_from_string(f"From: a@example.org\nTo: {back}\nSubject: Re: 1 due\n\n{words}\n")
        assert taken(store, letter.as_string()) == [(Verdict.NO_REPORT, "", "Re: 1 due")]


@given(st.text(max_size=300), st.sampled_from(["", "X-Failed-Recipients: "]))
def test_nothing_told_in_words_breaks_the_reading(words, field):
    for content in (f"{field}{words}\n\nHi. This is the {words}", f"To: x\n\nHi. This is the \n\n<{words}>:\n{words}"):
        assert read(Mail(place="box", content=content.encode("utf-8", "replace"))).trouble == ""
