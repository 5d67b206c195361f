"""What one commitment means for others, as stories through the real store: muted children, groups, what is owed next.

At the end the joiner with durable_rules against the reference, over random families.
"""

import os
import sqlite3
from contextlib import closing
from datetime import date
from random import Random

import pytest

from commitments import exchange, store
from commitments.ledger import register
from commitments.store import Store
from engine.matching.matcher import (
    DurableFaultError,
    DurableJoiner,
    ReferenceJoiner,
    engine_name,
    joiner,
)
from engine.passes.run import preview, tick
from engine.session import open_session
from notifications.content.digest import Section
from rules.pack.consequence import FollowUp

JOINS = int(os.environ.get("GESTAND_JOINS", "100000"))
needs_durable = pytest.mark.skipif(not engine_name().startswith("durable_rules"), reason=engine_name())

SETTINGS = """
timezone: Europe/Amsterdam
mail: {sender: gestand@example.org}
recipients:
  - {name: clerk, address: clerk@example.org, roles: [clerk], cadence: daily 07:30}
  - {name: chair, address: chair@example.org, roles: [chair], cadence: daily 07:30}
"""
PACK = """
pack: house
title: House rules
timezone: Europe/Amsterdam
notices: {overdue: {first: 1 day after, every: 1 week, at_most: 9}}
rules:
  - {id: named, title: The date that it names itself, when: {}, due: stated}
"""


@pytest.fixture
def house(tmp_path):
    """Opens a workspace with one pack and one register file, taken in on 1 January 2024."""
    opened = []

    def open_house(pack, commitments, taken_in=date(2024, 1, 1)):
        (tmp_path / "gestand.yaml").write_text(SETTINGS)
        (tmp_path / "rules").mkdir(exist_ok=True)
        (tmp_path / "rules" / "house.yaml").write_text(PACK + pack)
        opened.append(open_session(tmp_path, new=True))
        session = opened[-1].__enter__()
        assert session.workspace.problems == ()
        if commitments:
            take_in(session, "commitments:\n" + commitments, taken_in)
        return session

    yield open_house
    for one in opened:
        one.__exit__(None, None, None)


def take_in(session, text, day):
    file = session.workspace.folder / "register.yaml"
    file.write_text(text)
    drafts, problems = exchange.read(file)
    assert problems == ()
    with session.store.writing() as tx:
        intake = register.take_in(tx, drafts, today=day, at=session.morning(day), actor="clerk")
    assert not intake.problems


def told(session, day):
    """Who is told what by a pass on a day: {"clerk": ["a overdue"]}."""
    now = session.morning(date.fromisoformat(day))
    done = tick(session.store, session.workspace, session.assessor, session.deliverer, now=now)
    return {
        digest.reader.name: [
            f"{item.commitment.id} {item.notice.stage}" for _, items in digest.sections for item in items
        ]
        for digest in done.digests
    }


def notices(session):
    """What is kept of each notice: {"a overdue": "owed"} or the reason for which it is not sent."""
    with session.store.reading() as tx:
        return {
            f"{row.commitment} {row.stage} {row.step}": row.reason or row.state
            for row in tx.execute(store.notice.select())
        }


def history(session, identifier):
    with session.store.reading() as tx:
        return register.record(tx, identifier)


# ------------------------------------------------------------------------------------------------- inhibit

MUTE = "inhibit: [{when: {status: overdue}, mute: children, source: {document: Standing orders, clause: rule 9}}]\n"
FORUM = """
  - {id: forum, kind: meeting, title: The forum, by: un, to: states, stated_due: 2024-02-01}
  - {id: papers, kind: publication, title: Papers, by: un, to: states, stated_due: 2024-02-05, parent: forum}
  - {id: other, kind: publication, title: Other, by: un, to: states, stated_due: 2024-02-05}
"""
MUTED = "muted by forum, overdue: inhibit of pack house (Standing orders, rule 9)"


