"""One bad record never stops the others: it is undated with the reason, named by all who read, and told once."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
from examples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commitments import store
from commitments.ledger import erasure, register
from commitments.ledger.chain import _digest, seal
from commitments.model.commitment import (
    Commitment,
    Event,
    EventKind,
    Status,
)
from engine.answers.backtest import backtest
from engine.answers.difference import When, differences
from engine.answers.next_changes import turns
from engine.assessment import (
    assess,
    consequences,
    deadlines,
    setbacks,
)
from engine.assessment.cache import Counts
from engine.assessment.setbacks import Setbacks
from engine.calendars.feed import feed
from engine.digests import compose, pending
from engine.passes import cycles
from engine.passes.run import tick
from engine.service import health
from engine.service.scheduler import Heartbeat
from engine.session import open_session
from engine.workspace import clock
from rules.calendars.calendar import CalendarData

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
TODAY = NOW.date()
DUE = "2026-12-29"
SETTINGS = """
timezone: Europe/Amsterdam
packs: [nl-eerste-kamer, nl-terms, en-terms]
mail: {sender: gestand@example.org, deliver: folder, administrator: admin@example.org}
recipients:
  - {name: All, address: all@example.org, roles: [clerk, chair], cadence: "daily 07:30"}
  - {name: Other, address: other@example.org, roles: [clerk], cadence: "daily 07:30"}
