"""What a meeting decides on many numbers: the real decisions of two rappel rounds, a form of ours, what is refused."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from commitments.exchange.decided import read_decisions
from commitments.ledger.decisions import (
    WORDS,
    Decision,
    Meeting,
    Ruling,
    asked,
    meant,
    weigh,
)
from commitments.model.commitment import Commitment, Event
from commitments.model.dates import Window
from commitments.model.record import Record, Recorded

REAL = Path(__file__).parent / "decisions"
TODAY = date(2022, 1, 1)
MEETING = Meeting(day=date(2021, 11, 23), decided_by="commissie EZK", document="brief van 12 november 2021")
SAID = {"document": "brief van 12 november 2021", "decided_by": "commissie EZK"}
ROUND_2016 = (
    "--on",
    "2016-05-24",
    "--decided-by",
    "commissie KOREL",
    "--document",
    "reactie op het toezeggingenrappel van maart 2016",
)
ROUND_2021 = (
    "--on",
    "2021-11-23",
    "--decided-by",
    "commissies IWO en EZK/LNV",
    "--document",
    "brief van de minister van 12 november 2021",
)


def on(day, kind, **values):
    return Event(kind=kind, occurred_on=date.fromisoformat(day), **values)


def record(*events, identifier="T1"):
    made = Commitment(id=identifier, kind="undertaking", title="T", by="nl/regering", to="nl/eerste-kamer")
    history = (on("2020-01-01", "made", commitment=made), *events)
    at = datetime(2021, 1, 1, tzinfo=UTC)
    return Record(tuple(Recorded(event=e, seq=n, recorded_at=at, actor="c") for n, e in enumerate(history, start=1)))


def decided(words, *, known=None, **values):
    """What a decision in these words brings to a record: its events as (kind, day, date, note), or the refusal."""
    decision = Decision(number="T1", ruling=meant(words), words=words, **values)
    (found,) = weigh(MEETING, [decision], {"T1": known or record()}, TODAY)
    return found.refused or [
        (e.kind.value, e.occurred_on.isoformat(), str(e.date or ""), e.note) for e in found.events
    ]  # fmt: skip


NEW = Window.parse("2023-01-01")
PARTLY = on("2021-05-01", "partly_fulfilled", document="letter of 1 May")


@pytest.mark.parametrize(
    ("words", "values", "events"),
    [
        ("voldaan", {}, [("fulfilled", "2021-11-23", "", "")]),
        # deemed fulfilled by a letter that came before the meeting
        ("deemed fulfilled", {"on": date(2021, 11, 12)}, [("fulfilled", "2021-11-12", "", "")]),
        ("vervallen", {}, [("lapsed", "2021-11-23", "", "")]),
        ("afgevoerd", {"note": "achterhaald"}, [("withdrawn", "2021-11-23", "", "achterhaald")]),
        ("openstaand", {}, [("note", "2021-11-23", "", "openstaand")]),
        ("openstaand", {"note": "monitor"}, [("note", "2021-11-23", "", "openstaand: monitor")]),
        ("openstaand", {"new_deadline": NEW}, [("extended", "2021-11-23", "2023-01-01", "")]),
        ("new deadline", {"new_deadline": NEW}, [("extended", "2021-11-23", "2023-01-01", "")]),
        ("further_explanation_requested", {}, [("note", "2021-11-23", "", "further explanation requested")]),
        ("nadere toelichting gevraagd", {"new_deadline": NEW},
         [("note", "2021-11-23", "", "nadere toelichting gevraagd"), ("extended", "2021-11-23", "2023-01-01", "")]),
        ("deels voldaan", {}, [("partly_fulfilled", "2021-11-23", "", "")]),
        ("deels voldaan", {"new_deadline": NEW},
         [("partly_fulfilled", "2021-11-23", "", ""), ("extended", "2021-11-23", "2023-01-01", "")]),
        # it was so before: it stays so
        ("voldaan", {"known": record(on("2021-11-12", "fulfilled", document="brief"))},
         [("note", "2021-11-23", "", "voldaan")]),
        ("deels voldaan", {"known": record(PARTLY)}, [("note", "2021-11-23", "", "deels voldaan")]),
        ("deels voldaan", {"known": record(PARTLY), "new_deadline": NEW},
         [("extended", "2021-11-23", "2023-01-01", "")]),
    ],
)  # fmt: skip
def test_each_outcome_becomes_the_events_it_means(words, values, events):
    assert decided(words, **values) == events


@pytest.mark.parametrize(
    ("words", "values", "reason"),
    [
        ("openstaand", {"known": record(on("2021-11-01", "fulfilled"))},
         "it was fulfilled on 2021-11-01, so it cannot be 'openstaand' on 2021-11-23; record reopened first"),
        # it was fulfilled after the meeting only
        ("openstaand", {"known": record(on("2021-12-01", "fulfilled"))}, [("note", "2021-11-23", "", "openstaand")]),
        ("voldaan", {"known": record(on("2021-11-01", "lapsed"))},
         ("it was lapsed on 2021-11-01, so it cannot be fulfilled on 2021-11-23; if that was undone, record reopened "
          "first")),
        ("openstaand", {"new_deadline": Window.parse("2012-01-01")},
         "the new deadline 2012-01-01 is before 2021-11-23, the day of the meeting"),
    ],
)  # fmt: skip
def test_what_contradicts_the_register_is_refused(words, values, reason):
    assert decided(words, **values) == reason


def test_what_is_undone_is_not_brought_back_by_the_same_file():
    event = on("2021-11-23", "fulfilled", **SAID)
    known = record(event, on("2021-12-01", "undone", undoes=2))
    decision = Decision(number="T1", ruling=Ruling.FULFILLED, words="voldaan")
    (found,) = weigh(MEETING, [decision], {"T1": known}, TODAY)
    assert (found.events, found.undone, found.refused) == ((), 1, "")
    assert str(found) == "= T1  voldaan: is undone in the register, and left out"


def test_how_often_an_explanation_was_asked_is_counted():
    notes = [
        on("2021-11-23", "note", note="further explanation requested"),
        on("2021-06-01", "note", note="Nadere toelichting gevraagd: zie bijlage"),
        on("2021-07-01", "note", note="filed"),
        on("2021-08-01", "note", note="nadere toelichting gevraagd"),
        on("2021-12-01", "undone", undoes=5),
    ]
    assert asked(record(*notes)) == [date(2021, 6, 1), date(2021, 11, 23)]


def test_every_word_means_one_thing_however_it_is_spaced():
    assert meant("  Deels_Voldaan ") is Ruling.PARTLY
    assert meant("voldoende") is None
    assert {meant(words) for words in WORDS} == set(Ruling)


@pytest.fixture
def registered(workspace):
    assert workspace("import", str(REAL / "undertakings.csv"))[0] == 0
    return workspace


def history(run, identifier):
    kinds = [(one["kind"], one.get("date", "")) for one in json.loads(run("show", identifier, "--json")[1])]
    return kinds[1:]


def test_the_decisions_of_two_rounds_are_taken_in_as_they_are(registered):
    first, second = (str(REAL / f"ek_rappel_decisions_{day}.csv") for day in ("2016-05-24", "2021-11-23"))
    status, out, err = registered("decide", first, *ROUND_2016)
    assert (status, out, err) == (0, f"{first}: 9 decisions, 9 events\n", "")
    status, out, err = registered("decide", second, *ROUND_2021)
    assert (status, out, err) == (0, f"{second}: 27 decisions, 28 events\n", "")
    assert history(registered, "T01220") == [("note", "")]
    assert history(registered, "T02883") == [("fulfilled", "")]
    assert history(registered, "T02881") == [("partly_fulfilled", ""), ("extended", "2023-01-01")]
    assert history(registered, "T03063") == [("extended", "2021-11-30")]
    assert "a further explanation was asked once, last on Tue 23 Nov 2021" in registered("explain", "T02867")[1]
    asked_for = ("--kind", "undertaking", "--as-of", "2021-12-05", "--json")
    counted = [
        len(json.loads(registered("list", "--status", status, *asked_for)[1]))
        for status in ("fulfilled", "overdue", "open")
    ]
    assert counted == [8, 1, 28]


def test_the_same_file_again_changes_nothing(registered):
    """The same decisions twice."""
    file = str(REAL / "ek_rappel_decisions_2021-11-23.csv")
    registered("decide", file, *ROUND_2021)
    head = registered("verify")[1]
    status, out, _ = registered("decide", file, *ROUND_2021)
    assert (status, out) == (0, f"{file}: 27 decisions, nothing new, 27 written down already\n")
    assert registered("verify")[1] == head


def test_a_dry_run_says_each_number_and_writes_nothing(registered):
    file = str(REAL / "ek_rappel_decisions_2021-11-23.csv")
    head = registered("verify")[1]
    status, out, _ = registered("decide", file, *ROUND_2021, "--dry-run")
    lines = out.splitlines()
    assert status == 0
    assert lines[0] == "> T02867  further explanation requested: note 2021-11-23"
    assert lines[11] == "> T02881  deels voldaan: partly fulfilled 2021-11-23, extended to 2023-01-01"
    assert lines[-1] == f"{file}: 27 decisions, 28 events (tried only: nothing was written)"
    assert registered("verify")[1] == head


OURS = """\
meeting:
  date: 2021-12-14
  committee: commissies IWO en EZK/LNV
  title: korte aantekening
  document: brief van de minister van 1 december 2021
