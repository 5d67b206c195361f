"""Who only reads keeps nobody from writing, sees one state of the register, and needs nothing that can be written."""

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from postgres import new_database
from sample_register import SETTINGS, drafts, take_in
from test_listing import plain, replayed

from commitments import store
from commitments.ledger import register
from commitments.listing import Wanted
from commitments.model.commitment import Event, EventKind
from commitments.store import LeftLogError, ReadOnlyStoreError, Store, WrittenMeanwhileError
from engine.answers.account import Asked, report, source
from engine.checking.replay import compare
from engine.passes.run import preview, tick, waiting
from engine.service.http import Asked as Request
from engine.service.unsubscribe import leave
from engine.session import open_session
from engine.workspace import clock

NOW = datetime(2020, 6, 1, 9, tzinfo=UTC)
LATER = NOW + timedelta(40)
PEOPLE = """
recipients:
  - {name: The clerk, address: clerk@example.org, roles: [clerk], cadence: daily 07:30}
"""


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: LATER)


@pytest.fixture(params=["sqlite", "postgresql"])
def folder(request, tmp_path, kept):
    """A workspace in each kind of database, with a pass of 40 days ago and ten commitments that none has seen."""
    if request.param == "sqlite":
        yield request.getfixturevalue("on_disk")
        return
    server = request.getfixturevalue("postgres")
    with new_database(server, like=kept(server)) as place:
        (tmp_path / "workspace").mkdir()
        yield settled(tmp_path / "workspace", place)