"""


def commitment(identifier, **values):
    told = {"kind": "reply", "title": identifier, "by": "nl/regering", "to": "nl/eerste-kamer", "made": TODAY}
    return Commitment.model_validate({"id": identifier, "anchors": {"letter": TODAY}, **told, **values})


def make(session, *commitments, at=NOW):
    events = [
        (one.id, Event(kind=EventKind.MADE, occurred_on=one.made or TODAY, commitment=one)) for one in commitments
    ]
    with session.store.writing() as tx:
        register.append(tx, events, at=at, actor="clerk")


def insert(tx, kind, identifier, payload, *, at=None, body=None):
    """Append an entry as one would who knows how entries are chained: its hash is right, what it says is not."""
    made = seal(register.head(tx), at=at or "2026-12-01T09:00:00.000000Z", actor="x", kind=kind,
                commitment=identifier, payload={}, body=None)  # fmt: skip
    chained = _digest(made.seq, made.at, made.actor, kind, identifier, payload, made.prev)
    entry = made._replace(payload=payload, hash=chained, body=body)
    tx.execute(store.ledger.insert(), [entry._asdict()])
    table = store.commitment
    tx.execute(table.update().where(table.c.id == identifier).values(changed=True))
    return entry.seq


@pytest.fixture
def session(tmp_path):
    (tmp_path / "gestand.yaml").write_text(SETTINGS)
    with open_session(tmp_path, new=True) as opened:
        yield opened


def opened_at(tmp_path, place):
    (tmp_path / "gestand.yaml").write_text(f"store: {place}\n{SETTINGS}")
    return open_session(tmp_path, new=True)


def pass_on(session, now=NOW):
    return tick(session.store, session.workspace, session.assessor, session.deliverer, now=now)


def standings(session, now=NOW):
    with session.current(now) as tx:
        rows = tx.execute(store.commitment.select())
        return {row.id: (row.status, str(row.current_latest)) for row in rows}


def mails(session):
    with session.store.reading() as tx:
        return [row.recipient for row in tx.execute(store.outbox.select())]


def fail_for(monkeypatch, module, name, identifier):
    """Let a function go wrong where it is asked about one commitment, as a mistake of ours would."""
    whole = getattr(module, name)

    def wrong(*given, **named):
        if identifier in repr(given):
            raise ZeroDivisionError("by zero")
        return whole(*given, **named)

    monkeypatch.setattr(module, name, wrong)


# ------------------------------------------------------------------------------------------------- entries


UNREADABLE = [
    ("note", "not json"),
    ("note", ""),
    ("note", "null"),
    ("note", "[1, 2]"),
    ("extended", "{}"),
    ("fulfilled", '{"kind":"fulfilled","occurred_on":"2026-13-45"}'),
    # an extension of a day that there is not
    ("extended", '{"date":"2026-02-30","kind":"extended","occurred_on":"2026-12-01"}'),
    # the ledger says a note, the entry that it is fulfilled
    ("note", '{"kind":"fulfilled","occurred_on":"2026-12-01"}'),
    # what is said of another commitment
    ("amended", json.dumps({"kind": "amended", "occurred_on": "2026-12-01",
                            "commitment": {"id": "GOOD", "kind": "x", "title": "x", "by": ["a"], "to": ["b"]}})),
    # a hash of texts, and texts that are none
    ("note", '{"body":"0","kind":"note","occurred_on":"2026-12-01"}'),
    ("note", "[" * 5000),
    ("delay_notice", "not json"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "payload"), UNREADABLE)
def test_an_entry_that_cannot_be_read_is_that_commitments_alone(session, kind, payload):
    make(session, commitment("BAD"), commitment("GOOD"))
    pass_on(session)
    with session.store.writing() as tx:
        seq = insert(tx, kind, "BAD", payload, body="{}" if "body" in payload else None)
    done = pass_on(session)
    assert [one.what for one in done.unassessed] == ["BAD"]
    assert done.unassessed[0].why.startswith(f"entry #{seq} of the ledger cannot be read: ")
    assert standings(session)["BAD"] == ("undated", "None")
    assert standings(session)["GOOD"] == ("pending", DUE)


def test_it_is_so_in_either_database(tmp_path, place):
    with opened_at(tmp_path, place) as session:
        make(session, commitment("BAD"), commitment("GOOD"))
        with session.store.writing() as tx:
            for kind, payload in UNREADABLE:
                insert(tx, kind, "BAD", payload)
        assert [one.what for one in pass_on(session).unassessed] == ["BAD"]
        assert standings(session)["GOOD"] == ("pending", DUE)
        with session.store.reading() as tx:
            found = {one.commitment.id: len(one.unread) for one in register.records(tx, ["BAD", "GOOD"])}
        # texts without a body were erased: of that one nothing is wrong
        assert found == {"BAD": len(UNREADABLE) - 1, "GOOD": 0}


def test_what_cannot_be_read_can_be_undone_and_counts_no_more(session):
    make(session, commitment("BAD"))
    with session.store.writing() as tx:
        seq = insert(tx, "extended", "BAD", "{")
    assert len(pass_on(session).unassessed) == 1
    with session.store.writing() as tx:
        undone = Event(kind=EventKind.UNDONE, occurred_on=TODAY, undoes=seq, note="damaged")
        assert register.allowed(register.record(tx, "BAD"), undone, TODAY) == ""
        register.append(tx, [("BAD", undone)], at=NOW, actor="clerk")
    assert pass_on(session).unassessed == ()
    assert standings(session)["BAD"] == ("pending", DUE)


def test_a_commitment_whose_making_cannot_be_read_is_told_as_the_projection_has_it(session):
    make(session, commitment("GOOD"))
    with session.store.writing() as tx:
        row = {"id": "BAD", "kind": "reply", "title": "Named", "force": "requested", "dossier": "", "parent": None,
               "cycle": "", "by": '["nl/a"]', "to": '["nl/b"]', "made": TODAY, "changed": True}  # fmt: skip
        tx.execute(store.commitment.insert(), [row])
        insert(tx, "made", "BAD", "{")
        insert(tx, "made", "UNHEARD-OF", "{")
    done = pass_on(session)
    assert [one.what for one in done.unassessed] == ["BAD"]
    assert done.unassessed[0].why.endswith("and it made the commitment; put back a copy")
    found = {one.record.commitment.id: one for one in session.assessments(TODAY)}
    assert found["BAD"].record.commitment.title == "Named"
    assert found["UNHEARD-OF"].standing.status is Status.UNDATED
    assert found["GOOD"].standing.status is Status.PENDING


def test_erasing_leaves_what_cannot_be_read(session):
    make(session, commitment("BAD"))
    with session.store.writing() as tx:
        seq = insert(tx, "extended", "BAD", "{}")
        done = erasure.erase(tx, "BAD", reason="asked for", at=NOW, actor="clerk")
    assert done.kept == (seq,)


def test_as_known_before_it_was_written_down_nothing_stands_in_the_way(session):
    make(session, commitment("BAD"))
    with session.store.writing() as tx:
        insert(tx, "note", "BAD", "{", at="2026-12-03T09:00:00.000000Z")
        record = register.record(tx, "BAD")
        now, later = register.known(tx, NOW), register.known(tx, NOW + timedelta(days=3))
    before = session.assessor.on(record, TODAY, now)
    after = session.assessor.on(record, TODAY, later)
    assert (before.standing.status, after.standing.status) == (Status.PENDING, Status.UNDATED)


def test_a_flipped_bit_in_a_text_stops_no_other(tmp_path):
    (tmp_path / "gestand.yaml").write_text(SETTINGS)
    with open_session(tmp_path, new=True) as session:
        make(session, commitment("A"), commitment("BAD"), commitment("GOOD"))
    with closing(sqlite3.connect(tmp_path / "gestand.db")) as file, file:
        for name in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            file.execute(f"DROP TRIGGER {name[0]}")
        file.execute("UPDATE ledger SET body = CAST(x'7bff7d' AS TEXT) WHERE commitment = 'BAD'")
    with open_session(tmp_path, new=True) as session:
        assert [one.what for one in pass_on(session).unassessed] == ["BAD"]
        found = {one.record.commitment.id: one.standing.status.value for one in session.assessments(TODAY)}
        assert [found[name] for name in ("A", "BAD", "GOOD")] == ["pending", "undated", "pending"]


# ------------------------------------------------------------------------------------------------- whatever goes wrong


@pytest.mark.parametrize(
    ("where", "name", "shown"),
    [
        (assess, "assess", "'BAD'"),
        # the matcher is asked by it which rules apply
        (assess, "facts", "'BAD'"),
        # what a deadline is counted from
        (Counts, "duties", "2031-01-01"),
        (deadlines, "_counted", "2031, 1, 1"),
    ],
)
def test_a_mistake_of_ours_in_one_assessment_undates_that_one(session, monkeypatch, where, name, shown):
    fail_for(monkeypatch, where, name, shown)
    make(session, commitment("BAD", anchors={"letter": "2031-01-01"}), commitment("GOOD"))
    done = pass_on(session)
    assert [one.what for one in done.unassessed] == ["BAD"]
    assert "ZeroDivisionError: by zero" in done.unassessed[0].why
    assert standings(session)["GOOD"] == ("pending", DUE)
    assert standings(session)["BAD"] == ("undated", "None")


def test_a_rule_or_calendar_that_cannot_be_counted_undates_what_counts_by_it(tmp_path, monkeypatch):
    (tmp_path / "rules").mkdir()
    (tmp_path / "calendars").mkdir()
    (tmp_path / "calendars" / "odd.yaml").write_text("calendar: odd\nuntil: 2030-12-31\nfrom: 2020-01-01\n")
    (tmp_path / "rules" / "p.yaml").write_text(
        "pack: p\ntitle: p\nrules:\n"
        "  - {id: a, title: a, when: {kind: a}, due: {period: 3 working days, after: letter, calendar: odd}}\n"
        "  - {id: b, title: b, when: {kind: b}, due: {period: 3 days, after: letter}}\n"
    )
    (tmp_path / "gestand.yaml").write_text("timezone: Europe/Amsterdam\nmail: {sender: a@example.org}\n")

    def unresolved(self):
        raise KeyError("odd") if self.until else ZeroDivisionError

    whole = CalendarData.days_off
    monkeypatch.setattr(CalendarData, "days_off", lambda self: unresolved(self) if self.start else whole(self))
    with open_session(tmp_path, new=True) as session:
        make(session, commitment("A", kind="a"), commitment("B", kind="b"))
        done = pass_on(session)
        assert [(one.what, one.why.split(" at ")[0]) for one in done.unassessed] == [("A", "KeyError: 'odd'")]
        assert standings(session)["B"] == ("due_soon", "2026-12-04")
        assert pass_on(session).assessed == 0


def test_every_reader_goes_on(session, monkeypatch):
    fail_for(monkeypatch, assess, "assess", "'BAD'")
    make(session, commitment("BAD"), commitment("GOOD"))
    pass_on(session)
    with session.store.reading() as tx:
        records = list(register.records(tx, ["BAD", "GOOD"]))
    assessor = session.assessor
    assert [one.commitment.id for one in differences(assessor, records, When(day=date(2026, 11, 1)), When(day=TODAY))] \
        == ["BAD", "GOOD"]  # fmt: skip
    assert backtest(records, assessor, assessor, date(2026, 11, 1), TODAY).looked_at == 2
    assert [len(list(turns(assessor, one, TODAY))) > 0 for one in records] == [False, True]
    written = feed(session.workspace, session.assessments(TODAY), TODAY, "en", Setbacks())
    assert (b"SUMMARY:GOOD" in written, b"SUMMARY:BAD" in written) == (True, False)


def test_it_is_tried_again_every_day_and_forgotten_when_it_goes_well(session, monkeypatch):
    make(session, commitment("BAD"))
    with monkeypatch.context() as patched:
        fail_for(patched, assess, "assess", "'BAD'")
        assert len(pass_on(session).unassessed) == 1
        again = pass_on(session)
        assert (again.assessed, len(again.unassessed)) == (0, 1)
    tomorrow = pass_on(session, NOW + timedelta(days=1))
    assert (tomorrow.assessed, tomorrow.unassessed) == (1, ())
    assert standings(session, NOW + timedelta(days=1))["BAD"] == ("pending", DUE)


def test_a_settled_commitment_stays_settled(session, monkeypatch):
    make(session, commitment("BAD"))
    with session.store.writing() as tx:
        register.append(tx, [("BAD", Event(kind="fulfilled", occurred_on=TODAY))], at=NOW, actor="clerk")
    fail_for(monkeypatch, assess, "assess", "'BAD'")
    assert len(pass_on(session).unassessed) == 1
    assert standings(session)["BAD"][0] == "fulfilled"


def test_a_store_that_is_gone_stops_the_pass_still(session):
    def gone():
        raise store.LostStoreError("here", "cut")

    with pytest.raises(store.LostStoreError):
        Setbacks().tried("A", gone)


# ------------------------------------------------------------------------------------------------- cycles, follow-ups


def test_a_cycle_that_goes_wrong_stops_neither_the_others_nor_the_pass(tmp_path, monkeypatch):
    cycle = "{{id: {0}, title: {0}, first: 2026-11-01, every: 1 year, commitment: {{kind: report, by: a, to: b}}}}"
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "p.yaml").write_text(
        f"pack: p\ntitle: p\ncycles:\n  - {cycle.format('bad')}\n  - {cycle.format('good')}\n"
    )
    (tmp_path / "gestand.yaml").write_text("timezone: UTC\nmail: {sender: a@example.org}\n")
    fail_for(monkeypatch, cycles, "editions", "id='bad'")
    with open_session(tmp_path, new=True) as session:
        done = pass_on(session)
        assert [one.what for one in done.unassessed] == ["the cycle p/bad"]
        assert set(standings(session)) >= {"good-2026", "good-2027"}
        monkeypatch.undo()
        assert pass_on(session).unassessed == ()
        assert "bad-2026" in standings(session)


def test_a_follow_up_that_goes_wrong_is_that_commitments_alone(tmp_path, monkeypatch):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "p.yaml").write_text(
        "pack: p\ntitle: p\nfollow_up:\n"
        "  - {id: f, on: fulfilled, when: {kind: reply}, makes: {kind: report, title: Next}}\n"
    )
    (tmp_path / "gestand.yaml").write_text("timezone: UTC\nmail: {sender: a@example.org}\n")
    fail_for(monkeypatch, consequences, "_made", "'BAD'")
    with open_session(tmp_path, new=True) as session:
        make(session, commitment("BAD"), commitment("GOOD"))
        with session.store.writing() as tx:
            settled = Event(kind="fulfilled", occurred_on=TODAY)
            register.append(tx, [("BAD", settled), ("GOOD", settled)], at=NOW, actor="clerk")
        done = pass_on(session)
        assert [one.what for one in done.unassessed] == ["what follows from BAD"]
        assert done.grown == 1


def test_a_digest_that_cannot_be_made_is_one_readers_alone(session, monkeypatch):
    make(session, commitment("LATE", made="2026-09-01", anchors={"letter": "2026-09-01"}))
    fail_for(monkeypatch, compose, "serve", "other@example.org")
    done = pass_on(session)
    assert [one.what for one in done.unassessed] == ["the digest to other@example.org"]
    assert sorted(mails(session)) == ["admin@example.org", "all@example.org"]
    monkeypatch.undo()
    assert pass_on(session).unassessed == ()
    assert "other@example.org" in mails(session)


def test_an_item_that_cannot_be_told_waits_and_the_digest_goes(session, monkeypatch):
    early = {"made": "2026-09-01", "anchors": {"letter": "2026-09-01"}}
    make(session, commitment("BAD", **early), commitment("LATE", **early))
    fail_for(monkeypatch, pending, "as_item", "id='BAD'")
    done = pass_on(session)
    assert [one.what for one in done.unassessed] == ["BAD"]
    told = [item.commitment.id for digest in done.digests for _, items in digest.sections for item in items]
    assert set(told) == {"LATE"}


# ------------------------------------------------------------------------------------------------- who is told


def test_the_administrator_is_told_once(session):
    make(session, commitment("BAD"))
    with session.store.writing() as tx:
        insert(tx, "note", "BAD", "{")
    for days in range(4):
        pass_on(session, NOW + timedelta(days=days))
    assert mails(session).count("admin@example.org") == 1
    make(session, commitment("WORSE"), at=NOW + timedelta(days=3))
    with session.store.writing() as tx:
        insert(tx, "note", "WORSE", "{", at="2026-12-04T10:00:00.000000Z")
    pass_on(session, NOW + timedelta(days=4))
    assert mails(session).count("admin@example.org") == 2
    with session.store.reading() as tx:
        assert [(one.what, one.told) for one in setbacks.kept(tx)] == [("BAD", True), ("WORSE", True)]


def test_health_names_it(session):
    make(session, commitment("BAD"))
    with session.store.writing() as tx:
        seq = insert(tx, "note", "BAD", "nothing")
    pass_on(session)
    heartbeat = Heartbeat()
    found = health.examine(session.store, heartbeat, interval=30, now=lambda: NOW)
    assert [text.partition(" (")[0] for text in found.troubles] == [
        f"BAD could not be assessed: entry #{seq} of the ledger cannot be read: it is not JSON"
    ]
    assert not found.well


def test_very_many_are_counted(session):
    make(session, *(commitment(f"BAD-{number:02}") for number in range(30)))
    with session.store.writing() as tx:
        for number in range(30):
            insert(tx, "note", f"BAD-{number:02}", "{")
    pass_on(session)
    found = health.examine(session.store, Heartbeat(), interval=30, now=lambda: NOW)
    assert len(found.troubles) == 21
    assert found.troubles[-1].startswith("and 10 more could not be assessed")


@pytest.fixture
def run_now(run, monkeypatch, tmp_path):
    """gestand in a workspace with a bad commitment and a good one, at NOW."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    (tmp_path / "gestand.yaml").write_text(SETTINGS)
    with open_session(tmp_path, new=True) as session:
        make(session, commitment("BAD"), commitment("GOOD"))
        with session.store.writing() as tx:
            insert(tx, "note", "BAD", "{")
    return run


