"""When exactly people are told: dates worked out by hand, every zone there is, and zones that change their mind."""

import logging
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from zones import LONG_AGO, made_zones

from commitments import store
from engine.service.ping import Ping
from engine.service.reload import Watched
from engine.service.server import Service
from engine.session import open_session
from engine.workspace import clock
from engine.workspace.recipients import Recipient
from notifications.content.slots import Cadence, last_slot, next_slots
from rules.calendars.calendar import SHIPPED, Calendars

AMS, LON, NYC = "Europe/Amsterdam", "Europe/London", "America/New_York"
HAVANA, CAIRO, HOWE, APIA = "America/Havana", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia"
CASABLANCA = "Africa/Casablanca"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(slot: datetime, zone: str) -> str:
    return slot.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes")


# The first slot after a moment (UTC). In Amsterdam summer time is +02:00, from the last Sunday of March, 02:00, to the
# last Sunday of October, 03:00.
DATES = [
    # ------------------------------------------------------------------------- leap days and the ends of months
    ("29th of the month 08:00", AMS, "2024-02-01", "2024-02-29T08:00+01:00"),  # 2024 = 4 × 506: February has a 29th
    ("29th of the month 08:00", AMS, "2023-02-01", "2023-02-28T08:00+01:00"),  # no 29th: the last day
    ("29th of the month 08:00", "UTC", "2100-02-01", "2100-02-28T08:00+00:00"),  # by 100 and not by 400: no leap year
    ("29th of the month 08:00", "UTC", "2000-02-01", "2000-02-29T08:00+00:00"),  # by 400: a leap year
    ("30th of the month 08:00", AMS, "2024-02-01", "2024-02-29T08:00+01:00"),  # the 30th, in a leap year's February
    ("30th of the month 08:00", AMS, "2023-02-01", "2023-02-28T08:00+01:00"),  # and in another's
    ("30th of the month 08:00", AMS, "2024-02-29 12:00", "2024-03-30T08:00+01:00"),  # then the 30th again, not the 29th
    ("31st of the month 08:00", AMS, "2024-03-01", "2024-03-31T08:00+02:00"),  # summer time since that night
    ("31st of the month 08:00", AMS, "2024-03-31 12:00", "2024-04-30T08:00+02:00"),  # April has 30 days
    ("31st of the month 08:00", AMS, "2024-12-31 12:00", "2025-01-31T08:00+01:00"),  # December and January have 31
    ("31st of the month 08:00", AMS, "2025-01-31 12:00", "2025-02-28T08:00+01:00"),  # 28 days after that
    ("28th of the month 08:00", AMS, "2024-02-28 12:00", "2024-03-28T08:00+01:00"),  # the leap day is no second 28th
    ("1st of the month 08:00", AMS, "2024-02-29 12:00", "2024-03-01T08:00+01:00"),  # the day after the leap day
    (
        "1st of the month 00:00",
        AMS,
        "2026-12-31 22:30",
        "2027-01-01T00:00+01:00",
    ),  # 23:30 in Amsterdam: in half an hour
    ("daily 07:30", AMS, "2024-02-28 12:00", "2024-02-29T07:30+01:00"),  # the leap day is a day
    ("daily 07:30", AMS, "2023-02-28 12:00", "2023-03-01T07:30+01:00"),  # and where there is none, none
    ("weekdays 07:30", AMS, "2024-02-28 12:00", "2024-02-29T07:30+01:00"),  # Wednesday, so the leap day is a Thursday
    ("Thursdays 09:00", AMS, "2024-02-23", "2024-02-29T09:00+01:00"),  # the same Thursday
    ("Mondays and Thursdays 09:00", AMS, "2024-02-26 12:00", "2024-02-29T09:00+01:00"),  # from Monday to Thursday
    ("Mondays and Thursdays 09:00", AMS, "2024-02-29 12:00", "2024-03-04T09:00+01:00"),  # 29 February and four days
    # ------------------------------------------------------------------------- ISO weeks and the turn of the year
    # 1 January 2026 is a Thursday, so 2026 has a week 53, and 1 January 2027 is a Friday; 2020 began on a Wednesday in
    # a leap year, so it has one too: Monday 28 December 2020 to Sunday 3 January 2021.
    ("Mondays 09:00", AMS, "2020-12-28 12:00", "2021-01-04T09:00+01:00"),  # a week on: Monday of week 1
    ("Sundays 09:00", AMS, "2020-12-31", "2021-01-03T09:00+01:00"),  # the last day of week 53
    ("Thursdays 09:00", AMS, "2026-12-28", "2026-12-31T09:00+01:00"),  # week 53, in the old year
    ("Fridays 09:00", AMS, "2026-12-31 12:00", "2027-01-01T09:00+01:00"),  # week 53, in the new year
    ("Mondays 09:00", AMS, "2026-12-28 12:00", "2027-01-04T09:00+01:00"),  # week 1 of 2027
    ("Mondays 09:00", AMS, "2024-12-28", "2024-12-30T09:00+01:00"),  # week 1 of 2025, in 2024
    (
        "Tuesdays, Wednesdays and Fridays 06:45",
        AMS,
        "2026-12-30 12:00",
        "2027-01-01T06:45+01:00",
    ),  # Wednesday to Friday
    ("weekdays 07:30", AMS, "2027-12-31 12:00", "2028-01-03T07:30+01:00"),  # 31 December 2027 is a Friday: Monday
    ("Saturdays and Sundays 10:00", AMS, "2026-12-25 12:00", "2026-12-26T10:00+01:00"),  # Friday to Saturday
    ("daily 23:59", AMS, "2026-12-31 22:59", "2027-01-01T23:59+01:00"),  # the year's last minute has come: not it again
    ("daily 00:00", "Pacific/Kiritimati", "2026-12-31 10:00", "2027-01-02T00:00+14:00"),  # it is 2027 there since now
    ("daily 23:00", "Pacific/Pago_Pago", "2027-01-01 09:00", "2026-12-31T23:00-11:00"),  # 22:00 of the old year there
    # ------------------------------------------------------------------------- the clock goes forward
    ("daily 02:30", AMS, "2027-03-27 12:00", "2027-03-28T03:00+02:00"),  # 02:00 to 03:00: the gap's end
    ("daily 02:30", AMS, "2027-03-28 12:00", "2027-03-29T02:30+02:00"),  # the day after it is as it says
    ("daily 01:30", LON, "2027-03-27 12:00", "2027-03-28T02:00+01:00"),  # 01:00 to 02:00
    ("Sundays 02:30", NYC, "2027-03-13 12:00", "2027-03-14T03:00-04:00"),  # second Sunday of March, 02:00 to 03:00
    ("daily 00:00", HAVANA, "2027-03-13 12:00", "2027-03-14T01:00-04:00"),  # the same Sunday has no midnight there
    ("daily 00:00", CAIRO, "2027-04-29 12:00", "2027-04-30T01:00+03:00"),  # last Friday of April: no midnight
    ("daily 00:00", "Asia/Beirut", "2027-03-27 12:00", "2027-03-28T01:00+03:00"),  # last Sunday of March: none
    ("daily 02:15", HOWE, "2027-10-02 00:00", "2027-10-03T02:30+11:00"),  # half an hour: 02:00 to 02:30
    ("daily 03:00", "Pacific/Chatham", "2027-09-25 00:00", "2027-09-26T03:45+13:45"),  # 02:45 to 03:45
    ("daily 02:30", "Antarctica/Troll", "2027-03-27 12:00", "2027-03-28T03:00+02:00"),  # two hours: 01:00 to 03:00
    ("Saturdays 23:30", "America/Nuuk", "2027-03-27 12:00", "2027-03-28T00:00-01:00"),  # 23:00 to 24:00: on Sunday
    # ------------------------------------------------------------------------- the clock goes back
    ("daily 02:30", AMS, "2027-10-30 12:00", "2027-10-31T02:30+02:00"),  # the first of the two
    ("daily 02:30", AMS, "2027-10-31 00:30", "2027-11-01T02:30+01:00"),  # after it not the second
    ("daily 01:30", LON, "2027-10-30 12:00", "2027-10-31T01:30+01:00"),  # the first of the two
    ("daily 01:15", NYC, "2027-11-06 12:00", "2027-11-07T01:15-04:00"),  # first Sunday of November
    ("daily 00:30", HAVANA, "2027-11-06 12:00", "2027-11-07T00:30-04:00"),  # the same Sunday, 01:00 to 00:00
    ("daily 23:30", CAIRO, "2027-10-28 12:00", "2027-10-28T23:30+03:00"),  # last Thursday of October, 24:00 to 23:00
    ("daily 23:30", CAIRO, "2027-10-28 20:30", "2027-10-29T23:30+02:00"),  # not twice on that Thursday
    ("daily 01:45", HOWE, "2027-04-03 00:00", "2027-04-04T01:45+11:00"),  # 02:00 to 01:30: 01:45 is there twice
    ("daily 02:15", HOWE, "2027-04-03 00:00", "2027-04-04T02:15+10:30"),  # but 02:15 once, afterwards
    # ------------------------------------------------------------------------- Ramadan: +01:00, but +00:00 in its weeks
    (
        "daily 02:30",
        CASABLANCA,
        "2026-02-14 12:00",
        "2026-02-15T02:30+01:00",
    ),  # Sunday before it, 03:00 to 02:00: first
    ("daily 07:00", CASABLANCA, "2026-02-14 12:00", "2026-02-15T07:00+00:00"),  # the same morning
    ("daily 02:30", CASABLANCA, "2026-03-21 12:00", "2026-03-22T03:00+01:00"),  # Sunday after it, 02:00 to 03:00
    # ------------------------------------------------------------------------- days that never were
    # Samoa went from Thursday 29 December 2011, −10:00, to Saturday the 31st, +14:00; the instant between is 10:00 UTC.
    ("daily 07:00", APIA, "2011-12-29 17:00", "2011-12-31T00:00+14:00"),  # the slot of the 30th: the gap's end
    ("daily 07:00", APIA, "2011-12-30 10:00", "2011-12-31T07:00+14:00"),  # and after it that of the 31st
    ("Fridays 07:00", APIA, "2011-12-24", "2011-12-31T00:00+14:00"),  # the Friday that never was
    ("30th of the month 07:00", APIA, "2011-12-01", "2011-12-31T00:00+14:00"),  # the same day by its number
    ("daily 00:00", APIA, "2011-12-29 10:00", "2011-12-31T00:00+14:00"),  # both days' slots are one instant
    ("daily 00:00", APIA, "2011-12-30 10:00", "2012-01-01T00:00+14:00"),  # which is not told twice
    # Kwajalein had no Saturday 21 August 1993: from −12:00 to +12:00 at its beginning.
    ("daily 07:00", "Pacific/Kwajalein", "1993-08-20 19:00", "1993-08-22T00:00+12:00"),
]


