"""What was done to a register behind our back: each kind is found by `verify` and named, and no command breaks off."""

import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from commitments import store
from commitments.ledger import chain, register
from commitments.store import Store
from engine.passes.run import tick
from engine.session import open_session

AT = datetime(2018, 8, 13, 9, tzinfo=UTC)
COMMANDS = (("show", "34964-B"), ("list",), ("export",), ("export", "--ledger"), ("audit",), ("tick",))


@pytest.fixture
def told(workspace, tmp_path):
    """A workspace that has sent a digest; what is done to its database by hand comes back as a function."""
    with open_session(tmp_path) as session:
        tick(session.store, session.workspace, session.assessor, session.deliverer, now=AT, clock=session.now)
    assert workspace("verify") == (0, workspace("verify")[1], "")

    def change(*statements):
        with closing(sqlite3.connect(tmp_path / "gestand.db", isolation_level=None)) as database:
            guards = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in guards:
                database.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                database.execute(*statement) if isinstance(statement, tuple) else database.execute(statement)
            for _, sql in guards:
                database.execute(sql)

    return change


def forge(path, kind, payload, commitment=None):
    """An entry at the end of a ledger, with the right hash, whatever it says."""
    with closing(Store.open(path)) as opened, opened.writing() as tx:
        last = register.head(tx)
        sealed = chain.seal(last, at=chain.stamp(AT), actor="x", kind=kind, commitment=commitment, payload={})
        line = sealed._replace(payload=payload)
        chained = chain._digest(*line[:7])
        tx.execute(store.ledger.insert(), line._replace(hash=chained)._asdict())
        return last.seq + 1


# ------------------------------------------------------------------------------------------------- messages


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE message SET body = CAST('Nothing is late.' AS BLOB)", "what it says is not what was sealed"),
        ("UPDATE message SET body = x''", "what it says is gone, and no entry says who erased it"),
        ("UPDATE outbox SET sha256 = 'x'", "what it says is not what was sealed"),
        ("UPDATE outbox SET address = 'x@example.org'", "it is addressed to somebody else than the ledger says"),
        ("UPDATE outbox SET recipient = 'x@example.org'", "it is addressed to somebody else than the ledger says"),
        ("UPDATE digest SET recipient = 'x@example.org'", "it is addressed to somebody else than the ledger says"),
        ("UPDATE outbox SET sent_at = '2018-08-01T00:00:00.000000Z'", "it is sent, and the ledger says sent at 2026"),
        ("UPDATE outbox SET state = 'dropped'", "it is dropped, and the ledger says sent at 2026"),
        ("UPDATE digest SET slot = '2018-08-01T05:30:00+00:00'", "its digest is of another slot than the ledger says"),
        ("DELETE FROM told", "what its reader was told is not what the ledger says"),
        ("DELETE FROM outbox", "is gone from the outbox"),
        ("UPDATE notice SET stage = 'reminder'", "says something else than its key"),
        (
            """INSERT INTO outbox (recipient, address, message_id, sha256, state, attempts, queued_at, last_error)
            VALUES ('a', 'a', 'm', 's', 'sent', 1, '2018-08-13T09:00:00.000000Z', '')""",
            "is sent, and no entry of the ledger says so",
        ),
    ],
)
@pytest.mark.at("2026-11-26T09:00")
def test_what_was_told_is_compared_with_what_was_sealed(told, workspace, statement, found):
    told(statement)
    status, out, _ = workspace("verify")
    assert status == 1
    assert found in out
    assert workspace("verify", "--mend")[0] == 1  # what was told is not known here


def test_a_message_that_was_erased_by_an_entry_is_no_damage(told, workspace):
    assert workspace("erase", "34964-B", "--reason", "asked", "--actor", "clerk")[0] == 0
    status, out, _ = workspace("verify")
    assert status == 0, out


# ------------------------------------------------------------------------------------------------- triggers


