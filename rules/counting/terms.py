"""The words people use for a date ("voor de zomer", "in the first quarter of 2025"), and what a pack says they mean.

It depends on the day they were said, and often on a calendar; what is not known yet is never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from itertools import product
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from commitments.model.commitment import Frozen, Text
from commitments.model.dates import DAY, Window
from commitments.reading.problem import Fault, Misfit
from rules.calendars.calendar import Calendars
from rules.counting.deadline import Deadline, Step, compute
from rules.counting.due import Due
from rules.counting.period import Period

_MARKER = re.compile(r"(?P<end>start|end) of (?P<name>.+)")
_PLACE = re.compile(r"\{(\w+)\}")
_DIGITS = re.compile(r"(?![0-9])\d")
PLACES: Final = ("year", "month", "number", "ordinal", "unit")
"""What a phrase can hold, in {braces}."""


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
            "year": "[1-9][0-9]{3}",
            "month": "|".join(speech.months),
            "number": "|".join(("[0-9]{1,3}", *speech.numbers)),
            "ordinal": "|".join((*speech.ordinals, "[1-9](?:e|de|st|nd|rd|th)?")),
            "unit": "|".join(sorted(speech.units, key=len, reverse=True)),
        }
        parts = _PLACE.split(self.words.casefold())
        text = "".join(f"(?P<{part}>{words[part]})" if odd % 2 else re.escape(part) for odd, part in enumerate(parts))
        return re.compile(rf"(?<!\w){text}(?!\w)")


def resolve(text: str, said: date | None, phrases: Iterable[Phrase], calendars: Calendars) -> Deadline:
    """The deadline that a text names by one of these phrases, the longest that it holds; `said` is when.

    Where none is held, or a calendar does not know yet, the deadline is not known, and says why.
    """
    words = " ".join(plain_digits(text).casefold().split())
    held = [(match, phrase) for phrase in phrases if (match := phrase.pattern.search(words))]
    if not held:
        return _unknown(f"“{text}” is not among the terms of the packs in use")
    match, phrase = max(held, key=lambda pair: len(pair[0][0]))
    if said is None:
        return _unknown(f"“{match[0]}” depends on the day it was said, and that is not recorded")
    return _meaning(phrase, match, said, calendars)


def _unknown(reason: str) -> Deadline:
    return Deadline(window=None, at=None, steps=(), unknown=reason)


def plain_digits(text: str) -> str:
    """The text with the digits of other scripts and widths as the ones that numbers are read from."""
    return _DIGITS.sub(lambda found: str(unicodedata.decimal(found[0])), text)


# ------------------------------------------------------------------------------------------------- mistakes in terms

_SAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "year": ("2027",),
    "month": ("03",),
    "number": ("1", "12"),
    "ordinal": ("1",),
    "unit": ("weeks",),
}
"""What each place may hold, to try whether a term comes to a date at all."""


def unspoken(language: str) -> Fault:
    """That terms are not read in a language."""
    return Fault(
        ("language",), f"terms are read in {' and '.join(SPEECH)}, not in {language}", "leave them to a pack that is"
    )


def faults(words: str, term: Term) -> Iterator[Fault]:
    """What is wrong with a term under its phrase, placed from the term: the phrase itself at its key."""
    found = list(_of_phrase(words))
    yield from found or _of_term(_PLACE.findall(words), term)


def _of_phrase(words: str) -> Iterator[Fault]:
    held = _PLACE.findall(words)
    for name in dict.fromkeys(held):
        if name not in PLACES:
            yield Fault((), f"{{{name}}} is not known here", f"write {_named(PLACES)}", at_key=True)
        elif held.count(name) > 1:
            yield Fault((), f"the phrase has {{{name}}} twice", "let it hold each thing once", at_key=True)
    if not words.strip():
        yield Fault((), "a phrase without words stands in every text", "write the words that people use", at_key=True)


def _of_term(held: list[str], term: Term) -> Iterator[Fault]:
    templates = {"in": term.during, "full_week": term.full_week, "within": term.within}
    found = [fault for key, template in templates.items() for fault in _of_template(key, template, held)]
    yield from found or _senseless(held, term)


def _of_template(key: str, template: str, held: list[str]) -> Iterator[Fault]:
    for name in dict.fromkeys(_PLACE.findall(template)):
        if name not in held:
            hint = f"add {{{name}}} to the phrase, or write what is meant here" if name in PLACES else _holds(held)
            yield Fault((key,), f"{{{name}}} is asked for, and the phrase does not hold it", hint)
    if re.search("[{}]", _PLACE.sub("", template)):
        yield Fault((key,), f"{template!r} has a brace that does not enclose a name", _holds(held))


def _holds(held: list[str]) -> str:
    return f"the phrase holds {_named(held)}" if held else "the phrase holds nothing in {braces}"


def _named(names: Iterable[str]) -> str:
    return " ".join(f"{{{name}}}" for name in names)


def _senseless(held: list[str], term: Term) -> Iterator[Fault]:
    """That a term comes to nothing, whatever its phrase holds."""
    tries = [dict(zip(held, values, strict=True)) for values in product(*(_SAMPLES[name] for name in held))]
    readers: dict[str, tuple[str, Callable[[str], object]]] = {
        "in": (term.during, Window.parse),
        "within": (term.within, Period.parse),
        "full_week": (term.full_week, _place),
    }
    for key, (template, read) in readers.items():
        reasons = [why for values in tries if (why := _refused(read, _filled(template, values)))] if template else []
        if reasons and len(reasons) == len(tries):
            yield Fault((key,), reasons[0])


def _refused(read: Callable[[str], object], text: str) -> str:
    """Why a text cannot be read; empty where it can."""
    try:
        read(text)
    except ValueError as error:
        return str(error)
    return ""


def _place(text: str) -> int:
    """The place of a week among others. Raises ValueError where a text is none."""
    if not re.fullmatch("[1-9]", text):
        raise ValueError(f"{text!r} is not the place of a week; write 1, or {{ordinal}}")
    return int(text)


def _filled(template: str, values: Mapping[str, str]) -> str:
    """A template with what the phrase held in its places."""
    return _PLACE.sub(lambda place: values[place[1]], template)


# ------------------------------------------------------------------------------------------------- what words mean


def _meaning(phrase: Phrase, match: re.Match[str], said: date, calendars: Calendars) -> Deadline:
    term, values = phrase.term, _values(phrase.language, match)
    try:
        if term.within:
            return compute(_due_within(_filled(term.within, values)), {"said": Window.on(said)}, calendars)
        if term.during:
            return _during(term, match[0], values)
        return _recess(term, match[0], said, calendars)
    except ValueError as error:
        return _unknown(f"“{match[0]}” comes to no date: {error}")


@lru_cache(maxsize=1000)
def _due_within(period: str) -> Due:
    """The `due` of a period from the day something was said. Raises ValueError where the period cannot be read."""
    return Due.model_validate({"period": Period.parse(period), "after": "said"})


def _values(language: str, match: re.Match[str]) -> dict[str, str]:
    """What the phrase held, as figures and as the units of rule files."""
    speech = SPEECH[language]
    read: dict[str, Callable[[str], str]] = {
        "month": lambda word: f"{speech.months.index(word) + 1:02d}",
        "number": lambda word: word if word.isdecimal() else str(speech.numbers.index(word) + 1),
        "ordinal": lambda word: word[0] if word[0].isdecimal() else str(speech.ordinals.index(word) + 1),
        "unit": speech.units.__getitem__,
        "year": str,
    }
    return {name: read[name](word) for name, word in match.groupdict().items()}


def _during(term: Term, words: str, values: Mapping[str, str]) -> Deadline:
    text = _filled(term.during, values)
    window = Window.parse(text)
    if term.full_week:
        weeks = list(_full_weeks(window))
        place = _place(_filled(term.full_week, values))
        if place > len(weeks):
            return _unknown(f"{text} has no {place} full weeks")
        window = weeks[place - 1]
    return _known(words, window, f"“{words}” means {window}")


def _full_weeks(window: Window) -> Iterator[Window]:
    """The weeks, Monday to Sunday, that lie wholly in a window."""
    first = -window.earliest.weekday() % 7
    for ahead in range(first, (window.latest - window.earliest).days - 5, 7):
        monday = window.earliest + timedelta(days=ahead)
        yield Window(monday, monday + 6 * DAY)


def _recess(term: Term, words: str, said: date, calendars: Calendars) -> Deadline:
    calendar = calendars.get(term.calendar)
    if calendar is None:
        return _unknown(f"“{words}” needs the calendar {term.calendar}, which is not there")
    first = _end(term.after, said, term.calendar, calendars) if term.after else said
    last = _end(term.before, first, term.calendar, calendars) if first else None
    if first is None or last is None:
        known = f"known until {calendar.horizon}" if calendar.horizon else "known for no year"
        return _unknown(f"“{words}” said on {said}: the calendar {term.calendar} is {known}, not far enough")
    if term.after and last - first < 2 * DAY:
        return _unknown(
            f"“{words}” said on {said}: no day lies between {term.after} and {term.before} ({term.calendar})"
        )
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
