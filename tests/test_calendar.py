"""Calendars: which days are off and why, counting working days, files and what is odd in them."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rules.calendars.almanac import at_a_glance, lint
from rules.calendars.calendar import (
    SHIPPED,
    TRIED,
    WEEKENDS,
    Calendar,
    CalendarData,
    Calendars,
    Computed,
    spoken,
)


@pytest.fixture(scope="module")
def shipped():
    calendars, problems = Calendars.load([SHIPPED])
    assert problems == ()
    return calendars


def calendar(**data):
    return Calendar("here", (CalendarData.model_validate(data),))


def load(tmp_path, **files):
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return Calendars.load([tmp_path])


# ------------------------------------------------------------------------------------------------- days off


@pytest.mark.parametrize(
    ("name", "day", "why"),
    [
        ("nl", date(2026, 5, 5), "Liberation Day"),  # every year under the act, not only every fifth
        ("nl", date(2026, 4, 3), "Good Friday"),  # article 3(2)
        ("nl", date(2026, 4, 27), "King's Day"),
        ("nl", date(2025, 4, 26), "King's Day"),  # the 27th was a Sunday
        ("nl", date(2025, 4, 28), None),
        ("nl", date(2026, 1, 2), "equated by decree"),
        ("nl", date(2026, 7, 12), "Sunday"),
        ("nl", date(2026, 7, 13), None),
        ("uk", date(2024, 1, 2), "New Year Holiday"),  # Scotland only, so a day off in some part
        ("england-wales", date(2024, 1, 2), None),
        ("uk", date(2024, 4, 1), "Easter Monday"),  # not in Scotland
        ("uk", date(2022, 9, 19), "State Funeral of Queen Elizabeth II"),  # proclaimed late
        ("eu", date(2025, 4, 17), "Maundy Thursday"),
        ("eu-court", date(2026, 6, 23), "National Day"),
        ("eu-court", date(2025, 5, 9), None),  # a holiday in Luxembourg, but not in the Court's decision
        ("de", date(2026, 10, 3), "German Unity Day"),
        ("fr", date(2026, 7, 14), "National Day"),
        ("be", date(2026, 7, 21), "National Day"),
        ("us-federal", date(2026, 11, 26), "Thanksgiving Day"),
        ("us-federal", date(2026, 7, 3), "Independence Day (observed)"),
        ("ca", date(2026, 9, 30), "National Day for Truth and Reconciliation"),
        ("au", date(2026, 1, 26), "Australia Day"),
        ("nz", date(2026, 1, 15), "summer closure"),  # Official Information Act: 25 December to 15 January
        ("nz", date(2026, 1, 16), None),
        ("nz-local", date(2026, 1, 12), None),  # the local act: 20 December to 10 January
        ("nz-local", date(2025, 12, 22), "summer closure"),
    ],
)
def test_why_a_day_is_off(shipped, name, day, why):
    assert shipped.get(name).off(day) == why
    assert shipped.get(name).working(day) is (why is None)


def test_a_union_has_the_days_off_of_all_and_knows_only_what_all_know(shipped):
    both = shipped.joined(("nl", "de"))
    assert both.off(date(2026, 10, 3)) == "German Unity Day"
    assert both.off(date(2026, 4, 27)) == "King's Day"
    assert (both.first, both.horizon) == (date(2017, 1, 1), date(2028, 12, 31))
    assert both.name == "nl + de"


def test_a_weekend_can_be_any_days():
    assert calendar(weekend=["fri", "saturday"]).off(date(2026, 7, 10)) == "Friday"
    assert calendar(weekend=[]).working(date(2026, 7, 12))
    assert calendar(weekend=["sun"]).working(date(2026, 7, 11))


def test_a_range_that_comes_round_crosses_the_year():
    closed = calendar(closed=[{"from": "12-25", "to": "01-15", "name": "closure"}], weekend=[])
    off = [day for day in (date(2025, 12, 24) + timedelta(days=number) for number in range(24)) if closed.off(day)]
    assert (off[0], off[-1], len(off)) == (date(2025, 12, 25), date(2026, 1, 15), 22)


def test_a_leap_day_that_comes_round_is_the_28th_in_other_years():
    closed = calendar(closed=[{"from": "02-29", "to": "02-29"}], weekend=[])
    assert [day for day in (date(2023, 2, 28), date(2024, 2, 28), date(2024, 2, 29)) if closed.off(day)] == [
        date(2023, 2, 28),
        date(2024, 2, 29),
    ]


# ------------------------------------------------------------------------------------------------- counting


@pytest.mark.parametrize(
    ("day", "n", "result"),
    [
        (date(2026, 7, 10), 1, date(2026, 7, 13)),  # from a Friday
        (date(2026, 7, 11), 1, date(2026, 7, 13)),  # from a Saturday: the same
        (date(2026, 7, 13), -1, date(2026, 7, 10)),
        (date(2026, 7, 12), -1, date(2026, 7, 10)),
        (date(2026, 7, 12), 0, date(2026, 7, 12)),
    ],
)
def test_working_days_are_counted_from_the_next_one(day, n, result):
    assert WEEKENDS.add_working_days(day, n) == result


def _naive(calendar, day, n):
    """Day by day, the way anybody would."""
    step = timedelta(days=1 if n > 0 else -1)
    for _ in range(abs(n)):
        day += step
        while not calendar.working(day):
            day += step
    return day


DAYS = st.dates(date(2001, 1, 1), date(2040, 12, 31))
HOLIDAYS = st.lists(DAYS, max_size=40)
WEEKEND = st.lists(st.integers(0, 6), max_size=4)


@given(DAYS, st.integers(-200, 200), HOLIDAYS, WEEKEND)
@settings(max_examples=200, deadline=None)
def test_working_days_agree_with_counting_day_by_day(day, n, holidays, weekend):
    here = calendar(holidays=holidays, weekend=weekend)
    assert here.add_working_days(day, n) == _naive(here, day, n)


def test_ten_thousand_working_day_problems_agree_with_numpy_and_with_counting_day_by_day():
    random = np.random.default_rng(20180713)
    start = np.datetime64("2001-01-01")
    for weekend in ([5, 6], [4, 5], [6], [0, 3]):
        holidays = start + random.integers(0, 20_000, 400)
        here = calendar(holidays=[str(day) for day in holidays], weekend=weekend)
        mask = [day not in weekend for day in range(7)]
        days = start + random.integers(1000, 19_000, 2500)
        counts = random.integers(-60, 60, 2500)
        counts[counts == 0] = 1
        # numpy first moves to a working day: against the direction, so that the count begins with the next one
        forwards = np.busday_offset(days, counts, roll="preceding", weekmask=mask, holidays=holidays)
        backwards = np.busday_offset(days, counts, roll="following", weekmask=mask, holidays=holidays)
        expected = np.where(counts > 0, forwards, backwards).astype(object)
        for day, n, result in zip(days.astype(object), counts.tolist(), expected, strict=True):
            assert here.add_working_days(day, n) == result == _naive(here, day, n)


@given(DAYS, DAYS, HOLIDAYS)
@settings(max_examples=100, deadline=None)
def test_how_many_working_days_lie_between(day, other, holidays):
    first, last = sorted((day, min(other, day + timedelta(days=300))))
    assume(first < last)
    here = calendar(holidays=holidays)
    between = [first + timedelta(days=n) for n in range(1, (last - first).days)]
    assert here.working_days_between(first, last) == sum(map(here.working, between))


def test_counting_out_of_the_calendar_is_an_overflow():
    with pytest.raises(OverflowError):
        WEEKENDS.add_working_days(date(9999, 12, 30), 5)
    with pytest.raises(OverflowError):
        WEEKENDS.add_working_days(date(1, 1, 3), -5)


def test_sitting_days_are_the_days_listed_and_the_working_days_of_ranges():
    house = calendar(
        sitting=["2026-09-12", {"from": "2026-09-07", "to": "2026-09-15"}],  # the 12th is a Saturday, and sits
        holidays=["2026-09-08"],
        until="2026-12-31",
    )
    assert [day.day for day in house.sitting] == [7, 9, 10, 11, 12, 14, 15]
    assert house.add_sitting_days(date(2026, 9, 7), 2) == date(2026, 9, 10)
    assert house.add_sitting_days(date(2026, 9, 13), -2) == date(2026, 9, 11)
    assert house.add_sitting_days(date(2026, 9, 14), 2) is None


# ------------------------------------------------------------------------------------------------- versions


def test_the_version_changes_with_the_days_and_not_with_their_names():
    plain = calendar(holidays=["2026-01-01"])
    assert plain.version == calendar(holidays=[{"date": "2026-01-01", "name": "New Year", "source": "law"}]).version
    assert plain.version != calendar(holidays=["2026-01-02"]).version
    assert plain.version != calendar(holidays=["2026-01-01"], until="2026-12-31").version
    assert plain.version != calendar(holidays=["2026-01-01"], weekend=["sun"]).version


def test_what_is_not_tried_can_be_computed(shipped):
    for country, subdivisions, categories in TRIED:
        assert Computed.model_construct(country=country, subdivisions=subdivisions, categories=categories).days(
            2020, 2020
        )
    parts = [part.computed for calendar in shipped.by_name.values() for part in calendar.parts if part.computed]
    assert {(one.country, one.subdivisions, one.categories) for one in parts} == TRIED


def test_the_spelling_changes_with_every_word(tmp_path, shipped):
    assert shipped.spelling == Calendars.load([SHIPPED])[0].spelling
    spellings = {
        load(tmp_path, here=f"calendar: here\n{text}")[0].spelling
        for text in (
            "holidays: [2026-01-01]",
            "holidays: {2026-01-01: New Year}",
            "holidays: [2026-01-01]\nuntil: 2026-12-31",
            "computed: {country: NL}",
            "computed: {country: NL, observed: false}",
        )
    }
    assert len(spellings) == 5


def test_days_are_spoken_in_english_whatever_the_machine_speaks():
    assert spoken(date(2018, 8, 10)) == "Fri 10 Aug 2018"


# ------------------------------------------------------------------------------------------------- files


def test_a_file_of_the_workspace_beats_the_shipped_one(tmp_path):
    (tmp_path / "nl.yaml").write_text("calendar: nl\ntitle: our own\nuntil: 2030-12-31\nholidays: [2030-12-25]\n")
    calendars, problems = Calendars.load([SHIPPED, tmp_path])
    assert problems == ()
    assert calendars.get("nl").title == "our own"
    assert calendars.get("nl").horizon == date(2030, 12, 31)


def test_a_file_can_join_others(tmp_path):
    calendars, problems = load(
        tmp_path,
        a="calendar: a\nholidays: {2026-01-01: New Year}\nuntil: 2027-12-31\n",
        b="calendar: b\nholidays: {2026-03-17: Saint Patrick}\nuntil: 2026-12-31\n",
        any="calendar: any\nunion: [a, b]\n",
    )
    assert problems == ()
    joined = calendars.get("any")
    assert (joined.off(date(2026, 1, 1)), joined.off(date(2026, 3, 17))) == ("New Year", "Saint Patrick")
    assert joined.horizon == date(2026, 12, 31)


def test_calendars_that_join_each_other_do_not_go_round_for_ever(tmp_path):
    calendars, problems = load(tmp_path, a="calendar: a\nunion: [b]\n", b="calendar: b\nunion: [a]\n")
    assert problems == ()
    assert calendars.get("a").working(date(2026, 7, 13))


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("calendar: x\nunion: [englnd]\n", "there is no calendar englnd", "there are: x"),
        ("calendar: x\nrecess: [{from: 2026-08-31, to: 2026-08-01}]\n",
         "the range ends on 2026-08-01, before it begins on 2026-08-31", "write from: 2026-08-01, to: 2026-08-31"),
        ("calendar: x\nrecess: [{from: 08-01, to: 2026-08-31}]\n", "one end has a year and the other has not",
         "give both a year, or neither"),
        ("calendar: x\nclosed: [{from: 02-30, to: 03-01}]\n", "02-30 is not a day of the year",
         "write month and day, such as 12-25"),
        ("calendar: x\nfrom: 2027-01-01\nuntil: 2026-01-01\n",
         "it is known until 2026-01-01, before it begins on 2027-01-01", ""),
        ("calendar: x\ncomputed: {country: NL, categories: [publik]}\n",
         "NL cannot be computed: Category is not supported: publik.", ""),
        ("calendar: x\nholliday: []\n", "'holliday' is not known here",
         "allowed: calendar, closed, computed, from, holidays, recess, sitting, source, title, union, until, weekend"),
        ("title: x\n", "calendar is missing", "add calendar: …"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_file_is_told_with_what_to_write(tmp_path, text, said, hint):
    _, problems = load(tmp_path, x=text)
    assert [(problem.message, problem.hint.partition("? ")[2] or problem.hint) for problem in problems] == [
        (said, hint)
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("calendar: x\nholidays: [2026-01-01, 2026-01-01]\nuntil: 2026-12-31\n", ["2026-01-01 is listed twice"]),
        (("calendar: x\nuntil: 2026-12-31\n"
         "recess: [{from: 2026-07-01, to: 2026-08-31}, {from: 2026-08-31, to: 2026-09-02}]\n"),
         ["2026-08-31 to 2026-09-02 overlaps 2026-07-01 to 2026-08-31, number 1 of the list"]),
        ("calendar: x\nuntil: 2026-12-31\nrecess: [{from: 2026-07-01, to: 2026-08-31}]\nsitting: [2026-08-31]\n",
         ["2026-08-31 to 2026-08-31 would be sitting days in the recess from 2026-07-01 to 2026-08-31"]),
        ("calendar: x\nuntil: 2026-12-31\nholidays: [2027-01-01]\n",
         ["2027-01-01 lies outside what is known, ever to 2026-12-31"]),
        ("calendar: x\nholidays: [2026-01-01]\n",
         ["it does not say until when it is known, so every day after 2026-01-01 would count"]),
        ("calendar: x\nfrom: 2024-01-01\nuntil: 2027-12-31\nholidays: [2024-01-01, 2026-01-01]\n",
         ["it says nothing of 2025, 2027, though known from 2024-01-01 until 2027-12-31"]),
        ("calendar: x\nfrom: 2026-01-01\nuntil: 2026-12-31\nholidays: [2026-01-01]\n", []),
    ],
)  # fmt: skip
def test_what_is_odd_in_a_file(tmp_path, text, said):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    assert [problem.message for problem in lint(path)] == said


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_nothing_is_odd_in_a_shipped_calendar(path):
    assert lint(path) == ()
    assert "source:" in path.read_text()


def test_a_year_at_a_glance(shipped):
    text = at_a_glance(shipped.get("nl-tk-recess"), 2024)
    lines = text.splitlines()
    assert lines[0] == "nl-tk-recess 2024  Dutch House of Representatives, recesses"
    assert lines[3:6] == [
        "         Jan                     Feb                     Mar",
        "Mo Tu We Th Fr Sa Su    Mo Tu We Th Fr Sa Su    Mo Tu We Th Fr Sa Su",
        " 1~ 2~ 3~ 4~ 5~ 6~ 7~             1  2  3  4                 1  2  3",
    ]
    assert " 2~ 3? 4? 5? 6? 7? 8?" in text  # what lies past the horizon
    assert lines[-6:] == [
        "weekend: Saturday, Sunday",
        "~ Fri 22 Dec 2023 to Mon 15 Jan 2024  Christmas recess",
        "~ Fri 16 Feb 2024 to Mon 26 Feb 2024  spring recess",
        "~ Fri 26 Apr 2024 to Mon 13 May 2024  May recess",
        "~ Fri 5 Jul 2024 to Mon 2 Sep 2024  summer recess",
        "? not known: the calendar is known from Fri 21 Apr 2023 until Mon 2 Sep 2024",
    ]
    assert max(map(len, lines)) <= 80
