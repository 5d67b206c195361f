"""D1 in short: delivery under kills, and the account that judges it, which can fail."""

import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

FILE = Path(__file__).parents[1] / "benchmarks" / "torture.py"


@pytest.fixture(scope="module")
def torture():
    spec = importlib.util.spec_from_file_location("torture", FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["torture"] = module
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FILE.parent)
        spec.loader.exec_module(module)
    return module


@pytest.mark.real_clock
def test_killed_again_and_again_nothing_is_lost_and_every_double_is_known():
    words = [sys.executable, str(FILE), "--kills", "15", "--notices", "90"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = dict(line.rsplit(maxsplit=1) for line in done.stdout.splitlines()[:7])
    assert (told["kills"], told["notices"]) == ("15", "90")
    assert (told["lost"], told["doubles under another Message-ID"]) == ("0", "0")
    assert told["doubles that the ledger misses"] == "0"


ROWS = [("a@x", "<1>", "sent"), ("b@x", "<2>", "sent")]
TAKEN = [(1.0, "a@x", "<1>"), (2.0, "b@x", "<2>")]


@pytest.mark.parametrize(
    ("taken", "again", "good"),
    [
        (TAKEN, {}, True),
        (TAKEN[:1], {}, False),  # one is lost
        ([*TAKEN, (3.0, "a@x", "<3>")], {}, False),  # a double that no mailbox could tell
        ([*TAKEN, (3.0, "a@x", "<1>")], {}, False),  # a double that the ledger says nothing of
        ([*TAKEN, (3.0, "a@x", "<1>")], {"<1>": 1}, True),
    ],
)
def test_the_account_finds_what_is_lost_and_what_is_there_twice(torture, taken, again, good):
    found = torture.Account(
        kills=1,
        left_behind=sum(again.values()),
        notices=2,
        taken=taken,
        killed_at=[0.5],
        rows=ROWS,
        sent_again=Counter(again),
        integrity="ok",
        verdict="the ledger is whole",
    )
    assert found.good is good
    assert found.recovery == [0.5]
