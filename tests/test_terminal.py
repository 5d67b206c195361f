"""What a terminal is shown: texts of the register cannot begin a line, steer the terminal or turn the text round."""

import csv
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.cli import output
from engine.cli.output import hand_over, hand_over_csv, say, visible

FORGED = "x\nfulfilled 2026-11-09 (ledger #9, written down 2026-11-09 by clerk)"
STEERING = "\x1b]52;c;aGk=\x07\x1b[2J\r\u202egnp.exe\u2066\x9b31m"


def hostile(text):
    return f"""commitments:
  - id: BAD
    kind: question
    title: "{text}"
    by: administration
    to: house
    made: 2026-11-01
    anchors: {{received: 2026-11-01}}
    source: {{document: "{text}", quote: "{text}"}}
    events:
      - {{note: 2026-11-02, text: x, document: "{text}"}}
"""


@pytest.fixture
def attacked(workspace, tmp_path):
    """A workspace with a commitment whose texts hold line ends, and what would steer a terminal."""
    escaped = r"x\nfulfilled 2026-11-09  (ledger #9)\u202Egnp.exe"
    (tmp_path / "bad.yaml").write_text(hostile(escaped))
    status, _, said = workspace("import", "bad.yaml", "--actor", "a\nledger #1 by the clerk")
    assert status == 0, said
    assert workspace("record", "note", "BAD", "--note", "y\nfulfilled 2026-11-08\u202e", "--actor", "b\nc")[0] == 0
    return workspace


SHOWN = [
    ("show", "BAD"),
    ("explain", "BAD"),
    ("explain", "BAD", "--verbose"),
    ("list",),
    ("tick",),
    ("next", "--days", "200"),
    ("audit",),
    ("diff", "--from", "2026-10-01"),
    ("digest", "who", "BAD"),
    ("digest", "preview"),
    ("silence", "BAD", "--until", "2027-01-01", "--reason", "z\nsilence 7 has ended"),
    ("record", "withdrawn", "BAD", "--note", "z\nfulfilled 2026-11-08"),
    ("undo", "#9999", "--reason", "z\nfulfilled"),
    ("verify",),
    ("doctor",),
    ("outbox",),
]


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_no_text_begins_a_line_or_turns_it_round(attacked, words):
    _, out, err = attacked(*words)
    told = out + err
    assert not [
        line for line in told.splitlines() if re.match(r"\s*(fulfilled 2026|ledger #1 by|silence 7 has|c\b)", line)
    ]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", told)


def test_the_marks_say_what_was_there(attacked):
    assert "x␊fulfilled 2026-11-09  (ledger #9)\N{REPLACEMENT CHARACTER}gnp.exe" in attacked("show", "BAD")[1]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb\r\tc", "a␊b␍␉c"),
        ("\x1b[2J\x07\x00", "␛[2J␇␀"),
        ("\x7f\x9b", "␡\N{REPLACEMENT CHARACTER}"),
        ("a\u2028b\u2029c\x85", "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c\N{REPLACEMENT CHARACTER}"),
        ("\u200f\u061c\u2067x\u2069", "\N{REPLACEMENT CHARACTER}" * 3 + "x\N{REPLACEMENT CHARACTER}"),
        ("\udcff", "\N{REPLACEMENT CHARACTER}"),
        # what scripts need stays: joiners, combining marks, letters written from right to left
        ("می\u200cخواهم e\u0301 שלום", "می\u200cخواهم e\u0301 שלום"),
    ],
)
def test_what_steers_is_marked_and_what_scripts_need_stays(text, shown):
    assert visible(text) == shown


def test_every_line_that_is_said_is_one(capsys):
    say("a\nb", "", "c", err=True)
    assert capsys.readouterr().err == "a␊b\n\nc\n"


class _Terminal(io.TextIOWrapper):
    def isatty(self):
        return True


def on_a_terminal(monkeypatch, tell, document):
    """What a terminal is shown of a document."""
    made = _Terminal(io.BytesIO(), encoding="utf-8", newline="")
    with monkeypatch.context() as shown:
        shown.setattr(sys, "stdout", made)
        tell(document)
    made.flush()
    return made.buffer.getvalue().decode()


def test_a_document_on_a_terminal_keeps_its_lines_and_steers_nothing(monkeypatch):
    told = on_a_terminal(monkeypatch, hand_over, f"a\tb\r\n{STEERING}\nc\n".encode())
    assert told == "a\tb\r\n␛]52;c;aGk=␇␛[2J␍\ufffdgnp.exe\ufffd\ufffd31m\nc\n"


def test_a_row_of_csv_on_a_terminal_is_one_line(monkeypatch):
    document = f'id,title\r\nBAD,"{FORGED}"\r\nGOOD,"a ""quoted"" one"\r\n'
    told = on_a_terminal(monkeypatch, hand_over_csv, document)
    rows = list(csv.reader(io.StringIO(told, newline="")))
    assert [len(row) for row in rows] == [2, 2, 2]
    assert len(told.splitlines()) == 3
    assert rows[1] == ["BAD", FORGED.replace("\n", "␊")]


@pytest.mark.parametrize("words", [("audit", "--format", "csv"), ("export", "--format", "csv")])
def test_a_pipe_gets_the_bytes_that_a_file_gets(attacked, tmp_path, words):
    printed = [sys.executable, "-c", "from engine.cli import main; main()", *words]
    out = subprocess.run(printed, cwd=tmp_path, check=True, capture_output=True).stdout
    assert attacked(*words, "-o", "out.csv")[0] == 0
    assert (tmp_path / "out.csv").read_bytes() == out


def test_commands_print_by_these_functions_alone():
    """click.echo would print a text as it is."""
    commands = [file for file in Path(output.__file__).parent.glob("*.py") if file.name != "output.py"]
    assert [file.name for file in commands if re.search(r"click\.s?echo|\bprint\(", file.read_text())] == []
