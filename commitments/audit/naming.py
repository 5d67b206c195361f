"""The commitments behind the figures: the first of each place, in the groups that have lists of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from commitments.audit.cells import Batch, Marks
from commitments.audit.figures import MOST_IDS, PLACES, Place
from commitments.audit.groupings import Grouping

First = Mapping[Place, tuple[str, ...]]
_Lists = defaultdict[int, list[str]]


@dataclass(frozen=True)
class Names:
    """The first commitments of each place: of the whole, and of the groups that are listed."""

    whole: First
    groups: Mapping[Grouping, Mapping[str, First]]


def names(found: Iterable[Batch], day: date, listed: Mapping[Grouping, Collection[str]]) -> Names:
    """The first commitments of the whole and of these groups, of cells that come with their ids, in their order."""
    marks, whole = Marks(day), _lists()
    groups = {grouping: {name: _lists() for name in some} for grouping, some in listed.items()}
    who, dossier, due = (
        _Into([pair for pair in groups.items() if pair[0].key == key], [whole] if key == "who" else [])
        for key in ("who", "dossier", "due")
    )
    for batch in found:
        for by, to, kind, of_dossier, until, mark, since, identifier in batch:
            number = marks[mark, since] % len(PLACES)
            for lists in (*who[by, to, kind], *dossier[of_dossier], *due[until]):
                some = lists[number]
                if len(some) < MOST_IDS:
                    some.append(identifier)
    return Names(
        _first(whole),
        {grouping: {name: _first(lists) for name, lists in some.items()} for grouping, some in groups.items()},
    )


def _lists() -> _Lists:
    return defaultdict(list)


def _first(lists: _Lists) -> First:
    return {PLACES[number]: tuple(some) for number, some in lists.items()}


class _Into(dict[Any, tuple[_Lists, ...]]):
    """The lists that commitments with a value of a key go into."""

    def __init__(self, groups: list[tuple[Grouping, dict[str, _Lists]]], everywhere: list[_Lists]) -> None:
        super().__init__()
        self._groups = groups
        self._everywhere = everywhere

    def __missing__(self, value: Any) -> tuple[_Lists, ...]:  # noqa: ANN401 - a value of the key
        own = (some[name] for grouping, some in self._groups for name in grouping.groups(value) if name in some)
        found = self[value] = (*self._everywhere, *own)
        return found
