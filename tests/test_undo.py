"""Corrections that stay visible: an entry is undone by a later one, and what was known before is still to be seen."""

import json
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest

from commitments import exchange, store
from commitments.exchange.written import written
from commitments.ledger import register
from commitments.ledger.chain import verify
from commitments.ledger.intake import Draft
from commitments.ledger.moments import Known
from commitments.ledger.texts import joined
from commitments.ledger.transitions import allowed, refusals
from commitments.model.commitment import Commitment, Event, EventKind
from commitments.model.dates import Window
from commitments.model.record import Record, Recorded
from commitments.store import Store
from engine.answers.explain import explanation
from engine.session import open_session

AT = datetime(2018, 9, 1, 9, 30, tzinfo=UTC)
TODAY = date(2018, 9, 30)
REPLY = Commitment(
    id="34964-B", kind="reply", title="Reply", by="nl/regering", to="nl/eerste-kamer", made=date(2018, 7, 13)
)


def on(day, kind, **values):
    return Event(kind=kind, occurred_on=date.fromisoformat(day), **values)


FULFILLED = on("2018-08-30", "fulfilled")


def undoing(seq, day="2018-09-02"):
    return on(day, "undone", undoes=seq, note="wrong number")


def record(*events, made=REPLY):
    """A record whose entries are numbered from 1, each written down a day after the one before."""
    return Record(
        tuple(
            Recorded(event=event, seq=number, recorded_at=AT + timedelta(days=number), actor="clerk")
            for number, event in enumerate((on("2018-07-13", "made", commitment=made), *events), start=1)
        )
    )


def test_what_is_undone_counts_for_nothing_and_stays_in_the_history():
    found = record(FULFILLED, undoing(2))
    assert found.settled is None
    assert list(found.of(EventKind.FULFILLED)) == []
    assert [entry.event.kind for entry in found.in_order] == [EventKind.MADE]
    assert [entry.event.kind.value for entry in found.history] == ["made", "fulfilled", "undone"]
    assert {seq: entry.seq for seq, entry in found.void.items()} == {2: 3}


def test_an_amendment_that_is_undone_gives_the_earlier_text_back():
    found = record(on("2018-08-01", "amended", commitment=REPLY.model_copy(update={"title": "Other"})), undoing(2))
    assert found.commitment.title == "Reply"


def test_an_undoing_that_is_undone_lets_the_event_count_again():
    found = record(FULFILLED, undoing(2), undoing(3))
    assert found.settled == found.history[1]
    assert list(found.void) == [3]


def test_before_the_correction_was_written_down_the_mistake_was_what_was_known():
    found = record(FULFILLED, undoing(2))
    assert found.as_of(TODAY, Known(at=AT + timedelta(days=2), last=2)).settled is not None
    assert found.as_of(TODAY, Known(at=AT + timedelta(days=3), last=3)).settled is None
    # what did not happen had not happened on any day, whenever that was found out
    assert found.as_of(date(2018, 8, 31)).settled is None


@pytest.mark.parametrize(
    ("events", "seq", "reason"),
    [
        ([FULFILLED], 2, ""),
        ([FULFILLED], 7, "#7 is no event of it; its events are #1, #2"),
        ([FULFILLED], 1, "that it was made cannot be undone; record withdrawn where nothing is expected"),
        ([FULFILLED, undoing(2)], 2, "#2 is undone already, by #3"),
        ([FULFILLED, undoing(2)], 3, ""),
        ([FULFILLED, on("2018-09-01", "reopened")], 2,
         "without #2: on 2018-09-01 it was open, so it cannot be reopened then; undo what came after it first"),
        ([on("2018-08-01", "suspended"), on("2018-08-02", "resumed")], 2,
         ("without #2: it was not suspended, so it cannot be resumed on 2018-08-02; undo what came after it first")),
        # since then it was fulfilled on another day, so the first cannot come back
        ([FULFILLED, undoing(2), on("2018-08-31", "fulfilled")], 3,
         ("without #3: it was fulfilled on 2018-08-30, so it cannot be fulfilled on 2018-08-31; if that was undone, "
          "record reopened first; undo what came after it first")),
    ],
)  # fmt: skip
def test_an_undoing_that_makes_no_sense_is_refused_with_a_sentence(events, seq, reason):
    assert allowed(record(*events), undoing(seq), TODAY) == reason


def test_several_are_weighed_one_after_another():
    known = {"34964-B": record(FULFILLED, on("2018-09-01", "reopened"))}
    assert list(refusals(known, [("34964-B", undoing(3)), ("34964-B", undoing(2))], TODAY)) == []
    assert [at for at, _ in refusals(known, [("34964-B", undoing(2)), ("34964-B", undoing(3))], TODAY)] == [0]


