"""The case that started it, as a story: the letter of 13 July 2018, day by day, through the real architecture."""

import email
import email.policy
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import contextmanager
from datetime import date, timedelta

import pytest

from commitments import exchange, store
from commitments.ledger import chain, register
from commitments.ledger.moments import ClockBehindError
from engine.passes.run import tick
from engine.session import open_session

SETTINGS = """
timezone: Europe/Amsterdam
language: en
packs: [nl-eerste-kamer]
mail: {sender: gestand@eerstekamer.example}
recipients:
  - {name: The clerk, address: clerk@eerstekamer.example, roles: [clerk], cadence: daily 07:30}
  - {name: The chair, address: chair@eerstekamer.example, roles: [chair], cadence: daily 07:30}
"""
LETTER = """
commitments:
  - id: 34964-B
    kind: reply
    title: Further questions on the Global Compacts
    by: nl/regering/jenv/staatssecretaris
    to: nl/eerste-kamer/ia-jbz
    made: 2018-07-13
    anchors: {letter: 2018-07-13}
"""
REPLY = """
events:
  - {commitment: 34964-B, fulfilled: 2018-08-30, document: letter of the State Secretary}
"""


@pytest.fixture
def folder(tmp_path, place):
    (tmp_path / "gestand.yaml").write_text(f"store: {json.dumps(place)}\n{SETTINGS}")
    (tmp_path / "letter.yaml").write_text(LETTER)
    (tmp_path / "reply.yaml").write_text(REPLY)
    with opened(tmp_path) as session:
        take_in(session, "letter.yaml", date(2018, 7, 16))
    return tmp_path


@contextmanager
def opened(folder):
    with open_session(folder, new=True) as session:
        assert session.workspace.problems == ()
        yield session


def take_in(session, name, day):
    drafts, problems = exchange.read(session.workspace.folder / name)
    assert problems == ()
    with session.store.writing() as tx:
        return register.take_in(tx, drafts, today=day, at=session.morning(day), actor="clerk")


def pass_on(session, day):
    return tick(session.store, session.workspace, session.assessor, session.deliverer, now=session.morning(day))


def told(done):
    """Who was told what: {"The clerk": ["reminder 1"]}."""
    return {
        digest.reader.name: [
            f"{item.notice.stage} {item.notice.step}" for _, items in digest.sections for item in items
        ]
        for digest in done.digests
    }


STORY = [
    # day, status, who hears what
    ("2018-07-16", "pending", {}),
    ("2018-07-27", "due_soon", {"The clerk": ["reminder 1"]}),  # 2 weeks before
    ("2018-08-01", "due_soon", {}),
    ("2018-08-07", "due_soon", {"The clerk": ["reminder 2"]}),  # 3 days before
    ("2018-08-10", "due_today", {"The clerk": ["due_today 3"]}),  # a Friday: four weeks after a Friday
    ("2018-08-11", "overdue", {"The clerk": ["overdue 1"]}),
    ("2018-08-24", "overdue", {}),
    ("2018-08-25", "overdue", {"The clerk": ["overdue 2"]}),  # every 2 weeks
]
STILL_OPEN = [
    ("2018-09-08", "overdue", {"The clerk": ["overdue 3"]}),
    ("2018-09-21", "overdue", {"The chair": ["escalation 1"]}),  # 6 weeks after 10 August
    ("2018-09-22", "overdue", {"The clerk": ["overdue 4"]}),
    ("2018-10-20", "overdue", {"The clerk": ["overdue 6"]}),  # a pass missed the fifth: one notice, the latest
    ("2018-11-03", "overdue", {}),  # six times at most
]


def live(session, story):
    for day, status, heard in story:
        done = pass_on(session, date.fromisoformat(day))
        (assessment,) = session.assessments(date.fromisoformat(day))
        assert (day, assessment.standing.status, told(done)) == (day, status, heard)


def test_each_day_has_its_status_and_each_stage_is_told_once(folder):
    with opened(folder) as session:
        live(session, STORY + STILL_OPEN)


def test_the_reply_of_30_august_settles_it_twenty_days_late(folder):
    with opened(folder) as session:
        live(session, STORY)
        day = date(2018, 8, 30)
        assert str(take_in(session, "reply.yaml", day)) == "1 event"
        assert told(pass_on(session, day)) == {"The clerk": ["settled 1"]}
        (assessment,) = session.assessments(day)
        standing = assessment.standing
        assert (standing.status, standing.days_late_current, str(standing.current)) == (
            "fulfilled_late",
            20,
            "2018-08-10",
        )
        # settled: nothing is owed any more, on no later day
        assert told(pass_on(session, date(2018, 9, 21))) == {}
        # and what was so on the 29th stays so
        (before,) = session.assessments(date(2018, 8, 29))
        assert (before.standing.status, before.standing.days_late_current) == ("overdue", 19)


def test_whoever_was_told_of_the_lateness_is_told_of_the_reply(folder):
    with opened(folder) as session:
        live(session, STORY + STILL_OPEN)
        (folder / "late.yaml").write_text("events: [{commitment: 34964-B, fulfilled: 2018-11-05}]")
        take_in(session, "late.yaml", date(2018, 11, 5))
        assert told(pass_on(session, date(2018, 11, 5))) == {"The clerk": ["settled 1"], "The chair": ["settled 1"]}


def test_a_second_pass_sends_nothing(folder):
    with opened(folder) as session:
        first = pass_on(session, date(2018, 8, 11))
        assert told(first) == {"The clerk": ["overdue 1"]}
        second = pass_on(session, date(2018, 8, 11))
        assert (second.digests, second.assessed, second.delivered.sent) == ((), 0, 0)
        assert len(list((folder / "outbox").glob("*.eml"))) == 1


