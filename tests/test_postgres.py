"""PostgreSQL's own: cut connections, one who acts, and what is said when the server does not let us (S4, T7)."""

import os
import subprocess
import sys
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from postgres import ask

from commitments import store
from commitments.ledger import register
from commitments.store import (
    AlreadyRunningError,
    BusyStoreError,
    ForeignStoreError,
    LostRightError,
    LostStoreError,
    NoDatabaseError,
    NotAnAddressError,
    ReadOnlyStoreError,
    Store,
    UnreachableStoreError,
    WrongPasswordError,
)
from commitments.store.postgres import Postgres

AT = datetime(2018, 7, 13, 9, 30, tzinfo=UTC)
CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def opened(database):
    with closing(Store.open(database, new=True)) as made:
        yield made


def count(base):
    with base.reading() as tx:
        return register.head(tx).seq


def note(tx):
    return register.note(tx, "digest_sent", {"attempt": 1}, at=AT, actor="gestand")


def test_a_connection_cut_while_idle_is_made_anew(opened, database):
    with opened.writing() as tx:
        note(tx)
    ask(database, CUT)
    assert count(opened) == 1


def test_a_connection_cut_in_a_transaction_is_told_and_nothing_of_it_is_kept(opened, database):
    def write_and_be_cut():
        with opened.writing() as tx:
            note(tx)
            ask(database, CUT)
            note(tx)

    with pytest.raises(LostStoreError, match="what was being written was undone"):
        write_and_be_cut()
    assert count(opened) == 0
    with opened.writing() as tx:
        note(tx)
    assert count(opened) == 1


def test_one_who_waits_too_long_for_another_writer_is_told(opened, monkeypatch):
    monkeypatch.setattr("commitments.store.patience.LONGEST", 0.05)
    with opened.writing(), pytest.raises(BusyStoreError, match="in use by another process"), opened.writing():
        pass
    with opened.writing() as tx:
        note(tx)
    assert count(opened) == 1


def test_a_reader_sees_the_store_as_it_was_and_cannot_write(opened):
    with opened.reading() as reader:
        assert register.head(reader).seq == 0
        with opened.writing() as tx:
            note(tx)
        assert register.head(reader).seq == 0
    with pytest.raises(ReadOnlyStoreError, match="cannot be written"), opened.reading() as reader:
        note(reader)


HOLD = """
import sys, time
from commitments.store.places import database
with database(sys.argv[1]).lock():
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_holder_that_is_named_is_the_one_of_the_same_schema(opened, database):
    ask(database, "CREATE SCHEMA other")
    other = f"{database}{'&' if '?' in database else '?'}options=-csearch_path%3Dother"
    held = {}
    try:
        for address in (other, database):
            command = [sys.executable, "-c", HOLD, address]
            held[address] = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1])
            assert held[address].stdout.readline() == b"held\n"
        for address, holder in held.items():
            with (
                closing(Store.open(address, new=True)) as late,
                pytest.raises(AlreadyRunningError) as told,
                late.acting(),
            ):
                pass
            assert str(told.value).endswith(f", process {holder.pid}); only one may act at a time")
    finally:
        for holder in held.values():
            holder.kill()
            holder.communicate()


def test_one_process_acts_at_a_time_and_a_killed_one_gives_way(opened, database):
    command = [sys.executable, "-c", HOLD, database]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1]) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunningError) as told, opened.acting():
            pass
        holder.kill()
    assert str(told.value).endswith(f", process {holder.pid}); only one may act at a time")
    assert acts_in_the_end(opened)


def acts_in_the_end(opened):
    """Whether the right to act is to be had: a busy server takes a moment to see that a process is gone."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with suppress(AlreadyRunningError), opened.acting():
            return True
        time.sleep(0.05)
    return False


