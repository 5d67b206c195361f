"""The table of notices: what was owed to whom, by its number, and which of it is muted."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.engine import Connection

from commitments.store.tables import notice

MUTED: Final = "muted by "
"""How the reason of a notice begins that is not sent because of another commitment."""


def last_number(tx: Connection) -> int:
    """The number of the notices that came to be owed last, 0 where none did."""
    last = notice.select().with_only_columns(notice.c.number).order_by(notice.c.number.desc()).limit(1)
    return tx.execute(last).scalar() or 0


def is_muted(row: Any) -> bool:  # noqa: ANN401 (a row has no type of its own)
    """Whether a notice is not sent because of another commitment."""
    return bool(row.reason.startswith(MUTED))
