"""The JSON Schemas: up to date, fitting what ships, and knowing every short form that the models do."""

import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import BaseModel

import commitments.samples
from commitments.reading.source import read
from engine.authoring.schema import (
    ADDRESS,
    HELP,
    MODELS,
    SHORT_FORMS,
    WRITTEN,
    as_text,
    schema,
)
from rules.calendars import calendar
from rules.pack import book

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "docs" / "schema"
STARTER = ROOT / "engine" / "workspace" / "templates" / "starter"
DEMO = ROOT / "engine" / "workspace" / "templates" / "demo"
SAMPLES = Path(commitments.samples.__file__).parent
PACKS = [*book.pack_files(book.SHIPPED), *book.pack_files(STARTER / "rules"), *book.pack_files(DEMO / "rules")]
FILES = [
    *(("pack", path) for path in PACKS),
    *(("calendar", path) for path in book.pack_files(calendar.SHIPPED)),
    *(("register", path) for path in [*SAMPLES.glob("*.yaml"), *(STARTER / "commitments").glob("*.yaml")]),
    *(("settings", path) for path in (STARTER / "gestand.yaml", DEMO / "gestand.yaml")),
]


def values(path):
    """The values of a file as JSON has them: a date is a text."""
    document, problems = read(path)
    assert problems == ()
    return json.loads(json.dumps(document.value, default=str))


def complaints(name, value):
    validator = jsonschema.Draft202012Validator(schema(name))
    return [error.message for error in validator.iter_errors(value)]


@pytest.mark.parametrize("name", MODELS)
def test_a_schema_that_is_kept_is_up_to_date(name):
    kept = (SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8")
    assert kept == as_text(name), "write them anew: make docs"


@pytest.mark.parametrize("name", MODELS)
def test_a_schema_is_one_and_says_what_it_is_called(name):
    made = schema(name)
    jsonschema.Draft202012Validator.check_schema(made)
    assert made["$id"] == ADDRESS.format(name=name)
    assert made["description"]


@pytest.mark.parametrize(("name", "path"), FILES, ids=lambda value: getattr(value, "name", value))
def test_what_ships_fits_its_schema(name, path):
    assert complaints(name, values(path)) == []


@pytest.mark.parametrize("path", book.pack_files(book.SHIPPED), ids=lambda path: path.name)
def test_a_shipped_pack_tells_editors_where_its_schema_is(path):
    mark, _, place = path.read_text(encoding="utf-8").splitlines()[0].partition("=")
    assert mark == "# yaml-language-server: $schema"
    assert (path.parent / place).resolve() == SCHEMAS / "pack.schema.json"


RULE = {"id": "reply", "title": "A reply", "when": {"kind": "reply"}, "due": "4 weeks after letter"}


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        ({}, True),
        ({"due": {"period": "4 weeks", "after": "letter"}}, True),  # the long form of due
        ({"due": {"period": ["10 days", {"period": "2 months", "roll": "following"}], "after": "letter"}}, True),
        ({"due": {"period": "4 weeks", "after": "letter", "calendar": ["nl", "uk"]}}, True),
        ({"due": {"period": "8 weeks", "after": "letter", "suspend": "eu-subsidiarity"}}, True),
        (
            {
                "due": {
                    "period": "8 weeks",
                    "after": "letter",
                    "suspend": ["2018-08-01", {"from": "12-25", "to": "01-15"}],
                }
            },
            True,
        ),
        ({"due": 4}, False),
        ({"due": {"period": "4 weeks", "efter": "letter"}}, False),
        ({"notices": {"remind": ["1 week before", {"at": "on the day", "to": "owner"}]}}, True),
        ({"notices": {"remind": ["1 week"]}}, False),  # before or after what
        ({"notices": {"overdue": "1 day after"}}, True),
        ({"notices": {"overdue": {"first": "1 day after", "every": "2 weeks", "at_most": 101}}}, False),
        ({"when": [{"kind": "reply"}, {"kind": "question"}]}, True),
        ({"when": {"knd": "reply"}}, False),
        ({"when": {"anchors.letter": "present"}}, True),
        ({"force": "mandatory"}, False),
        ({"due": "$term after letter", "notices": {"remind": ["$ahead"], "overdue": "$late"}}, True),  # parameters
        ({"tests": [{"name": "a", "given": {"letter": "2018-07-13"}, "expect": {"mail": {"nl": "rappel"}}}]}, True),
        ({"tests": [{"name": "a", "given": {}, "expect": {"notices": ["remindr"]}}]}, False),
    ],
)
def test_an_editor_marks_what_the_reader_refuses(rule, fits):
    pack = {"pack": "a", "title": "A pack", "rules": [RULE | rule]}
    assert (complaints("pack", pack) == []) is fits


def models(kind=BaseModel):
    for one in kind.__subclasses__():
        yield one
        yield from models(one)


OURS = [one for one in models() if one.__module__.partition(".")[0] in {"commitments", "rules", "engine"}]


NO_SHORT_FORM = {"Pack"}  # reads nothing but a mapping, and fills its parameters in


def test_every_model_that_reads_a_short_form_has_it_in_its_schema():
    short = {
        one.__name__
        for one in OURS
        if any(item.info.mode == "before" for item in one.__pydantic_decorators__.model_validators.values())
    }
    assert short - set(SHORT_FORMS) == {"Pack"}  # which fills its parameters in, and has no short form


def test_what_is_said_of_keys_is_said_of_keys_that_there_are():
    keys = {(one.__name__, info.alias or name) for one in OURS for name, info in one.model_fields.items()}
    assert {*HELP, *WRITTEN} - keys == set()
