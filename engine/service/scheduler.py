"""The service: one job, the tick, on APScheduler (its only home), watched by a clock that nobody can set.

The scheduler decides no dates: each tick asks what should exist by now and does not. Why one job, from now, in
memory (docs/dependencies.md says why).
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_MAX_INSTANCES, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from commitments.store import LostRightError
from engine.workspace import clock

INTERVAL = 30.0
"""Seconds between the end of one tick's waiting and the next tick."""
SILENCES = 3
"""After so many intervals without a pass the scheduler is woken; after as many more the service gives up."""
LONGEST_PASS = 3600.0
"""Seconds that one pass may take: thousands of messages to a slow server take many minutes."""
_STOP, _RELOAD = b"s", b"r"
"""What a signal writes into the pipe that the service waits at."""
_STALLED = 70
"""The exit status of a service whose scheduler died: the one who started it starts it anew (EX_SOFTWARE)."""

log = logging.getLogger("gestand")


class EveryFromNow(BaseTrigger):  # type: ignore[misc] # apscheduler has no types
    """Runs so many seconds from now, whatever was missed: a week of sleep is one run, not twenty thousand."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def get_next_fire_time(self, _previous: datetime | None, moment: datetime) -> datetime:
        """The next moment to run at."""
        return moment + timedelta(seconds=self.seconds)


@dataclass
class Heartbeat:
    """When a pass last ended, on the monotonic clock, and how passes have gone since the service began.

    `began` is when the pass that is under way began, None where none is. `failing` is what the last pass failed with,
    empty where it did not; `seconds` is how long it took. `jumps` counts how often the clock was found set. `lost` says
    that the right to act is gone: no pass can go well any more.
    """

    at: float = field(default_factory=time.monotonic)
    began: float | None = None
    passes: int = 0
    errors: int = 0
    failing: str = ""
    seconds: float = 0.0
    jumps: int = 0
    lost: LostRightError | None = None

    def beat(self, event: JobExecutionEvent) -> None:
        """Note that a pass ended, well or badly."""
        self.at = time.monotonic()
        self.passes += 1
        self.failing = ""
        if event.exception is not None:
            self.errors += 1
            self.failing = str(event.exception) or type(event.exception).__name__
            if isinstance(event.exception, LostRightError):
                self.lost = event.exception
            log.error("the pass failed and will be tried again: %s", self.failing)

    def timed(self, tick: Callable[[], object]) -> Callable[[], None]:
        """The tick, with how long it takes written down."""

        def pass_() -> None:
            self.began = began = time.monotonic()
            try:
                tick()
            finally:
                self.began, self.seconds = None, time.monotonic() - began

        return pass_

    @property
    def silence(self) -> float:
        """Seconds since a pass last ended."""
        return time.monotonic() - self.at

    @property
    def under_way(self) -> float:
        """Seconds since the pass began that is under way; 0 where none is."""
        began = self.began
        return time.monotonic() - began if began is not None else 0.0


@dataclass
class Watch:
    """Wakes a scheduler that fell silent, as it does when the clock is set back, and gives up if it does not wake.

    A process that was stopped finds a long silence when it goes on: it too is first woken, then given its time.
    """

    scheduler: BackgroundScheduler
    heartbeat: Heartbeat
    interval: float
    woken: float | None = None

    def look(self) -> None:
        """See whether there is a pass now and then; ends the process where waking did not help."""
        patience = SILENCES * self.interval
        if 0 < self.heartbeat.under_way <= LONGEST_PASS or self.heartbeat.silence <= patience:
            self.woken = None
        elif self.woken is None:
            self.woken = time.monotonic()
            self.scheduler.modify_job("tick", next_run_time=clock.now())
        elif time.monotonic() - self.woken > patience:
            log.critical("no pass for %.0f s: the service ends, to be started anew", self.heartbeat.silence)
            os._exit(_STALLED)
        notify("WATCHDOG=1")


@contextmanager
def no_hangup() -> Iterator[None]:
    """Lets SIGHUP end nothing meanwhile: what has just begun, or is about to end, has no old files to read anew."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def serve(
    tick: Callable[[], object],
    *,
    interval: float = INTERVAL,
    heartbeat: Heartbeat | None = None,
    reload: Callable[[], object] = lambda: None,
) -> None:
    """Run `tick` every `interval` seconds until SIGTERM or SIGINT; a tick under way is finished first.

    SIGHUP calls `reload`, and a tick follows at once. Raises LostRightError where another process may act by now:
    started anew, this one acts again, or says who does.
    """
    # A pipe and no Event: a signal comes in the thread that waits, which may hold the Event's lock just then.
    asked, ask = os.pipe()
    wishes = {signal.SIGTERM: _STOP, signal.SIGINT: _STOP, signal.SIGHUP: _RELOAD}
    previous = {
        number: signal.signal(number, lambda n, _: os.write(ask, wishes[signal.Signals(n)])) for number in wishes
    }
    heartbeat = heartbeat or Heartbeat()
    scheduler = _scheduler(tick, interval, heartbeat)
    scheduler.start()
    watch = Watch(scheduler, heartbeat, interval)
    notify("READY=1")
    try:
        while _STOP not in (wish := _next_wish(asked, min(interval, 1.0))):
            if _RELOAD in wish:
                reload()
                scheduler.modify_job("tick", next_run_time=clock.now())
            watch.look()
            if heartbeat.lost:
                raise heartbeat.lost
    finally:
        notify("STOPPING=1")
        if heartbeat.under_way:
            log.info("the pass that is under way is finished first")
        scheduler.shutdown(wait=True)
        for number, handler in previous.items():
            signal.signal(number, handler)
        os.close(asked)
        os.close(ask)


def _next_wish(pipe: int, seconds: float) -> bytes:
    """What signals asked for meanwhile; empty where none came in that time."""
    return os.read(pipe, 64) if select.select([pipe], [], [], seconds)[0] else b""


def _scheduler(tick: Callable[[], object], interval: float, heartbeat: Heartbeat) -> BackgroundScheduler:
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    scheduler.add_listener(heartbeat.beat, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
    scheduler.add_listener(lambda _: log.warning("a pass takes longer than %s s", interval), EVENT_JOB_MAX_INSTANCES)
    scheduler.add_job(heartbeat.timed(tick), EveryFromNow(interval), id="tick", next_run_time=clock.now())
    return scheduler


def notify(state: str) -> None:
    """Tell systemd how the service is (sd_notify(3)), where it is systemd that started it."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
            # An address in the abstract namespace is written with @ for its first byte, which is NUL.
            there.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)
    except OSError as error:
        log.warning("systemd could not be told %s: %s", state, error)
