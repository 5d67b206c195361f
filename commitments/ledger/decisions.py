"""What a meeting decides on commitments: one meeting, many numbers, several outcomes, and the events they become. Pure.

The form is that of the half-yearly rappel of the Dutch Senate (kst-33268-F): a committee, with a letter of the minister
before it, decides for each number. `commitments.exchange.decided` reads the files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from commitments.ledger.intake import Origin
from commitments.ledger.texts import same
from commitments.ledger.transitions import allowed
from commitments.model.commitment import Event, EventKind
from commitments.model.dates import Window
from commitments.model.record import Record


class Ruling(StrEnum):
    """What is decided on one commitment."""

    EXPLANATION = "further explanation asked"
    FULFILLED = "fulfilled"
    PARTLY = "partly fulfilled"
    NEW_DEADLINE = "new deadline"
    UNCHANGED = "unchanged"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"

    @property
    def settles(self) -> bool:
        """Whether nothing more is expected after it."""
        return self in _SETTLING


_SETTLING: Mapping[Ruling, EventKind] = {
    Ruling.FULFILLED: EventKind.FULFILLED,
    Ruling.LAPSED: EventKind.LAPSED,
    Ruling.WITHDRAWN: EventKind.WITHDRAWN,
}

WORDS: Mapping[str, Ruling] = {
    "further explanation asked": Ruling.EXPLANATION,
    "further explanation requested": Ruling.EXPLANATION,
    "nadere toelichting gevraagd": Ruling.EXPLANATION,
    "nadere toelichting": Ruling.EXPLANATION,
    "fulfilled": Ruling.FULFILLED,
    "deemed fulfilled": Ruling.FULFILLED,
    "voldaan": Ruling.FULFILLED,
    "afgedaan": Ruling.FULFILLED,
    "partly": Ruling.PARTLY,
    "partly fulfilled": Ruling.PARTLY,
    "deels voldaan": Ruling.PARTLY,
    "deels afgedaan": Ruling.PARTLY,
    "new deadline": Ruling.NEW_DEADLINE,
    "extended": Ruling.NEW_DEADLINE,
    "nieuwe termijn": Ruling.NEW_DEADLINE,
    "nieuwe deadline": Ruling.NEW_DEADLINE,
    "unchanged": Ruling.UNCHANGED,
    "open": Ruling.UNCHANGED,
    "openstaand": Ruling.UNCHANGED,
    "ongewijzigd": Ruling.UNCHANGED,
    "lapsed": Ruling.LAPSED,
    "vervallen": Ruling.LAPSED,
    "withdrawn": Ruling.WITHDRAWN,
    "afgevoerd": Ruling.WITHDRAWN,
}
"""The words that files use, English and Dutch; _ does for a space."""


def meant(words: str) -> Ruling | None:
    """What the words of a file decide; None where they are not known."""
    return WORDS.get(" ".join(words.replace("_", " ").casefold().split()))


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """Who decided, on which day, with which document before them."""

    day: date
    decided_by: str
    document: str = ""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What was decided on one commitment, in which words; `on` is the day it happened, where the meeting's is not."""

    number: str
    ruling: Ruling
    words: str
    new_deadline: Window | None = None
    on: date | None = None
    note: str = ""
    origin: Origin = ("", 0)
    column: int = 1


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """What a decision brings to a record: new events, and how many of its events are there already, or undone.

    `refused` says why it cannot be taken in; a `stranger` is a number that the register does not have.
    """

    decision: Decision
    events: tuple[Event, ...] = ()
    known: int = 0
    undone: int = 0
    refused: str = ""
    stranger: bool = False

    def __str__(self) -> str:
        """One line: T02881  deels voldaan: partly fulfilled, extended to 2023-01-01."""
        decision = self.decision
        told = [_told(event) for event in self.events]
        told += ["is written down already"] if self.known and not self.events else []
        told += ["is undone in the register, and left out"] if self.undone else []
        return f"{'>' if self.events else '='} {decision.number}  {decision.words}: {', '.join(told)}"


def _told(event: Event) -> str:
    to = f" to {event.date}" if event.date else ""
    return f"{event.kind.replace('_', ' ')}{to} {'' if to else event.occurred_on}".strip()


