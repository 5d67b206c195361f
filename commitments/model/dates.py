"""Half-known dates: a Window is the earliest and the latest day something can mean, equal when the day is known."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

FORMS = "2027-12-13, 2027-12, 2025-Q1, 2027 or 2027-12-13/2027-12-19"
_QUARTER = re.compile(r"([0-9]{4})-?Q([1-4])", re.IGNORECASE)
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_YEAR = re.compile(r"[0-9]{4}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class NotADateError(ValueError):
    """A text that no date can be read from."""

    def __init__(self, text: object, reason: str = "") -> None:
        super().__init__(f"{text!r} is not a date{': ' + reason if reason else ''}; write {FORMS}")


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The days something can fall on, from `earliest` to `latest`, both included."""

    earliest: date
    latest: date

    def __post_init__(self) -> None:
        if self.earliest > self.latest:
            raise NotADateError(f"{self.earliest}/{self.latest}", "it ends before it begins")

    @classmethod
    def on(cls, day: date) -> Window:
        """The window of one known day."""
        return cls(day, day)

    @classmethod
    def parse(cls, value: object) -> Window:
        """The window that a date, a year or a text means.

        Raises NotADateError where no date can be read from it.
        """
        if isinstance(value, str):
            return _parsed(value)
        if isinstance(value, Window):
            return value
        if isinstance(value, date):
            return cls.on(date(value.year, value.month, value.day))
        if isinstance(value, int) and not isinstance(value, bool):
            return cls.parse(f"{value:04d}")
        raise NotADateError(value)

    @property
    def exact(self) -> bool:
        """Whether the day is known."""
        return self.earliest == self.latest

    def map(self, move: Callable[[date], date]) -> Window:
        """The window between the images of both ends: exact wherever `move` never swaps two days."""
        return Window(move(self.earliest), move(self.latest))

    def __contains__(self, day: date) -> bool:
        return self.earliest <= day <= self.latest

    def __str__(self) -> str:
        """The shortest form that parses to the same window."""
        if self.exact:
            return self.earliest.isoformat()
        # Not by strftime, which writes the year 900 with three figures.
        year, month = self.earliest.isoformat()[:4], self.earliest.isoformat()[:7]
        for text in (year, month, f"{year}-Q{_quarter(self.earliest)}"):
            if _span(text) == self:
                return text
        return f"{self.earliest}/{self.latest}"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": ["string", "integer"], "description": f"a date, known or half known: {FORMS}"}


@lru_cache(maxsize=16_384)
def _parsed(text: str) -> Window:
    """The window that a text means; a register has fewer days than commitments, so they are read once."""
    first, slash, last = text.strip().partition("/")
    if not slash:
        return _span(first)
    return Window(_span(first.strip()).earliest, _span(last.strip()).latest)


def real(window: Window) -> Window:
    """The window, unless it stands for no date at all, as the first and the last year do in much data; ValueError.

    There is no day before the one or after the other to count with.
    """
    if window.earliest.year == date.min.year or window.latest.year == date.max.year:
        raise ValueError(f"{window} stands for no date; write the real one, or leave it out")
    return window


def _quarter(day: date) -> int:
    return (day.month + 2) // 3


def day_after(day: date) -> date:
    """The next day; after the last day that there is no other comes, and it stands for its own."""
    return day if day == date.max else day + DAY


def month_end(year: int, month: int) -> date:
    """The last day of a month."""
    return date(year, month, calendar.monthrange(year, month)[1])


def _span(text: str) -> Window:
    try:
        if _YEAR.fullmatch(text):
            return Window(date(int(text), 1, 1), date(int(text), 12, 31))
        if match := _MONTH.fullmatch(text):
            year, month = int(match[1]), int(match[2])
            return Window(date(year, month, 1), month_end(year, month))
        if match := _QUARTER.fullmatch(text):
            year, month = int(match[1]), 3 * int(match[2])
            return Window(date(year, month - 2, 1), month_end(year, month))
        return Window.on(as_day(text))
    except (ValueError, calendar.IllegalMonthError) as error:
        raise NotADateError(text, _why(text)) from error


def as_day(text: str) -> date:
    """The day that a text means: 2018-08-10, and no other form. Raises ValueError.

    Python reads 2018-W32 as the Monday of that week, which is not what it says.
    """
    if not _DAY.fullmatch(text):
        raise ValueError(f"{text!r} is not a day")
    return date.fromisoformat(text)


def _why(text: str) -> str:
    """What is wrong with a text that looks like a day: the month, or the day of that month."""
    match = re.fullmatch(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?", text)
    if not match:
        return ""
    year, month = int(match[1]), int(match[2])
    if not 1 <= month <= 12:
        return f"there is no month {month}"
    if year < 1:
        return "there is no year 0"
    return f"{calendar.month_name[month]} {year} has {calendar.monthrange(year, month)[1]} days"


DAY = timedelta(days=1)
