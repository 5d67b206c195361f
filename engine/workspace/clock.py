"""The clocks: the one on the wall, which anybody may set, and the one that nobody sets."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_NOTABLE = timedelta(minutes=1)
"""A clock that was set by less than this is kept in step, not set."""


def now() -> datetime:
    """The present moment, in UTC: the one place where the clock is read."""
    return datetime.now(UTC)


def steady(clock: Callable[[], datetime]) -> Callable[[], datetime]:
    """A clock that stands still where another is set back, until that has come as far again."""
    latest = clock()

    def now() -> datetime:
        nonlocal latest
        latest = max(latest, clock())
        return latest

    return now


def running() -> float:
    """Seconds that the machine has run, sleep included: the clock that nobody sets."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


@dataclass
class TwoClocks:
    """The clock on the wall beside the one that nobody sets: where they part, the wall's was set."""

    wall: datetime = field(default_factory=now)
    run: float = field(default_factory=running)

    def jumped(self, wall: datetime, run: float) -> timedelta:
        """By how much the wall clock was set since it was last asked; nothing where that is under a minute."""
        jump = (wall - self.wall) - timedelta(seconds=run - self.run)
        self.wall, self.run = wall, run
        return jump if abs(jump) >= _NOTABLE else timedelta()
