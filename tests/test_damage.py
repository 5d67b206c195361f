"""A register that is damaged, locked or on a full disk: what is said, and that nothing is lost and nobody mailed."""

import os
import sqlite3
import subprocess
import threading
import time
from contextlib import closing, nullcontext
from datetime import UTC, date, datetime
from itertools import count

import pytest
from asked import commitments

from commitments import store
from commitments.ledger import chain, register
from commitments.model.commitment import Commitment, Event
from commitments.store import BusyStoreError, DamagedStoreError, FullStoreError, Store
from engine.passes.run import tick
from engine.session import open_session

AT = datetime(2018, 8, 13, 9, tzinfo=UTC)


def mails(folder):
    return len(list((folder / "outbox").glob("*.eml")))


def spoil(path, at, size=9000):
    """Write nonsense into the middle of a file; a part of it from 0 to 1."""
    data = bytearray(path.read_bytes())
    begin = int(len(data) * at)
    data[begin : begin + size] = os.urandom(min(size, len(data) - begin))
    path.write_bytes(data)


# ------------------------------------------------------------------------------------------------- S3: damage


@pytest.mark.parametrize("at", [0.0, 0.3, 0.6, 0.8])
def test_a_service_refuses_to_start_on_a_damaged_file_and_says_how_to_go_on(workspace, tmp_path, at):
    spoil(tmp_path / "gestand.db", at)
    status, _, err = workspace("serve", "--port", "0")
    assert status == 1
    assert "is damaged or not a database" in err
    assert "gestand restore FILE --replace" in err
    assert mails(tmp_path) == 0


def test_a_truncated_file_is_refused_and_a_copy_takes_its_place(workspace, tmp_path):
    assert workspace("backup", "copy.db")[0] == 0
    path = tmp_path / "gestand.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    for command in (("serve", "--port", "0"), ("tick",), ("verify",), ("list",)):
        status, _, err = workspace(*command)
        assert (status, "is damaged or not a database" in err) == (1, True), command
    assert mails(tmp_path) == 0
    assert workspace("restore", "copy.db", "--replace")[0] == 0
    assert workspace("verify")[0] == 0


def test_without_its_log_a_file_is_whole_but_older_and_the_anchor_says_so(tmp_path):
    path = tmp_path / "gestand.db"
    with closing(Store.open(path, new=True)) as first, first.writing() as tx:
        register.note(tx, "digest_sent", {}, at=AT, actor="gestand")
    opened = Store.open(path)
    with opened.writing() as tx:
        anchor = register.note(tx, "digest_sent", {}, at=AT, actor="gestand").head
    older = path.read_bytes()  # as it is without what stands in the log
    opened.close()
    path.write_bytes(older)
    with closing(Store.open(path)) as again, again.reading() as tx:
        assert chain.verify(register.lines(tx)).ok
        assert "its tail is cut off" in str(chain.verify(register.lines(tx), str(anchor)))


# ------------------------------------------------------------------------------------------------- S2: locked


