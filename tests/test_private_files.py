"""Who can read the files that Gestand makes by itself: mail and the register belong to their owner alone."""

import os
import stat
from contextlib import closing

import pytest

from commitments.reading.replacing import create_private, create_private_folder, replace
from commitments.store import Store, back_up, copies, restore
from engine.workspace import clock


@pytest.fixture(params=[0o022, 0o000, 0o777, 0o077], ids=oct)
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_private_file_is_its_owners_whatever_the_umask(tmp_path, umask):
    replace(tmp_path / "letter.eml", [b"a letter"], private=True)
    create_private(tmp_path / "register.db")
    assert [mode(tmp_path / name) for name in ("letter.eml", "register.db")] == [0o600, 0o600]


def test_a_private_file_does_not_stay_open_to_others(tmp_path):
    file = tmp_path / "letter.eml"
    file.write_bytes(b"")
    file.chmod(0o644)
    replace(file, [b"a letter"], private=True)
    assert (mode(file), file.read_bytes()) == (0o600, b"a letter")


def test_another_file_is_open_to_whom_the_umask_lets(tmp_path):
    before = os.umask(0o027)
    replace(tmp_path / "audit.html", [b"a page"])
    os.umask(before)
    assert mode(tmp_path / "audit.html") == 0o640


def test_a_private_folder_is_its_owners_whatever_the_umask(tmp_path, umask):
    create_private_folder(tmp_path / "outbox")
    assert mode(tmp_path / "outbox") == 0o700


def test_a_folder_that_is_there_stays_as_it_is(tmp_path):
    folder = tmp_path / "outbox"
    folder.mkdir(mode=0o750)
    create_private_folder(folder)
    assert mode(folder) == 0o750


def test_a_digest_in_a_folder_is_its_owners(workspace, tmp_path):
    before = os.umask(0o022)
    assert workspace("tick")[0] == 0
    os.umask(before)
    files = list((tmp_path / "outbox").iterdir())
    assert files
    assert {mode(file) for file in files} == {0o600}
    assert mode(tmp_path / "outbox") == 0o700


def test_doctor_says_that_others_can_read_a_register(workspace, tmp_path):
    assert "chmod" not in workspace("doctor")[1]
    (tmp_path / "gestand.db").chmod(0o644)
    assert "others on this machine can read it" in workspace("doctor")[1]


def test_a_copy_is_its_owners_from_its_first_byte_to_its_last(tmp_path, umask, monkeypatch):
    seen = {}

    def looking(name):
        done = getattr(copies, name)

        def look(*arguments):
            made = done(*arguments)
            seen.update({(name, file.name[-12:]): mode(file) for file in tmp_path.glob("*.partial*")})
            return made

        return look

    for name in ("_copy_pages", "_take", "remember", "_broken"):
        monkeypatch.setattr(copies, name, looking(name))
    with closing(Store.open(tmp_path / "gestand.db", new=True)) as opened:
        back_up(opened, tmp_path / "copy.db")
        (tmp_path / "copy.db-wal").touch(0o644)
    aside = restore(tmp_path / "copy.db", tmp_path / "gestand.db", replace=True, at=clock.now())
    assert {name for name, _ in seen} == {"_copy_pages", "_take", "remember", "_broken"}
    assert set(seen.values()) == {0o600}
    assert [mode(file) for file in (tmp_path / "copy.db", tmp_path / "gestand.db", aside)] == [0o600] * 3


def test_a_copy_that_others_can_read_is_not_made_a_register_that_they_can(tmp_path):
    Store.open(tmp_path / "copy.db", new=True).close()
    (tmp_path / "copy.db").chmod(0o644)
    restore(tmp_path / "copy.db", tmp_path / "gestand.db", replace=False, at=clock.now())
    assert mode(tmp_path / "gestand.db") == 0o600
