"""Commitments by what scopes ask of them: many are alike, and each sort is asked about once for all of one scope."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any, Final, NamedTuple

from commitments import store
from commitments.store import Connection
from engine.workspace.recipients import Scope

_KEPT: Final = 2000
"""So many scopes are remembered: recipients of one scope seldom stand far apart."""


class Profile(NamedTuple):
    """What a scope asks of a commitment, but for its id."""

    kind: str
    by: tuple[str, ...]
    to: tuple[str, ...]
    dossier: str
    id: str = ""


class Profiles:
    """Some commitments, to be asked which of them are in a scope."""

    def __init__(self, tx: Connection, *which: Any) -> None:  # noqa: ANN401 (a condition has no type outside the store)
        table = store.commitment
        columns = (table.c.id, table.c.kind, table.c.by, table.c.to, table.c.dossier)
        alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for identifier, *profile in tx.execute(table.select().with_only_columns(*columns).where(*which)):
            alike[tuple(profile)].append(identifier)
        self._ids = {
            Profile(kind, tuple(json.loads(by)), tuple(json.loads(to)), dossier): identifiers
            for (kind, by, to, dossier), identifiers in alike.items()
        }
        self._within: dict[Scope, list[str]] = {}

    def within(self, scope: Scope) -> list[str]:
        """The ids of those that are in a scope, in order."""
        if scope not in self._within:
            if len(self._within) >= _KEPT:
                self._within.clear()
            anyone = scope.model_copy(update={"id": ()})
            found = (ids for profile, ids in self._ids.items() if anyone.covers(profile))
            self._within[scope] = sorted(one for ids in found for one in ids if not scope.id or one in scope.id)
        return self._within[scope]
