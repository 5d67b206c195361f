"""A digest: the notices of one recipient at one slot, in the order a reader needs them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from commitments.model.commitment import Status
from notifications.content.notice import Item, Stage


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
class Ending:
    """A silence that ends soon: of what nothing is told until then, and by whose word."""

    what: str
    until: date
    author: str


@dataclass(frozen=True, kw_only=True)
class Digest:
    """What one reader is told at `slot`: the sections that have something in them, each with its items.

    It covers what came up in the half-open window from `covers_from` (None for the first digest) to `slot`; `missed`
    slots in between are made up for. `head` is the ledger's head (`#seq hash`): the reader's mailbox is its witness.
    `names` are the names of parties, by their place in the hierarchy. `besides` counts what stands so besides, where
    that is to be said; `ending` are the silences that end soon.
    """

    reader: Reader
    slot: datetime
    covers_from: datetime | None
    sections: tuple[tuple[Section, tuple[Item, ...]], ...]
    head: str
    packs: tuple[str, ...] = ()
    missed: int = 0
    names: Mapping[str, str] = field(default_factory=dict)
    besides: Mapping[Status, int] = field(default_factory=dict)
    ending: tuple[Ending, ...] = ()

    @property
    def day(self) -> date:
        """The date that it is for the reader."""
        return self.slot.astimezone(ZoneInfo(self.reader.timezone)).date()


def compose(
    reader: Reader,
    items: Iterable[Item],
    *,
    slot: datetime,
    covers_from: datetime | None,
    head: str,
    packs: Iterable[str] = (),
    missed: int = 0,
    names: Mapping[str, str] | None = None,
) -> Digest:
    """The digest of these items; one without any says that there is nothing new.

    A commitment appears once, in its most pressing section; a section goes by the party that owes, then by due date.
    """
    sections: dict[Section, list[Item]] = defaultdict(list)
    for item in _most_pressing(items):
        sections[section_of(item)].append(item)
    return Digest(
        reader=reader,
        slot=slot,
        covers_from=covers_from,
        sections=tuple((part, tuple(sorted(sections[part], key=_order))) for part in Section if part in sections),
        head=head,
        packs=tuple(packs),
        missed=missed,
        names=names or {},
    )


_SECTIONS = {
    Stage.ESCALATION: Section.ESCALATED,
    Stage.DUE_TODAY: Section.DUE_TODAY,
    Stage.REMINDER: Section.DUE_SOON,
    Stage.DATE_CHANGED: Section.MOVED,
    Stage.SETTLED: Section.SETTLED,
}
_RANK = {section: rank for rank, section in enumerate(Section)}


def section_of(item: Item) -> Section:
    """The section in which an item is told: what was settled since is settled, whatever was owed to be said before."""
    if item.standing.status.settled:
        return Section.SETTLED
    if item.notice.stage is Stage.OVERDUE:
        return Section.NEW_OVERDUE if item.notice.step == 1 else Section.STILL_OVERDUE
    return _SECTIONS[item.notice.stage]


def _most_pressing(items: Iterable[Item]) -> Iterable[Item]:
    best: dict[str, Item] = {}
    for item in items:
        known = best.get(item.commitment.id)
        if known is None or _pressure(item) < _pressure(known):
            best[item.commitment.id] = item
    return best.values()


def _pressure(item: Item) -> tuple[int, int]:
    """Smaller is more pressing; of two notices of one stage, the later step."""
    return _RANK[section_of(item)], -item.notice.step


def _order(item: Item) -> tuple[tuple[str, ...], date, date, str]:
    due = item.standing.current
    latest, earliest = (due.latest, due.earliest) if due else (date.max, date.max)
    return item.commitment.by, latest, earliest, item.commitment.id
