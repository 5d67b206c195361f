"""Whether anything can be what a condition asks: the search against brute force, and what it gives up."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.conditions import condition as c
from rules.conditions.condition import (
    All,
    Any,
    Not,
    Op,
    Want,
    holds,
    parse,
)
from rules.conditions.satisfy import Search, search, values


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, {}),  # everything fits
        ({"kind": "reply"}, {"kind": "reply"}),
        ({"all": [{"kind": "reply"}, {"kind": "question"}]}, None),  # a kind is one word
        ({"all": [{"to": "a"}, {"to": "b"}]}, {"to": ("a", "b")}),  # but it may be owed to two
        ({"to": "a", "not": {"to": "a/x"}}, {"to": ("a",)}),
        ({"to": "a/x", "not": {"to": "a"}}, None),  # what is below is within
        ({"made": "> 2018-01-01", "not": {"made": ">= 2018-01-02"}}, None),  # no day lies between
        ({"made": "> 2018-01-01", "not": {"made": ">= 2018-01-03"}}, {"made": date(2018, 1, 2)}),
        ({"force": {"not": ["binding", "requested", "expected", "voluntary"]}}, None),  # these are all there are
        ({"kind": "absent"}, None),  # every commitment has a kind
        ({"dossier": "absent"}, {"dossier": None}),
        ({"anchors.letter": "present"}, {"anchors.letter": date(2026, 6, 1)}),
    ],
)
def test_a_search_finds_a_commitment_or_that_there_is_none(asked, found):
    assert search(parse(asked)) == Search(found)


def test_with_one_party_each_nothing_is_owed_to_two():
    assert search(parse({"all": [{"to": "a"}, {"to": "b"}]}), several=False) == Search(None)


def test_a_search_that_would_not_end_says_so():
    choices = [{"any": [{"dossier": f"d{at}-{n}"}, {"title": f"t{at}-{n}"}]} for at, n in product(range(16), range(2))]
    assert search(parse({"all": choices})) == Search(None, complete=False)


DAYS = [date(2020, 1, day) for day in (1, 2, 4)]
TESTS = st.one_of(
    st.builds(lambda word: c.Test("kind", (Want(Op.IS, word),)), st.sampled_from(["a", "b"])),
    st.builds(
        lambda op, day: c.Test("made", (Want(op, day),)),
        st.sampled_from([Op.IS, Op.LESS, Op.AT_MOST, Op.MORE, Op.AT_LEAST]),
        st.sampled_from(DAYS),
    ),
    st.builds(lambda op: c.Test("made", (Want(op),)), st.sampled_from([Op.PRESENT, Op.ABSENT])),
    st.builds(lambda party: c.Test("to", (Want(Op.WITHIN, party),)), st.sampled_from(["p", "p/q"])),
)
CONDITIONS = st.recursive(
    TESTS,
    lambda parts: st.one_of(
        st.builds(Not, parts),
        st.builds(All, st.lists(parts, max_size=3).map(tuple)),
        st.builds(Any, st.lists(parts, max_size=3).map(tuple)),
    ),
    max_leaves=5,
)
EVERYTHING = [
    {"kind": kind, "made": made, "to": to}
    for kind in ("a", "b", "something-else")
    for made in values("made", DAYS)
    for to in values("to", ["p", "p/q"])
]


@given(CONDITIONS)
@settings(max_examples=300, deadline=None)
def test_the_search_agrees_with_trying_everything(condition):
    found = search(condition, several=False).facts
    fits = [facts for facts in EVERYTHING if holds(condition, facts)]
    assert (found is not None) == bool(fits)
    if found is not None:
        assert holds(condition, {"kind": "something-else", "made": None, "to": ("something-else",), **found})
