"""Where a commitment stands on a day, the notices that hold then, and when all this next changes. Pure.

It takes the deadlines and the outcome, and nothing else of the commitment: many that are alike are judged alike.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from commitments.model.basis import Outcome
from commitments.model.commitment import (
    CLERK,
    EventKind,
    Standing,
    Status,
)
from commitments.model.dates import Window
from engine.assessment.deadlines import Duties, Obligation
from notifications.content.notice import Notice, Stage
from rules.pack.book import RuleBook
from rules.pack.pack import Rung

_SETTLED_STATUS = {EventKind.WITHDRAWN: Status.WITHDRAWN, EventKind.LAPSED: Status.LAPSED}


class Judgement(NamedTuple):
    """Where a commitment stands on a day, the notices that hold then, and when all this next changes.

    `notices` are those that hold on the day, whether told already or not. `next_change` is the first later day on
    which status or notices will differ if nothing happens, None where that is never.
    """

    standing: Standing
    notices: tuple[Notice, ...]
    next_change: date | None


def judge(
    identifier: str, duties: Duties, outcome: Outcome, names: Sequence[str], book: RuleBook, today: date
) -> Judgement:
    """Where a commitment with these deadlines and this outcome stands, under the rules of these names."""
    standing = _standing(outcome, duties.governing, today)
    if outcome.settled_on is not None:
        told = _settled_notices(identifier, outcome, outcome.settled_on, duties, standing) if outcome.news else ()
        return Judgement(standing, tuple(told), None)
    if outcome.suspended:
        return Judgement(standing, (), None)
    return Judgement(
        standing,
        tuple(_notices(identifier, duties, today)),
        _next_change(duties, names, book, today),
    )


def _standing(outcome: Outcome, governing: Obligation | None, today: date) -> Standing:
    status, settled_on = _status(outcome, governing, today), outcome.settled_on
    if governing is None:
        return Standing(status, outcome.partly, settled_on=settled_on)
    until, original, current = settled_on or today, governing.original, governing.current
    return Standing(
        status,
        outcome.partly,
        governing.rule,
        original,
        current,
        settled_on,
        days_late(original, until),
        days_late(current, until),
    )


def days_late(due: Window | None, day: date) -> int | None:
    """How many days after a deadline a day is, fewer than none where it is before; None where there is none."""
    return (day - due.latest).days if due else None


def _status(outcome: Outcome, governing: Obligation | None, today: date) -> Status:
    if outcome.settled is not None and outcome.settled_on is not None:
        return _settled_status(outcome.settled, outcome.settled_on, governing)
    if outcome.suspended:
        return Status.SUSPENDED
    if governing is None or governing.current is None:
        return Status.UNDATED
    return open_status(governing, governing.current, today)


def _settled_status(settled: EventKind, day: date, governing: Obligation | None) -> Status:
    if settled is not EventKind.FULFILLED:
        return _SETTLED_STATUS[settled]
    if governing is None or governing.current is None or not governing.force.can_be_overdue:
        return Status.FULFILLED
    return Status.FULFILLED_LATE if day > governing.current.latest else Status.FULFILLED


def open_status(obligation: Obligation, due: Window, today: date) -> Status:
    """Where an open commitment stands: overdue, or awaited, only after the latest day on which it can be due."""
    if today > due.latest:
        return Status.OVERDUE if obligation.force.can_be_overdue else Status.AWAITED
    if today == due.latest:
        return Status.DUE_TODAY
    if obligation.soon is not None and today >= obligation.soon:
        return Status.DUE_SOON
    return Status.PENDING


def _notices(identifier: str, duties: Duties, today: date) -> Iterator[Notice]:
    """The notices of an open commitment: for each deadline and audience the last stage reached, and no earlier one."""
    for obligation in _dated(duties):
        for audience, rung in _reached(obligation, today).items():
            yield _notice(identifier, obligation, audience, rung)


def _dated(duties: Duties) -> Iterator[Obligation]:
    """The deadlines that count and have a date."""
    return (item for item in duties.obligations if not item.beaten_by and item.current is not None)


def _reached(obligation: Obligation, today: date) -> dict[str, Rung | None]:
    """The last stage reached by `today`, by audience, first those told first; None is that the deadline moved.

    A stage that lies before the last move of the deadline is told by the move; a reminder of a day that is past says
    nothing any more.
    """
    reached: dict[str, Rung | None] = {}
    moved = obligation.moves[-1].turn if obligation.moves else None
    since = moved.day if moved else date.min
    if moved is not None and since <= today and moved.news:
        reached[CLERK] = None
    late = obligation.current is not None and today > obligation.current.latest
    for rung in obligation.rungs:
        if rung.day > today:
            break
        ahead = rung.stage in _AHEAD
        if (not late if ahead else obligation.force.can_be_overdue) and (moved is None or rung.day > since):
            reached[rung.audience] = rung
    return reached


_AHEAD = frozenset({"reminder", "due_today"})
"""The stages that say nothing any more when the deadline has passed."""


def _notice(identifier: str, obligation: Obligation, audience: str, rung: Rung | None) -> Notice:
    moves = obligation.moves
    return Notice(
        commitment=identifier,
        rule=obligation.rule,
        stage=Stage(rung.stage) if rung else Stage.DATE_CHANGED,
        step=rung.step if rung else len(moves),
        version=str(obligation.current),
        audience=audience,
        day=rung.day if rung else moves[-1].turn.day,
    )


def _settled_notices(
    identifier: str, outcome: Outcome, day: date, duties: Duties, standing: Standing
) -> Iterator[Notice]:
    """That it is settled is told to the clerk, and to everyone who had been told of it by then."""
    told = {audience for item in _dated(duties) for audience in _reached(item, day)}
    for audience in sorted({CLERK} | told):
        yield Notice(
            commitment=identifier,
            rule=standing.rule,
            stage=Stage.SETTLED,
            step=1,
            version=f"{outcome.settled} {day}",
            audience=audience,
            day=day,
        )


def _next_change(duties: Duties, names: Sequence[str], book: RuleBook, today: date) -> date | None:
    """The first day after `today` on which an open commitment will stand otherwise, if nothing happens."""
    turns = [item.turning_days for item in duties.obligations if not item.beaten_by]
    turns += [book.rules[name].rule.valid.turning_days for name in names]
    ahead = (days[place] for days in turns if (place := bisect_right(days, today)) < len(days))
    return min(ahead, default=None)