def test_only_an_undoing_undoes():
    with pytest.raises(ValueError, match="an undone event names the ledger's entry that it undoes"):
        on("2018-08-30", "undone")
    with pytest.raises(ValueError, match="and no other event does"):
        on("2018-08-30", "fulfilled", undoes=2)


@pytest.fixture
def tx(tmp_path):
    with closing(Store.open(tmp_path / "gestand.db", new=True)) as opened, opened.writing() as connection:
        yield connection


def take(tx, *events, commitment=REPLY):
    draft = Draft(id=commitment.id, commitment=commitment, events=events, origin=("r.yaml", 1))
    return register.take_in(tx, [draft], today=TODAY, at=AT, actor="clerk")


def undo(tx, seq):
    register.append(tx, [("34964-B", undoing(seq))], at=AT, actor="clerk")


def test_a_file_that_still_tells_of_it_does_not_bring_it_back(tx):
    """The same import after a correction."""
    take(tx, FULFILLED)
    undo(tx, 2)
    head = register.head(tx)
    intake = take(tx, FULFILLED)
    assert str(intake) == "nothing new, 1 left out, undone in the register"
    assert register.head(tx) == head


def test_a_text_that_was_undone_does_not_come_back_until_there_is_another(tx):
    other = REPLY.model_copy(update={"title": "Other"})
    third = REPLY.model_copy(update={"title": "Third"})
    take(tx)
    take(tx, commitment=other)
    undo(tx, 2)
    assert tx.execute(store.commitment.select()).one().title == "Reply"
    assert str(take(tx, commitment=other)) == "nothing new, 1 left out, undone in the register"
    assert str(take(tx, commitment=third)) == "1 amended"


def test_the_ledger_holds_the_undoing_in_its_chain(tx):
    take(tx, FULFILLED)
    undo(tx, 2)
    entries = list(register.entries(tx))
    assert verify(entries).ok
    assert joined(entries[-1].payload, entries[-1].body) == {
        "kind": "undone", "note": "wrong number", "occurred_on": "2018-09-02", "undoes": 2
    }  # fmt: skip
    assert register.entry(tx, 2) == entries[1]
    assert register.entry(tx, 9) is None


@pytest.mark.parametrize("form", exchange.WRITERS)
def test_an_export_leaves_out_what_is_void_and_its_undoing(tx, tmp_path, form):
    take(tx, on("2018-08-29", "partly_fulfilled"), FULFILLED)
    undo(tx, 3)
    (found,) = register.records(tx)
    assert [next(iter(event)) for event in written(found)["events"]] == ["partly_fulfilled"]
    file = tmp_path / f"out.{form}"
    file.write_text("".join(exchange.WRITERS[form]([found])), encoding="utf-8")
    (draft,), problems = exchange.read(file)
    assert problems == ()
    assert [event.kind.value for event in draft.events] == ["partly_fulfilled"]


# ------------------------------------------------------------------------------------------------- as people use it


def _number(run, kind):
    return next(one["ledger"] for one in json.loads(run("show", "34964-B", "--json")[1]) if one["kind"] == kind)


def test_undo_takes_the_number_that_show_gives(workspace):
    seq = _number(workspace, "fulfilled")
    status, out, err = workspace("undo", f"#{seq}", "--note", "that was the answer to another letter")
    undone = _number(workspace, "undone")
    assert (status, err) == (0, "")
    assert out.startswith(f"written down as ledger #{undone}: 34964-B undone #{seq} on ")
    assert "overdue" in workspace("explain", "34964-B", "--as-of", "2018-09-03")[1]
    _, out, _ = workspace("show", "34964-B")
    assert f"(ledger #{seq}, written down " in out
    assert f"void: undone as ledger #{undone}\n" in out
    assert f"undone #{seq}, that was the answer to another letter  (ledger #{undone}, " in out
    entry = next(one for one in json.loads(workspace("show", "34964-B", "--json")[1]) if one["ledger"] == seq)
    assert entry["undone_by"] == undone


@pytest.mark.parametrize(
    ("words", "status", "complaint"),
    [
        (("undo", "99", "--note", "x"), 1,
         "nothing was undone: the ledger has no entry #99; `gestand show ID` gives the numbers of its events\n"),
        (("undo", "first", "--note", "x"), 2, "'first' is not the number of an entry; write one such as #12"),
        (("undo", "3"), 2, "Missing option '--note'"),
    ],
)  # fmt: skip
def test_an_undoing_that_cannot_be_is_refused(workspace, words, status, complaint):
    left, out, err = workspace(*words)
    assert (left, out) == (status, "")
    assert complaint in err


