"""Cycles: their editions, what goes with them, and how they enter the register."""

from datetime import UTC, date, datetime

import pytest

from commitments.ledger import register
from commitments.model.commitment import Event, EventKind, Status
from commitments.model.dates import Window
from commitments.reading.source import check, parse
from commitments.store import Store
from engine.assessment.assess import Assessor
from engine.matching.matcher import matcher
from engine.passes.cycles import grow
from rules.calendars.calendar import Calendars
from rules.counting.cycle import editions
from rules.pack.book import LoadedPack, RuleBook
from rules.pack.pack import Pack

FORUM = """
pack: un
title: The forum
timezone: UTC
cycles:
  - id: grf
    title: Global Refugee Forum
    since: 2018-12-17
    every: 4 years
    first: 2019-12-17/2019-12-18
    precision: year
    known: {2023: 2023-12-13/2023-12-15}
    commitment: {kind: meeting, by: un/unhcr, to: un/member-states, force: binding}
    notices: {remind: [2 weeks before], overdue: 1 day after}
    derived:
      - {id: review, title: Half-way review, at: 2 years after grf, precision: month}
      - {id: papers, title: Papers, kind: publication, force: expected, due: {period: 1 day, before: grf, roll: none}}
"""


@pytest.fixture
def pack():
    document, problems = parse(FORUM, "forum.yaml")
    assert problems == ()
    pack, problems = check(Pack, document)
    assert problems == ()
    return pack


@pytest.fixture
def book(pack):
    return RuleBook((LoadedPack(pack, "forum.yaml", "0" * 64),))


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path / "gestand.db", new=True)
    yield store
    store.close()


def at(day):
    return datetime.combine(day, datetime.min.time(), UTC)


def assessed(store, book, identifier, day):
    rules = {name: item.rule.condition for name, item in book.rules.items()}
    with store.reading() as tx:
        record = register.record(tx, identifier)
    return Assessor(book, Calendars(), matcher(rules, "reference"), "UTC").on(record, day)


def test_an_edition_opens_when_the_one_before_it_is_over(pack):
    (cycle,) = pack.cycles
    assert [edition.label for edition in editions(cycle, date(2018, 12, 16))] == []
    assert [edition.label for edition in editions(cycle, date(2018, 12, 17))] == ["2019"]
    assert [edition.label for edition in editions(cycle, date(2019, 12, 18))] == ["2019"]
    assert [edition.label for edition in editions(cycle, date(2019, 12, 19))] == ["2019", "2023"]


def test_a_cycle_that_ends_with_the_last_day_that_there_is_has_no_edition_after_it(pack):
    (cycle,) = pack.cycles
    assert [edition.label for edition in editions(cycle, date.max)][-1] == "9999"


def test_a_known_date_beats_the_computed_one_and_a_computed_one_is_no_surer_than_its_precision(pack):
    (cycle,) = pack.cycles
    windows = {edition.label: str(edition.window) for edition in editions(cycle, date(2026, 11, 23))}
    assert windows == {"2019": "2019-12-17/2019-12-18", "2023": "2023-12-13/2023-12-15", "2027": "2027"}


def test_the_register_grows_once_and_then_has_what_it_should(store, book):
    with store.writing() as tx:
        assert grow(tx, book, today=date(2026, 11, 23), at=at(date(2026, 11, 23))) == 9
        assert grow(tx, book, today=date(2026, 11, 23), at=at(date(2026, 11, 23))) == 0
        assert list(register.ids(tx, "grf-2019")) == ["grf-2019", "grf-2019-papers", "grf-2019-review"]


def test_a_forum_known_by_its_year_is_neither_late_nor_nagged_about(store, book):
    with store.writing() as tx:
        grow(tx, book, today=date(2026, 11, 23), at=at(date(2026, 11, 23)))
    today = assessed(store, book, "grf-2027", date(2026, 11, 23))
    assert (today.standing.status, today.notices) == (Status.PENDING, ())
    assert str(today.standing.current) == "2027"
    # its first possible day is 1 January 2027: due soon, never late before the last
    assert assessed(store, book, "grf-2027", date(2027, 1, 2)).standing.status is Status.DUE_SOON
    assert assessed(store, book, "grf-2027", date(2027, 12, 31)).standing.status is Status.DUE_TODAY
    assert assessed(store, book, "grf-2027", date(2028, 1, 1)).standing.status is Status.OVERDUE


def test_what_is_only_expected_is_awaited_and_never_overdue(store, book):
    with store.writing() as tx:
        grow(tx, book, today=date(2026, 11, 23), at=at(date(2026, 11, 23)))
    papers = assessed(store, book, "grf-2023-papers", date(2026, 11, 23))
    # before a meeting of several days is before the first of them
    assert str(papers.standing.current) == "2023-12-12"
    assert (papers.standing.status, papers.notices) == (Status.AWAITED, ())


def test_before_a_forum_known_by_its_year_is_as_uncertain_as_the_forum(store, book):
    with store.writing() as tx:
        grow(tx, book, today=date(2026, 11, 23), at=at(date(2026, 11, 23)))
    papers = assessed(store, book, "grf-2027-papers", date(2026, 11, 23))
    assert str(papers.standing.current) == "2026-12-31/2027-12-30"


