"""A digest as the message that goes out, made once: its headers, text and HTML, and the files that go with it."""

from __future__ import annotations

import re
from base64 import encodebytes
from binascii import b2a_qp
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.policy import SMTP, EmailPolicy
from functools import cached_property, lru_cache
from hashlib import sha256
from zoneinfo import ZoneInfo

from notifications.content.digest import Digest, Reader
from notifications.content.phrases import clean
from notifications.content.render import Rendered
from notifications.message.mailbox import Mailbox
from notifications.outbox.outbox import valid


class _Policy(EmailPolicy):
    """RFC 5322 with CRLF; identifiers and addresses are never broken, which Python would do by encoding them.

    A line may hold 998 octets (2.1.1), and there is no other way to write an address that is longer than 78.
    """

    _WHOLE = frozenset({"In-Reply-To", "References", "List-Id", "List-Unsubscribe"})

    def fold_binary(self, name: str, value: str) -> bytes:
        """The header as it is written, lines and all."""
        if name not in self._WHOLE:
            return super().fold_binary(name, value)
        lines = str(value).replace(", ", ",\r\n ")
        return f"{name}: {lines}\r\n".encode("ascii")


NAME = "Gestand"
"""Who a message comes from where the settings give the sender no name."""
POLICY = _Policy(linesep=SMTP.linesep)


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file that goes with a message; `subtype` is that of text/, as "csv"."""

    name: str
    subtype: str
    content: bytes

    @cached_property
    def part(self) -> bytes:
        """The file as a message has it. Kept: it may go with many."""
        name = _UNNAMEABLE.sub("-", self.name).encode()
        head = _HEAD % (self.subtype.encode(), b"base64")
        return head + b'Content-Disposition: attachment; filename="%s"\r\n\r\n' % name + _base64(self.content)


def message(
    digest: Digest,
    rendered: Rendered,
    *,
    sender: Mailbox,
    message_id: str,
    reply_to: Mailbox | None = None,
    thread: str = "",
    unsubscribe: Iterable[str] = (),
    attachments: Iterable[Attachment] = (),
) -> bytes:
    """The whole message, as RFC 5322 has it, with CRLF: text first, HTML as its alternative, then what is attached.

    `reply_to` is where answers go, to the sender where it is left out. `thread` is the Message-ID of the first digest
    that the reader got, which mail programs gather the later ones under; `unsubscribe` are the addresses (https:,
    mailto:) at which a reader says that they want no more. Nothing in a name or subject can add a header: what would
    end a line is taken out. The date is the slot's.
    """
    head = [
        _from(sender),
        *_answering(reply_to),
        _to(digest.reader),
        _usual("Subject", clean(rendered.subject)),
        _header("Date", digest.slot.astimezone(ZoneInfo(digest.reader.timezone))),
        _header("Message-ID", clean(message_id)),
        *_thread(clean(thread), clean(message_id)),
        _usual("List-Id", f"<digests.gestand.{sender.domain}>"),
        *_leaving([clean(address) for address in unsubscribe]),
        # RFC 3834: no automatic reply is wanted; the second header says so to Exchange.
        _usual("Auto-Submitted", "auto-generated"),
        _usual("X-Auto-Response-Suppress", "OOF, AutoReply"),
        _usual("MIME-Version", "1.0"),
        _usual("Content-Language", digest.reader.language),
    ]
    both = list(_together("alternative", [_text(rendered.text), _html(rendered.html)]))
    files = [one.part for one in attachments]
    return b"".join((*head, *(_together("mixed", [b"".join(both), *files]) if files else both)))


def _header(name: str, value: object) -> bytes:
    """A header as it is written."""
    return POLICY.fold_binary(*POLICY.header_store_parse(name, value))


@lru_cache(1000)
def _usual(name: str, value: str) -> bytes:
    """A header that many messages have."""
    return _header(name, value)


@lru_cache(100)
def _from(sender: Mailbox) -> bytes:
    return sender.header("From", NAME)


@lru_cache(100)
def _answering(mailbox: Mailbox | None) -> tuple[bytes, ...]:
    return () if mailbox is None else (mailbox.header("Reply-To"),)


def _thread(first: str, message_id: str) -> Iterator[bytes]:
    """What hangs a message on the first one, which has none of it."""
    if first and first != message_id:
        yield _header("In-Reply-To", first)
        yield _header("References", first)


# The body is put together here, and not by the standard library, which takes several times as long: a pass may make
# thousands of them. Every part is encoded, so that no line is too long and none looks like a boundary.


def _together(kind: str, parts: list[bytes]) -> Iterator[bytes]:
    """Parts as one, piece by piece, each with its own header (RFC 2046); the same parts have the same boundary."""
    first, *others = parts
    content = sha256(first)
    for part in others:
        content.update(b"\r\n")
        content.update(part)
    mark = b"=_" + content.hexdigest()[:32].encode()
    line = b"\r\n--" + mark
    yield b'Content-Type: multipart/%s;\r\n boundary="%s"\r\n' % (kind.encode(), mark)
    for part in parts:
        yield line + b"\r\n"
        yield part
    yield line + b"--\r\n"


def _text(text: str) -> bytes:
    lines = _LINE_END.sub("\r\n", text.rstrip("\r\n") + "\n")
    return _HEAD % (b"plain", b"quoted-printable") + b"\r\n" + b2a_qp(lines.encode(), istext=True)


def _html(html: str) -> bytes:
    return _HEAD % (b"html", b"base64") + b"\r\n" + _base64(html.encode())


def _base64(content: bytes) -> bytes:
    """Some lines at a time, for a file may be large."""
    some = (content[start : start + _SOME_LINES] for start in range(0, len(content), _SOME_LINES))
    return b"".join(encodebytes(part).replace(b"\n", b"\r\n") for part in some)


_HEAD = b'Content-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: %s\r\n'
_SOME_LINES = 1000 * 57
"""Octets that make a thousand lines."""
_LINE_END = re.compile("\r\n|\r|\n")
_UNNAMEABLE = re.compile(r"[^A-Za-z0-9._-]+")


def _leaving(addresses: list[str]) -> Iterator[bytes]:
    """RFC 2369: where to leave; RFC 8058: in one click, which takes an address that is https."""
    if addresses:
        yield _header("List-Unsubscribe", ", ".join(f"<{address}>" for address in addresses))
    if any(address.startswith("https:") for address in addresses):
        yield _usual("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


def _to(reader: Reader) -> bytes:
    """Who it is for; an empty group where the address is none, which `deliver` then refuses."""
    if not valid(reader.address):
        return b"To: undisclosed-recipients:;\r\n"
    return Mailbox(reader.address, reader.name).header("To")
