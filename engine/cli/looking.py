"""The commands that look ahead and look back: next, backtest."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click

from commitments.ledger import register
from commitments.model.dates import Window
from commitments.model.record import Record
from engine.answers import explain
from engine.answers.backtest import (
    Backtest,
    Differing,
    Redated,
    Restated,
    backtest,
)
from engine.answers.next_changes import Turn, turns
from engine.assessment.assess import Assessor
from engine.cli.completing import complete_ids
from engine.cli.output import Day, Failed, number, say, table, tell_problems, workspace_option, write_json
from engine.cli.reading import fail_unassessed, find, json_option, opened, today
from engine.matching.matcher import Matcher, matcher
from engine.session import Session
from notifications.content.notice import Notice
from rules.calendars.calendar import spoken
from rules.pack import book as rule_book
from rules.pack.book import RuleBook

# ------------------------------------------------------------------------------------------------- next


@click.command("next")
@workspace_option
@click.argument("identifier", metavar="[ID]", required=False, shell_complete=complete_ids)
@click.option("--days", type=click.IntRange(min=1, max=36_500), metavar="N", help="All changes of the next N days.")
@json_option
def next_command(folder: Path, identifier: str | None, days: int | None, as_json: bool) -> None:
    """Say when the next change comes and what it will be, if nothing happens.

    Without --days the first change of every commitment; with ID all that lie ahead of that one.
    """
    with opened(folder) as session:
        found = sorted(_ahead(session, identifier, days), key=lambda turn: (turn.day, _name(turn)))
    if as_json:
        write_json([_turn_json(turn) for turn in found])
    elif found:
        table(("day", "commitment", "title", "status", "who hears"), [_turn_line(turn) for turn in found], wide="title")
    else:
        within = f"in the next {number(days, 'day')}" if days else "by itself"
        say(f"nothing will change {within}")
    fail_unassessed(session)


def _ahead(session: Session, identifier: str | None, days: int | None) -> Iterator[Turn]:
    start = today(session)
    until = start + timedelta(days=days) if days else date.max
    everything = days is not None or identifier is not None
    for record in _records(session, identifier):
        for turn in turns(session.assessor, record, start, until):
            yield turn
            if not everything:
                break


def _records(session: Session, identifier: str | None) -> Iterable[Record]:
    if identifier is not None:
        return [find(session, identifier)]
    with session.store.reading() as tx:
        return list(register.records(tx))


def _name(turn: Turn) -> str:
    return turn.assessment.record.commitment.id


def _turn_line(turn: Turn) -> tuple[str, ...]:
    status = _words(turn.after)
    if turn.before is not turn.after:
        status = f"{_words(turn.before)} → {status}"
    hears = ", ".join(f"{notice.audience}: {_words(notice.stage)}" for notice in turn.notices)
    return spoken(turn.day), _name(turn), turn.assessment.record.commitment.title, status, hears or "nobody"


def _words(word: str) -> str:
    return word.replace("_", " ")


def _turn_json(turn: Turn) -> dict[str, Any]:
    standing = turn.assessment.standing
    return {
        "day": turn.day.isoformat(),
        "commitment": _name(turn),
        "title": turn.assessment.record.commitment.title,
        "from": turn.before.value,
        "to": turn.after.value,
        "due": str(standing.current) if standing.current else None,
        "notices": [_notice_json(notice) for notice in turn.notices],
    }


def _notice_json(notice: Notice) -> dict[str, Any]:
    names = ("rule", "stage", "step", "audience")
    return {"day": notice.day.isoformat(), **{name: getattr(notice, name) for name in names}}


# ------------------------------------------------------------------------------------------------- backtest


@click.command("backtest")
@workspace_option
@click.argument("rules", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True), metavar="[OLD] NEW")
@click.option("--from", "since", type=Day(), metavar="DATE", help="The first day; a year before the last without it.")
@click.option("--to", "until", type=Day(), metavar="DATE", help="The last day; today without it.")
@click.option("--examples", type=click.IntRange(min=0), default=5, show_default=True, help="How many to show.")
@click.option("--exit-code", is_flag=True, help="Leave with 1 if anything differs.")
@json_option
def backtest_command(
    folder: Path,
    rules: tuple[Path, ...],
    since: date | None,
    until: date | None,
    examples: int,
    exit_code: bool,
    as_json: bool,
) -> None:
    """Say what would have differed on this register if the rules of NEW had been in use instead of OLD.

    OLD and NEW are rule files, or folders of them; each takes the place of the packs of the same names. Without OLD it
    is the packs in use. Nothing is written down.
    """
    if len(rules) > 2:
        raise click.UsageError("name the new rules, or the old and the new: two files or folders at most")
    with opened(folder) as session:
        last = until or today(session)
        first = since or last - min(timedelta(days=365), last - date.min)
        if first > last:
            raise click.UsageError(f"{first} is after {last}: let --from be the earlier day")
        found = _backtest(session, *_books(session, rules), first, last)
    if as_json:
        write_json(_backtest_json(found))
    else:
        _tell_backtest(found, examples)
    if exit_code and found.differing:
        raise Failed


def _books(session: Session, places: tuple[Path, ...]) -> tuple[RuleBook, RuleBook]:
    """The old rules and the new: the packs in use, and those of the files in the place of their namesakes."""
    workspace = session.workspace
    given = [_files(place) for place in places]
    names = {rule_book.pack_name(file) for files in given for file in files}
    kept = [file for file in workspace.files if rule_book.pack_name(file) not in names]
    made = [workspace.check_files([*kept, *files]) for files in given]
    fresh = dict.fromkeys(item for _, problems in made for item in problems if item not in workspace.problems)
    if tell_problems(fresh):
        raise Failed
    return (made[0][0] if len(made) > 1 else workspace.book), made[-1][0]


def _files(place: Path) -> list[Path]:
    return rule_book.pack_files(place) if place.is_dir() else [place]


def _backtest(session: Session, old: RuleBook, new: RuleBook, since: date, until: date) -> Backtest:
    with session.store.reading() as tx:
        total = len(register.ids(tx))
        with closing(_matcher(old)) as before, closing(_matcher(new)) as after:
            workspace = session.workspace
            assessors = [
                Assessor(book, workspace.calendars, chosen, workspace.settings.timezone)
                for book, chosen in ((old, before), (new, after))
            ]
            return backtest(_watched(register.records(tx), total), assessors[0], assessors[1], since, until)


def _matcher(book: RuleBook) -> Matcher:
    return matcher({name: item.rule.condition for name, item in book.rules.items()})


def _watched(records: Iterable[Record], total: int) -> Iterable[Record]:
    """The records, with a progress bar where a person is looking."""
    if not sys.stderr.isatty():
        return records
    from rich.console import Console  # noqa: PLC0415 (loaded only where it is shown)
    from rich.progress import track  # noqa: PLC0415

    return track(records, "backtest", total=total, console=Console(stderr=True), transient=True)


def _tell_backtest(found: Backtest, examples: int) -> None:
    differing = found.differing
    period = f"{spoken(found.since)} – {spoken(found.until)}"
    say(f"{number(found.looked_at, 'commitment')}, {period}: {len(differing) or 'none'} would have differed")
    if not differing:
        return
    say("")
    head = ("rule", "deadlines", "statuses", "notices gone", "notices new")
    rows = [(one.rule, *map(str, (one.deadlines, one.statuses, one.gone, one.fresh))) for one in found.counts]
    table(head, rows, wide="rule")
    for item in differing[:examples]:
        say("", f"{item.commitment.id}  {item.commitment.title}")
        say(*(f"  {line}" for line in _lines(item)))
    if len(differing) > examples:
        say("", f"and {len(differing) - examples} more; --examples shows as many as you like, --json all of them")


def _lines(item: Differing) -> Iterator[str]:
    for one in item.deadlines:
        yield f"due     {_window(one.old)} → {_window(one.new)} (from {one.since} on)"
    for stretch in item.statuses:
        days = f"{stretch.first} – {stretch.last}" if stretch.first != stretch.last else f"{stretch.first}"
        yield f"status  {_words(stretch.old)} → {_words(stretch.new)} ({days})"
    for sign, notices in (("gone", item.gone), ("new", item.fresh)):
        for notice in notices:
            yield f"{sign:<8}{_words(notice.stage)} to {notice.audience} on {spoken(notice.day)}"


def _window(window: Window | None) -> str:
    return explain.spoken_window(window) if window else "not known"


def _backtest_json(found: Backtest) -> dict[str, Any]:
    return {
        "from": found.since.isoformat(),
        "to": found.until.isoformat(),
        "commitments": found.looked_at,
        "rules": [vars(count) for count in found.counts],
        "differing": [_differing_json(item) for item in found.differing],
    }


def _differing_json(item: Differing) -> dict[str, Any]:
    return {
        "commitment": item.commitment.id,
        "deadlines": [_redated_json(one) for one in item.deadlines],
        "statuses": [_restated_json(one) for one in item.statuses],
        "notices_gone": [_notice_json(one) for one in item.gone],
        "notices_new": [_notice_json(one) for one in item.fresh],
    }


def _redated_json(one: Redated) -> dict[str, Any]:
    old, new = (str(window) if window else None for window in (one.old, one.new))
    return {"since": one.since.isoformat(), "rule": one.rule, "old": old, "new": new}


def _restated_json(one: Restated) -> dict[str, Any]:
    first, last = one.first.isoformat(), one.last.isoformat()
    return {"from": first, "to": last, "rule": one.rule, "old": one.old.value, "new": one.new.value}
