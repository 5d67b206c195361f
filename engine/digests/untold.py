"""Which notices a recipient is owed and was not told, found without looking through all that was ever owed.

A notice gets the next number when it comes to be owed. A recipient's digest remembers up to which number everything
was told or is not for them, and for which roles and scope that is so; the next one begins there.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from commitments import store
from commitments.store import Connection, Row, given
from commitments.store.notices import last_number
from engine.digests.scopes import Profiles
from engine.workspace.recipients import Recipient, Scope

_OF_THESE: Final = store.notice.select().where(store.notice.c.commitment.in_(given("ids")))
"""Only by commitment: a database that is given more to choose from looks through all that was ever owed."""
_TOLD: Final = (
    store.told.select()
    .with_only_columns(store.told.c.notice)
    .where(store.told.c.recipient == given("address"), store.told.c.notice.in_(given("keys")))
)
_LAST_LOOKED: Final = (
    store.digest.select()
    .with_only_columns(store.digest.c.looked, store.digest.c.looked_as)
    .where(store.digest.c.recipient == given("address"), store.digest.c.looked.is_not(None))
    .order_by(store.digest.c.slot.desc())
    .limit(1)
)
_LOOKED: Final = store.digest.update().where(store.digest.c.id == given("number"))


class Owed:
    """The commitments of which something is owed, looked up once for all who are told in a pass.

    What came to be owed after the number `last` is for the next time.
    """

    def __init__(self) -> None:
        self.last = 0
        self._first = 0
        self._profiles: Profiles | None = None

    def within(self, tx: Connection, scope: Scope, first: int) -> list[str]:
        """The ids of those in a scope of which something came to be owed after a number."""
        if self._profiles is None or first < self._first:
            self.last = last_number(tx)
            # Twice as far back as is asked for: the next recipient may ask for a little more.
            self._first = max(0, self.last - 2 * (self.last - first))
            table = store.notice
            owed = table.select().where(table.c.state == "owed", table.c.number > self._first)
            self._profiles = Profiles(tx, store.commitment.c.id.in_(owed.with_only_columns(table.c.commitment)))
        return self._profiles.within(scope)


def unheard(tx: Connection, recipient: Recipient, owed: Owed | None = None) -> list[Row[Any]]:
    """The notices that are owed to a recipient and were not told, in the order in which they came to be owed."""
    first, found = _looked(tx, recipient), list[Row[Any]]()
    for some in store.batches((owed or Owed()).within(tx, recipient.scope, first)):
        rows = tx.execute(_OF_THESE, {"ids": some})
        found += (row for row in rows if row.state == "owed" and row.number > first and row.audience in recipient.roles)
    told = _told(tx, recipient, [row.key for row in found])
    return sorted((row for row in found if row.key not in told), key=lambda row: (row.number, row.key))


def _told(tx: Connection, recipient: Recipient, keys: list[str]) -> set[str]:
    """Those of these notices that a recipient was told of."""
    told = set[str]()
    for some in store.batches(keys):
        told.update(tx.execute(_TOLD, {"address": recipient.address, "keys": some}).scalars())
    return told


def look(tx: Connection, recipient: Recipient, digest: int, left: Iterable[int], owed: Owed) -> None:
    """Remember with a digest how far a recipient is told; `left` are the numbers of what is still unheard after it.

    What was held back is looked at again at the next slot: everything from there on is.
    """
    last = min([owed.last, *(number - 1 for number in left)])
    tx.execute(_LOOKED, {"number": digest, "looked": last, "looked_as": _as(recipient)})


def _looked(tx: Connection, recipient: Recipient) -> int:
    """The number up to which there is nothing left to tell; 0 where the roles or the scope were others."""
    last = tx.execute(_LAST_LOOKED, {"address": recipient.address}).first()
    return last.looked if last and last.looked_as == _as(recipient) else 0


@lru_cache(maxsize=10_000)
def _as(recipient: Recipient) -> str:
    """What tells one set of roles and scope from another."""
    return sha256(f"{sorted(recipient.roles)} {recipient.scope.model_dump_json()}".encode()).hexdigest()
