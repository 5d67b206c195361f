"""The tests that packs carry: what they can say, what is told when they fail, how much of the rules they see."""

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree as ET

import pytest
from clocks import environment

from engine.authoring.coverage import coverage
from engine.authoring.pack_tests import (
    Verdict,
    as_junit,
    as_values,
    gather,
    run,
)
from engine.workspace.settings import shipped
from notifications.content.notice import Stage
from rules.pack.situation import StageName

PACK = """\
pack: mine
title: My pack
language: nl
timezone: Europe/Amsterdam
rules:
  - id: reply
    title: A reply
    when: {kind: reply, to: nl/eerste-kamer}
    due: 4 weeks after letter
    extension: {period: 2 weeks}
    tests:
"""
GIVEN = "given: {kind: reply, to: nl/eerste-kamer, letter: 2018-07-13}"


@pytest.fixture(scope="module")
def workspace():
    return shipped()


@pytest.fixture
def tried(workspace, tmp_path):
    """A function that runs a test, the last of a pack, and returns what came of it."""

    def outcome(*lines):
        file = tmp_path / "mine.yaml"
        file.write_text(PACK + "      - name: a test\n" + "".join(f"        {line}\n" for line in lines))
        book, found, problems = gather(workspace, tmp_path, [file])
        assert problems == ()
        return run(workspace, book, found)[-1]

    return outcome


def told(outcome):
    """Of each difference the day, the field, what was wanted and what there was; and what the caret points at."""
    pointed = [problem.excerpt[problem.column - 1 :] for problem in outcome.problems]
    return [(str(one.on or "at once"), one.field, one.wanted, one.got) for one in outcome.differences], pointed


def test_every_stage_of_a_notice_can_be_expected():
    assert set(get_args(StageName)) == {stage.value for stage in Stage}


@pytest.mark.parametrize(
    "lines",
    [
        ("expect: {due: 2018-08-10, original: 2018-08-10, status: pending, applies: true}",),
        ("timeline: {2018-08-11: {status: overdue, days_late: 1, notices: [overdue]}}",),
        ("timeline: {2018-08-12: {notices: []}}",),  # nothing may be told on that day
        ("fulfilled: {on: 2018-08-30, expect: {status: fulfilled_late, days_late: 20, notices: [settled]}}",),
        ("events: [{delay_notice: 2018-08-01}]", "timeline: {2018-08-01: {due: 2018-08-24, notices: [date_changed]}}"),
        ("events: [{extended: 2018-08-01, to: 2018-09-07}]", "timeline: {2018-08-02: {due: 2018-09-07}}"),
        ("timeline: {2018-08-11: {mail: {nl: [1 dag te laat, vrijdag 10 augustus 2018], en: 1 day late}}}",),
    ],
)
def test_what_holds_passes(tried, lines):
    outcome = tried(GIVEN, *lines)
    assert outcome.differences == ()
    assert outcome.verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("line", "difference", "pointed"),
    [
        ("expect: {due: 2018-08-11}", ("at once", "due", "2018-08-11", "2018-08-10"), "2018-08-11}"),
        ("expect: {applies: false}", ("at once", "applies", "false", "true"), "false}"),
        ("expect: {due: null}", ("at once", "due", "none", "2018-08-10"), "null}"),  # undated
        ("timeline: {2018-08-11: {notices: []}}", ("2018-08-11", "notices", "none", "overdue"), "[]}}"),  # must not be
        (
            "timeline: {2018-07-12: {status: pending}}",  # a day too early to look
            ("2018-07-12", "status", "pending", "nothing yet: the commitment was made later"),
            "pending}}",
        ),
        (
            "fulfilled: {on: 2018-08-30, expect: {days_late: 2}}",
            ("2018-08-30", "days_late", "2", "20"),
            "2}}",
        ),
        ("timeline: {2018-08-12: {mail: {nl: laat}}}", ("2018-08-12", "mail nl", "laat", "none"), "laat}}}"),  # no mail
    ],
)
def test_what_does_not_hold_is_told_field_by_field_where_it_stands(tried, line, difference, pointed):
    outcome = tried(GIVEN, line)
    assert outcome.verdict is Verdict.FAILED
    assert told(outcome) == ([difference], [pointed])


def test_all_that_differs_is_told_at_once(tried):
    outcome = tried(GIVEN, "fulfilled: {on: 2018-08-30, expect: {status: fulfilled, days_late: 2}}")
    assert [one.field for one in outcome.differences] == ["days_late", "status"]
    assert told(outcome)[1] == ["fulfilled, days_late: 2}}", "2}}"]


