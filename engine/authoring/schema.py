"""Rule files, their tests, calendars, registers and settings as JSON Schema, for editors: made from the models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import BeforeValidatorFunctionSchema, TaggedUnionSchema

from commitments.exchange.written import LooseEvent, WrittenCommitment
from commitments.model.commitment import Frozen, as_list
from engine.workspace.settings import Settings
from rules.calendars.calendar import CalendarFile
from rules.counting.due import listed
from rules.pack.pack import Pack
from rules.pack.situation import SituationFile

ADDRESS = "https://raw.githubusercontent.com/gestand/gestand/main/docs/schema/{name}.schema.json"
"""Where each schema is to be found, which is what it is called by ($id)."""
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


class RegisterFile(Frozen):
    """A register file: commitments with what befell them, and events of commitments that the register has already."""

    commitments: tuple[WrittenCommitment, ...] = ()
    events: tuple[LooseEvent, ...] = ()


MODELS: Mapping[str, type[BaseModel]] = {
    "pack": Pack,
    "tests": SituationFile,
    "calendar": CalendarFile,
    "register": RegisterFile,
    "settings": Settings,
}
"""What there is a schema of."""


def _text(description: str, **more: Any) -> JsonSchemaValue:  # noqa: ANN401 - whatever a schema may say
    return {"type": "string", "description": description, **more}


_POINT = r" (before|after)$|^on the day$|^\$"
_DAY = _text("2018-07-13", format="date", pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
_YEARLY = _text("a day of every year: 12-25", pattern="^[0-9]{2}-[0-9]{2}$")
_WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_OFTEN = {"type": ["string", "integer"], "description": "a date, known or half known"}
_HOLIDAYS = {
    "anyOf": [
        {"type": "array", "items": {"$ref": "#/$defs/Holiday"}},
        {"type": "object", "additionalProperties": _text("its name"), "description": "the name of each date"},
    ]
}

SHORT_FORMS: Mapping[str, JsonSchemaValue] = {
    "Due": _text("4 weeks after letter; or stated: only the date counts that the commitment itself names"),
    "Item": _text("4 weeks, 20 working days, 2 months, 72 hours"),
    "Reminder": _text("2 weeks before, on the day", pattern=_POINT),
    "Overdue": _text("1 day after", pattern=r" after$|^\$"),
    "Distance": _text("2 years after grf", pattern=" (before|after) "),
    "StatedDue": _OFTEN,
    "Holiday": _DAY,
    "Span": {"anyOf": [_DAY, _YEARLY]},
}
"""What a model may be written as besides the mapping that it is."""

WRITTEN: Mapping[tuple[str, str], JsonSchemaValue] = {
    ("CalendarFile", "weekend"): {"type": "array", "items": {"enum": _WEEKDAYS}},
    ("CalendarData", "weekend"): {"type": "array", "items": {"enum": _WEEKDAYS}},
    ("CalendarFile", "holidays"): _HOLIDAYS,
    ("CalendarData", "holidays"): _HOLIDAYS,
    ("Span", "from"): {"anyOf": [_DAY, _YEARLY]},
    ("Span", "to"): {"anyOf": [_DAY, _YEARLY]},
    ("Computed", "without"): {"type": "array", "items": {"anyOf": [_DAY, _YEARLY]}},
}
"""Values that are written otherwise than they are kept."""

HELP: Mapping[tuple[str, str], str] = {
    ("Pack", "pack"): "The name of the pack: small letters, digits and dashes.",
    ("Pack", "title"): "What the pack is about, for people.",
    ("Pack", "language"): "The language the rules are about: nl, en.",
    ("Pack", "timezone"): "Where a day begins and ends: Europe/Amsterdam. UTC where it is left out.",
    ("Pack", "version"): "A text of your own, shown with the name of the pack in every digest.",
    ("Pack", "extends"): "The pack whose rules are taken over, save those that this one says itself.",
    ("Pack", "parameters"): "Values with a name, which rules ask for as $name.",
    ("Pack", "terms"): "What the words mean that people use for dates.",
    ("Pack", "parties"): "Names of parties, by their place in the hierarchy.",
    ("Pack", "notices"): "Who hears of a deadline, where its rule does not say.",
    ("Pack", "rules"): "By when something is due, for which commitments.",
    ("Pack", "cycles"): "What comes round: a forum every four years.",
    ("Pack", "inhibit"): "Whose children nobody is told of, while it stands so.",
    ("Pack", "escalate"): "Who hears when several commitments stand alike: three overdue of one party.",
    ("Pack", "follow_up"): "Which event makes the next commitment: a letter sent owes a reply.",
    ("GroupEscalation", "same"): "What the commitments of a group have in common.",
    ("GroupEscalation", "at_least"): "How many of them it takes.",
    ("GroupEscalation", "within"): "Only those count that came to stand so within this time: 1 year.",
    ("FollowUp", "on"): "The event that makes it.",
    ("NextCommitment", "by"): "Who owes it; the word to stands for whom the first was owed to.",
    ("NextCommitment", "to"): "To whom it is owed; the word by stands for who owed the first.",
    ("NextCommitment", "anchors"): "Its dates: event, or the name of an anchor of the first.",
    ("Rule", "id"): "How the rule is called, after the name of the pack: small letters, digits and dashes.",
    ("Rule", "title"): "What the rule says, for people.",
    ("Rule", "source"): "Where it is written: document, clause, quote, url.",
    ("Rule", "valid"): "From when to when the rule is law.",
    ("Rule", "when"): "Which commitments is it about? Every line must hold; a list means any of.",
    ("Rule", "unless"): "Which commitments are left out.",
    ("Rule", "exception_of"): "The rule of this pack that this one comes before, where both apply.",
    ("Rule", "force"): "How hard such a commitment binds, where the rule decides it.",
    ("Rule", "due"): "By when? 4 weeks after letter, or a mapping with every switch of counting.",
    ("Rule", "extension"): "How much more time a delay notice gives.",
    ("Rule", "pause"): "What becomes of the deadline while the clock stands still.",
    ("Rule", "notices"): "Who hears of it, and when; the pack's notices where it is left out.",
    ("Rule", "message"): "What else a reader of the digest should know, by language.",
    ("Rule", "tests"): "How do we know that the rule says what we meant? Run by gestand test.",
    ("Ladder", "remind"): "Points before the deadline, or on the day.",
    ("Ladder", "overdue"): "When lateness is told, how often again, and how many times at most.",
    ("Ladder", "escalate"): "Points after the deadline at which someone higher is told.",
    ("Situation", "given"): "Any field of a commitment; every other name is an anchor with its date.",
    ("Situation", "events"): "What befalls it, as in a register file: {delay_notice: 2018-08-01}.",
    ("Situation", "expect"): "What holds at once.",
    ("Situation", "timeline"): "What holds at the end of certain days, while it is open.",
    ("Situation", "fulfilled"): "The day on which it is fulfilled, and what holds then.",
    ("Situation", "todo"): "Why the test is known to fail.",
    ("Expectation", "notices"): "The notices that fall on that very day; [] for none.",
    ("Expectation", "applies"): "false where the rule must leave the commitment alone.",
    ("Expectation", "days_late"): "Below zero where it was early.",
    ("Expectation", "mail"): "Texts that stand in the mail of that day, by language.",
    ("Cycle", "every"): "How often it comes round: 4 years.",
    ("Cycle", "first"): "The first date; a meeting of several days has a slash.",
    ("Cycle", "known"): "Dates that are known, by the year of the edition: they beat the counted ones.",
    ("Cycle", "precision"): "How far a counted date can be relied on.",
    ("Cycle", "derived"): "What goes with every turn of it.",
}
"""What an editor says of a key."""


def schema(name: str) -> JsonSchemaValue:
    """The JSON Schema (draft 2020-12) of one of the MODELS, short forms included."""
    model = MODELS[name]
    made = model.model_json_schema(by_alias=True, schema_generator=_Generator)
    definitions = made.pop("$defs", {}) | {model.__name__: made}
    for title, definition in definitions.items():
        _explain(title, definition)
    short = {title: _with_short_form(title, definition) for title, definition in definitions.items()}
    whole = short.pop(model.__name__)
    return {"$schema": _DRAFT, "$id": ADDRESS.format(name=name), **whole, "$defs": dict(sorted(short.items()))}


def _explain(title: str, definition: JsonSchemaValue) -> None:
    for key, value in definition.get("properties", {}).items():
        if written := WRITTEN.get((title, key)):
            value.clear()
            value.update(written)
        if told := HELP.get((title, key)):
            value["description"] = told


def _with_short_form(title: str, definition: JsonSchemaValue) -> JsonSchemaValue:
    if title not in SHORT_FORMS:
        return definition
    return {"title": title, "anyOf": [SHORT_FORMS[title], definition]}


_LISTING = (as_list, listed)
"""The validators that take one value for the list of it."""


class _Generator(GenerateJsonSchema):
    """pydantic's own, but that one value may stand for a list of one, and that keys are not their own titles."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - as pydantic has it
        return False

    def tagged_union_schema(self, schema: TaggedUnionSchema) -> JsonSchemaValue:
        """Any of its members: by their form alone a name and a day are both texts."""
        made = super().tagged_union_schema(schema)
        return {"anyOf": made["oneOf"]} if "oneOf" in made else made

    def function_before_schema(self, schema: BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        made = super().function_before_schema(schema)
        listing = schema["function"]["function"] in _LISTING
        return {"anyOf": [made["items"], made]} if listing and "items" in made else made


def texts() -> Iterator[tuple[str, str]]:
    """Every schema as the file that it is kept in: its name and its text."""
    for name in MODELS:
        yield f"{name}.schema.json", as_text(name)


def as_text(name: str) -> str:
    """The schema as it stands in its file."""
    return f"{json.dumps(schema(name), ensure_ascii=False, indent=2)}\n"
