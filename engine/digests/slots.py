"""When a recipient is told: the slots of their cadence in their zone, but for the days that are to be quiet."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from engine.workspace.recipients import Recipient
from engine.workspace.settings import Workspace
from notifications.content.digest import Reader
from notifications.content.slots import last_slot, missed_slots, next_slots

FIRST_HOUR: Final = 7
LAST_HOUR: Final = 19
"""What does not wait for a slot comes from the first hour on, and before the last, by the recipient's clock."""


def reader(workspace: Workspace, recipient: Recipient) -> Reader:
    """A recipient as a digest addresses them: what they leave out is the workspace's."""
    return Reader(
        name=recipient.name,
        address=recipient.address,
        language=recipient.language or workspace.settings.language,
        timezone=recipient.timezone or workspace.settings.timezone,
    )


def due_slot(workspace: Workspace, recipient: Recipient, now: datetime) -> datetime | None:
    """The latest slot that has come; None where every day is quiet."""
    quiet = recipient.quiet_days(workspace.calendars)
    return last_slot(recipient.cadence, reader(workspace, recipient).timezone, now, quiet)


def coming_slots(workspace: Workspace, recipient: Recipient, now: datetime, count: int) -> list[datetime]:
    """The first slots that are still to come, in order."""
    quiet = recipient.quiet_days(workspace.calendars)
    return next_slots(recipient.cadence, reader(workspace, recipient).timezone, now, count, quiet)


def missed(workspace: Workspace, recipient: Recipient, since: datetime, slot: datetime) -> int:
    """How many slots lay between two moments that were served by none."""
    quiet = recipient.quiet_days(workspace.calendars)
    return missed_slots(recipient.cadence, reader(workspace, recipient).timezone, since, slot, quiet)


def may_disturb(workspace: Workspace, recipient: Recipient, now: datetime) -> bool:
    """Whether what does not wait for a slot may come now: neither at night nor on a quiet day."""
    local = now.astimezone(ZoneInfo(reader(workspace, recipient).timezone))
    quiet = recipient.quiet_days(workspace.calendars)
    return FIRST_HOUR <= local.hour < LAST_HOUR and not quiet(local.date())


def month_began(workspace: Workspace, recipient: Recipient, slot: datetime) -> datetime:
    """The moment at which the month of a slot began for a recipient."""
    zone = ZoneInfo(reader(workspace, recipient).timezone)
    first: date = slot.astimezone(zone).date().replace(day=1)
    return datetime(first.year, first.month, 1, tzinfo=zone)
