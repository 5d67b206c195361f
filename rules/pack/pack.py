"""A rule file as its author wrote it, checked: the pack with its rules, its cycles and their tests.

Reading the file is `commitments.reading`'s work; how dates are counted is `rules.counting`'s; what a condition says is
`rules.conditions`'s. This module only holds them together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from commitments.model.commitment import (
    CLERK,
    Citation,
    Force,
    Frozen,
    Parties,
    Party,
    Text,
)
from commitments.model.dates import Window, day_after
from commitments.model.zone import Zone
from commitments.reading.source import Fault, Misfit
from rules.conditions.condition import All, Condition, Not
from rules.counting.due import Due
from rules.counting.period import (
    ROUNDS,
    Period,
    Point,
    Unit,
)
from rules.counting.recurrence import Recurrence
from rules.counting.terms import SPEECH, Term, unspoken
from rules.pack.consequence import (
    FollowUp,
    GroupEscalation,
    Inhibition,
    circles,
)
from rules.pack.names import (
    Audience,
    Kind,
    Language,
    Name,
    Title,
)
from rules.pack.parameters import expanded
from rules.pack.situation import Situation

RUNGS_KEPT: Final = 8_192
"""For how many days a ladder remembers its rungs: those of twenty years."""


@dataclass(frozen=True)
class Rung:
    """A stage of a ladder as it falls on a day: the `step`-th of its kind, for one audience."""

    day: date
    stage: Literal["reminder", "due_today", "overdue", "escalation"]
    step: int
    audience: str


class Reminder(Frozen):
    """A day to remind on, and whom."""

    at: Point
    to: Audience = CLERK

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:  # noqa: ANN401
        return {"at": value} if isinstance(value, str) else value


class Escalation(Frozen):
    """A day to tell someone higher, and whom."""

    at: Point
    to: Audience

    @field_validator("at")
    @classmethod
    def _afterwards(cls, at: Point) -> Point:
        if at.side != "after":
            raise ValueError(
                f"{at} is not after the deadline: an escalation comes when it has passed, e.g. 6 weeks after"
            )
        return at


class Overdue(Frozen):
    """When lateness is told: first, then at every interval, at most so many times in all."""

    first: Point = Point.parse("1 day after")
    every: Period | None = None
    at_most: Annotated[int, Field(ge=1, le=100)] = 1
    to: Audience = CLERK

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:  # noqa: ANN401
        return {"first": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _repeats(self) -> Self:
        if self.first.side != "after":
            raise Misfit(Fault(("first",), f"{self.first} is before the deadline has passed", "write 1 day after"))
        if self.every is None and self.at_most > 1:
            raise Misfit(Fault(("at_most",), "at_most has nothing to count without every", "add every: 2 weeks"))
        if self.every is not None and self.every.unit in {Unit.HOUR, Unit.WORKING_DAY, Unit.SITTING_DAY}:
            raise Misfit(Fault(("every",), f"{self.every} cannot space notices", "count days, weeks or months"))
        return self

    def days(self, window: Window) -> Iterator[date]:
        """The days on which lateness is told, each counted from the first, never from the one before it."""
        first = self.first.day(window)
        yield first
        if self.every is None:
            return
        for turn in range(1, self.at_most):
            further = Point(Period(self.every.count * turn, self.every.unit), "after")
            yield further.day(Window.on(first))


class Ladder(Frozen):
    """When and whom to tell, from the first reminder to the last escalation."""

    remind: tuple[Reminder, ...] = ()
    overdue: Overdue | None = None
    escalate: tuple[Escalation, ...] = ()

    def rungs(self, window: Window) -> tuple[Rung, ...]:
        """The rungs for a deadline, by day: reminders count from its earliest day, lateness from its latest."""
        found: tuple[Rung, ...] = self.remembered(window)
        return found

    @cached_property
    def remembered(self) -> Any:  # noqa: ANN401 (pydantic would take a callable for a field)
        """The same, worked out once for each window: many deadlines are on the same day."""
        return lru_cache(RUNGS_KEPT)(self._rungs)

    def _rungs(self, window: Window) -> tuple[Rung, ...]:
        rungs = [
            Rung(item.at.day(window), "due_today" if item.at.side == "on" else "reminder", step, item.to)
            for step, item in enumerate(self.remind, start=1)
        ]
        if self.overdue is not None:
            days = enumerate(self.overdue.days(window), start=1)
            rungs += [Rung(day, "overdue", step, self.overdue.to) for step, day in days]
        rungs += [
            Rung(item.at.day(window), "escalation", step, item.to) for step, item in enumerate(self.escalate, start=1)
        ]
        return tuple(sorted(rungs, key=lambda rung: rung.day))


DEFAULT_LADDER = Ladder.model_validate(
    {"remind": ["1 week before", "on the day"], "overdue": {"first": "1 day after", "every": "4 weeks", "at_most": 6}}
)
"""What a deadline gets where neither its rule nor its pack says whom to tell."""


class Validity(Frozen):
    """The days on which a rule is law, both included; one that is left out is open.

    `on` says which day decides: that of the date the rule counts from, or the day on which it is asked.
    """

    since: date | None = Field(default=None, alias="from")
    until: date | None = Field(default=None, alias="to")
    on: Literal["anchor", "today"] = "anchor"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.since > self.until:
            raise Misfit(Fault(("to",), f"{self.until} is before {self.since}", "let to be the later day"))
        return self

    def __contains__(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    @property
    def always(self) -> bool:
        """Whether it is law on every day."""
        return self.since is None and self.until is None

    @property
    def turning_days(self) -> tuple[date, ...]:
        """The days on which it becomes law and ceases to be, where the present day decides that."""
        if self.on == "anchor":
            return ()
        return tuple(day for day in (self.since, day_after(self.until) if self.until else None) if day)

    def __str__(self) -> str:
        """The days in words: from 2010-01-01 to 2015-12-31."""
        ends = (("from", self.since), ("to", self.until))
        return " ".join(f"{word} {day}" for word, day in ends if day) or "always"


class Extension(Frozen):
    """When the deadline moves by the rule itself: an event of this kind gives so much more time, so many times.

    `from` says what the time is counted from: the deadline as it stands, the event, or an anchor. With
    `before_expiry` an event that comes when the deadline has passed gives nothing.
    """

    on: Literal["delay_notice"] = "delay_notice"
    period: Period
    base: Annotated[str, Field(alias="from", pattern=r"^[a-z][a-z0-9_-]*$")] = "due"
    at_most: Annotated[int, Field(ge=1, le=100)] = 1
    before_expiry: bool = False


class Rule(Frozen):
    """By when something is due, for which commitments, and who hears of it.

    `message` is what else a reader should know, by language; it stands with the commitment in every digest.
    `exception_of` names a rule of the same pack that this one comes before, where both apply. `pause` says what
    becomes of the deadline while the clock stands still: it moves by as many days (extend), by as many of the days that
    the rule counts (skip), or stays (none).
    """

    id: Name
    title: Title
    source: Citation = Citation()
    valid: Validity = Validity()
    when: Condition
    unless: Condition | None = None
    exception_of: Name | None = None
    force: Force | None = None
    due: Due
    extension: Extension | None = None
    pause: Literal["extend", "skip", "none"] = "extend"
    notices: Ladder | None = None
    message: dict[Language, Text] = Field(default_factory=dict)
    tests: tuple[Situation, ...] = ()

    @property
    def condition(self) -> Condition:
        """What the rule asks of a commitment: what `when` says, and not what `unless` says."""
        return self.when if self.unless is None else All((self.when, Not(self.unless)))


class Promise(Frozen):
    """Who owes what to whom at every turn of a cycle."""

    kind: Kind
    by: Parties
    to: Parties
    force: Force = Force.EXPECTED
    title: Text = ""


class Distance(Frozen):
    """How far from the date of a cycle's edition something falls: 2 years after grf."""

    point: Point
    of: Name

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:  # noqa: ANN401
        if not isinstance(value, str):
            return value
        point, _, of = value.rpartition(" ")
        if not point.endswith((" before", " after")):
            raise ValueError(f"{value!r} does not say how far from what; write 2 years after grf")
        return {"point": Point.parse(point), "of": of}


