"""The words people use for a date ("voor de zomer", "in the first quarter of 2025"), and what a pack says they mean.

It depends on the day they were said, and often on a calendar; what is not known yet is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import Annotated, Self

from pydantic import Field, model_validator

from commitments.dates import DAY, NotADateError, Window
from commitments.model import Frozen, Text
from commitments.problem import Fault, Misfit
from rules.calendar import Calendars
from rules.deadline import Deadline, Step, compute
from rules.due import Due

_MARKER = re.compile(r"(?P<end>start|end) of (?P<name>.+)")
_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Speech:
    """The words of one language for what a phrase can hold: months, numbers, places in an order, units of time."""

    months: tuple[str, ...]
    numbers: tuple[str, ...]
    ordinals: tuple[str, ...]
    units: Mapping[str, str]


SPEECH: Mapping[str, Speech] = {
    "nl": Speech(
        months=tuple("januari februari maart april mei juni juli augustus september oktober november december".split()),
        numbers=tuple("een twee drie vier vijf zes zeven acht negen tien elf twaalf".split()),
        ordinals=tuple("eerste tweede derde vierde vijfde".split()),
        units={"dag": "days", "dagen": "days", "week": "weeks", "weken": "weeks", "maand": "months",
               "maanden": "months", "jaar": "years", "werkdagen": "working days"},
    ),
    "en": Speech(
        months=tuple("january february march april may june july august september october november december".split()),
        numbers=tuple("one two three four five six seven eight nine ten eleven twelve".split()),
        ordinals=tuple("first second third fourth fifth".split()),
        units={"day": "days", "days": "days", "week": "weeks", "weeks": "weeks", "month": "months",
               "months": "months", "year": "years", "years": "years", "working days": "working days"},
    ),
}  # fmt: skip


class Term(Frozen):
    """What a phrase means: a month, quarter or year (`in`), a time from when it was said (`within`), or a recess.

    `before` and `after` name an end of a recess of the calendar: the first one after the day it was said. `full_week`
    is the place, among the whole weeks (Monday to Sunday) of the month `in`, of the one that is meant.
    """

    during: Annotated[Text, Field(alias="in")] = ""
    full_week: Text = ""
    within: Text = ""
    before: Text = ""
    after: Text = ""
    calendar: Text = ""

    @model_validator(mode="after")
    def _one_meaning(self) -> Self:
        given = [bool(self.during), bool(self.within), bool(self.before or self.after)]
        if sum(given) != 1:
            raise Misfit(Fault((), "a term has one meaning", "give one of in, within, or before (with after)"))
        if self.after and not self.before:
            raise Misfit(Fault(("after",), "a date after a recess has no end", "add before: start of the next recess"))
        for key in ("before", "after"):
            if (marker := getattr(self, key)) and not _MARKER.fullmatch(marker):
                raise Misfit(Fault((key,), f"{marker!r} is no end of a recess", "write start of summer recess"))
        if (self.before or self.after) and not self.calendar:
            raise Misfit(Fault((), "only a calendar knows when a recess is", "add calendar: nl-tk-recess"))
        return self


@dataclass(frozen=True)
class Phrase:
    """A phrase with its meaning, in the language of the pack it stands in."""

    words: str
    term: Term
    language: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The phrase as it is found in a text, with a group for each thing it holds."""
        speech = SPEECH[self.language]
        words = {
            "year": r"\d{4}",
            "month": "|".join(speech.months),
            "number": "|".join((r"\d{1,3}", *speech.numbers)),
            "ordinal": "|".join((*speech.ordinals, r"\d(?:e|de|st|nd|rd|th)?")),
            "unit": "|".join(sorted(speech.units, key=len, reverse=True)),
        }
        parts = _PLACE.split(self.words.casefold())
        text = "".join(f"(?P<{part}>{words[part]})" if odd % 2 else re.escape(part) for odd, part in enumerate(parts))
        return re.compile(rf"(?<!\w){text}(?!\w)")


def resolve(text: str, said: date | None, phrases: Iterable[Phrase], calendars: Calendars) -> Deadline:
    """The deadline that a text names by one of these phrases, the longest that it holds; `said` is when.

    Where none is held, or a calendar does not know yet, the deadline is not known, and says why.
    """
    words = " ".join(text.casefold().split())
    held = [(match, phrase) for phrase in phrases if (match := phrase.pattern.search(words))]
    if not held:
        return _unknown(f"“{text}” is not among the terms of the packs in use")
    match, phrase = max(held, key=lambda pair: len(pair[0][0]))
    if said is None:
        return _unknown(f"“{match[0]}” depends on the day it was said, and that is not recorded")
    return _meaning(phrase, match, said, calendars)