def test_a_pass_that_finds_the_store_locked_says_so_and_the_next_one_works(workspace, tmp_path, monkeypatch):
    with open_session(tmp_path) as session:
        monkeypatch.setattr("commitments.store.patience.LONGEST", 0.05)
        other = sqlite3.connect(tmp_path / "gestand.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BusyStoreError, match="in use by another process"):
            a_pass(session)
        assert mails(tmp_path) == 0
        other.close()
        a_pass(session)
    assert mails(tmp_path) == 1


def test_one_who_waits_gets_a_turn_when_the_other_is_done(place):
    with closing(Store.open(place, new=True)) as opened:
        began = threading.Event()

        def hold():
            with opened.writing() as tx:
                store.remember(tx, "first", "x")
                began.set()
                time.sleep(0.3)

        other = threading.Thread(target=hold)
        other.start()
        began.wait()
        with opened.writing() as tx:
            assert store.recall(tx, "first") == "x"
        other.join()


def a_pass(session):
    return tick(session.store, session.workspace, session.assessor, session.deliverer, now=AT, clock=session.now)


# ------------------------------------------------------------------------------------------------- S1: no room


def test_at_whatever_statement_the_disk_is_full_nothing_is_mailed_that_is_not_written_down(workspace, tmp_path):
    """Room for one more page each time, until a pass succeeds."""
    path = tmp_path / "gestand.db"
    with open_session(tmp_path) as session:
        with session.store.reading() as tx:
            pages = tx.exec_driver_sql("PRAGMA page_count").scalar_one()
        failed = 0
        for more in range(60):
            with session.store.reading() as tx:
                tx.exec_driver_sql(f"PRAGMA max_page_count = {pages + more}")  # of the connection that writes next
            try:
                a_pass(session)
                break
            except FullStoreError:
                failed += 1
            assert mails(tmp_path) <= written_down(path)
    assert failed > 0
    assert mails(tmp_path) == written_down(path) == 1
    with closing(Store.open(path, new=True)) as opened:
        opened.check()
        with opened.reading() as tx:
            assert chain.verify(register.lines(tx)).ok


def written_down(path):
    """How many messages stand in the store as being sent, or sent."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT count(*) FROM outbox WHERE attempts > 0").fetchone()[0]


@pytest.fixture
def small(tmp_path):
    """A disk of 512 KB, where this process may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_real_disk_that_fills_up_loses_nothing_and_goes_on_when_there_is_room(small):
    ballast = small / "ballast"
    ballast.write_bytes(b"x" * 150_000)
    with closing(Store.open(small / "gestand.db", new=True)) as opened:
        written = count(0)

        def fill():
            while True:
                append(opened, next(written))

        with pytest.raises(FullStoreError, match="What was being written was undone"):
            fill()
        number = next(written) - 1
        assert number > 0
        with opened.reading() as tx:
            assert register.head(tx).seq == number
        ballast.unlink()
        append(opened, number)
        opened.check()
        with opened.reading() as tx:
            assert str(chain.verify(register.lines(tx))).startswith(f"the ledger is whole: {number + 1} entries")


def append(opened, number):
    commitment = Commitment(id=f"C-{number}", kind="reply", title="x" * 400, by="a", to="b")
    event = Event(kind="made", occurred_on=date(2018, 7, 13), commitment=commitment)
    with opened.writing() as tx:
        register.append(tx, [(commitment.id, event)], at=AT, actor="clerk")


# ------------------------------------------------------------------------------------------------- S8: verify


def change(path, *statements):
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE ledger SET actor = 'nobody' WHERE seq = 2", "entry #2 was changed after it was written"),
        ("UPDATE ledger SET payload = x'00' WHERE seq = 2", "entry #2 was changed after it was written"),
        ("DELETE FROM ledger WHERE seq = 2", "entry #2 is missing"),
        ("UPDATE ledger SET body = NULL WHERE seq = 2", "the texts of entry #2 are gone, and no entry says who erased"),
        (
            "UPDATE ledger SET seq = CASE seq WHEN 2 THEN -2 ELSE -3 END WHERE seq IN (2, 3)",
            "entry #-3 stands after #0",
        ),
    ],
)
def test_what_was_done_to_the_ledger_is_found_and_so_is_the_trigger_that_was_in_the_way(
    workspace, tmp_path, statement, found
):
    path = tmp_path / "gestand.db"
    refused = "SET body" not in statement
    with pytest.raises(sqlite3.IntegrityError, match="never changed") if refused else nullcontext():
        change(path, statement)
    change(path, "DROP TRIGGER ledger_no_update", "DROP TRIGGER ledger_no_delete", statement)
    status, out, _ = workspace("verify")
    assert status == 1
    assert out.startswith(found)
    assert "the trigger ledger_no_update is gone or was changed" in out
    assert "the trigger ledger_no_delete is gone or was changed" in out
    status, out, _ = workspace("verify", "--mend")
    assert status == 1
    assert "made anew" not in out


def test_exchanged_entries_are_found(workspace, tmp_path):
    change(
        tmp_path / "gestand.db",
        "DROP TRIGGER ledger_no_update",
        "UPDATE ledger SET seq = -2 WHERE seq = 2",
        "UPDATE ledger SET seq = 2 WHERE seq = 3",
        "UPDATE ledger SET seq = 3 WHERE seq = -2",
    )
    status, out, _ = workspace("verify")
    assert status == 1
    assert out.startswith("entry #2 does not follow #1 as it stands: one of the two was changed or exchanged")


def test_a_tail_that_was_cut_off_is_found_with_a_head_that_was_printed(workspace, tmp_path):
    head = workspace("verify")[1].splitlines()[0].partition("head ")[2]
    change(
        tmp_path / "gestand.db",
        "DROP TRIGGER ledger_no_delete",
        "DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)",
    )
    status, out, _ = workspace("verify", "--anchor", head)
    assert status == 1
    assert f"but {head} was written: its tail is cut off" in out


