"""The outbox: a message is made once, with its Message-ID, and goes lease, send, mark; whatever dies in between.

A digest and its message enter the store in one transaction; only what is in the store is sent. A row that was being
sent when the program died is sent again with the same Message-ID: nothing is lost, and a double can be told.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import policy
from email.parser import BytesHeaderParser
from enum import StrEnum
from typing import Any, Protocol

from commitments import register
from commitments.ledger import stamp
from commitments.store import Connection, Row, Store
from commitments.store import outbox as table
from notifications.digest import Reader
from notifications.phrases import clean
from notifications.suppression import suppressed

ACTOR = "outbox"
"""Who the ledger says it was."""
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
LEASE = timedelta(minutes=5)
"""How long a row may be `sending`: well over the time that a send can take (notifications.smtp.TOTAL)."""
GIVE_UP = timedelta(days=5)
"""How long a message is tried: RFC 5321, 4.5.4.1 asks for four to five days."""
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=2)


class State(StrEnum):
    """Where a message is.

    `failed` was refused for good, `dead` was given up after GIVE_UP, `superseded` gave way to a later message that says
    what it said, `dropped` was not to be sent any more; none of them is tried again.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DEAD = "dead"
    SUPERSEDED = "superseded"
    DROPPED = "dropped"


class DeliveryError(Exception):
    """A message that was not taken; `code` is the server's reply (0 where there was none), `text` says why.

    Where `doubtful`, the other side may have taken it after all: the answer was lost.
    """

    def __init__(self, code: int, text: str, *, doubtful: bool = False) -> None:
        self.code = code
        self.text = clean(text)
        self.doubtful = doubtful
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


@dataclass(frozen=True)
class Replaced:
    """A message says something else now; it keeps its Message-ID."""

    body: bytes


@dataclass(frozen=True)
class Dropped:
    """A message is not to be sent any more, for a reason that a person can read."""

    reason: str


Review = Callable[[Connection, Row[Any], datetime], Replaced | Dropped | None]
"""What is asked, in the transaction, before a row of the outbox is sent for the first time: None leaves it as it is."""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What became of the messages that were due: how many were sent (of these `again`: sent a second time, perhaps).

    `later` are put off, `failed` refused for good or given up, `dropped` no more to be sent; `reasons` says why, one
    sentence each.
    """

    sent: int = 0
    again: int = 0
    later: int = 0
    failed: int = 0
    dropped: int = 0
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The counts in words, then the reasons."""
        again = f" ({self.again} perhaps a second time)" if self.again else ""
        rest = {"put off": self.later, "failed": self.failed, "not sent any more": self.dropped}
        kept = [f"{self.sent} sent{again}", *(f"{number} {what}" for what, number in rest.items() if number)]
        return ": ".join(filter(None, (", ".join(kept), "; ".join(self.reasons))))


# ------------------------------------------------------------------------------------------------- queueing


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
        "sha256": _sha256(body),
        "state": State.QUEUED.value,
        "queued_at": stamp(at),
    }
    tx.execute(table.insert().values(**row))


def first_told(tx: Connection, address: str) -> str:
    """The Message-ID of the first digest that went to an address, or is on its way; empty where there is none."""
    going = table.c.state.in_([State.QUEUED, State.SENDING, State.SENT])
    mine = table.select().where(table.c.recipient == address, going).order_by(table.c.id).limit(1)
    first = tx.execute(mine).first()
    return first.message_id if first else ""


# ------------------------------------------------------------------------------------------------- delivering


@dataclass(frozen=True)
class _Outcome:
    """What became of a row: of an attempt, or of the review before it."""

    row: Row[Any]
    state: State
    why: str = ""
    error: DeliveryError | None = None

    @property
    def again(self) -> bool:
        """Whether it was perhaps delivered before."""
        return bool(self.row.doubtful)


