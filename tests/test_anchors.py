"""Heads found in whatever mail was kept, all checked at once; damaged messages are counted and stop nothing."""

import json
import mailbox
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from engine.workspace import clock

DAY = datetime(2026, 11, 26, 9, tzinfo=UTC)
SENT = "Thu, 26 Nov 2026 07:30:00 +0000"


@pytest.fixture(autouse=True)
def frozen(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: DAY)


@pytest.fixture
def heads(workspace):
    """The head after each entry of a workspace's ledger, in full."""
    with closing(sqlite3.connect("gestand.db")) as db, db:
        return {seq: f"#{seq} {chained}" for seq, chained in db.execute("SELECT seq, hash FROM ledger")}


def mail(text="", html="", date="Thu, 26 Nov 2026 09:00:00 +0000", **parts):
    message = EmailMessage()
    message["Subject"], message["Date"] = "Digest", date
    message.set_content(text, **parts)
    if html:
        message.add_alternative(html, subtype="html", **parts)
    return message.as_bytes()


def found(run, path, status=0):
    left, said, told = run("verify", "--chain", "--anchors", path, "--json")
    assert left == status, told
    return json.loads(said)


# ------------------------------------------------------------------------------------------------- where they may be


def test_the_outbox_of_a_workspace_is_read_as_it_is(workspace):
    assert workspace("tick")[0] == 0
    status, said, _ = workspace("verify", "--chain", "--anchors", "outbox")
    sent = len(list(Path("outbox").glob("*.eml")))
    assert (status, sent > 0) == (0, True)
    assert f"{sent} head{'s' * (sent > 1)} in {sent} message{'s' * (sent > 1)}: all are in the ledger, from #" in said


def test_a_text_or_page_of_a_digest_by_itself_is_read_too(workspace):
    assert workspace("tick")[0] == 0
    for file in (*Path("outbox").glob("*.txt"), *Path("outbox").glob("*.html"), *Path("outbox").glob("*.eml")):
        assert found(workspace, str(file))["heads"] == 1, file


def test_an_mbox_and_a_maildir_are_read(workspace, heads):
    box = mailbox.mbox("kept.mbox")
    folder = mailbox.Maildir("Maildir")
    for head in heads.values():
        box.add(mail(f"Ledger  {head}\n"))
        folder.add(mail(f"Ledger  {head}\n"))
    box.close()
    for path in ("kept.mbox", "Maildir"):
        told = found(workspace, path)
        assert (told["heads"], told["messages"]) == (len(heads), len(heads))


def test_folders_within_folders_are_read(workspace, heads):
    for year in ("2025", "2026"):
        Path("archive", year).mkdir(parents=True)
        Path("archive", year, "digest.eml").write_bytes(mail(f"Ledger  {heads[1]}"))
    box = mailbox.mbox("archive/old.mbox")
    box.add(mail(f"Ledger  {heads[2]}"))
    box.close()
    assert found(workspace, "archive")["heads"] == 3


# ------------------------------------------------------------------------------------------------- how they are spelt


@pytest.mark.parametrize("digits", [16, 17, 32, 40, 64])
def test_heads_of_any_length_are_compared(workspace, heads, digits):
    head = heads[2][: 3 + digits]
    Path("one.eml").write_bytes(mail(f"Ledger  {head}\n"))
    assert found(workspace, "one.eml")["heads"] == 1
    Path("one.eml").write_bytes(mail(f"Ledger  {head[:-1]}{'0' if head[-1] != '0' else '1'}\n"))
    assert found(workspace, "one.eml", status=1)["not_in_ledger"][0]["head"].startswith("#2 ")


def test_a_last_digit_that_differs_is_found_in_the_page_alone(workspace, heads):
    """The text part is as it was; somebody changed the page that readers look at."""
    other = heads[2][:-1] + ("0" if heads[2][-1] != "0" else "1")
    Path("one.eml").write_bytes(mail(f"Ledger  {heads[2]}\n", f"<p>Ledger</p><p>{other}</p>"))
    told = found(workspace, "one.eml", status=1)
    assert [one["head"] for one in told["not_in_ledger"]] == [other]


