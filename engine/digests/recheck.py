"""Before a message goes that nobody has got: is what it says still so? What has lost its ground is taken out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from commitments import store
from commitments.ledger import register
from commitments.listing import brief
from commitments.store import Connection, Row, given
from engine.assessment.assess import Assessor
from engine.digests.build import posted
from engine.digests.compose import digest_of
from engine.digests.log import (
    digest_row,
    told_in,
    turn,
    untell,
)
from engine.digests.pending import Desk, owed
from engine.digests.silences import silences, warned_lately
from engine.workspace.recipients import Recipient
from engine.workspace.settings import Workspace
from notifications.outbox.delivery import Dropped, Replaced, Review

_NOTICE: Final = store.notice
_TOLD_IN: Final = (
    _NOTICE.select()
    .with_only_columns(_NOTICE.c.key, _NOTICE.c.commitment, _NOTICE.c.stage, _NOTICE.c.state, _NOTICE.c.reason)
    .join(store.told, store.told.c.notice == _NOTICE.c.key)
    .where(store.told.c.digest == given("digest"))
)
_TOGETHER: Final = 500
"""So many commitments are asked for in one statement."""


def review(workspace: Workspace, assessor: Assessor) -> Review:
    """The question that delivery asks of each digest before it goes for the first time."""
    recipients = {recipient.address: recipient for recipient in workspace.settings.hearers}

    def asked(tx: Connection, row: Row[Any], now: datetime) -> Replaced | Dropped | None:
        recipient = recipients.get(row.recipient)
        if recipient is None:
            # An end that is gone from the settings is told of by delivery, and gets it when it is back.
            return None if row.route else _for_nobody(tx, row)
        if (digest := digest_row(tx, row.digest)).state == "dropped":
            # Tried again by hand: what it told is told in later digests.
            return Dropped(digest.reason)
        gone = _gone(tx, row, assessor, now)
        return _without(tx, workspace, Desk(assessor, now), recipient, row, gone) if gone else None

    return asked


def _gone(tx: Connection, row: Row[Any], assessor: Assessor, now: datetime) -> dict[str, str]:
    """The notices of a digest that are not to be told any more, by key, each with the reason."""
    commitment = store.commitment
    lasting = silences(tx, assessor.today(now))
    gone: dict[str, str] = {}
    for rows in tx.execute(_TOLD_IN, {"digest": row.digest}).partitions(_TOGETHER):
        gone |= {one.key: one.reason or one.state for one in rows if one.state != "owed"}
        if lasting:
            about = {one.commitment for one in rows if one.stage != "settled"}
            briefs = [brief(one) for one in tx.execute(commitment.select().where(commitment.c.id.in_(about)))]
            quiet = {one.id: str(silence) for silence in lasting for one in briefs if silence.scope.covers(one)}
            gone |= {one.key: quiet[one.commitment] for one in rows if one.commitment in quiet and one.key not in gone}
    return gone


def _without(
    tx: Connection, workspace: Workspace, desk: Desk, recipient: Recipient, row: Row[Any], gone: Mapping[str, str]
) -> Replaced | Dropped:
    """The digest without what has gone: another body with the same Message-ID, or none where nothing is left."""
    left = desk.of(tx, list(owed(tx, [key for key in told_in(tx, [row.digest]) if key not in gone])))
    gone = {**gone, **{held.notice.key: held.reason for held in left.held}}
    untell(tx, row.recipient, list(gone))
    content = {"message_id": row.message_id, "dropped": sorted(gone)}
    register.note(tx, "digest_revised", content, at=desk.now, actor=register.ACTOR, texts={"reasons": gone})
    ending = warned_lately(tx, row.recipient, desk.waiting(tx, recipient).silences, desk.today)
    if not left.items and not ending and not recipient.all_clear:
        return _dropped(tx, row, "; ".join(sorted(set(gone.values()))))
    slot = datetime.fromisoformat(digest_row(tx, row.digest).slot)
    made = digest_of(tx, workspace, desk, recipient, slot, left.items, ending=ending, replaced=[row.digest])
    return Replaced(posted(tx, workspace, recipient, made, row.message_id, desk.now))


def _for_nobody(tx: Connection, row: Row[Any]) -> Dropped:
    """No digest for who is no recipient any more; should they be one again, they are told then."""
    untell(tx, row.recipient, told_in(tx, [row.digest]))
    return _dropped(tx, row, "its reader is not among the recipients any more")


def _dropped(tx: Connection, row: Row[Any], reason: str) -> Dropped:
    turn(tx, [row.digest], "dropped", reason)
    return Dropped(reason)
