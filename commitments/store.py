"""Where the register is kept: tables, transactions and the one-at-a-time lock, in SQLite.

The only home of SQLAlchemy; other rooms use the tables and connections handed out here. What is SQLite's own stands
in one marked part, so that PostgreSQL can be added beside it.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine, Row

from commitments.trouble import TroubleError

__all__ = [
    "AlreadyRunningError",
    "Connection",
    "Row",
    "Store",
    "StoreError",
    "bounce",
    "change",
    "commitment",
    "counted",
    "digest",
    "ledger",
    "lock",
    "member",
    "meta",
    "notice",
    "outbox",
    "put",
    "recall",
    "remember",
    "suppression",
    "told",
]

metadata = sa.MetaData()

ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(27), nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("commitment", sa.Text),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("prev", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Index("ledger_by_commitment", "commitment", "seq"),
)
"""The truth: hash-chained (commitments.ledger), never updated or deleted from; all else can be made anew from it."""

commitment = sa.Table(
    "commitment",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("force", sa.Text, nullable=False),
    sa.Column("dossier", sa.Text, nullable=False),
    sa.Column("parent", sa.Text),
    sa.Column("cycle", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("to", sa.Text, nullable=False),
    sa.Column("made", sa.Date),
    sa.Column("status", sa.Text),
    sa.Column("partly", sa.Boolean, nullable=False, default=False),
    sa.Column("rule", sa.Text, nullable=False, default=""),
    sa.Column("pack", sa.Text, nullable=False, server_default=""),
    sa.Column("original_earliest", sa.Date),
    sa.Column("original_latest", sa.Date),
    sa.Column("current_earliest", sa.Date),
    sa.Column("current_latest", sa.Date),
    sa.Column("settled_on", sa.Date),
    sa.Column("days_late_original", sa.Integer),
    sa.Column("days_late_current", sa.Integer),
    sa.Column("next_change", sa.Date, index=True),
    sa.Column("changed", sa.Boolean, nullable=False, default=True),
)
"""Each commitment as it stands: `by` and `to` are JSON lists; status NULL until assessed, next_change NULL: never."""
changed = sa.Index(
    "commitment_changed",
    commitment.c.changed,
    sqlite_where=sa.text("changed = 1"),
    postgresql_where=commitment.c.changed,
)
"""For the rows that wait to be assessed: few of many."""
sa.Index("commitment_parent", commitment.c.parent)

notice = sa.Table(
    "notice",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("commitment", sa.ForeignKey("commitment.id"), nullable=False, index=True),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("pack", sa.Text, nullable=False, server_default=""),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("audience", sa.Text, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("state", sa.Text, nullable=False, default="owed"),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False, server_default="0", index=True),
    sa.CheckConstraint("state IN ('owed', 'superseded', 'dropped')", name="notice_state"),
)
"""What is owed to an audience, once: unique by its key; why it is owed no more stands in `reason`.

`number` grows: it is given anew whenever a notice comes to be owed, so that who was told looks only at later ones.
"""
owed = sa.Index("notice_owed", notice.c.state, notice.c.audience, notice.c.number)
"""For those that an audience is owed, from a number on."""

member = sa.Table(
    "member",
    metadata,
    sa.Column("escalation", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("commitment", sa.ForeignKey("commitment.id"), primary_key=True, index=True),
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
)
"""Which commitments count towards an escalation of several, in groups that have a value in common, and since when."""

digest = sa.Table(
    "digest",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("slot", sa.Text, nullable=False),
    sa.Column("covers_from", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False, default=""),
    sa.Column("looked", sa.BigInteger),
    sa.Column("looked_as", sa.Text),
    sa.UniqueConstraint("recipient", "slot", name="digest_once"),
)
"""A recipient's slot that was served, with a digest or with nothing to say; moments are UTC, ISO 8601.

