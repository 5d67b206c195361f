"""The command that takes in what a meeting decided: decide."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from commitments.exchange.decided import read_decisions
from commitments.ledger.decisions import Meeting
from engine.cli.output import Day, Failed, Words, actor_option, number, say, tell_problems, workspace_option
from engine.recording.decide import Decided, take_in
from engine.session import open_session


@click.command("decide")
@workspace_option
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--on", "day", type=Day(), metavar="DATE", help="The day of the meeting (CSV).")
@click.option("--decided-by", type=Words(), default="", metavar="WHO", help="The committee that decided (CSV).")
@click.option("--document", type=Words(), default="", help="What lay before it, such as the minister's letter (CSV).")
@click.option("--dry-run", is_flag=True, help="Say what would be written down, line by line, and write nothing.")
@actor_option
def decide_command(
    folder: Path, file: Path, day: date | None, decided_by: str, document: str, dry_run: bool, actor: str
) -> None:
    """Take in what one meeting decided on many commitments: all of it, or nothing.

    FILE is YAML or JSON with the meeting and its decisions, or CSV with the columns number, decision, new_deadline and
    note; --on and --decided-by then say which meeting it was. The same file again changes nothing.
    """
    meeting = _meeting(file, day, decided_by, document)
    said, decisions, problems = read_decisions(file, meeting)
    if tell_problems(problems) or said is None:
        raise Failed
    with open_session(folder) as session:
        decided = take_in(session, said, decisions, dry_run=dry_run, actor=actor)
    if tell_problems(decided.problems):
        say(f"{file}: nothing was written down: a meeting is taken in whole, or not at all", err=True)
        raise Failed
    if dry_run:
        for one in decided.weighed:
            say(str(one))
    tried = " (tried only: nothing was written)" if dry_run else ""
    say(f"{file}: {_sentence(decided)}{tried}")


def _meeting(file: Path, day: date | None, decided_by: str, document: str) -> Meeting | None:
    """The meeting that the command line names: CSV needs one, other files name it themselves."""
    if file.suffix.lower() != ".csv":
        if day or decided_by or document:
            raise click.UsageError(f"{file.name} says itself which meeting it was: write it there, under meeting:")
        return None
    if day is None or not decided_by:
        raise click.UsageError("CSV does not say which meeting it was: add --on DATE and --decided-by WHO")
    return Meeting(day=day, decided_by=decided_by, document=document)


def _sentence(decided: Decided) -> str:
    """One line that says what was decided, and how much of it is new."""
    events = sum(len(one.events) for one in decided.weighed)
    known = sum(not one.events and not one.undone for one in decided.weighed)
    undone = sum(one.undone for one in decided.weighed)
    parts = [
        number(len(decided.weighed), "decision"),
        number(events, "event") if events else "nothing new",
        f"{known} written down already" if known else "",
        f"{undone} left out, undone in the register" if undone else "",
    ]
    return ", ".join(part for part in parts if part)
