"""A register in a PostgreSQL database: how it is reached, locked, and what its errors mean. The home of psycopg."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Timer

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import NullPool

from commitments.store import patience
from commitments.store.trouble import (
    AlreadyRunningError,
    BusyStoreError,
    DamagedStoreError,
    FullStoreError,
    GoneStoreError,
    LostRightError,
    LostStoreError,
    MissingDriverError,
    NoDatabaseError,
    NotAnAddressError,
    ReadOnlyStoreError,
    StoreError,
    UnreachableStoreError,
    WrongPasswordError,
)

SCHEMES = ("postgresql://", "postgres://")
_ACTING, _WRITING = 0x67657374, 0x67657375
"""The numbers of our advisory locks; the second half of a lock's key is the schema."""


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL database, by its address; `where` is the address without a password."""

    where: str
    _url: sa.URL = field(repr=False)

    @property
    def between(self) -> float:
        """The seconds between two long transactions: none, for PostgreSQL gives everybody their turn."""
        return 0.0

    @classmethod
    def at(cls, address: str) -> Postgres:
        """The database at an address such as postgresql://gestand@db.example.org/gestand.

        The password may stand in it, in PGPASSWORD, or in a password file (~/.pgpass). Raises NotAnAddressError.
        """
        try:
            url = sa.make_url(address).set(drivername="postgresql+psycopg")
        except (sa.exc.ArgumentError, ValueError):
            raise NotAnAddressError from None
        query = {name: value for name, value in url.query.items() if name not in {"password", "sslpassword"}}
        # Made anew: `set` leaves a password alone where it is to become None.
        shown = sa.URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
        return cls(str(shown), url)

    def engine(self, *, new: bool) -> Engine:  # noqa: ARG002 (a database is made by its server alone)
        """Connections to the database, made anew where they were cut off. Raises MissingDriverError."""
        made = self._engine(pool_pre_ping=True)
        sa.event.listen(made, "begin", _begin)
        return made

    def _engine(self, **options: object) -> Engine:
        named = f"gestand on {platform.node()}, process {os.getpid()}"[:63]
        reach = {"connect_timeout": 10, "application_name": named}
        try:
            return sa.create_engine(self._url, hide_parameters=True, connect_args=reach, **options)
        except ModuleNotFoundError as error:
            raise MissingDriverError from error

    def watch(self) -> Callable[[Connection], None]:
        """A function that does nothing: whoever asks the server asks the database that is at the address now."""
        return lambda _tx: None

    def trouble(self, error: Exception) -> StoreError | None:
        """What an error of the database means in our words; None where it is a fault of ours."""
        met = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        state = getattr(met, "sqlstate", None) or ""
        reason = " ".join(str(met).split())
        for beginning, kind in _TROUBLE.items():
            if state.startswith(beginning):
                return kind(self.where, reason)
        if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
            return LostStoreError(self.where, reason)
        return self._unreachable(reason) if not state and type(met).__name__ == "OperationalError" else None

    def _unreachable(self, reason: str) -> StoreError:
        """A connection that came to nothing has no state, only words."""
        if "password" in reason or "authentication failed" in reason or "role" in reason:
            return WrongPasswordError(self.where, reason)
        if "does not exist" in reason and "database" in reason:
            return NoDatabaseError(self.where, reason)
        return UnreachableStoreError(self.where, reason)

    def check(self, tx: Connection) -> None:
        """Read every row once: PostgreSQL tells of damaged pages when it reads them. Raises DamagedStoreError."""
        for name in sa.inspect(tx).get_table_names():
            tx.exec_driver_sql(f'SELECT count(whole::text) FROM "{name}" AS whole').scalar_one()  # noqa: S608

    def flush(self, engine: Engine) -> None:
        """Let the database use the room of what was overwritten again."""
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT", bare=True) as connection:
            connection.exec_driver_sql("VACUUM ledger, commitment, outbox, message, silence")

    @contextmanager
    def scratch(self, engine: Engine) -> Iterator[Engine]:
        """The connections themselves: what is tried is rolled back."""
        yield engine

    def state(self) -> object:
        """Nothing: the server keeps what is read and what is written apart."""
        return None

    def clock(self, engine: Engine, _local: Callable[[], datetime]) -> Callable[[], datetime]:
        """What tells the time: the database, whose clock is the same for every computer that acts for it."""

        def now() -> datetime:
            with engine.connect().execution_options(bare=True) as connection:
                moment: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
                return moment.astimezone(UTC)

        return now

    @contextmanager
    def lock(self) -> Iterator[Callable[[], None]]:
        """Holds the right to act, on a connection of its own; the server gives it back when that ends.

        Raises AlreadyRunningError with what is known of the holder. The function that comes back assures that the
        right is still held; it raises LostRightError.
        """
        engine = self._engine(poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            if not connection.execute(_TRY).scalar_one():
                holder = connection.execute(_HOLDER).scalar() or "somewhere else"
                raise AlreadyRunningError(self.where, holder)

            def assure() -> None:
                # Asked again after it was lost, a connection answers with another kind of error.
                try:
                    connection.exec_driver_sql("SELECT 1")
                except sa.exc.SQLAlchemyError as error:
                    raise LostRightError(self.where, "was lost with its connection, which was cut") from error

            yield assure


_KEY = f"{_ACTING}, hashtext(current_schema())"
_TRY = sa.text(f"SELECT pg_try_advisory_lock({_KEY})")
_HOLDER = sa.text(
    "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory' AND granted"
    " AND classid = :acting AND objid = hashtext(current_schema())::oid AND database = datid"
    " AND datname = current_database()"
).bindparams(acting=_ACTING)


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("bare"):
        return
    if options.get("writing"):
        _begin_writing(connection)
        return
    # Who makes tables of their own cannot be READ ONLY to PostgreSQL.
    kind = "" if options.get("temporary") else ", READ ONLY"
    connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ{kind}")


_MINE = f"{_WRITING}, hashtext(current_schema())"


def _begin_writing(connection: Connection) -> None:
    """Wait for the lock of those who write: one at a time, as in SQLite, for an entry follows the last one."""
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{patience.LONGEST}s'")
    if connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({_MINE})").scalar_one():
        return
    word = Timer(patience.TOLD_AFTER, patience.tell_waiting)
    word.start()
    try:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MINE})")
    finally:
        word.cancel()


_TROUBLE: dict[str, Callable[[str, str], StoreError]] = {
    "08": LostStoreError,
    "25006": ReadOnlyStoreError,
    "25P03": LostStoreError,
    "28": WrongPasswordError,
    "3D000": NoDatabaseError,
    "3F000": GoneStoreError,
    "42501": ReadOnlyStoreError,
    "42P01": GoneStoreError,
    "53100": FullStoreError,
    "53": BusyStoreError,
    "55P03": BusyStoreError,
    "57P": LostStoreError,
    "XX001": DamagedStoreError,
    "XX002": DamagedStoreError,
}
"""What a class of errors means; the first that an error's SQLSTATE begins with counts."""
