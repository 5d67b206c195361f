"""Mailboxes with anything in them: each is read to its end, and what lies behind a bad mail is taken in."""

import json
import os
import random
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from test_bounces import REPORT

from notifications.outbox import mailboxes
from notifications.outbox.bounces import read
from notifications.outbox.mailboxes import (
    LONGEST,
    Mail,
    Unread,
    mails,
)

FROM = b"From MAILER-DAEMON Tue Dec  1 00:00:00 2026\n"
GOOD = REPORT.format(
    to="gestand@example.org",
    about="a@example.org",
    action="failed",
    status="5.1.1",
    said="550 5.1.1 no such user",
    form="text/rfc822-headers",
    message_id="<1@example.org>",
).encode()
HEAD = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n"


def nested(depth: int) -> bytes:
    parts = [
        b"Content-Type: multipart/%s; boundary=b%d\n\n--b%d\n" % (b"report" if n == 0 else b"mixed", n, n)
        for n in range(depth)
    ]
    return b"".join(parts) + b"x\n" * 1000


BAD = {
    "a sender outside ASCII": b"From \xc3\xbcser@spam.example Tue Dec  1 00:00:00 2026\nSubject: x\n\ny\n\n",
    "a sender of no charset": b"From \xff\xfe@spam.example Tue Dec  1 00:00:00 2026\nSubject: \xff\xfe\n\n\xff\n\n",
    "a bare separator": b"From \n\n\n",
    "no headers": FROM + b"\nonly a body\n\n",
    "nothing at all": FROM + b"\n",
    "binary garbage": FROM + bytes(range(256)) * 40 + b"\n\n",
    "noughts": FROM + b"\x00" * 10_000 + b"\n\n",
    "a header without end": FROM + b"Subject: " + b"a" * 1_000_000 + b"\n\n",
    "headers without end": FROM + b"X-A: b\n" * 100_000 + b"\n\n",
    "a long mail": FROM + b"Subject: x\n\n" + b"line\n" * 500_000 + b"\n",
    "a long report without one": FROM + HEAD + b"\n--b\n\n" + b"line\n" * 100_000 + b"\n",
    "no boundary": FROM + b"Content-Type: multipart/report\n\n--b\n\nx\n\n",
    "an empty boundary": FROM + b'Content-Type: multipart/report; boundary=""\n\n--\n\nx\n\n',
    "a boundary that does not end": FROM + HEAD + b"\n--b\nContent-Type: message/delivery-status\n\nFinal-Recip\n\n",
    "an unknown charset": FROM + b"Content-Type: multipart/report; charset=klingon; boundary*=klingon''b\n\n--b\n\n\n",
    "an unknown encoding": FROM + HEAD + b"\n--b\nContent-Type: text/rfc822-headers; charset=klingon\n"
    b"Content-Transfer-Encoding: x-klingon\n\nMessage-ID: \xff\n--b--\n\n",
    "broken base64": FROM + HEAD + b"\n--b\nContent-Type: text/rfc822-headers\n"
    b"Content-Transfer-Encoding: base64\n\n=A=\xff\n--b--\n\n",
    "broken uuencode": FROM + HEAD + b"\n--b\nContent-Type: text/rfc822-headers\n"
    b"Content-Transfer-Encoding: x-uuencode\n\nbegin 666 x\n\xff\xff\xff\n--b--\n\n",
    "a status in base64": FROM + HEAD + b"\n--b\nContent-Type: message/delivery-status\n"
    b"Content-Transfer-Encoding: base64\n\nRmluYWwtUmVjaXBpZW50OiB4\n--b--\n\n",
    "fields outside ASCII": FROM + HEAD + b"\n--b\nContent-Type: message/delivery-status\n\n\n"
    b"Final-Recipient: rfc822; \xc3\xbc@\xff\nAction: failed\xff\nStatus: \xff5.1.1\x00\n\n--b\n"
    b"Content-Type: text/rfc822-headers\n\nMessage-ID: <\xff\x00@x>\n--b--\n\n",
    "parts in parts": FROM + nested(3000) + b"\n\n",
    "a few parts in parts": FROM + nested(50) + b"\n\n",
    "mails in mails": FROM + HEAD + b"\n--b\n" + b"Content-Type: message/rfc822\n\n" * 3000 + b"\n\n",
    "a thousand recipients": FROM + HEAD + b"\n--b\nContent-Type: message/delivery-status\n\n\n"
    b"Final-Recipient: rfc822; a@example.org\nAction: failed\nStatus: 5.1.1\n\n" * 1000 + b"--b--\n\n",
    "line ends of Windows": FROM.replace(b"\n", b"\r\n") + b"Subject: x\r\n\r\ny\r\n\r\n",
    "line ends of an old Mac": FROM + b"Subject: x\r\ry\r" + b"\n\n",
    "no line end behind it": FROM + b"Subject: x\n\ny\n",
}


