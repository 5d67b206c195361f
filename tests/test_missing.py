"""What is missing is not none: a pass does nothing while what the last one used is gone or cannot be read."""

import errno
import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from http import HTTPStatus

import pytest

from commitments import store
from commitments.ledger import register
from commitments.reading.source import files_in
from commitments.store import Store
from engine.service.http import Asked
from engine.service.ping import Ping
from engine.service.reload import Watched
from engine.service.server import Service
from engine.session import open_session
from engine.workspace.missing import WITHOUT, MissingError

CALENDAR = "calendar: house\ntitle: Of the house\nclosed:\n  - {from: 2026-01-02, to: 2026-01-02, name: a day off}\n"
OWN = {"rules": "house-rules", "calendars": "house", "templates": "_foot.html", "commitments": "commitments"}
"""A folder, and what the passes below use of it."""


@pytest.fixture
def used(workspace, tmp_path):
    """A workspace whose last pass used something of every folder."""
    (tmp_path / "calendars" / "house.yaml").write_text(CALENDAR)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "_foot.html").write_text("the house")
    assert workspace("tick")[0] == 0
    return workspace


def standing(tmp_path):
    """How EXAMPLE-1 stands by what the last pass left, and the notices of it that are owed."""
    with closing(Store.open(tmp_path / "gestand.db")) as opened, opened.reading() as tx:
        row = tx.execute(store.commitment.select().where(store.commitment.c.id == "EXAMPLE-1")).one()
        notices = tx.execute(store.notice.select().where(store.notice.c.commitment == "EXAMPLE-1")).all()
        return row.status, sorted((one.key, one.state) for one in notices)


def taken_away(folder):
    folder.rename(folder.with_name("elsewhere"))


def not_mounted(folder):
    taken_away(folder)
    folder.mkdir()


def leading_nowhere(folder):
    taken_away(folder)
    folder.symlink_to("nowhere")


def leading_to_itself(folder):
    taken_away(folder)
    folder.symlink_to(folder.name)


def a_file(folder):
    taken_away(folder)
    folder.write_text("no folder")


def emptied_links(folder):
    for file in folder.iterdir():
        file.unlink()
        file.symlink_to("nowhere")


WAYS = (taken_away, not_mounted, leading_nowhere, leading_to_itself, a_file, emptied_links)


