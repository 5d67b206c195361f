"""Deadlines that were counted before: many commitments count from the same days under the same rules.

What is kept depends on nothing but what it is kept under: a rule of the book, the dates, the calendars. Each store of
answers is bounded, so that a pass over a register of any size takes no more room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

from commitments.dates import Window
from commitments.ground import Ground
from engine.obligations import Obligation, basis, in_force, obligations
from notifications.notice import Reason
from rules.book import BookRule, RuleBook
from rules.calendar import Calendars
from rules.deadline import Deadline, compute
from rules.due import Due
from rules.terms import resolve

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
        self.meaning = lru_cache(KEPT)(self._mean)
        self._obliged = lru_cache(OBLIGATIONS_KEPT)(self._oblige)
        self._passing = frozenset(name for name, item in book.rules.items() if not item.rule.valid.always)

    def obligations(
        self, ground: str, made: date | None, applying: Sequence[str], today: date
    ) -> tuple[Obligation, ...]:
        """Every deadline on a ground, given as its text, that was made on a day, under those rules that are law."""
        law = tuple(applying)
        if not self._passing.isdisjoint(law):
            facts = Ground.read(ground)
            law = tuple(name for name in law if in_force(self.book.rules[name], facts, made, today))
        return self._obliged(ground, law)

    def _oblige(self, ground: str, law: tuple[str, ...]) -> tuple[Obligation, ...]:
        return tuple(obligations(Ground.read(ground), law, self))

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
        own = rule.rule.due
        manner = {"roll": own.roll, "calendar": own.calendar, "month_end": own.month_end, "timezone": own.timezone}
        due = Due.model_validate({"period": period, "after": "base", **manner})
        return compute(due, {"base": base}, self.calendars, timezone=rule.pack.timezone)

    def _mean(self, phrase: str, made: date | None) -> Deadline:
        """What words for a date mean by the phrases of the book, said on a day."""
        return resolve(phrase, made, phrases=self.book.phrases, calendars=self.calendars)
