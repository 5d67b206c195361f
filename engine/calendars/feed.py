"""Deadlines for calendar programs: those of a whole selection of commitments, or of what one recipient hears of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from engine.assessment.assess import Assessment
from engine.assessment.deadlines import reason
from engine.assessment.setbacks import Setbacks
from engine.workspace.settings import Workspace
from notifications.content.languages import LANGUAGES
from notifications.message import ics


def feed(
    workspace: Workspace, assessments: Iterable[Assessment], today: date, language: str, setbacks: Setbacks
) -> bytes:
    """The calendar of every deadline that counts in these assessments, in a language; where empty the workspace's.

    What goes wrong with one of them is kept in `setbacks`, and leaves out that one.
    """
    spoken = language or workspace.settings.language
    found = (one for assessment in assessments for one in safe_entries(workspace, assessment, spoken, setbacks))
    return written(workspace, found, today, spoken)


def safe_entries(workspace: Workspace, assessment: Assessment, language: str, setbacks: Setbacks) -> list[ics.Entry]:
    """The deadlines of an assessment; none where something goes wrong, which is kept."""
    identifier = assessment.record.commitment.id
    return setbacks.tried(identifier, lambda: list(entries(workspace, assessment, language))) or []


def written(workspace: Workspace, entries: Iterable[ics.Entry], today: date, language: str) -> bytes:
    """The calendar of these deadlines."""
    return ics.calendar(
        entries,
        title=LANGUAGES[language].heading,
        language=language,
        domain=workspace.settings.mail.sender.domain,
        today=today,
    )


def entries(workspace: Workspace, assessment: Assessment, language: str) -> Iterator[ics.Entry]:
    """The deadlines that count in an assessment, where their dates are known."""
    record = assessment.record
    for obligation in assessment.obligations:
        if obligation.beaten_by or obligation.current is None:
            continue
        made = ics.entry(
            LANGUAGES[language],
            record.commitment,
            assessment.against(obligation),
            reason(obligation, record),
            revision=record.revision,
            changed_at=record.changed_at,
            names=workspace.parties,
            base=workspace.settings.base_address,
        )
        if made is not None:
            yield made
