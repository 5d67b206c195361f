"""What if: explanations of a commitment that is supposed to be otherwise, and the rules that apply, in full."""

import json

import pytest


def test_another_letter_gives_another_date_and_says_what_is_so(workspace):
    status, out, _ = workspace("explain", "34964-B", "--what-if", "letter=2018-07-20", "--as-of", "2018-08-30")
    assert status == 0
    assert out.startswith("what if letter=2018-07-20\n\n34964-B  ")
    assert "as of Thu 30 Aug 2018: fulfilled late on Thu 30 Aug 2018, 13 days late\n" in out
    assert "due Fri 17 Aug 2018\n  1 anchor   letter dated Fri 20 Jul 2018\n" in out  # and no ledger entry says so
    assert out.endswith("as it is: due Fri 10 Aug 2018, fulfilled late on Thu 30 Aug 2018, 20 days late\n")


def test_several_suppositions_hold_together_and_nothing_is_kept(workspace):
    words = ("--what-if", "kind=question", "--what-if", "to=house/desk", "--what-if", "received=2018-08-01")
    status, out, _ = workspace("explain", "34964-B", *words, "--json")
    assert status == 0
    answer = json.loads(out)
    assert [item["rule"] for item in answer["deadlines"]] == ["house-rules/question-ten-days"]
    assert answer["deadlines"][0]["current"] == "2018-08-11"
    assert answer["what_if"] == ["kind=question", "to=house/desk", "received=2018-08-01"]
    assert answer["as_it_is"]["deadlines"][0]["current"] == "2018-08-10"
    assert json.loads(workspace("explain", "34964-B", "--json")[1])["deadlines"][0]["current"] == "2018-08-10"


def test_a_supposition_answers_why_not(workspace):
    status, out, _ = workspace("explain", "34964-B", "--why-not", "question-ten-days", "--what-if", "kind=question")
    assert status == 0
    assert out == (
        "rule house-rules/question-ten-days does not apply\n"
        "  when   yes  kind wanted question, got question\n"
        "  when   no   to wanted within house, got nl/eerste-kamer/ia-jbz\n"
    )


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("leter=2018-07-20", "--what-if:1:1: leter: 'leter' is neither a field nor an anchor known here\n"),
        ("letter=2018-02-30", "--what-if:1:9: letter: '2018-02-30' is not a date: February 2018 has 28 days\n"),
        (
            "force=bindin",
            "--what-if:1:8: force: force is one of binding, requested, expected, voluntary; not 'bindin'\n",
        ),
    ],
)
def test_a_supposition_that_cannot_be_is_told_in_its_place(workspace, said, complaint):
    status, out, err = workspace("explain", "34964-B", "--what-if", said)
    assert (status, out) == (1, "")
    assert err.startswith(complaint)


def test_a_supposition_without_a_value_is_wrong_use(workspace):
    status, _, err = workspace("explain", "34964-B", "--what-if", "letter")
    assert status == 2
    assert "--what-if letter does not say what it would be; write letter=2018-07-20" in err


def test_verbose_adds_the_rules_that_applied_condition_by_condition(workspace):
    status, out, _ = workspace("explain", "34964-B", "-v")
    assert status == 0
    assert out.endswith(
        "\nrule nl-eerste-kamer/reply-four-weeks applies\n"
        "  when   yes  kind wanted reply, got reply\n"
        "  when   yes  to wanted within nl/eerste-kamer, got nl/eerste-kamer/ia-jbz\n"
    )


def test_json_has_the_rules_that_applied_with_what_each_wanted(workspace):
    (rule,) = json.loads(workspace("explain", "34964-B", "--json")[1])["rules"]
    assert (rule["rule"], rule["applies"], rule["but"]) == ("nl-eerste-kamer/reply-four-weeks", True, "")
    assert [(check["path"], check["wanted"], check["held"]) for check in rule["when"]] == [
        ("kind", "reply", True),
        ("to", "within nl/eerste-kamer", True),
    ]


def test_a_stated_date_comes_before_a_rule_that_applies(workspace):
    words = ("--what-if", "stated_due=2018-09-01", "--why-not", "reply-four-weeks")
    out = workspace("explain", "34964-B", *words)[1]
    assert out.startswith("rule nl-eerste-kamer/reply-four-weeks applies\n")
    assert out.endswith("  but    the date that the commitment itself names comes before it\n")


def test_a_rule_that_was_not_law_says_when_it_is(workspace, tmp_path):
    rules = tmp_path / "rules" / "house-rules.yaml"
    rules.write_text(rules.read_text().replace("    due: 10 days", "    valid: {from: 2020-01-01}\n    due: 10 days"))
    words = ("--what-if", "kind=question", "--what-if", "to=house", "--what-if", "received=2018-08-01")
    out = workspace("explain", "34964-B", *words, "--why-not", "question-ten-days")[1]
    assert out.endswith("  but    it is law from 2020-01-01 only\n")