@pytest.mark.parametrize("table", ["ledger", "outbox"])
def test_a_further_trigger_is_named_and_taken_away(told, workspace, tmp_path, table):
    told(f"CREATE TRIGGER helper AFTER INSERT ON {table} BEGIN SELECT 1; END")
    status, out, _ = workspace("verify")
    assert status == 1
    assert f"the trigger helper at the table {table} is not ours; --mend takes it away" in out
    assert workspace("verify", "--mend")[0] == 0
    with closing(Store.open(tmp_path / "gestand.db")) as opened:
        assert opened.strangers() == []


def test_further_triggers_and_rules_are_named_in_every_database(place):
    with closing(Store.open(place, new=True)) as opened:
        assert opened.strangers() == []
        with opened.writing() as tx:
            if tx.dialect.name == "sqlite":
                tx.exec_driver_sql("CREATE TRIGGER helper AFTER UPDATE ON meta BEGIN SELECT 1; END")
                named = [("trigger", "helper", "meta")]
            else:
                tx.exec_driver_sql(
                    "CREATE FUNCTION helper() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
                )
                tx.exec_driver_sql("CREATE TRIGGER helper AFTER UPDATE ON meta FOR EACH ROW EXECUTE FUNCTION helper()")
                tx.exec_driver_sql("CREATE RULE quiet AS ON DELETE TO told DO INSTEAD NOTHING")
                named = [("trigger", "helper", "meta"), ("rule", "quiet", "told")]
        assert [tuple(one) for one in opened.strangers()] == named
        with opened.writing() as tx:
            store.expel(tx)
        assert opened.strangers() == []
        assert opened.unguarded() == []


# ------------------------------------------------------------------------------------------------- the projection


def test_a_row_that_has_changed_since_the_last_pass_is_compared_too(told, workspace):
    assert workspace("record", "note", "34964-B", "--note", "x", "--actor", "clerk")[0] == 0
    told("UPDATE commitment SET title = 'Another' WHERE id = '34964-B'")
    status, out, _ = workspace("verify")
    assert (status, "  34964-B  title: stored is Another" in out) == (1, True)
    told("DELETE FROM told", "DELETE FROM notice", "DELETE FROM commitment WHERE id = '34964-B'")
    status, out, _ = workspace("verify")
    assert (status, "  34964-B  is not there, though the ledger has it" in out) == (1, True)


def test_a_row_said_to_be_settled_for_ever_is_found_by_verify_without_options(told, workspace):
    told("UPDATE commitment SET status = 'withdrawn', next_change = NULL WHERE id = '34964-B'")
    status, out, _ = workspace("verify")
    assert status == 1
    assert "  34964-B  status: stored is withdrawn, rebuilt overdue" in out


# ------------------------------------------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize(
    ("kind", "payload", "reason"),
    [
        ("erased", "{}", "entries is missing, or not what it must be"),
        ("erased", '{"entries": "all"}', "entries is missing, or not what it must be"),
        ("note", "not json", "cannot be read ("),
        ("note", "[1]", "cannot be read ("),
        ("note", '{"kind": "note", "occurred_on": "2026-13-45"}', "cannot be read (occurred_on"),
        ("note", '{"kind": "fulfilled", "occurred_on": "2018-08-01"}', "it says fulfilled, but stands as note"),
        ("digest_queued", '{"message_id": 1}', "message_id is missing"),
        ("note", '{"kind": "note", "occurred_on": "2018-08-01", "date": ' + "[" * 5000 + "]" * 5000 + "}", "cannot"),
    ],
)
def test_a_sealed_entry_that_cannot_be_read_is_named_and_stops_no_command(
    told, workspace, tmp_path, kind, payload, reason
):
    number = forge(tmp_path / "gestand.db", kind, payload, "34964-B")
    status, out, err = workspace("verify")
    assert status == 1
    assert re.search(rf"entry #{number} .*{re.escape(reason)}", out), out
    for command in COMMANDS:
        status, out, err = workspace(*command)
        assert status in {0, 1}, (command, err)
    status, out, err = workspace("show", "34964-B")
    assert (status, f"entry #{number} " in err) == (1, True)
    status, out, err = workspace("export", "--ledger")
    assert (status, f"entry #{number} " in err, len(out.splitlines()) >= number) == (1, True, True)
    status, out, err = workspace("backup", "copy.db")
    assert (status, f"entry #{number} " in out, (tmp_path / "copy.db").exists()) == (1, True, True)


