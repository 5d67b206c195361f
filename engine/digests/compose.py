"""A pass's telling: each recipient whose slot has come gets one digest of what is owed and was not told, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final
from uuid import uuid4

from commitments.ledger import register
from commitments.model.commitment import Status
from commitments.store import Connection, Store
from engine.assessment.assess import Assessor
from engine.assessment.setbacks import Setbacks
from engine.digests.build import posted
from engine.digests.log import (
    given_up,
    is_served,
    not_gone,
    serve,
    slot_before,
    tell,
    text,
    told_in,
    told_since,
    turn,
    untell,
)
from engine.digests.pending import Desk, Waiting, owed
from engine.digests.silences import Silence, to_warn_of, warned_of
from engine.digests.slots import (
    due_slot,
    may_disturb,
    missed,
    month_began,
    reader,
)
from engine.digests.untold import look
from engine.workspace.recipients import Recipient
from engine.workspace.settings import Workspace
from notifications.content.digest import Digest, Ending, compose
from notifications.content.notice import Item
from notifications.outbox import outbox
from notifications.outbox.suppression import suppressed

_TOGETHER: Final = 50
"""So many recipients are served in one transaction: each has their digest whole, or not yet."""
_KEPT: Final = 100
"""So many digests are kept to be shown: there may be thousands, and each holds all that it tells."""
NOTHING: Final = "nothing to say"
DIGEST: Final = "the digest to "
"""How the name of a digest begins that cannot be made."""


@dataclass
class Told:
    """What was queued: how many digests, the first of them, and who was owed nothing."""

    count: int = 0
    digests: list[Digest] = field(default_factory=list)
    nothing: list[Recipient] = field(default_factory=list)

    def join(self, other: Told) -> None:
        """Count what others got too."""
        self.count += other.count
        self.digests += other.digests[: _KEPT - len(self.digests)]
        self.nothing += other.nothing

    def add(self, recipient: Recipient, made: Digest | None) -> None:
        """Count what a recipient got at their slot."""
        if made is None:
            self.nothing.append(recipient)
            return
        self.count += 1
        if len(self.digests) < _KEPT:
            self.digests.append(made)


def queue_digests(
    base: Store, workspace: Workspace, assessor: Assessor, now: datetime, clock: Callable[[], datetime]
) -> Told:
    """Queue the digest of every recipient whose slot has come by `now`, and what does not wait for one.

    `clock` gives the moments with which that is written down.
    """
    told, desk = Told(), Desk(assessor, now)
    recipients = workspace.settings.hearers
    for start in range(0, len(recipients), _TOGETHER):
        told.join(_served(base, workspace, desk, recipients[start : start + _TOGETHER], clock))
    return told


def _served(
    base: Store, workspace: Workspace, desk: Desk, some: Sequence[Recipient], clock: Callable[[], datetime]
) -> Told:
    """What was queued for these, all at once; one by one where something goes wrong, so that it is one's alone."""
    together = Setbacks().tried(DIGEST, lambda: _served_together(base, workspace, desk, some, clock))
    if together is not None:
        return together
    told = Told()
    for recipient in some:
        serve_one = partial(_served_together, base, workspace, desk, [recipient], clock)
        told.join(desk.assessor.setbacks.tried(f"{DIGEST}{recipient.address}", serve_one) or Told())
    return told


def _served_together(
    base: Store, workspace: Workspace, desk: Desk, some: Sequence[Recipient], clock: Callable[[], datetime]
) -> Told:
    told = Told()
    with base.writing() as tx:
        desk.written_at = clock()
        for recipient in some:
            _serve(tx, workspace, desk, recipient, told)
    return told


