"""What one commitment means for others, as a rule file says it: inhibit, escalate, follow_up.

Unlike the conditions that choose rules, those here may ask where a commitment stands. engine.assessment draws them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator

from commitments.model.commitment import (
    Citation,
    EventKind,
    Force,
    Frozen,
    Parties,
)
from commitments.reading.problem import Fault, Misfit
from rules.conditions.condition import (
    FIELDS,
    All,
    Condition,
    Op,
    Test,
    Want,
    parse,
    tests,
    written,
)
from rules.conditions.satisfy import search
from rules.counting.period import ROUNDS, Period
from rules.pack.names import (
    Audience,
    Kind,
    Name,
    Title,
)

LASTING = {name: kind for name, kind in FIELDS.items() if name != "days_late"}
"""The fields that differ only after an event, or on a day on which a pass looks again."""


def _any_field(value: object) -> Condition:
    return parse(value)


def _lasting(value: object) -> Condition:
    condition = parse(value)
    if any(test.field == "days_late" for test in tests(condition)):
        reason = "days_late differs every day, so nothing can hang on it here"
        raise Misfit(Fault(("days_late",), reason, "write status: overdue"))
    return condition


Asked = Annotated[Condition, BeforeValidator(_any_field), WithJsonSchema(written(FIELDS))]
Lasting = Annotated[Condition, BeforeValidator(_lasting), WithJsonSchema(written(LASTING))]


class Inhibition(Frozen):
    """While a commitment is what `when` says, nobody is told of those whose parent it is."""

    when: Lasting
    mute: Literal["children"] = "children"
    source: Citation = Citation()


class GroupEscalation(Frozen):
    """When so many commitments with the same party, dossier, kind or cycle are what `when` says, `to` hears of each.

    With `within` only those count that became so within that time before the day of the pass.
    """

    id: Name | None = None
    source: Citation = Citation()
    when: Lasting
    same: Literal["by", "to", "dossier", "kind", "cycle"]
    at_least: Annotated[int, Field(ge=2, le=1000)]
    within: Period | None = None
    to: Audience

    @field_validator("within")
    @classmethod
    def _countable(cls, within: Period | None) -> Period | None:
        if within is not None and (within.unit not in ROUNDS or within.count < 1):
            raise ValueError(f"{within} cannot be counted here; write days, weeks, months or years")
        return within


class NextCommitment(Frozen):
    """The commitment that a follow-up makes.

    `by` and `to` are those of the first where they are left out; the words by and to stand for the first's, so that
    `by: to` is the party it was owed to. An anchor's date is that of the `event`, or of an anchor of the first.
    """

    kind: Kind
    title: Title
    by: Parties | None = None
    to: Parties | None = None
    force: Force = Force.REQUESTED
    anchors: dict[str, Kind] = Field(default_factory=dict)

    @field_validator("anchors")
    @classmethod
    def _anchor_names(cls, anchors: dict[str, str]) -> dict[str, str]:
        if "due" in anchors:
            raise Misfit(Fault(("due",), "due cannot name an anchor", "write the date it is counted from: letter"))
        return anchors

    @property
    def known(self) -> Iterator[Condition]:
        """What is certain of the commitment before there is one."""
        for field, value in (("kind", self.kind), ("title", self.title), ("force", self.force.value)):
            yield Test(field, (Want(Op.IS, value),))
        for field, parties in (("by", self.by), ("to", self.to)):
            if parties and parties[0] not in {"by", "to"}:
                yield Test(field, tuple(Want(Op.WITHIN, party) for party in parties))
        yield Test("parent", (Want(Op.PRESENT),))
        yield Test("cycle", (Want(Op.ABSENT),))


class FollowUp(Frozen):
    """An event that makes the next commitment: a letter sent owes a reply, a forum held owes a progress report."""

    id: Name
    source: Citation = Citation()
    on: EventKind
    when: Asked
    makes: NextCommitment

    @field_validator("on")
    @classmethod
    def _happened(cls, on: EventKind) -> EventKind:
        if on is EventKind.UNDONE:
            raise ValueError("nothing follows from what is undone; name what happened")
        return on

    def may_follow(self, other: FollowUp) -> bool:
        """Whether what the other makes could be what this one asks for."""
        found = search(All((self.when, *other.makes.known)))
        return found.facts is not None or not found.complete


def circles(follow_ups: tuple[FollowUp, ...]) -> list[int]:
    """The places of the follow-ups that could, by themselves or by one another, go on for ever."""
    ends = {place: {place} for place in range(len(follow_ups))}
    next_ones = {place: {other for other in ends if follow_ups[other].may_follow(follow_ups[place])} for place in ends}
    return [place for place in ends if place in _reached(next_ones, next_ones[place])]


def _reached(next_ones: dict[int, set[int]], start: set[int]) -> set[int]:
    found: set[int] = set()
    waiting = set(start)
    while waiting:
        place = waiting.pop()
        found.add(place)
        waiting |= next_ones[place] - found
    return found
