"""The part of durable_rules that is safe: conditions become branches of flags, and a gate refuses anything else.

Pure; engine.matching.matcher hands what comes out of here to durable_rules. Where it ends and why: docs/matching.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import chain, product
from typing import Any, Final

from rules.conditions.condition import (
    All,
    Condition,
    Not,
    Test,
)
from rules.conditions.condition import Any as AnyOf

MOST_WAYS: Final = 16
"""The branches of one condition: what would need more is decided in Python, and is a single flag here."""
MOST_BRANCHES: Final = 60
"""The branches of a ruleset, with the one that opens a session: durable_rules fails when 65 match at once."""
MOST_CONDITIONS: Final = 28
"""The conditions of a branch, with the one on `t`: durable_rules takes 31, its own marks included."""
MOST_FIELDS: Final = 200
"""The fields of a message, with `t`: durable_rules takes 252."""

OPEN: Final = {"t": "open"}
"""The event that begins a session: durable_rules crashes when it deletes one in which nothing has fired."""
ASKED: Final = {"t": "c"}
"""How every other message and every other branch begins."""

Literal = tuple[Condition, bool]
"""A flag and what it must be. A flag says whether a test passes, or whether a condition decided in Python holds."""
Branch = tuple[Literal, ...]
"""Flags that must all be so."""
Definition = Mapping[str, Any]
"""A ruleset as durable_rules reads it."""


# ------------------------------------------------------------------------------------------------- branches


def branches(condition: Condition, *, wanted: bool = True) -> tuple[Branch, ...]:
    """The branches of which one must hold for a condition to hold, or not to hold where that is wanted."""
    if isinstance(condition, Test):
        return (((condition, wanted),),)
    if isinstance(condition, Not):
        return branches(condition.part, wanted=not wanted)
    parts = [branches(part, wanted=wanted) for part in _parts(condition)]
    found = _every(parts) if isinstance(condition, All) == wanted else tuple(chain.from_iterable(parts))
    if found is None or not _fits(found):
        return (((condition, wanted),),)
    return found


def _parts(condition: Condition) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, All | AnyOf) else ()


def _fits(found: tuple[Branch, ...]) -> bool:
    return len(found) <= MOST_WAYS and all(len(branch) < MOST_CONDITIONS for branch in found)


def _every(parts: Iterable[tuple[Branch, ...]]) -> tuple[Branch, ...] | None:
    """One branch of each part in all the ways that can be, None where they are too many to go through."""
    nothing_yet: tuple[Branch, ...] | None = ((),)
    return reduce(_both, parts, nothing_yet)


def _both(some: tuple[Branch, ...] | None, others: tuple[Branch, ...]) -> tuple[Branch, ...] | None:
    if some is None or len(some) * len(others) > MOST_WAYS:
        return None
    merged = [tuple(dict.fromkeys(one + other)) for one, other in product(some, others)]
    return tuple(dict.fromkeys(branch for branch in merged if _possible(branch)))


def _possible(branch: Branch) -> bool:
    return len({flag for flag, _ in branch}) == len(branch)


# ------------------------------------------------------------------------------------------------- shards


@dataclass(frozen=True)
class Shard:
    """A ruleset for durable_rules: what each of its fields flags, and whom each of its branches chooses."""

    flags: Mapping[str, Condition]
    chosen: Mapping[str, frozenset[str]]
    definition: Definition


def shards(conditions: Mapping[str, Condition]) -> tuple[Shard, ...]:
    """The conditions of rules, by the rule's name, as rulesets that durable_rules can hold."""
    chosen: dict[Branch, set[str]] = {}
    for name, condition in conditions.items():
        for branch in branches(condition):
            chosen.setdefault(branch, set()).add(name)
    return tuple(_shard({branch: chosen[branch] for branch in group}) for group in _groups(chosen))


def _groups(found: Iterable[Branch]) -> Iterator[list[Branch]]:
    """The branches in their order, in groups that keep to the limits of a ruleset."""
    group: list[Branch] = []
    flags: set[Condition] = set()
    for branch in found:
        more = flags | {flag for flag, _ in branch}
        if len(group) + 1 == MOST_BRANCHES or len(more) + 1 > MOST_FIELDS:
            yield group
            group, more = [], {flag for flag, _ in branch}
        group.append(branch)
        flags = more
    if group:
        yield group


