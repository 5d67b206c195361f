"""The commands that run: tick, serve."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import click

from commitments.ledger.holding import held_line
from commitments.trouble import TroubleError
from engine.answers import explain
from engine.assessment.setbacks import sentences
from engine.cli.output import Day, Failed, as_path, number, say, tell_problems, visible, workspace_option
from engine.cli.reading import reached
from engine.passes.assess_due import Change
from engine.passes.run import Pass, tick
from engine.recording.witness import now_and_then
from engine.service import scheduler
from engine.service.http import listening
from engine.service.ping import Ping
from engine.service.reload import Watched
from engine.service.server import Service
from engine.session import Session, open_session
from engine.workspace.clock import TwoClocks
from engine.workspace.missing import let_go, missing
from engine.workspace.settings import ServiceSettings
from notifications.content.digest import Digest


@click.command("tick")
@workspace_option
@click.option("--as-of", type=Day(), metavar="DATE", help="A pass as of eight in the morning of that day.")
@click.option("--without", multiple=True, metavar="NAME", help="Go on without this pack, calendar or template, which "
              "the last pass used and is gone; may be given again.")  # fmt: skip
def tick_command(folder: Path, as_of: date | None, without: tuple[str, ...]) -> None:
    """Run one pass: assess what changed, make the digests that are due, send what is in the outbox.

    Where a pack, a calendar, a template or the register files that the last pass used are gone, nothing is done until
    they are back, or --without names them.
    """
    with open_session(folder) as session, session.store.acting():
        _refuse_broken(session)
        now = session.now()
        _let_go(session, without, now)
        if as_of is not None:
            now = min(now, session.morning(reached(session, as_of)))
        done = tick(session.store, session.workspace, session.assessor, session.deliverer, now=now, clock=session.now)
        stamped = None if done.held or as_of else now_and_then(session, session.now())
    tell_pass(done, session)
    if stamped is not None:
        say(f"  {stamped}")
    if done.earlier_than or done.unassessed or done.published.troubles or (done.delivered and done.delivered.failed):
        raise Failed


class BrokenRulesError(TroubleError):
    """Rule files or calendars that cannot be read: a pass without them would drop what they ask for."""

    def __init__(self, count: int) -> None:
        them = "it" if count == 1 else "them"
        super().__init__(f"nothing was done: {number(count, 'problem')} in the files above; mend {them} first")


def _refuse_broken(session: Session) -> None:
    if count := tell_problems(session.workspace.problems):
        raise BrokenRulesError(count)


def _let_go(session: Session, without: Collection[str], now: datetime) -> None:
    if not without:
        return
    with session.store.writing() as tx:
        gone = [one.name for one in missing(tx, session.workspace)]
        for name in without:
            if name not in gone:
                known = f"gone are {', '.join(gone)}" if gone else "nothing is gone"
                raise click.BadParameter(f"{name} is not gone since the last pass; {known}", param_hint="--without")
        let_go(tx, session.workspace, without, now)


_THE_CLOCK = "; if the clock was wrong then, say so with `gestand clock-was-wrong --note WHY`"


def tell_pass(done: Pass, session: Session) -> None:
    """Print what a pass did."""
    if done.earlier_than is not None:
        wrong = "" if done.earlier_than <= session.now() else _THE_CLOCK
        say(f"nothing done: a later pass was made already, as of {done.earlier_than:%Y-%m-%d %H:%M %Z}{wrong}")
        return
    say(f"{number(done.assessed, 'commitment')} assessed, {done.changed} changed")
    tell_changes(done.changes)
    if done.changed > len(done.changes):
        say(f"  … and {done.changed - len(done.changes)} more")
    for digest in done.digests:
        say(f"  digest to {digest.reader.name} <{digest.reader.address}>: {digest_line(digest)}")
    for recipient in done.nothing_for:
        say(f"  nothing to say to {recipient.name}")
    if done.delivered is not None:
        say(f"  {done.delivered}")
    if done.held:
        say(f"  {held_line(done.held)}")
    if session.workspace.settings.mail.deliver == "folder" and done.digests:
        say(f"  in {as_path(session.workspace.outbox)}")
    for file in done.published.written:
        say(f"  calendar file {file} written")
    for trouble in (*sentences(done.unassessed), *done.published.troubles):
        say(f"  {visible(trouble)}")


def tell_changes(changes: Sequence[Change]) -> None:
    """Print the statuses that changed, a line each."""
    width = max((len(change.id) for change in changes), default=0)
    for change in changes:
        say(f"  {change.id:<{width}}  {visible(change_line(change))}")


def change_line(change: Change) -> str:
    """A status that changed, in a line."""
    before = f"{change.before.replace('_', ' ')} → " if change.before else ""
    due = f" (due {explain.spoken_window(change.standing.current)})" if change.standing.current else ""
    return f"{before}{explain.verdict(change.standing)}{due} · {change.title}"


def digest_line(digest: Digest) -> str:
    """What a digest holds: 2 new overdue, 1 due soon."""
    return ", ".join(f"{len(items)} {section.replace('_', ' ')}" for section, items in digest.sections)


@click.command("serve")
@workspace_option
@click.option("--interval", type=click.FloatRange(min=0.05), default=scheduler.INTERVAL, show_default=True,
              help="Seconds between passes.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), help="Where /health and /metrics answer; 0 for nowhere.")
def serve_command(folder: Path, interval: float, port: int | None) -> None:
    """Run passes until stopped (Ctrl-C or SIGTERM); one instance at a time.

    Rule files, calendars and settings that change are read anew before the next pass, and at once on SIGHUP. How the
    service is can be asked on a local port (`service` in gestand.yaml): /health, and /metrics for Prometheus.
    """
    lines = logging.StreamHandler()
    lines.setFormatter(_OneLine("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[lines])
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    logging.getLogger("gestand.setbacks").setLevel(logging.DEBUG)
    with (
        scheduler.no_hangup(),
        open_session(folder) as session,
        session.store.acting(),
        closing(Watched(session)) as watched,
    ):
        settings = session.workspace.settings.service
        if port is not None:
            settings = ServiceSettings.model_validate({**settings.model_dump(exclude_unset=True), "port": port})
        session.store.check()
        clocks = TwoClocks(wall=session.now())
        service = Service(watched=watched, interval=interval, ping=Ping(settings.ping), clocks=clocks)
        with listening(settings, service.respond) as there:
            say(f"serving {as_path(folder)}: a pass every {interval:g} s{_at(settings, there)}; Ctrl-C stops it")
            if reason := session.held():
                say(held_line(reason))
            scheduler.serve(
                lambda: _log(service.turn()), interval=interval, heartbeat=service.heartbeat, reload=service.reload
            )
    say("stopped")


class _OneLine(logging.Formatter):
    """Log entries of one line each, whatever a text of the register in them holds; a traceback follows as it is."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name that logging calls
        return visible(super().formatMessage(record))


def _at(settings: ServiceSettings, port: int) -> str:
    return f", http://{settings.host}:{port}/health" if port else ""


def _log(done: Pass) -> None:
    for digest in done.digests:
        scheduler.log.info("digest to %s: %s", digest.reader.address, digest_line(digest))
    for change in done.changes:
        scheduler.log.info("%s %s", change.id, change_line(change))
