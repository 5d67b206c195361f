"""Lint: for each thing it looks for a pack that has it, the sentence, the place, and the example, which holds."""

import textwrap
from pathlib import Path

import pytest

from commitments.reading.source import parse as parse_yaml
from rules.calendars import calendar
from rules.calendars.calendar import Calendars
from rules.conditions.condition import holds
from rules.lint import LINTS, lint
from rules.lint.finding import Ground
from rules.lint.sample import facts_of
from rules.pack import book

CALENDARS, _ = Calendars.load([calendar.SHIPPED])
HEAD = "pack: p\ntitle: A pack\ntimezone: UTC\n"
RULE = """
  - id: {id}
    title: A rule
    source: {{document: a law}}
    when: {when}
    due: {due}
    tests: [{{name: t, given: {{letter: 2026-06-01, received: 2026-06-01}}}}]
"""


def rules(*written, more=""):
    """A pack of rules, each (id, when, due) and perhaps further lines."""
    parts = [
        RULE.format(id=one[0], when=one[1], due=one[2]) + "".join(f"    {line}\n" for line in one[3:])
        for one in written
    ]
    return f"{HEAD}{more}rules:{''.join(parts)}"


@pytest.fixture
def found(tmp_path):
    """A function from a pack's text to what lint finds in it, as (line, level, message)."""

    def look(text, **around):
        return [(item.line, item.level, item.message) for item in problems(text, **around)]

    def problems(text, **around):
        file = tmp_path / "p.yaml"
        file.write_text(text, encoding="utf-8")
        loaded, faults = book.load([file], CALENDARS)
        assert faults == ()
        look.book = loaded
        return lint(Ground(book=loaded, calendars=CALENDARS, **around))

    look.problems = problems
    return look


def test_a_pack_that_says_what_it_means_is_clean(found):
    assert found(rules(("one", "{kind: reply}", "4 weeks after letter"), ("two", "{kind: question}", "stated"))) == []


SAME_KIND = ("one", "{kind: reply}", "4 weeks after letter")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (  # what stands together contradicts itself
            rules(("never", "{all: [{kind: reply}, {kind: question}]}", "4 weeks after letter"), SAME_KIND,
                  ("question", "{kind: question}", "1 week after letter")),
            (8, "error", "no commitment can fit this rule: kind is reply and kind is question"),
        ),
        (  # the exception takes everything
            rules(SAME_KIND, ("two", "{kind: [reply, question]}", "5 weeks after letter", "exception_of: one")),
            (8, "error", "this rule never decides: wherever it applies, two comes before it"),
        ),
        (  # the exception takes nothing
            rules(SAME_KIND, ("two", "{kind: question}", "5 weeks after letter", "exception_of: one")),
            (18, "warning", "it never applies together with one, so it is no exception of it"),
        ),
        (  # two dates for one letter
            rules(SAME_KIND, ("two", "{to: a/b}", "3 weeks after letter")),
            (15, "warning", "p/one applies where this does, and counts another date"),
        ),
        (  # the same date twice
            rules(SAME_KIND, ("two", "{to: a/b}", "4 weeks after letter")),
            (15, "warning", "p/one applies where this does, and counts the same date again"),
        ),
        (  # < beside >
            rules(("one", '{kind: reply, made: "< 2018-01-01"}', "4 weeks after letter"),
                  ("two", '{kind: reply, made: "> 2018-01-01"}', "3 weeks after letter")),
            (8, "warning", "no rule applies where made is 2018-01-01, though one does before and one after"),
        ),
        (  # a year without law
            rules((*SAME_KIND, "valid: {to: 2016-12-31}"),
                  ("two", "{kind: reply}", "3 weeks after letter", "valid: {from: 2018-01-01}")),
            (11, "warning", "it is law until 2016-12-31, and what comes after it only from 2018-01-01"),
        ),
        (  # named only to be left out
            rules(("one", "{kind: reply, not: {kind: pledge}}", "4 weeks after letter")),
            (8, "warning", "pledge is named here, and no rule in use sets a deadline for it"),
        ),
        (  # 30 January and one month
            rules(("one", "{kind: reply}", "1 month after letter")),
            (9, "warning", ("it counts months and does not say where they end in a short one: from 2024-01-30 that is "
                            "clamp: 2024-02-29, next_day: 2024-03-01, sticky: 2024-02-29")),
        ),
        (  # back into a weekend
            rules(("one", "{kind: reply}", "2 weeks before letter")),
            (9, "warning", ("it counts back and does not say what to do with days off: "
                            "from 2024-01-06 it comes to Saturday 2023-12-23")),
        ),
        (  # a reminder when the day has passed
            rules(SAME_KIND, more="notices: {remind: [1 week after]}\n"),
            (4, "error", "1 week after is never sent: a reminder comes before the deadline, or on the day"),
        ),
        (  # 7 days are a week
            rules(SAME_KIND, more="notices: {remind: [1 week before, 7 days before]}\n"),
            (4, "warning", "reminder 1 is never sent: another notice to clerk falls on its day"),
        ),
        (  # what is expected is awaited
            rules((*SAME_KIND, "force: expected", "notices: {overdue: 1 day after}")),
            (12, "warning", "overdue is never sent: what is expected is awaited when its day has passed, not overdue"),
        ),
        (  # the chair before the clerk
            rules(SAME_KIND, more="notices: {overdue: 2 weeks after, escalate: [{at: 1 week after, to: chair}]}\n"),
            (4, "warning", ("1 week after comes before lateness is first told, 2 weeks after: "
                           "e.g. for a deadline of 2024-01-01")),
        ),
        (  # how often, and only once
            rules(SAME_KIND, more="notices: {overdue: {first: 1 day after, every: 1 week}}\n"),
            (4, "warning", "every 1 week is never used: lateness is told once where at_most is left out"),
        ),
    ],
)  # fmt: skip
def test_each_defect_is_found_at_its_place(found, text, expected):
    assert found(text) == [expected]


