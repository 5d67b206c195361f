"""What time it is in a test: one moment for all tests, another where a mark asks for it, or the real clock.

The clock is frozen from before the first test file is read until the end, in this process by time-machine. A process
that a test starts finds in its environment what its own clock is to show: tests/children/sitecustomize.py sets it.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import time_machine

FROZEN = datetime(2026, 11, 26, 9, tzinfo=UTC)
"""When every test takes place that does not ask for another moment: a Thursday morning."""

CHILDREN = str(Path(__file__).parent / "children")
VARIABLE = "GESTAND_TEST_CLOCK"
"""What the clock of a child process shows: "@seconds" begins at a moment and goes on, "+seconds" runs ahead."""


def moment(text: str) -> datetime:
    """The moment that a mark names, such as 2027-01-02 or 2027-01-02T09:30; UTC where it names no zone."""
    named = datetime.fromisoformat(text)
    return named if named.tzinfo else named.replace(tzinfo=UTC)


def environment(*places: Path) -> dict[str, str]:
    """The environment for a Python process that a test starts: it has our clock, and its modules from these places."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([CHILDREN, *map(str, places)])}


@cache
def faketime_is_in_the_way() -> bool:
    """Whether we run under faketime, and it lets no wait of a thread come to its end.

    Python 3.11 waits by sem_clockwait, which libfaketime 0.9.10 does not know: it hands on the moment that it made up,
    and the wait lasts until that day. What only reads the clock goes well.
    """
    if "faketime" not in os.environ.get("LD_PRELOAD", ""):
        return False
    waits = [sys.executable, "-c", "import threading, time; threading.Event().wait(0.01); time.sleep(0.01)"]
    try:
        return bool(subprocess.run(waits, capture_output=True, timeout=10, check=False).returncode)
    except subprocess.TimeoutExpired:
        return True


class UnsetClockError(AssertionError):
    """A test starts a process that would see the real clock."""

    def __init__(self) -> None:
        super().__init__(
            "this test starts a Python process whose clock would be the real one: "
            "start it without env=, or with env=clocks.environment()"
        )


class Clock:
    """The clock of the test that runs: it stands still at `home`, unless a mark asks for another moment.

    `later` is how much the real clock is to be ahead of what this computer says.
    """

    def __init__(self, home: datetime = FROZEN, later: timedelta = timedelta()) -> None:
        self.home = home
        self.later = later
        self.real = False
        self._travel: time_machine.travel | None = None

    def freeze(self, at: datetime | None = None) -> None:
        """Stand still, at this moment or where all tests take place; a child process begins there."""
        self.release()
        self.real = False
        seconds = (at or self.home).timestamp()
        self._go(time_machine.travel(seconds, tick=False), f"@{seconds}")

    def go_on(self, **much: float) -> None:
        """Let time pass at once, so many `minutes` or `days`, and stand still again."""
        self.freeze(datetime.now(UTC) + timedelta(**much))

    def run(self) -> None:
        """Be the real clock, set ahead where tests are to run later."""
        self.release()
        self.real = True
        if self.later:
            ahead = self.later.total_seconds()
            self._go(time_machine.travel(datetime.now(UTC).timestamp() + ahead), f"+{ahead}")

    def watch(self, event: str, arguments: tuple[object, ...]) -> None:
        """An audit hook. Raises UnsetClockError where a Python process is started that would not have this clock."""
        if event == "subprocess.Popen" and self._travel and _would_see_the_real_one(*arguments):
            raise UnsetClockError

    def release(self) -> None:
        """Let go of the clock, here and in the processes that are started from now on."""
        if self._travel:
            self._travel.stop()
            self._travel = None
        os.environ.pop(VARIABLE, None)

    def of_database(self, ask: Callable[[], datetime]) -> Callable[[], datetime]:
        """What tells the time for a database that is to be asked: its server is not frozen, so it is set right here."""

        def now() -> datetime:
            moment = ask()
            return moment + self.later if self.real else datetime.now(UTC)

        return now

    def _go(self, travel: time_machine.travel, children: str) -> None:
        travel.start()
        self._travel = travel
        os.environ[VARIABLE] = children


_ISOLATED = {"-I", "-E", "-S"}
"""With these Python reads no sitecustomize.py."""


def _would_see_the_real_one(
    program: str | Path, words: list[str], _folder: object, env: Mapping[str, str] | None
) -> bool:
    """Whether a Python process would not find our clock. The child that sets templates has no clock at all."""
    if not Path(os.fsdecode(program)).name.startswith("python") or "notifications.content.jailed" in words:
        return False
    known = os.environ if env is None else env
    told = VARIABLE in known and CHILDREN in known.get("PYTHONPATH", "")
    return not told or not _ISOLATED.isdisjoint(words)
