"""Files that hold what was erased from the register: taking them in again brings no text back, unless asked to."""

from datetime import UTC, date, datetime

import pytest
from asked import last_entry

from commitments.ledger.decisions import (
    Decision,
    Meeting,
    Ruling,
    weigh,
)
from commitments.ledger.texts import ERASED
from commitments.model.commitment import Commitment, Event, EventKind
from commitments.model.record import Record, Recorded

FILE = """\
commitments:
  - id: Q-1
    kind: reply
    title: Answer to Mrs Quixotically
    by: nl/regering
    to: nl/eerste-kamer
    stated_due: {date: %s, phrase: before Mrs Quixotically leaves}
    source: {document: letter, quote: dear Mrs Quixotically}
    events:
      - {note: 2018-08-01, text: Mrs Quixotically called}
      - {extended: 2018-08-02, to: 2018-09-01, decided_by: Mrs Quixotically}
"""
WHOLE = "nothing new, the texts of 3 left out, erased in the register"


AT = datetime(2018, 9, 5, tzinfo=UTC)


@pytest.fixture
def opened_record():
    commitment = Commitment(id="Q-1", kind="reply", title="Answer", by="nl/regering", to="nl/eerste-kamer")
    made = Event(kind=EventKind.MADE, occurred_on=date(2018, 7, 13), commitment=commitment)
    return Record((Recorded(event=made, seq=1, recorded_at=AT, actor="clerk"),))


@pytest.fixture
def erased(workspace, tmp_path):
    (tmp_path / "q.yaml").write_text(FILE % "2018-08-10")
    assert workspace("import", "q.yaml", "--actor", "clerk")[:2] == (0, "q.yaml: 1 new commitment, 2 events\n")
    assert workspace("erase", "Q-1", "--reason", "asked", "--actor", "officer")[0] == 0
    return workspace


def texts(tmp_path):
    return b"".join(path.read_bytes() for path in tmp_path.glob("gestand.db*"))


def test_the_same_file_brings_nothing_back_and_says_of_how_much(erased, tmp_path):
    for words in (("--dry-run",), (), ()):
        status, out, _ = erased("import", "q.yaml", *words)
        assert (status, out.partition(" (tried")[0].strip()) == (0, f"q.yaml: {WHOLE}")
    assert b"Quixotically" not in texts(tmp_path)
    assert ERASED in erased("show", "Q-1")[1]
    assert erased("verify")[0] == 0


def test_what_is_no_text_is_taken_in_all_the_same(erased, tmp_path):
    (tmp_path / "q.yaml").write_text(FILE % "2018-08-17" + "      - {fulfilled: 2018-08-30, document: the reply}\n")
    status, out, _ = erased("import", "q.yaml")
    assert (status, out) == (0, "q.yaml: 1 amended, 1 event, the texts of 3 left out, erased in the register\n")
    assert b"Quixotically" not in texts(tmp_path)
    shown = erased("show", "Q-1")[1]
    assert "the reply" in shown
    assert "2018-08-17" in shown
    assert erased("import", "q.yaml")[1] == f"q.yaml: {WHOLE}\n"


def test_texts_come_in_the_place_of_what_was_erased_where_that_is_asked_for(erased, tmp_path):
    status, out, _ = erased("import", "q.yaml", "--over-erased")
    assert (status, out) == (0, "q.yaml: 1 amended, 2 events\n")
    assert "Answer to Mrs Quixotically" in erased("show", "Q-1")[1]
    assert erased("import", "q.yaml")[1] == "q.yaml: nothing new, 1 unchanged\n"
    assert erased("verify")[0] == 0


def test_only_what_was_erased_is_left_out(workspace, tmp_path):
    (tmp_path / "q.yaml").write_text(FILE % "2018-08-10")
    assert workspace("import", "q.yaml", "--actor", "clerk")[0] == 0
    extended = f"#{last_entry(tmp_path, 'extended', 'Q-1')}"
    assert workspace("erase", "Q-1", "--entry", extended, "--reason", "asked", "--actor", "officer")[0] == 0
    assert workspace("import", "q.yaml")[1] == (
        "q.yaml: nothing new, the texts of 1 left out, erased in the register\n"
    )
    assert "Answer to Mrs Quixotically" in workspace("show", "Q-1")[1]


# ------------------------------------------------------------------------------------------------- meetings

MEETING = Meeting(day=date(2018, 9, 4), decided_by="the committee, at the wish of Mrs Quixotically", document="minutes")


@pytest.mark.parametrize("ruling", list(Ruling))
def test_what_a_meeting_decided_is_known_again_where_its_texts_were_erased(opened_record, ruling):
    decision = Decision(number="Q-1", ruling=ruling, words=ruling.value, note="Mrs Quixotically")
    (first,) = weigh(MEETING, [decision], {"Q-1": opened_record}, MEETING.day)
    record = opened_record
    for event in first.events:
        left = event.model_copy(update={"document": "", "decided_by": "", "note": ERASED})
        record = record.followed_by(left, AT)
    (again,) = weigh(MEETING, [decision], {"Q-1": record}, MEETING.day)
    assert (again.events, again.known, again.refused) == ((), len(first.events), "")
    assert first.events
