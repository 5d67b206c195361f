"""Why something that is owed is not told for now: it was silenced, put off, or somebody took notice of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from commitments.model.commitment import EventKind
from commitments.model.record import Recorded
from engine.assessment.assess import Assessment
from engine.digests.silences import Silence
from notifications.content.notice import Notice, Stage


class Hush(NamedTuple):
    """Why something is held back: in our words, and in the `text` of somebody, which may have to be erased one day."""

    why: str
    text: str = ""

    def __str__(self) -> str:
        """All of it, to be shown and not to be kept."""
        return f"{self.why}: {self.text}" if self.text else self.why


def hushed(assessment: Assessment, notice: Notice, silences: Iterable[Silence]) -> Hush | None:
    """Why a notice is held back on the day of an assessment; None where it is told.

    That a commitment is settled is always told: nothing is to be expected after it.
    """
    if notice.stage is Stage.SETTLED:
        return None
    silence = silencing(assessment, silences)
    return Hush(str(silence), silence.reason) if silence else _put_off(assessment) or _noticed(assessment, notice)


def silencing(assessment: Assessment, silences: Iterable[Silence]) -> Silence | None:
    """The silence that covers a commitment and lasts longest; None where none does."""
    commitment = assessment.record.commitment
    covering = [one for one in silences if one.until >= assessment.today and one.covers(commitment)]
    return max(covering, key=lambda one: one.until, default=None)


def _put_off(assessment: Assessment) -> Hush | None:
    """A snoozed commitment is told of again on the day after its last."""
    last = _last(assessment, EventKind.SNOOZED)
    if last is None or last.event.date is None or last.event.date.latest < assessment.today:
        return None
    return Hush(f"snoozed until {last.event.date.latest} by {last.actor}", last.event.note)


def _noticed(assessment: Assessment, notice: Notice) -> Hush | None:
    """Somebody took notice: no more reminders of that date, nor further words that it is overdue.

    That it is overdue at all, that it is told higher up, and that its date moved are news to them.
    """
    repeats = notice.stage is Stage.REMINDER or (notice.stage is Stage.OVERDUE and notice.step > 1)
    last = _last(assessment, EventKind.ACKNOWLEDGED) if repeats else None
    if last is None:
        return None
    moves = assessment.governing.moves if assessment.governing else ()
    if moves and _place(assessment.entry(moves[-1])) > _place(last):
        return None
    return Hush(f"acknowledged on {last.event.occurred_on} by {last.actor}", last.event.note)


def _last(assessment: Assessment, kind: EventKind) -> Recorded | None:
    return max(assessment.record.of(kind), key=_place, default=None)


def _place(entry: Recorded) -> tuple[date, int]:
    """Where an entry stands in the order in which things happened."""
    return entry.event.occurred_on, entry.seq