@pytest.mark.parametrize(("cadence", "zone", "after", "expected"), DATES)
def test_the_first_slot_after_a_moment(cadence, zone, after, expected):
    after, cadence = utc(after), Cadence.parse(cadence)
    (slot,) = next_slots(cadence, zone, after, 1)
    assert local(slot, zone) == expected
    assert last_slot(cadence, zone, slot) == slot
    assert last_slot(cadence, zone, slot - timedelta(seconds=1)) <= after


# ------------------------------------------------------------------------------------------------- every zone


def weeks_of_change(zone):
    """The weeks of 2024 to 2030 in which a zone's offset changes: the moment each begins."""
    there, start = ZoneInfo(zone), utc("2024-01-01")
    moments = [start + timedelta(weeks=number) for number in range(366)]
    offsets = [moment.astimezone(there).utcoffset() for moment in moments]
    return [moment for moment, (before, after) in zip(moments, pairwise(offsets), strict=False) if before != after]


@pytest.mark.parametrize("at", ["00:00", "02:30", "07:00"])
def test_in_every_zone_the_days_about_each_change_have_one_slot_each_in_order(at):
    """The days between are in benchmarks/slots.py."""
    cadence = Cadence.parse(f"daily {at}")
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        for week in weeks_of_change(name):
            slots = next_slots(cadence, name, week - timedelta(days=1), 10)
            days = [slot.astimezone(zone).date() for slot in slots]
            assert days == [days[0] + timedelta(days=number) for number in range(10)], (name, week)
            assert all(earlier < later for earlier, later in pairwise(slots)), (name, week)


