"""Erasing texts from the register: the chain stays whole, and says what was erased, why, and by whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commitments import register, store
from commitments.ledger import BODY, ERASURE
from commitments.model import Event, EventKind
from commitments.store import Connection, Row
from commitments.texts import parted
from commitments.trouble import TroubleError

_WAITING = ("queued", "sending")


class NothingToEraseError(TroubleError):
    """What was named has no texts that could be erased."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"nothing was erased: {reason}")


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What was erased: the texts of these entries, and how many messages that told of the commitment.

    `waiting` such messages have yet to be sent; `kept` are entries from before texts stood beside the chain, which hold
    some that cannot be erased.
    """

    entries: tuple[int, ...]
    messages: int = 0
    waiting: int = 0
    kept: tuple[int, ...] = ()


def erase(
    tx: Connection, identifier: str | None, numbers: Collection[int] = (), *, reason: str, at: datetime, actor: str
) -> Erased:
    """Erase the texts of these entries of the ledger, or of all entries of a commitment where none are named.

    With them go the copies: the title in the projection, and where all of a commitment is erased, the messages that
    told of it and have gone out. Raises NothingToEraseError.
    """
    rows = _named(tx, identifier, numbers)
    holding = [row for row in rows if row.body is not None]
    kept = tuple(row.seq for row in rows if _sealed_in(row))
    messages, waiting = _messages(tx, identifier) if identifier and not numbers else ([], 0)
    if not holding and not messages:
        raise NothingToEraseError(_why_not(kept))
    entries = [row.seq for row in holding]
    _forget(tx, entries)
    _describe(tx, {row.commitment for row in holding if row.commitment})
    table = store.outbox
    for number in messages:
        tx.execute(table.update().where(table.c.id == number).values(body=b""))
    register.note(
        tx,
        ERASURE,
        {"entries": entries, "messages": len(messages)},
        at=at,
        actor=actor,
        commitment=identifier,
        texts={"reason": reason},
    )
    return Erased(entries=tuple(entries), messages=len(messages), waiting=waiting, kept=kept)


def _named(tx: Connection, identifier: str | None, numbers: Collection[int]) -> list[Row[Any]]:
    table = store.ledger
    query = table.select().order_by(table.c.seq)
    if identifier is not None:
        query = query.where(table.c.commitment == identifier)
    query = query.where(table.c.seq.in_(numbers)) if numbers else query.where(table.c.kind != ERASURE)
    rows = list(tx.execute(query))
    if missing := set(numbers) - {row.seq for row in rows}:
        of = f" of {identifier}" if identifier else ""
        raise NothingToEraseError(f"the ledger has no entry #{min(missing)}{of}")
    return rows


def _sealed_in(row: Row[Any]) -> bool:
    """Whether the chain itself holds texts of an event, as the first version had it."""
    if row.kind not in tuple(EventKind) or BODY in row.payload:
        return False
    _, texts = parted(Event.model_validate_json(row.payload))
    return any(texts.values())


def _why_not(kept: tuple[int, ...]) -> str:
    if kept:
        return f"the texts of entry #{kept[0]} were sealed into the chain by an earlier version"
    return "there are no texts, or they were erased already"


def _forget(tx: Connection, entries: Iterable[int]) -> None:
    table = store.ledger
    for seq in entries:
        tx.execute(table.update().where(table.c.seq == seq).values(body=None))


def _describe(tx: Connection, identifiers: Iterable[str]) -> None:
    register.describe(tx, (record.commitment for record in register.records(tx, identifiers)))


def _messages(tx: Connection, identifier: str) -> tuple[list[int], int]:
    """The messages that told of a commitment and still stand in the outbox, and how many wait to be sent."""
    notice, told, outbox = store.notice, store.told, store.outbox
    query = (
        outbox.select()
        .with_only_columns(outbox.c.id, outbox.c.state)
        .distinct()
        .join(told, told.c.digest == outbox.c.digest)
        .join(notice, notice.c.key == told.c.notice)
        .where(notice.c.commitment == identifier, outbox.c.body != b"")
    )
    rows = list(tx.execute(query))
    done = [row.id for row in rows if row.state not in _WAITING]
    return done, len(rows) - len(done)
