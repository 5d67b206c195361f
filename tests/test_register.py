"""The register over its ledger: appending, projecting, taking in, and what it refuses (I3, S8)."""

import json
import tempfile
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commitments import store
from commitments.ledger import chain, register
from commitments.ledger.register import (
    Draft,
    UnknownCommitmentError,
    allowed,
    take_in,
)
from commitments.model.commitment import Commitment, Event, EventKind
from commitments.model.dates import Window
from commitments.store import Store

AT = datetime(2018, 9, 1, 9, 30, tzinfo=UTC)
TODAY = date(2018, 9, 1)


@pytest.fixture
def tx(place):
    with closing(Store.open(place, new=True)) as opened, opened.writing() as connection:
        yield connection


def reply(identifier="34964-B", **values):
    given = {"kind": "reply", "title": "Reply", "by": "nl/regering", "to": "nl/eerste-kamer", "made": date(2018, 7, 13)}
    return Commitment(id=identifier, **(given | values))


def on(day, kind, **values):
    return Event(kind=kind, occurred_on=date.fromisoformat(day), **values)


def made(commitment):
    return on("2018-07-13", "made", commitment=commitment)


def draft(commitment, *events, line=1):
    return Draft(id=commitment.id, commitment=commitment, events=events, origin=("r.yaml", line))


def take(tx, *drafts, today=TODAY, **options):
    return take_in(tx, drafts, today=today, at=AT, actor="clerk", **options)


def ahead(tx, *drafts, **options):
    outcomes = []
    take(tx, *drafts, tell=outcomes.extend, **options)
    return [what for one in outcomes for what in one.ahead]


def told(problems):
    return [str(one) for one in problems]


def test_events_come_back_as_they_went_in(tx):
    events = [
        made(
            reply(anchors={"letter": Window.parse("2018-07-13")}, stated_due="2027", source={"quote": "“vier weken”"})
        ),
        on("2018-07-20", "extended", date="2018-10", decided_by="commissie"),
        on("2018-08-30", "fulfilled", document="brief"),
    ]
    written = register.append(tx, [("34964-B", event) for event in events], at=AT, actor="clerk")
    found = register.record(tx, "34964-B")
    assert [entry.event for entry in found.history] == events
    assert [(entry.seq, entry.recorded_at, entry.actor) for entry in found.history] == [
        (number, AT, "clerk") for number in (1, 2, 3)
    ]
    assert register.head(tx) == written[-1].head


def test_a_payload_is_canonical_json_without_what_goes_without_saying(tx):
    (_, entry) = register.append(
        tx, [("34964-B", made(reply())), ("34964-B", on("2018-08-30", "fulfilled"))], at=AT, actor="clerk"
    )
    assert (entry.kind, entry.payload) == ("fulfilled", '{"kind":"fulfilled","occurred_on":"2018-08-30"}')


def test_the_projection_follows_and_asks_to_be_assessed(tx):
    register.append(tx, [("34964-B", made(reply()))], at=AT, actor="clerk")
    table = store.commitment
    row = tx.execute(table.select()).one()
    assert (row.id, row.title, row.force, row.status, row.changed) == ("34964-B", "Reply", "requested", None, True)
    assert (json.loads(row.by), json.loads(row.to)) == (["nl/regering"], ["nl/eerste-kamer"])

    tx.execute(table.update().values(changed=False, status="overdue"))
    register.append(tx, [("34964-B", on("2018-08-30", "fulfilled"))], at=AT, actor="clerk")
    assert tx.execute(table.select()).one().changed

    amended = on("2018-09-01", "amended", commitment=reply(title="Answer"))
    register.append(tx, [("34964-B", amended)], at=AT, actor="clerk")
    row = tx.execute(table.select()).one()
    assert (row.title, row.status) == ("Answer", "overdue")  # where it stands is the next pass's to say


