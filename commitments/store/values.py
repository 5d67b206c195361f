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


def day_in(tx: Connection, text: Value, key: str) -> Value:
    """The day that a JSON text names by a key, to be compared with a column of days."""
    if tx.dialect.name == "sqlite":
        return sa.func.json_extract(text, f"$.{key}")
    return sa.cast(sa.cast(text, sa.JSON)[key].as_string(), sa.Date)


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
