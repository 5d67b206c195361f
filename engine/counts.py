"""Deadlines that were counted before: many commitments count from the same days under the same rules.

What is kept depends on nothing but what it is kept under: a rule of the book, the dates, the calendars. Each store of
answers is bounded, so that a pass over a register of any size takes no more room.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final, TypeVar

from commitments.dates import Window
from rules.book import BookRule, RuleBook
from rules.calendar import Calendars
from rules.deadline import Deadline, compute
from rules.due import Due
from rules.terms import resolve

KEPT: Final = 16_384
"""How many answers of each kind are remembered: ten years of days under six rules; some 40 MB of steps at most."""
_Item = TypeVar("_Item")


class Counts:
    """Counts deadlines under the rules of a book, each once."""

    def __init__(self, book: RuleBook, calendars: Calendars) -> None:
        self.book = book
        self.calendars = calendars
        self._counted = lru_cache(KEPT)(self._count)
        self._extended = lru_cache(KEPT)(self._extend)
        self.meaning = lru_cache(KEPT)(self._mean)
        self._shared: dict[Hashable, tuple[Any, ...]] = {}

    def shared(self, key: Hashable, make: Callable[[], tuple[_Item, ...]]) -> tuple[_Item, ...]:
        """What was made under a key before; made now where nothing was. When it is full it is emptied."""
        found = self._shared.get(key)
        if found is None:
            if len(self._shared) >= KEPT:
                self._shared.clear()
            found = self._shared[key] = make()
        return found

    def deadline(self, rule: BookRule, anchors: Mapping[str, Window]) -> Deadline:
        """The deadline that a rule of the book sets, counted from these dates."""
        return self._counted(rule.name, tuple(anchors.items()))

    def _count(self, name: str, anchors: tuple[tuple[str, Window], ...]) -> Deadline:
        rule = self.book.rules[name]
        return compute(rule.rule.due, dict(anchors), self.calendars, timezone=rule.pack.timezone)

    def later(self, rule: BookRule, period: str, base: Window) -> Deadline:
        """The end of a further period from a date, rolled as a rule of the book rolls."""
        return self._extended(rule.name, period, base)

    def _extend(self, name: str, period: str, base: Window) -> Deadline:
        rule = self.book.rules[name]
        own = rule.rule.due
        manner = {"roll": own.roll, "calendar": own.calendar, "month_end": own.month_end, "timezone": own.timezone}
        due = Due.model_validate({"period": period, "after": "base", **manner})
        return compute(due, {"base": base}, self.calendars, timezone=rule.pack.timezone)

    def _mean(self, phrase: str, made: date | None) -> Deadline:
        """What words for a date mean by the phrases of the book, said on a day."""
        return resolve(phrase, made, phrases=self.book.phrases, calendars=self.calendars)