def test_an_event_of_nothing_is_never_written(tx):
    with pytest.raises(UnknownCommitmentError) as refused:
        register.append(tx, [("none", on("2018-08-30", "fulfilled"))], at=AT, actor="clerk")
    assert str(refused.value) == "the register has no commitment none; make it before its events"
    assert register.head(tx).seq == 0


def test_what_the_program_did_is_in_the_chain_but_is_no_event(tx):
    register.append(tx, [("34964-B", made(reply()))], at=AT, actor="clerk")
    register.note(tx, "digest_sent", {"to": "griffie@example.org"}, at=AT, actor="gestand", commitment="34964-B")
    assert len(register.record(tx, "34964-B").history) == 1
    assert [entry.kind for entry in register.entries(tx)] == ["made", "digest_sent"]
    with pytest.raises(ValueError, match="fulfilled is an event of a commitment"):
        register.note(tx, "fulfilled", {}, at=AT, actor="gestand")


def test_records_are_found_by_id_prefix_and_all_together(tx):
    names = ["b", "a-2", "a-1", "a_x"]
    register.append(tx, [(name, made(reply(name))) for name in names], at=AT, actor="clerk")
    register.append(tx, [("a-1", on("2018-08-30", "fulfilled"))], at=AT, actor="clerk")
    assert register.ids(tx, "a-") == ["a-1", "a-2"]
    assert register.ids(tx, "a_") == ["a_x"]  # no wildcard
    assert [(one.commitment.id, len(one.history)) for one in register.records(tx)] == [
        ("a-1", 2),
        ("a-2", 1),
        ("a_x", 1),
        ("b", 1),
    ]
    assert [one.commitment.id for one in register.records(tx, ["b", "a-2", "none"])] == ["a-2", "b"]
    assert register.record(tx, "none") is None


def test_many_records_are_asked_for_at_once(tx):
    names = [f"c{number:04}" for number in range(1201)]
    register.append(tx, [(name, made(reply(name))) for name in names], at=AT, actor="clerk")
    assert [one.commitment.id for one in register.records(tx, names)] == names


def test_the_projection_can_be_made_anew_from_the_ledger(tx):
    register.append(tx, [("a", made(reply("a"))), ("b", made(reply("b", title="Other")))], at=AT, actor="clerk")
    table = store.commitment
    tx.execute(table.delete().where(table.c.id == "b"))
    tx.execute(table.update().values(title="damaged", changed=False))
    assert register.rebuild(tx) == 2
    assert [(row.id, row.title, row.changed) for row in tx.execute(table.select().order_by(table.c.id))] == [
        ("a", "Reply", True),
        ("b", "Other", True),
    ]


