"""The account: every figure against rows that can be counted by eye, and its forms as other programs read them."""

import csv
import io
import json
import re
from datetime import date
from html.parser import HTMLParser

import pytest
from markupsafe import escape

from commitments import audit
from commitments.audit import Audited
from commitments.audit.figures import FIGURES
from commitments.audit.problems import Doubt, Doubtful, gathered
from commitments.model.commitment import (
    Commitment,
    Force,
    Standing,
    Status,
)
from commitments.model.dates import Window
from notifications import account as pages
from notifications.account import Report
from notifications.account.plain import figures
from notifications.account.wording import percent
from notifications.content.render import render_template

TODAY = date(2026, 11, 23)


def row(
    identifier, status, due=None, *, original=None, settled=None, by="nl/jenv", to="nl/ek", force="requested", **other
):
    window = Window.parse(due) if due else None
    first = Window.parse(original) if original else window
    commitment = Commitment(
        id=identifier,
        kind=other.get("kind", "reply"),
        title=other.get("title", "x"),
        by=by,
        to=to,
        force=force,
        dossier=other.get("dossier", ""),
    )
    standing = Standing(
        status=Status(status),
        partly=other.get("partly", False),
        original=first,
        current=window,
        settled_on=date.fromisoformat(settled) if settled else None,
    )
    return audit.line(Audited(commitment, standing))


ROWS = [
    row("in-time", "fulfilled", "2018-06-28", settled="2018-06-20"),
    row("late", "fulfilled_late", "2018-08-10", settled="2018-08-30", dossier="34 964"),
    row("later", "fulfilled_late", "2019-01-10", settled="2019-02-07", by="nl/bzk", dossier="34 964"),
    # in time for the date it was moved to, late for the one it had first
    row("extended", "fulfilled", "2022-02-01", original="2022-01-01", settled="2022-01-15"),
    # the span ends with 2025-12-31
    row("overdue", "overdue", "2025", original="2025-07-01", by=["nl/bzk", "nl/jenv"], to="nl/ek/biza", partly=True),
    row("pending", "pending", "2027"),
    row("expected", "pending", "2027", force="expected"),
    row("awaited", "awaited", "2023-12-12", force="expected"),
    row("undated", "undated"),
    row("lapsed", "lapsed", settled="2020-01-01"),
]
"""On TODAY."""


@pytest.mark.parametrize(
    ("rate", "said"),
    [(None, "–"), (0, "0%"), (1 / 300, "1%"), (0.5, "50%"), (2 / 3, "67%"), (299 / 300, "99%"), (1, "100%")],
)
def test_all_and_none_are_said_only_where_it_is_so(rate, said):
    assert percent(rate) == said


def test_a_party_that_stands_twice_in_an_old_register_counts_once():
    twice = row("a", "pending", "2027")._replace(by=("nl/bzk", "nl/bzk"), to=("nl/ek/x", "nl/ek/x"))
    made = audit.account([twice], as_of=TODAY, head="#12 0123456789abcdef")
    found = {
        grouping.name: {name: tally["all"] for name, tally in made.groups[grouping].items()} for grouping in made.groups
    }
    assert (found["by"], found["to"], found["committee"]) == ({"nl/bzk": 1}, {"nl/ek": 1}, {"nl/ek/x": 1})


@pytest.fixture
def account():
    return audit.account(ROWS, as_of=TODAY, head="#12 0123456789abcdef")


def told(account, *doubtful):
    return Report(account=account, problems=gathered(doubtful, 10))


def group(account, name):
    return next(found for grouping, found in account.groups.items() if grouping.name == name)


def test_every_figure_counts_its_rows(account):
    assert {name: value for name, value in figures(account.whole).items() if value} == {
        "fulfilled": 2,
        "fulfilled_late": 2,
        "overdue": 1,
        "pending": 2,
        "awaited": 1,
        "undated": 1,
        "lapsed": 1,
        "total": 10,
        "open": 5,
        "partly": 1,
        "in_time": 2,
        "open_deadline_ahead": 1,  # the other is only expected
        "late_original": 3,  # late, later, extended
        "late_original_only": 1,
        "late_current": 2,
        "median_days_late": 24.0,  # of 20 and 28
        "lower_quartile_days_late": 22.0,
        "upper_quartile_days_late": 26.0,
        "worst_days_late": 28,
        "median_days_overdue": 327,  # from 2025-12-31
        "overdue_91_to_365_days": 1,
        "on_time_rate": 0.4,  # 2 of the 5 whose deadline has come
        "in_hand_rate": 0.5,  # and the one still ahead
    }


