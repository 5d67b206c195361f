"""Tests hold on any day: their clock stands still, everywhere, unless a mark asks for the real one."""

import os
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
from clocks import UnsetClockError, environment

from commitments.store import Store
from engine.workspace import clock

READ_WITH_THE_FILE = datetime.now(UTC)
MINUTE = timedelta(minutes=1)
CHILD = "from engine.workspace import clock; print(clock.now().isoformat())"


@pytest.fixture
def frozen(wall_clock):
    """When all tests take place in this run."""
    return wall_clock.home


@pytest.fixture(scope="module")
def made_before():
    """What a fixture that many tests share would write into a register."""
    return clock.now()


def of_a_child(**more):
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True, **more)
    return datetime.fromisoformat(done.stdout.strip())


@pytest.mark.real_clock
def test_a_fixture_that_tests_share_is_frozen_whoever_asks_for_it_first(made_before, frozen):
    assert made_before == frozen


@pytest.mark.parametrize(
    "read",
    [
        clock.now,
        lambda: datetime.now(UTC),
        lambda: datetime.now().astimezone(),
        lambda: datetime.utcnow().replace(tzinfo=UTC),  # noqa: DTZ003
        lambda: datetime.fromtimestamp(time.time(), UTC),
        lambda: datetime.fromtimestamp(time.time_ns() / 1e9, UTC),
        lambda: datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME), UTC),
        lambda: datetime(*time.gmtime()[:6], tzinfo=UTC),
        lambda: datetime.fromtimestamp(time.mktime(time.localtime()), UTC),
        lambda: datetime.strptime(time.strftime("%Y-%m-%dT%H:%M:%S%z"), "%Y-%m-%dT%H:%M:%S%z"),
    ],
)
def test_however_it_is_read_the_clock_stands_still(read, frozen):
    assert read() == frozen
    time.sleep(0.002)
    assert read() == frozen


def test_the_day_is_that_of_the_moment(frozen):
    assert date.today() == frozen.astimezone().date()  # noqa: DTZ011


def test_it_stood_still_before_the_first_line_of_a_test_file_was_read(frozen):
    assert frozen == READ_WITH_THE_FILE


def test_a_process_that_a_test_starts_begins_at_the_same_moment(frozen):
    assert frozen <= of_a_child() < frozen + MINUTE
    assert frozen <= of_a_child(env=environment()) < frozen + MINUTE


@pytest.mark.parametrize(
    ("words", "env"),
    [
        ([], {}),
        ([], {"PYTHONPATH": "."}),
        ([], {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}),
        (["-I"], None),
    ],
)
def test_a_process_that_would_see_the_real_clock_is_not_started(words, env):
    with pytest.raises(UnsetClockError, match=r"start it without env=, or with env=clocks.environment\(\)"):
        subprocess.run([sys.executable, *words, "-c", ""], env=env, check=True)


def test_a_database_that_is_asked_for_the_time_says_the_same(place, frozen):
    with closing(Store.open(place, new=True)) as opened:
        assert opened.clock(clock.now)() == frozen


@pytest.mark.at("2028-02-29")
def test_a_test_may_ask_for_another_moment():
    leap = datetime(2028, 2, 29, tzinfo=UTC)
    assert clock.now() == leap
    assert leap <= of_a_child() < leap + MINUTE


@pytest.mark.at("2027-03-28T02:30+01:00")
def test_another_moment_is_in_the_zone_that_it_names():
    assert clock.now() == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_time_passes_where_a_test_lets_it(wall_clock):
    before = clock.now()
    wall_clock.go_on(days=2, minutes=1)
    assert clock.now() == before + timedelta(days=2, minutes=1)
    assert before + timedelta(days=2) < of_a_child()


@pytest.mark.real_clock
def test_the_real_clock_goes_on_for_this_process_a_child_and_a_database(place, wall_clock):
    before = clock.now()
    of_another_program = subprocess.run(["date", "+%s"], capture_output=True, check=True).stdout
    assert abs(before - datetime.fromtimestamp(int(of_another_program), UTC) - wall_clock.later) < MINUTE
    time.sleep(0.002)
    assert before < clock.now()
    assert before < of_a_child() < before + MINUTE
    with closing(Store.open(place, new=True)) as opened:
        assert abs(opened.clock(clock.now)() - before) < MINUTE
