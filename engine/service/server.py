"""The service put together: passes over a watched workspace, the two clocks, and what is answered on the port."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from engine.passes.run import Pass, tick
from engine.recording.witness import now_and_then
from engine.service import health, scheduler
from engine.service.http import NOT_FOUND, Answer, Asked
from engine.service.ping import Ping
from engine.service.reload import Watched
from engine.service.scheduler import Heartbeat
from engine.service.unsubscribe import PATH, leave
from engine.session import Session
from engine.workspace import clock
from engine.workspace.clock import TwoClocks

_METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Service:
    """A workspace that is served: passed over every `interval` seconds, and asked how it is."""

    watched: Watched
    interval: float
    ping: Ping
    heartbeat: Heartbeat = field(default_factory=Heartbeat)
    clocks: TwoClocks = field(default_factory=TwoClocks)

    def turn(self) -> Pass:
        """One pass, with its files as they are now; a clock that was set since the last is noted in the ledger.

        A copy that is held does not quiet the dead man's switch, which is the original's.
        """
        now = self.watched.session.now()
        jumped = self.clocks.jumped(now, clock.running())
        if jumped:
            self.heartbeat.jumps += 1
            scheduler.log.warning("the clock was set by %s", jumped)
        session = self.watched.refreshed(now)
        done = tick(
            session.store,
            session.workspace,
            session.assessor,
            session.deliverer,
            now=now,
            clock=session.now,
            back=True,
            jumped=jumped,
        )
        if not done.held:
            self.ping.ask()
            self._witness(session)
        return done

    def reload(self) -> None:
        """Have the next pass read the files of the workspace anew, whether or not they seem to have changed."""
        scheduler.log.info("asked to read the files anew")
        self.watched.distrust()

    def _witness(self, session: Session) -> None:
        """Have the ledger stamped where it is time for that; an authority that gives no stamp stops nothing."""
        stamped = now_and_then(session, session.now())
        if stamped is not None:
            scheduler.log.info("%s", stamped)

    def respond(self, asked: Asked) -> Answer:
        """What is answered to one who asks."""
        if asked.path in {"/health", "/metrics"} and asked.method in {"GET", "HEAD"}:
            return self._health() if asked.path == "/health" else self._metrics()
        if asked.path.startswith(PATH):
            session = self.watched.session
            return leave(session.store, session.workspace, asked, session.now())
        return NOT_FOUND

    def _examined(self) -> health.Health:
        session = self.watched.session
        return health.examine(
            session.store, self.heartbeat, interval=self.interval, now=session.now, refused=self.watched.refused
        )

    def _health(self) -> Answer:
        found = self._examined()
        return Answer.json(HTTPStatus.OK if found.well else HTTPStatus.SERVICE_UNAVAILABLE, found.as_json())

    def _metrics(self) -> Answer:
        body = health.metrics(self._examined(), health.standings(self.watched.session.store))
        return Answer(status=HTTPStatus.OK, content_type=_METRICS, body=body)
