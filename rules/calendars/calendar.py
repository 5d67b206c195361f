"""Which days count: weekends, holidays, recesses and sitting days, from files, known from a day until a day.

The one home of `holidays`. What lies outside the days a calendar knows is never guessed (docs/counting-time.md).
"""

from __future__ import annotations

import hashlib
import logging
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, lru_cache
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Self

from pydantic import Field, field_validator, model_validator

from commitments.model.commitment import Day, Frozen, Text
from commitments.reading.fit import close
from commitments.reading.problem import (
    Fault,
    Misfit,
    Problem,
    problem,
)
from commitments.reading.source import (
    Document,
    check,
    files_in,
    read,
)

if TYPE_CHECKING:
    from rules.counting.due import Due

SHIPPED = Path(__file__).parent
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHORT_WEEKDAYS = {name[:3].lower(): number for number, name in enumerate(WEEKDAYS)}
_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)
"""Between these days rules that come round every year are worked out, where a file does not say."""
log = logging.getLogger("gestand.calendars")
_MONTH_DAY = re.compile(r"(\d{2})-(\d{2})", re.ASCII)


@lru_cache(maxsize=10_000)
def spoken(day: date) -> str:
    """A day as people write it, whatever the machine's language: Fri 10 Aug 2018."""
    return f"{WEEKDAYS[day.weekday()][:3]} {day.day} {MONTHS[day.month - 1]} {day.year}"


# ------------------------------------------------------------------------------------------------- what a file says


def _month_day(value: object) -> object:
    """A day that comes round every year, "12-25", as the pair of its month and day; anything else untouched."""
    match = _MONTH_DAY.fullmatch(value) if isinstance(value, str) else None
    if not match:
        return value
    month, day = int(match[1]), int(match[2])
    try:
        date(2000, month, day)
    except ValueError:
        raise ValueError(f"{value} is not a day of the year; write month and day, such as 12-25") from None
    return month, day


class Holiday(Frozen):
    """A day off, by its date."""

    date: Day
    name: Text = "holiday"
    source: Text = ""

    @model_validator(mode="before")
    @classmethod
    def _from_date(cls, value: Any) -> Any:  # noqa: ANN401
        return value if isinstance(value, dict | cls) else {"date": value}


class Span(Frozen):
    """Days from one to another, both included: once, or every year where they are written as 12-25."""

    start: Annotated[Day | tuple[int, int], Field(alias="from")]
    end: Annotated[Day | tuple[int, int], Field(alias="to")]
    name: Text = ""
    source: Text = ""

    @model_validator(mode="before")
    @classmethod
    def _from_date(cls, value: Any) -> Any:  # noqa: ANN401
        return value if isinstance(value, dict | cls) else {"from": value, "to": value}

    @field_validator("start", "end", mode="before")
    @classmethod
    def _every_year(cls, value: object) -> object:
        return _month_day(value)

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if isinstance(self.start, tuple) != isinstance(self.end, tuple):
            raise Misfit(Fault(("to",), "one end has a year and the other has not", "give both a year, or neither"))
        if isinstance(self.start, date) and isinstance(self.end, date) and self.end < self.start:
            message = f"the range ends on {self.end}, before it begins on {self.start}"
            raise Misfit(Fault(("to",), message, f"write from: {self.end}, to: {self.start}"))
        return self

    @property
    def yearly(self) -> bool:
        """Whether it comes round every year."""
        return isinstance(self.start, tuple)

    def between(self, first: date, last: date) -> Iterator[tuple[date, date]]:
        """Its occurrences that touch these days, as pairs of first and last day."""
        if isinstance(self.start, date) and isinstance(self.end, date):
            yield self.start, self.end
            return
        for year in range(max(first.year - 1, date.min.year), last.year + 1):
            start, end = _in_year(self.start, year), _in_year(self.end, year)
            if end < start:
                end = _in_year(self.end, year + 1) if year < date.max.year else date.max
            if start <= last and end >= first:
                yield start, end


def _in_year(day: Any, year: int) -> date:  # noqa: ANN401 - a pair of month and day here
    month, number = day
    return date(year, 2, 28) if (month, number) == (2, 29) and not _leap(year) else date(year, month, number)


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


