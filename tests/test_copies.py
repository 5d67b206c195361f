"""Backup and restore: the same ledger elsewhere, and nobody told twice (S6); from one kind of database to the other."""

import json
import threading
from contextlib import closing
from datetime import UTC, datetime

import pytest
from postgres import new_database

from commitments import store
from commitments.ledger import chain, register
from commitments.store import Store

AT = datetime(2018, 7, 13, tzinfo=UTC)


@pytest.fixture
def kept(run, tmp_path, place):
    """A workspace with the example in it, in each kind of database, whose folder gets the digests."""
    assert run("init")[0] == 0
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text().replace("store: gestand.db", f"store: {json.dumps(place)}"))
    assert run("import", "--new", "commitments/example.yaml", "--actor", "clerk")[0] == 0
    return run


def rows(place, *but):
    """All that a store holds, table by table."""
    with closing(Store.open(place)) as opened, opened.reading() as tx:
        return {
            table.name: sorted(map(repr, tx.execute(table.select()).all()))
            for table in store.tables.metadata.sorted_tables
            if table.name not in but
        }


def head(place):
    with closing(Store.open(place)) as opened, opened.reading() as tx:
        assert chain.verify(register.lines(tx)).ok
        return str(register.head(tx))


def mails(tmp_path):
    return len(list((tmp_path / "outbox").glob("*.eml")))


def test_a_copy_holds_all_of_it_and_the_same_head(kept, tmp_path, place):
    assert kept("tick", "--as-of", "2018-08-13")[0] == 0
    status, out, _ = kept("backup", "copy.db")
    assert (status, out.splitlines()[0]) == (0, "written to copy.db")
    assert out.splitlines()[1].endswith(f", head {head(place)}")
    assert rows(tmp_path / "copy.db", "meta") == rows(place, "meta")
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy.db"]


def test_a_copy_is_never_written_over_something(kept, tmp_path):
    (tmp_path / "copy.db").write_text("a letter")
    status, _, err = kept("backup", "copy.db")
    assert (status, err) == (
        1,
        "gestand: copy.db is there already and was left as it is; name a new file for the copy\n",
    )
    assert (tmp_path / "copy.db").read_text() == "a letter"


def test_a_restored_copy_assesses_and_delivers_nothing_until_told_to(workspace, tmp_path):
    assert workspace("backup", "copy.db")[0] == 0
    (tmp_path / "gestand.db").unlink()
    before = head(tmp_path / "copy.db")
    status, out, _ = workspace("restore", "copy.db")
    assert status == 0
    assert out.splitlines()[-1] == "nothing is delivered until `gestand resume`"
    assert head(tmp_path / "gestand.db") == before
    status, out, _ = workspace("tick", "--as-of", "2018-08-13")
    assert status == 0
    assert "assessed" in out
    assert out.splitlines()[-1] == (
        "  nothing is delivered: it is a copy, and the original may still be at work; `gestand resume` lets it"
    )
    assert mails(tmp_path) == 0
    assert workspace("resume", "--actor", "officer")[1] == "digests go out again from the next pass on\n"
    assert workspace("tick", "--as-of", "2018-08-14")[0] == 0
    assert mails(tmp_path) == 1
    status, _, err = workspace("resume")
    assert (status, err) == (1, "gestand: this register is not held: its digests go out with every pass\n")
    with closing(Store.open(tmp_path / "gestand.db")) as opened, opened.reading() as tx:
        assert [one.actor for one in register.entries(tx) if one.kind == "delivery_resumed"] == ["officer"]


HELD = "nothing is delivered: it is a copy, and the original may still be at work; `gestand resume` lets it"


def test_a_copy_sends_no_test_either_and_says_wherever_mail_is_shown_that_it_is_held(workspace, tmp_path):
    assert workspace("backup", "copy.db")[0] == 0
    (tmp_path / "gestand.db").unlink()
    assert workspace("restore", "copy.db")[0] == 0
    status, out, err = workspace("digest", "test-send")
    assert (status, out, err) == (1, "", f"gestand: {HELD}\n")
    assert mails(tmp_path) == 0
    for command in (("outbox",), ("digest", "next"), ("doctor",)):
        assert HELD in workspace(*command)[1]
    assert workspace("resume")[0] == 0
    for command in (("outbox",), ("digest", "next"), ("doctor",)):
        assert HELD not in workspace(*command)[1]
    assert workspace("digest", "test-send")[0] == 0
    assert mails(tmp_path) == 2


def test_a_register_is_not_replaced_unless_that_is_said_and_is_then_put_aside(workspace, tmp_path):
    assert workspace("backup", "copy.db")[0] == 0
    assert workspace("record", "note", "34964-B", "--note", "later")[0] == 0
    later = head(tmp_path / "gestand.db")
    status, _, err = workspace("restore", "copy.db")
    assert status == 1
    assert "is there already and was left as it is; with --replace it is put aside" in err
    status, out, _ = workspace("restore", "copy.db", "--replace", "--resume", "--actor", "officer")
    assert status == 0
    assert out.splitlines()[-1] == "digests go out again from the next pass on"
    (aside,) = tmp_path.glob("gestand.db.before-*")
    assert out.splitlines()[0] == f"put aside: {aside.name}"
    assert head(aside) == later


