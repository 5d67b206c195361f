"""Registers, copies and settings in odd places: behind links, where no file can be, on full disks, twice at once."""

import fcntl
import os
import shutil
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest

from commitments import store
from commitments.reading.replacing import replace
from commitments.store import (
    AlreadyRunningError,
    GoneStoreError,
    MissingFolderError,
    NoCopyError,
    ReadOnlyStoreError,
    Store,
    StoreError,
    TakenPlaceError,
    back_up,
    restore,
)
from engine.workspace import clock


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# ------------------------------------------------------------------------------------------------- behind a link


@pytest.fixture
def linked(tmp_path):
    """A link to where a register is, on another disk for instance."""
    disk = tmp_path / "disk"
    disk.mkdir()
    Store.open(disk / "register.db", new=True).close()
    link = tmp_path / "gestand.db"
    link.symlink_to(disk / "register.db")
    return link


def test_two_links_to_one_register_have_one_lock(linked, tmp_path):
    other = tmp_path / "other.db"
    other.symlink_to(linked)
    with (
        closing(Store.open(linked)) as one,
        one.acting(),
        closing(Store.open(other)) as two,
        pytest.raises(AlreadyRunningError),
        two.acting(),
    ):
        pass


def test_a_copy_takes_the_place_of_the_file_and_the_link_stays(linked, tmp_path):
    with closing(Store.open(linked)) as opened:
        back_up(opened, tmp_path / "copy.db")
    aside = restore(tmp_path / "copy.db", linked, replace=True, at=clock.now())
    assert linked.is_symlink()
    assert aside.parent == tmp_path / "disk"
    assert names(tmp_path / "disk") == ["register.db", aside.name, "register.db.lock"]


def test_a_log_that_goes_is_missed_behind_a_link_too(linked, tmp_path):
    with closing(Store.open(linked)) as opened:
        (tmp_path / "disk" / "register.db-wal").unlink()
        with pytest.raises(GoneStoreError, match=r"its log register\.db-wal was removed"), opened.writing():
            pass


def test_a_link_to_a_disk_that_is_not_mounted_is_told(linked, tmp_path):
    with closing(Store.open(linked)) as opened:
        back_up(opened, tmp_path / "copy.db")
    shutil.rmtree(tmp_path / "disk")
    with pytest.raises(MissingFolderError, match="No such file or directory"):
        Store.open(linked, new=True)
    with pytest.raises(MissingFolderError, match="No such file or directory"):
        restore(tmp_path / "copy.db", linked, replace=False, at=clock.now())
    assert not linked.exists()


# ------------------------------------------------------------------------------------------------- no place for a file


@pytest.mark.parametrize("made", [os.mkfifo, os.mkdir, lambda path: path.symlink_to(path)], ids=["pipe", "dir", "loop"])
def test_what_is_no_file_is_not_put_aside_for_a_copy(tmp_path, made):
    Store.open(tmp_path / "copy.db", new=True).close()
    made(tmp_path / "gestand.db")
    before = os.lstat(tmp_path / "gestand.db")
    with pytest.raises(MissingFolderError):
        restore(tmp_path / "copy.db", tmp_path / "gestand.db", replace=True, at=clock.now())
    assert os.lstat(tmp_path / "gestand.db") == before
    assert names(tmp_path) == ["copy.db", "gestand.db"]


def test_a_store_that_is_the_folder_is_no_mistake_of_ours(workspace, tmp_path):
    assert workspace("backup", "copy.db")[0] == 0
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text().replace("store: gestand.db", 'store: "."'))
    status, _, err = workspace("restore", "copy.db", "--replace")
    assert (status, "it is not a file" in err) == (1, True)


@pytest.mark.parametrize("made", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("victim")])
def test_a_lock_that_is_no_file_is_told(tmp_path, made):
    (tmp_path / "victim").write_text("something else")
    with closing(Store.open(tmp_path / "gestand.db", new=True)) as opened:
        made(tmp_path / "gestand.db.lock")
        with pytest.raises(ReadOnlyStoreError, match=r"gestand\.db\.lock"), opened.acting():
            pass
    assert (tmp_path / "victim").read_text() == "something else"


def test_a_lock_that_names_nobody_is_still_a_lock(tmp_path):
    with (
        closing(Store.open(tmp_path / "gestand.db", new=True)) as opened,
        (tmp_path / "gestand.db.lock").open("wb") as lock,
    ):
        lock.write(b"\xff\xfe")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(AlreadyRunningError), opened.acting():
            pass


