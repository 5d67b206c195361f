"""Where rules change, what the last pass kept gives the same as the ledger: rows, notices, and the next day to look."""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from sample_register import SETTINGS, drafts, take_in

from commitments import store
from commitments.ledger import register
from commitments.model.commitment import Event, EventKind
from engine.checking.replay import Deviation, compare
from engine.passes import assess_due
from engine.passes.projection import Reader
from engine.passes.run import tick
from engine.session import open_session
from rules.pack.book import SHIPPED, RuleBook

NOW = datetime(2020, 6, 1, 9, tzinfo=UTC)
HOUSE = """
pack: house
title: House rules
timezone: Europe/Amsterdam
rules:
  - id: early
    title: What was sent in spring is answered sooner
    when: {kind: question, anchors.sent: "2019-03-01 .. 2019-06-30"}
    due: 1 week after sent
  - id: gone
    title: Undertakings to the house, while that was law
    valid: {to: 2020-06-10, on: today}
    when: {kind: [undertaking, reply], made: ">= 2019-01-01"}
    due: {period: 2 months, after: letter}
"""
CHANGES = {
    "another rule for some": SETTINGS,
    "fewer packs": SETTINGS.replace("nl-tweede-kamer, ", ""),
    "none": "timezone: Europe/Amsterdam\n",
}


def live(session, seed):
    """What befell a register in some weeks, and the passes that saw it; the last events are news to nobody yet."""
    random = Random(seed)
    for number in range(6):
        now = NOW + timedelta(number * 5)
        take_in(session, drafts(10 + number * 6, seed=seed), now)
        with session.store.writing() as tx:
            for one in register.records(tx):
                if random.random() < 0.3:
                    register.append(tx, [(one.commitment.id, _event(random, now.date()))], at=now, actor="clerk")
        pass_on(session, now)
    take_in(session, drafts(60, seed=seed), now)


def _event(random, today):
    kind = random.choice(
        [EventKind.EXTENDED, EventKind.DELAY_NOTICE, EventKind.PARTLY_FULFILLED, EventKind.FULFILLED, EventKind.LAPSED]
    )
    to = today + timedelta(random.randrange(90)) if kind is EventKind.EXTENDED else None
    return Event(kind=kind, occurred_on=today - timedelta(random.randrange(9)), date=to)


def pass_on(session, now):
    return tick(session.store, session.workspace, session.assessor, session.deliverer, now=now)


def held(session):
    """Where everything stands and what is owed, without the numbers that say in which order it came to be owed."""
    with session.store.reading() as tx:
        rows = tx.execute(store.commitment.select().order_by(store.commitment.c.id)).all()
        notices = tx.execute(store.notice.select().order_by(store.notice.c.key)).mappings()
        return rows, [{name: value for name, value in row.items() if name != "number"} for row in notices]


@pytest.mark.parametrize(("days", "some"), [(0, 500), (12, 7), (100, 1)])
@pytest.mark.parametrize("change", CHANGES)
def test_what_was_kept_gives_the_same_as_the_ledger(tmp_path, monkeypatch, change, days, some):
    """However many are read at once: what is known of them is looked for between the first and the last."""
    monkeypatch.setattr(assess_due, "SOME", some)
    kept, read = tmp_path / "kept", tmp_path / "read"
    kept.mkdir()
    (kept / "gestand.yaml").write_text(SETTINGS)
    with open_session(kept, new=True) as session:
        live(session, days)
    (kept / "gestand.yaml").write_text(CHANGES[change])
    (kept / "rules").mkdir()
    (kept / "rules" / "house.yaml").write_text(HOUSE)
    shutil.copytree(kept, read)
    later = NOW + timedelta(26 + days)
    with open_session(read) as session:
        with session.store.writing() as tx:
            tx.execute(store.commitment.update().values(ground=None))
        assert pass_on(session, later).assessed == 60
        expected = held(session)
    asked = count_records(monkeypatch)
    with open_session(kept) as session:
        assert session.workspace.problems == ()
        assert pass_on(session, later).assessed == 60
        assert held(session) == expected
    assert len(asked) < 55


def count_records(monkeypatch):
    """The ids of the commitments whose records are read from now on."""
    asked, found = [], Reader.found

    def counted(self, tx, rows):
        asked.extend(row.id for row in rows if not self._holds(row))
        return found(self, tx, rows)

    monkeypatch.setattr(Reader, "found", counted)
    return asked


