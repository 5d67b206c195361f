"""Layouts: a store of every former one comes up to the present one, and a kill half-way changes nothing."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from commitments import store
from commitments.ledger import chain, register
from commitments.model.commitment import Commitment, Event
from commitments.store import Store
from notifications.outbox import dead_letters

HERE = Path(__file__).parent
LAYOUTS = sorted((HERE / "layouts").glob("*.sql"))
"""A store as each version made it, with two entries; of the layouts 4 and 6 there is none."""
AT = datetime(2018, 7, 13, 9, 30, tzinfo=UTC)


def shape(opened):
    """What a store is made of, apart from the order of its columns."""
    with opened.reading() as tx:
        seen = sa.inspect(tx)
        return {
            name: {
                "columns": {c["name"]: (str(c["type"]), c["nullable"]) for c in seen.get_columns(name)},
                "key": set(seen.get_pk_constraint(name)["constrained_columns"]),
                "foreign": {(*f["constrained_columns"], f["referred_table"]) for f in seen.get_foreign_keys(name)},
                "unique": {(*u["column_names"],) for u in seen.get_unique_constraints(name)},
                "checks": {c["sqltext"] for c in seen.get_check_constraints(name)},
                "indexes": {(i["name"], *i["column_names"]) for i in seen.get_indexes(name)},
            }
            for name in seen.get_table_names()
        }


def test_there_is_a_dump_of_the_present_layout_for_those_who_change_it_next():
    last = f"{len(store.MIGRATIONS):02}"
    assert LAYOUTS[-1].stem == last, (
        f"tests/layouts has no {last}.sql: nothing would show that a store of today comes up to later layouts. "
        "Run `PYTHONPATH=. python tests/layouts/make.py`, and commit the file with the step."
    )


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda path: path.stem)
def test_a_store_of_every_former_layout_comes_up_to_what_a_new_one_is(tmp_path, layout):
    with closing(sqlite3.connect(tmp_path / "old.db")) as database:
        database.executescript(layout.read_text("utf-8"))
    with (
        closing(Store.open(tmp_path / "new.db", new=True)) as new,
        closing(Store.open(tmp_path / "old.db", new=True)) as old,
    ):
        assert shape(old) == shape(new)
        assert old.unguarded() == []
        old.check()
        with old.writing() as tx:
            verdict = chain.verify(register.lines(tx))
            assert (verdict.ok, verdict.head.seq) == (True, 2)
            found = register.record(tx, "34964-B")
            assert (found.commitment.title, found.history[1].event.document) == ("Reply", "letter")
            register.append(
                tx, [("34964-B", Event(kind="note", occurred_on=date(2018, 9, 1), note="x"))], at=AT, actor="clerk"
            )
            assert chain.verify(register.lines(tx)).head.seq == 3


def test_what_messages_say_is_kept_where_it_stands_apart(tmp_path):
    with closing(sqlite3.connect(tmp_path / "old.db")) as database:
        database.executescript((HERE / "layouts" / "13.sql").read_text("utf-8"))
        database.execute("INSERT INTO digest (id, recipient, slot, state, reason) VALUES (1, 'a', 's', 'queued', '')")
        columns = "id, digest, recipient, address, message_id, body, sha256, state, attempts, last_error, queued_at"
        row = (4, 1, "a", "a", "<1@x>", b"body", "00", "sent", 1, "", "2018-08-31T05:30:00.000000Z")
        database.execute(f"INSERT INTO outbox ({columns}) VALUES ({', '.join('?' * len(row))})", row)
        database.commit()
    with closing(Store.open(tmp_path / "old.db")) as old, old.reading() as tx:
        found, body = dead_letters.letter(tx, 4)
        assert (found.state, found.message_id, body) == ("sent", "<1@x>", b"body")


KILLED = """
import os, signal, sys
from commitments import store
from commitments.store import Store, migrations

def change(tx):
    tx.exec_driver_sql("CREATE TABLE half (way INTEGER)")
    tx.exec_driver_sql("ALTER TABLE ledger ADD COLUMN half TEXT")

def die(tx):
    os.kill(os.getpid(), signal.SIGKILL)

migrations.MIGRATIONS = (*migrations.MIGRATIONS, change, die)
Store.open(sys.argv[1])
"""


def test_a_step_that_is_killed_half_way_leaves_the_store_as_it_was(place):
    commitment = Commitment(id="C-1", kind="reply", title="x", by="a", to="b")
    with closing(Store.open(place, new=True)) as opened:
        before = shape(opened)
        with opened.writing() as tx:
            made = Event(kind="made", occurred_on=date(2018, 7, 13), commitment=commitment)
            (entry,) = register.append(tx, [("C-1", made)], at=AT, actor="clerk")
    killed = subprocess.run([sys.executable, "-c", KILLED, place], cwd=HERE.parent, check=False)
    assert killed.returncode == -signal.SIGKILL
    with closing(Store.open(place)) as opened:
        assert shape(opened) == before
        with opened.reading() as tx:
            assert store.recall(tx, "layout") == str(len(store.MIGRATIONS))
            assert chain.verify(register.lines(tx), str(entry.head)).ok
