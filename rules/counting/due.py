"""How a deadline is counted, as rule files and the calculator write it: every switch named, none guessed.

What each switch means is told in docs/counting-time.md; rules.counting.deadline counts by them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, GetCoreSchemaHandler, Tag, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from commitments.model.commitment import Frozen
from commitments.model.dates import Window
from commitments.model.zone import Zone
from commitments.reading.problem import Fault, Misfit
from rules.calendars.calendar import (
    WEEKDAYS,
    Calendar,
    CalendarData,
    Span,
)
from rules.counting.period import Period, Unit, split_short


class Counting(StrEnum):
    """Which day is day 1."""

    EXCLUDE_TRIGGER = "exclude_trigger"
    INCLUDE_TRIGGER = "include_trigger"
    CLEAR = "clear"


class MonthEnd(StrEnum):
    """Where a period of months ends in a month that lacks the day."""

    CLAMP = "clamp"
    NEXT_DAY = "next_day"
    STICKY = "sticky"
    REFUSE = "refuse"


class Roll(StrEnum):
    """Where a deadline goes that falls on a day off."""

    NONE = "none"
    FOLLOWING = "following"
    PRECEDING = "preceding"
    MODIFIED_FOLLOWING = "modified_following"
    MODIFIED_PRECEDING = "modified_preceding"
    NEAREST = "nearest"
    SAME_DIRECTION = "same_direction"
    NEXT_MONDAY = "next_monday"
    NEXT_TUESDAY = "next_tuesday"
    NEXT_WEDNESDAY = "next_wednesday"
    NEXT_THURSDAY = "next_thursday"
    NEXT_FRIDAY = "next_friday"
    NEXT_SATURDAY = "next_saturday"
    NEXT_SUNDAY = "next_sunday"

    @property
    def weekday(self) -> int:
        """The day of the week it goes to, Monday is 0. Raises ValueError where it goes by working days."""
        return WEEKDAYS.index(self.removeprefix("next_").capitalize())


Origin = str | Window | datetime
"""What is counted from: an anchor's name (or `rule.due`), a date that may be half known, a moment."""

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*", re.ASCII)
_FAR_YEAR = re.compile(r"\d{5,}(-|$)", re.ASCII)
_ANCHOR = re.compile(r"[a-z][a-z0-9_-]*")
_RULE_DUE = re.compile(r"([a-z0-9][a-z0-9-]*(?:/[a-z0-9][a-z0-9-]*)?)(?:\s+|\.)due")


def _origin(value: object) -> Origin:
    """The origin that a value means. Raises ValueError with what to write instead."""
    if isinstance(value, Window | datetime):
        return value
    if not isinstance(value, str):
        return Window.parse(value)
    text = value.strip()
    if match := _RULE_DUE.fullmatch(text):
        return f"{match[1]}.due"
    if _ANCHOR.fullmatch(text) and text != "due":
        return text
    if text == "due":
        raise ValueError("'due' does not say of which rule; write its id before it: reply-four-weeks due")
    if _FAR_YEAR.match(text):
        raise ValueError(f"{text!r} lies outside the years 1 to 9999; write a year of four digits")
    return _moment(text) if _MOMENT.fullmatch(text) else Window.parse(text)


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a moment: {error}; write 2018-07-13T16:30") from None


_OriginText = Annotated[
    Any, BeforeValidator(_origin), WithJsonSchema({"type": "string", "description": "an anchor, a date or a moment"})
]


def _dated(value: object) -> Origin:
    origin = _origin(value)
    if isinstance(origin, str):
        raise ValueError(f"{value!r} is not a date; write 2018-07-13, or 2018-07-13T16:30 where the hour matters")  # noqa: TRY004 - pydantic hears only ValueError
    return origin


Moment = Annotated[
    Any, BeforeValidator(_dated), WithJsonSchema({"type": "string", "description": "a date or a moment"})
]
"""A date, half known or not, or a moment, as it comes from outside."""


def listed(value: object) -> object:
    """A list as it is, anything else as the list of one that it stands for: a period may be a mapping."""
    return value if isinstance(value, list | tuple) else [value]


