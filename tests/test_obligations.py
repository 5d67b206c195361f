"""Deadlines that move, rules that give way: extensions, pauses, validity, exceptions, chains of deadlines."""

from datetime import UTC, date, datetime

import pytest

from commitments.model.commitment import Commitment, Event, Status
from commitments.model.record import Record, Recorded
from commitments.reading.source import check, parse
from engine.answers.explain import explanation
from engine.assessment.assess import Assessor
from engine.matching.matcher import matcher
from rules.calendars.calendar import Calendars
from rules.pack.book import LoadedPack, RuleBook
from rules.pack.pack import Pack

QUESTIONS = """
pack: nl-tk
title: Written questions to the Tweede Kamer
timezone: Europe/Amsterdam
rules:
  - id: question-three-weeks
    title: A written question is answered within three weeks, or three more after a notice of delay
    source: {document: Reglement van Orde, clause: article 12.2}
    when: {kind: question}
    due: {period: 3 weeks, after: received}
    extension: {on: delay_notice, period: 3 weeks, from: due, at_most: 1@MORE@}
"""


def questions(more=""):
    return QUESTIONS.replace("@MORE@", more)


def assessor(text):
    document, problems = parse(text, "pack.yaml")
    assert problems == ()
    pack, problems = check(Pack, document)
    assert problems == ()
    book = RuleBook((LoadedPack(pack, "pack.yaml", "0" * 64),))
    rules = {name: item.rule.condition for name, item in book.rules.items()}
    return Assessor(book, Calendars(), matcher(rules, "reference"), "UTC")


def record(*events, **fields):
    given = {"id": "q", "kind": "question", "title": "A question", "by": "nl/regering", "to": "nl/tweede-kamer"}
    commitment = Commitment.model_validate(given | fields)
    made = {
        "kind": "made",
        "occurred_on": min(w.earliest for w in commitment.anchors.values()),
        "commitment": commitment,
    }
    history = [made, *({"kind": kind, "occurred_on": day, **more} for kind, day, more in events)]
    return Record(
        tuple(
            Recorded(
                event=Event.model_validate(event),
                seq=seq,
                recorded_at=datetime.combine(date.fromisoformat(str(event["occurred_on"])), datetime.min.time(), UTC),
                actor="clerk",
            )
            for seq, event in enumerate(history, start=1)
        )
    )


def delay(day):
    return ("delay_notice", day, {})


def fulfilled(day):
    return ("fulfilled", day, {})


ERKENS = {"anchors": {"received": "2024-12-20"}}  # the question of 20 December 2024, did=2025D04328


def standing(rules, record, day="2026-01-01"):
    found = assessor(rules).on(record, date.fromisoformat(day)).standing
    return found.status, str(found.original), str(found.current), found.days_late_original, found.days_late_current


def test_without_a_notice_of_delay_the_answer_is_25_days_late():
    asked = record(fulfilled("2025-02-04"), **ERKENS)
    assert standing(questions(), asked) == (Status.FULFILLED_LATE, "2025-01-10", "2025-01-10", 25, 25)


def test_with_one_it_is_4_days_late_and_the_original_is_not_lost():
    asked = record(delay("2025-01-09"), fulfilled("2025-02-04"), **ERKENS)
    assert standing(questions(), asked) == (Status.FULFILLED_LATE, "2025-01-10", "2025-01-31", 25, 4)


def test_a_second_notice_gives_nothing_and_says_so():
    asked = record(delay("2025-01-09"), delay("2025-01-30"), **ERKENS)
    assert standing(questions(), asked, "2025-02-01") == (Status.OVERDUE, "2025-01-10", "2025-01-31", 22, 1)
    found = assessor(questions())
    lines = list(explanation(found.on(asked, date(2025, 2, 1)), found.book))
    assert "  4 moved    delay notice on Thu 9 Jan 2025, from Fri 10 Jan 2025 to Fri 31 Jan 2025 (ledger #2)" in lines
    assert (
        "  5 refused  delay notice of Thu 30 Jan 2025: the rule gives more time once, and no more (ledger #3)" in lines
    )


def test_a_notice_that_comes_too_late_gives_nothing_where_the_rule_says_so():
    asked = record(delay("2025-01-13"), **ERKENS)
    assert standing(questions(), asked, "2025-01-14")[2] == "2025-01-31"
    assert standing(questions(", before_expiry: true"), asked, "2025-01-14")[2] == "2025-01-10"


