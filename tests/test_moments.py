"""The past stays: moments go forward, a wrong clock is owned up to, and what was known follows the order of entries."""

import json
import tempfile
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from commitments import store
from commitments.ledger import erasure, holding, register
from commitments.ledger.chain import (
    Head,
    seal,
    stamp,
    verify,
)
from commitments.ledger.moments import (
    TOLERANCE,
    WRONG_CLOCK,
    ClockBehindError,
    ClockRightError,
    Known,
    following,
)
from commitments.ledger.register import Draft
from commitments.model.basis import Outcome
from commitments.model.commitment import Commitment, Event, EventKind
from commitments.store import HELD, Store
from engine.digests.silences import silence
from engine.passes.run import tick
from engine.service.ping import Ping
from engine.service.reload import Watched
from engine.service.server import Service
from engine.session import open_session
from engine.workspace.recipients import Scope
from notifications.outbox.suppression import Kind, suppress

AT = datetime(2026, 12, 1, 10, tzinfo=UTC)
AHEAD = datetime(2027, 11, 1, 9, tzinfo=UTC)
REPLY = Commitment(
    id="34964-B", kind="reply", title="Reply", by="nl/regering", to="nl/eerste-kamer", made=date(2018, 7, 13)
)
MADE = Event(kind=EventKind.MADE, occurred_on=date(2018, 7, 13), commitment=REPLY)
FULFILLED = Event(kind=EventKind.FULFILLED, occurred_on=date(2018, 8, 30))


@pytest.fixture
def base(place):
    with closing(Store.open(place, new=True)) as opened:
        yield opened


@pytest.fixture
def tx(base):
    with base.writing() as connection:
        yield connection


def write(tx, at, actor="clerk"):
    return register.note(tx, "tried", {}, at=at, actor=actor)


def moments(tx):
    return [entry.recorded_at for entry in register.entries(tx)]


def forge(tx, at, kind="tried", payload=None):
    """An entry with a hash that is right, whatever its moment: as an earlier version, or an attacker, wrote it."""
    made = seal(register.head(tx), at=stamp(at), actor="mallory", kind=kind, commitment=None, payload=payload or {})
    tx.execute(store.ledger.insert(), made._asdict())
    return made


# ------------------------------------------------------------------------------------------------- writing


@pytest.mark.parametrize("behind", [timedelta(), timedelta(microseconds=1), timedelta(minutes=3), TOLERANCE], ids=str)
def test_a_clock_that_is_a_little_behind_writes_with_the_moment_of_the_last_entry(tx, behind):
    write(tx, AT)
    assert write(tx, AT - behind).recorded_at == AT
    assert write(tx, AT + timedelta(microseconds=1)).recorded_at == AT + timedelta(microseconds=1)


def test_a_clock_that_is_further_behind_is_refused_with_the_entry_and_the_way_out(tx):
    register.append(tx, [("34964-B", MADE), ("34964-B", FULFILLED)], at=AHEAD, actor="clerk")
    head = register.head(tx)
    with pytest.raises(ClockBehindError) as refused:
        write(tx, AHEAD - TOLERANCE - timedelta(microseconds=1))
    assert str(refused.value) == (
        "nothing is written down: by the clock it is 2027-11-01 08:54 UTC, but the last entry, #2 (fulfilled of "
        "34964-B, by clerk), was written down 2027-11-01 09:00 UTC. Set the clock right if it is wrong now; if it was "
        "wrong then, say so with `gestand clock-was-wrong --note WHY`"
    )
    assert register.head(tx) == head


