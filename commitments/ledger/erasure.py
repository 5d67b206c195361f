"""Erasing texts from the register: the chain stays whole, and says what was erased, why, and by whom."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from commitments import store
from commitments.ledger import register
from commitments.ledger.chain import BODY, ERASURE
from commitments.ledger.texts import ERASED, parted
from commitments.model.commitment import Event, EventKind
from commitments.store import Connection, Row
from commitments.trouble import TroubleError

SILENCED: Final = "silenced"
"""The kind of an entry whose reason stands in the table of silences too."""
_COPIED: Final = {"reason", "text"}
"""The texts of an entry about a message that stand in the outbox too."""
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
    tx: Connection,
    identifier: str | None,
    numbers: Collection[int] = (),
    silences: Collection[int] = (),
    *,
    reason: str,
    at: datetime,
    actor: str,
) -> Erased:
    """Erase the texts of these entries of the ledger, or of all entries of a commitment where none are named.

    With all of a commitment go the reasons of silences that name it, others by the numbers of the silences. With them
    go the copies: the title in the projection, the reason in the table of silences, what the outbox has of it, and
    where all of a commitment is erased, the messages that told of it and have gone out. Raises NothingToEraseError.
    """
    named = _named(tx, identifier, numbers) if identifier or numbers else []
    said = _silenced(tx, silences, None if numbers else identifier)
    rows = sorted({row.seq: row for row in (*named, *said)}.values())
    holding = [row for row in rows if row.body is not None]
    kept = tuple(row.seq for row in rows if _sealed_in(row))
    messages, waiting = _messages(tx, identifier) if identifier and not numbers else ([], 0)
    if not holding and not messages:
        raise NothingToEraseError(_why_not(kept))
    entries = [row.seq for row in holding]
    _forget(tx, entries)
    _describe(tx, {row.commitment for row in holding if row.commitment})
    _unsay(tx, holding)
    table = store.message
    for number in messages:
        tx.execute(table.update().where(table.c.outbox == number).values(body=b""))
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


def _silenced(tx: Connection, numbers: Collection[int], identifier: str | None) -> list[Row[Any]]:
    """The entries of the silences of these numbers, and of those that name a commitment."""
    table = store.ledger
    query = table.select().where(table.c.kind == SILENCED)
    found = [(row, _Silence.read(_object(row.payload))) for row in tx.execute(query)]
    if missing := set(numbers) - {said.number for _, said in found}:
        raise NothingToEraseError(f"there was no silence {min(missing)}")
    return [row for row, said in found if said.number in numbers or identifier in said.ids]


class _Silence(NamedTuple):
    """What an entry says of a silence: its number, 0 where it cannot be read, and the commitments it names."""

    number: int
    ids: tuple[Any, ...]

    @classmethod
    def read(cls, said: dict[str, Any]) -> _Silence:
        number, scope = said.get("silence"), said.get("scope")
        ids = scope.get("id") if isinstance(scope, dict) else None
        known = number if isinstance(number, int) and 0 < number < _HIGHEST else 0
        return cls(known, tuple(ids) if isinstance(ids, list) else ())


_HIGHEST: Final = 2**31
"""No silence has so high a number."""


def _object(text: str) -> dict[str, Any]:
    """A text as the JSON object that it should be; an empty one where it is none, which is no reason to keep it."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _sealed_in(row: Row[Any]) -> bool:
    """Whether the chain itself holds texts of an event, as the first version had it."""
    if row.kind not in tuple(EventKind) or BODY in row.payload:
        return False
    try:
        _, texts = parted(Event.model_validate_json(row.payload))
    except ValueError:
        # Whatever it says, it cannot be read: it stays, and that is told.
        return True
    return any(texts.values())


def _why_not(kept: tuple[int, ...]) -> str:
    if kept:
        return f"the texts of entry #{kept[0]} were sealed into the chain by an earlier version"
    return "there are no texts, or they were erased already"


def _forget(tx: Connection, entries: Iterable[int]) -> None:
    table = store.ledger
    for seq in entries:
        tx.execute(table.update().where(table.c.seq == seq).values(body=None))


def _unsay(tx: Connection, rows: Iterable[Row[Any]]) -> None:
    """Take what these entries say of silences and messages out of their rows: why, and what a server answered."""
    silence, outbox = store.silence, store.outbox
    for row in rows:
        content = _object(row.payload)
        if row.kind == SILENCED:
            number = _Silence.read(content).number
            tx.execute(silence.update().where(silence.c.id == number).values(reason=ERASED))
        elif isinstance(content.get("message_id"), str) and _COPIED & _object(row.body).keys():
            mine = outbox.c.message_id == content["message_id"], outbox.c.last_error != ""
            tx.execute(outbox.update().where(*mine).values(last_error=ERASED))


def _describe(tx: Connection, identifiers: Iterable[str]) -> None:
    register.describe(tx, (record.commitment for record in register.records(tx, identifiers)))


def _messages(tx: Connection, identifier: str) -> tuple[list[int], int]:
    """The messages that told of a commitment and still stand in the outbox, and how many wait to be sent."""
    notice, told, outbox, message = store.notice, store.told, store.outbox, store.message
    query = (
        outbox.select()
        .with_only_columns(outbox.c.id, outbox.c.state)
        .distinct()
        .join(message, message.c.outbox == outbox.c.id)
        .join(told, told.c.digest == outbox.c.digest)
        .join(notice, notice.c.key == told.c.notice)
        .where(notice.c.commitment == identifier, message.c.body != b"")
    )
    rows = list(tx.execute(query))
    done = [row.id for row in rows if row.state not in _WAITING]
    return done, len(rows) - len(done)
