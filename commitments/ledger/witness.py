"""Time stamps by others of what the ledger held: what is stamped, and where the stamps are kept.

What is stamped is a short text, the statement: the chain's head and the root of the Merkle tree over all entries up to
it. A stamp (RFC 3161) is an entry of the ledger, of the kind `witnessed`, that carries the authority's whole answer.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from commitments import store
from commitments.ledger import merkle, register
from commitments.ledger.chain import Entry, Head, stamp
from commitments.store import Connection
from commitments.trouble import TroubleError

KIND: Final = "witnessed"
"""The kind of an entry that carries a time stamp."""
_LAST: Final = "witness_last"
"""Under this name the store keeps the number of the entry with the last stamp."""
_NUMBER: Final = r"[0-9]{1,18}"
"""How the store remembers a number."""
_REQUEST: Final = "witness_request"
"""Under this name and an imprint the store keeps what was asked for and not answered yet."""


class NoEntriesError(TroubleError):
    """There is nothing to be stamped."""

    def __init__(self) -> None:
        super().__init__("the ledger has no entries yet; take something in, and ask then")


class UnsoundLedgerError(TroubleError):
    """A ledger of which no tree can be made."""

    def __init__(self) -> None:
        super().__init__("the ledger is not whole: `gestand verify` says what is wrong; nothing was stamped or proved")


@dataclass(frozen=True)
class Statement:
    """What an authority stamps: the chain's head, and the root of the tree over all entries up to it."""

    seq: int
    hash: str
    root: str

    def __str__(self) -> str:
        return f"gestand ledger\n#{self.seq} {self.hash}\ntree {self.root}\n"

    @property
    def imprint(self) -> str:
        """The SHA-256 of the text, in hexadecimal digits: what an authority sees of it."""
        return sha256(str(self).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """A stamp that was taken in: of what, by whom, and the answer as it came (a TimeStampResp in DER).

    `entry` is the number of the entry that carries it, `recorded_at` when that was written down; `moment` is the time
    that the stamp tells.
    """

    statement: Statement
    authority: str
    moment: datetime
    answer: bytes
    entry: int = 0
    recorded_at: datetime | None = None

    @classmethod
    def of(cls, entry: Entry) -> Stamp | None:
        """The stamp that an entry carries, None where it carries none that can be read."""
        try:
            payload = json.loads(entry.payload)
            return cls(
                statement=Statement(int(payload["seq"]), str(payload["hash"]), str(payload["tree"])),
                authority=str(payload["authority"]),
                moment=_aware(payload["time"]),
                answer=b64decode(payload["stamp"], validate=True),
                entry=entry.seq,
                recorded_at=_aware(entry.at),
            )
        except (ValueError, KeyError, TypeError, OverflowError):
            return None

    def __str__(self) -> str:
        by = f" by {self.authority}" if self.authority else ""
        told = f"stamped{by}: the ledger up to #{self.statement.seq}, {self.moment:%Y-%m-%d %H:%M:%S} UTC"
        return f"{told}; kept as entry #{self.entry}"

    @property
    def payload(self) -> dict[str, Any]:
        """What is sealed into the entry that carries it."""
        return {
            "seq": self.statement.seq,
            "hash": self.statement.hash,
            "tree": self.statement.root,
            "authority": self.authority,
            "time": stamp(self.moment),
            "stamp": b64encode(self.answer).decode(),
        }


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return moment.astimezone(UTC)


def current(tx: Connection) -> Statement:
    """The statement of the ledger as it is. Raises NoEntriesError, UnsoundLedgerError."""
    head = register.head(tx)
    if not head.seq:
        raise NoEntriesError
    root = roots(tx, [head.seq]).get(head.seq)
    if root is None:
        raise UnsoundLedgerError
    return Statement(head.seq, head.hash, root)


def roots(tx: Connection, sizes: Iterable[int]) -> dict[int, str]:
    """The root of the tree over the first entries, for each of these sizes. Raises UnsoundLedgerError."""
    try:
        return dict(merkle.roots(hashes(tx), sizes))
    except (ValueError, TypeError) as error:  # a hash that is none
        raise UnsoundLedgerError from error


def hashes(tx: Connection, last: int | None = None) -> Iterator[str]:
    """The hash of each entry in their order, up to the entry `last`, streamed."""
    table = store.ledger
    query = table.select().with_only_columns(table.c.hash).order_by(table.c.seq)
    query = query if last is None else query.where(table.c.seq <= last)
    with tx.execute(query.execution_options(yield_per=1000)) as found:
        yield from found.scalars()


def write(tx: Connection, taken: Stamp, *, at: datetime, actor: str) -> Entry:
    """Write a stamp at the end of the ledger; the entry that it became."""
    entry = register.note(tx, KIND, taken.payload, at=at, actor=actor)
    store.remember(tx, _LAST, str(entry.seq))
    return entry


def carriers(tx: Connection) -> list[Entry]:
    """The entries that carry stamps, in their order."""
    query = store.ledger.select().where(store.ledger.c.kind == KIND).order_by(store.ledger.c.seq)
    return [Entry(*row) for row in tx.execute(query)]


def stamps(tx: Connection) -> list[Stamp]:
    """The stamps that can be read, in the order in which they were taken in."""
    return [found for entry in carriers(tx) if (found := Stamp.of(entry))]


def last_stamp(tx: Connection) -> Stamp | None:
    """The stamp that was taken in last, None where there is none; found without a search, for each pass asks."""
    number = store.recall(tx, _LAST) or "0"
    if not re.fullmatch(_NUMBER, number):  # somebody else wrote there
        return max(stamps(tx), key=lambda one: one.entry, default=None)
    entry = register.entry(tx, int(number))
    return Stamp.of(entry) if entry and entry.kind == KIND else None


# ------------------------------------------------------------------------------------------------- asked for, elsewhere


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A request that was written into a file: for what, and the number by which its answer is known."""

    statement: Statement
    nonce: int


def await_answer(tx: Connection, pending: Pending) -> None:
    """Remember what was asked for until its answer is taken in."""
    said = pending.statement
    kept = {"seq": said.seq, "hash": said.hash, "tree": said.root, "nonce": pending.nonce}
    store.remember(tx, f"{_REQUEST} {said.imprint}", json.dumps(kept))


def awaited(tx: Connection, imprint: str) -> Pending | None:
    """What was asked for with this imprint, None where nothing was."""
    kept = store.recall(tx, f"{_REQUEST} {imprint}")
    if kept is None:
        return None
    value = json.loads(kept)
    return Pending(statement=Statement(value["seq"], value["hash"], value["tree"]), nonce=value["nonce"])


def answered(tx: Connection, statement: Statement) -> None:
    """Wait for the answer no more."""
    store.forget(tx, f"{_REQUEST} {statement.imprint}")


def is_as_stated(statement: Statement, head: Head, root: str | None) -> bool:
    """Whether the ledger holds what was stamped: this entry of that number, and that tree over all up to it."""
    return (statement.seq, statement.hash, statement.root) == (head.seq, head.hash, root)