WRITERS = {
    "record": lambda tx: register.append(tx, [("34964-B", FULFILLED)], at=AT, actor="clerk"),
    "import": lambda tx: register.take_in(
        tx,
        [Draft(id="N", commitment=REPLY.model_copy(update={"id": "N"}), events=(), origin=("r.yaml", 1))],
        today=AT.date(),
        at=AT,
        actor="clerk",
    ),
    "note": lambda tx: write(tx, AT),
    "erase": lambda tx: erasure.erase(tx, "34964-B", (), (), reason="asked", at=AT, actor="clerk"),
    "silence": lambda tx: silence(tx, Scope(), until=date(2027, 1, 1), reason="recess", at=AT, actor="clerk"),
    "unsubscribe": lambda tx: suppress(tx, "a@example.org", Kind.UNSUBSCRIBED, at=AT, actor="reader"),
    "resume": lambda tx: holding.resume(tx, at=AT, actor="clerk"),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_no_writer_writes_where_the_clock_is_behind(base, writer):
    with base.writing() as tx:
        register.append(tx, [("34964-B", MADE)], at=AHEAD, actor="clerk")
        store.remember(tx, HELD, "restored")
    with pytest.raises(ClockBehindError), base.writing() as tx:
        WRITERS[writer](tx)
    with base.reading() as tx:
        assert register.head(tx).seq == 1
        assert tx.execute(store.suppression.select()).all() == tx.execute(store.silence.select()).all() == []


def test_where_nothing_is_to_be_written_no_clock_is_in_the_way(tx):
    draft = Draft(id=REPLY.id, commitment=REPLY, events=(), origin=("r.yaml", 1))
    for at in (AHEAD, AT):
        register.take_in(tx, [draft], today=AT.date(), at=at, actor="clerk")
    assert moments(tx) == [AHEAD]


# ------------------------------------------------------------------------------------------------- the way out


def test_a_clock_that_was_ahead_is_got_out_of_by_an_entry_that_says_so(tx):
    write(tx, AT - timedelta(days=1))
    write(tx, AHEAD)
    write(tx, AHEAD)
    wrong = register.clock_was_wrong(tx, said="the battery was empty", at=AT, actor="admin")
    assert str(wrong) == "#4, 2026-12-01 10:00 UTC by admin: the clock was wrong (#2 to #3 lie after it)"
    assert register.wrong_clocks(tx) == [wrong]
    assert write(tx, AT + timedelta(hours=1)).recorded_at == AT + timedelta(hours=1)
    with pytest.raises(ClockBehindError):
        write(tx, AT - timedelta(hours=1))  # nobody gets behind it
    verdict = verify(register.lines(tx))
    assert (verdict.ok, verdict.steps, verdict.corrections) == (True, (), (wrong,))


def test_what_a_wrong_clock_wrote_is_known_from_the_moment_that_this_is_said(tx):
    write(tx, AT - timedelta(days=1))
    write(tx, AHEAD)
    register.clock_was_wrong(tx, said="set wrong", at=AT, actor="admin")
    write(tx, AT + timedelta(days=1))
    asked = {
        AT - timedelta(days=2): 0,
        AT - timedelta(days=1): 1,
        AT - timedelta(microseconds=1): 1,
        AT: 3,
        AT + timedelta(hours=23): 3,
        AT + timedelta(days=1): 4,
        AHEAD: 4,
    }
    assert {moment: register.known(tx, moment).last for moment in asked} == asked


def test_a_clock_that_was_wrong_when_it_was_said_to_have_been_is_said_again(tx):
    write(tx, AT - timedelta(days=1))
    write(tx, AHEAD)
    register.clock_was_wrong(tx, said="still wrong", at=AHEAD - timedelta(days=100), actor="admin")
    wrong = register.clock_was_wrong(tx, said="right now", at=AT, actor="admin")
    assert (wrong.first, wrong.last, wrong.steps) == (2, 3, ())
    assert [register.known(tx, moment).last for moment in (AT - timedelta(seconds=1), AT)] == [1, 4]
    assert verify(register.lines(tx)).steps == ()


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(minutes=4), TOLERANCE], ids=str)
def test_a_clock_that_was_right_is_not_said_to_have_been_wrong(tx, ahead):
    write(tx, AT + ahead)
    with pytest.raises(ClockRightError):
        register.clock_was_wrong(tx, said="?", at=AT, actor="admin")
    assert moments(tx) == [AT + ahead]


