"""Rows put in the place of what is there, counted, and the few texts that the program remembers about itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from commitments.store.tables import meta

_AT_ONCE: Final = 500
_Item = TypeVar("_Item")


def batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """The items, some at a time: databases take only so many values in one statement."""
    source = iter(items)
    while some := list(islice(source, _AT_ONCE)):
        yield some


def put(tx: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows, which all have the same keys; where a primary key is there, change its row instead."""
    if not rows:
        return
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[tx.dialect.name](table)
    keys = [column.name for column in table.primary_key]
    changes = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    tx.execute(insert.on_conflict_do_update(index_elements=keys, set_=changes), [dict(row) for row in rows])


def counted(
    table: sa.Table, column: sa.Column[Any], first: sa.Column[Any], values: Sequence[str] = ()
) -> sa.Select[tuple[Any, ...]]:
    """The query for how many rows have each `value` of a column, with the `first` of another; only these, if given."""
    query = sa.select(column.label("value"), sa.func.count().label("number"), sa.func.min(first).label("first"))
    query = query.select_from(table).group_by(column)
    return query.where(column.in_(values)) if values else query


def change(tx: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Change the rows with these primary keys, which are there; all have the same keys."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    fresh: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in rows[0] if name not in keys}
    query = table.update().where(*(table.c[name] == sa.bindparam(f"new_{name}") for name in keys)).values(fresh)
    tx.execute(query, [{f"new_{name}": value for name, value in row.items()} for row in rows])


def by_beginning(column: sa.Column[Any], values: Mapping[str, str], other: sa.Column[Any]) -> sa.ColumnElement[str]:
    """For each row the value of the text that a column begins with; of no two of these texts one begins the other.

    Where it begins with none of them it is `other`.
    """
    # Comparing takes a third of the time of LIKE; a text lies between its beginning and the next one of that length.
    ranges = ((column >= text) & (column < text[:-1] + chr(ord(text[-1]) + 1)) for text in values)
    return sa.case(*zip(ranges, values.values(), strict=True), else_=other)


def given(name: str) -> sa.BindParameter[Any]:
    """The place of a value that is given when a statement is executed; of several values behind `in_`.

    A statement that is built once is executed five times as fast as one that is built each time.
    """
    return sa.bindparam(name)


_RECALLED = meta.select().with_only_columns(meta.c.value).where(meta.c.name == given("name"))


def recall(tx: Connection, name: str) -> str | None:
    """What the program remembered under a name, None where that is nothing."""
    value: str | None = tx.execute(_RECALLED, {"name": name}).scalar()
    return value


def recall_between(tx: Connection, first: str, last: str, most: int | None = None) -> dict[str, str]:
    """What the program remembered under the names from one to another, both included, in order; the `most` first."""
    query = meta.select().where(meta.c.name >= first, meta.c.name <= last).order_by(meta.c.name)
    return {row.name: row.value for row in tx.execute(query.limit(most))}


def forget(tx: Connection, name: str) -> None:
    """Remember nothing under a name any more."""
    tx.execute(meta.delete().where(meta.c.name == name))


def remember(tx: Connection, name: str, value: str) -> None:
    """Remember a text under a name, in the place of what was there."""
    put(tx, meta, [{"name": name, "value": value}])
