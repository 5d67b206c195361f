"""The store: layouts, transactions, one actor at a time, and what it says when it cannot go on (S1-S3, S5, S7, S8)."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from commitments import store
from commitments.store import (
    AlreadyRunningError,
    BusyStoreError,
    DamagedStoreError,
    ForeignStoreError,
    FullStoreError,
    MissingFolderError,
    NetworkStoreError,
    NewerStoreError,
    ReadOnlyStoreError,
    Store,
    migrations,
    put,
    sqlite,
)
from commitments.store.places import database

LINE = {"seq": 1, "at": "", "actor": "", "kind": "note", "commitment": None, "payload": "{}", "prev": "", "hash": ""}


@pytest.fixture
def opened(tmp_path, disk):
    made = Store.open(tmp_path / "gestand.db", new=True)
    yield made
    made.close()


def pragma(tx, name):
    return tx.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def test_a_new_store_has_the_tables_and_is_durable(opened):
    with opened.reading() as tx:
        assert [pragma(tx, name) for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")] == [
            "wal",
            2,  # FULL
            30_000,
            1,
        ]
        tables = tx.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").scalars().all()
    assert tables == [
        "bounce",
        "commitment",
        "digest",
        "ledger",
        "member",
        "message",
        "meta",
        "notice",
        "outbox",
        "silence",
        "suppression",
        "told",
        "warned",
    ]


def test_a_store_opens_again_with_what_was_written(tmp_path):
    first = Store.open(tmp_path / "a.db", new=True)
    with first.writing() as tx:
        put(tx, store.meta, [{"name": "x", "value": "1"}, {"name": "y", "value": "2"}])
        put(tx, store.meta, [{"name": "x", "value": "3"}])
    first.close()
    again = Store.open(f"sqlite:///{tmp_path}/a.db")
    with again.reading() as tx:
        rows = tx.execute(store.meta.select().where(store.meta.c.name != "layout").order_by(store.meta.c.name)).all()
    again.close()
    assert rows == [("x", "3"), ("y", "2")]


def test_a_transaction_is_all_or_nothing(opened):
    def write_and_fail():
        with opened.writing() as tx:
            put(tx, store.meta, [{"name": "x", "value": "1"}])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with opened.reading() as tx:
        assert tx.execute(store.meta.select().where(store.meta.c.name == "x")).first() is None


def test_a_reader_sees_the_store_as_it_was_when_it_began(opened):
    with opened.reading() as reader:
        assert len(reader.execute(store.meta.select()).all()) == 1
        with opened.writing() as tx:
            put(tx, store.meta, [{"name": "x", "value": "1"}])
        assert len(reader.execute(store.meta.select()).all()) == 1


def test_the_ledger_refuses_update_and_delete(opened):
    """S8."""
    with opened.writing() as tx:
        tx.execute(store.ledger.insert(), [LINE])
    for change in (store.ledger.delete(), store.ledger.update().values(actor="someone else")):
        with pytest.raises(Exception, match="the ledger is never changed"), opened.writing() as tx:
            tx.execute(change)


def test_a_notice_is_owed_once_and_told_once_a_recipient(opened):
    commitment = {"id": "a", "kind": "reply", "title": "t", "force": "requested", "dossier": "", "cycle": ""}
    named = {"commitment": "a", "rule": "r", "stage": "overdue", "step": 1, "version": "v", "audience": "clerk"}
    owed = store.notice.insert().values(key="k", **named, day=date(2018, 8, 11), created_at="")
    heard = store.told.insert().values(recipient="a@b.org", notice="k", digest=1)
    with opened.writing() as tx:
        tx.execute(store.commitment.insert().values(**commitment, by="[]", to="[]"))
        tx.execute(store.digest.insert().values(id=1, recipient="a@b.org", slot="", state="queued"))
        tx.execute(owed)
        tx.execute(heard)
    for again in (owed, heard):
        with pytest.raises(Exception, match="UNIQUE constraint failed"), opened.writing() as tx:
            tx.execute(again)


STAMPED = [
    # what stands under, its stamp before, and after
    ("nl/reply", "nl (old)", "nl (new)"),
    ("nl/", "", "nl (new)"),
    ("nl-tk/reply", "nl-tk (old)", "nl-tk 2 (new)"),
    ("nl.x/reply", "other", "other"),
    ("nl0/reply", "other", "other"),
    ("nl", "other", "other"),
    ("stated", "", ""),
    ("", "", ""),
]


def test_a_value_for_each_beginning_is_that_of_the_text_that_begins_so(opened):
    table, plain = store.commitment, {"kind": "reply", "title": "t", "force": "requested", "dossier": "", "cycle": ""}
    stamp = store.by_beginning(table.c.rule, {"nl/": "nl (new)", "nl-tk/": "nl-tk 2 (new)"}, table.c.pack)
    with opened.writing() as tx:
        for number, (rule, before, _) in enumerate(STAMPED):
            own = {"id": f"C-{number}", "rule": rule, "pack": before}
            tx.execute(table.insert().values(**plain, **own, by="[]", to="[]"))
        tx.execute(table.update().where(table.c.pack != stamp).values(pack=stamp))
        rows = tx.execute(table.select().order_by(table.c.id)).all()
    assert [(row.rule, row.pack) for row in rows] == [(rule, after) for rule, _, after in STAMPED]


def test_a_digest_is_made_once_a_slot(opened):
    row = {"recipient": "a@b.org", "slot": "2018-08-10T05:30:00+00:00", "state": "queued"}
    with opened.writing() as tx:
        tx.execute(store.digest.insert().values(**row))
    with pytest.raises(Exception, match="UNIQUE constraint failed"), opened.writing() as tx:
        tx.execute(store.digest.insert().values(**row))


def test_what_is_not_a_database_is_told(tmp_path):
    """S3."""
    path = tmp_path / "a.db"
    path.write_bytes(b"this is a letter" * 100)
    with pytest.raises(DamagedStoreError) as told:
        Store.open(path)
    assert str(told.value) == (
        f"{path} is damaged or not a database (file is not a database); put back a copy with "
        "`gestand restore FILE --replace`, or move it away and import the register anew. Nothing was changed."
    )


def test_a_truncated_database_is_told(tmp_path):
    """S3."""
    Store.open(tmp_path / "a.db", new=True).close()
    path = tmp_path / "b.db"
    path.write_bytes((tmp_path / "a.db").read_bytes()[:8192])
    with pytest.raises(DamagedStoreError, match="malformed"):
        Store.open(path)


def test_a_damaged_page_is_found_by_the_thorough_check(tmp_path):
    """S3."""
    path = tmp_path / "a.db"
    made = Store.open(path, new=True)
    with made.writing() as tx:
        put(tx, store.meta, [{"name": f"n{number}", "value": "x" * 500} for number in range(500)])
    made.check()
    made.close()
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2 : len(whole) // 2 + 9000] = b"\xff" * 9000
    path.write_bytes(whole)
    made = Store.open(path)
    with pytest.raises(DamagedStoreError):
        made.check()
    made.close()


def tables(path):
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT name FROM sqlite_master").fetchall()


def test_the_database_of_another_program_is_left_alone(tmp_path):
    path = tmp_path / "a.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE songs (name)")
    other.close()
    with pytest.raises(ForeignStoreError):
        Store.open(path)
    assert tables(path) == [("songs",)]


def test_a_newer_layout_is_not_touched(tmp_path):
    """S7."""
    made = Store.open(tmp_path / "a.db", new=True)
    with made.writing() as tx:
        put(tx, store.meta, [{"name": "layout", "value": "99"}])
    made.close()
    with pytest.raises(NewerStoreError) as told:
        Store.open(tmp_path / "a.db")
    assert str(told.value) == (
        f"{tmp_path}/a.db has layout 99, this version knows {len(store.MIGRATIONS)}; "
        "install the newer version of gestand"
    )


def test_a_layout_that_fails_half_way_leaves_nothing_behind(tmp_path, monkeypatch):
    """S7."""

    def fail(tx):
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(migrations, "MIGRATIONS", (*store.MIGRATIONS, fail))
        with pytest.raises(ZeroDivisionError):
            Store.open(tmp_path / "a.db", new=True)
    assert tables(tmp_path / "a.db") == []
    Store.open(tmp_path / "a.db", new=True).close()


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(MissingFolderError, match="see whether its folder exists"):
        Store.open(tmp_path / "none" / "a.db", new=True)


def test_a_read_only_store_is_told(opened):
    with opened.reading() as tx:
        tx.exec_driver_sql("PRAGMA query_only = ON")  # the same pooled connection writes next
    with pytest.raises(ReadOnlyStoreError, match="cannot be written"), opened.writing() as tx:
        put(tx, store.meta, [{"name": "x", "value": "1"}])


def test_a_full_disk_is_told_and_nothing_is_lost(opened):
    """S1."""
    with opened.reading() as tx:
        tx.exec_driver_sql("PRAGMA max_page_count = 1")  # the same pooled connection writes next
    with pytest.raises(FullStoreError, match="make room on the disk"), opened.writing() as tx:
        put(tx, store.meta, [{"name": f"n{number}", "value": "x" * 5000} for number in range(200)])
    opened.check()
    with opened.reading() as tx:
        assert len(tx.execute(store.meta.select()).all()) == 1


def test_a_store_that_stays_locked_is_told(tmp_path, opened, monkeypatch):
    """S2."""
    monkeypatch.setattr("commitments.store.patience.LONGEST", 0.05)
    other = sqlite3.connect(tmp_path / "gestand.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(BusyStoreError, match="in use by another process"), opened.writing():
        pass
    other.close()


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/local xfs rw 0 0
//nas/share /mnt/the\\040share cifs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "filesystem"),
    [
        ("/var/lib/gestand.db", "ext4"),
        ("/home/clerk/gestand.db", "nfs4"),
        ("/home/local/gestand.db", "xfs"),  # the innermost mount counts
        ("/homework/gestand.db", "ext4"),  # not below /home
        ("/mnt/the share/gestand.db", "cifs"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_its_innermost_mount(path, filesystem):
    assert sqlite.filesystem_of(Path(path), MOUNTS) == filesystem


def test_a_network_file_system_is_refused(tmp_path, monkeypatch):
    """S5."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/x {tmp_path} nfs4 rw 0 0\n", "utf-8")
    monkeypatch.setattr(sqlite, "_MOUNTS", mounts)
    with pytest.raises(NetworkStoreError) as told:
        Store.open(tmp_path / "a.db")
    assert str(told.value) == (
        f"{tmp_path}/a.db is on a network file system (nfs4), where SQLite loses data; move it to a disk"
    )
    assert not (tmp_path / "a.db").exists()