# ------------------------------------------------------------------------------------------------- zones that change


def noon(month, day):
    return datetime(2026, month, day, 12, tzinfo=UTC)


@pytest.fixture
def served(workspace, tmp_path, monkeypatch):
    """A service in a zone of its own, +01:00 for ever; functions that let it pass at a moment and change the zone."""
    with made_zones(tmp_path / "zones") as make:
        make("Europe/Newland", {LONG_AGO: 1})
        settings = tmp_path / "gestand.yaml"
        settings.write_text(settings.read_text().replace("Europe/Amsterdam", "Europe/Newland"))
        with open_session(tmp_path) as session, closing(Watched(session)) as watched:
            service = Service(watched=watched, interval=30, ping=Ping(""))

            def live(now):
                monkeypatch.setattr("engine.workspace.clock.now", lambda: now)
                service.clocks.wall, service.clocks.run = now, clock.running()
                return service.turn()

            yield session.store, live, lambda offsets: make("Europe/Newland", offsets)


def slots_of(base, address):
    with base.reading() as tx:
        query = store.digest.select().where(store.digest.c.recipient == address).order_by(store.digest.c.slot)
        return [row.slot for row in tx.execute(query)]


def told_twice(base):
    with base.reading() as tx:
        told = [(row.recipient, row.notice) for row in tx.execute(store.told.select())]
    return len(told) - len(set(told))