def test_a_rule_without_source_and_test_is_given_a_test_that_holds(found):
    text = (
        f"{HEAD}rules:\n  - {{id: bare, title: A rule, when: {{kind: reply, to: nl/ek}}, due: 4 weeks after letter}}\n"
    )
    source, test = found.problems(text)
    assert source.message == "bare does not say where it is written"
    assert test.message == "bare has no test"
    assert test.hint == (
        "add one under tests, with a real case; to begin with:\n"
        "      - name: a case whose outcome you know\n"
        "        given: {kind: reply, to: nl/ek, letter: 2026-06-01}\n"
        "        expect: {due: 2026-06-29}"
    )


def test_a_pasted_test_is_read_and_settles_the_overlap(found):
    """The counter-example is one: both rules hold of it; and who writes it down as a test means both dates."""
    two = [SAME_KIND, ("two", '{to: a/b, dossier: "34 964: no"}', "3 weeks after letter")]
    (overlap,) = found.problems(rules(*two))
    sample = textwrap.dedent(overlap.hint.partition("\n")[2])
    document, faults = parse_yaml(sample, "sample")
    assert faults == ()
    assert document.value[0]["given"]["dossier"] == "34 964: no"
    text = rules(*two).replace("tests: [", "tests:\n" + textwrap.indent(sample, "      ") + "\n    more: [", 2)
    text = "\n".join(line for line in text.splitlines() if not line.startswith("    more:"))
    assert found(text) == []
    situation = found.book.rules["p/two"].rule.tests[0]
    assert all(holds(item.rule.condition, facts_of(situation.commitment)) for item in found.book.rules.values())


def test_rules_that_were_never_law_together_do_not_overlap(found):
    first = (*SAME_KIND, "valid: {to: 2017-12-31}")
    assert found(rules(first, ("two", "{kind: reply}", "3 weeks after letter", "valid: {from: 2018-01-01}"))) == []


def test_an_audience_that_nobody_holds_is_found_only_where_recipients_are_known(found):
    text = rules(SAME_KIND, more="notices: {overdue: 1 day after, escalate: [{at: 1 week after, to: boss}]}\n")
    assert found(text) == []
    assert found(text, audiences=frozenset({"clerk", "chair"})) == [
        (4, "warning", "no recipient holds the role boss, so nobody gets this notice")
    ]


def test_an_escalation_across_commitments_needs_someone_too(found):
    text = rules(SAME_KIND, more="escalate: [{when: {status: overdue}, same: by, at_least: 3, to: boss}]\n")
    assert found(text, audiences=frozenset({"clerk"})) == [
        (4, "warning", "no recipient holds the role boss, so nobody gets this notice")
    ]


def test_a_condition_that_is_not_searched_says_so(found):
    choices = ", ".join(f"{{any: [{{dossier: d{at}}}, {{title: t{at}}}, {{parent: p{at}}}]}}" for at in range(9))
    text = rules(("many", f"{{kind: reply, all: [{choices}]}}", "4 weeks after letter"), SAME_KIND)
    told = "was not searched: the conditions come to too many alternatives"
    assert (8, "warning", f"whether any commitment fits {told}") in found(text)
    assert (15, "warning", f"whether it meets p/many {told}") in found(text)


