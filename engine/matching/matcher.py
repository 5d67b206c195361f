"""Which rules apply, and which commitments hang together: the only home of durable_rules, and of what stands in for it.

Facts are first reduced to one bit for each thing that any rule wants of a field; commitments with the same bits get
the same answer, so each such set is matched once. How, and what durable_rules sees of it: docs/matching.md.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache, partial
from importlib.metadata import version
from threading import Lock
from types import ModuleType
from typing import Any, Final, Literal, Protocol

from commitments.trouble import TroubleError
from engine.matching.branches import (
    ASKED,
    OPEN,
    Shard,
    guard,
    shards,
)
from rules.conditions.condition import (
    Condition,
    Facts,
    Test,
    Value,
    Want,
    decide,
    meets,
    tests,
)

ANSWERS_KEPT: Final = 65_536
VALUES_KEPT: Final = 16_384
"""How many answers, and values of each field, are remembered: some 20 MB at most."""

_REMEDY: Final = (
    "to build it, with a C compiler: CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject "
    "pip install --no-cache-dir --force-reinstall durable_rules"
)
"""Python 3.13 took away the name PyEval_CallObject, by which durable_rules calls Python from C."""

_SESSION = "0"
"""The session of a message that names none."""


class Matcher(Protocol):
    """Tells which rules apply."""

    def applying(self, facts: Facts) -> frozenset[str]:
        """The names of the rules whose condition holds."""
        ...

    def close(self) -> None:
        """Gives back what it holds; nothing is asked of it afterwards."""
        ...


def matcher(conditions: Mapping[str, Condition], engine: Literal["auto", "durable", "reference"] = "auto") -> Matcher:
    """The matcher of these conditions, by the rule's name: with durable_rules where it imports, unless told otherwise.

    Raises NoDurableRulesError where durable_rules is asked for and does not import.
    """
    if engine == "reference" or (engine == "auto" and _durable is None):
        return ReferenceMatcher(conditions)
    return DurableMatcher(conditions)


def engine_name() -> str:
    """What `auto` chooses here, and why."""
    if _durable is not None:
        return f"durable_rules {version('durable_rules')}"
    return f"reference (durable_rules does not import on Python {_python()}: {_why_not}; {_REMEDY})"


class NoDurableRulesError(TroubleError):
    """durable_rules was asked for where it does not import."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"durable_rules does not import on Python {_python()}: {reason}; {_REMEDY}, "
            "or leave the choice of the matcher to Gestand"
        )


class MatcherClosedError(Exception):
    """A matcher was asked after it was closed."""

    def __init__(self) -> None:
        super().__init__("this matcher is closed and cannot be asked again")


class DurableFaultError(Exception):
    """durable_rules did something that it never should."""

    def __init__(self, message: Mapping[str, object], what: str) -> None:
        super().__init__(f"durable_rules {what} when it was sent {json.dumps(message)}")


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _imported() -> tuple[ModuleType | None, str]:
    """The C part of durable_rules; its Python part is what starts threads and swallows exceptions."""
    try:
        return importlib.import_module("durable_rules_engine"), ""
    except ImportError as error:
        return None, str(error)


_durable, _why_not = _imported()


# ------------------------------------------------------------------------------------------------- reduction


class Sieve:
    """Facts reduced to a whole number, with one bit for each thing that any of the conditions wants of a field."""

    def __init__(self, conditions: Iterable[Condition]) -> None:
        self._masks: dict[Test, int] = {}
        bits: dict[tuple[str, Want], int] = {}
        for test in (test for condition in conditions for test in tests(condition)):
            wanted = {bits.setdefault((test.field, want), 1 << len(bits)) for want in test.wants}
            self._masks[test] = sum(wanted)
        self._fields = tuple(_judges(bits))

    def key(self, facts: Facts) -> int:
        """The bits of the things that these facts have and some condition wants."""
        key = 0
        for field, judge in self._fields:
            key |= judge(facts.get(field))
        return key

    def passes(self, key: int, test: Test) -> bool:
        """Whether facts with these bits pass a test."""
        return key & self._masks[test] != 0


def _judges(bits: Mapping[tuple[str, Want], int]) -> Iterator[tuple[str, Callable[[Value], int]]]:
    """Each field, with the function that tells the bits of its values and remembers them."""
    wanted: dict[str, list[tuple[Want, int]]] = {}
    for (field, want), bit in bits.items():
        wanted.setdefault(field, []).append((want, bit))
    for field, wants in wanted.items():
        yield field, lru_cache(VALUES_KEPT)(partial(_judge, wants))


