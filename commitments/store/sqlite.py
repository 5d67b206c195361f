"""A register in a SQLite file: how the file is opened, locked and checked, and what its errors mean."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from commitments.store.fingerprint import FUNCTION
from commitments.store.trouble import (
    AlreadyRunningError,
    BusyStoreError,
    DamagedStoreError,
    FullStoreError,
    HalfRestoredError,
    MissingFolderError,
    NetworkStoreError,
    ReadOnlyStoreError,
    StoreError,
)

_NETWORK = ("nfs", "cifs", "smb", "afs", "ncpfs", "glusterfs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "davfs")
_MOUNTS = Path("/proc/mounts")
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

    def engine(self) -> Engine:
        """Connections to the file, which is made when the first opens it.

        Raises NetworkStoreError, and HalfRestoredError where the register was put aside and nothing took its place.
        """
        mounts = _MOUNTS.read_text("utf-8", "replace") if _MOUNTS.exists() else ""
        filesystem = filesystem_of(self.path.resolve(), mounts)
        # SQLite's write-ahead log needs memory shared between processes, which no network file system has.
        if filesystem.startswith(_NETWORK):
            raise NetworkStoreError(self.where, filesystem)
        aside = None if self.path.exists() else put_aside(self.path)
        if aside is not None:
            raise HalfRestoredError(self.where, str(aside))
        made = sa.create_engine(sa.URL.create("sqlite", database=str(self.path)), hide_parameters=True)
        sa.event.listen(made, "connect", _connected)
        sa.event.listen(made, "begin", _begin)
        return made

    def trouble(self, error: Exception) -> StoreError | None:
        """What an error of the database means in our words; None where it is a fault of ours."""
        met = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        name = "_".join(getattr(met, "sqlite_errorname", "").split("_")[:2])
        if name == "SQLITE_ERROR" and str(met).startswith(_NOT_OURS):
            return DamagedStoreError(self.where, str(met))
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
        handle = os.open(beside, os.O_RDWR | os.O_CREAT, 0o644)
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


def _connected(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver begins no transactions by itself: _begin does
    # A text that is damaged is read with marks in the place of what is no UTF-8: its hash then tells of it.
    connection.text_factory = _text
    connection.create_function(FUNCTION, 1, _number, deterministic=True)
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: a lost "sent" mark after a power cut would be a second mail.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # What was erased is overwritten, not just forgotten.
    connection.execute("PRAGMA secure_delete = ON")


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")


def _number(text: object) -> int:
    """The number of a text: the first 40 bits of its hash, of which eight million add up to what SQLite can hold."""
    return int.from_bytes(sha256(str(text).encode()).digest()[:5])


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


_NOT_OURS = ("no such column", "no such table", "malformed")
"""What SQLite says of tables that are not as they were made."""
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
