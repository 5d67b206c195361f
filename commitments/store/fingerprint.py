"""Whether the projection was written by the program alone: a sum over its rows, kept beside them.

Each row has a number that follows from what stands in it (its hash), and the store remembers the sum of all of them.
Whoever writes rows adds what they come to and takes away what they came to before, so that a row that anybody else
changed, added or took away makes a difference that stays. It shows a hand that did not know of it, and costs a small
part of a replay of the ledger; only a replay (`gestand verify`) shows every difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from commitments.store.rows import batches, given, recall, remember
from commitments.store.tables import commitment

_NAME: Final = "projection"
_LEFT_OUT: Final = frozenset({"pack", "changed"})
"""What is written of many rows at once, and does not tell where a commitment stands."""
_BETWEEN: Final = "\x1f"


@contextmanager
def rewriting(tx: Connection, identifiers: Sequence[str]) -> Iterator[None]:
    """Where rows of the projection are written: the sum follows from what they were to what they are."""
    if not identifiers:
        yield
        return
    before = _sum(tx, identifiers)
    yield
    known = recall(tx, _NAME)
    if known is None:
        renew(tx)
    elif known.lstrip("-").isdecimal():
        remember(tx, _NAME, str(int(known) + _sum(tx, identifiers) - before))


def renew(tx: Connection) -> None:
    """Take the rows that are there for those that should be."""
    remember(tx, _NAME, str(_total(tx)))


def is_ours(tx: Connection) -> bool:
    """Whether the rows of the projection add up to what they should; all of them are read."""
    known = recall(tx, _NAME)
    return known is None or known == str(_total(tx))


def _total(tx: Connection) -> int:
    return int(tx.execute(_SUMS[tx.dialect.name]).scalar_one())


def _sum(tx: Connection, identifiers: Sequence[str]) -> int:
    query = _SUMS_OF[tx.dialect.name]
    return sum(int(tx.execute(query, {"some": some}).scalar_one()) for some in batches(identifiers))


def _plain(column: sa.Column[Any]) -> sa.ColumnElement[str]:
    """A value as a text that is the same in every database."""
    if isinstance(column.type, sa.Boolean):
        return sa.case((column, "1"), else_="0")
    text = sa.type_coerce(column, sa.Text) if isinstance(column.type, sa.Text) else sa.cast(column, sa.Text)
    return sa.func.coalesce(text, "") if column.nullable else text


_COLUMNS: Final = [column for column in commitment.columns if column.name not in _LEFT_OUT]
_ROW: Final = reduce(lambda first, second: first + _BETWEEN + second, map(_plain, _COLUMNS))
FUNCTION: Final = "gestand_fingerprint"
"""The name of the function of SQLite that says what number a text has (commitments.store.sqlite)."""
_FORMATTED: Final = sa.func.printf(_BETWEEN.join(["%s"] * len(_COLUMNS)), *_COLUMNS)
"""The same text as `_ROW`, which SQLite makes of a row in half the time."""
_SQLITE: Final = sa.Function(FUNCTION, _FORMATTED, type_=sa.BigInteger)
_HASH: Final = sa.func.encode(sa.func.sha256(sa.func.convert_to(_ROW, "UTF8")), "hex")
_POSTGRES: Final = sa.cast(
    sa.cast(sa.literal("x000000") + sa.func.substr(_HASH, 1, 10), sa.dialects.postgresql.BIT(64)), sa.BigInteger
)
_SUMS: Final = {
    dialect: sa.select(sa.func.coalesce(sa.func.sum(number), 0)).select_from(commitment)
    for dialect, number in (("sqlite", _SQLITE), ("postgresql", _POSTGRES))
}
_SUMS_OF: Final = {dialect: query.where(commitment.c.id.in_(given("some"))) for dialect, query in _SUMS.items()}
"""What asks for the sum over all rows, and over some, by dialect."""
