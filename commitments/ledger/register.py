"""The register: events are appended to the ledger here and nowhere else, and read back as records.

Everything works within an open transaction of `store`. Files enter by `take_in`; `commitments.exchange` reads them.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any, Final, cast

from commitments import store
from commitments.ledger import contents
from commitments.ledger.chain import (
    ERASURE,
    Entry,
    Head,
    Line,
    canonical,
    seal,
    stamp,
)
from commitments.ledger.contents import Damage
from commitments.ledger.intake import (
    Draft,
    Gathering,
    Intake,
    Outcome,
    weigh,
)
from commitments.ledger.moments import (
    TOLERANCE,
    WRONG_CLOCK,
    ClockRightError,
    Known,
    Last,
    Order,
    UnreadEntryError,
    WrongClock,
    following,
)
from commitments.ledger.records import records
from commitments.ledger.texts import SALT, parted
from commitments.ledger.transitions import allowed
from commitments.model.commitment import Commitment, Event, EventKind
from commitments.model.record import Record
from commitments.reading.fit import close
from commitments.store import Connection
from commitments.trouble import TroubleError

__all__ = [
    "ACTOR",
    "Draft",
    "Intake",
    "UnknownCommitmentError",
    "allowed",
    "append",
    "clock_was_wrong",
    "damage",
    "description",
    "entries",
    "entry",
    "head",
    "ids",
    "known",
    "last_told",
    "latest",
    "lines",
    "made",
    "moment",
    "note",
    "readable",
    "rebuild",
    "record",
    "records",
    "take_in",
    "wrong_clocks",
    "wrong_clocks_remembered",
]

ACTOR: Final = "rules"
"""Who the ledger says it was, where a pass brought something about by itself."""

_EVENTS = tuple(EventKind)
_LAST: Final = (
    store.ledger.select()
    .with_only_columns(*(store.ledger.c[name] for name in Last._fields))
    .order_by(store.ledger.c.seq.desc())
    .limit(1)
)
_WRONG_CLOCKS: Final = "wrong_clocks"
"""Under this name the store remembers the numbers of the entries that say that the clock was wrong."""
_OF_WRONG_CLOCKS: Final = store.ledger.select().where(store.ledger.c.kind == WRONG_CLOCK).order_by(store.ledger.c.seq)
_HIGHEST: Final = 2**63 - 1
"""No entry has a higher number: no database can count further."""
_FIRST_AFTER: Final = (
    store.ledger.select()
    .with_only_columns(store.ledger.c.seq)
    .where(store.ledger.c.seq > store.given("seq"), store.ledger.c.at > store.given("at"))
    .order_by(store.ledger.c.seq)
    .limit(1)
)


class UnknownCommitmentError(TroubleError):
    """An event of a commitment that the register does not have."""

    def __init__(self, identifiers: Iterable[str]) -> None:
        super().__init__(f"the register has no commitment {', '.join(sorted(identifiers))}; make it before its events")


# ------------------------------------------------------------------------------------------------- writing


def append(tx: Connection, events: Iterable[tuple[str, Event]], *, at: datetime, actor: str) -> list[Entry]:
    """Write events, each with the id of its commitment, at the end of the ledger; the entries they became.

    The projection follows: descriptive columns from the commitment, and `changed` for the next pass. Raises
    ClockBehindError where `at` is well before the last entry, as everything here does that writes.
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
    if not (lines := list(lines)):
        return []
    last = _last(tx)
    return _sealed(tx, lines, after=last, at=following(at, last), actor=actor)


def _sealed(
    tx: Connection,
    lines: Iterable[tuple[str, str | None, dict[str, Any], dict[str, Any]]],
    *,
    after: Last | None,
    at: datetime,
    actor: str,
) -> list[Entry]:
    last, moment = _head(after), stamp(at)
    written = []
    for kind, commitment, payload, texts in lines:
        body = canonical({**texts, SALT: secrets.token_hex(16)}) if texts else None
        entry = seal(last, at=moment, actor=actor, kind=kind, commitment=commitment, payload=payload, body=body)
        last = entry.head
        written.append(entry)
    tx.execute(store.ledger.insert(), [_columns(entry) for entry in written])
    return written


def latest(tx: Connection, at: datetime) -> datetime:
    """The later of a moment and that of the last entry."""
    last = _last(tx)
    return max(at, last.moment) if last else at


def moment(tx: Connection, at: datetime) -> datetime:
    """The moment with which an entry would be written at `at`. Raises ClockBehindError where none would."""
    return following(at, _last(tx))