HOLD = """
import sys, time
from pathlib import Path
from commitments.store.places import database
with database(sys.argv[1]).lock():
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_process_acts_at_a_time_and_a_killed_one_gives_way(tmp_path):
    path = tmp_path / "a.db"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE, cwd=Path(__file__).parents[1])
    with holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunningError) as told, database(path).lock():
            pass
        holder.kill()
    assert str(told.value) == (
        f"gestand is already running for {path} (process {holder.pid}); only one may act at a time"
    )
    with database(path).lock():
        assert (tmp_path / "a.db.lock").read_text() == f"{os.getpid()}\n"


def test_a_store_of_an_earlier_layout_is_brought_up_and_keeps_what_it_holds(tmp_path):
    """S7."""
    path = tmp_path / "a.db"
    Store.open(path, new=True).close()
    with closing(sqlite3.connect(path)) as database:
        for table in ("commitment", "notice"):
            database.execute(f"ALTER TABLE {table} DROP COLUMN pack")
        database.execute("UPDATE meta SET value = '2' WHERE name = 'layout'")
        database.execute("INSERT INTO meta (name, value) VALUES ('kept', 'x')")
        database.commit()
    Store.open(path).close()
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(pack) FROM notice").fetchone() == (0,)
        assert database.execute("SELECT value FROM meta WHERE name = 'layout'").fetchone() == (
            str(len(store.MIGRATIONS)),
        )
        assert database.execute("SELECT value FROM meta WHERE name = 'kept'").fetchone() == ("x",)


FORMER_OUTBOX = """
CREATE TABLE outbox (
    id INTEGER NOT NULL PRIMARY KEY, digest INTEGER NOT NULL REFERENCES digest (id), recipient TEXT NOT NULL,
    address TEXT NOT NULL, message_id TEXT NOT NULL UNIQUE, body BLOB NOT NULL, sha256 VARCHAR(64) NOT NULL,
    state TEXT NOT NULL, attempts INTEGER NOT NULL, next_try_at TEXT, lease_until TEXT, last_error TEXT NOT NULL,
    queued_at TEXT NOT NULL, sent_at TEXT,
    CONSTRAINT outbox_state CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'dead')));
