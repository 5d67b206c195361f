"""Lint in a workspace: the packs in use, the roles its recipients hold, and the register files that lie in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from commitments.ledger.intake import Draft
from commitments.model.commitment import Event, EventKind
from commitments.model.record import Record, Recorded
from commitments.reading.problem import Problem
from engine.assessment.assess import facts
from engine.workspace.settings import Workspace
from rules.conditions.condition import Facts
from rules.lint import lint
from rules.lint.finding import Ground
from rules.pack.book import RuleBook

_AT_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def findings(book: RuleBook, workspace: Workspace, drafts: Iterable[Draft] = ()) -> tuple[Problem, ...]:
    """What lint finds in these packs, in the workspace where they are used, beside these commitments."""
    ground = Ground(
        book=book,
        calendars=workspace.calendars,
        audiences=_audiences(workspace),
        unpromised=tuple(_unpromised(drafts)),
    )
    return lint(ground)


def _audiences(workspace: Workspace) -> frozenset[str] | None:
    """The roles that someone holds; None where nobody gets digests yet."""
    recipients = workspace.settings.recipients
    return frozenset(role for recipient in recipients for role in recipient.roles) if recipients else None


def _unpromised(drafts: Iterable[Draft]) -> Iterator[tuple[str, Facts]]:
    """The commitments that name no date themselves, each after the file it is from."""
    for draft in drafts:
        if draft.commitment is not None and draft.commitment.stated_due is None:
            made = Event(kind=EventKind.MADE, occurred_on=_AT_ANY_TIME.date(), commitment=draft.commitment)
            events = (made, *draft.events)
            history = (Recorded(event=event, seq=0, recorded_at=_AT_ANY_TIME, actor="") for event in events)
            yield draft.origin[0], facts(Record(tuple(history)))
