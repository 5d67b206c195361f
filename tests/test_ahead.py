"""What comes next, where nothing is said of days on which nobody would notice anything."""

from datetime import date

import pytest
from test_backtest import fulfilled, record

from engine.answers.next_changes import turns
from engine.assessment.assess import Assessor
from engine.matching.matcher import matcher
from rules.calendars.calendar import Calendars
from rules.pack import book as rule_book

LADDER = "{remind: [1 week before], overdue: {first: 1 day after, every: 1 week, at_most: 3}}"
PACK = """
pack: p
title: A pack
rules:
  - {{id: r, title: R, when: {{}}, force: {force}, due: 4 weeks after letter, notices: {ladder}}}
"""


@pytest.fixture
def assessor(tmp_path):
    def ask(force):
        file = tmp_path / "p.yaml"
        file.write_text(PACK.format(force=force, ladder=LADDER))
        book, problems = rule_book.load([file], Calendars())
        assert problems == ()
        rules = {name: item.rule.condition for name, item in book.rules.items()}
        return Assessor(book, Calendars(), matcher(rules, "reference"), "UTC")

    return ask


def told(found):
    return [(str(turn.day), turn.before.value, turn.after.value, len(turn.notices)) for turn in found]


def test_the_turns_of_a_binding_promise(assessor):
    assert told(turns(assessor("binding"), record("A"), date(2018, 7, 20))) == [
        ("2018-08-03", "pending", "due_soon", 1),
        ("2018-08-10", "due_soon", "due_today", 0),
        ("2018-08-11", "due_today", "overdue", 1),
        ("2018-08-18", "overdue", "overdue", 1),
        ("2018-08-25", "overdue", "overdue", 1),
    ]


def test_days_that_change_nothing_for_what_is_awaited_are_passed_over(assessor):
    """Its ladder goes on for two weeks, and is not told of: it cannot be overdue."""
    assert told(turns(assessor("expected"), record("A"), date(2018, 8, 10))) == [
        ("2018-08-11", "due_today", "awaited", 0)
    ]


def test_turns_end_where_they_are_told_to_and_what_is_settled_has_none(assessor):
    assert told(turns(assessor("binding"), record("A"), date(2018, 8, 10), date(2018, 8, 11))) == [
        ("2018-08-11", "due_today", "overdue", 1)
    ]
    assert told(turns(assessor("binding"), record("A", fulfilled(date(2018, 8, 1))), date(2018, 8, 10))) == []


def test_what_was_not_made_yet_has_no_turns(assessor):
    assert told(turns(assessor("binding"), record("A"), date(2018, 7, 1))) == []
