"""One pass: what should exist by now and does not is made, assessed, told and sent; a missed pass only costs time.

It assesses in short transactions, between which others can write; only when all is assessed is anything told or sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from commitments.ledger import register
from commitments.ledger.holding import held
from commitments.store import Connection, Store
from engine.assessment.assess import Assessor
from engine.assessment.gc_paused import without_collector
from engine.assessment.setbacks import (
    FIRST,
    Setback,
    keep,
    kept,
    tell,
)
from engine.calendars.publish import Published, publish
from engine.digests.compose import DIGEST, digest_of, queue_digests
from engine.digests.pending import Desk
from engine.digests.recheck import review
from engine.digests.send import administrator, dispatch
from engine.passes.assess_due import Change, last_pass
from engine.passes.batches import Batches
from engine.passes.cycles import grow
from engine.passes.progress import passed
from engine.workspace.clock import steady
from engine.workspace.missing import settle
from engine.workspace.recipients import Recipient
from engine.workspace.settings import Workspace
from notifications.content.digest import Digest
from notifications.outbox.delivery import Delivered
from notifications.transports.deliverer import Deliverer


@dataclass(frozen=True, kw_only=True)
class Pass:
    """What one pass did: the cycles' entries, the assessments and what changed, the digests and their delivery.

    `earlier_than` is the moment of a later pass: where it is given, nothing was done. `nothing_for` are the
    recipients whose slot had come, and who were owed nothing. `changed` counts the changes of status; `changes` are the
    first of them. `told` counts the digests that were queued; `digests` are the first of them. `published` are the
    calendar files. `held` says why nothing was told or delivered, where that is so. `unassessed` is the first of what
    could not be assessed.
    """

    now: datetime
    earlier_than: datetime | None = None
    grown: int = 0
    assessed: int = 0
    changed: int = 0
    changes: tuple[Change, ...] = ()
    told: int = 0
    digests: tuple[Digest, ...] = ()
    nothing_for: tuple[Recipient, ...] = ()
    delivered: Delivered | None = None
    published: Published = field(default_factory=Published)
    held: str = ""
    unassessed: tuple[Setback, ...] = ()


def tick(
    base: Store,
    workspace: Workspace,
    assessor: Assessor,
    deliverer: Deliverer,
    *,
    now: datetime,
    clock: Callable[[], datetime] | None = None,
    back: bool = False,
    jumped: timedelta = timedelta(),
) -> Pass:
    """Run one pass as of `now` and deliver what is in the outbox.

    A pass earlier than one already made does nothing, for its day has been told; with `back`, as in a service whose
    clock was set back, that is noted in the ledger and the pass goes on. So is a clock that `jumped` otherwise. `clock`
    gives the moments of writing down and of sending, `now` where it is None. Raises ClockBehindError where it is well
    behind the last entry of the ledger, and MissingError where what the last pass used is not there: then nothing is
    done.
    """
    moment = steady(clock or (lambda: now))
    with without_collector():
        done = _assess(base, workspace, assessor, now, moment, back=back, jumped=jumped)
    if done.earlier_than is not None:
        return done
    if done.held:
        return replace(done, unassessed=_settle(base, workspace, assessor, moment))
    told = queue_digests(base, workspace, assessor, now, moment)
    unassessed = _settle(base, workspace, assessor, moment)
    delivered = dispatch(base, workspace, deliverer, now=moment, review=review(workspace, assessor))
    return replace(
        done,
        told=told.count,
        digests=tuple(told.digests),
        nothing_for=tuple(told.nothing),
        unassessed=unassessed,
        delivered=delivered,
        published=publish(base, workspace, assessor, now),
    )


def _settle(
    base: Store, workspace: Workspace, assessor: Assessor, clock: Callable[[], datetime]
) -> tuple[Setback, ...]:
    """Keep what could not be assessed or told, and tell the administrator; the first of it."""
    with base.reading() as tx:
        if not assessor.setbacks.met and not kept(tx, 1):
            return ()
    with base.writing() as tx:
        keep(tx, [one.what for one in kept(tx, kind=DIGEST)], assessor.setbacks.met)
        tell(tx, administrator(workspace.settings.mail), clock())
        return tuple(kept(tx, FIRST))


def preview(
    base: Store, workspace: Workspace, assessor: Assessor, *, now: datetime
) -> list[tuple[Recipient, Digest | None]]:
    """The digest that each recipient would get if their slot came `now`; nothing of it is kept."""
    with _tried(base, workspace, assessor, now) as tx:
        desk = Desk(assessor, now)
        return [(recipient, _previewed(tx, workspace, desk, recipient)) for recipient in workspace.settings.hearers]


def waiting(base: Store, workspace: Workspace, assessor: Assessor, *, now: datetime) -> dict[str, tuple[int, int]]:
    """How many notices wait for each recipient by now, and how many are held back; by address. Nothing is kept."""
    with _tried(base, workspace, assessor, now) as tx:
        desk = Desk(assessor, now)
        found = {one.address: desk.waiting(tx, one) for one in workspace.settings.hearers}
    return {address: (len(one.items), len(one.held)) for address, one in found.items()}


def _previewed(tx: Connection, workspace: Workspace, desk: Desk, recipient: Recipient) -> Digest | None:
    items = desk.waiting(tx, recipient).items
    return digest_of(tx, workspace, desk, recipient, desk.now, items) if items or recipient.all_clear else None


@contextmanager
def _tried(base: Store, workspace: Workspace, assessor: Assessor, now: datetime) -> Iterator[Connection]:
    """A transaction that sees the register as a pass of `now` would leave it; nothing of it is kept.

    What would be written comes after the last entry, whatever moment is looked at.
    """
    with base.reading() as tx:
        if passed(tx, workspace, assessor, now):
            yield tx
            return
    with base.trial() as tx:
        at = register.latest(tx, now)
        grow(tx, workspace.book, today=assessor.today(now), at=at)
        Batches.begun(tx, workspace, assessor, now, at).finish(tx, at)
        yield tx


def _assess(
    base: Store,
    workspace: Workspace,
    assessor: Assessor,
    now: datetime,
    clock: Callable[[], datetime],
    *,
    back: bool,
    jumped: timedelta,
) -> Pass:
    """Make what should exist by now and assess what changed, in as many transactions as that takes."""
    with base.writing() as tx:
        settle(tx, workspace)
        last = last_pass(tx)
        early = last is not None and now < last
        if early and not back:
            return Pass(now=now, earlier_than=last)
        at = register.moment(tx, clock())
        if early or jumped:
            before = now - jumped if jumped else last
            content = {"from": before.isoformat() if before else None, "to": now.isoformat()}
            register.note(tx, "clock_jump", content, at=at, actor=register.ACTOR)
        grown = grow(tx, workspace.book, today=assessor.today(now), at=at)
        batches = Batches.begun(tx, workspace, assessor, now, at)
        batches.go_on(tx, at)
        reason = held(tx)
    while not batches.ended:
        with base.writing() as tx:
            batches.go_on(tx, register.moment(tx, clock()))
            reason = held(tx)
    return Pass(
        now=now,
        grown=grown + batches.followed,
        assessed=batches.done.count,
        changed=batches.done.changed,
        changes=tuple(batches.done.changes),
        held=reason,
    )