class Item(Frozen):
    """One period of several, with a roll of its own where it has one."""

    period: Period
    roll: Roll | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:  # noqa: ANN401
        return value if isinstance(value, dict | cls) else {"period": value}


class Short(Frozen):
    """Up to which length days are counted as working days."""

    up_to: Period
    count: Literal["working days"] = "working days"

    @field_validator("up_to")
    @classmethod
    def _in_days(cls, up_to: Period) -> Period:
        if up_to.unit is not Unit.DAY:
            raise ValueError(f"{up_to} is not counted in days; write 5 days")
        return up_to


_AT_ONCE = Period(0, Unit.DAY)


@dataclass(frozen=True)
class Bound:
    """A date that a deadline may not pass: fixed, or a period before or after an origin."""

    origin: Origin
    period: Period = _AT_ONCE
    side: Literal["before", "after"] = "after"

    @classmethod
    def of(cls, value: object) -> Bound:
        """The bound that a value means. Raises ValueError with what to write instead."""
        if isinstance(value, Bound):
            return value
        if not isinstance(value, str) or not re.search(r"\s(after|before)\s", value):
            return cls(_origin(value))
        words = split_short(value)
        side: Literal["before", "after"] = "after" if "after" in words else "before"
        return cls(_origin(words[side]), Period.of(words["period"]), side)

    def __str__(self) -> str:
        return f"{self.period} {self.side} {self.origin}" if self.period.count else str(self.origin)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        return core_schema.no_info_plain_validator_function(
            cls.of, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: Any) -> JsonSchemaValue:  # noqa: ANN401
        return {"type": "string", "description": "a date, or 1 month after an anchor"}


_CLOCK = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)|24[:.]00", re.ASCII)


def _clock(value: object) -> object:
    """A time of day; 24:00, the end of the day, is None."""
    if value is None or isinstance(value, time):
        return value
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError(f'{value!r} is not a time of day; write "16:00"')
    return time(int(match[1]), int(match[2])) if match[1] else None


Clock = Annotated[
    time | None, BeforeValidator(_clock), WithJsonSchema({"type": "string", "pattern": "^[0-2]?[0-9]:[0-5][0-9]$"})
]


def _named_or_inline(value: object) -> str:
    return "inline" if isinstance(value, dict | CalendarData) else "names"


_CalendarChoice = Annotated[
    Annotated[tuple[str, ...], BeforeValidator(listed), Field(min_length=1), Tag("names")]
    | Annotated[CalendarData, Tag("inline")],
    Discriminator(_named_or_inline),
]
_SuspendChoice = Annotated[
    Annotated[str, Tag("name")] | Annotated[tuple[Span, ...], BeforeValidator(listed), Tag("ranges")],
    Discriminator(lambda value: "name" if isinstance(value, str) else "ranges"),
]


