"""Calendar files as ends of a workspace: up to date after every pass, whole, and told of where they cannot be."""

import json
import logging
import os
import shutil
from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from test_feed import events, register  # noqa: F401 - a fixture

from engine.calendars import publish
from engine.passes.run import tick
from engine.service import health
from engine.service.scheduler import Heartbeat
from engine.session import open_session

ENDS = """
ends:
  - name: everything
    feed: {file: feeds/all.ics}
  - name: un
    feed: {file: feeds/un.ics, recipient: UN@example.org}
  - name: senate
    language: nl
    scope: {to: nl/eerste-kamer, kind: [undertaking, reply]}
    feed: {file: feeds/senate.ics}
"""
DAY = "2026-11-26"
pytestmark = pytest.mark.at(f"{DAY}T12:00")
SENTENCE = "the calendar file {} cannot be written: {}; it is as it was, and is tried again"


def add(tmp_path, text):
    with (tmp_path / "gestand.yaml").open("a") as settings:
        settings.write(text)


def calendar(tmp_path, name):
    return events((tmp_path / "feeds" / name).read_text())


@pytest.fixture
def feeds(register, tmp_path):  # noqa: F811
    add(tmp_path, ENDS)
    assert register("check")[0] == 0
    return register


def test_a_pass_writes_the_calendar_of_each_and_no_other_pass_does(feeds, tmp_path):
    status, out, _ = feeds("tick", "--as-of", DAY)
    assert status == 0
    assert [line for line in out.splitlines() if "calendar file" in line] == [
        "  calendar file feeds/all.ics written",
        "  calendar file feeds/un.ics written",
        "  calendar file feeds/senate.ics written",
    ]
    assert set(calendar(tmp_path, "all.ics")) > {"34964-B", "A-1", "A-2"}
    assert set(calendar(tmp_path, "un.ics")) == {"A-2"}
    assert str(calendar(tmp_path, "un.ics")["A-2"]["SUMMARY"]) == "A meeting (afgevoerd)"  # a reader of Dutch
    assert set(calendar(tmp_path, "senate.ics")) == {"34964-B", "A-1"}
    before = {file: file.stat().st_ino for file in (tmp_path / "feeds").iterdir()}
    assert "calendar file" not in feeds("tick", "--as-of", DAY)[1]
    assert {file: file.stat().st_ino for file in (tmp_path / "feeds").iterdir()} == before


def test_it_is_the_calendar_that_feed_writes(feeds, tmp_path):
    assert feeds("tick", "--as-of", DAY)[0] == 0
    for name, words in (("all", ()), ("un", ("--recipient", "un@example.org"))):
        assert (tmp_path / f"feeds/{name}.ics").read_bytes() == feeds("feed", *words, "--as-of", DAY)[1].encode()


def test_what_moved_moves_in_the_files_that_hold_it_under_the_name_it_had(feeds, tmp_path):
    assert feeds("tick", "--as-of", DAY)[0] == 0
    before = calendar(tmp_path, "senate.ics")["A-1"]
    assert feeds("record", "extended", "A-1", "--on", DAY, "--to", "2027-05-03")[0] == 0
    _, out, _ = feeds("tick", "--as-of", DAY)
    assert "feeds/all.ics written" in out
    assert "feeds/senate.ics written" in out
    assert "feeds/un.ics" not in out
    after = calendar(tmp_path, "senate.ics")["A-1"]
    assert (after["UID"], after["SEQUENCE"] - before["SEQUENCE"]) == (before["UID"], 1)
    assert str(after["DTSTART"].dt) == "2027-05-03"


def test_a_title_that_was_erased_goes_from_the_files(feeds, tmp_path):
    assert feeds("tick", "--as-of", DAY)[0] == 0
    assert feeds("erase", "A-1", "--reason", "asked for")[0] == 0
    assert "feeds/senate.ics written" in feeds("tick", "--as-of", DAY)[1]
    assert "Een toezegging" not in (tmp_path / "feeds/senate.ics").read_text()


