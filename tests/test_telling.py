"""Who is told what, and when: quiet days, at once, silences, and what is not told any more when the time comes."""

import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from mail_server import mail_server

from commitments import exchange, store
from commitments.ledger import register
from commitments.model.commitment import Event, EventKind
from commitments.model.dates import Window
from engine.digests.recheck import review
from engine.digests.send import dispatch
from engine.digests.silences import end, silence
from engine.digests.slots import coming_slots
from engine.passes.run import tick
from engine.session import open_session
from engine.workspace.recipients import Scope
from notifications.content.page import page
from notifications.outbox.dead_letters import retry
from notifications.outbox.suppression import Kind, lift, suppress

NOW = datetime(2018, 8, 9, 8, tzinfo=UTC)
SETTINGS = """
timezone: Europe/Amsterdam
mail: {{sender: gestand@example.org}}
recipients:
  - {{name: Clerk, address: clerk@example.org, cadence: daily 07:30{more}}}
"""
PACK = """
pack: house
title: House rules
rules:
  - id: week
    title: A letter is answered in a week
    source: {document: rules}
    when: {kind: reply}
    due: 1 week after letter
    notices:
      remind: [3 days before, on the day]
      overdue: {first: 1 day after, every: 1 week, at_most: 4}
      escalate: [{at: 2 weeks after, to: clerk}]
"""
CALENDAR = """
calendar: house-recess
title: Recess of the house
from: 2018-01-01
until: 2018-12-31
weekend: []
recess: [{from: 2018-08-08, to: 2018-08-12, name: recess}]
"""
LETTERS = """
commitments:
  - {id: A, kind: reply, title: Letter A, by: nl/a, to: nl/b, made: 2018-08-01, anchors: {letter: 2018-08-01}}
  - {id: B, kind: reply, title: Letter B, by: nl/c, to: nl/b, made: 2018-08-01, anchors: {letter: 2018-08-01}}
"""


@pytest.fixture
def opened(tmp_path):
    """A function that opens a workspace in which two letters of 1 August 2018 are due on the 8th."""

    @contextmanager
    def with_settings(more="", letters=LETTERS, calendar=CALENDAR):
        (tmp_path / "gestand.yaml").write_text(SETTINGS.format(more=more))
        for folder, name, text in (("rules", "house", PACK), ("calendars", "house-recess", calendar)):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / f"{name}.yaml").write_text(text)
        (tmp_path / "letters.yaml").write_text(letters)
        with open_session(tmp_path, new=True) as session:
            assert session.workspace.problems == ()
            drafts, problems = exchange.read(tmp_path / "letters.yaml")
            assert not problems
            at = datetime(2018, 8, 1, 6, tzinfo=UTC)
            with session.store.writing() as tx:
                register.take_in(tx, drafts, today=date(2018, 8, 1), at=at, actor="test")
            yield session

    return with_settings


class Away:
    """A mail server that is away."""

    lines = 1

    @contextmanager
    def line(self):
        yield self

    def send(self, *_words):
        from notifications.transports.deliverer import ServerError

        raise ServerError(0, "nobody is there")


def live(session, day, hour=8, deliverer=None):
    """A pass at that hour, UTC, of a day of August 2018."""
    now = datetime(2018, 8, day, hour, tzinfo=UTC)
    return tick(session.store, session.workspace, session.assessor, deliverer or session.deliverer, now=now)


def told(done):
    """Who is told what: ["A overdue 1"]."""
    return [
        f"{item.commitment.id} {item.notice.stage} {item.notice.step}"
        for digest in done.digests
        for _, items in digest.sections
        for item in items
    ]


def happen(session, identifier, kind, day, **more):
    event = Event(kind=kind, occurred_on=date(2018, 8, day), **more)
    with session.store.writing() as tx:
        register.append(tx, [(identifier, event)], at=datetime(2018, 8, day, 12, tzinfo=UTC), actor="clerk")


def rows(session, table):
    with session.store.reading() as tx:
        return list(tx.execute(table.select().order_by(table.c.id)))


def bodies(session):
    """What the messages say, in the order in which they were made."""
    with session.store.reading() as tx:
        return list(tx.execute(store.message.select().order_by(store.message.c.outbox)).scalars(1))


# ------------------------------------------------------------------------------------------------- quiet days


