"""Who gets digests: the recipients of gestand.yaml, their roles, what they hear of, and when."""

from __future__ import annotations

from typing import Annotated, Protocol

from pydantic import AfterValidator, BeforeValidator, Field

from commitments.model.commitment import (
    CLERK,
    Frozen,
    Party,
    as_list,
    within,
)
from commitments.model.zone import Zone
from notifications.content.languages import Language
from notifications.content.notice import Stage
from notifications.content.slots import Cadence, Quiet, never
from notifications.outbox.outbox import valid
from rules.calendars.calendar import Calendars


def _address(text: str) -> str:
    if not valid(text):
        raise ValueError(f"{text!r} is not a mail address; write one such as griffie@example.org")
    return text


Address = Annotated[str, AfterValidator(_address)]
Words = Annotated[tuple[str, ...], BeforeValidator(as_list)]
Roles = Annotated[tuple[str, ...], BeforeValidator(as_list), Field(min_length=1)]


class Described(Protocol):
    """What a scope asks of a commitment."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def by(self) -> tuple[Party, ...]: ...  # noqa: D102
    @property
    def to(self) -> tuple[Party, ...]: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def dossier(self) -> str: ...  # noqa: D102


class Scope(Frozen):
    """Which commitments a recipient hears of: every key that is given must fit, a list means any of."""

    id: Words = ()
    by: Annotated[tuple[Party, ...], BeforeValidator(as_list)] = ()
    to: Annotated[tuple[Party, ...], BeforeValidator(as_list)] = ()
    kind: Words = ()
    dossier: Words = ()

    def covers(self, commitment: Described) -> bool:
        """Whether a commitment is in this scope; a party covers everything below it."""
        return (
            (not self.id or commitment.id in self.id)
            and _any_within(commitment.by, self.by)
            and _any_within(commitment.to, self.to)
            and (not self.kind or commitment.kind in self.kind)
            and (not self.dossier or commitment.dossier in self.dossier)
        )


def _any_within(parties: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    return not wanted or any(within(party, other) for party in parties for other in wanted)


class Recipient(Frozen):
    """Someone who gets digests: which roles they hold, for which commitments, when, and in which language.

    `immediately` are the stages that do not wait for the cadence's slot; `quiet` are calendars on whose days off and
    recesses nothing is told, and which the first slot after makes up for. With `all_clear` there is a digest even where
    there is nothing to say; `monthly` adds what is awaited or has no date to the first digest of a month.
    """

    name: Annotated[str, Field(min_length=1, max_length=200)]
    address: Address
    language: Language | None = None
    timezone: Zone | None = None
    roles: Roles = (CLERK,)
    scope: Scope = Scope()
    cadence: Cadence = Cadence.parse("weekdays 07:30")
    immediately: Annotated[tuple[Stage, ...], BeforeValidator(as_list)] = ()
    quiet: Words = ()
    all_clear: bool = False
    monthly: bool = True

    def quiet_days(self, calendars: Calendars) -> Quiet:
        """The days on which they are told nothing; calendars that are not there, or do not know a day, make none."""
        found = [calendar for name in self.quiet if (calendar := calendars.get(name)) is not None]
        if not found:
            return never
        return lambda day: any(not calendar.working(day) or calendar.pausing(day) for calendar in found)
