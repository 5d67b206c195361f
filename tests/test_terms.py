"""The words people use for a date: what they mean, and that nothing is guessed where a calendar does not know."""

from datetime import date

import pytest

from commitments.reading.source import check, parse
from rules.calendars.calendar import Calendar, CalendarData, Calendars
from rules.counting.terms import Phrase, resolve
from rules.pack.pack import Pack

DUTCH = """
pack: dutch-terms
title: Dutch words for dates
language: nl
terms:
  voor de zomer: {before: start of summer recess, calendar: recess}
  na de zomer: {after: end of summer recess, before: start of autumn recess, calendar: recess}
  voor het kerstreces: {before: start of christmas recess, calendar: recess}
  "in het {ordinal} kwartaal van {year}": {in: "{year}-Q{ordinal}"}
  "in {month} {year}": {in: "{year}-{month}"}
  "binnen {number} {unit}": {within: "{number} {unit}"}
"""
ENGLISH = """
pack: english-terms
title: English words for dates
language: en
terms:
  before the summer recess: {before: start of summer recess, calendar: recess}
  "in the {ordinal} quarter of {year}": {in: "{year}-Q{ordinal}"}
  "in {month} {year}": {in: "{year}-{month}"}
  "{ordinal} full week of {month} {year}": {in: "{year}-{month}", full_week: "{ordinal}"}
  "within {number} {unit}": {within: "{number} {unit}"}
"""
RECESS = {
    "until": "2024-12-31",
    "recess": [
        {"from": "2023-07-07", "to": "2023-09-04", "name": "summer"},
        {"from": "2023-10-13", "to": "2023-10-23", "name": "autumn"},
        {"from": "2023-12-22", "to": "2024-01-15", "name": "christmas"},
        {"from": "2024-07-05", "to": "2024-09-02", "name": "summer"},
    ],
}


def phrases(text):
    document, problems = parse(text, "terms.yaml")
    assert problems == ()
    pack, problems = check(Pack, document)
    assert problems == ()
    return [Phrase(words, term, pack.language) for words, term in pack.terms.items()]


@pytest.fixture
def calendars():
    return Calendars({"recess": Calendar("recess", (CalendarData.model_validate(RECESS),))})


@pytest.fixture
def known():
    return phrases(DUTCH) + phrases(ENGLISH)


@pytest.mark.parametrize(
    ("text", "said", "window"),
    [
        # the last day before the recess that comes next after it was said
        ("voor de zomer", "2023-03-19", "2023-07-06"),
        ("voor de zomer", "2023-07-07", "2024-07-04"),
        # the phrase is found in the sentence of the register, whatever its capitals
        ("De minister zegt toe de Kamer Voor de  zomer te informeren.", "2024-03-19", "2024-07-04"),
        ("na de zomer", "2023-06-01", "2023-09-05/2023-10-12"),
        ("voor het kerstreces", "2023-11-01", "2023-12-21"),
        ("in het eerste kwartaal van 2025", "2024-12-01", "2025-Q1"),
        ("in maart 2025", "2024-12-01", "2025-03"),
        ("binnen drie weken", "2018-07-13", "2018-08-03"),
        ("binnen 2 maanden", "2018-12-31", "2019-02-28"),
        ("before the summer recess", "2024-03-19", "2024-07-04"),
        ("in the first quarter of 2025", "2024-12-01", "2025-Q1"),
        ("in March 2025", "2024-12-01", "2025-03"),
        # 1 December 2027 is a Wednesday: the first whole week begins on the 6th
        ("second full week of December 2027", "2025-12-10", "2027-12-13/2027-12-19"),
        ("within two weeks", "2018-07-13", "2018-07-27"),
    ],
)
def test_a_phrase_means_these_days(known, calendars, text, said, window):
    deadline = resolve(text, date.fromisoformat(said), known, calendars)
    assert (str(deadline.window), deadline.unknown) == (window, "")


@pytest.mark.parametrize(
    ("text", "said", "unknown"),
    [
        ("te zijner tijd", "2024-03-19", "“te zijner tijd” is not among the terms of the packs in use"),
        ("voor de zomer", None, "“voor de zomer” depends on the day it was said, and that is not recorded"),
        # past the horizon: not known yet, never a guess
        (
            "voor de zomer",
            "2026-03-19",
            "“voor de zomer” said on 2026-03-19: the calendar recess is known until 2024-12-31, not far enough",
        ),
        ("fifth full week of February 2027", "2026-01-01", "2027-02 has no 5 full weeks"),
    ],
)
def test_what_cannot_be_known_says_what_is_missing(known, calendars, text, said, unknown):
    deadline = resolve(text, date.fromisoformat(said) if said else None, known, calendars)
    assert (deadline.window, deadline.unknown) == (None, unknown)


def test_the_longest_phrase_wins(known, calendars):
    both = [*known, *phrases("pack: x\ntitle: x\nlanguage: nl\nterms: {zomer: {in: '2020-07'}}")]
    assert str(resolve("voor de zomer", date(2023, 3, 19), both, calendars).window) == "2023-07-06"


@pytest.mark.parametrize(
    ("term", "complaint"),
    [
        ("{in: '2025', within: 3 weeks}", "a term has one meaning"),
        ("{after: end of summer recess, calendar: recess}", "a date after a recess has no end"),
        ("{before: the summer, calendar: recess}", "'the summer' is no end of a recess"),
        ("{before: start of summer recess}", "only a calendar knows when a recess is"),
    ],
)
def test_a_term_that_says_too_little_or_too_much_is_refused(term, complaint):
    document, _ = parse(f"pack: x\ntitle: x\nlanguage: nl\nterms: {{voor de zomer: {term}}}", "x.yaml")
    _, problems = check(Pack, document)
    assert [complaint in problem.message for problem in problems] == [True]
