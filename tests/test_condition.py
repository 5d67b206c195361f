"""What rules may ask: every form of it, what it means where something is not known, and what is said of mistakes."""

from datetime import date
from random import Random

import pytest
import sample_conditions
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from commitments.model.commitment import Frozen
from commitments.reading.source import Fault, Misfit, check
from commitments.reading.source import parse as read_yaml
from rules.conditions import condition
from rules.conditions.condition import (
    ALWAYS,
    All,
    Check,
    Condition,
    Not,
    describe,
    holds,
    parse,
    trace,
)

LETTER = {
    "id": "34964-B",
    "kind": "reply",
    "title": "Reply on the Global Compact",
    "by": ("nl/regering/staatssecretaris-jv",),
    "to": ("nl/eerste-kamer/ia-jbz", "un/unhcr"),
    "force": "requested",
    "dossier": "34 964",
    "parent": None,
    "made": date(2018, 7, 13),
    "anchors.letter": date(2018, 7, 13),
    "days_late": 20,
    "partly": False,
    "status": "overdue",
}

# ------------------------------------------------------------------------------------------------- meaning

MEANINGS = [
    ({}, True),  # nothing asked: always
    ({"kind": "reply"}, True),
    ({"kind": "report"}, False),
    ({"kind": "reply", "force": "binding"}, False),  # every key must hold
    ({"kind": ["report", "reply"]}, True),  # a list means any of
    ([{"kind": "report"}, {"force": "requested"}], True),  # so does a list of conditions
    ({"kind": "!= pledge"}, True),
    ({"kind": "!= reply"}, False),
    ({"title": "= Reply on the Global Compact"}, True),  # = for what would read as something else
    ({"to": "nl/eerste-kamer"}, True),  # a chamber has its committees
    ({"to": "nl/eerste-kamer/ia-jbz"}, True),
    ({"to": "nl/eerste-kamer/ia-jbz/sub"}, False),  # a committee has not its chamber
    ({"to": "nl/eerste"}, False),  # and half a name is nobody
    ({"to": "un"}, True),  # one of several parties suffices
    ({"to": "!= un"}, False),  # and none of them may be what is not wanted
    ({"to": "!= nl/tweede-kamer"}, True),
    ({"to": ["nl/tweede-kamer", "un"]}, True),
    ({"days_late": 20}, True),
    ({"days_late": "> 20"}, False),
    ({"days_late": ">= 20"}, True),
    ({"days_late": "< 20"}, False),
    ({"days_late": "<= 20"}, True),
    ({"days_late": "20 .. 30"}, True),  # both ends count
    ({"days_late": "10 .. 20"}, True),
    ({"days_late": "21 .. 30"}, False),
    ({"days_late": "!= 10 .. 20"}, False),
    ({"days_late": ["> 30", 20]}, True),
    ({"made": date(2018, 7, 13)}, True),
    ({"made": "2018-07-13"}, True),
    ({"made": 2018}, True),  # a year is all its days
    ({"made": "2018-Q3"}, True),
    ({"made": "!= 2018-07"}, False),
    ({"made": "> 2018"}, False),  # after its last day
    ({"made": "> 2018-07"}, False),
    ({"made": ">= 2018-07"}, True),  # from its first
    ({"made": "< 2018-07"}, False),
    ({"made": "<= 2018-07"}, True),
    ({"made": "2017 .. 2018-07"}, True),
    ({"anchors.letter": "present"}, True),
    ({"anchors": {"letter": "2018-07", "received": "absent"}}, True),  # as the register writes anchors
    ({"partly": False}, True),
    ({"partly": True}, False),
    ({"status": ["overdue", "awaited"]}, True),
    ({"not": {"kind": "pledge"}}, True),
    ({"not": {"kind": "reply", "force": "binding"}}, True),  # not both
    ({"not": [{"kind": "reply"}, {"force": "binding"}]}, False),  # not any
    ({"kind": {"not": ["pledge", "question"]}}, True),
    ({"made": {"all": ["> 2018-06", "< 2018-08"]}}, True),
    ({"kind": {"any": ["pledge", {"not": "question"}]}}, True),
    ({"any": [{"kind": "pledge"}, {"all": [{"kind": "reply"}, {"to": "un"}]}]}, True),
    ({"all": [{"kind": "reply"}, {"kind": "report"}]}, False),
    ({"kind": "reply", "any": [{"to": "fr"}, {"to": "de"}]}, False),
]


@pytest.mark.parametrize(("value", "expected"), MEANINGS, ids=[str(value) for value, _ in MEANINGS])
def test_a_condition_means_what_it_says(value, expected):
    assert holds(parse(value), LETTER) is expected


UNKNOWN = [
    ({"kind": "reply"}, False),  # a test of what is not known is not met
    ({"kind": "!= reply"}, False),  # whatever it asks
    ({"not": {"kind": "reply"}}, True),  # so that not of it is
    ({"days_late": "< 5"}, False),
    ({"not": {"days_late": "< 5"}}, True),
    ({"partly": False}, False),
    ({"to": "!= un"}, False),
    ({"kind": "absent"}, True),
    ({"kind": "present"}, False),
    ({"kind": {"not": "present"}}, True),
    ({"days_late": ["absent", "> 5"]}, True),  # not known, or more than five
]


