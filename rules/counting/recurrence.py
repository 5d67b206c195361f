"""Recurrence rules (RFC 5545), made safe: whole days only, bounded, and synchronised with their start.

The only home of dateutil, which knows no SKIP (RFC 7529): a day that a month does not have is worked out here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from dateutil import rrule
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from commitments.model.dates import DAY, Window, month_end

_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")
_PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", "WKST", "SKIP")
_SKIPPING = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "SKIP"})
_SKIPS = ("OMIT", "BACKWARD", "FORWARD")
_RANGES = {"BYMONTH": 12, "BYMONTHDAY": 31}
MOST = 1000
"""As many occurrences as one rule may give: nobody looks forward to more."""
HORIZON = 60
"""Years past the start in which occurrences are looked for: a rule that never falls ends there."""


class NotARecurrenceError(ValueError):
    """A text that no recurrence can be read from."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f"{text!r} is no recurrence: {reason}; write FREQ=YEARLY;INTERVAL=4;BYMONTH=12, for instance")


@dataclass(frozen=True)
class Recurrence:
    """A recurrence rule, as text and taken apart."""

    text: str
    parts: Mapping[str, str]

    @classmethod
    def parse(cls, value: object) -> Recurrence:
        """The recurrence that a text says. Raises NotARecurrenceError."""
        if isinstance(value, Recurrence):
            return value
        text = str(value).strip().removeprefix("RRULE:")
        parts = dict(_pairs(text))
        for reason in _reasons(text, parts):
            raise NotARecurrenceError(text, reason)
        return cls(text, parts)

    def __str__(self) -> str:
        """The text it was read from."""
        return self.text

    @property
    def frequency(self) -> str:
        """YEARLY or MONTHLY where it falls once each time; empty where it falls oftener, or by week or day."""
        several = any("," in self.parts.get(name, "") for name in ("BYMONTH", "BYMONTHDAY", "BYDAY"))
        whole = (
            "BYDAY" in self.parts and "BYSETPOS" not in self.parts and not re.match("[-+]?[0-9]", self.parts["BYDAY"])
        )
        return "" if several or whole else self.parts["FREQ"]

    def days(self, start: date) -> Iterator[date]:
        """The days on which it falls from `start` on, at most MOST of them, within HORIZON years."""
        yield from islice(self._days(start), MOST)

    def _days(self, start: date) -> Iterator[date]:
        last = _end(start)
        if self.parts.get("SKIP", "OMIT") == "OMIT":
            plain = ";".join(f"{name}={value}" for name, value in self.parts.items() if name != "SKIP")
            yield from _occurrences(plain, start, last)
            return
        for month in _occurrences(self._months, start.replace(day=1), last):
            day = self._in_month(month)
            if day >= start:
                yield day

    @property
    def _months(self) -> str:
        """The rule for the months it falls in, whatever their lengths."""
        kept = {name: value for name, value in self.parts.items() if name not in {"SKIP", "BYMONTHDAY"}}
        return ";".join(f"{name}={value}" for name, value in (kept | {"BYMONTHDAY": "1"}).items())

    def _in_month(self, month: date) -> date:
        """The day in a month; where it has none, the day before or after the gap (RFC 7529, 4.1)."""
        last = month_end(month.year, month.month)
        wanted = int(self.parts["BYMONTHDAY"])
        if wanted <= last.day:
            return month.replace(day=wanted)
        return last if self.parts["SKIP"] == "BACKWARD" else last + DAY

    def unsynchronised(self, first: Window) -> str:
        """Why a start does not go with the rule; empty where it does. RFC 5545 leaves such a start undefined."""
        falls = next(self.days(first.earliest), None)
        if falls is None:
            return f"the rrule never falls within {HORIZON} years of {first.earliest}"
        if falls not in first:
            return f"the rrule falls first on {falls}, which is not {first}"
        return ""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "description": "a recurrence rule (RFC 5545), by whole days"}


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for part in filter(None, text.upper().split(";")):
        name, _, value = part.partition("=")
        yield name.strip(), value.strip()


def _reasons(text: str, parts: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with a rule, the first thing first."""
    unknown = [name for name in parts if name not in _PARTS]
    if unknown:
        yield f"{unknown[0]} is not among {', '.join(_PARTS)}"
    if parts.get("FREQ") not in _FREQUENCIES:
        yield f"FREQ is one of {', '.join(_FREQUENCIES)}"
    if parts.get("SKIP", "OMIT") not in _SKIPS:
        yield f"SKIP is one of {', '.join(_SKIPS)}"
    if parts.get("SKIP", "OMIT") != "OMIT" and not _can_skip(parts):
        yield "SKIP goes with FREQ=MONTHLY or YEARLY and one BYMONTHDAY, and with no other BY"
    for name, most in _RANGES.items():
        if any(not 1 <= abs(int(number)) <= most for number in re.findall("-?[0-9]+", parts.get(name, ""))):
            yield f"{name} counts from 1 to {most}"
    yield from _refusal(text, parts)


def _can_skip(parts: Mapping[str, str]) -> bool:
    whole = re.fullmatch("0*([1-9]|[12][0-9]|3[01])", parts.get("BYMONTHDAY", "")) is not None
    return whole and parts["FREQ"] in {"MONTHLY", "YEARLY"} and set(parts) <= _SKIPPING


def _refusal(text: str, parts: Mapping[str, str]) -> Iterator[str]:
    """What dateutil has against a rule."""
    plain = ";".join(f"{name}={value}" for name, value in parts.items() if name != "SKIP")
    try:
        rrule.rrulestr(plain, dtstart=datetime(2000, 1, 1))  # noqa: DTZ001 (civil dates have no zone)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        yield str(error) or f"{text} cannot be read"


def _end(start: date) -> date:
    return start + timedelta(days=366 * HORIZON) if start.year < date.max.year - HORIZON else date.max


def _occurrences(text: str, start: date, last: date) -> Iterator[date]:
    """The days on which a rule falls, no further than `last`, however seldom that is."""
    rule: Any = rrule.rrulestr(text, dtstart=datetime.combine(start, time()))
    end = datetime.combine(last, time())
    bounded = rule.replace(count=None, until=min(end, rule._until or end))  # noqa: SLF001 (it has no other name)
    yield from (moment.date() for moment in islice(bounded, rule._count))  # noqa: SLF001
