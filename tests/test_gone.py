"""A register that is not there is never made by the way, and one that goes while it is open is not written any more."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from http import HTTPStatus

import pytest
import sqlalchemy as sa
from postgres import ask

from commitments.ledger import register
from commitments.store import (
    GoneStoreError,
    MissingFolderError,
    NoCopyError,
    NoDatabaseError,
    NoRegisterError,
    Store,
    back_up,
    remember,
    restore,
)
from engine.service.http import Asked
from engine.service.ping import Ping
from engine.service.reload import Watched
from engine.service.server import Service
from engine.session import open_session
from engine.workspace import clock

COMMANDS = (
    ("list",),
    ("tick",),
    ("serve",),
    ("verify",),
    ("audit",),
    ("next",),
    ("doctor",),
    ("outbox",),
    ("show", "34964-B"),
    ("record", "note", "34964-B", "--note", "x"),
    ("import", "commitments/example.yaml"),
    ("export", "-o", "all.jsonl"),
    ("backup", "copy.db"),
    ("resume",),
    ("erase", "34964-B", "--reason", "x"),
    ("digest", "next"),
    ("silences",),
)


def drop(folder):
    for file in folder.glob("gestand.db*"):
        file.unlink()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_makes_a_register_by_the_way(workspace, tmp_path, words):
    drop(tmp_path)
    status, _, err = workspace(*words)
    assert status == 1
    assert err.startswith(
        "gestand: there is no register at gestand.db (there is no such file), and none was made. See whether its disk "
        "is mounted and `store` in gestand.yaml is right; `gestand restore FILE` puts a copy there, and "
    )
    assert not (tmp_path / "gestand.db").exists()


def test_a_lock_that_lies_there_shows_that_there_was_a_register(workspace, tmp_path):
    assert workspace("tick")[0] == 0
    (tmp_path / "gestand.db").unlink()
    assert "though gestand.db.lock shows that there was one" in workspace("list")[2]


def test_an_empty_file_is_no_register_and_stays_as_it_is(workspace, tmp_path):
    drop(tmp_path)
    (tmp_path / "gestand.db").touch()
    status, _, err = workspace("tick")
    assert status == 1
    assert "there is no register at gestand.db (the file is empty)" in err
    assert (tmp_path / "gestand.db").stat().st_size == 0


def test_a_place_that_is_no_file_is_told(tmp_path):
    with pytest.raises(MissingFolderError, match="it is not a file"):
        Store.open(tmp_path)
    with pytest.raises(MissingFolderError, match="it is not a file"):
        Store.open("/dev/null", new=True)


def test_a_register_is_made_where_that_is_said(workspace, tmp_path):
    drop(tmp_path)
    assert workspace("init", "--new") == (0, "an empty register is in gestand.db\n", "")
    status, _, err = workspace("init", "--new")
    assert (status, "is there already and was left as it is" in err) == (1, True)
    drop(tmp_path)
    assert workspace("import", "--new", "commitments/example.yaml")[0] == 0
    assert workspace("import", "--new", "commitments/example.yaml")[0] == 0
    assert workspace("verify")[0] == 0


def test_an_empty_database_is_no_register(database):
    with pytest.raises(NoRegisterError, match="the database has no tables"):
        Store.open(database)
    Store.open(database, new=True).close()
    Store.open(database).close()


# ------------------------------------------------------------------------------------------------- gone while open


def moved(path):
    for file in path.parent.glob("gestand.db*"):
        file.rename(file.with_name(f"former-{file.name}"))


def unlinked(path):
    drop(path.parent)


def exchanged(path):
    moved(path)
    Store.open(path, new=True).close()


def exchanged_in_one_step(path):
    Store.open(path.with_name("other.db"), new=True).close()
    path.with_name("other.db").replace(path)


def without_its_log(path):
    path.with_name("gestand.db-wal").unlink()


WAYS = (moved, unlinked, exchanged, exchanged_in_one_step, without_its_log)


@pytest.fixture
def opened(tmp_path):
    with closing(Store.open(tmp_path / "gestand.db", new=True)) as made:
        yield made


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_what_went_while_it_was_open_is_neither_read_nor_written(opened, tmp_path, way):
    way(tmp_path / "gestand.db")
    with pytest.raises(GoneStoreError, match="nothing more is written"), opened.writing():
        pass
    with pytest.raises(GoneStoreError, match="is not the one that was opened"), opened.reading():
        pass


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_what_goes_in_the_middle_of_a_transaction_undoes_it(opened, tmp_path, way):
    with suppress(GoneStoreError), opened.writing() as tx:
        remember(tx, "written", "yes")
        # A second register in the place of a locked one is made elsewhere and moved there.
        (exchanged_in_one_step if way is exchanged else way)(tmp_path / "gestand.db")
    opened.close()
    for file in tmp_path.glob("*gestand.db"):
        with closing(sqlite3.connect(file)) as found:
            assert found.execute("SELECT value FROM meta WHERE name = 'written'").fetchall() == []


def test_what_comes_back_is_written_again(opened, tmp_path):
    moved(tmp_path / "gestand.db")
    with pytest.raises(GoneStoreError), opened.writing():
        pass
    for file in tmp_path.glob("former-*"):
        file.rename(file.with_name(file.name.removeprefix("former-")))
    with opened.writing() as tx:
        remember(tx, "written", "yes")


def test_many_connections_and_a_flush_are_no_reason_to_stop(opened):
    with opened.reading(), opened.reading(), opened.writing() as tx:
        remember(tx, "written", "yes")
    opened.flush()
    for _ in range(3):
        with opened.writing() as tx, opened.reading():
            remember(tx, "written", "again")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_service_stops_writing_and_is_red(workspace, tmp_path, way):
    with open_session(tmp_path) as session, closing(Watched(session)) as watched:
        service = Service(watched=watched, interval=30, ping=Ping(""))
        service.turn()
        way(tmp_path / "gestand.db")
        with pytest.raises(GoneStoreError):
            service.turn()
        answer = service.respond(Asked(method="GET", path="/health"))
        assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
        assert b"is not the one that was opened" in answer.body


@pytest.mark.parametrize("lost", ["DROP SCHEMA public CASCADE", "DROP TABLE meta", "ALTER SCHEMA public RENAME TO x"])
def test_tables_that_go_on_a_server_are_told(database, lost):
    with closing(Store.open(database, new=True)) as base:
        ask(database, lost)
        with pytest.raises(GoneStoreError, match="is not the one that was opened"), base.writing() as tx:
            remember(tx, "written", "yes")


def test_a_database_that_is_dropped_is_told(postgres, database):
    with closing(Store.open(database, new=True)) as base:
        name = sa.make_url(database).database
        ask(postgres, f"DROP DATABASE {name} WITH (FORCE)")
        with pytest.raises(NoDatabaseError, match="is not there"), base.writing():
            pass


# ------------------------------------------------------------------------------------------------- no whole copy


def songs(path):
    with closing(sqlite3.connect(path)) as other:
        other.executescript("CREATE TABLE meta (key); CREATE TABLE ledger (seq); INSERT INTO meta VALUES (1)")


def cut_off(path):
    whole = path.with_name("gestand.db").read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def without_a_table(path):
    shutil.copy(path.with_name("gestand.db"), path)
    with closing(sqlite3.connect(path)) as other:
        other.executescript("DROP TABLE outbox")


def vacuumed(path):
    """A database of SQLite without any table."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("VACUUM")


