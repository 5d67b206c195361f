"""The outbox: a message is made once, with its Message-ID, and goes lease, send, mark; whatever dies in between.

A digest and its message enter the store in one transaction; only what is in the store is sent. A row that was being
sent when the program died is sent again with the same Message-ID: nothing is lost, and a double can be told.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from enum import StrEnum
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from commitments import register
from commitments.ledger import stamp
from commitments.store import Connection, Row, Store
from commitments.store import outbox as table
from notifications.digest import Digest, Reader
from notifications.phrases import clean
from notifications.render import Rendered

ACTOR = "outbox"
"""Who the ledger says it was."""
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
LEASE = timedelta(minutes=5)
"""How long a row may be `sending`: well over the time that a send can take (notifications.smtp.TOTAL)."""
GIVE_UP = timedelta(days=5)
"""How long a message is tried: RFC 5321, 4.5.4.1 asks for four to five days."""
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=2)


class State(StrEnum):
    """Where a message is: `failed` was refused for good, `dead` was given up after GIVE_UP; neither is tried again."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DEAD = "dead"


class DeliveryError(Exception):
    """A message that was not taken; `code` is the server's reply (0 where there was none), `text` says why."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = clean(text)
        super().__init__(f"{code} {self.text}" if code else self.text)


class TemporaryError(DeliveryError):
    """The message may be taken later."""


class PermanentError(DeliveryError):
    """The message will never be taken."""


class ServerError(TemporaryError):
    """No message can be taken at present: the server is away, or does not work with us."""


class ConfigError(ServerError):
    """No message can be taken until somebody mends the settings, ours or the server's."""


class Deliverer(Protocol):
    """What takes a message away: a server, a folder."""

    def send(self, envelope_from: str, to: str, body: bytes) -> None:
        """Hand over a message. Raises TemporaryError or PermanentError; when it returns, the message was taken."""
        ...


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What became of the messages that were due: how many were sent (of these `again`: sent a second time, perhaps).

    `later` are put off, `failed` refused for good or given up; `reasons` says why, one sentence each.
    """

    sent: int = 0
    again: int = 0
    later: int = 0
    failed: int = 0
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The counts in words, then the reasons."""
        again = f" ({self.again} perhaps a second time)" if self.again else ""
        counts = [f"{self.sent} sent{again}", f"{self.later} put off", f"{self.failed} failed"]
        kept = [part for part, number in zip(counts, (1, self.later, self.failed), strict=True) if number]
        return ": ".join(filter(None, (", ".join(kept), "; ".join(self.reasons))))


# ------------------------------------------------------------------------------------------------- the message


def message(digest: Digest, rendered: Rendered, *, sender: str, message_id: str) -> bytes:
    """The whole message, as RFC 5322 has it, with CRLF: text first, HTML as its alternative.

    Nothing in a name or subject can add a header: what would end a line is taken out. The date is the slot's.
    """
    made = EmailMessage(policy=policy.SMTP)
    made["From"] = _mailbox("Gestand", sender)
    made["To"] = _mailbox(digest.reader.name, digest.reader.address)
    made["Subject"] = clean(rendered.subject)
    made["Date"] = digest.slot.astimezone(ZoneInfo(digest.reader.timezone))
    made["Message-ID"] = clean(message_id)
    made["List-Id"] = f"<digests.gestand.{_domain(sender)}>"
    # RFC 3834: no automatic reply is wanted; the second header says so to Exchange.
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    made.set_content(rendered.text, cte="quoted-printable")
    made.add_alternative(rendered.html, subtype="html", cte="base64")
    made["Content-Language"] = digest.reader.language
    return made.as_bytes()


def _mailbox(name: str, address: str) -> Address | str:
    """The mailbox for a header; an empty group where the address is none, which `deliver` then refuses."""
    if not valid(address):
        return "undisclosed-recipients:;"
    return Address(display_name=clean(name), addr_spec=address)


def _domain(sender: str) -> str:
    return sender.partition("@")[2] if valid(sender) else "localhost"


def valid(address: str) -> bool:
    """Whether a text is one plain mail address and nothing else, before anything of it reaches a server."""
    return len(address) <= 254 and ADDRESS.fullmatch(address) is not None


def queue(tx: Connection, digest_id: int, reader: Reader, body: bytes, message_id: str, at: datetime) -> None:
    """Put a message into the outbox, in the transaction that says its digest was made."""
    row = {
        "digest": digest_id,
        "recipient": reader.address,
        "address": reader.address,
        "message_id": message_id,
        "body": body,
        "sha256": hashlib.sha256(body).hexdigest(),
        "state": State.QUEUED.value,
        "queued_at": stamp(at),
    }
    tx.execute(table.insert().values(**row))


# ------------------------------------------------------------------------------------------------- delivering


@dataclass(frozen=True)
class _Outcome:
    """What became of one attempt."""

    state: State
    error: DeliveryError | None
    again: bool


