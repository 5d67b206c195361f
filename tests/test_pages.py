"""The pages about packs: up to date, and saying what the pack says."""

from pathlib import Path

import pytest

from engine.workspace.settings import shipped
from rules.calendars.calendar import Calendar, Calendars
from rules.pack.book import load
from rules.pages import page, texts

CALENDARS = Calendars({name: Calendar(name, ()) for name in ("a", "b")})
KEPT = Path(__file__).parent.parent / "docs" / "rules"


@pytest.fixture(scope="module")
def pages():
    return dict(texts(shipped().book))


def test_the_pages_that_are_kept_are_up_to_date(pages):
    kept = {path.name: path.read_text(encoding="utf-8") for path in KEPT.iterdir()}
    assert [name for name in kept | pages if kept.get(name) != pages.get(name)] == [], "write them anew: make docs"


def test_the_first_page_leads_to_the_others(pages):
    assert [name for name in pages if name != "README.md" and f"]({name})" not in pages["README.md"]] == []


PACK = """\
pack: mine
title: My pack
timezone: Europe/Amsterdam
version: "3"
notices: {remind: [1 week before], overdue: {first: 1 day after, every: 1 month, at_most: 3}}
rules:
  - id: reply
    title: A reply
    source: {document: Standing Orders, clause: article 5, quote: within ten days, url: "https://example.org/5"}
    valid: {from: 2010-01-01}
    when: {kind: reply}
    unless: {by: nl/az}
    force: expected
    due: {period: 4 weeks, after: letter, counting: clear}
    message: {en: Write to the registrar}
    extension: {period: 3 weeks, before_expiry: true}
    notices: {remind: [on the day], overdue: 1 day after, escalate: [{at: 6 weeks after, to: chair}]}
    tests:
      - name: a|pipe
        given: {letter: 2018-07-13}
        events: [{delay_notice: 2018-08-01}]
        expect: {due: 2018-09-24, applies: true}
        timeline: {2018-08-07: {notices: [], mail: {nl: laat}}}
        fulfilled: {on: 2018-08-30, expect: {days_late: -1}}
        todo: not yet
  - id: exception
    title: An exception
    when: {}
    exception_of: reply
    due: stated
inhibit: [{when: {status: overdue}}]
escalate: [{when: {status: overdue}, same: by, at_least: 3, within: 2 weeks, to: chair}]
follow_up:
  - id: letter
    source: {document: Orders, quote: it is answered}
    on: fulfilled
    when: {kind: letter}
    makes: {kind: reply, title: The reply}
cycles:
  - id: forum
    title: A forum
    every: 1 year
    first: 2019-12-17
    precision: month
    known: {2020: "2020"}
    commitment: {kind: meeting, by: un/a, to: un/b, force: binding}
    derived:
      - {id: report, title: A report, kind: report, force: expected, due: {period: 0 days, after: forum}}
      - {id: half, title: Halfway, at: 6 months after forum, precision: year}
terms:
  in {year}: {in: "{year}"}
"""


