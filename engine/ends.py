"""Ends other than mail: webhooks and chats that are told as recipients are, each under a name of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from commitments.model import CLERK, Frozen
from commitments.zone import Zone
from engine.recipients import Recipient, Roles, Scope
from notifications.chat import ChatDeliverer, ChatSettings
from notifications.deliverer import Deliverer
from notifications.languages import Language
from notifications.slots import Cadence
from notifications.webhook import WebhookDeliverer, WebhookSettings


class End(Frozen):
    """An end that is no mailbox: a webhook or a chat; it hears what a recipient with its roles and scope would hear."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    webhook: WebhookSettings | None = None
    chat: ChatSettings | None = None
    language: Language | None = None
    timezone: Zone | None = None
    roles: Roles = (CLERK,)
    scope: Scope = Scope()
    cadence: Cadence = Cadence.parse("weekdays 07:30")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.webhook is None) == (self.chat is None):
            raise ValueError("say which kind of end it is: webhook: {url: …} or chat: {url_env: …}")
        return self

    @property
    def route(self) -> str:
        """What stands in the outbox in the place of an address: webhook:dashboard."""
        return f"{'chat' if self.webhook is None else 'webhook'}:{self.name}"

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