NO_COPIES = {
    "0 bytes": lambda path: path.touch(),
    "/dev/null": lambda path: path.symlink_to("/dev/null"),
    "/dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "a pipe": os.mkfifo,
    "a folder": lambda path: path.mkdir(),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
    "zeros": lambda path: path.write_bytes(bytes(100_000)),
    "a YAML file": lambda path: path.write_text("store: gestand.db\n" * 1000),
    "the database of another program": songs,
    "cut off": cut_off,
    "its first page": lambda path: path.write_bytes(path.with_name("gestand.db").read_bytes()[:4096]),
    "without a table": without_a_table,
    "without tables": vacuumed,
}


@pytest.mark.parametrize("made", NO_COPIES.values(), ids=NO_COPIES)
def test_what_is_no_whole_copy_replaces_nothing(tmp_path, made):
    path = tmp_path / "gestand.db"
    with closing(Store.open(path, new=True)) as opened, opened.writing() as tx:
        register.note(tx, "digest_sent", {}, at=clock.now(), actor="gestand")
    before = path.read_bytes()
    made(tmp_path / "copy.db")
    with pytest.raises(NoCopyError):
        restore(tmp_path / "copy.db", path, replace=True, at=clock.now())
    assert path.read_bytes() == before
    assert not [file.name for file in tmp_path.iterdir() if "before" in file.name or "partial" in file.name]


def test_a_copy_brings_along_what_lies_in_its_log(tmp_path):
    with closing(Store.open(tmp_path / "a.db", new=True)) as opened:
        with opened.writing() as tx:
            register.note(tx, "digest_sent", {}, at=clock.now(), actor="gestand")
            head = str(register.head(tx))
        for ending in ("", "-wal"):
            shutil.copy(tmp_path / f"a.db{ending}", tmp_path / f"b.db{ending}")
    restore(tmp_path / "b.db", tmp_path / "c.db", replace=False, at=clock.now())
    with closing(Store.open(tmp_path / "c.db")) as found, found.reading() as tx:
        assert str(register.head(tx)) == head


def test_a_backup_is_a_whole_copy(opened, tmp_path):
    back_up(opened, tmp_path / "copy.db")
    restore(tmp_path / "copy.db", tmp_path / "new.db", replace=False, at=clock.now())
    with closing(Store.open(tmp_path / "new.db")) as found:
        found.check()