SPELT = {
    "as it is": lambda head: mail(f"Ledger  {head}\n"),
    "in base64": lambda head: mail(f"Ledger  {head} é\n", cte="base64"),
    "in quoted-printable": lambda head: mail(f"{'é' * 70} {head}\n", cte="quoted-printable"),
    "in UTF-16": lambda head: mail(f"Ledger  {head}\n", charset="utf-16"),
    "in capitals": lambda head: mail(f"Ledger  {head.upper()}\n"),
    "folded": lambda head: mail("Ledger  " + head.replace(" ", "\n                 ")),
    "quoted in an answer": lambda head: mail("> > Ledger  " + head.replace(" ", "\n> > ")),
    "with hard spaces": lambda head: mail("Ledger  " + head.replace(" ", "\N{NO-BREAK SPACE}")),
    "only in the page": lambda head: mail("see the page", f"<td>Ledger</td><td>{head.replace(' ', '&nbsp;')}</td>"),
    "in a page with a mark in it": lambda head: mail("", f"<td>{head.replace(' ', '</td><td><code>')}</code></td>"),
    "with entities": lambda head: mail("", f"<td>{head.replace('#', '&#35;')}</td>"),
    "in a charset nobody knows": lambda head: mail(f"{head}\n").replace(b"utf-8", b"klingon"),
    "without a head of its own": lambda head: b"\n\nLedger  " + head.encode(),
    "with the old line ends": lambda head: mail(f"Ledger  {head}\n").replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("spelt", SPELT)
def test_a_head_is_found_however_it_was_sent(workspace, heads, spelt):
    Path("one.eml").write_bytes(SPELT[spelt](heads[3]))
    told = found(workspace, "one.eml")
    assert (told["heads"], told["ok"]) == (1, True)


def test_a_digest_that_was_passed_on_is_found_within_the_other_mail(workspace, heads):
    outer = EmailMessage()
    outer.set_content("see below")
    outer.add_attachment(message_from_bytes(mail(f"Ledger  {heads[2]}"), policy=policy.default))
    Path("one.eml").write_bytes(outer.as_bytes())
    assert found(workspace, "one.eml")["heads"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "#1",
        "#1 0123456789abcde",
        "#1  see page 0123456789abcdef",
        f"#1 {'a' * 65}",
        "1 0123456789abcdef",
        "# 1 0123456789abcdef",
    ],
)
def test_what_is_no_head_is_not_taken_for_one(workspace, text):
    Path("one.eml").write_bytes(mail(text))
    status, said, _ = workspace("verify", "--chain", "--anchors", "one.eml")
    assert status == 1
    assert said.splitlines()[-1] == "0 heads in 1 message: nothing was compared; name a folder or file with digests"


# ------------------------------------------------------------------------------------------------- what they show


def test_heads_of_a_ledger_that_was_cut_off_are_named_with_their_messages(workspace, heads):
    last = max(heads)
    Path("kept").mkdir()
    Path("kept", "a.eml").write_bytes(mail(f"Ledger  {heads[1]}"))
    Path("kept", "b.eml").write_bytes(mail(f"Ledger  #{last + 3} 0123456789abcdef0123456789abcdef", date=SENT))
    status, said, _ = workspace("verify", "--chain", "--anchors", "kept")
    assert status == 1
    assert said.splitlines()[1] == "2 heads in 2 messages: 1 not in the ledger, so it was rewritten or cut off:"
    assert said.splitlines()[-1].split() == [f"#{last + 3}", "0123456789abcdef0123456789abcdef", "b.eml", *SENT.split()]
    told = found(workspace, "kept", status=1)
    assert told["not_in_ledger"] == [
        {"head": f"#{last + 3} 0123456789abcdef0123456789abcdef", "message": "b.eml", "sent": SENT}
    ]
    assert told["ledger"]["ok"] is True


def test_the_head_of_a_ledger_that_was_empty_is_in_every_ledger(workspace):
    Path("one.eml").write_bytes(mail("Ledger  #0 0000000000000000"))
    assert found(workspace, "one.eml")["ok"] is True


def test_many_heads_are_compared_at_once(workspace, heads):
    box = mailbox.mbox("kept.mbox")
    for _ in range(700):
        box.add(mail(f"Ledger  {heads[1]}"))
    box.add(mail("Ledger  #1 ffffffffffffffff"))
    box.close()
    told = found(workspace, "kept.mbox", status=1)
    assert (told["heads"], told["messages"]) == (701, 701)
    assert [one["message"] for one in told["not_in_ledger"]] == ["kept.mbox, message 701"]


