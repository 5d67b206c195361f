"""What lint looks at and what it finds: the ground that every lint walks, and a finding with its place in a pack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from commitments.model.commitment import Commitment
from commitments.reading.problem import Path
from rules.calendars.calendar import Calendars
from rules.conditions.condition import Condition, Facts, Test
from rules.counting.cycle import Edition, derived_commitment, main_commitment
from rules.lint.sample import facts_of
from rules.pack.book import LoadedPack, RuleBook
from rules.pack.pack import Cycle, Pack, Rule


@dataclass(frozen=True)
class Placed:
    """A rule in the pack that it stands in, or that took it over."""

    loaded: LoadedPack
    rule: Rule

    @property
    def name(self) -> str:
        """How the rule is called everywhere: pack/rule."""
        return f"{self.loaded.pack.pack}/{self.rule.id}"

    @property
    def condition(self) -> Condition:
        """What the rule asks of a commitment."""
        return self.rule.condition


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What is looked at: the packs and calendars in use, and what is known of the workspace around them.

    `audiences` are the roles that recipients hold, None where that is not known. `unpromised` are the commitments of
    the register that name no date themselves, each after the file it is from.
    """

    book: RuleBook
    calendars: Calendars
    audiences: frozenset[str] | None = None
    unpromised: tuple[tuple[str, Facts], ...] = ()

    @cached_property
    def rules(self) -> tuple[Placed, ...]:
        """Every rule that a pack writes out, those of its cycles excepted."""
        return tuple(Placed(loaded, rule) for loaded in self.book.packs for rule in loaded.pack.rules)

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """What each rule asks, those of the cycles included."""
        return tuple(item.rule.condition for item in self.book.rules.values())

    @cached_property
    def cycle_kinds(self) -> frozenset[str]:
        """The kinds of what cycles bring forth, and date."""
        return frozenset(str(facts["kind"]) for _, facts in self.occurrences)

    @cached_property
    def occurrences(self) -> tuple[tuple[str, Facts], ...]:
        """What each cycle brings forth the first time, after the name of the cycle (pack/cycle, pack/cycle/part)."""
        made = [one for pack, cycle in self.book.cycles for one in _first_turn(pack, cycle)]
        return tuple((one.cycle, facts_of(one)) for one in made)


def _first_turn(pack: Pack, cycle: Cycle) -> Iterator[Commitment]:
    edition = Edition("first", cycle.first, cycle.since)
    yield main_commitment(pack, cycle, edition)
    for derived in cycle.derived:
        yield derived_commitment(pack, cycle, derived, edition, cycle.first)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something in a pack that is wrong, or perhaps not meant, with its place in the file and a way out.

    The path names rules and cycles by their ids, for a pack may have taken some over: ("rules", "reply", "when").
    """

    file: str
    path: Path
    message: str
    hint: str = ""
    level: Literal["error", "warning"] = "warning"


def of_rule(placed: Placed, key: str, message: str, hint: str, *, level: Literal["error", "warning"]) -> Finding:
    """A finding about a rule, at one of its keys."""
    path = ("rules", placed.rule.id, key)
    return Finding(file=placed.loaded.file, path=path, message=message, hint=hint, level=level)


def not_searched(placed: Placed, what: str) -> Iterator[Finding]:
    """That a search was given up, said instead of passed over."""
    message = f"{what} was not searched: the conditions come to too many alternatives"
    yield of_rule(placed, "when", message, "make several rules of this one", level="warning")


def asked(field: str, tests: Iterator[Test]) -> list[Test]:
    """The tests of one field."""
    return [test for test in tests if test.field == field]
