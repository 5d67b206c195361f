"""One acts for a register at a time: who started first, who stood still meanwhile, whose clock is wrong (T7, T8)."""

import http.client
import json
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from mail_server import free_port
from postgres import ask

from commitments import store
from commitments.ledger import register
from commitments.store import LostRightError, Store
from engine.service.http import Asked
from engine.service.ping import Ping
from engine.service.reload import Watched
from engine.service.server import Service
from engine.session import open_session
from engine.workspace import clock
from engine.workspace.clock import TwoClocks
from notifications.content.digest import Reader
from notifications.outbox import outbox
from notifications.outbox.delivery import deliver
from notifications.outbox.signing import secret
from notifications.outbox.unsubscribe import last_day, token

pytestmark = pytest.mark.real_clock
TEN = timedelta(minutes=10)


def on(folder, database):
    """Let the workspace in a folder have its register in a database."""
    settings = folder / "gestand.yaml"
    settings.write_text(settings.read_text().replace("store: gestand.db", f"store: {database}"))


@pytest.fixture
def shared(run, tmp_path, database):
    """A workspace whose register is in PostgreSQL."""
    assert run("init")[0] == 0
    on(tmp_path, database)
    assert run("import", "--new", "commitments/example.yaml")[0] == 0
    return run


def started(folder, *words):
    command = [sys.executable, "-c", "from engine.cli import main; main()", "-w", str(folder), "serve", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def serving(folder, *words):
    """A service in a process of its own, which serves already; killed in the end."""
    with started(folder, "--interval", "0.3", *words) as process:
        try:
            assert process.stdout.readline().startswith("serving ")
            yield process
        finally:
            process.kill()


def eventually(holds):
    for _ in range(200):
        if holds():
            return True
        time.sleep(0.05)
    return False


def mails(folder):
    return sorted(path.name for path in (folder / "outbox").glob("*.eml"))


# ------------------------------------------------------------------------------------------------- the number


def test_whoever_takes_the_right_takes_the_next_number_and_the_one_before_writes_nothing_more(place):
    with closing(Store.open(place, new=True)) as old, closing(Store.open(place, new=True)) as other:
        with old.acting(), old.writing() as tx:
            assert store.recall(tx, "acting") == "1"
        with old.acting():
            with other.writing() as tx:
                assert store.recall(tx, "acting") == "2"
                store.remember(tx, "acting", "3")
            with pytest.raises(LostRightError) as told, old.writing() as tx:
                store.remember(tx, "written", "by one who had lost the right")
            with other.reading() as tx:
                assert store.recall(tx, "written") is None
        assert str(told.value) == (
            f"the right to act for {old.where} was taken by another process; nothing was written. Start gestand again"
        )


def test_a_lock_file_that_was_deleted_does_not_let_two_act(tmp_path):
    place = tmp_path / "gestand.db"
    with closing(Store.open(place, new=True)) as old, closing(Store.open(place, new=True)) as other, old.acting():
        (tmp_path / "gestand.db.lock").unlink()
        with other.acting():
            with other.writing() as tx:
                store.remember(tx, "written", "by the one who acts")
            with pytest.raises(LostRightError), old.writing():
                pass


def test_those_who_only_record_something_need_no_right(place):
    with closing(Store.open(place, new=True)) as acts, closing(Store.open(place, new=True)) as records, acts.acting():
        with records.writing() as tx:
            register.note(tx, "digest_sent", {"attempt": 1}, at=datetime.now(UTC), actor="clerk")
        with acts.writing() as tx:
            assert register.head(tx).seq == 1


# ------------------------------------------------------------------------------------------------- processes


def test_of_two_started_together_one_acts_and_when_it_is_killed_the_other_can(shared, tmp_path, database):
    both = [started(tmp_path, "--interval", "0.3", "--port", "0") for _ in range(2)]
    try:
        assert eventually(lambda: any(one.poll() is not None for one in both))
        (acts,) = (one for one in both if one.poll() is None)
        (left,) = (one for one in both if one.poll() is not None)
        assert left.returncode == 1
        assert f", process {acts.pid}); only one may act at a time" in left.stderr.read()
        assert acts.stdout.readline().startswith("serving ")
        acts.kill()
        acts.wait()
        assert shared("tick")[0] == 0
    finally:
        for one in both:
            one.kill()
            one.communicate()


def test_one_that_stood_still_while_another_took_over_ends_and_sends_nothing(shared, tmp_path, database):
    with serving(tmp_path, "--port", "0") as old:
        assert eventually(lambda: mails(tmp_path))
        before = mails(tmp_path)
        old.send_signal(signal.SIGSTOP)
        # The server gives a silent computer up, as it does by its own keep-alives.
        ask(
            database,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = current_database() AND application_name LIKE '%, process {old.pid}'",
        )
        assert shared("tick")[0] == 0
        old.send_signal(signal.SIGCONT)
        _, err = old.communicate(timeout=20)
    assert old.returncode == 1
    assert "gestand: the right to act for postgresql://" in err
    assert "was lost with its connection, which was cut; nothing was written. Start gestand again" in err
    assert mails(tmp_path) == before
    with closing(Store.open(database)) as base, base.reading() as tx:
        slots = [(row.recipient, row.slot) for row in tx.execute(store.digest.select())]
    assert len(slots) == len(set(slots))


def test_one_that_stood_still_alone_is_silent_and_goes_on(workspace, tmp_path):
    port = free_port()

    def health(timeout):
        there = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        with closing(there):
            there.request("GET", "/health")
            return json.loads(there.getresponse().read())

    with serving(tmp_path, "--port", str(port)) as process:
        assert eventually(lambda: health(5)["passes"] > 1)
        before = health(5)["passes"]
        process.send_signal(signal.SIGSTOP)
        time.sleep(1.2)
        with pytest.raises(TimeoutError):
            health(0.2)
        status, _, complaint = workspace("tick")
        assert (status, f"(process {process.pid}); only one may act" in complaint) == (1, True)
        process.send_signal(signal.SIGCONT)
        assert eventually(lambda: health(5)["passes"] > before and health(5)["status"] == "ok")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err.count("digest to clerk@example.org")) == (0, 1)


