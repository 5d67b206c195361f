"""What a rule asks of a commitment (`when`, `unless`): read, decided, explained and put into words.

Pure, and the reference: engine.matching answers the same faster and is tested against `holds`. A test of something the
commitment does not have is not met, whatever it asks; so `not` of that test is (only `absent` asks for it).
"""

from __future__ import annotations

import operator
import re
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from commitments.model.commitment import Force, Status, within
from commitments.model.dates import NotADateError, Window
from commitments.reading.fit import close
from commitments.reading.problem import (
    Fault,
    Misfit,
    Path,
    dotted,
)

Value = str | int | bool | date | tuple[str, ...] | None
"""What is known of one thing; None, an empty text and an empty tuple all mean that nothing is."""
Facts = Mapping[str, Value]
"""A commitment as flat facts: kind, by (all its parties), anchors.letter…"""


class FieldType(StrEnum):
    """What the values of a field are."""

    PARTY = "party"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    FLAG = "flag"


FIELDS: Mapping[str, FieldType] = {
    "id": FieldType.TEXT,
    "kind": FieldType.TEXT,
    "title": FieldType.TEXT,
    "by": FieldType.PARTY,
    "to": FieldType.PARTY,
    "force": FieldType.TEXT,
    "dossier": FieldType.TEXT,
    "parent": FieldType.TEXT,
    "cycle": FieldType.TEXT,
    "made": FieldType.DATE,
    "status": FieldType.TEXT,
    "partly": FieldType.FLAG,
    "days_late": FieldType.NUMBER,
}
"""Everything that can be asked of a commitment, besides the dates of its anchors: `anchors.<name>`."""
OUTCOMES = frozenset({"status", "partly", "days_late"})
"""The fields that are known once deadlines are counted: they cannot choose the rules that count them."""
SELECTING: Mapping[str, FieldType] = {name: kind for name, kind in FIELDS.items() if name not in OUTCOMES}
"""The fields that choose rules."""
WORDS: Mapping[str, Collection[str]] = {"force": [word.value for word in Force], "status": [w.value for w in Status]}
"""The fields that hold one of a few words."""

_ANCHOR = re.compile(r"anchors\.[a-z][a-z0-9_-]*")
_SPELLING = {"kind": re.compile(r"[a-z][a-z0-9_-]*")}
_PARTY = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")


class Op(StrEnum):
    """How a value is compared; `within` is a party's place in the hierarchy."""

    IS = ""
    WITHIN = "within"
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    BETWEEN = ".."
    PRESENT = "present"
    ABSENT = "absent"


@dataclass(frozen=True)
class Want:
    """One thing that a test is content with: the comparison and its value; `upper` is the end of a range, included."""

    op: Op
    value: Value = None
    upper: Value = None
    negated: bool = False

    def __str__(self) -> str:
        """The words for it, as they follow `is`."""
        if self.op in {Op.PRESENT, Op.ABSENT}:
            return self.op.value
        phrase = _PHRASES[self.op][isinstance(self.value, date)].format(shown(self.value), shown(self.upper))
        return f"not {phrase}" if self.negated else phrase


_PHRASES = {
    Op.IS: ("{}", "{}"),
    Op.WITHIN: ("within {}", "within {}"),
    Op.LESS: ("less than {}", "before {}"),
    Op.AT_MOST: ("at most {}", "on or before {}"),
    Op.MORE: ("more than {}", "after {}"),
    Op.AT_LEAST: ("at least {}", "on or after {}"),
    Op.BETWEEN: ("from {} to {}", "from {} to {}"),
}
"""For numbers and text, and for dates."""


