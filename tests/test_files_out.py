"""What is printed arrives, or is refused before anything is done; what is written to a file can be read again."""

import json
import os
import subprocess
import sys

import clocks
import pytest

from engine.cli.output import visible

TITLE = "\N{WOMAN} a\x1bb — שלום"


@pytest.fixture
def odd(workspace, tmp_path):
    """A workspace with a title that holds a character of steering and one beyond ASCII; JSON writes it in escapes."""
    one = {"id": "ODD", "kind": "question", "title": TITLE, "by": "administration", "to": "house", "made": "2026-11-01"}
    (tmp_path / "odd.json").write_text(json.dumps({"commitments": [one]}))
    status, _, said = workspace("import", "odd.json")
    assert status == 0, said
    return workspace


def started(tmp_path, words, before="", **more):
    """What a command ends with, started by a shell that does something to its streams."""
    program = f"exec {sys.executable} -c 'from engine.cli import main; main()' {words} {before}"
    env = clocks.environment() | more
    return subprocess.run(["sh", "-c", program], cwd=tmp_path, env=env, capture_output=True, check=False)


def test_json_may_write_a_character_in_two_escapes(odd):
    assert TITLE in [each["title"] for each in json.loads(odd("list", "--json")[1])]


def test_two_backslashes_in_json_are_no_escape(workspace, tmp_path):
    one = {"id": "B", "kind": "question", "title": r"\ud83d\udc69", "by": "a", "to": "b", "made": "2026-11-01"}
    (tmp_path / "b.json").write_text(json.dumps({"commitments": [one]}))
    assert workspace("import", "b.json")[0] == 0
    assert r"title       \ud83d\udc69" in workspace("show", "B")[1]


def test_csv_that_was_written_can_be_taken_in(odd, tmp_path):
    assert odd("export", "--format", "csv", "-o", "out.csv")[0] == 0
    assert "\N{WOMAN} a\N{REPLACEMENT CHARACTER}b — שלום" in (tmp_path / "out.csv").read_text()
    assert odd("import", "out.csv")[0] == 0


@pytest.mark.parametrize(
    ("encoding", "title"),
    [
        # what a system says that was told of no language
        ("ascii", "\N{WOMAN} a\N{SYMBOL FOR ESCAPE}b — שלום".encode()),
        ("latin-1:strict", b"? a?b ? ????"),
    ],
)
@pytest.mark.parametrize("words", ["list", "show ODD", "audit", "list --help"])
def test_a_character_that_the_terminal_lacks_stops_nothing(odd, tmp_path, words, encoding, title):
    done = started(tmp_path, words, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert title in done.stdout or words in ("audit", "list --help")


@pytest.mark.parametrize("words", ["list", "show ODD", "export", "tick", "--help"])
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_stops_nothing(odd, tmp_path, words, closed):
    done = started(tmp_path, words, closed)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_stream_that_cannot_be_written_is_told_before_anything_is_done(odd, tmp_path):
    done = started(tmp_path, "tick", "1<odd.json")
    assert done.returncode == 1
    assert done.stderr.decode() == (
        "gestand: standard output is open for reading only, so nothing was done; "
        "send it to a terminal, a file or a pipe\n"
    )
    assert not (tmp_path / "outbox").exists()


def test_no_columns_are_as_many_as_a_terminal_has_mostly(odd, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "0")
    ours, theirs = os.openpty()
    program = [sys.executable, "-c", "from engine.cli import main; main()", "list"]
    subprocess.run(program, cwd=tmp_path, stdout=theirs, check=True)
    os.close(theirs)
    assert b"ODD" in os.read(ours, 65536)
    os.close(ours)


def test_what_hides_in_a_text_is_marked():
    mark = "\N{REPLACEMENT CHARACTER}"
    assert visible("a\u2060b\ufff9c\U000e0041") == f"a{mark}b{mark}c{mark}"


@pytest.mark.parametrize("ending", ["html", "md"])
def test_no_page_of_an_account_steers_who_reads_it(odd, tmp_path, ending):
    assert odd("audit", "-o", f"a.{ending}")[0] == 0
    written = (tmp_path / f"a.{ending}").read_text()
    assert "a\N{SYMBOL FOR ESCAPE}b" in written
    assert "\x1b" not in written


def test_no_page_about_a_pack_steers_who_reads_it(workspace, tmp_path):
    rules = tmp_path / "rules" / "house-rules.yaml"
    rules.write_text(rules.read_text().replace("quote: within ten days of receipt", r'quote: "q\e[2J\u202E"'))
    assert workspace("docs", "--into", "pages")[0] == 0
    written = (tmp_path / "pages" / "house-rules.md").read_text()
    assert "q␛[2J\N{REPLACEMENT CHARACTER}" in written
    assert not {"\x1b", "\u202e"} & set(written)
