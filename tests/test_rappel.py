"""Rappel rounds: the real ones of 24 May 2016 and 23 November 2021, and the edges of a cut-off."""

import csv
import json
import shutil
from datetime import date
from importlib import resources
from pathlib import Path

import pytest

from commitments.audit.rappel import next_cutoff

SAMPLES = ("nl-undertakings.csv", "nl-undertakings.yaml")
DECISIONS = Path(__file__).parent / "decisions"


@pytest.fixture
def undertakings(run, tmp_path):
    """A workspace with the undertakings that the two committees decided on."""
    assert run("init")[0] == 0
    for name in SAMPLES:
        with resources.as_file(resources.files("commitments.samples") / name) as path:
            shutil.copy(path, tmp_path / name)
    assert run("import", *SAMPLES, "--actor", "clerk")[0] == 0
    return run


def rappel(run, cutoff, as_of, *words):
    status, said, complained = run("audit", "--format", "json", "--rappel", cutoff, "--as-of", as_of, *words)
    assert status == 0, complained
    return json.loads(said)["rappel"]


def ids(chased):
    return [one["id"] for one in chased]


def test_what_has_lapsed_by_the_cutoff_and_what_lapses_by_the_next(undertakings):
    """The day of the cut-off itself has lapsed by it: terms end on 1 January and 1 July."""
    found = rappel(undertakings, "2022-01-01", "2022-01-02")
    assert (found["cutoff"], found["next"]) == ("2022-01-01", "2022-07-01")
    assert ids(found["lapsed"]) == ["T03063", "T02884", "T02906"]  # 30 November, 1 January, 1 January
    assert ids(found["ahead"]) == ["T02880", "T02882", "T02869", "T02874", "T03129"]  # 1 February and 1 April
    assert {one["extended"] for one in found["lapsed"]} == {1}
    assert {one["status"] for one in found["lapsed"]} == {"overdue"}


def test_partly_met_stays_on_the_list_and_the_register_shows_how_often_it_was_moved(undertakings):
    found = rappel(undertakings, "2023-01-01", "2023-03-01", "--text", "T02881")
    assert [(one["id"], one["partly"], one["current_due"]) for one in found["lapsed"]] == [
        ("T02881", True, "2023-01-01")
    ]
    assert (
        undertakings("audit", "--rappel", "2023-01-01", "--as-of", "2023-03-01", "--text", "T02881")[1].count("T02881")
        > 1
    )


def test_the_decisions_of_23_november_2021(undertakings):
    """As the committees' short note has them, number by number."""
    found = rappel(undertakings, "2021-07-01", "2021-11-23", "--to", "nl/eerste-kamer/iwo")
    (meeting,) = found["meetings"]
    assert (meeting["day"], meeting["document"]) == ("2021-11-23", "brief van de minister van 12 november 2021")
    told = {one["commitment"]: one["what"] for one in meeting["outcomes"]}
    with (DECISIONS / "ek_rappel_decisions_2021-11-23.csv").open(encoding="utf-8", newline="") as file:
        noted = {line["number"]: line for line in csv.DictReader(file)}
    assert told.keys() == noted.keys()
    words = {
        "further_explanation_requested": "further explanation asked",
        "voldaan": "fulfilled",
        "deels voldaan": "partly fulfilled",
        "openstaand": "unchanged",
    }
    for number, line in noted.items():
        new = f"new deadline {line['new_deadline']}"
        expected = words[line["decision"]]
        if line["new_deadline"]:
            expected = new if line["decision"] == "openstaand" else f"{expected}, {new}"
        assert told[number] == expected, number
    assert {one["id"] for one in found["undated"] if one["explanation_asked"]} == {
        "T02849", "T02857", "T02867", "T02887", "T02908",
    }  # fmt: skip


def test_the_decisions_of_24_may_2016(undertakings):
    found = rappel(undertakings, "2016-01-01", "2016-05-24", "--to", "nl/eerste-kamer/korel")
    (meeting,) = found["meetings"]
    assert {one["commitment"]: one["what"] for one in meeting["outcomes"]} == {
        "T01031": "partly fulfilled",
        **dict.fromkeys(("T01154", "T01753", "T01156"), "fulfilled"),
        **dict.fromkeys(("T01220", "T01222", "T01223", "T01224", "T01235"), "unchanged"),
    }
    assert found["lapsed"] == found["ahead"] == []  # the sources give no term for any of them
    assert ids(found["undated"]) == ["T01031", "T01220", "T01222", "T01223", "T01224", "T01235"]


def test_a_meeting_before_the_cutoff_or_after_the_next_is_not_of_the_round(undertakings):
    assert rappel(undertakings, "2021-11-24", "2022-06-01")["meetings"] == []
    assert rappel(undertakings, "2021-01-01", "2022-06-01")["meetings"] == []  # the next cut-off is 1 July 2021
    assert len(rappel(undertakings, "2021-01-01", "2022-06-01", "--next", "2021-12-31")["meetings"]) == 1


@pytest.mark.parametrize(
    ("cutoff", "following"),
    [
        ("2021-07-01", "2022-01-01"),
        ("2022-01-01", "2022-07-01"),
        ("2016-03-01", "2016-07-01"),
        ("2021-12-31", "2022-01-01"),
        ("9999-07-01", "9999-12-31"),
    ],
)
def test_the_next_cutoff(cutoff, following):
    assert next_cutoff(date.fromisoformat(cutoff)) == date.fromisoformat(following)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--next", "2022-01-01"), "--next is the cut-off after the one of --rappel"),
        (("--rappel", "2022-01-01", "--next", "2021-07-01"), "--next is the cut-off after the one of --rappel"),
        (("--from", "2999-01-01"), "compare an earlier day with a later one"),
        (("-o", "audit.doc"), "audit.doc names no form: end it in .md, .markdown, .html, .htm, .json, .csv"),
        (("--rappel", "soon"), "'soon' is not a day; write one such as 2018-08-10"),
    ],
)
def test_what_cannot_be_asked_for_is_said(workspace, words, said):
    status, _, complained = workspace("audit", *words)
    assert (status, said in " ".join(complained.split())) == (2, True), complained


def test_what_changed_is_told_between_two_days(undertakings):
    said = undertakings("audit", "--format", "json", "--from", "2021-12-31", "--as-of", "2022-01-02")[1]
    changed = json.loads(said)["changed"]
    assert [(one["change"], one["commitment"]) for one in changed["changes"]] == [
        ("became overdue", "T02884"),
        ("became overdue", "T02906"),
    ]
    text = undertakings("audit", "--from", "2021-12-31", "--as-of", "2022-01-02")[1]
    assert "What changed from 31 December 2021 to 2 January 2022 (2)" in text


@pytest.mark.parametrize("name", ["audit.html", "audit.md", "audit.csv", "audit.json"])
def test_a_files_name_says_its_form(undertakings, tmp_path, name):
    status, said, complained = undertakings("audit", "-o", name)
    assert (status, said, complained) == (0, "", f"written to {name}\n")
    begins = {"html": "\n", "md": "# Fulfilled", "csv": "id,title,", "json": "{\n"}
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert text.lstrip("\n").startswith(begins[name.rpartition(".")[2]].lstrip("\n") or "<!doctype html>")


def test_a_file_that_cannot_be_written_is_a_sentence(undertakings):
    status, _, complained = undertakings("audit", "-o", "nowhere/audit.md")
    assert (status, "No such file or directory" in complained) == (1, True)
