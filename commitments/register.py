"""The register: events are appended to the ledger here and nowhere else, and read back as records.

Everything works within an open transaction of `store`. Files enter by `take_in`; `commitments.exchange` reads them.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final, cast

from commitments import contents, store
from commitments.contents import Damage
from commitments.fit import close
from commitments.intake import Draft, Gathering, Intake, Outcome, weigh
from commitments.ledger import ERASURE, Entry, Head, Line, canonical, seal, stamp
from commitments.model import Commitment, Event, EventKind
from commitments.record import Record, Recorded
from commitments.store import Connection, Row
from commitments.texts import SALT, joined, parted
from commitments.transitions import allowed
from commitments.trouble import TroubleError

__all__ = [
    "Draft",
    "Intake",
    "UnknownCommitmentError",
    "allowed",
    "append",
    "damage",
    "description",
    "entries",
    "entry",
    "head",
    "ids",
    "last_told",
    "lines",
    "made",
    "note",
    "readable",
    "rebuild",
    "record",
    "records",
    "take_in",
]

_EVENTS = tuple(EventKind)
_LAST: Final = (
    store.ledger.select()
    .with_only_columns(store.ledger.c.seq, store.ledger.c.hash)
    .order_by(store.ledger.c.seq.desc())
    .limit(1)
)


class UnknownCommitmentError(TroubleError):
    """An event of a commitment that the register does not have."""

    def __init__(self, identifiers: Iterable[str]) -> None:
        super().__init__(f"the register has no commitment {', '.join(sorted(identifiers))}; make it before its events")


# ------------------------------------------------------------------------------------------------- writing


def append(tx: Connection, events: Iterable[tuple[str, Event]], *, at: datetime, actor: str) -> list[Entry]:
    """Write events, each with the id of its commitment, at the end of the ledger; the entries they became.

    The projection follows: descriptive columns from the commitment, and `changed` for the next pass.
    """
    events = list(events)
    _refuse_unknown(tx, events)
    lines = [(event.kind.value, identifier, *parted(event)) for identifier, event in events]
    written = _write(tx, lines, at=at, actor=actor)
    _project(tx, events)
    return written


def note(
    tx: Connection,
    kind: str,
    payload: dict[str, Any],
    *,
    at: datetime,
    actor: str,
    commitment: str | None = None,
    texts: dict[str, Any] | None = None,
) -> Entry:
    """Write what the program itself did (`digest_sent`, `pack_loaded`, …) at the end of the ledger.

    What may name people goes into `texts`, which can be erased.
    """
    if kind in _EVENTS:
        raise ValueError(f"{kind} is an event of a commitment: append it")
    return _write(tx, [(kind, commitment, payload, texts or {})], at=at, actor=actor)[0]


def _write(
    tx: Connection,
    lines: Iterable[tuple[str, str | None, dict[str, Any], dict[str, Any]]],
    *,
    at: datetime,
    actor: str,
) -> list[Entry]:
    last, moment = head(tx), stamp(at)
    written = []
    for kind, commitment, payload, texts in lines:
        body = canonical({**texts, SALT: secrets.token_hex(16)}) if texts else None
        entry = seal(last, at=moment, actor=actor, kind=kind, commitment=commitment, payload=payload, body=body)
        last = entry.head
        written.append(entry)
    if written:
        tx.execute(store.ledger.insert(), [_columns(entry) for entry in written])
    return written


def _columns(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in Entry._fields}


def _refuse_unknown(tx: Connection, events: Sequence[tuple[str, Event]]) -> None:
    made = {identifier for identifier, event in events if event.kind is EventKind.MADE}
    named = {identifier for identifier, _ in events} - made
    table = store.commitment
    for some in store.batches(sorted(named)):
        named -= set(tx.execute(table.select().with_only_columns(table.c.id).where(table.c.id.in_(some))).scalars())
    if named:
        raise UnknownCommitmentError(named)


def _project(tx: Connection, events: Sequence[tuple[str, Event]]) -> None:
    described = {identifier: event.commitment for identifier, event in events if event.commitment}
    undone = {identifier for identifier, event in events if event.kind is EventKind.UNDONE}
    described |= {one.commitment.id: one.commitment for one in records(tx, undone)}
    describe(tx, described.values())
    table = store.commitment
    for some in store.batches(sorted({identifier for identifier, _ in events} - set(described))):
        tx.execute(table.update().where(table.c.id.in_(some)).values(changed=True))


def describe(tx: Connection, commitments: Iterable[Commitment]) -> None:
    """Write the descriptive columns of commitments, and ask for them to be assessed."""
    rows = [description(one) for one in commitments]
    with store.rewriting(tx, [row["id"] for row in rows]):
        store.put(tx, store.commitment, rows)


def description(commitment: Commitment) -> dict[str, Any]:
    """The descriptive columns of a commitment's row, which then waits to be assessed."""
    return {
        "id": commitment.id,
        "kind": commitment.kind,
        "title": commitment.title,
        "force": commitment.force.value,
        "dossier": commitment.dossier,
        "parent": commitment.parent,
        "cycle": commitment.cycle,
        "by": json.dumps(commitment.by),
        "to": json.dumps(commitment.to),
        "made": commitment.made,
        "changed": True,
    }


