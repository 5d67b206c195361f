"""Notices are owed once: what a pass found is written down, and what no longer holds is kept, with the reason.

The only writer of the table of notices; those of many commitments are read at once and written at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from commitments import store
from commitments.model.commitment import Status
from commitments.store import Connection
from commitments.store.notices import is_muted, last_number
from engine.assessment.status import Judgement
from engine.passes.projection import Found
from notifications.content.notice import Notice
from rules.pack.book import RuleBook


def owe(tx: Connection, found: Sequence[Found], book: RuleBook, now: datetime, *, gapless: bool) -> None:
    """Bring the notices of some commitments up to what was found of them; those of groups are left alone.

    One that was amended may have come into the scope of others, so its notices are looked at anew. `gapless` says that
    no commitment lies between these that was there already and is not among them.
    """
    known = _known(tx, sorted(one.id for one in found), book, gapless=gapless)
    new: list[Notice] = []
    turned: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in found:
        if not one.judgement.notices and one.id not in known:
            continue
        before = known.get(one.id, {})
        holding = {item.key: item for item in one.judgement.notices}
        for key, item in holding.items():
            if key not in before:
                new.append(item)
            elif before[key].state != "owed" or one.amended:
                turned["owed", ""].append(key)
        for key, row in before.items():
            if key not in holding and (row.state == "owed" or is_muted(row)):
                turned[_gone(row, one.judgement)].append(key)
    add(tx, new, book, now)
    for (state, reason), keys in turned.items():
        turn(tx, keys, state, reason)


def _known(tx: Connection, identifiers: Sequence[str], book: RuleBook, *, gapless: bool) -> dict[str, dict[str, Any]]:
    """The notices that there are of these commitments, by commitment and key."""
    table = store.notice
    of, columns = table.c.commitment, (table.c.key, table.c.commitment, table.c.rule, table.c.audience)
    query = table.select().with_only_columns(*columns, table.c.state, table.c.reason)
    known: dict[str, dict[str, Any]] = defaultdict(dict)
    for some in store.batches(identifiers):
        of_these = (of >= some[0]) & (of <= some[-1]) if gapless else of.in_(some)
        for row in tx.execute(query.where(of_these)):
            if row.rule not in book.escalations:
                known[row.commitment][row.key] = row
    return known


def _gone(row: Any, judgement: Judgement) -> tuple[str, str]:  # noqa: ANN401 (a row has no type of its own)
    """Why a notice is owed no more."""
    status = judgement.standing.status
    if status.settled:
        return "dropped", f"{status.replace('_', ' ')} since"
    if status is Status.SUSPENDED:
        return "dropped", "the clock stands still"
    for item in judgement.notices:
        if (item.rule, item.audience) == (row.rule, row.audience):
            return "superseded", f"by {item.stage.replace('_', ' ')} {item.step} of {item.day}"
    return "dropped", "the deadline it spoke of no longer counts"


def add(tx: Connection, notices: Iterable[Notice], book: RuleBook, now: datetime) -> None:
    """Owe these notices, which are new."""
    state = {"state": "owed", "reason": "", "created_at": now.isoformat(), "number": last_number(tx) + 1}
    rows = [{"key": item.key, "pack": book.stamp(item.rule), **state, **vars(item)} for item in notices]
    if rows:
        tx.execute(store.notice.insert(), rows)


def turn(tx: Connection, keys: Sequence[str], state: str, reason: str) -> None:
    """Give these notices a state, and the reason for it; one that is owed again is looked at again (`unheard`)."""
    table = store.notice
    values: dict[str, Any] = {"state": state, "reason": reason}
    if state == "owed":
        values["number"] = last_number(tx) + 1
    for some in store.batches(keys):
        tx.execute(table.update().where(table.c.key.in_(some)).values(**values))