def _judge(wants: Iterable[tuple[Want, int]], value: Value) -> int:
    return sum(bit for want, bit in wants if meets(want, value))


# ------------------------------------------------------------------------------------------------- matchers


class ReferenceMatcher:
    """Decides every condition by itself, as rules.conditions.condition says."""

    def __init__(self, conditions: Mapping[str, Condition]) -> None:
        self._conditions = dict(conditions)
        self._sieve = Sieve(conditions.values())
        self._answer = lru_cache(ANSWERS_KEPT)(self._decide)

    def applying(self, facts: Facts) -> frozenset[str]:
        """The names of the rules whose condition holds."""
        return self._answer(self._sieve.key(facts))

    def close(self) -> None:
        """Forgets what was asked."""
        self._answer.cache_clear()

    def _decide(self, key: int) -> frozenset[str]:
        passes = partial(self._sieve.passes, key)
        return frozenset(name for name, condition in self._conditions.items() if decide(condition, passes))


class DurableMatcher:
    """Has durable_rules match all conditions at once."""

    def __init__(self, conditions: Mapping[str, Condition]) -> None:
        if _durable is None:
            raise NoDurableRulesError(_why_not)
        self._sieve = Sieve(conditions.values())
        self._rulesets = [_Ruleset(_durable, shard) for shard in shards(conditions)]
        self._answer = lru_cache(ANSWERS_KEPT)(self._match)
        self._lock = Lock()
        self._closed = False

    def applying(self, facts: Facts) -> frozenset[str]:
        """The names of the rules whose condition holds."""
        return self._answer(self._sieve.key(facts))

    def close(self) -> None:
        """Gives the rulesets back and forgets every answer; closing again does nothing."""
        with self._lock:
            self._closed = True
            self._answer.cache_clear()
            while self._rulesets:
                self._rulesets.pop().close()

    def _match(self, key: int) -> frozenset[str]:
        passes = partial(self._sieve.passes, key)
        with self._lock:
            if self._closed:
                raise MatcherClosedError
            return frozenset[str]().union(*(ruleset.chosen(passes) for ruleset in self._rulesets))


class _Ruleset:
    """A shard inside durable_rules. Each question has a session of its own, so nothing is left of the one before."""

    def __init__(self, durable: Any, shard: Shard) -> None:  # noqa: ANN401 - a C module without types
        guard(shard.definition)
        self._durable = durable
        self._shard = shard
        self._handle = durable.create_ruleset("gestand", json.dumps(shard.definition))

    def close(self) -> None:
        """Frees the ruleset; no session is left by now, which is what makes that safe."""
        self._durable.delete_ruleset(self._handle)

    def chosen(self, passes: Callable[[Test], bool]) -> frozenset[str]:
        """The names of the rules that a branch of this shard chooses."""
        flags = {field: decide(flag, passes) for field, flag in self._shard.flags.items()}
        fired = self._ask({**ASKED, **flags})
        return frozenset[str]().union(*(self._shard.chosen[rule] for rule in fired))

    def _ask(self, message: Mapping[str, str | bool]) -> list[str]:
        with _session(self._durable, self._handle) as put:
            return [rule for rule, _ in put(message)]


# ------------------------------------------------------------------------------------------------- sessions

_Message = Mapping[str, str | int | bool]
_Fired = tuple[str, Mapping[str, _Message]]
"""A branch that fired, and the messages that it matched, by their aliases."""
_TAKEN = frozenset({0, 1})
"""A message was taken: some branch matches it, or none does."""


@contextmanager
def _session(durable: Any, handle: int) -> Iterator[Callable[[_Message], list[_Fired]]]:  # noqa: ANN401 - a C module
    """A session of its own: gives what puts a fact into it and tells what fired; deleted at the end."""
    if [rule for rule, _ in _put(durable, handle, durable.assert_event, OPEN)] != ["open"]:
        raise DurableFaultError(OPEN, "did not open a session")
    try:
        yield partial(_put, durable, handle, durable.assert_fact)
    finally:
        durable.delete_state(handle, _SESSION)