def test_while_a_parent_is_overdue_nobody_is_told_of_its_children(house):
    session = house(MUTE, FORUM)
    assert told(session, "2024-02-01") == {}
    assert told(session, "2024-02-02") == {"clerk": ["forum overdue"]}
    assert told(session, "2024-02-06") == {"clerk": ["other overdue"]}
    assert notices(session) == {"forum overdue 1": "owed", "other overdue 1": "owed", "papers overdue 1": MUTED}


def test_two_that_are_parts_of_each_other_do_not_mute_each_other(house):
    round_about = FORUM.replace("stated_due: 2024-02-01", "stated_due: 2024-02-01, parent: papers")
    session = house(MUTE, round_about)
    assert told(session, "2024-02-02") == {"clerk": ["forum overdue"]}
    assert told(session, "2024-02-06") == {"clerk": ["other overdue", "papers overdue"]}


def test_when_the_parent_is_settled_the_childrens_notices_come(house):
    session = house(MUTE, FORUM)
    assert told(session, "2024-02-06") == {"clerk": ["forum overdue", "other overdue"]}
    take_in(session, "events: [{commitment: forum, fulfilled: 2024-02-07}]", date(2024, 2, 7))
    # nothing befell the child itself
    assert told(session, "2024-02-07") == {"clerk": ["papers overdue", "forum settled"]}
    assert notices(session)["papers overdue 1"] == "owed"


def test_a_parent_that_becomes_overdue_again_mutes_again_and_nothing_is_told_twice(house):
    session = house(MUTE, FORUM)
    told(session, "2024-02-06")
    take_in(session, "events: [{commitment: forum, extended: 2024-02-07, to: 2024-02-10}]", date(2024, 2, 7))
    assert told(session, "2024-02-07") == {"clerk": ["papers overdue", "forum date_changed"]}
    # overdue 2 of the papers falls on the 13th; the forum is overdue from the 11th
    assert told(session, "2024-02-13") == {"clerk": ["forum overdue", "other overdue"]}
    assert notices(session)["papers overdue 2"] == MUTED


def test_a_muted_notice_that_another_takes_the_place_of_is_not_told_when_the_silence_ends(house):
    session = house(MUTE, FORUM)
    told(session, "2024-02-06")
    told(session, "2024-02-13")
    take_in(session, "events: [{commitment: forum, fulfilled: 2024-02-14}]", date(2024, 2, 14))
    assert told(session, "2024-02-14") == {"clerk": ["papers overdue", "forum settled"]}
    assert notices(session)["papers overdue 1"] == "by overdue 2 of 2024-02-13"


def test_a_child_is_heard_again_when_the_rule_is_taken_back(house, tmp_path):
    session = house(MUTE, FORUM)
    told(session, "2024-02-06")
    assert told(house("", ""), "2024-02-07") == {"clerk": ["papers overdue"]}


def test_a_child_given_another_parent_is_heard(house):
    session = house(MUTE, FORUM)
    told(session, "2024-02-06")
    take_in(session, "commitments:\n" + FORUM.replace("parent: forum", "parent: other2"), date(2024, 2, 7))
    assert told(session, "2024-02-07") == {"clerk": ["papers overdue"]}


def test_explain_says_who_mutes_and_what_was_so_on_another_day_stays_so(house, run, tmp_path):
    session = house(MUTE, FORUM)
    told(session, "2024-02-06")
    take_in(session, "events: [{commitment: forum, fulfilled: 2024-02-07}]", date(2024, 2, 7))
    during = run("explain", "papers", "--as-of", "2024-02-06")[1]
    assert during.splitlines()[2:4] == ["as of Tue 6 Feb 2024: overdue, 1 day late", MUTED]
    for day in ("2024-02-01", "2024-02-07"):  # before it was overdue, and after it was settled
        assert "muted" not in run("explain", "papers", "--as-of", day)[1]
    assert '"muted": "muted by forum, overdue' in run("explain", "papers", "--as-of", "2024-02-06", "--json")[1]


