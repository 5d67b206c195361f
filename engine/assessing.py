"""A pass's assessing: what changed or whose day has come is assessed; where it stands and what is owed is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from commitments import register, store
from commitments.model import Commitment, Standing, Status
from commitments.store import Connection
from engine.assess import Assessment, Assessor
from engine.families import Families, is_muted
from engine.grow import ACTOR
from engine.match import joiner
from engine.settings import Workspace
from rules.book import RuleBook

_RULES = "rules"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A commitment whose status differs from what the pass before found, None where there was none."""

    commitment: Commitment
    before: Status | None
    standing: Standing


def rules_changed(tx: Connection, workspace: Workspace, now: datetime) -> bool:
    """Whether the rules or calendars differ from those of the pass before; the ledger then says which are in use."""
    version = f"{workspace.book.hash} {workspace.calendars.version}"
    if store.recall(tx, _RULES) == version:
        return False
    packs = {loaded.pack.pack: loaded.hash for loaded in workspace.book.packs}
    content = {"packs": packs, "calendars": workspace.calendars.version}
    register.note(tx, "pack_loaded", content, at=now, actor=ACTOR)
    store.remember(tx, _RULES, version)
    return True


def assess_due(tx: Connection, assessor: Assessor, now: datetime, *, everything: bool) -> tuple[list[Change], int]:
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
