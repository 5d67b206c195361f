"""Rules meet a commitment on a day: its deadlines, its standing, the notices owed, and the day all this next changes.

Everything here is a function of the record, the rule book and the day; nothing is read or written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from commitments.dates import DAY, Window
from commitments.model import CLERK, EventKind, Record, Recorded, Standing, Status
from engine.match import Matcher
from engine.obligations import Move, Obligation, obligations
from notifications.notice import Moved, Notice, Stage
from rules.book import RuleBook
from rules.calendar import Calendars
from rules.condition import Value
from rules.pack import Validity

_SETTLED_STATUS = {EventKind.WITHDRAWN: Status.WITHDRAWN, EventKind.LAPSED: Status.LAPSED}


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What became of one commitment by the end of a day.

    `notices` are those that hold on the day, whether told already or not. `next_change` is the first later day on
    which status or notices will differ if nothing happens, None where that is never.
    """

    record: Record
    today: date
    obligations: tuple[Obligation, ...]
    standing: Standing
    notices: tuple[Notice, ...]
    next_change: date | None

    @property
    def governing(self) -> Obligation | None:
        """The deadline that the standing is counted against."""
        return next((item for item in self.obligations if item.rule == self.standing.rule), None)

    @property
    def moved(self) -> Moved | None:
        """How the deadline last moved, if it did."""
        return _moved(self.governing.moves[-1]) if self.governing and self.governing.moves else None


def facts(record: Record) -> dict[str, Value]:
    """A commitment as the flat facts that conditions are asked of."""
    commitment = record.commitment
    anchors = {f"anchors.{name}": window.latest for name, window in record.anchors.items()}
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
        **anchors,
    }


def assess(record: Record, book: RuleBook, applying: Iterable[str], calendars: Calendars, today: date) -> Assessment:
    """What became of a commitment by the end of `today`, under the rules that apply to it.

    `record` holds what had happened by then, and no more.
    """
    names = sorted(applying)
    found = tuple(obligations(record, names, book, calendars, today))
    governing = _governing(found)
    standing = _standing(record, governing, today)
    return Assessment(
        record=record,
        today=today,
        obligations=found,
        standing=standing,
        notices=tuple(_notices(record, found, standing, today)),
        next_change=_next_change(found, [book.rules[name].rule.valid for name in names], standing, today),
    )


def _governing(obligations: tuple[Obligation, ...]) -> Obligation | None:
    """The earliest deadline that can become overdue; else the earliest; else one that is not known yet."""
    counting = [item for item in obligations if not item.beaten_by]
    return min(
        counting,
        key=lambda item: (
            item.current is None,
            not item.force.can_be_overdue,
            item.current.latest if item.current else date.max,
            item.rule,
        ),
        default=None,
    )


def _standing(record: Record, governing: Obligation | None, today: date) -> Standing:
    settled = record.settled
    until = settled.event.occurred_on if settled else today
    original = governing.original if governing else None
    current = governing.current if governing else None
    return Standing(
        status=_status(record, governing, today),
        partly=record.partly and settled is None,
        rule=governing.rule if governing else "",
        original=original,
        current=current,
        settled_on=settled.event.occurred_on if settled else None,
        days_late_original=_days_late(original, until),
        days_late_current=_days_late(current, until),
    )


def _days_late(due: Window | None, day: date) -> int | None:
    return (day - due.latest).days if due else None


def _status(record: Record, governing: Obligation | None, today: date) -> Status:
    if record.settled is not None:
        return _settled_status(record.settled, governing)
    if record.suspended is not None:
        return Status.SUSPENDED
    if governing is None or governing.current is None:
        return Status.UNDATED
    return open_status(governing, governing.current, today)


def _settled_status(settled: Recorded, governing: Obligation | None) -> Status:
    if settled.event.kind is not EventKind.FULFILLED:
        return _SETTLED_STATUS[settled.event.kind]
    if governing is None or governing.current is None or not governing.force.can_be_overdue:
        return Status.FULFILLED
    late = settled.event.occurred_on > governing.current.latest
    return Status.FULFILLED_LATE if late else Status.FULFILLED


def open_status(obligation: Obligation, due: Window, today: date) -> Status:
    """Where an open commitment stands: overdue, or awaited, only after the latest day on which it can be due."""
    if today > due.latest:
        return Status.OVERDUE if obligation.force.can_be_overdue else Status.AWAITED
    if today == due.latest:
        return Status.DUE_TODAY
    if obligation.soon is not None and today >= obligation.soon:
        return Status.DUE_SOON
    return Status.PENDING


def _notices(record: Record, obligations: tuple[Obligation, ...], standing: Standing, today: date) -> Iterator[Notice]:
    """The notices that hold on a day: for each deadline and audience the last stage reached, and no earlier one."""
    counting = [item for item in obligations if not item.beaten_by and item.current is not None]
    if record.settled is not None:
        yield from _settled_notices(record, record.settled, counting, standing)
        return
    if record.suspended is not None:
        return
    for obligation in counting:
        latest = {notice.audience: notice for notice in _reached(record, obligation, today)}
        yield from latest.values()


