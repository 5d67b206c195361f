"""A digest: the notices of one recipient at one slot, in the order a reader needs them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from notifications.notice import Item


class Section(StrEnum):
    """The parts of a digest, in their order."""

    ESCALATED = "escalated"
    NEW_OVERDUE = "new_overdue"
    STILL_OVERDUE = "still_overdue"
    DUE_TODAY = "due_today"
    DUE_SOON = "due_soon"
    MOVED = "moved"
    SETTLED = "settled"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who a digest is for: name, address, language (nl, en) and time zone."""

    name: str
    address: str
    language: str
    timezone: str


@dataclass(frozen=True, kw_only=True)
class Digest:
    """What one reader is told at `slot`: the sections that have something in them, each with its items.

    It covers what came up in the half-open window from `covers_from` (None for the first digest) to `slot`.
    `head` is the ledger's head (`#seq hash16`): the reader's mailbox is its witness.
    """

    reader: Reader
    slot: datetime
    covers_from: datetime | None
    sections: tuple[tuple[Section, tuple[Item, ...]], ...]
    head: str
    packs: tuple[str, ...] = ()
