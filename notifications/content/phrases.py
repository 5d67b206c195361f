"""What a digest says in words: dates, reasons and standings as phrases of one language. Pure; `page` arranges them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date

from commitments.model.commitment import Commitment, Standing, Status
from commitments.model.dates import Window, month_end
from notifications.content.notice import Moved, Reason
from notifications.content.words import Words

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_LONGEST = 300
_WEB = re.compile(r"https?://[^\s/?#@\\\"'<>`]+([/?#][^\s\\\"'<>`]*)?", re.IGNORECASE)
_PERIOD = re.compile(r"(\d+) (.+?)s?")


def clean(text: str, longest: int = _LONGEST) -> str:
    """The text on one line, without characters that would act on a reader's screen, cut at `longest` characters."""
    line = " ".join(_UNSAFE.sub(" ", text).split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def web_address(text: str) -> str:
    """The text where it is an address that may be linked (http, https), nothing where it is anything else."""
    return text if _WEB.fullmatch(text) and not _UNSAFE.search(text) else ""


def full_date(words: Words, day: date) -> str:
    """The day with its weekday: Friday 10 August 2018."""
    weekday, month = words.weekdays[day.weekday()], words.months[day.month - 1]
    return words.weekday_date.format(weekday=weekday, day=day.day, month=month, year=day.year)


def short_date(words: Words, day: date) -> str:
    """The day without its weekday: 10 August 2018."""
    return words.date.format(day=day.day, month=words.months[day.month - 1], year=day.year)


def due_date(words: Words, window: Window | None) -> str:
    """A deadline: with its weekday where the day is known, in as few words as a window allows otherwise."""
    if window is None:
        return words.no_date
    return full_date(words, window.earliest) if window.exact else span(words, window)


def span(words: Words, window: Window) -> str:
    """The shortest words for a window: "10 August 2018", "December 2027", "2027", "17–20 May 2022"."""
    first, last = window.earliest, window.latest
    if window.exact:
        return short_date(words, first)
    if first.year != last.year:
        return words.days.format(first=short_date(words, first), last=short_date(words, last))
    return _whole(words, window) or _part(words, first, last)


def _whole(words: Words, window: Window) -> str:
    """A whole year, quarter or month; nothing where it is none of these."""
    first, last = window.earliest, window.latest
    if first.day != 1 or last != month_end(last.year, last.month):
        return ""
    if first.month == last.month:
        return words.month.format(month=words.months[first.month - 1], year=first.year)
    if (first.month, last.month) == (1, 12):
        return str(first.year)
    if first.month % 3 == 1 and last.month == first.month + 2:
        return words.quarter.format(quarter=last.month // 3, year=first.year)
    return ""


def _part(words: Words, first: date, last: date) -> str:
    months = words.months[first.month - 1], words.months[last.month - 1]
    if first.month == last.month:
        return words.days_of_month.format(first=first.day, last=last.day, month=months[0], year=first.year)
    return words.days_of_year.format(
        first=first.day, last=last.day, first_month=months[0], last_month=months[1], year=first.year
    )


def because(words: Words, reason: Reason | None) -> str:
    """Why a date is what it is, in one line: "4 weeks after the letter of 13 July 2018"."""
    if reason is None:
        return ""
    if reason.phrase:
        return words.stated_as.format(phrase=clean(reason.phrase))
    if not reason.period:
        return words.stated if reason.rule == "stated" else ""
    anchor = words.anchors.get(reason.anchor) or words.other_anchor.format(name=clean(reason.anchor))
    period = _period(words, reason.period)
    if reason.anchor_date is None:
        plain = words.before if reason.side == "before" else words.after
        return plain.format(period=period, anchor=anchor)
    dated = words.before_dated if reason.side == "before" else words.after_dated
    return dated.format(period=period, anchor=anchor, date=span(words, reason.anchor_date))


def _period(words: Words, text: str) -> str:
    """A rule's period in the reader's language; parts in words we do not have stay as the rule has them."""
    first, *others = [_counted(words, part) for part in text.split(" and ")]
    for part in others:
        first = words.together.format(first=first, second=part)
    return first


def _counted(words: Words, part: str) -> str:
    match = _PERIOD.fullmatch(part.strip())
    unit = words.units.get(match[2]) if match else None
    return unit(int(match[1])) if match and unit else clean(part)


def state(words: Words, standing: Standing) -> str:
    """Where a commitment stood when it was looked at, in a few words: "20 days late", "due tomorrow"."""
    if standing.status.settled:
        return _ended(words, standing)
    if standing.status is Status.SUSPENDED:
        return words.suspended
    days = standing.days_late_current
    if standing.current is None or days is None:
        return words.no_date
    if days > 0:
        return (words.awaited if standing.status is Status.AWAITED else words.late)(days)
    return _ahead(words, standing.current, -days)


def _ahead(words: Words, due: Window, left: int) -> str:
    """When it is due of which so many days are left."""
    if due.exact:
        return _in_days(words, left)
    begins = left - (due.latest - due.earliest).days
    return words.begins.format(when=_in_days(words, begins)) if begins > 0 else words.running


def _in_days(words: Words, days: int) -> str:
    return {0: words.today, 1: words.tomorrow}.get(days) or words.ahead(days)


def _ended(words: Words, standing: Standing) -> str:
    days = standing.days_late_current
    if standing.status not in {Status.FULFILLED, Status.FULFILLED_LATE} or days is None:
        return words.settled[standing.status]
    if days > 0:
        return words.late(days)
    return words.early(-days) if days else words.in_time


def settled(words: Words, standing: Standing) -> str:
    """How and when a commitment ended; nothing while it has not."""
    if not standing.status.settled or standing.settled_on is None:
        return ""
    late = standing.status is Status.FULFILLED_LATE
    how = words.settled[Status.FULFILLED if late else standing.status]
    return words.settled_on.format(how=how, date=short_date(words, standing.settled_on))


def original(words: Words, standing: Standing) -> str:
    """How the original deadline compares, where it differs from the current one; nothing where it does not."""
    first = standing.original
    if first is None or first == standing.current:
        return ""
    days = standing.days_late_original
    if days is None or days <= 0:
        return words.originally.format(date=span(words, first))
    count = words.awaited if standing.status is Status.AWAITED else words.late
    return words.late_against_original.format(late=count(days), date=span(words, first))


def move(words: Words, moved: Moved | None) -> str:
    """From where to where a deadline was moved, when, and by whom; nothing where it was not."""
    if moved is None:
        return ""
    text = _moved(words, moved)
    if moved.decided_by:
        text = words.moved_by.format(moved=text, who=clean(moved.decided_by))
    return "; ".join(part for part in (text, clean(moved.document), clean(moved.note)) if part)


def _moved(words: Words, moved: Moved) -> str:
    after, on = span(words, moved.after), short_date(words, moved.on)
    if moved.before is None:
        return words.dated.format(after=after, on=on)
    return words.moved.format(before=span(words, moved.before), after=after, on=on)


def title(commitment: Commitment) -> str:
    """What a commitment is called; its identifier where nothing of its title can be seen."""
    return clean(commitment.title) or commitment.id


def reference(words: Words, commitment: Commitment, names: Mapping[str, str]) -> str:
    """What a commitment is known by: its identifier, its dossier, to whom it is owed, and that nobody is obliged."""
    dossier = words.dossier.format(dossier=clean(commitment.dossier)) if commitment.dossier else ""
    to = words.to.format(parties=parties(words, commitment.to, names))
    return " · ".join(part for part in (commitment.id, dossier, to, words.force.get(commitment.force, "")) if part)


def parties(words: Words, owners: Iterable[str], names: Mapping[str, str]) -> str:
    """Parties in one phrase, "a, b and c": by name where they have one, else by their place in the hierarchy."""
    *first, last = [clean(names.get(party, "")) or party for party in owners]
    return words.joined.format(first=", ".join(first), last=last) if first else last
