"""Problems in each of their forms: text, JSON, annotations, SARIF."""

import json

from commitments.reading.formats import FORMATS
from commitments.reading.problem import Problem

MISSPELT = Problem(
    file="rules/my pack.yaml",
    line=3,
    column=5,
    path="rules[0].wehn",
    message="'wehn' is not known here",
    hint="did you mean when?",
    excerpt="    wehn: {}",
)
WHOLE = Problem(file="x.yaml", line=0, column=0, path="", message="this file is empty", level="warning")


def test_text_has_the_line_a_caret_and_the_way_out():
    assert FORMATS["text"]([MISSPELT, WHOLE]) == (
        "rules/my pack.yaml:3:5: rules[0].wehn: 'wehn' is not known here\n"
        "  3 |     wehn: {}\n"
        "    |     ^\n"
        "  hint: did you mean when?\n"
        "\n"
        "x.yaml: warning: this file is empty\n"
        "\n"
    )


def test_json_is_a_list_of_what_is_known_of_each():
    assert json.loads(FORMATS["json"]([MISSPELT]))[0] == {
        "file": "rules/my pack.yaml",
        "line": 3,
        "column": 5,
        "path": "rules[0].wehn",
        "message": "'wehn' is not known here",
        "hint": "did you mean when?",
        "excerpt": "    wehn: {}",
        "level": "error",
    }
    assert FORMATS["json"]([]) == "[]\n"


def test_github_annotates_the_line_and_escapes_what_would_end_a_field():
    nasty = Problem(file="a,b:c.yaml", line=1, column=2, path="", message="50 % of\ntwo: lines, with commas")
    assert FORMATS["github"]([MISSPELT, nasty, WHOLE]) == (
        "::error file=rules/my pack.yaml,line=3,col=5,title=rules[0].wehn::"
        "'wehn' is not known here (did you mean when?)\n"
        "::error file=a%2Cb%3Ac.yaml,line=1,col=2::50 %25 of%0Atwo: lines, with commas\n"
        "::warning file=x.yaml::this file is empty\n"
    )


def test_sarif_names_the_tool_the_rule_and_the_place():
    (run,) = json.loads(FORMATS["sarif"]([MISSPELT, WHOLE]))["runs"]
    assert run["tool"]["driver"]["name"] == "gestand"
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {one["ruleId"] for one in run["results"]}
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["results"][0] == {
        "ruleId": "mistake",
        "level": "error",
        "message": {"text": "rules[0].wehn: 'wehn' is not known here (did you mean when?)"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "rules/my%20pack.yaml"},
                    "region": {"startLine": 3, "startColumn": 5},
                }
            }
        ],
    }
    assert "region" not in run["results"][1]["locations"][0]["physicalLocation"]
