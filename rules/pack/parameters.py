"""Parameters of a pack: values that have a name, and that may change on a date, put where rules ask for them ($name).

A rule that asks for a value which changed becomes several, each law for the days on which its value was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from commitments.model.dates import DAY
from commitments.reading.fit import close
from commitments.reading.problem import Fault, Misfit, Path

_ASKED = re.compile(r"\$([a-z][a-z0-9_]*)")
_FIRST = date.min
Values = list[tuple[date, Any]]
"""A parameter's values, each with the day from which it is the value, in order."""


def expanded(pack: dict[str, Any]) -> dict[str, Any]:
    """The pack as it was written, every parameter in it replaced by its value.

    A rule keeps its place and its id with the latest value; what it was before follows after the last rule, with the
    day on which it ended in its id; its tests are those of the latest. Raises Misfit for parameters that are not
    there or cannot be read.
    """
    named, rules = pack.get("parameters") or {}, pack.get("rules")
    if not isinstance(rules, list) or not isinstance(named, Mapping):
        return pack
    parameters, faults = _read(named)
    faults += [fault for index, rule in enumerate(rules) for fault in _unknown(rule, named, ("rules", index))]
    if faults:
        raise Misfit(*faults)
    versions = [list(_versions(rule, parameters)) for rule in rules]
    earlier = [rule for several in versions for rule in several[:-1]]
    return pack | {"rules": [several[-1] for several in versions] + earlier}


def _read(parameters: Mapping[str, Any]) -> tuple[dict[str, Values], list[Fault]]:
    read: dict[str, Values] = {}
    faults: list[Fault] = []
    for name, value in parameters.items():
        values = _dated(value) if isinstance(value, list) else [(_FIRST, value)]
        if values is None:
            message = f"the values of {name} must each have a day from which they count"
            faults.append(Fault(("parameters", name), message, "write [{from: 2010-01-01, value: 4 weeks}]"))
        else:
            read[str(name)] = values
    return read, faults


def _dated(entries: list[Any]) -> Values | None:
    """Dated values in order; None where one of them has no date or no value."""
    if not all(isinstance(e, Mapping) and isinstance(e.get("from"), date) and "value" in e for e in entries):
        return None
    return sorted(((entry["from"], entry["value"]) for entry in entries), key=lambda pair: pair[0]) or None


def _unknown(value: object, parameters: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    for name, place in _asked(value, path):
        if name not in parameters:
            hint = close(name, parameters) or f"the pack has {', '.join(parameters) or 'no parameters'}"
            yield Fault(place, f"${name} is no parameter of this pack", hint)


def _asked(value: object, path: Path) -> Iterator[tuple[str, Path]]:
    """The parameters that a value asks for, and where."""
    if isinstance(value, str):
        yield from ((name, path) for name in _ASKED.findall(value))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _asked(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _asked(item, (*path, index))


def _versions(rule: Any, parameters: Mapping[str, Values]) -> Iterator[Any]:  # noqa: ANN401 (whatever was written)
    """The rule for each stretch of days on which none of its values changed, the latest last."""
    names = {name for name, _ in _asked(rule, ())}
    days = sorted({day for name in names for day, _ in parameters[name]}) or [_FIRST]
    first = max((parameters[name][0][0] for name in names), default=_FIRST)
    starts = [day for day in days if day >= first]
    for place, start in enumerate(starts):
        values = {name: [value for day, value in parameters[name] if day <= start][-1] for name in names}
        ends = starts[place + 1] - DAY if place + 1 < len(starts) else None
        yield _limited(_filled(rule, values), start, ends)


def _filled(value: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 (whatever was written)
    """The value with its parameters filled in: one that stands alone becomes what it is, others their text."""
    if isinstance(value, Mapping):
        return {key: _filled(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    if not isinstance(value, str):
        return value
    alone = _ASKED.fullmatch(value)
    return values[alone[1]] if alone else _ASKED.sub(lambda match: str(values[match[1]]), value)


def _limited(rule: Any, start: date, end: date | None) -> Any:  # noqa: ANN401 (whatever was written)
    """The rule as it was law on these days, within those that it gives itself."""
    if start == _FIRST and end is None:
        return rule
    valid = dict(rule.get("valid") or {})
    first = max(valid.get("from") or start, start)
    last = min(valid.get("to") or end, end) if end else valid.get("to")
    days = ({"from": first} if first != _FIRST else {}) | ({"to": last} if last else {})
    name = f"{rule.get('id')}-until-{end}" if end else rule.get("id")
    tests: dict[str, Any] = {"tests": []} if end else {}
    return rule | tests | {"id": name, "valid": valid | days}
