"""What an account reads of the projection: no more than it counts, and hardly more rows than it shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_
from typing import Any, Final

from commitments import store
from commitments.audit.cells import Batch, Cell
from commitments.audit.counts import Last
from commitments.audit.figures import MISSED, NUMBERS, PLACES, TIMELESS, Place, Timing
from commitments.listing import Line, Wanted, lines, selection
from commitments.model.commitment import Force, Status
from commitments.store import Connection, Value, as_kept, choice

_TABLE: Final = store.commitment.c


@dataclass(frozen=True)
class Projected:
    """The commitments that are wanted, as the projection has them on a day; it must be up to date."""

    tx: Connection
    day: date
    wanted: Wanted

    def lines(self) -> Iterator[Line]:
        """All of them, in the order of their ids."""
        return lines(self.tx, self.day, self.wanted)

    def cells(self, *, named: bool) -> Iterator[Batch]:
        """All of them as they are counted, in batches; with their ids, and in their order, only where asked for."""
        columns = _columns(self.day)[: len(Cell._fields) if named else -1]
        query = selection(self.wanted, self.day)
        query = query if named else query.order_by(None)
        if not self.wanted.text:
            yield from self.tx.execute(query.with_only_columns(*columns)).partitions()
            return
        told = (_TABLE.id, _TABLE.title, _TABLE.dossier)
        for batch in self.tx.execute(
            query.with_only_columns(*columns, *(one.label(None) for one in told))
        ).partitions():
            yield [row[: len(columns)] for row in batch if self.wanted.says(*row[len(columns) :])]

    def pressing(self, least: Mapping[Status, Last]) -> Iterable[Line]:
        """Those of each status that are as pressing as the last that is shown, and few others."""
        if not least:
            return ()
        return lines(self.tx, self.day, self.wanted, reduce(or_, (_until(*item) for item in least.items())))


def _until(status: Status, last: Last) -> Value:
    of_status: Value = _TABLE.status == status.value
    if status is Status.FULFILLED_LATE:
        return of_status & (_TABLE.days_late_current >= last.days)
    return of_status if last.due is None else of_status & (_TABLE.current_latest <= last.due)


# ------------------------------------------------------------------------------------------------- cells


def _columns(day: date) -> tuple[Any, ...]:
    """The columns of a cell."""
    since = choice((_TABLE.status == Status.OVERDUE.value, _TABLE.current_latest), other=None)
    return (
        _TABLE.by,
        _TABLE.to,
        _TABLE.kind,
        _TABLE.dossier,
        as_kept(_TABLE.current_latest),
        _mark(day),
        as_kept(since),
        _TABLE.id,
    )


def _mark(day: date) -> Value:
    """The mark of a cell: its place as a number, and the days it came late."""
    first = {status: NUMBERS[Place(status, False, Timing.IN_TIME)] for status in Status}
    status = choice(*((_TABLE.status == one.value, number) for one, number in first.items()), other=0)
    partly = choice((_TABLE.partly, NUMBERS[Place(Status.PENDING, True, Timing.IN_TIME)]), other=0)
    days = choice((_TABLE.status == Status.FULFILLED_LATE.value, _TABLE.days_late_current), other=0)
    return status + partly + _timing(day) + days * len(PLACES)


def _timing(day: date) -> Value:
    """What `figures.timing` says, as the number of a Timing, said so that a database can work it out."""
    number = {timing: NUMBERS[Place(Status.PENDING, False, timing)] for timing in Timing}
    until = choice((_TABLE.settled_on.is_not(None), _TABLE.settled_on), other=day)
    never = (
        _TABLE.current_latest.is_(None)
        | _TABLE.status.in_(sorted(TIMELESS))
        | _TABLE.force.in_([force.value for force in Force if not force.can_be_overdue])
    )
    kept = _TABLE.status == Status.FULFILLED.value
    return choice(
        (_TABLE.status.in_(sorted(MISSED)), number[Timing.LATE_CURRENT]),
        (never, number[Timing.UNTIMED]),
        ((until > _TABLE.current_latest) & kept, number[Timing.UNTIMED]),
        (until > _TABLE.current_latest, number[Timing.LATE_CURRENT]),
        (until > _TABLE.original_latest, number[Timing.LATE_ORIGINAL]),
        other=number[Timing.IN_TIME],
    )
