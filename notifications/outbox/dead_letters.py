"""What a person does about messages in the outbox: look at them, have one tried again, or let it go."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commitments.ledger.chain import stamp
from commitments.store import Connection, Row, alike, counted
from commitments.store import outbox as table
from commitments.trouble import TroubleError
from notifications.outbox import outbox
from notifications.outbox.outbox import State

OPEN = (State.QUEUED, State.SENDING, State.FAILED, State.DEAD)
"""What has not reached its reader, and nobody decided that it need not."""
_AGAIN = {State.QUEUED, State.FAILED, State.DEAD, State.DROPPED}
_GO = {State.QUEUED, State.FAILED, State.DEAD}


class NoSuchMessageError(TroubleError):
    """A number that no message in the outbox has."""

    def __init__(self, number: int) -> None:
        super().__init__(f"the outbox has no message {number}; `gestand outbox --all` lists them")


class NotNowError(TroubleError):
    """A message that is in a state in which this cannot be done with it."""

    def __init__(self, number: int, state: State, what: str, possible: Collection[State]) -> None:
        states = ", ".join(sorted(possible))
        super().__init__(f"message {number} is {state} and cannot be {what}; one that is {states} can")


class ErasedMessageError(TroubleError):
    """A message that says nothing any more."""

    def __init__(self, number: int) -> None:
        super().__init__(
            f"what message {number} said was erased, and there is nothing left to send; "
            f"`gestand outbox drop {number} --reason WHY` lets it go"
        )


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message as the outbox has it, without what it says; moments are aware, in UTC."""

    id: int
    state: State
    recipient: str
    attempts: int
    queued_at: datetime
    next_try_at: datetime | None
    sent_at: datetime | None
    last_error: str
    message_id: str
    doubtful: bool
    about: str


_ABOUT = {True: "trouble", False: "digest"}


def letters(tx: Connection, states: Collection[State] = OPEN) -> list[Letter]:
    """The messages in these states, in the order in which they were made."""
    query = table.select().order_by(table.c.id)
    return [_letter(row) for row in tx.execute(query.where(table.c.state.in_(states)))]


def count(tx: Connection, state: State) -> int:
    """How many messages are in a state."""
    return sum(row.number for row in tx.execute(counted(table, table.c.state, table.c.queued_at, [state])))


def letter(tx: Connection, number: int) -> tuple[Letter, bytes]:
    """A message, and what it says. Raises NoSuchMessageError."""
    return _letter(_row(tx, number)), outbox.body(tx, number)


def retry(tx: Connection, number: int, *, at: datetime, actor: str) -> None:
    """Let a message be tried at the next pass, and for as long as one that is new.

    Raises NoSuchMessageError, ErasedMessageError, or NotNowError where it was sent, is being sent, or gave way to a
    later one.
    """
    row = _row(tx, number)
    _insist(row, "tried again", _AGAIN)
    if not outbox.body(tx, number):
        raise ErasedMessageError(number)
    values = {"state": State.QUEUED.value, "queued_at": stamp(at), "next_try_at": None, "last_error": ""}
    tx.execute(table.update().where(table.c.id == number).values(**values))
    outbox.note(tx, "retried", row, at, {"was": row.state}, actor=actor)


def drop(tx: Connection, number: int, reason: str, *, at: datetime, actor: str) -> None:
    """Let a message go, for a reason. Raises NoSuchMessageError, or NotNowError where that comes too late."""
    row = _row(tx, number)
    _insist(row, "dropped", _GO)
    outbox.mark(tx, outbox.Outcome(row, State.DROPPED, reason), at, actor=actor)


def dropped(tx: Connection, address: str, reasons: Collection[str]) -> list[int]:
    """The messages to an address that were let go for one of these reasons, and can still be tried again."""
    query = table.select().where(table.c.state == State.DROPPED.value, table.c.last_error.in_(reasons))
    rows = tx.execute(query.where(alike(table.c.address, address)).order_by(table.c.id))
    return [row.id for row in rows]


def _insist(row: Row[Any], what: str, possible: Collection[State]) -> None:
    if row.state not in possible:
        raise NotNowError(row.id, State(row.state), what, possible)


def _row(tx: Connection, number: int) -> Row[Any]:
    row = tx.execute(table.select().where(table.c.id == number)).first()
    if row is None:
        raise NoSuchMessageError(number)
    return row


def _letter(row: Row[Any]) -> Letter:
    return Letter(
        id=row.id,
        state=State(row.state),
        recipient=row.recipient,
        attempts=row.attempts,
        queued_at=datetime.fromisoformat(row.queued_at),
        next_try_at=_moment(row.next_try_at) if row.state == State.QUEUED else None,
        sent_at=_moment(row.sent_at),
        last_error=row.last_error,
        message_id=row.message_id,
        doubtful=bool(row.doubtful),
        about=_ABOUT[row.digest is None],
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
