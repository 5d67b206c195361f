"""The words of the register: a commitment, the events that befall it, and its standing on a day."""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from commitments.model.dates import DAY, Window


class Frozen(BaseModel):
    """A value that came from outside: checked, closed to unknown keys, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Force(StrEnum):
    """How hard a commitment binds; only the first two can become overdue."""

    BINDING = "binding"
    REQUESTED = "requested"
    EXPECTED = "expected"
    VOLUNTARY = "voluntary"

    @property
    def can_be_overdue(self) -> bool:
        """Whether being late is a failing: where it is not, a commitment is awaited."""
        return self in _HARD


_HARD = frozenset({Force.BINDING, Force.REQUESTED})


class Status(StrEnum):
    """Where a commitment stands on a day."""

    PENDING = "pending"
    DUE_SOON = "due_soon"
    DUE_TODAY = "due_today"
    OVERDUE = "overdue"
    AWAITED = "awaited"
    UNDATED = "undated"
    SUSPENDED = "suspended"
    FULFILLED = "fulfilled"
    FULFILLED_LATE = "fulfilled_late"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"

    @property
    def settled(self) -> bool:
        """Whether nothing more is expected."""
        return self in _SETTLED


_SETTLED = frozenset({Status.FULFILLED, Status.FULFILLED_LATE, Status.WITHDRAWN, Status.LAPSED})


class EventKind(StrEnum):
    """What can befall a commitment."""

    MADE = "made"
    ANCHORED = "anchored"
    EXTENDED = "extended"
    DELAY_NOTICE = "delay_notice"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    PARTLY_FULFILLED = "partly_fulfilled"
    FULFILLED = "fulfilled"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    REOPENED = "reopened"
    AMENDED = "amended"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    NOTE = "note"
    UNDONE = "undone"

    @property
    def settles(self) -> bool:
        """Whether nothing more is expected after it."""
        return self in {EventKind.FULFILLED, EventKind.WITHDRAWN, EventKind.LAPSED}


CLERK = "clerk"
"""The audience of a notice that names none."""


def as_list(value: object) -> object:
    """A text as the list of one that it stands for; anything else as it is."""
    return [value] if isinstance(value, str) else value


_NUMBER: Final = re.compile("[0-9]")
_PARTY = r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*"
Party = Annotated[str, Field(pattern=f"^{_PARTY}$", max_length=200)]
"""A party's place in its hierarchy, small letters, broadest first: `nl/eerste-kamer/ia-jbz`."""
Parties = Annotated[tuple[Party, ...], BeforeValidator(as_list), Field(min_length=1)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$", max_length=120)]
LONGEST_TEXT: Final = 2000
"""The characters that a text of the register has at most."""
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Day = date
"""The type of a day, for models that have a field named date."""


def within(party: str, other: str) -> bool:
    """Whether `party` is `other` or stands below it: nl/eerste-kamer/ia-jbz is within nl/eerste-kamer."""
    return party == other or party.startswith(f"{other}/")


def misnamed(anchor: str) -> str:
    """Why an anchor cannot have a name; empty where it can."""
    if re.fullmatch(r"[a-z][a-z0-9_-]*", anchor) and anchor != "due":
        return ""
    return f"{anchor!r} cannot name an anchor: write small letters, digits, _ and -, and not 'due'"


class Citation(Frozen):
    """Where something is written: the document, the place in it, its words, its address."""

    document: Text = ""
    clause: Text = ""
    quote: Text = ""
    url: Text = ""

    def __str__(self) -> str:
        return ", ".join(part for part in (self.document, self.clause) if part)


class StatedDue(Frozen):
    """The date a commitment itself names as its deadline, with the words it was named in.

    Without a date the words must do ("voor de zomer"): the terms of a pack say what they mean.
    """

    date: Window | None = None
    until: Literal["inclusive", "exclusive"] = "inclusive"
    phrase: Text = ""

    @model_validator(mode="before")
    @classmethod
    def _from_date(cls, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, dict | cls):
            return value
        return {"phrase": value} if isinstance(value, str) and not _NUMBER.match(value) else {"date": value}

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.date is None and not self.phrase:
            raise ValueError("a stated deadline names a date, or the phrase that stands for one")
        return self

    @property
    def window(self) -> Window | None:
        """The last days in time: the day before, where the date was named with "before". None for words only."""
        if self.date is None or self.until == "inclusive":
            return self.date
        return self.date.map(lambda day: day - DAY if day > Day.min else day)


class Commitment(Frozen):
    """Something a party (`by`) owes another (`to`).

    `made` is the day of the promise; unknown where no source tells. `anchors` are the named dates that rules count
    from. `cycle` names the reporting cycle that brought it forth, as pack/cycle.
    """

    id: Identifier
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=60)]
    title: Annotated[str, Field(min_length=1, max_length=500)]
    by: Parties
    to: Parties
    force: Force = Force.REQUESTED
    made: date | None = None
    anchors: dict[str, Window] = Field(default_factory=dict)
    stated_due: StatedDue | None = None
    parent: Identifier | None = None
    dossier: Text = ""
    cycle: Text = ""
    source: Citation = Citation()

    @field_validator("anchors")
    @classmethod
    def _anchor_names(cls, anchors: dict[str, Window]) -> dict[str, Window]:
        if reason := next(filter(None, map(misnamed, anchors)), ""):
            raise ValueError(reason)
        return anchors


class Event(Frozen):
    """Something that befell a commitment on a day.

    `date` is the anchor's date for `anchored`, the new deadline for `extended`, the last day for `snoozed`.
    `commitment` is the whole commitment for `made` and `amended`. `undoes` is the number of the ledger's entry that is
    void, for `undone`: it did not happen, or not as it was recorded.
    """

    kind: EventKind
    occurred_on: Day
    date: Window | None = None
    anchor: str = ""
    commitment: Commitment | None = None
    undoes: Annotated[int, Field(ge=1)] | None = None
    document: Text = ""
    decided_by: Text = ""
    note: Text = ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind is EventKind.ANCHORED and not (self.anchor and self.date):
            raise ValueError("an anchored event names the anchor and its date")
        if self.kind is EventKind.EXTENDED and not self.date:
            raise ValueError("an extension names the new date; a delay notice is the event for a delay without one")
        if self.kind in {EventKind.MADE, EventKind.AMENDED} and not self.commitment:
            raise ValueError(f"a {self.kind} event carries the commitment")
        if (self.kind is EventKind.UNDONE) != (self.undoes is not None):
            raise ValueError("an undone event names the ledger's entry that it undoes, and no other event does")
        return self


class Standing(NamedTuple):
    """Where a commitment stands on a day, against its deadlines.

    `rule` names what set the governing deadline: pack/rule, or "stated". Days late count from the latest day of the
    window to the day it was settled, or to the day of the standing while it is open; negative where that was early,
    None where there is nothing to count from.
    """

    status: Status
    partly: bool = False
    rule: str = ""
    original: Window | None = None
    current: Window | None = None
    settled_on: date | None = None
    days_late_original: int | None = None
    days_late_current: int | None = None
