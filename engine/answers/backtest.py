"""What other rules would have made of the register: deadlines, statuses and notices that differ over a period. Pure.

A commitment is looked at on the days on which anything can change under either rules, and on those of its events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from commitments.model.commitment import Commitment, EventKind, Status
from commitments.model.dates import DAY, Window, day_after
from commitments.model.record import Record
from engine.assessment.assess import Assessment, Assessor
from notifications.content.notice import Notice
from rules.pack.book import RuleBook


@dataclass(frozen=True, kw_only=True)
class Redated:
    """A deadline that differs: from which day on, under which rules, and what it is under either (None: not known)."""

    since: date
    rule: str
    old: Window | None
    new: Window | None


@dataclass(frozen=True, kw_only=True)
class Restated:
    """A status that differs, from the first day to the last, both included."""

    first: date
    last: date
    rule: str
    old: Status
    new: Status


@dataclass(frozen=True, kw_only=True)
class Differing:
    """A commitment of which other rules make something else."""

    commitment: Commitment
    deadlines: tuple[Redated, ...]
    statuses: tuple[Restated, ...]
    gone: tuple[Notice, ...]
    fresh: tuple[Notice, ...]

    @property
    def differs(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.deadlines or self.statuses or self.gone or self.fresh)


@dataclass(frozen=True, kw_only=True)
class Count:
    """What differs by one rule: commitments with another deadline, with another status, notices gone and new."""

    rule: str
    deadlines: int
    statuses: int
    gone: int
    fresh: int


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """The whole of it: the period, how many commitments there were in it, and those that differ, by id."""

    since: date
    until: date
    looked_at: int
    differing: tuple[Differing, ...]

    @property
    def counts(self) -> tuple[Count, ...]:
        """What differs, rule by rule, in the order of their names."""
        tallies: dict[str, Counter[str]] = {}
        for item in self.differing:
            for rule, what in _marks(item):
                tallies.setdefault(rule, Counter())[what] += 1
        words = ("deadlines", "statuses", "gone", "fresh")
        return tuple(Count(rule=rule, **{word: tallies[rule][word] for word in words}) for rule in sorted(tallies))


def _marks(item: Differing) -> Iterator[tuple[str, str]]:
    yield from ((rule, "deadlines") for rule in sorted({one.rule for one in item.deadlines}))
    yield from ((rule, "statuses") for rule in sorted({one.rule for one in item.statuses}))
    yield from ((notice.rule, "gone") for notice in item.gone)
    yield from ((notice.rule, "fresh") for notice in item.fresh)


def backtest(records: Iterable[Record], old: Assessor, new: Assessor, since: date, until: date) -> Backtest:
    """What differs between two sets of rules on these records, from one day to another, both included."""
    looked_at = 0
    differing: list[Differing] = []
    for record in records:
        found = _compared(record, old, new, since, until)
        looked_at += found is not None
        if found is not None and found.differs:
            differing.append(found)
    differing.sort(key=lambda item: item.commitment.id)
    return Backtest(since=since, until=until, looked_at=looked_at, differing=tuple(differing))


# ------------------------------------------------------------------------------------------------- one commitment

_Day = tuple[date, Assessment, Assessment]
"""A day with what either rules make of it."""


def _compared(record: Record, old: Assessor, new: Assessor, since: date, until: date) -> Differing | None:
    days = list(_days(record, old, new, since, until))
    if not days:
        return None
    told_old = {_identity(notice): notice for day, one, _ in days for notice in one.notices if notice.day == day}
    told_new = {_identity(notice): notice for day, _, one in days for notice in one.notices if notice.day == day}
    return Differing(
        commitment=record.commitment,
        deadlines=tuple(_redated(days)),
        statuses=tuple(_restated(days, until)),
        gone=_only(told_old, told_new),
        fresh=_only(told_new, told_old),
    )


def _days(record: Record, old: Assessor, new: Assessor, since: date, until: date) -> Iterator[_Day]:
    """The days on which either side can change; a side that does not change on one stands as it did."""
    happened = {entry.event.occurred_on for entry in record.history}
    fixed = sorted({*happened, *_law_days(old.book), *_law_days(new.book)})
    made = min(entry.event.occurred_on for entry in record.of(EventKind.MADE))
    day: date | None = max(since, made)
    one = other = None
    while day is not None and day <= until:
        one = one if one and day not in fixed and one.next_change != day else old.on(record, day)
        other = other if other and day not in fixed and other.next_change != day else new.on(record, day)
        if one is None or other is None:
            return
        yield day, one, other
        turning = (*fixed, one.next_change, other.next_change)
        day = min((turn for turn in turning if turn is not None and turn > day), default=None)


def _law_days(book: RuleBook) -> Iterator[date]:
    """The days on which a rule becomes law, or ceases to be."""
    for item in book.rules.values():
        valid = item.rule.valid
        yield from (day for day in (valid.since, valid.until and day_after(valid.until)) if day)


def _identity(notice: Notice) -> tuple[date, str, str]:
    """What makes two notices the same to whom they go: a rule may be called otherwise."""
    return notice.day, notice.stage, notice.audience


def _only(
    these: Mapping[tuple[date, str, str], Notice], those: Mapping[tuple[date, str, str], Notice]
) -> tuple[Notice, ...]:
    return tuple(these[key] for key in sorted(these) if key not in those)


def _rule(one: Assessment, other: Assessment) -> str:
    """The rule that a difference is put down to: that of the new deadline, or of the old where there is no new one."""
    return other.standing.rule or one.standing.rule


def _redated(days: list[_Day]) -> Iterator[Redated]:
    """Each time that the deadlines come to differ in another way."""
    last: tuple[Window | None, Window | None] | None = None
    for day, one, other in days:
        pair = (one.standing.current, other.standing.current)
        if pair != last and pair[0] != pair[1]:
            yield Redated(since=day, rule=_rule(one, other), old=pair[0], new=pair[1])
        last = pair


def _restated(days: list[_Day], until: date) -> Iterator[Restated]:
    """The stretches of days on which the statuses differ in one way."""
    ends = [day - DAY for day, _, _ in days[1:]] + [until]
    held: Restated | None = None
    for (day, one, other), last in zip(days, ends, strict=True):
        old, new = one.standing.status, other.standing.status
        if held and (held.old, held.new) == (old, new):
            held = Restated(**{**vars(held), "last": last})
            continue
        if held:
            yield held
        differs = old is not new
        held = Restated(first=day, last=last, rule=_rule(one, other), old=old, new=new) if differs else None
    if held:
        yield held
