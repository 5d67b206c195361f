"""Mail that came back: reports of failed delivery (RFC 3464), believed only where they are about a message of ours.

A report is believed where it came to an address that we signed for one message (VERP), or gives back the Message-ID of
a message that was sent to the address it is about; where that message was sent lately; and once.
"""

from __future__ import annotations

import re
from base64 import b32encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from enum import StrEnum
from itertools import islice
from typing import Any

from commitments.ledger import register
from commitments.ledger.chain import stamp
from commitments.store import Connection, Row, recall, remember
from commitments.store import bounce as table
from commitments.store import outbox as sent
from notifications.content.phrases import clean
from notifications.outbox.mailboxes import Mail
from notifications.outbox.signing import same, secret, sign
from notifications.outbox.suppression import Kind, is_gone, suppress
from notifications.outbox.told_in_words import UNDEFINED, told

ACTOR = "bounces"
FRESH = timedelta(hours=48)
"""How long after a message was sent a report about it is believed."""
_SIGNATURE = 10
_MOST = 50
"""Recipients that one report may be about; ours are about one."""
_REPORT = "multipart/report"
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_GLOBAL = re.compile(rb"^(content-type:[ \t]*message/)global-(?=delivery-status\b)", re.IGNORECASE | re.MULTILINE)
"""RFC 6533: the same report in UTF-8, which Python's parser does not take apart."""
_SAID = re.compile(r"5\d\d[ -](5\.\d{1,3}\.\d{1,3})\b")
_NESTING = re.compile(rb"multipart/|message/", re.IGNORECASE)
_DEEPEST = 60
"""Parts that may hold others: a report has three, and Python's parser looks at each line once for every one of them."""
_TOO_DEEP = "it holds too many mails and parts in one another"
_RETURNED_TO = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "Cc")


