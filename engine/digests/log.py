"""The slots that were served, and the digests among them that have not gone yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from commitments import store
from commitments.store import Connection, Row, given
from commitments.store.notices import last_number
from notifications.outbox.outbox import NOT_GONE, State

_TABLE: Final = store.digest
_OF_ONE: Final = _TABLE.select().with_only_columns(_TABLE.c.slot).where(_TABLE.c.recipient == given("address"))
_SERVED: Final = _OF_ONE.where(_TABLE.c.slot == given("moment"))
_BEFORE: Final = (
    _OF_ONE.where(_TABLE.c.slot < given("moment"), _TABLE.c.state.in_(("queued", "nothing")))
    .where(_TABLE.c.covers_from.is_(None) | (_TABLE.c.covers_from != _TABLE.c.slot))
    .where(_TABLE.c.id.not_in(given("leaving_out")))
    .order_by(_TABLE.c.slot.desc())
    .limit(1)
)
_THIS: Final = _TABLE.select().where(_TABLE.c.id == given("number"))
_SINCE: Final = (
    _OF_ONE.where(_TABLE.c.slot >= given("moment"), _TABLE.c.state == "queued")
    .where(_TABLE.c.id.not_in(given("leaving_out")))
    .limit(1)
)
_UNDELIVERED: Final = (
    store.outbox.select()
    .with_only_columns(store.outbox.c.digest)
    .where(store.outbox.c.recipient == given("address"), store.outbox.c.state.in_(given("states")))
    .where(~store.outbox.c.doubtful, store.outbox.c.digest.is_not(None))
)
_TOLD_IN: Final = (
    store.told.select().with_only_columns(store.told.c.notice).where(store.told.c.digest.in_(given("digests")))
)
"""What a pass asks for each recipient, or each message."""


def is_served(tx: Connection, address: str, slot: datetime) -> bool:
    """Whether a recipient's slot was served, by a digest or by nothing to say."""
    return tx.execute(_SERVED, {"address": address, "moment": text(slot)}).first() is not None


def serve(tx: Connection, address: str, slot: datetime, *, state: str, covers_from: datetime | None = None,
          reason: str = "") -> int:  # fmt: skip
    """Write down that a slot is served: `queued` with a digest, or by `nothing`, and why; its number."""
    row = {"recipient": address, "slot": text(slot), "covers_from": text(covers_from) if covers_from else None}
    made = tx.execute(_TABLE.insert(), {**row, "state": state, "reason": reason}).inserted_primary_key
    return int(made[0]) if made else 0


def turn(tx: Connection, digests: Sequence[int], state: str, reason: str) -> None:
    """Give digests that did not go another state, and the reason."""
    tx.execute(_TABLE.update().where(_TABLE.c.id.in_(digests)).values(state=state, reason=reason))


def slot_before(tx: Connection, address: str, slot: datetime, leaving_out: Sequence[int] = ()) -> datetime | None:
    """The last slot before one that was served, other than by a digest that did not go; None where there is none.

    What was told at once covers no time of its own.
    """
    asked = {"address": address, "moment": text(slot), "leaving_out": leaving_out}
    before = tx.execute(_BEFORE, asked).scalar()
    return datetime.fromisoformat(before) if before else None


def told_since(tx: Connection, address: str, moment: datetime, leaving_out: Sequence[int] = ()) -> bool:
    """Whether a recipient had a digest at or after a moment, other than these."""
    asked = {"address": address, "moment": text(moment), "leaving_out": leaving_out}
    return tx.execute(_SINCE, asked).first() is not None


def not_gone(tx: Connection, address: str) -> list[int]:
    """The digests of a recipient whose messages certainly did not go: they wait, or were given up."""
    return list(tx.execute(_UNDELIVERED, {"address": address, "states": NOT_GONE}).scalars())


def given_up(tx: Connection, address: str) -> list[int]:
    """The digests of a recipient whose messages certainly did not go, and are tried no more."""
    return list(tx.execute(_UNDELIVERED, {"address": address, "states": (State.DEAD.value,)}).scalars())


def told_in(tx: Connection, digests: Sequence[int]) -> list[str]:
    """The keys of the notices that these digests tell."""
    return list(tx.execute(_TOLD_IN, {"digests": digests}).scalars()) if digests else []


def tell(tx: Connection, address: str, digest: int, keys: Sequence[str]) -> None:
    """Write down that a recipient is told of these notices in a digest."""
    if keys:
        tx.execute(store.told.insert(), [{"recipient": address, "notice": key, "digest": digest} for key in keys])


def untell(tx: Connection, address: str, keys: Sequence[str]) -> None:
    """Write down that a recipient was not told of these after all: what is owed of them is looked at again."""
    table, notice = store.told, store.notice
    for some in store.batches(keys):
        tx.execute(table.delete().where(table.c.recipient == address, table.c.notice.in_(some)))
        owed = notice.c.key.in_(some), notice.c.state == "owed"
        tx.execute(notice.update().where(*owed).values(number=last_number(tx) + 1))


def digest_row(tx: Connection, number: int) -> Row[Any]:
    """A digest that was made."""
    found: Row[Any] = tx.execute(_THIS, {"number": number}).one()
    return found


def served(tx: Connection, address: str | None = None) -> list[Row[Any]]:
    """The slots that were served, of all recipients or one, and where the message of each is: `sent`, `last_error`."""
    digest, outbox = store.digest, store.outbox
    columns = (digest.c.slot, digest.c.recipient, digest.c.state, digest.c.reason)
    joined = digest.join(outbox, outbox.c.digest == digest.c.id, isouter=True)
    query = joined.select().with_only_columns(*columns, outbox.c.state.label("sent"), outbox.c.last_error)
    if address is not None:
        query = query.where(store.alike(digest.c.recipient, address))
    return list(tx.execute(query.order_by(digest.c.slot, digest.c.id)))


def text(moment: datetime) -> str:
    """A moment as the table has it: UTC, ISO 8601."""
    return moment.astimezone(UTC).isoformat()
