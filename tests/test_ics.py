"""Deadlines for calendar programs: exact for one letter, and read back line by line as RFC 5545 has them."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_digest import EARLY, ITEMS, LETTER, MOVED, PLEDGE, WITHDRAWN, commitment, digest, standing

from commitments.model.commitment import Status
from commitments.model.dates import Window
from notifications.content.languages import LANGUAGES
from notifications.content.notice import Reason
from notifications.message.ics import Entry, calendar, entries

KNOWN = datetime(2018, 7, 13, 9, 0, 0, 123456, tzinfo=UTC)
TODAY = date(2018, 8, 13)


def made(*items, language="en", today=TODAY, base="") -> bytes:
    words = LANGUAGES[language]
    found = entries(words, digest(language, *items), base=base)
    return calendar(found, title=words.heading, language=language, domain="example.org", today=today)


def unfolded(body: bytes) -> list[str]:
    """The lines of a calendar (RFC 5545, 3.1), which are at most 75 octets and end with CRLF."""
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert b"\r" not in body.replace(b"\r\n", b"")
    assert max(map(len, body.split(b"\r\n"))) <= 75
    return body.replace(b"\r\n ", b"").decode().removesuffix("\r\n").split("\r\n")


def components(body: bytes, name: str) -> list[dict[str, str]]:
    """The properties of each component of that name, those of its alarm left out."""
    text = "\n".join(unfolded(body))
    blocks = re.findall(rf"BEGIN:{name}\n(.*?)\nEND:{name}", text, re.DOTALL)
    plain = (re.sub(r"BEGIN:VALARM\n.*?\nEND:VALARM", "", block, flags=re.DOTALL) for block in blocks)
    return [dict(line.split(":", 1) for line in block.splitlines() if line) for block in plain]


TEXT = (
    "DESCRIPTION:Owed by Example Ministry\\n34964-B · dossier 34 964 · to Example Chamber\\n"
    "4 weeks after the letter of 13 July 2018\\n“binnen vier weken na dagtekening van deze brief”\\n"
    "Kamerstukken I 2017-2018\\, 34 964\\, B\\, letter of 13 July 2018"
)


def test_the_letter_of_13_july_2018_as_an_event_and_a_to_do():
    letter = replace(
        LETTER,
        revision=2,
        changed_at=KNOWN,
        commitment=commitment("34964-B", title="Reply; on the Compact, \\ and", dossier="34 964"),
    )
    assert unfolded(made(letter, base="https://gestand.example.org", today=date(2018, 8, 2))) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Gestand//Commitments//EN",
        "CALSCALE:GREGORIAN",
        "NAME:Commitments",
        "X-WR-CALNAME:Commitments",
        "REFRESH-INTERVAL;VALUE=DURATION:P1D",
        "BEGIN:VEVENT",
        "SUMMARY:Reply\\; on the Compact\\, \\\\ and",
        "DTSTART;VALUE=DATE:20180810",
        "DTEND;VALUE=DATE:20180811",  # the day after (RFC 5545, 3.6.1)
        "DTSTAMP:20180713T090000Z",
        "UID:34964-B/r@example.org",
        "SEQUENCE:2",
        "CATEGORIES:reply",
        TEXT,
        "LAST-MODIFIED:20180713T090000Z",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "URL:https://gestand.example.org/commitments/34964-B",
        "END:VEVENT",
        "BEGIN:VTODO",
        "CATEGORIES:reply",
        TEXT,
        "DTSTAMP:20180713T090000Z",
        "DUE;VALUE=DATE:20180810",
        "LAST-MODIFIED:20180713T090000Z",
        "SEQUENCE:2",
        "STATUS:NEEDS-ACTION",
        "SUMMARY:Reply\\; on the Compact\\, \\\\ and",
        "UID:34964-B/r/todo@example.org",
        "URL:https://gestand.example.org/commitments/34964-B",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "DESCRIPTION:Reply\\; on the Compact\\, \\\\ and",
        "TRIGGER;RELATED=END:-P7D",
        "END:VALARM",
        "END:VTODO",
        "END:VCALENDAR",
    ]


def test_the_same_deadlines_make_the_same_bytes():
    assert made() == made()


def test_only_what_has_a_date_is_there_once_by_a_name_of_its_own():
    body = made()
    dated = [item for item in ITEMS if item.standing.current]
    names = [part["UID"] for kind in ("VEVENT", "VTODO") for part in components(body, kind)]
    assert len(set(names)) == len(names) == 2 * len(dated)


@pytest.mark.parametrize(
    ("item", "event", "todo"),
    [
        (LETTER, "CONFIRMED", "NEEDS-ACTION"),
        (PLEDGE, "TENTATIVE", "NEEDS-ACTION"),  # "2019"
        (replace(LETTER, standing=standing(Status.OVERDUE, "2018-08-10", partly=True)), "CONFIRMED", "IN-PROCESS"),
        (EARLY, "CONFIRMED", "COMPLETED"),
        (replace(WITHDRAWN, standing=standing(Status.WITHDRAWN, "2018-09-01")), "CANCELLED", "CANCELLED"),
        (replace(WITHDRAWN, standing=standing(Status.LAPSED, "2018-09-01")), "CANCELLED", "CANCELLED"),
    ],
)
def test_what_became_of_it_is_its_status(item, event, todo):
    body = made(item)
    (as_event,), (as_todo,) = components(body, "VEVENT"), components(body, "VTODO")
    assert (as_event["STATUS"], as_todo["STATUS"]) == (event, todo)


def test_what_is_fulfilled_says_so_and_when():
    (todo,) = components(made(EARLY, language="nl"), "VTODO")
    assert todo["SUMMARY"] == "Answer to the letter of 31 May 2018 (voldaan)"
    assert (todo["COMPLETED"], todo["PERCENT-COMPLETE"]) == ("20180620T120000Z", "100")
    assert "voldaan op 20 juni 2018" in todo["DESCRIPTION"]


def test_a_half_known_deadline_spans_its_days():
    body = made(PLEDGE)
    (event,), (todo,) = components(body, "VEVENT"), components(body, "VTODO")
    assert (event["DTSTART;VALUE=DATE"], event["DTEND;VALUE=DATE"]) == ("20190101", "20200101")
    assert (todo["DTSTART;VALUE=DATE"], todo["DUE;VALUE=DATE"]) == ("20190101", "20191231")
    assert "TRIGGER;RELATED=START:-P7D" in unfolded(body)


def test_a_date_that_moved_has_the_same_name_and_a_higher_sequence():
    before = replace(MOVED, standing=standing(Status.PENDING, "2018-08-24"), revision=0)
    (old,), (new,) = components(made(before), "VEVENT"), components(made(replace(MOVED, revision=1)), "VEVENT")
    assert old["UID"] == new["UID"]
    assert (old["DTSTART;VALUE=DATE"], old["SEQUENCE"]) == ("20180824", "0")
    assert (new["DTSTART;VALUE=DATE"], new["SEQUENCE"]) == ("20180914", "1")


@pytest.mark.parametrize(
    ("today", "calls"),
    [(date(2018, 8, 2), True), (date(2018, 8, 3), False), (date(2018, 8, 13), False)],
)
def test_an_alarm_that_is_past_rings_for_nobody(today, calls):
    assert (b"BEGIN:VALARM" in made(LETTER, today=today)) is calls


def test_only_an_address_on_the_web_is_linked():
    evil = replace(LETTER, reason=Reason(rule="r", url="javascript:alert(1)"))
    good = replace(LETTER, reason=Reason(rule="r", url="https://example.org/a;b,c"))
    assert "URL" not in components(made(evil), "VEVENT")[0]
    assert components(made(good), "VEVENT")[0]["URL"] == "https://example.org/a;b,c"


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200))
def test_no_text_adds_a_line_and_every_text_comes_back(text):
    evil = f"x{text}\r\nEND:VEVENT\r\nBEGIN:VALARM"
    item = replace(LETTER, commitment=commitment("a", title=evil))
    body = made(item)
    names = [line.partition(":")[0].partition(";")[0] for line in unfolded(body)]
    assert names == [line.partition(":")[0].partition(";")[0] for line in unfolded(made(LETTER))]
    (event,) = icalendar.Calendar.from_ical(body).walk("VEVENT")
    assert str(event["SUMMARY"]) == " ".join(str(event["SUMMARY"]).split())
    assert "END:VEVENT BEGIN:VALARM" in str(event["SUMMARY"])


def by_the_library(one: Entry, calls: bool) -> bytes:
    """The event and the to-do of a deadline as icalendar writes them."""
    event, todo = icalendar.Event(), icalendar.Todo()
    for component, name in ((event, one.name), (todo, f"{one.name}/todo")):
        component.add("uid", f"{name}@example.org")
        component.add("sequence", one.revision)
        component.add("dtstamp", one.changed_at)
        component.add("last-modified", one.changed_at)
        component.add("summary", one.title)
        component.add("description", one.text)
        component.add("categories", [one.kind])
        if one.link:
            component.add("url", one.link)
    settled = one.status.settled
    fulfilled = one.status in {Status.FULFILLED, Status.FULFILLED_LATE}
    event.add("dtstart", one.due.earliest)
    event.add("dtend", one.due.latest + timedelta(days=1))
    sure = "CONFIRMED" if one.due.exact else "TENTATIVE"
    event.add("status", "CANCELLED" if settled and not fulfilled else sure)
    event.add("transp", "TRANSPARENT")
    if not one.due.exact:
        todo.add("dtstart", one.due.earliest)
    todo.add("due", one.due.latest)
    going = "IN-PROCESS" if one.partly else "NEEDS-ACTION"
    todo.add("status", "COMPLETED" if fulfilled else "CANCELLED" if settled else going)
    if fulfilled and one.settled_on:
        todo.add("completed", datetime.combine(one.settled_on, time(12), UTC))
        todo.add("percent-complete", 100)
    if calls and not settled:
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", one.title)
        alarm.add("trigger", timedelta(days=-7), parameters={"RELATED": "END" if one.due.exact else "START"})
        todo.add_component(alarm)
    return event.to_ical() + todo.to_ical()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
DAYS = st.dates(date(1900, 1, 1), date(2100, 1, 1))
ENTRIES = st.builds(
    Entry,
    name=TEXTS,
    revision=st.integers(0, 10**6),
    changed_at=DAYS.map(lambda day: datetime.combine(day, time(9, 30), UTC)),
    due=st.tuples(DAYS, DAYS).map(lambda days: Window(min(days), max(days))),
    status=st.sampled_from(Status),
    partly=st.booleans(),
    settled_on=st.none() | DAYS,
    title=TEXTS,
    text=TEXTS,
    kind=TEXTS,
    link=st.just("") | st.integers(1, 200).map(lambda number: f"https://example.org/{'a' * number}"),
)


@settings(max_examples=200, deadline=None)
@given(ENTRIES, DAYS)
def test_every_deadline_is_written_as_the_library_writes_it(one, today):
    body = calendar([one], title="Commitments", language="en", domain="example.org", today=today)
    empty = calendar([], title="Commitments", language="en", domain="example.org", today=today)
    begin, end = empty[: -len(b"END:VCALENDAR\r\n")], b"END:VCALENDAR\r\n"
    assert body == begin + by_the_library(one, today < one.due.earliest - timedelta(days=7)) + end


def test_a_calendar_of_nothing_is_a_calendar():
    body = calendar([], title="Commitments", language="en", domain="example.org", today=TODAY)
    assert unfolded(body)[0] == "BEGIN:VCALENDAR"
    assert unfolded(body)[-1] == "END:VCALENDAR"
