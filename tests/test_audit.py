"""The account: every figure against rows that can be counted by eye, and its forms as other programs read them."""

import csv
import io
import json
from datetime import date

import pytest

from commitments import audit
from commitments.audit import Audited
from commitments.dates import Window
from commitments.model import Commitment, Standing, Status


def row(identifier, status, due=None, *, original=None, settled=None, late=None, by="nl/jenv", title="x", partly=False):
    window = Window.parse(due) if due else None
    first = Window.parse(original) if original else window
    late_original = late if original is None or settled is None else (date.fromisoformat(settled) - first.latest).days
    return Audited(
        Commitment(id=identifier, kind="reply", title=title, by=by, to="nl/ek"),
        Standing(
            status=Status(status),
            partly=partly,
            original=first,
            current=window,
            settled_on=date.fromisoformat(settled) if settled else None,
            days_late_original=late_original,
            days_late_current=late,
        ),
    )


ROWS = [
    row("in-time", "fulfilled", "2018-06-28", settled="2018-06-20", late=-8),
    row("late", "fulfilled_late", "2018-08-10", settled="2018-08-30", late=20),
    row("later", "fulfilled_late", "2019-01-10", settled="2019-02-07", late=28, by="nl/bzk"),
    # in time for the date it was moved to, late for the one it had first
    row("extended", "fulfilled", "2022-02-01", original="2022-01-01", settled="2022-01-15", late=-17),
    row("overdue", "overdue", "2025-07-01", late=510, by="nl/bzk", partly=True),
    row("pending", "pending", "2027", late=-403),
    row("awaited", "awaited", "2023-12-12", late=1077),
    row("undated", "undated"),
    row("lapsed", "lapsed", settled="2020-01-01"),
]


@pytest.fixture
def report():
    return audit.audit(ROWS, as_of=date(2026, 11, 23), head="#12 0123456789abcdef")


def test_every_figure_leads_to_its_rows(report):
    figures = audit.figures(report.whole)
    assert {name: value for name, value in figures.items() if value} == {
        "fulfilled": 2,
        "fulfilled_late": 2,
        "overdue": 1,
        "pending": 1,
        "awaited": 1,
        "undated": 1,
        "lapsed": 1,
        "total": 9,
        "open": 4,
        "partly": 1,
        "late_original": 3,  # late, later, extended
        "late_current": 2,
        "median_days_late": 24.0,  # of 20 and 28
        "on_time_rate": 0.4,  # 2 of the 5 that were due by now
    }


def test_each_party_has_its_own_account(report):
    parties = {party: (group.total, group.kept, group.counts[Status.OVERDUE]) for party, group in report.by}
    assert parties == {"nl/bzk": (2, 1, 1), "nl/jenv": (7, 3, 0)}


def test_the_most_pressing_comes_first(report):
    assert [item.commitment.id for item in report.rows] == [
        "overdue",
        "pending",
        "awaited",
        "undated",
        "later",
        "late",
        "in-time",
        "extended",
        "lapsed",
    ]


def test_the_summary_is_a_sentence(report):
    assert audit.summary(report) == (
        "9 commitments: 4 fulfilled (2 in time, 2 late), 4 open, of which 1 overdue. "
        "What came late came 24 days late in the median."
    )


def test_an_empty_account_says_so():
    empty = audit.audit([], as_of=date(2026, 11, 23), head="#0")
    assert audit.summary(empty) == "There are no commitments in this account."
    assert "## Open\n\nNone.\n" in audit.to_markdown(empty)


def test_csv_opens_in_a_spreadsheet_and_runs_nothing_there():
    """W3: formulas in a title."""
    titles = ["=cmd()", "+1", "-1", "@x", "\tx", "a, b", 'say "no"', "é"]
    rows = [row(f"r{place}", "pending", "2027", title=title) for place, title in enumerate(titles)]
    text = audit.to_csv(audit.audit(rows, as_of=date(2026, 11, 23), head=""))
    read = {line["id"]: line["title"] for line in csv.DictReader(io.StringIO(text, newline=""))}
    assert [read[f"r{place}"] for place in range(8)] == ["'=cmd()", "'+1", "'-1", "'@x", "x", "a, b", 'say "no"', "é"]


def test_json_holds_the_same(report):
    content = json.loads(audit.to_json(report))
    assert (content["as_of"], content["head"]) == ("2026-11-23", "#12 0123456789abcdef")
    assert content["whole"]["total"] == len(content["rows"]) == 9
    late = {item["id"]: (item["days_late_original"], item["days_late_current"]) for item in content["rows"]}
    assert late["extended"] == (14, -17)
    assert late["pending"] == (None, None)  # a deadline ahead is not early


def test_markdown_reads_as_a_page(report, snapshot):
    snapshot("audit.md", audit.to_markdown(report))


def test_a_bar_in_a_title_does_not_break_the_table():
    text = audit.to_markdown(audit.audit([row("r", "pending", "2027", title="a | b")], as_of=date(2026, 1, 1), head=""))
    assert "| r | a \\| b | nl/jenv |" in text
