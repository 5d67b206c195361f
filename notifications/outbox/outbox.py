"""The outbox: a message is made once, with its Message-ID, and goes lease, send, mark; whatever dies in between.

A digest and its message enter the store in one transaction; only what is in the store is sent. A row that was being
sent when the program died is sent again with the same Message-ID: nothing is lost, and a double can be told.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from commitments.ledger import register
from commitments.ledger.chain import Entry, stamp
from commitments.store import Connection, Row, given
from commitments.store import message as messages
from commitments.store import outbox as table
from notifications.content.digest import Reader
from notifications.transports.deliverer import DeliveryError

ACTOR = "outbox"
"""Who the ledger says it was."""
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
LEASE = timedelta(minutes=5)
"""How long a row may be `sending`: well over the time that a send can take (notifications.transports.smtp.TOTAL)."""
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


NOT_GONE: Final = (State.QUEUED.value, State.DEAD.value)
"""What was not delivered, unless it is doubtful: the next digest of its reader tells it too."""


# ------------------------------------------------------------------------------------------------- queueing


def valid(address: str) -> bool:
    """Whether a text is one plain mail address and nothing else, before anything of it reaches a server."""
    return len(address) <= 254 and ADDRESS.fullmatch(address) is not None


def route_of(address: str) -> str:
    """The end that an address names, as webhook:dashboard; empty where it is for the mail."""
    return address if address.partition(":")[0] in {"webhook", "chat"} else ""


def queue(tx: Connection, digest_id: int | None, reader: Reader, body: bytes, message_id: str, at: datetime) -> None:
    """Put a message into the outbox, in the transaction that says its digest was made; None where it is no digest."""
    row = {
        "digest": digest_id,
        "recipient": reader.address,
        "address": reader.address,
        "route": route_of(reader.address),
        "message_id": message_id,
        "sha256": _sha256(body),
        "state": State.QUEUED.value,
        "queued_at": stamp(at),
    }
    made = tx.execute(table.insert(), row).inserted_primary_key
    tx.execute(messages.insert(), {"outbox": made[0] if made else 0, "body": body})


_GOING = (State.QUEUED.value, State.SENDING.value, State.SENT.value)
_FIRST_TOLD: Final = (
    table.select()
    .with_only_columns(table.c.message_id)
    .where(table.c.recipient == given("address"), table.c.state.in_(_GOING), table.c.digest.is_not(None))
    .order_by(table.c.id)
    .limit(1)
)


def first_told(tx: Connection, address: str) -> str:
    """The Message-ID of the first digest that went to an address, or is on its way; empty where there is none."""
    return tx.execute(_FIRST_TOLD, {"address": address}).scalar() or ""


def body(tx: Connection, number: int) -> bytes:
    """What a message says, empty where that was erased."""
    found: bytes = tx.execute(messages.select().where(messages.c.outbox == number)).one().body
    return found


# ------------------------------------------------------------------------------------------------- what becomes of it


@dataclass(frozen=True)
class Outcome:
    """What became of a row: of an attempt to send it, or of what was asked before that."""

    row: Row[Any]
    state: State
    why: str = ""
    error: DeliveryError | None = None

    @property
    def again(self) -> bool:
        """Whether it was perhaps delivered before."""
        return bool(self.row.doubtful)


def next_due(tx: Connection, now: datetime, lease: timedelta, shut: Collection[str] = ()) -> Row[Any] | None:
    """The row to be sent next: those tried least come first, those left behind by a process that died last.

    A message that brings a server or a process down does so after the others have gone. Routes that are `shut` are
    left alone. A moment further ahead than any that we set was written before the clock was put back: it is past.
    """
    for query, ahead in ((_WAITING, 2 * _LONGEST_WAIT), (_LEFT_BEHIND, lease)):
        found = tx.execute(query, {"now": stamp(now), "then": stamp(now + ahead), "shut": list(shut)}).first()
        if found is not None:
            return found
    return None


def _outside(moment: Any) -> Any:  # noqa: ANN401 - an SQL expression, of the store's type
    return (moment <= given("now")) | (moment > given("then"))


_NEXT: Final = (
    table.select()
    .where(table.c.route.not_in(given("shut")))
    .order_by(table.c.attempts, table.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_WAITING: Final = _NEXT.where(
    table.c.state == State.QUEUED.value, table.c.next_try_at.is_(None) | _outside(table.c.next_try_at)
)
_LEFT_BEHIND: Final = _NEXT.where(table.c.state == State.SENDING.value, _outside(table.c.lease_until))
_THIS: Final = table.update().where(table.c.id == given("number"))
_WHOLE: Final = (
    table.select()
    .add_columns(messages.c.body)
    .join(messages, messages.c.outbox == table.c.id)
    .where(table.c.id == given("number"))
)


def change(tx: Connection, row: Row[Any], body: bytes, now: datetime) -> None:
    """Let a message that nobody has got say something else; it keeps its Message-ID."""
    tx.execute(_THIS, {"number": row.id, "sha256": _sha256(body)})
    tx.execute(messages.update().where(messages.c.outbox == row.id).values(body=body))
    note(tx, "changed", row, now, {"sha256": _sha256(body)})


def lease(tx: Connection, row: Row[Any], now: datetime, until: datetime) -> Row[Any]:
    """The row with its body, to be sent: ours until then, and doubtful where somebody was sending it already."""
    left_behind = row.state == State.SENDING
    leased = {"state": State.SENDING.value, "lease_until": stamp(until), "attempts": row.attempts + 1}
    leased |= {"doubtful": row.doubtful or left_behind}
    tx.execute(_THIS, {"number": row.id, **leased})
    if left_behind:
        note(tx, "sent_again", row, now, {"possible_duplicate": True})
    found: Row[Any] = tx.execute(_WHOLE, {"number": row.id}).one()
    return found


_KINDS = {
    State.SENT: "sent",
    State.QUEUED: "put_off",
    State.FAILED: "failed",
    State.DEAD: "given_up",
    State.DROPPED: "dropped",
    State.SUPERSEDED: "superseded",
}


def mark(tx: Connection, outcome: Outcome, now: datetime, *, actor: str = ACTOR) -> None:
    """Write down, in the outbox and in the ledger, what became of a row."""
    row, state, error = outcome.row, outcome.state, outcome.error
    values: dict[str, Any] = {"state": state.value, "lease_until": None, "last_error": outcome.why}
    content: dict[str, Any] = {"sha256": row.sha256}
    texts: dict[str, Any] = {}
    if state in {State.DROPPED, State.SUPERSEDED}:
        texts |= {"reason": outcome.why}
    else:
        content |= {"attempt": row.attempts}
    if state is State.QUEUED:
        values["next_try_at"] = stamp(now + wait(row.message_id, row.attempts))
    if error is not None:
        values["doubtful"] = row.doubtful or error.doubtful
        content |= {"code": error.code}
        texts |= {"text": error.text}
    if outcome.again:
        content |= {"possible_duplicate": True}
    entry = note(tx, _KINDS[state], row, now, content, texts=texts, actor=actor)
    if state is State.SENT:
        values["sent_at"] = entry.at
    tx.execute(_THIS, {"number": row.id, **values})


def supersede(tx: Connection, recipient: str, *, by: str, at: datetime) -> list[int]:
    """Let what a recipient certainly did not get give way to the message `by`; the digests that it held."""
    certain = table.c.state.in_(NOT_GONE) & ~table.c.doubtful
    mine = table.c.recipient == recipient, table.c.digest.is_not(None), table.c.message_id != by
    rows = tx.execute(table.select().where(certain, *mine).order_by(table.c.id)).all()
    for row in rows:
        mark(tx, Outcome(row, State.SUPERSEDED, f"by {by}"), at)
    return [row.digest for row in rows]


def note(
    tx: Connection,
    what: str,
    row: Row[Any],
    now: datetime,
    content: dict[str, Any],
    *,
    texts: dict[str, Any] | None = None,
    actor: str = ACTOR,
) -> Entry:
    """Write a ledger entry about a message, which comes back.

    No address stands in it, and what others said, who may name one, is erasable.
    """
    kind = f"{'message' if row.digest is None else 'digest'}_{what}"
    return register.note(tx, kind, {"message_id": row.message_id, **content}, at=now, actor=actor, texts=texts)


def wait(message_id: str, attempt: int) -> timedelta:
    """How long to wait after the `attempt`-th attempt (from 1): twice as long each time, up to two hours.

    Up to a quarter more is added, different for each message, so that they do not all come back together.
    """
    doubled: timedelta = min(_FIRST_WAIT * 2 ** min(attempt - 1, 20), _LONGEST_WAIT)
    return doubled + doubled * (zlib.crc32(f"{message_id} {attempt}".encode()) / 2**34)


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
