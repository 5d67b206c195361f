"""What commitments are divided by in an account: whom they are owed by and to, what they are, and when they are due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from commitments.audit.cells import Day, day_of
from commitments.listing import parties

NO_DATE: Final = "no date"
NO_DOSSIER: Final = "no dossier"

Who = tuple[str, str, str]
"""Who owes a commitment and to whom, as JSON lists, and of what kind it is."""


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """A way of dividing commitments: its name, what one group is called, and the groups for each value of a key.

    The key is a field of `Counts`.
    """

    name: str
    title: str
    one: str
    key: str
    groups: Callable[[Any], tuple[str, ...]]


def _owing(who: Who) -> tuple[str, ...]:
    return tuple(dict.fromkeys(parties(who[0])))


def _bodies(who: Who) -> tuple[str, ...]:
    return tuple(dict.fromkeys("/".join(party.split("/", 2)[:2]) for party in parties(who[1])))


def _committees(who: Who) -> tuple[str, ...]:
    return tuple(dict.fromkeys(party for party in parties(who[1]) if party.count("/") > 1))


def _dossier(dossier: str) -> tuple[str, ...]:
    return (dossier or NO_DOSSIER,)


def _year(due: Day) -> tuple[str, ...]:
    day = day_of(due)
    return (str(day.year) if day else NO_DATE,)


def _quarter(due: Day) -> tuple[str, ...]:
    day = day_of(due)
    return (f"{day.year}-Q{(day.month + 2) // 3}" if day else NO_DATE,)


_COMMITTEE: Final = "By the committee it is owed to"
GROUPINGS: Final = (
    Grouping(name="by", title="By the party that owes", one="party", key="who", groups=_owing),
    Grouping(name="to", title="By the body it is owed to", one="body", key="who", groups=_bodies),
    Grouping(name="committee", title=_COMMITTEE, one="committee", key="who", groups=_committees),
    Grouping(name="kind", title="By kind", one="kind", key="who", groups=lambda who: (who[2],)),
    Grouping(name="dossier", title="By dossier", one="dossier", key="dossier", groups=_dossier),
)
"""What every account is divided by, besides the time of the deadline."""
PERIODS: Final = {
    "year": Grouping(name="year", title="By the year of the deadline", one="year", key="due", groups=_year),
    "quarter": Grouping(
        name="quarter", title="By the quarter of the deadline", one="quarter", key="due", groups=_quarter
    ),
}
"""The spans of time that the on-time rate is told over: that of the deadline as it stands, not of the answer."""


class Groups(dict[Any, tuple[str, ...]]):
    """The groups of a grouping that each value of its key is in, worked out once."""

    def __init__(self, grouping: Grouping) -> None:
        super().__init__()
        self._grouping = grouping

    def __missing__(self, value: Any) -> tuple[str, ...]:  # noqa: ANN401 - a value of the key
        found = self[value] = self._grouping.groups(value)
        return found