def _shard(chosen: Mapping[Branch, set[str]]) -> Shard:
    fields: dict[Condition, str] = {}
    rules: dict[str, Any] = {"open": _rule(OPEN)}
    for number, branch in enumerate(chosen):
        asked = [{fields.setdefault(flag, f"f{len(fields)}"): wanted} for flag, wanted in branch]
        rules[f"r{number}"] = _rule({"$and": [ASKED, *asked]} if asked else ASKED)
    flags = {name: flag for flag, name in fields.items()}
    return Shard(flags, {f"r{n}": frozenset(names) for n, names in enumerate(chosen.values())}, rules)


def _rule(pattern: Mapping[str, Any]) -> dict[str, Any]:
    return {"all": [{"m": pattern}]}


# ------------------------------------------------------------------------------------------------- the gate


class OutsideSubsetError(Exception):
    """A ruleset that durable_rules would crash on, or answer wrongly: a mistake of ours, never of a rule's author."""


class TooManyBranchesError(OutsideSubsetError):
    """More branches than can match at once."""

    def __init__(self, count: int) -> None:
        super().__init__(f"this ruleset has {count} branches, and durable_rules is safe up to {MOST_BRANCHES}")


class TooManyFieldsError(OutsideSubsetError):
    """More fields than a message can have."""

    def __init__(self, count: int) -> None:
        super().__init__(f"this ruleset reads {count} fields, and durable_rules is safe up to {MOST_FIELDS}")


class TooManyConditionsError(OutsideSubsetError):
    """A longer branch than can be told apart."""

    def __init__(self, rule: str, count: int) -> None:
        super().__init__(f"{rule} has {count} conditions, and durable_rules is safe up to {MOST_CONDITIONS}")


class ForeignRuleError(OutsideSubsetError):
    """A rule that is not one pattern over one message."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"{rule} is more than a single pattern: joins, counts and priorities are not safe")


class NoDiscriminatorError(OutsideSubsetError):
    """A branch that the messages of durable_rules itself could match."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"{rule} does not begin with the field t: messages of durable_rules itself could match it")


class ForeignConditionError(OutsideSubsetError):
    """A condition other than a flag that is true or false."""

    def __init__(self, rule: str, condition: object) -> None:
        super().__init__(f"{rule} asks for {condition}: only a flag that is true or false is safe")


class SameHashError(OutsideSubsetError):
    """Two fields that durable_rules, which knows them by 32 bits, takes for one."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"durable_rules cannot tell the fields {one} and {other} apart")


_FIELD = re.compile(r"f[0-9]{1,3}")
_OWN_FIELDS = ("t", "id", "sid", "$s")
"""Ours, and those that durable_rules puts into every message."""


def guard(definition: Definition) -> None:
    """Lets a ruleset pass that durable_rules is safe with; raises an OutsideSubsetError at any other."""
    if len(definition) > MOST_BRANCHES:
        raise TooManyBranchesError(len(definition))
    fields = {field for name, rule in definition.items() for field in _guarded_fields(name, rule)}
    if len(fields) + 1 > MOST_FIELDS:
        raise TooManyFieldsError(len(fields) + 1)
    guard_hashes([*_OWN_FIELDS, *sorted(fields)])


def _guarded_fields(name: str, rule: Any) -> Iterator[str]:  # noqa: ANN401 - as deep as durable_rules reads it
    pattern = _pattern(name, rule)
    if pattern == OPEN:
        return
    asked = pattern["$and"] if set(pattern) == {"$and"} else [pattern]
    if asked[:1] != [ASKED]:
        raise NoDiscriminatorError(name)
    if len(asked) > MOST_CONDITIONS:
        raise TooManyConditionsError(name, len(asked))
    for condition in asked[1:]:
        yield _flagged(name, condition)


def _pattern(name: str, rule: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as deep as durable_rules reads it
    if set(rule) != {"all"} or len(rule["all"]) != 1 or set(rule["all"][0]) != {"m"}:
        raise ForeignRuleError(name)
    pattern: Mapping[str, Any] = rule["all"][0]["m"]
    return pattern


def _flagged(name: str, condition: Mapping[str, object]) -> str:
    field, value = next(iter(condition.items()))
    if len(condition) != 1 or not _FIELD.fullmatch(field) or not isinstance(value, bool):
        raise ForeignConditionError(name, condition)
    return field


def guard_hashes(fields: Iterable[str]) -> None:
    """Raises SameHashError where two of these names have the same 32-bit hash."""
    known: dict[int, str] = {}
    for field in fields:
        other = known.setdefault(fnv1a(field), field)
        if other != field:
            raise SameHashError(other, field)


def fnv1a(text: str) -> int:
    """The 32-bit FNV-1a hash by which durable_rules knows the names of fields (Fowler, Noll and Vo)."""
    return reduce(lambda code, byte: (code ^ byte) * 0x01000193 & 0xFFFFFFFF, text.encode(), 0x811C9DC5)
