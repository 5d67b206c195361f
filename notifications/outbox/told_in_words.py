"""Failed delivery told in words, by servers that write no report of RFC 3464: qmail (QSBMF), and Exim before 4.83."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Final

_QMAIL: Final = "Hi. This is the "
"""How each begins: D. J. Bernstein, "The qmail-send Bounce Message Format (QSBMF)"."""
_ONE: Final = re.compile(r"<(?P<address>[^<>\s]+)>:\n(?P<text>.*)", re.DOTALL)
_COPY: Final = re.compile(r"^---", re.MULTILINE)
"""The line behind which the mail stands that came back."""
_QMAIL_STATUS: Final = re.compile(r"\(#(\d\.\d{1,3}\.\d{1,3})\)")
_EXIM_STATUS: Final = re.compile(r"\b5\d\d[ -](5\.\d{1,3}\.\d{1,3})\b")
_NAME: Final = re.compile(r"^Message-ID:[ \t]*(?:\n[ \t]+)?(\S+)", re.IGNORECASE | re.MULTILINE)
UNDEFINED: Final = "5.0.0"
"""RFC 3463, 3.1: a failure of which nothing more is said."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What such a mail says of one recipient."""

    about: str
    status: str
    text: str
    message_id: str


def told(head: Message, body: bytes) -> Iterator[Told]:
    """What a mail tells of each recipient that it failed for; nothing where it is none of these."""
    words = body.decode("utf-8", "replace").replace("\r\n", "\n")
    before, copy = _parted(words)
    name = _NAME.search(copy)
    message_id = name[1] if name else ""
    if words.startswith(_QMAIL):
        yield from _by_qmail(before, message_id)
    elif failed := str(head.get("X-Failed-Recipients", "")):
        yield from _by_exim(failed, before, message_id)


def _parted(words: str) -> tuple[str, str]:
    """What is told, and the mail that came back."""
    copy = _COPY.search(words)
    return (words[: copy.start()], words[copy.start() :]) if copy else (words, "")


def _by_qmail(before: str, message_id: str) -> Iterator[Told]:
    for part in before.split("\n\n"):
        if one := _ONE.fullmatch(part.strip("\n")):
            status = _QMAIL_STATUS.search(one["text"])
            yield Told(
                about=one["address"].lower(),
                status=status[1] if status else UNDEFINED,
                text=one["text"],
                message_id=message_id,
            )


def _by_exim(failed: str, before: str, message_id: str) -> Iterator[Told]:
    """What was said of the only recipient; of several it does not appear which one was meant."""
    addresses = [address.strip().lower() for address in failed.split(",") if address.strip()]
    status = _EXIM_STATUS.search(before) if len(addresses) == 1 else None
    text = before[status.start() :].partition("\n")[0] if status else ""
    for address in addresses:
        yield Told(about=address, status=status[1] if status else UNDEFINED, text=text, message_id=message_id)
