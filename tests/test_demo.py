"""The demonstration, whole: what it prints of the real case, what it leaves behind, and that it can be run again."""

import csv
import json

import pytest


@pytest.fixture
def demo(run):
    return lambda folder="demo": run("demo", folder)


@pytest.fixture
def story(demo):
    status, out, err = demo()
    assert (status, err) == (0, "")
    days = {}
    for part in out.split("\n\n"):
        heading, _, rest = part.strip().partition("\n")
        days.setdefault(heading.partition(" · ")[0], rest)
    return days


def test_the_letter_of_13_july_is_due_overdue_and_fulfilled_late_on_its_days(story):
    assert "34964-B  due soon (due Fri 10 Aug 2018)" in story["Wed 1 Aug 2018"]
    assert "34964-B  due soon → due today (due Fri 10 Aug 2018)" in story["Fri 10 Aug 2018"]
    assert "34964-B  due today → overdue, 1 day late (due Fri 10 Aug 2018)" in story["Sat 11 Aug 2018"]
    assert "34964-B  overdue → fulfilled late on Thu 30 Aug 2018, 20 days late" in story["Thu 30 Aug 2018"]


def test_each_days_digests_are_told(story):
    assert "→ digest to Griffie Immigratie en Asiel / JBZ-Raad: 1 new overdue" in story["Sat 11 Aug 2018"]
    assert "→ digest to Griffie Immigratie en Asiel / JBZ-Raad: 1 settled" in story["Thu 30 Aug 2018"]


def test_what_is_left_can_be_opened_by_other_programs(story, tmp_path):
    folder = tmp_path / "demo"
    suffixes = {path.suffix for path in (folder / "outbox").iterdir()}
    assert suffixes == {".eml", ".html", ".txt"}
    with (folder / "audit.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    # the answer of 20 June to the letter of 31 May was in time by 8 days
    assert (rows["34964-A"]["status"], rows["34964-A"]["days_late_current"]) == ("fulfilled", "-8")
    assert (rows["34964-B"]["status"], rows["34964-B"]["days_late_current"]) == ("fulfilled_late", "20")
    assert rows["33268-F"]["days_late_current"] == "-10"  # "vóór" 13 September: the 12th is the last day
    account = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    assert account["whole"]["total"] == len(rows)


@pytest.mark.at("2026-11-26")
def test_the_forum_of_2027_is_neither_late_nor_nagged_about_and_states_owe_no_report(story, tmp_path):
    with (tmp_path / "demo" / "audit.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    (forum,) = [row for row in rows if row["id"] == "grf-2027"]
    assert (forum["current_due"], forum["status"]) == ("2027", "pending")
    assert "grf-2027" not in "".join(path.read_text() for path in (tmp_path / "demo" / "outbox").glob("*.txt"))
    by_states = [row for row in rows if "un/member-states" in row["by"]]
    assert by_states
    assert {row["status"] for row in by_states} <= {"pending", "awaited", "fulfilled"}
    assert "report" not in {row["kind"] for row in by_states}


def test_it_can_be_run_twice_and_leaves_other_peoples_folders_alone(demo, tmp_path):
    first = demo()
    assert first[0] == demo()[0] == 0
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("x")
    status, _, err = demo("mine")
    assert status == 1
    assert err == "gestand: mine is not empty and not made by `gestand demo`; name another folder\n"
    assert (tmp_path / "mine" / "letter.txt").exists()


def test_the_last_pass_is_of_this_moment_and_so_a_service_goes_on_from_there(demo, run):
    demo()
    # a pass "as of eight in the morning" would lie ahead of whoever tries this before eight
    status, out, _ = run("-w", "demo", "tick")
    assert status == 0
    assert "0 commitments assessed, 0 changed\n" in out
