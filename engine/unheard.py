"""Which notices a recipient is owed and was not told, found without looking through all that was ever owed.

A notice gets the next number when it comes to be owed. A recipient's digest remembers up to which number everything
was told or is not for them, and for which roles and scope that is so; the next one begins there.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from commitments import store
from commitments.listing import brief
from commitments.store import Connection, Row
from engine.owing import batches, last_number
from engine.recipients import Recipient


def unheard(tx: Connection, recipient: Recipient) -> list[Row[Any]]:
    """The notices that are owed to a recipient and were not told, in the order in which they came to be owed."""
    table, first = store.notice, _looked(tx, recipient)
    told = store.told.select().where(store.told.c.recipient == recipient.address, store.told.c.notice == table.c.key)
    owed = table.select().where(
        table.c.state == "owed", table.c.audience.in_(recipient.roles), table.c.number > first, ~told.exists()
    )
    rows = tx.execute(owed.order_by(table.c.number, table.c.key)).all()
    covered = _covered(tx, recipient, {row.commitment for row in rows})
    return [row for row in rows if row.commitment in covered]


def look(tx: Connection, recipient: Recipient, digest: int) -> None:
    """Remember with a digest how far a recipient is told, once what it tells is written down.

    What was held back is looked at again at the next slot: everything from there on is.
    """
    left = [row.number for row in unheard(tx, recipient)]
    last = min(left) - 1 if left else last_number(tx)
    table = store.digest
    looked = {"looked": last, "looked_as": _as(recipient)}
    tx.execute(table.update().where(table.c.id == digest).values(**looked))


def _looked(tx: Connection, recipient: Recipient) -> int:
    """The number up to which there is nothing left to tell; 0 where the roles or the scope were others."""
    table = store.digest
    mine = table.select().where(table.c.recipient == recipient.address, table.c.looked.is_not(None))
    last = tx.execute(mine.order_by(table.c.slot.desc()).limit(1)).first()
    return last.looked if last and last.looked_as == _as(recipient) else 0


def _as(recipient: Recipient) -> str:
    """What tells one set of roles and scope from another."""
    return sha256(f"{sorted(recipient.roles)} {recipient.scope.model_dump_json()}".encode()).hexdigest()


def _covered(tx: Connection, recipient: Recipient, identifiers: set[str]) -> set[str]:
    """Those of these commitments that are in a recipient's scope."""
    table = store.commitment
    found: set[str] = set()
    for some in batches(sorted(identifiers)):
        rows = tx.execute(table.select().where(table.c.id.in_(some)))
        found.update(row.id for row in rows if recipient.scope.covers(brief(row)))
    return found