@pytest.mark.parametrize(
    "change_trigger",
    [
        ("DROP TRIGGER ledger_no_replace",),
        (
            "DROP TRIGGER ledger_no_replace",
            "CREATE TRIGGER ledger_no_replace BEFORE INSERT ON ledger WHEN 0 BEGIN SELECT RAISE(ABORT, ''); END",
        ),
    ],
    ids=["gone", "hollow"],
)
def test_a_trigger_that_is_gone_or_hollow_is_found_and_made_anew(workspace, tmp_path, change_trigger):
    change(tmp_path / "gestand.db", *change_trigger)
    status, out, _ = workspace("verify")
    assert (status, out.splitlines()[1]) == (
        1,
        "the trigger ledger_no_replace is gone or was changed: without it the ledger can be; --mend makes it anew",
    )
    assert workspace("verify", "--mend")[0] == 0
    assert workspace("verify")[0] == 0


# ------------------------------------------------------------------------------------------------- the projection


def test_a_rebuild_of_the_projection_gives_the_same_rows(workspace, tmp_path):
    assert workspace("tick", "--as-of", "2018-08-13")[0] == 0
    there = f"{commitments(tmp_path)} commitments"
    status, out, _ = workspace("verify", "--rebuild")
    assert (status, out.splitlines()[1]) == (0, f"the projection is what the ledger makes of it: {there}")


NOT_THE_SAME = "the projection is not what the ledger makes of it"


def test_a_projection_that_is_not_what_the_ledger_makes_of_it_is_told_and_mended(workspace, tmp_path):
    assert workspace("tick", "--as-of", "2018-08-13")[0] == 0
    change(
        tmp_path / "gestand.db",
        "UPDATE commitment SET title = 'Forged', settled_on = '2018-08-10' WHERE id = '34964-B'",
        "DELETE FROM commitment WHERE id = 'EXAMPLE-1'",
        'INSERT INTO commitment (id, kind, title, force, dossier, cycle, by, "to", partly, rule, changed)'
        " VALUES ('X', 'reply', 'x', 'requested', '', '', '[]', '[]', 0, '', 1)",
    )
    status, out, _ = workspace("verify", "--rebuild")
    assert status == 1
    assert out.splitlines()[1:] == [
        f"{NOT_THE_SAME}, for 3 commitments: 34964-B, EXAMPLE-1, X; --mend makes it anew",
        "  34964-B  title: stored is Forged, rebuilt Vervolgvragen over de Global Compacts over vluchtelingen en…",
        "  34964-B  settled_on: stored is 2018-08-10, rebuilt nothing",
        "  EXAMPLE-1  is not there, though the ledger has it",
        "  X  is there, though no entry made it",
    ]
    change(tmp_path / "gestand.db", "DELETE FROM commitment WHERE id = 'X'")
    assert workspace("verify", "--mend")[0] == 0
    assert workspace("tick", "--as-of", "2018-08-13")[0] == 0
    assert workspace("verify", "--rebuild")[0] == 0


@pytest.mark.parametrize(
    ("table", "was", "spoilt"),
    [
        ("digest", "state TEXT", "stbte TEXT"),
        ("digest", "slot TEXT NOT NULL", "slot TEXT COLLATE x"),
        ("message", "REFERENCES outbox (id)", "REFERENCES outbox (ie)"),
        ("meta", "PRIMARY KEY (name)", "CHECK (name <> '')"),
    ],
)
def test_tables_that_are_not_as_they_were_made_are_no_mistake_of_ours(workspace, tmp_path, table, was, spoilt):
    with closing(sqlite3.connect(tmp_path / "gestand.db")) as db, db:
        db.execute("PRAGMA writable_schema = ON")
        (sql,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = ?", [table]).fetchone()
        assert was in sql
        db.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", [sql.replace(was, spoilt), table])
    status, _, err = workspace("tick", "--as-of", "2018-08-13")
    assert (status, "is damaged or not a database" in err) == (1, True)


def test_a_damaged_store_says_how_to_go_on(tmp_path):
    path = tmp_path / "a.db"
    path.write_bytes(b"this is a letter" * 100)
    with pytest.raises(DamagedStoreError, match="put back a copy with `gestand restore FILE --replace`"):
        Store.open(path)