@pytest.mark.parametrize(
    ("column", "spoilt"),
    [("body", b"\xff"), ("body", b"x"), ("payload", b"\xff"), ("at", b""), ("kind", b"x"), ("hash", b"\xff")],
)
def test_one_damaged_text_of_the_ledger_is_named_and_stops_no_command(told, workspace, tmp_path, column, spoilt):
    new = f"CAST(? || substr(CAST({column} AS BLOB), 2) AS TEXT)"
    told((f"UPDATE ledger SET {column} = {new} WHERE commitment = '34964-B' AND kind = 'fulfilled'", (spoilt,)))
    with closing(sqlite3.connect(tmp_path / "gestand.db")) as database:
        (number,) = database.execute(
            "SELECT seq FROM ledger WHERE commitment = '34964-B' AND kind <> 'made'"
        ).fetchone()
    status, out, _ = workspace("verify")
    assert (status, f"entry #{number}" in out) == (1, True), out
    for command in COMMANDS:
        assert workspace(*command)[0] in {0, 1}, command
    status, out, err = workspace("backup", "copy.db")
    assert (status, f"#{number}" in out, (tmp_path / "copy.db").exists()) == (1, True, True), out + err
    assert workspace("restore", "copy.db", "--replace")[0] == 1
    status, out, err = workspace("export", "--ledger")
    assert (status, f"#{number}" in err) == (1, True)
    assert all(json.loads(line) for line in out.splitlines())


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE commitment SET settled_on = '2018-13-45' WHERE id = '34964-B'", "settled_on of row 34964-B"),
        ("UPDATE commitment SET status = 'lost' WHERE id = '34964-B'", "34964-B"),
        ("UPDATE commitment SET \"by\" = '5' WHERE id = '34964-B'", "the column by of row 34964-B"),
        ("UPDATE commitment SET ground = 'x' WHERE id = '34964-B'", "34964-B"),
        ("UPDATE digest SET slot = 'soon' WHERE id = 1", "the column slot of row 1"),
        ("UPDATE meta SET value = 'x' WHERE name = 'last_pass'", "last_pass"),
    ],
)
def test_a_damaged_value_elsewhere_is_named_and_stops_no_command(told, workspace, statement, named):
    told(statement)
    status, out, err = workspace("verify")
    assert (status, named in out + err) == (1, True), out + err
    for command in COMMANDS:
        status, _, err = workspace(*command)
        assert status in {0, 1}, (command, err)
    if "commitment" in statement:
        assert workspace("verify", "--mend")[0] == 0
        assert workspace("tick")[0] == 0
        assert workspace("verify")[0] == 0


@pytest.mark.parametrize("form", ["terminal", "markdown", "json", "csv"])
def test_an_audit_and_a_list_say_that_another_hand_wrote_in_the_projection(workspace, tmp_path, form):
    with open_session(tmp_path) as session:
        tick(session.store, session.workspace, session.assessor, session.deliverer, now=session.now())
    assert workspace("audit", "--format", form)[0] == 0
    assert workspace("list")[0] == 0
    with closing(sqlite3.connect(tmp_path / "gestand.db", isolation_level=None)) as database:
        database.execute("UPDATE commitment SET status = 'fulfilled', next_change = NULL WHERE id = 'EXAMPLE-1'")
    said = "the projection is not what the ledger makes of it, for 1 commitment: EXAMPLE-1"
    status, out, err = workspace("audit", "--format", form)
    assert (status, said in err) == (1, True)
    assert form == "csv" or "where it stands was not worked out from the ledger" in out or "another hand" in out
    assert workspace("tick")[0] == 0  # nothing has changed for a pass, and the difference stays
    status, _, err = workspace("list")
    assert (status, said in err) == (1, True)
    assert workspace("verify", "--mend")[0] == 0
    assert workspace("tick")[0] == 0
    assert workspace("audit", "--format", form)[0] == 0
