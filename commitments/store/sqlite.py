"""A register in a SQLite file: how the file is opened, locked and checked, and what its errors mean."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from commitments.reading.replacing import PRIVATE, create_private
from commitments.store import patience
from commitments.store.fingerprint import FUNCTION
from commitments.store.trouble import (
    AlreadyRunningError,
    BusyStoreError,
    DamagedStoreError,
    ForbiddenStoreError,
    FullStoreError,
    GoneStoreError,
    HalfRestoredError,
    LeftLogError,
    MissingFolderError,
    NetworkStoreError,
    NoRegisterError,
    ReadOnlyStoreError,
    StoreError,
)

_NETWORK = ("nfs", "cifs", "smb", "afs", "ncpfs", "glusterfs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "davfs")
_MOUNTS = Path("/proc/mounts")
_LOG = "log"
_Identity = tuple[int, int] | None
"""What tells a file from another that takes its name: the device and the number there; None for no file."""
_PAUSE = 0.003
"""So many seconds pass between two tries to begin writing; SQLite itself would wait up to a tenth of a second."""
_WRITING, _READING, _ALONE = "mode=rw", "mode=ro", "immutable=1"
"""How a file is opened: to write; to read what others may write; and where nobody can write, nor lock."""
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
    def file(self) -> Path:
        """The file itself, where the path is a link: what belongs to it lies beside it, as SQLite's log does."""
        return Path(os.path.realpath(self.path)) if self.path.is_symlink() else self.path

    @property
    def between(self) -> float:
        """The seconds between two long transactions: SQLite has no queue, so who waits tries again and again."""
        return 4 * _PAUSE

    def engine(self, *, new: bool) -> Engine:
        """Connections to the file, which is made where it is not there and is to be `new`.

        One that may only be read gets connections that leave nothing beside it. Raises NetworkStoreError, LeftLogError
        where a process that ended early left entries outside such a file, HalfRestoredError where the register was put
        aside and nothing took its place, and NoRegisterError and MissingFolderError where no register can be in what
        is there.
        """
        mounts = _MOUNTS.read_text("utf-8", "replace") if _MOUNTS.exists() else ""
        filesystem = filesystem_of(Path(os.path.realpath(self.path)), mounts)
        # SQLite's write-ahead log needs memory shared between processes, which no network file system has.
        if filesystem.startswith(_NETWORK):
            raise NetworkStoreError(self.where, filesystem)
        self._find(new=new)
        mode = self._mode
        if mode == _ALONE and (log := self._beside("-wal")).exists() and log.stat().st_size:
            raise LeftLogError(self.where, str(log))
        return _engine(partial(_connect, self.path, mode), _connected if mode == _WRITING else _own)

    @property
    def _mode(self) -> str:
        """How the file is opened: for writing, or where it may only be read, so that nothing is left beside it."""
        if all(os.access(one, os.W_OK) for one in (self.file, self.file.parent)):
            return _WRITING
        # Without the shared memory nobody is writing, and none must be made: it would have the rights of the file.
        return _READING if self._beside("-shm").exists() else _ALONE

    @contextmanager
    def scratch(self, engine: Engine) -> Iterator[Engine]:
        """Connections to a copy of the file as it is now, which is gone in the end."""
        with tempfile.TemporaryDirectory(prefix="gestand-") as folder:
            copy = Path(folder) / self.path.name
            with closing(engine.raw_connection()) as source, closing(sqlite3.connect(copy)) as target:
                source.driver_connection.backup(target)  # type: ignore[union-attr]
            made = _engine(partial(_connect, copy, _WRITING), _careless)
            try:
                yield made
            finally:
                made.dispose()

    def state(self) -> object:
        """When a file that can neither be written nor locked was last written; None where it can, or is gone."""
        if not self.path.exists() or self._mode != _ALONE:
            return None
        found = self.path.stat()
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _find(self, *, new: bool) -> None:
        """See that a register can be in the file; a new one is begun as an empty file."""
        there = self.found()
        if there and there.st_size:
            if not os.access(self.file, os.R_OK):
                raise ForbiddenStoreError(self.where, there.st_uid)
            return
        if not there and (aside := put_aside(self.file)):
            raise HalfRestoredError(self.where, str(aside))
        if not new:
            raise NoRegisterError(self.where, self._absence("the file is empty" if there else "there is no such file"))
        self._make()

    def found(self) -> os.stat_result | None:
        """What is known of the file; None where there is none. Raises MissingFolderError where no file can be there."""
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise MissingFolderError(self.where, error.strerror or str(error)) from error
        if not stat.S_ISREG(there.st_mode):
            raise MissingFolderError(self.where, "it is not a file")
        return there

    def _absence(self, reason: str) -> str:
        """Why there is no register, and what shows that there was one."""
        return f"{reason}, though {self._lock.name} shows that there was one" if self._lock.exists() else reason

    def _make(self) -> None:
        try:
            create_private(self.file)
        except FileExistsError:
            return
        except OSError as error:
            raise MissingFolderError(self.where, error.strerror or str(error)) from error

    def watch(self) -> Callable[[Connection], None]:
        """A function that raises GoneStoreError where the file that a transaction is in is not at its path any more.

        What its first call finds is what was opened. The log belongs to a connection: it goes with the last one.
        """
        opened: list[_Identity] = []

        def assure(tx: Connection) -> None:
            file, log = _identity(self.path), _identity(self._beside("-wal"))
            opened[:] = opened or [file]
            if file != opened[0]:
                raise GoneStoreError(self.where, "it was exchanged" if file else "there is no such file any more")
            if tx.info.setdefault(_LOG, log) not in {None, log}:
                raise GoneStoreError(self.where, f"its log {self._beside('-wal').name} was removed or exchanged")
            tx.info[_LOG] = log

        return assure

    @property
    def _lock(self) -> Path:
        return self._beside(".lock")

    def _beside(self, ending: str) -> Path:
        return self.file.with_name(f"{self.file.name}{ending}")

    def trouble(self, error: Exception) -> StoreError | None:
        """What an error of the database means in our words; None where it is a fault of ours."""
        met = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        full = getattr(met, "sqlite_errorname", "")
        name = "_".join(full.split("_")[:2])
        if full == "SQLITE_READONLY_DBMOVED" or (name == "SQLITE_CANTOPEN" and not self.path.exists()):
            return GoneStoreError(self.where, str(met))
        if name == "SQLITE_ERROR" and any(said in str(met) for said in _NOT_OURS):
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
        try:
            handle = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, PRIVATE)
        except FileNotFoundError as error:
            raise MissingFolderError(self.where, error.strerror or str(error)) from error
        except OSError as error:
            raise ReadOnlyStoreError(self.where, f"{self._lock.name}: {error.strerror}") from error
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise ReadOnlyStoreError(self.where, f"{self._lock.name}: it is not a file")
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = os.read(handle, 32).decode("ascii", "replace").strip() or "unknown"
                raise AlreadyRunningError(self.where, f"process {holder}") from error
            os.truncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
            yield lambda: None
        finally:
            os.close(handle)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection to a file, which it never makes: an empty one would be taken for what went meanwhile."""
    address = f"file:{quote(os.fsencode(path.absolute()))}?{mode}"
    return sqlite3.connect(address, uri=True, check_same_thread=False)


def _identity(path: Path) -> _Identity:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


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


def _engine(
    connect: Callable[[], sqlite3.Connection], connected: Callable[[sqlite3.Connection, object], None]
) -> Engine:
    # A name for the file tells SQLAlchemy to keep several connections; `connect` makes them.
    made = sa.create_engine(sa.URL.create("sqlite", database="register"), hide_parameters=True, creator=connect)
    sa.event.listen(made, "connect", connected)
    sa.event.listen(made, "begin", _begin)
    return made


def _own(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver begins no transactions by itself: _begin does
    # A text that is damaged is read with marks in the place of what is no UTF-8: its hash then tells of it.
    connection.text_factory = _text
    connection.create_function(FUNCTION, 1, _number, deterministic=True)
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


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")


def _number(text: object) -> int:
    """The number of a text: the first 40 bits of its hash, of which eight million add up to what SQLite can hold."""
    return int.from_bytes(sha256(str(text).encode()).digest()[:5])


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


_NOT_OURS = (
    "no such column",
    "has no column named",
    "no such table",
    "no such collation",
    "malformed",
    "ON CONFLICT clause does not match",
    "foreign key mismatch",
    "because it is a view",
)
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