decisions:
  - {numbers: [T02867, T02849], outcome: nadere toelichting gevraagd, note: tweede keer}
  - {number: T02853, outcome: voldaan, on: 2021-12-01}
"""


def test_a_file_of_ours_tells_of_the_meeting_itself(registered, tmp_path):
    (tmp_path / "meeting.yaml").write_text(OURS)
    assert registered("decide", "meeting.yaml")[:2] == (0, "meeting.yaml: 3 decisions, 3 events\n")
    entry = json.loads(registered("show", "T02853", "--json")[1])[-1]
    assert {name: entry[name] for name in ("kind", "occurred_on", "document", "decided_by")} == {
        "kind": "fulfilled",
        "occurred_on": "2021-12-01",
        "document": "brief van de minister van 1 december 2021",
        "decided_by": "commissies IWO en EZK/LNV, korte aantekening",
    }
    assert registered("decide", "meeting.yaml")[1] == "meeting.yaml: 3 decisions, nothing new, 3 written down already\n"


WRONG = """\
number;decision;new_deadline;note
T02867;nadere toelichtig gevraagd;;
T02849;voldaan;2021-30-11;
T02857;voldaan;2022-01-01;
T02887;new deadline;;
T02908;voldaan;;;x
"""


@pytest.mark.parametrize(
    ("name", "text", "complaints"),
    [
        ("words.csv", WRONG,
         ["words.csv:2:2: decision: 'nadere toelichtig gevraagd' is no outcome",
          "  hint: did you mean nadere toelichting gevraagd?",
          "words.csv:3:3: new_deadline: '2021-30-11' is not a date: there is no month 30",
          "words.csv:4:3: new_deadline: a new deadline does not belong to 'voldaan': nothing more is expected",
          "words.csv:5:2: decision: a new deadline was decided, and not which",
          "words.csv:6:5: this row has 5 cells, the header 4"]),
        ("twice.csv", "number,decision\nT02867,openstaand\n\nT02867,voldaan\n",
         ["twice.csv:4:1: number: T02867 is decided twice, first in line 2"]),
        ("header.csv", "nummer,besluit,opmerkng\n",
         ["header.csv:1:3: the column 'opmerkng' is not known", "  hint: did you mean opmerking?"]),
        ("needed.csv", "number\nT02867\n", ["needed.csv:1:1: there is no column 'decision'"]),
        ("empty.csv", "", ["empty.csv:1:1: there is no column 'number'"]),
        ("none.csv", "number,decision\n\n", ["none.csv: there is no decision below the header"]),
        ("unknown.csv", "number,decision\nT02867,voldaan\nT028677,voldaan\n",
         ["unknown.csv:3:1: T028677: the register has no such commitment",
          "unknown.csv: nothing was written down: a meeting is taken in whole, or not at all"]),
        ("long.csv", f"number,decision,note\nT02867,openstaand,{'x' * 1901}\n",
         ["long.csv:2:3: note: note is longer than 1900 characters"]),
        ("none.txt", "", ["none.txt: .txt is no file of decisions"]),
        ("quote.csv", 'number,decision\n"T02867,voldaan\n', ["quote.csv: this is not CSV: unexpected end of data"]),
    ],
)  # fmt: skip
def test_a_file_with_a_mistake_is_refused_whole_and_every_mistake_told(registered, tmp_path, name, text, complaints):
    (tmp_path / name).write_text(text)
    head = registered("verify")[1]
    meeting = ROUND_2021 if name.endswith(".csv") else ()
    status, out, err = registered("decide", name, *meeting)
    assert (status, out) == (1, "")
    assert [one for one in complaints if one not in err] == []
    assert registered("verify")[1] == head


@pytest.mark.parametrize(
    ("wrong", "right", "complaint"),
    [
        ("committee:", "comittee:", "meeting.yaml:3:3: meeting.comittee: 'comittee' is not known here"),
        ("outcome: voldaan", "outcome: vodlaan", "meeting.yaml:8:31: decisions[1].outcome: 'vodlaan' is no outcome"),
        ("number: T02853, ", "", "meeting.yaml:8:5: decisions[1]: this does not say of which commitment"),
        ("number: T02853", "number: T02867", "meeting.yaml:8:14: decisions[1].number: T02867 is decided twice"),
        ("title: ", f"title: {'x' * 900}", "meeting.yaml:4:10: meeting.title: title is longer than 900 characters"),
        ("2021-12-14", "2031-12-14", "meeting.yaml:7:16: T02867: 2031-12-14 is in the future"),
    ],
)
def test_a_mistake_in_a_file_of_ours_is_told_at_its_place(registered, tmp_path, wrong, right, complaint):
    (tmp_path / "meeting.yaml").write_text(OURS.replace(wrong, right))
    status, _, err = registered("decide", "meeting.yaml")
    assert status == 1
    assert complaint in err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("decide", "x.csv"), "CSV does not say which meeting it was: add --on DATE and --decided-by WHO"),
        (("decide", "x.csv", "--on", "2021-11-23", "--decided-by", "x" * 2001), "this is longer than 2000 characters"),
        (("decide", "x.yaml", "--on", "2021-11-23"), "x.yaml says itself which meeting it was: write it there"),
    ],
)
def test_which_meeting_it_was_is_said_once(registered, words, complaint):
    status, _, err = registered(*words)
    assert status == 2
    assert complaint in err


def test_numbers_are_read_with_their_places(tmp_path):
    (tmp_path / "meeting.yaml").write_text(OURS)
    meeting, decisions, problems = read_decisions(tmp_path / "meeting.yaml")
    assert problems == ()
    assert meeting == Meeting(
        day=date(2021, 12, 14),
        decided_by="commissies IWO en EZK/LNV, korte aantekening",
        document="brief van de minister van 1 december 2021",
    )
    assert [(one.number, one.ruling, one.origin[1], one.column) for one in decisions] == [
        ("T02867", Ruling.EXPLANATION, 7, 16),
        ("T02849", Ruling.EXPLANATION, 7, 24),
        ("T02853", Ruling.FULFILLED, 8, 14),
    ]
