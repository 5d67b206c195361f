"""The command that accounts for fulfilled against pending: audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import click

from commitments import audit
from commitments.audit.account import MOST_ROWS
from commitments.audit.groupings import PERIODS
from commitments.ledger.moments import Known
from engine.answers.account import (
    Asked,
    Source,
    report,
    source,
)
from engine.cli.output import Day, hand_out, harmless_page, say, table, tell_damage, workspace_option
from engine.cli.reading import fail_unassessed, filter_options, opened, spoken_when, wanted, when, when_options
from engine.session import Session
from notifications import account as pages
from notifications.account import Report
from notifications.account.page import Section, Table
from notifications.account.wording import number
from notifications.content.render import render_template

FORMS = ("markdown", "html", "csv", "json")
"""The forms that an account is written in; CSV is its rows alone."""
SUFFIXES: Mapping[str, str] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".csv": "csv",
}


@click.command("audit")
@workspace_option
@click.option("--rappel", "cutoff", type=Day(), metavar="CUTOFF", help="Begin with the rappel round of that cut-off.")
@click.option("--next", "until", type=Day(), metavar="DATE",
              help="The cut-off after it; the next 1 January or 1 July without it.")  # fmt: skip
@click.option("--from", "since", type=Day(), metavar="DATE", help="Say too what changed since the end of that day.")
@click.option("--per", type=click.Choice(list(PERIODS)), default="year", show_default=True, help="The spans of time.")
@click.option("--rows", "most", type=click.IntRange(min=1), default=MOST_ROWS, show_default=True, metavar="N",
              help="Show no more than N rows of a status; CSV and JSON have all.")  # fmt: skip
@click.option("--title", default="", help="What the report is called.")
@click.option("--format", "form", type=click.Choice(["terminal", *FORMS]), help="Without it, as the name of FILE ends.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write to FILE.")
@filter_options
@when_options
def audit_command(
    folder: Path,
    form: str | None,
    output: Path | None,
    as_of: date | None,
    known_at: date | None,
    **asked: Any,  # noqa: ANN401 - click hands on what `_asked` takes
) -> None:
    """Account for fulfilled against pending: how much, how late, by whom, and what is doubtful in what is recorded.

    docs/audit.md says what each figure means. With --rappel it begins with what lapsed by the cut-off, what lapses by
    the next, and what meetings decided in between.
    """
    chosen = form or _form(output)
    with opened(folder) as session:
        day, moment = when(session, as_of, known_at)
        told = _asked(day, moment, **asked)
        with source(session, told, session.now()) as found:
            _write(session, found, told, chosen, output)
            altered = str(found.altered or "")
    tell_damage([f"{altered}; gestand verify says what differs"] if altered else [])
    fail_unassessed(session)


def _asked(
    day: date, moment: Known | None, *, cutoff: date | None, until: date | None, since: date | None, **others: Any,  # noqa: ANN401
) -> Asked:  # fmt: skip
    """What the options ask for."""
    if until and not (cutoff and cutoff < until):
        raise click.UsageError("--next is the cut-off after the one of --rappel: name that too, an earlier day")
    if since and since >= day:
        raise click.UsageError(f"--from {since} is not before {day}: compare an earlier day with a later one")
    own = {name: others.pop(name) for name in ("per", "most", "title")}
    return Asked(
        day=day,
        known=moment,
        cutoff=cutoff,
        until=until,
        since=since,
        wanted=wanted(**others),
        narrowed=_narrowed(others),
        **own,
    )


def _form(output: Path | None) -> str:
    """The form that a file's name asks for."""
    if output is None:
        return "terminal"
    if output.suffix.lower() not in SUFFIXES:
        raise click.UsageError(f"{output.name} names no form: end it in {', '.join(SUFFIXES)}, or add --format")
    return SUFFIXES[output.suffix.lower()]


def _narrowed(filters: Mapping[str, Any]) -> str:
    """What the filters leave, in the words of the command line."""
    said = ((name.replace("_", " "), value) for name, value in filters.items() if value)
    told = (f"{name} {' or '.join(map(str, value)) if isinstance(value, tuple) else value}" for name, value in said)
    text = ", ".join(told)
    return f"only {text}" if text else ""


def _write(session: Session, found: Source, asked: Asked, form: str, output: Path | None) -> None:
    if form == "terminal":
        _tell(report(session, found, replace(asked, most=min(asked.most, _SHOWN), named=False)), asked)
        return
    hand_out((piece.encode() for piece in written(session, found, asked, form)), output, as_csv=form == "csv")


def written(session: Session, found: Source, asked: Asked, form: str) -> Iterable[str]:
    """The account that is asked for in one of the FORMS, in pieces."""
    if form == "csv":
        return audit.to_csv(found.lines(), asked.day)
    made = report(session, found, replace(asked, named=form != "json"))
    if form == "json":
        return pages.to_json(made, found.lines())
    page = pages.page(made)
    text = pages.to_markdown(page) if form == "markdown" else render_template("audit.html", page=page)
    return (harmless_page(text),)


# ------------------------------------------------------------------------------------------------- on the terminal

_SHOWN = 10
"""So many rows of a table are shown on a terminal."""
_NARROW = ("all", "in time", "late", "pending", "overdue", "in time, of all due")
"""The columns of a table of groups that a terminal has room for."""
_TOLD = frozenset(
    {"lapsed", "ahead", "undated", "figures", "late", "over-time", "by", "to", "changed", "doubtful", "open"}
)
"""The sections that a terminal shows, besides the meetings; the written forms have all."""


def _tell(made: Report, asked: Asked) -> None:
    page = pages.page(made)
    say(f"{page.title}, {spoken_when(asked.day, asked.known)}{f', {asked.narrowed}' if asked.narrowed else ''}")
    for sentence in page.summary:
        say(sentence)
    for section in page.sections:
        if section.anchor in _TOLD or section.anchor.startswith("meeting"):
            _section(section)
    say("", f"ledger head {made.account.head}; what each figure counts: gestand audit -o audit.html (.md .json .csv)")


def _section(section: Section) -> None:
    """A section's tables; of what is open, those with the days by which it is late."""
    tables = [one for one in section.tables if section.anchor != "open" or one.caption.startswith("overdue")]
    if section.anchor == "open" and not tables:
        return
    say("", *([section.title] if section.anchor != "open" else []), *section.text)
    for place, one in enumerate(tables):
        if place > 0:
            say("")
        _table(one)


def _table(one: Table) -> None:
    if one.caption:
        say(one.caption)
    places = [
        n for n, name in enumerate(one.head) if n == 0 or one.numbers != 1 or not _is_groups(one) or name in _NARROW
    ]
    rows = [[row[n].text for n in places] for row in one.rows[:_SHOWN]]
    if rows:
        table([one.head[n] for n in places], rows, wide=_wide(one.head))
    left = len(one.rows) - len(rows)
    if left or one.note:
        say(f"and {number(left, 'more row')}" if left else one.note)


def _is_groups(one: Table) -> bool:
    return one.head[-1:] == _NARROW[-1:]


def _wide(head: tuple[str, ...]) -> str:
    return next((name for name in ("title", "what", "commitments") if name in head[1:]), head[0] if head else "")