@pytest.mark.parametrize(
    ("history", "event", "reason"),
    [
        ([], ("2018-08-30", "fulfilled"), ""),
        ([], ("2018-09-02", "fulfilled"), "2018-09-02 is in the future"),
        ([], ("2018-07-12", "fulfilled"), "2018-07-12 is before 2018-07-13, the day it was made"),
        ([], ("2018-08-30", "reopened"), "on 2018-08-30 it was open, so it cannot be reopened then"),
        ([], ("2018-08-30", "resumed"), "it was not suspended, so it cannot be resumed on 2018-08-30"),
        ([("2018-08-01", "suspended")], ("2018-08-02", "suspended"),
         "it is suspended since 2018-08-01; record resumed first"),
        ([("2018-08-01", "suspended")], ("2018-08-02", "resumed"), ""),
        ([("2018-08-30", "fulfilled")], ("2018-08-31", "fulfilled"),
         ("it was fulfilled on 2018-08-30, so it cannot be fulfilled on 2018-08-31; if that was undone, record "
         "reopened first")),
        ([("2018-08-30", "withdrawn")], ("2018-08-31", "delay_notice"),
         ("it was withdrawn on 2018-08-30, so it cannot be announced as delayed on 2018-08-31; if that was undone, "
         "record reopened first")),
        ([("2018-08-30", "fulfilled")], ("2018-08-31", "note"), ""),
        ([("2018-08-30", "fulfilled")], ("2018-08-31", "reopened"), ""),
        ([("2018-08-30", "fulfilled"), ("2018-08-31", "reopened")], ("2018-09-01", "fulfilled"), ""),
        ([("2018-08-30", "fulfilled")], ("2018-08-30", "fulfilled"), "that is written down already, as ledger #2"),
        # learnt of late: it happened before the commitment was settled
        ([("2018-08-30", "fulfilled")], ("2018-08-20", "delay_notice"), ""),
        # learnt of late, but then what is recorded after it could not have happened
        ([("2018-08-30", "fulfilled")], ("2018-08-20", "lapsed"),
         ("it was lapsed on 2018-08-20, so it cannot be fulfilled on 2018-08-30; if that was undone, record "
         "reopened first")),
    ],
)  # fmt: skip
def test_what_cannot_have_happened_is_refused_with_a_sentence(tx, history, event, reason):
    events = [made(reply()), *(on(day, kind) for day, kind in history)]
    register.append(tx, [("34964-B", one) for one in events], at=AT, actor="clerk")
    assert allowed(register.record(tx, "34964-B"), on(*event), TODAY) == reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("letter", ""),
        ("Letter", "'Letter' cannot name an anchor: write small letters, digits, _ and -, and not 'due'"),
        ("due", "'due' cannot name an anchor: write small letters, digits, _ and -, and not 'due'"),
    ],
)
def test_an_anchor_gets_no_date_under_a_name_that_no_rule_can_count_from(tx, name, reason):
    event = on("2018-08-01", "anchored", anchor=name, date=Window.parse("2018-09"))
    register.append(tx, [("34964-B", made(reply()))], at=AT, actor="clerk")
    assert allowed(register.record(tx, "34964-B"), event, TODAY) == reason


def test_a_commitment_that_is_not_there_can_only_be_made():
    assert allowed(None, on("2018-08-30", "fulfilled"), TODAY) == "there is no such commitment"
    assert allowed(None, made(reply()), TODAY) == ""


def test_a_commitment_is_made_once(tx):
    register.append(tx, [("34964-B", made(reply()))], at=AT, actor="clerk")
    assert allowed(register.record(tx, "34964-B"), made(reply()), TODAY) == "it exists already"


def test_the_same_import_twice_changes_nothing(tx):
    """The same file again, with its commitments and events in another order."""
    one = draft(reply("a"), on("2018-08-30", "fulfilled"), on("2018-07-20", "extended", date="2018-08-01"))
    two = draft(reply("b"), line=9)
    assert str(take(tx, one, two)) == "2 new commitments, 2 events"
    head = register.head(tx)
    again = draft(reply("a"), *reversed(one.events))
    assert str(take(tx, two, again)) == "nothing new, 2 unchanged"
    assert register.head(tx) == head


def test_what_is_taken_in_together_is_known_from_the_same_moment(tx):
    take(tx, draft(reply(), on("2018-08-30", "fulfilled")))
    history = register.record(tx, "34964-B").history
    assert [(entry.event.kind.value, entry.recorded_at) for entry in history] == [("made", AT), ("fulfilled", AT)]


def test_a_text_that_differs_amends_the_commitment(tx):
    take(tx, draft(reply()))
    assert str(take(tx, draft(reply(title="Answer")))) == "1 amended"
    found = register.record(tx, "34964-B")
    assert found.commitment.title == "Answer"
    assert found.history[-1].event.occurred_on == TODAY
    assert str(take(tx, draft(reply(title="Answer")))) == "nothing new, 1 unchanged"


def test_an_id_used_twice_is_told(tx):
    """Id reused."""
    intake = take(tx, draft(reply(), line=2), draft(reply(title="Other"), line=9))
    assert str(intake) == "1 new commitment, 1 problem"
    assert told(intake.problems) == ["r.yaml:9:1: 34964-B: this id is used twice, first in r.yaml:2"]
    assert register.record(tx, "34964-B").commitment.title == "Reply"


