"""A pass's telling: each recipient whose slot has come gets one digest of what is owed and was not told, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from commitments import register, store
from commitments.store import Connection
from engine.assess import Assessment, Assessor
from engine.feed import changed_at, revision
from engine.grow import ACTOR
from engine.posting import posted
from engine.recipients import Recipient
from engine.settings import Workspace
from engine.unheard import look, unheard
from notifications import outbox
from notifications.digest import Digest, Reader, compose
from notifications.notice import Item, Notice, Stage
from notifications.slots import last_slot, missed_slots


def queue_digests(
    tx: Connection, workspace: Workspace, assessor: Assessor, now: datetime
) -> tuple[list[Digest], list[Recipient]]:
    """Queue the digest of every recipient whose slot has come; return these, and those who were owed nothing."""
    told: list[Digest] = []
    nothing: list[Recipient] = []
    for recipient in workspace.settings.hearers:
        slot = last_slot(recipient.cadence, reader(workspace, recipient).timezone, now)
        if _slot_taken(tx, recipient, slot):
            continue
        items = list(items_for(tx, recipient, assessor, now))
        made = digest_of(tx, workspace, recipient, slot, items)
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


def items_for(tx: Connection, recipient: Recipient, assessor: Assessor, now: datetime) -> Iterator[Item]:
    """What a recipient is owed and was not told, as it stands now."""
    rows = unheard(tx, recipient)
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
        revision=revision(assessment.record),
        changed_at=changed_at(assessment.record),
    )


def digest_of(
    tx: Connection, workspace: Workspace, recipient: Recipient, slot: datetime, items: list[Item]
) -> Digest | None:
    """The digest that a recipient gets at a slot for these items; None where there is nothing to say."""
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
    (number,) = tx.execute(store.digest.insert().values(**row, **state)).inserted_primary_key or (0,)
    if made is not None:
        heard = [{"recipient": recipient.address, "notice": key, "digest": number} for key in keys]
        tx.execute(store.told.insert(), heard)
    look(tx, recipient, number)
    if made is None:
        return
    sender = workspace.settings.mail.sender
    message_id = f"<{uuid4().hex}@{sender.partition('@')[2]}>"
    body = posted(tx, workspace, recipient, made, message_id, now)
    outbox.queue(tx, number, made.reader, body, message_id, now)
    content = {
        "slot": _text(slot),
        "message_id": message_id,
        "notices": keys,
        "rules": workspace.book.hash,
    }
    register.note(tx, "digest_queued", content, at=now, actor=ACTOR, texts={"recipient": recipient.address})


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
