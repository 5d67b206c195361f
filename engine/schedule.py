"""The service: one job, the tick, on APScheduler (its only home), watched by a clock that nobody can set.

The scheduler decides no dates: each tick asks what should exist by now and does not. Why one job, from now, in
memory: facts/scheduling.md, measured.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_MAX_INSTANCES, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

INTERVAL = 30.0
"""Seconds between the end of one tick's waiting and the next tick."""
_SILENCES = 3
_STALLED = 70
"""The exit status of a service whose scheduler died: the one who started it starts it anew (EX_SOFTWARE)."""

log = logging.getLogger("gestand")


def now() -> datetime:
    """The present moment, in UTC: the one place where the clock is read."""
    return datetime.now(UTC)


class EveryFromNow(BaseTrigger):  # type: ignore[misc] # apscheduler has no types
    """Runs so many seconds from now, whatever was missed: a week of sleep is one run, not twenty thousand."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def get_next_fire_time(self, _previous: datetime | None, moment: datetime) -> datetime:
        """The next moment to run at."""
        return moment + timedelta(seconds=self.seconds)


@dataclass
class Heartbeat:
    """When a tick last ended, on the monotonic clock, and how many failed since the service began."""

    at: float = field(default_factory=time.monotonic)
    errors: int = 0

    def beat(self, event: JobExecutionEvent) -> None:
        """Note that a tick ended, well or badly."""
        self.at = time.monotonic()
        if event.exception is not None:
            self.errors += 1
            log.error("the pass failed and will be tried again: %s", event.exception)

    @property
    def silence(self) -> float:
        """Seconds since a tick last ended."""
        return time.monotonic() - self.at


def serve(tick: Callable[[], object], *, interval: float = INTERVAL) -> None:
    """Run `tick` every `interval` seconds until SIGTERM or SIGINT; a tick under way is finished first."""
    stop = threading.Event()
    previous = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    scheduler, heartbeat = _scheduler(tick, interval)
    scheduler.start()
    try:
        while not stop.wait(min(interval, 1.0)):
            _watch(scheduler, heartbeat, interval)
    finally:
        scheduler.shutdown(wait=True)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _scheduler(tick: Callable[[], object], interval: float) -> tuple[BackgroundScheduler, Heartbeat]:
    heartbeat = Heartbeat()
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    scheduler.add_listener(heartbeat.beat, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
    scheduler.add_listener(lambda _: log.warning("a pass takes longer than %s s", interval), EVENT_JOB_MAX_INSTANCES)
    scheduler.add_job(tick, EveryFromNow(interval), id="tick", next_run_time=now())
    return scheduler, heartbeat


def _watch(scheduler: BackgroundScheduler, heartbeat: Heartbeat, interval: float) -> None:
    """Wake a scheduler that fell silent, as it does when the clock is set back; leave if it does not wake."""
    if heartbeat.silence > 2 * _SILENCES * interval:
        log.critical("no pass for %.0f s: the service ends, to be started anew", heartbeat.silence)
        os._exit(_STALLED)
    if heartbeat.silence > _SILENCES * interval:
        scheduler.modify_job("tick", next_run_time=now())
