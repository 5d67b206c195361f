"""The facts of a reminder: what the register knows of a commitment, in the words of the letter's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from commitments.model.commitment import EventKind, Status
from commitments.model.dates import Window
from commitments.model.record import Record
from commitments.trouble import TroubleError
from engine.answers.explain import verdict
from engine.assessment.assess import Assessment
from engine.assessment.deadlines import reason
from notifications.content import phrases
from notifications.content.languages import LANGUAGES
from notifications.content.words import Words
from notifications.letters.letter import Facts, Told

_REMINDED = re.compile(r"(rappel|herinnering|reminder)\b", re.IGNORECASE)
"""How a note begins that tells of an earlier reminder."""


class NotOverdueError(TroubleError):
    """There is nothing to remind anybody of."""

    def __init__(self, assessment: Assessment) -> None:
        commitment, standing = assessment.record.commitment, assessment.standing
        ended = standing.status.settled
        way = "" if ended else "; --anyway drafts the letter all the same"
        super().__init__(f"{commitment.id} is not overdue on {assessment.today}: {verdict(standing)}{way}")


def facts(assessment: Assessment, language: str, names: Mapping[str, str], *, anyway: bool = False) -> Facts:
    """What a reminder of the day of the assessment says. Raises NotOverdueError.

    What is settled has nothing to be reminded of; what is open and not overdue is told as such, `anyway`.
    """
    standing, record = assessment.standing, assessment.record
    overdue = standing.status is Status.OVERDUE
    if standing.status.settled or not (overdue or anyway):
        raise NotOverdueError(assessment)
    words, commitment = LANGUAGES[language], record.commitment
    told = reason(assessment.governing, record) if assessment.governing else None
    letter = record.anchors.get("letter")
    return Facts(
        language=language,
        date=phrases.short_date(words, assessment.today),
        sender=phrases.parties(words, commitment.to, names),
        addressee=phrases.parties(words, commitment.by, names),
        id=commitment.id,
        kind=commitment.kind,
        title=phrases.title(commitment),
        dossier=phrases.clean(commitment.dossier),
        document=phrases.clean(str(commitment.source)),
        letter_of=_days(words, letter),
        made_on=phrases.short_date(words, commitment.made) if commitment.made else "",
        term=phrases.because(words, told),
        quote=phrases.clean(commitment.source.quote or (told.phrase if told else "")),
        original=_due(words, standing.original),
        due=_due(words, standing.current),
        overdue=overdue,
        late=_late(words, standing.days_late_current),
        late_original=_late(words, standing.days_late_original),
        moves=_moves(words, assessment),
        delay_notices=_told(words, record, EventKind.DELAY_NOTICE),
        partly=_told(words, record, EventKind.PARTLY_FULFILLED),
        reminders=_reminders(words, record),
    )


def _days(words: Words, window: Window | None) -> str:
    return phrases.span(words, window) if window else ""


def _due(words: Words, window: Window | None) -> str:
    return phrases.due_date(words, window) if window else ""


def _late(words: Words, days: int | None) -> str:
    return words.units["day"](days) if days is not None and days > 0 else ""


def _moves(words: Words, assessment: Assessment) -> tuple[Told, ...]:
    moves = assessment.governing.moves if assessment.governing else ()
    moved = ((move, assessment.entry(move).event) for move in moves)
    return tuple(
        Told(
            on=_on(words, event.occurred_on),
            after=_due(words, move.after),
            by=phrases.clean(event.decided_by),
            document=phrases.clean(event.document),
            note=phrases.clean(event.note),
        )
        for move, event in moved
    )


def _told(words: Words, record: Record, kind: EventKind) -> tuple[Told, ...]:
    events = sorted((entry.event for entry in record.of(kind)), key=lambda event: event.occurred_on)
    return tuple(
        Told(on=_on(words, one.occurred_on), document=phrases.clean(one.document), note=phrases.clean(one.note))
        for one in events
    )


def _reminders(words: Words, record: Record) -> tuple[Told, ...]:
    """The reminders that went out before, as far as notes tell of them."""
    notes = (entry.event for entry in record.of(EventKind.NOTE) if _REMINDED.match(entry.event.note))
    found = sorted(notes, key=lambda event: event.occurred_on)
    return tuple(Told(on=_on(words, one.occurred_on), document=phrases.clean(one.document)) for one in found)


def _on(words: Words, day: date) -> str:
    return phrases.short_date(words, day)
