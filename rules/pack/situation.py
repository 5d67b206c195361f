"""The tests that rule files carry, as their authors write them: a commitment in a few words, what must come of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator
from pydantic.json_schema import WithJsonSchema

from commitments.exchange.written import WrittenEvent
from commitments.model.commitment import (
    Commitment,
    Frozen,
    Status,
    Text,
    as_list,
)
from commitments.model.dates import NotADateError, Window
from commitments.reading.fit import close, fitted
from commitments.reading.problem import Fault, Misfit
from rules.pack.names import Language

StageName = Literal["reminder", "due_today", "overdue", "escalation", "date_changed", "settled"]
"""What a notice can be; the engine makes them of the stages of a ladder and of events."""
UNSAID = {"id": "test", "title": "a test", "kind": "reply", "by": "someone", "to": "someone-else"}
"""What a commitment has that a test does not speak of."""
_FIELDS = frozenset(Commitment.model_fields)


Words = Annotated[tuple[Text, ...], BeforeValidator(as_list), Field(min_length=1)]


class Expectation(Frozen):
    """What a test expects of a commitment on a day; what it leaves out it does not look at.

    `mail` holds texts, by language, that must stand in the mail of that day.
    """

    due: Window | None = None
    original: Window | None = None
    status: Status | None = None
    notices: tuple[StageName, ...] | None = None
    days_late: int | None = None
    applies: bool | None = None
    mail: dict[Language, Words] = Field(default_factory=dict)


class Settlement(Frozen):
    """The day a test's commitment is fulfilled, and what is expected then."""

    on: date
    expect: Expectation


Given = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "description": "fields of a commitment; every other name is an anchor with its date",
            "properties": {name: {} for name in sorted(_FIELDS)},
        }
    ),
]


class Situation(Frozen):
    """A test in a pack: a commitment in a few words, what befalls it, and what the rule must make of it.

    With `todo`, the reason, it tells of a gap that is known: it may fail, and must be mended when it no longer does.
    """

    name: Annotated[str, Field(min_length=1)]
    given: Given
    events: tuple[WrittenEvent, ...] = ()
    expect: Expectation = Expectation()
    timeline: dict[date, Expectation] = Field(default_factory=dict)
    fulfilled: Settlement | None = None
    todo: Text = ""

    @field_validator("given")
    @classmethod
    def _a_commitment(cls, given: dict[str, Any]) -> dict[str, Any]:
        if faults := [*_strange(given)] or [*_unfit(given)]:
            raise Misfit(*faults)
        return given

    @cached_property
    def commitment(self) -> Commitment:
        """The commitment that is given, with something for all that is not said of it."""
        return Commitment.model_validate(_written_out(self.given))


class SituationFile(Frozen):
    """A file beside a pack (its name ends in _test.yaml): further tests, by the rule that they are of."""

    pack: str
    tests: dict[str, tuple[Situation, ...]]


def _written_out(given: dict[str, Any]) -> dict[str, Any]:
    anchors = {name: value for name, value in given.items() if name not in _FIELDS}
    fields = {name: value for name, value in given.items() if name in _FIELDS}
    return UNSAID | fields | {"anchors": anchors | dict(fields.get("anchors", {}))}


def _strange(given: dict[str, Any]) -> Iterator[Fault]:
    for name, value in given.items():
        if name not in _FIELDS and not _dated(value):
            hint = close(name, _FIELDS) or f"write {name}: 2018-07-13"
            yield Fault((name,), f"{name} is neither a field of a commitment nor a date that it has", hint, at_key=True)
    if not isinstance(given.get("anchors", {}), dict):
        yield Fault(("anchors",), "anchors must be a mapping", "write anchors: {letter: 2018-07-13}")


def _dated(value: object) -> bool:
    try:
        Window.parse(value)
    except NotADateError:
        return False
    return True


def _unfit(given: dict[str, Any]) -> Iterator[Fault]:
    """What is wrong with a field, at the place where the test has it."""
    _, faults = fitted(Commitment, _written_out(given))
    for fault in faults:
        shorthand = fault.path[:1] == ("anchors",) and "anchors" not in given
        yield fault._replace(path=fault.path[1:] if shorthand else fault.path)
