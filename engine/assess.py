"""Rules meet a commitment on a day: its deadlines, its standing, the notices owed, and the day all this next changes.

Everything here is a function of the record, the rule book and the day; nothing is read or written.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from commitments.dates import Window
from commitments.ground import Ground, Outcome, moving, put_back
from commitments.model import CLERK, EventKind, Standing, Status
from commitments.record import Record, Recorded
from engine.counts import Counts
from engine.match import Matcher
from engine.obligations import Move, Obligation, Unheeded
from notifications.notice import Moved, Notice, Stage
from rules.book import RuleBook
from rules.calendar import Calendars
from rules.condition import Value, tests
from rules.pack import Rung

_SETTLED_STATUS = {EventKind.WITHDRAWN: Status.WITHDRAWN, EventKind.LAPSED: Status.LAPSED}


class Judgement(NamedTuple):
    """Where a commitment stands on a day, the notices that hold then, and when all this next changes.

    `notices` are those that hold on the day, whether told already or not. `next_change` is the first later day on
    which status or notices will differ if nothing happens, None where that is never.
    """

    standing: Standing
    notices: tuple[Notice, ...]
    next_change: date | None


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What became of one commitment by the end of a day: its deadlines, counted on its `ground`, and the judgement."""

    record: Record
    today: date
    ground: str
    obligations: tuple[Obligation, ...]
    judgement: Judgement

    @property
    def standing(self) -> Standing:
        """Where it stands."""
        return self.judgement.standing

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The notices that hold."""
        return self.judgement.notices

    @property
    def next_change(self) -> date | None:
        """The first later day on which all this will differ if nothing happens."""
        return self.judgement.next_change

    @property
    def governing(self) -> Obligation | None:
        """The deadline that the standing is counted against."""
        return next((item for item in self.obligations if item.rule == self.standing.rule), None)

    @property
    def moved(self) -> Moved | None:
        """How the deadline last moved, if it did."""
        return self.moved_in(self.governing) if self.governing else None

    def moved_in(self, obligation: Obligation) -> Moved | None:
        """How one of its deadlines last moved, if it did."""
        return self._moved(obligation.moves[-1]) if obligation.moves else None

    def against(self, obligation: Obligation) -> Standing:
        """Where it stands against one of its deadlines, also if another governs."""
        standing, due = self.standing, obligation.current
        until = standing.settled_on or self.today
        runs = not standing.status.settled and standing.status is not Status.SUSPENDED
        return replace(
            standing,
            rule=obligation.rule,
            status=open_status(obligation, due, self.today) if runs and due else standing.status,
            original=obligation.original,
            current=due,
            days_late_original=_days_late(obligation.original, until),
            days_late_current=_days_late(due, until),
        )

    def entry(self, change: Move | Unheeded) -> Recorded:
        """The entry that moved a deadline, or asked for it in vain."""
        if change.place is None:
            return put_back(self.record, self.today)[-1]
        return moving(self.record)[change.place]

    def _moved(self, move: Move) -> Moved:
        event = self.entry(move).event
        return Moved(
            before=move.before,
            after=move.after,
            on=event.occurred_on,
            decided_by=event.decided_by,
            document=event.document,
            note=event.note,
        )


def facts(record: Record) -> dict[str, Value]:
    """A commitment as the flat facts that conditions are asked of."""
    commitment = record.commitment
    return {
        "id": commitment.id,
        "kind": commitment.kind,
        "title": commitment.title,
        "by": commitment.by,
        "to": commitment.to,
        "force": commitment.force.value,
        "dossier": commitment.dossier or None,
        "parent": commitment.parent,
        "cycle": commitment.cycle or None,
        "made": commitment.made,
        **{f"anchors.{name}": window.latest for name, window in record.anchors.items()},
    }


def assess(record: Record, applying: Iterable[str], counts: Counts, today: date) -> Assessment:
    """What became of a commitment by the end of `today`, under the rules that apply to it.

    `record` holds what had happened by then, and no more.
    """
    names, ground = sorted(applying), str(Ground.of(record, today))
    found = counts.obligations(ground, record.commitment.made, names, today)
    judged = judge(record.commitment.id, found, Outcome.of(record), names, counts, today)
    return Assessment(record=record, today=today, ground=ground, obligations=found, judgement=judged)


def judge(
    identifier: str, found: tuple[Obligation, ...], outcome: Outcome, names: Sequence[str], counts: Counts, today: date
) -> Judgement:
    """Where a commitment with these deadlines and this outcome stands, under the rules of these names."""
    standing = _standing(outcome, _governing(found), today)
    return Judgement(
        standing=standing,
        notices=tuple(_notices(identifier, outcome, found, standing, today)),
        next_change=_next_change(found, names, counts.book, standing, today),
    )


def _governing(obligations: tuple[Obligation, ...]) -> Obligation | None:
    """The earliest deadline that can become overdue; else the earliest; else one that is not known yet."""
    counting = [item for item in obligations if not item.beaten_by]
    return min(counting, key=_precedence) if len(counting) > 1 else next(iter(counting), None)


def _precedence(item: Obligation) -> tuple[bool, bool, date, str]:
    return (
        item.current is None,
        not item.force.can_be_overdue,
        item.current.latest if item.current else date.max,
        item.rule,
    )


def _standing(outcome: Outcome, governing: Obligation | None, today: date) -> Standing:
    until = outcome.settled_on or today
    original = governing.original if governing else None
    current = governing.current if governing else None
    return Standing(
        status=_status(outcome, governing, today),
        partly=outcome.partly,
        rule=governing.rule if governing else "",
        original=original,
        current=current,
        settled_on=outcome.settled_on,
        days_late_original=_days_late(original, until),
        days_late_current=_days_late(current, until),
    )


def _days_late(due: Window | None, day: date) -> int | None:
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


def _notices(
    identifier: str, outcome: Outcome, obligations: tuple[Obligation, ...], standing: Standing, today: date
) -> Iterator[Notice]:
    """The notices that hold on a day: for each deadline and audience the last stage reached, and no earlier one."""
    if outcome.settled is not None and outcome.settled_on is not None:
        if outcome.news:
            version = f"{outcome.settled} {outcome.settled_on}"
            yield from _settled_notices(identifier, version, outcome.settled_on, obligations, standing)
        return
    if outcome.suspended:
        return
    for obligation in _dated(obligations):
        for audience, rung in _reached(obligation, today).items():
            yield _notice(identifier, obligation, audience, rung)


def _dated(obligations: tuple[Obligation, ...]) -> Iterator[Obligation]:
    """Those that count and have a date."""
    return (item for item in obligations if not item.beaten_by and item.current is not None)


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
    identifier: str, version: str, day: date, obligations: tuple[Obligation, ...], standing: Standing
) -> Iterator[Notice]:
    """That it is settled is told to the clerk, and to everyone who had been told of it by then."""
    told = {audience for item in _dated(obligations) for audience in _reached(item, day)}
    for audience in sorted({CLERK} | told):
        yield Notice(
            commitment=identifier,
            rule=standing.rule,
            stage=Stage.SETTLED,
            step=1,
            version=version,
            audience=audience,
            day=day,
        )


def _next_change(
    obligations: tuple[Obligation, ...], names: Sequence[str], book: RuleBook, standing: Standing, today: date
) -> date | None:
    if standing.status.settled or standing.status is Status.SUSPENDED:
        return None
    turns = [item.turning_days for item in obligations if not item.beaten_by]
    turns += [book.rules[name].rule.valid.turning_days for name in names]
    ahead = (days[place] for days in turns if (place := bisect_right(days, today)) < len(days))
    return min(ahead, default=None)


@dataclass(frozen=True)
class Assessor:
    """The rules in use, ready to be asked: which apply to a commitment, and what becomes of it."""

    book: RuleBook
    calendars: Calendars
    matcher: Matcher
    timezone: str

    @cached_property
    def counts(self) -> Counts:
        """The deadlines that were counted under these rules."""
        return Counts(self.book, self.calendars)

    def applying(self, record: Record) -> frozenset[str]:
        """The names of the rules that apply to a commitment."""
        return self.matcher.applying(facts(record))

    def on(self, record: Record, day: date, known_at: datetime | None = None) -> Assessment | None:
        """What had become of a commitment by the end of `day`; None where it did not exist, or was not known."""
        then = record.as_of(day, known_at)
        if then is None:
            return None
        return assess(then, self.applying(then), self.counts, day)

    def at(self, record: Record, now: datetime) -> Assessment | None:
        """What has become of a commitment by `now`, on the date it is where its rules are from."""
        today = self.latest_today(now) if self.one_day(now) else self.today(now, self.applying(record))
        return self.on(record, today)

    def today(self, now: datetime, applying: Iterable[str] = ()) -> date:
        """The local date of the first rule's pack, or of the workspace where no rule applies."""
        zones = [self.book.rules[name].pack.timezone for name in sorted(applying)]
        return now.astimezone(ZoneInfo(zones[0] if zones else self.timezone)).date()

    def latest_today(self, now: datetime) -> date:
        """The furthest date that it is in any pack's zone."""
        return max(_dates(now, self.zones))

    def one_day(self, now: datetime) -> bool:
        """Whether it is the same date in every pack's zone."""
        return len(set(_dates(now, self.zones))) == 1

    @cached_property
    def asked(self) -> frozenset[str]:
        """The fields that the conditions of the rules ask for."""
        return frozenset(test.field for item in self.book.rules.values() for test in tests(item.rule.condition))

    @cached_property
    def asks_anchors(self) -> bool:
        """Whether any rule's conditions ask for the date of an anchor."""
        return any(field.startswith("anchors.") for field in self.asked)

    def is_later_day(self, one: datetime, other: datetime) -> bool:
        """Whether one moment is on a later date than another in some pack's zone."""
        return one > other and _dates(one, self.zones) != _dates(other, self.zones)

    @cached_property
    def zones(self) -> tuple[str, ...]:
        """The zones in which it is asked which day it is: that of the workspace and those of the packs."""
        return tuple({self.timezone: None, **{loaded.pack.timezone: None for loaded in self.book.packs}})


@lru_cache(maxsize=8)
def _dates(now: datetime, zones: tuple[str, ...]) -> tuple[date, ...]:
    """The date that it is in each of these zones."""
    return tuple(now.astimezone(ZoneInfo(zone)).date() for zone in zones)
