"""Values in a SQLite file that are not of their column's kind: a damaged file, or another program, left them there.

SQLite keeps whatever it is given in any column. PostgreSQL does not, so there is nothing to look for in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from commitments.model.commitment import Force, Status
from commitments.store.tables import commitment, digest, ledger, meta, metadata, notice, outbox, silence, suppression

_MOST: Final = 20
"""Of so many rows of a table what does not fit is told."""
_JSON: Final = frozenset({commitment.c.by, commitment.c.to, commitment.c.ground, silence.c.scope})
_MOMENTS: Final = frozenset(
    {
        ledger.c.at,
        notice.c.created_at,
        digest.c.slot,
        digest.c.covers_from,
        outbox.c.next_try_at,
        outbox.c.lease_until,
        outbox.c.queued_at,
        outbox.c.sent_at,
        suppression.c.since,
        silence.c.since,
        silence.c.ended_at,
    }
)
"""Texts that are read as JSON, and as moments."""


_WORDS: Final = {
    commitment.c.status: [status.value for status in Status],
    commitment.c.force: [force.value for force in Force],
    outbox.c.state: ["queued", "sending", "sent", "failed", "dead", "superseded", "dropped"],
    notice.c.state: ["owed", "superseded", "dropped"],
}
"""The words that a column may hold."""
_UNFIT_OF_META: Final = (
    (meta.c.name == "last_pass") & sa.func.datetime(meta.c.value).is_(None),
    (meta.c.name == "acting") & (sa.cast(sa.cast(meta.c.value, sa.Integer), sa.Text) != meta.c.value),
)
"""What the program remembers as a moment, and as a number, and cannot be read so."""


class Misfit(NamedTuple):
    """A value that is not of its column's kind: where it stands. `row` is its primary key, in words."""

    table: str
    row: str
    column: str

    def __str__(self) -> str:
        return f"in the table {self.table} the column {self.column} of row {self.row} cannot be read"


def misfits(tx: Connection) -> Iterator[Misfit]:
    """The values that are not of their column's kind, in the order of the tables; all of the file is read."""
    if tx.dialect.name != "sqlite":
        return
    for table in metadata.sorted_tables:
        keys = [sa.cast(column, sa.Text) for column in table.primary_key]
        wrong = [(column.name, _not_fitting(column)) for column in table.columns]
        first = sa.case(*((test, name) for name, test in wrong), else_=None)
        query = sa.select(*keys, first).select_from(table).where(sa.or_(*(test for _, test in wrong))).limit(_MOST)
        for *key, column in tx.execute(query):
            yield Misfit(table.name, ", ".join(map(str, key)), column)
    for name in tx.execute(sa.select(meta.c.name).where(sa.or_(*_UNFIT_OF_META))).scalars():
        yield Misfit(meta.name, str(name), meta.c.value.name)


def clear(tx: Connection, table: sa.Table, found: Iterable[Misfit]) -> None:
    """Empty the columns of a table's rows that do not fit, as far as they may be empty."""
    for misfit in found:
        if misfit.table == table.name and table.c[misfit.column].nullable:
            key = sa.cast(table.primary_key.columns[0], sa.Text) == misfit.row
            tx.execute(table.update().where(key).values({misfit.column: None}))


def _not_fitting(column: sa.Column[object]) -> sa.ColumnElement[bool]:
    """What is true of a value that is not of its column's kind; of NULL where there must be a value."""
    wrong = sa.func.coalesce(sa.not_(_fitting(column)), sa.true())
    return wrong if not column.nullable else sa.and_(column.is_not(None), wrong)


def _fitting(column: sa.Column[object]) -> sa.ColumnElement[bool]:
    kind: sa.ColumnElement[str] = sa.func.typeof(column)
    plain = sa.type_coerce(column, sa.Text)
    if isinstance(column.type, sa.Boolean):
        return sa.type_coerce(column, sa.Integer).in_((0, 1))
    if isinstance(column.type, sa.Date):
        return sa.and_(kind == "text", sa.func.date(plain) == plain)
    if isinstance(column.type, sa.Integer):
        return kind == "integer"
    if isinstance(column.type, sa.LargeBinary):
        return kind == "blob"
    return sa.and_(kind == "text", _readable(column, plain))


def _readable(column: sa.Column[object], plain: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    if column in _WORDS:
        return plain.in_(_WORDS[column])
    if column in _JSON:
        listed: sa.ColumnElement[str] = sa.func.json_type(plain)
        return sa.case((sa.func.json_valid(plain) == 1, listed), else_="").in_(("array", "object"))
    if column in _MOMENTS:
        return sa.func.datetime(plain).is_not(None)
    return sa.true()
