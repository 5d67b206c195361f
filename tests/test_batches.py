"""A pass assesses in many short transactions: cut off at any of them, or written between them, nothing is otherwise."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial

import pytest
from sample_register import SETTINGS, drafts, take_in
from test_listing import plain, replayed

from commitments import store
from commitments.ledger import register
from commitments.listing import Wanted
from commitments.model.commitment import Event, EventKind
from engine.checking.replay import compare
from engine.passes import assess_due, batches
from engine.passes.batches import Batches
from engine.passes.run import tick
from engine.session import open_session

NOW = datetime(2020, 6, 1, 9, tzinfo=UTC)
PEOPLE = """
recipients:
  - {name: The clerk, address: clerk@example.org, roles: [clerk], cadence: daily 07:30}
  - {name: The chair, address: chair@example.org, roles: [chair], cadence: daily 07:30}
"""
HOUSE = """
pack: house
title: House rules
timezone: Europe/Amsterdam
notices: {overdue: {first: 1 day after, every: 1 week, at_most: 9}}
rules:
  - {id: named, title: The date that it names itself, when: {kind: undertaking}, due: stated}
"""
FAMILY = """
inhibit: [{when: {status: overdue}, mute: children}]
escalate: [{when: {status: overdue}, same: by, at_least: 3, to: chair}]
follow_up: [{id: out, on: fulfilled, when: {kind: reply}, makes: {kind: publication, title: It is published}}]
"""


class CutOffError(BaseException):
    """The process ends."""


def settings(place):
    return SETTINGS + PEOPLE + f"store: {place}\n"


@pytest.fixture
def folder(place, tmp_path):
    """A workspace in each kind of database, 60 commitments in its register, seven assessed at a time."""
    there = tmp_path / "workspace"
    there.mkdir()
    (there / "gestand.yaml").write_text(settings(place))
    return there


@pytest.fixture(autouse=True)
def _some(monkeypatch):
    monkeypatch.setattr(assess_due, "SOME", 7)
    monkeypatch.setattr(batches, "IN_ONE", 1)


def pass_on(session, now):
    return tick(session.store, session.workspace, session.assessor, session.deliverer, now=now)


def between(monkeypatch, act):
    """Let `act(number)` happen before each transaction in which a pass goes on, the second being number 1."""
    gone_on, opened, seen = Batches.go_on, store.Store.writing, []

    def noted(self, tx, at):
        seen.append(self)
        gone_on(self, tx, at)

    def writing(self):
        if seen and not seen[-1].ended:
            number, held = len(seen), seen.copy()
            seen.clear()
            act(number)
            seen.extend(held)
        return opened(self)

    monkeypatch.setattr(Batches, "go_on", noted)
    monkeypatch.setattr(store.Store, "writing", writing)


def of_families():
    """The same 60 commitments, of which every tenth is the parent of the nine after it."""
    for number, draft in enumerate(drafts(60)):
        parent = f"C-{number // 10 * 10}" if number % 10 else None
        yield replace(draft, commitment=draft.commitment.model_copy(update={"parent": parent}))


def outcome(session):
    """Where all stands, what is owed and why not, who was told what, but for the numbers and ids that say the order."""
    with session.store.reading() as tx:
        rows = tx.execute(store.commitment.select().order_by(store.commitment.c.id)).all()
        notices = tx.execute(store.notice.select().order_by(store.notice.c.key)).mappings()
        owed = [{name: value for name, value in row.items() if name != "number"} for row in notices]
        members = sorted(map(tuple, tx.execute(store.member.select())))
        slots = sorted((row.recipient, row.slot, row.state) for row in tx.execute(store.digest.select()))
        told = sorted((row.recipient, row.notice) for row in tx.execute(store.told.select()))
        kinds = sorted((one.kind, one.commitment or "") for one in register.entries(tx))
        return rows, owed, members, slots, told, kinds


@pytest.fixture(scope="module")
def one_go(tmp_path_factory):
    """A function that gives what comes of it where nothing cuts a pass off, found once for all tests."""
    return cache(partial(_one_go, tmp_path_factory))


def _one_go(tmp_path_factory, moments, house=""):
    alone = tmp_path_factory.mktemp("alone")
    (alone / "gestand.yaml").write_text(settings("gestand.db"))
    furnished(alone, house)
    with pytest.MonkeyPatch.context() as whole, open_session(alone, new=True) as session:
        whole.setattr(assess_due, "SOME", 500)
        take_in(session, of_families(), NOW)
        lived(session, moments)
        return outcome(session)


def lived(session, moments):
    """The passes at these moments; before each but the first there is news of every commitment."""
    for number, moment in enumerate(moments):
        news(session, moment, number)
        pass_on(session, moment)


def news(session, moment, number):
    if number:
        event = Event(kind=EventKind.NOTE, occurred_on=moment.date(), note="telephoned")
        with session.store.writing() as tx:
            register.append(tx, [(f"C-{one}", event) for one in range(60)], at=moment, actor="clerk")


def furnished(folder, house):
    if house:
        (folder / "rules").mkdir()
        (folder / "rules" / "house.yaml").write_text(HOUSE + house)


@pytest.mark.parametrize("house", ["", FAMILY])
def test_a_pass_in_many_transactions_comes_to_the_same_as_in_one(folder, one_go, house):
    moments = (NOW, NOW + timedelta(1), NOW + timedelta(40))
    furnished(folder, house)
    with open_session(folder, new=True) as session:
        assert session.workspace.problems == ()
        take_in(session, of_families(), NOW)
        lived(session, moments)
        assert outcome(session) == one_go(moments, house)


@pytest.mark.parametrize("house", ["", FAMILY])
@pytest.mark.parametrize("number", range(1, 8))
def test_a_pass_that_is_cut_off_is_taken_up_by_the_next(folder, one_go, monkeypatch, number, house):
    """At its first pass, when everything is judged, and 40 days later, when there is news of everything."""
    moments = (NOW, NOW + timedelta(40))
    furnished(folder, house)
    with open_session(folder, new=True) as session:
        take_in(session, of_families(), NOW)
        for nth, moment in enumerate(moments):
            news(session, moment, nth)
            cut_off_at(monkeypatch, session, moment, number)
            pass_on(session, moment)
        assert outcome(session) == one_go(moments, house)


def cut_off_at(monkeypatch, session, moment, number):
    """Let a pass end before one of its transactions; nobody was told anything by it."""

    def end(at):
        if at == number:
            raise CutOffError

    with monkeypatch.context() as cut:
        between(cut, end)
        with pytest.raises(CutOffError):
            pass_on(session, moment)
    with session.store.reading() as tx:
        slots = {row.slot[:10] for row in tx.execute(store.digest.select())}
    assert f"{moment:%Y-%m-%d}" not in slots


def test_the_rules_count_only_when_all_was_judged_under_them(folder, monkeypatch):
    """From one book to another and back, each time cut off: what was judged under the other is judged again."""
    with open_session(folder, new=True) as session:
        take_in(session, of_families(), NOW)
        pass_on(session, NOW)
        before = outcome(session)
    fewer = (folder / "gestand.yaml").read_text()
    (folder / "gestand.yaml").write_text(fewer.replace("nl-tweede-kamer, ", ""))
    with open_session(folder, new=True) as session:
        cut_off_again(monkeypatch, session, 4)
        with session.store.reading() as tx:
            assert not compare(tx, session.workspace, session.assessor).standing
        assert plain(session.listed(NOW, Wanted())) == plain(replayed(session, NOW.date()))
    (folder / "gestand.yaml").write_text(fewer)
    with open_session(folder, new=True) as session:
        assert plain(session.listed(NOW, Wanted())) == plain(replayed(session, NOW.date()))
        assert pass_on(session, NOW).assessed == 60
        rows, *_, told, kinds = outcome(session)
        assert (rows, told) == (before[0], before[-2])
        assert sum(kind == "pack_loaded" for kind, _ in kinds) == 3
        assert pass_on(session, NOW).assessed == 0


def cut_off_again(monkeypatch, session, number):
    def end(at):
        if at == number:
            raise CutOffError

    with monkeypatch.context() as cut:
        between(cut, end)
        with pytest.raises(CutOffError):
            pass_on(session, NOW)


def test_a_pass_that_was_cut_off_goes_on_where_it_was(folder, monkeypatch):
    with open_session(folder, new=True) as session:
        take_in(session, of_families(), NOW)
        cut_off_at(monkeypatch, session, NOW, 3)
        assert pass_on(session, NOW).assessed == 60 - 3 * 7


@pytest.mark.parametrize("house", ["", FAMILY])
def test_what_is_written_between_is_assessed_and_told_by_the_same_pass(folder, monkeypatch, house):
    """Of commitments that were judged already, that were not yet, and that were not there before."""
    furnished(folder, house)
    with open_session(folder, new=True) as session, open_session(folder) as other:
        take_in(session, of_families(), NOW)
        answered = {}

        def write(number):
            identifier = f"C-{number * 7 % 60}"
            with other.store.writing() as tx:
                event = Event(kind=EventKind.WITHDRAWN, occurred_on=NOW.date())
                register.append(tx, [(identifier, event)], at=NOW, actor="clerk")
            answered[identifier] = number
            take_in(other, [one for one in drafts(80 + number) if one.id == f"C-{79 + number}"], NOW)

        with monkeypatch.context() as meanwhile:
            between(meanwhile, write)
            pass_on(session, NOW)
        assert len(answered) > 7
        assert plain(session.listed(NOW, Wanted())) == plain(replayed(session, NOW.date()))
        with session.store.reading() as tx:
            assert assess_due.waiting(tx, NOW.date()) == []
            rows = tx.execute(store.notice.select().where(store.notice.c.commitment.in_(answered)))
            assert {row.state for row in rows} <= {"dropped", "superseded"}
            new = {f"C-{79 + number}" for number in answered.values()}
            assert new & set(tx.execute(store.told.select().with_only_columns(store.told.c.notice)).scalars()) == set()
            owed = tx.execute(store.notice.select().where(store.notice.c.state == "owed")).all()
            told = set(tx.execute(store.told.select().with_only_columns(store.told.c.notice)).scalars())
            assert {row.key for row in owed if row.audience in {"clerk", "chair"}} - told == set()
        assert pass_on(session, NOW).assessed == 0


def test_whoever_reads_between_sees_all_as_it_stands_now(folder, monkeypatch):
    later = NOW + timedelta(40)
    with open_session(folder, new=True) as session, open_session(folder) as other:
        take_in(session, of_families(), NOW)
        seen = []

        def look(_number):
            seen.append(plain(other.listed(later, Wanted())) == plain(replayed(other, later.date())))

        for nth, moment in enumerate((NOW, later)):
            news(session, moment, nth)
            with monkeypatch.context() as meanwhile:
                between(meanwhile, look)
                pass_on(session, moment)
        assert len(seen) > 10
        assert all(seen)


KILLED = """
import json, os, signal, sys
from datetime import datetime
from pathlib import Path
from engine.passes import assess_due, batches
from engine.passes.batches import Batches
from engine.session import open_session
from engine.passes.run import tick

