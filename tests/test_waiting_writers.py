"""Nobody is locked out: who writes while a pass runs gets a turn within a batch or two, and says that they wait."""

import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing

import pytest

from commitments import store
from commitments.store import BusyStoreError, Store, patience

pytestmark = pytest.mark.real_clock

WRITER = """
    import sys
    from contextlib import closing
    from commitments import store
    with closing(store.Store.open(sys.argv[1])) as opened:
        for _ in range(int(sys.argv[2])):
            with opened.reading() as tx:
                before = int(store.recall(tx, "batch") or 0)
            with opened.writing() as tx:
                print(int(store.recall(tx, "batch") or 0) - before, flush=True)
"""


def writer(place, times):
    """Another process that writes so many times; it says of each how many batches it waited for."""
    command = [sys.executable, "-c", textwrap.dedent(WRITER), place, str(times)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_writer_waits_for_no_more_than_a_few_of_many_batches(place):
    """It would starve by SQLite's own way of waiting: tries ever further apart, up to a tenth of a second."""
    with closing(Store.open(place, new=True)) as opened:
        running = writer(place, 8)
        number = 0
        while running.poll() is None:
            number += 1
            with opened.writing() as tx:
                store.remember(tx, "batch", str(number))
                time.sleep(0.08)
        said, complaints = running.communicate()
    waited = [int(line) for line in said.split()]
    assert (len(waited), complaints) == (8, "")
    assert number > 1
    assert sorted(waited)[len(waited) // 2] <= 2
    assert max(waited) <= 6


def test_one_who_waits_says_so_after_a_while_and_gets_a_turn(place):
    with closing(Store.open(place, new=True)) as opened:
        with opened.writing():
            running = writer(place, 1)
            time.sleep(4)
            assert running.poll() is None
        said, complaints = running.communicate(timeout=30)
    assert said == "0\n"
    assert complaints == "waiting for another process that is writing to the register …\n"


def test_one_who_waits_gives_up_after_half_a_minute_and_not_before(place, monkeypatch):
    assert patience.LONGEST >= 30
    monkeypatch.setattr("commitments.store.patience.LONGEST", 0.3)
    with closing(Store.open(place, new=True)) as opened, closing(Store.open(place)) as other, opened.writing():
        began = time.monotonic()
        with pytest.raises(BusyStoreError, match="in use by another process"), other.writing():
            pass
        assert time.monotonic() - began >= 0.3


def test_a_short_transaction_makes_nobody_wait(place):
    with closing(Store.open(place, new=True)) as opened:
        began = time.monotonic()
        for _ in range(50):
            with opened.writing():
                pass
        each = (time.monotonic() - began) / 50
    assert each < 0.2


def test_threads_of_one_process_take_turns_too(place):
    with closing(Store.open(place, new=True)) as opened:

        def write():
            for _ in range(5):
                with opened.writing() as tx:
                    store.remember(tx, "count", str(int(store.recall(tx, "count") or 0) + 1))

        threads = [threading.Thread(target=write) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        with opened.reading() as tx:
            assert store.recall(tx, "count") == "20"