def test_a_difference_quotes_the_line_and_points_at_what_was_expected(tried):
    (problem,) = tried(GIVEN, "expect: {due: 2018-08-11}").problems
    assert str(problem).split("mine.yaml:", 1)[1] == (
        "14:23: rules[0].tests[0].expect.due: mine/reply: “a test”: wanted 2018-08-11, got 2018-08-10\n"
        "  14 |         expect: {due: 2018-08-11}\n"
        "     |                       ^"
    )


def test_a_known_gap_may_fail_and_must_be_struck_off_once_it_does_not(tried):
    known = tried(GIVEN, "expect: {due: 2018-08-13}", "todo: the term is not extended yet")
    assert (known.verdict, known.problems) == (Verdict.TODO, ())
    mended = tried(GIVEN, "expect: {due: 2018-08-10}", "todo: the term is not extended yet")
    assert mended.verdict is Verdict.MENDED
    assert [(one.message, one.hint) for one in mended.problems] == [("mine/reply: “a test” passes now", "remove todo")]


@pytest.mark.parametrize(
    ("given", "place", "message", "hint"),
    [
        (
            "{knd: reply}",
            "given.knd",
            "knd is neither a field of a commitment nor a date that it has",
            "did you mean k",
        ),
        (
            "{leter: soon}",
            "given.leter",
            "leter is neither a field of a commitment nor a date that it has",
            "write let",
        ),
        (
            "{force: bnding}",
            "given.force",
            "force is one of binding, requested, expected, voluntary; not 'bnding'",
            "d",
        ),
        ("{by: NL}", "given.by", "by may not be written 'NL'", "write nl"),
        ("{Letter: 2018-07-13}", "given", "'Letter' cannot name an anchor: write small letters", ""),
        ("{anchors: 3}", "given.anchors", "anchors must be a mapping", "write anchors: {"),
    ],
)
def test_what_a_test_gives_is_checked_with_the_pack(workspace, tmp_path, given, place, message, hint):
    (tmp_path / "mine.yaml").write_text(f"{PACK}      - {{name: a test, given: {given}}}\n")
    _, found, (problem, *_) = gather(workspace, tmp_path, [tmp_path / "mine.yaml"])
    assert found == ()
    assert problem.path == f"rules[0].tests[0].{place}"
    assert problem.message.startswith(message)
    assert problem.hint.startswith(hint)


# ------------------------------------------------------------------------------------------------- files beside packs


def write(folder, name, text):
    (folder / name).write_text(text)
    return folder / name


BESIDE = f"pack: mine\ntests:\n  reply:\n    - {{name: beside, {GIVEN}, expect: {{due: 2018-08-10}}}}\n"


def test_tests_may_stand_in_a_file_beside_the_pack(workspace, tmp_path):
    pack = write(tmp_path, "mine.yaml", f"{PACK}      - {{name: inside, {GIVEN}}}\n")
    write(tmp_path, "mine_test.yaml", BESIDE)
    book, found, problems = gather(workspace, tmp_path, [pack])
    assert problems == ()
    assert [(one.rule, one.situation.name, one.line) for one in found] == [
        ("mine/reply", "inside", 12),
        ("mine/reply", "beside", 4),
    ]
    assert [one.verdict for one in run(workspace, book, found)] == [Verdict.PASSED, Verdict.PASSED]


def test_a_file_of_tests_by_itself_is_about_the_packs_in_use(workspace, tmp_path):
    text = (
        "pack: un-gcr\ntests:\n  grf-papers:\n"
        "    - {name: cycle, given: {cycle: un-gcr/grf/papers, grf: 2023-12-13}, expect: {due: 2023-12-12}}\n"
    )
    book, found, problems = gather(workspace, tmp_path, [write(tmp_path, "forum_test.yaml", text)])
    assert problems == ()
    assert [one.differences for one in run(workspace, book, found)] == [()]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (BESIDE.replace("mine", "un-grc"), "there is no pack un-grc", "did you mean un-gcr?"),
        (BESIDE.replace("mine", "nl-eerste-kamer"), "nl-eerste-kamer has no rule reply", ""),
        ("pack: un-gcr\ntest: {}\n", "tests is missing", "add tests: …"),
    ],
)
def test_tests_of_what_is_not_there_are_told(workspace, tmp_path, text, message, hint):
    _, found, problems = gather(workspace, tmp_path, [write(tmp_path, "a_test.yaml", text)])
    assert found == ()
    assert problems[0].message == message
    assert problems[0].hint.startswith(hint)