class Condition:
    """What a rule asks: All, Any or Not of conditions, or a Test of one field. Frozen, equal where it says the same."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            partial(parse, fields=SELECTING),
            serialization=core_schema.plain_serializer_function_ser_schema(describe),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return written(SELECTING)


def written(fields: Iterable[str]) -> JsonSchemaValue:
    """The JSON Schema of a condition that may ask for these fields."""
    names = [*fields, *_NESTING]
    return {
        "description": "what must hold of a commitment; a list means any of",
        "anyOf": [
            {
                "type": "object",
                "properties": {name: {} for name in names} | {"anchors": {"type": "object"}},
                "patternProperties": {f"^{_ANCHOR.pattern}$": {}},
                "additionalProperties": False,
            },
            {"type": "array", "items": {"type": "object"}, "minItems": 1},
        ],
    }


@dataclass(frozen=True)
class All(Condition):
    """Every part must hold; without parts it always does."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Any(Condition):
    """One part must hold; without parts it never does."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not(Condition):
    """The part must not hold."""

    part: Condition


@dataclass(frozen=True)
class Test(Condition):
    """A field must be one of the things that are wanted."""

    field: str
    wants: tuple[Want, ...]


ALWAYS = All(())


def shown(value: Value) -> str:
    """A value as people read it."""
    if value is None or value in ("", ()):
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value)


# ------------------------------------------------------------------------------------------------- deciding

_COMPARE: Mapping[Op, Callable[..., bool]] = {
    Op.IS: operator.eq,
    Op.WITHIN: within,
    Op.LESS: operator.lt,
    Op.AT_MOST: operator.le,
    Op.MORE: operator.gt,
    Op.AT_LEAST: operator.ge,
}


def holds(condition: Condition, facts: Facts) -> bool:
    """Whether a commitment is what a condition asks for."""
    return decide(condition, partial(_passes, facts))


def _passes(facts: Facts, test: Test) -> bool:
    return any(meets(want, facts.get(test.field)) for want in test.wants)


def decide(condition: Condition, passes: Callable[[Test], bool]) -> bool:
    """Whether a condition holds, where `passes` tells it of each test."""
    if isinstance(condition, Test):
        return passes(condition)
    if isinstance(condition, Not):
        return not decide(condition.part, passes)
    if isinstance(condition, All):
        return all(decide(part, passes) for part in condition.parts)
    return any(decide(part, passes) for part in _parts(condition))


def _parts(condition: Condition) -> tuple[Condition, ...]:
    return condition.parts if isinstance(condition, All | Any) else ()


def meets(want: Want, value: Value) -> bool:
    """Whether a value is what is wanted: one of its parties suffices, and none of them may be what is not wanted."""
    got = _several(value)
    if want.op is Op.ABSENT:
        return not got
    if want.op is Op.PRESENT or not got:
        return bool(got)
    return any(_compares(want, one) for one in got) != want.negated


def _several(value: Value) -> tuple[object, ...]:
    if value is None or value == "":
        return ()
    return value if isinstance(value, tuple) else (value,)


def _compares(want: Want, got: object) -> bool:
    if want.op is Op.BETWEEN:
        return _COMPARE[Op.AT_LEAST](got, want.value) and _COMPARE[Op.AT_MOST](got, want.upper)
    return _COMPARE[want.op](got, want.value)


def tests(condition: Condition) -> Iterator[Test]:
    """Every test in a condition, in order."""
    if isinstance(condition, Test):
        yield condition
    elif isinstance(condition, Not):
        yield from tests(condition.part)
    else:
        for part in _parts(condition):
            yield from tests(part)


# ------------------------------------------------------------------------------------------------- explaining


@dataclass(frozen=True, kw_only=True)
class Check:
    """A test and what came of it. Below a `not`, `wanted` says so and `held` is turned round: it is what helps."""

    path: str
    field: str
    wanted: str
    got: str
    held: bool
    depth: int


def trace(condition: Condition, facts: Facts) -> tuple[Check, ...]:
    """Every test of a condition, in order: what it wanted, what it got, and whether that helps the condition to hold.

    `path` tells the alternatives apart (any[1].kind), `depth` counts the words any and not around the test.
    """
    return tuple(_checks(condition, facts, (), helps=True))


def _checks(condition: Condition, facts: Facts, path: Path, *, helps: bool) -> Iterator[Check]:
    if isinstance(condition, Test):
        yield _check(condition, facts, path, helps=helps)
    elif isinstance(condition, Not):
        yield from _checks(condition.part, facts, (*path, "not"), helps=not helps)
    else:
        for index, part in enumerate(_parts(condition)):
            inner = (*path, "any", index) if isinstance(condition, Any) else path
            yield from _checks(part, facts, inner, helps=helps)


def _check(test: Test, facts: Facts, path: Path, *, helps: bool) -> Check:
    return Check(
        path=dotted((*path, test.field)),
        field=test.field,
        wanted=_wanted(test) if helps else f"not {_wanted(test)}",
        got=shown(facts.get(test.field)),
        held=holds(test, facts) == helps,
        depth=sum(part in {"any", "not"} for part in path),
    )


def _wanted(test: Test) -> str:
    words = [str(want) for want in test.wants]
    return words[0] if len(words) == 1 else f"one of {', '.join(words)}"


def describe(condition: Condition) -> str:
    """The condition in one line: kind is reply and to is within nl/eerste-kamer."""
    if isinstance(condition, Test):
        return f"{condition.field} is {_wanted(condition)}"
    if isinstance(condition, Not):
        return f"not ({describe(condition.part)})"
    parts = _parts(condition)
    if not parts:
        return "always" if isinstance(condition, All) else "never"
    word = " and " if isinstance(condition, All) else " or "
    return word.join(_enclosed(part) if len(parts) > 1 else describe(part) for part in parts)


def _enclosed(condition: Condition) -> str:
    compound = isinstance(condition, All | Any) and len(condition.parts) > 1
    return f"({describe(condition)})" if compound else describe(condition)


# ------------------------------------------------------------------------------------------------- reading

_NESTING = ("all", "any", "not")
_SIGN = re.compile(r"(!=|<>|<=|>=|=>|=<|==|=|<|>)\s*(.*)", re.DOTALL)
_MISTAKEN = {"==": "=", "=>": ">=", "=<": "<=", "<>": "!="}
_ORDERED = {"<": Op.LESS, "<=": Op.AT_MOST, ">": Op.MORE, ">=": Op.AT_LEAST}
_RANGE = re.compile(r"(.+?)\s*\.\.\s*(.+)")
_Read = Callable[[object, Path], Condition]


def parse(value: object, fields: Mapping[str, FieldType] = FIELDS) -> Condition:
    """The condition that a mapping from a rule file says: {} always holds, a list means any of.

    Raises Misfit with every mistake in it, each at its own path.
    """
    reader = _Reader(fields)
    condition = reader.condition(value, ())
    if reader.faults:
        raise Misfit(*reader.faults)
    return condition


class _Reader:
    """Reads to the end whatever it meets, so that all mistakes are told at once."""

    def __init__(self, fields: Mapping[str, FieldType]) -> None:
        self._fields = fields
        self.faults: list[Fault] = []

    def condition(self, value: object, path: Path) -> Condition:
        """The condition that a value says, ALWAYS where it says none."""
        if isinstance(value, Condition):
            return value
        if isinstance(value, list | tuple):
            return self._nested("any", value, path, self.condition)
        if not isinstance(value, Mapping):
            return self._fault(path, "a condition is a mapping, like {kind: reply}", "write {} for always")
        return _all([self._entry(str(key), item, (*path, key)) for key, item in value.items()])

    def _fault(self, path: Path, message: str, hint: str, *, at_key: bool = False) -> Condition:
        self.faults.append(Fault(path, message, hint, at_key))
        return ALWAYS

    def _entry(self, key: str, value: object, path: Path) -> Condition:
        if key in _NESTING:
            return self._nested(key, value, path, self.condition)
        if key == "anchors" and isinstance(value, Mapping) and value:
            return _all([self._field(f"anchors.{name}", item, (*path, name)) for name, item in value.items()])
        return self._field(key, value, path)

    def _nested(self, word: str, value: object, path: Path, read: _Read) -> Condition:
        if word == "not":
            return Not(read(value, path))
        if not isinstance(value, list | tuple):
            return self._fault(path, f"{word} needs a list", "put each condition on its own line, after a dash")
        if not value:
            return self._fault(path, "this list is empty", "write what may hold, or leave the key out")
        parts = tuple(read(item, (*path, index)) for index, item in enumerate(value))
        return All(parts) if word == "all" else Any(parts)

    def _field(self, name: str, value: object, path: Path) -> Condition:
        kind = FieldType.DATE if _ANCHOR.fullmatch(name) else self._fields.get(name)
        if kind is not None:
            return self._value(name, kind, value, path)
        if name in FIELDS:
            message = f"{name} is known only once a deadline is counted, so it cannot choose a rule"
            return self._fault(path, message, self._allowed(), at_key=True)
        hint = f"{close(name, [*self._fields, *_NESTING])} {self._allowed()}".strip()
        return self._fault(path, f"{name!r} is not known here", hint, at_key=True)

    def _allowed(self) -> str:
        return f"allowed: {', '.join([*self._fields, 'anchors.<name>', *_NESTING])}"

    def _value(self, name: str, kind: FieldType, value: object, path: Path) -> Condition:
        read = partial(self._value, name, kind)
        if isinstance(value, Mapping) and value:
            return _all([self._value_word(str(word), item, (*path, word), read) for word, item in value.items()])
        if not isinstance(value, list | tuple):
            return Test(name, (self._want(name, kind, value, path),))
        if not value or any(isinstance(item, Mapping | list | tuple) for item in value):
            return self._nested("any", value, path, read)
        wants = tuple(self._want(name, kind, item, (*path, index)) for index, item in enumerate(value))
        return self._one_of(name, wants, path)

    def _value_word(self, word: str, value: object, path: Path, read: _Read) -> Condition:
        if word in _NESTING:
            return self._nested(word, value, path, read)
        return self._fault(path, f"{word!r} is not known here", f"allowed: {', '.join(_NESTING)}", at_key=True)

    def _one_of(self, name: str, wants: tuple[Want, ...], path: Path) -> Condition:
        """The test, unless it is one that almost everything passes: `!= a` or `!= b` is both."""
        if len(wants) > 1 and any(want.negated for want in wants):
            return self._fault(
                path, "a list means any of, and != does not belong in it", f"write {name}: {{not: [a, b]}}"
            )
        return Test(name, wants)

    def _want(self, name: str, kind: FieldType, value: object, path: Path) -> Want:
        try:
            return _want(name, kind, value)
        except Misfit as misfit:
            self.faults += [fault._replace(path=(*path, *fault.path)) for fault in misfit.faults]
            return Want(Op.PRESENT)


def _all(parts: Sequence[Condition]) -> Condition:
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _misfit(message: str, hint: str) -> Misfit:
    return Misfit(Fault((), message, hint))


def _want(name: str, kind: FieldType, value: object) -> Want:
    """What a single value asks of a field. Raises Misfit where it asks nothing that can be."""
    if value in (None, "", {}):
        raise _misfit(f"{name} is empty", "write a value, or present, or absent")
    if value in (Op.PRESENT.value, Op.ABSENT.value):
        return Want(Op(value))
    sign, rest = _signed(value)
    if sign in _MISTAKEN:
        raise _misfit(f"{sign} does not compare", f'write "{_MISTAKEN[sign]} {rest}"')
    return _READ[kind](name, sign, rest)


def _signed(value: object) -> tuple[str, object]:
    match = _SIGN.fullmatch(value) if isinstance(value, str) else None
    return (match[1], match[2]) if match else ("", value)


def _flag(name: str, sign: str, value: object) -> Want:
    if sign or not isinstance(value, bool):
        raise _misfit(f"{name} must be true or false, not {_quoted(value)}", "write true or false, without quotes")
    return Want(Op.IS, value)


def _text(name: str, sign: str, value: object) -> Want:
    text = _unordered(name, sign, value)
    words, spelling = WORDS.get(name), _SPELLING.get(name)
    if words and text not in words:
        raise _misfit(f"{name} is one of {', '.join(words)}; not {text!r}", close(text, words))
    if spelling and not spelling.fullmatch(text):
        raise _misfit(f"{name} may not be written {text!r}", "use small letters, digits, - and _")
    return Want(Op.IS, text, negated=sign == "!=")


def _party(name: str, sign: str, value: object) -> Want:
    text = _unordered(name, sign, value)
    if not _PARTY.fullmatch(text):
        raise _misfit(f"{name} may not be written {text!r}", "use small letters, digits and . _ - between slashes")
    return Want(Op.WITHIN, text, negated=sign == "!=")


def _unordered(name: str, sign: str, value: object) -> str:
    if not isinstance(value, str):
        raise _misfit(f"{name} must be text, not {_quoted(value)}", f'write "{value}" in quotes')
    if sign in _ORDERED:
        raise _misfit(f"{name} is text: nothing is {sign} it", f'write "= {sign} {value}" if it begins with {sign}')
    if not value:
        raise _misfit(f"nothing follows {sign}", f'write "{sign} …"')
    return value


def _number(name: str, sign: str, value: object) -> Want:
    return _ordered(name, sign, value, _whole)


def _date(name: str, sign: str, value: object) -> Want:
    return _ordered(name, sign, value, _days)


_Span = tuple[int, int] | tuple[date, date]


def _ordered(name: str, sign: str, value: object, read: Callable[[str, object], _Span]) -> Want:
    """What is asked of a number or a date; a date half known is all its days: `> 2018` is after its last."""
    between = _RANGE.fullmatch(value) if isinstance(value, str) and sign in {"", "=", "!="} else None
    low, high = (read(name, between[1])[0], read(name, between[2])[1]) if between else read(name, value)
    if sign in _ORDERED:
        return Want(_ORDERED[sign], high if sign in {">", "<="} else low)
    if operator.gt(low, high):
        raise _misfit(f"{value} ends before it begins", f'write "{high} .. {low}"')
    if low == high:
        return Want(Op.IS, low, negated=sign == "!=")
    return Want(Op.BETWEEN, low, high, negated=sign == "!=")


def _whole(name: str, value: object) -> tuple[int, int]:
    text = str(value)
    if isinstance(value, bool | date) or not re.fullmatch(r"[+-]?[0-9]{1,15}", text):
        raise _misfit(f"{name} must be a whole number, not {_quoted(value)}", 'write 30, "> 30" or "2 .. 5"')
    return int(text), int(text)


def _days(name: str, value: object) -> tuple[date, date]:
    try:
        window = Window.parse(value)
    except NotADateError as error:
        message, _, hint = str(error).partition("; write ")
        raise _misfit(f"{name}: {message}", f"write {hint}") from error
    return window.earliest, window.latest


def _quoted(value: object) -> str:
    return repr(value) if isinstance(value, str) else shown(typing.cast("Value", value))


_READ: Mapping[FieldType, Callable[[str, str, object], Want]] = {
    FieldType.PARTY: _party,
    FieldType.TEXT: _text,
    FieldType.NUMBER: _number,
    FieldType.DATE: _date,
    FieldType.FLAG: _flag,
}
