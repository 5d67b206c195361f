"""How much of the rules their tests have seen: rules that were never met, and conditions with only one outcome."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.assessment.assess import facts
from engine.authoring.compare import first_record
from engine.authoring.pack_tests import Trial
from rules.conditions.condition import (
    Facts,
    describe,
    holds,
    tests,
)
from rules.pack.book import RuleBook


@dataclass(frozen=True)
class Point:
    """Something that the tests of a rule's pack can see: that it applies, that a condition holds, that it does not."""

    rule: str
    unseen: str
    seen: bool


@dataclass(frozen=True)
class Coverage:
    """All there is to see, and what of it was seen. The rules of cycles say nothing that a test could miss."""

    points: tuple[Point, ...]

    @property
    def percent(self) -> int:
        """How much was seen, in whole per cent, rounded down; 100 where there is nothing to see."""
        return 100 * sum(point.seen for point in self.points) // len(self.points) if self.points else 100

    @property
    def gaps(self) -> tuple[Point, ...]:
        """What was not seen."""
        return tuple(point for point in self.points if not point.seen)

    def __str__(self) -> str:
        seen = sum(point.seen for point in self.points)
        return f"coverage {self.percent} %: {seen} of {len(self.points)} outcomes of rules and their conditions seen"


def coverage(book: RuleBook, trials: Iterable[Trial]) -> Coverage:
    """What the tests see of the rules, each rule by the tests of its own pack."""
    asked: dict[str, list[Facts]] = {}
    for trial in trials:
        asked.setdefault(trial.rule.partition("/")[0], []).append(facts(first_record(trial.situation)))
    written = {f"{loaded.pack.pack}/{rule.id}" for loaded in book.packs for rule in loaded.pack.rules}
    return Coverage(tuple(point for name in book.rules if name in written for point in _points(book, name, asked)))


def _points(book: RuleBook, name: str, asked: dict[str, list[Facts]]) -> Iterator[Point]:
    rule = book.rules[name].rule
    found = asked.get(name.partition("/")[0], [])
    yield Point(name, "no test is of a commitment that it applies to", any(holds(rule.condition, one) for one in found))
    for test in dict.fromkeys(tests(rule.condition)):
        outcomes = {holds(test, one) for one in found}
        yield Point(name, f"“{describe(test)}” was never true", True in outcomes)
        yield Point(name, f"“{describe(test)}” was never false", False in outcomes)
