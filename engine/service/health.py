"""How the service is: when it last passed, what waits to be sent, what could not be; as JSON and for Prometheus.

The only home of prometheus_client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from commitments import store
from commitments.ledger.holding import held
from commitments.store import Connection, Store
from commitments.trouble import TroubleError
from engine.assessment.setbacks import FIRST, kept, sentences
from engine.calendars import publish
from engine.matching.matcher import engine_name
from engine.service.scheduler import SILENCES, Heartbeat

NOT_SENT: Final = ("queued", "sending", "failed", "dead")
"""The states of messages that are told of; those that were sent are counted nowhere, for there will be many."""
LONGEST_WAIT: Final = timedelta(hours=1)
"""A message that waits longer than this means that the mail server does not take any."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """How the service is at a moment; `troubles` are what is wrong, a sentence each, none where all is well.

    Times are in seconds. `messages` counts those that were not sent, by state; `oldest_waiting` is None where none
    waits. `held` says why nothing is delivered: somebody meant it so, which is no trouble.
    """

    troubles: tuple[str, ...]
    seconds_since_pass: float
    last_pass_seconds: float
    passes: int
    failed_passes: int
    clock_jumps: int
    messages: Mapping[str, int] = field(default_factory=dict)
    oldest_waiting: float | None = None
    held: str = ""

    @property
    def well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.troubles

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {"status": "ok" if self.well else "failing", **vars(self)}


def examine(
    base: Store, heartbeat: Heartbeat, *, interval: float, now: Callable[[], datetime], refused: Iterable[str] = ()
) -> Health:
    """How the service is by the clock `now`; a register that cannot be read is told as what is wrong.

    `refused` are the sentences on files that were not taken.
    """
    messages: dict[str, int] = {}
    oldest: float | None = None
    unwritten: tuple[str, ...] = ()
    unassessed: tuple[str, ...] = ()
    reason = ""
    try:
        with base.reading() as tx:
            messages, oldest = _messages(tx, now())
            unwritten, reason = publish.troubles(tx), held(tx)
            unassessed = tuple(sentences(kept(tx, FIRST)))
        unreadable: tuple[str, ...] = ()
    except TroubleError as error:
        # The last pass may have failed of the same.
        unreadable = (str(error),) if str(error) != heartbeat.failing else ()
    return Health(
        troubles=(
            *_silent(heartbeat, interval),
            *refused,
            *unreadable,
            *unassessed,
            *(() if reason else (*_unsent(oldest), *unwritten)),
        ),
        seconds_since_pass=round(heartbeat.silence, 1),
        last_pass_seconds=round(heartbeat.seconds, 3),
        passes=heartbeat.passes,
        failed_passes=heartbeat.errors,
        clock_jumps=heartbeat.jumps,
        messages=messages,
        oldest_waiting=oldest,
        held=reason,
    )


def _silent(heartbeat: Heartbeat, interval: float) -> Iterator[str]:
    if heartbeat.silence > SILENCES * interval:
        doing = " (one is under way)" if heartbeat.under_way else ""
        yield f"no pass has ended for {heartbeat.silence:.0f} seconds{doing}"
    if heartbeat.failing:
        yield f"the last pass failed: {heartbeat.failing}"


def _unsent(oldest: float | None) -> Iterator[str]:
    if oldest is not None and oldest > LONGEST_WAIT.total_seconds():
        yield f"a message has waited for {oldest / 3600:.0f} h; `gestand outbox` says why"


def _messages(tx: Connection, now: datetime) -> tuple[dict[str, int], float | None]:
    """How many messages are in each state, and how long the oldest of those that wait has waited."""
    table = store.outbox
    counted = dict.fromkeys(NOT_SENT, 0)
    waiting: list[datetime] = []
    for row in tx.execute(store.counted(table, table.c.state, table.c.queued_at, NOT_SENT)):
        counted[row.value] = row.number
        if row.value in {"queued", "sending"}:
            waiting.append(datetime.fromisoformat(row.first))
    return counted, max(0.0, (now - min(waiting)).total_seconds()) if waiting else None


# ------------------------------------------------------------------------------------------------- Prometheus


def metrics(health: Health, standings: Mapping[str, int]) -> bytes:
    """The same in the text form that Prometheus reads, with how many commitments stand how."""
    registry = CollectorRegistry()
    registry.register(_Told(tuple(_metrics(health, standings))))
    return generate_latest(registry)


def standings(base: Store) -> dict[str, int]:
    """How many commitments stand how, as the last pass left them; nothing where the register cannot be read."""
    table = store.commitment
    try:
        with base.reading() as tx:
            rows = tx.execute(store.counted(table, table.c.status, table.c.status))
            return {row.value or "new": row.number for row in rows}
    except TroubleError:
        return {}


@dataclass(frozen=True, eq=False)
class _Told(Collector):
    """What a registry asks for: figures that are there already."""

    figures: tuple[Metric, ...]

    def collect(self) -> Iterator[Metric]:
        yield from self.figures


def _metrics(health: Health, standings: Mapping[str, int]) -> Iterator[Metric]:
    yield InfoMetricFamily(
        "gestand", "What runs", value={"version": version("gestand"), "matcher": engine_name().partition(" (")[0]}
    )
    yield GaugeMetricFamily("gestand_up", "1 where nothing is wrong, else 0", value=float(health.well))
    yield GaugeMetricFamily(
        "gestand_pass_age_seconds", "Seconds since a pass last ended", value=health.seconds_since_pass
    )
    yield GaugeMetricFamily("gestand_pass_seconds", "How long the last pass took", value=health.last_pass_seconds)
    yield CounterMetricFamily("gestand_passes", "Passes since the service began", value=health.passes)
    yield CounterMetricFamily("gestand_failed_passes", "Those of them that failed", value=health.failed_passes)
    yield CounterMetricFamily("gestand_clock_jumps", "How often the clock was set meanwhile", value=health.clock_jumps)
    messages = GaugeMetricFamily("gestand_messages", "Messages that were not sent, by state", labels=["state"])
    for state, number in health.messages.items():
        messages.add_metric([state], number)
    yield messages
    yield GaugeMetricFamily(
        "gestand_oldest_message_seconds", "How long the oldest waiting message waits", value=health.oldest_waiting or 0
    )
    yield GaugeMetricFamily("gestand_held", "1 where nothing is delivered, else 0", value=float(bool(health.held)))
    stand = GaugeMetricFamily("gestand_commitments", "Commitments, by where they stand", labels=["status"])
    for status, number in sorted(standings.items()):
        stand.add_metric([status], number)
    yield stand