def statuses(path: Path) -> list[str]:
    return [found.status for mail in mails(path) for found in read(mail).reports if found.about[1] == "a@example.org"]


@pytest.mark.parametrize("name", BAD)
def test_behind_a_bad_mail_the_box_is_read_to_its_end(tmp_path, name):
    (tmp_path / "box").write_bytes(BAD[name] + FROM + GOOD + b"\n" + FROM + GOOD)
    began = time.monotonic()
    assert statuses(tmp_path / "box")[-2:] == ["5.1.1", "5.1.1"]
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("name", BAD)
def test_a_bad_mail_by_itself_is_read_too(tmp_path, monkeypatch, name):
    content = BAD[name].partition(b"\n")[2]
    (tmp_path / "one.eml").write_bytes(content)
    assert isinstance(read(Mail(place="here", content=content[:LONGEST], whole=False)).trouble, str)
    list(mails(tmp_path / "one.eml"))
    folder = tmp_path / "maildir"
    for part in ("cur", "new", "tmp"):
        (folder / part).mkdir(parents=True)
    (folder / "cur" / "1").write_bytes(content)
    (folder / "cur" / "2").write_bytes(GOOD)
    (folder / "new" / "3").write_bytes(GOOD)
    assert statuses(folder)[:2] == ["5.1.1"] * 2
    with (tmp_path / "one.eml").open("rb") as piped:
        monkeypatch.setattr(mailboxes.sys, "stdin", SimpleNamespace(buffer=piped))
        list(mails(mailboxes.STDIN))


def test_a_mail_of_100_mb_is_skipped_over_and_little_of_it_is_kept(tmp_path):
    with (tmp_path / "box").open("wb") as box:
        box.write(FROM + b"Subject: long\n\n")
        for _ in range(100):
            box.write(b"x" * 1_000_000)  # one line without end
        box.write(b"\n\n" + FROM + GOOD)
    long, good = mails(tmp_path / "box")
    assert (len(long.content), long.whole) == (LONGEST, False)
    assert [found.status for found in read(good).reports] == ["5.1.1"]


def test_a_report_that_gives_back_a_long_mail_is_read(tmp_path):
    back = GOOD.replace(b"--b--", b"X-Long: y\n" * 200_000 + b"--b--")
    (tmp_path / "box").write_bytes(FROM + back + b"\n" + FROM + GOOD)
    assert statuses(tmp_path / "box") == ["5.1.1", "5.1.1"]


def test_a_box_whose_head_was_cut_off_is_read_and_a_single_mail_is_not_parted(tmp_path):
    (tmp_path / "box").write_bytes(b"rest of a mail\n\n" + FROM + GOOD + b"\n" + FROM + GOOD)
    assert statuses(tmp_path / "box") == ["5.1.1", "5.1.1"]
    (tmp_path / "one.eml").write_bytes(b"Subject: x\n\nFrom Monday on:\n\nFrom here\n")
    assert len(list(mails(tmp_path / "one.eml"))) == 1
    (tmp_path / "empty").write_bytes(b"")
    assert list(mails(tmp_path / "empty")) == []


def test_a_line_of_the_text_that_nobody_quoted_parts_no_mail(tmp_path):
    said = GOOD.replace(b"\n\n", b"\n\nFrom now on it is closed.\n\n")
    zoned = FROM.replace(b"2026\n", b"2026 +0100\n")
    (tmp_path / "box").write_bytes(FROM + said + b"\n" + zoned + GOOD)
    assert statuses(tmp_path / "box") == ["5.1.1", "5.1.1"]
    assert len(list(mails(tmp_path / "box"))) == 2