@pytest.fixture
def on_disk(tmp_path, kept):
    """The same, in a file."""
    return Path(shutil.copytree(kept(), tmp_path / "workspace"))


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A function that makes the workspace once for each kind of database: its folder, or its address on a server."""
    with ExitStack() as stack:

        @cache
        def once(server=None):
            place = stack.enter_context(new_database(server)) if server else "gestand.db"
            folder = made(tmp_path_factory.mktemp("kept") / "workspace", place)
            return place if server else folder

        yield once


def settled(folder, place="gestand.db"):
    (folder / "gestand.yaml").write_text(f"{SETTINGS}{PEOPLE}store: {place}\n")
    return folder


def made(folder, place="gestand.db"):
    folder.mkdir()
    settled(folder, place)
    with open_session(folder, new=True) as session:
        take_in(session, drafts(60), NOW)
        tick(session.store, session.workspace, session.assessor, session.deliverer, now=NOW)
        take_in(session, drafts(70), LATER)
    return folder


def note(base, identifier="C-1"):
    with base.writing() as tx:
        register.append(tx, [(identifier, Event(kind=EventKind.NOTE, occurred_on=NOW.date()))], at=LATER, actor="clerk")


@pytest.fixture
def impatient(monkeypatch):
    """Writers give up at once."""
    monkeypatch.setattr("commitments.store.patience.LONGEST", 0.2)


# ------------------------------------------------------------------------------------------------- nobody waits


def test_whoever_reads_what_no_pass_has_seen_keeps_nobody_from_writing(folder, impatient):
    with open_session(folder) as session, open_session(folder) as other:
        with session.current(LATER) as tx:
            before = tx.execute(store.commitment.select().order_by(store.commitment.c.id)).all()
            note(other.store)
            assert tx.execute(store.commitment.select().order_by(store.commitment.c.id)).all() == before
        assert plain(session.listed(LATER, Wanted())) == plain(replayed(session, LATER.date()))


def test_nothing_of_it_stays_and_the_next_reader_begins_anew(folder):
    with open_session(folder) as session:
        for _ in range(12):
            with session.store.reading() as tx:
                stored = tx.execute(store.commitment.select().order_by(store.commitment.c.id)).all()
            with session.current(LATER) as tx:
                rows = tx.execute(store.commitment.select().order_by(store.commitment.c.id)).all()
            assert [row.id for row in rows] == [row.id for row in stored]
            assert rows != stored
        tick(session.store, session.workspace, session.assessor, session.deliverer, now=LATER)
        with session.store.reading() as tx:
            passed = tx.execute(store.commitment.select().order_by(store.commitment.c.id)).all()
        assert unmarked(rows) == unmarked(passed)


def unmarked(rows):
    """Rows without the mark that they wait to be assessed."""
    return [row._asdict() | {"changed": False} for row in rows]


@pytest.mark.parametrize("days", [40, 41])
def test_what_would_be_told_is_found_without_a_trace(folder, days):
    now = NOW + timedelta(days)
    with open_session(folder) as session:
        with session.store.reading() as tx:
            head = register.head(tx)
        counts = waiting(session.store, session.workspace, session.assessor, now=now)
        ((_, digest),) = preview(session.store, session.workspace, session.assessor, now=now)
        assert counts["clerk@example.org"][0] == sum(len(items) for _, items in digest.sections) > 0
        with session.store.reading() as tx:
            assert register.head(tx) == head
            assert store.recall(tx, "last_pass") == NOW.isoformat()


def test_what_would_be_told_is_found_while_another_writes(on_disk, impatient):
    with open_session(on_disk) as session, session.store.writing():
        assert waiting(session.store, session.workspace, session.assessor, now=LATER)["clerk@example.org"][0] > 0
        with session.store.trial() as tx:
            assert compare(tx, session.workspace, session.assessor).count == 70


# ------------------------------------------------------------------------------------------------- one state


@pytest.mark.parametrize("known_at", [None, LATER])
def test_an_account_tells_the_head_of_the_ledger_that_it_counted(folder, known_at):
    with open_session(folder) as session, open_session(folder) as other:
        with session.store.reading() as tx:
            known = register.known(tx, known_at) if known_at else None
        asked = Asked(day=LATER.date(), known=known, since=NOW.date(), cutoff=date(2020, 7, 1))
        with source(session, asked, LATER) as found:
            before = str(register.head(found.tx))
            with other.store.writing() as tx:
                withdrawn = Event(kind=EventKind.WITHDRAWN, occurred_on=LATER.date())
                register.append(tx, [("C-1", withdrawn)], at=LATER, actor="clerk")
            made = report(session, found, asked)
        assert made.account.head == before != session.head()
        assert "withdrawn" not in {one.change for one in made.changes if one.commitment == "C-1"}


# ------------------------------------------------------------------------------------------------- no writing


def test_an_address_to_unsubscribe_at_is_unknown_before_any_was_made(folder):
    with open_session(folder) as session:
        for method, body in (("GET", b""), ("POST", b"List-Unsubscribe=One-Click")):
            request = Request(method=method, path="/unsubscribe/x-0", body=body)
            assert leave(session.store, session.workspace, request, LATER).status == 404


COMMANDS = [
    ["list"],
    ["list", "--as-of", "2020-01-01"],
    ["audit"],
    ["audit", "--format", "csv"],
    ["audit", "--as-of", "2020-01-01"],
    ["explain", "C-1"],
    ["show", "C-1"],
    ["next"],
    ["diff", "--from", "2020-05-01"],
    ["export"],
    ["export", "--ledger"],
    ["verify"],
    ["digest", "list"],
    ["digest", "next"],
    ["digest", "preview"],
    ["digest", "who", "C-1"],
    ["outbox"],
    ["silences"],
    ["letter", "C-1", "--anyway"],
    ["feed"],
    ["doctor"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_only_reads_writes_nothing(folder, run, command):
    with open_session(folder) as session:
        before = held(session)
    code, said, complaints = run("-w", str(folder), *command)
    assert code in {0, 1}, complaints
    assert "cannot be written" not in said + complaints
    assert "Traceback" not in complaints
    with open_session(folder) as session:
        assert held(session) == before


def held(session):
    with session.store.reading() as tx:
        return [tx.execute(table.select()).all() for table in (store.commitment, store.meta, store.ledger)]


# ------------------------------------------------------------------------------------------------- nothing to write to


@contextmanager
def shut(folder):
    """A folder that nobody can write to, the administrator included: mounted so, where that is allowed."""
    mount = ["mount", "--bind", "-o", "ro", str(folder), str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no folder can be mounted read-only here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


READS = [command for command in COMMANDS if command != ["doctor"]]


@pytest.mark.parametrize("command", READS, ids=" ".join)
def test_a_register_where_nothing_can_be_written_is_read(on_disk, command, run):
    expected = run("-w", str(on_disk), *command)
    with shut(on_disk):
        assert run("-w", str(on_disk), *command) == expected
        assert [path.name for path in on_disk.iterdir() if "gestand.db" in path.name] == ["gestand.db"]


def test_where_nothing_can_be_written_who_writes_is_told(on_disk, run):
    with shut(on_disk):
        for command in (["tick"], ["record", "note", "C-1", "--on", "2020-06-01", "--note", "x"]):
            code, _, complaints = run("-w", str(on_disk), *command)
            assert (code, "cannot be written" in complaints) == (1, True), complaints
            assert "Traceback" not in complaints


def test_what_stands_in_the_log_of_another_is_read_too(on_disk):
    with open_session(on_disk) as session:
        note(session.store)
        head = session.head()
        assert (on_disk / "gestand.db-wal").exists()
        with shut(on_disk), open_session(on_disk) as other:
            assert other.head() == head
            assert plain(other.listed(LATER, Wanted())) == plain(replayed(other, LATER.date()))


def test_entries_that_a_process_left_in_the_log_are_not_left_out_without_a_word(on_disk, tmp_path):
    copy = tmp_path / "copy"
    with open_session(on_disk) as session:
        note(session.store)
        head = session.head()
        shutil.copytree(on_disk, copy)
    (copy / "gestand.db-shm").unlink()
    with shut(copy), pytest.raises(LeftLogError, match="is not all of the register"):
        Store.open(copy / "gestand.db")
    with open_session(copy) as other:
        assert other.head() == head


def test_a_file_that_is_not_to_be_written_is_read_without_leaving_anything_beside_it(on_disk, monkeypatch):
    """Files that SQLite makes beside it have its rights: whoever was allowed to write later could not."""
    file = on_disk / "gestand.db"
    file.chmod(0o444)
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: may(path, mode) and not (path == file and mode == os.W_OK))
    with open_session(on_disk) as session:
        assert len(session.listed(LATER, Wanted())) == 70
        with pytest.raises(ReadOnlyStoreError, match="cannot be written"):
            note(session.store)
        assert not (on_disk / "gestand.db-shm").exists()
    file.chmod(0o644)
    monkeypatch.setattr(os, "access", may)
    with open_session(on_disk) as session:
        note(session.store)


def test_a_file_that_cannot_be_locked_and_is_written_meanwhile_is_told(on_disk, monkeypatch):
    place = on_disk / "gestand.db"
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: may(path, mode) and mode != os.W_OK)
    with (
        closing(Store.open(place, new=True)) as opened,
        pytest.raises(WrittenMeanwhileError, match="ask again"),
        opened.reading() as tx,
    ):
        _ = register.head(tx), os.utime(place, ns=(1, 1))


def test_a_pipe_that_is_read_slowly_keeps_nobody_from_writing(on_disk, impatient):
    command = [
        sys.executable,
        "-c",
        "from engine.cli import main; main()",
        "-w",
        str(on_disk),
        "audit",
        "--format",
        "csv",
    ]
    reading = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert reading.stdout.read(1)
    with open_session(on_disk) as session:
        note(session.store)
    reading.communicate()
    assert reading.returncode == 0