def clock_was_wrong(tx: Connection, *, said: str, at: datetime, actor: str, ahead: bool = False) -> WrongClock:
    """Write down that the clock was wrong: that entries lie after `at`, or are earlier than the one before them.

    From here on the order goes on with `at`. Raises ClockRightError where there is no such entry, unless the clock was
    `ahead` where nothing was written.
    """
    last = _last(tx)
    seq = last.seq if last else 0
    wrong = known(tx, at + TOLERANCE).last < seq
    here = at if wrong else following(at, last)
    made = WrongClock(
        seq=seq + 1,
        at=stamp(here),
        actor=actor,
        first=known(tx, at).last + 1 if wrong else 0,
        last=seq if wrong else 0,
        steps=tuple(step.seq for step in _order(tx).steps),
    )
    if not (made.first or made.steps or ahead):
        raise ClockRightError(at)
    _sealed(tx, [(WRONG_CLOCK, None, made.payload, {"note": said})], after=last, at=here, actor=actor)
    _remember_wrong_clocks(tx)
    return made


def _remember_wrong_clocks(tx: Connection) -> None:
    table = store.ledger
    query = table.select().with_only_columns(table.c.seq).where(table.c.kind == WRONG_CLOCK).order_by(table.c.seq)
    store.remember(tx, _WRONG_CLOCKS, json.dumps(list(tx.execute(query).scalars())))


def _order(tx: Connection) -> Order:
    order = Order()
    for seq, at, actor, kind, _, payload, *_ in lines(tx):
        with suppress(UnreadEntryError):
            order.see(seq, at, actor, kind, payload)
    return order


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

    Those that are left out stay as they are. Which entries say that the clock was wrong is remembered anew, too.
    """
    count = 0
    _remember_wrong_clocks(tx)
    for some in store.batches(readable(tx, leaving_out)):
        count += len(some)
        describe(tx, (one.commitment for one in some))
    store.renew(tx)
    return count


# ------------------------------------------------------------------------------------------------- reading


def head(tx: Connection) -> Head:
    """The ledger's last entry."""
    return _head(_last(tx))


def _last(tx: Connection) -> Last | None:
    row = tx.execute(_LAST).first()
    return Last(*row) if row else None


def _head(last: Last | None) -> Head:
    return Head(last.seq, last.hash) if last else Head()


def known(tx: Connection, at: datetime) -> Known:
    """What was known at a moment: the entries before the first that was written after it.

    No entry counts as known before an earlier one. What a clock that was wrong wrote counts as known from the moment of
    the entry that says so, if not before: by then it was written.
    """
    text = _stamped(at)
    # Of the ledger itself: a list beside it that somebody changed would change the past.
    said = max((one.seq for one in _corrections(tx, None) if one.at <= text), default=0)
    later = tx.execute(_FIRST_AFTER, {"seq": said, "at": text}).scalar()
    return Known(at=at, last=head(tx).seq if later is None else later - 1)


def _stamped(at: datetime) -> str:
    """A moment as the ledger writes it; the first or the last there is where the calendar ends before it is in UTC."""
    try:
        return stamp(at)
    except OverflowError:
        return stamp(datetime.min.replace(tzinfo=UTC) if at.year == 1 else datetime.max.replace(tzinfo=UTC))


def wrong_clocks(tx: Connection) -> list[WrongClock]:
    """The entries that say that the clock was wrong, in their order; `verify` names those that cannot be read.

    They are found by the list of their numbers, and by a search of the ledger where that cannot be read.
    """
    numbers = wrong_clocks_remembered(tx)
    return [] if numbers == [] else _corrections(tx, numbers)


def wrong_clocks_remembered(tx: Connection) -> list[int] | None:
    """The numbers of these entries as the store remembers them; None where that is no list of numbers."""
    try:
        numbers = json.loads(store.recall(tx, _WRONG_CLOCKS) or "[]")
    except (ValueError, RecursionError):
        return None
    readable = isinstance(numbers, list) and all(type(one) is int and 0 < one <= _HIGHEST for one in numbers)
    return numbers if readable else None


def _corrections(tx: Connection, numbers: list[int] | None) -> list[WrongClock]:
    """The entries that say that the clock was wrong, of those with these numbers, or of all."""
    query = _OF_WRONG_CLOCKS if numbers is None else _OF_WRONG_CLOCKS.where(store.ledger.c.seq.in_(numbers))
    found: list[WrongClock] = []
    for row in tx.execute(query):
        with suppress(UnreadEntryError):
            found.append(WrongClock.read(row.seq, row.at, row.actor, row.payload))
    return found


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
    if not 0 < seq <= _HIGHEST:
        return None
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