def test_what_an_earlier_version_wrote_out_of_order_is_named_and_can_be_owned_up_to(tx):
    for at in (AT, AT + timedelta(hours=1), AT + timedelta(minutes=30), AT + timedelta(hours=2)):
        forge(tx, at)
    verdict = verify(register.lines(tx))
    assert [str(step) for step in verdict.steps] == [
        "entry #3 is earlier than the one before it: 2026-12-01 10:30 UTC after 2026-12-01 11:00 UTC"
    ]
    assert verdict.ok  # the chain holds: nothing was changed
    assert [register.known(tx, AT + timedelta(minutes=m)).last for m in (30, 59, 60, 120)] == [1, 1, 3, 4]
    wrong = register.clock_was_wrong(tx, said="set back in October", at=AT + timedelta(hours=3), actor="admin")
    assert str(wrong).endswith("by admin: the clock was wrong (#3 is earlier than the one before)")
    assert verify(register.lines(tx)).steps == ()
    # owning up brings nothing forward: no entry counts as known before an earlier one
    assert [register.known(tx, AT + timedelta(minutes=m)).last for m in (30, 59, 60, 120)] == [1, 1, 3, 4]


def test_a_forged_entry_of_the_past_is_named_and_changes_no_past(tx):
    write(tx, AT)
    forge(tx, datetime(2020, 1, 1, tzinfo=UTC))
    assert [step.seq for step in verify(register.lines(tx)).steps] == [2]
    assert register.known(tx, datetime(2021, 1, 1, tzinfo=UTC)).last == 0


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"first": 1},
        {"first": "x", "last": 1},
        {"first": 1, "last": 1, "steps": 4},
        {"first": 1, "last": 2},
        {"first": 1, "last": 10**30},
        {"first": 1, "last": 0},
        {"first": 1, "last": 1, "steps": [7]},
    ],
)
def test_an_entry_that_speaks_of_a_wrong_clock_and_does_not_say_enough_is_named(tx, payload):
    write(tx, AT)
    forge(tx, AT, WRONG_CLOCK, payload)
    assert str(verify(register.lines(tx))) == "entry #2 does not say which entries a wrong clock wrote"
    register.rebuild(tx)
    assert register.wrong_clocks(tx) == []
    assert register.known(tx, AT).last == 2


def test_the_first_and_the_last_day_there_is_are_moments_too(tx):
    write(tx, AT)
    zone = datetime.fromisoformat("2026-12-01T10:00-05:00").tzinfo
    east = datetime.fromisoformat("2026-12-01T10:00+05:00").tzinfo
    assert register.known(tx, datetime.max.replace(tzinfo=zone)).last == 1
    assert register.known(tx, datetime.min.replace(tzinfo=east)).last == 0


# ------------------------------------------------------------------------------------------------- always

MINUTES = st.integers(-20_000, 20_000) | st.integers(-6, 6)
"""By how much a clock is moved: by weeks, or by a little."""
STEPS = st.lists(st.tuples(MINUTES, st.sampled_from(["note", "event", "pass", "correct"])), max_size=25)


def act(tx, how, at):
    """What one writer writes; nothing where it is refused."""
    try:
        if how == "correct":
            register.clock_was_wrong(tx, said="tried", at=at, actor="admin")
        elif how == "event":
            event = Event(kind=EventKind.NOTE, occurred_on=date(2018, 8, 1), note=str(at))
            register.append(tx, [("34964-B", event), ("34964-B", event)], at=at, actor="clerk")
        elif how == "pass":
            write(tx, register.moment(tx, at), "rules")
        else:
            write(tx, at)
    except (ClockBehindError, ClockRightError):
        return


@settings(max_examples=examples(50), deadline=None)
@given(STEPS, st.booleans())
def test_whatever_clocks_do_moments_go_forward_and_what_was_known_grows(steps, legacy):
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Store.open(Path(folder) / "x.db", new=True)) as base,
        base.writing() as tx,
    ):
        register.append(tx, [("34964-B", MADE)], at=AT, actor="clerk")
        clock = AT
        for minutes, how in steps:
            clock += timedelta(minutes=minutes)
            if legacy and minutes % 5 == 0:
                forge(tx, clock)
            else:
                act(tx, how, clock)
        found = list(register.entries(tx))
        if not legacy:
            back = [new.kind for old, new in pairwise(found) if new.at < old.at]
            assert set(back) <= {WRONG_CLOCK}
            assert verify(register.lines(tx)).steps == ()
        assert verify(register.lines(tx)).ok
        seen = sorted({entry.recorded_at for entry in found})
        known = [register.known(tx, moment).last for moment in seen]
        assert known == sorted(known)
        assert known == [plainly_known(found, moment) for moment in seen]
        assert register.known(tx, seen[-1]).last == len(found)