WORDS = [
    ("tick",),
    ("list",),
    ("list", "--json"),
    ("list", "--as-of", "2026-12-02"),
    ("next",),
    ("audit",),
    ("audit", "--as-of", "2026-12-02"),
    ("doctor",),
]


@pytest.mark.parametrize("words", WORDS)
def test_a_command_names_it_tells_the_rest_and_leaves_with_1(run_now, words):
    if words[0] == "doctor":
        run_now("tick")
    status, out, err = run_now(*words)
    assert status == 1
    assert "BAD could not be assessed: entry #" in out + err
    assert "Traceback" not in out + err
    if words[0] in {"list", "next", "tick"}:
        assert "GOOD" in out


@pytest.mark.parametrize(
    "words",
    [("explain", "BAD"), ("explain", "BAD", "--json"), ("diff", "--from", "2026-11-01"), ("feed",), ("show", "BAD"),
     ("backtest", "rules.yaml"), ("digest", "preview"), ("digest", "who", "BAD"), ("export",)],
)  # fmt: skip
def test_the_others_go_on_too(run_now, tmp_path, words):
    (tmp_path / "rules.yaml").write_text("pack: other\ntitle: other\nrules: []\n")
    status, out, err = run_now(*words)
    # what shows or hands out the entries themselves says that one of them is damaged
    assert (status, "Traceback" in err) == (int(words[0] in {"show", "export"}), False)
    if words[0] == "explain":
        assert "it could not be assessed: entry #" in out


