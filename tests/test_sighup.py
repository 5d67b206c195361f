"""SIGHUP has `serve` read its files anew at once, and go on; SIGTERM still ends it in order."""

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

SERVE = [sys.executable, "-c", "from engine.cli import main; main()", "serve", "--interval", "600", "--port", "0"]


def test_sighup_reads_the_files_anew_at_once_and_the_service_goes_on(workspace, tmp_path):
    log = tmp_path / "log"
    with log.open("wb") as file, subprocess.Popen(SERVE, cwd=tmp_path, stdout=file, stderr=file) as served:
        try:
            # The first pass ends long before the next would come by itself.
            _until(lambda: "digest to" in log.read_text())
            rules = tmp_path / "rules" / "house-rules.yaml"
            rules.write_text(rules.read_text() + "\n# changed\n")
            served.send_signal(signal.SIGHUP)
            _until(lambda: "read anew: " in log.read_text())
            assert served.poll() is None
        finally:
            served.terminate()
    assert served.returncode == 0
    assert "asked to read the files anew" in log.read_text()


def test_sighup_before_the_service_is_ready_ends_nothing(workspace, tmp_path):
    # Somebody writes, so that it waits before it is ready.
    with closing(sqlite3.connect(tmp_path / "gestand.db", isolation_level=None)) as other, _piped(tmp_path) as served:
        other.execute("BEGIN IMMEDIATE")
        assert "waiting for another process" in served.stderr.readline()
        served.send_signal(signal.SIGHUP)
        other.execute("ROLLBACK")
        # The first pass is made once the service hears signals.
        assert any("digest to" in line for line in served.stderr)
        served.terminate()
        assert served.wait(30) == 0


def _piped(folder):
    pipe = subprocess.PIPE
    return subprocess.Popen(SERVE, cwd=folder, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)


def _until(so, seconds=30):
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.1)