def test_the_figures_add_up(account):
    for tally in (account.whole, *(tally for found in account.groups.values() for tally in found.values())):
        assert sum(tally[figure.name] for figure in FIGURES[1:]) == tally["all"]
        assert sum(tally[name] for name in ("fulfilled", "open", "withdrawn", "lapsed")) == tally["all"]


def test_every_figure_leads_to_its_list(account):
    assert account.whole.named(lambda place: place.status is Status.FULFILLED_LATE) == ("late", "later")
    page = pages.page(told(account))
    lists = {one.anchor: one for section in page.sections for group in section.lists for one in group.figures}
    groups = {group.anchor: group for section in page.sections for group in section.lists}
    counted = [
        cell for section in page.sections for table in section.tables for row in table.rows for cell in row if cell.to
    ]
    figures = [cell for cell in counted if not cell.to.startswith("row,") and cell.to not in groups]
    assert len(figures) > 50
    for cell in figures:
        assert len(lists[cell.to].ids) == int(cell.text), cell
    rows = {cell.anchor for section in page.sections for table in section.tables for row in table.rows for cell in row}
    assert {one.to for named in lists.values() for one in named.ids} <= rows


def test_a_commitment_of_two_parties_counts_with_both_and_once_in_the_whole(account):
    parties = {
        party: (tally["all"], tally["fulfilled"], tally["overdue"]) for party, tally in group(account, "by").items()
    }
    assert parties == {"nl/bzk": (2, 1, 1), "nl/jenv": (9, 3, 1)}
    assert account.whole["overdue"] == 1


def test_the_groups(account):
    names = {grouping.name: list(found) for grouping, found in account.groups.items()}
    assert names == {
        "by": ["nl/bzk", "nl/jenv"],
        "to": ["nl/ek"],  # the chamber, of its committees too
        "committee": ["nl/ek/biza"],
        "kind": ["reply"],
        "dossier": ["34 964", "no dossier"],
        "year": ["2018", "2019", "2022", "2023", "2025", "2027", "no date"],  # of the current deadline
    }
    quarters = audit.account(ROWS, as_of=TODAY, head="", per="quarter")
    assert list(group(quarters, "quarter"))[:3] == ["2018-Q2", "2018-Q3", "2019-Q1"]


def test_rates_over_time(account):
    rates = {year: tally.on_time_rate for year, tally in group(account, "year").items()}
    assert rates == {"2018": 0.5, "2019": 0, "2022": 1, "2023": None, "2025": 0, "2027": None, "no date": None}


@pytest.mark.parametrize(
    ("day", "days"), [("2026-11-22", 1), ("2026-10-24", 30), ("2026-10-23", 31), ("2025-11-23", 365)]
)
def test_ages_at_their_edges(day, days):
    tally = audit.account([row("x", "overdue", day)], as_of=TODAY, head="").whole
    spans = [name for name in figures(tally) if name.startswith("overdue_") and figures(tally)[name]]
    expected = "up_to_30" if days <= 30 else "31_to_90" if days <= 90 else "91_to_365"
    assert (tally.overdue_spread.worst, spans) == (days, [f"overdue_{expected}_days"])


def test_a_day_more_than_a_year():
    tally = audit.account([row("x", "overdue", "2025-11-22")], as_of=TODAY, head="").whole
    assert figures(tally)["overdue_more_than_365_days"] == 1


@pytest.mark.parametrize("force", [Force.EXPECTED, Force.VOLUNTARY])
def test_what_is_only_expected_is_neither_in_time_nor_late(force):
    rows = [
        row("early", "fulfilled", "2020-01-10", settled="2020-01-01", force=force),
        row("after", "fulfilled", "2020-01-10", settled="2020-02-01", force=force),
        row("no-date", "fulfilled", settled="2020-02-01"),
    ]
    whole = audit.account(rows, as_of=TODAY, head="").whole
    assert (whole["untimed"], whole["in_time"], whole["late"], whole.on_time_rate) == (3, 0, 0, None)


def test_the_summary_is_a_sentence(account):
    assert pages.summary(account) == (
        "10 commitments: 4 fulfilled (2 in time, 2 late), 5 open, of which 1 overdue. "
        "What came late came 24 days late in the median, 28 days at worst."
    )


def test_an_empty_account_says_so():
    empty = audit.account([], as_of=TODAY, head="#0")
    assert pages.summary(empty) == "There are no commitments in this account."
    assert "There are no commitments in this account." in pages.to_markdown(pages.page(told(empty)))
    assert render_template("audit.html", page=pages.page(told(empty))).rstrip().endswith("</html>")


