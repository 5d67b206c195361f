"""The real service under random faults on a fast clock, and the checker that judges it, which can fail."""

import importlib.util
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

FILE = Path(__file__).parents[1] / "benchmarks" / "chronos.py"


@pytest.fixture(scope="module")
def chronos():
    spec = importlib.util.spec_from_file_location("chronos", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.real_clock
def test_whatever_goes_wrong_each_reader_is_told_once():
    words = [sys.executable, str(FILE), "--seconds", "4", "--hours", "36", "--seed", "7"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    told = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines()[1:8])
    assert int(told["owed"]) >= 12, done.stdout + done.stderr
    assert (told["missing"], told["extra"], told["slots with two digests"]) == ("0", "0", "0")


def mail(address, slot, message_id, *names):
    text = "\r\n".join(("Content-Type: text/plain", f"Date: {slot}", f"Message-ID: {message_id}", "", *names, ""))
    return datetime(2018, 10, 24, 9, tzinfo=UTC), f"{address}@example.org", text.encode()


def world(*mails):
    clock = SimpleNamespace(now=lambda: datetime(2018, 11, 1, tzinfo=UTC), rate=1)
    owed = {"C00001": date(2018, 10, 22)}
    return SimpleNamespace(server=SimpleNamespace(taken=list(mails)), clock=clock, owed=owed)


FIRST, SECOND = "Wed, 24 Oct 2018 02:30:00 +0200", "Thu, 25 Oct 2018 02:30:00 +0200"


@pytest.mark.parametrize(
    ("mails", "missing", "extra", "doubled"),
    [
        ([mail("amsterdam", FIRST, "<1@x>", "C00001")], 2, 0, 0),  # two of three readers were not told
        ([mail("amsterdam", FIRST, "<1@x>", "C00001")] * 2, 2, 0, 0),  # the same Message-ID is the same mail
        (
            [mail("amsterdam", FIRST, "<1@x>", "C00001"), mail("amsterdam", SECOND, "<2@x>", "C00001")],
            2,
            1,
            0,
        ),  # told twice
        (
            [mail("amsterdam", FIRST, "<1@x>", "C00001"), mail("amsterdam", FIRST, "<2@x>", "nothing")],
            2,
            0,
            1,
        ),  # two digests for one slot
    ],
)
def test_the_checker_finds_what_is_missing_and_what_is_there_twice(chronos, mails, missing, extra, doubled):
    found = chronos.check(world(*mails))
    assert (found["missing"], found["extra"], found["slots with two digests"]) == (missing, extra, doubled)