def rebuild(tx: Connection, leaving_out: Collection[str] = frozenset()) -> int:
    """Make the descriptive columns anew from the ledger and mark every row changed; the number of commitments.

    Those that are left out stay as they are.
    """
    count = 0
    for some in store.batches(readable(tx, leaving_out)):
        count += len(some)
        describe(tx, (one.commitment for one in some))
    store.renew(tx)
    return count


# ------------------------------------------------------------------------------------------------- reading


def head(tx: Connection) -> Head:
    """The ledger's last entry."""
    row = tx.execute(_LAST).first()
    return Head(row.seq, row.hash) if row else Head()


def entries(tx: Connection) -> Iterator[Entry]:
    """All entries of the ledger in their order, streamed."""
    return (Entry(*line) for line in lines(tx))


def lines(tx: Connection, identifier: str | None = None) -> Iterator[Line]:
    """The same as the store has them, soonest read; only those of one commitment where it is named."""
    columns = [store.ledger.c[name] for name in Entry._fields]
    query = store.ledger.select().with_only_columns(*columns).order_by(store.ledger.c.seq)
    query = query if identifier is None else query.where(store.ledger.c.commitment == identifier)
    with tx.execute(query.execution_options(yield_per=1000)) as found:
        yield from cast("Iterable[Line]", found)


def last_told(tx: Connection) -> int:
    """The number of the last entry that says something of a commitment, or that texts were erased; 0 without any."""
    table = store.ledger
    query = table.select().with_only_columns(table.c.seq).where(table.c.kind.in_((*_EVENTS, ERASURE)))
    return tx.execute(query.order_by(table.c.seq.desc()).limit(1)).scalar() or 0


def entry(tx: Connection, seq: int) -> Entry | None:
    """The entry of that number, None where there is none."""
    row = tx.execute(store.ledger.select().where(store.ledger.c.seq == seq)).first()
    return Entry(*row) if row else None


def ids(tx: Connection, prefix: str = "", limit: int | None = None) -> list[str]:
    """The ids of the commitments that begin with `prefix`, sorted; no more than `limit`, the first of them."""
    table = store.commitment
    query = table.select().with_only_columns(table.c.id).order_by(table.c.id)
    if prefix:
        query = query.where(table.c.id >= prefix, table.c.id.startswith(prefix, autoescape=True))
    return list(tx.execute(query.limit(limit)).scalars())


def record(tx: Connection, identifier: str) -> Record | None:
    """A commitment with its whole history, None where the register does not have it."""
    return next(records(tx, [identifier]), None)


