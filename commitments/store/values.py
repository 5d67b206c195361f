"""Values that the database works out itself, for those who would else ask it for every row."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

Value = sa.ColumnElement[Any]


def choice(*cases: tuple[Value, Any], other: Any) -> Value:  # noqa: ANN401 - any value of a column
    """The value beside the first condition that holds, else `other`."""
    return sa.case(*cases, else_=other)


def as_kept(value: Value) -> Value:
    """A value as the database keeps it: in SQLite a day is a text, which costs least to read."""
    return sa.type_coerce(value, sa.Text)
