"""Values that the database works out itself, for those who would else ask it for every row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

Value = sa.ColumnElement[Any]


def choice(*cases: tuple[Value, Any], other: Any) -> Value:  # noqa: ANN401 - any value of a column
    """The value beside the first condition that holds, else `other`."""
    return sa.case(*cases, else_=other)


def names_later(tx: Connection, text: Value, key: str, day: Value) -> Value:
    """Whether the day that a JSON text names by a key comes after that of a column; what cannot be read names none.

    Days are compared as texts: a database refuses the whole query for one that is no day.
    """
    if tx.dialect.name == "sqlite":
        return sa.case((sa.func.json_valid(text) == 1, sa.func.json_extract(text, f"$.{key}")), else_=None) > day
    named = sa.func.substring(text, f'"{key}":"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})"')
    return named > sa.func.to_char(day, "YYYY-MM-DD")


def as_octets(query: sa.Select[Any], table: sa.Table) -> sa.Select[Any]:
    """A query for all columns of a table, the texts among them as the octets that they are made of."""
    columns = (sa.cast(c, sa.LargeBinary).label(c.name) if _is_text(c) else c for c in table.c)
    return query.with_only_columns(*columns)


def _is_text(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.String)


def is_garbled(error: sa.exc.DBAPIError) -> bool:
    """Whether an error is that a text in a SQLite file is not UTF-8: a bit of it was flipped."""
    return "not decode to UTF-8" in str(error.orig)


def alike(column: Value, text: str) -> Value:
    """Whether a column holds a text, whatever the case of its letters."""
    return sa.func.lower(column) == sa.func.lower(text)


def as_kept(value: Value) -> Value:
    """A value as the database keeps it: in SQLite a day is a text, which costs least to read."""
    return sa.type_coerce(value, sa.Text)


def joined_by(between: str, values: Sequence[Value]) -> Value:
    """The texts of values, one behind the other, with a text in between."""
    texts = [sa.cast(value, sa.Text) for value in values]
    return reduce(lambda first, second: first + between + second, texts)
