"""Rules meet a commitment on a day: its deadlines, its standing, the notices owed, and the day all this next changes.

Everything here is a function of the record, the rule book and the day; nothing is read or written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

from commitments.ledger.moments import Known
from commitments.model.basis import (
    OPEN,
    Ground,
    Outcome,
    moving,
    put_back,
)
from commitments.model.commitment import Standing, Status
from commitments.model.record import Record, Recorded
from engine.assessment.cache import Counts
from engine.assessment.deadlines import Duties, Obligation
from engine.assessment.moves import Move, Unheeded
from engine.assessment.setbacks import Setbacks, obscured
from engine.assessment.status import (
    Judgement,
    days_late,
    judge,
    open_status,
)
from engine.matching.matcher import Matcher
from notifications.content.notice import Moved, Notice, Reason
from rules.calendars.calendar import Calendars
from rules.conditions.condition import Value, tests
from rules.counting.deadline import Deadline
from rules.pack.book import RuleBook
from rules.pack.pack import DEFAULT_LADDER


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What became of one commitment by the end of a day: its deadlines, counted on its `ground`, and the judgement."""

    record: Record
    today: date
    ground: str
    obligations: tuple[Obligation, ...]
    judgement: Judgement
    setback: str = ""
    """Why it could not be assessed, and is undated; empty where it was."""

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
        return standing._replace(
            rule=obligation.rule,
            status=open_status(obligation, due, self.today) if runs and due else standing.status,
            original=obligation.original,
            current=due,
            days_late_original=days_late(obligation.original, until),
            days_late_current=days_late(due, until),
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
    names, ground = tuple(sorted(applying)), str(Ground.of(record, today))
    duties = counts.duties(ground, record.commitment.made, names, today)
    judged = judge(record.commitment.id, duties, Outcome.of(record), names, counts.book, today)
    return Assessment(record=record, today=today, ground=ground, obligations=duties.obligations, judgement=judged)


def unassessed(record: Record, why: str, book: RuleBook, today: date) -> Assessment:
    """A commitment that cannot be assessed: undated with the reason, or what it was settled as where that is known."""
    commitment = record.commitment
    deadline = Deadline(window=None, at=None, steps=(), unknown=f"it could not be assessed: {why}")
    obligation = Obligation(
        rule="",
        deadline=deadline,
        current=None,
        force=commitment.force,
        ladder=DEFAULT_LADDER,
        basis=Reason(rule=""),
        unknown=deadline.unknown,
    )
    duties = Duties.of((obligation,))
    outcome = OPEN if record.obscure else Outcome.of(record)
    judgement = judge(commitment.id, duties, outcome._replace(news=False), (), book, today)
    return Assessment(
        record=record, today=today, ground="", obligations=duties.obligations, judgement=judgement, setback=why
    )


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

    def on(self, record: Record, day: date, known: Known | None = None) -> Assessment | None:
        """What had become of a commitment by the end of `day`; None where it did not exist, or was not known."""
        then = record.as_of(day, known)
        return None if then is None else self._assessed(then, day)

    def _assessed(self, then: Record, day: date) -> Assessment:
        """What became of a record; undated with the reason where that cannot be told, whatever goes wrong.

        Everybody who asks what became of a commitment comes by here.
        """
        identifier = then.commitment.id
        if why := obscured(then):
            self.setbacks.note(identifier, why)
            return unassessed(then, why, self.book, day)
        found = self.setbacks.tried(identifier, lambda: assess(then, self.applying(then), self.counts, day))
        return found or unassessed(then, self.setbacks.met[identifier], self.book, day)

    @cached_property
    def setbacks(self) -> Setbacks:
        """What could not be assessed since somebody last asked and forgot it."""
        return Setbacks()

    def at(self, record: Record, now: datetime) -> Assessment | None:
        """What has become of a commitment by `now`, on the date it is where its rules are from."""
        return self.on(record, self.latest_today(now) if self.one_day(now) else self._local_today(record, now))

    def _local_today(self, record: Record, now: datetime) -> date:
        """The date where the rules of a record are from, or where the workspace is if these cannot be told."""
        found = self.setbacks.tried(record.commitment.id, lambda: self.today(now, self.applying(record)))
        return found or self.today(now)

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
