"""What a pass finds of a commitment: from its record in the ledger, or from what the last pass kept of it.

Where rules change everything is judged anew, but nothing else has happened: then the ground and the outcome that stand
in the projection are all that is needed, and the ledger is not read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple

from commitments.ledger import register
from commitments.listing import Brief, parties
from commitments.model.basis import Ground, Outcome
from commitments.model.commitment import EventKind, Status
from commitments.model.dates import day_after
from commitments.model.record import Record
from commitments.store import Connection, Row
from engine.assessment.assess import Assessment, Assessor
from engine.assessment.cache import KEPT
from engine.assessment.setbacks import Setbacks
from engine.assessment.status import Judgement, judge


class Found(NamedTuple):
    """What a pass found of a commitment, what it keeps for the next one, and when that has to look again.

    `assessment` is None where the record was not read.
    """

    id: str
    judgement: Judgement
    next_change: date | None
    ground: str | None
    news: bool
    amended: bool
    assessment: Assessment | None


KEPT_OF_EACH: Final = (
    "status",
    "partly",
    "rule",
    "pack",
    "original_earliest",
    "original_latest",
    "current_earliest",
    "current_latest",
    "settled_on",
    "days_late_original",
    "days_late_current",
    "next_change",
    "ground",
    "news",
)
"""What a pass fills in of a commitment's row, in the order in which the row is read."""
_OWN: Final = ("id", "title", "made", "changed")
_ASKED: Final = len(KEPT_OF_EACH) + len(_OWN)
"""The place in a row from which on there is what conditions ask for."""


@dataclass(frozen=True)
class Reader:
    """Finds what has become of commitments by `now`; `kept` says whether what the last pass kept still holds."""

    assessor: Assessor
    now: datetime
    kept: bool

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """What is read of a row: what the last pass kept, what the row is of, and what conditions ask for."""
        return (*KEPT_OF_EACH, *_OWN, *self._asked)

    def found(self, tx: Connection, rows: Sequence[Row[Any]]) -> dict[str, Found]:
        """What was found of some commitments, by id; without those that were not there yet."""
        holding = [row for row in rows if self._holds(row)] if self.kept else []
        found = {one.id: one for one in map(self._as_kept, holding) if one is not None}
        fresh = [row.id for row in rows if row.id not in found] if len(found) < len(rows) else []
        for record in register.records(tx, fresh):
            if (one := self.read(record)) is not None:
                found[one.id] = one
        return found

    def read(self, record: Record) -> Found | None:
        """What is found by a record; None where the commitment was not there yet."""
        assessment = self.assessor.at(record, self.now)
        return None if assessment is None else _assessed(record, assessment)

    def _holds(self, row: Row[Any]) -> bool:
        """Whether nothing has happened to a commitment since its row was written."""
        return (
            self.kept
            and not row.changed
            and row.ground is not None
            and (row.next_change is None or row.next_change > self._today)
        )

    @cached_property
    def _today(self) -> date:
        return self.assessor.latest_today(self.now)

    def _as_kept(self, row: Row[Any]) -> Found | None:
        """What is found by what was kept; None where that goes wrong: then the record itself is assessed."""
        return Setbacks().tried(row.id, lambda: self._judged(row))

    def _judged(self, row: Row[Any]) -> Found:
        """What is found by the ground and the outcome that were kept."""
        (status, partly, _, _, _, _, _, _, settled_on, _, _, _, ground, news, identifier, _, made, _) = row[:_ASKED]
        counts = self.assessor.counts
        names = self._applying(row[_ASKED:], ground if self.assessor.asks_anchors else "")
        outcome = Outcome(_SETTLED_BY.get(status), settled_on, news, status == Status.SUSPENDED, partly)
        duties = counts.duties(ground, made, names, self._today)
        judgement = judge(identifier, duties, outcome, names, counts.book, self._today)
        return Found(identifier, judgement, judgement.next_change, ground, news, False, None)

    @cached_property
    def _asked(self) -> tuple[str, ...]:
        """The columns by which the rules that apply are found."""
        return tuple(name for name in Brief._fields if name in self.assessor.asked)

    @cached_property
    def _applying(self) -> Callable[[tuple[Any, ...], str], tuple[str, ...]]:
        """The rules that apply, by these columns and, where a rule asks for an anchor, by the ground."""
        return lru_cache(KEPT)(self._matching)

    def _matching(self, asked: tuple[Any, ...], ground: str) -> tuple[str, ...]:
        values = dict(zip(self._asked, asked, strict=True))
        facts = {name: _FACTS[name](value) if name in _FACTS else value for name, value in values.items()}
        anchors = Ground.read(ground).latest if ground else ()
        facts |= {f"anchors.{name}": window.latest for name, window in anchors}
        return tuple(sorted(self.assessor.matcher.applying(facts)))


_FACTS: Final[Mapping[str, Callable[[str], Any]]] = {
    "by": parties,
    "to": parties,
    "dossier": lambda text: text or None,
    "cycle": lambda text: text or None,
}
"""How a column is read as what conditions are asked of, where the two are not the same."""
_SETTLED_BY: Final[Mapping[str, EventKind]] = {
    Status.FULFILLED: EventKind.FULFILLED,
    Status.FULFILLED_LATE: EventKind.FULFILLED,
    Status.WITHDRAWN: EventKind.WITHDRAWN,
    Status.LAPSED: EventKind.LAPSED,
}
"""What each status was brought about by."""


def _assessed(record: Record, assessment: Assessment) -> Found:
    return Found(
        id=record.commitment.id,
        judgement=assessment.judgement,
        # What could not be assessed is tried again every day, and never by what was kept.
        next_change=day_after(assessment.today) if assessment.setback else _next_change(record, assessment),
        ground=None if assessment.setback else assessment.ground,
        news=not assessment.setback and Outcome.of(assessment.record).news,
        amended=any(record.of(EventKind.AMENDED)),
        assessment=assessment,
    )


def _next_change(record: Record, assessment: Assessment) -> date | None:
    """The first later day on which it will stand otherwise: by itself, or by an event that is recorded already."""
    if len(record.history) == len(assessment.record.history):
        return assessment.next_change
    events = (entry.event.occurred_on for entry in record.history)
    ahead = [day for day in events if day > assessment.today]
    return min([*ahead, *filter(None, [assessment.next_change])], default=None)
