"""What a pass finds of a commitment: from its record in the ledger, or from what the last pass kept of it.

Where rules change everything is judged anew, but nothing else has happened: then the ground and the outcome that stand
in the projection are all that is needed, and the ledger is not read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any, Final, NamedTuple

from commitments import register
from commitments.ground import Ground, Outcome
from commitments.listing import Brief, parties
from commitments.model import EventKind, Status
from commitments.record import Record
from commitments.store import Connection, Row
from engine.assess import Assessment, Assessor, Judgement, judge
from engine.counts import KEPT


class Found(NamedTuple):
    """What a pass found of a commitment, what it keeps for the next one, and when that has to look again.

    `assessment` is None where the record was not read.
    """

    id: str
    judgement: Judgement
    next_change: date | None
    ground: str
    news: bool
    amended: bool
    assessment: Assessment | None


@dataclass(frozen=True)
class Reader:
    """Finds what has become of commitments by `now`; `kept` says whether what the last pass kept still holds."""

    assessor: Assessor
    now: datetime
    kept: bool

    def found(self, tx: Connection, rows: Sequence[Row[Any]]) -> dict[str, Found]:
        """What was found of some commitments, by id; without those that were not there yet."""
        holding = [row for row in rows if self._holds(row)]
        found = {row.id: self._judged(row) for row in holding}
        fresh = [row.id for row in rows if row.id not in found]
        for record in register.records(tx, fresh):
            assessment = self.assessor.at(record, self.now)
            if assessment is not None:
                found[record.commitment.id] = _assessed(record, assessment)
        return found

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

    def _judged(self, row: Row[Any]) -> Found:
        """What is found by the ground and the outcome that were kept."""
        assessor, today = self.assessor, self._today
        identifier, made, ground, news = _own(row)
        names = self._applying(self._asked(row), ground if assessor.asks_anchors else "")
        obligations = assessor.counts.obligations(ground, made, names, today)
        judgement = judge(identifier, obligations, _outcome(row), names, assessor.counts, today)
        return Found(identifier, judgement, judgement.next_change, ground, news, False, None)

    @cached_property
    def _asked(self) -> Callable[[Row[Any]], tuple[Any, ...]]:
        """What gives of a row that by which the rules that apply are found: the columns that conditions ask for."""
        return attrgetter(*self._columns)

    @cached_property
    def _columns(self) -> tuple[str, ...]:
        asked = [name for name in Brief._fields if name in self.assessor.asked]
        return ("kind", "force", *(name for name in asked if name not in {"kind", "force"}))

    @cached_property
    def _applying(self) -> Callable[[tuple[Any, ...], str], tuple[str, ...]]:
        """The rules that apply, by these columns and, where a rule asks for an anchor, by the ground."""
        return lru_cache(KEPT)(self._matching)

    def _matching(self, asked: tuple[Any, ...], ground: str) -> tuple[str, ...]:
        values = dict(zip(self._columns, asked, strict=True))
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
_own = attrgetter("id", "made", "ground", "news")
_SETTLED_BY: Final[Mapping[str, EventKind]] = {
    Status.FULFILLED: EventKind.FULFILLED,
    Status.FULFILLED_LATE: EventKind.FULFILLED,
    Status.WITHDRAWN: EventKind.WITHDRAWN,
    Status.LAPSED: EventKind.LAPSED,
}
"""What each status was brought about by."""


def _outcome(row: Row[Any]) -> Outcome:
    """The outcome that a row tells of."""
    return Outcome(_SETTLED_BY.get(row.status), row.settled_on, row.news, row.status == Status.SUSPENDED, row.partly)


def _assessed(record: Record, assessment: Assessment) -> Found:
    return Found(
        id=record.commitment.id,
        judgement=assessment.judgement,
        next_change=_next_change(record, assessment),
        ground=assessment.ground,
        news=Outcome.of(assessment.record).news,
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