class Derived(Frozen):
    """Something that goes with every turn of a cycle: at a distance from it, or due before or after it.

    What it leaves out (kind, by, to, force) it takes from the cycle's commitment.
    """

    id: Name
    title: Title
    source: Citation = Citation()
    at: Distance | None = None
    precision: Literal["day", "month", "year"] = "day"
    known: dict[str, Window] = Field(default_factory=dict)
    due: Due | None = None
    kind: Kind | None = None
    by: Parties | None = None
    to: Parties | None = None
    force: Force | None = None
    notices: Ladder | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.at is None) == (self.due is None):
            raise ValueError("give either at (a distance from the cycle's date) or due (how to count), one of the two")
        return self


class Cycle(Frozen):
    """Something that comes round: its first date, how often, the dates that are known, and what goes with it.

    Its occurrences enter the register from the day `since` on. A date in `known`, by the edition's label, beats
    the computed one, which is no more certain than `precision` says. It comes round `every` so often, or by a
    recurrence rule (`rrule`, RFC 5545); `cycle_anchor` says what the next one is counted from: the first, the one
    before as planned, or the one before as held.
    """

    id: Name
    title: Title
    source: Citation = Citation()
    since: date | None = None
    every: Period | None = None
    rrule: Recurrence | None = None
    cycle_anchor: Literal["fixed", "planned", "held"] = "fixed"
    first: Window
    precision: Literal["day", "month", "year"] = "day"
    known: dict[str, Window] = Field(default_factory=dict)
    commitment: Promise
    notices: Ladder | None = None
    derived: tuple[Derived, ...] = ()

    @field_validator("every")
    @classmethod
    def _comes_round(cls, every: Period | None) -> Period | None:
        if every is not None and (every.unit not in ROUNDS or every.count < 1):
            raise ValueError(f"a cycle comes round in days, weeks, months or years, not every {every}")
        return every

    @model_validator(mode="after")
    def _one_rhythm(self) -> Self:
        if (self.every is None) == (self.rrule is None):
            raise ValueError("say how often it comes round, by every (4 years) or by rrule, one of the two")
        if self.rrule is None:
            return self
        if self.cycle_anchor != "fixed":
            raise Misfit(
                Fault(("cycle_anchor",), "an rrule always counts from the first", "use every, or leave this out")
            )
        if reason := self.rrule.unsynchronised(self.first):
            raise Misfit(Fault(("first",), reason, "let first be a day on which the rrule falls"))
        return self

    @model_validator(mode="after")
    def _from_itself(self) -> Self:
        for index, item in enumerate(self.derived):
            if item.at is not None and item.at.of != self.id:
                fault = f"{item.at.of} is not the cycle that this goes with"
                raise Misfit(Fault(("derived", index, "at"), fault, f"write {item.at.point} {self.id}"))
        return self