# ------------------------------------------------------------------------------------------------- escalate

CHAIR = "escalate: [{when: {status: overdue}, same: by, at_least: 3, to: chair}]\n"


def letter(identifier, due, by="nl/jenv", **more):
    rest = "".join(f", {name}: {value}" for name, value in more.items())
    return f"  - {{id: {identifier}, kind: reply, title: Reply, by: {by}, to: nl/ek, stated_due: {due}{rest}}}\n"


THREE = letter("a", "2024-02-01") + letter("b", "2024-02-02") + letter("c", "2024-02-03")
PARENT = letter("p", "2024-02-01", by="x")
OTHERS = letter("d", "2024-02-01", by="nl/bzk") + letter("e", "2024-03-31")


def test_the_third_overdue_of_one_minister_is_told_to_the_chair_once(house):
    session = house(CHAIR, THREE + OTHERS)
    assert told(session, "2024-02-03") == {"clerk": ["d overdue", "a overdue", "b overdue"]}
    now = session.morning(date(2024, 2, 4))
    chair = preview(session.store, session.workspace, session.assessor, now=now)[1][1]
    assert [section for section, _ in chair.sections] == [Section.ESCALATED]
    assert told(session, "2024-02-04")["chair"] == ["a escalation", "b escalation", "c escalation"]
    assert "chair" not in told(session, "2024-02-05")
    # the fourth is told when it comes, and only it
    assert told(session, "2024-04-01")["chair"] == ["e escalation"]


def test_what_was_settled_in_the_meantime_does_not_count(house):
    session = house(CHAIR, THREE)
    take_in(session, "events: [{commitment: a, fulfilled: 2024-02-04}]", date(2024, 2, 4))
    assert told(session, "2024-02-04") == {"clerk": ["b overdue", "c overdue", "a settled"]}
    assert [key for key in notices(session) if "escalation" in key] == []


def test_what_is_settled_before_the_chair_is_told_is_dropped_with_the_reason(house):
    session = house(CHAIR.replace("chair", "president"), THREE)  # nobody holds that role
    told(session, "2024-02-04")
    assert notices(session)["b escalation 1"] == "owed"
    take_in(session, "events: [{commitment: a, fulfilled: 2024-02-05}]", date(2024, 2, 5))
    told(session, "2024-02-05")
    reason = "too few stand so now, or it does so no longer"
    assert [notices(session)[f"{one} escalation 1"] for one in "abc"] == [reason] * 3


def test_within_counts_those_that_became_so_lately_even_where_no_pass_saw_them_become_so(house):
    within = CHAIR.replace("at_least: 3", "at_least: 3, within: 2 weeks")
    old = letter("a", "2024-01-10") + letter("b", "2024-02-02") + letter("c", "2024-02-03")
    session = house(within, old + letter("e", "2024-02-05"))
    assert "chair" not in told(session, "2024-02-04")  # a has been late for 24 days, though this is the first pass
    assert told(session, "2024-02-06")["chair"] == ["b escalation", "c escalation", "e escalation"]


def test_within_looks_behind_a_deadline_that_was_moved_forward(house):
    session = house(CHAIR.replace("at_least: 3", "at_least: 3, within: 2 weeks"), THREE.replace("02-01", "01-25"))
    take_in(session, "events: [{commitment: a, extended: 2024-02-01, to: 2024-01-24}]", date(2024, 2, 1))
    assert "chair" not in told(session, "2024-02-10")  # a is late since 26 January: 15 days


def test_a_commitment_of_several_parties_counts_for_each(house):
    session = house(
        CHAIR, letter("a", "2024-02-01") + letter("b", "2024-02-01") + letter("c", "2024-02-01", by="[nl/bzk, nl/jenv]")
    )
    assert told(session, "2024-02-02")["chair"] == ["c escalation", "a escalation", "b escalation"]


