"""Whether the outbox and the digests are as the ledger says: who was told what, in which message, and when it went.

The ledger's entries about a message seal its Message-ID, the hash of what it says, its slot and the notices that it
tells; whom it went to stands in a text beside. The messages are looked at as soon as they have gone, so that a ledger
of any length takes no more room than what is on its way at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from pydantic_core import from_json

from commitments import store
from commitments.ledger.chain import ERASURE, Line
from commitments.store import Connection, Row
from engine.digests.log import told_in
from notifications.outbox.outbox import State

_QUEUED: Final = "digest_queued"
_REVISED: Final = "digest_revised"
_STATES: Final[Mapping[str, State]] = {
    "sent": State.SENT,
    "put_off": State.QUEUED,
    "failed": State.FAILED,
    "given_up": State.DEAD,
    "dropped": State.DROPPED,
    "superseded": State.SUPERSEDED,
    "retried": State.QUEUED,
}
"""The state in which an entry leaves a message."""
_TOGETHER: Final = 200


@dataclass(slots=True)
class _Sealed:
    """What the ledger says of a message; empty where it says nothing of it (yet)."""

    message_id: str
    seq: int = 0
    recipient: str = ""
    slot: str = ""
    notices: frozenset[str] | None = None
    sha256: str = ""
    state: State | None = None
    sent_at: str = ""


@dataclass
class Deliveries:
    """Sees the entries of the ledger in their order, and compares the messages that they are about with the tables."""

    tx: Connection
    _sealed: dict[str, _Sealed] = field(default_factory=dict)
    _gone: list[_Sealed] = field(default_factory=list)
    _wrong: list[str] = field(default_factory=list)
    _seen: set[int] = field(default_factory=set)
    _emptied: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    _erased: set[str] = field(default_factory=set)

    def see(self, line: Line) -> None:
        """Take in what an entry says of a message; one that says nothing of any is passed over."""
        kind = line[3]
        if kind == ERASURE and line[4] is not None:
            self._erased.add(line[4])
        end, _, what = kind.partition("_")
        if end not in {"digest", "message"} or not what:
            return
        content = from_json(line[5])
        name = content.get("message_id")
        if not name:
            return
        sealed = self._sealed.get(name) or self._sealed.setdefault(name, _Sealed(name))
        sealed.seq = line[0]
        if kind == _QUEUED:
            _queued(sealed, content, line[8])
        elif kind == _REVISED:
            sealed.notices = None if sealed.notices is None else sealed.notices - set(content["dropped"])
        else:
            _became(sealed, content, what, line[1])
        if sealed.state is State.SENT:
            self._gone.append(self._sealed.pop(name))
            if len(self._gone) >= _TOGETHER:
                self._compare()

    def wrong(self) -> list[str]:
        """Sentences about what is otherwise than the ledger says, when all entries were seen."""
        self._gone += self._sealed.values()
        self._sealed.clear()
        self._compare()
        emptied = [
            f"{where}: what it says is gone, and no entry says who erased it"
            for where, about in self._emptied
            if not about & self._erased
        ]
        return [*self._wrong, *emptied, *self._unsealed()]

    def _compare(self) -> None:
        for start in range(0, len(self._gone), _TOGETHER):
            some = self._gone[start : start + _TOGETHER]
            rows = {row.message_id: row for row in self.tx.execute(_ROWS, {"names": [one.message_id for one in some]})}
            for one in some:
                row = rows.get(one.message_id)
                self._wrong += _deviations(self.tx, one, row)
                if row is not None:
                    self._note(one, row)
        self._gone.clear()

    def _note(self, sealed: _Sealed, row: Row[Any]) -> None:
        self._seen.add(row.id)
        if row.body == b"":
            about = frozenset(key.partition("|")[0] for key in sealed.notices or ())
            self._emptied.append((_where(sealed, row), about))

    def _unsealed(self) -> Iterator[str]:
        """Messages that are said to have gone, or been refused, though no entry says so."""
        table = store.outbox
        query = table.select().with_only_columns(table.c.id, table.c.state)
        for row in self.tx.execute(query.where(table.c.state.not_in((State.QUEUED.value, State.SENDING.value)))):
            if row.id not in self._seen:
                yield f"message {row.id} of the outbox is {row.state}, and no entry of the ledger says so"


_BOX: Final = store.outbox
_ROWS: Final = (
    _BOX.select()
    .add_columns(store.message.c.body, store.digest.c.slot, store.digest.c.recipient.label("reader"))
    .select_from(
        _BOX.join(store.message, store.message.c.outbox == _BOX.c.id, isouter=True).join(
            store.digest, store.digest.c.id == _BOX.c.digest, isouter=True
        )
    )
    .where(_BOX.c.message_id.in_(store.given("names")))
)


def _queued(sealed: _Sealed, content: Mapping[str, Any], body: str | None) -> None:
    sealed.slot, sealed.notices = content["slot"], frozenset(content["notices"])
    sealed.recipient = from_json(body).get("recipient", "") if body is not None else ""


def _became(sealed: _Sealed, content: Mapping[str, Any], what: str, at: str) -> None:
    sealed.sha256 = content.get("sha256", sealed.sha256)
    if what in _STATES:
        sealed.state = _STATES[what]
        sealed.sent_at = at if what == "sent" else ""


def _deviations(tx: Connection, sealed: _Sealed, row: Row[Any] | None) -> Iterator[str]:
    """How a message's rows differ from what the ledger says of it."""
    if row is None:
        yield f"the message of entry #{sealed.seq} is gone from the outbox"
        return
    where = _where(sealed, row)
    if not _as_sealed(row, sealed):
        yield f"{where}: what it says is not what was sealed"
    if sealed.recipient and {row.recipient, row.address} | ({row.reader} - {None}) != {sealed.recipient}:
        yield f"{where}: it is addressed to somebody else than the ledger says"
    if sealed.slot and row.slot != sealed.slot:
        yield f"{where}: its digest is of another slot than the ledger says"
    if sealed.state is not None and _standing(row) != _expected(sealed):
        yield f"{where}: it is {row.state}, and the ledger says {_told(sealed)}"
    if sealed.state is State.SENT and sealed.notices is not None:
        told = frozenset(told_in(tx, [row.digest]))
        if told != sealed.notices:
            yield f"{where}: what its reader was told is not what the ledger says"


