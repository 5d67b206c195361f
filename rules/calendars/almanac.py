"""A calendar for people: a year at a glance, and what is odd in its file. Behind `gestand calendar`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import zip_longest
from pathlib import Path

from commitments.model.dates import DAY, month_end
from commitments.reading.problem import Document, Problem, problem
from commitments.reading.source import check, read
from rules.calendars.calendar import (
    MONTHS,
    WEEKDAYS,
    Calendar,
    CalendarFile,
    Span,
    spoken,
)

_SPANS = ("closed", "recess", "sitting")
_WIDTH = 21


def at_a_glance(calendar: Calendar, year: int) -> str:
    """The year in plain text, 69 columns wide: twelve months with marks, then what each mark stands for."""
    months = [_month(calendar, year, month) for month in range(1, 13)]
    rows = [row for start in range(0, 12, 3) for row in (*_side_by_side(months[start : start + 3]), "")]
    heading = f"{calendar.name} {year}  {calendar.title}".rstrip()
    return "\n".join([heading, f"version {calendar.version}", "", *rows, *_legend(calendar, year)]).rstrip() + "\n"


def _side_by_side(months: list[list[str]]) -> Iterator[str]:
    for lines in zip_longest(*months, fillvalue=""):
        yield "   ".join(line.ljust(_WIDTH) for line in lines).rstrip()


def _month(calendar: Calendar, year: int, month: int) -> list[str]:
    first = date(year, month, 1)
    cells = ["   "] * first.weekday()
    days = (month_end(year, month) - first).days + 1
    cells += [f"{number + 1:2}{_mark(calendar, first + number * DAY)}" for number in range(days)]
    weeks = ["".join(cells[start : start + 7]) for start in range(0, len(cells), 7)]
    return [MONTHS[month - 1].center(_WIDTH), "".join(f"{name[:2]} " for name in WEEKDAYS), *weeks]


def _mark(calendar: Calendar, day: date) -> str:
    if not calendar.knows(day):
        return "?"
    if day in calendar.days_off:
        return "*"
    if day in calendar.sitting:
        return "+"
    return "~" if any(pause.start <= day <= pause.end for pause in calendar.recess) else " "


def _legend(calendar: Calendar, year: int) -> Iterator[str]:
    first, last = date(year, 1, 1), date(year, 12, 31)
    weekend = ", ".join(WEEKDAYS[day] for day in sorted(calendar.weekend)) or "none"
    yield f"weekend: {weekend}"
    for day in sorted(day for day in calendar.days_off if first <= day <= last):
        yield f"* {spoken(day)}  {calendar.days_off[day]}"
    for pause in calendar.recess:
        if pause.start <= last and pause.end >= first:
            yield f"~ {spoken(pause.start)} to {spoken(pause.end)}  {pause.name or 'recess'}"
    sitting = sum(1 for day in calendar.sitting if day.year == year)
    if sitting:
        yield f"+ {sitting} sitting days"
    if not (calendar.knows(first) and calendar.knows(last)):
        yield f"? not known: the calendar is known {_known(calendar)}"


def _known(calendar: Calendar) -> str:
    since = f"from {spoken(calendar.first)} " if calendar.first else ""
    return f"{since}until {spoken(calendar.horizon)}" if calendar.horizon else since.strip()


# ------------------------------------------------------------------------------------------------- what is odd


def lint(path: Path) -> tuple[Problem, ...]:
    """What is wrong or odd in a calendar's file: what does not read, overlaps, years without data."""
    document, problems = read(path)
    data, faults = check(CalendarFile, document) if document else (None, ())
    if data is None or document is None:
        return (*problems, *faults)
    return (*problems, *_repeated(data, document), *_overlaps(data, document), *_outside(data, document),
            *_no_horizon(data, document), *_empty_years(data, document))  # fmt: skip


def _repeated(data: CalendarFile, document: Document) -> Iterator[Problem]:
    seen: set[date] = set()
    for index, item in enumerate(data.holidays):
        if item.date in seen:
            yield problem(document, ("holidays", index), f"{item.date} is listed twice", "keep one of the two")
        seen.add(item.date)


def _overlaps(data: CalendarFile, document: Document) -> Iterator[Problem]:
    """Ranges of one kind that share days, and sitting days in a recess."""
    for kind in _SPANS:
        spans = _dated(data, kind)
        for at, (index, start, end) in enumerate(spans):
            for other, begins, ends in spans[:at]:
                if start <= ends and begins <= end:
                    message = f"{start} to {end} overlaps {begins} to {ends}, number {other + 1} of the list"
                    yield problem(document, (kind, index), message, "let each day stand in one range")
    for index, start, end in _dated(data, "sitting"):
        for _, begins, ends in _dated(data, "recess"):
            if start <= ends and begins <= end:
                message = f"{start} to {end} would be sitting days in the recess from {begins} to {ends}"
                yield problem(document, ("sitting", index), message, "correct one of the two")


def _dated(data: CalendarFile, kind: str) -> list[tuple[int, date, date]]:
    """The ranges of a kind that have years, with their places in the list."""
    spans: tuple[Span, ...] = getattr(data, kind)
    return [
        (index, span.start, span.end)
        for index, span in enumerate(spans)
        if isinstance(span.start, date) and isinstance(span.end, date)
    ]


def _outside(data: CalendarFile, document: Document) -> Iterator[Problem]:
    """Days outside those that the calendar says it knows: nobody will ever see them."""
    days: list[tuple[str, int, date, date]] = [
        ("holidays", i, item.date, item.date) for i, item in enumerate(data.holidays)
    ]
    days += [(kind, *span) for kind in _SPANS for span in _dated(data, kind)]
    for kind, index, start, end in days:
        if (data.until and end > data.until) or (data.start and start < data.start):
            known = f"{data.start or 'ever'} to {data.until or 'ever'}"
            message = f"{start if start == end else f'{start} to {end}'} lies outside what is known, {known}"
            yield problem(document, (kind, index), message, "move from or until, where all up to there is known")


def _no_horizon(data: CalendarFile, document: Document) -> Iterator[Problem]:
    days = _days_listed(data)
    if data.until is None and not data.endless and days:
        message = f"it does not say until when it is known, so every day after {max(days)} would count"
        yield problem(
            document, (), message, f"add until: {max(days).year}-12-31, or the day to which the source reaches"
        )


def _empty_years(data: CalendarFile, document: Document) -> Iterator[Problem]:
    """Years that the calendar says it knows and has no day of: it was perhaps not kept up."""
    if data.start is None or data.until is None or data.endless or data.union:
        return
    years = {day.year for day in _days_listed(data)}
    missing = [str(year) for year in range(data.start.year, data.until.year + 1) if year not in years]
    if missing:
        message = f"it says nothing of {', '.join(missing)}, though known from {data.start} until {data.until}"
        yield problem(document, ("until",), message, "add the days of these years, or move from or until")


def _days_listed(data: CalendarFile) -> list[date]:
    spans = [span for kind in _SPANS for span in _dated(data, kind)]
    return [item.date for item in data.holidays] + [
        start + timedelta(days=number) for _, start, end in spans for number in range((end - start).days + 1)
    ]
