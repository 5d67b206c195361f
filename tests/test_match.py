"""The matcher against the reference, and against every way known to crash durable_rules or to have it answer wrongly.

The numbers A1, B1, C1… are those of the defects listed in docs/matching.md.
"""

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from random import Random

import pytest
import sample_conditions
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.matching import branches as subset
from engine.matching import matcher as match
from engine.matching.branches import (
    ForeignConditionError,
    ForeignRuleError,
    NoDiscriminatorError,
    SameHashError,
    TooManyBranchesError,
    TooManyConditionsError,
    TooManyFieldsError,
    branches,
    guard,
    guard_hashes,
    shards,
)
from engine.matching.matcher import (
    DurableFaultError,
    MatcherClosedError,
    NoDurableRulesError,
    engine_name,
    matcher,
)
from rules.conditions.condition import (
    All,
    Any,
    Not,
    holds,
    parse,
)

EVALUATIONS = int(os.environ.get("GESTAND_EVALUATIONS", "120000"))
HERE = engine_name().startswith("durable_rules")
needs_durable = pytest.mark.skipif(not HERE, reason=engine_name())
each_engine = pytest.mark.parametrize("engine", [pytest.param("durable", marks=needs_durable), "reference"])

DAY = date(2018, 7, 13)
LETTER = {"kind": "reply", "to": ("nl/eerste-kamer/ia-jbz",), "force": "requested", "dossier": "34 964"}
BOOK = {
    "four-weeks": parse({"kind": "reply", "to": "nl/eerste-kamer"}),
    "questions": parse({"kind": "question"}),
    "no-pledges": parse({"kind": "!= pledge"}),
    "everything": parse({}),
}


def oracle(conditions, facts):
    return frozenset(name for name, condition in conditions.items() if holds(condition, facts))


@pytest.fixture
def asked():
    """Asks a matcher that is closed after the test."""
    opened = []

    def ask(conditions, facts, engine="durable"):
        opened.append(matcher(conditions, engine))
        return opened[-1].applying(facts)

    yield ask
    for one in opened:
        one.close()


# ------------------------------------------------------------------------------------------------- both matchers


@each_engine
def test_the_rules_that_apply_are_those_whose_condition_holds(engine, asked):
    assert asked(BOOK, LETTER, engine) == {"four-weeks", "no-pledges", "everything"}


@each_engine
def test_of_a_commitment_nothing_is_known_of_only_what_asks_nothing_applies(engine, asked):
    assert asked(BOOK, {}, engine) == {"everything"}


@each_engine
def test_without_rules_nothing_applies(engine, asked):
    assert asked({}, LETTER, engine) == frozenset()


@each_engine
def test_rules_that_ask_the_same_all_apply(engine, asked):
    assert asked({"a": BOOK["four-weeks"], "b": BOOK["four-weeks"]}, LETTER, engine) == {"a", "b"}


@each_engine
def test_what_always_and_what_never_holds(engine, asked):
    book = {"all": All(()), "any": Any(()), "not-all": Not(All(())), "not-any": Not(Any(()))}
    assert asked(book, LETTER, engine) == {"all", "not-any"}


@each_engine
def test_what_contradicts_itself_never_holds(engine, asked):
    reply = parse({"kind": "reply"})
    assert asked({"both": All((reply, Not(reply))), "either": Any((reply, Not(reply)))}, LETTER, engine) == {"either"}