def test_a_restore_that_was_killed_between_makes_no_empty_register_and_is_done_again(workspace, tmp_path):
    assert workspace("backup", "copy.db")[0] == 0
    there = head(tmp_path / "gestand.db")
    (tmp_path / "gestand.db").rename(tmp_path / "gestand.db.before-20180713T000000Z")
    (tmp_path / "gestand.db-wal").write_text("the log of the one that was put aside")
    status, _, err = workspace("list")
    assert status == 1
    assert err == (
        "gestand: gestand.db is not there, but gestand.db.before-20180713T000000Z is: it was put aside for a copy. "
        "Restore the copy again with `gestand restore FILE`, or rename that file (and those with -wal and -shm behind "
        "its name) to gestand.db; to begin anew, move it elsewhere. Nothing was made.\n"
    )
    assert not (tmp_path / "gestand.db").exists()
    status, out, _ = workspace("restore", "copy.db")
    assert (status, out.splitlines()[0]) == (0, "restored from copy.db")
    assert head(tmp_path / "gestand.db") == there
    (log,) = tmp_path.glob("gestand.db.before-*-wal")
    assert log.read_text() == "the log of the one that was put aside"


def test_what_is_put_aside_stands_in_one_file(workspace, tmp_path):
    assert workspace("backup", "copy.db")[0] == 0
    with closing(Store.open(tmp_path / "gestand.db")) as opened, opened.reading():
        assert workspace("record", "note", "34964-B", "--note", "later")[0] == 0
    later = head(tmp_path / "gestand.db")
    assert workspace("restore", "copy.db", "--replace")[0] == 0
    (aside,) = tmp_path.glob("gestand.db.before-*Z")
    assert head(aside) == later


def test_a_register_that_is_at_work_is_not_replaced(workspace, tmp_path):
    assert workspace("backup", "copy.db")[0] == 0
    with closing(Store.open(tmp_path / "gestand.db")) as opened, opened.acting():
        status, _, err = workspace("restore", "copy.db", "--replace")
    assert status == 1
    assert "gestand is already running for" in err


@pytest.mark.parametrize(("content", "reason"), [(None, "there"), (b"a letter" * 900, "it is damaged, or not a copy")])
def test_what_is_no_copy_is_told_and_the_register_is_left(workspace, tmp_path, content, reason):
    if content:
        (tmp_path / "copy.db").write_bytes(content)
    before = head(tmp_path / "gestand.db")
    status, _, err = workspace("restore", "copy.db", "--replace")
    assert status == 1
    assert err.startswith("gestand: nothing was copied: copy.db: ")
    assert reason in err or "No such file" in err
    assert head(tmp_path / "gestand.db") == before
    assert not list(tmp_path.glob("*.partial*"))


def test_a_copy_made_while_others_write_is_whole(workspace, tmp_path):
    stop = threading.Event()
    later = datetime(2099, 1, 1, tzinfo=UTC)

    def write():
        with closing(Store.open(tmp_path / "gestand.db")) as busy:
            while not stop.is_set():
                with busy.writing() as tx:
                    register.note(tx, "digest_sent", {"n": 1}, at=later, actor="gestand")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert workspace("backup", "copy.db")[0] == 0
    finally:
        stop.set()
        writer.join()
    taken = head(tmp_path / "copy.db")
    with closing(Store.open(tmp_path / "gestand.db")) as opened, opened.reading() as tx:
        assert chain.verify(register.lines(tx), taken).ok


def test_a_register_moves_from_a_file_to_a_server_and_goes_on(workspace, postgres, tmp_path):
    assert workspace("tick", "--as-of", "2018-08-13")[0] == 0
    assert workspace("backup", "copy.db")[0] == 0
    with new_database(postgres) as address:
        settings = tmp_path / "gestand.yaml"
        settings.write_text(settings.read_text().replace("store: gestand.db", f"store: {json.dumps(address)}"))
        assert workspace("restore", "copy.db", "--resume", "--actor", "officer")[0] == 0
        assert rows(address, "meta", "ledger") == rows(tmp_path / "copy.db", "meta", "ledger")
        status, out, _ = workspace("verify", "--anchor", head(tmp_path / "copy.db"), "--rebuild")
        assert status == 0, out
        assert workspace("tick", "--as-of", "2018-08-20")[0] == 0  # numbers its rows on from those brought along
        status, _, err = workspace("restore", "copy.db", "--replace")
        assert status == 1
        assert "make an empty database with createdb" in err
