"""What the commands that read have in common: the workspace opened, the day and moment asked for, the filters."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from commitments.audit import Audited
from commitments.ledger import similar
from commitments.ledger.moments import Known
from commitments.listing import GROUPS, Wanted
from commitments.model.dates import DAY, as_day
from commitments.model.record import Record
from commitments.reading.fit import close
from engine.assessment.setbacks import Setback, sentences
from engine.cli.output import Day, Failed, PartyName, number, say
from engine.session import Session, open_session
from rules.calendars.calendar import spoken

json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON, for a program to read.")


@contextmanager
def opened(folder: Path) -> Iterator[Session]:
    """The workspace in a folder, for reading; what changes answers is mentioned.

    That is rule files that could not be read, and commitments that could not be assessed.
    """
    with open_session(folder) as session:
        if session.workspace.problems:
            count = number(len(session.workspace.problems), "problem")
            say(f"gestand: {count} in rule files or calendars, which are left out; see gestand check", err=True)
        for one in session.missing:
            say(f"gestand: {one}; see gestand check", err=True)
        yield session
        tell_setbacks(session)


def tell_setbacks(session: Session) -> None:
    """Name what could not be assessed among all that was asked for."""
    met = session.assessor.setbacks.met
    for sentence in sentences([Setback(what, met[what]) for what in sorted(met)]):
        say(f"gestand: {sentence}", err=True)


def fail_unassessed(session: Session) -> None:
    """Leave with 1 where something that was asked for could not be assessed."""
    if session.assessor.setbacks.met:
        raise Failed


def today(session: Session) -> date:
    """The date it is now, where the workspace is."""
    return session.today()


def reached(session: Session, day: date) -> date:
    """The day, which has come; a complaint where it has not: what is written down as of it would stay."""
    if day > today(session):
        ahead = f"`gestand next` and `gestand digest preview --on {day}` look ahead, and write nothing down"
        raise click.BadParameter(f"{day} has not come; {ahead}", param_hint="--as-of")
    return day


def find(session: Session, identifier: str) -> Record:
    """The record of a commitment; raises NoSuchCommitmentError."""
    with session.store.reading() as tx:
        return similar.found(tx, identifier)


def close_word(word: str, words: Collection[str]) -> str:
    """The word that was perhaps meant, as a question, else those there are."""
    return close(word, words) or f"there are {', '.join(words)}"


# ------------------------------------------------------------------------------------------------- as of, known at

as_of_option = click.option("--as-of", type=Day(), metavar="DATE", help="What was so at the end of that day.")


class Moment(click.ParamType[date | datetime]):
    """A day on the command line, or a moment of one: 2018-08-10, 2018-08-10T09:30."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date | datetime:
        """The day or the moment that was written."""
        if isinstance(value, date):
            return value
        text = str(value)
        try:
            return as_day(text) if len(text) <= len("2018-08-10") else datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is no moment; write a day such as 2018-08-10, or 2018-08-10T09:30", param, ctx)


known_at_option = click.option(
    "--known-at",
    type=Moment(),
    metavar="MOMENT",
    help="What was known then: at the end of a day, or at 2018-08-10T09:30.",
)


def when_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --as-of and --known-at, as `when` takes them."""
    return as_of_option(known_at_option(command))


def known(session: Session, said: date | None) -> Known | None:
    """What was known at the moment that --known-at names: of a day its end; without a zone it is the workspace's."""
    if said is None:
        return None
    if not isinstance(said, datetime):
        then = session.known(session.end(said))
    else:
        then = session.known(said.replace(tzinfo=said.tzinfo or ZoneInfo(session.workspace.settings.timezone)))
    for wrong in session.wrong_clocks():
        if wrong.seq <= then.last:
            say(f"gestand: what was known then hangs on ledger {wrong}", err=True)
    return then


def when(session: Session, as_of: date | None, known_at: date | None) -> tuple[date, Known | None]:
    """The day to answer for, and what of it was known: today as it is known now, where nothing is said.

    With --known-at alone the day is that of the moment: the answer is the one that was given then.
    """
    then = known(session, known_at)
    return as_of or session.assessor.today(then.at if then else session.now()), then


def spoken_when(day: date, then: Known | None) -> str:
    """Both axes in words: as of Fri 10 Aug 2018, as known on 2018-08-12 23:59."""
    return f"as of {spoken(day)}" + (f", as known at {then.at:%Y-%m-%d %H:%M}" if then else "")


# ------------------------------------------------------------------------------------------------- what is looked for

FILTERS = (
    click.option("--status", multiple=True, type=click.Choice(list(GROUPS)), help="Only these; may be given again."),
    click.option("--by", type=PartyName(), metavar="PARTY", help="Only what this party, or one below it, owes."),
    click.option(
        "--to", type=PartyName(), metavar="PARTY", help="Only what is owed to this party or committee, or one below it."
    ),
    click.option("--kind", metavar="KIND", help="Only this kind: reply, undertaking, report…"),
    click.option("--dossier", metavar="NUMBER", help="Only this dossier: 34964 and 34 964 are the same."),
    click.option("--text", metavar="WORDS", help="Only those with these words in their id, title or dossier."),
    click.option("--due-before", type=Day(), metavar="DATE", help="Only what may be due before that day."),
    click.option("--due-after", type=Day(), metavar="DATE", help="Only what may be due after that day."),
    click.option(
        "--overdue-by", type=click.IntRange(1, 99_999), metavar="DAYS", help="Only what is overdue by that many."
    ),
)
"""What narrows a selection of commitments."""


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the filters that `wanted` takes."""
    for option in reversed(FILTERS):
        command = option(command)
    return command


def wanted(
    *,
    due_before: date | None = None,
    due_after: date | None = None,
    overdue_by: int | None = None,
    **filters: Any,  # noqa: ANN401 - click hands on what the options say
) -> Wanted:
    """What the filters of a command ask for."""
    first = due_after + DAY if due_after and due_after < date.max else due_after
    last = due_before - DAY if due_before and due_before > date.min else due_before
    return Wanted(due_from=first, due_until=last, late_by=overdue_by, **filters)


def fits(row: Audited, **filters: Any) -> bool:  # noqa: ANN401 - as above
    """Whether a commitment and its standing pass every filter that is given."""
    return wanted(**filters).fits(row.commitment, row.standing)