def test_a_quiet_day_is_told_of_on_the_first_day_after_it(opened):
    with opened(", quiet: house-recess") as session:
        assert told(live(session, 7)) == ["A reminder 1", "B reminder 1"]
        for day in (8, 9, 10, 11, 12):
            assert live(session, day).told == 0
        done = live(session, 13)
        assert told(done) == ["A overdue 1", "B overdue 1"]
        (digest,) = done.digests
        assert digest.covers_from == datetime(2018, 8, 7, 5, 30, tzinfo=UTC)
        assert digest.missed == 0  # a quiet day is not a missed one


def test_an_unknown_calendar_is_a_problem_with_its_line(run, tmp_path):
    assert run("init")[0] == 0
    settings = tmp_path / "gestand.yaml"
    cadence = "cadence: weekdays 07:30"
    settings.write_text(settings.read_text().replace(cadence, f"{cadence}\n    quiet: nl-tk-reces"))
    status, _, complaint = run("check")
    assert status == 1
    assert "recipients[0].quiet: there is no calendar nl-tk-reces" in complaint
    assert "did you mean nl-tk-recess?" in complaint


ALWAYS = """
calendar: house-recess
title: Nobody is ever there
from: 2016-01-01
until: 2020-12-31
weekend: []
recess: [{from: 2016-01-01, to: 2020-12-31, name: recess}]
"""


def test_where_every_day_is_quiet_nothing_is_told_and_nothing_hangs(opened):
    with opened(", quiet: house-recess, immediately: [overdue]", calendar=ALWAYS) as session:
        assert live(session, 9).told == 0
        assert coming_slots(session.workspace, session.workspace.settings.recipients[0], NOW, 6) == []


# ------------------------------------------------------------------------------------------------- at once


def test_chosen_stages_do_not_wait_for_the_slot_but_for_the_day(opened):
    with opened(", immediately: [overdue]") as session:
        # the slot of Monday 07:30 is 05:30 UTC; overdue begins at midnight, and nobody is woken
        live(session, 8)
        assert told(live(session, 8, 23)) == []
        assert told(live(session, 9, 4)) == []  # 06:00 in Amsterdam
        assert told(live(session, 9, 5)) == ["A overdue 1", "B overdue 1"]  # 07:00
        assert told(live(session, 9, 8)) == []  # the slot has nothing left to say
        assert {row.state for row in rows(session, store.outbox)} == {"sent"}


def test_what_is_not_chosen_waits_for_the_slot(opened):
    with opened(", immediately: [escalation]") as session:
        live(session, 8)
        assert told(live(session, 9, 5)) == []
        assert told(live(session, 9, 8)) == ["A overdue 1", "B overdue 1"]


def test_nothing_comes_at_once_on_a_quiet_day(opened):
    with opened(", immediately: [overdue], quiet: house-recess") as session:
        live(session, 7)
        for hour in (7, 12, 16):
            assert told(live(session, 9, hour)) == []


def test_what_was_told_at_once_does_not_shorten_what_the_slot_covers(opened, tmp_path):
    with opened(", immediately: [overdue]"):
        settings = tmp_path / "gestand.yaml"
        settings.write_text(settings.read_text().replace("daily 07:30", "1st of the month 08:00"))
    with open_session(tmp_path) as session:
        live(session, 2)
        assert told(live(session, 23)) == ["A overdue 3", "B overdue 3"]
        now = datetime(2018, 9, 1, 8, tzinfo=UTC)
        (digest,) = tick(session.store, session.workspace, session.assessor, session.deliverer, now=now).digests
        assert digest.covers_from == datetime(2018, 8, 1, 6, tzinfo=UTC)


# ------------------------------------------------------------------------------------------------- all clear, monthly


def test_nothing_to_say_is_no_mail_and_is_said_where_it_is_asked_for(opened):
    with opened() as session:
        assert (live(session, 2).told, len(rows(session, store.outbox))) == (0, 0)
    with opened(", all_clear: true") as session:
        done = live(session, 3)
        assert done.told == 1
        (body,) = bodies(session)
        assert b"Nothing new" in body
        assert b"Nothing is overdue." in body


