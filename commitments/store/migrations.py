"""The numbered steps from an empty database, or an earlier layout, to the tables as they are now."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from commitments.store.guards import protect
from commitments.store.rows import put
from commitments.store.tables import (
    bounce,
    changed,
    commitment,
    digest,
    ledger,
    member,
    message,
    meta,
    metadata,
    notice,
    outbox,
    owed,
    silence,
    suppression,
    told,
    warned,
)
from commitments.store.trouble import DamagedStoreError, ForeignStoreError, NewerStoreError


def _create(tx: Connection) -> None:
    metadata.create_all(tx)
    protect(tx)


def _add_members(tx: Connection) -> None:
    member.create(tx, checkfirst=True)


def _add_packs(tx: Connection) -> None:
    for table in (commitment, notice):
        if "pack" not in {column["name"] for column in sa.inspect(tx).get_columns(table.name)}:
            tx.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN pack TEXT NOT NULL DEFAULT ''")


def _add_suppressions(tx: Connection) -> None:
    suppression.create(tx, checkfirst=True)


def _widen_outbox(tx: Connection) -> None:
    """More states, messages that are no digests, other ends than mail: SQLite needs the table made anew for that.

    What the messages say is put where it stands since `_part_messages`.
    """
    names = [column["name"] for column in sa.inspect(tx).get_columns(outbox.name)]
    if "route" in names:
        return
    tx.exec_driver_sql("CREATE TABLE outbox_former AS SELECT * FROM outbox")
    outbox.drop(tx)
    outbox.create(tx)
    former = sa.table("outbox_former", *(sa.column(name) for name in names))
    kept = [name for name in names if name != "body"]
    tx.execute(outbox.insert().from_select(kept, sa.select(*(former.c[name] for name in kept))))
    _take_bodies(tx, former)
    tx.exec_driver_sql("DROP TABLE outbox_former")


def _take_bodies(tx: Connection, former: sa.TableClause) -> None:
    message.create(tx, checkfirst=True)
    tx.execute(message.insert().from_select(["outbox", "body"], sa.select(former.c.id, former.c.body)))


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


def _add_bodies(tx: Connection) -> None:
    if "body" not in {column["name"] for column in sa.inspect(tx).get_columns(ledger.name)}:
        tx.exec_driver_sql("ALTER TABLE ledger ADD COLUMN body TEXT")
    protect(tx)


def _add_silences(tx: Connection) -> None:
    silence.create(tx, checkfirst=True)
    warned.create(tx, checkfirst=True)


def _keep_grounds(tx: Connection) -> None:
    """What a pass keeps of a commitment: the next one reads every record and fills it in."""
    there = {column["name"] for column in sa.inspect(tx).get_columns(commitment.name)}
    for name, kind in (("ground", "TEXT"), ("news", "BOOLEAN NOT NULL DEFAULT FALSE")):
        if name not in there:
            tx.exec_driver_sql(f"ALTER TABLE commitment ADD COLUMN {name} {kind}")
    tx.execute(sa.update(commitment).values(changed=True))


def _part_messages(tx: Connection) -> None:
    """What the messages say stands apart from what becomes of them; what a digest told is found by an index."""
    for index in told.indexes:
        index.create(tx, checkfirst=True)
    if "body" not in {column["name"] for column in sa.inspect(tx).get_columns(outbox.name)}:
        return
    _take_bodies(tx, sa.table(outbox.name, sa.column("id"), sa.column("body")))
    tx.exec_driver_sql("ALTER TABLE outbox DROP COLUMN body")


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
    _add_bodies,
    _add_silences,
    _keep_grounds,
    _part_messages,
)
"""The steps to the present layout, numbered from 1; a store that lacks some gets them in one transaction.

With a step comes a dump for the tests: tests/layouts/make.py.
"""

_LAYOUT = "layout"


def layout(tx: Connection, where: str) -> int:
    """The number of steps that the store has had, 0 where it is new."""
    tables = sa.inspect(tx).get_table_names()
    if not tables:
        return 0
    if not {"meta", "ledger"} <= set(tables) or not _remembers(tx):
        raise ForeignStoreError(where)
    row = tx.execute(meta.select().where(meta.c.name == _LAYOUT)).first()
    if row is None or not str(row.value).isdecimal():
        raise ForeignStoreError(where)
    if not str(row.value).isdecimal():
        raise DamagedStoreError(where, f"its layout is said to be {row.value!r:.40}")
    number = int(row.value)
    if number > len(MIGRATIONS):
        raise NewerStoreError(where, number, len(MIGRATIONS))
    return number


def _remembers(tx: Connection) -> bool:
    """Whether the table that is called like ours for what a store remembers of itself is one."""
    return {"name", "value"} <= {column["name"] for column in sa.inspect(tx).get_columns(meta.name)}


def migrate(tx: Connection, where: str) -> None:
    """Bring the store to the present layout."""
    for step in MIGRATIONS[layout(tx, where) :]:
        step(tx)
    put(tx, meta, [{"name": _LAYOUT, "value": str(len(MIGRATIONS))}])
