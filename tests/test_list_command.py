"""gestand list: filters, order, columns, forms, widths, and what it says where there is nothing."""

import csv
import io
import json
import os
import pty
import subprocess
import sys

import click
import pytest

REGISTER = """\
commitments:
  - {id: Q-1, kind: question, title: "=cmd()", by: nl/regering/bzk/minister, to: nl/tweede-kamer, made: 2018-01-02,
     dossier: "34 964", stated_due: 2018-02-01}
  - {id: Q-2, kind: question, title: Second, by: nl/regering/jenv/staatssecretaris, to: nl/tweede-kamer,
     dossier: "34.964", stated_due: 2018-03-01, events: [{fulfilled: 2018-03-05}]}
  - {id: Q-3, kind: report, title: Third, by: nl/regering, to: nl/eerste-kamer/biza, made: 2018-01-01, dossier: "30000"}
"""


@pytest.fixture
def listed(run, tmp_path):
    (tmp_path / "gestand.yaml").write_text("timezone: Europe/Amsterdam\nmail: {sender: gestand@example.org}\n")
    (tmp_path / "r.yaml").write_text(REGISTER)
    assert run("import", "--new", "r.yaml")[0] == 0
    return run


def names(run, *words):
    status, out, err = run("list", *words, "--json")
    assert (status, err) == (0, "")
    return [row["id"] for row in json.loads(out)]


@pytest.mark.parametrize("day", [(), ("--as-of", "2018-04-01")])
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ["Q-1", "Q-3", "Q-2"]),
        (("--status", "open"), ["Q-1", "Q-3"]),
        (("--status", "overdue", "--status", "fulfilled_late"), ["Q-1", "Q-2"]),
        (("--to", "nl/eerste-kamer"), ["Q-3"]),
        (("--by", "nl/regering/bzk"), ["Q-1"]),
        (("--by", "NL/regering/BZK/"), ["Q-1"]),
        (("--to", "NL/Eerste-Kamer"), ["Q-3"]),
        (("--kind", "report"), ["Q-3"]),
        (("--dossier", "34964"), ["Q-1", "Q-2"]),
        (("--text", "SECOND"), ["Q-2"]),
        (("--due-before", "2018-02-01"), []),
        (("--due-before", "2018-02-02"), ["Q-1"]),
        (("--due-after", "2018-02-01"), ["Q-2"]),
        (("--due-before", "0001-01-01"), []),
        (("--due-after", "9999-12-31"), []),
        (("--overdue-by", "59"), ["Q-1"]),
        (("--limit", "1"), ["Q-1"]),
        (("--sort", "id"), ["Q-1", "Q-2", "Q-3"]),
        (("--sort", "-id"), ["Q-3", "Q-2", "Q-1"]),
        (("--sort", "due"), ["Q-1", "Q-2", "Q-3"]),  # what has no date comes last
        (("--sort", "-due"), ["Q-2", "Q-1", "Q-3"]),
        (("--sort", "-late"), ["Q-1", "Q-2", "Q-3"]),
        (("--sort", "made"), ["Q-3", "Q-1", "Q-2"]),
        (("--sort", "by"), ["Q-3", "Q-1", "Q-2"]),
        (("--sort", "status"), ["Q-1", "Q-3", "Q-2"]),
    ],
)
def test_filters_orders_and_limits(listed, words, day, expected):
    assert names(listed, *words, *day) == expected


def test_columns_are_those_that_are_asked_for_in_every_form(listed):
    asked = ("--columns", "id, late,due,made", "--as-of", "2018-04-01")
    status, out, _ = listed("list", *asked, "--csv")
    assert status == 0
    assert list(csv.reader(io.StringIO(out))) == [
        ["id", "days_late_current", "current_due", "made"],
        ["Q-1", "59", "2018-02-01", "2018-01-02"],
        ["Q-3", "", "", "2018-01-01"],
        ["Q-2", "4", "2018-03-01", ""],
    ]
    assert json.loads(listed("list", *asked, "--json", "--limit", "1")[1]) == [
        {"id": "Q-1", "days_late_current": 59, "current_due": "2018-02-01", "made": "2018-01-02"}
    ]
    assert [" ".join(line.split()) for line in listed("list", *asked)[1].splitlines()[:1]] == [
        "commitment days late due made"
    ]