@pytest.mark.parametrize(
    ("base", "due"),
    [
        ("due", "2025-01-31"),  # three weeks from 10 January
        ("event", "2025-01-28"),  # from the notice of 7 January
        ("received", "2025-01-10"),  # from the question: no later than it was, and so no more time
    ],
)
def test_more_time_is_counted_from_what_the_rule_says(base, due):
    asked = record(delay("2025-01-07"), **ERKENS)
    assert standing(questions().replace("from: due", f"from: {base}"), asked, "2025-01-08")[2] == due


def lines(rules, record, day):
    found = assessor(rules)
    return list(explanation(found.on(record, date.fromisoformat(day)), found.book))


def test_an_extension_never_makes_a_deadline_earlier():
    asked = record(delay("2024-12-23"), **ERKENS)
    early = questions().replace("period: 3 weeks, from: due", "period: 1 week, from: event")
    assert standing(early, asked, "2024-12-24")[2] == "2025-01-10"
    why = "2024-12-30 is no later than the deadline as it stands"
    told = f"  4 refused  delay notice of Mon 23 Dec 2024: {why} (ledger #2)"
    assert told in lines(early, asked, "2024-12-24")


def test_a_new_date_beyond_the_calendar_is_not_known_yet_and_nothing_is_called_late():
    asked = record(delay("2025-01-09"), **ERKENS)
    far = questions().replace("period: 3 weeks, from: due", "period: 5 sitting days, from: due")
    far = far.replace("after: received}", "after: received, calendar: {sitting: [2025-01-14], until: 2025-01-31}}")
    assert standing(far, asked, "2025-03-01")[0] is Status.UNDATED
    assert any(
        "due date not known: the new date is not known yet: " in line for line in lines(far, asked, "2025-03-01")
    )
    # a date that is granted afterwards is known again
    granted = record(delay("2025-01-09"), ("extended", "2025-01-20", {"date": "2025-03-10"}), **ERKENS)
    assert standing(far, granted, "2025-03-01")[:3] == (Status.PENDING, "2025-01-10", "2025-03-10")


def test_a_notice_of_delay_changes_nothing_unless_the_rule_says_more():
    plain = questions().replace("    extension:", "    # extension:")
    assert standing(plain, record(delay("2025-01-09"), **ERKENS), "2025-01-11")[:3] == (
        Status.OVERDUE,
        "2025-01-10",
        "2025-01-10",
    )
    told = lines(plain, record(delay("2025-01-09"), **ERKENS), "2025-01-11")
    assert "  4 refused  delay notice of Thu 9 Jan 2025: the rule gives no more time for it (ledger #2)" in told


def test_an_extension_to_a_date_counts_whatever_the_rule_says():
    asked = record(("extended", "2025-01-08", {"date": "2025-03-01"}), **ERKENS)
    assert standing(questions(), asked, "2025-01-11")[:3] == (Status.PENDING, "2025-01-10", "2025-03-01")


def test_while_the_clock_stands_still_nothing_is_late_and_the_days_are_given_back():
    asked = record(("suspended", "2025-01-06", {}), ("resumed", "2025-01-16", {}), **ERKENS)
    assert standing(questions(), asked.as_of(date(2025, 1, 12)), "2025-01-12")[0] is Status.SUSPENDED
    # ten days stood still: 10 + 10 January
    assert standing(questions(), asked, "2025-01-17")[:3] == (Status.DUE_SOON, "2025-01-10", "2025-01-20")
    none = questions().replace("    extension:", "    pause: none\n    extension:")
    assert standing(none, asked, "2025-01-17")[2] == "2025-01-10"


FOI = """
pack: foi
title: Twenty working days
rules:
  - {id: request, title: Twenty, when: {kind: question}, due: 20 working days after received, pause: @PAUSE@}
"""


@pytest.mark.parametrize(
    ("pause", "due"),
    [
        ("skip", "2025-02-07"),  # Thursday 9 to Monday 13 January stood still: two working days
        ("extend", "2025-02-09"),  # four days, the weekend among them
        ("none", "2025-02-05"),
    ],
)
def test_a_rule_in_working_days_can_skip_the_working_days_of_a_pause(pause, due):
    asked = record(("suspended", "2025-01-09", {}), ("resumed", "2025-01-13", {}), anchors={"received": "2025-01-08"})
    assert standing(FOI.replace("@PAUSE@", pause), asked, "2025-01-14")[1:3] == ("2025-02-05", due)


