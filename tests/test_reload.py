"""Files that change while they are served: taken whole or not at all, and what was not taken is told once (R1)."""

import json
import logging
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from commitments.ledger import register
from commitments.ledger.texts import joined
from engine.passes.run import tick
from engine.service.reload import REFUSED, Watched
from engine.session import open_session

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


# The example is taken in an hour before NOW.
pytestmark = pytest.mark.at("2026-11-23T07:00")


@pytest.fixture
def rules(workspace, tmp_path):
    """The rule file of a new workspace."""
    return tmp_path / "rules" / "house-rules.yaml"


@pytest.fixture
def watched(rules, tmp_path):
    """The workspace, watched since before a first pass."""
    with open_session(tmp_path) as session, closing(Watched(session)) as watching:
        watching.refreshed(NOW)
        yield watching


def notes(watching):
    """What the ledger says was refused."""
    with watching.refreshed(NOW).store.reading() as tx:
        return [joined(entry.payload, entry.body) for entry in register.entries(tx) if entry.kind == REFUSED]


def days(watching):
    """How long the house gives for a question."""
    rule = watching.refreshed(NOW).assessor.book.rules["house-rules/question-ten-days"]
    return str(rule.rule.due.periods[0])


def test_files_that_do_not_change_are_not_read_again(watched):
    assert watched.refreshed(NOW) is watched.refreshed(NOW + timedelta(days=1))
    assert notes(watched) == []


def test_a_file_that_is_only_touched_changes_nothing(watched, rules):
    before = watched.refreshed(NOW)
    rules.write_bytes(rules.read_bytes())
    assert watched.refreshed(NOW) is before


def test_a_changed_rule_is_in_force_at_the_next_pass(watched, rules, caplog):
    rules.write_text(rules.read_text().replace("due: 10 days", "due: 12 days"))
    with caplog.at_level(logging.INFO, "gestand"):
        assert days(watched) == "12 days"
    assert "read anew: " in caplog.text
    assert notes(watched) == []


def test_what_holds_from_the_next_start_is_said(watched, tmp_path, caplog):
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text().replace("store: gestand.db", "store: other.db"))
    watched.refreshed(NOW)
    assert "store: in gestand.yaml has changed; start the service anew to go by it" in caplog.text
    assert "service: in gestand.yaml" not in caplog.text


@pytest.mark.parametrize("ending", ["\ufeff", "\r\n"], ids=["a byte order mark", "Windows line ends"])
def test_what_an_editor_adds_is_no_mistake(watched, rules, ending):
    text = rules.read_text().replace("due: 10 days", "due: 12 days")
    rules.write_bytes((ending + text if ending == "\ufeff" else text.replace("\n", ending)).encode())
    assert days(watched) == "12 days"


HALF = b"pack: house-rules\ntitle: Rules of this house\nrules:\n  - id: question-ten-days\n    title: A que"
BROKEN = {
    "half written": HALF,
    "not UTF-8": b"pack: house-rules\ntitle: caf\xe9\n",
    "a NUL": b"pack: house\0rules\n",
    "empty": b"",
    "no pack": b"- one\n- two\n",
    "a tab": b"pack:\n\tx\n",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_file_that_breaks_leaves_the_last_good_rules_in_use_and_is_told_once(watched, rules, data, caplog):
    good = rules.read_bytes()
    rules.write_bytes(data)
    assert days(watched) == "10 days"
    rules.write_bytes(data)  # written again with the same content
    assert days(watched) == "10 days"
    (note,) = notes(watched)
    assert note["in_use"] == "as before"
    assert note["problems"][0].startswith(str(rules))
    assert caplog.text.count("not taken, the rules in use are as before: ") == len(note["problems"])
    rules.write_bytes(good.replace(b"due: 10 days", b"due: 12 days"))
    assert days(watched) == "12 days"


def test_a_file_that_is_deleted_stays_in_use_until_somebody_says_to_go_on_without(watched, rules):
    rules.unlink()
    assert days(watched) == "10 days"
    (note,) = notes(watched)
    (told,) = note["problems"]
    assert told == (
        "pack house-rules (rules/house-rules.yaml), which the last pass used, is gone or cannot be used; put it back "
        "or mend it, or go on without by `gestand tick --without house-rules`; stop a service for that, and start it "
        "anew"
    )


def test_a_file_that_gets_another_name_is_not_missed(watched, rules):
    rules.rename(rules.with_name("renamed.yaml"))
    rules.with_name("heir.yaml").write_text("pack: heir\ntitle: An heir\nextends: house-rules\n")
    assert "heir/question-ten-days" in watched.refreshed(NOW).assessor.book.rules
    assert notes(watched) == []


def test_settings_that_break_or_go_do_not_empty_the_workspace(watched, tmp_path):
    settings = tmp_path / "gestand.yaml"
    good = settings.read_text()
    settings.write_text("packs: [")
    assert len(watched.refreshed(NOW).workspace.settings.recipients) == 2
    settings.unlink()
    assert len(watched.refreshed(NOW).workspace.settings.recipients) == 2
    assert len(notes(watched)) == 2
    settings.write_text(good.replace("name: The chair", "name: The presiding officer"))
    assert watched.refreshed(NOW).workspace.settings.recipients[1].name == "The presiding officer"


def test_a_file_that_was_broken_from_the_start_does_not_keep_the_others_back(rules, tmp_path):
    other = tmp_path / "rules" / "other.yaml"
    other.write_bytes(HALF)
    with open_session(tmp_path) as session, closing(Watched(session)) as watching:
        (note,) = notes(watching)
        assert note["in_use"] == "without them"
        rules.write_text(rules.read_text().replace("due: 10 days", "due: 12 days"))
        assert days(watching) == "12 days"


def test_after_a_restart_the_same_content_is_not_told_again(rules, tmp_path):
    rules.write_bytes(HALF)
    for _ in range(2):
        with open_session(tmp_path) as session, closing(Watched(session)) as watching:
            assert len(notes(watching)) == 1


def test_the_ledger_says_which_rules_a_pass_and_a_digest_were_made_by(watched, rules):
    def once(now):
        session = watched.refreshed(now)
        tick(session.store, session.workspace, session.assessor, session.deliverer, now=now)
        return session.assessor.book.hash

    first = once(NOW)
    rules.write_text(rules.read_text().replace("due: 10 days", "due: 12 days"))
    second = once(NOW + timedelta(days=1))
    assert first != second
    with watched.refreshed(NOW).store.reading() as tx:
        entries = list(register.entries(tx))
    assert sum(entry.kind == "pack_loaded" for entry in entries) == 2
    assert {json.loads(entry.payload)["rules"] for entry in entries if entry.kind == "digest_queued"} <= {first, second}
    assert first in {json.loads(entry.payload)["rules"] for entry in entries if entry.kind == "digest_queued"}