def test_an_id_used_twice_is_told_however_far_apart(tx):
    drafts = [draft(reply(f"c{number}"), line=number) for number in range(600)]
    assert len(take(tx, *drafts, draft(reply("c0"), line=700)).problems) == 1


def test_what_comes_after_today_is_left_for_a_later_import(tx):
    drafts = (
        draft(reply("a"), on("2018-08-30", "fulfilled")),
        draft(reply("b", made=date(2018, 8, 20))),
        Draft(id="b", commitment=None, events=(on("2018-08-25", "fulfilled"),), origin=("r.yaml", 9)),
    )
    first = take(tx, *drafts, today=date(2018, 8, 10))
    assert str(first) == "1 new commitment, 2 left out, for after 2018-08-10"
    assert ahead(tx, *drafts, today=date(2018, 8, 10)) == ["a, fulfilled 2018-08-30", "b, made 2018-08-20"]
    assert str(take(tx, *drafts)) == "1 new commitment, 2 events"
    assert str(take(tx, *drafts)) == "nothing new, 2 unchanged"


def test_the_order_of_the_rows_does_not_matter(tx):
    """Rows reordered."""
    days = (("2018-08-05", "resumed"), ("2018-08-01", "suspended"), ("2018-08-09", "fulfilled"))
    loose = [Draft(id="a", commitment=None, events=(on(*day),), origin=("r.yaml", 9)) for day in days]
    intake = take(tx, *loose, draft(reply("a")))
    assert intake.problems == ()
    assert [entry.event.kind.value for entry in register.record(tx, "a").history] == [
        "made",
        "suspended",
        "resumed",
        "fulfilled",
    ]


def test_events_of_a_commitment_yet_to_come_are_left_out_too(tx):
    stray = Draft(id="grf-2023", commitment=None, events=(on("2023-12-13", "fulfilled"),), origin=("r.yaml", 4))
    assert ahead(tx, stray) == ["grf-2023, fulfilled 2023-12-13"]


def test_events_of_an_unknown_commitment_are_told_with_the_nearest_id(tx):
    take(tx, draft(reply("grf-2019")))
    stray = Draft(id="grf-2018", commitment=None, events=(on("2018-08-25", "fulfilled"),), origin=("r.yaml", 4))
    assert told(take(tx, stray).problems) == [
        "r.yaml:4:1: grf-2018: the register has no such commitment\n  hint: did you mean grf-2019?"
    ]
    other = Draft(id="imrf-2022", commitment=None, events=stray.events, origin=("r.yaml", 5))
    (problem,) = take(tx, other).problems
    assert problem.hint == "write it under commitments:, or use the pack whose cycle makes it"


def test_a_refused_event_is_told_at_its_line_and_the_others_are_taken_in(tx):
    events = (
        on("2018-08-30", "fulfilled"),
        on("2018-08-31", "extended", date="2019"),
        on("2018-07-20", "delay_notice"),
    )
    one = Draft(
        id="34964-B",
        commitment=reply(),
        events=events,
        origin=("r.yaml", 2),
        places=tuple(("r.yaml", line) for line in (12, 13, 14)),
    )
    intake = take(tx, one)
    assert [entry.event.kind.value for entry in register.record(tx, "34964-B").history[1:]] == [
        "delay_notice",
        "fulfilled",
    ]
    assert told(intake.problems) == [
        (
            "r.yaml:13:1: 34964-B: extended: it was fulfilled on 2018-08-30, so it cannot be extended on 2018-08-31; "
            "if that was undone, record reopened first"
        )
    ]


@pytest.mark.parametrize(
    ("commitment", "day"),
    [
        (reply(), "2018-07-13"),
        (reply(made=None, anchors={"letter": "2018-07-10"}), "2018-07-10"),
        (reply(made=None, anchors={"forum": "2027"}), "2018-08-30"),  # its event is earlier
    ],
)
def test_a_commitment_was_made_at_the_latest_when_something_happened(tx, commitment, day):
    take(tx, draft(commitment, on("2018-08-30", "fulfilled")))
    assert register.record(tx, "34964-B").history[0].event.occurred_on == date.fromisoformat(day)