def test_a_file_that_is_gone_is_written_again_and_so_is_one_that_is_asked_for_elsewhere(feeds, tmp_path):
    assert feeds("tick", "--as-of", DAY)[0] == 0
    (tmp_path / "feeds/un.ics").unlink()
    assert [line for line in feeds("tick", "--as-of", DAY)[1].splitlines() if "calendar" in line] == [
        "  calendar file feeds/un.ics written"
    ]
    settings, elsewhere = tmp_path / "gestand.yaml", tmp_path / "elsewhere.ics"
    settings.write_text(settings.read_text().replace("feeds/un.ics", str(elsewhere)))
    assert f"calendar file {elsewhere} written" in feeds("tick", "--as-of", DAY)[1]
    assert set(events(elsewhere.read_text())) == {"A-2"}


def test_a_copy_that_is_held_writes_none(feeds, tmp_path):
    assert feeds("backup", "copy.db")[0] == 0
    (tmp_path / "gestand.db").unlink()
    assert feeds("restore", "copy.db")[0] == 0
    assert feeds("tick", "--as-of", DAY)[0] == 0
    assert not (tmp_path / "feeds").exists()
    assert feeds("resume")[0] == 0
    assert "feeds/un.ics written" in feeds("tick", "--as-of", DAY)[1]


def test_a_register_in_postgresql_keeps_calendars_too(run, database, tmp_path):
    assert run("init")[0] == 0
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text().replace("store: gestand.db", f"store: {database}"))
    add(tmp_path, "\nends:\n  - {name: all, feed: {file: all.ics}}\n")
    assert run("import", "commitments/example.yaml", "--new")[0] == 0
    assert "calendar file all.ics written" in run("tick")[1]
    assert "calendar file" not in run("tick")[1]
    assert set(events((tmp_path / "all.ics").read_text())) >= {"34964-B", "EXAMPLE-1"}


# ------------------------------------------------------------------------------------------------- trouble


def test_one_that_cannot_be_written_is_told_everywhere_loses_nothing_and_is_written_when_it_can_be(
    feeds, tmp_path, caplog
):
    assert feeds("tick", "--as-of", DAY)[0] == 0
    settings = tmp_path / "gestand.yaml"
    away, there = tmp_path / "away", tmp_path / "served"
    text = settings.read_text().replace("feeds/un.ics", str(there / "un.ics"))
    settings.write_text(text.replace("sender:", "administrator: admin@example.org\n  sender:", 1))
    sentence = SENTENCE.format(there / "un.ics", f"there is no folder {there}")
    for _ in range(2):
        status, out, _ = feeds("tick", "--as-of", DAY)
        assert status == 1
        assert f"  {sentence}\n" in out
    assert [one.message for one in caplog.records if one.levelno == logging.ERROR] == [sentence]
    to_admin = [
        one for one in json.loads(feeds("outbox", "--all", "--json")[1]) if one["recipient"] == "admin@example.org"
    ]
    assert len(to_admin) == 1
    status, _, err = feeds("check")
    assert status == 0
    assert f"warning: ends[1].feed.file: this calendar file could not be written now: there is no folder {there}" in err
    away.mkdir()
    away.rename(there)
    status, out, _ = feeds("tick", "--as-of", DAY)
    assert status == 0
    assert f"calendar file {there / 'un.ics'} written" in out


@pytest.fixture
def session(feeds, tmp_path):
    with open_session(tmp_path) as opened:
        yield opened


def passed(session, now):
    return tick(session.store, session.workspace, session.assessor, session.deliverer, now=now)


def test_health_says_which_file_cannot_be_written_until_it_is(session, tmp_path):
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    (tmp_path / "feeds/un.ics").mkdir(parents=True)
    sentence = SENTENCE.format("feeds/un.ics", "what is there is no file")
    assert passed(session, now).published.troubles == (sentence,)
    assert health.examine(session.store, Heartbeat(), interval=30, now=lambda: now).troubles == (sentence,)
    (tmp_path / "feeds/un.ics").rmdir()
    assert passed(session, now).published.written == ("feeds/un.ics",)
    assert health.examine(session.store, Heartbeat(), interval=30, now=lambda: now).well