@pytest.mark.at("2026-11-25T09:00")
def test_a_zone_that_changes_its_future_moves_the_slots_to_come_and_none_that_were(served, caplog):
    base, live, change = served
    caplog.set_level(logging.INFO, "gestand")
    live(noon(11, 25))
    live(noon(11, 26))
    past = slots_of(base, "clerk@example.org")
    assert past == ["2026-11-25T06:30:00+00:00", "2026-11-26T06:30:00+00:00"]
    # From 1 December on it is +03:00: decided while the service runs.
    change({LONG_AGO: 1, datetime(2026, 12, 1, tzinfo=UTC): 3})
    for moment in (noon(11, 26), noon(11, 27), noon(11, 30), noon(12, 1), noon(12, 2)):
        live(moment)
    assert slots_of(base, "clerk@example.org") == [
        *past,
        "2026-11-27T06:30:00+00:00",
        "2026-11-30T06:30:00+00:00",
        "2026-12-01T04:30:00+00:00",
        "2026-12-02T04:30:00+00:00",
    ]
    assert told_twice(base) == 0
    assert caplog.text.count("time zones read anew") == 1


@pytest.mark.at("2026-11-26T09:00")
def test_a_change_that_is_learnt_of_late_tells_nobody_twice(served, tmp_path):
    """It was +03:00 since the day before: the slot of today would have been at 04:30 UTC, and was served at 06:30."""
    base, live, change = served
    live(noon(11, 26))
    sent = sorted((tmp_path / "outbox").glob("*.eml"))
    change({LONG_AGO: 1, noon(11, 25): 3})
    live(noon(11, 26))
    live(datetime(2026, 11, 26, 13, tzinfo=UTC))
    assert told_twice(base) == 0
    assert sorted((tmp_path / "outbox").glob("*.eml")) == sent