def plainly_known(found, moment):
    """The last entry known at a moment, as the definition has it: entry by entry, from the first to the last."""
    since = []
    for entry in found:
        if entry.kind == WRONG_CLOCK:
            since = [min(one, entry.recorded_at) for one in since]
        since.append(max([entry.recorded_at, *since[-1:]]))
    return sum(one <= moment for one in since)


def test_following_asks_nothing_of_the_first_entry():
    assert following(AT, None) == AT


# ------------------------------------------------------------------------------------------------- heads


def test_a_head_of_64_bits_that_stands_in_an_earlier_digest_is_still_taken():
    first = seal(Head(), at=stamp(AT), actor="clerk", kind="tried", commitment=None, payload={})
    other = seal(Head(), at=stamp(AT), actor="other", kind="tried", commitment=None, payload={})
    for length in (16, 32, 64):
        assert verify([first], f"#1 {first.hash[:length]}").ok
        assert not verify([other], f"#1 {first.hash[:length]}").ok
    assert str(first.head) == f"#1 {first.hash[:32]}"
    assert not verify([first], f"#1 {first.hash[:15]}").ok
    assert not verify([first], f"#1 {first.hash[:16]}{'0' * 16}").ok


# ------------------------------------------------------------------------------------------------- the command line


@pytest.fixture
def clock(monkeypatch):
    """A clock to be set: clock("2026-06-02"), or clock("2026-06-02T10:30"), in UTC."""

    def set_to(text):
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
        monkeypatch.setattr("engine.workspace.clock.now", lambda: moment)

    return set_to


@pytest.fixture
def house(clock, run):
    """The command line, in a new workspace with the example taken in on 2 June 2026, and two passes made."""
    clock("2026-06-02")
    run("init")
    assert run("import", "commitments/example.yaml", "--actor", "clerk")[0] == 0
    for day in ("2026-06-20", "2026-12-01"):
        clock(day)
        assert run("tick")[0] == 0
    return run


KNOWN = ("list", "--known-at", "2026-07-01", "--columns", "id,status", "--csv")


def test_the_past_is_not_rewritten_with_a_clock_that_is_set_back(house, clock):
    before = house(*KNOWN)
    assert "EXAMPLE-1,overdue" in before[1]
    clock("2026-06-10")
    status, _, err = house("record", "fulfilled", "EXAMPLE-1", "--on", "2026-06-08", "--actor", "clerk")
    assert (status, "by the clock it is 2026-06-10 00:00 UTC" in err) == (1, True)
    assert house(*KNOWN) == before
    clock("2026-12-02")
    assert house("record", "fulfilled", "EXAMPLE-1", "--on", "2026-06-08", "--actor", "clerk")[0] == 0
    assert house(*KNOWN) == before


def test_a_pass_as_of_an_earlier_day_writes_with_the_moment_it_is(house, clock, tmp_path):
    clock("2026-12-02T12:00")
    house("record", "note", "EXAMPLE-1", "--note", "called", "--actor", "clerk")
    clock("2027-07-02T12:00")
    assert house("tick", "--as-of", "2027-07-01")[0] == 0
    with open_session(tmp_path) as session, session.store.reading() as tx:
        found = moments(tx)
        kinds = [entry.kind for entry in register.entries(tx)]
    assert found == sorted(found)
    assert (found[-1], kinds[-1]) == (datetime(2027, 7, 2, 12, tzinfo=UTC), "digest_sent")


def test_looking_ahead_or_back_is_in_no_clock_s_way(house, clock):
    clock("2026-12-02T12:00")
    house("record", "note", "EXAMPLE-1", "--note", "called", "--actor", "clerk")
    clock("2026-12-02T11:00")
    for words in (
        ("digest", "preview", "--on", "2026-12-02"),
        ("digest", "preview", "--on", "2028-01-02"),
        ("digest", "preview"),
        ("list",),
        ("audit",),
        ("next",),
    ):
        assert house(*words)[0] == 0, words