def test_another_version_of_a_pack_is_a_stamp_and_nothing_else(tmp_path):
    (tmp_path / "gestand.yaml").write_text(SETTINGS)
    with open_session(tmp_path, new=True) as session:
        live(session, 5)
        pass_on(session, NOW + timedelta(30))
        before = held(session)
        packs = [loaded.pack.pack for loaded in session.workspace.book.packs]
    (tmp_path / "gestand.yaml").write_text(CHANGES["none"])
    (tmp_path / "rules").mkdir()
    for name in packs:
        (tmp_path / "rules" / f"{name}.yaml").write_text((SHIPPED / f"{name}.yaml").read_text() + "\n# our own\n")
    with open_session(tmp_path) as session:
        assert pass_on(session, NOW + timedelta(30)).assessed == 60
        after, book = held(session), session.workspace.book
    assert len({row.pack for row in after[0]}) > 2
    assert [row.pack for row in after[0]] == [book.stamp(row.rule) for row in after[0]]
    assert after[1] == before[1]
    assert [row._asdict() | {"pack": ""} for row in after[0]] == [row._asdict() | {"pack": ""} for row in before[0]]


def test_nothing_that_was_kept_is_used_for_an_earlier_day(tmp_path):
    (tmp_path / "gestand.yaml").write_text(SETTINGS)
    with open_session(tmp_path, new=True) as session:
        take_in(session, drafts(60), NOW)
        pass_on(session, NOW)
        now = NOW - timedelta(200)
        then = {item.record.commitment.id: item.standing.status for item in session.assessments(now.date())}
        with session.current(now) as tx:
            rows = tx.execute(store.commitment.select().where(store.commitment.c.status.is_not(None)))
            assert {row.id: row.status for row in rows} == then


def test_a_projection_made_anew_is_the_same(tmp_path):
    (tmp_path / "gestand.yaml").write_text(SETTINGS)
    with open_session(tmp_path, new=True) as session:
        live(session, 7)
        now = NOW + timedelta(30)
        pass_on(session, now)
        before = held(session)
        with session.store.writing() as tx:
            assert register.rebuild(tx) == 60
        pass_on(session, now)
        assert held(session) == before
        assert before[0][0].made >= date(2018, 1, 1)


def test_a_row_that_is_not_what_the_ledger_makes_of_it_is_found_and_made_anew(tmp_path):
    (tmp_path / "gestand.yaml").write_text(SETTINGS)
    with open_session(tmp_path, new=True) as session:
        live(session, 3)
        with session.store.writing() as tx:
            other = compare(tx, replace(session.workspace, book=RuleBook()), session.assessor)
            assert (other.differing, other.standing) == ((), False)
            found = compare(tx, session.workspace, session.assessor)
            assert (found.count, found.differing, found.standing) == (60, (), True)
            tx.execute(store.commitment.update().where(store.commitment.c.id == "C-3").values(title="Another"))
            tx.execute(store.commitment.update().where(store.commitment.c.id == "C-4").values(status="lapsed"))
            assert compare(tx, session.workspace, session.assessor).differing == ("C-3", "C-4")
            register.rebuild(tx)
            assert compare(tx, session.workspace, session.assessor).differing == ()
        pass_on(session, NOW)
        with session.store.reading() as tx:
            assert compare(tx, session.workspace, session.assessor).differing == ()


def test_the_columns_that_differ_are_named_of_the_first_rows_and_nothing_is_changed(tmp_path):
    (tmp_path / "gestand.yaml").write_text(SETTINGS)
    with open_session(tmp_path, new=True) as session:
        live(session, 3)
        table = store.commitment
        with session.store.writing() as tx:
            tx.execute(table.update().values(kind="x" * 100))
            tx.execute(table.update().where(table.c.id == "C-10").values(dossier=""))
            before = tx.execute(table.select().order_by(table.c.id)).all()
        with session.store.writing() as tx:
            found = compare(tx, session.workspace, session.assessor)
            assert tx.execute(table.select().order_by(table.c.id)).all() == before
    assert (found.count, len(found.differing)) == (60, 60)  # those too that changed since the last pass
    assert list(dict.fromkeys(one.id for one in found.deviations)) == list(found.differing[:20])
    assert [one for one in found.deviations if one.id == "C-10"] == [
        Deviation("C-10", "kind", f"{'x' * 59}…", "reply"),
        Deviation("C-10", "dossier", "nothing", "30000"),
    ]