def test_a_pass_on_a_day_that_has_passed_does_nothing(folder):
    with opened(folder) as session:
        pass_on(session, date(2018, 8, 11))
        head = session.head()
        earlier = pass_on(session, date(2018, 8, 10))
        assert earlier.earlier_than == session.morning(date(2018, 8, 11))
        assert session.head() == head


def set_back(session, by):
    """A pass of a service whose clock was set back since that of 11 August."""
    now = session.morning(date(2018, 8, 11)) - by
    return tick(session.store, session.workspace, session.assessor, session.deliverer, now=now, back=True)


def test_a_clock_set_back_a_little_is_noted_and_the_service_goes_on(folder):
    """The clock set back by five minutes, while running."""
    with opened(folder) as session:
        pass_on(session, date(2018, 8, 11))
        done = set_back(session, timedelta(minutes=5))
        assert done.earlier_than is None
        with session.store.reading() as tx:
            last = list(register.entries(tx))[-1]
        assert (last.kind, last.recorded_at) == ("clock_jump", session.morning(date(2018, 8, 11)))


def test_a_clock_set_back_far_stops_the_service_until_it_is_right(folder):
    """The clock set back by a year, while running."""
    with opened(folder) as session:
        pass_on(session, date(2018, 8, 11))
        head = session.head()
        with pytest.raises(ClockBehindError):
            set_back(session, timedelta(days=365))
        assert session.head() == head
        assert told(pass_on(session, date(2018, 9, 21))) == {"The clerk": ["overdue 3"], "The chair": ["escalation 1"]}


def test_weeks_of_downtime_are_one_digest_with_the_latest_stage(folder):
    """Down for a month."""
    with opened(folder) as session:
        pass_on(session, date(2018, 7, 27))
        done = pass_on(session, date(2018, 8, 27))
        assert told(done) == {"The clerk": ["overdue 2"]}
        with session.store.reading() as tx:
            reasons = {row.key.split("|")[2]: row.reason for row in tx.execute(store.notice.select())}
    # the stages that nobody saw coming were never owed; the one told before is kept, with what came after it
    assert reasons == {"reminder": "by overdue 2 of 2018-08-25", "overdue": ""}


def test_the_digest_of_11_august_says_it_in_plain_words(folder, snapshot):
    with opened(folder) as session:
        pass_on(session, date(2018, 8, 11))
    (eml,) = (folder / "outbox").glob("2018-08-11*.eml")
    message = email.message_from_bytes(eml.read_bytes(), policy=email.policy.default)
    assert (message["To"], message["Subject"]) == (
        "The clerk <clerk@eerstekamer.example>",
        "1 newly overdue · 11 August 2018",
    )
    text = message.get_body(("plain",)).get_content()
    assert max(len(line) for line in text.splitlines()) <= 78
    snapshot("story-2018-08-11.txt", masked(text))


def masked(text):
    """The digest without what differs from run to run: the hashes of the pack and of the ledger."""
    return re.sub(r"\([0-9a-f]{8}\)", "(hash)", re.sub(r"#(\d+) [0-9a-f]{32}", r"#\1 hash", text))


def test_the_reader_of_the_ledger_finds_it_whole(folder):
    with opened(folder) as session:
        live(session, STORY)
        with session.store.reading() as tx:
            verdict = chain.verify(register.entries(tx), session.head())
            kinds = [entry.kind for entry in register.entries(tx)]
    assert verdict.ok
    assert kinds[:2] == ["made", "pack_loaded"]
    assert (kinds.count("digest_queued"), kinds.count("digest_sent")) == (5, 5)


KILLED = textwrap.dedent("""
    import sys, time
    from contextlib import nullcontext
    from datetime import date
    from pathlib import Path
    from engine.session import open_session
    from engine.passes.run import tick

    class Hangs:
        lines = 1

        def line(self):
            return nullcontext(self)

        def send(self, sender, to, body):
            Path(sys.argv[1], "sending").touch()
            time.sleep(60)

    with open_session(Path(sys.argv[1])) as session:
        tick(session.store, session.workspace, session.assessor, Hangs(), now=session.morning(date(2018, 8, 11)))
""")


def test_killed_between_the_outbox_and_sent_nothing_is_lost_and_the_message_id_is_the_same(folder):
    """D2: SIGKILL while the message is under way."""
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(folder)], env=os.environ)
    for _ in range(600):
        if (folder / "sending").exists():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with opened(folder) as session:
        with session.store.reading() as tx:
            (row,) = tx.execute(store.outbox.select())
        assert row.state == "sending"
        done = pass_on(session, date(2018, 8, 12))
        assert done.delivered.sent == 1
        (eml,) = (folder / "outbox").glob("*.eml")
        message = email.message_from_bytes(eml.read_bytes(), policy=email.policy.default)
        assert message["Message-ID"] == row.message_id
        with session.store.reading() as tx:
            (again,) = tx.execute(store.outbox.select())
        assert (again.state, again.attempts) == ("sent", 2)


def test_every_notice_and_every_date_carries_the_pack_it_is_from(folder):
    with opened(folder) as session:
        pass_on(session, date(2018, 8, 11))
        (loaded,) = session.workspace.book.packs
        with session.store.reading() as tx:
            (notice,) = [row for row in tx.execute(store.notice.select()) if row.state == "owed"]
            (row,) = [row for row in tx.execute(store.commitment.select()) if row.id == "34964-B"]
    assert (notice.rule, notice.pack) == ("nl-eerste-kamer/reply-four-weeks", str(loaded))
    assert (row.rule, row.pack) == (notice.rule, notice.pack)
