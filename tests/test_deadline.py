"""The calculus of deadlines: published cases, what each switch does, half-known dates, and what must always hold."""

import json
import re
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest
from clocks import environment
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from commitments.model.dates import Window
from commitments.reading.source import parse
from rules.calendars.calendar import SHIPPED, Calendars
from rules.counting.deadline import answer, calculate_lines, compute
from rules.counting.due import Due, Roll

CASES = [json.loads(line) for line in (Path(__file__).parent / "cases" / "deadlines.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def shipped():
    calendars, problems = Calendars.load([SHIPPED])
    assert problems == ()
    return calendars


def count(due, calendars=None, **anchors):
    """The answer to a due, or why it is not known."""
    dates = {name.replace("_", "-"): Window.parse(date) for name, date in anchors.items()}
    deadline = compute(Due.model_validate(due), dates, calendars or Calendars())
    return answer(deadline) or deadline.unknown


def steps(due, calendars=None, **anchors):
    dates = {name: Window.parse(date) for name, date in anchors.items()}
    return [
        f"{step.name}: {step.text}" for step in compute(Due.model_validate(due), dates, calendars or Calendars()).steps
    ]


# ------------------------------------------------------------------------------------------------- published cases


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_published_case_comes_out(case):
    (found,) = calculate_lines([json.dumps(case)], Calendars())
    assert found.get("due", found.get("error")) == case["expect"]


def test_all_published_cases_are_there():
    assert len(CASES) == 102
    assert all(case["source"] for case in CASES)


# ------------------------------------------------------------------------------------------------- switch by switch

AUGUST = [{"from": "2023-08-01", "to": "2023-08-31", "name": "August"}]


@pytest.mark.parametrize(
    ("due", "expect"),
    [
        # counting
        ({"period": "1 week", "after": "2018-07-13"}, "2018-07-20"),
        ({"period": "1 week", "after": "2018-07-13", "counting": "include_trigger"}, "2018-07-19"),
        ({"period": "1 week", "after": "2018-07-13", "counting": "clear"}, "2018-07-21"),
        ({"period": "1 week", "before": "2018-07-13", "counting": "include_trigger"}, "2018-07-07"),
        ({"period": "1 week", "before": "2018-07-13", "counting": "clear"}, "2018-07-05"),
        ({"period": "0 days", "after": "2018-07-13", "counting": "clear"}, "2018-07-14"),
        # months, the trigger included: BGB 188(2), and the month's end where there is no corresponding day
        ({"period": "1 month", "after": "2024-10-01", "counting": "include_trigger"}, "2024-10-31"),
        ({"period": "1 month", "after": "2023-01-31", "counting": "include_trigger"}, "2023-02-28"),
        ({"period": "1 month", "after": "2023-01-28", "counting": "include_trigger"}, "2023-02-27"),
        ({"period": "1 month", "before": "2023-04-30", "counting": "include_trigger"}, "2023-03-31"),
        ({"period": "1 month", "before": "2023-03-31", "counting": "include_trigger"}, "2023-02-28"),
        ({"period": "1 month", "after": "2023-01-31", "counting": "clear"}, "2023-03-01"),
        # working days: day 1 is a working day, and so is the day free
        ({"period": "3 working days", "after": "2021-05-01", "counting": "include_trigger"}, "2021-05-05"),
        ({"period": "3 working days", "before": "2017-10-26", "counting": "clear"}, "2017-10-20"),
        # month ends, on and back
        ({"period": "1 month", "after": "2012-01-31", "month_end": "sticky"}, "2012-02-29"),
        ({"period": "1 month", "after": "2012-02-29", "month_end": "sticky"}, "2012-03-31"),
        ({"period": "1 month", "after": "2012-02-28", "month_end": "sticky"}, "2012-03-28"),  # not its last day
        ({"period": "1 month", "before": "2012-03-31", "month_end": "next_day"}, "2012-03-01"),
        ({"period": "1 month", "before": "2012-03-31", "month_end": "clamp"}, "2012-02-29"),
        (
            {"period": "1 month", "after": "2012-01-31", "month_end": "refuse"},
            "Feb 2012 has no day 31, and month_end: refuse does not choose another; write clamp or next_day",
        ),
        ({"period": "2 months", "after": "2012-12-31"}, "2013-02-28"),  # at once, not month by month
        # rolls
        (
            {"period": "0 days", "after": "2026-05-29", "roll": "nearest", "calendar": {"holidays": ["2026-05-29"]}},
            "2026-05-28",
        ),
        (
            {"period": "0 days", "after": "2026-05-20", "roll": "nearest", "calendar": {"holidays": ["2026-05-20"]}},
            "2026-05-21",
        ),
        ({"period": "0 days", "after": "2026-05-30", "roll": "modified_following"}, "2026-05-29"),
        ({"period": "0 days", "after": "2026-11-01", "roll": "modified_preceding"}, "2026-11-02"),
        ({"period": "1 day", "after": "2026-05-29", "roll": "same_direction"}, "2026-06-01"),
        ({"period": "1 day", "before": "2026-06-01", "roll": "same_direction"}, "2026-05-29"),
        ({"period": "0 days", "after": "2026-06-01", "roll": "next_monday"}, "2026-06-08"),  # strictly after
        ({"period": "0 days", "after": "2026-06-07", "roll": "next_monday"}, "2026-06-08"),
        (
            {"period": ["3 days", {"period": "2 days", "roll": "none"}], "after": "2026-06-01", "roll": "following"},
            "2026-06-06",
        ),
        ({"period": [{"period": "5 days", "roll": "following"}, "2 days"], "after": "2026-06-01"}, "2026-06-10"),
        # the minimum: Algemene termijnenwet article 2
        (
            {
                "period": "3 days",
                "after": "2026-12-24",
                "minimum": "2 working days",
                "calendar": {"holidays": ["2026-12-25"]},
            },
            "2026-12-29",
        ),
        (
            {"period": "2 days", "after": "2026-12-24", "minimum": "2 working days", "minimum_if": "3 days"},
            "2026-12-26",
        ),
        (
            {"period": "1 month", "after": "2026-12-24", "minimum": "2 working days", "minimum_if": "3 days"},
            "2027-01-24",
        ),
        # suspension: skipping a trigger inside, and lengthening
        ({"period": "10 days", "after": "2023-08-10", "suspend": AUGUST}, "2023-09-10"),
        ({"period": "10 days", "after": "2023-07-25", "suspend": AUGUST}, "2023-09-04"),
        ({"period": "7 days", "after": "2023-07-25", "suspend": AUGUST}, "2023-09-01"),
        ({"period": "6 days", "after": "2023-07-25", "suspend": AUGUST}, "2023-07-31"),
        ({"period": "5 working days", "after": "2023-07-27", "suspend": AUGUST}, "2023-09-05"),
        ({"period": "10 days", "before": "2023-09-05", "suspend": AUGUST}, "2023-07-26"),
        ({"period": "10 days", "before": "2023-08-20", "suspend": AUGUST}, "2023-07-22"),
        ({"period": "3 months", "after": "2023-06-15", "suspend": AUGUST}, "2023-10-16"),  # months always lengthen
        ({"period": "1 month", "after": "2023-07-15", "suspend": AUGUST}, "2023-09-15"),  # not into the pause
        ({"period": "1 month", "after": "2023-08-10", "suspend": AUGUST}, "2023-10-01"),  # 21 days of August were left
        ({"period": "3 months", "before": "2023-10-16", "suspend": AUGUST}, "2023-06-15"),
        (
            {"period": "5 working days", "after": "2023-07-27", "suspend": AUGUST, "suspend_mode": "extend"},
            "2023-09-03",
        ),
        ({"period": "8 weeks", "after": "2023-12-01", "suspend": [{"from": "12-20", "to": "01-10"}]}, "2024-02-17"),
        (
            {
                "period": "30 days",
                "after": "2023-07-25",
                "suspend": [*AUGUST, {"from": "2023-08-20", "to": "2023-09-10"}],
            },
            "2023-10-04",
        ),  # overlapping
        # CPR 2.8(4), the example in 2.8(3)(iii) among others: five days or less are working days
        ({"period": "3 days", "before": "2017-10-23", "counting": "clear", "short": {"up_to": "5 days"}}, "2017-10-17"),
        ({"period": "6 days", "before": "2017-10-23", "counting": "clear", "short": {"up_to": "5 days"}}, "2017-10-16"),
        # the trigger: after hours, on a closed day
        ({"period": "1 day", "after": "2026-06-05T16:01", "cutoff": "16:00"}, "2026-06-07"),
        ({"period": "1 day", "after": "2026-06-05T16:00", "cutoff": "16:00"}, "2026-06-06"),
        ({"period": "1 day", "after": "2026-06-05T16:01", "cutoff": "16:00", "anchor_roll": "following"}, "2026-06-09"),
        # the end: until, at, cap, floor
        ({"period": "0 days", "after": "2013-09-13", "until": "exclusive"}, "2013-09-12"),
        ({"period": "20 days", "after": "2013-10-01", "at": "10:00"}, "2013-10-21T10:00"),
        ({"period": "20 days", "after": "2013-10-01", "at": "24:00"}, "2013-10-21"),
        ({"period": "3 months", "after": "2026-01-15", "cap": "2026-03-31"}, "2026-03-31"),
        ({"period": "3 months", "after": "2026-01-15", "floor": "1 month after 2026-03-31"}, "2026-04-30"),
        (
            {
                "period": "3 months",
                "after": "2026-01-15",
                "floor": "3 working days after 2026-04-15",
                "cap": "2026-04-17",
            },
            "2026-04-17",
        ),
        # zones: the local day of a moment, and hours that go through a change of the clock
        ({"period": "1 day", "after": "2026-06-05T23:30Z", "timezone": "Europe/Amsterdam"}, "2026-06-07"),
        ({"period": "24 hours", "after": "2026-03-28T12:00", "timezone": "Europe/Amsterdam"}, "2026-03-29T13:00"),
        ({"period": "24 hours", "before": "2026-03-29T12:00", "timezone": "Europe/Amsterdam"}, "2026-03-28T11:00"),
        ({"period": "24 hours", "after": "2026-06-05T12:00", "roll": "following"}, "2026-06-08T12:00"),
        # sitting days
        (
            {
                "period": "2 sitting days",
                "after": "2026-09-08",
                "calendar": {"sitting": ["2026-09-08", "2026-09-15", "2026-09-22"]},
            },
            "2026-09-22",
        ),
        (
            {"period": "1 sitting day", "before": "2026-09-08", "calendar": {"sitting": ["2026-09-01", "2026-09-08"]}},
            "2026-09-01",
        ),
    ],
)
def test_what_each_switch_does(due, expect):
    assert count(due) == expect


@pytest.mark.parametrize(
    ("due", "expect"),
    [
        (
            {
                "period": "3 days",
                "after": "2017-12-20",
                "roll": "following",
                "minimum": "2 working days",
                "calendar": "nl",
            },
            "2017-12-27",
        ),
        ({"period": "20 working days", "after": "2018-07-13", "calendar": "nl"}, "2018-08-10"),
        ({"period": "8 weeks", "after": "2026-07-10", "suspend": "eu-subsidiarity"}, "2026-10-05"),
        ({"period": "20 working days", "after": "2014-12-01", "calendar": ["uk"]}, "2014-12-31"),  # FOIMAN-1
        ({"period": "20 working days", "after": "2022-11-21", "calendar": "nz-local"}, "2022-12-19"),
    ],
)
def test_with_calendars_that_ship(shipped, due, expect):
    assert count(due, shipped) == expect


# ------------------------------------------------------------------------------------------------- what is not known


@pytest.mark.parametrize(
    ("due", "said"),
    [
        ("4 weeks after letter", "the date of 'letter' is not recorded"),
        ("4 weeks after reply due", "the deadline of reply is not known"),
        ({"period": "4 weeks", "after": "2018-07-13", "calendar": "nll"}, "there is no calendar nll; did you mean nl?"),
        (
            {"period": "4 weeks", "after": "2018-07-13", "suspend": "nl"},
            "calendar nl has no recess to suspend in; give it recess: [{from: …, to: …}]",
        ),
        (
            {"period": "20 working days", "after": "2028-12-20", "calendar": "nl"},
            "calendar nl is known until Sun 31 Dec 2028, not yet beyond it",
        ),
        (
            {"period": "20 working days", "before": "2029-01-10", "calendar": "nl"},
            "calendar nl is known until Sun 31 Dec 2028, not yet beyond it",
        ),
        (
            {"period": "1 week", "after": "2028-12-27", "roll": "following", "calendar": "nl"},
            "calendar nl is known until Sun 31 Dec 2028, not yet beyond it",
        ),
        (
            {"period": "1 week", "after": "2016-05-01", "roll": "following", "calendar": "nl"},
            "calendar nl is known from Sun 1 Jan 2017, not before it",
        ),
        (
            {"period": "8 weeks", "after": "2024-08-30", "suspend": "nl-tk-recess"},
            "calendar nl-tk-recess is known until Mon 2 Sep 2024, not yet beyond it",
        ),
        (
            {"period": "3 sitting days", "after": "2026-09-08", "calendar": "nl"},
            ("calendar nl lists no sitting days; give it sitting: [2026-09-08, …]"),
        ),
        (
            {"period": "3 sitting days", "after": "2026-09-08", "calendar": {"sitting": ["2026-09-09"]}},
            "the sitting days of calendar inline are known until Wed 9 Sep 2026",
        ),
        ("72 hours after 2018-07-13", "hours count from a moment, and only the day is known; write 2018-07-13T16:30"),
        ("1000 years after 9000-01-01", "it would fall outside the years 1 to 9999; write a shorter period"),
        ("1000 years before 0999-01-01", "it would fall outside the years 1 to 9999; write a shorter period"),
        ("20 working days after 9999-12-20", "it would fall outside the years 1 to 9999; write a shorter period"),
        ("1 day after 9999-12-31", "it would fall outside the years 1 to 9999; write a shorter period"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_guessed(shipped, due, said):
    deadline = compute(Due.model_validate(due), {}, shipped)
    assert (deadline.window, deadline.unknown) == (None, said)


def test_the_steps_up_to_what_is_missing_are_told(shipped):
    due = {"period": "20 working days", "after": "2028-12-20", "calendar": "nl"}
    assert steps(due, shipped) == ["anchor: counted from Wed 20 Dec 2028"]


def test_a_bound_that_is_not_recorded_yet_does_not_bind():
    due = {"period": "3 months", "after": "2026-01-15", "floor": "1 month after certificate"}
    assert count(due) == "2026-04-15"
    assert count(due, certificate="2026-04-01") == "2026-05-01"
    assert steps(due)[-1] == "floor: none yet: the date of 'certificate' is not recorded"


# ------------------------------------------------------------------------------------------------- half known


@pytest.mark.parametrize(
    ("due", "anchor", "expect"),
    [
        ("4 weeks after letter", "2018-07-13", "2018-08-10"),
        ("2 months before letter", "2027-12", "2027-10-01/2027-10-31"),
        ("1 month before letter", "2027-12", "2027-11-01/2027-11-30"),
        ("1 year after letter", "2027", "2028-01-01/2028-12-31"),
        ({"period": "0 days", "after": "letter", "roll": "following"}, "2026-05-30/2026-05-31", "2026-06-01"),
        (
            {"period": "0 days", "after": "letter", "at": "10:00"},
            "2026-05-30/2026-05-31",
            "2026-05-30T10:00/2026-05-31T10:00",
        ),
        ({"period": "0 days", "after": "letter", "cap": "2027-06-30"}, "2027", "2027-01-01/2027-06-30"),
        # a bound that is half known makes the deadline so
        ({"period": "1 day", "after": "2026-12-31", "floor": "letter"}, "2027-01", "2027-01-01/2027-01-31"),
        # a day within gives the earliest result: 31 January loses a day of the pause
        (
            {"period": "1 month", "after": "letter", "suspend": [{"from": "2023-01-31", "to": "2023-02-05"}]},
            "2023-01-30/2023-02-10",
            "2023-03-05/2023-03-10",
        ),
    ],
)
def test_a_half_known_date_gives_a_half_known_deadline(due, anchor, expect):
    assert count(due, letter=anchor) == expect


# ------------------------------------------------------------------------------------------------- steps


@pytest.mark.parametrize(
    ("due", "told"),
    [
        (
            "4 weeks after letter",
            [
                "anchor: letter dated Fri 13 Jul 2018",
                "count: trigger day excluded; 4 weeks → Fri 10 Aug 2018",
                "roll: none asked",
            ],
        ),
        (
            {"period": "20 working days", "before": "letter", "calendar": "nl", "roll": "preceding"},
            [
                "anchor: letter dated Fri 13 Jul 2018",
                "count: trigger day excluded; 20 working days back → Fri 15 Jun 2018; weekends not counted",
                "roll: Fri 15 Jun 2018 is a working day, so it stays",
            ],
        ),
        (
            {"period": "1 month", "after": "2018-01-31", "roll": "following", "until": "exclusive", "at": None},
            [
                "anchor: counted from Wed 31 Jan 2018",
                "count: trigger day excluded; 1 month → Wed 28 Feb 2018; Feb 2018 has no day 31, so the last day",
                "roll: Wed 28 Feb 2018 is a working day, so it stays",
                "until: before Wed 28 Feb 2018, so Tue 27 Feb 2018 is the last day in time",
            ],
        ),
        (
            {
                "period": "3 days",
                "after": "2017-12-20",
                "roll": "following",
                "minimum": "2 working days",
                "calendar": "nl",
            },
            [
                "anchor: counted from Wed 20 Dec 2017",
                "count: trigger day excluded; 3 days → Sat 23 Dec 2017",
                "minimum: 2 working days lie in it",
                "roll: Sat 23 Dec 2017 is a day off (Saturday), so to the next working day, Wed 27 Dec 2017",
            ],
        ),
        (
            {
                "period": "3 days",
                "after": "2024-03-27",
                "roll": "following",
                "minimum": "2 working days",
                "calendar": "nl",
            },
            [
                "anchor: counted from Wed 27 Mar 2024",
                "count: trigger day excluded; 3 days → Sat 30 Mar 2024",
                "minimum: fewer than 2 working days lie in it, so on to Tue 2 Apr 2024",
                "roll: Tue 2 Apr 2024 is a working day, so it stays",
            ],
        ),
        (
            {"period": "10 working days", "after": "2026-04-24", "calendar": "nl"},
            [
                "anchor: counted from Fri 24 Apr 2026",
                (
                    "count: trigger day excluded; 10 working days → Tue 12 May 2026; "
                    "not counted: weekends, King's Day (Mon 27 Apr 2026), Liberation Day (Tue 5 May 2026)"
                ),
                "roll: none asked",
            ],
        ),
        (
            {"period": "8 weeks", "after": "2026-07-10", "suspend": "eu-subsidiarity"},
            [
                "anchor: counted from Fri 10 Jul 2026",
                (
                    "count: trigger day excluded; 8 weeks → Mon 5 Oct 2026; "
                    "August (Sat 1 Aug 2026 to Mon 31 Aug 2026) is not counted"
                ),
                "roll: none asked",
            ],
        ),
        (
            {"period": "3 months", "after": "2026-06-15", "suspend": "eu-subsidiarity"},
            [
                "anchor: counted from Mon 15 Jun 2026",
                (
                    "count: trigger day excluded; 3 months → Fri 16 Oct 2026; "
                    "31 days added for August (Sat 1 Aug 2026 to Mon 31 Aug 2026)"
                ),
                "roll: none asked",
            ],
        ),
        (
            {
                "period": "20 days",
                "after": "2013-10-01",
                "timezone": "America/Chicago",
                "roll": "next_monday",
                "at": "10:00",
            },
            [
                "anchor: counted from Tue 1 Oct 2013",
                "count: trigger day excluded; 20 days → Mon 21 Oct 2013",
                "roll: to the next Monday, Mon 28 Oct 2013",
                "at: at 10:00 America/Chicago",
            ],
        ),
        (
            {"period": "3 days", "before": "2017-10-23", "counting": "clear", "short": {"up_to": "5 days"}},
            [
                "anchor: counted from Mon 23 Oct 2017",
                (
                    "count: clear, so the first day free after them; 3 working days back → Tue 17 Oct 2017; "
                    "5 days or less are counted in working days; weekends not counted"
                ),
                "roll: none asked",
            ],
        ),
        (
            {
                "period": "1 day",
                "after": "2026-06-05T16:01",
                "cutoff": "16:00",
                "anchor_roll": "following",
                "cap": "2026-06-08",
            },
            [
                "anchor: counted from Fri 5 Jun 2026, 16:01",
                "cutoff: after 16:00, so it counts as Sat 6 Jun 2026",
                "anchor_roll: Sat 6 Jun 2026 is a day off (Saturday), so it counts from Mon 8 Jun 2026",
                "count: trigger day excluded; 1 day → Tue 9 Jun 2026",
                "roll: none asked",
                "cap: not after 2026-06-08, Mon 8 Jun 2026 → Mon 8 Jun 2026",
            ],
        ),
        (
            {"period": "72 hours", "after": "2007-11-02T10:23", "timezone": "America/New_York"},
            [
                "anchor: counted from Fri 2 Nov 2007, 10:23",
                "count: 72 hours, all of them counted → Mon 5 Nov 2007, 09:23 America/New_York",
                "roll: none asked",
            ],
        ),
        (
            "2 months before 2027-12",
            [
                "anchor: counted from some day from Wed 1 Dec 2027 to Fri 31 Dec 2027",
                (
                    "count: at the earliest: trigger day excluded; 2 months back → Fri 1 Oct 2027; "
                    "at the latest: trigger day excluded; 2 months back → Sun 31 Oct 2027"
                ),
                "roll: none asked",
            ],
        ),
        (
            "2 weeks after reply due",
            [
                "anchor: the deadline of reply is Fri 10 Aug 2018",
                "count: trigger day excluded; 2 weeks → Fri 24 Aug 2018",
                "roll: none asked",
            ],
        ),
    ],
)
def test_every_step_is_a_sentence_for_anybody(shipped, due, told):
    anchors = {"letter": Window.parse("2018-07-13"), "reply.due": Window.parse("2018-08-10")}
    deadline = compute(Due.model_validate(due), anchors, shipped)
    assert [f"{step.name}: {step.text}" for step in deadline.steps] == told


def test_steps_are_data_too(shipped):
    due = Due.model_validate({"period": "10 working days", "after": "letter", "calendar": "nl", "roll": "following"})
    anchor, counted, roll = compute(due, {"letter": Window.parse("2026-04-24")}, shipped).steps
    assert anchor.data == {"anchor": "letter", "date": "2026-04-24"}
    assert counted.data == {
        "period": "10 working days",
        "counting": "exclude_trigger",
        "skipped": {"2026-04-27": "King's Day", "2026-05-05": "Liberation Day"},
        "calendar": "nl",
        "day": "2026-05-12",
    }
    assert roll.data == {"roll": "following", "calendar": "nl", "off": None, "day": "2026-05-12"}


# ------------------------------------------------------------------------------------------------- the calculator


def test_a_batch_answers_line_by_line_and_goes_on():
    lines = [
        '{"id": "a", "due": "4 weeks after 2018-07-13"}\n',
        "\n",
        '{"id": "b", "due": {"period": "4 wekken", "after": "2018-02-31", "rol": 1}}\n',
        "not json\n",
        "[1]\n",
        '{"id": "c", "due": "1 month after letter", "anchors": {"letter": "2027-12"}}\n',
        '{"id": "d", "due": "stated"}\n',
        '{"id": "e", "due": "1 day after letter", "anchors": {"letter": "soon"}}\n',
        "[" * 100_000 + "\n",
    ]
    found = list(calculate_lines(lines, Calendars()))
    assert [(item["id"], item.get("due"), item.get("latest")) for item in found] == [
        ("a", "2018-08-10", "2018-08-10"),
        ("b", None, None),
        (4, None, None),
        (5, None, None),
        ("c", "2028-01-01/2028-01-31", "2028-01-31"),
        ("d", None, None),
        ("e", None, None),
        (9, None, None),
    ]
    assert [item["error"] for item in found if "error" in item] == [
        (
            "due.period: 'wekken' is not a unit of time; write 4 weeks; "
            "due.after: '2018-02-31' is not a date: February 2018 has 28 days; "
            "write 2027-12-13, 2027-12, 2025-Q1, 2027 or 2027-12-13/2027-12-19; "
            "due.rol: 'rol' is not known here; did you mean roll? allowed: after, anchor_roll, at, before, calendar, "
            "cap, counting, cutoff, floor, minimum, minimum_if, month_end, period, roll, short, stated, suspend, "
            "suspend_mode, timezone, until"
        ),
        'this line is not JSON; write {"id": 1, "due": "4 weeks after 2018-07-13"}',
        'there is no due; write {"id": 1, "due": "4 weeks after 2018-07-13"}',
        "'stated' asks for the date that a commitment names, and there is no commitment here",
        "anchors.letter: 'soon' is not a date; write 2018-07-13, or 2018-07-13T16:30 where the hour matters",
        'this line is not JSON; write {"id": 1, "due": "4 weeks after 2018-07-13"}',
    ]
    assert [step["step"] for step in found[0]["steps"]] == ["anchor", "count", "roll"]
    json.dumps(found)


# ------------------------------------------------------------------------------------------------- what always holds

DAYS = st.dates(date(2001, 1, 1), date(2040, 12, 31))
PERIODS = st.builds(
    lambda count, unit: f"{count} {unit}s",
    st.integers(0, 30),
    st.sampled_from(["day", "working day", "week", "month"]),
)
DAY_PERIODS = PERIODS.filter(lambda text: "month" not in text)
HOLIDAYS = st.lists(DAYS, max_size=15)
ROLLS = st.sampled_from([roll.value for roll in Roll])
SIDES = st.sampled_from(["after", "before"])
CLOSED = st.builds(
    lambda start, days: {"from": str(start), "to": str(start + timedelta(days=days))}, DAYS, st.integers(0, 90)
)
SWITCHES = st.fixed_dictionaries(
    {"period": PERIODS},
    optional={
        "roll": ROLLS,
        "counting": st.sampled_from(["exclude_trigger", "include_trigger", "clear"]),
        "month_end": st.sampled_from(["clamp", "next_day", "sticky"]),
        "minimum": st.just("2 working days"),
        "anchor_roll": st.just("following"),
        "short": st.just({"up_to": "5 days"}),
    },
).filter(lambda due: not (due["period"].startswith("0 ") and due.get("counting") == "include_trigger"))
SOME = settings(max_examples=60, deadline=None)


def day_of(due, day):
    deadline = compute(Due.model_validate(due), {"x": Window.on(day)}, Calendars())
    assert deadline.unknown == ""
    return deadline.window.latest


@given(SWITCHES, SIDES, DAYS, st.integers(0, 40), HOLIDAYS)
@SOME
def test_a_later_trigger_never_gives_an_earlier_date(due, side, day, later, holidays):
    due = due | {side: "x", "calendar": {"holidays": [str(one) for one in holidays]}}
    assert day_of(due, day) <= day_of(due, day + timedelta(days=later))


@given(ROLLS.filter(lambda roll: "next" not in roll), SIDES, DAYS, HOLIDAYS)
@SOME
def test_rolling_twice_changes_nothing(roll, side, day, holidays):
    due = {"period": "0 days", side: "x", "roll": roll, "calendar": {"holidays": [str(one) for one in holidays]}}
    once = day_of(due, day)
    assert day_of(due, once) == once


@given(PERIODS, SIDES, DAYS, HOLIDAYS)
@SOME
def test_following_is_not_before_the_nominal_day_and_preceding_not_after_it(period, side, day, holidays):
    due = {"period": period, side: "x", "calendar": {"holidays": [str(one) for one in holidays]}}
    preceding, nominal, following = (day_of(due | {"roll": roll}, day) for roll in ("preceding", "none", "following"))
    assert preceding <= nominal <= following


@given(st.integers(0, 100), SIDES, DAYS)
@SOME
def test_weeks_keep_the_weekday(weeks, side, day):
    assert day_of({"period": f"{weeks} weeks", side: "x"}, day).weekday() == day.weekday()


@given(PERIODS, DAYS, HOLIDAYS, DAYS)
@SOME
def test_an_added_holiday_never_makes_it_earlier(period, day, holidays, added):
    before = [str(one) for one in holidays]
    due = {"period": period, "after": "x", "roll": "following", "minimum": "2 working days"}
    without = day_of(due | {"calendar": {"holidays": before}}, day)
    assert without <= day_of(due | {"calendar": {"holidays": [*before, str(added)]}}, day)


@given(PERIODS, DAYS, st.lists(CLOSED, min_size=1, max_size=4), st.sampled_from(["skip", "extend"]))
@SOME
def test_a_pause_never_shortens(period, day, pauses, mode):
    due = {"period": period, "after": "x"}
    assert day_of(due, day) <= day_of(due | {"suspend": pauses, "suspend_mode": mode}, day)


@given(st.integers(1, 60), DAYS, st.lists(CLOSED, min_size=1, max_size=4), SIDES)
@SOME
def test_skipping_agrees_with_counting_day_by_day(days, day, pauses, side):
    spans = [(date.fromisoformat(one["from"]), date.fromisoformat(one["to"])) for one in pauses]
    step, end, left = timedelta(days=1 if side == "after" else -1), day, days
    while left:
        end += step
        left -= not any(start <= end <= last for start, last in spans)
    assert day_of({"period": f"{days} days", side: "x", "suspend": pauses}, day) == end


@given(SWITCHES, SIDES, DAYS, st.integers(1, 70), st.lists(CLOSED, max_size=3), HOLIDAYS)
@SOME
def test_the_window_of_a_half_known_date_holds_the_result_of_every_day_it_can_mean(
    due, side, day, width, pauses, holidays
):
    assume(pauses or holidays)
    due = (
        due
        | {side: "x", "calendar": {"holidays": [str(one) for one in holidays]}}
        | ({"suspend": pauses} if pauses else {})
    )
    ends = [day_of(due, day + timedelta(days=number)) for number in range(width)]
    known = compute(Due.model_validate(due), {"x": Window(day, day + timedelta(days=width - 1))}, Calendars()).window
    assert known == Window(min(ends), max(ends))


@given(DAYS, st.integers(0, 40))
@SOME
def test_the_ways_to_end_a_month_differ_only_where_the_month_lacks_the_day_or_ends(day, months):
    ends = {
        end: day_of({"period": f"{months} months", "after": "x", "month_end": end}, day)
        for end in ("clamp", "next_day")
    }
    assert (ends["next_day"] - ends["clamp"]).days == (ends["clamp"].day != day.day)


def test_the_machine_s_zone_and_language_change_nothing():
    script = (
        "import locale; locale.setlocale(locale.LC_ALL, '')\n"
        "from rules.calendars.calendar import SHIPPED, Calendars\n"
        "from rules.counting.deadline import calculate_lines\n"
        "import json, sys\n"
        "cases = open('tests/cases/deadlines.jsonl').readlines()[:20]\n"
        "cases.append(json.dumps({'due': {'period': '10 working days', 'after': '2026-04-24', 'calendar': 'nl'}}))\n"
        "print(json.dumps(list(calculate_lines(cases, Calendars.load([SHIPPED])[0]))))"
    )
    root = Path(__file__).parent.parent
    answers = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=root,
            env=environment(root) | {"TZ": zone, "LANG": language, "LC_ALL": language},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone, language in (("Pacific/Kiritimati", "C.UTF-8"), ("America/Los_Angeles", "C"))
    }
    assert len(answers) == 1
    assert "King's Day" in answers.pop()


def test_a_window_of_two_hundred_years_is_answered_at_once():
    due = {"period": "1 month", "after": "x", "suspend": [{"from": "08-01", "to": "08-31"}]}
    began = time.perf_counter()
    count(due, x="1900-01-01/2100-12-31")
    assert time.perf_counter() - began < 5


# ------------------------------------------------------------------------------------------------- the documentation

GUIDE = (Path(__file__).parent.parent / "docs" / "counting-time.md").read_text()
EXAMPLES = re.findall(r"^(.*?) +# → (\S+)$", GUIDE, re.MULTILINE)


@pytest.mark.parametrize(("due", "expect"), EXAMPLES)
def test_an_example_in_the_guide_comes_out(shipped, due, expect):
    document, problems = parse(f"due: {due}\n", "counting-time.md")
    assert problems == ()
    assert count(document.value["due"], shipped) == expect


def test_every_switch_is_in_the_guide():
    assert len(EXAMPLES) > 40
    assert [name for name in Due.model_fields if f"`{name}" not in GUIDE and name != "stated"] == []


def test_the_calendar_in_the_guide_reads(tmp_path):
    (example,) = re.findall(r"```\n(calendar: our-office\n.*?)```", GUIDE, re.DOTALL)
    (tmp_path / "our-office.yaml").write_text(example)
    calendars, problems = Calendars.load([SHIPPED, tmp_path])
    assert problems == ()
    assert calendars.get("our-office").off(date(2026, 5, 15)) == "equated by decree"