PAGE = r"""# My pack
<!-- Made from the pack by `gestand docs`: change the pack, then run it again. -->
Pack `mine`, version 3, in `mine.yaml`; a day begins and ends in Europe/Amsterdam.
| rule | what | due |
|---|---|---|
| [reply](#reply) | A reply | 4 weeks after letter; in clear days |
| [exception](#exception) | An exception | on the date that the commitment itself names |
## reply
A reply.
- **Which:** commitments of which kind is reply; not where by is within nl/az
- **When:** 4 weeks after letter; in clear days
- **More time:** a delay notice gives 3 weeks from the deadline, once, if it comes before the deadline has passed
- **Force:** expected
- **Law:** from 2010-01-01
- **Who hears:** on the day (clerk)
- **Told with it (en):** Write to the registrar
- **Source:** Standing Orders, article 5 (<https://example.org/5>)
- **In its words:** “within ten days”
### Worked examples
| example | given | on | then |
|---|---|---|---|
| a\|pipe (known gap: not yet) | letter: 2018-07-13; delay notice on 2018-08-01 |  | due 2018-09-24, the rule applies |
|  |  | 2018-08-07 | notices: none, mail (nl): “laat” |
|  |  | 2018-08-30 | fulfilled: 1 day early |
## exception
An exception.
- **Which:** all commitments
- **When:** on the date that the commitment itself names
- **Comes before:** [reply](#reply)
- **Who hears:** 1 week before (clerk); when overdue 1 day after, then every month, at most 3 times (clerk)
## forum
A forum.
- **Which:** a meeting that un/a owes un/b (binding)
- **When:** every year, from 2019-12-17 on; of a date that is only counted, the month is relied on
- **Known:** 2020: 2020
- **Who hears:** 1 week before (clerk); when overdue 1 day after, then every month, at most 3 times (clerk)
### forum-report
A report.
- **Which:** a report that un/a owes un/b (expected)
- **When:** on the date of forum
- **Who hears:** 1 week before (clerk)
### forum-half
Halfway.
- **Which:** a meeting that un/a owes un/b (binding)
- **When:** 6 months after forum; of a date that is only counted, the year is relied on
- **Who hears:** 1 week before (clerk); when overdue 1 day after, then every month, at most 3 times (clerk)
## What one means for others
- **letter:** when a commitment of which kind is letter is fulfilled, a reply is owed (Orders: “it is answered”)
- While status is overdue, nobody is told of its children
- When 3 with the same by are such that status is overdue within 2 weeks: chair
## What words mean
| words | meaning |
|---|---|
| “in {year}” | in: {year} |"""


def test_a_page_says_what_the_pack_says(tmp_path):
    (tmp_path / "mine.yaml").write_text(PACK)
    book, problems = load([tmp_path / "mine.yaml"], Calendars({}))
    assert problems == ()
    lines = [line for line in page(book.packs[0]) if line]
    assert "\n".join(lines) == PAGE


@pytest.mark.parametrize(
    ("due", "words"),
    [
        ("4 weeks after letter", "4 weeks after letter"),
        ("0 days after forum", "on the date of forum"),
        ("stated", "on the date that the commitment itself names"),
        (
            "{period: [10 days, {period: 2 months, roll: following}], before: forum, roll: nearest}",
            "10 days and then 2 months (roll following) before forum; from a day off it moves (nearest)",
        ),
        (
            "{period: 1 working day, after: a, calendar: {weekend: [fri, sat]}, roll: following}",
            "1 working day after a; from a day off it moves to the next working day; days off by a calendar of its own",
        ),
        ("{period: 4 weeks, after: sent, calendar: [a, b]}", "4 weeks after sent; days off by a, b"),
        (
            "{period: 8 weeks, after: sent, suspend: [{from: 12-20, to: 01-10}, 2018-08-01], suspend_mode: extend}",
            "8 weeks after sent; the days of 12-20 to 01-10, 2018-08-01 are left out; by adding them at the end",
        ),
        (
            "{period: 3 days, after: sent, short: {up_to: 5 days}, until: exclusive, cap: 1 year after sent}",
            "3 days after sent; short: up to 5 days, in working days; before that day; at the latest 1 year after sent",
        ),
        (
            '{period: 1 day, after: sent, cutoff: "16:00", at: "12:00"}',
            "1 day after sent; what comes after 16:00 counts as of the next day; at 12:00",
        ),
    ],
)
def test_how_it_is_counted_is_told_in_words(tmp_path, due, words):
    rule = f"  - {{id: reply, title: A reply, when: {{kind: reply}}, due: {due}}}\n"
    (tmp_path / "mine.yaml").write_text(f"pack: mine\ntitle: My pack\nrules:\n{rule}")
    book, problems = load([tmp_path / "mine.yaml"], CALENDARS)
    assert problems == ()
    assert f"- **When:** {words}" in list(page(book.packs[0]))
