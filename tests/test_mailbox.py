"""Who mail comes from, and where an answer goes: addresses with names, in settings, headers and envelopes."""

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_digest import LETTER, digest

from notifications.content.render import render
from notifications.message.mailbox import Mailbox, NotAMailboxError
from notifications.message.message import message


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("gestand@example.org", "", "gestand@example.org"),
        ("<gestand@example.org>", "", "gestand@example.org"),
        ("Gestand <gestand@example.org>", "Gestand", "gestand@example.org"),
        ("Gestand<gestand@example.org>", "Gestand", "gestand@example.org"),
        ("Griffie, Eerste Kamer <g@example.org>", "Griffie, Eerste Kamer", "g@example.org"),
        ('"Griffie, Eerste Kamer" <g@example.org>', "Griffie, Eerste Kamer", "g@example.org"),
        (r'"The \"clerk\"" <g@example.org>', 'The "clerk"', "g@example.org"),
        ("Bürgerbüro 議会 <g@example.org>", "Bürgerbüro 議会", "g@example.org"),
        ("clerk@example.org <g@example.org>", "clerk@example.org", "g@example.org"),
    ],
)
def test_a_mailbox_is_an_address_with_or_without_a_name(text, name, address):
    assert Mailbox.parse(text) == Mailbox(address, name)
    assert Mailbox.parse(str(Mailbox(address, name))) == Mailbox(address, name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Gestand",
        "Gestand <>",
        "Gestand <gestand>",
        "Gestand gestand@example.org",
        "<a@example.org> <b@example.org>",
        "a@example.org, b@example.org",
        "Gestand <a@example.org> and more",
        "Gestand\nBcc: x@example.org <a@example.org>",  # a line end, which would add a header
        "Ge\rstand <a@example.org>",
        "\u202edrawkcab <a@example.org>",  # letters that turn the line round
        'The "clerk" <a@example.org>',
        "Gestand <a@exämple.org>",  # an address that needs SMTPUTF8
        "x" * 101 + " <a@example.org>",
        "Gestand <a@example.org\n>",
        "\ud800 <a@example.org>",  # half a character
        7,
        None,
        ["a@example.org"],
    ],
)
def test_what_is_no_mailbox_is_refused_with_what_to_write(text):
    with pytest.raises(NotAMailboxError, match=r"write an address such as griffie@example\.org, or a name"):
        Mailbox.parse(text)


@hypothesis.settings(deadline=None)
@given(st.text(max_size=120))
def test_any_name_is_refused_or_comes_through_whole(name):
    try:
        mailbox = Mailbox.parse(f"{name} <a@example.org>")
    except NotAMailboxError:
        return
    sent = message_from_bytes(made(sender=mailbox))
    assert shown(sent["From"]) == (mailbox.name or "Gestand", "a@example.org")
    assert sent["Bcc"] is None


def shown(header: str) -> tuple[str, str]:
    """The name and the address in a header. (Python's newer parser puts blanks between encoded words.)"""
    name, address = parseaddr(header.replace("\r\n", "").replace("\n", ""))
    return str(make_header(decode_header(name))), address


def made(**more) -> bytes:
    one = digest("nl", LETTER)
    return message(one, render(one), message_id="<1@example.org>", **({"sender": Mailbox("g@example.org")} | more))


def test_a_long_name_is_folded_and_reads_whole():
    """Python's own folding loses the quotes around one, and its commas part addresses."""
    for name in ("00" + "\U00010000" * 60, "ü" * 100, "Griffie " * 12 + "ü", "x" * 100, "a, " * 33 + "b"):
        head = made(sender=Mailbox("gestand@example.org", name)).partition(b"\r\n\r\n")[0]
        assert shown(message_from_bytes(head)["From"]) == (name, "gestand@example.org")
        assert max(map(len, head.partition(b"Reply-To")[0].split(b"\r\n"))) <= 120


def test_a_name_outside_ascii_is_encoded_and_the_address_is_not():
    head = made(sender=Mailbox("gestand@example.org", "Griffie für Bürger"), reply_to=Mailbox("g@example.org", "Jan €"))
    head = head.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    read = message_from_bytes(head, policy=policy.SMTP)
    assert str(read["From"]) == "Griffie für Bürger <gestand@example.org>"
    assert str(read["Reply-To"]) == "Jan € <g@example.org>"
    assert str(read["List-Id"]) == "<digests.gestand.example.org>"


@pytest.mark.parametrize("address", [".a@example.org", "a.@example.org", "a..b@example.org"])
@pytest.mark.parametrize("name", ["Chair", "Chair, the", "für Bürger"])
def test_an_address_with_dots_where_few_have_them_is_written_as_it_is(address, name):
    """Some Japanese providers have them; RFC 5322 does not, and Python refuses to write them."""
    read = message_from_bytes(made(sender=Mailbox(address, name)))
    assert shown(read["From"]) == (name, address)


def test_without_a_name_it_comes_from_gestand_and_without_reply_to_there_is_none():
    read = message_from_bytes(made(), policy=policy.SMTP)
    assert str(read["From"]) == "Gestand <g@example.org>"
    assert read["Reply-To"] is None


# ------------------------------------------------------------------------------------------------- settings


def settings(tmp_path, sender: str, reply_to: str = "", **more: str) -> None:
    file = tmp_path / "gestand.yaml"
    lines = [f"  sender: {sender}", *([f"  reply_to: {reply_to}"] if reply_to else [])]
    lines += [f"  {name}: {value}" for name, value in more.items()]
    before, _, behind = file.read_text().partition("  sender: Gestand <gestand@example.org>")
    file.write_text(before + "\n".join(lines) + behind)


def test_digests_and_letters_to_the_administrator_come_from_the_name_and_are_answered_elsewhere(
    workspace, tmp_path, server
):
    smtp = f"{{host: 127.0.0.1, port: {server.port}, tls: none}}"
    settings(tmp_path, "Kämmerer <robot@example.org>", "'\"Griffie, EK\" <griffie@example.org>'", smtp=smtp)
    file = tmp_path / "gestand.yaml"
    file.write_text(file.read_text().replace("deliver: folder", "deliver: smtp\n  administrator: admin@example.org"))
    server.refuse["clerk@example.org"] = "550 5.7.1 no"
    workspace("tick", "--as-of", "2018-08-13")
    workspace("tick", "--as-of", "2018-08-13")
    messages = server.messages()
    assert {str(one["To"]) for one in messages} >= {"admin@example.org"}
    assert {str(one["From"]) for one in messages} == {"Kämmerer <robot@example.org>"}
    assert {str(one["Reply-To"]) for one in messages} == {'"Griffie, EK" <griffie@example.org>'}
    assert set(server.senders) == {"robot@example.org"}
    assert all(str(one["Message-ID"]).endswith("@example.org>") for one in messages)


@pytest.mark.parametrize("key", ["sender", "reply_to"])
def test_a_mailbox_that_is_none_is_told_with_its_place(workspace, tmp_path, key):
    wrong = "Griffie griffie@example.org"
    settings(tmp_path, wrong) if key == "sender" else settings(tmp_path, "g@example.org", wrong)
    status, out, err = workspace("check")
    line = next(n for n, text in enumerate((tmp_path / "gestand.yaml").read_text().splitlines(), 1) if wrong in text)
    assert status == 1
    said = " ".join((out + err).split())
    assert f"gestand.yaml:{line}:" in said
    assert "write an address such as griffie@example.org, or a name and an address" in said
