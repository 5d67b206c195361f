"""The commands that look ahead and back: next, backtest."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import rules.packs

SENATE = Path(rules.packs.__file__).parent / "nl-eerste-kamer.yaml"


@pytest.fixture
def question(workspace, tmp_path):
    """The workspace with a question received long before anything falls due."""
    (tmp_path / "q.csv").write_text(
        "id,kind,title,by,to,made,anchor.received\nQ-1,question,A question,a,house,2026-01-05,2199-03-01\n"
    )
    assert workspace("import", "q.csv")[0] == 0
    return workspace


def test_next_says_what_changes_first(question):
    status, out, _ = question("next", "--json")
    assert status == 0
    (turn,) = [turn for turn in json.loads(out) if turn["commitment"] == "Q-1"]
    assert turn == {
        "day": "2199-03-08",
        "commitment": "Q-1",
        "title": "A question",
        "from": "pending",
        "to": "due_soon",
        "due": "2199-03-11",
        "notices": [
            {"day": "2199-03-08", "rule": "house-rules/question-ten-days", "stage": "reminder", "step": 1,
             "audience": "clerk"}
        ],
    }  # fmt: skip


def test_next_of_one_commitment_is_all_that_lies_ahead(question):
    status, out, _ = question("next", "Q-1", "--json")
    assert status == 0
    assert [
        (turn["day"], turn["from"], turn["to"], [n["stage"] for n in turn["notices"]]) for turn in json.loads(out)
    ] == [
        ("2199-03-08", "pending", "due_soon", ["reminder"]),
        ("2199-03-11", "due_soon", "due_today", ["due_today"]),
        ("2199-03-12", "due_today", "overdue", ["overdue"]),
        ("2199-03-19", "overdue", "overdue", ["overdue"]),
        ("2199-03-26", "overdue", "overdue", ["overdue"]),
        ("2199-04-01", "overdue", "overdue", ["escalation"]),
        ("2199-04-02", "overdue", "overdue", ["overdue"]),
    ]


def test_next_is_sorted_and_reads_well(question):
    status, out, _ = question("next", "Q-1")
    assert status == 0
    assert [line.split("  ")[0] for line in out.splitlines()[2:4]] == ["Fri 8 Mar 2199", "Mon 11 Mar 2199"]
    assert "pending → due soon" in out
    assert "clerk: reminder" in out


def test_next_says_when_nothing_will_change(question):
    assert question("next", "34964-B")[1] == "nothing will change by itself\n"
    assert question("next", "Q-1", "--days", "7")[1] == "nothing will change in the next 7 days\n"


@pytest.fixture
def longer(workspace, tmp_path):
    """The workspace, and a file that gives five weeks for a reply instead of four."""
    (tmp_path / "longer.yaml").write_text(
        SENATE.read_text().replace("{period: 4 weeks, after", "{period: 5 weeks, after")
    )
    return workspace


def test_backtest_tells_what_would_have_differed(longer):
    status, out, _ = longer("backtest", "longer.yaml", "--from", "2018-08-01", "--to", "2018-11-30")
    assert status == 0
    assert out.startswith("1 commitment, Wed 1 Aug 2018 – Fri 30 Nov 2018: 1 would have differed\n")
    assert "nl-eerste-kamer/reply-four-weeks   1           1" in out
    assert "  due     Fri 10 Aug 2018 → Fri 17 Aug 2018 (from 2018-08-01 on)\n" in out
    assert "  status  overdue → due soon (2018-08-11 – 2018-08-16)\n" in out
    assert "  gone    overdue to clerk on Sat 11 Aug 2018\n" in out
    assert "  new     overdue to clerk on Sat 18 Aug 2018\n" in out


def test_backtest_is_for_pipelines_too(longer):
    words = ("--from", "2018-08-01", "--to", "2018-11-30", "--exit-code", "--json")
    status, out, _ = longer("backtest", "longer.yaml", *words)
    assert status == 1
    found = json.loads(out)
    assert found["commitments"] == 1
    assert found["differing"][0]["deadlines"] == [
        {"since": "2018-08-01", "rule": "nl-eerste-kamer/reply-four-weeks", "old": "2018-08-10", "new": "2018-08-17"}
    ]
    assert longer("backtest", "longer.yaml", *words)[1] == out


def test_backtest_compares_two_files_and_finds_a_file_equal_to_itself(longer, tmp_path):
    words = ("--from", "2018-08-01", "--to", "2018-11-30", "--exit-code")
    (tmp_path / "four.yaml").write_text(SENATE.read_text())
    assert longer("backtest", "four.yaml", "longer.yaml", *words)[0] == 1
    status, out, _ = longer("backtest", "four.yaml", *words)
    assert (status, out) == (0, "1 commitment, Wed 1 Aug 2018 – Fri 30 Nov 2018: none would have differed\n")


def test_backtest_of_a_pack_that_another_extends_goes_through_that_one(workspace, tmp_path):
    base = (
        "pack: base\ntitle: Base\nrules:\n  - {id: one, title: One, when: {kind: reply}, due: 4 weeks after letter}\n"
    )
    (tmp_path / "rules" / "base.yaml").write_text(base)
    (tmp_path / "rules" / "heir.yaml").write_text("pack: heir\ntitle: Heir\nextends: base\n")
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text().replace("packs: [nl-eerste-kamer, ", "packs: ["))
    (tmp_path / "new.yaml").write_text(base.replace("4 weeks", "6 weeks"))
    status, out, _ = workspace("backtest", "new.yaml", "--from", "2018-08-01", "--to", "2018-11-30", "--json")
    assert status == 0
    assert json.loads(out)["differing"][0]["deadlines"] == [
        {"since": "2018-08-01", "rule": "heir/one", "old": "2018-08-10", "new": "2018-08-24"}
    ]


def test_backtest_leaves_with_what_is_wrong_in_a_file(longer, tmp_path):
    (tmp_path / "broken.yaml").write_text("pack: p\ntitle: [\n")
    status, out, err = longer("backtest", "broken.yaml")
    assert (status, out) == (1, "")
    assert err.startswith("broken.yaml:")


def test_backtest_refuses_a_period_that_runs_backwards(longer):
    status, _, err = longer("backtest", "longer.yaml", "--from", "2019-01-01", "--to", "2018-01-01")
    assert status == 2
    assert "2019-01-01 is after 2018-01-01: let --from be the earlier day" in err


def test_a_person_who_looks_sees_how_far_a_backtest_is(longer):
    """The bar goes to the terminal that complaints go to, and never into what is piped away."""
    terminal, theirs = pty.openpty()
    code = "from engine.cli import main; main()"
    words = ["backtest", "longer.yaml", "--from", "2018-08-01", "--to", "2018-11-30"]
    done = subprocess.run([sys.executable, "-c", code, *words], stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    seen = os.read(terminal, 65_536).decode()
    os.close(terminal)
    assert "backtest" in seen
    assert done.stdout.decode().startswith("1 commitment, ")
