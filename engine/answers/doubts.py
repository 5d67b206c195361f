"""What in a commitment's record makes the figures doubtful: found beside its deadlines, told with the way out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date

from commitments.audit.problems import Doubt, Doubtful
from commitments.model.commitment import EventKind, Status
from commitments.model.record import Record, Recorded
from engine.answers.explain import spoken_window
from engine.assessment.assess import Assessment
from engine.assessment.deadlines import NO_DATE, STATED, Obligation
from rules.calendars.calendar import spoken


def of_families(why: Mapping[str, str], wanted: Collection[str]) -> Iterator[Doubtful]:
    """The doubts about parents of those that are wanted; `why` says of which they cannot be."""
    for identifier in sorted(why.keys() & wanted):
        yield Doubtful(Doubt.FAMILY, identifier, why[identifier], "amend its parent; until then no parent mutes it")


def doubts(assessment: Assessment, names: Collection[str] = ()) -> Iterator[Doubtful]:
    """All that is doubtful of a commitment, but for its family; parties need a name only where some are given."""
    identifier = assessment.record.commitment.id
    for doubt, what, way_out in (
        *_unknown(assessment),
        *_early(assessment.record),
        *_backwards(assessment),
        *_strangers(assessment.record, names),
    ):
        yield Doubtful(doubt, identifier, what, way_out)


_Told = tuple[Doubt, str, str]


def _unknown(assessment: Assessment) -> Iterator[_Told]:
    """Why it has no date, where it is open and has none."""
    if assessment.setback:
        yield Doubt.UNASSESSED, assessment.setback, "mend what it says; until then nobody is reminded"
        return
    if assessment.standing.status is not Status.UNDATED:
        return
    force = assessment.record.commitment.force
    for item in assessment.obligations:
        if item.beaten_by or not item.unknown:
            continue
        if item.unknown == NO_DATE:
            yield Doubt.NO_DATE, f"{force}, and {item.unknown}", _DATE_IT
        elif item.rule == STATED and "not among the terms" in item.unknown:
            yield Doubt.WORDS, item.unknown, "add the words to the terms of a pack, or record the date they stand for"
        else:
            yield Doubt.NOT_YET, f"{item.rule}: {item.unknown}", _way_out(item)


_DATE_IT = "record the date it names (stated_due), or its extension; or withdraw it"


def _way_out(item: Obligation) -> str:
    if "is not recorded" in item.unknown:
        return "record the date that is missing: gestand record anchored"
    if "calendar" in item.unknown:
        return "bring the calendar up to date; until then nobody is reminded"
    return "see gestand explain; until then nobody is reminded"


def _early(record: Record) -> Iterator[_Told]:
    """That it was settled before it was made."""
    made, settled = record.commitment.made, record.settled
    if made and settled and settled.event.occurred_on < made:
        word = settled.event.kind.value
        what = f"{word} on {spoken(settled.event.occurred_on)}, before it was made on {spoken(made)}"
        yield Doubt.CONTRADICTION, f"{what} (ledger #{settled.seq})", "amend the day it was made, or undo the entry"


def _backwards(assessment: Assessment) -> Iterator[_Told]:
    """Extensions that shorten the time, and delay notices that came when it was up, each told once."""
    governing = assessment.governing
    if governing is None:
        return
    for move in governing.moves:
        if move.turn.kind is EventKind.EXTENDED and move.before and move.after.latest < move.before.latest:
            seq = assessment.entry(move).seq
            what = f"extended to {spoken_window(move.after)}, before the deadline it had, {spoken_window(move.before)}"
            yield Doubt.CONTRADICTION, f"{what} (ledger #{seq})", "undo the entry if the date is a slip"
    for entry in assessment.record.in_order:
        if entry.event.kind is not EventKind.DELAY_NOTICE:
            continue
        due = _deadline_at(assessment, governing, entry)
        if due is not None and entry.event.occurred_on > due:
            days = (entry.event.occurred_on - due).days
            what = f"delay notice of {spoken(entry.event.occurred_on)}, {days} days after the deadline of {spoken(due)}"
            what = what.replace("1 days", "1 day") if days == 1 else what
            yield Doubt.CONTRADICTION, f"{what} (ledger #{entry.seq})", "it gives no time; undo it if its day is a slip"


def _deadline_at(assessment: Assessment, governing: Obligation, entry: Recorded) -> date | None:
    """The last day in time as it was when an event happened."""
    due = governing.original
    for move in governing.moves:
        if (move.turn.day, assessment.entry(move).seq) >= (entry.event.occurred_on, entry.seq):
            break
        due = move.after
    return due.latest if due else None


def _strangers(record: Record, names: Collection[str]) -> Iterator[_Told]:
    if not names:
        return
    for party in dict.fromkeys((*record.commitment.by, *record.commitment.to)):
        if party not in names:
            yield Doubt.STRANGER, f"{party} has no name", "name it under parties: in gestand.yaml, or amend a slip"
