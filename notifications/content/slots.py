"""When a recipient is told: a cadence in words, and the slots it gives in a time zone, whatever the clock does.

A slot is a local date and time. Where the clock skips that time the slot is the first instant after the gap; where the
clock turns back over it, the first of the two. No scheduler decides this: it asks which slot has passed.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import count as counted
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from commitments.model.dates import month_end

FORMS = '"weekdays 07:30", "daily 07:30", "Mondays and Thursdays 09:00" or "1st of the month 08:00"'
_EVERY_DAY = tuple(range(7))
_WEEKDAYS = tuple(range(5))
_GROUPS = {"daily": _EVERY_DAY, "weekdays": _WEEKDAYS}
_CLOCK = re.compile(r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})")
_MONTH_DAY = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th) of the month")
_DAY = timedelta(days=1)
_SHOWN = 80
"""So many characters of a text that is no cadence are repeated to its author."""
_LONGEST = 400
"""How many days in a row may be quiet: slots that are further away are not looked for."""

Quiet = Callable[[date], bool]
"""Tells whether nobody is told anything on a local day."""


def never(_day: date) -> bool:
    """No day is quiet."""
    return False


class NotACadenceError(ValueError):
    """A text that no cadence can be read from."""

    def __init__(self, text: object, reason: str = "") -> None:
        shown = repr(text) if len(str(text)) <= _SHOWN else f"{str(text)[:_SHOWN]!r}…"
        super().__init__(f"{shown} does not say when{': ' + reason if reason else ''}; write {FORMS}")


@dataclass(frozen=True, slots=True)
class Cadence:
    """The local days and the time at which a recipient is told: certain weekdays (0 is Monday), or a day of the month.

    A month that is too short for the day has its slot on its last day. A month's slot on a quiet day moves to the first
    day after it that is none; that of a weekday is left out, for another comes.
    """

    at: time
    weekdays: tuple[int, ...] = ()
    month_day: int = 0

    @classmethod
    def parse(cls, value: object) -> Cadence:
        """The cadence that a text means.

        Raises NotACadenceError where none can be read from it.
        """
        if isinstance(value, Cadence):
            return value
        words = value.lower().split() if isinstance(value, str) else []
        match = _CLOCK.fullmatch(words[-1]) if words else None
        if match is None:
            raise NotACadenceError(value, "it needs days and a time of day")
        at = _time(value, match)
        days = " ".join(words[:-1])
        if monthly := _MONTH_DAY.fullmatch(days):
            return cls(at, month_day=_month_day(value, int(monthly[1])))
        return cls(at, _GROUPS.get(days) or _named_days(value, days))

    def falls_on(self, day: date) -> bool:
        """Whether there is a slot on that local day."""
        if not self.month_day:
            return day.weekday() in self.weekdays
        return day.day == min(self.month_day, month_end(day.year, day.month).day)

    def is_told_on(self, day: date, quiet: Quiet) -> bool:
        """Whether there is a slot on that local day, where some days are quiet."""
        if quiet(day):
            return False
        if self.falls_on(day) or not self.month_day:
            return self.falls_on(day)
        before = takewhile(quiet, (day - number * _DAY for number in range(1, _LONGEST)))
        return any(self.falls_on(other) for other in before)

    def __str__(self) -> str:
        """The words that parse to the same cadence."""
        return f"{self._days()} {self.at:%H:%M}"

    def _days(self) -> str:
        if self.month_day:
            return f"{self.month_day}{_ordinal(self.month_day)} of the month"
        for name, days in _GROUPS.items():
            if self.weekdays == days:
                return name
        names = [f"{calendar.day_name[day]}s" for day in self.weekdays]
        return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's protocol
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "description": f"when to tell, in local time: {FORMS}"}


def _time(value: object, match: re.Match[str]) -> time:
    try:
        return time(int(match["hour"]), int(match["minute"]))
    except ValueError as error:
        raise NotACadenceError(value, f"there is no {match['hour']}:{match['minute']} on the clock") from error


def _month_day(value: object, day: int) -> int:
    if not 1 <= day <= 31:
        raise NotACadenceError(value, f"no month has a day {day}")
    return day


def _named_days(value: object, words: str) -> tuple[int, ...]:
    names = {name.lower(): number for number, name in enumerate(calendar.day_name)}
    wanted = [word.removesuffix("s") for word in re.split(r"\s*,\s*|\s+and\s+", words)]
    for word in wanted:
        if word not in names:
            raise NotACadenceError(value, f"{word!r} is not a day of the week" if word else "it names no days")
    return tuple(sorted({names[word] for word in wanted}))


def _ordinal(number: int) -> str:
    if number in {11, 12, 13}:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


_FIRST, _LAST = date.min + _DAY, date.max - _DAY
"""The days of which every zone's slots can be told in UTC."""


def last_slot(cadence: Cadence, zone: str, now: datetime, quiet: Quiet = never) -> datetime | None:
    """The latest slot that is not after `now` (aware), as an aware instant in UTC; None where all days are quiet."""
    # A clock that turns back over midnight can have had tomorrow's slot already.
    tomorrow = now.astimezone(ZoneInfo(zone)).date() + _DAY
    return next((slot for slot in _slots(cadence, zone, tomorrow, -_DAY, quiet) if slot <= now), None)


def next_slots(cadence: Cadence, zone: str, now: datetime, count: int, quiet: Quiet = never) -> list[datetime]:
    """The first `count` slots after `now` (aware), in order, as aware instants in UTC."""
    yesterday = now.astimezone(ZoneInfo(zone)).date() - _DAY
    coming = (slot for slot in _slots(cadence, zone, yesterday, _DAY, quiet) if slot > now)
    return list(islice(coming, count))


def missed_slots(cadence: Cadence, zone: str, since: datetime, slot: datetime, quiet: Quiet = never) -> int:
    """How many slots lay strictly between two instants (aware): those a digest at `slot` makes up for."""
    yesterday = since.astimezone(ZoneInfo(zone)).date() - _DAY
    later = (other for other in _slots(cadence, zone, yesterday, _DAY, quiet) if other > since)
    return sum(1 for _ in takewhile(lambda other: other < slot, later))


def _slots(cadence: Cadence, zone: str, first: date, step: timedelta, quiet: Quiet) -> Iterator[datetime]:
    """The slots from a day on, forwards or backwards; a day that a zone skipped whole gives none of its own."""
    previous, served = None, 0
    for number in counted():
        if number - served > _LONGEST:
            return
        if not _FIRST - first <= number * step <= _LAST - first:
            return
        day = first + number * step
        if not cadence.is_told_on(day, quiet):
            continue
        served = number
        slot = instant(day, cadence.at, zone)
        if slot != previous:
            yield slot
        previous = slot


@lru_cache(maxsize=4096)
def instant(day: date, at: time, zone: str) -> datetime:
    """The instant in UTC at which a local day's slot falls."""
    local = datetime.combine(day, at, ZoneInfo(zone))
    slot = local.astimezone(UTC)
    if slot.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None):
        return slot
    return _gap_end(local.replace(fold=1).astimezone(UTC), slot, ZoneInfo(zone))


def _gap_end(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first instant of the new offset, between an instant before the clock's jump and one after it."""
    offset = after.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return before + timedelta(seconds=high)
