"""What commitments share because they are alike changes nothing: the same as when each is assessed by itself.

The reference asks nothing of what was counted before, and tells stages and days by the definitions, rung by rung.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from commitments.ledger.register import description
from commitments.model.basis import Ground, is_news
from commitments.model.commitment import (
    CLERK,
    Commitment,
    Event,
    EventKind,
    Status,
)
from commitments.model.dates import DAY
from commitments.model.record import Record, Recorded
from engine.assessment.assess import Assessor, assess
from engine.assessment.cache import Counts
from engine.matching.matcher import matcher
from engine.passes.assess_due import kept_of
from engine.passes.projection import KEPT_OF_EACH, Reader, _assessed
from engine.session import conditions
from engine.workspace.settings import shipped
from notifications.content.notice import Notice, Stage

FIRST = date(2019, 1, 1)
SHIPPED = shipped()
SHAPES = (
    ("reply", "nl/eerste-kamer/jbz", "letter"),
    ("question", "nl/tweede-kamer", "sent"),
    ("question", "uk/commons", "tabled"),
    ("response", "uk/commons/home-affairs", "published"),
    ("undertaking", "nl/tweede-kamer", "letter"),
    ("request", "nl/overheid", "received"),
)
days = st.integers(0, 500).map(lambda number: FIRST + timedelta(number))
dates = st.one_of(days.map(str), st.sampled_from(["2019", "2019-06", "2019-Q3", "2019-03-01/2019-03-20"]))
happening = st.sampled_from(
    [kind for kind in EventKind if kind not in {EventKind.MADE, EventKind.AMENDED, EventKind.UNDONE}]
)


@pytest.fixture(scope="module")
def assessor():
    with_all = matcher(conditions(SHIPPED))
    yield Assessor(SHIPPED.book, SHIPPED.calendars, with_all, "Europe/Amsterdam")
    with_all.close()


@st.composite
def records(draw):
    kind, to, anchor = draw(st.sampled_from(SHAPES))
    made = draw(st.one_of(st.none(), st.just(FIRST)))
    commitment = Commitment(
        id=draw(st.sampled_from(["A", "B"])),
        kind=kind,
        title="x",
        by="nl/regering",
        to=to,
        made=made,
        force=draw(st.sampled_from(["requested", "binding", "expected"])),
        anchors=draw(st.one_of(st.just({}), dates.map(lambda day: {anchor: day}))),
        stated_due=draw(st.one_of(st.none(), st.none(), dates, st.sampled_from(["voor de zomer", "ooit"]))),
        source={"quote": draw(st.sampled_from(["one", "two"]))},
    )
    events = [Event(kind=EventKind.MADE, occurred_on=FIRST, commitment=commitment)]
    for kind, day, on in draw(st.lists(st.tuples(happening, days, dates), max_size=4)):
        more = {"date": on} if kind in {EventKind.EXTENDED, EventKind.ANCHORED} else {}
        named = {"anchor": anchor} if kind is EventKind.ANCHORED else {}
        events.append(Event(kind=kind, occurred_on=day, **more, **named))
    if draw(st.booleans()) and len(events) > 1:
        undone = draw(st.integers(2, len(events)))
        events.append(Event(kind=EventKind.UNDONE, occurred_on=draw(days), undoes=undone))
    learnt = draw(st.integers(0, 1))
    return Record(
        tuple(
            Recorded(event=event, seq=seq, recorded_at=datetime(2019, 1, 1 + seq * learnt, tzinfo=UTC), actor="x")
            for seq, event in enumerate(events, start=1)
        )
    )


def reference(assessor, record, today):
    """The same, from nothing that was counted before."""
    then = record.as_of(today)
    return assess(then, assessor.applying(then), Counts(assessor.book, assessor.calendars), today)


@settings(deadline=None, max_examples=examples(50))
@given(st.lists(records(), min_size=2, max_size=5), days)
def test_sharing_what_is_alike_changes_nothing(assessor, some, today):
    for record in some + some:
        assert assessor.on(record, today) == reference(assessor, record, today)


@settings(deadline=None, max_examples=examples(50))
@given(records(), days)
def test_what_a_row_keeps_is_judged_as_the_record_is(assessor, record, today):
    now = datetime(today.year, today.month, today.day, 9, tzinfo=UTC)  # the same day in every pack's zone
    reader = Reader(assessor, now, kept=True)
    found = _assessed(record, assessor.on(record, today))
    described = description(record.commitment)
    others = [described[name] for name in reader.columns[len(KEPT_OF_EACH) :]]
    again = reader._judged((*kept_of(found, assessor.book), *others))
    assert again.judgement == found.judgement
    assert (again.ground, again.news) == (found.ground, found.news)


@settings(deadline=None, max_examples=examples(50))
@given(records(), days)
def test_stages_and_days_are_those_of_the_definitions(assessor, record, today):
    found = assessor.on(record, today)
    assert found.next_change == next_change(assessor, found, today)
    if not found.standing.status.settled and found.standing.status is not Status.SUSPENDED:
        counting = [item for item in found.obligations if not item.beaten_by and item.current]
        told = [notice for item in counting for notice in last_reached(found, item)]
        assert list(found.notices) == told


@settings(deadline=None, max_examples=examples(100))
@given(records())
def test_a_ground_is_read_back_from_its_text(record):
    ground = Ground.of(record, FIRST + timedelta(250))
    assert Ground.read(str(ground)) == ground


def last_reached(found, obligation):
    return {notice.audience: notice for notice in reached(found, obligation)}.values()


def reached(found, obligation):
    record, today = found.record, found.today
    due, move = obligation.current, obligation.moves[-1] if obligation.moves else None
    own = {"commitment": record.commitment.id, "rule": obligation.rule, "version": str(due)}
    since = move.turn.day if move else None
    if move and since <= today and is_news(record, found.entry(move)):
        step = len(obligation.moves)
        yield Notice(**own, stage=Stage.DATE_CHANGED, step=step, audience=CLERK, day=since)
    for rung in obligation.ladder.rungs(due):
        ahead = rung.stage in {"reminder", "due_today"}
        holds = today <= due.latest if ahead else obligation.force.can_be_overdue
        if holds and rung.day <= today and (since is None or rung.day > since):
            stage = Stage(rung.stage)
            yield Notice(**own, stage=stage, step=rung.step, audience=rung.audience, day=rung.day)


def next_change(assessor, found, today):
    if found.standing.status.settled or found.standing.status is Status.SUSPENDED:
        return None
    names = assessor.applying(found.record)
    turns = {day for name in names for day in assessor.book.rules[name].rule.valid.turning_days}
    for item in found.obligations:
        if item.current is not None and not item.beaten_by:
            reminders = [rung.day for rung in item.rungs if rung.stage == "reminder"]
            turns |= {rung.day for rung in item.rungs} | {min([*reminders, item.current.earliest])}
            turns |= {item.current.latest, item.current.latest + DAY}
    return min((day for day in turns if day > today), default=None)
