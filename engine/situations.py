"""The tests that packs carry: a commitment in a few words, lived through day by day, against what is expected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from commitments.model import Commitment, Event, EventKind, Record, Recorded
from engine.assess import Assessment, Assessor
from rules.pack import Expectation, Situation

_FIELDS = frozenset(Commitment.model_fields)
_UNSAID = {"id": "test", "title": "a test", "kind": "reply", "by": "someone", "to": "someone-else"}


@dataclass(frozen=True)
class Difference:
    """Something a test expected and did not get, on a day of its timeline (None: in its first line)."""

    rule: str
    test: str
    on: date | None
    field: str
    wanted: str
    got: str

    def __str__(self) -> str:
        when = f" on {self.on}" if self.on else ""
        return f"{self.rule}: {self.test}{when}: {self.field} should be {self.wanted}, and is {self.got}"


def differences(assessor: Assessor, rule: str, situation: Situation) -> Iterator[Difference]:
    """Everything that a test of a rule expected and did not get."""
    record = _record(situation)
    for day, expected, happened in _days(situation):
        assessment = assessor.on(_with(record, happened), day or _first_day(record))
        if assessment is None:
            continue
        for field, wanted, got in _compared(assessment, rule, expected, day):
            if wanted != got:
                yield Difference(rule, situation.name, day, field, wanted, got)


def _days(situation: Situation) -> Iterator[tuple[date | None, Expectation, tuple[Event, ...]]]:
    """Each day that is looked at, what is expected of it, and what has happened by then."""
    yield None, situation.expect, ()
    for day, expected in sorted(situation.timeline.items()):
        yield day, expected, ()
    if situation.fulfilled is not None:
        day = situation.fulfilled.on
        yield day, situation.fulfilled.expect, (Event(kind=EventKind.FULFILLED, occurred_on=day),)


def _record(situation: Situation) -> Record:
    fields: dict[str, Any] = dict(_UNSAID)
    anchors: dict[str, Any] = {}
    for name, value in situation.given.items():
        (fields if name in _FIELDS else anchors)[name] = value
    commitment = Commitment.model_validate(fields | {"anchors": anchors | dict(fields.get("anchors", {}))})
    known = [window.earliest for window in commitment.anchors.values()]
    made = commitment.made or min(known, default=date.min)
    return _with(Record(()), (Event(kind=EventKind.MADE, occurred_on=made, commitment=commitment),))


def _first_day(record: Record) -> date:
    return record.history[0].event.occurred_on


def _with(record: Record, events: tuple[Event, ...]) -> Record:
    """The record with further events, each learnt of on the morning after it happened."""
    further = tuple(
        Recorded(event=event, seq=len(record.history) + place, recorded_at=_morning_after(event), actor="test")
        for place, event in enumerate(events, start=1)
    )
    return Record(record.history + further)


def _morning_after(event: Event) -> datetime:
    return datetime.combine(event.occurred_on, time(8), UTC) + timedelta(days=1)


def _compared(
    assessment: Assessment, rule: str, expected: Expectation, day: date | None
) -> Iterator[tuple[str, str, str]]:
    """What is expected beside what is, field by field, both as people read them."""
    standing = assessment.standing
    if expected.applies is not None:
        applies = any(item.rule == rule for item in assessment.obligations)
        yield "applies", str(expected.applies).lower(), str(applies).lower()
    if expected.due is not None:
        yield "due", str(expected.due), str(standing.current)
    if expected.original is not None:
        yield "original", str(expected.original), str(standing.original)
    if expected.status is not None:
        yield "status", expected.status.value, standing.status.value
    if expected.days_late is not None:
        yield "days_late", str(expected.days_late), str(standing.days_late_current)
    if expected.notices is not None:
        stages = sorted(notice.stage.value for notice in assessment.notices if notice.day == day)
        yield "notices", _listed(sorted(expected.notices)), _listed(stages)


def _listed(words: list[str]) -> str:
    return ", ".join(words) or "none"
