"""Ends other than mail, each under a name of its own: webhooks and chats, told as recipients are; calendar files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import PurePath
from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from commitments.model.commitment import CLERK, Frozen
from commitments.model.zone import Zone
from engine.workspace.recipients import (
    Address,
    Recipient,
    Roles,
    Scope,
)
from notifications.content.languages import Language
from notifications.content.slots import Cadence
from notifications.transports.chat import ChatDeliverer, ChatSettings
from notifications.transports.deliverer import Deliverer
from notifications.transports.webhook import WebhookDeliverer, WebhookSettings

_TELLING: Final = ("roles", "cadence", "timezone")
"""What decides when something is told, and of which stages: a calendar shows every deadline all the time."""


class FeedSettings(Frozen):
    """A calendar file, in the workspace or at an absolute path; of what a `recipient` hears of, where one is named.

    A web server must be able to read it, so the umask says who can; with `private` only its owner can.
    """

    file: str
    recipient: Address | Literal[""] = ""
    private: bool = False

    @field_validator("file")
    @classmethod
    def _a_place(cls, file: str) -> str:
        if not file.isprintable() or not PurePath(file).stem or PurePath(file).suffix.lower() != ".ics":
            raise ValueError(f"{file!r} is not the name of a calendar file; write one such as feeds/clerk.ics")
        if file.startswith("~") or ".." in PurePath(file).parts:
            raise ValueError("write a path below the workspace, or a whole one that begins with /")
        return file


class End(Frozen):
    """An end that is no mailbox.

    A webhook or a chat hears what a recipient with its roles and scope would hear; a feed is a calendar file of the
    deadlines in its scope, and is told nothing.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    webhook: WebhookSettings | None = None
    chat: ChatSettings | None = None
    feed: FeedSettings | None = None
    language: Language | None = None
    timezone: Zone | None = None
    roles: Roles = (CLERK,)
    scope: Scope = Scope()
    cadence: Cadence = Cadence.parse("weekdays 07:30")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if [self.webhook, self.chat, self.feed].count(None) != 2:
            kinds = "webhook: {url: …}, chat: {url_env: …} or feed: {file: …}"
            raise ValueError(f"say which kind of end it is: {kinds}")
        return self

    @model_validator(mode="after")
    def _feed_by_itself(self) -> Self:
        if self.feed is None:
            return self
        if needless := [name for name in _TELLING if name in self.model_fields_set]:
            raise ValueError(f"a calendar file is written by every pass, with every deadline: leave out {needless[0]}")
        if self.feed.recipient and "scope" in self.model_fields_set:
            raise ValueError("a calendar file is a recipient's or of a scope: leave out one of them")
        return self

    @property
    def tells(self) -> bool:
        """Whether it is told something, as a recipient is."""
        return self.feed is None

    @property
    def route(self) -> str:
        """What stands in the outbox in the place of an address: webhook:dashboard."""
        kind = "webhook" if self.webhook else "chat" if self.chat else "feed"
        return f"{kind}:{self.name}"

    @property
    def recipient(self) -> Recipient:
        """The end as one who gets digests."""
        told = {name: getattr(self, name) for name in ("name", "language", "timezone", "roles", "scope", "cadence")}
        # Not checked again: its address is none, and is not meant to be one.
        return Recipient.model_construct(address=self.route, **told)

    def deliverer(self, now: Callable[[], datetime]) -> Deliverer:
        """What takes its messages away."""
        if self.webhook is not None:
            return WebhookDeliverer(self.name, self.webhook, now)
        return ChatDeliverer(self.name, self.chat or ChatSettings())
