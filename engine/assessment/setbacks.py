"""What could not be assessed, and why: kept by a pass, named by whoever reads, told to the administrator once.

A fault in one commitment, cycle or follow-up stops none of the others; it is never silent either.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from commitments import store
from commitments.model.record import Record
from commitments.store import Connection
from commitments.trouble import TroubleError
from notifications.outbox.administrator import Administrator

log = logging.getLogger("gestand.setbacks")
CAUSE: Final = "unassessed"
"""The cause under which the administrator is told."""
MOST: Final = 20
"""So many are named; the others are counted."""
FIRST: Final = 1000
"""So many are read at most, to be named and counted."""
_KEPT: Final = f"{CAUSE} "
"""How the names begin under which the store remembers what could not be assessed."""
_OURS: Final = Path(__file__).resolve().parents[2]
Result = TypeVar("Result")


class Setback(NamedTuple):
    """What could not be assessed (a commitment's id, the cycle grf), why, and whether the administrator was told."""

    what: str
    why: str
    told: bool = False

    def __str__(self) -> str:
        return f"{self.what} could not be assessed: {self.why}"


def because(error: Exception) -> str:
    """Why an error that nobody foresaw stopped an assessment, in a sentence that we can be sent."""
    if isinstance(error, UnassessedError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _OURS in Path(frame.filename).parents]
    place = f" at {Path(ours[-1].filename).relative_to(_OURS)}:{ours[-1].lineno}" if ours else ""
    said = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return f"{said}{place}; that is a mistake of ours, please send us this line"


def obscured(record: Record) -> str:
    """Why what became of a record is not known; empty where it is."""
    if not record.obscure:
        return ""
    if record.obscure[0].seq == record.history[0].seq:
        return f"{record.obscure[0]}, and it made the commitment; put back a copy"
    numbers = " ".join(f"'#{one.seq}'" for one in record.obscure)
    return f"{record.obscure[0]}; put back a copy, or go on without it: gestand undo {numbers} --note WHY"


class UnassessedError(Exception):
    """What something else depends on could not be assessed, for the reason in the text."""


@dataclass
class Setbacks:
    """What could not be assessed as it was met, by what it is; what is met again is kept once."""

    met: dict[str, str] = field(default_factory=dict)

    def note(self, what: str, why: str, error: Exception | None = None) -> None:
        """Keep that something could not be assessed; the log has where, at its most detailed."""
        log.debug("%s could not be assessed: %s", what, why, exc_info=error)
        self.met[what] = why

    def tried(self, what: str, attempt: Callable[[], Result]) -> Result | None:
        """What an attempt comes to; None where it goes wrong, and then that is kept.

        What the program itself meets is no such fault: a store that is gone, or refuses a statement, stops the whole.
        """
        try:
            return attempt()
        except (TroubleError, store.DatabaseError):
            raise
        except Exception as error:
            self.note(what, because(error), error)
        return None


# ------------------------------------------------------------------------------------------------- kept by a pass


def kept(tx: Connection, most: int | None = None, kind: str = "") -> list[Setback]:
    """What could not be assessed when it was last tried, by name; no more than `most`.

    A kind is how the names of all of it begin; where one is given, it is only that.
    """
    return _read(store.recall_between(tx, f"{_KEPT}{kind}", f"{_KEPT}{kind}\U0010ffff", most))


def _read(remembered: Mapping[str, str]) -> list[Setback]:
    return [Setback(name.removeprefix(_KEPT), *json.loads(value)) for name, value in remembered.items()]


def keep(tx: Connection, tried: Collection[str], met: Mapping[str, str]) -> None:
    """Remember which of what was tried could not be assessed; of the others, that they could.

    Those that are tried together lie close together in the order of their names, or are few.
    """
    names = {*tried, *met}
    if not names:
        return
    found = _read(store.recall_between(tx, f"{_KEPT}{min(names)}", f"{_KEPT}{max(names)}"))
    before = {one.what: one.why for one in found if one.what in names}
    for what in before.keys() - met.keys():
        store.forget(tx, f"{_KEPT}{what}")
    for what, why in met.items():
        if before.get(what) != why:
            store.remember(tx, f"{_KEPT}{what}", json.dumps([why, False]))


def sentences(found: Sequence[Setback]) -> Iterator[str]:
    """The first of them, a sentence each, and how many more there are."""
    yield from map(str, found[:MOST])
    if len(found) > MOST:
        least = "or more " if len(found) == FIRST else ""
        yield f"and {len(found) - MOST} {least}more could not be assessed; `gestand list --status undated` has them"


def tell(tx: Connection, administrator: Administrator, now: datetime) -> None:
    """Tell the administrator what they have not been told: each once, in one message a day."""
    fresh = [one for one in kept(tx) if not one.told]
    heading = f"{len(fresh)} could not be assessed: {', '.join(one.what for one in fresh[:MOST])}"
    if fresh and administrator.tell(tx, CAUSE, "\n\n".join([heading, *sentences(fresh)]), now):
        for one in fresh:
            store.remember(tx, f"{_KEPT}{one.what}", json.dumps([one.why, True]))