@pytest.mark.parametrize("anchors", [{}, {"forum": "2027"}])
def test_a_commitment_without_any_past_date_was_made_today(tx, anchors):
    take(tx, draft(reply(made=None, anchors=anchors)))
    assert register.record(tx, "34964-B").history[0].event.occurred_on == TODAY


def test_a_commitment_whose_first_event_lies_ahead_is_left_for_a_later_import(tx):
    unknown = draft(reply(made=None), on("2018-09-02", "fulfilled"))
    assert ahead(tx, unknown) == ["34964-B, made 2018-09-02"]
    assert register.record(tx, "34964-B") is None


def test_a_dry_run_says_the_same_and_writes_nothing(tx):
    one = draft(reply(), on("2018-08-30", "fulfilled"))
    assert str(take(tx, one, dry_run=True)) == "1 new commitment, 1 event (tried only: nothing was written)"
    assert register.head(tx).seq == 0
    assert register.ids(tx) == []
    assert str(take(tx, one)) == "1 new commitment, 1 event"


def test_the_database_itself_shows_tampering_once_the_triggers_are_gone(tx):
    """Drop trigger, edit a row, delete the tail."""
    take(tx, draft(reply("a")), draft(reply("b")), draft(reply("c")))
    head = str(register.head(tx))
    assert chain.verify(register.entries(tx), head).ok
    on = " ON ledger" if tx.dialect.name == "postgresql" else ""
    tx.exec_driver_sql(f"DROP TRIGGER ledger_no_delete{on}")
    tx.execute(store.ledger.delete().where(store.ledger.c.seq == 3))
    assert chain.verify(register.entries(tx)).ok
    assert "its tail is cut off" in str(chain.verify(register.entries(tx), head))
    tx.exec_driver_sql(f"DROP TRIGGER ledger_no_update{on}")
    tx.execute(store.ledger.update().where(store.ledger.c.seq == 1).values(actor="someone else"))
    assert str(chain.verify(register.entries(tx))) == "entry #1 was changed after it was written"


days = st.dates(date(2018, 7, 13), TODAY)
kinds = st.sampled_from(
    [kind for kind in EventKind if kind not in {EventKind.MADE, EventKind.AMENDED, EventKind.UNDONE}]
)


@st.composite
def happenings(draw):
    kind = draw(kinds)
    dated = {"date": Window.on(draw(days)), "anchor": "letter"} if kind in {"anchored", "extended", "snoozed"} else {}
    event = Event(kind=kind, occurred_on=draw(days), note=draw(st.text("aé'\n", max_size=3)), **dated)
    return draw(st.sampled_from(["a", "b", "c"])), event


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(happenings(), max_size=6), max_size=4))
def test_replay_equals_state_and_the_chain_holds_and_a_second_import_writes_nothing(imports):
    with tempfile.TemporaryDirectory() as folder, closing(Store.open(Path(folder) / "g.db", new=True)) as opened:
        with opened.writing() as tx:
            take(tx, *(draft(reply(name)) for name in "abc"))
        state = {name: [made(reply(name))] for name in "abc"}
        for events in imports:
            drafts = [Draft(id=name, commitment=None, events=(event,), origin=("r", 1)) for name, event in events]
            with opened.writing() as tx:
                outcomes = []
                intake = take(tx, *drafts, tell=outcomes.extend)
            for one in outcomes:
                state[one.id] += one.events
            with opened.writing() as tx:
                assert intake.problems or not take(tx, *drafts).appended
        with opened.reading() as tx:
            assert {one.commitment.id: [e.event for e in one.history] for one in register.records(tx)} == state
            assert chain.verify(register.entries(tx), str(register.head(tx))).ok
