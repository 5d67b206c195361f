"""The ways that messages leave by: mail, and each end of somebody else's under its own name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from notifications.outbox.outbox import route_of
from notifications.transports.deliverer import ConfigError, Deliverer, Line


@dataclass(frozen=True)
class Routes:
    """Hands each message to the end that its address names (webhook:dashboard), and everything else to the mail."""

    mail: Deliverer
    ends: Mapping[str, Deliverer]

    @property
    def lines(self) -> int:
        """How many messages may be on their way at once."""
        return self.mail.lines

    @contextmanager
    def line(self) -> Iterator[RoutedLine]:
        """A line by any way, each opened when it is first needed."""
        with ExitStack() as stack:
            yield RoutedLine(self, stack)


@dataclass(frozen=True)
class RoutedLine:
    """The lines of one round, by the way they go."""

    routes: Routes
    stack: ExitStack
    open: dict[str, Line] = field(default_factory=dict)

    def send(self, envelope_from: str, to: str, body: bytes) -> None:
        """Hand over a message by the way its address names; raises what that raises."""
        route = route_of(to)
        if route not in self.open:
            self.open[route] = self.stack.enter_context(self._way(route).line())
        self.open[route].send(envelope_from, to, body)

    def _way(self, route: str) -> Deliverer:
        if not route:
            return self.routes.mail
        if route not in self.routes.ends:
            raise ConfigError(0, f"gestand.yaml has no end {route.partition(':')[2]} any more")
        return self.routes.ends[route]
