"""A pack that extends another: what it says itself comes before what it takes over, rule by rule and by id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from rules.pack.consequence import FollowUp
from rules.pack.pack import Cycle, Pack, Rule

Item = TypeVar("Item", Rule, Cycle, FollowUp)


def inherited(base: Pack, pack: Pack) -> Pack:
    """The pack with all of the base that it does not say itself.

    A rule, cycle or follow-up of the same id takes the place of the base's; terms, parties and what mutes or escalates
    are joined; language, time zone and ladder are the base's where the pack gives none.
    """
    own = pack.model_fields_set
    taken = {name: getattr(base, name) for name in ("language", "timezone", "notices") if name not in own}
    joined = {"terms": base.terms | pack.terms, "parties": base.parties | pack.parties}
    added = {"inhibit": base.inhibit + pack.inhibit, "escalate": base.escalate + pack.escalate}
    parts = {"rules": _over(base.rules, pack.rules), "cycles": _over(base.cycles, pack.cycles)}
    follow_up = {"follow_up": _over(base.follow_up, pack.follow_up)}
    return pack.model_copy(update=taken | joined | added | parts | follow_up)


def _over(base: Sequence[Item], own: Sequence[Item]) -> tuple[Item, ...]:
    named: dict[str, Item] = {item.id: item for item in own}
    kept: list[Item] = [named.pop(item.id, item) for item in base]
    return tuple(kept) + tuple(named.values())