def _where(sealed: _Sealed, row: Row[Any]) -> str:
    return f"message {row.id} of the outbox, of entry #{sealed.seq}"


def _as_sealed(row: Row[Any], sealed: _Sealed) -> bool:
    """Whether a message says what was sealed; where it was erased there is nothing to compare."""
    if sealed.sha256 and row.sha256 != sealed.sha256:
        return False
    return row.body == b"" or (row.body is not None and sha256(row.body).hexdigest() == row.sha256)


def _standing(row: Row[Any]) -> tuple[str, str]:
    state = State.QUEUED.value if row.state == State.SENDING else row.state
    return state, row.sent_at or ""


def _expected(sealed: _Sealed) -> tuple[str, str]:
    return (sealed.state or State.QUEUED).value, sealed.sent_at


def _told(sealed: _Sealed) -> str:
    return f"{_expected(sealed)[0]}{f' at {sealed.sent_at}' if sealed.sent_at else ''}"


# ------------------------------------------------------------------------------------------------- notices


def forged_notices(tx: Connection) -> Sequence[str]:
    """The keys of notices whose rows say something else than their keys, which the ledger seals."""
    table = store.notice
    parts = (table.c.commitment, table.c.rule, table.c.stage, table.c.step, table.c.version, table.c.audience)
    made = store.joined_by("|", parts)
    query = table.select().with_only_columns(table.c.key).where(table.c.key != made).order_by(table.c.key)
    return list(tx.execute(query.limit(_SHOWN)).scalars())


_SHOWN: Final = 20