class Verdict(StrEnum):
    """What a report says, or why it is not believed."""

    GONE = "gone"
    FOR_NOW = "for_now"
    FORGED = "forged"
    OLD = "old"
    SEEN = "seen"
    NO_REPORT = "no_report"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a report says of one recipient: all of it words of others."""

    returned_to: tuple[str, ...]
    about: tuple[str, ...]
    message_id: str
    action: str
    status: str
    diagnostic: str


@dataclass(frozen=True, kw_only=True)
class Returned:
    """A mail that came back: where it lies, its subject, what it reports; `trouble` says why it cannot be read."""

    place: str
    subject: str = ""
    reports: tuple[Report, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, kw_only=True)
class Bounce:
    """What became of a report; `address` is empty where it was not believed.

    `behind` is a mailbox that is gone, to which the one that was written to passes mail on.
    """

    verdict: Verdict
    address: str = ""
    status: str = ""
    detail: str = ""
    behind: str = ""


# ------------------------------------------------------------------------------------------------- return addresses


def return_address(address: str, key: bytes, number: int) -> str:
    """The address to which that message of the outbox comes back: bounce+12-mfrggzdfmztwq2lk@example.org."""
    local, _, domain = address.partition("@")
    return f"{local}+{number}-{_signature(key, number)}@{domain}"


def number_of(text: str, address: str, key: bytes) -> int | None:
    """The number of the message that a return address was made for; None where it was not made here."""
    local, _, domain = address.lower().partition("@")
    found = re.search(
        rf"(?<![^\s<,;:]){re.escape(local)}\+(\d{{1,18}})-([a-z2-7]{{16}})@{re.escape(domain)}(?![\w.-])", text.lower()
    )
    if found is None:
        return None
    number = int(found[1])
    return number if same(found[2].encode(), _signature(key, number).encode()) else None


def _signature(key: bytes, number: int) -> str:
    return b32encode(sign(key, "bounce", str(number).encode(), _SIGNATURE)).decode().lower()


# ------------------------------------------------------------------------------------------------- reading


def read(mail: Mail) -> Returned:
    """What a mail reports, whatever a stranger wrote into it: one that cannot be read says why."""
    try:
        above, *below = _END_OF_HEAD.split(mail.content, maxsplit=1)
        head = BytesHeaderParser().parsebytes(above)
        subject = _text(head, "Subject")
        if head.get_content_type() != _REPORT:
            return Returned(place=mail.place, subject=subject, reports=tuple(_in_words(head, b"".join(below))))
        if len(_NESTING.findall(mail.content)) > _DEEPEST:
            return Returned(place=mail.place, subject=subject, trouble=_TOO_DEEP)
        found = tuple(reports(BytesParser().parsebytes(_GLOBAL.sub(rb"\1", mail.content))))
    except Exception as error:
        return Returned(place=mail.place, trouble=clean(f"{type(error).__name__}: {error}"))
    cut_off = not found and not mail.whole
    trouble = f"it reports nothing in its first {len(mail.content) // 1024} KiB" if cut_off else ""
    return Returned(place=mail.place, subject=subject, reports=found, trouble=trouble)


def reports(mail: Message) -> Iterator[Report]:
    """What a mail reports, for each recipient that it is about; nothing where it is no report."""
    if mail.get_content_type() != _REPORT:
        return
    parts = list(mail.walk())
    original = next(filter(None, map(_original, parts)), "")
    returned_to = _returned_to(mail)
    for block in islice((block for part in parts for block in _blocks(part)), _MOST):
        yield Report(
            returned_to=returned_to,
            about=tuple(_address(block, name) for name in ("Original-Recipient", "Final-Recipient")),
            message_id=original,
            action=_text(block, "Action").lower(),
            status=_status(block),
            diagnostic=_diagnostic(block),
        )


def _in_words(head: Message, body: bytes) -> Iterator[Report]:
    """What a mail tells that is no report by its form; most are none at all."""
    for one in islice(told(head, body), _MOST):
        yield Report(
            returned_to=_returned_to(head),
            about=("", one.about),
            message_id=one.message_id,
            action="failed",
            status=one.status,
            diagnostic=clean(one.text, 500),
        )


def _returned_to(mail: Message) -> tuple[str, ...]:
    return tuple(_text(mail, name) for name in _RETURNED_TO if mail[name])


def _blocks(part: Message) -> Iterator[Message]:
    """What a part says of each recipient, as header fields."""
    if part.get_content_type() == "message/delivery-status":
        yield from (block for block in _within(part) if block["Final-Recipient"])


def _diagnostic(block: Message) -> str:
    """What the server that refused said."""
    return _text(block, "Diagnostic-Code").partition(";")[2].strip()


def _status(block: Message) -> str:
    """The status; what the server that refused said of it where the report leaves it undefined, as those of Exim do."""
    status = _text(block, "Status").partition(" ")[0]
    said = _SAID.match(_diagnostic(block)) if status == UNDEFINED else None
    return said[1] if said else status


def _original(part: Message) -> str:
    """The Message-ID of the mail that came back, where this part holds it, or its header fields."""
    kind = part.get_content_type()
    if kind == "message/rfc822":
        return next((_text(inner, "Message-ID") for inner in _within(part)), "")
    fields = part.get_payload(decode=True) if kind == "text/rfc822-headers" else b""
    return _text(BytesHeaderParser().parsebytes(fields), "Message-ID") if isinstance(fields, bytes) else ""


def _within(part: Message) -> list[Message]:
    inner = part.get_payload()
    return [one for one in inner if isinstance(one, Message)] if isinstance(inner, list) else []


def _address(block: Message, name: str) -> str:
    """The address in a field such as `rfc822; griffie@example.org`."""
    return _text(block, name).rpartition(";")[2].strip().strip("<>").lower()


def _text(mail: Message, name: str) -> str:
    """A field on one line; what no text can hold is replaced."""
    return clean(str(mail.get(name, "")).encode("utf-8", "replace").decode(), 500)


# ------------------------------------------------------------------------------------------------- judging


def take_in(
    tx: Connection, mails: Iterable[Returned], *, address: str, at: datetime, fresh: timedelta = FRESH
) -> list[Bounce]:
    """Write down what came back and act on it; what became of each report, and of each mail without one.

    `address` is the one that return addresses are made of, empty where there is none. A mailbox that is gone gets
    nothing more; everything else is counted.
    """
    key = secret(tx)
    found: list[Bounce] = []
    for mail in mails:
        found += [_judge(tx, report, address, key, at, fresh) for report in mail.reports]
        if mail.trouble:
            found.append(Bounce(verdict=Verdict.UNREADABLE, detail=f"{mail.place}: {mail.trouble}"))
        elif not mail.reports:
            found.append(Bounce(verdict=Verdict.NO_REPORT, detail=mail.subject))
    return found


def _judge(tx: Connection, report: Report, address: str, key: bytes, at: datetime, fresh: timedelta) -> Bounce:
    row = _message(tx, report, address, key)
    if report.action not in {"failed", "delayed"}:
        return Bounce(verdict=Verdict.NO_REPORT, detail=f"nothing failed: {report.action}")
    if row is None or row.sent_at is None:
        return _refused(tx, Verdict.FORGED, at)
    # That of the administrator is tried all the same. Behind another address there may be those of more people.
    hard = report.action == "failed" and is_gone(report.status) and row.digest is not None
    behind = report.about[-1] if hard and report.about[-1] != row.address.lower() else ""
    verdict = Verdict.GONE if hard and not behind else Verdict.FOR_NOW
    if tx.execute(table.select().where(table.c.outbox == row.id, table.c.kind == verdict.value)).first():
        return Bounce(verdict=Verdict.SEEN)
    if at - datetime.fromisoformat(row.sent_at) > fresh:
        return _refused(tx, Verdict.OLD, at)
    detail = clean(report.diagnostic or report.status, 300)
    tx.execute(table.insert().values(outbox=row.id, kind=verdict.value, status=report.status, at=stamp(at)))
    content = {"message_id": row.message_id, "verdict": verdict.value, "status": report.status}
    register.note(tx, "bounced", content, at=at, actor=ACTOR)
    if verdict is Verdict.GONE:
        suppress(tx, row.address, Kind.BOUNCED, at=at, actor=ACTOR, detail=detail)
    return Bounce(verdict=verdict, address=row.address, status=report.status, detail=detail, behind=behind)


def _refused(tx: Connection, verdict: Verdict, at: datetime) -> Bounce:
    """A report that is not believed; that such came is written down, once a day, for many of them are an attack.

    They stay in the mailbox, and are read again each hour.
    """
    name, day = f"bounce refused {verdict.value}", at.date().isoformat()
    if recall(tx, name) != day:
        remember(tx, name, day)
        register.note(tx, "bounce_refused", {"reason": verdict.value}, at=at, actor=ACTOR)
    return Bounce(verdict=verdict)


def _message(tx: Connection, report: Report, address: str, key: bytes) -> Row[Any] | None:
    """The message of ours that a report is about, where it shows that it knows one."""
    rows = sent.select()
    for text in report.returned_to if address else ():
        if (number := number_of(text, address, key)) is not None:
            return tx.execute(rows.where(sent.c.id == number)).first()
    row = tx.execute(rows.where(sent.c.message_id == report.message_id)).first() if report.message_id else None
    return row if row is not None and row.address.lower() in report.about else None
