"""Delivery to chat services through apprise, which is an extra: `pip install 'gestand[chat]'`. Its only home."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from pydantic import model_validator

from commitments.model.commitment import Frozen
from notifications.transports.credentials import credential
from notifications.transports.deliverer import ConfigError, TemporaryError


class ChatSettings(Frozen):
    """A chat service in gestand.yaml: its apprise address holds secrets, and stands elsewhere."""

    url_env: str = ""
    url_file: str = ""

    @model_validator(mode="after")
    def _address_somewhere(self) -> Self:
        if not (self.url_env or self.url_file):
            raise ValueError("say where the address of the chat stands: url_env: NAME or url_file: PATH")
        return self


@dataclass(frozen=True)
class ChatDeliverer:
    """Hands messages to a chat service, which cannot tell one that comes twice."""

    name: str
    settings: ChatSettings
    lines: int = 1

    @contextmanager
    def line(self) -> Iterator[Self]:
        """Itself: nothing is kept open."""
        yield self

    def send(self, _envelope_from: str, _to: str, body: bytes) -> None:
        """Hand over a message. Raises TemporaryError where the service did not take it, ConfigError where it cannot."""
        try:
            import apprise  # noqa: PLC0415 - an extra, and slow to load
        except ImportError as error:
            raise ConfigError(0, "chats need one more package: pip install 'gestand[chat]'") from error
        setting = f"ends.{self.name}.chat.url"
        service = apprise.Apprise()
        if not service.add(credential(setting, self.settings.url_env, self.settings.url_file)):
            raise ConfigError(0, f"what {setting} leads to is no address that apprise knows")
        content = json.loads(body)
        if not service.notify(title=content["title"], body=content["text"]):
            raise TemporaryError(0, f"the chat {self.name} did not take the message", doubtful=True)
