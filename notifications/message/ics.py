"""Deadlines as calendar programs show them: an all-day event and a to-do each (RFC 5545). The only home of icalendar.

Outlook and Google show events and leave to-dos out; Thunderbird, Nextcloud and Apple show both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from icalendar import Calendar, vText
from icalendar.parser import Contentline

from commitments.model.commitment import Commitment, Standing, Status
from commitments.model.dates import Window, day_after
from notifications.content import phrases
from notifications.content.digest import Digest
from notifications.content.notice import Reason
from notifications.content.page import link
from notifications.content.words import Words

ALARM = timedelta(days=7)
"""How long before a deadline a to-do calls."""
_LONG = 75
"""Octets from which on a line is folded."""
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
    begin, end = _frame(title, language)
    return begin + b"".join(_written(one, domain, one.due.earliest - today > ALARM) for one in entries) + end


@lru_cache(100)
def _frame(title: str, language: str) -> tuple[bytes, bytes]:
    """What stands before and after the deadlines of a calendar."""
    made = Calendar()
    made.add("version", "2.0")
    made.add("prodid", f"-//Gestand//Commitments//{language.upper()}")
    made.add("calscale", "GREGORIAN")
    made.add("name", title)
    made.add("x-wr-calname", title)
    made.add("refresh-interval", timedelta(days=1), parameters={"VALUE": "DURATION"})
    begin, end, rest = made.to_ical().partition(b"END:VCALENDAR")
    return begin, end + rest


# The lines are put together here: the library, which takes ten times as long, escapes texts and folds what is long.


@lru_cache(4000)
def _written(entry: Entry, domain: str, calls: bool) -> bytes:
    """The event and the to-do of a deadline. Kept: many readers are told of the same one."""
    summary, description = _line("SUMMARY", _text(entry.title)), _line("DESCRIPTION", _text(entry.text))
    categories, changed = _line("CATEGORIES", _text(entry.kind)), _moment(entry.changed_at)
    url = [_line("URL", entry.link)] if entry.link else []
    event = [
        summary,
        f"DTSTART;VALUE=DATE:{_day(entry.due.earliest)}",
        f"DTEND;VALUE=DATE:{_day(day_after(entry.due.latest))}",
        f"DTSTAMP:{changed}",
        _line("UID", _text(f"{entry.name}@{domain}")),
        f"SEQUENCE:{entry.revision}",
        categories,
        description,
        f"LAST-MODIFIED:{changed}",
        f"STATUS:{_event_status(entry)}",
        "TRANSP:TRANSPARENT",
        *url,
    ]
    fulfilled = entry.settled_on if entry.status in _FULFILLED else None
    todo = [
        categories,
        *([f"COMPLETED:{_day(fulfilled)}T120000Z"] if fulfilled else []),
        description,
        f"DTSTAMP:{changed}",
        *([] if entry.due.exact else [f"DTSTART;VALUE=DATE:{_day(entry.due.earliest)}"]),
        f"DUE;VALUE=DATE:{_day(entry.due.latest)}",
        f"LAST-MODIFIED:{changed}",
        *(["PERCENT-COMPLETE:100"] if fulfilled else []),
        f"SEQUENCE:{entry.revision}",
        f"STATUS:{_todo_status(entry)}",
        summary,
        _line("UID", _text(f"{entry.name}/todo@{domain}")),
        *url,
        *(_alarm(entry) if calls and not entry.status.settled else []),
    ]
    return "".join(f"{line}\r\n" for line in (*_within("VEVENT", event), *_within("VTODO", todo))).encode()


def _within(component: str, lines: list[str]) -> Iterator[str]:
    yield f"BEGIN:{component}"
    yield from lines
    yield f"END:{component}"


def _line(name: str, value: str) -> str:
    """A property, folded where it is long (RFC 5545, 3.1)."""
    line = f"{name}:{value}"
    if len(line.encode()) < _LONG:
        return line
    folded: bytes = Contentline(line).to_ical()  # type: ignore[no-untyped-call]
    return folded.decode()


def _text(text: str) -> str:
    """A text with its escapes (RFC 5545, 3.3.11)."""
    return vText(text).to_ical().decode()


def _day(day: date) -> str:
    return day.isoformat().replace("-", "")


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


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


def _alarm(entry: Entry) -> Iterator[str]:
    # A to-do with one known day has no start to count from.
    related = "END" if entry.due.exact else "START"
    lines = ["ACTION:DISPLAY", _line("DESCRIPTION", _text(entry.title)), f"TRIGGER;RELATED={related}:-P{ALARM.days}D"]
    return _within("VALARM", lines)
