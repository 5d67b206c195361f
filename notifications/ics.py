"""Deadlines as calendar programs show them: an all-day event and a to-do each (RFC 5545). The only home of icalendar.

Outlook and Google show events and leave to-dos out; Thunderbird, Nextcloud and Apple show both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from icalendar import Alarm, Calendar, Component, Event, Todo

from commitments.dates import DAY, Window
from commitments.model import Commitment, Standing, Status
from notifications import phrases
from notifications.digest import Digest
from notifications.notice import Reason
from notifications.page import link
from notifications.words import Words

ALARM = timedelta(days=7)
"""How long before a deadline a to-do calls."""
_UNWANTED = frozenset({Status.WITHDRAWN, Status.LAPSED})
_FULFILLED = frozenset({Status.FULFILLED, Status.FULFILLED_LATE})


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A deadline as a calendar has it. `name` is its own for ever; `revision` never falls, and grows when it moves."""

    name: str
    revision: int
    changed_at: datetime
    due: Window
    status: Status
    partly: bool
    settled_on: date | None
    title: str
    text: str
    kind: str
    link: str


def entry(
    words: Words,
    commitment: Commitment,
    standing: Standing,
    reason: Reason | None,
    *,
    revision: int,
    changed_at: datetime,
    names: Mapping[str, str],
    base: str = "",
) -> Entry | None:
    """The deadline that a standing is counted against, in a language; None where its date is not known."""
    if standing.current is None:
        return None
    ended = words.settled.get(standing.status)
    title = phrases.title(commitment)
    page = link(base, commitment.id) or phrases.web_address(reason.url if reason else "")
    return Entry(
        name=f"{commitment.id}/{standing.rule}",
        revision=revision,
        changed_at=changed_at.replace(microsecond=0),
        due=standing.current,
        status=standing.status,
        partly=standing.partly,
        settled_on=standing.settled_on,
        title=f"{title} ({ended})" if ended else title,
        text="\n".join(_lines(words, commitment, standing, reason, names)),
        kind=commitment.kind,
        link=page,
    )


def _lines(
    words: Words, commitment: Commitment, standing: Standing, reason: Reason | None, names: Mapping[str, str]
) -> Iterator[str]:
    """What is worth knowing of a deadline and does not change from day to day."""
    yield words.owed_by.format(party=phrases.parties(words, commitment.by, names))
    yield phrases.reference(words, commitment, names)
    if settled := phrases.settled(words, standing):
        yield settled
    if standing.original and standing.original != standing.current:
        yield words.originally.format(date=phrases.span(words, standing.original))
    if because := phrases.because(words, reason):
        yield because
    if reason and reason.quote:
        yield f"“{phrases.clean(reason.quote)}”"
    if reason and reason.document:
        yield phrases.clean(reason.document)


def entries(words: Words, digest: Digest, *, base: str = "") -> Iterator[Entry]:
    """The deadlines that a digest tells of."""
    for _, items in digest.sections:
        for item in items:
            made = entry(
                words,
                item.commitment,
                item.standing,
                item.reason,
                revision=item.revision,
                changed_at=item.changed_at or digest.slot,
                names=digest.names,
                base=base,
            )
            if made is not None:
                yield made


def calendar(entries: Iterable[Entry], *, title: str, language: str, domain: str, today: date) -> bytes:
    """A calendar of these deadlines, the same bytes for the same ones; `domain` makes their identifiers unique.

    There is no METHOD: it is a calendar to look at or to subscribe to, not an invitation. To-dos call a week before
    those deadlines for which that is still ahead of `today`.
    """
    made = Calendar()
    made.add("version", "2.0")
    made.add("prodid", f"-//Gestand//Commitments//{language.upper()}")
    made.add("calscale", "GREGORIAN")
    made.add("name", title)
    made.add("x-wr-calname", title)
    made.add("refresh-interval", timedelta(days=1), parameters={"VALUE": "DURATION"})
    begin, end, rest = _bytes(made).partition(b"END:VCALENDAR")
    return begin + b"".join(_written(one, domain, today < one.due.earliest - ALARM) for one in entries) + end + rest


@lru_cache(10_000)
def _written(entry: Entry, domain: str, calls: bool) -> bytes:
    """The event and the to-do of a deadline. Kept: many readers are told of the same one."""
    event = Event()
    _describe(event, entry, f"{entry.name}@{domain}")
    event.add("dtstart", entry.due.earliest)
    event.add("dtend", entry.due.latest + DAY)
    event.add("status", _event_status(entry))
    event.add("transp", "TRANSPARENT")
    todo = Todo()
    _describe(todo, entry, f"{entry.name}/todo@{domain}")
    if not entry.due.exact:
        todo.add("dtstart", entry.due.earliest)
    todo.add("due", entry.due.latest)
    todo.add("status", _todo_status(entry))
    if entry.status in _FULFILLED and entry.settled_on:
        todo.add("completed", datetime.combine(entry.settled_on, time(12), UTC))
        todo.add("percent-complete", 100)
    if calls and not entry.status.settled:
        todo.add_component(_alarm(entry))
    return _bytes(event) + _bytes(todo)


def _bytes(component: Component) -> bytes:
    written: bytes = component.to_ical()
    return written


def _describe(component: Component, entry: Entry, uid: str) -> None:
    component.add("uid", uid)
    component.add("sequence", entry.revision)
    component.add("dtstamp", entry.changed_at)
    component.add("last-modified", entry.changed_at)
    component.add("summary", entry.title)
    component.add("description", entry.text)
    component.add("categories", [entry.kind])
    if entry.link:
        component.add("url", entry.link)


def _event_status(entry: Entry) -> str:
    if entry.status in _UNWANTED:
        return "CANCELLED"
    return "CONFIRMED" if entry.due.exact else "TENTATIVE"


def _todo_status(entry: Entry) -> str:
    if entry.status in _UNWANTED:
        return "CANCELLED"
    if entry.status in _FULFILLED:
        return "COMPLETED"
    return "IN-PROCESS" if entry.partly else "NEEDS-ACTION"


def _alarm(entry: Entry) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", entry.title)
    # A to-do with one known day has no start to count from.
    alarm.add("trigger", -ALARM, parameters={"RELATED": "END" if entry.due.exact else "START"})
    return alarm
