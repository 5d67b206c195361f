"""What the shell completes: commands, events and the ids of commitments; and the script that sets it up."""

import os
import subprocess
import sys

import pytest

GESTAND = [sys.executable, "-c", "from engine.cli import main; main()"]


def completed(words, folder, **more):
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1), "_GESTAND_COMPLETE": "bash_complete"}
    done = subprocess.run(
        GESTAND, env={**os.environ, **asked, **more}, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return [line.removeprefix("plain,") for line in done.stdout.splitlines() if line]


@pytest.fixture
def folder(workspace, tmp_path):
    rows = "".join(f"T0{number},undertaking,No. {number},nl/regering,nl/eerste-kamer\n" for number in range(10, 90))
    (tmp_path / "many.csv").write_text(f"id,kind,title,by,to\n{rows}")
    assert workspace("import", "many.csv")[0] == 0
    return tmp_path


@pytest.mark.parametrize(
    "command", ["show", "explain", "next", "record fulfilled", "record fulfilled T010", "letter", "erase"]
)
def test_ids_are_completed_wherever_one_is_taken(folder, command):
    assert completed(f"gestand {command} T02", folder) == [f"T02{digit}" for digit in range(10)]


def test_no_more_ids_are_offered_than_a_person_reads(folder):
    assert len(completed("gestand show T", folder)) == 50


def test_the_workspace_that_is_named_is_the_one_that_is_looked_into(folder):
    assert completed(f"gestand -w {folder} show T011", "/") == ["T011"]
    assert completed("gestand show T011", "/", GESTAND_WORKSPACE=str(folder)) == ["T011"]


def test_without_a_register_nothing_is_offered_and_nothing_is_made(run, tmp_path):
    assert completed("gestand show T", tmp_path) == []
    run("init")
    (tmp_path / "gestand.db").unlink()
    assert completed("gestand show T", tmp_path) == []
    assert not (tmp_path / "gestand.db").exists()


def test_commands_and_events_are_completed(folder):
    assert completed("gestand re", folder)[0] == "record"
    assert completed("gestand record partly", folder) == ["partly_fulfilled"]


@pytest.mark.parametrize(
    ("shell", "sign"),
    [("bash", "complete -o nosort -F"), ("zsh", "#compdef gestand"), ("fish", "complete --no-files --command gestand")],
)
def test_the_script_of_each_shell_is_printed(run, shell, sign):
    status, out, err = run("completion", shell)
    assert (status, err) == (0, "")
    assert sign in out
    assert f"_GESTAND_COMPLETE={shell}_complete" in out
