"""Mail that came back: what is believed, what is done about it, and what is not believed. D14 throughout."""

import io
import json
import mailbox
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, message_from_string
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_digest import reader
from test_outbox import NOW, Taking, at, noted, put

from commitments.store import Store
from notifications.outbox import mailboxes
from notifications.outbox.bounces import (
    Verdict,
    number_of,
    read,
    reports,
    return_address,
    take_in,
)
from notifications.outbox.delivery import deliver
from notifications.outbox.mailboxes import Mail, NoMailError, mails
from notifications.outbox.outbox import queue
from notifications.outbox.signing import secret
from notifications.outbox.suppression import suppressed

BOUNCE = "bounce@example.org"
KEY = b"k" * 32

REPORT = """\
From: MAILER-DAEMON@mx.example.net
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your message could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: Mon, 13 Aug 2018 06:00:00 +0000

Final-Recipient: rfc822; {about}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--b
Content-Type: {form}

Message-ID: {message_id}
Subject: 1 due

--b--
"""


def report(**more: str):
    known = {"to": "gestand@example.org", "about": "a@example.org", "action": "failed", "status": "5.1.1"}
    known |= {"said": "550 5.1.1 no such user", "form": "text/rfc822-headers", "message_id": "<none@example.org>"}
    return message_from_string(REPORT.format(**(known | more)))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "gestand.db", new=True)
    yield opened
    opened.close()


@pytest.fixture
def sent(store: Store) -> SimpleNamespace:
    """Two messages that were sent, their Message-IDs, and the addresses that they come back to."""
    identifiers = put(store, "a@example.org", "b@example.org")
    deliver(store, Taking(), now=at(NOW))
    with store.writing() as tx:
        key = secret(tx)
    return SimpleNamespace(ids=identifiers, back=[return_address(BOUNCE, key, number) for number in (1, 2)])


def judged(store: Store, *found, after: timedelta = timedelta(hours=1)) -> list[tuple[Verdict, str]]:
    with store.writing() as tx:
        mails = [read(Mail(place="box", content=one.as_bytes())) for one in found]
        return [(one.verdict, one.address) for one in take_in(tx, mails, address=BOUNCE, at=NOW + after)]


def gone(store: Store, address: str = "a@example.org") -> str:
    with store.reading() as tx:
        return str(suppressed(tx, address) or "")


# ------------------------------------------------------------------------------------------------- believed


@pytest.mark.parametrize("form", ["text/rfc822-headers", "message/rfc822"])
def test_a_mailbox_that_is_gone_gets_nothing_more(store, sent, form):
    assert judged(store, report(message_id=sent.ids[0], form=form)) == [(Verdict.GONE, "a@example.org")]
    assert gone(store) == "bounced since 2018-08-13"
    assert gone(store, "b@example.org") == ""
    assert [line.split()[0] for line in noted(store)][-2:] == ["bounced", "address_suppressed"]
    assert "a@example.org" not in str(noted(store))
    put(store, "a@example.org", at=NOW + timedelta(days=1))
    done = deliver(store, Taking(), now=at(NOW + timedelta(days=1)))
    assert str(done) == "0 sent, 1 not sent any more: bounced since 2018-08-13"


def test_the_address_that_a_message_comes_back_to_is_enough(store, sent):
    back = report(to=f"<{sent.back[1]}>", about="B@example.org")
    assert judged(store, back) == [(Verdict.GONE, "b@example.org")]


def test_a_mailbox_gone_behind_an_address_silences_nobody_else_behind_it(store, sent):
    """The clerks' address passes mail on to each of them, and one has left (Postfix names both)."""
    behind = report(to=sent.back[1], about="left@example.org\nOriginal-Recipient: rfc822; b@example.org")
    known = report(message_id=sent.ids[0], about="left@example.org\nOriginal-Recipient: rfc822; a@example.org")
    assert judged(store, behind, known) == [(Verdict.FOR_NOW, "b@example.org"), (Verdict.FOR_NOW, "a@example.org")]
    assert gone(store) == gone(store, "b@example.org") == ""


def test_the_administrators_address_is_tried_all_the_same(store):
    body = b"From: gestand@example.org\r\n\r\ntrouble\r\n"
    with store.writing() as tx:
        queue(tx, None, reader(address="a@example.org"), body, "<trouble@example.org>", NOW)
    deliver(store, Taking(), now=at(NOW))
    assert judged(store, report(message_id="<trouble@example.org>")) == [(Verdict.FOR_NOW, "a@example.org")]
    assert gone(store) == ""