def test_what_cannot_be_read_of_a_report_is_told_with_its_place():
    deep = read(Mail(place="box, mail 7", content=BAD["parts in parts"].partition(b"\n")[2]))
    assert deep.place == "box, mail 7"
    assert deep.trouble == "it holds too many mails and parts in one another"
    long = read(Mail(place="box", content=HEAD + b"\n--b\n\n" + b"x" * 300_000, whole=False))
    assert long.trouble == "it reports nothing in its first 293 KiB"


# ------------------------------------------------------------------------------------------------- the command


@pytest.fixture
def told(workspace, tmp_path):
    """A workspace that sent one message, and the report that its reader is gone."""
    assert workspace("tick")[0] == 0
    [letter] = json.loads(workspace("outbox", "--all", "--json")[1])
    report = GOOD.replace(b"<1@example.org>", letter["message_id"].encode())
    return report.replace(b"a@example.org", b"clerk@example.org")


def test_the_command_reads_every_mailbox_to_its_end_and_names_what_it_could_not(workspace, tmp_path, told):
    spam = BAD["a sender outside ASCII"] + BAD["parts in parts"]
    (tmp_path / "all.mbox").write_bytes(spam + FROM + told)
    status, out, err = workspace("bounces", "none.mbox", "all.mbox")
    assert status == 1
    assert out.splitlines() == [
        "not read: all.mbox, mail 2: it holds too many mails and parts in one another",
        "clerk@example.org: gets nothing more (550 5.1.1 no such user)",
        "3 reports: 1 gone, 1 no report of a failure, 1 that cannot be read",
    ]
    assert "none.mbox holds no mail that can be read (No such file or directory)" in err
    status, out, _ = workspace("bounces", "all.mbox", "--json")
    assert status == 0
    assert [one["verdict"] for one in json.loads(out)] == ["no_report", "unreadable", "seen"]


def test_a_mail_that_may_not_be_opened_hides_none_beside_it(tmp_path, monkeypatch):
    for part in ("cur", "new"):
        (tmp_path / part).mkdir()
    for name in ("1", "2", "3"):
        (tmp_path / "cur" / name).write_bytes(GOOD)
    real = Path.open

    def opened(path, *more, **options):
        if path.name == "2":
            raise PermissionError(13, "Permission denied")
        return real(path, *more, **options)

    monkeypatch.setattr(Path, "open", opened)
    found = list(mails(tmp_path))
    assert [type(one) for one in found] == [Mail, Unread, Mail]
    assert found[1] == Unread(place=str(tmp_path / "cur" / "2"), why="Permission denied")


def test_a_pipe_in_a_maildir_is_not_waited_for(tmp_path):
    for part in ("cur", "new"):
        (tmp_path / part).mkdir()
    os.mkfifo(tmp_path / "cur" / "1")
    (tmp_path / "cur" / "2").write_bytes(GOOD)
    assert statuses(tmp_path) == ["5.1.1"]


# ------------------------------------------------------------------------------------------------- fuzz


def mutated(random: random.Random, content: bytes) -> bytes:
    """The mailbox, with some octets, lines or pieces changed, doubled, moved or taken out."""
    made = bytearray(content)
    for _ in range(random.randint(1, 12)):
        place, size = random.randrange(len(made) + 1), random.choice((1, 2, 8, 40, 200))
        piece = bytes(made[place : place + size])
        other = random.randrange(len(made) + 1)
        junk = random.choice((b"\x00", b"\xff", b"\r", b"\n", b"\n\n", b"--b", b"=", b"From ", b":", b";", piece * 3))
        match random.randrange(4):
            case 0:
                made[place : place + size] = junk
            case 1:
                made[other:other] = piece
            case 2:
                del made[place : place + size]
            case _:
                made[place:place] = random.choice(list(BAD.values()))[:400]
    return bytes(made)


@pytest.mark.parametrize("seed", range(200))
def test_whatever_became_of_a_box_the_good_mail_behind_it_is_read(tmp_path, seed):
    chance = random.Random(seed)
    box = mutated(chance, FROM + GOOD + b"\n" + FROM + GOOD + b"\n")
    (tmp_path / "box").write_bytes(box + b"\n\n" + FROM + GOOD)
    found = [read(mail) for mail in mails(tmp_path / "box")]
    assert [report.status for report in found[-1].reports] == ["5.1.1"]