def deliver(
    store: Store,
    deliverer: Deliverer,
    *,
    now: Callable[[], datetime],
    limit: int = 10_000,
    lease: timedelta = LEASE,
    review: Review | None = None,
) -> Delivered:
    """Send what is due, at most `limit` messages, and say what became of them. `now` gives aware moments.

    Each row is leased, sent and marked by itself, so that one bad address holds up nobody; the mark of one and the
    lease of the next are one transaction. A server that takes nothing ends the round; the rest stays queued. Nothing
    goes to an address that gets nothing more, and `review` is asked about every row that certainly was not delivered.
    """
    outcomes: list[_Outcome] = []
    attempt: _Outcome | None = None
    for left in range(limit, -1, -1):
        more = left > 0 and not (attempt and isinstance(attempt.error, ServerError))
        with store.writing() as tx:
            if attempt is not None:
                _mark(tx, attempt, now())
            row = _claim(tx, now(), lease, review, outcomes) if more else None
        if row is None:
            break
        attempt = _attempt(deliverer, row, now())
        outcomes.append(attempt)
    return _sum(outcomes)


def _claim(
    tx: Connection, now: datetime, lease: timedelta, review: Review | None, outcomes: list[_Outcome]
) -> Row[Any] | None:
    """The next row that is to be sent, leased to us, None where there is none; those not to be sent join `outcomes`."""
    while (row := _next(tx, now, lease)) is not None:
        verdict = _reviewed(tx, row, now, review)
        if isinstance(verdict, Dropped):
            outcomes.append(dropped := _Outcome(row, State.DROPPED, verdict.reason))
            _mark(tx, dropped, now)
            continue
        if verdict is not None:
            changed = {"body": verdict.body, "sha256": _sha256(verdict.body)}
            tx.execute(table.update().where(table.c.id == row.id).values(**changed))
            _note(tx, "digest_changed", row, now, {"sha256": changed["sha256"]})
        return _lease(tx, row, now, lease)
    return None


def _next(tx: Connection, now: datetime, lease: timedelta) -> Row[Any] | None:
    """The row to be sent next: those tried least come first, those left behind by a process that died last.

    A message that brings a server or a process down does so after the others have gone. A moment further ahead than
    any that we set was written before the clock was put back: it counts as past.
    """
    waiting = (table.c.next_try_at.is_(None)) | _outside(table.c.next_try_at, now, 2 * _LONGEST_WAIT)
    left_behind = _outside(table.c.lease_until, now, lease)
    # The number first: a database would carry every body along while it sorts.
    numbers = table.select().with_only_columns(table.c.id).order_by(table.c.attempts, table.c.id).limit(1)
    for state, due in ((State.QUEUED, waiting), (State.SENDING, left_behind)):
        found = tx.execute(numbers.where(table.c.state == state.value, due).with_for_update(skip_locked=True)).first()
        if found is not None:
            return _row(tx, found.id)
    return None


def _outside(moment: Any, now: datetime, ahead: timedelta) -> Any:  # noqa: ANN401 - an SQL expression, of the store's type
    return (moment <= stamp(now)) | (moment > stamp(now + ahead))


def _reviewed(tx: Connection, row: Row[Any], now: datetime, review: Review | None) -> Replaced | Dropped | None:
    """What is to be done with a row before it is sent; one that was perhaps delivered is not changed any more."""
    if (known := suppressed(tx, row.address)) is not None:
        return Dropped(str(known))
    certain = row.state == State.QUEUED and not row.doubtful
    return review(tx, row, now) if review and certain and row.digest is not None else None


def _lease(tx: Connection, row: Row[Any], now: datetime, lease: timedelta) -> Row[Any]:
    """The row as it is sent: ours until the lease ends, and doubtful where somebody was sending it already."""
    left_behind = row.state == State.SENDING
    leased = {"state": State.SENDING.value, "lease_until": stamp(now + lease), "attempts": row.attempts + 1}
    leased |= {"doubtful": row.doubtful or left_behind}
    tx.execute(table.update().where(table.c.id == row.id).values(**leased))
    if left_behind:
        _note(tx, "digest_sent_again", row, now, {"possible_duplicate": True})
    return _row(tx, row.id)


