"""Written questions of the UK Parliament: real ones from mySociety's CSV, and the cells that they do not have."""

from datetime import date
from pathlib import Path

import pytest

from commitments import exchange
from commitments.model.commitment import (
    Citation,
    Commitment,
    Event,
    EventKind,
    StatedDue,
)
from commitments.model.dates import Window

REAL = Path(__file__).parent / "cases" / "uk_questions.csv"
HEADER = (
    "id,uin,house,dateTabled,dateForAnswer,isNamedDay,dateAnswered,dateHoldingAnswer,dateAnswerCorrected,isWithdrawn,"
    "answeringBodyId,answeringBodyName,askingMemberId,heading\n"
)


def read(tmp_path, row):
    file = tmp_path / "questions.csv"
    file.write_text(HEADER + row, encoding="utf-8")
    drafts, problems = exchange.read(file)
    return drafts, [f"{one.line}: {one.path}: {one.message}" for one in problems]


def happened(kind, day, **more):
    return Event(kind=kind, occurred_on=date.fromisoformat(day), **more)


def test_real_questions_become_commitments_of_the_departments():
    drafts, problems = exchange.read(REAL)
    assert (len(drafts), problems) == (29, ())
    found = {draft.id: draft for draft in drafts}
    assert found["uk-question-1725947"].commitment == Commitment(
        id="uk-question-1725947",
        kind="question",
        title="Schools: Finance",
        by=("uk/government/department-for-education",),
        to=("uk/commons",),
        made=date(2024, 8, 30),
        anchors={"tabled": Window.on(date(2024, 8, 30))},
        stated_due=StatedDue(date=Window.on(date(2024, 9, 3))),
        source=Citation(
            document="written question 3283, House of Commons, tabled 2024-08-30",
            url="https://questions-statements.parliament.uk/written-questions/detail/2024-08-30/3283",
        ),
    )
    assert found["uk-question-1725947"].events == (
        happened(EventKind.FULFILLED, "2024-09-09", document="answer to written question 3283"),
        happened(EventKind.NOTE, "2024-11-26", note="the answer was corrected"),
    )
    assert found["uk-question-1726329"].commitment.kind == "named-day-question"
    assert found["uk-question-1726329"].events == (
        happened(EventKind.DELAY_NOTICE, "2024-09-09", document="holding answer"),
        happened(EventKind.FULFILLED, "2024-09-17", document="answer to written question 3656"),
    )


@pytest.mark.parametrize(
    ("row", "events"),
    [
        # neither answered nor withdrawn
        ("1,2,Lords,2024-08-30,2024-09-13,False,,,,False,7,Treasury,5,Tax", ()),
        # withdrawn: the file does not say when
        ("1,2,Lords,2024-08-30,2024-09-13,False,,,,True,7,Treasury,5,Tax",
         (happened(EventKind.WITHDRAWN, "2024-08-30", note="the day is not told: this is the day it was tabled"),)),
        # answered all the same
        ("1,2,Lords,2024-08-30,2024-09-13,False,2024-09-01,,,True,7,Treasury,5,Tax",
         (happened(EventKind.FULFILLED, "2024-09-01", document="answer to written question 2"),)),
    ],
)  # fmt: skip
def test_what_became_of_a_question_is_told_by_its_cells(tmp_path, row, events):
    (draft,), problems = read(tmp_path, row)
    assert problems == []
    assert (draft.commitment.to, draft.events) == (("uk/lords",), events)


def test_a_question_without_a_day_for_its_answer_names_none(tmp_path):
    (draft,), _ = read(tmp_path, "1,2,Lords,2024-08-30,,False,,,,False,7,Treasury,5,Tax")
    assert draft.commitment.stated_due is None


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("1,2,Lords,30/08/2024,,False,,,,False,7,Treasury,5,Tax",
         "2: anchors.tabled: '30' is not a date"),
        ("1,2,Lords,2024-08-30,,False,,,,False,7,Treasury,5,", "2: title: title needs at least 1 characters"),
        ("1,2,Lords", "2: : this row has 3 cells, the header 14"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_told_by_its_line(tmp_path, row, problem):
    drafts, problems = read(tmp_path, row)
    assert drafts == ()
    assert problems[:1] == [problem]


def test_a_second_import_of_the_real_questions_appends_nothing(workspace, tmp_path):
    """The same import twice, and with its rows in another order."""
    header, *rows = REAL.read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "uk.csv").write_text(header + "".join(rows), encoding="utf-8")
    assert workspace("import", "uk.csv") == (0, "uk.csv: 29 new commitments, 39 events\n", "")
    _, ledger, _ = workspace("export", "--ledger")
    (tmp_path / "uk.csv").write_text(header + "".join(reversed(rows)), encoding="utf-8")
    assert workspace("import", "uk.csv") == (0, "uk.csv: nothing new, 29 unchanged\n", "")
    assert workspace("export", "--ledger") == (0, ledger, "")