class Pack(Frozen):
    """A rule file. `parties` gives names to the parties it speaks of, for digests to use.

    `parameters` are values with a name, which rules ask for as $name; `extends` names a pack whose rules, cycles,
    terms and names are taken over, save those that this one says itself.
    """

    pack: Name
    title: Title
    language: Language = "en"
    timezone: Zone = "UTC"
    version: Annotated[str, Field(max_length=60)] = ""
    extends: Name | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)
    parties: dict[Party, Text] = Field(default_factory=dict)
    terms: dict[str, Term] = Field(default_factory=dict)
    notices: Ladder = DEFAULT_LADDER
    rules: tuple[Rule, ...] = ()
    cycles: tuple[Cycle, ...] = ()
    inhibit: tuple[Inhibition, ...] = ()
    escalate: tuple[GroupEscalation, ...] = ()
    follow_up: tuple[FollowUp, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, value: Any) -> Any:  # noqa: ANN401
        return expanded(value) if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _readable_terms(self) -> Self:
        if self.terms and self.language not in SPEECH:
            raise Misfit(unspoken(self.language))
        return self

    @field_validator("follow_up")
    @classmethod
    def _with_an_end(cls, follow_up: tuple[FollowUp, ...]) -> tuple[FollowUp, ...]:
        places = circles(follow_up)
        if places:
            message = "what this makes could make it follow again, without end"
            hint = "let when ask for something that what follows is not, such as its kind"
            raise Misfit(*(Fault((place, "when"), message, hint) for place in places))
        return follow_up
