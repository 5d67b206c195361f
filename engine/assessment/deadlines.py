"""The deadlines of a commitment: what rules ask for, what it names itself, and how each has moved since. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from commitments.model.basis import Ground
from commitments.model.commitment import Force, StatedDue
from commitments.model.dates import Window, day_after
from commitments.model.record import Record
from engine.assessment.moves import (
    Course,
    Move,
    Terms,
    Unheeded,
    course,
    first_anchors,
)
from notifications.content.notice import Reason
from rules.counting.deadline import Deadline, Step
from rules.counting.due import Due
from rules.pack.book import BookRule
from rules.pack.pack import DEFAULT_LADDER, Ladder, Rung

if TYPE_CHECKING:
    from engine.assessment.cache import Counts

STATED = "stated"
"""What stands for the rule where the commitment itself names its date."""
NO_DATE = "the commitment names no date, and no rule in use counts one for it"


@dataclass(frozen=True, kw_only=True, slots=True)
class Obligation:
    """One deadline of a commitment: the rule that set it, the date as first counted and as it stands, and its ladder.

    `current` is the deadline as it stands; None where it is not known, or not known yet: `unknown` says why. `basis` is
    the reason for its date, without what is the commitment's own. `beaten_by` names what counts instead of it, empty
    where it counts.
    """

    rule: str
    deadline: Deadline
    current: Window | None
    force: Force
    ladder: Ladder
    basis: Reason
    moves: tuple[Move, ...] = ()
    unheeded: tuple[Unheeded, ...] = ()
    unknown: str = ""
    beaten_by: str = ""

    @property
    def original(self) -> Window | None:
        """The deadline before anything moved it."""
        return self.deadline.window

    @property
    def soon(self) -> date | None:
        """The day from which it is due soon: the first reminder, or the first day on which it can fall."""
        if self.current is None:
            return None
        ahead = [rung.day for rung in self.rungs if rung.stage == "reminder"]
        return min([*ahead, self.current.earliest])

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The rungs of its ladder by day; none where its date is not known."""
        return self.ladder.rungs(self.current) if self.current else ()

    @property
    def turning_days(self) -> tuple[date, ...]:
        """The days on which it, left alone, comes to stand otherwise or has something told of it, in order."""
        if self.current is None:
            return ()
        own = (self.current.latest, day_after(self.current.latest), self.soon or self.current.latest)
        return tuple(sorted({*own, *(rung.day for rung in self.rungs)}))


class Duties(NamedTuple):
    """Every deadline of a commitment, and the one of them that it is counted against, if there is one."""

    obligations: tuple[Obligation, ...]
    governing: Obligation | None

    @classmethod
    def of(cls, obligations: tuple[Obligation, ...]) -> Duties:
        """These deadlines: the earliest that can become overdue governs; else the earliest; else one not known yet."""
        counting = [item for item in obligations if not item.beaten_by]
        return cls(obligations, min(counting, key=_precedence) if len(counting) > 1 else next(iter(counting), None))


def _precedence(item: Obligation) -> tuple[bool, bool, date, str]:
    return (
        item.current is None,
        not item.force.can_be_overdue,
        item.current.latest if item.current else date.max,
        item.rule,
    )


def obligations(ground: Ground, law: Sequence[str], counts: Counts) -> Iterator[Obligation]:
    """Every deadline that there is on a ground under the rules that apply and are law."""
    rules = [counts.book.rules[name] for name in law]
    counting = [rule for rule in rules if not rule.rule.due.stated]
    stated = ground.stated is not None
    if stated or not counting:
        named = _stated(ground, rules, counts)
        # Words that no pack knows name no date: they do not come before one that a rule can count.
        stated = named.original is not None
        yield named
    excepted = {f"{rule.pack.pack}/{rule.rule.exception_of}": rule.name for rule in rules if rule.rule.exception_of}
    dues: dict[str, Window] = {}
    for rule in _in_order(counting):
        found = _counted(ground, rule, counts, dues, STATED if stated else excepted.get(rule.name, ""))
        if found.current is not None:
            dues |= {f"{rule.rule.id}.due": found.current, f"{rule.name}.due": found.current}
        yield found


def _in_order(rules: list[BookRule]) -> list[BookRule]:
    """The rules, each after the one whose deadline it counts from; those that count in a circle come last."""
    if len(rules) == 1:
        return rules
    ordered: list[BookRule] = []
    waiting = list(rules)
    while ready := [rule for rule in waiting if not any(_follows(rule, other) for other in waiting)]:
        ordered += ready
        waiting = [rule for rule in waiting if rule not in ready]
    return ordered + waiting


def _follows(rule: BookRule, other: BookRule) -> bool:
    return anchor_name(rule.rule.due) in {f"{other.rule.id}.due", f"{other.name}.due"}