assess_due.SOME, batches.IN_ONE = 7, 1
go_on, calls = Batches.go_on, []

def pass_of(folder, number, now):
    def killed(self, tx, at):
        go_on(self, tx, at)
        calls.append(1)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    Batches.go_on = killed
    with open_session(Path(folder)) as session:
        now = datetime.fromisoformat(now)
        tick(session.store, session.workspace, session.assessor, session.deliverer, now=now)

for line in sys.stdin:
    child = os.fork()
    if not child:
        try:
            pass_of(*json.loads(line))
        finally:
            os._exit(1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def killer():
    """A function that lets a pass in a process of its own be killed, and gives how that ended."""
    command = [sys.executable, "-c", KILLED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def killed(folder, number, now):
            print(json.dumps([str(folder), number, now.isoformat()]), file=process.stdin, flush=True)
            return int(process.stdout.readline())

        yield killed


@pytest.mark.parametrize("house", ["", FAMILY])
@pytest.mark.parametrize("number", [1, 4, 9])
def test_a_process_that_is_killed_within_a_transaction_loses_and_doubles_nothing(folder, one_go, killer, number, house):
    furnished(folder, house)
    with open_session(folder, new=True) as session:
        take_in(session, of_families(), NOW)
    assert killer(folder, number, NOW) == -signal.SIGKILL
    with open_session(folder, new=True) as session:
        pass_on(session, NOW)
        assert outcome(session) == one_go((NOW,), house)
