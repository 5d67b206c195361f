"""The service: passes from now on, one instance at a time, a clean stop, and a scheduler that no clock can silence."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from engine import schedule
from engine.cli import main
from engine.schedule import EveryFromNow, Heartbeat


def test_a_week_of_sleep_is_one_run_not_twenty_thousand():
    """T3, T4: what was missed is not listed."""
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
    """T9: the job raises."""
    runs = []

    def fails():
        runs.append(1)
        raise OSError("the disk is gone")

    stop_after(0.5)
    schedule.serve(fails, interval=0.1)
    assert len(runs) >= 2
    assert "the pass failed and will be tried again: the disk is gone" in caplog.text


def test_a_pass_under_way_is_finished_before_the_service_stops():
    done = []

    def slow():
        time.sleep(0.5)
        done.append(1)

    stop_after(0.1)
    schedule.serve(slow, interval=10)
    assert done == [1]


def test_a_silent_scheduler_is_woken():
    """T2: the clock set back a day leaves the scheduler waiting for the day; the watchdog does not wait."""
    ran = threading.Event()
    scheduler, heartbeat = schedule._scheduler(ran.set, interval=0.05)
    scheduler.start()
    try:
        assert ran.wait(5)
        scheduler.modify_job("tick", next_run_time=datetime.now(UTC) + timedelta(days=1))
        time.sleep(0.2)
        ran.clear()
        assert not ran.wait(0.2)
        heartbeat.at = time.monotonic() - 0.05 * 4
        schedule._watch(scheduler, heartbeat, 0.05)
        assert ran.wait(5)
    finally:
        scheduler.shutdown()


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
    """T7: two start; the second says who acts. A killed process leaves no lock behind."""
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