def test_all_clear_does_not_say_that_nothing_is_overdue_where_something_is(opened):
    with opened(", all_clear: true") as session:
        live(session, 6)
        silenced(session, 6, 30, id=("A",))  # of which nobody was told that it is overdue
        live(session, 9)
        live(session, 10)
        last = bodies(session)[-1]
        assert b"Besides: 2 overdue." in last
        assert b"Nothing is overdue" not in last


AWAITED = LETTERS + "  - {id: C, kind: pledge, title: Some day, by: nl/a, to: nl/b, made: 2018-08-01}\n"


def test_what_has_no_date_is_a_line_in_the_first_digest_of_a_month(opened):
    with opened(letters=AWAITED) as session:
        first = live(session, 5).digests[0]
        assert {status.value: count for status, count in first.besides.items()} == {"undated": 1}
        assert live(session, 8).digests[0].besides == {}


def test_the_monthly_line_can_be_left_out(opened):
    with opened(", monthly: false", letters=AWAITED) as session:
        assert live(session, 5).digests[0].besides == {}


# ------------------------------------------------------------------------------------------------- silences


def silenced(session, day, until, **scope):
    with session.store.writing() as tx:
        at = datetime(2018, 8, day, 12, tzinfo=UTC)
        return silence(tx, Scope(**scope), until=date(2018, 8, until), reason="in recess", at=at, actor="clerk")


def test_a_silence_holds_back_and_what_it_held_back_is_told_afterwards(opened):
    with opened() as session:
        live(session, 6)
        silenced(session, 6, 10, by=("nl/a",))
        assert told(live(session, 8)) == ["B due_today 2"]
        assert told(live(session, 9)) == ["B overdue 1"]
        assert told(live(session, 11)) == ["A overdue 1"]


def test_that_something_is_settled_is_told_all_the_same(opened):
    with opened() as session:
        live(session, 6)
        silenced(session, 6, 30, id=("A",))
        happen(session, "A", EventKind.FULFILLED, 7)
        assert told(live(session, 8)) == ["B due_today 2", "A settled 1"]


def test_a_silence_is_warned_of_before_it_ends_once_to_those_it_holds_something_from(opened):
    with opened() as session:
        live(session, 6)
        silenced(session, 6, 12)
        assert live(session, 9).told == 0
        (digest,) = live(session, 10).digests
        assert (digest.sections, digest.ending[0].until) == ((), date(2018, 8, 12))
        body = bodies(session)[-1].decode().replace("=\r\n", "")
        assert "From 13 August 2018 on you hear again of: everything (silenced by clerk)." in body
        assert live(session, 11).told == 0


def test_a_silence_that_is_ended_lets_it_be_told_at_the_next_slot(opened):
    with opened() as session:
        live(session, 6)
        made = silenced(session, 6, 30)
        assert told(live(session, 9)) == []
        with session.store.writing() as tx:
            end(tx, made.number, at=datetime(2018, 8, 9, 12, tzinfo=UTC), actor="chair", today=date(2018, 8, 9))
        assert told(live(session, 10)) == ["A overdue 1", "B overdue 1"]
        with session.store.reading() as tx:
            kinds = [(entry.kind, entry.actor) for entry in register.entries(tx)]
        assert ("silenced", "clerk") in kinds
        assert ("silence_ended", "chair") in kinds


def test_what_is_snoozed_is_told_the_day_after(opened):
    with opened() as session:
        live(session, 6)
        happen(session, "A", EventKind.SNOOZED, 7, date=Window.on(date(2018, 8, 12)))
        assert told(live(session, 9)) == ["B overdue 1"]
        assert told(live(session, 12)) == []
        assert told(live(session, 13)) == ["A overdue 1"]


def test_what_was_acknowledged_is_not_repeated_and_news_is_told(opened):
    with opened() as session:
        assert told(live(session, 9)) == ["A overdue 1", "B overdue 1"]
        happen(session, "A", EventKind.ACKNOWLEDGED, 9)
        assert told(live(session, 16)) == ["B overdue 2"]
        assert told(live(session, 22)) == ["A escalation 1", "B escalation 1"]
        happen(session, "A", EventKind.FULFILLED, 23)
        assert "A settled 1" in told(live(session, 24))


def test_a_date_that_moved_after_it_was_acknowledged_is_reminded_of_again(opened):
    with opened() as session:
        live(session, 5)
        happen(session, "A", EventKind.ACKNOWLEDGED, 5)
        happen(session, "A", EventKind.EXTENDED, 6, date=Window.on(date(2018, 8, 20)))
        assert "A date_changed 1" in told(live(session, 7))
        assert "A reminder 1" in told(live(session, 17))


