"""After its assessments a pass looks at families: whom a parent mutes, and which groups have become large enough.

Only the families and groups of what was assessed are looked at, so the cost follows the changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from commitments import store
from commitments.ledger import register
from commitments.model.lineage import in_circles, parents_of
from commitments.store import Connection
from commitments.store.notices import MUTED, is_muted
from engine.assessment.assess import Assessment, Assessor
from engine.assessment.consequences import (
    first_day,
    gathered,
    muted,
    mutes,
    since,
)
from engine.matching.matcher import Joiner
from engine.passes.notices import add, turn
from notifications.content.notice import Notice, Stage
from rules.pack.book import RuleBook

Group = tuple[str, str]
"""The name of an escalation, and the value that its members have in common."""


@dataclass
class Families:
    """What a pass has seen that bears on others: it is shown every assessment, and then settles what follows."""

    assessor: Assessor
    joiner: Joiner
    _seen: dict[str, None] = field(default_factory=dict)
    _muting: dict[str, dict[str, str]] = field(default_factory=dict)
    _members: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def see(self, assessment: Assessment) -> None:
        """Keep what an assessment means for others, where any rule looks at others."""
        if not self.assessor.book.related:
            return
        identifier = assessment.record.commitment.id
        # Others may write between two transactions of a pass: what is seen last counts.
        self._seen[identifier] = None
        self._muting[identifier], self._members[identifier] = {}, []
        if assessment.setback:
            return
        self._muting[identifier] = mutes(self.assessor.book, assessment)
        self._members[identifier] = list(self._memberships(identifier, assessment))

    def _memberships(self, identifier: str, assessment: Assessment) -> Iterator[dict[str, Any]]:
        due = str(assessment.standing.current or "")
        for name, value in gathered(self.assessor.book, assessment):
            item = self.assessor.book.escalations[name]
            day = since(self.assessor, assessment, item.when) if item.within else assessment.today
            yield {
                "escalation": name,
                "value": value,
                "commitment": identifier,
                "since": day,
                "version": f"{due} {value}",
            }

    def settle(self, tx: Connection, now: datetime) -> None:
        """Bring the notices up to what the families and groups of what was seen say."""
        told = self._escalate(tx, now)
        if self.assessor.book.inhibitions:
            for some in store.batches([*self._seen, *sorted(told - self._seen.keys())]):
                self._mute(tx, some, now)

    # --------------------------------------------------------------------------------------------- inhibit

    def _mute(self, tx: Connection, some: Sequence[str], now: datetime) -> None:
        """Mute the children among these and those of the parents among these, or let them be heard again."""
        table = store.commitment
        near = table.c.parent.in_(some) | (table.c.id.in_(some) & table.c.parent.is_not(None))
        rows = tx.execute(table.select().with_only_columns(table.c.id, table.c.parent).where(near))
        parent_of = {row.id: row.parent for row in rows}
        parents = {parent: self._mutes(tx, parent, now) for parent in sorted(set(parent_of.values()))}
        reasons = muted(parents, parent_of.items(), self.joiner)
        # Those that are parts of one another would be silent for ever.
        for one in in_circles(parents_of(tx, reasons)) & reasons.keys():
            del reasons[one]
        for children in store.batches(sorted(parent_of)):
            _hush(tx, children, reasons)

    def _mutes(self, tx: Connection, parent: str, now: datetime) -> dict[str, str]:
        if parent in self._seen:
            return self._muting.get(parent, {})
        record = register.record(tx, parent)
        assessment = self.assessor.at(record, now) if record else None
        return mutes(self.assessor.book, assessment) if assessment else {}

    # --------------------------------------------------------------------------------------------- escalate

    def _escalate(self, tx: Connection, now: datetime) -> set[str]:
        """Owe what is told of the groups that these belong, or belonged, to; the commitments with new notices."""
        if not self.assessor.book.escalations:
            return set()
        groups: dict[Group, set[str]] = defaultdict(set)
        for row in [*self._regroup(tx), *self._counting_now()]:
            if row["escalation"] in self.assessor.book.escalations:
                groups[row["escalation"], row["value"]].add(row["commitment"])
        today = self.assessor.today(now)
        members = {group: self._counting(tx, group, today) for group in groups}
        wanted = {notice.key: notice for notice in self._wanted(members, today)}
        of = {group: groups[group] | {row.commitment for row in rows} for group, rows in members.items()}
        return _owe(tx, of, wanted, self.assessor.book, now)

    def _regroup(self, tx: Connection) -> list[dict[str, Any]]:
        """Write down what these count towards now; what they counted towards before."""
        table = store.member
        former: list[dict[str, Any]] = []
        for some in store.batches([*self._seen]):
            mine = table.c.commitment.in_(some)
            former += [dict(row) for row in tx.execute(table.select().where(mine)).mappings()]
            tx.execute(table.delete().where(mine))
        if rows := self._counting_now():
            tx.execute(table.insert(), rows)
        return former

    def _counting_now(self) -> list[dict[str, Any]]:
        """What those that were seen count towards now."""
        return [row for rows in self._members.values() for row in rows]

    def _counting(self, tx: Connection, group: Group, today: date) -> list[Any]:
        """The members of a group that came to stand so lately enough to count."""
        (name, value), table = group, store.member
        first = first_day(self.assessor.book.escalations[name], today)
        mine = (table.c.escalation == name) & (table.c.value == value) & (table.c.since >= first)
        return list(tx.execute(table.select().where(mine)))

    def _wanted(self, members: Mapping[Group, list[Any]], today: date) -> Iterator[Notice]:
        """A notice of each member, where its group is large enough."""
        book = self.assessor.book
        rows = {(" ".join(group), row.commitment): row for group, found in members.items() for row in found}
        large = (group for group, found in members.items() if len(found) >= book.escalations[group[0]].at_least)
        causes = [(key, key) for key in map(" ".join, large)]
        for pair in sorted(self.joiner.joined(causes, [(member, key) for key, member in rows])):
            row = rows[pair]
            yield Notice(
                commitment=row.commitment,
                rule=row.escalation,
                stage=Stage.ESCALATION,
                step=1,
                version=row.version,
                audience=book.escalations[row.escalation].to,
                day=today,
            )


def _hush(tx: Connection, children: Sequence[str], reasons: Mapping[str, str]) -> None:
    """Drop what is owed of those that are muted, and owe again what was dropped of the others."""
    table = store.notice
    silent = (table.c.state == "owed") | table.c.reason.startswith(MUTED, autoescape=True)
    rows = tx.execute(table.select().where(table.c.commitment.in_(children) & silent))
    turned: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.reason != reasons.get(row.commitment, ""):
            turned[reasons.get(row.commitment, "")].append(row.key)
    for reason, keys in turned.items():
        turn(tx, keys, "dropped" if reason else "owed", reason)


def _owe(
    tx: Connection, groups: Mapping[Group, set[str]], wanted: Mapping[str, Notice], book: RuleBook, now: datetime
) -> set[str]:
    """Write down the notices of these groups: what is new, what is owed again, what no longer holds."""
    known = {row.key: row for row in _told_of(tx, groups)}
    new = [notice for key, notice in wanted.items() if key not in known]
    add(tx, new, book, now)
    again = [row for key, row in known.items() if key in wanted and row.state != "owed"]
    turn(tx, [row.key for row in again], "owed", "")
    gone = [key for key, row in known.items() if key not in wanted and (row.state == "owed" or is_muted(row))]
    turn(tx, gone, "dropped", "too few stand so now, or it does so no longer")
    return {item.commitment for item in (*new, *again)}


def _told_of(tx: Connection, groups: Mapping[Group, set[str]]) -> Iterator[Any]:
    """The notices that there are of these groups; the value of a group stands behind the date in their version."""
    table = store.notice
    names = sorted({name for name, _ in groups})
    for some in store.batches(sorted(set[str]().union(*groups.values()))):
        mine = table.c.commitment.in_(some) & table.c.rule.in_(names)
        rows = list(tx.execute(table.select().where(mine)))
        yield from (row for row in rows if (row.rule, row.version.partition(" ")[2]) in groups)