def test_an_anchor_that_is_dated_later_dates_the_deadline_and_a_new_date_moves_it():
    asked = record(
        ("anchored", "2025-01-02", {"anchor": "received", "date": "2025-01-02"}),
        ("anchored", "2025-01-05", {"anchor": "received", "date": "2025-01-03"}),
        anchors={"sent": "2024-12-20"},
    )
    assert standing(questions(), asked.as_of(date(2025, 1, 1)), "2025-01-01")[0] is Status.UNDATED
    assert standing(questions(), asked, "2025-01-06")[:3] == (Status.PENDING, "2025-01-23", "2025-01-24")


CHANGED = """
pack: dated
title: A law that changed
rules:
  - {id: old, title: Two weeks, when: {kind: question}, due: 2 weeks after received, valid: {to: 2019-12-31}}
  - {id: new, title: Three weeks, when: {kind: question}, due: 3 weeks after received, valid: {from: 2020-01-01}}
"""


@pytest.mark.parametrize(("received", "due"), [("2019-12-31", "2020-01-14"), ("2020-01-01", "2020-01-22")])
def test_the_rule_in_force_on_the_anchor_date_decides(received, due):
    asked = record(anchors={"received": received})
    assert standing(CHANGED, asked, "2020-02-01")[2] == due


def test_a_rule_can_say_that_the_present_day_decides():
    today = CHANGED.replace("valid: {", "valid: {on: today, ")
    asked = record(anchors={"received": "2019-12-31"})
    assert standing(today, asked, "2019-12-31")[2] == "2020-01-14"
    assert standing(today, asked, "2020-01-02")[2] == "2020-01-21"


def test_the_day_on_which_the_law_changes_is_a_day_of_change():
    today = CHANGED.replace("valid: {", "valid: {on: today, ").replace("2 weeks after", "2 years after")
    asked = record(anchors={"received": "2019-12-01"})
    assert assessor(today).on(asked, date(2019, 12, 2)).next_change == date(2020, 1, 1)


def test_words_that_nobody_knows_do_not_come_before_a_date_that_a_rule_counts():
    asked = record(stated_due="te zijner tijd", **ERKENS)
    assert standing(questions(), asked, "2024-12-21")[:3] == (Status.PENDING, "2025-01-10", "2025-01-10")
    assert "due date not known: “te zijner tijd” is not among the terms of the packs in use" in lines(
        questions(), asked, "2024-12-21"
    )


EXCEPTION = """
pack: both
title: A rule and its exception
rules:
  - {id: general, title: Three weeks, when: {kind: question}, due: 3 weeks after received}
  - id: urgent
    title: One week
    when: {kind: question, dossier: urgent}
    exception_of: general
    due: 1 week after received
"""


def test_an_exception_comes_before_its_rule_and_both_are_shown():
    found = assessor(EXCEPTION)
    urgent = found.on(record(dossier="urgent", **ERKENS), date(2024, 12, 21))
    assert (urgent.standing.rule, str(urgent.standing.current)) == ("both/urgent", "2024-12-27")
    assert "  but        this does not count: both/urgent comes before it" in list(explanation(urgent, found.book))
    usual = found.on(record(**ERKENS), date(2024, 12, 21))
    assert (usual.standing.rule, str(usual.standing.current)) == ("both/general", "2025-01-10")


CHAIN = """
pack: chain
title: One deadline after another
rules:
  - {id: appeal, title: Then an appeal, when: {kind: question}, due: 6 weeks after answer due}
  - {id: answer, title: First an answer, when: {kind: question}, due: 3 weeks after received}
"""


def test_a_deadline_can_be_counted_from_that_of_another_rule():
    found = assessor(CHAIN).on(record(**ERKENS), date(2024, 12, 21))
    dues = {item.rule: str(item.current) for item in found.obligations}
    assert dues == {"chain/answer": "2025-01-10", "chain/appeal": "2025-02-21"}


def test_deadlines_that_count_from_each_other_are_not_known_and_say_so():
    circle = CHAIN.replace("3 weeks after received", "3 weeks after appeal due")
    found = assessor(circle).on(record(**ERKENS), date(2024, 12, 21))
    assert [item.current for item in found.obligations] == [None, None]
    assert found.standing.status is Status.UNDATED
