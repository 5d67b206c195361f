"""What waits for a recipient: what is owed to them and was not told, and what of it is held back for now, and why.

A commitment is assessed once for all who hear of it in a pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from commitments import register, store
from commitments.model import Status
from commitments.store import Connection, Row
from engine.assess import Assessment, Assessor
from engine.feed import changed_at, revision
from engine.hush import hushed, silencing
from engine.obligations import reason
from engine.owing import batches
from engine.profiles import Profiles
from engine.recipients import Recipient
from engine.silences import Silence, silences
from engine.unheard import Owed, unheard
from notifications.notice import Item, Notice, Stage

_KEPT: Final = 20_000
"""So many assessments are remembered in a pass: some 100 MB at most."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """A notice that is held back, why, and by which silence, if it is one."""

    notice: Notice
    reason: str
    silence: Silence | None


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What a recipient is to be told now, and what is held back."""

    items: tuple[Item, ...] = ()
    held: tuple[Held, ...] = ()

    @property
    def keys(self) -> list[str]:
        """What makes each notice that is told the one it is."""
        return [item.notice.key for item in self.items]

    @property
    def silences(self) -> list[Silence]:
        """The silences that hold something back."""
        return [one.silence for one in self.held if one.silence]


@dataclass
class Desk:
    """Where a pass looks up what waits for whom."""

    assessor: Assessor
    now: datetime
    _assessed: dict[str, Assessment | None] = field(default_factory=dict)
    _silences: tuple[Silence, ...] | None = None
    owed: Owed = field(default_factory=Owed)
    _standing: dict[Status, Profiles] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The date it is where the workspace is."""
        return self.assessor.today(self.now)

    def silences(self, tx: Connection) -> tuple[Silence, ...]:
        """The silences that last today."""
        if self._silences is None:
            self._silences = silences(tx, self.today)
        return self._silences

    def waiting(self, tx: Connection, recipient: Recipient, stages: Collection[Stage] = ()) -> Waiting:
        """What is owed to a recipient and was not told; only of some stages, where they are given."""
        rows = [row for row in unheard(tx, recipient, self.owed) if not stages or row.stage in stages]
        return self.of(tx, rows)

    def of(self, tx: Connection, rows: Collection[Row[Any]]) -> Waiting:
        """These notices, as they stand now, and which of them are held back."""
        self._assess(tx, {row.commitment for row in rows})
        items: list[Item] = []
        held: list[Held] = []
        for row in rows:
            assessment, notice = self._assessed[row.commitment], notice_of(row)
            if assessment is None:
                continue
            if hush := hushed(assessment, notice, self.silences(tx)):
                held.append(Held(notice=notice, reason=hush.why, silence=silencing(assessment, self.silences(tx))))
            else:
                items.append(as_item(assessment, notice))
        return Waiting(items=tuple(items), held=tuple(held))

    def besides(self, tx: Connection, recipient: Recipient, status: Status) -> int:
        """How many commitments in a recipient's scope stand so."""
        if status not in self._standing:
            self._standing[status] = Profiles(tx, store.commitment.c.status == status.value)
        return len(self._standing[status].within(recipient.scope))

    def _assess(self, tx: Connection, identifiers: set[str]) -> None:
        missing = sorted(one for one in identifiers if one not in self._assessed)
        if len(self._assessed) + len(missing) > _KEPT:
            self._assessed.clear()
            missing = sorted(identifiers)
        for some in batches(missing):
            self._assessed |= {
                record.commitment.id: self.assessor.at(record, self.now) for record in register.records(tx, some)
            }


def owed(tx: Connection, keys: Iterable[str]) -> Iterator[Row[Any]]:
    """Those of these notices that are still owed."""
    table = store.notice
    for some in batches(sorted(keys)):
        yield from tx.execute(table.select().where(table.c.key.in_(some), table.c.state == "owed"))


def notice_of(row: Row[Any]) -> Notice:
    """The notice that a row of the table holds."""
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
        standing=assessment.against(obligation) if obligation else assessment.standing,
        notice=notice,
        reason=reason(obligation, assessment.record) if obligation else None,
        moved=assessment.moved_in(obligation) if obligation else None,
        revision=revision(assessment.record),
        changed_at=changed_at(assessment.record),
    )