def test_rows_are_capped_and_the_count_said():
    rows = [row(f"r{place:03}", "overdue", f"2020-01-{place % 28 + 1:02}") for place in range(400)]
    account = audit.account(rows, as_of=TODAY, head="", most=5)
    assert [(one.id, str(one.current_latest)) for one in account.rows[Status.OVERDUE]] == [
        (f"r{place:03}", "2020-01-01") for place in (0, 28, 56, 84, 112)
    ]
    text = pages.to_markdown(pages.page(told(account)))
    assert "*and 395 more; --format csv has all of them*" in text
    assert "and 350 more" in text  # behind a figure, fifty are named
    assert len(list(csv.DictReader(io.StringIO("".join(audit.to_csv(rows, TODAY)), newline="")))) == 400


# ------------------------------------------------------------------------------------------------- the forms


def test_csv_opens_in_a_spreadsheet_and_runs_nothing_there():
    titles = ["=cmd()", "+1", "-1", "@x", "\tx", "a, b", 'say "no"', "é"]
    rows = [row(f"r{place}", "pending", "2027", title=title) for place, title in enumerate(titles)]
    text = "".join(audit.to_csv(rows, TODAY))
    read = {line["id"]: line["title"] for line in csv.DictReader(io.StringIO(text, newline=""))}
    assert [read[f"r{place}"] for place in range(8)] == ["'=cmd()", "'+1", "'-1", "'@x", "x", "a, b", 'say "no"', "é"]


def test_json_holds_the_same(account):
    doubtful = Doubtful(Doubt.NO_DATE, "undated", "requested, and no date", "record it")
    content = json.loads("".join(pages.to_json(told(account, doubtful), ROWS)))
    assert (content["as_of"], content["head"]) == ("2026-11-23", "#12 0123456789abcdef")
    assert content["whole"]["total"] == len(content["rows"]) == 10
    late = {item["id"]: (item["days_late_original"], item["days_late_current"]) for item in content["rows"]}
    assert late["extended"] == (14, -17)
    assert late["pending"] == (None, None)  # a deadline ahead is not early
    assert content["problems"]["counts"] == {"no date": 1}
    assert content["by"]["nl/bzk"]["overdue"] == 1


def test_json_of_nothing_is_json():
    empty = audit.account([], as_of=TODAY, head="#0")
    assert json.loads("".join(pages.to_json(told(empty), [])))["rows"] == []


def test_markdown_reads_as_a_page(account, snapshot):
    doubtful = Doubtful(Doubt.NO_DATE, "undated", "requested, and no date", "record it")
    snapshot("audit.md", pages.to_markdown(pages.page(told(account, doubtful))))


EVIL = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "[x](javascript:alert(1))",
    "a | b", "&lt;b&gt;", "'); alert(1) //", "<!-- ", "]]>", "`x`", "![x](http://x/y.png)", "</title></svg><b>",
)  # fmt: skip


@pytest.fixture
def evil():
    rows = [row(f"r{place}", "overdue", "2020", title=text, dossier=text) for place, text in enumerate(EVIL)]
    doubtful = [Doubtful(Doubt.WORDS, f"r{place}", text, text) for place, text in enumerate(EVIL)]
    account = audit.account(rows, as_of=TODAY, head=EVIL[0], narrowed=EVIL[1], known=EVIL[0])
    return pages.page(Report(account=account, problems=gathered(doubtful, 99), title=EVIL[0]))


class Elements(HTMLParser):
    """What a browser makes of a page: its elements with their attributes, and the texts of the title."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


SHOWN = set(
    "html head meta title style body header nav main section footer h1 h2 p a div table caption thead tbody tr th td "
    "figure figcaption span i b svg rect text dl dt dd ul li".split()
)


def test_nothing_in_the_html_runs_or_is_fetched(evil):
    html = render_template("audit.html", page=evil)
    elements = Elements()
    elements.feed(html)
    assert {tag for tag, _ in elements.found} <= SHOWN
    names = {name for _, attributes in elements.found for name in attributes}
    assert not {name for name in names if name.startswith("on") or name in {"src", "style", "xlink:href", "action"}}
    assert all(attributes["href"].startswith("#") for tag, attributes in elements.found if tag == "a")
    assert "url(" not in html
    assert "@import" not in html
    policy = next(attributes for tag, attributes in elements.found if tag == "meta" and "http-equiv" in attributes)
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"
    for text in EVIL:
        assert escape(text.strip()) in html


def test_markdown_shows_texts_as_they_are(evil):
    text = pages.to_markdown(evil)
    assert "<script" not in text.replace("\\<script", "")
    assert "[x](" not in text.replace("\\[x\\](", "")
    assert "://" not in text
    assert not re.search(r"(?<!\\)\]\((?!#)", text)  # every link leads to a place on the page
    assert "| r4 | a \\| b | nl/jenv |" in text
