"""Where a register can be kept: the kinds of database, by how a place is written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy.engine import Connection, Engine

from commitments.store import postgres
from commitments.store.postgres import Postgres
from commitments.store.sqlite import Sqlite
from commitments.store.trouble import StoreError


class Database(Protocol):
    """Where a register is kept: how it is reached, locked and checked, and what its errors mean."""

    @property
    def where(self) -> str:
        """The place, for people: never with a password."""
        ...

    @property
    def between(self) -> float:
        """The seconds between two long transactions of one process in which another that waits gets its turn."""
        ...

    def engine(self, *, new: bool) -> Engine:
        """Connections to it; with `new` it may be made."""
        ...

    def watch(self) -> Callable[[Connection], None]:
        """What assures that the register a transaction is in is still the one at the place."""
        ...

    def trouble(self, error: Exception) -> StoreError | None:
        """What an error means in our words; None where it is a fault of ours."""
        ...

    def check(self, tx: Connection) -> None:
        """Read all of it. Raises DamagedStoreError."""
        ...

    def flush(self, engine: Engine) -> None:
        """Let what was overwritten be gone."""
        ...

    def scratch(self, engine: Engine) -> AbstractContextManager[Engine]:
        """Connections on which a transaction can try things and take them back, with nobody waiting if possible."""
        ...

    def state(self) -> object:
        """What tells whether it was written, where it cannot be locked against that; else always the same."""
        ...

    def clock(self, engine: Engine, local: Callable[[], datetime]) -> Callable[[], datetime]:
        """What tells the time for all who act for it."""
        ...

    def lock(self) -> AbstractContextManager[Callable[[], None]]:
        """Holds the right to act for it, and gives a function that assures it is still held."""
        ...


def database(place: str | Path) -> Database:
    """The database at a place: the address of a PostgreSQL database, or the path of a SQLite file."""
    text = str(place)
    if text.startswith(postgres.SCHEMES):
        return Postgres.at(text)
    return Sqlite(Path(text.removeprefix("sqlite:///")))


def is_address(place: str) -> bool:
    """Whether a place is an address, not a path."""
    return place.startswith((*postgres.SCHEMES, "sqlite:///"))