`looked` is the number up to which no notice was left to tell then, for the roles and the scope that `looked_as` stands
for.
"""

told = sa.Table(
    "told",
    metadata,
    sa.Column("recipient", sa.Text, primary_key=True),
    sa.Column("notice", sa.ForeignKey("notice.key"), primary_key=True),
    sa.Column("digest", sa.ForeignKey("digest.id"), nullable=False),
)
"""Which notice a recipient was told of, in which digest: never twice."""

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("digest", sa.ForeignKey("digest.id")),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("route", sa.Text, nullable=False, default="", server_default=""),
    sa.Column("message_id", sa.Text, nullable=False, unique=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("state", sa.Text, nullable=False, default="queued"),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("next_try_at", sa.Text),
    sa.Column("lease_until", sa.Text),
    sa.Column("last_error", sa.Text, nullable=False, default=""),
    sa.Column("queued_at", sa.Text, nullable=False),
    sa.Column("sent_at", sa.Text),
    sa.Column("doubtful", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    sa.CheckConstraint(
        "state IN ('queued', 'sending', 'sent', 'failed', 'dead', 'superseded', 'dropped')", name="outbox_state"
    ),
    sa.Index("outbox_waiting", "state", "attempts", "id"),
    sa.Index("outbox_recipient", "recipient", "id"),
)
"""The messages themselves, each with the Message-ID it keeps; moments are UTC, ISO 8601.

`digest` is NULL where the program writes to its administrator, `route` is the end that takes it, empty for mail, and
`doubtful` says that it was perhaps delivered already.
"""

suppression = sa.Table(
    "suppression",
    metadata,
    sa.Column("address", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("since", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False, default=""),
    sa.CheckConstraint("kind IN ('unsubscribed', 'bounced')", name="suppression_kind"),
)
"""Addresses, in small letters, that get nothing more, and why."""

bounce = sa.Table(
    "bounce",
    metadata,
    sa.Column("outbox", sa.ForeignKey("outbox.id"), primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.CheckConstraint("kind IN ('gone', 'for_now')", name="bounce_kind"),
)
"""What came back of which message: each counts once as gone, and once as not delivered for now."""

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
"""What the program must remember about itself."""


# ------------------------------------------------------------------------------------------------- what can go wrong


class StoreError(TroubleError):
    """The store cannot be used as it is."""


class DamagedStoreError(StoreError):
    """The file is not, or no longer, a whole database."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"{where} is damaged or not a database ({reason}); put back a copy of it, or move it away and import the "
            "register anew. Nothing was changed."
        )


class ForeignStoreError(StoreError):
    """The database belongs to another program."""

    def __init__(self, where: str) -> None:
        super().__init__(f"{where} is the database of another program; name another file as `store` in gestand.yaml")


class NewerStoreError(StoreError):
    """The database was made by a newer version."""

    def __init__(self, where: str, found: int, known: int) -> None:
        super().__init__(
            f"{where} has layout {found}, this version knows {known}; install the newer version of gestand"
        )


class ReadOnlyStoreError(StoreError):
    """The file, or the folder it is in, cannot be written."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"{where} cannot be written ({reason}); the file and its folder must belong to the user who runs gestand"
        )


class MissingFolderError(StoreError):
    """The folder of the file does not exist, or the file cannot be opened."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where} cannot be opened ({reason}); see whether its folder exists and may be entered")


class NetworkStoreError(StoreError):
    """The file is on a network file system, where SQLite loses data."""

    def __init__(self, where: str, filesystem: str) -> None:
        super().__init__(
            f"{where} is on a network file system ({filesystem}), where SQLite loses data; move it to a disk"
        )


class BusyStoreError(StoreError):
    """Another process holds the database for too long."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where} is in use by another process ({reason}); try again when that has ended")


class FullStoreError(StoreError):
    """There is no room left, or the disk fails. What was being written was undone."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where} cannot grow ({reason}); make room on the disk. What was being written was undone.")


class AlreadyRunningError(TroubleError):
    """Another process acts for this store."""

    def __init__(self, where: str, holder: str) -> None:
        super().__init__(f"gestand is already running for {where} (process {holder}); only one may act at a time")


