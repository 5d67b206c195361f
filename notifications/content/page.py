"""A digest laid out: every line of it as text in the reader's language, ready for the templates to set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import quote
from zoneinfo import ZoneInfo

from commitments.model.commitment import Status
from commitments.model.dates import Window, day_after
from notifications.content import phrases
from notifications.content.digest import Digest, Section
from notifications.content.languages import LANGUAGES
from notifications.content.notice import Item
from notifications.content.words import Words

MOST_ROWS = 200
"""As many rows as keep the HTML below the 102 kB at which Gmail cuts a message off."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One commitment: empty strings where there is nothing to say. `tone` is the section whose colour its state has.

    `link` leads to the commitment, `url` to the document: each http or https, or empty.
    """

    title: str
    reference: str
    due: str
    state: str
    tone: Section
    facts: tuple[str, ...]
    reason: str
    quote: str
    document: str
    link: str
    url: str


@dataclass(frozen=True)
class Group:
    """The rows of what one party owes."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Part:
    """A section with its heading, the number of all it holds, and the rows that are shown."""

    section: Section
    title: str
    count: int
    groups: tuple[Group, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """A digest in words. `summary` counts what is in it; `more` counts what is not shown; `footer` is (label, text).

    `besides` are lines about what is not told row by row. `leave` is the address at which the reader says that they
    want no more, empty where there is none.
    """

    words: Words
    subject: str
    date: str
    summary: str
    parts: tuple[Part, ...]
    more: str
    footer: tuple[tuple[str, str], ...]
    besides: tuple[str, ...] = ()
    leave: str = ""


def page(digest: Digest, *, note: str = "", base: str = "", leave: str = "", most: int = MOST_ROWS) -> Page:
    """The digest in its reader's language, at most `most` rows of it; `note` names their roles.

    Rows link to their pages below `base`; `leave` is where the reader says that they want no more. KeyError: no such
    language.
    """
    words = LANGUAGES[digest.reader.language]
    counts = ", ".join(words.counts[section](len(items)) for section, items in digest.sections) or words.nothing_new
    total = sum(len(items) for _, items in digest.sections)
    return Page(
        words=words,
        subject=words.subject.format(counts=counts, date=phrases.short_date(words, digest.day)),
        date=phrases.full_date(words, digest.day),
        summary=counts,
        parts=tuple(_parts(words, digest, base, most)),
        more=words.more(total - most) if total > most else "",
        footer=tuple(_footer(words, digest, note)),
        besides=tuple(_besides(words, digest)),
        leave=leave,
    )


def _besides(words: Words, digest: Digest) -> Iterator[str]:
    """What stands besides, and what will be heard of again."""
    if digest.besides:
        counts = [words.beside[status](number) for status, number in digest.besides.items()]
        yield words.besides.format(counts=", ".join(counts))
    if not digest.sections and Status.OVERDUE not in digest.besides:
        yield words.nothing_overdue
    for one in digest.ending:
        day = phrases.short_date(words, day_after(one.until))
        yield words.silence_ends.format(date=day, what=phrases.clean(one.what), author=phrases.clean(one.author))


def _parts(words: Words, digest: Digest, base: str, room: int) -> Iterator[Part]:
    for section, items in digest.sections:
        shown = items[:room]
        room -= len(shown)
        if shown:
            rows = ((item, _row(words, digest, section, item, base)) for item in shown)
            groups = tuple(_groups(words, digest, rows))
            yield Part(section, words.sections[section], len(items), groups)


def _groups(words: Words, digest: Digest, rows: Iterable[tuple[Item, Row]]) -> Iterator[Group]:
    for parties, owed in groupby(rows, key=lambda pair: pair[0].commitment.by):
        heading = words.owed_by.format(party=phrases.parties(words, parties, digest.names))
        yield Group(heading, tuple(row for _, row in owed))


def _row(words: Words, digest: Digest, section: Section, item: Item, base: str) -> Row:
    commitment, standing, reason = item.commitment, item.standing, item.reason
    facts = (
        phrases.settled(words, standing),
        words.partly if standing.partly and not standing.status.settled else "",
        phrases.move(words, item.moved),
        _original(words, item),
        phrases.clean(reason.message.get(words.code, "")) if reason else "",
    )
    return Row(
        title=phrases.title(commitment),
        reference=phrases.reference(words, commitment, digest.names),
        due=phrases.due_date(words, standing.current),
        state=phrases.state(words, standing),
        tone=Section.STILL_OVERDUE if standing.status is Status.FULFILLED_LATE else section,
        facts=tuple(fact for fact in facts if fact),
        reason=phrases.because(words, reason),
        quote=phrases.clean(reason.quote) if reason else "",
        document=phrases.clean(reason.document) if reason else "",
        link=link(base, commitment.id),
        url=phrases.web_address(reason.url) if reason else "",
    )


def link(base: str, identifier: str) -> str:
    """Where a commitment is shown to readers; nothing where no address is known."""
    return f"{base.rstrip('/')}/commitments/{quote(identifier)}" if base else ""


def _original(words: Words, item: Item) -> str:
    """How late against the original deadline; silent where the line about the move has said all there is."""
    days = item.standing.days_late_original
    told = item.moved is not None and item.moved.before == item.standing.original
    return "" if told and (days is None or days <= 0) else phrases.original(words, item.standing)


def _footer(words: Words, digest: Digest, note: str) -> Iterator[tuple[str, str]]:
    if note:
        yield words.why, ", ".join(words.roles.get(role, role) for role in phrases.clean(note).split(", "))
    yield words.covers, _covers(words, digest)
    if digest.packs:
        yield words.packs, ", ".join(digest.packs)
    yield words.head, digest.head


def _covers(words: Words, digest: Digest) -> str:
    """The days the digest is about, and how many slots it makes up for."""
    zone = ZoneInfo(digest.reader.timezone)
    last = digest.slot.astimezone(zone).date()
    if digest.covers_from is None:
        return words.covers_first.format(date=phrases.short_date(words, last))
    days = phrases.span(words, Window(digest.covers_from.astimezone(zone).date(), last))
    return f"{days}, {words.missed(digest.missed)}" if digest.missed else days
