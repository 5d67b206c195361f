"""The commands that read: list, show, explain."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import click

from commitments import audit, register
from commitments.audit import Audited
from commitments.listing import Wanted
from commitments.model import Record, Recorded, Status, within
from commitments.trouble import TroubleError
from engine import explain, schedule
from engine.assess import Assessment
from engine.cli.output import Day, Failed, number, table, tell_problems, workspace_option, write_json
from engine.consequences import muted_by
from engine.session import Session, audited, open_session
from engine.suppose import supposed
from rules.calendar import spoken

as_of_option = click.option("--as-of", type=Day(), metavar="DATE", help="What was so at the end of that day.")
json_option = click.option("--json", "as_json", is_flag=True, help="Write JSON, for a program to read.")


class NoSuchCommitmentError(TroubleError):
    """A commitment that the register does not know."""

    def __init__(self, identifier: str, similar: list[str]) -> None:
        hint = f"; did you mean {' or '.join(similar)}?" if similar else "; `gestand list` shows those there are"
        super().__init__(f"there is no commitment {identifier} in the register{hint}")


@contextmanager
def opened(folder: Path) -> Iterator[Session]:
    """The workspace in a folder, for reading; rule files that could not be read are mentioned: they change answers."""
    with open_session(folder) as session:
        if session.workspace.problems:
            count = number(len(session.workspace.problems), "problem")
            click.echo(f"gestand: {count} in rule files or calendars, which are left out; see gestand check", err=True)
        yield session


def today(session: Session) -> date:
    """The date it is now, where the workspace is."""
    return session.assessor.today(schedule.now())


def find(session: Session, identifier: str) -> Record:
    """The record of a commitment; raises NoSuchCommitmentError."""
    with session.store.reading() as tx:
        record = register.record(tx, identifier)
        if record is None:
            raise NoSuchCommitmentError(identifier, difflib.get_close_matches(identifier, register.ids(tx, ""), 2))
        return record


def _on_day(session: Session, record: Record, day: date) -> Assessment:
    assessment = session.assessor.on(record, day)
    if assessment is None:
        made = record.history[0].event.occurred_on
        raise click.UsageError(f"{record.commitment.id} was made on {made}, after {day}: there is nothing to say yet")
    return assessment


# ------------------------------------------------------------------------------------------------- list

STATUSES = [status.value for status in Status]
FILTERS = (
    click.option("--status", multiple=True, type=click.Choice([*STATUSES, "open", "settled"]), help="Only these."),
    click.option("--by", "by", metavar="PARTY", help="Only what this party, or one below it, owes."),
    click.option("--to", "to", metavar="PARTY", help="Only what is owed to this party, or one below it."),
    click.option("--kind", metavar="KIND", help="Only this kind: reply, undertaking, report…"),
    click.option("--text", metavar="WORDS", help="Only those with these words in their id, title or dossier."),
)
"""What narrows a selection of commitments."""


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the filters that `fits` takes."""
    for option in reversed(FILTERS):
        command = option(command)
    return command


@click.command("list")
@workspace_option
@filter_options
@as_of_option
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV, for a spreadsheet.")
def list_command(folder: Path, as_of: date | None, as_json: bool, as_csv: bool, **filters: Any) -> None:  # noqa: ANN401
    """List commitments and where they stand, the most pressing first."""
    with opened(folder) as session:
        now = schedule.now()
        day = as_of or session.assessor.today(now)
        if day == session.assessor.today(now):
            rows = session.listed(now, Wanted(**filters))
        else:
            rows = [row for row in audited(session.assessments(day)) if fits(row, **filters)]
    report = audit.audit(rows, as_of=day, head="")
    if as_json:
        write_json([audit.cells(row) for row in report.rows])
    elif as_csv:
        click.echo(audit.to_csv(report), nl=False)
    elif rows:
        head = ("commitment", "title", "owed by", "due", "status")
        table(head, [line(row) for row in report.rows], wide="title")
        click.echo(f"\n{number(len(rows), 'commitment')} as of {spoken(day)}")
    else:
        click.echo("no commitments" + (" fit; leave a filter out" if any(filters.values()) else _nothing_yet()))


def _nothing_yet() -> str:
    return " yet; take a register file in with `gestand import FILE`"


def fits(
    row: Audited, *, status: tuple[str, ...], by: str | None, to: str | None, kind: str | None, text: str | None
) -> bool:
    """Whether a commitment and its standing pass every filter that is given."""
    commitment = row.commitment
    words = f"{commitment.id} {commitment.title} {commitment.dossier}".casefold()
    return (
        (not status or _group(row.standing.status) in status or row.standing.status.value in status)
        and (by is None or any(within(party, by) for party in commitment.by))
        and (to is None or any(within(party, to) for party in commitment.to))
        and (kind is None or commitment.kind == kind)
        and (text is None or text.casefold() in words)
    )


def _group(status: Status) -> str:
    return "settled" if status.settled else "open"


