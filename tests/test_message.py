"""A digest as a message: every header exact, nothing added by what a source says, the files that go with it whole."""

import re
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

import pytest
from mail_server import MailServer
from sample_digest import LETTER, digest, reader

from notifications.content.render import Rendered
from notifications.message.mailbox import Mailbox
from notifications.message.message import Attachment, message

FIRST, ID = "<0@example.org>", "<1@example.org>"
TABLE = Attachment(name="gestand-2018-08-13.csv", subtype="csv", content="\ufeffId,Wat\r\n1,é\r\n".encode())


def raw(name: str = "Griffie", address: str = "a@example.org", *, shown: Rendered | None = None, **more) -> bytes:
    made = digest("nl", LETTER, reader=reader("nl", name=name, address=address))
    known = {"sender": Mailbox("gestand@example.org"), "message_id": ID}
    body = message(made, shown or Rendered("1 due", "text", "<p>text"), **(known | more))
    assert b"\n" not in body.replace(b"\r\n", b"")
    return body


def parsed(*given, **more) -> EmailMessage:
    return BytesParser(policy=policy.SMTP).parsebytes(raw(*given, **more))


def head(body: bytes) -> list[str]:
    """The headers as they stand in the message, unfolded."""
    return re.sub(r"\r\n(?=[ \t])", "", body.split(b"\r\n\r\n")[0].decode("ascii")).split("\r\n")


HEADERS = [
    "From: Gestand <gestand@example.org>",
    "To: Griffie <a@example.org>",
    "Subject: 1 due",
    "Date: Mon, 13 Aug 2018 07:30:00 +0200",
    "Message-ID: <1@example.org>",
    "List-Id: <digests.gestand.example.org>",
    "Auto-Submitted: auto-generated",
    "X-Auto-Response-Suppress: OOF, AutoReply",
    "MIME-Version: 1.0",
]
NAMES = [line.partition(":")[0] for line in HEADERS]
REST = ["Content-Language", "Content-Type"]


def test_the_headers_are_these():
    lines = head(raw())
    assert lines[:9] == HEADERS
    assert lines[9] == "Content-Language: nl"
    assert lines[10].startswith("Content-Type: multipart/alternative; boundary=")
    assert len(lines) == 11
    assert [part.get_content_type() for part in parsed().iter_parts()] == ["text/plain", "text/html"]


# ------------------------------------------------------------------------------------------------- one thread


def test_a_later_digest_hangs_under_the_readers_first_one():
    lines = head(raw(thread=FIRST))
    assert lines[5:7] == ["In-Reply-To: <0@example.org>", "References: <0@example.org>"]


@pytest.mark.parametrize("thread", ["", ID])
def test_the_first_digest_hangs_under_none(thread):
    assert head(raw(thread=thread))[:9] == HEADERS


def test_long_identifiers_are_never_encoded():
    """Python breaks what is longer than a line into encoded words, which no mail program reads back."""
    thread = f"<{'a' * 120}@{'b' * 60}.example.org>"
    assert f"References: {thread}" in head(raw(thread=thread))


# ------------------------------------------------------------------------------------------------- leaving

LEAVE = f"https://gestand.example.org/unsubscribe/{'t' * 200}"
BY_MAIL = "mailto:leave@example.org?subject=unsubscribe"


@pytest.mark.parametrize(
    ("addresses", "headers"),
    [
        ((), []),
        (
            (LEAVE, BY_MAIL),
            [f"List-Unsubscribe: <{LEAVE}>, <{BY_MAIL}>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"],
        ),
        ((BY_MAIL,), [f"List-Unsubscribe: <{BY_MAIL}>"]),  # RFC 8058 wants https for one click
        (("http://localhost:8080/unsubscribe/t",), ["List-Unsubscribe: <http://localhost:8080/unsubscribe/t>"]),
    ],
)
def test_a_reader_can_leave_where_there_is_an_address_for_it(addresses, headers):
    assert head(raw(unsubscribe=addresses))[6 : 6 + len(headers)] == headers
    assert len(head(raw(unsubscribe=addresses))) == 11 + len(headers)


