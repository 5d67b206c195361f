"""Facts as a test in a pack, to be pasted: the counter-examples of lint in the words of the rule file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from textwrap import indent

from commitments.model.commitment import Commitment
from commitments.model.dates import Window
from rules.calendars.calendar import Calendars
from rules.conditions.condition import Facts, Value
from rules.counting.deadline import compute
from rules.pack.pack import Pack, Rule
from rules.pack.situation import UNSAID

SOME_DAY = date(2026, 6, 1)
"""A Monday, for anchors that may fall on any day."""
_DEPTH = " " * 6
"""How deep a test stands below `tests:` in a pack that is written as those that ship are."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9/._-]*")
_WORDS_OF_YAML = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_ANCHOR = "anchors."


def whole(facts: Facts) -> Facts:
    """The facts with what they leave out of the things that every commitment has, as a test in a pack has them."""
    return {**facts_of(Commitment.model_validate(UNSAID)), **facts}


def facts_of(commitment: Commitment) -> Facts:
    """A commitment as facts, before anything befell it."""
    dated = {f"{_ANCHOR}{name}": window.latest for name, window in commitment.anchors.items()}
    plain = {name: getattr(commitment, name) or None for name in ("id", "kind", "title", "by", "to", "made")}
    further = {name: getattr(commitment, name) or None for name in ("dossier", "parent", "cycle")}
    return plain | further | {"force": commitment.force.value} | dated


def pasted(name: str, facts: Facts, pack: Pack, rule: Rule, calendars: Calendars) -> str:
    """A test to paste under the rule: the facts, the date it counts from, and the date that comes of it."""
    told = {key: value for key, value in facts.items() if value is not None and _told(key, value)}
    given = {key.removeprefix(_ANCHOR): value for key, value in told.items()}
    origin = rule.due.origin
    if isinstance(origin, str) and "." not in origin and f"{_ANCHOR}{origin}" not in facts:
        given[origin] = SOME_DAY
    lines = [f"- name: {name}", f"  given: {_mapping(given)}"]
    due = _due(given, pack, rule, calendars)
    return indent("\n".join([*lines, f"  expect: {{due: {due}}}"] if due else lines), _DEPTH)


def _told(key: str, value: Value) -> bool:
    """Whether a test has to say so: not what it would have anyway, its kind excepted."""
    return key == "kind" or value != whole({}).get(key)


def _due(given: Mapping[str, Value], pack: Pack, rule: Rule, calendars: Calendars) -> str:
    if rule.due.stated:
        return ""
    anchors = {name: Window.on(value) for name, value in given.items() if isinstance(value, date)}
    deadline = compute(rule.due, anchors, calendars, timezone=pack.timezone)
    return str(deadline.window) if deadline.window else ""


def _mapping(given: Mapping[str, Value]) -> str:
    return "{" + ", ".join(f"{key}: {_written(value)}" for key, value in given.items()) + "}"


def _written(value: Value) -> str:
    """A value as YAML, in quotes where it needs them."""
    if isinstance(value, tuple):
        return _written(value[0]) if len(value) == 1 else "[" + ", ".join(map(_written, value)) + "]"
    if not isinstance(value, str):
        return str(value).lower()
    plain = _PLAIN.fullmatch(value) and value.lower() not in _WORDS_OF_YAML
    return value if plain else json.dumps(value, ensure_ascii=False)