@each_engine
@settings(max_examples=100, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_any_condition_of_any_facts_is_answered_as_the_reference_does(engine, random):
    book = sample_conditions.conditions(random, random.choice([1, 3, 9]))
    chosen = matcher(book, engine)
    try:
        for _ in range(3):
            facts = sample_conditions.facts(random)
            assert chosen.applying(facts) == oracle(book, facts)
    finally:
        chosen.close()


@needs_durable
def test_in_a_long_run_there_is_not_one_difference():
    random, evaluated, differences = Random(34_964), 0, []
    while evaluated < EVALUATIONS:
        book = sample_conditions.conditions(random, random.choice([1, 5, 20, 90]))
        chosen = matcher(book, "durable")
        for facts in (sample_conditions.facts(random) for _ in range(100)):
            if chosen.applying(facts) != oracle(book, facts):
                differences.append((book, facts))
            evaluated += len(book)
        chosen.close()
    assert (evaluated >= EVALUATIONS, differences) == (True, [])


# ------------------------------------------------------------------------------------------------- choosing and closing


@needs_durable
def test_durable_rules_is_chosen_where_it_imports():
    assert type(matcher(BOOK)) is match.DurableMatcher
    assert engine_name() == "durable_rules 2.0.28"


WITHOUT = """
import sys
sys.modules["durable_rules_engine"] = None
from engine.matching.matcher import engine_name, matcher
print(type(matcher({})).__name__)
print(engine_name())
try:
    matcher({}, "durable")
except Exception as error:
    print(type(error).__name__, error, sep=": ")
"""


def test_without_durable_rules_the_reference_stands_in_and_says_why():
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    why = f"durable_rules does not import on Python {python}: "
    why += "import of durable_rules_engine halted; None in sys.modules"
    why += "; to build it, with a C compiler: CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject "
    why += "pip install --no-cache-dir --force-reinstall durable_rules"
    assert done.stdout.splitlines() == [
        "ReferenceMatcher",
        f"reference ({why})",
        f"NoDurableRulesError: {why}, or leave the choice of the matcher to Gestand",
    ]


@pytest.mark.skipif(HERE, reason="durable_rules imports here")
def test_where_durable_rules_does_not_import_it_cannot_be_asked_for():
    with pytest.raises(NoDurableRulesError):
        matcher(BOOK, "durable")


@needs_durable
def test_a_closed_matcher_is_not_asked_again():
    chosen = matcher(BOOK, "durable")
    assert chosen.applying(LETTER)
    chosen.close()
    chosen.close()
    with pytest.raises(MatcherClosedError, match="this matcher is closed and cannot be asked again"):
        chosen.applying(LETTER)


# ------------------------------------------------------------------------------------------------- limits


def flags(count, first=0):
    return [{f"f{number}": True} for number in range(first, first + count)]


def rule(*conditions):
    return {"all": [{"m": {"$and": [{"t": "c"}, *conditions]}}]}


REFUSED = [
    # A1: a join that is not an equality walks out of bounds
    (
        {"r0": {"all": [{"p": {"t": "p"}}, {"c": {"$and": [{"t": "c"}, {"$gt": {"n": {"p": "n"}}}]}}]}},
        ForeignRuleError,
        "r0 is more than a single pattern: joins, counts and priorities are not safe",
    ),
    # A2: an event in a rule of two patterns reads past its end
    (
        {"r0": {"all": [{"a": {"t": "c"}}, {"b": {"t": "c"}}]}},
        ForeignRuleError,
        "r0 is more than a single pattern: joins, counts and priorities are not safe",
    ),
    # A7: a division by nought kills the process
    (
        {"r0": rule({"$gt": {"n": {"$div": {"$l": 1, "$r": {"$m": "n"}}}}})},
        ForeignConditionError,
        "r0 asks for {'$gt': {'n': {'$div': {'$l': 1, '$r': {'$m': 'n'}}}}}: only a flag that is true or false is safe",
    ),
    # A9: 512 different first conditions never end
    (
        {f"r{number}": {"all": [{"m": {"t": f"c{number}"}}]} for number in range(512)},
        TooManyBranchesError,
        "this ruleset has 512 branches, and durable_rules is safe up to 60",
    ),
    # A10, B10: its regular expressions hang, and match what they should not
    (
        {"r0": rule({"$mt": {"title": "A*|b+"}})},
        ForeignConditionError,
        "r0 asks for {'$mt': {'title': 'A*|b+'}}: only a flag that is true or false is safe",
    ),
    # A12: a test of what is absent matches the engine's own messages, without end
    (
        {"r0": {"all": [{"m": {"$nex": {"closed": 1}}}]}},
        NoDiscriminatorError,
        "r0 does not begin with the field t: messages of durable_rules itself could match it",
    ),
    (
        {"r0": rule({"$nex": {"closed": 1}})},
        ForeignConditionError,
        "r0 asks for {'$nex': {'closed': 1}}: only a flag that is true or false is safe",
    ),
    # B1: id and sid are read from freed memory in a join
    (
        {"r0": rule({"id": "x"})},
        ForeignConditionError,
        "r0 asks for {'id': 'x'}: only a flag that is true or false is safe",
    ),
    # B2, B3: what blocks a rule is forgotten, or not seen
    (
        {"r0": {"all": [{"a": {"t": "c"}}, {"b$not": {"t": "block"}}]}},
        ForeignRuleError,
        "r0 is more than a single pattern: joins, counts and priorities are not safe",
    ),
    # B4, B5: alternatives are mixed up with joins, or fire once each
    (
        {"r0": rule({"$or": [{"f0": True}, {"f1": True}]})},
        ForeignConditionError,
        "r0 asks for {'$or': [{'f0': True}, {'f1': True}]}: only a flag that is true or false is safe",
    ),
    # B6: text is put in the wrong order
    (
        {"r0": rule({"$lt": {"title": "Ministry of X"}})},
        ForeignConditionError,
        "r0 asks for {'$lt': {'title': 'Ministry of X'}}: only a flag that is true or false is safe",
    ),
    # B7, B8, B15: numbers saturate, "5" is 5, 1e16 cannot be read
    (
        {"r0": rule({"f0": 2**63 - 1})},
        ForeignConditionError,
        "r0 asks for {'f0': 9223372036854775807}: only a flag that is true or false is safe",
    ),
    (
        {"r0": rule({"f0": "5"})},
        ForeignConditionError,
        "r0 asks for {'f0': '5'}: only a flag that is true or false is safe",
    ),
    (
        {"r0": rule({"f0": 1e16})},
        ForeignConditionError,
        "r0 asks for {'f0': 1e+16}: only a flag that is true or false is safe",
    ),
    # B12: an alias that is not defined fires always
    (
        {"r0": rule({"f0": {"nosuch": "y"}})},
        ForeignConditionError,
        "r0 asks for {'f0': {'nosuch': 'y'}}: only a flag that is true or false is safe",
    ),
    # B13: all of an empty list is false to it
    (
        {"r0": rule({"$iall": {"f0": {"$i": 1}}})},
        ForeignConditionError,
        "r0 asks for {'$iall': {'f0': {'$i': 1}}}: only a flag that is true or false is safe",
    ),
    # two flags in one condition are one that it does not read
    (
        {"r0": rule({"f0": True, "f1": True})},
        ForeignConditionError,
        "r0 asks for {'f0': True, 'f1': True}: only a flag that is true or false is safe",
    ),
    # C4, C5: counts and batches run late, or in part
    (
        {"r0": {**rule(), "count": 3}},
        ForeignRuleError,
        "r0 is more than a single pattern: joins, counts and priorities are not safe",
    ),
    # limits
    (
        {"r0": rule(*flags(28))},
        TooManyConditionsError,
        "r0 has 29 conditions, and durable_rules is safe up to 28",
    ),
    (
        {f"r{number}": rule(*flags(25, 25 * number)) for number in range(8)},
        TooManyFieldsError,
        "this ruleset reads 201 fields, and durable_rules is safe up to 200",
    ),
]


@pytest.mark.parametrize(("definition", "error", "sentence"), REFUSED, ids=[str(case[0])[:60] for case in REFUSED])
def test_the_gate_refuses_what_durable_rules_is_not_safe_with(definition, error, sentence):
    with pytest.raises(error) as caught:
        guard(definition)
    assert str(caught.value) == sentence


def test_the_gate_lets_the_largest_safe_ruleset_pass():
    guard({"open": {"all": [{"m": {"t": "open"}}]}, **{f"r{n}": rule(*flags(27)) for n in range(59)}})


def test_two_fields_of_the_same_hash_are_refused():
    # B9: a pair of words that is known to share the 32 bits by which durable_rules knows a name
    with pytest.raises(SameHashError, match="cannot tell the fields costarring and liquid apart"):
        guard_hashes(["kind", "costarring", "liquid"])


@pytest.mark.parametrize(("text", "code"), [("", 0x811C9DC5), ("a", 0xE40C292C), ("foobar", 0xBF9CF968)])
def test_the_hash_is_the_one_of_its_authors(text, code):
    assert subset.fnv1a(text) == code


def test_no_two_of_our_own_fields_have_the_same_hash():
    guard_hashes(["t", "id", "sid", "$s", *(f"f{number}" for number in range(subset.MOST_FIELDS))])


@pytest.mark.parametrize("rules", [1, 20, 150])
def test_whatever_is_written_the_compiler_stays_in_the_subset(rules):
    for seed in range(20):
        for shard in shards(sample_conditions.conditions(Random(seed), rules)):
            guard(shard.definition)


# ------------------------------------------------------------------------------------------------- large books


@needs_durable
def test_more_rules_than_a_ruleset_holds_go_into_several(asked):
    # A9 and the limit of 64 that match at once: here all 600 do
    book = {f"rule-{n}": parse({"days_late": f"> {n}"}) for n in range(600)}
    assert [len(shard.definition) for shard in shards(book)] == [60] * 10 + [11]
    assert asked(book, {"days_late": 1000}) == set(book)
    assert asked(book, {"days_late": 1}) == {"rule-0"}


@needs_durable
def test_more_fields_than_a_message_holds_go_into_several(asked):
    book = {f"rule-{n}": parse({"all": [{"days_late": f"!= {10 * n + k}"} for k in range(10)]}) for n in range(50)}
    assert [len(shard.flags) for shard in shards(book)] == [190, 190, 120]
    assert asked(book, {"days_late": 107}) == set(book) - {"rule-10"}


def pairs(count):
    return [{"any": [{"days_late": n}, {"days_late": f"> {100 + n}"}]} for n in range(count)]


@needs_durable
def test_what_would_need_too_many_branches_is_decided_in_python(asked):
    # B5: 14 pairs are 16,384 branches
    four, fourteen = parse({"all": pairs(4)}), parse({"all": pairs(14)})
    assert (len(branches(four)), len(branches(fourteen))) == (16, 1)
    assert branches(fourteen) == (((fourteen, True),),)
    assert asked({"four": four, "fourteen": fourteen}, {"days_late": 200}) == {"four", "fourteen"}
    assert asked({"four": four, "fourteen": fourteen}, {"days_late": 104}) == {"four"}


@needs_durable
def test_only_the_part_that_would_need_too_many_is_decided_in_python(asked):
    book = {"rule": parse({"kind": "reply", "all": pairs(14)})}
    kind, rest = book["rule"].parts
    assert branches(book["rule"]) == (((kind, True), (rest, True)),)
    assert asked(book, {"kind": "reply", "days_late": 200}) == {"rule"}
    assert asked(book, {"kind": "reply", "days_late": 104}) == frozenset()


def test_what_must_not_hold_is_turned_round_before_it_is_counted():
    assert len(branches(parse({"not": {"all": pairs(14)}}))) == 14


@needs_durable
def test_a_longer_branch_than_there_may_be_is_decided_in_python(asked):
    fits = parse({"all": [{"days_late": f"!= {n}"} for n in range(27)]})
    longer = parse({"all": [{"days_late": f"!= {n}"} for n in range(28)]})
    assert [len(branch) for branch in branches(fits) + branches(longer)] == [27, 1]
    assert asked({"fits": fits, "longer": longer}, {"days_late": 27}) == {"fits"}
    assert asked({"fits": fits, "longer": longer}, {"days_late": 28}) == {"fits", "longer"}


# ------------------------------------------------------------------------------------------------- values

VALUES = [
    # B6: 'Ministry' comes before 'Ministry of X'; order of text cannot be written, equality is exact
    ({"title": "Ministry"}, {"title": "Ministry of X"}, False),
    # B7: beyond 64 bits
    ({"days_late": "> 5"}, {"days_late": 2**64}, True),
    ({"days_late": "< 5"}, {"days_late": 2**64}, False),
    # B8: text that looks like a number or a truth is neither
    ({"dossier": "5"}, {"dossier": "5.0"}, False),
    ({"dossier": "true"}, {"dossier": "True"}, False),
    # B10: quotes and line ends are themselves
    ({"title": 'a"b\\n'}, {"title": 'a"b\\n'}, True),
    ({"title": "a\\u0062"}, {"title": "ab"}, False),
    # B11: a long text is not an empty one
    ({"title": "a"}, {"title": "a" * 65_537}, False),
    ({"title": "present"}, {"title": "a" * 65_536}, True),
    # B13: nobody at all is not everybody
    ({"to": "!= un"}, {"to": ()}, False),
    # B14: what is missing is neither so nor not so
    ({"kind": "!= reply"}, {}, False),
    ({"not": {"kind": "reply"}}, {}, True),
    # A11: 9 MB in one field
    ({"title": "present", "id": "x"}, {"title": "a", "id": "x" * 9_000_000}, False),
]


@needs_durable
@pytest.mark.parametrize(("value", "facts", "expected"), VALUES, ids=[str(case[0]) for case in VALUES])
def test_values_that_durable_rules_takes_for_others_are_told_apart(value, facts, expected, asked):
    assert bool(asked({"rule": parse(value)}, facts)) is expected is holds(parse(value), facts)


# ------------------------------------------------------------------------------------------------- what is called


class Recorder:
    """The C module, with a list of what was called on it."""

    def __init__(self, module):
        self._module, self.calls = module, []  # each call with what was sent, if something was

    def __getattr__(self, name):
        function = getattr(self._module, name)

        def called(*arguments):
            self.calls.append((name, *(text for text in arguments[1:] if isinstance(text, str))))
            return function(*arguments)

        return called


@needs_durable
def test_every_session_begins_with_an_event_that_fires_and_is_deleted():
    # A3 nothing is retracted, A4 no session is deleted in which nothing fired, A6 there is one at a time,
    # A8 nothing goes in batches, C1 to C4 there are no consequences, C9 the ruleset is given back
    recorder = Recorder(match._durable)
    (shard,) = shards({"late": parse({"days_late": "> 5"}), "reply": parse({"kind": "reply"})})
    ruleset = match._Ruleset(recorder, shard)
    assert ruleset.chosen(lambda test: test.field == "kind") == {"reply"}
    assert ruleset.chosen(lambda _: False) == frozenset()
    ruleset.close()
    no, yes = '{"t": "c", "f0": false, "f1": false}', '{"t": "c", "f0": false, "f1": true}'
    open_session = [("assert_event", '{"t": "open"}'), ("start_action_for_state",), ("complete_and_start_action",)]
    assert recorder.calls == [
        ("create_ruleset", json.dumps(shard.definition)),
        *open_session,
        ("assert_fact", yes),
        ("start_action_for_state",),
        ("complete_and_start_action",),
        ("delete_state", "0"),
        *open_session,
        ("assert_fact", no),
        ("start_action_for_state",),
        ("delete_state", "0"),
        ("delete_ruleset",),
    ]


class Faulty:
    """A C module that takes no message as it should."""

    def __init__(self, code):
        self.code = code

    def create_ruleset(self, _name, _definition):
        return 1

    def assert_event(self, _handle, _message):
        return self.code, 0

    def start_action_for_state(self, _handle, _state):
        return None


FAULTS = [
    (0, 'durable_rules did not open a session when it was sent {"t": "open"}'),
    (2, 'durable_rules answered 2 when it was sent {"t": "open"}'),
]


@pytest.mark.parametrize(("code", "sentence"), FAULTS)
def test_when_durable_rules_does_what_it_should_not_nothing_is_answered(code, sentence):
    (shard,) = shards({"reply": parse({"kind": "reply"})})
    with pytest.raises(DurableFaultError) as caught:
        match._Ruleset(Faulty(code), shard).chosen(lambda _: True)
    assert str(caught.value) == sentence


@needs_durable
def test_nothing_runs_beside_it():
    # A5, C6, C7: the Python part of durable_rules, which starts threads, is never imported
    chosen = matcher(BOOK, "durable")
    chosen.applying(LETTER)
    chosen.close()
    assert "durable.engine" not in sys.modules
    assert [thread.name for thread in threading.enumerate() if "Timer" in type(thread).__name__] == []


@needs_durable
def test_more_questions_than_durable_rules_has_sessions():
    # A6: it crashes at the 1,025th session that lives
    book = {f"rule-{n}": parse({f"anchors.a{n}": "present"}) for n in range(11)}
    chosen = matcher(book, "durable")
    for number in range(2**11):
        known = {n for n in range(11) if number >> n & 1}
        assert chosen.applying({f"anchors.a{n}": DAY for n in known}) == {f"rule-{n}" for n in known}
    chosen.close()


@needs_durable
def test_several_threads_ask_the_same_matcher():
    # C6: calls came back before their own rule had run
    random = Random(6)
    book = sample_conditions.conditions(random, 20)
    facts = [sample_conditions.facts(random) for _ in range(2_000)]
    chosen = matcher(book, "durable")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(chosen.applying, facts))
    chosen.close()
    assert answers == [oracle(book, one) for one in facts]