# ------------------------------------------------------------------------------------------------- what is damaged


DAMAGED = {
    "empty": b"",
    "noise": bytes(range(256)) * 20,
    "a picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "no end of parts": b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\n--x\n\n--x",
    "parts in parts": b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(2000)),
    "mails in mails": b"Content-Type: message/rfc822\n\n" * 3000,
    "bad base64": b"Content-Transfer-Encoding: base64\n\n!!!!====",
    "bad quoted-printable": b"Content-Transfer-Encoding: quoted-printable\n\n=ZZ=\xff=",
    "a bad charset": b'Content-Type: text/plain; charset="\xff\xfe"\n\nLedger',
    "a bad charset in pieces": b"Content-Type: text/plain; charset*0*=utf-8''%ff%fe; charset*9=x\n\nLedger",
    "a charset with a NUL": b'Content-Type: text/plain; charset="a=?utf-8?b?AA==?="\n\nLedger',
    "a bad date": b"Date: \xff\xfe\x1b[2J\n\nLedger",
    "no colon": b"no header at all\nand no body",
    "uuencoded": b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n#####\nend",
}


def test_damaged_messages_are_left_out_and_stop_nothing(workspace, heads):
    Path("kept").mkdir()
    for name, data in DAMAGED.items():
        Path("kept", f"{name}.eml").write_bytes(data)
    Path("kept", "whole.eml").write_bytes(mail(f"Ledger  {heads[1]}"))
    told = found(workspace, "kept")
    assert (told["heads"], told["ok"]) == (1, True)
    assert told["messages"] + len(told["damaged"]) == len(DAMAGED) + 1
    assert {"message": "a picture.eml", "why": "it is no text"} in told["damaged"]


def test_what_a_damaged_message_says_steers_no_terminal(workspace):
    Path("one.eml").write_bytes(b"Date: \xff\x1b[2Jnow\n\nLedger #1 ffffffffffffffff")
    status, said, _ = workspace("verify", "--chain", "--anchors", "one.eml")
    assert (status, "\x1b" in said) == (1, False)


def test_a_folder_with_what_is_no_file_is_read_to_its_end(workspace, heads):
    Path("kept").mkdir()
    os.mkfifo("kept/a.eml")
    Path("kept/b.eml").symlink_to("nowhere")
    Path("kept/c.eml").symlink_to(".")
    Path("kept", "d.eml").write_bytes(mail(f"Ledger  {heads[1]}"))
    told = found(workspace, "kept")
    assert (told["heads"], len(told["damaged"])) == (1, 2)
    assert workspace("verify", "--chain", "--anchors", "kept")[1].splitlines()[1:] == [
        "left out: a.eml (it is no file)",
        "left out: b.eml (it is no file)",
        "1 head in 1 message: all are in the ledger, from #1 to #1",
    ]


@pytest.mark.parametrize(("path", "why"), [("nowhere", "it is not there"), ("empty", "it is empty")])
def test_a_place_without_mail_is_told(workspace, path, why):
    Path("empty").mkdir()
    status, _, told = workspace("verify", "--chain", "--anchors", path)
    way = "name a folder with .eml files, an mbox, a Maildir or a message"
    assert (status, told) == (1, f"gestand: no digests can be read in {path} ({why}); {way}\n")


def test_json_is_for_anchors(workspace):
    assert workspace("verify", "--chain", "--json")[0] == 2


def test_one_head_by_hand_is_compared_as_ever(workspace, heads):
    assert workspace("verify", "--chain", "--anchor", heads[2][:19])[0] == 0
    assert workspace("verify", "--chain", "--anchor", "#2 ffffffffffffffff")[0] == 1


def test_messages_cut_at_any_place_stop_nothing(workspace, heads):
    """A mail with every part of ours, cut off after any byte, and with any byte changed."""
    assert workspace("tick")[0] == 0
    whole = next(Path("outbox").glob("*.eml")).read_bytes()
    Path("kept").mkdir()
    for place in range(0, len(whole), 97):
        Path("kept", f"cut-{place}.eml").write_bytes(whole[:place])
        Path("kept", f"changed-{place}.eml").write_bytes(whole[:place] + b"\x80" + whole[place + 1 :])
    status, _, told = workspace("verify", "--chain", "--anchors", "kept")
    assert (status in {0, 1}, told) == (True, "")
