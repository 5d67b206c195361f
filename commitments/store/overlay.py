"""Rows of the projection as readers are to see them, laid over those that are stored; nobody is kept from writing.

They stand in a table of the reader's own, and a view of the same name as the projection hides the stored one until the
transaction is rolled back. So every query of the projection reads them, and none has to know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from commitments.store.tables import commitment

_NAME: Final = "commitment_now"


def overlay(tx: Connection, columns: Sequence[str], rows: Iterable[Sequence[Mapping[str, Any]]]) -> None:
    """Let the rest of a transaction see these values of `columns`, by id, in the place of those that are stored.

    The rows come some at a time, and may be read from the projection meanwhile. The transaction is one of
    `reading(temporary=True)`, and must be rolled back in the end.
    """
    covering = sa.Table(
        _NAME,
        sa.MetaData(),
        sa.Column("id", commitment.c.id.type, primary_key=True),
        *(sa.Column(name, commitment.c[name].type) for name in columns),
        prefixes=["TEMPORARY"],
    )
    covering.create(tx, checkfirst=False)
    for some in rows:
        if some:
            tx.execute(covering.insert(), [dict(row) for row in some])
    _hide(tx, covering)


def _hide(tx: Connection, covering: sa.Table) -> None:
    """Make the view: the rows that are covered with their new values, and all others as they are."""
    sqlite = tx.dialect.name == "sqlite"
    # SQLite looks the name up when the view is read, and would find the view itself.
    stored = commitment.to_metadata(sa.MetaData(), schema="main") if sqlite else commitment
    fresh = (covering.c.get(name, column) for name, column in stored.c.items())
    covered = sa.select(*fresh).select_from(stored.join(covering, stored.c.id == covering.c.id))
    others = sa.select(*stored.c).where(stored.c.id.not_in(sa.select(covering.c.id)))
    query = sa.union_all(covered, others).compile(tx, compile_kwargs={"literal_binds": True})
    tx.exec_driver_sql(f"CREATE TEMPORARY VIEW {commitment.name} AS {query}")
    if not sqlite:
        # Statements that the server prepared before go on reading the stored table.
        tx.exec_driver_sql("DISCARD PLANS")
        tx.exec_driver_sql(f"ANALYZE {_NAME}")
