"""Recurrence rules: by whole days, bounded, synchronised with their start, and with an answer for 31 April."""

from datetime import date
from itertools import islice

import pytest

from commitments.model.dates import Window
from rules.counting.recurrence import MOST, NotARecurrenceError, Recurrence


def first(count, rule, start):
    return [str(day) for day in islice(Recurrence.parse(rule).days(date.fromisoformat(start)), count)]


@pytest.mark.parametrize(
    ("rule", "start", "days"),
    [
        # every four years
        ("FREQ=YEARLY;INTERVAL=4", "2019-12-17", ["2019-12-17", "2023-12-17", "2027-12-17"]),
        # the second Tuesday of December, every two years
        ("FREQ=YEARLY;INTERVAL=2;BYMONTH=12;BYDAY=2TU", "2025-12-09", ["2025-12-09", "2027-12-14", "2029-12-11"]),
        # a month without a 31st has none (RFC 5545: such days are left out)
        ("FREQ=MONTHLY;BYMONTHDAY=31", "2026-01-31", ["2026-01-31", "2026-03-31", "2026-05-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31;SKIP=OMIT", "2026-01-31", ["2026-01-31", "2026-03-31"]),
        # RFC 7529: the last day it has, or the first of the next
        ("FREQ=MONTHLY;BYMONTHDAY=31;SKIP=BACKWARD", "2026-01-31", ["2026-01-31", "2026-02-28", "2026-03-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31;SKIP=FORWARD", "2026-01-31", ["2026-01-31", "2026-03-01", "2026-03-31"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;SKIP=BACKWARD", "2024-02-29", ["2024-02-29", "2025-02-28", "2026-02-28"]),
        # the last day of each month
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31", ["2026-01-31", "2026-02-28", "2026-03-31"]),
        # so many times
        ("FREQ=WEEKLY;COUNT=2", "2026-11-23", ["2026-11-23", "2026-11-30"]),
        ("RRULE:FREQ=DAILY;UNTIL=20261124", "2026-11-23", ["2026-11-23", "2026-11-24"]),
    ],
)
def test_it_falls_on_these_days(rule, start, days):
    assert first(3, rule, start)[: len(days)] == days


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("", "FREQ is one of YEARLY, MONTHLY, WEEKLY, DAILY"),
        ("FREQ=HOURLY", "FREQ is one of YEARLY, MONTHLY, WEEKLY, DAILY"),
        ("FREQ=YEARLY;BYHOUR=3", "BYHOUR is not among FREQ, INTERVAL,"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH counts from 1 to 12"),
        ("FREQ=YEARLY;BYDAY=XX", "XX"),
        ("FREQ=MONTHLY;BYDAY=MO;SKIP=FORWARD", "SKIP goes with FREQ=MONTHLY or YEARLY and one BYMONTHDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;SKIP=SOMETIMES", "SKIP is one of OMIT, BACKWARD, FORWARD"),
    ],
)
def test_what_cannot_be_read_says_why(rule, reason):
    with pytest.raises(NotARecurrenceError, match=reason):
        Recurrence.parse(rule)


def test_a_rule_without_end_and_one_that_never_falls_both_end():
    assert len(list(Recurrence.parse("FREQ=DAILY").days(date(2026, 1, 1)))) == MOST
    assert list(Recurrence.parse("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30").days(date(2026, 1, 1))) == []


def test_a_start_that_does_not_go_with_the_rule_is_refused():
    forum = Recurrence.parse("FREQ=YEARLY;INTERVAL=4;BYMONTH=12")
    assert forum.unsynchronised(Window.parse("2019-12-17/2019-12-18")) == ""
    assert forum.unsynchronised(Window.parse("2019-11-17")) == (
        "the rrule falls first on 2019-12-17, which is not 2019-11-17"
    )
    never = Recurrence.parse("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30")
    assert never.unsynchronised(Window.parse("2026-02-28")) == "the rrule never falls within 60 years of 2026-02-28"