def line(row: Audited) -> tuple[str, ...]:
    """A commitment as a row of a list."""
    commitment, standing = row.commitment, row.standing
    due = explain.spoken_window(standing.current) if standing.current else "–"
    return commitment.id, commitment.title, ", ".join(commitment.by), due, explain.verdict(standing)


# ------------------------------------------------------------------------------------------------- show


@click.command("show")
@workspace_option
@click.argument("identifier", metavar="ID")
@json_option
def show_command(folder: Path, identifier: str, as_json: bool) -> None:
    """Show a commitment with its whole history, as the ledger has it."""
    with open_session(folder) as session:
        record = find(session, identifier)
    if as_json:
        write_json([_entry_json(entry) for entry in record.history])
        return
    for name, value in record.commitment.model_dump(mode="json", exclude_defaults=True).items():
        click.echo(f"{name:<12}{_value(value)}")
    click.echo("\nhistory")
    for entry in record.history:
        click.echo(_entry_line(entry))


def _entry_json(entry: Recorded) -> dict[str, object]:
    event = entry.event.model_dump(mode="json", exclude_defaults=True)
    return {"ledger": entry.seq, "recorded_at": entry.recorded_at.isoformat(), "actor": entry.actor, **event}


def _value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _entry_line(entry: Recorded) -> str:
    event = entry.event
    words = [event.kind.replace("_", " ")]
    if event.date:
        words.append(f"{event.anchor} {event.date}".strip() if event.anchor else f"to {event.date}")
    words += [part for part in (event.decided_by, event.document, event.note) if part]
    recorded = f"{entry.recorded_at:%Y-%m-%d} by {entry.actor}"
    return f"  {event.occurred_on}  {', '.join(words)}  (ledger #{entry.seq}, written down {recorded})"


# ------------------------------------------------------------------------------------------------- explain


@click.command("explain")
@workspace_option
@click.argument("identifier", metavar="ID")
@click.option("--why-not", "rule", metavar="RULE", help="Say, condition by condition, why that rule does not apply.")
@click.option("--what-if", "said", metavar="KEY=VALUE", multiple=True,
              help="Suppose another field or anchor, e.g. letter=2018-07-20; may be given again.")  # fmt: skip
@click.option("-v", "--verbose", is_flag=True, help="Add the rules that applied, condition by condition.")
@as_of_option
@json_option
def explain_command(
    folder: Path,
    identifier: str,
    rule: str | None,
    said: tuple[str, ...],
    verbose: bool,
    as_of: date | None,
    as_json: bool,
) -> None:
    """Say why the dates of a commitment are what they are."""
    with opened(folder) as session:
        record, day = find(session, identifier), as_of or today(session)
        actual = _on_day(session, record, day)
        assessment = _on_day(session, _supposed(session, record, said), day) if said else actual
        if rule is not None:
            _why_not(session, assessment, rule, as_json=as_json)
        elif as_json:
            supposed = {"what_if": list(said), "as_it_is": explain.as_json(actual)} if said else {}
            rules = [explain.why_not_json(answer) for answer in explain.applied(session.assessor, assessment)]
            write_json({**supposed, **explain.as_json(assessment, _muted(session, assessment)), "rules": rules})
        else:
            click.echo("\n".join(_explained(session, assessment, said, actual, verbose=verbose)))


def _explained(
    session: Session, assessment: Assessment, said: tuple[str, ...], actual: Assessment, *, verbose: bool
) -> Iterator[str]:
    if said:
        yield f"what if {', '.join(said)}\n"
    yield from explain.explanation(assessment, session.workspace.book, _muted(session, assessment))
    if verbose:
        for answer in explain.applied(session.assessor, assessment):
            yield ""
            yield from explain.why_not_lines(answer)
    if said:
        due = explain.spoken_window(actual.standing.current) if actual.standing.current else "not known"
        yield f"\nas it is: due {due}, {explain.verdict(actual.standing)}"


def _muted(session: Session, assessment: Assessment) -> str:
    """Why nobody is told of it, where its parent sees to that."""
    parent = assessment.record.commitment.parent
    with session.store.reading() as tx:
        return muted_by(session.assessor, assessment, register.record(tx, parent) if parent else None)


def _supposed(session: Session, record: Record, said: tuple[str, ...]) -> Record:
    for one in said:
        if "=" not in one:
            raise click.UsageError(f"--what-if {one} does not say what it would be; write letter=2018-07-20")
    supposing, problems = supposed(record, said, session.workspace.book)
    if supposing is None:
        tell_problems(problems)
        raise Failed
    return supposing


def _why_not(session: Session, assessment: Assessment, rule: str, *, as_json: bool) -> None:
    names = [name for name in session.workspace.book.rules if rule in (name, name.partition("/")[2])]
    if not names:
        there = ", ".join(session.workspace.book.rules) or "none: name packs in gestand.yaml"
        raise click.UsageError(f"there is no rule {rule}; the rules in use are {there}")
    for answer in (explain.why_not(session.assessor, assessment, name) for name in names):
        if as_json:
            write_json(explain.why_not_json(answer))
        else:
            click.echo("\n".join(explain.why_not_lines(answer)))
