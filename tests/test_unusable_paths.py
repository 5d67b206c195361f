"""Files and folders that cannot be used, whatever the reason: a sentence that names them, and exit status 1."""

import errno
import os

import pytest

from engine.cli import output

LONG = "a" * 2100


@pytest.mark.parametrize(
    "words",
    [
        ("docs", "--into", "file/pages"),
        ("schema", "--into", "file/schema"),
        ("init", "file/workspace"),
        ("demo", "file/demo"),
        ("init", "/proc/workspace"),
        ("docs", "--into", LONG),
        ("init", LONG),
        ("demo", LONG),
        ("-w", LONG, "list"),
        ("backup", LONG),
        ("check", LONG),
        ("test", LONG),
        ("deadline", "--batch", LONG),
        ("export", "-o", LONG),
        ("import", LONG),
        ("audit", "-o", "missing/audit.html"),
        ("feed", "-o", "file/a.ics"),
    ],
    ids=lambda words: " ".join(word[:20] for word in words),
)
def test_a_path_that_cannot_be_used_is_told_in_a_sentence(workspace, tmp_path, words):
    (tmp_path / "file").write_text("a file, where a folder would have to be")
    status, out, err = workspace(*words)
    assert (status, "Traceback" in err, "mistake of ours" in err) == (1, False, False), err
    assert err.strip() or out.strip()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EMFILE, errno.EACCES, errno.ELOOP])
def test_what_the_system_refuses_is_no_mistake_of_ours(capsys, code):
    assert output.tell_failure(OSError(code, os.strerror(code), "a/file")) == 1
    assert capsys.readouterr().err == (
        f"gestand: a/file cannot be used ({os.strerror(code)}); name another, or make that one usable and try again\n"
    )


def test_a_call_that_is_wrong_itself_is_a_mistake_of_ours(capsys):
    assert output.tell_failure(OSError(errno.EBADF, "Bad file descriptor")) == 3
    assert "mistake of ours" in capsys.readouterr().err


def test_a_long_name_is_cut_in_the_sentence(capsys):
    assert output.tell_failure(OSError(errno.ENAMETOOLONG, "File name too long", LONG)) == 1
    assert len(capsys.readouterr().err) < 250


def test_a_user_without_a_name_is_told_by_number(monkeypatch):
    def nobody():
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", nobody)
    monkeypatch.setattr("os.getuid", lambda: 12345)
    assert output._user() == "user 12345"