@pytest.mark.parametrize("folder", OWN)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_nothing_is_done_while_a_folder_that_was_used_is_gone(used, tmp_path, folder, way):
    before = standing(tmp_path)
    way(tmp_path / folder)
    status, _, err = used("check")
    assert status == 1
    status, out, err = used("tick")
    assert (status, out) == (1, "")
    assert "nothing was done" in err
    assert folder in err
    assert standing(tmp_path) == before == ("overdue", before[1])


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ESTALE, errno.ENOTCONN], ids=os.strerror)
@pytest.mark.parametrize("folder", OWN)
def test_a_folder_that_the_system_does_not_read_is_a_problem(used, tmp_path, monkeypatch, folder, number):
    scan = os.scandir

    def failing(path="."):
        if os.fspath(path) == folder:
            raise OSError(number, os.strerror(number), path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", failing)
    for command in ("check", "tick"):
        status, _, err = used(command)
        assert status == 1
        assert f"{folder}: this folder cannot be read: {os.strerror(number)}\n  hint: let whoever runs" in err


def test_a_folder_that_never_was_holds_nothing(tmp_path):
    assert files_in(tmp_path / "rules") == ([], ())


def test_a_workspace_with_nothing_but_its_settings_goes_on(run, tmp_path):
    (tmp_path / "gestand.yaml").write_text("packs: [nl-eerste-kamer]\n")
    assert run("init", "--new")[0] == 0
    assert [run(command)[0] for command in ("tick", "check", "tick")] == [0, 0, 0]


@pytest.mark.skipif(not shutil.which("setpriv") or sys.platform != "linux", reason="needs setpriv of Linux")
@pytest.mark.parametrize("shut", ["rules", "rules/house-rules.yaml", "gestand.yaml", "templates/_foot.html"])
def test_what_may_not_be_read_is_a_problem(used, tmp_path, shut):
    path = tmp_path / shut
    mode = path.stat().st_mode
    path.chmod(0)
    powers = "-dac_override,-dac_read_search"
    dropped = ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"]
    try:
        look = [*dropped, "ls" if path.is_dir() else "cat", path]
        if subprocess.run(look, capture_output=True, check=False).returncode == 0:
            pytest.skip("this user reads whatever there is")
        command = [*dropped, sys.executable, "-c", "from engine.cli import main; main()", "tick"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    finally:
        path.chmod(mode)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{shut}: this f" in done.stderr
    assert "cannot be read: Permission denied" in done.stderr


def test_it_is_said_what_is_gone_and_how_to_go_on(used, tmp_path):
    taken_away(tmp_path / "rules")
    assert used("tick")[2] == (
        "gestand: nothing was done: pack house-rules (rules/house-rules.yaml), which the last pass used, is gone or "
        "cannot be used. Put back or mend what is missing, or go on without by `gestand tick --without house-rules`; "
        "stop a service for that, and start it anew\n"
    )


def test_after_a_yes_it_goes_on_and_the_ledger_says_so(used, tmp_path):
    (tmp_path / "rules" / "house-rules.yaml").unlink()
    (tmp_path / "calendars" / "house.yaml").unlink()
    status, _, err = used("tick", "--without", "house-rules")  # but not without the calendar
    assert status == 1
    assert "gestand tick --without house --without house-rules" in err
    assert used("tick", "--without", "house", "--without", "house-rules")[0] == 0
    assert used("tick")[0] == 0
    assert standing(tmp_path)[0] == "undated"
    with closing(Store.open(tmp_path / "gestand.db")) as opened, opened.reading() as tx:
        (note,) = [json.loads(entry.payload) for entry in register.entries(tx) if entry.kind == WITHOUT]
    assert note == {"gone": ["calendar house", "pack house-rules"]}


def test_a_yes_to_what_is_there_is_a_mistake(used):
    status, _, err = used("tick", "--without", "house-rules")
    assert status == 2
    assert "house-rules is not gone since the last pass; nothing is gone" in err


def test_a_pack_that_the_settings_name_no_more_needs_no_yes(used, tmp_path):
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text().replace("nl-eerste-kamer", "nl-tweede-kamer"))
    assert used("tick")[0] == 0


def test_a_pack_in_another_file_or_behind_an_heir_is_not_missed(used, tmp_path):
    rules = tmp_path / "rules"
    (rules / "house-rules.yaml").rename(rules / "ours.yaml")
    assert used("tick")[0] == 0
    (rules / "heir.yaml").write_text("pack: heir\ntitle: An heir\nextends: house-rules\n")
    assert used("tick")[0] == 0
    (rules / "ours.yaml").unlink()
    assert used("tick")[0] == 1


def test_a_register_that_an_earlier_version_kept_goes_by_its_ledger(used, tmp_path):
    with closing(Store.open(tmp_path / "gestand.db")) as opened, opened.writing() as tx:
        tx.execute(store.meta.delete().where(store.meta.c.name == "used"))
    taken_away(tmp_path / "rules")
    assert used("tick")[0] == 1
    assert used("tick", "--without", "house-rules")[0] == 0


def test_a_list_shows_what_the_last_pass_left(used, tmp_path):
    taken_away(tmp_path / "rules")
    status, out, err = used("list", "--json")
    assert status == 0
    assert {row["id"]: row["status"] for row in json.loads(out)}["EXAMPLE-1"] == "overdue"
    assert "pack house-rules (rules/house-rules.yaml), which the last pass used, is gone" in err


def health(service):
    answer = service.respond(Asked(method="GET", path="/health"))
    return answer.status, json.loads(answer.body)["troubles"]


@pytest.fixture
def serving(used, tmp_path):
    """A service whose last pass went well."""
    with open_session(tmp_path) as session, closing(Watched(session)) as watched:
        service = Service(watched=watched, interval=30, ping=Ping(""))
        service.turn()
        yield service


@pytest.mark.parametrize("folder", ["rules", "calendars", "templates"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_service_goes_on_by_what_it_has_and_is_red_until_it_is_back(serving, tmp_path, folder, way):
    before = standing(tmp_path)
    way(tmp_path / folder)
    serving.turn()
    status, troubles = health(serving)
    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert troubles[0].startswith("not taken, the rules in use are as before: ")
    assert standing(tmp_path) == before


def test_health_is_well_again_when_it_is_back(serving, tmp_path):
    not_mounted(tmp_path / "rules")
    serving.turn()
    assert health(serving)[0] == HTTPStatus.SERVICE_UNAVAILABLE
    (tmp_path / "rules").rmdir()
    (tmp_path / "elsewhere").rename(tmp_path / "rules")
    serving.turn()
    assert health(serving) == (HTTPStatus.OK, [])


def test_a_service_that_is_started_anew_passes_when_it_is_back(used, tmp_path):
    taken_away(tmp_path / "rules")
    with open_session(tmp_path) as session, closing(Watched(session)) as watched:
        service = Service(watched=watched, interval=30, ping=Ping(""))
        with pytest.raises(MissingError, match="pack house-rules"):
            service.turn()
        (tmp_path / "elsewhere").rename(tmp_path / "rules")
        service.turn()
    assert standing(tmp_path)[0] == "overdue"


def test_a_service_that_is_started_anew_with_a_broken_pack_takes_nothing_back(used, tmp_path):
    (tmp_path / "rules" / "house-rules.yaml").write_text("pack: house-rules\ntitle: [")
    with open_session(tmp_path) as session, closing(Watched(session)) as watched:
        service = Service(watched=watched, interval=30, ping=Ping(""))
        with pytest.raises(MissingError, match="pack house-rules"):
            service.turn()
        assert health(service)[0] == HTTPStatus.SERVICE_UNAVAILABLE
    assert standing(tmp_path)[0] == "overdue"


def test_health_is_red_while_a_new_file_is_refused(serving, tmp_path):
    (tmp_path / "rules" / "new.yaml").write_text("pack: [")
    serving.turn()
    status, troubles = health(serving)
    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert str(tmp_path / "rules" / "new.yaml") in troubles[0]
