"""Who hears of a commitment, and why; and why somebody does not, or not yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from commitments import store
from commitments.model.record import Record
from commitments.store import Connection
from commitments.store.notices import is_muted
from engine.assessment.assess import Assessment
from engine.digests.holdback import hushed
from engine.digests.pending import Desk, notice_of
from engine.digests.slots import coming_slots
from engine.workspace.recipients import Recipient
from engine.workspace.settings import Workspace
from notifications.outbox.outbox import State
from notifications.outbox.suppression import suppressed


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """What one recipient hears of a commitment: whether, in which words, and at which slot it would be told next."""

    recipient: Recipient
    hears: bool
    why: tuple[str, ...]
    next_slot: datetime | None


def hearings(tx: Connection, workspace: Workspace, desk: Desk, record: Record) -> Iterator[Hearing]:
    """For each recipient, whether they hear of a commitment, and why."""
    assessment = desk.assessor.at(record, desk.now)
    if assessment is None:
        return
    for recipient in workspace.settings.hearers:
        why = list(_why_not(tx, recipient, assessment))
        hears = not why
        slots = coming_slots(workspace, recipient, desk.now, 1) if hears else []
        why = why or list(_why(tx, desk, recipient, assessment))
        yield Hearing(recipient=recipient, hears=hears, why=tuple(why), next_slot=slots[0] if slots else None)


def _why_not(tx: Connection, recipient: Recipient, assessment: Assessment) -> Iterator[str]:
    """What keeps a recipient from ever hearing of it, as things are."""
    if (known := suppressed(tx, recipient.address)) is not None:
        yield f"gets nothing more: {known}"
    if not recipient.scope.covers(assessment.record.commitment):
        yield "it is outside their scope"
    audiences = {rung.audience for item in assessment.obligations if not item.beaten_by for rung in item.rungs}
    audiences |= {notice.audience for notice in assessment.notices}
    if audiences and not audiences & set(recipient.roles):
        yield f"it is told to {', '.join(sorted(audiences))}, they are {', '.join(recipient.roles)}"


def _why(tx: Connection, desk: Desk, recipient: Recipient, assessment: Assessment) -> Iterator[str]:
    """What they were told of it, what waits for them, and what is held back."""
    table = store.notice
    mine = table.c.commitment == assessment.record.commitment.id, table.c.audience.in_(recipient.roles)
    told = _told(tx, recipient, assessment.record.commitment.id)
    nothing = True
    for row in tx.execute(table.select().where(*mine).order_by(table.c.day, table.c.key)):
        nothing = False
        what = f"{row.stage.replace('_', ' ')} of {row.day}"
        if row.key in told:
            yield f"{what}: {told[row.key]}"
        elif row.state != "owed":
            yield f"{what}: not told, {row.reason or row.state}"
        elif hush := hushed(assessment, notice_of(row), desk.silences(tx)):
            yield f"{what}: held back, {hush}"
        elif is_muted(row):
            yield f"{what}: {row.reason}"
        else:
            yield f"{what}: waits for the next slot"
    if nothing:
        yield f"as {', '.join(recipient.roles)}; nothing is to be told yet"


def _told(tx: Connection, recipient: Recipient, identifier: str) -> dict[str, str]:
    """In which digest a recipient is told of each notice of a commitment, and whether it went."""
    told, digest, sent, notice = store.told, store.digest, store.outbox, store.notice
    joined = told.join(notice, told.c.notice == notice.c.key).join(digest, told.c.digest == digest.c.id)
    columns = told.c.notice, digest.c.slot, sent.c.state
    mine = told.c.recipient == recipient.address, notice.c.commitment == identifier
    rows = tx.execute(joined.join(sent, sent.c.digest == digest.c.id).select().with_only_columns(*columns).where(*mine))
    return {row.notice: _in_digest(row.slot, State(row.state)) for row in rows}


def _in_digest(slot: str, state: State) -> str:
    digest = f"in the digest of {slot[:16].replace('T', ' ')} UTC"
    return f"told {digest}" if state is State.SENT else f"{digest}, which is {state}"
