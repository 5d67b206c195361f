"""The service: passes from now on, one instance at a time, a clean stop, and a scheduler that no clock can silence."""

import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest

from commitments.store import LostRightError
from engine.cli import main
from engine.service import scheduler as schedule
from engine.service.scheduler import EveryFromNow, Heartbeat, Watch
from engine.workspace import clock
from engine.workspace.clock import TwoClocks

pytestmark = pytest.mark.real_clock


def test_a_week_of_sleep_is_one_run_not_twenty_thousand():
    """What was missed is not listed."""
    asleep = datetime(2026, 11, 1, tzinfo=UTC)
    awake = asleep + timedelta(days=7)
    assert EveryFromNow(30).get_next_fire_time(asleep, awake) == awake + timedelta(seconds=30)


def stop_after(seconds):
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM)).start()


def test_passes_run_at_once_and_then_at_intervals_until_sigterm():
    moments = []
    stop_after(0.6)
    schedule.serve(lambda: moments.append(time.monotonic()), interval=0.1)
    assert len(moments) >= 3
    assert min(later - sooner for sooner, later in pairwise(moments)) >= 0.09


def test_a_pass_that_raises_is_counted_and_the_next_one_runs(caplog):
    """The job raises."""
    runs = []

    def fails():
        runs.append(1)
        raise OSError("the disk is gone")

    stop_after(0.5)
    schedule.serve(fails, interval=0.1)
    assert len(runs) >= 2
    assert "the pass failed and will be tried again: the disk is gone" in caplog.text


def test_a_pass_under_way_is_finished_before_the_service_stops_and_that_is_said(caplog):
    caplog.set_level(logging.INFO)
    done = []

    def slow():
        time.sleep(0.5)
        done.append(1)

    stop_after(0.1)
    schedule.serve(slow, interval=10)
    assert done == [1]
    assert "the pass that is under way is finished first" in caplog.text


def test_a_silent_scheduler_is_woken():
    """The clock set back a day leaves the scheduler waiting for the day; the watchdog does not wait."""
    ran = threading.Event()
    heartbeat = Heartbeat()
    scheduler = schedule._scheduler(ran.set, 0.05, heartbeat)
    watch = Watch(scheduler, heartbeat, 0.05)
    scheduler.start()
    try:
        assert ran.wait(5)
        scheduler.modify_job("tick", next_run_time=datetime.now(UTC) + timedelta(days=1))
        time.sleep(0.2)
        ran.clear()
        assert not ran.wait(0.2)
        heartbeat.at = time.monotonic() - 0.05 * 4
        watch.look()
        assert ran.wait(5)
    finally:
        scheduler.shutdown()


class Stuck:
    """A scheduler that cannot be woken."""

    def modify_job(self, *_words, **_more):
        pass


def test_a_scheduler_that_does_not_wake_ends_the_service_after_as_long_again(monkeypatch):
    """A process that was stopped finds a long silence when it goes on: it is woken first, and given its time."""
    left = []
    monkeypatch.setattr(os, "_exit", left.append)
    heartbeat = Heartbeat(at=time.monotonic() - 3600)
    watch = Watch(Stuck(), heartbeat, 10)
    watch.look()
    watch.look()
    assert left == []
    watch.woken -= 31
    watch.look()
    assert left == [70]


def test_a_long_pass_is_no_silence_and_an_endless_one_is(monkeypatch):
    """Thousands of messages to a slow server take longer than a tick."""
    left = []
    monkeypatch.setattr(os, "_exit", left.append)
    now = time.monotonic()
    heartbeat = Heartbeat(at=now - 1800, began=now - 1800)
    watch = Watch(Stuck(), heartbeat, 10)
    watch.look()
    assert watch.woken is None
    heartbeat.began = now - schedule.LONGEST_PASS - 1
    watch.look()
    watch.woken -= 31
    watch.look()
    assert left == [70]


def test_a_pass_that_calls_exit_is_counted_and_the_next_one_runs():
    """The job calls sys.exit."""
    heartbeat = Heartbeat()
    stop_after(0.5)
    schedule.serve(lambda: sys.exit(3), interval=0.1, heartbeat=heartbeat)
    assert heartbeat.errors >= 2
    assert heartbeat.failing == "3"