class Due(Frozen):
    """By when something is due: a period after or before an origin, and how it is counted.

    `stated` means that only the date counts that the commitment itself names.
    """

    stated: bool = False
    period: Annotated[tuple[Item, ...], BeforeValidator(listed)] = ()
    after: _OriginText = None
    before: _OriginText = None
    counting: Counting = Counting.EXCLUDE_TRIGGER
    month_end: MonthEnd = MonthEnd.CLAMP
    roll: Roll = Roll.NONE
    calendar: _CalendarChoice | None = None
    minimum: Period | None = None
    minimum_if: Period | None = None
    suspend: _SuspendChoice | None = None
    suspend_mode: Literal["skip", "extend"] = "skip"
    short: Short | None = None
    anchor_roll: Literal["none", "following"] = "none"
    cutoff: Clock = None
    until: Literal["inclusive", "exclusive"] = "inclusive"
    at: Clock = None
    cap: Bound | None = None
    floor: Bound | None = None
    timezone: Zone | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:  # noqa: ANN401
        if not isinstance(value, str):
            return value
        return {"stated": True} if value.strip() == "stated" else split_short(value)

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if faults := tuple(_stated_faults(self) if self.stated else _faults(self)):
            raise Misfit(*faults)
        return self

    @cached_property
    def periods(self) -> tuple[Period, ...]:
        """The periods, in the order in which they are counted."""
        return tuple(item.period for item in self.period)

    @property
    def days(self) -> float:
        """How many days it lasts at least, all periods together."""
        return sum(period.days for period in self.periods)

    @cached_property
    def origin(self) -> Origin:
        """What is counted from."""
        origin: Origin = self.before if self.after is None else self.after
        return origin

    @cached_property
    def sign(self) -> int:
        """The direction in time: 1 where it counts on, -1 where it counts back."""
        return 1 if self.before is None else -1

    @cached_property
    def inline(self) -> Calendar | None:
        """The calendar that the `due` holds itself, if it does."""
        return Calendar("inline", (self.calendar,)) if isinstance(self.calendar, CalendarData) else None

    @cached_property
    def inline_pauses(self) -> Calendar | None:
        """The pauses that the `due` holds itself, as the recess of a calendar, if it does."""
        spans = self.suspend if isinstance(self.suspend, tuple) else ()
        return Calendar("inline", (CalendarData(recess=spans),)) if spans else None

    @cached_property
    def calendar_names(self) -> tuple[str, ...]:
        """Every calendar that is asked for by name, for days off or for pauses."""
        days_off = self.calendar if isinstance(self.calendar, tuple) else ()
        return (*days_off, self.suspend) if isinstance(self.suspend, str) else days_off

    @cached_property
    def in_hours(self) -> bool:
        """Whether elapsed hours are counted, from a moment."""
        return any(period.unit is Unit.HOUR for period in self.periods)


def _stated_faults(due: Due) -> Iterator[Fault]:
    for key in due.model_fields_set - {"stated"}:
        yield Fault((key,), f"{key} has no meaning where only the stated date counts", "write due: stated", at_key=True)


def _faults(due: Due) -> Iterator[Fault]:
    if not due.period:
        yield Fault(("period",), "it does not say how long", "add period: 4 weeks")
    if (due.after is None) == (due.before is None):
        what = "both after and before are given" if due.after is not None else "it does not say what to count from"
        yield Fault((), what, "write either after: letter, or before: forum")
    yield from _counting_faults(due)
    yield from _calendar_faults(due)
    yield from _hour_faults(due)


def _counting_faults(due: Due) -> Iterator[Fault]:
    if due.counting is Counting.INCLUDE_TRIGGER and due.period and due.periods[0].count == 0:
        fault = f"{due.periods[0]} cannot include the trigger day, which is one day already"
        yield Fault(("counting",), fault, "write 1 day, or leave counting out")
    if due.until == "exclusive" and due.at is not None:
        yield Fault(("until",), "until: exclusive ends the day before, but at names a time", "leave one of the two out")
    for key, other in (("minimum_if", "minimum"), ("suspend_mode", "suspend")):
        if key in due.model_fields_set and getattr(due, other) is None:
            yield Fault((key,), f"{key} says nothing without {other}", f"add {other}, or leave it out", at_key=True)


def _calendar_faults(due: Due) -> Iterator[Fault]:
    if due.minimum is not None and due.minimum.unit is not Unit.WORKING_DAY:
        advice = f"write {due.minimum.count} working days"
        yield Fault(("minimum",), f"the minimum is counted in working days, not {due.minimum}", advice)
    if due.calendar is None and any(period.unit is Unit.SITTING_DAY for period in due.periods):
        yield Fault(("period",), "only a calendar tells the sitting days", "add calendar: and its name")


def _hour_faults(due: Due) -> Iterator[Fault]:
    if not due.in_hours:
        return
    if len(due.period) > 1:
        yield Fault(("period",), "hours run from a moment and are not joined with other periods", "count hours alone")
    for key in ("counting", "minimum", "suspend", "cutoff", "at", "until", "cap", "floor"):
        if key in due.model_fields_set:
            message = f"{key} counts in days, but hours run from the moment itself"
            yield Fault((key,), message, f"leave {key} out", at_key=True)
