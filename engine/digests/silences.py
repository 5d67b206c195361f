"""Silences: for some commitments nothing is told for a while, because somebody said so, and why.

What a silence held back is told when it has ended. Made and ended in the ledger; the table is what passes look at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from commitments import store
from commitments.ledger import register
from commitments.ledger.chain import stamp
from commitments.ledger.erasure import SILENCED
from commitments.model.commitment import Commitment
from commitments.store import Connection, given
from commitments.trouble import TroubleError
from engine.workspace.recipients import Scope

WARNED: Final = timedelta(days=3)
"""So long before a silence ends those who would hear again are told that it does."""


_LASTING: Final = (
    store.silence.select()
    .where(store.silence.c.ended_at.is_(None), store.silence.c.until >= given("today"))
    .order_by(store.silence.c.until, store.silence.c.id)
)


class NoSuchSilenceError(TroubleError):
    """A silence that there is not, or that has ended."""

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no silence {number} that lasts; `gestand silences` lists those that do")


@dataclass(frozen=True, kw_only=True)
class Silence:
    """What is not told of up to and with the day `until`, by whose word, and why."""

    number: int
    scope: Scope
    until: date
    author: str
    reason: str

    def covers(self, commitment: Commitment) -> bool:
        """Whether nothing is told of a commitment."""
        return self.scope.covers(commitment)

    @property
    def what(self) -> str:
        """What it covers, in words: by nl/regering/bzk; kind reply."""
        given = self.scope.model_dump(exclude_defaults=True)
        return "; ".join(f"{name} {', '.join(values)}" for name, values in given.items()) or "everything"

    def __str__(self) -> str:
        """Why something is not told, in our words alone: what goes into other places than this can be kept."""
        return f"silenced until {self.until} by {self.author}"


def silence(tx: Connection, scope: Scope, *, until: date, reason: str, at: datetime, actor: str) -> Silence:
    """Tell nothing of what is in a scope up to and with a day."""
    row = {"scope": scope.model_dump_json(exclude_defaults=True), "until": until, "author": actor, "reason": reason}
    made = tx.execute(store.silence.insert().values(**row, since=stamp(at))).inserted_primary_key
    number = int(made[0]) if made else 0
    content = {"silence": number, "scope": scope.model_dump(mode="json", exclude_defaults=True), "until": str(until)}
    register.note(tx, SILENCED, content, at=at, actor=actor, texts={"reason": reason})
    return Silence(number=number, scope=scope, until=until, author=actor, reason=reason)


def end(tx: Connection, number: int, *, at: datetime, actor: str, today: date) -> Silence:
    """End a silence before its day: what it held back is told at the next slot. Raises NoSuchSilenceError."""
    found = next((one for one in silences(tx, today) if one.number == number), None)
    if found is None:
        raise NoSuchSilenceError(number)
    table = store.silence
    tx.execute(table.update().where(table.c.id == number).values(ended_at=stamp(at)))
    register.note(tx, "silence_ended", {"silence": number}, at=at, actor=actor)
    return found


def silences(tx: Connection, today: date) -> tuple[Silence, ...]:
    """The silences that last on a day, in the order in which they end."""
    return tuple(_silence(row) for row in tx.execute(_LASTING, {"today": today}))


def _silence(row: Any) -> Silence:  # noqa: ANN401 (a row has no type of its own)
    scope = Scope.model_validate_json(row.scope)
    return Silence(number=row.id, scope=scope, until=row.until, author=row.author, reason=row.reason)


# ------------------------------------------------------------------------------------------------- their end


def to_warn_of(
    tx: Connection, address: str, held: Iterable[Silence], today: date, *, again: bool = False
) -> list[Silence]:
    """Of the silences that hold something back from a reader, those that end soon and that they were not told of.

    `again` where the digest that told of them did not go.
    """
    ending = _ending(held, today)
    known = set() if again else _warned(tx, address, list(ending))
    return [one for number, one in ending.items() if number not in known]


def warned_lately(tx: Connection, address: str, held: Iterable[Silence], today: date) -> list[Silence]:
    """Of the silences that hold something back from a reader, those that end soon and that they were told of."""
    ending = _ending(held, today)
    known = _warned(tx, address, list(ending))
    return [one for number, one in ending.items() if number in known]


def _ending(held: Iterable[Silence], today: date) -> dict[int, Silence]:
    return {one.number: one for one in held if one.until - today < WARNED}


def warned_of(tx: Connection, address: str, ending: Sequence[Silence]) -> None:
    """Remember that a reader was told of the end of these."""
    known = _warned(tx, address, [one.number for one in ending])
    fresh = [{"recipient": address, "silence": one.number} for one in ending if one.number not in known]
    if fresh:
        tx.execute(store.warned.insert(), fresh)


def _warned(tx: Connection, address: str, numbers: Collection[int]) -> set[int]:
    """Those of these silences that a reader was told of the end of."""
    if not numbers:
        return set()
    table = store.warned
    mine = table.select().where(table.c.recipient == address, table.c.silence.in_(numbers))
    return {row.silence for row in tx.execute(mine)}