def _reached(record: Record, obligation: Obligation, today: date) -> list[Notice]:
    """Every stage reached by `today`, in order.

    A stage that lies before the last move of the deadline is told by the move; a reminder of a day that is past says
    nothing any more.
    """
    due = obligation.current
    assert due is not None  # noqa: S101 (the caller chose those that have a date)
    version = str(due)
    move = obligation.moves[-1] if obligation.moves else None
    reached = [
        Notice(
            commitment=record.commitment.id,
            rule=obligation.rule,
            stage=Stage(rung.stage),
            step=rung.step,
            version=version,
            audience=rung.audience,
            day=rung.day,
        )
        for rung in obligation.rungs
        if rung.day <= today and (move is None or rung.day > move.entry.event.occurred_on)
        if (today <= due.latest if rung.stage in {"reminder", "due_today"} else obligation.force.can_be_overdue)
    ]
    if move is not None and move.entry.event.occurred_on <= today and is_news(record, move.entry):
        told = Notice(
            commitment=record.commitment.id,
            rule=obligation.rule,
            stage=Stage.DATE_CHANGED,
            step=len(obligation.moves),
            version=version,
            audience=CLERK,
            day=move.entry.event.occurred_on,
        )
        reached.insert(0, told)
    return reached


def _settled_notices(
    record: Record, settled: Recorded, obligations: list[Obligation], standing: Standing
) -> Iterator[Notice]:
    """That it is settled is told to the clerk, and to everyone who had been told of it by then."""
    if not is_news(record, settled):
        return
    day = settled.event.occurred_on
    told = {notice.audience for item in obligations for notice in _reached(record, item, day)}
    for audience in sorted({CLERK} | told):
        yield Notice(
            commitment=record.commitment.id,
            rule=standing.rule,
            stage=Stage.SETTLED,
            step=1,
            version=f"{settled.event.kind} {day}",
            audience=audience,
            day=day,
        )


def is_news(record: Record, entry: Recorded) -> bool:
    """Whether an event was learnt of after the commitment itself: what came in with it is history, and tells nobody."""
    return entry.recorded_at > record.recorded_at


def _moved(move: Move) -> Moved:
    event = move.entry.event
    return Moved(
        before=move.before,
        after=move.after,
        on=event.occurred_on,
        decided_by=event.decided_by,
        document=event.document,
        note=event.note,
    )


def _next_change(
    obligations: tuple[Obligation, ...], valid: Iterable[Validity], standing: Standing, today: date
) -> date | None:
    if standing.status.settled or standing.status is Status.SUSPENDED:
        return None
    days = {day for item in obligations if not item.beaten_by for day in turning_days(item)}
    days |= {day for validity in valid for day in validity.turning_days}
    return min((day for day in days if day > today), default=None)


def turning_days(obligation: Obligation) -> Iterator[date]:
    """The days on which a deadline, left alone, comes to stand otherwise or has something told of it."""
    if obligation.current is None:
        return
    yield from (rung.day for rung in obligation.rungs)
    if obligation.soon is not None:
        yield obligation.soon
    yield obligation.current.latest
    yield obligation.current.latest + DAY


@dataclass(frozen=True)
class Assessor:
    """The rules in use, ready to be asked: which apply to a commitment, and what becomes of it."""

    book: RuleBook
    calendars: Calendars
    matcher: Matcher
    timezone: str

    def applying(self, record: Record) -> frozenset[str]:
        """The names of the rules that apply to a commitment."""
        return self.matcher.applying(facts(record))

    def on(self, record: Record, day: date, known_at: datetime | None = None) -> Assessment | None:
        """What had become of a commitment by the end of `day`; None where it did not exist, or was not known."""
        then = record.as_of(day, known_at)
        if then is None:
            return None
        return assess(then, self.book, self.applying(then), self.calendars, day)

    def at(self, record: Record, now: datetime) -> Assessment | None:
        """What has become of a commitment by `now`, on the date it is where its rules are from."""
        dates = _dates(now, self._zones)
        alike = dates.count(dates[0]) == len(dates)
        return self.on(record, dates[0] if alike else self.today(now, self.applying(record)))

    def today(self, now: datetime, applying: Iterable[str] = ()) -> date:
        """The local date of the first rule's pack, or of the workspace where no rule applies."""
        zones = [self.book.rules[name].pack.timezone for name in sorted(applying)]
        return now.astimezone(ZoneInfo(zones[0] if zones else self.timezone)).date()

    def latest_today(self, now: datetime) -> date:
        """The furthest date that it is in any pack's zone."""
        return max(_dates(now, self._zones))

    def is_later_day(self, one: datetime, other: datetime) -> bool:
        """Whether one moment is on a later date than another in some pack's zone."""
        return one > other and _dates(one, self._zones) != _dates(other, self._zones)

    @cached_property
    def _zones(self) -> tuple[str, ...]:
        return tuple({self.timezone: None, **{loaded.pack.timezone: None for loaded in self.book.packs}})


@lru_cache(maxsize=8)
def _dates(now: datetime, zones: tuple[str, ...]) -> tuple[date, ...]:
    """The date that it is in each of these zones."""
    return tuple(now.astimezone(ZoneInfo(zone)).date() for zone in zones)