# ------------------------------------------------------------------------------------------------- clocks that differ


class Dies:
    """What takes a message away, and dies of it."""

    lines = 1

    @contextmanager
    def line(self):
        yield self

    def send(self, *_words):
        raise KeyboardInterrupt


class Takes(Dies):
    """What takes a message away."""

    def send(self, *_words):
        pass


def test_a_lease_is_not_over_on_a_computer_whose_clock_is_ten_minutes_ahead(database):
    def ahead():
        return datetime.now(UTC) + TEN

    with closing(Store.open(database, new=True)) as one, closing(Store.open(database, new=True)) as other:
        reader = Reader(name="Clerk", address="clerk@example.org", language="en", timezone="UTC")
        with one.writing() as tx:
            outbox.queue(tx, None, reader, b"Subject: x\r\n\r\nx\r\n", "<1@example.org>", datetime.now(UTC))
        with pytest.raises(KeyboardInterrupt):
            deliver(one, Dies(), now=one.clock(lambda: datetime.now(UTC)))
        assert deliver(other, Takes(), now=other.clock(ahead)).sent == 0
        assert deliver(other, Takes(), now=ahead).again == 1  # as it would be by that computer's own clock


def test_two_computers_ten_minutes_apart_tell_nobody_twice(shared, tmp_path, database, monkeypatch):
    real = clock.now
    for wrong_by in (TEN, -TEN, TEN):
        with open_session(tmp_path) as session, session.store.acting(), closing(Watched(session)) as watched:
            monkeypatch.setattr(clock, "now", lambda wrong_by=wrong_by: real() + wrong_by)
            clocks = TwoClocks(wall=session.now())
            service = Service(watched=watched, interval=30, ping=Ping(""), clocks=clocks)
            assert abs(service.turn().now - real()) < timedelta(minutes=1)
            service.turn()
    with closing(Store.open(database)) as base, base.reading() as tx:
        slots = [(row.recipient, row.slot) for row in tx.execute(store.digest.select())]
        kinds = [entry.kind for entry in register.entries(tx)]
    assert len(slots) == len(set(slots)) > 0
    assert "clock_jump" not in kinds
    assert len(mails(tmp_path)) == kinds.count("digest_sent") == kinds.count("digest_queued")


def test_what_is_written_down_and_answered_goes_by_the_clock_of_all_whatever_this_computers_says(
    shared, tmp_path, monkeypatch
):
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=700))
    assert shared("record", "note", "34964-B", "--note", "x")[0] == 0
    assert shared("silence", "34964-B", "--until", "2099-01-01", "--reason", "x")[0] == 0
    with open_session(tmp_path) as session, closing(Watched(session)) as watched:
        service = Service(watched=watched, interval=30, ping=Ping(""))
        with session.store.writing() as tx:
            reader = Reader(name="Clerk", address="clerk@example.org", language="en", timezone="UTC")
            outbox.queue(tx, None, reader, b"x", "<1@example.org>", real())
            leave = f"/unsubscribe/{token('clerk@example.org', secret(tx), last_day(real().date()))}"
        asked = Asked(method="POST", path=leave, body=b"List-Unsubscribe=One-Click")
        assert service.respond(asked).status == 200
        assert json.loads(service.respond(Asked(method="GET", path="/health")).body)["status"] == "ok"
        with session.store.reading() as tx:
            written = [
                entry for entry in register.entries(tx) if entry.kind in {"note", "silenced", "address_suppressed"}
            ]
    assert len(written) == 3
    assert all(abs(entry.recorded_at - real()) < timedelta(minutes=1) for entry in written)