@pytest.mark.parametrize(("first", "told_on_17"), [("acknowledged", True), ("extended", False)])
def test_of_a_move_and_an_acknowledgement_on_one_day_the_later_counts(opened, first, told_on_17):
    with opened() as session:
        live(session, 5)
        if first == "acknowledged":
            happen(session, "A", EventKind.ACKNOWLEDGED, 6)
        happen(session, "A", EventKind.EXTENDED, 6, date=Window.on(date(2018, 8, 20)))
        if first == "extended":
            happen(session, "A", EventKind.ACKNOWLEDGED, 6)
        live(session, 7)
        assert ("A reminder 1" in told(live(session, 17))) is told_on_17


# ------------------------------------------------------------------------------------------------- D9, D16, D17


def test_the_server_is_down_for_three_days_and_then_there_is_one_mail(opened):
    with opened() as session:
        assert told(live(session, 7, deliverer=Away())) == ["A reminder 1", "B reminder 1"]
        assert told(live(session, 8, deliverer=Away())) == ["A due_today 2", "B due_today 2"]
        happen(session, "B", EventKind.FULFILLED, 8)
        done = live(session, 9, deliverer=Away())
        assert told(done) == ["A overdue 1", "B settled 1"]
        assert [row.state for row in rows(session, store.outbox)] == ["superseded", "superseded", "queued"]
        assert [row.state for row in rows(session, store.digest)] == ["superseded", "superseded", "queued"]
        assert done.digests[0].covers_from is None  # nothing had gone before
        assert live(session, 10).delivered.sent == 1
        with mail_server() as server:
            live(session, 16, deliverer=server.deliverer())
            assert len(server.received) == 1


def give_up(session):
    now = datetime(2018, 8, 15, 6, tzinfo=UTC)
    assert dispatch(session.store, session.workspace, Away(), now=lambda: now).failed == 1


def test_what_was_given_up_is_told_at_the_next_slot_even_where_nothing_is_new(opened):
    with opened() as session:
        assert told(live(session, 9, deliverer=Away())) == ["A overdue 1", "B overdue 1"]
        give_up(session)
        done = live(session, 15)
        assert told(done) == ["A overdue 1", "B overdue 1"]
        assert done.digests[0].covers_from is None
        assert [row.state for row in rows(session, store.outbox)] == ["superseded", "sent"]
        assert [row.state for row in rows(session, store.digest)] == ["superseded", "queued"]
        assert told(live(session, 16)) == ["A overdue 2", "B overdue 2"]


def test_what_was_given_up_and_was_perhaps_delivered_is_not_told_again(opened):
    with opened() as session:
        assert told(live(session, 9, deliverer=Away())) == ["A overdue 1", "B overdue 1"]
        give_up(session)
        with session.store.writing() as tx:
            tx.execute(store.outbox.update().values(doubtful=True))
        assert told(live(session, 15)) == []
        assert [row.state for row in rows(session, store.outbox)] == ["dead"]


def test_what_waits_and_still_holds_is_told_in_the_mail_that_takes_its_place(opened):
    with opened() as session:
        live(session, 9, deliverer=Away())
        happen(session, "A", EventKind.EXTENDED, 9, date=Window.on(date(2018, 8, 30)))
        assert told(live(session, 10, deliverer=Away())) == ["B overdue 1", "A date_changed 1"]


def test_what_was_fulfilled_before_the_mail_went_is_taken_out_of_it(opened):
    with opened() as session, mail_server() as server:
        live(session, 9, deliverer=Away())
        (before,) = rows(session, store.outbox)
        happen(session, "A", EventKind.FULFILLED, 9)
        live(session, 9, 13, deliverer=server.deliverer())
        (message,) = server.messages()
        text = message.get_body(("plain",)).get_content()
        assert message["Message-ID"] == before.message_id
        assert "Letter B" in text
        assert "Letter A" not in text
        with session.store.reading() as tx:
            (entry,) = [entry for entry in register.entries(tx) if entry.kind == "digest_revised"]
        assert json.loads(entry.payload)["dropped"] == ["A|house/week|overdue|1|2018-08-08|clerk"]
        assert json.loads(entry.body)["reasons"] == {"A|house/week|overdue|1|2018-08-08|clerk": "fulfilled late since"}
        assert told(live(session, 10)) == ["A settled 1"]


