"""The demonstration: real records, real rules, five days on which something happened."""

from __future__ import annotations

import shutil
import sys
from datetime import date, datetime
from importlib import resources
from pathlib import Path

import click

from commitments import exchange
from commitments.ledger import register
from commitments.ledger.register import Draft
from commitments.trouble import TroubleError
from engine.answers import explain
from engine.answers.account import Asked, report, source
from engine.cli.auditing import SUFFIXES, written
from engine.cli.output import Failed, as_path, say, tell_problems
from engine.cli.reading import find
from engine.cli.running import digest_line, tell_changes
from engine.cli.setting import copy_workspace
from engine.passes.cycles import grow
from engine.passes.run import Pass, tick
from engine.session import Session, open_session
from engine.workspace import clock
from engine.workspace.settings import FILE
from notifications import account as pages
from rules.calendars.calendar import spoken

SAMPLES = "commitments.samples"
MARK = ".gestand-demo"
SEED = "34964-B"
STORY = (
    (date(2018, 8, 1), "the letter of 13 July 2018 was sent nineteen days ago"),
    (date(2018, 8, 10), "the last day in time for the reply"),
    (date(2018, 8, 11), "the day after"),
    (date(2018, 8, 30), "the day the reply came"),
)


class NotADemoError(TroubleError):
    """A folder that the demonstration would overwrite, and did not make."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not empty and not made by `gestand demo`; name another folder")


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path("demo"))
def demo_command(folder: Path) -> None:
    """Make a workspace of real records in FOLDER, let time pass, and show what came of it.

    The records: letters and replies of the Dutch parliament, undertakings with the decisions on them, the meetings of
    the two United Nations compacts. A FOLDER that an earlier demonstration made is made anew.
    """
    _prepare(folder)
    with open_session(folder, new=True) as session, session.store.acting():
        if tell_problems(session.workspace.problems):
            raise Failed
        drafts = _drafts()
        now = clock.now()
        moments = [(session.morning(day), day, what) for day, what in STORY]
        for moment, day, what in (*moments, (now, session.assessor.today(now), "today")):
            say("", f"{spoken(day)} · {what}")
            _tell(_live_through(session, drafts, day, moment))
        _again(session, STORY[1][0])
        _leave(session)


def _prepare(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise NotADemoError(folder)
        shutil.rmtree(folder)
    copy_workspace("demo", folder)
    (folder / MARK).touch()


def _drafts() -> tuple[Draft, ...]:
    """The records that ship with Gestand."""
    drafts: list[Draft] = []
    for item in sorted(resources.files(SAMPLES).iterdir(), key=lambda item: item.name):
        with resources.as_file(item) as path:
            if path.suffix in exchange.READERS:
                found, problems = exchange.read(path)
                tell_problems(problems)
                drafts += found
    return tuple(drafts)


def _live_through(session: Session, drafts: tuple[Draft, ...], day: date, now: datetime) -> Pass:
    """Learn what had happened by that moment of a day, and run the pass."""
    with session.store.writing() as tx:
        grow(tx, session.workspace.book, today=day, at=now)
        intake = register.take_in(tx, drafts, today=day, at=now, actor="demo")
    tell_problems(intake.problems)
    say(f"  taken in: {intake}")
    return tick(session.store, session.workspace, session.assessor, session.deliverer, now=now)


def _tell(done: Pass) -> None:
    watched = [change for change in done.changes if change.before or not change.standing.status.settled]
    tell_changes(watched)
    history = done.changed - len(watched)
    if history:
        say(f"  ({history} more were settled before they were taken in)")
    for digest in done.digests:
        say(f"  → digest to {digest.reader.name}: {digest_line(digest)}")
    for recipient in done.nothing_for:
        say(f"  → nothing to say to {recipient.name}")


def _again(session: Session, day: date) -> None:
    say("", f"{spoken(day)} · once more, a day that has passed")
    done = tick(session.store, session.workspace, session.assessor, session.deliverer, now=session.morning(day))
    assert done.earlier_than is not None  # noqa: S101 (what this line shows)
    say("  nothing is done and nothing is sent")


def _leave(session: Session) -> None:
    """Print the explanation and the account, and say where everything is."""
    folder, today = session.workspace.folder, session.assessor.today(clock.now())
    assessment = session.assessor.on(find(session, SEED), today)
    if assessment is not None:
        say("", f"$ gestand explain {SEED}")
        say(*explain.explanation(assessment, session.workspace.book))
    say("", "$ gestand audit", *_audit(session, Asked(day=today)).splitlines())
    there = as_path(folder)
    say("", f"See for yourself, in {there}/:")
    for name, what in (
        ("outbox/", "every digest as .eml, .html and .txt"),
        ("audit.html", "the account of fulfilled against pending (also .md, .csv and .json)"),
        ("gestand.db", "the register and its ledger"),
        (FILE, "who gets what, and when"),
    ):
        say(f"  {name:<14}{what}")
    say("and ask it more:")
    for question in ("list --status open", "explain grf-2027", "audit", "verify"):
        say(f"  {sys.argv[0]} -w {there} {question}")


def _audit(session: Session, asked: Asked) -> str:
    """Write the account in every form; it in a sentence or two."""
    with source(session, asked, clock.now()) as found:
        for suffix in (".html", ".md", ".csv", ".json"):
            text = "".join(written(session, found, asked, SUFFIXES[suffix]))
            (session.workspace.folder / f"audit{suffix}").write_text(text, encoding="utf-8", newline="")
        return pages.summary(report(session, found, asked).account)
