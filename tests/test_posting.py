"""What leaves a workspace: the messages in its outbox, read back."""

from dataclasses import replace
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

import pytest
from icalendar import Calendar
from sample_digest import LETTER, commitment, digest

from engine.digests.build import MOST_DEADLINES, attached
from engine.session import open_session
from engine.workspace.settings import shipped
from notifications.outbox.signing import secret
from notifications.outbox.unsubscribe import read_token


def posted(folder: Path) -> list[EmailMessage]:
    """The messages in the outbox, by their dates."""
    parser = BytesParser(policy=policy.SMTP)
    found = [parser.parsebytes(path.read_bytes()) for path in (folder / "outbox").glob("*-clerk-*.eml")]
    return sorted(found, key=lambda message: message["Date"].datetime)


def test_the_digests_of_a_reader_form_one_thread_with_a_table_each(workspace, tmp_path):
    for day in ("2018-08-10", "2018-08-13", "2018-08-28"):
        assert workspace("tick", "--as-of", day)[0] == 0
    first, *later = posted(tmp_path)
    assert first["References"] is None
    assert [message["References"] for message in later] == [str(first["Message-ID"])] * len(later)
    assert len(later) == 2
    names = [[part.get_filename() for part in message.iter_attachments()] for message in (first, *later)]
    assert names == [[f"gestand-{day}.csv", f"gestand-{day}.ics"] for day in ("2018-08-10", "2018-08-13", "2018-08-28")]


def test_rows_link_to_their_pages_where_the_register_has_an_address(workspace, tmp_path):
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text() + "\nbase_address: https://gestand.example.org/\n")
    status, out, _ = workspace("digest", "preview", "--recipient", "clerk@example.org", "--as-of", "2018-08-13")
    assert status == 0
    assert "\n  https://gestand.example.org/commitments/34964-B\n" in out


def test_a_message_says_where_to_leave_where_there_is_such_a_place(workspace, tmp_path):
    settings = tmp_path / "gestand.yaml"
    written = settings.read_text().replace("mail:\n", "mail:\n  unsubscribe: leave@example.org\n")
    settings.write_text(written + "\nbase_address: https://gestand.example.org\n")
    assert workspace("tick", "--as-of", "2018-08-10")[0] == 0
    (message,) = posted(tmp_path)
    page, by_mail = str(message["List-Unsubscribe"]).split(", ")
    assert by_mail == "<mailto:leave@example.org?subject=unsubscribe>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    with open_session(tmp_path) as session, session.store.reading() as tx:
        sealed = page.removeprefix("<https://gestand.example.org/unsubscribe/").removesuffix(">")
        assert read_token(sealed, secret(tx), ["clerk@example.org"]) == "clerk@example.org"
    assert f"\nNo more of these: {page[1:-1]}" in message.get_body(("plain",)).get_content().replace("\r\n", "\n")
    assert f'<a href="{page[1:-1]}">unsubscribe</a>' in message.get_body(("html",)).get_content()


@pytest.mark.parametrize(
    "address", ["gestand.example.org", "javascript:alert(1)", "https://é.example", "ftp://a.example"]
)
def test_an_address_that_is_none_is_told(workspace, tmp_path, address):
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text() + f"\nbase_address: {address}\n")
    status, _, err = workspace("check")
    assert status == 1
    assert f"base_address: '{address}' is not an address on the web\n" in err
    assert "  hint: write one such as https://gestand.example.org\n" in err


def test_a_calendar_in_a_mail_has_the_first_thousand_deadlines_and_the_table_every_row():
    """Twenty thousand made 30 MB of calendar, and servers refused the mail."""
    many = [replace(LETTER, commitment=commitment(f"L-{number:04}")) for number in range(MOST_DEADLINES + 200)]
    table, calendar = attached(shipped(), digest("en", *many))
    assert len(table.content.splitlines()) == MOST_DEADLINES + 201
    found = [component["SUMMARY"] for component in Calendar.from_ical(calendar.content).walk("VEVENT")]
    assert len(found) == MOST_DEADLINES
    assert ("L-0000" in found[0], "L-0999" in found[-1]) == (True, True)