def _put(
    durable: Any,  # noqa: ANN401 - a C module without types
    handle: int,
    put: Callable[[int, str], tuple[int, int]],
    message: _Message,
) -> list[_Fired]:
    """What fired. A fact fires every branch that matches, an event only the first."""
    code, state = put(handle, json.dumps(message))
    if code not in _TAKEN:
        raise DurableFaultError(message, f"answered {code}")
    started = durable.start_action_for_state(handle, state)
    fired: list[_Fired] = []
    action = started[1] if started else None
    while action:
        fired += json.loads(action).items()
        action = durable.complete_and_start_action(handle, state)
    return fired


# ------------------------------------------------------------------------------------------------- families

Member = tuple[str, str]
"""A name, and the key of the family that it belongs to."""
Pair = tuple[str, str]
"""The name of a cause, and of what it affects."""
MOST_MEMBERS: Final = 200
"""Those affected that share a session: durable_rules slows down, and grows by 8 kB, with each fact that it holds."""


class Joiner(Protocol):
    """Tells which causes affect whom."""

    def joined(self, causes: Iterable[Member], affected: Iterable[Member]) -> frozenset[Pair]:
        """Each cause with each of those affected that belong to the same family."""
        ...


@cache
def joiner(engine: Literal["auto", "durable", "reference"] = "auto") -> Joiner:
    """The joiner: with durable_rules where it imports, unless told otherwise; one for the whole process.

    Raises NoDurableRulesError where durable_rules is asked for and does not import.
    """
    if engine == "reference" or (engine == "auto" and _durable is None):
        return ReferenceJoiner()
    return DurableJoiner()


class ReferenceJoiner:
    """Goes through the causes of each family."""

    def joined(self, causes: Iterable[Member], affected: Iterable[Member]) -> frozenset[Pair]:
        """Each cause with each of those affected that belong to the same family."""
        families = _families(causes)
        return frozenset((cause, name) for name, key in affected for cause in families.get(key, ()))


class DurableJoiner:
    """Has durable_rules join them, in short sessions: first the causes, then those affected.

    No rule file says anything of what it sees: names and keys are numbers, and the two rules are always the same.
    """

    def __init__(self) -> None:
        if _durable is None:
            raise NoDurableRulesError(_why_not)
        self._durable = _durable
        self._handle = _durable.create_ruleset("families", json.dumps(FAMILIES))
        self._lock = Lock()

    def joined(self, causes: Iterable[Member], affected: Iterable[Member]) -> frozenset[Pair]:
        """Each cause with each of those affected that belong to the same family."""
        families = _families(causes)
        waiting = sorted(set(affected), key=lambda member: member[1])
        pairs: set[Pair] = set()
        for start in range(0, len(waiting), MOST_MEMBERS):
            some = waiting[start : start + MOST_MEMBERS]
            keys = dict.fromkeys(key for _, key in some)
            pairs.update(
                self._together([(cause, key) for key in keys for cause in sorted(families.get(key, ()))], some)
            )
        return frozenset(pairs)

    def _together(self, causes: list[Member], affected: list[Member]) -> Iterator[Pair]:
        """The pairs of one session; whoever has no cause must be found to have none."""
        numbers: dict[str, int] = {}
        with self._lock, _session(self._durable, self._handle) as put:
            for place, (_, key) in enumerate(causes):
                put({"id": f"b{place}", "t": "b", "key": numbers.setdefault(key, len(numbers)), "n": place})
            for place, (name, key) in enumerate(affected):
                fact: _Message = {"id": f"c{place}", "t": "c", "key": numbers.setdefault(key, len(numbers)), "n": place}
                fired = put(fact)
                found = [int(messages["b"]["n"]) for rule, messages in fired if rule == "joined"]
                if len(fired) != max(1, len(found)):
                    raise DurableFaultError(fact, f"found {len(found)} causes in {len(fired)} answers")
                yield from ((causes[cause][0], name) for cause in found)


FAMILIES: Final = {
    "open": {"all": [{"m": OPEN}]},
    "joined": {"all": [{"b": {"t": "b"}}, {"c": {"$and": [{"t": "c"}, {"key": {"b": "key"}}]}}]},
    "free": {"all": [{"c": {"t": "c"}}, {"b$not": {"$and": [{"t": "b"}, {"key": {"c": "key"}}]}}]},
}
"""Joins by equality on `key`, and who has no cause: safe where all causes are there before, and none is taken back."""


def _families(causes: Iterable[Member]) -> dict[str, set[str]]:
    families: dict[str, set[str]] = {}
    for name, key in causes:
        families.setdefault(key, set()).add(name)
    return families
