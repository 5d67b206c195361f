"""One pass: what should exist by now and does not is made, assessed, told and sent; a missed pass only costs time.

The pass writes in one transaction; only then is anything sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from commitments import register, store
from commitments.model import Commitment, Standing, Status
from commitments.store import Connection, Store
from engine.assess import Assessment, Assessor
from engine.families import Families, is_muted
from engine.follow import follow
from engine.grow import ACTOR, grow
from engine.match import joiner
from engine.settings import Recipient, Workspace
from notifications import outbox
from notifications.digest import Digest, Reader, compose
from notifications.notice import Item, Notice, Stage
from notifications.outbox import Delivered, Deliverer
from notifications.render import render
from notifications.slots import last_slot, missed_slots
from rules.book import RuleBook

_LAST_PASS, _RULES = "last_pass", "rules"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A commitment whose status differs from what the pass before found, None where there was none."""

    commitment: Commitment
    before: Status | None
    standing: Standing


@dataclass(frozen=True, kw_only=True)
class Pass:
    """What one pass did: the cycles' entries, the assessments and what changed, the digests and their delivery.

    `earlier_than` is the moment of a later pass: where it is given, nothing was done. `nothing_for` are the
    recipients whose slot had come, and who were owed nothing.
    """

    now: datetime
    earlier_than: datetime | None = None
    grown: int = 0
    assessed: int = 0
    changes: tuple[Change, ...] = ()
    digests: tuple[Digest, ...] = ()
    nothing_for: tuple[Recipient, ...] = ()
    delivered: Delivered | None = None


def tick(
    base: Store,
    workspace: Workspace,
    assessor: Assessor,
    deliverer: Deliverer,
    *,
    now: datetime,
    clock: Callable[[], datetime] | None = None,
    back: bool = False,
) -> Pass:
    """Run one pass as of `now` and deliver what is in the outbox.

    A pass earlier than one already made does nothing, for its day has been told; with `back`, as in a service whose
    clock was set back, that is noted in the ledger and the pass goes on. `clock` gives the moments of sending,
    `now` where it is None.
    """
    with base.writing() as tx:
        done = _plan(tx, workspace, assessor, now, back=back)
    if done.earlier_than is not None:
        return done
    delivered = outbox.deliver(base, deliverer, now=clock or (lambda: now))
    return Pass(**{**vars(done), "delivered": delivered})


def preview(
    base: Store, workspace: Workspace, assessor: Assessor, *, now: datetime
) -> list[tuple[Recipient, Digest | None]]:
    """The digest that each recipient would get if their slot came `now`; nothing of it is kept."""
    with base.writing() as tx:
        _prepare(tx, workspace, assessor, now)
        made = [
            (recipient, _digest(tx, workspace, recipient, now, list(_items(tx, recipient, assessor, now))))
            for recipient in workspace.settings.recipients
        ]
        tx.rollback()
    return made


def _plan(tx: Connection, workspace: Workspace, assessor: Assessor, now: datetime, *, back: bool) -> Pass:
    last = _moment(_recall(tx, _LAST_PASS))
    if last is not None and now < last:
        if not back:
            return Pass(now=now, earlier_than=last)
        register.note(tx, "clock_jump", {"from": last.isoformat(), "to": now.isoformat()}, at=now, actor=ACTOR)
    grown, changes, assessed = _prepare(tx, workspace, assessor, now)
    digests, nothing_for = _digests(tx, workspace, assessor, now)
    _remember(tx, _LAST_PASS, now.isoformat())
    return Pass(
        now=now,
        grown=grown,
        assessed=assessed,
        changes=tuple(changes),
        digests=tuple(digests),
        nothing_for=tuple(nothing_for),
    )


def _prepare(tx: Connection, workspace: Workspace, assessor: Assessor, now: datetime) -> tuple[int, list[Change], int]:
    """Make what should exist by now and assess what changed; how much was made, what changed, how much was assessed."""
    today = assessor.today(now)
    grown = grow(tx, workspace.book, today=today, at=now)
    everything = _rules_changed(tx, workspace, now)
    grown += follow(tx, assessor, today=today, at=now, everything=everything)
    return grown, *_assess(tx, assessor, now, everything=everything)


# ------------------------------------------------------------------------------------------------- assessing


def _rules_changed(tx: Connection, workspace: Workspace, now: datetime) -> bool:
    """Whether the rules or calendars differ from those of the pass before; the ledger then says which are in use."""
    version = f"{workspace.book.hash} {workspace.calendars.version}"
    if _recall(tx, _RULES) == version:
        return False
    packs = {loaded.pack.pack: loaded.hash for loaded in workspace.book.packs}
    content = {"packs": packs, "calendars": workspace.calendars.version}
    register.note(tx, "pack_loaded", content, at=now, actor=ACTOR)
    _remember(tx, _RULES, version)
    return True