def deliver(
    store: Store, deliverer: Deliverer, *, now: Callable[[], datetime], limit: int = 10_000, lease: timedelta = LEASE
) -> Delivered:
    """Send what is due, at most `limit` messages, and say what became of them. `now` gives aware moments.

    Each row is leased, sent and marked by itself, so that one bad address holds up nobody. A server that takes
    nothing ends the round; the rest stays queued.
    """
    outcomes: list[_Outcome] = []
    while len(outcomes) < limit and (row := _claim(store, now(), lease)) is not None:
        error = _send(deliverer, row)
        outcomes.append(_mark(store, row, error, now()))
        if isinstance(error, ServerError):
            break
    return _sum(outcomes)


def _claim(store: Store, now: datetime, lease: timedelta) -> Row[Any] | None:
    """The next row that is due, leased to us; None where there is none."""
    with store.writing() as tx:
        # Those tried least come first: a message that brings a server down does so after the others have gone.
        row = tx.execute(table.select().where(_due(now, lease)).order_by(table.c.attempts, table.c.id).limit(1)).first()
        if row is None:
            return None
        leased = {"state": State.SENDING.value, "lease_until": stamp(now + lease), "attempts": row.attempts + 1}
        tx.execute(table.update().where(table.c.id == row.id).values(**leased))
        if row.state == State.SENDING:
            _note(tx, "digest_sent_again", row, now, {"possible_duplicate": True})
        return row


def _due(now: datetime, lease: timedelta) -> Any:  # noqa: ANN401 - an SQL expression, whose type is the store's
    """Rows to send: queued and due, or left behind by a process that died.

    A moment further ahead than any that we set was written before the clock was put back: it counts as past.
    """
    waiting = (table.c.next_try_at.is_(None)) | _outside(table.c.next_try_at, now, 2 * _LONGEST_WAIT)
    left_behind = _outside(table.c.lease_until, now, lease)
    return ((table.c.state == State.QUEUED.value) & waiting) | ((table.c.state == State.SENDING.value) & left_behind)


def _outside(moment: Any, now: datetime, ahead: timedelta) -> Any:  # noqa: ANN401 - as above
    return (moment <= stamp(now)) | (moment > stamp(now + ahead))


def _send(deliverer: Deliverer, row: Row[Any]) -> DeliveryError | None:
    if not valid(row.address):
        return PermanentError(0, f"{row.address!r} is not a mail address")
    try:
        deliverer.send(_sender(row.body), row.address, row.body)
    except DeliveryError as error:
        return error
    return None


def _sender(body: bytes) -> str:
    """The address in From, where refusals by mail go; none (RFC 5321, 4.5.5) where From holds no address."""
    named = BytesHeaderParser(policy=policy.SMTP).parsebytes(body)["From"].addresses
    return str(named[0].addr_spec) if named else ""


_KINDS = {
    State.SENT: "digest_sent",
    State.QUEUED: "digest_put_off",
    State.FAILED: "digest_failed",
    State.DEAD: "digest_given_up",
}


def _mark(store: Store, row: Row[Any], error: DeliveryError | None, now: datetime) -> _Outcome:
    """Write down, in the outbox and in the ledger, what became of a row that was sent or refused."""
    state = _state(row, error, now)
    again = row.state == State.SENDING
    values: dict[str, Any] = {"state": state.value, "lease_until": None, "last_error": str(error or "")}
    if state is State.QUEUED:
        values["next_try_at"] = stamp(now + wait(row.message_id, row.attempts + 1))
    if state is State.SENT:
        values["sent_at"] = stamp(now)
    content: dict[str, Any] = {"attempt": row.attempts + 1, "sha256": row.sha256}
    if error is not None:
        content |= {"code": error.code, "text": error.text}
    with store.writing() as tx:
        tx.execute(table.update().where(table.c.id == row.id).values(**values))
        _note(tx, _KINDS[state], row, now, content | ({"possible_duplicate": True} if again else {}))
    return _Outcome(state, error, again)


def _state(row: Row[Any], error: DeliveryError | None, now: datetime) -> State:
    if error is None:
        return State.SENT
    if isinstance(error, PermanentError):
        return State.FAILED
    return State.DEAD if stamp(now - GIVE_UP) > row.queued_at else State.QUEUED


def _note(tx: Connection, kind: str, row: Row[Any], now: datetime, content: dict[str, Any]) -> None:
    """A ledger entry without the address: what is in the ledger cannot be erased."""
    register.note(tx, kind, {"message_id": row.message_id, **content}, at=now, actor=ACTOR)


def wait(message_id: str, attempt: int) -> timedelta:
    """How long to wait after the `attempt`-th attempt (from 1): twice as long each time, up to two hours.

    Up to a quarter more is added, different for each message, so that they do not all come back together.
    """
    doubled: timedelta = min(_FIRST_WAIT * 2 ** min(attempt - 1, 20), _LONGEST_WAIT)
    return doubled + doubled * (zlib.crc32(f"{message_id} {attempt}".encode()) / 2**34)


def _sum(outcomes: list[_Outcome]) -> Delivered:
    sent = [one for one in outcomes if one.state is State.SENT]
    later = [one for one in outcomes if one.state is State.QUEUED]
    return Delivered(
        sent=len(sent),
        again=sum(one.again for one in sent),
        later=len(later),
        failed=len(outcomes) - len(sent) - len(later),
        reasons=tuple(dict.fromkeys(str(one.error) for one in outcomes if one.error is not None)),
    )
