"""What waits for a recipient: what is owed to them and was not told, and what of it is held back for now, and why.

A notice is looked at once for all who hear of it in a pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

from commitments import store
from commitments.ledger import register
from commitments.model.commitment import Status
from commitments.store import Connection, Row
from engine.assessment.assess import Assessment, Assessor
from engine.assessment.deadlines import reason
from engine.digests.build import Files
from engine.digests.holdback import hushed, silencing
from engine.digests.scopes import Profiles
from engine.digests.silences import Silence, silences
from engine.digests.untold import Owed, unheard
from engine.workspace.recipients import Recipient
from notifications.content.notice import Item, Notice, Stage

_ASSESSED: Final = 5000
"""So many assessments are remembered in a pass: some 25 MB at most."""
_KNOWN: Final = 40_000
"""So many notices are remembered in a pass, as digests tell them: some 100 MB at most."""


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
    numbers: Mapping[str, int] = field(default_factory=dict)
    """The numbers of all that was found unheard, by key, whatever of it is told now."""

    @property
    def keys(self) -> list[str]:
        """What makes each notice that is told the one it is."""
        return [item.notice.key for item in self.items]

    @property
    def silences(self) -> list[Silence]:
        """The silences that hold something back."""
        return [one.silence for one in self.held if one.silence]

    def left(self, told: Collection[str]) -> list[int]:
        """The numbers of what is still unheard once these are told."""
        return [number for key, number in self.numbers.items() if key not in told]


@dataclass
class Desk:
    """Where a pass looks up what waits for whom, as of `now`.

    What it then writes down has the moment `at`, which is another where the pass is as of an earlier day.
    """

    assessor: Assessor
    now: datetime
    written_at: datetime | None = None
    files: Files = field(default_factory=Files)
    _assessed: dict[str, Assessment | None] = field(default_factory=dict)
    _known: dict[str, Item | Held | None] = field(default_factory=dict)
    _silences: tuple[Silence, ...] | None = None
    owed: Owed = field(default_factory=Owed)
    _standing: dict[Status, Profiles] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        """The moment with which is written down what is told."""
        return self.written_at or self.now

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
        rows = unheard(tx, recipient, self.owed)
        found = self.of(tx, [row for row in rows if not stages or row.stage in stages])
        return replace(found, numbers={row.key: row.number for row in rows})

    def of(self, tx: Connection, rows: Collection[Row[Any]]) -> Waiting:
        """These notices, as they stand now, and which of them are held back."""
        missing = [row for row in rows if row.key not in self._known]
        if len(self._known) + len(missing) > _KNOWN:
            self._known.clear()
            missing = list(rows)
        for some in store.batches(missing):
            self._assess(tx, {row.commitment for row in some})
            for row in some:
                self._known[row.key] = self._come_to(tx, row)
        found = [self._known[row.key] for row in rows]
        return Waiting(
            items=tuple(one for one in found if isinstance(one, Item)),
            held=tuple(one for one in found if isinstance(one, Held)),
        )

    def _come_to(self, tx: Connection, row: Row[Any]) -> Item | Held | None:
        """What a notice comes to; None where that cannot be told, and it waits."""
        silences, assessment = self.silences(tx), self._assessed.get(row.commitment)
        return self.assessor.setbacks.tried(row.commitment, lambda: _come_to(assessment, notice_of(row), silences))

    def besides(self, tx: Connection, recipient: Recipient, status: Status) -> int:
        """How many commitments in a recipient's scope stand so."""
        if status not in self._standing:
            self._standing[status] = Profiles(tx, store.commitment.c.status == status.value)
        return len(self._standing[status].within(recipient.scope))

    def _assess(self, tx: Connection, identifiers: set[str]) -> None:
        missing = sorted(one for one in identifiers if one not in self._assessed)
        if len(self._assessed) + len(missing) > _ASSESSED:
            self._assessed.clear()
            missing = sorted(identifiers)
        self._assessed |= {
            record.commitment.id: self.assessor.at(record, self.now) for record in register.records(tx, missing)
        }


def owed(tx: Connection, keys: Iterable[str]) -> Iterator[Row[Any]]:
    """Those of these notices that are still owed."""
    table = store.notice
    for some in store.batches(sorted(keys)):
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


def _come_to(assessment: Assessment | None, notice: Notice, silences: Iterable[Silence]) -> Item | Held | None:
    """What a notice comes to: it is told, or held back; None where its commitment cannot be assessed."""
    if assessment is None or assessment.setback:
        return None
    if hush := hushed(assessment, notice, silences):
        return Held(notice=notice, reason=hush.why, silence=silencing(assessment, silences))
    return as_item(assessment, notice)


def as_item(assessment: Assessment, notice: Notice) -> Item:
    """A commitment as a digest tells it, for a notice that is owed."""
    obligation = next((item for item in assessment.obligations if item.rule == notice.rule), assessment.governing)
    return Item(
        commitment=assessment.record.commitment,
        standing=assessment.against(obligation) if obligation else assessment.standing,
        notice=notice,
        reason=reason(obligation, assessment.record) if obligation else None,
        moved=assessment.moved_in(obligation) if obligation else None,
        revision=assessment.record.revision,
        changed_at=assessment.record.changed_at,
    )