def test_groups_may_share_a_dossier_and_have_a_name(house):
    named = "escalate: [{id: pile, when: {kind: reply, status: overdue}, same: dossier, at_least: 2, to: chair}]\n"
    session = house(
        named,
        letter("a", "2024-02-01", dossier="34 964")
        + letter("b", "2024-02-01", by="x", dossier="34 964")
        + letter("c", "2024-02-01"),
    )
    assert told(session, "2024-02-02")["chair"] == ["a escalation", "b escalation"]
    with session.store.reading() as tx:
        rows = tx.execute(store.notice.select().where(store.notice.c.stage == "escalation"))
        assert {(row.rule, row.version) for row in rows} == {("house/pile", "2024-02-01 34 964")}


def test_a_muted_child_counts_and_is_told_of_when_the_silence_ends(house):
    session = house(MUTE + CHAIR, PARENT + THREE.replace("}", ", parent: p}"))
    told(session, "2024-02-03")
    # on this day only c changes, and a and b are told of with it
    assert "chair" not in told(session, "2024-02-04")
    take_in(session, "events: [{commitment: p, fulfilled: 2024-02-05}]", date(2024, 2, 5))
    assert told(session, "2024-02-05")["chair"] == ["a escalation", "b escalation", "c escalation"]


def test_a_group_is_told_when_the_rule_that_muted_it_is_taken_back(house):
    session = house(MUTE + CHAIR, PARENT + THREE.replace("}", ", parent: p}"))
    assert "chair" not in told(session, "2024-02-04")
    assert told(house(CHAIR, ""), "2024-02-05")["chair"] == ["a escalation", "b escalation", "c escalation"]


def test_a_pass_in_which_nothing_changed_looks_at_nothing(house):
    session = house(MUTE + CHAIR, FORUM + THREE)
    told(session, "2024-02-06")
    now = session.morning(date(2024, 2, 6))
    again = tick(session.store, session.workspace, session.assessor, session.deliverer, now=now)
    assert (again.assessed, again.digests) == (0, ())


# ------------------------------------------------------------------------------------------------- follow up

REPLY = """
  - {id: reply, title: Four weeks, when: {kind: reply}, due: 4 weeks after letter}
follow_up:
  - id: reply
    on: made
    when: {kind: letter}
    makes: {kind: reply, title: Reply to the letter, by: to, to: by, anchors: {letter: event, sent: posted}}
  - id: thanks
    on: fulfilled
    when: {kind: reply, status: fulfilled_late}
    makes: {kind: note, title: Why it was late, force: voluntary}
"""
LETTER = """
  - {id: L, kind: letter, title: A letter, by: ek, to: [jenv, bzk], made: 2024-01-01, dossier: "34 964",
     anchors: {posted: 2024-01-03}, stated_due: 2024-01-01}
"""


def test_a_letter_sent_owes_a_reply_made_once_and_dated_as_the_letter(house):
    session = house(REPLY, LETTER)
    told(session, "2024-01-02")
    told(session, "2024-01-03")
    made = history(session, "L-reply")
    assert [
        (entry.event.kind, str(entry.event.occurred_on), entry.actor, entry.event.document) for entry in made.history
    ] == [("made", "2024-01-01", "rules", "follow-up reply of pack house")]
    reply = made.commitment
    assert (reply.by, reply.to, reply.parent, reply.dossier) == (("jenv", "bzk"), ("ek",), "L", "34 964")
    assert {name: str(day) for name, day in reply.anchors.items()} == {"letter": "2024-01-01", "sent": "2024-01-03"}
    (assessment,) = [one for one in session.assessments(date(2024, 1, 3)) if one.record.commitment.id == "L-reply"]
    assert str(assessment.standing.current) == "2024-01-29"


def test_nothing_follows_from_an_undoing():
    with pytest.raises(ValueError, match="nothing follows from what is undone; name what happened"):
        FollowUp.model_validate({"id": "x", "on": "undone", "when": {}, "makes": {"kind": "reply", "title": "x"}})