def test_a_digest_of_which_nothing_is_left_is_not_sent_and_says_why(opened):
    with opened() as session, mail_server() as server:
        live(session, 9, deliverer=Away())
        for name in ("A", "B"):
            happen(session, name, EventKind.WITHDRAWN, 9)
        live(session, 9, 13, deliverer=server.deliverer())
        assert server.received == []
        (mail,) = rows(session, store.outbox)
        assert (mail.state, mail.last_error) == ("dropped", "withdrawn since")
        assert told(live(session, 10)) == ["A settled 1", "B settled 1"]


def test_a_silence_made_meanwhile_takes_it_out_and_it_is_told_afterwards(opened):
    with opened() as session, mail_server() as server:
        live(session, 9, deliverer=Away())
        silenced(session, 9, 9)
        live(session, 9, 13, deliverer=server.deliverer())
        assert server.received == []
        assert told(live(session, 10)) == ["A overdue 1", "B overdue 1"]


def test_whoever_unsubscribed_between_planning_and_sending_gets_nothing(opened):
    at = datetime(2018, 8, 9, 10, tzinfo=UTC)
    with opened() as session, mail_server() as server:
        live(session, 9, deliverer=Away())
        with session.store.writing() as tx:
            suppress(tx, "clerk@example.org", Kind.UNSUBSCRIBED, at=at, actor="reader")
        live(session, 9, 13, deliverer=server.deliverer())
        assert server.received == []
        (mail,) = rows(session, store.outbox)
        assert (mail.state, mail.last_error) == ("dropped", "unsubscribed since 2018-08-09")
        live(session, 16)
        assert rows(session, store.digest)[-1].reason == "unsubscribed since 2018-08-09"
        with session.store.writing() as tx:
            lift(tx, "clerk@example.org", at=at + timedelta(days=7), actor="clerk")
        assert told(live(session, 17)) == ["A overdue 2", "B overdue 2"]


def test_whoever_is_no_recipient_any_more_gets_nothing(opened, tmp_path):
    with opened() as session:
        live(session, 9, deliverer=Away())
    (tmp_path / "gestand.yaml").write_text("mail: {sender: gestand@example.org}\n")
    with open_session(tmp_path, new=True) as session, mail_server() as server:
        now = datetime(2018, 8, 9, 13, tzinfo=UTC)
        asked = review(session.workspace, session.assessor)
        done = dispatch(session.store, session.workspace, server.deliverer(), now=lambda: now, review=asked)
        assert (done.dropped, server.received) == (1, [])
        assert rows(session, store.outbox)[0].last_error == "its reader is not among the recipients any more"


# ------------------------------------------------------------------------------------------------- T4


@pytest.mark.parametrize("down", [1, 30, 365])
def test_after_days_of_silence_there_is_one_digest_that_says_what_it_covers(opened, down):
    with opened() as session:
        live(session, 7)
        now = datetime(2018, 8, 7, 8, tzinfo=UTC) + timedelta(days=down + 1)
        done = tick(session.store, session.workspace, session.assessor, session.deliverer, now=now)
        assert done.told == 1
        (digest,) = done.digests
        assert (digest.covers_from.date(), digest.missed) == (date(2018, 8, 7), down)
        again = tick(session.store, session.workspace, session.assessor, session.deliverer, now=now)
        assert (again.told, again.delivered.sent) == (0, 0)


def test_what_is_put_off_when_the_mail_is_made_anew_is_told_when_its_time_comes(opened):
    with opened() as session, mail_server() as server:
        live(session, 9, deliverer=Away())
        silenced(session, 9, 9, by=("nl/a",))
        happen(session, "B", EventKind.SNOOZED, 9, date=Window.on(date(2018, 8, 12)))
        live(session, 9, 13, deliverer=server.deliverer())
        assert server.received == []
        assert told(live(session, 10)) == ["A overdue 1"]
        assert told(live(session, 12)) == []
        assert told(live(session, 13)) == ["B overdue 1"]


