"""Addresses that get nothing more: people who unsubscribed, and mailboxes that do not exist."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from commitments.ledger import register
from commitments.ledger.chain import stamp
from commitments.store import Connection, Row, given
from commitments.store import suppression as table

_OF_ONE: Final = table.select().where(table.c.address == given("key")).order_by(table.c.kind)


_GONE: Final = re.compile(r"5\.(1\.(1|2|3|4|6|10)|2\.1)")
"""RFC 3463 and 7505: there is no such mailbox or domain, it moved away, takes no mail, or is closed.

The others of 5.1 say nothing of the mailbox: 5.1.7 and 5.1.8 are about the sender, and 5.1.0 may be.
"""


def is_gone(status: str) -> bool:
    """Whether a status says that an address will never take mail. Whatever else failed may work the next time."""
    return _GONE.fullmatch(status) is not None


class Kind(StrEnum):
    """Why an address gets nothing more; one can have both kinds."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """An address that gets nothing more, since when and why; `detail` is what its server said, or how it was asked."""

    address: str
    kind: Kind
    since: datetime
    detail: str = ""

    def __str__(self) -> str:
        """Why, for the ledger and for people: unsubscribed since 2018-08-13."""
        return f"{self.kind} since {self.since:%Y-%m-%d}"


def suppress(tx: Connection, address: str, kind: Kind, *, at: datetime, actor: str, detail: str = "") -> bool:
    """Let an address get nothing more; False where that was so already, and nothing was written."""
    if any(known.kind is kind for known in _of(tx, address)):
        return False
    row = {"address": _key(address), "kind": kind.value, "since": stamp(at), "detail": detail}
    tx.execute(table.insert().values(**row))
    _note(tx, "address_suppressed", address, kind, at=at, actor=actor)
    return True


def lift(tx: Connection, address: str, *, at: datetime, actor: str) -> tuple[Suppression, ...]:
    """Let an address get mail again; what was lifted."""
    lifted = _of(tx, address)
    tx.execute(table.delete().where(table.c.address == _key(address)))
    for known in lifted:
        _note(tx, "address_released", address, known.kind, at=at, actor=actor)
    return lifted


def suppressed(tx: Connection, address: str, kinds: Collection[Kind] = tuple(Kind)) -> Suppression | None:
    """Since when and why an address gets nothing more, None where it gets mail; the wish comes before the mishap.

    Only reasons of these kinds count.
    """
    found = (known for known in _of(tx, address) if known.kind in kinds)
    return next(iter(sorted(found, key=lambda known: known.kind, reverse=True)), None)


def suppressions(tx: Connection) -> list[Suppression]:
    """Every address that gets nothing more, in order."""
    return [_suppression(row) for row in tx.execute(table.select().order_by(table.c.address, table.c.kind))]


def _of(tx: Connection, address: str) -> tuple[Suppression, ...]:
    found = tx.execute(_OF_ONE, {"key": _key(address)})
    return tuple(_suppression(row) for row in found)


def _suppression(row: Row[Any]) -> Suppression:
    since = datetime.fromisoformat(row.since)
    return Suppression(address=row.address, kind=Kind(row.kind), since=since, detail=row.detail)


def _key(address: str) -> str:
    return address.strip().lower()


def _note(tx: Connection, entry: str, address: str, kind: Kind, *, at: datetime, actor: str) -> None:
    """A ledger entry, in which the address can be erased."""
    register.note(tx, entry, {"kind": kind.value}, at=at, actor=actor, texts={"address": _key(address)})