def test_what_follows_is_judged_on_the_day_of_the_event_and_may_follow_on(house):
    session = house(REPLY, LETTER)
    told(session, "2024-01-02")
    take_in(session, "events: [{commitment: L-reply, fulfilled: 2024-02-05}]", date(2024, 2, 10))
    told(session, "2024-02-10")
    made = history(session, "L-reply-thanks").commitment
    assert (made.made, made.parent, made.force, made.by) == (date(2024, 2, 5), "L-reply", "voluntary", ("jenv", "bzk"))


def test_what_was_undone_since_is_followed_all_the_same(house):
    session = house(REPLY, LETTER)
    told(session, "2024-01-02")
    undone = "[{commitment: L-reply, fulfilled: 2024-02-05}, {commitment: L-reply, reopened: 2024-02-06}]"
    take_in(session, f"events: {undone}", date(2024, 2, 10))
    told(session, "2024-02-10")
    assert history(session, "L-reply-thanks").commitment.made == date(2024, 2, 5)


def test_a_reply_in_time_is_followed_by_nothing(house):
    session = house(REPLY, LETTER)
    told(session, "2024-01-02")
    take_in(session, "events: [{commitment: L-reply, fulfilled: 2024-01-20}]", date(2024, 2, 10))
    told(session, "2024-02-10")
    assert history(session, "L-reply-thanks") is None


def test_as_of_an_earlier_day_what_was_made_later_is_not_there(house):
    session = house(REPLY, LETTER)
    told(session, "2024-01-05")
    known = session.assessments(date(2024, 1, 5), known=session.known(session.morning(date(2024, 1, 4))))
    assert [one.record.commitment.id for one in known] == ["L"]
    assert [one.record.commitment.id for one in session.assessments(date(2023, 12, 31))] == []


def test_an_id_that_would_be_too_long_ends_in_what_tells_it_from_others(house):
    session = house(REPLY, LETTER.replace("id: L", f"id: {'L' * 118}"))
    told(session, "2024-01-02")
    with session.store.reading() as tx:
        (name,) = [one for one in register.ids(tx, "") if one != "L" * 118]
    assert (len(name), name[:107], name[107]) == (120, "L" * 107, "-")


def test_packs_that_follow_one_another_in_a_circle_end_after_ten(house, tmp_path):
    there = "follow_up: [{id: x, on: made, when: {kind: a}, makes: {kind: b, title: B}}]\n"
    back = "pack: back\ntitle: Back\nfollow_up: [{id: y, on: made, when: {kind: b}, makes: {kind: a, title: A}}]\n"
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "back.yaml").write_text(back)
    session = house(there, letter("L", "2024-02-01").replace("reply", "a"))
    told(session, "2024-01-02")
    told(session, "2024-01-03")
    with session.store.reading() as tx:
        assert max(len(one.split("-")) - 1 for one in register.ids(tx, "")) == 10


def test_a_pack_that_extends_another_takes_over_what_it_means_for_others(house, tmp_path):
    (tmp_path / "rules").mkdir()
    base = f"""{PACK.replace("pack: house", "pack: base")}{MUTE}{CHAIR}
follow_up:
  - {{id: reply, on: made, when: {{kind: a}}, makes: {{kind: reply, title: A}}}}
  - {{id: thanks, on: made, when: {{kind: b}}, makes: {{kind: thanks, title: B}}}}
"""
    (tmp_path / "rules" / "base.yaml").write_text(base)
    heir = "pack: heir\ntitle: Heir\nextends: base\n"
    heir += "follow_up: [{id: thanks, on: made, when: {kind: x}, makes: {kind: y, title: Y}}]\n" + CHAIR
    (tmp_path / "rules" / "heir.yaml").write_text(heir)
    book = house("", "").workspace.book
    assert (list(book.inhibitions), list(book.escalations)) == (
        ["heir/inhibit-1"],
        ["heir/escalate-1", "heir/escalate-2"],
    )
    assert {name: item.makes.kind for name, item in book.follow_ups.items()} == {
        "heir/reply": "reply",
        "heir/thanks": "y",
    }


