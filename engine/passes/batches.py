"""A pass's assessing in many short transactions, so that others can write between them.

Each takes some commitments, makes what follows from their events, and stores where they stand and what is owed. What
others write meanwhile is assessed in the same pass, and the last transaction sees that nothing is left. A pass that is
cut off leaves the rest due: the next one takes it up.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

from commitments import store
from commitments.store import Connection
from engine.assessment.assess import Assessor
from engine.assessment.gc_paused import without_collector
from engine.passes import assess_due
from engine.passes.assess_due import (
    LATEST,
    Assessed,
    Assessing,
    changed,
    ids_after,
    last_pass,
    rows_of,
    rows_until,
    stamp,
    waiting,
)
from engine.passes.follow_ups import follow
from engine.passes.progress import (
    Judging,
    come_to,
    ended,
    judged,
    judging,
)
from engine.workspace.settings import Workspace

IN_ONE: Final = 4
"""So many times what is read at once is assessed in one transaction: some 0.3 s that another waits for at most."""


@dataclass
class Batches:
    """The assessing of a pass as of `now`: begun in one transaction, and gone on with in others until it has `ended`.

    `followed` counts the commitments that followed from the events of others.
    """

    workspace: Workspace
    assessor: Assessor
    now: datetime
    ended: bool = False
    followed: int = 0
    _work: Assessing = field(kw_only=True)
    _judging: Judging = field(kw_only=True)
    _last: str | None = field(kw_only=True)
    _looked: bool = field(kw_only=True)
    _queue: deque[str] = field(default_factory=deque)
    _ahead: set[str] = field(default_factory=set)

    @classmethod
    def begun(cls, tx: Connection, workspace: Workspace, assessor: Assessor, now: datetime, at: datetime) -> Self:
        """The assessing of a pass, with nothing assessed yet; what is written down about it has the moment `at`."""
        last_time = last_pass(tx)
        later = last_time is not None and assessor.is_later_day(last_time, now)
        work, found = Assessing.begun(tx, assessor, now), judging(tx, workspace, at, anew=later)
        store.remember(tx, LATEST, now.isoformat())
        # Who judges everything has seen those whose day has come, but what a pass before it had judged.
        looked = found.everything and not found.judged
        last = found.judged if found.everything else None
        return cls(workspace, assessor, now, _work=work, _judging=found, _last=last, _looked=looked)

    @property
    def done(self) -> Assessed:
        """What was assessed so far."""
        return self._work.done

    def go_on(self, tx: Connection, at: datetime) -> None:
        """Assess the next ones; where none are left after them, what they mean for one another is settled too.

        What follows from events is written down with the moment `at`.
        """
        room = IN_ONE * assess_due.SOME
        with without_collector():
            while room > 0 and self._is_left(tx):
                room -= self._catch_up(tx, room, at) if self._last is None else self._judge(tx, self._last, at)
        if self._is_left(tx):
            come_to(tx, self.workspace, self._last)
        else:
            self._end(tx)

    def finish(self, tx: Connection, at: datetime) -> Self:
        """Go on to the end within one transaction."""
        while not self.ended:
            self.go_on(tx, at)
        return self

    def _is_left(self, tx: Connection) -> bool:
        """Whether anything is left: first also those whose day has come, then only what others wrote meanwhile."""
        if not self._queue and self._last is None:
            found = changed(tx) if self._looked else waiting(tx, self.assessor.latest_today(self.now))
            self._looked = True
            self._queue.extend(one for one in found if one not in self._ahead)
        return bool(self._queue) or self._last is not None

    def _judge(self, tx: Connection, last: str, at: datetime) -> int:
        """Judge the next commitments after an id, whether or not they are due; how many."""
        some = ids_after(tx, last)
        if some:
            stamp(tx, self.assessor.book, last, some[-1])
            self._follow(tx, some, at)
            rows = rows_until(tx, self._work.reader, last, some[-1])
            self._ahead |= self._work.assess(tx, rows, gapless=True)
        self._last = some[-1] if len(some) == assess_due.SOME else None
        if self._last is None:
            judged(tx, self.workspace)
        return len(some)

    def _catch_up(self, tx: Connection, room: int, at: datetime) -> int:
        """Assess the next commitments that are due, so many at most, and what follows from them; how many."""
        some = [self._queue.popleft() for _ in range(min(room, len(self._queue)))]
        made = self._follow(tx, some, at)
        rows = rows_of(tx, self._work.reader, sorted({*some, *made}))
        self._ahead |= self._work.assess(tx, rows, gapless=False)
        return len(some)

    def _follow(self, tx: Connection, some: list[str], at: datetime) -> list[str]:
        made = follow(tx, self.assessor, some, today=self.assessor.today(self.now), at=at)
        self.followed += len(made)
        return made

    def _end(self, tx: Connection) -> None:
        self._work.settle(tx)
        ended(tx)
        if self._judging.everything:
            # A hundred megabytes, where there are many: digests of all that is overdue need the room next.
            self.assessor.counts.forget()
        self.ended = True