def test_one_who_lost_the_right_to_act_writes_nothing_more(opened, database):
    with opened.acting():
        with opened.writing() as tx:
            note(tx)
        ask(database, CUT)
        # Asked twice: whoever unsubscribes may be the first to find it out, and the pass must find it too.
        for _ in range(2):
            with pytest.raises(LostRightError, match="nothing was written"), opened.writing():
                pass
    assert count(opened) == 1


def test_the_time_is_the_database_s(opened):
    assert opened.clock(lambda: AT)().tzinfo is not None
    assert opened.clock(lambda: AT)() > AT


def test_a_server_that_does_not_answer_is_told(tmp_path):
    with pytest.raises(UnreachableStoreError, match="see whether the server runs") as told:
        Store.open("postgresql://gestand:topsecret@127.0.0.1:1/gestand")
    assert "topsecret" not in str(told.value)
    assert str(told.value).startswith("postgresql://gestand@127.0.0.1:1/gestand cannot be reached (")


def test_a_database_that_is_not_there_is_told(postgres):
    with pytest.raises(NoDatabaseError, match="make it with `createdb`"):
        Store.open(postgres.replace("@/postgres", "@/none", 1))


def test_a_wrong_password_is_told_and_never_repeated(postgres):
    if os.environ.get("GESTAND_TEST_POSTGRES_URL"):
        pytest.skip("the rules of a server that is not ours are left alone")
    rules = Path(*ask(postgres, "SHOW hba_file"))
    rules.write_text(f"local all guarded scram-sha-256\n{rules.read_text()}")
    ask(postgres, "SELECT pg_reload_conf()", "CREATE ROLE guarded LOGIN PASSWORD 'right'")
    with pytest.raises(WrongPasswordError) as told:
        Store.open(postgres.replace("//postgres:", "//guarded:topsecret", 1))
    assert "topsecret" not in str(told.value)
    assert "set the password in PGPASSWORD or in ~/.pgpass" in str(told.value)


def test_an_address_that_is_none_is_told_without_it():
    with pytest.raises(NotAnAddressError) as told:
        Store.open("postgresql://gestand:topsecret@host:port/x")
    assert "topsecret" not in f"{told.value}{told.value.__cause__}"


def test_a_place_is_shown_without_passwords():
    shown = Postgres.at("postgres://u:topsecret@h/d?password=topsecret&sslpassword=topsecret&sslmode=require")
    assert shown.where == "postgresql://u@h/d?sslmode=require"
    assert "topsecret" not in repr(shown)


def test_the_database_of_another_program_is_left_alone(database):
    ask(database, "CREATE TABLE songs (name text)")
    with pytest.raises(ForeignStoreError):
        Store.open(database)


def test_a_workspace_says_where_its_register_is_but_no_password(run, database, tmp_path):
    assert run("init")[0] == 0
    (tmp_path / "gestand.db").unlink()
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text().replace("store: gestand.db", f"store: {database}"))
    assert f"store: {database}" in settings.read_text()
    assert run("import", "--new", "commitments/example.yaml")[0] == 0
    assert run("tick")[0] == 0
    status, out, _ = run("verify")
    assert (status, out[:20]) == (0, "the ledger is whole:")
    status, out, _ = run("doctor")
    assert status == 0
    assert f"{Postgres.at(database).where} is whole" in out
    assert not list(tmp_path.glob("*.db"))
    assert run("erase", "34964-B", "--reason", "asked")[0] == 0


def test_a_trigger_that_is_gone_or_off_or_hollow_is_found(opened, database):
    """S8."""
    assert opened.unguarded() == []
    ask(database, "DROP TRIGGER ledger_no_delete ON ledger", "ALTER TABLE ledger DISABLE TRIGGER ledger_no_truncate")
    assert opened.unguarded() == ["ledger_no_delete", "ledger_no_truncate"]
    ask(
        database,
        "CREATE OR REPLACE FUNCTION ledger_guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    )
    assert opened.unguarded() == ["ledger_no_update", "ledger_no_delete", "ledger_no_truncate"]
    with opened.writing() as tx:
        store.protect(tx)
    assert opened.unguarded() == []
