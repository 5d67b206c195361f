"""Owning up to a clock that was wrong."""

from __future__ import annotations

from commitments.ledger.moments import WrongClock
from engine.passes.assess_due import correct_clock
from engine.session import Session


def clock_was_wrong(session: Session, *, note: str, actor: str) -> WrongClock:
    """Write down that the clock was wrong, as of the moment it is now; the entry as it is kept.

    Raises ClockRightError where neither an entry nor the last pass lies in time to come, and no entry before another.
    """
    with session.store.writing() as tx:
        return correct_clock(tx, note=note, at=session.now(), actor=actor)