# ------------------------------------------------------------------------------------------------- the store


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
        store = cls(str(path), _sqlite(path))
        try:
            store._prepare()
        except BaseException:
            store.close()
            raise
        return store

    def _prepare(self) -> None:
        with self.reading() as tx:
            ready = _layout(tx, self.where) == len(MIGRATIONS)
        if not ready:
            with self.writing() as tx:
                _migrate(tx, self.where)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees the store as it was when it began."""
        with _told(self.where), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that may write; one at a time, the others wait for up to 5 seconds."""
        with (
            _told(self.where),
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

    def close(self) -> None:
        """Give back the file."""
        self._engine.dispose()


def put(tx: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows, which all have the same keys; where a primary key is there, change its row instead."""
    if not rows:
        return
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[tx.dialect.name](table)
    keys = [column.name for column in table.primary_key]
    changes = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    tx.execute(insert.on_conflict_do_update(index_elements=keys, set_=changes), [dict(row) for row in rows])


def counted(
    table: sa.Table, column: sa.Column[Any], first: sa.Column[Any], values: Sequence[str] = ()
) -> sa.Select[tuple[Any, ...]]:
    """The query for how many rows have each `value` of a column, with the `first` of another; only these, if given."""
    query = sa.select(column.label("value"), sa.func.count().label("number"), sa.func.min(first).label("first"))
    query = query.select_from(table).group_by(column)
    return query.where(column.in_(values)) if values else query


def change(tx: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Change the rows with these primary keys, which are there; all have the same keys."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    fresh: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in rows[0] if name not in keys}
    query = table.update().where(*(table.c[name] == sa.bindparam(f"new_{name}") for name in keys)).values(fresh)
    tx.execute(query, [{f"new_{name}": value for name, value in row.items()} for row in rows])


def recall(tx: Connection, name: str) -> str | None:
    """What the program remembered under a name, None where that is nothing."""
    row = tx.execute(meta.select().where(meta.c.name == name)).first()
    return row.value if row else None


def remember(tx: Connection, name: str, value: str) -> None:
    """Remember a text under a name, in the place of what was there."""
    put(tx, meta, [{"name": name, "value": value}])


# ------------------------------------------------------------------------------------------------- the layout


def _create(tx: Connection) -> None:
    metadata.create_all(tx)
    if tx.dialect.name == "sqlite":
        _protect_ledger(tx)


def _add_members(tx: Connection) -> None:
    member.create(tx, checkfirst=True)


def _add_packs(tx: Connection) -> None:
    for table in (commitment, notice):
        if "pack" not in {column["name"] for column in sa.inspect(tx).get_columns(table.name)}:
            tx.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN pack TEXT NOT NULL DEFAULT ''")


def _add_suppressions(tx: Connection) -> None:
    suppression.create(tx, checkfirst=True)


def _widen_outbox(tx: Connection) -> None:
    """More states, messages that are no digests, other ends than mail: SQLite needs the table made anew for that."""
    names = [column["name"] for column in sa.inspect(tx).get_columns(outbox.name)]
    if "route" in names:
        return
    tx.exec_driver_sql("CREATE TABLE outbox_former AS SELECT * FROM outbox")
    outbox.drop(tx)
    outbox.create(tx)
    former = sa.table("outbox_former", *(sa.column(name) for name in names))
    tx.execute(outbox.insert().from_select(names, sa.select(former)))
    tx.exec_driver_sql("DROP TABLE outbox_former")


def _add_made(tx: Connection) -> None:
    """The day of the promise, for lists; what the ledger says of it is read once."""
    if "made" in {column["name"] for column in sa.inspect(tx).get_columns(commitment.name)}:
        return
    tx.exec_driver_sql("ALTER TABLE commitment ADD COLUMN made DATE")
    query = sa.select(ledger.c.commitment, ledger.c.payload).where(ledger.c.kind.in_(("made", "amended")))
    for row in tx.execute(query.order_by(ledger.c.seq)):
        made = json.loads(row.payload)["commitment"].get("made")
        day = date.fromisoformat(made) if made else None
        tx.execute(commitment.update().where(commitment.c.id == row.commitment).values(made=day))


def _index_changed(tx: Connection) -> None:
    """The index of what changed, in the words in which SQLite is asked for it: else it reads the whole table."""
    tx.exec_driver_sql("DROP INDEX IF EXISTS commitment_changed")
    changed.create(tx)


def _index_recipients(tx: Connection) -> None:
    for index in outbox.indexes:
        index.create(tx, checkfirst=True)


def _number_notices(tx: Connection) -> None:
    """Numbers by which a recipient's next digest knows where to begin; before the first of them all is looked at."""
    columns = (
        (notice, "number", "BIGINT NOT NULL DEFAULT 0"),
        (digest, "looked", "BIGINT"),
        (digest, "looked_as", "TEXT"),
    )
    for table, name, kind in columns:
        if name not in {column["name"] for column in sa.inspect(tx).get_columns(table.name)}:
            tx.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {name} {kind}")
    for index in (owed, *(one for one in notice.indexes if one.name == "ix_notice_number")):
        index.drop(tx, checkfirst=True)
        index.create(tx)


def _add_bounces(tx: Connection) -> None:
    bounce.create(tx, checkfirst=True)


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    _create,
    _add_members,
    _add_packs,
    _add_suppressions,
    _widen_outbox,
    _add_made,
    _index_changed,
    _index_recipients,
    _number_notices,
    _add_bounces,
)
"""The steps to the present layout, numbered from 1; a store that lacks some gets them in one transaction."""

_LAYOUT = "layout"


def _layout(tx: Connection, where: str) -> int:
    """The number of steps that the store has had, 0 where it is new."""
    tables = sa.inspect(tx).get_table_names()
    if not tables:
        return 0
    row = tx.execute(meta.select().where(meta.c.name == _LAYOUT)).first() if "meta" in tables else None
    if row is None or "ledger" not in tables:
        raise ForeignStoreError(where)
    number = int(row.value)
    if number > len(MIGRATIONS):
        raise NewerStoreError(where, number, len(MIGRATIONS))
    return number


def _migrate(tx: Connection, where: str) -> None:
    for step in MIGRATIONS[_layout(tx, where) :]:
        step(tx)
    put(tx, meta, [{"name": _LAYOUT, "value": str(len(MIGRATIONS))}])


# ------------------------------------------------------------------------------------------------- SQLite's own


def _protect_ledger(tx: Connection) -> None:
    for change in ("UPDATE", "DELETE"):
        tx.exec_driver_sql(
            f"CREATE TRIGGER ledger_no_{change.lower()} BEFORE {change} ON ledger "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is never changed'); END"
        )


_NETWORK = ("nfs", "cifs", "smb", "afs", "ncpfs", "glusterfs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "davfs")
_MOUNTS = Path("/proc/mounts")


def _sqlite(path: Path) -> Engine:
    mounts = _MOUNTS.read_text("utf-8", "replace") if _MOUNTS.exists() else ""
    filesystem = filesystem_of(path.resolve(), mounts)
    # SQLite's write-ahead log needs memory shared between processes, which no network file system has.
    if filesystem.startswith(_NETWORK):
        raise NetworkStoreError(str(path), filesystem)
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)), hide_parameters=True)
    sa.event.listen(engine, "connect", _connected)
    sa.event.listen(engine, "begin", _begin)
    return engine


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
def _told(where: str) -> Iterator[None]:
    """Tells what the database met in our words; what is a fault of ours stays what it is."""
    try:
        yield
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        met = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        name = "_".join(getattr(met, "sqlite_errorname", "").split("_")[:2])
        if name not in _TROUBLE:
            raise
        raise _TROUBLE[name](where, str(met)) from error


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Holds the right to act for a store; the system gives it back when the process ends, however it ends.

    Raises AlreadyRunningError with the holder's process number.
    """
    beside = path.with_name(f"{path.name}.lock")
    handle = os.open(beside, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 32).decode().strip() or "unknown"
            raise AlreadyRunningError(str(path), holder) from error
        os.truncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