# ------------------------------------------------------------------------------------------------- mistakes


GROUP = "{%swhen: {}, same: by, at_least: 2, to: chair}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        # differs every day, without a pass that looks
        ("inhibit: [{when: {days_late: '> 3'}}]", "days_late differs every day, so nothing can hang on it here"),
        # only children are muted
        ("inhibit: [{when: {status: overdue}, mute: all}]", "mute is one of children; not 'all'"),
        # one is no group
        ("escalate: [{when: {}, same: by, at_least: 1, to: chair}]", "at_least must be at least 2, not '1'"),
        # a pass looks at days
        (
            "escalate: [{when: {}, same: by, at_least: 2, within: 3 hours, to: chair}]",
            "3 hours cannot be counted here",
        ),
        # takes the name that the second is given
        (
            f"escalate: [{GROUP % 'id: escalate-2, '}, {GROUP % ''}]",
            "escalate-2 is used twice in this pack",
        ),
        # a reply that owes a reply that owes a reply
        (
            "follow_up: [{id: x, on: fulfilled, when: {by: nl}, makes: {kind: reply, title: X}}]",
            "what this makes could make it follow again, without end",
        ),
        # would be two dates with one name
        (
            "follow_up: [{id: x, on: made, when: {kind: a}, makes: {kind: b, title: X, anchors: {due: event}}}]",
            "due cannot name an anchor",
        ),
    ],
)
def test_a_mistake_is_told_where_it_stands(run, tmp_path, line, message):
    (tmp_path / "pack.yaml").write_text(PACK + line)
    status, said, complained = run("check", "pack.yaml")
    assert (status, message in said + complained) == (1, True), said + complained


# ------------------------------------------------------------------------------------------------- the store


def test_a_store_of_the_first_layout_is_brought_up_to_date(tmp_path):
    Store.open(tmp_path / "a.db", new=True).close()
    with closing(sqlite3.connect(tmp_path / "a.db")) as old, old:
        old.executescript("DROP TABLE member; UPDATE meta SET value = '1' WHERE name = 'layout'")
    old.close()
    opened = Store.open(tmp_path / "a.db", new=True)
    with opened.reading() as tx:
        assert tx.execute(store.member.select()).all() == []
    opened.close()


# ------------------------------------------------------------------------------------------------- joining


def families(random):
    """Random causes and affected of some families, names and keys that other programs trip over among them."""
    keys = [
        random.choice(["k", "", "é", "1", "true", "a b", "x" * 300]) + str(n) for n in range(random.choice([1, 3, 40]))
    ]
    causes = [(f"cause{random.randrange(6)}", random.choice(keys)) for _ in range(random.choice([0, 2, 30]))]
    affected = [(f"one{n}", random.choice(keys)) for n in range(random.choice([0, 5, 150, 450]))]
    return causes, affected


@needs_durable
def test_over_random_families_durable_rules_finds_what_the_reference_finds():
    random, joins = Random(34_964), 0
    while joins < JOINS:
        causes, affected = families(random)
        expected = joiner("reference").joined(causes, affected)
        assert joiner("durable").joined(causes, affected) == expected
        joins += len(expected)


@needs_durable
def test_there_is_one_joiner_and_it_is_durables_where_that_imports():
    assert (type(joiner()), joiner() is joiner()) == (DurableJoiner, True)
    assert type(joiner("reference")) is ReferenceJoiner


@needs_durable
def test_an_answer_that_cannot_be_is_a_fault(monkeypatch):
    one = DurableJoiner()
    monkeypatch.setattr(one, "_handle", one._durable.create_ruleset("f", '{"open": {"all": [{"m": {"t": "open"}}]}}'))
    with pytest.raises(DurableFaultError, match="found 0 causes in 0 answers"):
        one.joined([], [("a", "k")])
