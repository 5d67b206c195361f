"""When people are told: cadences in words, and slots in every kind of zone."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from notifications.content.slots import (
    Cadence,
    NotACadenceError,
    instant,
    last_slot,
    missed_slots,
    next_slots,
)

AMSTERDAM = "Europe/Amsterdam"
FORMS = '"weekdays 07:30", "daily 07:30", "Mondays and Thursdays 09:00" or "1st of the month 08:00"'


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("weekdays 07:30", "weekdays 07:30"),
        ("daily 7:30", "daily 07:30"),  # one digit
        ("Mondays 09:00", "Mondays 09:00"),
        ("mondays and thursdays 09:00", "Mondays and Thursdays 09:00"),  # small letters
        ("Fridays, Mondays and Wednesdays 09:00", "Mondays, Wednesdays and Fridays 09:00"),  # in the week's order
        ("Monday 09:00", "Mondays 09:00"),  # singular
        ("1st of the month 08:00", "1st of the month 08:00"),
        ("22nd of the month 08:00", "22nd of the month 08:00"),
        ("13th of the month 08:00", "13th of the month 08:00"),  # not 13rd
        ("31st  of the  month 00:00", "31st of the month 00:00"),  # spaces
    ],
)
def test_a_cadence_is_written_in_words(written, means):
    assert str(Cadence.parse(written)) == means
    assert Cadence.parse(means) == Cadence.parse(written)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("weekdays", "it needs days and a time of day"),
        ("07:30", "it names no days"),
        ("Mondags 09:00", "'mondag' is not a day of the week"),
        ("daily 25:00", "there is no 25:00 on the clock"),
        ("32nd of the month 08:00", "no month has a day 32"),
        ("0th of the month 08:00", "no month has a day 0"),
        (730, "it needs days and a time of day"),  # a number
        (None, "it needs days and a time of day"),  # nothing
    ],
)
def test_what_is_no_cadence_is_told_with_what_to_write(written, why):
    with pytest.raises(NotACadenceError) as caught:
        Cadence.parse(written)
    assert str(caught.value) == f"{written!r} does not say when: {why}; write {FORMS}"


def test_settings_hold_a_cadence():
    class Recipient(BaseModel):
        cadence: Cadence

    recipient = Recipient(cadence="daily 07:30")
    assert recipient.cadence == Cadence(time(7, 30), tuple(range(7)))
    assert recipient.model_dump() == {"cadence": "daily 07:30"}
    assert Recipient.model_json_schema()["properties"]["cadence"]["type"] == "string"


@pytest.mark.parametrize(
    ("cadence", "now", "slot"),
    [
        ("weekdays 07:30", "2018-08-13 05:29", "2018-08-10 05:30"),  # Monday, a minute early: Friday's
        ("weekdays 07:30", "2018-08-13 05:30", "2018-08-13 05:30"),  # on the minute
        ("weekdays 07:30", "2018-08-12 12:00", "2018-08-10 05:30"),  # Sunday
        ("Mondays 09:00", "2021-01-02 12:00", "2020-12-28 08:00"),  # T6: ISO week 53
        ("1st of the month 08:00", "2018-08-13 05:30", "2018-08-01 06:00"),
        ("31st of the month 08:00", "2023-03-01 12:00", "2023-02-28 07:00"),  # T6: the last of a short month
        ("31st of the month 08:00", "2024-03-01 12:00", "2024-02-29 07:00"),  # T6: a leap year
        ("29th of the month 08:00", "2024-02-29 12:00", "2024-02-29 07:00"),  # T6: the leap day
        ("30th of the month 08:00", "2018-05-31 12:00", "2018-05-30 06:00"),  # T6: not the 31st
        ("daily 02:30", "2027-03-28 12:00", "2027-03-28 01:00"),  # T1: the gap's end, 03:00 by the new time
        ("daily 02:30", "2027-10-31 12:00", "2027-10-31 00:30"),  # T1: the first of the two
    ],
)
def test_the_last_slot_is_the_latest_that_is_not_ahead(cadence, now, slot):
    assert last_slot(Cadence.parse(cadence), AMSTERDAM, utc(now)) == utc(slot)


@pytest.mark.parametrize(
    ("zone", "day", "at", "slot"),
    [
        ("Africa/Cairo", "2027-04-30", "00:00", "2027-04-29 22:00"),  # no midnight on this day: 01:00
        ("Asia/Beirut", "2027-03-28", "00:00", "2027-03-27 22:00"),  # the same
        ("America/Havana", "2027-03-14", "00:00", "2027-03-14 05:00"),  # the same
        ("America/Havana", "2027-11-07", "00:30", "2027-11-07 04:30"),  # twice 00:30
        ("Australia/Lord_Howe", "2027-10-03", "02:15", "2027-10-02 15:30"),  # half an hour is skipped
        ("Australia/Lord_Howe", "2027-04-04", "01:45", "2027-04-03 14:45"),  # half an hour comes twice
        ("Pacific/Kiritimati", "2027-01-01", "07:00", "2026-12-31 17:00"),  # UTC+14
        ("Pacific/Apia", "2011-12-30", "07:00", "2011-12-30 10:00"),  # a day that was skipped: the next midnight
    ],
)
def test_a_gap_gives_the_first_instant_after_it_and_a_fold_the_first_of_two(zone, day, at, slot):
    assert instant(date.fromisoformat(day), time.fromisoformat(at), zone) == utc(slot)


ZONES = [AMSTERDAM, "Africa/Cairo", "Asia/Beirut", "America/Havana", "Australia/Lord_Howe", "Pacific/Kiritimati"]


@pytest.mark.parametrize("zone", [*ZONES, "Pacific/Apia", "America/Scoresbysund", "Africa/Casablanca", "UTC"])
@pytest.mark.parametrize("at", ["00:00", "02:30", "07:00"])
def test_every_local_day_from_2024_to_2030_has_one_slot_in_order(zone, at):
    slots = next_slots(Cadence.parse(f"daily {at}"), zone, utc("2024-01-02"), 2550)
    assert all(earlier < later for earlier, later in pairwise(slots))
    days = [slot.astimezone(ZoneInfo(zone)).date() for slot in slots]
    assert days == [days[0] + timedelta(days=number) for number in range(2550)]


def test_a_day_that_a_zone_skipped_makes_no_slot_twice():
    slots = next_slots(Cadence.parse("daily 00:00"), "Pacific/Apia", utc("2011-12-28 12:00"), 3)
    assert slots == [utc("2011-12-29 10:00"), utc("2011-12-30 10:00"), utc("2011-12-31 10:00")]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.sampled_from(["daily 00:00", "weekdays 02:30", "Sundays 23:45", "31st of the month 00:30"]),
    st.integers(int(utc("2024-01-01").timestamp()), int(utc("2030-12-31").timestamp())),
)
def test_the_last_slot_and_the_next_leave_nothing_between_them(zone, cadence, now):
    cadence, now = Cadence.parse(cadence), datetime.fromtimestamp(now, UTC)
    last, following = last_slot(cadence, zone, now), next_slots(cadence, zone, now, 1)[0]
    assert last <= now < following
    assert next_slots(cadence, zone, last, 1) == [following]
    assert last_slot(cadence, zone, following) == following
    assert missed_slots(cadence, zone, last, following) == 0


@pytest.mark.parametrize(
    ("since", "slot", "missed"),
    [
        ("2018-08-10 05:30", "2018-08-13 05:30", 0),  # Friday to Monday: a weekend is not missed
        ("2018-08-10 05:30", "2018-08-15 05:30", 2),
        ("2017-08-14 05:30", "2018-08-13 05:30", 259),  # a year
    ],
)
def test_the_slots_that_one_digest_makes_up_for_are_counted(since, slot, missed):
    assert missed_slots(Cadence.parse("weekdays 07:30"), AMSTERDAM, utc(since), utc(slot)) == missed


def test_slots_end_before_the_last_day_that_there_is():
    daily, evening = Cadence.parse("daily 23:30"), utc("9999-12-29T12:00")
    assert next_slots(daily, "America/New_York", evening, 9) == [
        utc("9999-12-30T04:30"),
        utc("9999-12-31T04:30"),
    ]
    assert missed_slots(daily, "America/New_York", evening, datetime.max.replace(tzinfo=UTC)) == 2