def test_a_disk_that_is_full_leaves_the_file_that_was_there(session, tmp_path, monkeypatch):
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    passed(session, now)
    before = {file.name: file.read_bytes() for file in (tmp_path / "feeds").iterdir()}

    def full(_number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    later = now + timedelta(days=90)  # less than a week before a deadline: no call any more
    troubles = publish.publish(session.store, session.workspace, session.assessor, later).troubles
    assert SENTENCE.format("feeds/all.ics", "No space left on device") in troubles
    assert {file.name: file.read_bytes() for file in (tmp_path / "feeds").iterdir()} == before
    monkeypatch.undo()
    done = publish.publish(session.store, session.workspace, session.assessor, later)
    assert "feeds/all.ics" in done.written
    assert done.troubles == ()


def test_a_name_that_no_file_can_have_is_told(register, tmp_path):  # noqa: F811
    name = f"{'x' * 300}.ics"
    add(tmp_path, f"\nends:\n  - {{name: long, feed: {{file: {name}}}}}\n")
    status, out, _ = register("tick", "--as-of", DAY)
    assert (status, SENTENCE.format(name, "File name too long") in out) == (1, True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to anything")
def test_a_folder_that_may_not_be_written_to_is_told(session, tmp_path):
    (tmp_path / "feeds").mkdir(mode=0o500)
    done = passed(session, datetime(2026, 11, 26, 12, tzinfo=UTC))
    assert done.published.troubles[0] == SENTENCE.format("feeds/all.ics", "Permission denied")


def test_the_trouble_of_an_end_that_is_gone_is_told_no_more(feeds, tmp_path):
    (tmp_path / "feeds/un.ics").mkdir(parents=True)
    assert feeds("tick", "--as-of", DAY)[0] == 1
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text().replace(ENDS, ""))
    assert feeds("tick", "--as-of", DAY)[0] == 0
    with open_session(tmp_path) as opened:
        assert health.examine(opened.store, Heartbeat(), interval=30, now=lambda: datetime.now(UTC)).well
    shutil.rmtree(tmp_path / "feeds")


def test_what_is_written_are_calendars(feeds, tmp_path):
    assert feeds("tick", "--as-of", DAY)[0] == 0
    for file in (tmp_path / "feeds").iterdir():
        assert not icalendar.Calendar.from_ical(file.read_bytes()).errors


# ------------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("{name: x, feed: {file: gestand.db}}", "'gestand.db' is not the name of a calendar file"),
        ("{name: x, feed: {file: ''}}", "'' is not the name of a calendar file"),
        ("{name: x, feed: {file: feeds/.ics}}", "'feeds/.ics' is not the name of a calendar file"),
        ('{name: x, feed: {file: "a\\nb.ics"}}', "is not the name of a calendar file"),
        ("{name: x, feed: {file: ../x.ics}}", "write a path below the workspace, or a whole one that begins with /"),
        ("{name: x, feed: {file: ~/x.ics}}", "write a path below the workspace, or a whole one that begins with /"),
        ("{name: x, feed: {}}", "file"),
        ("{name: x, feed: {file: x.ics, recipient: nobody}}", "'nobody' is not a mail address"),
        ("{name: x, feed: {file: x.ics, recipient: no@example.org}}", "there is no recipient no@example.org"),
        (
            "{name: x, feed: {file: x.ics, recipient: un@example.org}, scope: {by: un}}",
            "a calendar file is a recipient's or of a scope: leave out one of them",
        ),
        (
            "{name: x, feed: {file: x.ics}, cadence: daily 07:30}",
            "a calendar file is written by every pass, with every deadline: leave out cadence",
        ),
        ("{name: x, feed: {file: x.ics}, chat: {url_env: A}}", "say which kind of end it is"),
        ("{name: x, feed: {file: x.ics}}\n  - {name: x, feed: {file: y.ics}}", "feed:x is there twice"),
        ("{name: x, feed: {file: x.ics}}\n  - {name: y, feed: {file: ./x.ics}}", "x.ics is written by another end"),
    ],
)
def test_a_file_that_cannot_be_is_told_with_its_place(register, tmp_path, end, said):  # noqa: F811
    add(tmp_path, f"\nends:\n  - {end}\n")
    status, _, err = register("check")
    assert status == 1
    assert said in err
    assert "gestand.yaml:" in err