@pytest.mark.parametrize("nothing", [{}, dict.fromkeys(LETTER), dict.fromkeys(LETTER, ""), dict.fromkeys(LETTER, ())])
@pytest.mark.parametrize(("value", "expected"), UNKNOWN, ids=[str(value) for value, _ in UNKNOWN])
def test_what_is_not_known_meets_no_test(value, expected, nothing):
    assert holds(parse(value), nothing) is expected


def test_no_and_zero_are_something():
    assert holds(parse({"partly": "present", "days_late": "present"}), {"partly": False, "days_late": 0})


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False))
def test_not_turns_every_condition_round(random: Random):
    condition, facts = parse(sample_conditions.written(random)), sample_conditions.facts(random)
    assert holds(Not(condition), facts) is not holds(condition, facts)


# ------------------------------------------------------------------------------------------------- mistakes

ALLOWED = "allowed: id, kind, title, by, to, force, dossier, parent, cycle, made, status, partly, days_late"
ALLOWED += ", anchors.<name>, all, any, not"
DATES = "write 2027-12-13, 2027-12, 2025-Q1, 2027 or 2027-12-13/2027-12-19"
LATE = 'write 30, "> 30" or "2 .. 5"'

MISTAKES = [
    # a key that is not known, with the one that was meant
    ({"knd": "reply"}, Fault(("knd",), "'knd' is not known here", f"did you mean kind? {ALLOWED}", at_key=True)),
    ({"letter": 2018}, Fault(("letter",), "'letter' is not known here", ALLOWED, at_key=True)),
    ({"anchors": {}}, Fault(("anchors",), "'anchors' is not known here", ALLOWED, at_key=True)),
    ({"kind": {"nt": "a"}}, Fault(("kind", "nt"), "'nt' is not known here", "allowed: all, any, not", at_key=True)),
    # something else than a condition
    ("reply", Fault((), "a condition is a mapping, like {kind: reply}", "write {} for always")),
    (None, Fault((), "a condition is a mapping, like {kind: reply}", "write {} for always")),
    ({"any": {"kind": "a"}}, Fault(("any",), "any needs a list", "put each condition on its own line, after a dash")),
    ({"any": []}, Fault(("any",), "this list is empty", "write what may hold, or leave the key out")),
    ({"kind": []}, Fault(("kind",), "this list is empty", "write what may hold, or leave the key out")),
    ({"kind": None}, Fault(("kind",), "kind is empty", "write a value, or present, or absent")),
    ({"kind": {}}, Fault(("kind",), "kind is empty", "write a value, or present, or absent")),
    # a list of which almost everything is one
    (
        {"kind": ["!= a", "!= b"]},
        Fault(("kind",), "a list means any of, and != does not belong in it", "write kind: {not: [a, b]}"),
    ),
    # a word that is none of the few there are
    (
        {"force": "bindng"},
        Fault(
            ("force",),
            "force is one of binding, requested, expected, voluntary; not 'bindng'",
            "did you mean binding?",
        ),
    ),
    ({"kind": "Reply"}, Fault(("kind",), "kind may not be written 'Reply'", "use small letters, digits, - and _")),
    (
        {"to": ["un", "NL/EK"]},
        Fault(("to", 1), "to may not be written 'NL/EK'", "use small letters, digits and . _ - between slashes"),
    ),
    # the wrong kind of value
    ({"dossier": 34964}, Fault(("dossier",), "dossier must be text, not 34964", 'write "34964" in quotes')),
    ({"days_late": "many"}, Fault(("days_late",), "days_late must be a whole number, not 'many'", LATE)),
    ({"days_late": 1.5}, Fault(("days_late",), "days_late must be a whole number, not 1.5", LATE)),
    ({"days_late": True}, Fault(("days_late",), "days_late must be a whole number, not true", LATE)),
    ({"days_late": "> 1e16"}, Fault(("days_late",), "days_late must be a whole number, not '1e16'", LATE)),
    ({"days_late": 2**64}, Fault(("days_late",), "days_late must be a whole number, not 18446744073709551616", LATE)),
    (
        {"partly": "true"},
        Fault(("partly",), "partly must be true or false, not 'true'", "write true or false, without quotes"),
    ),
    (
        {"made": "< 2018-02-30"},
        Fault(("made",), "made: '2018-02-30' is not a date: February 2018 has 28 days", DATES),
    ),
    # a comparison that there is not, or that says nothing
    (
        {"title": "< Z"},
        Fault(("title",), "title is text: nothing is < it", 'write "= < Z" if it begins with <'),
    ),
    ({"days_late": "=> 3"}, Fault(("days_late",), "=> does not compare", 'write ">= 3"')),
    ({"kind": "== reply"}, Fault(("kind",), "== does not compare", 'write "= reply"')),
    ({"kind": "!="}, Fault(("kind",), "nothing follows !=", 'write "!= …"')),
    ({"days_late": "5 .. 2"}, Fault(("days_late",), "5 .. 2 ends before it begins", 'write "2 .. 5"')),
]