@pytest.mark.parametrize(
    ("status", "action"),
    [
        ("4.2.2", "failed"),  # the mailbox is full
        ("4.4.1", "delayed"),  # still being tried
        ("5.4.4", "failed"),  # no route at present
        ("5.7.1", "failed"),  # a filter
        ("5.1.1", "delayed"),  # not given up yet
        ("", "failed"),  # a server that does not say
    ],
)
def test_what_may_work_the_next_time_is_counted(store, sent, status, action):
    back = report(message_id=sent.ids[0], status=status, action=action)
    assert judged(store, back) == [(Verdict.FOR_NOW, "a@example.org")]
    assert gone(store) == ""


def test_a_message_first_delayed_may_be_gone_later(store, sent):
    delayed = report(message_id=sent.ids[0], status="4.4.1", action="delayed")
    assert [verdict for verdict, _ in judged(store, delayed, report(message_id=sent.ids[0]))] == ["for_now", "gone"]


# ------------------------------------------------------------------------------------------------- not believed


def test_a_forged_report_changes_nothing(store, sent):
    number, signature = sent.back[0].removeprefix("bounce+").split("@")[0].split("-")
    forged = [
        report(),  # a Message-ID that is not ours
        report(message_id=sent.ids[1]),  # one that went to another address
        report(to=sent.back[0].replace("bounce+1-", "bounce+2-")),  # a signature of another message
        report(to=f"bounce+{number}-{signature[:-1]}@example.org"),  # a part of it
        report(to=sent.back[0].replace("@example.org", "@example.org.evil.example")),  # to somebody else's domain
        report(to=f"evil{sent.back[0]}"),
    ]
    assert judged(store, *forged) == [(Verdict.FORGED, "")] * len(forged)
    assert gone(store) == ""
    assert noted(store)[-1] == 'bounce_refused {"reason":"forged"}'


def test_a_report_about_what_was_not_sent_is_forged(store):
    put(store, "a@example.org")
    with store.writing() as tx:
        back = return_address(BOUNCE, secret(tx), 1)
    assert (
        judged(store, report(to=back), report(message_id="<0813.0@gestand.example.org>")) == [(Verdict.FORGED, "")] * 2
    )


def test_a_report_of_49_hours_later_is_too_late(store, sent):
    in_time = report(message_id=sent.ids[1], about="b@example.org")
    assert judged(store, in_time, after=timedelta(hours=48)) == [(Verdict.GONE, "b@example.org")]
    assert judged(store, report(message_id=sent.ids[0]), after=timedelta(hours=49)) == [(Verdict.OLD, "")]
    assert gone(store) == ""


def test_a_replayed_report_counts_once(store, sent):
    again = [report(message_id=sent.ids[0], status="4.2.2"), report(to=sent.back[0], status="5.4.4")]
    assert [verdict for verdict, _ in judged(store, *again)] == ["for_now", "seen"]
    assert [verdict for verdict, _ in judged(store, *again)] == ["seen", "seen"]
    assert [line.split()[0] for line in noted(store)].count("bounced") == 1


def test_reports_that_stay_in_the_mailbox_do_not_make_the_ledger_grow(store, sent):
    """They are read again each hour: one entry a day says that such came."""
    genuine, forged = report(message_id=sent.ids[0]), report()
    old = report(message_id=sent.ids[1], about="b@example.org")
    assert [verdict for verdict, _ in judged(store, genuine)] == ["gone"]
    for hour in range(49, 60):
        again = judged(store, genuine, forged, old, after=timedelta(hours=hour))
        assert [verdict for verdict, _ in again] == ["seen", "forged", "old"]
    refused = [line for line in noted(store) if line.startswith("bounce_refused")]
    assert refused == ['bounce_refused {"reason":"forged"}', 'bounce_refused {"reason":"old"}']
    judged(store, forged, after=timedelta(days=4))
    assert noted(store)[-1] == 'bounce_refused {"reason":"forged"}'
    assert len([line for line in noted(store) if line.startswith("bounce_refused")]) == 3


def test_what_is_no_report_of_a_failure_is_nothing(store, sent):
    holiday = message_from_string(f"To: {sent.back[0]}\nSubject: I am away\n\nuntil Monday")
    delivered = report(message_id=sent.ids[0], action="delivered", status="2.0.0")
    assert judged(store, holiday, delivered) == [(Verdict.NO_REPORT, "")] * 2


@given(st.binary(max_size=400))
def test_nothing_that_comes_breaks_the_reading(junk):
    head = b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
    list(reports(message_from_bytes(junk)))
    list(reports(message_from_bytes(head + junk + b"\n\nFinal-Recipient: " + junk)))