def test_a_digest_that_was_taken_apart_does_not_go_when_it_is_tried_again(opened):
    with opened() as session, mail_server() as server:
        live(session, 9, deliverer=Away())
        silenced(session, 9, 9)
        live(session, 9, 13, deliverer=server.deliverer())
        (mail,) = rows(session, store.outbox)
        with session.store.writing() as tx:
            retry(tx, mail.id, at=datetime(2018, 8, 9, 14, tzinfo=UTC), actor="clerk")
        done = live(session, 9, 15, deliverer=server.deliverer())
        assert (done.delivered.dropped, server.received) == (1, [])
        assert told(live(session, 10, deliverer=server.deliverer())) == ["A overdue 1", "B overdue 1"]


def test_whoever_is_a_recipient_again_is_told_what_was_not_sent_meanwhile(opened):
    with opened() as session:
        live(session, 9, deliverer=Away())
        nobody = replace(session.workspace, settings=session.workspace.settings.model_copy(update={"recipients": ()}))
        now = datetime(2018, 8, 9, 13, tzinfo=UTC)
        tick(session.store, nobody, session.assessor, session.deliverer, now=now)
        assert rows(session, store.outbox)[0].state == "dropped"
        assert told(live(session, 10)) == ["A overdue 1", "B overdue 1"]


# ------------------------------------------------------------------------------------------------- which day it is


@pytest.mark.parametrize(
    ("cadence", "at", "states"),
    [
        ("Mondays 07:30", (8, 8), {"due today"}),  # the slot was two days ago, and nobody served it
        ("daily 19:30, timezone: America/New_York", (8, 0), {"due today"}),  # there it is still the 7th
        ("daily 19:30, timezone: America/New_York", (9, 0), {"1 day late"}),
    ],
)
def test_a_row_says_how_it_stands_on_the_day_that_its_section_is_of(opened, tmp_path, cadence, at, states):
    with opened():
        settings = tmp_path / "gestand.yaml"
        settings.write_text(settings.read_text().replace("daily 07:30", cadence))
    with open_session(tmp_path) as session:
        (digest,) = live(session, *at).digests
        rows_ = [row for part in page(digest).parts for group in part.groups for row in group.rows]
        assert {row.state for row in rows_} == states


MONTH = """
  - id: month
    title: A letter is answered in a month
    source: {document: rules}
    when: {kind: reply}
    due: {period: 1 month, after: letter, month_end: clamp}
    notices:
      remind: [3 days before]
"""


def test_a_deadline_beside_another_is_told_with_its_own_date_and_ground(opened, tmp_path):
    """The letters are due in a week, and by another rule in a month: the reminder of the second is not of the first."""
    with opened():
        (tmp_path / "rules" / "house.yaml").write_text(PACK + MONTH.lstrip("\n"))
    with open_session(tmp_path) as session:
        for day in (9, 16, 23):
            live(session, day)
        (digest,) = live(session, 29).digests
        (item, _) = digest.sections[0][1]
        assert (item.notice.rule, item.notice.stage, item.reason.period) == ("house/month", "reminder", "1 month")
        assert (str(item.standing.current), item.standing.status) == ("2018-09-01", "due_soon")


# ------------------------------------------------------------------------------------------------- lines below


def test_the_mail_that_takes_the_place_of_others_has_the_lines_that_they_had(opened):
    with opened(letters=AWAITED) as session:
        silenced(session, 1, 10, by=("nl/c",))
        live(session, 8, deliverer=Away())
        (digest,) = live(session, 9, deliverer=Away()).digests
        assert [one.until for one in digest.ending] == [date(2018, 8, 10)]
        assert {status.value: count for status, count in digest.besides.items()} == {"undated": 1}
        live(session, 10)
        assert live(session, 11).digests[0].ending == ()


def test_a_mail_that_is_made_anew_keeps_the_lines_that_it_had(opened):
    with opened(letters=AWAITED) as session:
        silenced(session, 1, 10, by=("nl/c",))
        live(session, 8, deliverer=Away())
        happen(session, "A", EventKind.WITHDRAWN, 8)
        live(session, 8, 13)
        (mail,), (said,) = rows(session, store.outbox), bodies(session)
        body = said.decode().replace("=\r\n", "")
        assert mail.state == "sent"
        assert "Letter A" not in body
        assert "Besides: 1 without a date." in body
        assert "From 11 August 2018 on you hear again of: by nl/c (silenced by clerk)." in body