@needs_durable
def test_several_matchers_live_side_by_side(asked):
    # C8: two rulesets of one name are an error to its Host
    assert asked({"a": parse({"kind": "reply"})}, LETTER) == {"a"}
    assert asked({"b": parse({"kind": "reply"})}, LETTER) == {"b"}


# ------------------------------------------------------------------------------------------------- memory


def resident():
    """Megabytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


on_linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is measured on Linux")


@needs_durable
@on_linux
def test_memory_stays_flat_over_many_sessions():
    (shard,) = shards(sample_conditions.conditions(Random(1), 15))
    ruleset, random = match._Ruleset(match._durable, shard), Random(2)

    def ask(times):
        for _ in range(times):
            ruleset.chosen(lambda _: random.random() < 0.5)

    ask(2_000)
    before = resident()
    ask(20_000)
    grown = resident() - before
    ruleset.close()
    assert grown < 1


@needs_durable
@on_linux
def test_memory_stays_flat_over_many_matchers():
    # C9: a Host that is dropped keeps 0.6 MB, so 300 would keep 180
    book = sample_conditions.conditions(Random(3), 20)

    def use(times):
        for _ in range(times):
            chosen = matcher(book, "durable")
            chosen.applying(LETTER)
            chosen.close()

    use(50)
    before = resident()
    use(300)
    assert resident() - before < 5


@each_engine
def test_what_is_remembered_is_bounded(engine):
    chosen = matcher({"rule": parse({"id": "C-1"})}, engine)
    for number in range(match.VALUES_KEPT + 100):
        chosen.applying({"id": f"C-{number}"})
    (_, judge), *_ = chosen._sieve._fields
    assert (judge.cache_info().currsize, chosen._answer.cache_info().currsize) == (match.VALUES_KEPT, 2)
    chosen.close()