def weigh(meeting: Meeting, decisions: Sequence[Decision], known: Mapping[str, Record], today: date) -> list[Weighed]:
    """What each decision brings to the register, or why it cannot; what is written down already comes not again."""
    return [_weighed(meeting, decision, known.get(decision.number), today) for decision in decisions]


def _weighed(meeting: Meeting, decision: Decision, record: Record | None, today: date) -> Weighed:
    if record is None:
        return Weighed(decision=decision, refused="the register has no such commitment", stranger=True)
    events = tuple(_events(meeting, decision, record))
    there = [entry.event for entry in record.valid]
    fresh = [event for event in events if not any(same(one, event) for one in there)]
    undone = [event for event in fresh if event in (entry.event for entry in record.history)]
    fresh = [event for event in fresh if event not in undone]
    reason = _refused(meeting, decision, record) if fresh else ""
    for event in fresh:
        reason = reason or allowed(record, event, today)
        record = record.followed_by(event, _UNWRITTEN)
    return Weighed(
        decision=decision,
        events=tuple(fresh),
        known=len(events) - len(fresh) - len(undone),
        undone=len(undone),
        refused=reason,
    )


_UNWRITTEN = datetime.max.replace(tzinfo=UTC)


def _refused(meeting: Meeting, decision: Decision, record: Record) -> str:
    """Why a commitment cannot stay as it is decided to; what settles it is for the order of events to judge."""
    if decision.new_deadline and decision.new_deadline.latest < meeting.day:
        return f"the new deadline {decision.new_deadline} is before {meeting.day}, the day of the meeting"
    settled = _settled(record, meeting.day)
    if settled is None or decision.ruling.settles:
        return ""
    was = f"it was {settled.kind.replace('_', ' ')} on {settled.occurred_on}"
    return f"{was}, so it cannot be {decision.words!r} on {meeting.day}; record reopened first"


def _events(meeting: Meeting, decision: Decision, record: Record) -> Iterator[Event]:
    """The events that a decision is, whether they are written down already or not."""

    def event(kind: EventKind, note: str = "", day: date | None = None, to: Window | None = None) -> Event:
        return Event(
            kind=kind,
            occurred_on=day or meeting.day,
            date=to,
            document=meeting.document,
            decided_by=meeting.decided_by,
            note=note,
        )

    if decision.ruling.settles:
        own = event(_SETTLING[decision.ruling], decision.note, decision.on)
        before = _settled(record, meeting.day)
        stays = before is not None and not same(before, own) and before.kind is own.kind
        yield event(EventKind.NOTE, _said(decision)) if stays else own
        return
    partly = event(EventKind.PARTLY_FULFILLED, decision.note, decision.on)
    becomes_partly = decision.ruling is Ruling.PARTLY and not _partly_without(record, meeting.day, partly)
    if becomes_partly:
        yield partly
    if decision.ruling is Ruling.EXPLANATION or not (becomes_partly or decision.new_deadline):
        yield event(EventKind.NOTE, _said(decision))
    if decision.new_deadline:
        yield event(EventKind.EXTENDED, decision.note, to=decision.new_deadline)


def _settled(record: Record, day: date) -> Event | None:
    """What had settled a commitment by the end of a day."""
    then = record.as_of(day)
    return then.settled.event if then and then.settled else None


def _partly_without(record: Record, day: date, event: Event) -> bool:
    """Whether part of it was delivered by a day, other than by this event: it then stays as it is."""
    return any(not same(e.event, event) and e.event.occurred_on <= day for e in record.of(EventKind.PARTLY_FULFILLED))


def _said(decision: Decision) -> str:
    return ": ".join(part for part in (decision.words.replace("_", " "), decision.note) if part)


def asked(record: Record) -> list[date]:
    """The days on which a further explanation was asked, in their order: how often a commitment was chased."""
    notes = (entry.event for entry in record.in_order if entry.event.kind is EventKind.NOTE)
    return [event.occurred_on for event in notes if meant(event.note.partition(":")[0]) is Ruling.EXPLANATION]
