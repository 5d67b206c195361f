"""What the deadlines and the standing of a commitment are counted from: what befell it, without the texts.

A pass keeps it in the projection, as text. Commitments with the same ground have the same deadlines; and where rules
change, nothing has to be read back from the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Self

from pydantic_core import from_json, to_json

from commitments.model.commitment import EventKind, Force, StatedDue
from commitments.model.dates import Window
from commitments.model.record import Record, Recorded

MOVING = frozenset(
    {EventKind.ANCHORED, EventKind.EXTENDED, EventKind.DELAY_NOTICE, EventKind.SUSPENDED, EventKind.RESUMED}
)
"""The events that may move a deadline."""


def moving(record: Record) -> list[Recorded]:
    """The entries of a record that may move a deadline, in the order in which they happened."""
    return [entry for entry in record.in_order if entry.event.kind in MOVING]


def is_news(record: Record, entry: Recorded) -> bool:
    """Whether an event was learnt of after the commitment itself: what came in with it is history, and tells nobody.

    What came in together has one moment. That of a later entry is another, and may be an earlier one: where the clock
    was wrong that wrote the first.
    """
    return entry.recorded_at != record.recorded_at


def put_back(record: Record, today: date) -> list[Recorded]:
    """The undoings, by `today`, of what moved a deadline since something last did: they put it back."""
    moved = {entry.seq for entry in record.history if entry.event.kind in MOVING}
    last = max(moved - set(record.void), default=0)
    undone = {record.void[seq].seq for seq in moved & set(record.void)}
    found = (entry for entry in record.history if entry.seq in undone and entry.seq > last)
    return [entry for entry in found if entry.event.occurred_on <= today]


Windows = tuple[tuple[str, Window], ...]
"""Windows by the name of their anchor."""


class Turn(NamedTuple):
    """An event that may move a deadline: when it happened, to which date, of which anchor, and whether it was news."""

    kind: EventKind
    day: date
    to: Window | None
    anchor: str
    news: bool


class Undoing(NamedTuple):
    """What put a deadline back: the undoing itself, and what was counted from before it."""

    turn: Turn
    anchors: Windows
    turns: tuple[Turn, ...]


class Ground(NamedTuple):
    """What deadlines are counted from.

    `anchors` are those that the commitment came with, `latest` all of them with their latest dates; `turns` are in the
    order in which they happened. `stated` has words only where no date stands beside them: they can be erased there.
    `made` is the day of the promise where words for a date are understood from it; None where it says nothing, so that
    more commitments are alike.
    """

    force: Force
    made: date | None
    anchors: Windows
    latest: Windows
    stated: StatedDue | None
    turns: tuple[Turn, ...]
    undoing: Undoing | None = None

    @classmethod
    def of(cls, record: Record, today: date) -> Self:
        """The ground of a record of what had happened by the end of `today`."""
        commitment, stated = record.commitment, record.commitment.stated_due
        return cls(
            force=commitment.force,
            made=commitment.made if stated and stated.date is None else None,
            anchors=tuple(commitment.anchors.items()),
            latest=tuple(record.anchors.items()),
            stated=_stated(str(stated.date), stated.until, "") if stated and stated.date else stated,
            turns=_turns(record),
            undoing=_undoing(record, today) if record.void else None,
        )

    @classmethod
    def read(cls, text: str) -> Self:
        """The ground that was written as a text."""
        force, made, anchors, latest, stated, turns, undoing = from_json(text)
        return cls(
            force=_FORCES[force],
            made=date.fromisoformat(made) if made else None,
            anchors=_windows(anchors),
            latest=_windows(anchors if latest is None else latest),
            stated=_stated(*stated) if stated else None,
            turns=tuple(_turn(turn) for turn in turns),
            undoing=_read_undoing(*undoing) if undoing else None,
        )

    def __str__(self) -> str:
        """The text that `read` reads."""
        named = self.stated
        stated = (str(named.date) if named.date else None, named.until, named.phrase) if named else None
        latest = None if self.latest == self.anchors else _texts(self.latest)
        undoing = self.undoing
        former = (_plain(undoing.turn), _texts(undoing.anchors), _plains(undoing.turns)) if undoing else None
        parts = (self.force, self.made, _texts(self.anchors), latest, stated, _plains(self.turns), former)
        return to_json(parts).decode()


def _turns(record: Record) -> tuple[Turn, ...]:
    return tuple(_of_entry(record, entry) for entry in moving(record))


def _of_entry(record: Record, entry: Recorded) -> Turn:
    event = entry.event
    return Turn(event.kind, event.occurred_on, event.date, event.anchor, is_news(record, entry))


def _undoing(record: Record, today: date) -> Undoing | None:
    undone = put_back(record, today)
    if not undone:
        return None
    former = Record(tuple(entry for entry in record.history if entry.seq < undone[0].seq))
    return Undoing(_of_entry(record, undone[-1]), tuple(former.commitment.anchors.items()), _turns(former))


def _turn(plain: tuple[str, str, str | None, str, bool]) -> Turn:
    kind, day, to, anchor, news = plain
    return Turn(_KINDS[kind], date.fromisoformat(day), Window.parse(to) if to else None, anchor, news)


def _plain(turn: Turn) -> tuple[str, date, str | None, str, bool]:
    return turn.kind, turn.day, str(turn.to) if turn.to else None, turn.anchor, turn.news


def _plains(turns: Iterable[Turn]) -> list[tuple[str, date, str | None, str, bool]]:
    return [_plain(turn) for turn in turns]


def _read_undoing(turn: Any, anchors: Any, turns: Any) -> Undoing:  # noqa: ANN401 (parts of a JSON text)
    return Undoing(_turn(turn), _windows(anchors), tuple(_turn(one) for one in turns))


_FORCES = {force.value: force for force in Force}
_KINDS = {kind.value: kind for kind in EventKind}


@lru_cache(maxsize=16_384)
def _stated(day: str | None, until: Literal["inclusive", "exclusive"], phrase: str) -> StatedDue:
    """A stated date from its parts; many are the same."""
    return StatedDue(date=Window.parse(day) if day else None, until=until, phrase=phrase)


def _windows(texts: Iterable[tuple[str, str]]) -> Windows:
    return tuple((name, Window.parse(text)) for name, text in texts)


def _texts(windows: Iterable[tuple[str, Window]]) -> list[tuple[str, str]]:
    return [(name, str(window)) for name, window in windows]


class Outcome(NamedTuple):
    """What became of a commitment: what settled it and when, whether that was news; whether the clock stands still."""

    settled: EventKind | None
    settled_on: date | None
    news: bool
    suspended: bool
    partly: bool

    @classmethod
    def of(cls, record: Record) -> Self:
        """The outcome of a record."""
        settled = record.settled
        return cls(
            settled=settled.event.kind if settled else None,
            settled_on=settled.event.occurred_on if settled else None,
            news=settled is not None and is_news(record, settled),
            suspended=settled is None and record.suspended is not None,
            partly=settled is None and record.partly,
        )


OPEN = Outcome(settled=None, settled_on=None, news=False, suspended=False, partly=False)
"""The outcome of what is open, or of what nobody knows the outcome of."""