def test_what_a_follow_up_makes_needs_a_rule(found):
    makes = "{kind: report, title: A report, anchors: {letter: event}}"
    text = rules(SAME_KIND, more=f"follow_up: [{{id: then, on: fulfilled, when: {{kind: reply}}, makes: {makes}}}]\n")
    assert found(text) == [(4, "warning", "a report is made here, and no rule in use sets a deadline for it")]
    assert found(text.replace("kind: report", "kind: question").replace("when: {kind: reply}\n", "when: {}\n")) == []


def test_commitments_of_the_register_without_any_date_are_told_kind_by_kind(found):
    facts = [{"id": name, "kind": kind} for name, kind in (("R-1", "reply"), ("Q-1", "question"), ("Q-2", "question"))]
    assert found(rules(SAME_KIND), unpromised=tuple(("register.yaml", one) for one in facts)) == [
        (0, "warning", "no rule in use sets a deadline for the question Q-1 and 1 more, and no date is stated")
    ]


def test_cycles_of_one_name_in_two_packs_are_an_error(tmp_path):
    cycle = """
cycles:
  - id: forum
    title: A forum
    source: {document: a law}
    every: 4 years
    first: 2019-12-17
    commitment: {kind: meeting, by: un, to: states}
"""
    for name in ("p", "q"):
        (tmp_path / f"{name}.yaml").write_text(HEAD.replace("pack: p", f"pack: {name}") + cycle)
    loaded, faults = book.load(book.pack_files(tmp_path), CALENDARS)
    assert faults == ()
    (clash,) = lint(Ground(book=loaded, calendars=CALENDARS))
    assert (clash.file, clash.line, clash.level) == (str(tmp_path / "q.yaml"), 6, "error")
    assert clash.message == "forum is a cycle of p too, and both would make forum-2019"


def test_a_rule_that_meets_a_cycle_is_told(found):
    text = rules(("meeting", "{kind: meeting}", "4 weeks after letter")) + textwrap.dedent(
        """
        cycles:
          - id: forum
            title: A forum
            source: {document: a law}
            every: 4 years
            first: 2019-12-17
            commitment: {kind: meeting, by: un, to: states}
            derived: [{id: papers, kind: publication, title: Papers, due: {period: 1 day, before: forum, roll: none}}]
        """
    )
    message = "it applies to what the cycle p/forum brings forth as well, which has its own date"
    assert found(text) == [(8, "warning", message)]
    assert found(text.replace("{kind: meeting}\n", "{kind: meeting, cycle: absent}\n")) == []


def test_a_rule_taken_over_from_another_pack_is_told_of_at_extends(tmp_path):
    (tmp_path / "base.yaml").write_text(rules(SAME_KIND).replace("    source: {document: a law}\n", ""))
    (tmp_path / "mine.yaml").write_text("pack: mine\ntitle: Mine\nextends: p\n")
    loaded, faults = book.load(book.pack_files(tmp_path), CALENDARS)
    assert faults == ()
    found = [(Path(item.file).name, item.line, item.message) for item in lint(Ground(book=loaded, calendars=CALENDARS))]
    assert found == [("mine.yaml", 3, "one does not say where it is written")]


def test_the_packs_that_ship_are_clean():
    loaded, faults = book.load(book.pack_files(book.SHIPPED), CALENDARS)
    assert faults == ()
    assert [str(item) for item in lint(Ground(book=loaded, calendars=CALENDARS))] == []


def test_every_lint_says_what_it_looks_for():
    assert [each.__name__ for each in LINTS if not each.__doc__] == []


def test_the_guide_names_every_lint():
    guide = (Path(__file__).parent.parent / "docs" / "linting.md").read_text(encoding="utf-8")
    named = [line.split("`")[1] for line in guide.splitlines() if line.startswith("| `")]
    assert sorted(named) == sorted(each.__name__ for each in LINTS)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ours", ["nl-eerste-kamer/reply-four-weeks applies where this does, and counts another date"]),
        ("where reply-four-weeks applies too", []),  # as check offers it
    ],
)
def test_only_a_test_that_names_another_packs_rule_settles_their_overlap(tmp_path, name, told):
    """Five weeks against the four that ship: the tests of both hold, and nobody need have meant two deadlines."""
    own = tmp_path / "own.yaml"
    own.write_text(
        "pack: own\ntitle: Ours\nrules:\n  - id: five\n    title: Five weeks\n    source: {document: x}\n"
        "    when: {kind: reply, to: nl/eerste-kamer}\n    due: 5 weeks after letter\n"
        f"    tests: [{{name: {name}, given: {{kind: reply, to: nl/eerste-kamer, letter: 2026-01-05}}}}]\n"
    )
    loaded, faults = book.load([book.SHIPPED / "nl-eerste-kamer.yaml", own], CALENDARS)
    assert faults == ()
    assert [item.message for item in lint(Ground(book=loaded, calendars=CALENDARS))] == told
