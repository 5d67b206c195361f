"""Backtest: what other rules would have made of commitments, day by day the same as looking at every day."""

from datetime import UTC, date, datetime, timedelta

import pytest

from commitments.model.commitment import Commitment, Event, EventKind
from commitments.model.dates import Window
from commitments.model.record import Record, Recorded
from engine.answers.backtest import Count, backtest
from engine.assessment.assess import Assessor
from engine.matching.matcher import matcher
from rules.calendars.calendar import Calendars
from rules.pack import book as rule_book

CALENDARS = Calendars()
PACK = """
pack: p
title: A pack
rules:
  - id: reply
    title: A reply
    when: {{kind: reply}}
    due: {weeks} weeks after letter
    notices:
      remind: [1 week before, on the day]
      overdue: {{first: 1 day after, every: 2 weeks, at_most: 3}}
      escalate: [{{at: {chair} after, to: chair}}]
"""


@pytest.fixture
def assessor(tmp_path):
    """A function from the numbers of a pack to what asks it."""

    def ask(weeks, chair="6 weeks", name="p"):
        file = tmp_path / f"{name}.yaml"
        file.write_text(PACK.format(weeks=weeks, chair=chair).replace("pack: p", f"pack: {name}"))
        book, problems = rule_book.load([file], CALENDARS)
        assert problems == ()
        rules = {rule: item.rule.condition for rule, item in book.rules.items()}
        return Assessor(book, CALENDARS, matcher(rules, "reference"), "UTC")

    return ask


def record(identifier, *events, letter=date(2018, 7, 13)):
    """A reply owed since its letter, with what befell it, each learnt of on the day after."""
    commitment = Commitment(
        id=identifier, kind="reply", title="A reply", by="a", to="b", made=letter, anchors={"letter": letter}
    )
    made = Event(kind=EventKind.MADE, occurred_on=letter, commitment=commitment)
    return Record(
        tuple(
            Recorded(event=event, seq=seq, recorded_at=_after(event.occurred_on), actor="clerk")
            for seq, event in enumerate((made, *events), start=1)
        )
    )


def _after(day):
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


def fulfilled(day):
    return Event(kind=EventKind.FULFILLED, occurred_on=day)


def test_a_week_more_moves_the_date_the_status_and_the_notices(assessor):
    letter = record("A", fulfilled(date(2018, 8, 16)))
    found = backtest([letter], assessor(4), assessor(5), date(2018, 8, 1), date(2018, 8, 31))
    (one,) = found.differing
    assert [(str(d.since), d.rule, str(d.old), str(d.new)) for d in one.deadlines] == [
        ("2018-08-01", "p/reply", "2018-08-10", "2018-08-17")
    ]
    assert [(str(s.first), str(s.last), s.old.value, s.new.value) for s in one.statuses] == [
        ("2018-08-03", "2018-08-09", "due_soon", "pending"),
        ("2018-08-10", "2018-08-10", "due_today", "due_soon"),
        ("2018-08-11", "2018-08-15", "overdue", "due_soon"),
        ("2018-08-16", "2018-08-31", "fulfilled_late", "fulfilled"),
    ]
    assert [(str(n.day), n.stage.value, n.audience) for n in one.gone] == [
        ("2018-08-03", "reminder", "clerk"),
        ("2018-08-10", "due_today", "clerk"),
        ("2018-08-11", "overdue", "clerk"),
    ]
    assert [(str(n.day), n.stage.value) for n in one.fresh] == [("2018-08-10", "reminder")]
    assert found.counts == (Count(rule="p/reply", deadlines=1, statuses=1, gone=3, fresh=1),)


def test_the_same_rules_make_no_difference(assessor):
    found = backtest([record("A"), record("B")], assessor(4), assessor(4), date(2018, 7, 1), date(2019, 7, 1))
    assert (found.looked_at, found.differing, found.counts) == (2, (), ())