_PUBLIC = ("public",)
TRIED = frozenset(
    {
        *((country, (), _PUBLIC) for country in ("AU", "BE", "DE", "FR", "LU", "NZ", "US")),
        ("CA", (), ("government",)),
        ("GB", ("ENG", "WLS"), _PUBLIC),
        ("GB", ("ENG", "WLS", "SCT", "NIR"), _PUBLIC),
        ("NL", (), ("public", "optional")),
    }
)
"""What a test says can be computed, so that no command need try it: country, subdivisions, categories."""


class Computed(Frozen):
    """Holidays that the `holidays` package works out: a day off in any of the subdivisions is one."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    subdivisions: tuple[str, ...] = ()
    categories: tuple[str, ...] = _PUBLIC
    observed: bool = True
    without: tuple[tuple[int, int] | Day, ...] = ()

    @field_validator("without", mode="before")
    @classmethod
    def _every_year(cls, value: Any) -> Any:  # noqa: ANN401
        return [_month_day(day) for day in value] if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _computable(self) -> Self:
        if (self.country, self.subdivisions, self.categories) in TRIED:
            return self
        try:
            self.days(2020, 2020)
        except Exception as error:
            raise ValueError(f"{self.country} cannot be computed: {error}") from None
        return self

    def days(self, first: int, last: int) -> dict[date, str]:
        """The days off from one year to another, with their names in English where there are any."""
        found: dict[date, str] = {}
        for subdivision in self.subdivisions or (None,):
            found |= _worked_out(self.country, subdivision, self.categories, self.observed, (first, last))
        return {day: name for day, name in found.items() if not {day, (day.month, day.day)} & set(self.without)}


@lru_cache(maxsize=32)
def _worked_out(
    country: str, subdivision: str | None, categories: tuple[str, ...], observed: bool, years: tuple[int, int]
) -> Mapping[date, str]:
    """The holidays of these years, the last included: 15 ms for three centuries, the same for every calendar."""
    # 57 ms to import, so only where a calendar is looked into
    from holidays import country_holidays  # noqa: PLC0415

    found = country_holidays(
        country,
        subdiv=subdivision,
        years=range(years[0], years[1] + 1),
        observed=observed,
        categories=categories,
        language="en_US",
    )
    return MappingProxyType(dict(found))


class CalendarData(Frozen):
    """What a calendar says, in its own file or inside a `due`."""

    weekend: tuple[int, ...] = (5, 6)
    holidays: tuple[Holiday, ...] = ()
    computed: Computed | None = None
    closed: tuple[Span, ...] = ()
    recess: tuple[Span, ...] = ()
    sitting: tuple[Span, ...] = ()
    start: Annotated[Day | None, Field(alias="from")] = None
    until: Day | None = None

    @field_validator("weekend", mode="before")
    @classmethod
    def _weekdays(cls, value: object) -> object:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{value!r} is not a list of days; write [sat, sun]")  # noqa: TRY004 - pydantic hears ValueError
        return [_weekday(day) for day in value]

    @field_validator("weekend")
    @classmethod
    def _some_day_left(cls, weekend: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(weekend)) == len(WEEKDAYS):
            raise ValueError("no day is left to work on; write [sat, sun]")
        return weekend

    @field_validator("holidays", mode="before")
    @classmethod
    def _by_date(cls, value: object) -> object:
        """A mapping of dates to names is a list of both."""
        return [{"date": day, "name": name} for day, name in value.items()] if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _known_forwards(self) -> Self:
        if self.start and self.until and self.until < self.start:
            raise Misfit(Fault(("until",), f"it is known until {self.until}, before it begins on {self.start}"))
        return self

    @property
    def endless(self) -> bool:
        """Whether something in it comes round every year."""
        return self.computed is not None or any(span.yearly for span in (*self.closed, *self.recess, *self.sitting))

    @property
    def first(self) -> date | None:
        """The first day it knows; None where it knows every day."""
        return self.start or (_FIRST if self.endless else None)

    @property
    def last(self) -> date | None:
        """The last day it knows; None where it knows every day."""
        return self.until or (_LAST if self.endless else None)

    def days_off(self) -> dict[date, str]:
        """Every day off besides the weekends, with its name."""
        first, last = self.first or _FIRST, self.last or _LAST
        found = self.computed.days(first.year, last.year) if self.computed else {}
        for span in self.closed:
            found |= dict.fromkeys(_days(span, first, last), span.name or "closed")
        return found | {item.date: item.name for item in self.holidays}


def _weekday(value: object) -> object:
    if value in range(7):
        return value
    number = _SHORT_WEEKDAYS.get(str(value).lower()[:3])
    if number is None or not WEEKDAYS[number].lower().startswith(str(value).lower()):
        raise ValueError(f"{value!r} is not a day of the week; write {', '.join(_SHORT_WEEKDAYS)}")
    return number


def _days(span: Span, first: date, last: date) -> Iterator[date]:
    for start, end in span.between(first, last):
        yield from (start + timedelta(days=number) for number in range((end - start).days + 1))


class CalendarFile(CalendarData):
    """A calendar in a file of its own: its name, and the calendars whose days off it joins."""

    calendar: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
    title: Text = ""
    source: Text = ""
    union: tuple[str, ...] = ()


# ------------------------------------------------------------------------------------------------- what is asked of it


class Pause(NamedTuple):
    """Days of a range, both included, with its name."""

    start: date
    end: date
    name: str


class _Table(NamedTuple):
    """The weekdays numbered without the weekends, and where among them the days off stand."""

    size: int
    upto: tuple[int, ...]
    weekdays: tuple[int, ...]
    off: list[int]
    gaps: list[int]


@dataclass(frozen=True)
class Calendar:
    """Days off, recesses and sitting days of one calendar, or of several together: a day off in any is one."""

    name: str
    parts: tuple[CalendarData, ...]
    title: str = ""

    @cached_property
    def weekend(self) -> frozenset[int]:
        """The days of the week that are off, Monday is 0."""
        return frozenset(day for part in self.parts for day in part.weekend)

    @cached_property
    def days_off(self) -> Mapping[date, str]:
        """Every day off besides the weekends, with its name."""
        return MappingProxyType({day: name for part in self.parts for day, name in part.days_off().items()})

    @cached_property
    def first(self) -> date | None:
        """The first day the calendar knows; None where it knows every day before its horizon."""
        return max((part.first for part in self.parts if part.first), default=None)

    @cached_property
    def horizon(self) -> date | None:
        """The last day the calendar knows; None where it knows every day."""
        return min((part.last for part in self.parts if part.last), default=None)

    @cached_property
    def recess(self) -> tuple[Pause, ...]:
        """The ranges in which nobody sits, in order."""
        first, last = self.first or _FIRST, self.horizon or _LAST
        spans = [span for part in self.parts for span in part.recess]
        return tuple(sorted(Pause(*days, span.name) for span in spans for days in span.between(first, last)))

    @cached_property
    def pauses(self) -> tuple[Pause, ...]:
        """The days of the recesses without overlaps, in order."""
        merged: list[Pause] = []
        for pause in self.recess:
            if merged and pause.start <= merged[-1].end:
                merged[-1] = merged[-1]._replace(end=max(merged[-1].end, pause.end))
            else:
                merged.append(pause)
        return tuple(merged)

    @cached_property
    def sitting(self) -> tuple[date, ...]:
        """The sitting days, in order: the days listed, and of the ranges those that are no days off."""
        first, last = self.first or _FIRST, self.horizon or _LAST
        spans = [span for part in self.parts for span in part.sitting]
        days = {
            day for span in spans for day in _days(span, first, last) if span.start == span.end or self.working(day)
        }
        return tuple(sorted(days))

    @cached_property
    def version(self) -> str:
        """A hash of all that the calendar resolves to: it changes when an answer can.

        One that cannot be resolved has no answers, but for why, until its file changes.
        """
        try:
            return self._resolved()
        except Exception as error:
            log.debug("the calendar %s cannot be resolved", self.name, exc_info=error)
            return f"unresolved {type(error).__name__}"

    def _resolved(self) -> str:
        known = f"{sorted(self.weekend)} {self.first} {self.horizon}"
        days = [day.isoformat() for day in (*sorted(self.days_off), *self.sitting)]
        pauses = [f"{pause.start}/{pause.end}" for pause in self.recess]
        return hashlib.sha256(" ".join([known, *days, *pauses]).encode()).hexdigest()[:16]

    def off(self, day: date) -> str | None:
        """Why it is a day off: "Sunday", "Boxing Day"; None where it is a working day."""
        name = self.days_off.get(day)
        return name or (WEEKDAYS[day.weekday()] if day.weekday() in self.weekend else None)

    def working(self, day: date) -> bool:
        """Whether it is neither weekend nor holiday."""
        return day.weekday() not in self.weekend and day not in self.days_off

    def pausing(self, day: date) -> bool:
        """Whether it lies in a recess."""
        return any(pause.start <= day <= pause.end for pause in self.pauses)

    def knows(self, day: date) -> bool:
        """Whether the calendar says anything about the day."""
        return (self.first is None or self.first <= day) and (self.horizon is None or day <= self.horizon)

    @cached_property
    def _table(self) -> _Table:
        weekdays = tuple(day for day in range(7) if day not in self.weekend)
        upto = tuple(sum(1 for day in weekdays if day <= last) for last in range(7))
        number = {day: upto[day] for day in weekdays}
        weeks = (divmod(day.toordinal() - 1, 7) for day in self.days_off)
        off = sorted(week * len(weekdays) + number[day] for week, day in weeks if day in number)
        return _Table(len(weekdays), upto, weekdays, off, [place - index for index, place in enumerate(off)])

    def add_working_days(self, day: date, n: int) -> date:
        """The n-th working day after the day, before it where n is negative, the day itself where n is 0.

        Weekdays have numbers, and the days off among them are looked up by bisection, so a far day costs no more
        than a near one. Raises OverflowError outside the years 1 to 9999, or where no day is a working day.
        """
        if n == 0:
            return day
        size, upto, weekdays, off, gaps = self._table
        if not size:
            raise OverflowError(n)
        week, weekday = divmod(day.toordinal() - (1 if n > 0 else 2), 7)
        place = week * size + upto[weekday]
        rank = place - bisect_right(off, place) + (n if n > 0 else n + 1)
        week, weekday = divmod(rank + bisect_right(gaps, rank) - 1, size)
        try:
            return date.fromordinal(week * 7 + weekdays[weekday] + 1)
        except ValueError as error:
            raise OverflowError(n) from error

    def working_days_between(self, first: date, last: date) -> int:
        """How many working days lie after the first of these days and before the last."""
        return self._rank(last.toordinal() - 1) - self._rank(first.toordinal())

    def _rank(self, ordinal: int) -> int:
        """How many working days there are from the first Monday of all up to a day."""
        size, upto, _, off, _ = self._table
        week, weekday = divmod(ordinal - 1, 7)
        place = week * size + upto[weekday]
        return place - bisect_right(off, place)

    def holidays_between(self, first: date, last: date) -> list[tuple[date, str]]:
        """The days off from one day to another, both included, that are no weekends, with their names."""
        days = self._holidays[bisect_left(self._holidays, first) : bisect_right(self._holidays, last)]
        return [(day, self.days_off[day]) for day in days]

    @cached_property
    def _holidays(self) -> list[date]:
        return sorted(day for day in self.days_off if day.weekday() not in self.weekend)

    def add_sitting_days(self, day: date, n: int) -> date | None:
        """The n-th sitting day after the day (before it where n is negative); None where too few are listed."""
        if n == 0:
            return day
        index = bisect_right(self.sitting, day) + n - 1 if n > 0 else bisect_left(self.sitting, day) + n
        return self.sitting[index] if 0 <= index < len(self.sitting) else None


WEEKENDS = Calendar("weekends", (CalendarData(),))
"""What counts where no calendar is named: Saturdays and Sundays are days off, nothing else is."""


@dataclass(frozen=True)
class Calendars:
    """The calendars in use, and the files that they came from, by name."""

    by_name: Mapping[str, Calendar] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict, compare=False)
    _joined: dict[tuple[str, ...], Calendar] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, folders: Iterable[Path]) -> tuple[Calendars, tuple[Problem, ...]]:
        """The calendars in these folders and what is wrong with their files; a later folder beats an earlier one."""
        problems: list[Problem] = []
        loaded: dict[str, tuple[CalendarFile, Document]] = {}
        for path in _paths(folders, problems):
            document, found = read(path)
            data, faults = check(CalendarFile, document) if document else (None, ())
            problems += [*found, *faults]
            if data is not None and document is not None:
                loaded[data.calendar] = data, document
        files = {name: data for name, (data, _) in loaded.items()}
        for data, document in loaded.values():
            problems += _unknown_parts(data, document, files)
        made = {name: _calendar(data, files) for name, data in files.items()}
        return cls(made, {name: document.file for name, (_, document) in loaded.items()}), tuple(problems)

    def get(self, name: str) -> Calendar | None:
        """The calendar of that name, if there is one."""
        return self.by_name.get(name)

    def __len__(self) -> int:
        return len(self.by_name)

    @cached_property
    def version(self) -> str:
        """A hash of all that the calendars resolve to."""
        versions = (f"{name} {calendar.version}" for name, calendar in sorted(self.by_name.items()))
        return hashlib.sha256("\n".join(versions).encode()).hexdigest()[:16]

    @cached_property
    def spelling(self) -> str:
        """A hash of all that the calendars say and of what works out the rest: where it stays, so does `version`.

        It costs next to nothing, while `version` resolves every day of every calendar.
        """
        reckoned_by = f"{metadata.version('holidays')} {hashlib.sha256(Path(__file__).read_bytes()).hexdigest()}"
        said = (
            f"{name} {part.model_dump_json()}"
            for name, calendar in sorted(self.by_name.items())
            for part in calendar.parts
        )
        return hashlib.sha256("\n".join([reckoned_by, *said]).encode()).hexdigest()[:16]

    def joined(self, names: tuple[str, ...]) -> Calendar:
        """The union of the calendars: a day off in any of them is one. Raises KeyError for an unknown name."""
        if names not in self._joined:
            calendars = [self.by_name[name] for name in names]
            parts = tuple(part for calendar in calendars for part in calendar.parts)
            self._joined[names] = Calendar(" + ".join(names), parts) if len(names) > 1 else calendars[0]
        return self._joined[names]

    def unknown(self, due: Due) -> Iterator[tuple[str, str]]:
        """The names of calendars that a `due` asks for and that are not there, each with what to write instead."""
        for name in due.calendar_names:
            if name not in self.by_name:
                yield name, self.instead(name)

    def instead(self, name: str) -> str:
        """What to write for a calendar that is not there."""
        return close(name, self.by_name) or f"there are: {', '.join(sorted(self.by_name)) or 'none'}"


def _paths(folders: Iterable[Path], problems: list[Problem]) -> Iterator[Path]:
    """The calendar files in these folders; which of the folders cannot be read goes to the problems."""
    for folder in folders:
        paths, found = files_in(folder, (".yaml", ".yml"))
        problems += found
        yield from paths


def _calendar(data: CalendarFile, files: Mapping[str, CalendarFile]) -> Calendar:
    return Calendar(data.calendar, tuple(_parts(data, files, ())), data.title)


def _parts(data: CalendarFile, files: Mapping[str, CalendarFile], above: tuple[str, ...]) -> Iterator[CalendarData]:
    yield data
    for name in data.union:
        if name in files and name not in above:
            yield from _parts(files[name], files, (*above, data.calendar))


def _unknown_parts(data: CalendarFile, document: Document, files: Mapping[str, CalendarFile]) -> Iterator[Problem]:
    for index, name in enumerate(data.union):
        if name not in files:
            hint = close(name, files) or f"there are: {', '.join(sorted(files))}"
            yield problem(document, ("union", index), f"there is no calendar {name}", hint)