def test_what_a_pack_takes_over_is_tested_with_it(workspace, tmp_path):
    base = write(
        tmp_path,
        "mine.yaml",
        f"{PACK}      - {{name: the mail, {GIVEN}, timeline: {{2018-08-11: {{mail: {{en: My}}}}}}}}\n",
    )
    heir = write(tmp_path, "heir.yaml", "pack: heir\ntitle: An heir\nextends: mine\n")
    book, found, problems = gather(workspace, tmp_path, [base, heir])
    assert problems == ()
    (outcome,) = run(workspace, book, found)
    assert [(one.file, one.line, one.column) for one in outcome.problems] == [(str(heir), 3, 10)]
    assert outcome.problems[0].message.startswith("heir/reply: “the mail” on 2018-08-11: wanted My, got Commitments ")


# ------------------------------------------------------------------------------------------------- coverage


def seen(workspace, tmp_path, *given):
    tests = "".join(f"      - {{name: a, given: {one}}}\n" for one in given)
    book, found, problems = gather(workspace, tmp_path, [write(tmp_path, "mine.yaml", PACK + tests)])
    assert problems == ()
    return coverage(book, found)


def test_what_no_test_sees_is_told_by_rule_and_condition(workspace, tmp_path):
    report = seen(workspace, tmp_path, "{kind: question, to: nl/eerste-kamer}")
    assert [gap.unseen for gap in report.gaps] == [
        "no test is of a commitment that it applies to",
        "“kind is reply” was never true",
        "“to is within nl/eerste-kamer” was never false",
    ]
    assert str(report) == "coverage 40 %: 2 of 5 outcomes of rules and their conditions seen"


def test_two_tests_can_see_all_of_a_rule(workspace, tmp_path):
    assert seen(workspace, tmp_path, "{to: nl/eerste-kamer}", "{kind: question, to: nl/tweede-kamer}").percent == 100


def test_the_tests_of_shipped_packs_see_every_rule(workspace):
    book, found, _ = gather(workspace, Path())
    unmet = [gap.rule for gap in coverage(book, found).gaps if gap.unseen.startswith("no test")]
    assert unmet == []


# ------------------------------------------------------------------------------------------------- for programs


@pytest.fixture
def outcomes(workspace, tmp_path):
    tests = (
        f"      - {{name: good, {GIVEN}, expect: {{due: 2018-08-10}}}}\n"
        f"      - {{name: bad, {GIVEN}, expect: {{due: 2018-08-11}}}}\n"
        f"      - {{name: gap, {GIVEN}, expect: {{due: 2018-08-12}}, todo: not yet}}\n"
    )
    book, found, _ = gather(workspace, tmp_path, [write(tmp_path, "mine.yaml", PACK + tests)])
    return run(workspace, book, found)


def test_junit_counts_failures_and_gaps(outcomes):
    (suite,) = ET.fromstring(as_junit(outcomes).partition("\n")[2])
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped"), suite.get("errors")) == (
        "3",
        "1",
        "1",
        "0",
    )
    good, bad, gap = suite
    assert (good.get("classname"), good.get("name"), good.get("line"), len(good)) == ("mine.reply", "good", "12", 0)
    assert bad.find("failure").get("message") == "mine/reply: “bad”: wanted 2018-08-11, got 2018-08-10"
    assert gap.find("skipped").get("message") == "not yet"


def test_json_has_every_test_with_its_differences(outcomes):
    good, bad, gap = as_values(outcomes)
    assert (good["verdict"], good["differences"], gap["verdict"], gap["todo"]) == ("passed", [], "todo", "not yet")
    assert bad["differences"] == [{"on": None, "field": "due", "wanted": "2018-08-11", "got": "2018-08-10"}]
    assert json.dumps([good, bad, gap])


def test_pytest_collects_packs_where_it_is_asked_to(tmp_path):
    tests = (
        f"      - {{name: good, {GIVEN}, expect: {{due: 2018-08-10}}}}\n"
        f"      - {{name: bad, {GIVEN}, expect: {{due: 2018-08-11}}}}\n"
        f"      - {{name: gap, {GIVEN}, expect: {{due: 2018-08-12}}, todo: not yet}}\n"
    )
    write(tmp_path, "mine.yaml", PACK + tests)
    write(tmp_path, "mine_test.yaml", BESIDE)
    write(tmp_path, "other.yaml", "something: else\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "engine.authoring.pytest_plugin",
        "-p",
        "no:cacheprovider",
        "-q",
        ".",
    ]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, cwd=tmp_path, env=environment(root), capture_output=True, text=True, check=False)
    assert "1 failed, 2 passed, 1 xfailed" in done.stdout
    assert "mine/reply: “bad”: wanted 2018-08-11, got 2018-08-10" in done.stdout