def _assess(tx: Connection, assessor: Assessor, now: datetime, *, everything: bool) -> tuple[list[Change], int]:
    """Assess what changed or whose day has come, and store where it stands and what is owed."""
    changes, assessed = [], 0
    families = Families(assessor, joiner())
    before = _statuses(tx, assessor.latest_today(now), everything=everything)
    for record in list(register.records(tx, None if everything else list(before))):
        assessment = assessor.at(record, now)
        if assessment is None:
            continue
        assessed += 1
        identifier = assessment.record.commitment.id
        _store_standing(tx, identifier, assessment, assessor.book)
        _store_notices(tx, identifier, assessment, assessor.book, now)
        families.see(assessment)
        if before.get(identifier) != assessment.standing.status:
            changes.append(
                Change(
                    commitment=assessment.record.commitment,
                    before=before.get(identifier),
                    standing=assessment.standing,
                )
            )
    families.settle(tx, now)
    return changes, assessed


def _statuses(tx: Connection, today: date, *, everything: bool) -> dict[str, Status | None]:
    """The commitments to assess, with the status that the pass before gave them."""
    table = store.commitment
    query = table.select()
    if not everything:
        query = query.where(table.c.changed | (table.c.next_change <= today))
    return {row.id: Status(row.status) if row.status else None for row in tx.execute(query)}


def _store_standing(tx: Connection, identifier: str, assessment: Assessment, book: RuleBook) -> None:
    standing, table = assessment.standing, store.commitment
    values = {
        "status": standing.status.value,
        "partly": standing.partly,
        "rule": standing.rule,
        "pack": book.stamp(standing.rule),
        "original_earliest": standing.original.earliest if standing.original else None,
        "original_latest": standing.original.latest if standing.original else None,
        "current_earliest": standing.current.earliest if standing.current else None,
        "current_latest": standing.current.latest if standing.current else None,
        "settled_on": standing.settled_on,
        "days_late_original": standing.days_late_original,
        "days_late_current": standing.days_late_current,
        "next_change": assessment.next_change,
        "changed": False,
    }
    tx.execute(table.update().where(table.c.id == identifier).values(**values))


def _store_notices(tx: Connection, identifier: str, assessment: Assessment, book: RuleBook, now: datetime) -> None:
    """Write down what is owed now; what is owed no more is kept, with the reason."""
    table = store.notice
    rows = tx.execute(table.select().where(table.c.commitment == identifier))
    known = {row.key: row for row in rows if row.rule not in book.escalations}
    holding = {item.key: item for item in assessment.notices}
    for key, item in holding.items():
        if key not in known:
            stamps = {"pack": book.stamp(item.rule), "created_at": now.isoformat()}
            tx.execute(table.insert().values(key=key, state="owed", reason="", **stamps, **vars(item)))
        elif known[key].state != "owed":
            tx.execute(table.update().where(table.c.key == key).values(state="owed", reason=""))
    for key, row in known.items():
        if (row.state == "owed" or is_muted(row)) and key not in holding:
            state, reason = _gone(row, assessment)
            tx.execute(table.update().where(table.c.key == key).values(state=state, reason=reason))


def _gone(row: Any, assessment: Assessment) -> tuple[str, str]:  # noqa: ANN401 (a row has no type of its own)
    """Why a notice is owed no more."""
    status = assessment.standing.status
    if status.settled:
        return "dropped", f"{status.replace('_', ' ')} since"
    if status is Status.SUSPENDED:
        return "dropped", "the clock stands still"
    for item in assessment.notices:
        if (item.rule, item.audience) == (row.rule, row.audience):
            return "superseded", f"by {item.stage.replace('_', ' ')} {item.step} of {item.day}"
    return "dropped", "the deadline it spoke of no longer counts"


# ------------------------------------------------------------------------------------------------- telling


def _digests(
    tx: Connection, workspace: Workspace, assessor: Assessor, now: datetime
) -> tuple[list[Digest], list[Recipient]]:
    """Queue the digest of every recipient whose slot has come; return these, and those who were owed nothing."""
    told: list[Digest] = []
    nothing: list[Recipient] = []
    for recipient in workspace.settings.recipients:
        slot = last_slot(recipient.cadence, reader(workspace, recipient).timezone, now)
        if _slot_taken(tx, recipient, slot):
            continue
        items = list(_items(tx, recipient, assessor, now))
        made = _digest(tx, workspace, recipient, slot, items)
        _take_slot(tx, workspace, recipient, slot, now, made, [item.notice.key for item in items])
        if made is None:
            nothing.append(recipient)
        else:
            told.append(made)
    return told, nothing


