"""What takes a message away: a server, a folder, an end of somebody else's; and the ways in which it says no."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from notifications.content.phrases import clean


class DeliveryError(Exception):
    """A message that was not taken; `code` is the server's reply (0 where there was none), `text` says why.

    Where `doubtful`, the other side may have taken it after all: the answer was lost.
    """

    def __init__(self, code: int, text: str, *, doubtful: bool = False) -> None:
        self.code = code
        self.text = clean(text)
        self.doubtful = doubtful
        super().__init__(f"{code} {self.text}" if code else self.text)


class TemporaryError(DeliveryError):
    """The message may be taken later."""


class PermanentError(DeliveryError):
    """The message will never be taken; `status` is what is wrong with its address (RFC 3463), where the server says."""

    def __init__(self, code: int, text: str, *, status: str = "") -> None:
        self.status = status
        super().__init__(code, text)


class ServerError(TemporaryError):
    """No message can be taken at present: the server is away, or does not work with us."""


class ConfigError(ServerError):
    """No message can be taken until somebody mends the settings, ours or the server's."""


class Line(Protocol):
    """What takes messages one after another."""

    def send(self, envelope_from: str, to: str, body: bytes) -> None:
        """Hand over a message. Raises TemporaryError or PermanentError; when it returns, the message was taken."""
        ...


class Deliverer(Protocol):
    """What gives out lines, at most `lines` at once; each is used by one thread for one round."""

    @property
    def lines(self) -> int:
        """How many messages may be on their way at once."""
        ...

    def line(self) -> AbstractContextManager[Line]:
        """A line that is closed in the end."""
        ...