def test_the_clock_was_wrong_and_that_stays_to_be_seen(house, clock):
    clock("2027-11-01T09:00")
    assert house("record", "fulfilled", "EXAMPLE-1", "--on", "2026-12-01", "--actor", "clerk")[0] == 0
    assert house("tick")[0] == 0
    clock("2026-12-02T10:00")
    assert house("record", "reopened", "EXAMPLE-1", "--actor", "clerk")[0] == 1
    assert house("tick")[0] == 1
    status, out, _ = house("doctor")
    assert (status, "clock       nothing is written down: by the clock it is 2026-12-02 10:00 UTC" in out) == (1, True)
    status, out, _ = house("clock-was-wrong", "--note", "the battery was empty", "--actor", "admin")
    said = out.removeprefix("written down as ledger ").strip()
    assert (status, "2026-12-02 10:00 UTC by admin: the clock was wrong (#" in said) == (0, True)
    assert said in house("verify")[1]
    assert said in house("doctor")[1]
    assert "the clock was wrong then, says ledger #" in house("show", "EXAMPLE-1")[1]
    shown = json.loads(house("show", "EXAMPLE-1", "--json")[1])
    assert [("clock_was_wrong" in one) for one in shown] == [False, True]
    assert house("tick")[0] == 0
    assert house("record", "reopened", "EXAMPLE-1", "--actor", "clerk")[0] == 0
    assert house("verify")[0] == 0
    status, _, err = house("clock-was-wrong", "--note", "again")
    assert (status, "no entry lies more than five minutes after 2026-12-02 10:00 UTC" in err) == (1, True)


def test_a_pass_of_a_wrong_clock_that_wrote_nothing_is_got_out_of_too(run, clock):
    clock("2026-06-02")
    run("init")
    assert run("tick")[0] == 0
    clock("2026-06-03")
    with open_session(Path()) as session, session.store.writing() as tx:
        store.remember(tx, "last_pass", "2027-11-01T08:00:00+00:00")
    assert run("tick")[:2] == (
        1,
        (
            "nothing done: a later pass was made already, as of 2027-11-01 08:00 UTC; if the clock was wrong then, say "
            "so with `gestand clock-was-wrong --note WHY`\n"
        ),
    )
    assert run("clock-was-wrong", "--note", "set to 2027")[0] == 0
    assert run("tick")[0] == 0


def test_verify_leaves_with_1_where_a_moment_goes_back_until_that_is_owned_up_to(house, clock, tmp_path):
    with open_session(tmp_path) as session, session.store.writing() as tx:
        made = forge(tx, datetime(2026, 6, 10, tzinfo=UTC))
    status, out, _ = house("verify")
    assert (status, f"entry #{made.seq} is earlier than the one before it: 2026-06-10 00:00 UTC after" in out) == (
        1,
        True,
    )
    assert house("verify", "--mend")[0] == 1
    clock("2026-12-02")
    assert house("clock-was-wrong", "--note", "the clock was set back in June", "--actor", "admin")[0] == 0
    status, out, _ = house("verify")
    assert (status, f"(#{made.seq} is earlier than the one before)" in out) == (0, True)


def test_what_the_register_remembers_of_wrong_clocks_is_checked_and_mended(house, clock, tmp_path):
    clock("2027-11-01")
    house("tick")
    clock("2026-12-02")
    house("clock-was-wrong", "--note", "wrong")
    with open_session(tmp_path) as session, session.store.writing() as tx:
        store.forget(tx, "wrong_clocks")
    assert house("verify")[0] == 1
    assert house("verify", "--mend")[0] == 0
    assert house("verify")[0] == 0


@pytest.mark.parametrize("damaged", ["x", "{}", "5", '["a"]', "[true]", f"[{10**30}]", "[0]", "[" * 9000, "[1]"])
def test_what_the_register_remembers_of_wrong_clocks_may_be_anything(house, clock, tmp_path, damaged):
    clock("2027-11-01")
    house("record", "fulfilled", "EXAMPLE-1", "--on", "2026-12-01")
    clock("2026-12-02")
    house("clock-was-wrong", "--note", "wrong")
    asked = ("list", "--known-at", "2026-12-03", "--columns", "id,status", "--csv")
    before = house(*asked)[:2]
    assert (before[0], "EXAMPLE-1,fulfilled_late" in before[1]) == (0, True)
    with open_session(tmp_path) as session, session.store.writing() as tx:
        store.remember(tx, "wrong_clocks", damaged)
    assert house(*asked)[:2] == before  # the past hangs on the ledger alone
    status, out, _ = house("verify")
    assert (status, "that the clock was wrong" in out or "say the clock was wrong is not" in out) == (1, True)
    assert {house(*words)[0] for words in (("doctor",), ("show", "EXAMPLE-1"), ("verify", "--mend"))} == {0}
    assert house("verify")[0] == 0


