"""A register in a SQLite file: how the file is opened, locked and checked, and what its errors mean."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from commitments.store import patience
from commitments.store.trouble import (
    AlreadyRunningError,
    BusyStoreError,
    DamagedStoreError,
    FullStoreError,
    HalfRestoredError,
    LeftLogError,
    MissingFolderError,
    NetworkStoreError,
    ReadOnlyStoreError,
    StoreError,
)

_NETWORK = ("nfs", "cifs", "smb", "afs", "ncpfs", "glusterfs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "davfs")
_MOUNTS = Path("/proc/mounts")
_PAUSE = 0.003
"""So many seconds pass between two tries to begin writing; SQLite itself would wait up to a tenth of a second."""
ASIDE = ".before-"
"""What follows the name of a register that gave way to a copy, before the moment at which it did."""


@dataclass(frozen=True)
class Sqlite:
    """A SQLite file."""

    path: Path

    @property
    def where(self) -> str:
        """The path, for people."""
        return str(self.path)

    @property
    def between(self) -> float:
        """The seconds between two long transactions: SQLite has no queue, so who waits tries again and again."""
        return 4 * _PAUSE

    def engine(self) -> Engine:
        """Connections to the file, which is made when the first opens it.

        One that may only be read gets connections that leave nothing beside it. Raises NetworkStoreError, LeftLogError
        where a process that ended early left entries outside such a file, and HalfRestoredError where the register was
        put aside and nothing took its place.
        """
        mounts = _MOUNTS.read_text("utf-8", "replace") if _MOUNTS.exists() else ""
        filesystem = filesystem_of(self.path.resolve(), mounts)
        # SQLite's write-ahead log needs memory shared between processes, which no network file system has.
        if filesystem.startswith(_NETWORK):
            raise NetworkStoreError(self.where, filesystem)
        aside = None if self.path.exists() else put_aside(self.path)
        if aside is not None:
            raise HalfRestoredError(self.where, str(aside))
        return self._readable() if self._mode else _engine(sa.URL.create("sqlite", database=str(self.path)), _connected)

    @property
    def _mode(self) -> str:
        """How a file that may only be read is opened; empty where it may be written, or is not there yet."""
        if not self.path.exists() or all(os.access(one, os.W_OK) for one in (self.path, self.path.parent)):
            return ""
        # Without the shared memory nobody is writing, and none must be made: it would have the rights of the file.
        return "mode=ro" if self._beside("-shm").exists() else "immutable=1"

    def _beside(self, ending: str) -> Path:
        """A file that SQLite keeps beside this one."""
        return self.path.with_name(f"{self.path.name}{ending}")

    def _readable(self) -> Engine:
        """Connections that only read. Raises LeftLogError."""
        name, _, value = self._mode.partition("=")
        log = self._beside("-wal")
        if name == "immutable" and log.exists() and log.stat().st_size:
            raise LeftLogError(self.where, str(log))
        file = f"file:{quote(str(self.path.absolute()))}"
        return _engine(sa.URL.create("sqlite", database=file, query={"uri": "true", name: value}), _own)

    @contextmanager
    def scratch(self, engine: Engine) -> Iterator[Engine]:
        """Connections to a copy of the file as it is now, which is gone in the end."""
        with tempfile.TemporaryDirectory(prefix="gestand-") as folder:
            copy = Path(folder) / self.path.name
            with closing(engine.raw_connection()) as source, closing(sqlite3.connect(copy)) as target:
                source.driver_connection.backup(target)  # type: ignore[union-attr]
            made = _engine(sa.URL.create("sqlite", database=str(copy)), _careless)
            try:
                yield made
            finally:
                made.dispose()

    def state(self) -> object:
        """When a file that can neither be written nor locked was last written."""
        if self._mode != "immutable=1":
            return None
        stat = self.path.stat()
        return stat.st_ino, stat.st_size, stat.st_mtime_ns

    def trouble(self, error: Exception) -> StoreError | None:
        """What an error of the database means in our words; None where it is a fault of ours."""
        met = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        name = "_".join(getattr(met, "sqlite_errorname", "").split("_")[:2])
        return _TROUBLE[name](self.where, str(met)) if name in _TROUBLE else None

    def check(self, tx: Connection) -> None:
        """Read all of the database, which takes seconds where it is large. Raises DamagedStoreError."""
        found = tx.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
        if found != "ok":
            raise DamagedStoreError(self.where, str(found).replace("\n", " "))

    def flush(self, engine: Engine) -> None:
        """Let what was overwritten leave the log beside the file too, unless somebody is reading."""
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()

    def clock(self, _engine: Engine, local: Callable[[], datetime]) -> Callable[[], datetime]:
        """What tells the time: this computer, for nobody else uses the file."""
        return local

    @contextmanager
    def lock(self) -> Iterator[Callable[[], None]]:
        """Holds the right to act for this file; the system gives it back when the process ends, however it ends.

        Raises AlreadyRunningError with the holder's process number. The function that comes back assures that the
        right is still held, which here it always is.
        """
        beside = self.path.with_name(f"{self.path.name}.lock")
        try:
            handle = os.open(beside, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise ReadOnlyStoreError(self.where, f"{beside.name}: {error.strerror}") from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = os.read(handle, 32).decode().strip() or "unknown"
                raise AlreadyRunningError(self.where, f"process {holder}") from error
            os.truncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
            yield lambda: None
        finally:
            os.close(handle)


def put_aside(path: Path) -> Path | None:
    """The register that was last put aside from a path; None where none was."""
    before = f"{path.name}{ASIDE}"
    there = path.parent.iterdir() if path.parent.is_dir() else ()
    return max((one for one in there if one.name.startswith(before) and one.name.endswith("Z")), default=None)


def filesystem_of(path: Path, mounts: str) -> str:
    """The type of the file system that holds a path, by the text of /proc/mounts; empty where that does not tell."""
    found = ("", "")
    for line in mounts.splitlines():
        fields = line.split(" ")
        point = fields[1].replace("\\040", " ") if len(fields) > 2 else ""
        if point and path.is_relative_to(point) and len(point) >= len(found[0]):
            found = (point, fields[2])
    return found[1]


def _engine(url: sa.URL, connected: Callable[[sqlite3.Connection, object], None]) -> Engine:
    made = sa.create_engine(url, hide_parameters=True)
    sa.event.listen(made, "connect", connected)
    sa.event.listen(made, "begin", _begin)
    return made


def _own(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver begins no transactions by itself: _begin does
    _wait(connection, patience.LONGEST)


def _careless(connection: sqlite3.Connection, record: object) -> None:
    """A copy that is thrown away need not outlast a power cut."""
    _own(connection, record)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA foreign_keys = ON")


def _connected(connection: sqlite3.Connection, record: object) -> None:
    _own(connection, record)
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: a lost "sent" mark after a power cut would be a second mail.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # What was erased is overwritten, not just forgotten.
    connection.execute("PRAGMA secure_delete = ON")


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("writing", False):
        _begin_writing(connection.connection.driver_connection)
    else:
        connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Any) -> None:  # noqa: ANN401 (SQLAlchemy does not say which driver's it is)
    """Begin a transaction that may write as soon as no other does. Raises the driver's error where one always does."""
    tries, told = int(patience.LONGEST / _PAUSE), int(patience.TOLD_AFTER / _PAUSE)
    _wait(connection, 0)
    try:
        for number in range(tries):
            if number == told:
                patience.tell_waiting()
            if _began(connection, last=number == tries - 1):
                return
            time.sleep(_PAUSE)
    finally:
        _wait(connection, patience.LONGEST)


def _wait(connection: sqlite3.Connection, seconds: float) -> None:
    """Let SQLite wait so long where another holds what it needs."""
    connection.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")


def _began(connection: sqlite3.Connection, *, last: bool) -> bool:
    """Whether a transaction that may write has begun; False where another is writing and this is not the last try."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if last or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


_TROUBLE: dict[str, Callable[[str, str], StoreError]] = {
    "SQLITE_NOTADB": DamagedStoreError,
    "SQLITE_CORRUPT": DamagedStoreError,
    "SQLITE_READONLY": ReadOnlyStoreError,
    "SQLITE_PERM": ReadOnlyStoreError,
    "SQLITE_CANTOPEN": MissingFolderError,
    "SQLITE_BUSY": BusyStoreError,
    "SQLITE_FULL": FullStoreError,
    "SQLITE_IOERR": FullStoreError,
}