@pytest.mark.parametrize(("value", "fault"), MISTAKES, ids=[str(value) for value, _ in MISTAKES])
def test_a_mistake_has_its_place_a_sentence_and_a_way_out(value, fault):
    with pytest.raises(Misfit) as caught:
        parse(value)
    assert caught.value.faults == (fault,)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(Misfit) as caught:
        parse({"knd": "a", "any": [{"to": "NL"}, {"not": {"made": "soon"}}]})
    assert [fault.path for fault in caught.value.faults] == [("knd",), ("any", 0, "to"), ("any", 1, "not", "made")]


class Asking(Frozen):
    when: Condition


def test_in_a_file_each_mistake_stands_under_its_own_word():
    document, problems = read_yaml("when:\n  kind: reply\n  to: [un, NL]\n  status: overdue\n", "x.yaml")
    asking, faults = check(Asking, document)
    assert (asking, problems) == (None, ())
    assert (
        "\n".join(str(fault) for fault in faults)
        == """\
x.yaml:3:12: when.to[1]: to may not be written 'NL'
  3 |   to: [un, NL]
    |            ^
  hint: use small letters, digits and . _ - between slashes
x.yaml:4:3: when.status: status is known only once a deadline is counted, so it cannot choose a rule
  4 |   status: overdue
    |   ^
  hint: allowed: id, kind, title, by, to, force, dossier, parent, cycle, made, anchors.<name>, all, any, not"""
    )


def test_a_model_holds_the_condition_and_writes_it_as_a_line():
    asking = Asking.model_validate({"when": {"kind": "reply", "to": "un"}})
    assert asking.when == parse({"kind": "reply", "to": "un"})
    assert asking.model_dump() == {"when": "kind is reply and to is within un"}
    assert Asking(when=asking.when) == asking


def test_the_schema_for_editors_lists_what_may_be_asked():
    schema = TypeAdapter(Condition).json_schema()
    mapping = schema["anyOf"][0]
    assert list(mapping["properties"]) == [*condition.SELECTING, "all", "any", "not", "anchors"]
    assert mapping["additionalProperties"] is False


# ------------------------------------------------------------------------------------------------- words

LINES = [
    ({}, "always"),
    ({"kind": "reply", "to": "nl/eerste-kamer"}, "kind is reply and to is within nl/eerste-kamer"),
    ({"kind": ["reply", "report"]}, "kind is one of reply, report"),
    ({"days_late": "> 30"}, "days_late is more than 30"),
    ({"days_late": ["< 3", ">= 30"]}, "days_late is one of less than 3, at least 30"),
    ({"days_late": "2 .. 5"}, "days_late is from 2 to 5"),
    ({"made": "<= 2018"}, "made is on or before 2018-12-31"),
    ({"made": "> 2018-07"}, "made is after 2018-07-31"),
    ({"made": ">= 2018-07"}, "made is on or after 2018-07-01"),
    ({"made": "< 2018"}, "made is before 2018-01-01"),
    ({"made": "!= 2018-07"}, "made is not from 2018-07-01 to 2018-07-31"),
    ({"partly": True, "parent": "absent"}, "partly is true and parent is absent"),
    ({"not": {"kind": "!= pledge"}}, "not (kind is not pledge)"),
    ({"kind": "a", "any": [{"to": "b"}, {"to": "c"}]}, "kind is a and (to is within b or to is within c)"),
]


@pytest.mark.parametrize(("value", "line"), LINES, ids=[line for _, line in LINES])
def test_a_condition_in_one_line(value, line):
    assert describe(parse(value)) == line


def test_what_a_rule_asks_less_what_it_excepts_in_one_line():
    assert describe(All((parse({"kind": "reply"}), Not(ALWAYS)))) == "kind is reply and not (always)"


def test_the_trace_tells_of_each_test_what_it_wanted_and_what_it_got():
    asked = parse(
        {"kind": ["reply", "report"], "any": [{"to": "un"}, {"made": "> 2018"}], "not": {"parent": "present"}}
    )
    assert trace(asked, LETTER) == (
        Check(path="kind", field="kind", wanted="one of reply, report", got="reply", held=True, depth=0),
        Check(
            path="any[0].to",
            field="to",
            wanted="within un",
            got="nl/eerste-kamer/ia-jbz, un/unhcr",
            held=True,
            depth=1,
        ),
        Check(path="any[1].made", field="made", wanted="after 2018-12-31", got="2018-07-13", held=False, depth=1),
        Check(path="not.parent", field="parent", wanted="not present", got="nothing", held=True, depth=1),
    )


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False))
def test_where_every_check_helps_the_condition_holds_and_where_none_does_it_does_not(random: Random):
    asked, facts = parse(sample_conditions.written(random)), sample_conditions.facts(random)
    checks = trace(asked, facts)
    assert len(checks) == len(list(condition.tests(asked)))
    assume(checks and "always" not in describe(asked))
    if all(check.held for check in checks):
        assert holds(asked, facts)
    if not any(check.held for check in checks):
        assert not holds(asked, facts)
