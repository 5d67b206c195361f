"""Deadlines that were counted before: many commitments count from the same days under the same rules.

What is kept depends on nothing but what it is kept under: a rule of the book, the dates, the calendars. Each store of
answers is bounded, so that a pass over a register of any size takes no more room.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Final

from commitments.model.basis import Ground
from commitments.model.dates import Window
from engine.assessment.deadlines import (
    Duties,
    basis,
    in_force,
    obligations,
)
from notifications.content.notice import Reason
from rules.calendars.calendar import Calendars
from rules.counting.deadline import Deadline, compute
from rules.counting.due import Due
from rules.counting.terms import resolve
from rules.pack.book import BookRule, RuleBook

KEPT: Final = 16_384
"""How many deadlines are remembered: ten years of days under six rules; some 40 MB with their steps, at most."""
OBLIGATIONS_KEPT: Final = 65_536
"""How many grounds are remembered with what was made of them: some 100 MB at most."""


class Counts:
    """Counts deadlines under the rules of a book, each once."""

    def __init__(self, book: RuleBook, calendars: Calendars) -> None:
        self.book = book
        self.calendars = calendars
        self._counted = lru_cache(KEPT)(self._count)
        self._based = lru_cache(KEPT)(self._base)
        self._extended = lru_cache(KEPT)(self._extend)
        self._lengthen = lru_cache(KEPT)(self._longer)
        self.meaning = lru_cache(KEPT)(self._mean)
        self._law = lru_cache(KEPT)(self._in_force)
        self._obliged = lru_cache(OBLIGATIONS_KEPT)(self._oblige)
        self._passing = frozenset(name for name, item in book.rules.items() if not item.rule.valid.always)

    def forget(self) -> None:
        """Let go of everything that was counted before."""
        for kept in (
            self._counted,
            self._based,
            self._extended,
            self._lengthen,
            self.meaning,
            self._law,
            self._obliged,
        ):
            kept.cache_clear()

    def duties(self, ground: str, made: date | None, applying: tuple[str, ...], today: date) -> Duties:
        """The deadlines on a ground, given as its text, that was made on a day, under those rules that are law."""
        if self._passing.isdisjoint(applying):
            return self._obliged(ground, applying)
        return self._obliged(ground, self._law(ground, made, applying, today))

    def _in_force(self, ground: str, made: date | None, applying: tuple[str, ...], today: date) -> tuple[str, ...]:
        """Those of these rules that are law."""
        facts = Ground.read(ground)
        return tuple(name for name in applying if in_force(self.book.rules[name], facts, made, today))

    def _oblige(self, ground: str, law: tuple[str, ...]) -> Duties:
        return Duties.of(tuple(obligations(Ground.read(ground), law, self)))

    def basis(self, rule: BookRule, anchors: tuple[tuple[str, Window], ...]) -> Reason:
        """What a rule of the book says of why a date is what it is, where these are the anchors."""
        return self._based(rule.name, anchors)

    def _base(self, name: str, anchors: tuple[tuple[str, Window], ...]) -> Reason:
        return basis(self.book.rules[name], dict(anchors))

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
        return compute(self._lengthen(name, period), {"base": base}, self.calendars, timezone=rule.pack.timezone)

    def _longer(self, name: str, period: str) -> Due:
        own = self.book.rules[name].rule.due
        manner = {"roll": own.roll, "calendar": own.calendar, "month_end": own.month_end, "timezone": own.timezone}
        return Due.model_validate({"period": period, "after": "base", **manner})

    def _mean(self, phrase: str, made: date | None) -> Deadline:
        """What words for a date mean by the phrases of the book, said on a day."""
        return resolve(phrase, made, phrases=self.book.phrases, calendars=self.calendars)