def test_a_pass_that_goes_well_ends_what_the_last_one_failed_with():
    turns = iter([OSError("the disk is full"), None, None, None, None, None, None, None, None, None])

    def tick():
        if error := next(turns, None):
            raise error

    heartbeat = Heartbeat()
    stop_after(0.5)
    schedule.serve(tick, interval=0.1, heartbeat=heartbeat)
    assert (heartbeat.errors, heartbeat.failing) == (1, "")


def test_a_right_that_is_lost_stays_lost_whatever_comes_of_the_next_pass():
    heartbeat, lost = Heartbeat(), LostRightError("the register", "was taken by another process")
    for error in (lost, OSError("the disk is full"), None):
        heartbeat.beat(SimpleNamespace(exception=error))
    assert heartbeat.lost is lost


@pytest.mark.parametrize(
    ("set_by", "told"),
    [
        (timedelta(hours=8), True),  # T2
        (timedelta(days=3653), True),
        (timedelta(hours=-1), True),
        (timedelta(days=-1), True),
        (timedelta(days=-731), True),
        (timedelta(seconds=30), False),  # kept in step
        (timedelta(), False),
    ],
)
def test_a_clock_that_is_set_parts_from_the_one_that_nobody_sets(set_by, told):
    start = datetime(2026, 11, 1, tzinfo=UTC)
    clocks = TwoClocks(wall=start, run=1000.0)
    later = start + timedelta(seconds=30) + set_by
    assert clocks.jumped(later, 1030.0) == (set_by if told else timedelta())
    assert clocks.jumped(later + timedelta(seconds=30), 1060.0) == timedelta()


def test_a_machine_that_slept_was_not_set():
    """The clock that nobody sets counts the sleep (CLOCK_BOOTTIME)."""
    start = datetime(2026, 11, 1, tzinfo=UTC)
    assert TwoClocks(wall=start, run=0.0).jumped(start + timedelta(hours=2), 7200.0) == timedelta()
    assert clock.running() <= clock.running()


def test_systemd_is_told_where_it_started_the_service(tmp_path, monkeypatch):
    place = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(place)
        monkeypatch.setenv("NOTIFY_SOCKET", place)
        stop_after(0.4)
        schedule.serve(lambda: None, interval=0.1)
        systemd.setblocking(False)
        heard = []
        with contextlib.suppress(BlockingIOError):
            while True:
                heard.append(systemd.recv(64).decode())
    assert heard[0] == "READY=1"
    assert "WATCHDOG=1" in heard
    assert heard[-1] == "STOPPING=1"


def test_the_heartbeat_is_as_old_as_the_last_pass():
    beat = Heartbeat(at=time.monotonic() - 90)
    assert 90 <= beat.silence < 91


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in (["init"], ["import", "commitments/example.yaml"]):
        monkeypatch.setattr(sys, "argv", ["gestand", *words])
        with pytest.raises(SystemExit):
            main()
    return tmp_path


def serving(folder):
    command = [
        sys.executable,
        "-c",
        "from engine.cli import main; main()",
        "-w",
        str(folder),
        "serve",
        "--interval",
        "0.2",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("serving ")
    return process


def test_serve_makes_digests_and_stops_cleanly_on_sigterm(workspace):
    process = serving(workspace)
    for _ in range(100):
        if list((workspace / "outbox").glob("*.eml")):
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "stopped\n")
    assert "digest to clerk@example.org: " in err


def test_one_instance_at_a_time_and_a_killed_one_gives_way(workspace, monkeypatch, capsys):
    """Two start; the second says who acts. A killed process leaves no lock behind."""
    process = serving(workspace)
    monkeypatch.setattr(sys, "argv", ["gestand", "tick"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 1
    complaint = f"gestand is already running for gestand.db (process {process.pid}); only one may act at a time"
    assert complaint in capsys.readouterr().err
    process.kill()
    process.communicate()
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0
