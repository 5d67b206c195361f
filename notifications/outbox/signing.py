"""What Gestand signs for itself, so that it knows it again: links to unsubscribe, return addresses of mail."""

from __future__ import annotations

import hmac
from datetime import datetime
from secrets import token_hex

from commitments.ledger import register
from commitments.store import Connection, recall, remember

_NAME = "secret"


def secret(tx: Connection) -> bytes:
    """The secret of this store, made at its first use, which needs a transaction that may write."""
    return known_secret(tx) or _made(tx)


def known_secret(tx: Connection) -> bytes | None:
    """The secret of this store; None where nothing was signed yet. Needs a transaction that reads."""
    known = recall(tx, _NAME)
    return None if known is None else bytes.fromhex(known)


def renew_secret(tx: Connection, *, at: datetime, actor: str) -> None:
    """Make another secret, and say so in the ledger: nothing signed before is known again."""
    _made(tx)
    register.note(tx, "secret_renewed", {}, at=at, actor=actor)


def _made(tx: Connection) -> bytes:
    made = token_hex(32)
    remember(tx, _NAME, made)
    return bytes.fromhex(made)


def sign(key: bytes, purpose: str, content: bytes, size: int = 16) -> bytes:
    """A signature of `size` bytes (HMAC-SHA256, cut off), good for one purpose only."""
    return hmac.digest(key, f"gestand {purpose}\n".encode() + content, "sha256")[:size]


def same(one: bytes, other: bytes) -> bool:
    """Whether two signatures are the same, in a time that does not tell how much of them is."""
    return hmac.compare_digest(one, other)