def _unknown(reason: str) -> Deadline:
    return Deadline(window=None, at=None, steps=(), unknown=reason)


def holds(phrase: str) -> Iterator[str]:
    """The things in {braces} that a phrase of a pack cannot hold."""
    yield from (name for name in _PLACE.findall(phrase) if name not in {"year", "month", "number", "ordinal", "unit"})


def _meaning(phrase: Phrase, match: re.Match[str], said: date, calendars: Calendars) -> Deadline:
    term, values = phrase.term, _values(phrase.language, match)
    if term.within:
        return compute(_due_within(term.within.format(**values)), {"said": Window.on(said)}, calendars)
    if term.during:
        return _during(term, match[0], values)
    return _recess(term, match[0], said, calendars)


@lru_cache(maxsize=1000)
def _due_within(period: str) -> Due:
    return Due.model_validate({"period": period, "after": "said"})


def _values(language: str, match: re.Match[str]) -> dict[str, str]:
    """What the phrase held, as figures and as the units of rule files."""
    speech = SPEECH[language]
    read: dict[str, Callable[[str], str]] = {
        "month": lambda word: f"{speech.months.index(word) + 1:02d}",
        "number": lambda word: word if word.isdigit() else str(speech.numbers.index(word) + 1),
        "ordinal": lambda word: word[0] if word[0].isdigit() else str(speech.ordinals.index(word) + 1),
        "unit": speech.units.__getitem__,
        "year": str,
    }
    return {name: read[name](word) for name, word in match.groupdict().items()}


def _during(term: Term, words: str, values: Mapping[str, str]) -> Deadline:
    text = term.during.format(**values)
    try:
        window = Window.parse(text)
    except NotADateError as error:
        return _unknown(str(error))
    if term.full_week:
        weeks = list(_full_weeks(window))
        place = int(term.full_week.format(**values))
        if place > len(weeks):
            return _unknown(f"{text} has no {place} full weeks")
        window = weeks[place - 1]
    return _known(words, window, f"“{words}” means {window}")


def _full_weeks(window: Window) -> Iterator[Window]:
    """The weeks, Monday to Sunday, that lie wholly in a window."""
    monday = window.earliest + timedelta(days=-window.earliest.weekday() % 7)
    while monday + 6 * DAY <= window.latest:
        yield Window(monday, monday + 6 * DAY)
        monday += 7 * DAY


def _recess(term: Term, words: str, said: date, calendars: Calendars) -> Deadline:
    calendar = calendars.get(term.calendar)
    if calendar is None:
        return _unknown(f"“{words}” needs the calendar {term.calendar}, which is not there")
    first = _end(term.after, said, term.calendar, calendars) if term.after else said
    last = _end(term.before, first, term.calendar, calendars) if first else None
    if first is None or last is None:
        known = f"known until {calendar.horizon}" if calendar.horizon else "known for no year"
        return _unknown(f"“{words}” said on {said}: the calendar {term.calendar} is {known}, not far enough")
    window = Window(first + DAY, last - DAY) if term.after else Window.on(last - DAY)
    marks = " and ".join(
        f"{word} the {mark}" for word, mark in (("after", term.after), ("before", term.before)) if mark
    )
    return _known(words, window, f"“{words}” said on {said}: {marks} ({term.calendar}), so {window}")


def _end(marker: str, after: date, name: str, calendars: Calendars) -> date | None:
    """The first day after another on which a recess of that name starts, or ends."""
    match = _MARKER.fullmatch(marker)
    calendar = calendars.get(name)
    if match is None or calendar is None:
        return None
    pauses = [pause for pause in calendar.recess if match["name"].casefold() in f"{pause.name} recess".casefold()]
    days = [pause.start if match["end"] == "start" else pause.end for pause in pauses]
    return min((day for day in days if day > after), default=None)


def _known(words: str, window: Window, text: str) -> Deadline:
    step = Step(name="term", text=text, data={"phrase": words, "date": str(window)})
    return Deadline(window=window, at=None, steps=(step,))
