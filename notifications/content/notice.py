"""A notice: one stage of a deadline reached, for one audience. The engine makes them; the digest tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from commitments.model.commitment import Commitment, Standing
from commitments.model.dates import Window


class Stage(StrEnum):
    """A point on a deadline's ladder."""

    REMINDER = "reminder"
    DUE_TODAY = "due_today"
    OVERDUE = "overdue"
    ESCALATION = "escalation"
    DATE_CHANGED = "date_changed"
    SETTLED = "settled"


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One stage reached on `day`: the `step`-th of its kind (from 1), for the deadline as it stood (`version`)."""

    commitment: str
    rule: str
    stage: Stage
    step: int
    version: str
    audience: str
    day: date

    @property
    def key(self) -> str:
        """What makes it one notice and no other: it is owed once."""
        return "|".join(
            (self.commitment, self.rule, self.stage, str(self.step), self.version, self.audience),
        )


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a date is what it is, as data that each language puts into a line of its own.

    `rule` is "stated" where the commitment named the date; `phrase` is what it said. `period`, `side` and `anchor` are
    the rule's words ("4 weeks", "after", "letter"), empty where nothing was counted. `message` is what the rule says to
    its readers, by language.
    """

    rule: str
    period: str = ""
    side: Literal["after", "before", ""] = ""
    anchor: str = ""
    anchor_date: Window | None = None
    phrase: str = ""
    quote: str = ""
    document: str = ""
    url: str = ""
    message: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Moved:
    """A deadline that was moved: from where (None: there was none), to where, when, by whom or what."""

    before: Window | None
    after: Window
    on: date
    decided_by: str = ""
    document: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Item:
    """A commitment as a digest tells it: what it is, where it stands, why then, and the notice that brought it here.

    `revision` grows with every event that befalls it, the last of which was written down at `changed_at`.
    """

    commitment: Commitment
    standing: Standing
    notice: Notice
    reason: Reason | None = None
    moved: Moved | None = None
    revision: int = 0
    changed_at: datetime | None = None
