"""The deadline calculator and the calendars on the command line, and the 102 published cases through the front door."""

import json
from pathlib import Path

import pytest

CASES = Path(__file__).parent / "cases" / "deadlines.jsonl"


def test_a_deadline_comes_with_its_steps(run):
    assert run("deadline", "4 weeks after 2018-07-13") == (
        0,
        (
            "due Fri 10 Aug 2018\n"
            "  1 anchor   counted from Fri 13 Jul 2018\n"
            "  2 count    trigger day excluded; 4 weeks → Fri 10 Aug 2018\n"
            "  3 roll     none asked\n"
        ),
        "",
    )


@pytest.mark.parametrize(
    ("words", "due"),
    [
        # days off of a calendar by name: Good Friday and Easter Monday lie between
        (("3 working days after 2024-03-27", "--calendar", "nl"), "2024-04-03"),
        (("3 days after 2024-03-27", "--calendar", "nl", "--roll", "following"), "2024-04-02"),
        # union: a holiday in any of them
        (("1 working day after 2026-05-04", "--calendar", "nl", "--calendar", "uk"), "2026-05-06"),
        (("1 month after 2012-01-31", "--month-end", "next_day"), "2012-03-01"),
        (("21 days after 2026-06-03", "--counting", "clear"), "2026-06-25"),
        (("20 days after 2013-10-01", "--roll", "next_monday", "--at", "10:00"), "2013-10-28T10:00"),
        # Texas time: hours are elapsed hours across the change of the clock
        (("72 hours after 2007-11-02T10:23", "--timezone", "America/New_York"), "2007-11-05T09:23"),
        (("5 days after 2026-11-23", "--short", "5 days"), "2026-11-30"),
        (("1 year after 2026-11-23", "--cap", "2027-01-31"), "2027-01-31"),
        # 22 July + 56 days is 16 September; the 31 days of August are not counted
        (("8 weeks after 2019-07-22", "--suspend", "eu-subsidiarity"), "2019-10-17"),
        (("2 months before 2027-12",), "2027-10-01/2027-10-31"),
    ],
)
def test_every_switch_can_be_set(run, words, due):
    status, out, err = run("deadline", *words, "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["due"] == due


@pytest.mark.parametrize(
    ("words", "status", "complaint"),
    [
        (("4 weeks after 2018-02-31",), 1, "February 2018 has 28 days"),
        (("4 wekken after 2018-07-13",), 1, "'wekken' is not a unit of time; write 4 weeks"),
        (("1000000000 weeks after 2018-07-13",), 1, "is too long; write at most 1000 years"),
        (("4 weeks after 12018-07-13",), 1, "lies outside the years 1 to 9999"),
        (("900 years after 9200-01-01",), 1, "it would fall outside the years 1 to 9999"),
        (("3 working days after 2024-03-27", "--calendar", "nll"), 1, "there is no calendar nll; did you mean nl?"),
        (("3 working days after 2040-03-27", "--calendar", "nl"), 1, "calendar nl is known until Sun 31 Dec 2028"),
        (("four weeks",), 2, "does not say what to count from; write 4 weeks after letter"),
        ((), 2, "nothing to count; write, for instance,"),
    ],
)
def test_what_cannot_be_counted_says_what_to_write_instead(run, words, status, complaint):
    left, out, err = run("deadline", *words)
    assert (left, out) == (status, "")
    assert complaint in err


def test_the_batch_gives_every_published_answer(run):
    status, out, _ = run("deadline", "--batch", str(CASES))
    answers = {answer["id"]: answer["due"] for answer in map(json.loads, out.splitlines())}
    expected = {case["id"]: case["expect"] for case in map(json.loads, CASES.read_text().splitlines())}
    assert (status, len(expected)) == (0, 102)
    assert answers == expected


def test_an_unusable_line_is_an_error_and_the_batch_goes_on(run, tmp_path):
    (tmp_path / "b.jsonl").write_text(
        '{"id": 1, "due": "4 wekken after x"}\nnonsense\n\n{"id": 3, "due": "1 day after 2026-01-01"}\n'
    )
    status, out, _ = run("deadline", "--batch", "b.jsonl")
    first, second, third = map(json.loads, out.splitlines())
    assert status == 1
    assert "'wekken' is not a unit of time" in first["error"]
    assert second == {"id": 2, "error": 'this line is not JSON; write {"id": 1, "due": "4 weeks after 2018-07-13"}'}
    assert (third["id"], third["due"], third["latest"]) == (3, "2026-01-02", "2026-01-02")


def test_a_calendar_at_a_glance_tells_each_day_off(run):
    status, out, _ = run("calendar", "show", "nl", "2026")
    assert status == 0
    assert out.startswith("nl 2026  The Netherlands, Algemene termijnenwet\nversion ")
    assert "* Fri 2 Jan 2026  equated by decree\n" in out
    assert max(len(line) for line in out.splitlines()) <= 80


def test_calendars_are_listed_and_in_order_and_a_misspelt_one_gets_a_suggestion(run):
    assert "nl-tk-recess" in run("calendar", "list")[1]
    status, out, _ = run("calendar", "lint")
    assert (status, out.partition(" ")[2]) == (0, "calendars: all in order\n")
    assert run("calendar", "show", "nll")[2] == "gestand: there is no calendar nll; did you mean nl?\n"


def test_a_calendar_of_the_workspace_counts_and_its_oddities_are_told(run, tmp_path):
    (tmp_path / "calendars").mkdir()
    (tmp_path / "calendars" / "house.yaml").write_text(
        "calendar: house\nuntil: 2026-12-31\nrecess:\n"
        "  - {from: 2026-07-03, to: 2026-08-31}\n  - {from: 2026-08-24, to: 2026-09-04}\nholidays: [2026-11-24]\n"
    )
    assert json.loads(run("deadline", "1 working day after 2026-11-23", "--calendar", "house", "--json")[1])["due"] == (
        "2026-11-25"
    )
    status, _, err = run("calendar", "lint", "calendars/house.yaml")
    assert status == 1
    assert "house.yaml:5:5: recess[1]: 2026-08-24 to 2026-09-04 overlaps 2026-07-03 to 2026-08-31" in err
