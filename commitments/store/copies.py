"""Copies of a store: a SQLite file that holds all of it, whatever kind of database it is from, and back again."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from commitments.reading.replacing import create_private
from commitments.store.misfits import misfits
from commitments.store.opened import Store
from commitments.store.places import database
from commitments.store.rows import put, remember
from commitments.store.sqlite import ASIDE, Sqlite
from commitments.store.tables import ledger, metadata
from commitments.store.trouble import (
    DamagedStoreError,
    ForeignStoreError,
    FullStoreError,
    NoCopyError,
    NoRegisterError,
    TakenPlaceError,
)

HELD = "held"
"""Under this name the store remembers why nothing is to be delivered from it."""
_COPY = "it is a copy, and the original may still be at work"
_ANOTHER = "name a new file for the copy"
_BESIDE = ("", "-wal", "-shm")
_SOME = 1000
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""What the system says of the file that is written, naming the one that is read."""


def back_up(store: Store, file: Path) -> str:
    """Write all of a store, as it is now, into a new file: a SQLite database that is held from delivering.

    Others may read and write meanwhile. A damaged store is copied as it is; what is wrong with the copy comes back,
    empty where it is whole. Raises TakenPlaceError, NoCopyError.
    """
    if os.path.lexists(file):
        raise TakenPlaceError(str(file), _ANOTHER)
    with _made_whole(file, new=True) as partial:
        if isinstance(store.database, Sqlite):
            _copy_pages(store, partial)
        with closing(Store.open(partial, new=True)) as copy:
            with store.reading() as source, copy.writing() as target:
                if not isinstance(store.database, Sqlite):
                    _copy(source, target)
                remember(target, HELD, _COPY)
            return _broken(copy)


def _copy_pages(store: Store, file: Path) -> None:
    """Copy a SQLite file as it is, page by page, whatever its rows hold."""
    create_private(file)
    with store.reading() as source, closing(sqlite3.connect(file)) as target:
        driven: Any = source.connection.driver_connection
        try:
            driven.backup(target)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname == "SQLITE_FULL":  # of the copy: what is only read cannot be
                raise FullStoreError(str(file), str(error)) from error
            raise


def _broken(copy: Store) -> str:
    try:
        copy.check()
    except DamagedStoreError as error:
        return str(error)
    return ""


def restore(file: Path, place: str | Path, *, replace: bool, at: datetime) -> Path | None:
    """Make a register at a place from a copy, held from delivering; where the former one was put aside, if any was.

    The copy is left as it is. A register that is there is refused, or put aside with `replace`; a database on a server
    must be empty. Raises TakenPlaceError, NoCopyError, and AlreadyRunningError while somebody acts for the former one.
    """
    there = database(place)
    if not isinstance(there, Sqlite):
        _fill(file, place)
        return None
    if there.found() and not replace:
        raise TakenPlaceError(there.where, "with --replace it is put aside and the copy takes its place")
    with there.lock(), _made_whole(there.file) as partial:
        with _opened_copy(file, partial) as copy, copy.writing() as tx:
            remember(tx, HELD, _COPY)
        return _put_aside(there.file, at)


def _fill(file: Path, place: str | Path) -> None:
    """Fill an empty database; the copy is copied once more, for it may have to be brought to the present layout."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _opened_copy(file, Path(folder) / "copy.db") as copy,
        closing(Store.open(place, new=True)) as store,
        store.acting(),
        copy.reading() as source,
        store.writing() as target,
    ):
        if target.execute(sa.select(ledger.c.seq).limit(1)).first() is not None:
            raise TakenPlaceError(store.where, "make an empty database with createdb, and name that as `store`")
        if found := next(misfits(source), None):
            raise NoCopyError(str(file), f"{found}; restore it as a file, see what `gestand verify` finds, and mend it")
        _copy(source, target)
        remember(target, HELD, _COPY)


@contextmanager
def _opened_copy(file: Path, own: Path) -> Iterator[Store]:
    """A copy of a copy, brought to the present layout and found whole; at the end it is one file."""
    if not file.is_file():
        raise NoCopyError(str(file), "it is not a file" if file.exists() else "there is no such file")
    try:
        _take(file, own)
        with closing(Store.open(own)) as copy:
            copy.check()
            _refuse_part(copy, file)
            yield copy
    except NoRegisterError as error:
        raise NoCopyError(str(file), "it is empty: it holds no register") from error
    except (DamagedStoreError, ForeignStoreError) as error:
        raise NoCopyError(str(file), "it is damaged, or not a copy of a register") from error
    except OSError as error:
        place = own if error.errno in _NO_ROOM else file
        raise NoCopyError(str(place), error.strerror or str(error)) from error


def _take(file: Path, own: Path) -> None:
    """Copy a file, with what stands in its log where one lies beside it: that is what was written last."""
    for ending in ("", "-wal"):
        source, target = (path.with_name(f"{path.name}{ending}") for path in (file, own))
        if not ending or source.is_file():
            create_private(target)
            shutil.copyfile(source, target)


def _refuse_part(copy: Store, file: Path) -> None:
    with copy.reading() as tx:
        lacking = sorted(metadata.tables.keys() - set(sa.inspect(tx).get_table_names()))
    if lacking:
        raise NoCopyError(str(file), f"it is not whole: it lacks {', '.join(lacking)}")


def _copy(source: Connection, target: Connection) -> None:
    for table in metadata.sorted_tables:
        with source.execute(table.select().execution_options(yield_per=_SOME)) as rows:
            for some in rows.mappings().partitions(_SOME):
                put(target, table, [dict(row) for row in some])
        _number_on(target, table)


def _number_on(target: Connection, table: sa.Table) -> None:
    """Let a database that numbers rows by itself go on after those that were brought along."""
    counted = table.autoincrement_column
    if counted is None or target.dialect.name != "postgresql":
        return
    following = sa.select(sa.func.coalesce(sa.func.max(counted), 0) + 1).scalar_subquery()
    sequence = sa.func.pg_get_serial_sequence(table.name, counted.name)
    target.execute(sa.select(sa.func.setval(sequence, following, sa.false())))


@contextmanager
def _made_whole(file: Path, *, new: bool = False) -> Iterator[Path]:
    """A path beside a file: what was written there becomes the file in the end, and is gone where that fails.

    A `new` file takes nothing's place, and several processes may be at it at once. Raises TakenPlaceError, NoCopyError.
    """
    partial = file.with_name(f"{file.name}.{token_hex(4)}.partial" if new else f"{file.name}.partial")
    try:
        _remove(partial)
        yield partial
        if new and os.path.lexists(file):
            raise TakenPlaceError(str(file), _ANOTHER)
        partial.replace(file)
    except OSError as error:
        raise NoCopyError(str(file), error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            _remove(partial)


def _remove(path: Path) -> None:
    for ending in _BESIDE:
        path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)


def _put_aside(path: Path, at: datetime) -> Path | None:
    """Move a register aside with what stands in its log, where one is there: first the file, so that it is missed.

    A log without its file, which another register would take for its own, goes aside too.
    """
    there = path.exists()
    if there:
        with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    aside = _free_name(path, at)
    for ending in _BESIDE:
        with suppress(FileNotFoundError):
            path.with_name(f"{path.name}{ending}").rename(aside.with_name(f"{aside.name}{ending}"))
    return aside if there else None


def _free_name(path: Path, at: datetime) -> Path:
    """The name of a register that is put aside; a later one where another was put aside in the same second."""
    aside = path.with_name(f"{path.name}{ASIDE}{at.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    return _free_name(path, at + timedelta(seconds=1)) if os.path.lexists(aside) else aside
