"""The commands that count and need no register: deadline, calendar."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

import click

from commitments.model.dates import Window
from commitments.reading.source import files_in
from commitments.trouble import TroubleError
from engine.answers.explain import spoken_window
from engine.cli.output import Failed, hand_over, number, say, table, tell_problems, workspace_option, write_json
from engine.workspace import clock
from engine.workspace.settings import usable
from rules.calendars.almanac import at_a_glance, lint
from rules.calendars.calendar import SHIPPED, Calendars
from rules.counting.deadline import calculate_lines
from rules.counting.due import Counting, MonthEnd, Roll
from rules.counting.period import split_short
from rules.pack.book import SUFFIXES


def _words(enum: type[StrEnum]) -> list[str]:
    return [item.value for item in enum]


SWITCHES: tuple[Callable[..., Any], ...] = (
    click.option("--counting", type=click.Choice(_words(Counting)), help="Whether the day counted from counts itself."),
    click.option("--month-end", type=click.Choice(_words(MonthEnd)), help="Where a month has no such day."),
    click.option(
        "--roll",
        type=click.Choice(_words(Roll)),
        metavar="HOW",
        help="Where the end falls on a day off: following, preceding…",
    ),
    click.option("--calendar", multiple=True, metavar="NAME", help="Which days are off; several are joined."),
    click.option("--minimum", metavar="PERIOD", help="How many working days it must hold: 2 working days."),
    click.option("--minimum-if", metavar="PERIOD", help="From which length on: 3 days."),
    click.option("--suspend", metavar="CALENDAR", help="In whose recesses the clock stands still."),
    click.option("--suspend-mode", type=click.Choice(["skip", "extend"]), help="How it makes up for that."),
    click.option("--short", metavar="PERIOD", help="Up to which length days are working days: 5 days."),
    click.option("--anchor-roll", type=click.Choice(["none", "following"]), help="Counted from a day off."),
    click.option("--cutoff", metavar="TIME", help="After which time the next day is counted from: 16:00."),
    click.option("--until", type=click.Choice(["inclusive", "exclusive"]), help="Whether the last day is in time."),
    click.option("--at", metavar="TIME", help="At which time of the last day: 10:00."),
    click.option("--cap", metavar="DATE", help="No later than: a date, or 1 year after a date."),
    click.option("--floor", metavar="DATE", help="No earlier than."),
    click.option("--timezone", metavar="ZONE", help="Where the days are counted: Europe/Amsterdam."),
)
"""A switch of the `due` mapping each; what they mean is in docs/counting-time.md."""


def _switches(command: Callable[..., Any]) -> Callable[..., Any]:
    for switch in reversed(SWITCHES):
        command = switch(command)
    return command


@click.command("deadline")
@workspace_option
@click.argument("question", required=False)
@_switches
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for a program to read.")
@click.option("--batch", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE",
              help="Count many: a file, or - for standard input, with a JSON object {id, due} a line.")  # fmt: skip
def deadline_command(
    folder: Path,
    question: str | None,
    as_json: bool,
    batch: Path | None,
    **switches: Any,  # noqa: ANN401
) -> None:
    """Count a deadline, and say how.

    QUESTION is a sentence such as "4 weeks after 2018-07-13", "20 working days after 2018-07-13" or
    "2 months before 2027-12". Calendars are those that ship with Gestand and those of the workspace.
    """
    calendars = usable(folder)
    if batch is not None:
        _count_all(batch, calendars)
        return
    if question is None:
        raise click.UsageError('nothing to count; write, for instance, gestand deadline "4 weeks after 2018-07-13"')
    (found,) = calculate_lines([json.dumps({"due": _due(question, switches)}, default=str)], calendars)
    if as_json:
        write_json({name: value for name, value in found.items() if name != "id"})
    if "error" in found:
        if not as_json:
            say(f"gestand: {found['error']}", err=True)
        raise Failed
    if not as_json:
        _tell(found)


def _due(question: str, switches: dict[str, Any]) -> dict[str, Any]:
    """The `due` mapping that the command line says."""
    try:
        due = split_short(question)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in switches.items() if value}
    if "short" in given:
        given["short"] = {"up_to": given["short"]}
    return due | given


def _tell(found: dict[str, Any]) -> None:
    say(f"due {found['due'] if 'T' in found['due'] else spoken_window(Window.parse(found['due']))}")
    for place, step in enumerate(found["steps"], start=1):
        say(f"  {place} {step['step']:<9}{step['text']}")


def _count_all(batch: Path, calendars: Calendars) -> None:
    failed = False
    with click.open_file(str(batch), encoding="utf-8") as lines:
        for answer in calculate_lines(lines, calendars):
            failed |= "error" in answer
            sys.stdout.write(f"{json.dumps(answer, ensure_ascii=False)}\n")
    if failed:
        raise Failed


# ------------------------------------------------------------------------------------------------- calendars


class NoSuchCalendarError(TroubleError):
    """A calendar that is not there."""

    def __init__(self, name: str, hint: str) -> None:
        super().__init__(f"there is no calendar {name}; {hint}")


@click.group("calendar")
def calendar_command() -> None:
    """Show which days count, and check calendar files."""


@calendar_command.command("list")
@workspace_option
def calendar_list_command(folder: Path) -> None:
    """List the calendars there are, and how far each is known."""
    rows = [
        (name, found.title, f"until {found.horizon}" if found.horizon else "always")
        for name, found in sorted(usable(folder).by_name.items())
    ]
    table(("calendar", "what", "known"), rows, wide="what")


@calendar_command.command("show")
@workspace_option
@click.argument("name")
@click.argument("year", type=click.IntRange(1, 9999), required=False)
def calendar_show_command(folder: Path, name: str, year: int | None) -> None:
    """Show a calendar's year at a glance: the days off, the recesses, and why."""
    calendars = usable(folder)
    found = calendars.get(name)
    if found is None:
        raise NoSuchCalendarError(name, calendars.instead(name))
    hand_over(at_a_glance(found, year or clock.now().year))


@calendar_command.command("lint")
@workspace_option
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]…")
def calendar_lint_command(folder: Path, files: tuple[Path, ...]) -> None:
    """Check calendar files: overlaps, ranges that end before they begin, years without data.

    Without FILE: those of the workspace, and those that ship with Gestand.
    """
    there = [files_in(place, SUFFIXES) for place in (SHIPPED, folder / "calendars")]
    chosen = files or tuple(sorted(path for paths, _ in there for path in paths))
    unread = () if files else tuple(problem for _, problems in there for problem in problems)
    count = tell_problems((*unread, *(found for path in chosen for found in lint(path))))
    say(f"{number(len(chosen), 'calendar')}: {number(count, 'problem') if count else 'all in order'}")
    if count:
        raise Failed
