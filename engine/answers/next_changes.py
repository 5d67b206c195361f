"""What comes next: the days on which a commitment's status or notices will change if nothing happens. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from commitments.model.commitment import Status
from commitments.model.record import Record
from engine.assessment.assess import Assessment, Assessor
from notifications.content.notice import Notice


@dataclass(frozen=True)
class Turn:
    """A day on which something changes: the status before it, what becomes of the commitment, and who hears of it."""

    before: Status
    assessment: Assessment

    @property
    def day(self) -> date:
        """The day itself."""
        return self.assessment.today

    @property
    def after(self) -> Status:
        """The status by the end of it."""
        return self.assessment.standing.status

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The notices that fall on it."""
        return tuple(notice for notice in self.assessment.notices if notice.day == self.day)


def turns(assessor: Assessor, record: Record, after: date, until: date = date.max) -> Iterator[Turn]:
    """The days after one day and up to another, both local, on which a commitment will change, in order."""
    now = assessor.on(record, after)
    while now is not None and now.next_change is not None and now.next_change <= until:
        then = assessor.on(record, now.next_change)
        if then is None:
            return
        turn = Turn(now.standing.status, then)
        if turn.notices or turn.before is not turn.after:
            yield turn
        now = then
