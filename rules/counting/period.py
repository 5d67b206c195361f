"""The phrases of time in rule files: "4 weeks", "2 weeks before", "20 working days after letter"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from commitments.model.dates import Window, month_end

Side = Literal["before", "on", "after"]


class Unit(StrEnum):
    """What a period is counted in."""

    DAY = "day"
    WORKING_DAY = "working day"
    SITTING_DAY = "sitting day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    HOUR = "hour"

    @property
    def monthly(self) -> bool:
        """Whether it ends on a day of the month, and not after a number of days."""
        return self is Unit.MONTH or self is Unit.YEAR

    @property
    def needs_calendar(self) -> bool:
        """Whether only a calendar tells which days are counted."""
        return self is Unit.WORKING_DAY or self is Unit.SITTING_DAY


ROUNDS = frozenset({Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.YEAR})
"""The units in which something can come round, or be looked back on."""
DAYS = {
    Unit.HOUR: 1 / 24,
    Unit.DAY: 1,
    Unit.WORKING_DAY: 1,
    Unit.SITTING_DAY: 1,
    Unit.WEEK: 7,
    Unit.MONTH: 28,
    Unit.YEAR: 365,
}
"""How many days each unit lasts at least."""
_LONGEST = 1000 * 365
_FORM = re.compile(r"([+-]?\d+)\s+(\S.*)", re.ASCII)
_UNITS = {unit.value: unit for unit in Unit} | {f"{unit.value}s": unit for unit in Unit}
_OTHER_WORDS = {
    "business days": (1, "working days"),
    "court days": (1, "working days"),
    "weekdays": (1, "working days"),
    "fortnights": (2, "weeks"),
    "quarters": (3, "months"),
}
"""What people write instead, and how many of which unit each is."""


def _schema(parse: Callable[[object], Any]) -> CoreSchema:
    """How pydantic reads a phrase: the value itself, or what its text means."""
    return core_schema.no_info_plain_validator_function(
        parse, serialization=core_schema.plain_serializer_function_ser_schema(str)
    )


@dataclass(frozen=True, slots=True)
class Period:
    """A number of days, weeks, months…: "4 weeks", "20 working days", "72 hours"."""

    count: int
    unit: Unit

    @classmethod
    @lru_cache(maxsize=1000)
    def parse(cls, text: str) -> Period:
        """The period that a text means. Raises ValueError with what to write instead."""
        match = _FORM.fullmatch(text.strip())
        if not match:
            raise ValueError(f"{text!r} is not a period; write 4 weeks, 20 working days, 2 months or 72 hours")
        count = _count(match[1], text)
        unit = _unit(match[2], count)
        if count * DAYS[unit] > _LONGEST:
            raise ValueError(f"{text} is too long; write at most 1000 years")
        return cls(count, unit)

    @property
    def days(self) -> float:
        """How many days it lasts at least: enough to tell which of two periods is the longer."""
        return self.count * DAYS[self.unit]

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"

    @classmethod
    def of(cls, value: object) -> Period:
        """The period itself, or what its text means. Raises ValueError with what to write instead."""
        if isinstance(value, Period):
            return value
        if isinstance(value, str):
            return cls.parse(value)
        unit = f"{value} days or {value} weeks" if type(value) is int else "4 weeks or 20 working days"
        raise ValueError(f"{value!r} does not say what is counted; write {unit}")

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        return _schema(cls.of)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "description": "4 weeks, 20 working days, 2 months, 72 hours, 0 days"}


def _count(digits: str, text: str) -> int:
    if digits.startswith("-"):
        raise ValueError(f"{text!r} counts less than nothing; write {text.strip()[1:].strip()} and say before or after")
    if len(digits) > 12:
        raise ValueError(f"{text[:60]} is too long; write at most 1000 years")
    return int(digits)


def _unit(text: str, count: int) -> Unit:
    word = " ".join(text.lower().split())
    if word in _UNITS:
        return _UNITS[word]
    names = {name: (1, f"{unit}s") for name, unit in _UNITS.items()} | _OTHER_WORDS
    times, unit = next((names[name] for name in get_close_matches(word, names, n=1)), (0, ""))
    advice = f"{count * times} {unit}" if times else ", ".join(f"{unit}s" for unit in Unit)
    raise ValueError(f"{text!r} is not a unit of time; write {advice}")


def shift_months(day: date, months: int) -> tuple[date, bool]:
    """The day with this number so many months away, and whether the month has it: where not, its last day.

    Raises OverflowError outside the years 1 to 9999.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError(year)
    try:
        return date(year, month + 1, day.day), True
    except ValueError:
        return month_end(year, month + 1), False


@dataclass(frozen=True, slots=True)
class Point:
    """A day seen from a deadline: "2 weeks before", "1 day after", "on the day"."""

    period: Period
    side: Side

    @classmethod
    @lru_cache(maxsize=1000)
    def parse(cls, text: str) -> Point:
        """The point that a text means. Raises ValueError with what to write instead."""
        words = text.lower().split()
        if words == ["on", "the", "day"]:
            return cls(Period(0, Unit.DAY), "on")
        if len(words) < 3 or words[-1] not in {"before", "after"}:
            raise ValueError(f"{text!r} does not name a day; write 2 weeks before, 1 day after or on the day")
        period = Period.parse(" ".join(words[:-1]))
        if period.unit.needs_calendar or period.unit is Unit.HOUR:
            raise ValueError(f"{period} cannot be counted here; write days, weeks, months or years")
        return cls(period, "before" if words[-1] == "before" else "after")

    def day(self, window: Window) -> date:
        """The day it falls on: before the earliest day of the window, after (or on) its latest.

        What would lie outside the years 1 to 9999 falls on their first or last day.
        """
        if self.side == "on":
            return window.latest
        start, sign = (window.earliest, -1) if self.side == "before" else (window.latest, 1)
        try:
            return _away(start, self.period, sign)
        except OverflowError:
            return date.min if sign < 0 else date.max

    def __str__(self) -> str:
        return "on the day" if self.side == "on" else f"{self.period} {self.side}"

    @classmethod
    def of(cls, value: object) -> Point:
        """The point itself, or what its text means. Raises ValueError with what to write instead."""
        if isinstance(value, Point):
            return value
        if isinstance(value, str):
            return cls.parse(value)
        raise ValueError(f"{value!r} does not name a day; write 2 weeks before, 1 day after or on the day")

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        return _schema(cls.of)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "description": "2 weeks before, 1 day after, on the day"}


def _away(day: date, period: Period, sign: int) -> date:
    if period.unit.monthly:
        return shift_months(day, sign * period.count * (12 if period.unit is Unit.YEAR else 1))[0]
    return day + timedelta(days=sign * round(period.days))


_SHORT = re.compile(r"(?P<period>.+?)\s+(?P<side>after|before)\s+(?P<anchor>\S.*)", re.IGNORECASE)


def split_short(text: str) -> dict[str, Any]:
    """The mapping that a short form stands for: 4 weeks after letter → {"period": "4 weeks", "after": "letter"}.

    Periods joined by "and" become a list, counted one after another. Raises ValueError with what to write instead.
    """
    match = _SHORT.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} does not say what to count from; write 4 weeks after letter")
    periods = re.split(r"\s+and\s+|\s*,\s*", match["period"])
    period = periods if len(periods) > 1 else periods[0]
    return {"period": period, match["side"].lower(): match["anchor"]}