def test_a_rule_that_is_called_otherwise_tells_the_same_notices(assessor):
    found = backtest([record("A")], assessor(4), assessor(4, name="q"), date(2018, 7, 1), date(2019, 7, 1))
    assert found.differing == ()


def test_a_rule_that_becomes_law_within_the_period_is_met_on_that_day(tmp_path, assessor):
    file = tmp_path / "later.yaml"
    text = PACK.format(weeks=4, chair="6 weeks").replace("pack: p", "pack: later")
    file.write_text(text.replace("    due:", "    valid: {from: 2018-09-05, on: today}\n    due:"))
    book, problems = rule_book.load([file], CALENDARS)
    assert problems == ()
    later = Assessor(
        book, CALENDARS, matcher({"later/reply": book.rules["later/reply"].rule.condition}, "reference"), "UTC"
    )
    (one,) = backtest([record("A")], assessor(4), later, date(2018, 8, 20), date(2018, 9, 30)).differing
    assert [(str(s.first), str(s.last), s.old.value, s.new.value) for s in one.statuses] == [
        ("2018-08-20", "2018-09-04", "overdue", "undated")
    ]


def test_what_was_made_after_the_period_is_not_looked_at(assessor):
    late = record("A", letter=date(2019, 1, 1))
    found = backtest([late], assessor(4), assessor(5), date(2018, 1, 1), date(2018, 12, 31))
    assert (found.looked_at, found.differing) == (0, ())


def test_a_notice_of_another_day_is_gone_and_new(assessor):
    """Only the ladder differs: deadlines and statuses are as they were."""
    (one,) = backtest(
        [record("A")], assessor(4), assessor(4, chair="7 weeks"), date(2018, 1, 1), date(2019, 12, 31)
    ).differing
    assert (one.deadlines, one.statuses) == ((), ())
    assert [(str(n.day), n.audience) for n in (*one.gone, *one.fresh)] == [
        ("2018-09-21", "chair"),
        ("2018-09-28", "chair"),
    ]


HISTORIES = [
    (),
    (fulfilled(date(2018, 8, 30)),),
    (Event(kind=EventKind.EXTENDED, occurred_on=date(2018, 8, 9), date=Window.on(date(2018, 9, 20))),),
    (Event(kind=EventKind.ANCHORED, occurred_on=date(2018, 8, 1), anchor="letter", date=Window.on(date(2018, 7, 20))),),
    (Event(kind=EventKind.SUSPENDED, occurred_on=date(2018, 8, 1)),
     Event(kind=EventKind.RESUMED, occurred_on=date(2018, 9, 1))),
    (fulfilled(date(2018, 8, 2)), Event(kind=EventKind.REOPENED, occurred_on=date(2018, 8, 20))),
]  # fmt: skip


@pytest.mark.parametrize("events", HISTORIES, ids=lambda events: "-".join(event.kind for event in events) or "open")
def test_stepping_by_turning_days_finds_what_every_single_day_shows(assessor, events):
    old, new, one = assessor(4), assessor(6, chair="1 month"), record("A", *events)
    since, until = date(2018, 7, 20), date(2018, 12, 31)
    days = [since + timedelta(days=n) for n in range((until - since).days + 1)]
    pairs = {day: (old.on(one, day), new.on(one, day)) for day in days}
    (found,) = backtest([one], old, new, since, until).differing
    differing = {day for day, (a, b) in pairs.items() if a.standing.status is not b.standing.status}
    told = {day for day in days if any(stretch.first <= day <= stretch.last for stretch in found.statuses)}
    assert told == differing
    for which, notices in ((0, found.gone), (1, found.fresh)):
        mine, theirs = (
            {(n.day, n.stage, n.audience) for day, pair in pairs.items() for n in pair[at].notices if n.day == day}
            for at in (which, 1 - which)
        )
        assert {(n.day, n.stage, n.audience) for n in notices} == mine - theirs