def _serve(tx: Connection, workspace: Workspace, desk: Desk, recipient: Recipient, told: Told) -> None:
    slot = due_slot(workspace, recipient, desk.now)
    if slot is not None and not is_served(tx, recipient.address, slot):
        told.add(recipient, _at_slot(tx, workspace, desk, recipient, slot))
    elif recipient.immediately and may_disturb(workspace, recipient, desk.now):
        urgent = desk.waiting(tx, recipient, recipient.immediately)
        if urgent.items and suppressed(tx, recipient.address) is None:
            told.add(recipient, _tell(tx, workspace, desk, recipient, _Told(slot=desk.now, fresh=urgent, at_once=True)))


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What is told at a slot: what is new, the silences that end, and the digests not gone yet that are replaced."""

    slot: datetime
    fresh: Waiting
    ending: Sequence[Silence] = ()
    replaced: Sequence[int] = ()
    at_once: bool = False


def _at_slot(tx: Connection, workspace: Workspace, desk: Desk, recipient: Recipient, slot: datetime) -> Digest | None:
    """Serve a slot: with a digest that takes the place of those that have not gone yet, or with nothing to say."""
    address = recipient.address
    if (known := suppressed(tx, address)) is not None:
        serve(tx, address, slot, state="nothing", reason=str(known))
        return None
    fresh, replaced = desk.waiting(tx, recipient), not_gone(tx, address)
    ending = to_warn_of(tx, address, fresh.silences, desk.today, again=bool(replaced))
    if fresh.items or ending or recipient.all_clear or (replaced and _lost(tx, address)):
        told = _Told(slot=slot, fresh=fresh, ending=ending, replaced=replaced)
        return _tell(tx, workspace, desk, recipient, told)
    reason = f"{NOTHING}; {len(fresh.held)} held back" if fresh.held else NOTHING
    number = serve(tx, address, slot, state="nothing", reason=reason)
    look(tx, recipient, number, fresh.numbers.values(), desk.owed)
    return None


def _lost(tx: Connection, address: str) -> bool:
    """Whether something is owed to a recipient that only stood in digests that were given up."""
    return any(owed(tx, told_in(tx, given_up(tx, address))))


def _tell(tx: Connection, workspace: Workspace, desk: Desk, recipient: Recipient, told: _Told) -> Digest:
    """Write down what a recipient is told, and put it into the outbox, all at once."""
    address, before = recipient.address, told_in(tx, told.replaced)
    again = desk.of(tx, list(owed(tx, before)))
    untell(tx, address, before)
    items, keys = (*told.fresh.items, *again.items), [*told.fresh.keys, *again.keys]
    made = digest_of(tx, workspace, desk, recipient, told.slot, items, ending=told.ending, replaced=told.replaced)
    # What is told at once covers no time: whatever else came up then is told at the slot.
    number = serve(tx, address, told.slot, state="queued", covers_from=told.slot if told.at_once else made.covers_from)
    tell(tx, address, number, keys)
    look(tx, recipient, number, told.fresh.left(set(keys)), desk.owed)
    warned_of(tx, address, told.ending)
    message_id = f"<{uuid4().hex}@{workspace.settings.mail.sender.domain}>"
    body = posted(tx, workspace, recipient, made, message_id, desk.at, files=desk.files)
    outbox.queue(tx, number, made.reader, body, message_id, desk.at)
    if told.replaced:
        outbox.supersede(tx, address, by=message_id, at=desk.at)
        turn(tx, told.replaced, "superseded", f"its place was taken at {text(told.slot)}")
    content = {"slot": text(told.slot), "message_id": message_id, "notices": keys, "rules": workspace.book.hash}
    register.note(tx, "digest_queued", content, at=desk.at, actor=register.ACTOR, texts={"recipient": address})
    return made


def digest_of(
    tx: Connection,
    workspace: Workspace,
    desk: Desk,
    recipient: Recipient,
    slot: datetime,
    items: Sequence[Item],
    *,
    ending: Sequence[Silence] = (),
    replaced: Sequence[int] = (),
) -> Digest:
    """The digest that a recipient gets at a slot for these items; without any it says that there is nothing new."""
    covers_from = slot_before(tx, recipient.address, slot, replaced)
    made = compose(
        reader(workspace, recipient),
        items,
        slot=slot,
        covers_from=covers_from,
        head=str(register.head(tx)),
        packs=tuple(str(loaded) for loaded in workspace.book.packs),
        missed=missed(workspace, recipient, covers_from, slot) if covers_from else 0,
        names=workspace.parties,
    )
    return replace(
        made,
        besides=_besides(tx, workspace, desk, recipient, slot, new=bool(items), replaced=replaced),
        ending=tuple(Ending(what=one.what, until=one.until, author=one.author) for one in ending),
    )


def _besides(
    tx: Connection,
    workspace: Workspace,
    desk: Desk,
    recipient: Recipient,
    slot: datetime,
    *,
    new: bool,
    replaced: Sequence[int],
) -> Mapping[Status, int]:
    """What is counted in a line: what is awaited or undated, once a month; what is overdue, where nothing is new."""
    month = month_began(workspace, recipient, slot)
    monthly = recipient.monthly and not told_since(tx, recipient.address, month, replaced)
    wanted = [*([] if new else [Status.OVERDUE]), *([Status.AWAITED, Status.UNDATED] if monthly else [])]
    return {status: number for status in wanted if (number := desk.besides(tx, recipient, status))}
