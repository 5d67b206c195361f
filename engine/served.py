"""The slots that were served, and the digests among them that have not gone yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from commitments import store
from commitments.store import Connection, Row
from engine.owing import batches, last_number
from notifications.outbox import State


def is_served(tx: Connection, address: str, slot: datetime) -> bool:
    """Whether a recipient's slot was served, by a digest or by nothing to say."""
    table = store.digest
    return (
        tx.execute(table.select().where(table.c.recipient == address, table.c.slot == text(slot))).first() is not None
    )


def serve(tx: Connection, address: str, slot: datetime, *, state: str, covers_from: datetime | None = None,
          reason: str = "") -> int:  # fmt: skip
    """Write down that a slot is served: `queued` with a digest, or by `nothing`, and why; its number."""
    row = {"recipient": address, "slot": text(slot), "covers_from": text(covers_from) if covers_from else None}
    made = tx.execute(store.digest.insert().values(**row, state=state, reason=reason)).inserted_primary_key
    return int(made[0]) if made else 0


def turn(tx: Connection, digests: Sequence[int], state: str, reason: str) -> None:
    """Give digests that did not go another state, and the reason."""
    table = store.digest
    tx.execute(table.update().where(table.c.id.in_(digests)).values(state=state, reason=reason))


def slot_before(tx: Connection, address: str, slot: datetime, leaving_out: Sequence[int] = ()) -> datetime | None:
    """The last slot before one that was served, other than by a digest that did not go; None where there is none.

    What was told at once covers no time of its own.
    """
    table = store.digest
    covering = table.c.covers_from.is_(None) | (table.c.covers_from != table.c.slot)
    mine = table.c.recipient == address, table.c.slot < text(slot), table.c.state.in_(("queued", "nothing"))
    before = (
        table.select().where(*mine, covering, table.c.id.not_in(leaving_out)).order_by(table.c.slot.desc()).limit(1)
    )
    row = tx.execute(before).first()
    return datetime.fromisoformat(row.slot) if row else None


def told_since(tx: Connection, address: str, moment: datetime, leaving_out: Sequence[int] = ()) -> bool:
    """Whether a recipient had a digest at or after a moment, other than these."""
    table = store.digest
    mine = table.c.recipient == address, table.c.slot >= text(moment), table.c.state == "queued"
    return tx.execute(table.select().where(*mine, table.c.id.not_in(leaving_out)).limit(1)).first() is not None


def not_gone(tx: Connection, address: str) -> list[int]:
    """The digests of a recipient whose messages certainly did not go yet."""
    table = store.outbox
    certain = (table.c.state == State.QUEUED.value) & ~table.c.doubtful & table.c.digest.is_not(None)
    numbers = table.select().with_only_columns(table.c.digest).where(table.c.recipient == address, certain)
    return list(tx.execute(numbers).scalars())


def told_in(tx: Connection, digests: Sequence[int]) -> list[str]:
    """The keys of the notices that these digests tell."""
    if not digests:
        return []
    table = store.told
    return list(
        tx.execute(table.select().with_only_columns(table.c.notice).where(table.c.digest.in_(digests))).scalars()
    )


def tell(tx: Connection, address: str, digest: int, keys: Sequence[str]) -> None:
    """Write down that a recipient is told of these notices in a digest."""
    if keys:
        tx.execute(store.told.insert(), [{"recipient": address, "notice": key, "digest": digest} for key in keys])


def untell(tx: Connection, address: str, keys: Sequence[str]) -> None:
    """Write down that a recipient was not told of these after all: what is owed of them is looked at again."""
    table, notice = store.told, store.notice
    for some in batches(keys):
        tx.execute(table.delete().where(table.c.recipient == address, table.c.notice.in_(some)))
        owed = notice.c.key.in_(some), notice.c.state == "owed"
        tx.execute(notice.update().where(*owed).values(number=last_number(tx) + 1))


def digest_row(tx: Connection, number: int) -> Row[Any]:
    """A digest that was made."""
    found: Row[Any] = tx.execute(store.digest.select().where(store.digest.c.id == number)).one()
    return found


def served(tx: Connection, address: str | None = None) -> list[Row[Any]]:
    """The slots that were served, of all recipients or one, and where the message of each is: `sent`, `last_error`."""
    digest, outbox = store.digest, store.outbox
    columns = (digest.c.slot, digest.c.recipient, digest.c.state, digest.c.reason)
    joined = digest.join(outbox, outbox.c.digest == digest.c.id, isouter=True)
    query = joined.select().with_only_columns(*columns, outbox.c.state.label("sent"), outbox.c.last_error)
    if address is not None:
        query = query.where(digest.c.recipient.istartswith(address, autoescape=True))
    rows: list[Row[Any]] = list(tx.execute(query.order_by(digest.c.slot, digest.c.id)))
    return [row for row in rows if address is None or row.recipient.lower() == address.lower()]


def text(moment: datetime) -> str:
    """A moment as the table has it: UTC, ISO 8601."""
    return moment.astimezone(UTC).isoformat()
