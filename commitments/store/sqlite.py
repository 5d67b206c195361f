"""What is SQLite's own: how the file is opened, what it must not lie on, and what its errors mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from commitments.store.tables import ledger
from commitments.store.trouble import (
    BusyStoreError,
    DamagedStoreError,
    FullStoreError,
    MissingFolderError,
    NetworkStoreError,
    ReadOnlyStoreError,
    StoreError,
)

_GUARDS = {
    "ledger_no_update": "BEFORE UPDATE ON ledger WHEN NOT ({same} AND NEW.body IS NULL)",
    "ledger_no_delete": "BEFORE DELETE ON ledger",
    "ledger_no_replace": "BEFORE INSERT ON ledger WHEN EXISTS (SELECT 1 FROM ledger WHERE seq = NEW.seq)",
}
"""What is refused, for each trigger of the ledger: every change but the erasing of a body. A row put in the place of
another by INSERT OR REPLACE fires no trigger of its own."""


def protect(tx: Connection) -> None:
    """Let the database refuse to change the ledger; called again, it makes the same triggers anew."""
    kept = " AND ".join(f'NEW."{column.name}" IS OLD."{column.name}"' for column in ledger.c if column.name != "body")
    for name, refused in _GUARDS.items():
        tx.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
        tx.exec_driver_sql(
            f"CREATE TRIGGER {name} {refused.format(same=kept)} "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is never changed'); END"
        )


_NETWORK = ("nfs", "cifs", "smb", "afs", "ncpfs", "glusterfs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "davfs")
_MOUNTS = Path("/proc/mounts")


def engine(path: Path) -> Engine:
    """Connections to a file, which is made when the first opens it. Raises NetworkStoreError."""
    mounts = _MOUNTS.read_text("utf-8", "replace") if _MOUNTS.exists() else ""
    filesystem = filesystem_of(path.resolve(), mounts)
    # SQLite's write-ahead log needs memory shared between processes, which no network file system has.
    if filesystem.startswith(_NETWORK):
        raise NetworkStoreError(str(path), filesystem)
    made = sa.create_engine(sa.URL.create("sqlite", database=str(path)), hide_parameters=True)
    sa.event.listen(made, "connect", _connected)
    sa.event.listen(made, "begin", _begin)
    return made


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
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: a lost "sent" mark after a power cut would be a second mail.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    # What was erased is overwritten, not just forgotten.
    connection.execute("PRAGMA secure_delete = ON")


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


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


@contextmanager
def told(where: str) -> Iterator[None]:
    """Tells what the database met in our words; what is a fault of ours stays what it is."""
    try:
        yield
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        met = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        name = "_".join(getattr(met, "sqlite_errorname", "").split("_")[:2])
        if name not in _TROUBLE:
            raise
        raise _TROUBLE[name](where, str(met)) from error