def test_a_date_that_people_moved_moves_what_is_derived_from_it(store, book):
    with store.writing() as tx:
        grow(tx, book, today=date(2020, 1, 6), at=at(date(2020, 1, 6)))
        moved = Event(
            kind=EventKind.ANCHORED, occurred_on=date(2020, 2, 3), anchor="grf", date=Window.parse("2024-01-15")
        )
        register.append(tx, [("grf-2023", moved)], at=at(date(2020, 2, 3)), actor="clerk")
        assert grow(tx, book, today=date(2020, 2, 3), at=at(date(2020, 2, 3))) == 2
    review = assessed(store, book, "grf-2023-review", date(2020, 2, 3))
    assert str(review.standing.current) == "2026-01"
    assert str(assessed(store, book, "grf-2023-papers", date(2020, 2, 3)).standing.current) == "2024-01-14"


def test_a_pack_that_learns_a_date_dates_the_register_anew(store, book, pack):
    with store.writing() as tx:
        grow(tx, book, today=date(2026, 11, 23), at=at(date(2026, 11, 23)))
    (cycle,) = pack.cycles
    wiser = cycle.model_copy(update={"known": cycle.known | {"2027": Window.parse("2027-12-13/2027-12-17")}})
    later = RuleBook((LoadedPack(pack.model_copy(update={"cycles": (wiser,)}), "forum.yaml", "1" * 64),))
    with store.writing() as tx:
        assert grow(tx, later, today=date(2026, 12, 1), at=at(date(2026, 12, 1))) == 3
    forum = assessed(store, later, "grf-2027", date(2026, 12, 1))
    assert str(forum.standing.current) == "2027-12-13/2027-12-17"
    assert [notice.stage for notice in forum.notices] == ["date_changed"]
    assert (str(forum.moved.before), str(forum.moved.after)) == ("2027", "2027-12-13/2027-12-17")


MIGRATION = """
pack: un-gcm
title: The migration forum
timezone: UTC
cycles:
  - id: imrf
    title: International Migration Review Forum
    since: 2018-12-19
    every: 4 years
    first: 2022-05-10/2022-05-13
    commitment: {kind: meeting, by: un, to: un/member-states, force: expected}
    derived:
      - {id: hearing, title: Stakeholder hearing, due: {period: 1 day, before: imrf, roll: none}}
"""


def test_the_forum_of_2022_was_announced_for_10_may_and_held_from_17_may(store):
    """The real move: indico.un.org/event/37351 against /event/1000748; the day of the announcement is not known."""
    document, _ = parse(MIGRATION, "imrf.yaml")
    pack, problems = check(Pack, document)
    assert problems == ()
    book = RuleBook((LoadedPack(pack, "imrf.yaml", "0" * 64),))
    with store.writing() as tx:
        grow(tx, book, today=date(2021, 6, 1), at=at(date(2021, 6, 1)))
        moved = {"kind": "anchored", "occurred_on": "2021-11-01", "anchor": "imrf", "date": "2022-05-17/2022-05-20"}
        register.append(tx, [("imrf-2022", Event.model_validate(moved))], at=at(date(2021, 11, 1)), actor="clerk")
        grow(tx, book, today=date(2021, 11, 1), at=at(date(2021, 11, 1)))
    before, after = date(2021, 10, 31), date(2021, 11, 1)
    assert str(assessed(store, book, "imrf-2022-hearing", before).standing.current) == "2022-05-09"
    assert str(assessed(store, book, "imrf-2022-hearing", after).standing.current) == "2022-05-16"
    told = assessed(store, book, "imrf-2022", after).moved
    assert (str(told.before), str(told.after)) == ("2022-05-10/2022-05-13", "2022-05-17/2022-05-20")
    # and the hearing was held on the day that the move gave it
    with store.writing() as tx:
        held = Event(kind=EventKind.FULFILLED, occurred_on=date(2022, 5, 16))
        register.append(tx, [("imrf-2022-hearing", held)], at=at(date(2022, 5, 16)), actor="clerk")
    settled = assessed(store, book, "imrf-2022-hearing", date(2022, 5, 16)).standing
    assert (settled.status, settled.days_late_current) == (Status.FULFILLED, 0)


YEARLY = """
pack: reports
title: A report each year
timezone: UTC
cycles:
  - id: report
    title: Annual report
    since: 2020-01-01
    every: 1 year
    cycle_anchor: @ANCHOR@
    first: 2020-05-01
    known: {2021: 2021-06-01}
    commitment: {kind: report, by: a, to: b, force: binding}
"""


@pytest.mark.parametrize(
    ("anchor", "third"),
    [
        ("fixed", "2022-05-01"),  # from the first, whatever came between
        ("planned", "2022-06-01"),  # from the second as it was planned
        ("held", "2022-09-15"),  # from the second as it was held
    ],
)
def test_what_the_next_one_is_counted_from_is_the_packs_choice(store, anchor, third):
    document, _ = parse(YEARLY.replace("@ANCHOR@", anchor), "report.yaml")
    pack, problems = check(Pack, document)
    assert problems == ()
    book = RuleBook((LoadedPack(pack, "report.yaml", "0" * 64),))
    with store.writing() as tx:
        grow(tx, book, today=date(2021, 5, 2), at=at(date(2021, 5, 2)))
        held = [
            {"kind": "anchored", "occurred_on": "2021-09-15", "anchor": "report", "date": "2021-09-15"},
            {"kind": "fulfilled", "occurred_on": "2021-09-15"},
        ]
        events = [("report-2021", Event.model_validate(event)) for event in held]
        register.append(tx, events, at=at(date(2021, 9, 15)), actor="clerk")
        grow(tx, book, today=date(2021, 9, 20), at=at(date(2021, 9, 20)))
    assert str(assessed(store, book, "report-2022", date(2021, 9, 20)).standing.current) == third
