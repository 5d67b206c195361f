"""An open store, and its transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sqlalchemy.engine import Connection, Engine

from commitments.store import migrations, sqlite
from commitments.store.trouble import DamagedStoreError


@dataclass(frozen=True)
class Store:
    """An open store: `where` it is, for people. Its transactions are all or nothing."""

    where: str
    _engine: Engine = field(repr=False)

    @classmethod
    def open(cls, place: str | Path) -> Self:
        """The store in a SQLite file, made if it is not there and brought to the layout that this version knows.

        Raises a StoreError that says what is wrong and the way out.
        """
        path = Path(str(place).removeprefix("sqlite:///"))
        store = cls(str(path), sqlite.engine(path))
        try:
            store._prepare()
        except BaseException:
            store.close()
            raise
        return store

    def _prepare(self) -> None:
        with self.reading() as tx:
            ready = migrations.layout(tx, self.where) == len(migrations.MIGRATIONS)
        if not ready:
            with self.writing() as tx:
                migrations.migrate(tx, self.where)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees the store as it was when it began."""
        with sqlite.told(self.where), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may write; one at a time, the others wait for up to 5 seconds."""
        with (
            sqlite.told(self.where),
            self._engine.connect().execution_options(writing=True) as connection,
            connection.begin(),
        ):
            yield connection

    def check(self) -> None:
        """Read all of the database, which takes seconds where it is large. Raises DamagedStoreError."""
        with self.reading() as tx:
            found = tx.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
        if found != "ok":
            raise DamagedStoreError(self.where, str(found).replace("\n", " "))

    def flush(self) -> None:
        """Let what was overwritten leave the log beside the file too, unless somebody is reading."""
        with sqlite.told(self.where):
            connection = self._engine.raw_connection()
            try:
                connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                connection.close()

    def close(self) -> None:
        """Give back the file."""
        self._engine.dispose()
