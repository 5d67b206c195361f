"""The reports in docs/examples, made anew: two real rappel rounds, and nine letters with their replies.

Run `PYTHONPATH=. python benchmarks/examples.py`. A test fails where what is checked in is not what this makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from commitments import exchange
from commitments.ledger import register
from commitments.ledger.intake import Draft
from commitments.listing import Wanted
from engine.answers.account import Asked, report, source
from engine.session import Session, open_session
from engine.workspace.settings import FILE
from notifications import account as pages
from notifications.content.render import render_template

FOLDER = Path(__file__).parents[1] / "docs" / "examples"
NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
SETTINGS = """
timezone: Europe/Amsterdam
packs: [nl-eerste-kamer, nl-tweede-kamer, nl-terms]
mail: {sender: gestand@example.org}
"""
HEAD = "#{seq}; its hash is left out here, for it differs whenever this example is made"
NOT_A_PAIR = "34964-A"
"""It is known only from the letter that followed it."""


class Example(NamedTuple):
    """A report: the records it is of, and what it is asked."""

    records: str
    asked: Asked


REPORTS = {
    "rappel-2016": Example(
        "nl-undertakings",
        Asked(
            day=date(2016, 5, 24),
            wanted=Wanted(to="nl/eerste-kamer/korel"),
            narrowed="only what is owed to the committee KOREL",
            cutoff=date(2016, 1, 1),
            title="Rappel of March 2016, with the decisions of 24 May 2016",
        ),
    ),
    "rappel-2021": Example(
        "nl-undertakings",
        Asked(
            day=date(2021, 11, 23),
            wanted=Wanted(to="nl/eerste-kamer/iwo"),
            narrowed="only what is owed to the committees IWO and EZK/LNV",
            cutoff=date(2021, 7, 1),
            title="Rappel of 1 July 2021, with the decisions of 23 November 2021",
        ),
    ),
    "letters": Example(
        "nl-letters",
        Asked(
            day=date(2025, 6, 1),
            narrowed="letters and questions of both chambers of the Dutch parliament",
            title="Nine letters, and when they were answered",
        ),
    ),
}


def texts() -> Iterator[tuple[str, str]]:
    """The name of each file, and its text."""
    for name, example in REPORTS.items():
        page = pages.page(report_of(example))
        yield f"{name}.md", pages.to_markdown(page)
        yield f"{name}.html", render_template("audit.html", page=page)


def report_of(example: Example) -> pages.Report:
    """What the records of an example come to."""
    with TemporaryDirectory() as place:
        (Path(place) / FILE).write_text(SETTINGS, encoding="utf-8")
        with open_session(Path(place), new=True) as session:
            _take_in(session, example.records)
            with source(session, example.asked, NOW) as found:
                made = report(session, found, example.asked)
    seq = made.account.head.partition(" ")[0].lstrip("#")
    return replace(made, account=replace(made.account, head=HEAD.format(seq=seq)))


def _take_in(session: Session, records: str) -> None:
    drafts = [draft for draft in _drafts(records) if draft.id != NOT_A_PAIR]
    with session.store.writing() as tx:
        done = register.take_in(tx, drafts, today=NOW.date(), at=NOW, actor="example")
    assert not done.problems, done.problems


def _drafts(records: str) -> Iterator[Draft]:
    for item in sorted(resources.files("commitments.samples").iterdir(), key=lambda item: item.name):
        if item.name.startswith(records):
            with resources.as_file(item) as path:
                drafts, problems = exchange.read(path)
                yield from drafts
                assert not list(problems)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in texts():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"docs/examples/{name}  {len(text) / 1000:.0f} kB")