# ------------------------------------------------------------------------------------------------- quiet days

# Days off of the calendar nl: weekends, Good Friday, Easter Monday (6 April 2026), King's Day (27 April), 5 May,
# Ascension (14 May 2026, by decree the 15th), Christmas (25 and 26 December), 1 January (in 2026 by decree the 2nd).
QUIET_DATES = [
    ("daily 07:30", "2026-04-02 12:00", "2026-04-07T07:30+02:00"),  # Friday to Monday is Easter
    ("daily 07:30", "2026-12-24 12:00", "2026-12-28T07:30+01:00"),  # Christmas on Friday and Saturday, then Sunday
    ("weekdays 07:30", "2026-12-31 12:00", "2027-01-04T07:30+01:00"),  # Friday is 1 January, then the weekend
    ("weekdays 07:30", "2025-12-31 12:00", "2026-01-05T07:30+01:00"),  # Thursday, and Friday by decree
    ("weekdays 07:30", "2026-04-24 12:00", "2026-04-28T07:30+02:00"),  # King's Day is a Monday
    ("Mondays 09:00", "2026-04-03 12:00", "2026-04-13T09:00+02:00"),  # not on Easter Monday, but a week later
    ("Mondays and Thursdays 09:00", "2026-05-11 12:00", "2026-05-18T09:00+02:00"),  # not on Ascension: the Monday after
    ("Saturdays and Tuesdays 09:00", "2026-05-01 12:00", "2026-05-12T09:00+02:00"),  # the 2nd, 9th: Saturdays; 5 May
    ("1st of the month 08:00", "2026-12-15", "2027-01-04T08:00+01:00"),  # Friday 1 January, moved to Monday
    ("1st of the month 08:00", "2026-07-15", "2026-08-03T08:00+02:00"),  # 1 August is a Saturday
    ("1st of the month 08:00", "2026-08-03 12:00", "2026-09-01T08:00+02:00"),  # a Tuesday: as it says
    ("31st of the month 08:00", "2026-02-01 12:00", "2026-02-02T08:00+01:00"),  # January's, from Saturday to Monday
    ("31st of the month 08:00", "2026-02-02 12:00", "2026-03-02T08:00+01:00"),  # 28 February is a Saturday too
    ("31st of the month 08:00", "2026-03-02 12:00", "2026-03-31T08:00+02:00"),  # March has its own, a Tuesday
    ("29th of the month 08:00", "2028-02-01", "2028-02-29T08:00+01:00"),  # the leap day is a Tuesday
    ("25th of the month 08:00", "2026-12-01", "2026-12-28T08:00+01:00"),  # Christmas, moved over the weekend
]


@pytest.mark.parametrize(("cadence", "after", "expected"), QUIET_DATES)
def test_the_first_slot_after_a_moment_where_days_off_are_quiet(cadence, after, expected):
    calendars, problems = Calendars.load([SHIPPED])
    assert problems == ()
    reader = Recipient(name="Clerk", address="clerk@example.org", cadence=cadence, quiet="nl")
    quiet = reader.quiet_days(calendars)
    (slot,) = next_slots(reader.cadence, AMS, utc(after), 1, quiet)
    assert local(slot, AMS) == expected
    assert last_slot(reader.cadence, AMS, slot, quiet) == slot
    assert last_slot(reader.cadence, AMS, slot - timedelta(seconds=1), quiet) <= utc(after)


def test_after_a_recess_one_slot_makes_up_for_the_months_in_it():
    """Two first days lie in it, and the slot of both is the first day after it."""

    def recess(day):
        return date(2026, 7, 10) <= day <= date(2026, 9, 7)

    slots = next_slots(Cadence.parse("1st of the month 08:00"), "UTC", utc("2026-07-01 12:00"), 2, recess)
    assert slots == [utc("2026-09-08 08:00"), utc("2026-10-01 08:00")]
