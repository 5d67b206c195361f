"""What a register file brings: drafts, what is new in each of them, and what became of them all. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from commitments.ledger.texts import ERASED, as_erased, same
from commitments.ledger.transitions import allowed
from commitments.model.commitment import Commitment, Event, EventKind
from commitments.model.record import Record, Recorded
from commitments.reading.problem import Problem

Origin = tuple[str, int]
"""A file and a line in it, from 1."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A commitment with the events a file tells of; without `commitment`, events of one that exists already.

    `origin` is where it stands; `places` is where each event stands, empty where that is the same.
    """

    id: str
    commitment: Commitment | None
    events: tuple[Event, ...]
    origin: Origin
    places: tuple[Origin, ...] = ()

    @property
    def placed(self) -> tuple[tuple[Event, Origin], ...]:
        """The events, each with where it stands."""
        return tuple(zip(self.events, self.places or (self.origin,) * len(self.events), strict=True))

    @property
    def in_order(self) -> list[tuple[Event, Origin]]:
        """The events with where they stand, in the order in which they happened."""
        return sorted(self.placed, key=lambda pair: pair[0].occurred_on)

    def problem(self, message: str, hint: str = "", at: Origin | None = None) -> Problem:
        """A Problem of this draft, at its own place or at another."""
        file, line = at or self.origin
        return Problem(file=file, line=line, column=1, path=self.id, message=message, hint=hint)

    def joined(self, other: Draft) -> Draft:
        """Both drafts of one commitment in one, so that their order in the files does not matter."""
        placed = (*self.placed, *other.placed)
        return replace(
            self,
            commitment=self.commitment or other.commitment,
            origin=self.origin if self.commitment else other.origin,
            events=tuple(event for event, _ in placed),
            places=tuple(place for _, place in placed),
        )


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one draft: the events that are new, what comes after today, what is undone, what was refused.

    `erased` are the commitment and the events whose texts stay erased, though the draft has them.
    """

    id: str
    events: tuple[Event, ...] = ()
    ahead: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    erased: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether the draft held nothing new."""
        return not (self.events or self.ahead or self.undone or self.erased or self.problems)

    @property
    def lines(self) -> Iterator[str]:
        """A line for each thing that is new: + is a commitment, ~ one whose text differs, > an event."""
        signs = {EventKind.MADE: "+", EventKind.AMENDED: "~"}
        for event in self.events:
            if event.commitment:
                yield f"{signs[event.kind]} {self.id}  {event.commitment.title}"
            else:
                yield f"> {self.id}  {event.kind.replace('_', ' ')} {event.occurred_on}"


class Gathering:
    """Brings the drafts of one commitment together as they come, in memory that holds little more than their ids.

    Events that stand by themselves wait for the batch that brings their commitment; a file should tell them first.
    """

    def __init__(self) -> None:
        self._lines: dict[str, dict[str, int]] = {}
        self._waiting: dict[str, Draft] = {}

    def batch(self, drafts: Iterable[Draft]) -> tuple[list[Draft], list[Outcome]]:
        """The commitments among some drafts, each with its events so far, and what became of ids used twice."""
        fresh: dict[str, Draft] = {}
        repeated: list[Outcome] = []
        for draft in drafts:
            if draft.commitment is None:
                waiting = self._waiting.get(draft.id)
                self._waiting[draft.id] = waiting.joined(draft) if waiting else draft
            elif first := self._first(draft.id):
                problem = draft.problem(f"this id is used twice, first in {first}")
                repeated.append(Outcome(id=draft.id, problems=(problem,)))
            else:
                file, line = draft.origin
                self._lines.setdefault(file, {})[draft.id] = line
                fresh[draft.id] = draft
        for identifier in self._waiting.keys() & fresh.keys():
            fresh[identifier] = fresh[identifier].joined(self._waiting.pop(identifier))
        return list(fresh.values()), repeated

    def _first(self, identifier: str) -> str:
        """Where a commitment came already, empty where it did not."""
        return next((f"{file}:{ids[identifier]}" for file, ids in self._lines.items() if identifier in ids), "")

    def rest(self) -> list[Draft]:
        """The events of commitments that did not come."""
        return list(self._waiting.values())


MOST_PROBLEMS = 100
"""The problems that an intake keeps; how many there were is counted."""


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What became of an import, counted: new commitments, those whose text differed, other new events, and so on.

    `unchanged` are the drafts that held nothing new, `ahead` the commitments and events that come after `today`: left
    out, to be imported again later. `undone` are those that the register has as undone: a file that still tells of
    them does not bring them back; nor does it bring back texts that were `erased`. `problems` are the first of those
    that were `refused`.
    """

    today: date
    dry_run: bool = False
    made: int = 0
    amended: int = 0
    appended: int = 0
    unchanged: int = 0
    ahead: int = 0
    undone: int = 0
    erased: int = 0
    refused: int = 0
    problems: tuple[Problem, ...] = ()

    def joined(self, outcomes: Sequence[Outcome]) -> Intake:
        """With what became of some more drafts."""
        kinds = Counter(event.kind for one in outcomes for event in one.events)
        made, amended = kinds[EventKind.MADE], kinds[EventKind.AMENDED]
        problems = tuple(problem for one in outcomes for problem in one.problems)
        return self + replace(
            self,
            made=made,
            amended=amended,
            appended=kinds.total() - made - amended,
            unchanged=sum(one.nothing for one in outcomes),
            ahead=sum(len(one.ahead) for one in outcomes),
            undone=sum(len(one.undone) for one in outcomes),
            erased=sum(len(one.erased) for one in outcomes),
            refused=len(problems),
            problems=problems,
        )

    def __add__(self, other: Intake) -> Intake:
        """Both together, as one import."""
        return replace(
            other,
            made=self.made + other.made,
            amended=self.amended + other.amended,
            appended=self.appended + other.appended,
            unchanged=self.unchanged + other.unchanged,
            ahead=self.ahead + other.ahead,
            undone=self.undone + other.undone,
            erased=self.erased + other.erased,
            refused=self.refused + other.refused,
            problems=(*self.problems, *other.problems)[:MOST_PROBLEMS],
        )

    def __str__(self) -> str:
        """One line that says what was taken in, and what was not."""
        parts = [
            _count(self.made, "new commitment"),
            f"{self.amended} amended" if self.amended else "",
            _count(self.appended, "event"),
            "" if self.made or self.amended or self.appended else "nothing new",
            f"{self.unchanged} unchanged" if self.unchanged else "",
            f"{self.ahead} left out, for after {self.today}" if self.ahead else "",
            f"{self.undone} left out, undone in the register" if self.undone else "",
            f"the texts of {self.erased} left out, erased in the register" if self.erased else "",
            _count(self.refused, "problem"),
        ]
        said = ", ".join(part for part in parts if part)
        return f"{said} (tried only: nothing was written)" if self.dry_run else said


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""