def _row(tx: Connection, number: int) -> Row[Any]:
    found: Row[Any] = tx.execute(table.select().where(table.c.id == number)).one()
    return found


def _attempt(deliverer: Deliverer, row: Row[Any], now: datetime) -> _Outcome:
    error = _send(deliverer, row)
    return _Outcome(row, _state(row, error, now), str(error or ""), error)


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


def _state(row: Row[Any], error: DeliveryError | None, now: datetime) -> State:
    if error is None:
        return State.SENT
    if isinstance(error, PermanentError):
        return State.FAILED
    return State.DEAD if stamp(now - GIVE_UP) > row.queued_at else State.QUEUED


_KINDS = {
    State.SENT: "digest_sent",
    State.QUEUED: "digest_put_off",
    State.FAILED: "digest_failed",
    State.DEAD: "digest_given_up",
    State.DROPPED: "digest_dropped",
    State.SUPERSEDED: "digest_superseded",
}


def _mark(tx: Connection, outcome: _Outcome, now: datetime) -> None:
    """Write down, in the outbox and in the ledger, what became of a row."""
    row, state, error = outcome.row, outcome.state, outcome.error
    values: dict[str, Any] = {"state": state.value, "lease_until": None, "last_error": outcome.why}
    content: dict[str, Any] = {"sha256": row.sha256}
    if state in {State.DROPPED, State.SUPERSEDED}:
        content |= {"reason": outcome.why}
    else:
        content |= {"attempt": row.attempts}
    if state is State.QUEUED:
        values["next_try_at"] = stamp(now + wait(row.message_id, row.attempts))
    if state is State.SENT:
        values["sent_at"] = stamp(now)
    if error is not None:
        values["doubtful"] = row.doubtful or error.doubtful
        content |= {"code": error.code, "text": error.text}
    if outcome.again:
        content |= {"possible_duplicate": True}
    tx.execute(table.update().where(table.c.id == row.id).values(**values))
    _note(tx, _KINDS[state], row, now, content)


def supersede(tx: Connection, recipient: str, *, by: str, at: datetime) -> list[int]:
    """Let what a recipient certainly did not get yet give way to the message `by`; the digests that it held."""
    certain = (table.c.state == State.QUEUED.value) & ~table.c.doubtful
    mine = table.c.recipient == recipient, table.c.digest.is_not(None), table.c.message_id != by
    rows = tx.execute(table.select().where(certain, *mine).order_by(table.c.id)).all()
    for row in rows:
        _mark(tx, _Outcome(row, State.SUPERSEDED, f"by {by}"), at)
    return [row.digest for row in rows]


def _note(tx: Connection, kind: str, row: Row[Any], now: datetime, content: dict[str, Any]) -> None:
    """A ledger entry without any address: what is in the ledger cannot be erased."""
    told = {name: _ADDRESSES.sub("<an address>", value) if isinstance(value, str) else value
            for name, value in content.items()}  # fmt: skip
    register.note(tx, kind, {"message_id": row.message_id, **told}, at=now, actor=ACTOR)


_ADDRESSES = re.compile(r"<?[^\s<>@:;,\"']+@[^\s<>@:;,\"']+>?")


def wait(message_id: str, attempt: int) -> timedelta:
    """How long to wait after the `attempt`-th attempt (from 1): twice as long each time, up to two hours.

    Up to a quarter more is added, different for each message, so that they do not all come back together.
    """
    doubled: timedelta = min(_FIRST_WAIT * 2 ** min(attempt - 1, 20), _LONGEST_WAIT)
    return doubled + doubled * (zlib.crc32(f"{message_id} {attempt}".encode()) / 2**34)


def _sum(outcomes: list[_Outcome]) -> Delivered:
    count = Counter(one.state for one in outcomes)
    return Delivered(
        sent=count[State.SENT],
        again=sum(one.again for one in outcomes if one.state is State.SENT),
        later=count[State.QUEUED],
        failed=count[State.FAILED] + count[State.DEAD],
        dropped=count[State.DROPPED],
        reasons=tuple(dict.fromkeys(one.why for one in outcomes if one.why)),
    )


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
