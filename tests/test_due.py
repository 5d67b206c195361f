"""How a `due` is written: what its forms mean, and what is said where one makes no sense."""

from datetime import datetime, time

import pytest

from commitments.model.dates import Window
from commitments.reading.source import check, parse
from rules.counting.due import (
    Bound,
    Counting,
    Due,
    MonthEnd,
    Roll,
)
from rules.counting.period import Period, Unit


def due(text):
    """The due of a line of YAML."""
    document, problems = parse(f"due: {text}\n", "x.yaml")
    assert problems == ()
    made, problems = check(Due, document, ("due",))
    assert problems == ()
    return made


def said(text):
    """What is said of a line of YAML: path, message and hint of each mistake."""
    document, problems = parse(f"due: {text}\n", "x.yaml")
    assert problems == ()
    made, problems = check(Due, document, ("due",))
    assert made is None
    return [(item.path.removeprefix("due").removeprefix("."), item.message, item.hint) for item in problems]


def test_the_short_form_means_the_same_as_the_mapping():
    assert due("4 weeks after letter") == due("{period: 4 weeks, after: letter}")


def test_what_is_not_said_has_the_first_value_of_the_table():
    plain = due("4 weeks after letter")
    assert (plain.counting, plain.month_end, plain.roll) == (Counting.EXCLUDE_TRIGGER, MonthEnd.CLAMP, Roll.NONE)
    assert (plain.until, plain.anchor_roll, plain.suspend_mode) == ("inclusive", "none", "skip")
    assert plain.model_fields_set == {"period", "after"}  # so that a linter can tell what was left out


def test_the_word_stated_asks_for_the_date_the_commitment_names():
    assert due("stated").stated
    assert due("stated").calendar_names == ()


@pytest.mark.parametrize(
    ("text", "origin", "sign"),
    [
        ("4 weeks after letter", "letter", 1),
        ("4 weeks before forum", "forum", -1),
        ("4 weeks after 2018-07-13", Window.parse("2018-07-13"), 1),
        ("{period: 4 weeks, before: 2027}", Window.parse("2027"), -1),  # YAML makes it a number
        ("4 weeks before 2027-12", Window.parse("2027-12"), -1),  # half known
        ("72 hours after 2018-07-13T16:30", datetime(2018, 7, 13, 16, 30), 1),  # noqa: DTZ001 - local by meaning
        ("2 weeks after reply-four-weeks due", "reply-four-weeks.due", 1),  # the deadline of another rule
        ("2 weeks after nl-eerste-kamer/reply-four-weeks due", "nl-eerste-kamer/reply-four-weeks.due", 1),
    ],
)
def test_what_is_counted_from(text, origin, sign):
    assert (due(text).origin, due(text).sign) == (origin, sign)


def test_periods_in_a_list_can_have_their_own_roll():
    found = due("{period: [10 days, {period: 2 months, roll: following}], after: letter}")
    assert found.periods == (Period(10, Unit.DAY), Period(2, Unit.MONTH))
    assert [item.roll for item in found.period] == [None, Roll.FOLLOWING]
    assert due("10 days and 2 months after letter").periods == found.periods


def test_calendars_are_named_or_written_out():
    assert due("{period: 4 weeks, after: a, calendar: nl, suspend: nl-tk-recess}").calendar_names == (
        "nl",
        "nl-tk-recess",
    )
    assert due("{period: 4 weeks, after: a, calendar: [nl, be]}").calendar_names == ("nl", "be")
    inline = due("{period: 1 day, after: a, calendar: {weekend: [sun], holidays: [2026-01-01], until: 2026-12-31}}")
    assert inline.calendar_names == ()
    assert inline.inline.weekend == {6}
    assert str(inline.inline.horizon) == "2026-12-31"


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ('"16:00"', time(16)),
        ('"9.30"', time(9, 30)),
        ('"24:00"', None),  # the end of the day is what a date means anyway
    ],
)
def test_a_time_of_day(text, clock):
    assert due(f"{{period: 1 day, after: a, at: {text}}}").at == clock


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("2026-12-31", Bound(Window.parse("2026-12-31"))),
        ("1 month after certificate", Bound("certificate", Period(1, Unit.MONTH), "after")),
        ("2 days before 2026-12-31", Bound(Window.parse("2026-12-31"), Period(2, Unit.DAY), "before")),
    ],
)
def test_a_cap_is_a_date_or_counted(text, bound):
    assert due(f"{{period: 1 day, after: a, cap: {text}}}").cap == bound