def weigh(draft: Draft, known: Record | None, *, today: date, at: datetime, over_erased: bool = False) -> Outcome:
    """What is new in a draft, compared with what the register knows; `at` is when it is written down.

    Texts that were erased stay so, unless it is `over_erased`.
    """
    draft, erased = (draft, ()) if known is None or over_erased else _left_erased(draft, known)
    commitment = draft.commitment
    if commitment and known is None and (first_day := _first_day(draft, commitment, today)) > today:
        return Outcome(id=draft.id, ahead=(f"{draft.id}, made {first_day}",))
    ahead, undone, problems = [], [], []
    fresh = [first] if (first := _of_itself(draft, known, today)) else []
    if known and fresh and _taken_back(known, fresh[0]):
        undone.append(f"{draft.id}, amended")
        fresh = []
    record = _with(known, *fresh, at=at)
    for event, place in draft.in_order:
        word = event.kind.replace("_", " ")
        if event.occurred_on > today:
            ahead.append(f"{draft.id}, {word} {event.occurred_on}")
        elif record and event in (entry.event for entry in record.valid):
            continue
        elif record and event in (entry.event for entry in record.history):
            undone.append(f"{draft.id}, {word} {event.occurred_on}")
        elif reason := allowed(record, event, today):
            problems.append(draft.problem(f"{word}: {reason}", at=place))
        else:
            fresh.append(event)
            record = _with(record, event, at=at)
    return Outcome(
        id=draft.id,
        events=tuple(fresh),
        ahead=tuple(ahead),
        undone=tuple(undone),
        erased=erased,
        problems=tuple(problems),
    )


def _left_erased(draft: Draft, known: Record) -> tuple[Draft, tuple[str, ...]]:
    """A draft without the texts that were erased from what is known, and of what those are."""
    commitment, history = draft.commitment, [entry.event for entry in known.history]
    if commitment is not None and known.commitment.title == ERASED:
        commitment = as_erased(commitment, known.commitment)
    of = [draft.id] if commitment != draft.commitment else []
    gone = [event for event in history if event.note == ERASED]
    again = [(event, place) for event, place in draft.placed if _is_erased(event, gone) and event not in history]
    of += [f"{draft.id}, {event.kind.replace('_', ' ')} {event.occurred_on}" for event, _ in again]
    if not of:
        return draft, ()
    left = [pair for pair in draft.placed if pair not in again]
    events, places = tuple(event for event, _ in left), tuple(place for _, place in left)
    return replace(draft, commitment=commitment, events=events, places=places), tuple(of)


def _is_erased(event: Event, gone: Sequence[Event]) -> bool:
    return any(same(one, event) for one in gone)


def _taken_back(known: Record, amended: Event) -> bool:
    """Whether the last that the register was told of the commitment itself is this, and it is undone."""
    last = next(entry for entry in reversed(known.history) if entry.event.commitment)
    return last.seq in known.void and last.event.commitment == amended.commitment


def _of_itself(draft: Draft, known: Record | None, today: date) -> Event | None:
    """The event that brings the commitment itself, or its new text."""
    if draft.commitment is None or (known and known.commitment == draft.commitment):
        return None
    if known:
        return Event(kind=EventKind.AMENDED, occurred_on=today, commitment=draft.commitment)
    return Event(
        kind=EventKind.MADE, occurred_on=_first_day(draft, draft.commitment, today), commitment=draft.commitment
    )


def _first_day(draft: Draft, commitment: Commitment, today: date) -> date:
    """The day it was made; where no source tells, the first day on which it must have existed, else today."""
    anchors = [window.earliest for window in commitment.anchors.values() if window.earliest <= today]
    return commitment.made or min([*anchors, *(event.occurred_on for event in draft.events)], default=today)


def _with(record: Record | None, *events: Event, at: datetime) -> Record | None:
    for event in events:
        first = Recorded(event=event, seq=1, recorded_at=at, actor="")
        record = record.followed_by(event, at) if record else Record((first,))
    return record
