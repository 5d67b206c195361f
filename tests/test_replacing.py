"""Files that are written whole: half a file never stands in the place of a good one, whatever cuts the writing off."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from commitments.reading.replacing import replace

GOOD = b"what was there\n"
ROOT = Path(__file__).parent.parent


@pytest.fixture
def good(tmp_path):
    file = tmp_path / "account.csv"
    file.write_bytes(GOOD)
    return file


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def fails(error):
    yield b"half of "
    raise error


def test_what_is_written_takes_the_place_of_what_was_there(good):
    replace(good, [b"another", b" account\n"])
    assert good.read_bytes() == b"another account\n"
    assert names(good.parent) == ["account.csv"]


@pytest.mark.parametrize(
    "error", [ValueError("a mistake"), OSError(28, "No space left on device"), KeyboardInterrupt()]
)
def test_what_fails_half_way_leaves_what_was_there_and_nothing_beside_it(good, error):
    with pytest.raises(type(error)):
        replace(good, fails(error))
    assert good.read_bytes() == GOOD
    assert names(good.parent) == ["account.csv"]


KILLED = """
import os, signal, sys
from pathlib import Path
from commitments.reading.replacing import replace

def pieces():
    yield b"half of " * 100_000
    os.kill(os.getpid(), signal.SIGKILL)

replace(Path(sys.argv[1]), pieces())
"""


def test_what_is_killed_half_way_leaves_what_was_there(good):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(good)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert good.read_bytes() == GOOD
    [draft] = [name for name in names(good.parent) if name != "account.csv"]
    assert draft.startswith(".account.csv.")


def test_permissions_are_those_of_the_file_that_was_there_else_what_new_files_have(good):
    good.chmod(0o640)
    replace(good, [b"x"])
    assert stat.S_IMODE(good.stat().st_mode) == 0o640
    replace(good.with_name("new"), [b"x"])
    good.with_name("plain").write_bytes(b"x")
    assert good.with_name("new").stat().st_mode == good.with_name("plain").stat().st_mode


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to anything")
def test_a_file_that_may_not_be_written_to_is_left(good):
    good.chmod(0o440)
    with pytest.raises(PermissionError):
        replace(good, [b"x"])
    assert good.read_bytes() == GOOD


def test_a_link_keeps_leading_where_it_did(good):
    link = good.with_name("latest.csv")
    link.symlink_to(good.name)
    replace(link, [b"x"])
    assert link.is_symlink()
    assert good.read_bytes() == b"x"


def test_a_pipe_is_written_to_as_it_is(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    replace(pipe, [b"what ", b"goes through\n"])
    assert reader.communicate()[0] == b"what goes through\n"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_name_as_long_as_names_may_be_can_be_replaced(tmp_path):
    file = tmp_path / ("é" * 120)
    replace(file, [b"x"])
    assert file.read_bytes() == b"x"


COMMANDS = [
    ("export", "-o", "there"),
    ("export", "--ledger", "-o", "there"),
    ("export", "--format", "xlsx", "-o", "there"),
    ("feed", "-o", "there"),
    ("audit", "--format", "html", "-o", "there"),
    ("letter", "34964-B", "--as-of", "2018-08-20", "-o", "there"),
    ("test", "--junit", "there"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:-1]))
def test_every_command_that_writes_a_file_replaces_it(workspace, tmp_path, words):
    good = tmp_path / "there"
    good.write_bytes(GOOD)
    kept = tmp_path / "kept"
    kept.hardlink_to(good)
    assert workspace(*words)[0] == 0
    assert kept.read_bytes() == GOOD
    assert good.read_bytes() not in {GOOD, b""}


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:-1]))
def test_no_command_writes_over_a_register(workspace, tmp_path, words):
    there = (tmp_path / "gestand.db").read_bytes()
    status, _, err = workspace(*words[:-1], "gestand.db")
    assert (status, err.splitlines()[-1]) == (
        1,
        "Error: Could not open file 'gestand.db': a register is kept there, and was left as it is; name another file",
    )
    assert (tmp_path / "gestand.db").read_bytes() == there


def test_a_file_that_cannot_be_written_is_told_in_a_sentence(workspace):
    status, _, err = workspace("export", "-o", "nowhere/there.yaml")
    assert (status, err) == (1, "Error: Could not open file 'nowhere/there.yaml': No such file or directory\n")
