"""What changed between two days: each kind of change once, and who brought it about; as known now, then, or as seen."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from commitments.ledger import register
from commitments.ledger.intake import Draft
from commitments.model.commitment import Commitment, Event
from engine.answers.difference import Change, When, differences
from engine.session import open_session

SETTINGS = "timezone: Europe/Amsterdam\npacks: [nl-eerste-kamer]\nmail: {sender: gestand@example.org}\n"
AT = datetime(2018, 9, 1, 9, tzinfo=UTC)


def on(day, kind, **values):
    return Event(kind=kind, occurred_on=date.fromisoformat(day), **values)


def reply(**values):
    given = {"kind": "reply", "title": "Reply", "by": "nl/regering", "to": "nl/eerste-kamer", "made": "2018-07-13"}
    return Commitment.model_validate({"id": "R", **given, "anchors": {"letter": "2018-07-13"}, **values})


@pytest.fixture
def session(tmp_path):
    (tmp_path / "gestand.yaml").write_text(SETTINGS)
    with open_session(tmp_path, new=True) as opened:
        yield opened


def take(session, *events, at=AT, commitment=None):
    commitment = commitment or reply()
    draft = Draft(id=commitment.id, commitment=commitment, events=events, origin=("r.yaml", 1))
    with session.store.writing() as tx:
        assert not register.take_in(tx, [draft], today=date(2019, 1, 1), at=at, actor="clerk").problems


def changes(session, first, last, known=(None, None)):
    ends = [
        When(day=date.fromisoformat(day), known=session.known(moment) if moment else None)
        for day, moment in zip((first, last), known, strict=True)
    ]
    with session.store.reading() as tx:
        return list(differences(session.assessor, register.records(tx), *ends))


def kinds(found):
    return [one.change for one in found]


EXTENDED = on("2018-08-01", "extended", date="2018-09-15", decided_by="commissie")


@pytest.mark.parametrize(
    ("events", "first", "last", "expected"),
    [
        ([], "2018-07-01", "2018-07-14", [Change.NEW]),
        ([], "2018-07-01", "2018-08-11", [Change.NEW, Change.OVERDUE]),
        ([], "2018-07-14", "2018-08-10", []),  # due soon, then today: nothing that must be told
        ([], "2018-08-10", "2018-08-11", [Change.OVERDUE]),
        ([], "2018-08-11", "2018-09-11", []),  # overdue it was
        ([EXTENDED], "2018-07-31", "2018-08-01", [Change.MOVED]),
        ([EXTENDED], "2018-07-31", "2018-09-16", [Change.MOVED, Change.OVERDUE]),
        ([on("2018-08-10", "fulfilled")], "2018-08-09", "2018-08-10", [Change.IN_TIME]),
        ([on("2018-08-30", "fulfilled")], "2018-08-09", "2018-08-31", [Change.LATE]),
        ([on("2018-08-30", "fulfilled"), on("2018-08-31", "reopened")], "2018-08-30", "2018-08-31",
         [Change.OVERDUE, Change.REOPENED]),
        ([on("2018-08-01", "partly_fulfilled")], "2018-07-31", "2018-08-01", [Change.PARTLY]),
        ([on("2018-08-01", "withdrawn")], "2018-07-31", "2018-08-01", [Change.WITHDRAWN]),
        ([on("2018-08-01", "lapsed")], "2018-07-31", "2018-08-01", [Change.LAPSED]),
        ([on("2018-08-01", "note", note="filed")], "2018-07-31", "2018-08-01", []),
    ],
)  # fmt: skip
def test_each_kind_of_change_is_found_between_its_days(session, events, first, last, expected):
    take(session, *events)
    assert kinds(changes(session, first, last)) == expected


def test_a_moved_date_says_from_what_to_what_and_who(session):
    take(session, EXTENDED)
    (found,) = changes(session, "2018-07-31", "2018-08-01")
    assert [str(window) for window in found.moved] == ["2018-08-10", "2018-09-15"]
    assert found.entry.event.decided_by == "commissie"


def test_an_expected_reply_becomes_awaited_and_not_overdue(session):
    take(session, commitment=reply(force="expected"))
    assert kinds(changes(session, "2018-08-10", "2018-08-11")) == [Change.AWAITED]


def undo(session, seq, day, at):
    with session.store.writing() as tx:
        event = on(day, "undone", undoes=seq, note="another letter")
        register.append(tx, [("R", event)], at=at, actor="clerk")


def test_what_is_undone_is_told_in_the_days_of_the_undoing(session):
    take(session, on("2018-08-08", "fulfilled"))
    undo(session, 2, "2018-09-03", AT + timedelta(days=2))
    assert kinds(changes(session, "2018-08-07", "2018-08-08")) == []  # it did not happen
    (found,) = changes(session, "2018-09-02", "2018-09-03")
    assert (found.change, found.void.kind.value, found.entry.event.note) == (
        Change.UNDONE,
        "fulfilled",
        "another letter",
    )
    assert kinds(changes(session, "2018-09-03", "2018-09-04")) == []


def test_at_a_moment_before_the_correction_the_answer_is_what_was_known_then(session):
    take(session, on("2018-08-08", "fulfilled"))
    undo(session, 2, "2018-09-03", AT + timedelta(days=2))
    then = AT + timedelta(days=1)
    assert kinds(changes(session, "2018-08-07", "2018-08-08", (then, then))) == [Change.IN_TIME]


def test_as_seen_what_was_learnt_late_and_what_was_corrected_are_changes(session):
    take(session)
    seen = [session.end(date(2018, 9, day)) for day in (1, 2, 3)]
    take(session, on("2018-08-08", "fulfilled"), at=seen[0] + timedelta(hours=1))
    undo(session, 2, "2018-09-03", seen[1] + timedelta(hours=1))
    assert kinds(changes(session, "2018-09-01", "2018-09-02", seen[:2])) == [Change.IN_TIME]
    assert kinds(changes(session, "2018-09-02", "2018-09-03", seen[1:])) == [
        Change.OVERDUE,
        Change.REOPENED,
        Change.UNDONE,
    ]


def test_diff_prints_each_kind_under_its_name(workspace):
    status, out, err = workspace("diff", "--from", "2018-08-10", "--to", "2018-08-30", "--kind", "reply")
    assert (status, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines() if "─" not in line]
    assert lines[0] == "from Fri 10 Aug 2018 to Thu 30 Aug 2018: 1 change"
    assert lines[2] == "fulfilled late (1)"
    assert lines[4].startswith("34964-B ")
    assert "fulfilled late on Thu 30 Aug 2018, 20 days late (" in out
    (one,) = json.loads(workspace("diff", "--from", "2018-08-10", "--to", "2018-08-30", "--kind", "reply", "--json")[1])
    assert {name: one[name] for name in ("change", "commitment", "status_before", "status", "due", "days_late")} == {
        "change": "fulfilled late",
        "commitment": "34964-B",
        "status_before": "due_today",
        "status": "fulfilled_late",
        "due": "2018-08-10",
        "days_late": 20,
    }


def test_diff_says_that_nothing_changed_and_refuses_what_makes_no_sense(workspace):
    status, out, _ = workspace("diff", "--from", "2018-09-01", "--to", "2018-09-02", "--kind", "reply")
    assert (status, out) == (0, "nothing changed between Sat 1 Sep 2018 and Sun 2 Sep 2018\n")
    status, _, err = workspace("diff", "--from", "2018-09-02", "--to", "2018-09-02")
    assert status == 2
    assert "--from 2018-09-02 is not before 2018-09-02: compare an earlier day with a later one" in err
    status, _, err = workspace("diff", "--from", "2018-09-02", "--as-seen", "--known-at", "2018-09-02")
    assert status == 2
    assert "--as-seen and --known-at say two things of what was known: use one" in err