def records(tx: Connection, identifiers: Iterable[str] | None = None) -> Iterator[Record]:
    """The commitments with their histories, in the order of their ids, streamed; all of them where none are named."""
    table = store.ledger
    query = table.select().where(table.c.kind.in_(_EVENTS)).order_by(table.c.commitment, table.c.seq)
    if identifiers is None:
        yield from _grouped(tx.execute(query.execution_options(yield_per=1000)))
        return
    for some in store.batches(sorted(set(identifiers))):
        yield from _grouped(tx.execute(query.where(table.c.commitment.in_(some))))


def readable(tx: Connection, leaving_out: Collection[str]) -> Iterator[Record]:
    """All records but those of some commitments, of which entries cannot be read."""
    if not leaving_out:
        return records(tx)
    return records(tx, (one for one in made(tx) if one not in leaving_out))


def made(tx: Connection) -> list[str]:
    """The ids of the commitments that the ledger made, sorted."""
    table = store.ledger
    query = table.select().with_only_columns(table.c.commitment).where(table.c.kind == EventKind.MADE.value)
    return sorted(set(tx.execute(query).scalars()) - {None})


def damage(tx: Connection, identifier: str | None = None) -> list[Damage]:
    """The entries of the ledger, or of one commitment, that are not as they were written, or cannot be read."""
    return list(contents.damaged(lines(tx, identifier)))


def _grouped(rows: Iterable[Row[Any]]) -> Iterator[Record]:
    for _, history in groupby(rows, key=lambda row: row.commitment):
        yield Record(tuple(_recorded(row) for row in history))


def _recorded(row: Row[Any]) -> Recorded:
    return Recorded(
        event=Event.model_validate(joined(row.payload, row.body)),
        seq=row.seq,
        recorded_at=datetime.fromisoformat(row.at),
        actor=row.actor,
    )


# ------------------------------------------------------------------------------------------------- taking in


def take_in(
    tx: Connection,
    drafts: Iterable[Draft],
    *,
    today: date,
    at: datetime,
    actor: str,
    dry_run: bool = False,
    over_erased: bool = False,
    tell: Callable[[Sequence[Outcome]], None] = lambda _outcomes: None,
) -> Intake:
    """Bring the register up to what a file says, as far as it had happened by `today`; what became of it, counted.

    The drafts may be endless: they are taken in some at a time, and what became of them is told as it is known. Taking
    in the same drafts again changes nothing. A commitment whose text differs is amended; texts that were erased stay so
    unless it is `over_erased`. With `dry_run` all is tried and undone.
    """
    trial = tx.begin_nested() if dry_run else None
    gathering, intake = Gathering(), Intake(today=today, dry_run=dry_run)
    for ready, outcomes in _gathered(gathering, drafts):
        known = {one.commitment.id: one for one in records(tx, [draft.id for draft in ready])}
        found = [
            _outcome(tx, draft, known.get(draft.id), today=today, at=at, over_erased=over_erased) for draft in ready
        ]
        append(tx, [(one.id, event) for one in found for event in one.events], at=at, actor=actor)
        tell([*found, *outcomes])
        intake = intake.joined([*found, *outcomes])
    if trial:
        trial.rollback()
    return intake


def _gathered(gathering: Gathering, drafts: Iterable[Draft]) -> Iterator[tuple[list[Draft], list[Outcome]]]:
    for some in store.batches(drafts):
        yield gathering.batch(some)
    for some in store.batches(gathering.rest()):
        yield some, []


def _outcome(
    tx: Connection, draft: Draft, known: Record | None, *, today: date, at: datetime, over_erased: bool
) -> Outcome:
    astray = draft.commitment is None and known is None
    if not astray or all(event.occurred_on > today for event in draft.events):
        return weigh(draft, known, today=today, at=at, over_erased=over_erased)
    hint = close(draft.id, ids(tx, draft.id[:2])) or "write it under commitments:, or use the pack whose cycle makes it"
    problem = draft.problem("the register has no such commitment", hint)
    return Outcome(id=draft.id, problems=(problem,))
