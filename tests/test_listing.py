"""Lists read the projection, brought up to date where that is needed: the same as a replay, and nothing is written."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sample_register import SETTINGS, drafts, take_in

from commitments import store
from commitments.ledger import register
from commitments.listing import Wanted
from commitments.model.commitment import Status
from engine.cli.reading import fits
from engine.passes.assess_due import _changed, _come
from engine.passes.run import tick
from engine.session import audited, open_session

NOW = datetime(2020, 6, 1, 9, tzinfo=UTC)
NONE = {"status": (), "by": None, "to": None, "kind": None, "text": None}


@pytest.fixture
def session(tmp_path):
    (tmp_path / "gestand.yaml").write_text(SETTINGS)
    with open_session(tmp_path, new=True) as opened:
        take_in(opened, drafts(60), NOW)
        yield opened


def pass_on(session, now):
    """A pass as of a moment; what is before NOW, when the register was made, is looked back at."""
    at = max(now, NOW)
    return tick(session.store, session.workspace, session.assessor, session.deliverer, now=now, clock=lambda: at)


def held(session):
    """All that the store holds of where commitments stand, and the ledger's head."""
    with session.store.reading() as tx:
        return tx.execute(store.commitment.select()).all(), tx.execute(store.notice.select()).all(), register.head(tx)


def plain(rows):
    return sorted((row.commitment.id, row.commitment.by, row.commitment.made, row.standing) for row in rows)


def replayed(session, day):
    return audited(session.assessments(day))


def test_a_list_of_today_is_a_replay_of_today(session):
    pass_on(session, NOW)
    rows = session.listed(NOW, Wanted())
    assert len(rows) == 60
    assert len({row.standing.status for row in rows}) > 3
    assert plain(rows) == plain(replayed(session, NOW.date()))


@pytest.mark.parametrize("days", [0, 1, 40, 400])
def test_what_no_pass_has_seen_yet_is_assessed_first_and_nothing_is_written(session, days):
    pass_on(session, NOW)
    later = NOW + timedelta(days)
    take_in(session, drafts(70), later)
    before = held(session)
    assert plain(session.listed(later, Wanted())) == plain(replayed(session, later.date()))
    assert held(session) == before


def test_days_late_are_those_of_today_where_nothing_else_changed(session):
    pass_on(session, NOW)
    with session.store.writing() as tx:
        tx.execute(store.commitment.update().values(next_change=None))
    later = NOW + timedelta(3)
    with session.current(later) as tx:
        assert not tx.get_execution_options().get("writing")
    then, now = (
        {row.commitment.id: row.standing for row in session.listed(moment, Wanted())} for moment in (NOW, later)
    )
    late = [name for name, standing in now.items() if standing.status is Status.OVERDUE]
    assert late
    assert all(now[name].days_late_current == then[name].days_late_current + 3 for name in late)


def test_other_rules_are_heeded_before_a_pass_has_seen_them(session, tmp_path):
    pass_on(session, NOW)
    (tmp_path / "gestand.yaml").write_text(SETTINGS.replace("nl-tweede-kamer, ", ""))
    with open_session(tmp_path) as other:
        rows = other.listed(NOW, Wanted())
        assert plain(rows) == plain(replayed(other, NOW.date()))
        assert plain(rows) != plain(session.listed(NOW, Wanted()))


def test_a_list_of_before_the_last_pass_knows_nothing_of_it(session):
    pass_on(session, NOW)
    earlier = NOW - timedelta(300)
    rows = session.listed(earlier, Wanted())
    assert 0 < len(rows) < 60
    assert plain(rows) == plain(replayed(session, earlier.date()))


def test_an_event_that_lies_ahead_is_seen_when_its_day_comes(session):
    early = datetime(2019, 1, 1, 9, tzinfo=UTC)
    pass_on(session, early)
    for days in range(0, 500, 50):
        now = early + timedelta(days)
        pass_on(session, now)
        with session.store.reading() as tx:
            rows = tx.execute(store.commitment.select().where(store.commitment.c.status.is_not(None))).all()
        then = {item.commitment.id: item.standing.status for item in replayed(session, now.date())}
        assert {row.id: row.status for row in rows} == then


FILTERS = [
    {"status": ("open",)},
    {"status": ("settled", "overdue")},
    {"by": "nl/regering_1"},
    {"by": "nl/regering"},  # not a party above nl/regering_1
    {"by": "nl/regeringx1"},  # the _ of SQL's LIKE is no wildcard here
    {"to": "uk"},
    {"kind": "reply"},
    {"text": "ÜBER PLANS 1"},
    {"text": "30003"},
    {"kind": "question", "to": "nl", "status": ("fulfilled", "fulfilled_late")},
]


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
def test_filters_find_what_they_find_in_a_replay(session, wanted):
    pass_on(session, NOW)
    narrowed = [row for row in replayed(session, NOW.date()) if fits(row, **{**NONE, **wanted})]
    assert plain(session.listed(NOW, Wanted(**wanted))) == plain(narrowed)


NARROWER = [
    Wanted(dossier="30001"),
    Wanted(dossier="30 001"),
    Wanted(dossier="no such dossier"),
    Wanted(due_from=date(2019, 1, 1)),
    Wanted(due_until=date(2019, 1, 1)),
    Wanted(late_by=100),
    Wanted(late_by=-(10**12)),
    Wanted(late_by=1, to="nl", text="plans"),
]


@pytest.mark.parametrize("wanted", NARROWER, ids=str)
def test_the_query_and_the_replay_want_the_same(session, wanted):
    pass_on(session, NOW)
    narrowed = [row for row in replayed(session, NOW.date()) if wanted.fits(row.commitment, row.standing)]
    assert plain(session.listed(NOW, wanted)) == plain(narrowed)
    assert bool(narrowed) == (wanted.dossier != "no such dossier")


def test_nothing_is_late_by_more_days_than_there_were(session):
    pass_on(session, NOW)
    assert session.listed(NOW, Wanted(late_by=10**12)) == []


def test_days_between_which_something_is_due_are_both_included(session):
    pass_on(session, NOW)
    first, last = date(2019, 1, 1), date(2019, 6, 30)
    wanted = Wanted(due_from=first, due_until=last, dossier="30001")
    narrowed = [
        row
        for row in replayed(session, NOW.date())
        if row.commitment.dossier == "30001"
        and row.standing.current
        and row.standing.current.latest >= first
        and row.standing.current.earliest <= last
    ]
    assert narrowed
    assert plain(session.listed(NOW, wanted)) == plain(narrowed)


def test_a_store_without_the_day_of_the_promise_learns_it_from_the_ledger(session, tmp_path):
    pass_on(session, NOW)
    with session.store.writing() as tx:
        before = tx.execute(store.commitment.select()).all()
        tx.exec_driver_sql("ALTER TABLE commitment DROP COLUMN made")
        number = 1 + next(n for n, step in enumerate(store.MIGRATIONS) if step.__name__ == "_add_made")
        store.remember(tx, "layout", str(number - 1))
    with open_session(tmp_path) as again, again.store.reading() as tx:
        assert {row.id: row.made for row in tx.execute(store.commitment.select())} == {
            row.id: row.made for row in before
        }


def test_neither_what_changed_nor_whose_day_has_come_is_looked_for_in_the_whole_table(session):
    with session.store.reading() as tx:
        for query in (_changed(), _come(NOW.date())):
            sql = str(query.compile(tx.engine, compile_kwargs={"literal_binds": True}))
            (plan,) = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").all()
            assert "INDEX" in plan[-1]
