"""The order of moments: no entry of the ledger is earlier than the one before it, and what that tells of who knew when.

Pure: `register` asks it before it writes an entry, `ledger` when it checks a chain. Where a clock was wrong and ran
ahead, an entry of its own says so (`WRONG_CLOCK`); from it on the order goes on with its moment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from commitments.trouble import TroubleError

TOLERANCE: Final = timedelta(minutes=5)
"""A clock that is behind the last entry by no more than this writes with the moment of that entry."""
WRONG_CLOCK: Final = "clock_was_wrong"
"""The kind of an entry that says that the clock was wrong."""


class Last(NamedTuple):
    """The last entry of the ledger: all of it but what it says."""

    seq: int
    hash: str
    at: str
    actor: str
    kind: str
    commitment: str | None

    @property
    def moment(self) -> datetime:
        """When it was written down."""
        return datetime.fromisoformat(self.at)

    def __str__(self) -> str:
        of = f" of {self.commitment}" if self.commitment else ""
        return f"#{self.seq} ({self.kind.replace('_', ' ')}{of}, by {self.actor}), was written down {spoken(self.at)}"


class ClockBehindError(TroubleError):
    """The clock says a moment well before that of the last entry: one of the two is wrong."""

    def __init__(self, clock: datetime, last: Last) -> None:
        super().__init__(
            f"nothing is written down: by the clock it is {spoken(clock)}, but the last entry, {last}. Set the clock "
            "right if it is wrong now; if it was wrong then, say so with `gestand clock-was-wrong --note WHY`"
        )


class ClockRightError(TroubleError):
    """Nothing in the ledger says that the clock was wrong."""

    def __init__(self, clock: datetime) -> None:
        super().__init__(
            f"nothing was written down: no entry lies more than five minutes after {spoken(clock)}, the moment it is "
            "by the clock, and none is earlier than the one before it"
        )


class UnreadEntryError(TroubleError):
    """An entry that should say that the clock was wrong, and does not say enough."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"entry #{seq} does not say which entries a wrong clock wrote")


def following(at: datetime, last: Last | None) -> datetime:
    """The moment of an entry written at `at` after the last one: never earlier than that.

    Raises ClockBehindError where the clock is behind the last entry by more than TOLERANCE.
    """
    if last is None or at >= last.moment:
        return at
    if last.moment - at > TOLERANCE:
        raise ClockBehindError(at, last)
    return last.moment


def spoken(moment: datetime | str) -> str:
    """A moment for people: 2026-12-01 10:00 UTC."""
    aware = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{aware.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


# ------------------------------------------------------------------------------------------------- known at


@dataclass(frozen=True, kw_only=True)
class Known:
    """What was known at a moment: the entries of the ledger up to number `last`, 0 where there were none."""

    at: datetime
    last: int


# ------------------------------------------------------------------------------------------------- a clock was wrong


@dataclass(frozen=True, kw_only=True)
class WrongClock:
    """An entry that says that the clock was wrong: which it is, when and by whom it was written.

    The entries `first` to `last` lie after its moment; 0 where none does. `steps` are those before it that are
    earlier than the one before them, and were not spoken of yet.
    """

    seq: int
    at: str
    actor: str
    first: int = 0
    last: int = 0
    steps: tuple[int, ...] = ()

    @classmethod
    def read(cls, seq: int, at: str, actor: str, payload: str) -> WrongClock:
        """What an entry of that kind says. Raises UnreadEntryError where it says something else."""
        try:
            said = json.loads(payload)
            steps = tuple(int(one) for one in said.get("steps", ()))
            made = cls(seq=seq, at=at, actor=actor, first=int(said["first"]), last=int(said["last"]), steps=steps)
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise UnreadEntryError(seq) from error
        if not (0 <= made.first <= made.last < seq and all(0 < one < seq for one in steps)):
            raise UnreadEntryError(seq)  # nobody can speak of entries to come
        return made

    @property
    def payload(self) -> dict[str, Any]:
        """What is sealed of it."""
        return {"first": self.first, "last": self.last, **({"steps": list(self.steps)} if self.steps else {})}

    def covers(self, seq: int) -> bool:
        """Whether an entry was written by the clock that was wrong."""
        return self.first <= seq <= self.last

    def __str__(self) -> str:
        said = [f"{_entries(self.first, self.last)} lie after it"] if self.first else []
        if self.steps:
            these = ", ".join(f"#{one}" for one in self.steps)
            said.append(f"{these} {'is' if len(self.steps) == 1 else 'are'} earlier than the one before")
        return f"#{self.seq}, {spoken(self.at)} by {self.actor}: the clock was wrong ({'; '.join(said) or 'in a pass'})"


def _entries(first: int, last: int) -> str:
    return f"#{first}" if first == last else f"#{first} to #{last}"


class Step(NamedTuple):
    """An entry that is earlier than the one before it, and the moments of both."""

    seq: int
    at: str
    before: str

    def __str__(self) -> str:
        return f"entry #{self.seq} is earlier than the one before it: {spoken(self.at)} after {spoken(self.before)}"


@dataclass
class Order:
    """The moments of a ledger, looked at entry by entry: where they step back, and what is said of wrong clocks."""

    corrections: list[WrongClock] = field(default_factory=list)
    _steps: dict[int, Step] = field(default_factory=dict)
    _before: str = ""

    def see(self, seq: int, at: str, actor: str, kind: str, payload: str) -> None:
        """Look at the next entry. Raises UnreadEntryError where it speaks of a wrong clock and does not say enough."""
        if at < self._before:
            self._steps[seq] = Step(seq, at, self._before)
        self._before = at
        if kind == WRONG_CLOCK:
            self.corrections.append(WrongClock.read(seq, at, actor, payload))

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps back that no entry speaks of."""
        return tuple(self._unsaid())

    def _unsaid(self) -> Iterator[Step]:
        said = {seq for one in self.corrections for seq in one.steps}
        own = {one.seq for one in self.corrections if one.first and one.last == one.seq - 1}
        return (step for seq, step in self._steps.items() if seq not in said | own)