@given(st.integers(1, 10**12), st.text())
def test_a_return_address_reads_as_its_message_and_no_other_text_does(number, text):
    assert number_of(return_address(BOUNCE, KEY, number).upper(), BOUNCE, KEY) == number
    assert len(return_address(BOUNCE, KEY, number).partition("@")[0]) <= 64
    assert number_of(text, BOUNCE, KEY) is None


# ------------------------------------------------------------------------------------------------- files


def test_mail_is_read_from_an_mbox_a_maildir_a_file_and_a_pipe_which_stay_as_they_are(tmp_path, monkeypatch):
    one, two = report(status="5.1.1"), report(status="4.2.2")
    box = mailbox.mbox(tmp_path / "mbox")
    folder = mailbox.Maildir(tmp_path / "maildir")
    for holder in (box, folder):
        holder.add(one)
        holder.add(two)
        holder.close()
    (tmp_path / "one.eml").write_bytes(one.as_bytes())
    before = (tmp_path / "mbox").read_bytes()

    def statuses(path):
        return sorted(found.status for mail in mails(path) for found in read(mail).reports)

    assert statuses(tmp_path / "mbox") == statuses(tmp_path / "maildir") == ["4.2.2", "5.1.1"]
    assert statuses(tmp_path / "one.eml") == ["5.1.1"]
    monkeypatch.setattr(mailboxes.sys, "stdin", SimpleNamespace(buffer=io.BytesIO(two.as_bytes())))
    assert statuses(mailboxes.STDIN) == ["4.2.2"]
    assert (tmp_path / "mbox").read_bytes() == before


def test_where_nothing_can_be_piped_in_it_is_told(monkeypatch):
    monkeypatch.setattr(mailboxes.sys, "stdin", None)
    with pytest.raises(NoMailError, match=r"- holds no mail that can be read \(nothing is piped in\)"):
        list(mails(mailboxes.STDIN))


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(NoMailError, match=r"none holds no mail that can be read \(No such file or directory\)"):
        list(mails(tmp_path / "none"))
    with pytest.raises(NoMailError, match="is no Maildir"):
        list(mails(tmp_path))


# ------------------------------------------------------------------------------------------------- the command


def test_the_command_tells_what_it_found_and_the_administrator_hears_of_it(workspace, tmp_path):
    settings = (tmp_path / "gestand.yaml").read_text()
    more = "mail:\n  administrator: admin@example.org\n  bounces: {address: bounce@example.org}\n"
    (tmp_path / "gestand.yaml").write_text(settings.replace("mail:\n", more))
    assert workspace("tick")[0] == 0
    [letter] = json.loads(workspace("outbox", "--all", "--json")[1])
    back = report(about="clerk@example.org", message_id=letter["message_id"], said="550 5.1.1 <clerk@example.org> gone")
    (tmp_path / "back.eml").write_bytes(back.as_bytes())
    (tmp_path / "forged.eml").write_bytes(report().as_bytes())
    status, out, _ = workspace("bounces", "back.eml", "forged.eml", "back.eml")
    assert (status, out) == (
        0,
        (
            "clerk@example.org: gets nothing more (550 5.1.1 <clerk@example.org> gone)\n"
            "3 reports: 1 gone, 1 seen before, 1 not about a message of ours\n"
        ),
    )
    assert workspace("tick")[0] == 0
    told = [path.read_text() for path in (tmp_path / "outbox").glob("*admin-example-org*.txt")]
    assert [text.splitlines()[0] for text in told] == ["a mailbox is gone: 550 5.1.1 <clerk@example.org> gone"]
    assert workspace("bounces", "none.eml")[0] == 1


def test_the_administrator_hears_of_a_mailbox_gone_behind_an_address(workspace, tmp_path):
    settings = (tmp_path / "gestand.yaml").read_text()
    (tmp_path / "gestand.yaml").write_text(
        settings.replace("mail:\n", "mail:\n  administrator: admin@example.org\n  bounces: {address: b@example.org}\n")
    )
    assert workspace("tick")[0] == 0
    [letter] = json.loads(workspace("outbox", "--all", "--json")[1])
    about = "left@example.org\nOriginal-Recipient: rfc822; clerk@example.org"
    back = report(about=about, message_id=letter["message_id"])
    (tmp_path / "back.eml").write_bytes(back.as_bytes())
    said = (
        "clerk@example.org: did not get it, this time (550 5.1.1 no such user)\n1 report: 1 not delivered this time\n"
    )
    assert workspace("bounces", "back.eml")[1] == said
    assert workspace("tick")[0] == 0
    [told] = [path.read_text() for path in (tmp_path / "outbox").glob("*admin-example-org*.txt")]
    assert told.splitlines()[0] == (
        "clerk@example.org passes its mail on to left@example.org, which is gone: 550 5.1.1 no such user"
    )
