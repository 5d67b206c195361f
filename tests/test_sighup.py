"""SIGHUP has `serve` read its files anew at once, and go on; SIGTERM still ends it in order."""

import signal
import subprocess
import sys
import time

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


def _until(so, seconds=30):
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.1)
