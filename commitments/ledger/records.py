"""Records read back from the ledger: each commitment with its whole history, and what of it cannot be read.

A part of `commitments.ledger.register`, which hands it out.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

from pydantic import ValidationError

from commitments import store
from commitments.ledger.texts import joined
from commitments.model.commitment import Commitment, Event, EventKind
from commitments.model.record import Record, Recorded, Unread
from commitments.store import Connection, Row

log = logging.getLogger("gestand.reading")
_EVENTS: Final = tuple(EventKind)


def records(tx: Connection, identifiers: Iterable[str] | None = None) -> Iterator[Record]:
    """The commitments with their histories, in the order of their ids, streamed; all of them where none are named.

    An entry that cannot be read is told of in its record, and stops no other.
    """
    table = store.ledger
    query = table.select().where(table.c.kind.in_(_EVENTS)).order_by(table.c.commitment, table.c.seq)
    if identifiers is None:
        yield from _grouped(tx, _read(tx, query.execution_options(yield_per=1000)))
        return
    for some in store.batches(sorted(set(identifiers))):
        yield from _grouped(tx, _read(tx, query.where(table.c.commitment.in_(some))))


def _read(tx: Connection, query: Any) -> Iterator[Row[Any]]:  # noqa: ANN401 (a query has no type outside the store)
    """The rows of the ledger that a query for them asks for; where the database cannot give a text, octets are."""
    last: Row[Any] | None = None
    try:
        for last in tx.execute(query):
            yield last
    except store.DatabaseError as error:
        if not store.is_garbled(error):
            raise
    else:
        return
    yield from tx.execute(store.as_octets(_behind(query, last), store.ledger))


def _behind(query: Any, last: Row[Any] | None) -> Any:  # noqa: ANN401 (as above)
    """The query for what comes after a row, by commitment and number."""
    table = store.ledger
    if last is None:
        return query
    same = (table.c.commitment == last.commitment) & (table.c.seq > last.seq)
    return query.where((table.c.commitment > last.commitment) | same)


def _grouped(tx: Connection, rows: Iterable[Row[Any]]) -> Iterator[Record]:
    for identifier, history in groupby(rows, key=lambda row: _text(row.commitment)):
        yield _record(tx, identifier, list(history))


def _record(tx: Connection, identifier: str, rows: list[Row[Any]]) -> Record:
    """The record of a commitment: what can be read, and what cannot; as the projection has it where that is its making.

    Whatever is wrong with an entry is that entry's alone.
    """
    found = [_recorded(row, identifier) for row in rows]
    unread = tuple(one for one in found if isinstance(one, Unread))
    history = [one for one in found if isinstance(one, Recorded)]
    if unread and not any(one.event.kind is EventKind.MADE for one in history):
        history.insert(0, _supposed(tx, identifier, unread[0]))
    return Record(tuple(history), unread)


def _recorded(row: Row[Any], identifier: str) -> Recorded | Unread:
    try:
        event = Event.model_validate(joined(row.payload, row.body))
        if event.kind != _text(row.kind) or (event.commitment and event.commitment.id != identifier):
            return Unread(row.seq, _moment(row.at), "it says something else than the ledger says of it")
        at = datetime.fromisoformat(_text(row.at)).astimezone(UTC)
        return Recorded(event=event, seq=row.seq, recorded_at=at, actor=_text(row.actor))
    except Exception as error:
        log.debug("entry #%s cannot be read", row.seq, exc_info=error)
        return Unread(row.seq, _moment(row.at), _unreadable(error))


def _text(value: str | bytes) -> str:
    """A text of the ledger, as far as it can be read."""
    return value if isinstance(value, str) else value.decode("utf-8", "replace")


def _moment(text: str | bytes) -> datetime | None:
    """When an entry was written down, None where that cannot be read."""
    try:
        return datetime.fromisoformat(_text(text)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _unreadable(error: Exception) -> str:
    """Why an entry cannot be read, in a few words."""
    if isinstance(error, ValidationError):
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"]))
        return f"{place}: {fault['msg']}" if place else fault["msg"]
    return f"it is not JSON ({error})" if isinstance(error, ValueError) else "it is no event of a commitment"


def _supposed(tx: Connection, identifier: str, unread: Unread) -> Recorded:
    """The making of a commitment that cannot be read: as it is described in the projection, if it is."""
    described = _described(tx, identifier) or Commitment.model_construct(
        id=identifier, kind="unknown", title=f"({unread})", by=("unknown",), to=("unknown",)
    )
    at = unread.recorded_at or datetime.min.replace(tzinfo=UTC)
    made = Event.model_construct(kind=EventKind.MADE, occurred_on=described.made or at.date(), commitment=described)
    return Recorded(event=made, seq=unread.seq, recorded_at=at, actor="")


def _described(tx: Connection, identifier: str) -> Commitment | None:
    """The commitment as the projection describes it, None where it does not."""
    table = store.commitment
    row = tx.execute(table.select().where(table.c.id == identifier)).first()
    if row is None:
        return None
    plain = {
        name: getattr(row, name) for name in ("id", "kind", "title", "force", "dossier", "parent", "cycle", "made")
    }
    try:
        return Commitment.model_validate({**plain, "by": json.loads(row.by), "to": json.loads(row.to)})
    except ValueError:
        return None