def test_an_answer_that_hangs_on_a_clock_that_was_said_to_be_wrong_says_so(house, clock):
    clock("2026-06-10T10:00")  # mallory, in December
    assert house("clock-was-wrong", "--note", "no", "--actor", "mallory")[0] == 0
    house("record", "fulfilled", "EXAMPLE-1", "--on", "2026-06-08", "--actor", "mallory")
    clock("2026-12-02")
    status, out, err = house(*KNOWN)
    assert (status, "EXAMPLE-1,fulfilled" in out) == (0, True)
    assert err.startswith("gestand: what was known then hangs on ledger #")
    assert "2026-06-10 10:00 UTC by mallory: the clock was wrong (#" in err
    assert house("audit", "--known-at", "2026-07-01")[2] == err
    assert house("list", "--known-at", "2026-06-09")[2] == ""  # before anybody said so


# ------------------------------------------------------------------------------------------------- passes


@pytest.fixture
def service(house, tmp_path):
    with open_session(tmp_path) as session, closing(Watched(session)) as watched:
        yield Service(watched=watched, interval=30, ping=Ping(""))


def test_a_service_waits_and_is_red_while_its_clock_is_behind(service, clock):
    base = service.watched.session.store
    with base.reading() as tx:
        head = register.head(tx)
    beat(service, clock, "2026-11-30T23:50")
    assert service.heartbeat.failing.startswith("nothing is written down: by the clock it is 2026-11-30 23:50 UTC")
    assert service._health().status == 503
    with base.reading() as tx:
        assert register.head(tx) == head
    beat(service, clock, "2026-12-01T00:01")
    assert service._health().status == 200


def beat(service, clock, moment):
    """One turn of the service at a moment, noted as the scheduler notes it."""
    clock(moment)
    error = None
    try:
        service.turn()
    except ClockBehindError as behind:
        error = behind
    service.heartbeat.beat(SimpleNamespace(exception=error))


def test_a_pass_writes_nothing_even_where_it_would_have_nothing_to_write(house, clock, tmp_path):
    clock("2026-11-30")
    with open_session(tmp_path) as session, pytest.raises(ClockBehindError):
        tick(session.store, session.workspace, session.assessor, session.deliverer, now=session.now(), back=True)


def test_a_clock_that_is_set_back_while_mail_goes_out_does_not_double_it(run, clock, tmp_path):
    clock("2026-06-02")
    run("init")
    run("import", "commitments/example.yaml")
    clock("2026-06-20T12:00")
    ticks = iter([datetime(2026, 6, 20, 12, tzinfo=UTC) + timedelta(seconds=n) for n in range(3)])
    with open_session(tmp_path) as session:
        back = datetime(2026, 6, 1, tzinfo=UTC)
        done = tick(
            session.store,
            session.workspace,
            session.assessor,
            session.deliverer,
            now=session.now(),
            clock=lambda: next(ticks, back),
        )
        assert (done.delivered.sent, done.delivered.again) == (1, 0)
        with session.store.reading() as tx:
            assert moments(tx) == sorted(moments(tx))
            assert {row.state for row in tx.execute(store.outbox.select())} == {"sent"}


def test_what_became_known_after_a_wrong_clock_is_news(tx):
    register.append(tx, [("34964-B", MADE)], at=AHEAD, actor="clerk")
    register.clock_was_wrong(tx, said="set wrong", at=AT, actor="admin")
    register.append(tx, [("34964-B", FULFILLED)], at=AT + timedelta(hours=1), actor="clerk")
    found = register.record(tx, "34964-B")
    assert Outcome.of(found).news
    assert found.as_of(None, Known(at=AT, last=1)).settled is None