MISTAKES = [
    # the bad input of issue B
    ("{period: 4 weeks, after: 2018-02-31x}", "after", "'2018-02-31x' is not a date",
     "write 2027-12-13, 2027-12, 2025-Q1, 2027 or 2027-12-13/2027-12-19"),
    ("4 weeks after 2018-02-31", "", "'2018-02-31' is not a date: February 2018 has 28 days",
     "write 2027-12-13, 2027-12, 2025-Q1, 2027 or 2027-12-13/2027-12-19"),
    ("{period: 4 wekken, after: letter}", "period", "'wekken' is not a unit of time", "write 4 weeks"),
    ("{period: 1000000000 weeks, after: letter}", "period", "1000000000 weeks is too long", "write at most 1000 years"),
    ("{period: 4 weeks, after: '10000-01-01'}", "after", "'10000-01-01' lies outside the years 1 to 9999",
     "write a year of four digits"),
    ("{period: 4 weeks, after: a, suspend: [{from: 2026-08-31, to: 2026-08-01}]}", "suspend[0].to",
     "the range ends on 2026-08-01, before it begins on 2026-08-31", "write from: 2026-08-01, to: 2026-08-31"),
    # what is missing, or there twice
    ("{period: 4 weeks}", "", "it does not say what to count from", "write either after: letter, or before: forum"),
    ("{period: 4 weeks, after: a, before: b}", "", "both after and before are given",
     "write either after: letter, or before: forum"),
    ("{after: letter}", "period", "it does not say how long", "add period: 4 weeks"),
    ("4 weeks", "", "'4 weeks' does not say what to count from", "write 4 weeks after letter"),
    ("4 weeks after due", "", "'due' does not say of which rule",
     "write its id before it: reply-four-weeks due"),
    # words that do not exist
    ("{period: 1 day, after: a, month_end: clmp}", "month_end",
     "month_end is one of clamp, next_day, sticky, refuse; not 'clmp'", "did you mean clamp?"),
    ("{period: 1 day, after: a, timezone: Europe/Amsterdm}", "timezone", "'Europe/Amsterdm' is not a time zone",
     "write Europe/Amsterdam"),
    ("{period: 1 day, after: a, timezone: ../../etc/passwd}", "timezone", "'../../etc/passwd' is not a time zone",
     "write Europe/Amsterdam"),
    ('{period: 1 day, after: a, cutoff: "25:00"}', "cutoff", "'25:00' is not a time of day", 'write "16:00"'),
    ("{period: 1 day, after: a, calendar: {weekend: [sat, zon]}}", "calendar.weekend", "'zon' is not a day of the week",
     "write mon, tue, wed, thu, fri, sat, sun"),
    ("{period: 1 day, after: a, calendar: {weekend: [mon, tue, wed, thu, fri, sat, sun]}}", "calendar.weekend",
     "no day is left to work on", "write [sat, sun]"),
    # what contradicts itself
    ("{period: 0 days, after: a, counting: include_trigger}", "counting",
     "0 days cannot include the trigger day, which is one day already", "write 1 day, or leave counting out"),
    ('{period: 1 day, after: a, until: exclusive, at: "10:00"}', "until",
     "until: exclusive ends the day before, but at names a time", "leave one of the two out"),
    ("{period: 1 day, after: a, minimum_if: 3 days}", "minimum_if", "minimum_if says nothing without minimum",
     "add minimum, or leave it out"),
    ("{period: 1 day, after: a, minimum: 2 days}", "minimum", "the minimum is counted in working days, not 2 days",
     "write 2 working days"),
    ("{period: 1 day, after: a, short: {up_to: 1 week}}", "short.up_to", "1 week is not counted in days",
     "write 5 days"),
    ("{period: 10 sitting days, after: a}", "period", "only a calendar tells the sitting days",
     "add calendar: and its name"),
    ("{period: 72 hours, after: a, counting: clear}", "counting",
     "counting counts in days, but hours run from the moment itself", "leave counting out"),
    ("{period: [1 day, 12 hours], after: a}", "period",
     "hours run from a moment and are not joined with other periods", "count hours alone"),
    ("{stated: true, period: 4 weeks}", "period", "period has no meaning where only the stated date counts",
     "write due: stated"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "path", "message", "hint"), MISTAKES)
def test_each_mistake_says_what_to_write_instead(text, path, message, hint):
    assert said(text) == [(path, message, hint)]


def test_several_mistakes_are_told_at_once_each_at_its_place():
    found = said("{period: 4 wekken, after: letter, rol: following, month_end: last}")
    assert [path for path, _, _ in found] == ["period", "rol", "month_end"]


def test_before_without_roll_is_no_mistake_here():
    assert due("4 weeks before forum").roll is Roll.NONE
