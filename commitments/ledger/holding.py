"""A register that is held: it assesses, and delivers nothing until somebody lets it."""

from __future__ import annotations

from datetime import datetime

from commitments import store
from commitments.ledger import register
from commitments.store import HELD, Connection
from commitments.trouble import TroubleError


class NotHeldError(TroubleError):
    """A register that delivers already."""

    def __init__(self) -> None:
        super().__init__("this register is not held: its digests go out with every pass")


class HeldError(TroubleError):
    """A register that delivers nothing, and is asked to."""

    def __init__(self, reason: str) -> None:
        super().__init__(held_line(reason))


def held_line(reason: str) -> str:
    """That nothing is delivered, why, and the way out."""
    return f"nothing is delivered: {reason}; `gestand resume` lets it"


def held(tx: Connection) -> str:
    """Why nothing is delivered, empty where it is."""
    return store.recall(tx, HELD) or ""


def resume(tx: Connection, *, at: datetime, actor: str) -> None:
    """Let the register deliver again, and write that down. Raises NotHeldError."""
    reason = held(tx)
    if not reason:
        raise NotHeldError
    store.forget(tx, HELD)
    register.note(tx, "delivery_resumed", {"held": reason}, at=at, actor=actor)
