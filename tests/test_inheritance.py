"""Packs that extend others, values that have a name and change on a date, and what readers are told beside a date."""

from datetime import UTC, date, datetime

import pytest
from test_obligations import assessor, record

from notifications.content.digest import Reader, compose
from notifications.content.notice import Item
from notifications.content.render import render
from rules.calendars.calendar import Calendars
from rules.pack import book

BASE = """
pack: base
title: The base
language: nl
timezone: Europe/Amsterdam
parties: {nl/a: A}
notices: {remind: [5 days before], overdue: 1 day after}
rules:
  - {id: question, title: Three weeks, when: {kind: question}, due: 3 weeks after received}
  - {id: reply, title: Four weeks, when: {kind: reply}, due: 4 weeks after letter}
"""
HEIR = """
pack: heir
title: The heir
extends: base
parties: {nl/b: B}
rules:
  - {id: question, title: Two weeks, when: {kind: question}, due: 2 weeks after received}
  - {id: urgent, title: One, when: {dossier: urgent}, exception_of: question, due: 1 week after received}
"""


def load(tmp_path, **files):
    paths = []
    for name, text in files.items():
        paths.append(tmp_path / f"{name}.yaml")
        paths[-1].write_text(text)
    return book.load(paths, Calendars())


def said(problems):
    return [f"{problem.line}: {problem.message}" for problem in problems]


def test_an_heir_takes_over_what_it_does_not_say_itself(tmp_path):
    made, problems = load(tmp_path, base=BASE, heir=HEIR)
    assert problems == ()
    # the base is in use through its heir only: no rule counts twice
    assert list(made.rules) == ["heir/question", "heir/reply", "heir/urgent"]
    assert [str(rule.rule.due.periods[0]) for rule in made.rules.values()] == ["2 weeks", "4 weeks", "1 week"]
    heir = made.packs[0].pack
    assert (heir.language, heir.timezone, heir.parties) == ("nl", "Europe/Amsterdam", {"nl/a": "A", "nl/b": "B"})
    assert str(heir.notices.remind[0].at) == "5 days before"


def test_a_pack_that_ships_can_be_extended_without_being_in_use(tmp_path):
    mine = "pack: mine\ntitle: Mine\nextends: nl-eerste-kamer\nrules: []\n"
    made, problems = load(tmp_path, mine=mine)
    assert problems == ()
    assert "mine/reply-four-weeks" in made.rules


def test_a_change_in_the_base_changes_the_hash_of_the_heir(tmp_path):
    before, _ = load(tmp_path, base=BASE, heir=HEIR)
    after, _ = load(tmp_path, base=BASE.replace("4 weeks", "5 weeks"), heir=HEIR)
    assert before.hash != after.hash


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"heir": HEIR}, ["4: there is no pack base"]),
        (
            {"base": f"{BASE}extends: heir\n", "heir": HEIR},
            [
                "11: base extends heir extends base: that goes round in a circle",
                "4: heir extends base extends heir: that goes round in a circle",
            ],
        ),
        (
            {"base": BASE, "heir": HEIR.replace("exception_of: question", "exception_of: questoin")},
            ["8: there is no other rule questoin in this pack"],
        ),
    ],
)
def test_what_cannot_be_extended_is_told_at_its_place(tmp_path, files, expected):
    assert said(load(tmp_path, **files)[1]) == expected


PARAMETERS = """
pack: named
title: Values with a name
parameters:
  term:
    - {from: 2010-01-01, value: 2 weeks}
    - {from: 2020-01-01, value: 3 weeks}
  reminder: 5 days before
rules:
  - id: question
    title: Within $term
    when: {kind: question}
    due: {period: $term, after: received}
    notices: {remind: [$reminder]}
    tests:
      - {name: under the new law, given: {kind: question, received: 2020-01-01}, expect: {due: 2020-01-22}}
"""


@pytest.mark.parametrize(
    ("received", "rule", "due"),
    [
        ("2020-01-01", "named/question", "2020-01-22"),
        ("2019-12-31", "named/question-until-2019-12-31", "2020-01-14"),
        ("2009-12-31", "", "None"),  # before the first value there was no such law
    ],
)
def test_a_value_counts_from_its_day_on(received, rule, due):
    standing = assessor(PARAMETERS).on(record(anchors={"received": received}), date(2020, 2, 1)).standing
    assert (standing.rule if rule else "", str(standing.current)) == (rule, due)


def test_a_value_stands_in_the_title_and_the_ladder_too():
    rule = assessor(PARAMETERS).book.rules["named/question-until-2019-12-31"].rule
    assert (rule.title, str(rule.notices.remind[0].at), str(rule.valid)) == (
        "Within 2 weeks",
        "5 days before",
        "from 2010-01-01 to 2019-12-31",
    )
    assert rule.tests == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("period: $term", "period: $trem", "13: $trem is no parameter of this pack"),
        ("{from: 2020-01-01, value: 3 weeks}", "{value: 3 weeks}", "6: the values of term must each have a day"),
        ("value: 3 weeks", "value: 3 wekken", "13: 'wekken' is not a unit of time"),
    ],
)
def test_a_parameter_that_is_wrong_is_told_at_its_place(tmp_path, old, new, expected):
    (problem,) = said(load(tmp_path, named=PARAMETERS.replace(old, new))[1])
    assert problem.startswith(expected)


def test_what_a_rule_says_to_its_readers_stands_in_their_digest_in_their_language():
    text = BASE.replace("due: 3 weeks after received}", "due: 3 weeks after received, message: {en: Call the Speaker}}")
    found = assessor(text).on(record(anchors={"received": "2024-12-20"}), date(2025, 1, 20))
    item = Item(
        commitment=found.record.commitment,
        standing=found.standing,
        notice=found.notices[0],
        reason=found.governing.basis,
    )
    shown = {}
    for language in ("en", "nl"):
        reader = Reader(name="A", address="a@example.org", language=language, timezone="UTC")
        slot = datetime(2025, 1, 20, 8, tzinfo=UTC)
        shown[language] = render(compose(reader, [item], slot=slot, covers_from=None, head="#1"))
    assert "Call the Speaker" in shown["en"].text
    assert "Call the Speaker" in shown["en"].html
    assert "Call the Speaker" not in shown["nl"].text
