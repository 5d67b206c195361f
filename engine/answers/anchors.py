"""The heads that were printed in digests, found in whatever mail was kept, and whether the ledger still has them.

Digests lie with others: in mailboxes, in an archive, in the outbox. What is read here was written by anybody, so a
message that cannot be read is counted and left, and a head that somebody made up is told as one that is not there.
"""

from __future__ import annotations

import mailbox
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from html import unescape
from pathlib import Path
from typing import Final

from commitments import store
from commitments.ledger.chain import Head
from commitments.store import Connection
from commitments.trouble import TroubleError

LARGEST: Final = 50 * 1024 * 1024
"""How many bytes a message may have; a digest has some 100,000."""
_HEAD: Final = re.compile(r"#([0-9]{1,18})[\s>]{1,40}([0-9a-f]{16,64})(?![0-9a-z])", re.IGNORECASE)
"""A head as it is printed, over two lines and quoted in an answer too."""
_TAG: Final = re.compile(r"<[^<>]{0,2000}>")
_PLAIN: Final = frozenset({".txt", ".html", ".htm", ".md"})
"""Files that are a digest's text itself, and no mail."""


class NoMessagesError(TroubleError):
    """A file or folder in which there is no mail."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"no digests can be read in {path} ({why}); name a folder with .eml files, an mbox, a Maildir or a message"
        )


@dataclass(frozen=True, order=True)
class Printed:
    """A head that a message prints: where it is, when it was sent, and the head."""

    message: str
    sent: str
    seq: int
    digits: str

    def __str__(self) -> str:
        return f"#{self.seq} {self.digits}"


@dataclass(frozen=True, kw_only=True)
class Compared:
    """How the heads that were found compare with the ledger: how many, in how many messages, and which are not in it.

    `empty` counts the messages without a head; `damaged` are those that could not be read, each with why.
    """

    messages: int
    heads: int
    strange: tuple[Printed, ...]
    empty: int
    damaged: tuple[tuple[str, str], ...]
    first: int = 0
    last: int = 0

    @property
    def ok(self) -> bool:
        """Whether there were heads, and all are in the ledger."""
        return self.heads > 0 and not self.strange


def compare(tx: Connection, path: Path) -> Compared:
    """Look for heads in all the mail of a file or folder, and for each in the ledger. Raises NoMessagesError."""
    found: list[Printed] = []
    damaged: list[tuple[str, str]] = []
    messages = empty = 0
    for name, data in _messages(path):
        if isinstance(data, str):
            damaged.append((name, data))
            continue
        messages += 1
        printed = _printed(name, data)
        empty += not printed
        found += printed
    if not messages and not damaged:
        raise NoMessagesError(path, "it is empty")
    numbers = [one.seq for one in found]
    return Compared(
        messages=messages,
        heads=len(found),
        strange=tuple(_strange(tx, found)),
        empty=empty,
        damaged=tuple(damaged),
        first=min(numbers, default=0),
        last=max(numbers, default=0),
    )


def _strange(tx: Connection, found: Iterable[Printed]) -> Iterator[Printed]:
    """Those that the ledger does not have."""
    for some in store.batches(found):
        table = store.ledger
        query = (
            table.select().with_only_columns(table.c.seq, table.c.hash).where(table.c.seq.in_({p.seq for p in some}))
        )
        held = {0: Head().hash, **{row.seq: row.hash for row in tx.execute(query)}}
        yield from (one for one in some if not str(held.get(one.seq, "")).startswith(one.digits))


# ------------------------------------------------------------------------------------------------- the messages


def _messages(path: Path) -> Iterator[tuple[str, Message | str]]:
    """Each message with its name; instead of one that cannot be read, why."""
    if not path.exists():
        raise NoMessagesError(path, "it is not there")
    if not path.is_dir():
        yield from _file(path, path.name)
        return
    closed: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=closed.append):
        folders.sort()
        for name in sorted(names):
            file = Path(folder, name)
            if file.suffix.lower() not in _PLAIN or f"{file.stem}.eml" not in names:  # beside a mail, its own texts
                yield from _file(file, str(file.relative_to(path)))
    yield from ((str(error.filename), error.strerror or str(error)) for error in closed)


def _file(path: Path, name: str) -> Iterator[tuple[str, Message | str]]:
    try:
        if not path.is_file():
            yield name, "it is no file"
        elif _is_mbox(path):
            yield from _box(path, name)
        elif path.stat().st_size > LARGEST:
            yield name, f"it has more than {LARGEST // 1024 // 1024} MB"
        else:
            yield name, _parsed(path.read_bytes(), path.suffix.lower())
    except OSError as error:
        yield name, error.strerror or str(error)


def _is_mbox(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(5) == b"From "


def _box(path: Path, name: str) -> Iterator[tuple[str, Message | str]]:
    with closing(mailbox.mbox(path, create=False)) as box:
        for number, key in enumerate(box.iterkeys(), 1):
            yield f"{name}, message {number}", _parsed(box.get_bytes(key))


def _parsed(data: bytes, suffix: str = "") -> Message | str:
    """A message, or why it is none."""
    if b"\0" in data[:1000]:
        return "it is no text"
    if suffix in _PLAIN:
        return _plain(data, "html" if suffix.startswith(".htm") else "plain")
    try:
        return BytesParser().parsebytes(data)
    except (ValueError, LookupError, RecursionError) as error:
        return f"it is no mail ({type(error).__name__})"


def _plain(data: bytes, kind: str) -> Message:
    """A text as the message that it could be."""
    message = Message()
    message["Content-Type"] = f"text/{kind}; charset=utf-8"
    message.set_payload(data.decode("utf-8", "surrogateescape"))
    return message


# ------------------------------------------------------------------------------------------------- the heads in them


def _printed(name: str, message: Message) -> list[Printed]:
    """The heads that a message prints in any of its texts, each once."""
    sent = str(message.get("Date", "")).strip()
    heads = {(int(seq), digits.lower()) for text in _texts(message) for seq, digits in _HEAD.findall(text)}
    return [Printed(name, sent, seq, digits) for seq, digits in sorted(heads)]


def _texts(message: Message) -> Iterator[str]:
    for part in message.walk():
        if part.get_content_maintype() != "text":
            continue
        text = _decoded(part)
        yield unescape(_TAG.sub(" ", text)) if part.get_content_subtype() == "html" else text


def _decoded(part: Message) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    try:
        return data.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        return data.decode("latin-1")
