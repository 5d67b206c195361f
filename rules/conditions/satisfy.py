"""Whether anything at all can be what a condition asks, and an example of it: what lint argues with.

Exact, because conditions compare fields with constants: it is enough to try, of each field by itself, one value at each
constant and between any two. A condition is first written as alternatives (any of all of tests).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations, product

from rules.conditions.condition import (
    FIELDS,
    WORDS,
    All,
    Condition,
    Facts,
    FieldType,
    Not,
    Test,
    Value,
    holds,
)
from rules.conditions.condition import Any as AnyOf

MOST_ALTERNATIVES = 2_000
"""How many alternatives a condition may come to before the search is given up."""
SURE = frozenset({"id", "kind", "title", "by", "to", "force", "status", "partly"})
"""The fields that every commitment has."""
_SOME_DAY = date(2026, 6, 1)
_ELSE = "something-else"


@dataclass(frozen=True)
class Search:
    """What a search found: the facts of a commitment, None where there can be none; `complete` unless given up."""

    facts: Facts | None
    complete: bool = True


class _GivenUpError(Exception):
    """The condition comes to too many alternatives."""


@dataclass(frozen=True)
class _Literal:
    """A test that must be met, or must not."""

    test: Test
    met: bool

    def holds(self, value: Value) -> bool:
        return holds(self.test, {self.test.field: value}) == self.met


_Alternative = tuple[_Literal, ...]


def search(condition: Condition, *, several: bool = True) -> Search:
    """A commitment that is what the condition asks, with as many parties in `by` and `to` as that takes.

    Without `several`, with one of each.
    """
    try:
        alternatives = _alternatives(condition, met=True)
    except _GivenUpError:
        return Search(None, complete=False)
    found = (_facts(alternative, several=several) for alternative in alternatives)
    return Search(next((facts for facts in found if facts is not None), None))


def both(*conditions: Condition) -> Condition:
    """What holds where all of these hold."""
    return All(conditions)


def but_not(condition: Condition, others: Iterable[Condition]) -> Condition:
    """What holds where the condition does, and none of the others."""
    return All((condition, *(Not(other) for other in others)))


# ------------------------------------------------------------------------------------------------- alternatives


def _alternatives(condition: Condition, *, met: bool) -> list[_Alternative]:
    """The condition (or, where it is not to be met, its contrary) as alternatives."""
    if isinstance(condition, Test):
        return [(_Literal(condition, met),)]
    if isinstance(condition, Not):
        return _alternatives(condition.part, met=not met)
    parts = [_alternatives(part, met=met) for part in _parts(condition)]
    if isinstance(condition, AnyOf) == met:
        return _bounded([alternative for part in parts for alternative in part])
    return _together(parts)


def _parts(condition: Condition) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, All | AnyOf) else ()


def _together(parts: list[list[_Alternative]]) -> list[_Alternative]:
    """The alternatives of all parts at once; those that contradict themselves are dropped on the way."""
    merged: list[_Alternative] = [()]
    for part in parts:
        pairs = (tuple(dict.fromkeys((*one, *other))) for one, other in product(merged, part))
        merged = _bounded([pair for pair in pairs if not _contradicts(pair)])
    return merged


def _contradicts(alternative: _Alternative) -> bool:
    return any(_Literal(literal.test, not literal.met) in alternative for literal in alternative)


def _bounded(alternatives: list[_Alternative]) -> list[_Alternative]:
    if len(alternatives) > MOST_ALTERNATIVES:
        raise _GivenUpError
    return alternatives


# ------------------------------------------------------------------------------------------------- values


def _facts(alternative: _Alternative, *, several: bool) -> Facts | None:
    """Facts that meet every literal, field by field; None where some field has no value that does."""
    by_field: dict[str, list[_Literal]] = {}
    for literal in alternative:
        by_field.setdefault(literal.test.field, []).append(literal)
    facts: dict[str, Value] = {}
    for field, literals in by_field.items():
        tried = values(field, constants(literal.test for literal in literals), len(literals) if several else 1)
        fitting = [value for value in tried if all(literal.holds(value) for literal in literals)]
        if not fitting:
            return None
        facts[field] = fitting[0]
    return facts


def constants(asked: Iterable[Test]) -> list[Value]:
    """Everything that the tests compare with."""
    wants = [want for test in asked for want in test.wants]
    return [value for want in wants for value in (want.value, want.upper) if value is not None]


def values(field: str, compared: Iterable[Value], parties: int = 1) -> Iterator[Value]:
    """Values of a field among which every test against `compared` comes out in each way that it can."""
    kind = FIELDS.get(field, FieldType.DATE)
    yield from _VALUES[kind](field, list(dict.fromkeys(compared)), parties)
    if field not in SURE:
        yield None


def _texts(field: str, compared: list[Value], _parties: int) -> Iterator[Value]:
    if field in WORDS:
        yield from WORDS[field]
        return
    yield from compared
    yield _ELSE


def _parties_of(_field: str, compared: list[Value], parties: int) -> Iterator[Value]:
    single = [*map(str, compared), *(f"{party}/{_ELSE}" for party in compared), _ELSE]
    for size in range(1, parties + 1):
        yield from combinations(single, size)


def _days(_field: str, compared: list[Value], _parties: int) -> Iterator[Value]:
    days = [day for day in compared if isinstance(day, date)]
    near = (day + step for day in days for step in (timedelta(0), timedelta(1), timedelta(-1)) if _inside(day, step))
    yield from near if days else (_SOME_DAY,)


def _inside(day: date, step: timedelta) -> bool:
    return date.min - step <= day if step.days < 0 else day <= date.max - step


def _numbers(_field: str, compared: list[Value], _parties: int) -> Iterator[Value]:
    whole = [number for number in compared if isinstance(number, int)] or [0]
    yield from (number + step for number in whole for step in (0, 1, -1))


def _flags(_field: str, _compared: list[Value], _parties: int) -> Iterator[Value]:
    yield from (True, False)


_VALUES: Mapping[FieldType, Callable[[str, list[Value], int], Iterator[Value]]] = {
    FieldType.TEXT: _texts,
    FieldType.PARTY: _parties_of,
    FieldType.DATE: _days,
    FieldType.NUMBER: _numbers,
    FieldType.FLAG: _flags,
}