CREATE INDEX outbox_waiting ON outbox (state, next_try_at);
"""


def test_an_outbox_of_an_earlier_layout_keeps_its_messages_and_takes_new_states(tmp_path):
    """S7."""
    path = tmp_path / "a.db"
    Store.open(path, new=True).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("DROP TABLE suppression")
        database.execute("DROP TABLE bounce")
        database.execute("DROP TABLE message")
        database.execute("DROP TABLE outbox")
        database.executescript(FORMER_OUTBOX)
        database.execute("INSERT INTO digest (id, recipient, slot, state, reason) VALUES (7, 'a', 's', 'queued', '')")
        row = (3, 7, "a", "a", "<1@x>", b"body", "00", "queued", 1, None, None, "", "2018", None)
        database.execute(f"INSERT INTO outbox VALUES ({', '.join('?' * len(row))})", row)
        database.execute("UPDATE meta SET value = '3' WHERE name = 'layout'")
        database.commit()
    opened = Store.open(path)
    with opened.writing() as tx:
        tx.execute(store.outbox.update().values(state="superseded"))
        [kept] = tx.execute(store.outbox.select())
        assert (kept.id, kept.digest, kept.route, kept.doubtful) == (3, 7, "", False)
        assert tx.execute(store.message.select()).all() == [(3, b"body")]
        assert tx.execute(store.suppression.select()).all() == []
    opened.close()