def test_nothing_is_undone_twice_and_all_that_is_wrong_is_told(workspace):
    seq = _number(workspace, "fulfilled")
    made = _number(workspace, "made")
    status, _, err = workspace("undo", str(seq), str(made), "--note", "x")
    assert (status, err) == (
        1,
        ("gestand: nothing was written down for 34964-B: that it was made cannot be undone; record withdrawn where "
         "nothing is expected\n"),
    )  # fmt: skip
    assert workspace("undo", str(seq), "--note", "x")[0] == 0
    status, _, err = workspace("undo", str(seq), "--note", "x")
    assert status == 1
    assert err.endswith(f" for 34964-B: #{seq} is undone already, by #{_number(workspace, 'undone')}\n")


def test_what_was_known_before_the_correction_is_still_to_be_seen(workspace, wall_clock):
    before = datetime.now(UTC).isoformat()
    wall_clock.go_on(minutes=1)
    workspace("undo", str(_number(workspace, "fulfilled")), "--note", "another letter")
    then = ("--known-at", before)
    assert "fulfilled late" in workspace("explain", "34964-B", *then)[1]
    assert "fulfilled late" in workspace("list", "--text", "34964", *then)[1]
    assert "void" not in workspace("show", "34964-B", *then)[1]
    assert "fulfilled: 2018-08-30" in workspace("export", *then)[1]
    assert "fulfilled: 2018-08-30" not in workspace("export")[1]
    assert "overdue" in workspace("list", "--text", "34964")[1]


def test_before_it_was_written_down_it_was_not_known(workspace):
    status, _, err = workspace("show", "34964-B", "--known-at", "2018-09-01")
    assert status == 2
    assert ": it was not known on 2018-09-01" in err
    status, out, _ = workspace("list", "--known-at", "2018-09-01")
    assert status == 0
    assert out.startswith(
        "no commitments as of Sat 1 Sep 2018, as known at 2018-09-01 23:59; `gestand list` by itself "
    )


# ------------------------------------------------------------------------------------------------- what it moves

LETTER = REPLY.model_copy(update={"anchors": {"letter": Window.parse("2018-07-13")}})
EXTENDED = on("2018-08-01", "extended", date="2018-09-15", decided_by="commissie")


@pytest.fixture
def session(tmp_path):
    (tmp_path / "gestand.yaml").write_text("timezone: Europe/Amsterdam\npacks: [nl-eerste-kamer]\n")
    with open_session(tmp_path, new=True) as opened:
        yield opened


def assessed(session, day, *events):
    return session.assessor.on(record(*events, made=LETTER), date.fromisoformat(day))


def moves(assessment):
    return [
        (move.turn.kind.value, str(move.before), str(move.after))
        for one in assessment.obligations
        for move in one.moves
    ]


BACK = ("undone", "2018-09-15", "2018-08-10")


@pytest.mark.parametrize(
    ("events", "expected", "due"),
    [
        ([EXTENDED], [("extended", "2018-08-10", "2018-09-15")], "2018-09-15"),
        ([EXTENDED, undoing(2)], [BACK], "2018-08-10"),
        ([EXTENDED, undoing(2), undoing(3)], [("extended", "2018-08-10", "2018-09-15")], "2018-09-15"),
        # several that are undone together put the date back once
        ([EXTENDED, on("2018-08-02", "extended", date="2018-10-01"), undoing(3), undoing(2)],
         [("undone", "2018-10-01", "2018-08-10")], "2018-08-10"),
        # undone, and then moved to where it belongs: the later move tells it
        ([EXTENDED, undoing(2), on("2018-09-02", "extended", date="2018-09-20")],
         [("extended", "2018-08-10", "2018-09-20")], "2018-09-20"),
        # what was no longer the last word when it was undone moved nothing
        ([EXTENDED, on("2018-08-02", "extended", date="2018-10-01"), undoing(2)],
         [("extended", "2018-08-10", "2018-10-01")], "2018-10-01"),
        ([on("2018-08-01", "note"), undoing(2)], [], "2018-08-10"),
    ],
)  # fmt: skip
def test_an_undoing_that_puts_a_date_back_is_a_move(session, events, expected, due):
    found = assessed(session, "2018-09-05", *events)
    assert (moves(found), str(found.standing.current)) == (expected, due)


def test_who_was_told_of_the_new_date_is_told_that_it_went_back(session):
    then = assessed(session, "2018-09-02", EXTENDED, undoing(2))
    assert ("date_changed", "2018-08-10") in {(item.stage.value, item.version) for item in then.notices}
    assert then.moved.note == "wrong number"
    # a day before the undoing has no such news, and nothing is kept from it
    before = assessed(session, "2018-08-20", EXTENDED, undoing(2))
    assert moves(before) == []
    assert {item.stage.value for item in before.notices} == {"overdue"}


def test_explain_tells_it_as_it_tells_every_move(session):
    found = assessed(session, "2018-09-05", EXTENDED, undoing(2))
    lines = "\n".join(explanation(found, session.workspace.book))
    assert (
        "moved    undone on Sun 2 Sep 2018, from Sat 15 Sep 2018 to Fri 10 Aug 2018 (wrong number, ledger #3)" in lines
    )
