"""The phrases of time: what each means, and what is said of those that mean nothing."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commitments.model.dates import Window
from rules.counting.period import (
    Period,
    Point,
    Unit,
    shift_months,
    split_short,
)


@pytest.mark.parametrize(
    ("text", "count", "unit", "written"),
    [
        ("4 weeks", 4, Unit.WEEK, "4 weeks"),
        ("1 day", 1, Unit.DAY, "1 day"),  # one, so no s
        ("0 days", 0, Unit.DAY, "0 days"),
        ("20 working days", 20, Unit.WORKING_DAY, "20 working days"),
        ("10 Sitting  Days", 10, Unit.SITTING_DAY, "10 sitting days"),  # however it is spaced and capitalised
        (" 72 hours ", 72, Unit.HOUR, "72 hours"),
        ("1 months", 1, Unit.MONTH, "1 month"),  # a slip of grammar is not a mistake
        ("+3 years", 3, Unit.YEAR, "3 years"),
    ],
)
def test_a_period_is_read_and_written(text, count, unit, written):
    period = Period.parse(text)
    assert period == Period(count, unit)
    assert str(period) == written


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("4 wekken", "'wekken' is not a unit of time; write 4 weeks"),
        ("5 buisness days", "'buisness days' is not a unit of time; write 5 working days"),
        ("2 fortnights", "'fortnights' is not a unit of time; write 4 weeks"),  # counted out
        ("1 quarter", "'quarter' is not a unit of time; write 3 months"),
        (
            "4 parsecs",
            ("'parsecs' is not a unit of time; write days, working days, sitting days, weeks, months, years, hours"),
        ),
        ("four weeks", "'four weeks' is not a period; write 4 weeks, 20 working days, 2 months or 72 hours"),
        ("4", "'4' is not a period; write 4 weeks, 20 working days, 2 months or 72 hours"),
        ("-3 days", "'-3 days' counts less than nothing; write 3 days and say before or after"),
        ("1000000000 weeks", "1000000000 weeks is too long; write at most 1000 years"),
        ("1001 years", "1001 years is too long; write at most 1000 years"),
        ("9" * 5000 + " days", "9" * 60 + " is too long; write at most 1000 years"),  # never made into a number
        ("٣ days", "'٣ days' is not a period; write 4 weeks, 20 working days, 2 months or 72 hours"),
    ],
)
def test_what_is_no_period_is_told_with_what_to_write(text, said):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is compared whole below
        Period.parse(text)
    assert str(error.value) == said


def test_a_number_alone_asks_what_it_counts():
    with pytest.raises(ValueError, match="3 does not say what is counted; write 3 days or 3 weeks"):
        Period.of(3)


@pytest.mark.parametrize(
    ("text", "window", "day"),
    [
        ("2 weeks before", "2018-08-10", date(2018, 7, 27)),
        ("on the day", "2018-08-10", date(2018, 8, 10)),
        ("1 day after", "2018-08-10", date(2018, 8, 11)),
        ("1 month after", "2018-01-31", date(2018, 2, 28)),  # a month that lacks the day ends on its last
        ("1 year after", "2020-02-29", date(2021, 2, 28)),
        ("2 weeks before", "2027-12", date(2027, 11, 17)),  # half known: before its first day
        ("1 day after", "2027-12", date(2028, 1, 1)),  # and after its last
        ("on the day", "2027-12", date(2027, 12, 31)),
        ("1000 years before", "0500-01-01", date.min),  # outside the calendar: its edge
        ("1 day after", "9999-12-31", date.max),
    ],
)
def test_a_point_falls_before_the_earliest_and_after_the_latest_day(text, window, day):
    assert Point.parse(text).day(Window.parse(window)) == day


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2 weeks", "'2 weeks' does not name a day; write 2 weeks before, 1 day after or on the day"),
        ("later", "'later' does not name a day; write 2 weeks before, 1 day after or on the day"),
        ("3 working days after", "3 working days cannot be counted here; write days, weeks, months or years"),
        ("72 hours before", "72 hours cannot be counted here; write days, weeks, months or years"),
        ("2 wekes before", "'wekes' is not a unit of time; write 2 weeks"),
    ],
)
def test_what_is_no_point_is_told_with_what_to_write(text, said):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is compared whole below
        Point.parse(text)
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        ("4 weeks after letter", {"period": "4 weeks", "after": "letter"}),
        ("20 working days after 2018-07-13", {"period": "20 working days", "after": "2018-07-13"}),
        ("2 months before forum", {"period": "2 months", "before": "forum"}),
        ("10 days and 2 months after x", {"period": ["10 days", "2 months"], "after": "x"}),  # one after another
        ("2 weeks After reply-four-weeks due", {"period": "2 weeks", "after": "reply-four-weeks due"}),
    ],
)
def test_the_short_form_is_the_mapping(text, mapping):
    assert split_short(text) == mapping


def test_a_short_form_without_a_side_is_refused():
    with pytest.raises(ValueError, match="'4 weeks' does not say what to count from; write 4 weeks after letter"):
        split_short("4 weeks")


@given(st.dates(date(1, 2, 1), date(9998, 12, 31)), st.integers(-12, 12))
def test_months_away_is_the_same_day_of_the_month_or_its_last(day, months):
    if not 1 <= (day.year * 12 + day.month - 1 + months) // 12 <= 9999:
        return
    moved, there = shift_months(day, months)
    assert moved.day == day.day if there else moved.day < day.day
    assert (moved.year - day.year) * 12 + moved.month - day.month == months


@given(st.integers(0, 999), st.sampled_from(Unit))
def test_what_is_written_reads_the_same(count, unit):
    assert Period.parse(str(Period(count, unit))) == Period(count, unit)