# ------------------------------------------------------------------------------------------------- injection

ENDS = ["\r\n", "\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x00", "\x1c"]


@pytest.mark.parametrize("end", ENDS)
def test_no_name_subject_file_or_address_adds_a_header(end):
    evil = f"{end}Bcc: evil@example.org"
    body = raw(
        name=f"Eve{evil}",
        shown=Rendered(f"1 due{evil}", "text", "<p>text"),
        thread=f"<0@example.org>{evil}",
        unsubscribe=[f"https://example.org/{evil}"],
        attachments=[Attachment(name=f"a{evil}.csv", subtype="csv", content=b"")],
    )
    names = [line.partition(":")[0] for line in head(body)]
    leaving = ["List-Unsubscribe", "List-Unsubscribe-Post"]
    assert names == [*NAMES[:5], "In-Reply-To", "References", "List-Id", *leaving, *NAMES[6:], *REST]
    read = BytesParser(policy=policy.SMTP).parsebytes(body)
    assert read["Subject"] == "1 due Bcc: evil@example.org"
    assert read["To"].addresses[0].display_name == "Eve Bcc: evil@example.org"
    (attached,) = read.iter_attachments()
    assert attached.keys() == ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition"]
    assert attached.get_filename() == "a-Bcc-evil-example.org.csv"


LONG = ["a" * 5000, "😀 " * 2000, "שלום " * 2000, "ünïcode " * 1000]


@pytest.mark.parametrize("text", LONG)
def test_long_lines_and_every_script_come_through_whole(text):
    shown = Rendered(text * 2, text, f"<p>{text}</p>")
    body = raw(
        name=text[:200], shown=shown, attachments=[Attachment(name="a.csv", subtype="csv", content=text.encode())]
    )
    assert max(len(line) for line in body.split(b"\r\n")) <= 998
    read = BytesParser(policy=policy.SMTP).parsebytes(body)
    assert read.get_body(("plain",)).get_content().removesuffix("\r\n") == text
    assert read.get_body(("html",)).get_content().removesuffix("\r\n") == f"<p>{text}</p>"
    assert next(read.iter_attachments()).get_content() == text
    assert str(read["Subject"]).startswith(text[:200].rstrip())
    assert len(str(read["Subject"])) == 300


def test_dots_at_the_beginning_of_lines_arrive_as_they_were_sent(server: MailServer):
    text = ".\n..\n.hidden\nMAIL FROM:<evil@example.org>\n.\nend\n"
    body = raw(shown=Rendered("1 due", text, f"<pre>{text}</pre>"), attachments=[TABLE])
    server.deliverer().send("gestand@example.org", "a@example.org", body)
    assert server.received == [body]
    assert server.messages()[0].get_body(("plain",)).get_content().replace("\r\n", "\n") == text


# ------------------------------------------------------------------------------------------------- attachments


def test_a_large_attachment_is_whole_and_comes_in_lines():
    content = b"12,345\r\n" * 100_000
    made = raw(attachments=[Attachment(name="a.csv", subtype="csv", content=content), TABLE])
    assert max(map(len, made.split(b"\r\n"))) <= 998
    large, small = BytesParser(policy=policy.SMTP).parsebytes(made).iter_attachments()
    assert large.get_payload(decode=True) == content
    assert small.get_payload(decode=True) == TABLE.content


def test_attachments_stand_behind_both_forms_and_are_whole():
    read = parsed(attachments=[TABLE])
    assert read.get_content_type() == "multipart/mixed"
    forms, table = read.iter_parts()
    assert [part.get_content_type() for part in forms.iter_parts()] == ["text/plain", "text/html"]
    assert str(table["Content-Type"]) == 'text/csv; charset="utf-8"'
    assert str(table["Content-Disposition"]) == 'attachment; filename="gestand-2018-08-13.csv"'
    assert table.get_payload(decode=True) == TABLE.content