# ------------------------------------------------------------------------------------------------- anything at all


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)
days = st.sampled_from(["0001-01-01", "9999-12-31", "2026-13-45", "2026-12-01", "２０２６-12-01", "", "2026"])
likely = st.fixed_dictionaries(
    {"kind": st.sampled_from([*EventKind, "x"]), "occurred_on": days},
    optional={
        "date": days,
        "anchor": st.sampled_from(["letter", "", "due"]),
        "undoes": st.integers(-1, 9),
        "commitment": plain,
        "note": plain,
        "body": plain,
    },
)
texts = (
    st.builds(json.dumps, plain)
    | st.builds(json.dumps, likely)
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]))
)


@settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck))
@given(entries=st.lists(st.tuples(st.sampled_from(EventKind), texts, st.none() | texts), max_size=4))
def test_no_payload_stops_the_others(tmp_path_factory, entries):
    folder = tmp_path_factory.mktemp("w")
    (folder / "gestand.yaml").write_text(SETTINGS)
    with open_session(folder, new=True) as session:
        make(session, commitment("BAD"), commitment("GOOD"))
        with session.store.writing() as tx:
            for kind, payload, body in entries:
                insert(tx, kind.value, "BAD", payload, body=body)
        pass_on(session)
        assert standings(session)["GOOD"] == ("pending", DUE)
        assert {one.record.commitment.id for one in session.assessments(TODAY)} >= {"BAD", "GOOD"}
