"""Whose part a commitment is, and the parents that cannot be: one that is not there, and a line that comes round."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from commitments import store
from commitments.store import Connection


def in_circles(parent_of: Mapping[str, str]) -> set[str]:
    """Those whose line of parents comes back to them."""
    return {child for child in parent_of if child in _line(child, parent_of)}


def _line(child: str, parent_of: Mapping[str, str]) -> dict[str, None]:
    """The parent, its parent, and so on, each once."""
    line: dict[str, None] = {}
    one = parent_of.get(child)
    while one is not None and one not in line:
        line[one] = None
        one = parent_of.get(one)
    return line


def parents_of(tx: Connection, children: Collection[str]) -> dict[str, str]:
    """The parents of these, of those, and so on: each by its child."""
    table = store.commitment
    query = table.select().with_only_columns(table.c.id, table.c.parent).where(table.c.parent.is_not(None))
    found: dict[str, str] = {}
    asked = set(children)
    while asked:
        new: dict[str, str] = {}
        for some in store.batches(sorted(asked)):
            new |= {row.id: row.parent for row in tx.execute(query.where(table.c.id.in_(some)))}
        found |= new
        asked = set(new.values()) - found.keys()
    return found


def impossible(tx: Connection) -> dict[str, str]:
    """The commitments whose parent cannot be, each with why."""
    child, parent = store.commitment, store.commitment.alias("whole")
    joined = child.join(parent, parent.c.id == child.c.parent, isouter=True)
    query = joined.select().with_only_columns(child.c.id, child.c.parent, parent.c.id.label("there"))
    doubtful = child.c.parent.is_not(None), parent.c.id.is_(None) | parent.c.parent.is_not(None)
    rows = list(tx.execute(query.where(*doubtful)))
    lost = {row.id: _absent(row.parent) for row in rows if row.there is None}
    return lost | _circular({row.id: row.parent for row in rows if row.there is not None})


def among(parents: Mapping[str, str | None]) -> dict[str, str]:
    """What `impossible` says, where these are all the commitments that there are, each with its parent."""
    parent_of = {child: parent for child, parent in parents.items() if parent}
    lost = {child: _absent(parent) for child, parent in parent_of.items() if parent not in parents}
    return lost | _circular({child: parent for child, parent in parent_of.items() if parent in parent_of})


def _absent(parent: str) -> str:
    return f"it is a part of {parent}, which is not in the register"


def _circular(parent_of: Mapping[str, str]) -> dict[str, str]:
    return {
        one: f"it is a part of itself: {' of '.join([one, *_line(one, parent_of)])}" for one in in_circles(parent_of)
    }
