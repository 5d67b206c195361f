"""An open store, and its transactions."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from commitments.store import guards, migrations
from commitments.store.places import Database, database
from commitments.store.rows import recall, remember
from commitments.store.trouble import DamagedStoreError, LostRightError, NoRegisterError, WrittenMeanwhileError

_ACTING = "acting"
"""Under this name the store has the number of the one who acts; whoever takes the right takes the next."""
_HOLDER = "SELECT value FROM meta WHERE name = 'acting'"
_LONG = 0.02
"""A transaction that lasted longer, in seconds, may have kept others waiting."""


@dataclass(frozen=True)
class _Right:
    """The right to act for a store, as it was taken; whoever takes it later has another number."""

    number: str
    assure: Callable[[], None]


@dataclass
class _Written:
    """The last writing transaction of this process: when it ended, and how long it lasted, in seconds."""

    ended: float = 0.0
    lasted: float = 0.0


@dataclass(frozen=True)
class Store:
    """An open store. Its transactions are all or nothing."""

    database: Database
    _engine: Engine = field(repr=False)
    _assure: Callable[[Connection], None] = field(repr=False)
    _rights: list[_Right] = field(default_factory=list, repr=False)
    _last: _Written = field(default_factory=_Written, repr=False)

    @classmethod
    def open(cls, place: str | Path, *, new: bool = False) -> Self:
        """The store at a place, brought to the layout that this version knows; with `new` made if it is not there.

        The place is the path of a SQLite file, or the address of a PostgreSQL database. Raises a StoreError that says
        what is wrong and the way out; a NoRegisterError where none is there.
        """
        there = database(place)
        store = cls(there, there.engine(new=new), there.watch())
        try:
            store._prepare(new=new)
        except UnicodeDecodeError as error:  # of the driver, which cannot even say what SQLite met
            store.close()
            raise DamagedStoreError(store.where, "what it says of its tables is no text") from error
        except BaseException:
            store.close()
            raise
        return store

    @property
    def where(self) -> str:
        """The place, for people."""
        return self.database.where

    def _prepare(self, *, new: bool) -> None:
        with self.reading() as tx:
            found = migrations.layout(tx, self.where)
        if not found and not new:
            raise NoRegisterError(self.where, "the database has no tables")
        if found < len(migrations.MIGRATIONS):
            with self.writing() as tx:
                migrations.migrate(tx, self.where)

    @contextmanager
    def reading(self, *, temporary: bool = False) -> Iterator[Connection]:
        """A transaction that sees the store as it was when it began, and keeps nobody from writing.

        With `temporary` it may make tables of its own, which are gone when it ends. Raises WrittenMeanwhileError at the
        end where it cannot be sure of what it saw, and GoneStoreError where the register was moved away since it was
        opened; so does `writing`.
        """
        options, before = {"temporary": temporary}, self.database.state()
        with self._told(), self._engine.connect().execution_options(**options) as connection, connection.begin():
            self._assure(connection)
            yield connection
        if before is not None and self.database.state() != before:
            raise WrittenMeanwhileError(self.where)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may write; one at a time, the others wait for up to 30 seconds and say that they do.

        Between two long ones of the same process there is time for one of another. Raises BusyStoreError.
        """
        for right in self._rights:
            right.assure()
        self._give_way()
        with self._told(), self._engine.connect().execution_options(writing=True) as connection, connection.begin():
            began = time.monotonic()
            try:
                self._assure(connection)
                # Asked where no other can write: a process that stood still meanwhile finds its successor's number.
                for right in self._rights:
                    if connection.exec_driver_sql(_HOLDER).scalar() != right.number:
                        raise LostRightError(self.where, "was taken by another process")
                yield connection
                # Once more: what is written into a file that went meanwhile would be lost with it.
                self._assure(connection)
            finally:
                self._last.ended = time.monotonic()
                self._last.lasted = self._last.ended - began

    @contextmanager
    def trial(self) -> Iterator[Connection]:
        """A transaction in which anything may be tried, for nothing of it stays.

        A register in a file is copied for it, so that nobody waits and one that can only be read will do; on a server
        those who write wait meanwhile.
        """
        with (
            self._told(),
            self.database.scratch(self._engine) as engine,
            engine.connect().execution_options(writing=True) as connection,
            connection.begin(),
        ):
            yield connection
            connection.rollback()

    def _give_way(self) -> None:
        """Leave time for another process after a long transaction, where the database has no queue of its own."""
        left = self._last.ended + self.database.between - time.monotonic()
        if self._last.lasted > _LONG and left > 0:
            time.sleep(left)

    @contextmanager
    def acting(self) -> Iterator[None]:
        """Holds the right to act for this store, which one process has at a time.

        Raises AlreadyRunningError; a transaction that would write after the right was lost raises LostRightError.
        """
        with self._told(), self.database.lock() as assure:
            right = _Right(self._next_number(), assure)
            self._rights.append(right)
            try:
                yield
            finally:
                self._rights.remove(right)

    def _next_number(self) -> str:
        with self.writing() as tx:
            number = str(int(recall(tx, _ACTING) or 0) + 1)
            remember(tx, _ACTING, number)
        return number

    def clock(self, local: Callable[[], datetime]) -> Callable[[], datetime]:
        """What tells the time for all who act for this store; `local` is this computer's clock."""
        clock = self.database.clock(self._engine, local)

        def now() -> datetime:
            with self._told():
                return clock()

        return now

    def check(self) -> None:
        """Read all of the database, which takes seconds where it is large. Raises DamagedStoreError."""
        with self.reading() as tx:
            self.database.check(tx)

    def unguarded(self) -> list[str]:
        """The triggers that should keep the ledger from being changed, and are not there."""
        with self.reading() as tx:
            return guards.unguarded(tx)

    def strangers(self) -> list[guards.Stranger]:
        """The triggers and rules at our tables that are not ours."""
        with self.reading() as tx:
            return guards.strangers(tx)

    def flush(self) -> None:
        """Let what was overwritten be gone from the disk as well, as far as that is in our hands."""
        with self._told():
            self.database.flush(self._engine)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tells what the database met in our words; what is a fault of ours stays what it is."""
        try:
            yield
        except (sa.exc.DBAPIError, sqlite3.Error) as error:
            trouble = self.database.trouble(error)
            if trouble is None:
                raise
            raise trouble from error

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()