def _slot_taken(tx: Connection, recipient: Recipient, slot: datetime) -> bool:
    table = store.digest
    mine = table.select().where(table.c.recipient == recipient.address, table.c.slot == _text(slot))
    return tx.execute(mine).first() is not None


def _items(tx: Connection, recipient: Recipient, assessor: Assessor, now: datetime) -> Iterator[Item]:
    """What a recipient is owed and was not told, as it stands now."""
    table, told = store.notice, store.told
    heard = told.select().with_only_columns(told.c.notice).where(told.c.recipient == recipient.address)
    owed = table.select().where(
        table.c.state == "owed", table.c.audience.in_(recipient.roles), table.c.key.not_in(heard)
    )
    rows = list(tx.execute(owed))
    records = {item.commitment.id: item for item in register.records(tx, sorted({row.commitment for row in rows}))}
    for row in rows:
        assessment = assessor.at(records[row.commitment], now)
        if assessment is not None and recipient.scope.covers(assessment.record.commitment):
            yield as_item(assessment, _notice(row))


def _notice(row: Any) -> Notice:  # noqa: ANN401 (a row has no type of its own)
    return Notice(
        commitment=row.commitment,
        rule=row.rule,
        stage=Stage(row.stage),
        step=row.step,
        version=row.version,
        audience=row.audience,
        day=row.day,
    )


def as_item(assessment: Assessment, notice: Notice) -> Item:
    """A commitment as a digest tells it, for a notice that is owed."""
    obligation = next((item for item in assessment.obligations if item.rule == notice.rule), assessment.governing)
    return Item(
        commitment=assessment.record.commitment,
        standing=assessment.standing,
        notice=notice,
        reason=obligation.reason if obligation else None,
        moved=assessment.moved,
    )


def _digest(
    tx: Connection, workspace: Workspace, recipient: Recipient, slot: datetime, items: list[Item]
) -> Digest | None:
    table = store.digest
    earlier = table.select().where(table.c.recipient == recipient.address, table.c.slot < _text(slot))
    last = tx.execute(earlier.order_by(table.c.slot.desc())).first()
    covers_from = _moment(last.slot) if last else None
    addressed = reader(workspace, recipient)
    return compose(
        addressed,
        items,
        slot=slot,
        covers_from=covers_from,
        head=str(register.head(tx)),
        packs=tuple(str(loaded) for loaded in workspace.book.packs),
        missed=missed_slots(recipient.cadence, addressed.timezone, covers_from, slot) if covers_from else 0,
        names=workspace.parties,
    )


def reader(workspace: Workspace, recipient: Recipient) -> Reader:
    """A recipient as a digest addresses them: what they leave out is the workspace's."""
    return Reader(
        name=recipient.name,
        address=recipient.address,
        language=recipient.language or workspace.settings.language,
        timezone=recipient.timezone or workspace.settings.timezone,
    )


def _take_slot(
    tx: Connection,
    workspace: Workspace,
    recipient: Recipient,
    slot: datetime,
    now: datetime,
    made: Digest | None,
    keys: list[str],
) -> None:
    """Write down that this slot was served: by a digest, now in the outbox, or by nothing to say."""
    covers_from = _text(made.covers_from) if made and made.covers_from else None
    row = {"recipient": recipient.address, "slot": _text(slot), "covers_from": covers_from}
    state = {"state": "queued", "reason": ""} if made else {"state": "nothing", "reason": "nothing to say"}
    (number,) = tx.execute(store.digest.insert().values(**row, **state)).inserted_primary_key or (None,)
    if made is None or number is None:
        return
    tx.execute(store.told.insert(), [{"recipient": recipient.address, "notice": key, "digest": number} for key in keys])
    sender = workspace.settings.mail.sender
    message_id = f"<{uuid4().hex}@{sender.partition('@')[2]}>"
    body = outbox.message(made, render(made, note=", ".join(recipient.roles)), sender=sender, message_id=message_id)
    outbox.queue(tx, number, made.reader, body, message_id, now)
    content = {
        "recipient": recipient.address,
        "slot": _text(slot),
        "message_id": message_id,
        "notices": keys,
        "rules": workspace.book.hash,
    }
    register.note(tx, "digest_queued", content, at=now, actor=ACTOR)


# ------------------------------------------------------------------------------------------------- remembering


def _recall(tx: Connection, name: str) -> str | None:
    row = tx.execute(store.meta.select().where(store.meta.c.name == name)).first()
    return row.value if row else None


def _remember(tx: Connection, name: str, value: str) -> None:
    store.put(tx, store.meta, [{"name": name, "value": value}])


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