def test_what_a_spreadsheet_would_run_is_made_harmless(listed):
    out = listed("list", "--columns", "title", "--csv", "--limit", "1")[1]
    assert out == "title\r\n'=cmd()\r\n"


def test_what_is_not_shown_is_counted(listed):
    out = listed("list", "--limit", "2", "--as-of", "2018-04-01")[1]
    assert out.endswith("\n2 of 3 commitments as of Sun 1 Apr 2018\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--kind", "motion"), "no commitments fit; leave a filter out\n"),
        (("--as-of", "2010-01-01"),
         "no commitments as of Fri 1 Jan 2010; `gestand list` by itself shows those of today\n"),
        (("--known-at", "2010-01-01T09:00"),
         ("no commitments as of Fri 1 Jan 2010, as known at 2010-01-01 09:00; `gestand list` by itself shows those of "
          "today\n")),
    ],
)  # fmt: skip
def test_where_there_is_nothing_it_says_what_to_do(listed, words, said):
    assert listed("list", *words) == (0, said, "")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--sort", "dew"), "'dew' is nothing to sort by; did you mean due?"),
        (("--columns", "id,titel"), "'titel' is no column; did you mean title?"),
        (("--json", "--csv"), "--json and --csv are two forms: ask for one"),
        (("--as-of", "2018-W32"), "'2018-W32' is not a day; write one such as 2018-08-10"),
        (("--known-at", "2018-W32"), "'2018-W32' is no moment; write a day such as 2018-08-10, or 2018-08-10T09:30"),
        (("--overdue-by", "999999999"), "999999999 is not in the range 1<=x<=99999"),
        (("--known-at", "last week"), "'last week' is no moment; write a day such as 2018-08-10, or 2018-08-10T09:30"),
    ],
)
def test_wrong_use_is_told(listed, words, complaint):
    status, _, err = listed("list", *words)
    assert status == 2
    assert complaint in err


@pytest.mark.parametrize(
    "words",
    [("import", "evil.jsonl", "--dry-run"), ("tick",), ("list",), ("show", "E-1"), ("explain", "E-1"),
     ("diff", "--from", "2018-01-01")],
)  # fmt: skip
def test_no_text_of_the_register_steers_a_terminal(listed, tmp_path, words):
    evil = "\x1b]0;another title\x07 \x9b31m"
    commitment = {"id": "E-1", "kind": "question", "title": evil, "by": "a", "to": "b", "dossier": evil,
                  "stated_due": {"date": "2018-02-01", "phrase": evil}}  # fmt: skip
    (tmp_path / "evil.jsonl").write_text(json.dumps(commitment))
    if words[0] != "import":
        assert listed("import", "evil.jsonl")[0] == 0
    status, out, _ = listed(*words)
    assert status == 0
    assert "␛]0;another title" in out
    assert [character for character in out if character in evil and not character.isprintable()] == []


def on_a_terminal(folder, columns, *words):
    """What a command writes on a terminal so wide, without its colours."""
    ours, theirs = pty.openpty()
    code = "from engine.cli import main; main()"
    environment = {**os.environ, "COLUMNS": str(columns), "NO_COLOR": "1", "TERM": "xterm"}
    command = [sys.executable, "-c", code, *words]
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=theirs, stderr=theirs):
        os.close(theirs)
        written = b""
        try:
            while piece := os.read(ours, 65536):
                written += piece
        except OSError:  # the terminal is closed when the command has ended
            pass
    os.close(ours)
    return click.unstyle(written.decode().replace("\r\n", "\n"))


def test_at_eighty_columns_ids_stay_whole_and_parties_break_at_slashes(listed, tmp_path):
    out = on_a_terminal(tmp_path, 80, "list", "--as-of", "2018-04-01")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if line.startswith("Q-")] == ["Q-1", "Q-3", "Q-2"]
    assert {"nl/regering/", "jenv/", "staatssecretaris"} <= set(out.split())


def test_at_160_columns_a_row_is_a_line(listed, tmp_path):
    out = on_a_terminal(tmp_path, 160, "list", "--as-of", "2018-04-01")
    row = next(line for line in out.splitlines() if line.startswith("Q-2"))
    assert "nl/regering/jenv/staatssecretaris" in row
    assert "fulfilled late on Mon 5 Mar 2018, 4 days late" in row
