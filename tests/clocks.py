"""What time it is in a test: one moment for all tests, another where a mark asks for it, or the real clock.

The clock is frozen from before the first test file is read until the end, in this process by time-machine. A process
that a test starts finds in its environment what its own clock is to show: tests/children/sitecustomize.py sets it.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
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


class Clock:
    """The clock of the test that runs. Where it is asked to run `later`, everything takes place so much later."""

    def __init__(self, later: timedelta) -> None:
        self.later = later
        self.real = False
        self._travel: time_machine.travel | None = None

    def freeze(self, at: datetime | None = None) -> None:
        """Stand still, at this moment or where all tests take place; a child process begins there."""
        self.release()
        self.real = False
        seconds = (at or FROZEN + self.later).timestamp()
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