def test_a_link_that_leads_to_itself_is_not_written(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    for target in (tmp_path / "loop", tmp_path / "loop" / "file"):
        with pytest.raises(OSError, match="Too many levels of symbolic links"):
            replace(target, [b"x"])
    assert names(tmp_path) == ["loop"]


def test_mail_is_put_off_where_its_folder_is_a_link_to_itself(workspace, tmp_path):
    (tmp_path / "outbox").symlink_to("outbox")
    status, out, err = workspace("tick")
    assert "mistake of ours" not in err
    assert (status, "1 put off: the folder outbox cannot be written to: Too many levels" in out) == (0, True)


def test_a_file_that_is_anothers_is_told_with_its_owner(tmp_path, monkeypatch):
    place = tmp_path / "gestand.db"
    Store.open(place, new=True).close()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(StoreError, match=f"may not be read by this user: it belongs to user {os.getuid()}"):
        Store.open(place)


# ------------------------------------------------------------------------------------------------- twice at once


def test_of_several_backups_to_one_file_one_is_made_and_whole(tmp_path):
    with closing(Store.open(tmp_path / "gestand.db", new=True)) as opened:
        copied = threading.Barrier(3)
        told = []

        def run():
            copied.wait()
            try:
                told.append(back_up(opened, tmp_path / "copy.db"))
            except TakenPlaceError:
                told.append("taken")

        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert "" in told
    assert set(told) <= {"", "taken"}
    with closing(Store.open(tmp_path / "copy.db")) as found:
        found.check()
    assert not list(tmp_path.glob("*.partial*"))


def test_what_comes_into_being_meanwhile_is_not_written_over(tmp_path, monkeypatch):
    with closing(Store.open(tmp_path / "gestand.db", new=True)) as opened:
        monkeypatch.setattr(store.copies, "_broken", lambda _: (tmp_path / "copy.db").write_text("a letter"))
        with pytest.raises(TakenPlaceError):
            back_up(opened, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "a letter"
    assert not list(tmp_path.glob("*.partial*"))


def test_registers_that_are_put_aside_in_one_second_are_all_kept(tmp_path):
    place, now = tmp_path / "gestand.db", clock.now()
    Store.open(tmp_path / "copy.db", new=True).close()
    Store.open(place, new=True).close()
    first = place.stat().st_ino
    aside = [restore(tmp_path / "copy.db", place, replace=True, at=now) for _ in range(3)]
    assert aside[0].stat().st_ino == first
    assert len(set(aside)) == 3
    assert aside[1].name == f"gestand.db.before-{now + timedelta(seconds=1):%Y%m%dT%H%M%SZ}"


# ------------------------------------------------------------------------------------------------- no room


@contextmanager
def small(folder, kilobytes):
    """A disk with so much room, where one may be mounted."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_it_is_said_which_disk_is_full(tmp_path):
    with closing(Store.open(tmp_path / "gestand.db", new=True)) as opened, small(tmp_path / "disk", 40) as disk:
        with pytest.raises(StoreError, match=r"disk/copy\.db\.\w+\.partial cannot grow"):
            back_up(opened, disk / "copy.db")
        back_up(opened, tmp_path / "copy.db")
        with pytest.raises(NoCopyError, match=r"disk/new\.db\.partial: No space left"):
            restore(tmp_path / "copy.db", disk / "new.db", replace=False, at=clock.now())
        assert names(disk) == ["new.db.lock"]


def test_a_workspace_on_a_full_disk_blames_no_file_of_ours(run, tmp_path):
    with small(tmp_path / "disk", 12) as disk:
        (disk / "large").write_bytes(bytes(12 * 1024))
        status, _, err = run("init", str(disk / "new"))
        assert (status, "No space left" in err, "starter" in err) == (1, True, False)
        (disk / "large").unlink()
        status, _, err = run("init", str(disk / "new"))
        assert status == 1
        assert "gestand.db cannot grow" in err
        assert (disk / "new" / "gestand.yaml").read_text().endswith("\n")


# ------------------------------------------------------------------------------------------------- settings


def test_a_new_workspace_leaves_the_files_that_lie_there(workspace, tmp_path):
    rules = tmp_path / "rules" / "house-rules.yaml"
    rules.write_text(f"{rules.read_text()}# ours\n")
    (tmp_path / "gestand.yaml").unlink()
    assert workspace("init")[0] == 0
    assert rules.read_text().endswith("# ours\n")
    assert (tmp_path / "gestand.yaml").exists()


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda path: path.mkdir(), "this is not a file"),
        (os.mkfifo, "this is not a file"),
        (lambda path: path.symlink_to("nowhere"), "there is no such file"),
        (lambda path: path.symlink_to(path), "there is no such file"),
        (lambda path: path.write_text(""), "this file is empty"),
        (lambda path: path.write_text("store: ["), "something is missing here"),
        (lambda path: path.write_text("shop: x"), "shop"),
    ],
)
@pytest.mark.parametrize("words", [("check",), ("tick",), ("init", "--new"), ("restore", "copy.db", "--replace")])
def test_settings_that_cannot_be_used_are_not_missing(workspace, tmp_path, made, told, words):
    assert workspace("backup", "copy.db")[0] == 0
    (tmp_path / "gestand.yaml").unlink()
    made(tmp_path / "gestand.yaml")
    status, _, err = workspace(*words)
    assert status == 1
    assert told in err
    assert "there is no gestand.yaml" not in err
    assert not list(tmp_path.glob("gestand.db.before-*"))