def anchor_name(due: Due) -> str:
    """The name of the anchor that a `due` counts from; empty where it counts from a fixed date."""
    return due.origin if isinstance(due.origin, str) else ""


def in_force(rule: BookRule, ground: Ground, made: date | None, today: date) -> bool:
    """Whether a rule is law for a commitment: on the day it counts from, or on the present one, as the rule says."""
    valid = rule.rule.valid
    if valid.on == "today":
        return today in valid
    anchor = dict(ground.latest).get(anchor_name(rule.rule.due))
    return (anchor.earliest if anchor else made or today) in valid


def _counted(ground: Ground, rule: BookRule, counts: Counts, dues: Mapping[str, Window], beaten_by: str) -> Obligation:
    def count(anchors: Mapping[str, Window]) -> Deadline:
        return counts.deadline(rule, {**anchors, **dues} if dues else anchors)

    deadline = count(first_anchors(ground.anchors, ground.turns))
    return _obligation(
        rule.name,
        deadline,
        course(ground, deadline, lambda anchors: count(anchors).window, Terms(rule, counts)),
        force=rule.rule.force or ground.force,
        ladder=rule.ladder,
        basis=counts.basis(rule, ground.latest),
        beaten_by=beaten_by,
    )


def _stated(ground: Ground, rules: Sequence[BookRule], counts: Counts) -> Obligation:
    """The date that the commitment itself names, or ought to, told as the rule that applies would tell it."""
    stated = ground.stated
    rule = min(rules, key=lambda item: not item.rule.due.stated, default=None)
    deadline = _named(stated, ground.made, counts.meaning)
    return _obligation(
        STATED,
        deadline,
        course(ground, deadline, lambda _: deadline.window, Terms()),
        force=(rule.rule.force if rule else None) or ground.force,
        ladder=rule.ladder if rule else DEFAULT_LADDER,
        basis=Reason(rule=STATED if stated else ""),
    )


def _obligation(
    name: str, deadline: Deadline, taken: Course, *, force: Force, ladder: Ladder, basis: Reason, beaten_by: str = ""
) -> Obligation:
    """A deadline after the course that it took."""
    return Obligation(
        rule=name,
        deadline=deadline,
        current=taken.current,
        force=force,
        ladder=ladder,
        basis=basis,
        moves=taken.moves,
        unheeded=taken.unheeded,
        unknown=taken.unknown,
        beaten_by=beaten_by,
    )


def reason(obligation: Obligation, record: Record) -> Reason:
    """Why a deadline of a record is what it is: what the rule says, or where the commitment says it."""
    if obligation.rule != STATED:
        return obligation.basis
    stated, source = record.commitment.stated_due, record.commitment.source
    phrase = stated.phrase if stated else ""
    return replace(obligation.basis, phrase=phrase, quote=source.quote, document=str(source), url=source.url)


def steps(obligation: Obligation, record: Record) -> tuple[Step, ...]:
    """The steps that led to a deadline of a record, in the words in which the commitment names it where it does."""
    stated = record.commitment.stated_due
    named = obligation.rule == STATED and stated is not None and stated.date is not None
    return _named_date(stated).steps if named and stated else obligation.deadline.steps


def _named(stated: StatedDue | None, made: date | None, meaning: Callable[[str, date | None], Deadline]) -> Deadline:
    """The date that a commitment names: by itself, or in words that a pack knows."""
    if stated is None:
        return Deadline(window=None, at=None, steps=(), unknown=NO_DATE)
    return _named_date(stated) if stated.date else meaning(stated.phrase, made)


def _named_date(stated: StatedDue) -> Deadline:
    words = f" ({stated.phrase})" if stated.phrase else ""
    last = (
        "before that day, so the day before is the last in time" if stated.until == "exclusive" else "that day included"
    )
    step = Step(
        name="stated",
        text=f"the commitment names its own date: {stated.date}{words}, {last}",
        data={"date": str(stated.date), "until": stated.until, "phrase": stated.phrase},
    )
    return Deadline(window=stated.window, at=None, steps=(step,))


def basis(rule: BookRule, anchors: Mapping[str, Window]) -> Reason:
    """What a rule says of why a date is what it is, where these are the anchors."""
    due = rule.rule.due
    return Reason(
        rule=rule.name,
        period=" and ".join(str(period) for period in due.periods if period.count),
        side="before" if due.before else "after",
        anchor=anchor_name(due),
        anchor_date=anchors.get(anchor_name(due)) or (due.origin if isinstance(due.origin, Window) else None),
        quote=rule.rule.source.quote,
        document=str(rule.rule.source),
        url=rule.rule.source.url,
        message=rule.rule.message,
    )
