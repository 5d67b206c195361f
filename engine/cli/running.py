"""The commands that run: tick, serve, digest."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import click

from commitments import store
from commitments.store import lock
from commitments.trouble import TroubleError
from engine import explain, schedule
from engine.cli.output import Day, Failed, as_path, number, table, tell_problems, workspace_option
from engine.reload import Watched
from engine.session import Session, open_session
from engine.tick import Change, Pass, preview, tick
from notifications.digest import Digest
from notifications.render import render


@click.command("tick")
@workspace_option
@click.option("--as-of", type=Day(), metavar="DATE", help="A pass as of eight in the morning of that day.")
def tick_command(folder: Path, as_of: date | None) -> None:
    """Run one pass: assess what changed, make the digests that are due, send what is in the outbox."""
    with open_session(folder) as session, lock(session.workspace.store):
        _refuse_broken(session)
        now = session.morning(as_of) if as_of else schedule.now()
        done = tick(session.store, session.workspace, session.assessor, session.deliverer, now=now)
    tell_pass(done, session)
    if done.earlier_than or (done.delivered and done.delivered.failed):
        raise Failed


class BrokenRulesError(TroubleError):
    """Rule files or calendars that cannot be read: a pass without them would drop what they ask for."""

    def __init__(self, count: int) -> None:
        them = "it" if count == 1 else "them"
        super().__init__(f"nothing was done: {number(count, 'problem')} in the files above; mend {them} first")


def _refuse_broken(session: Session) -> None:
    if count := tell_problems(session.workspace.problems):
        raise BrokenRulesError(count)


def tell_pass(done: Pass, session: Session) -> None:
    """Print what a pass did."""
    if done.earlier_than is not None:
        click.echo(f"nothing done: a later pass was made already, as of {done.earlier_than:%Y-%m-%d %H:%M %Z}")
        return
    click.echo(f"{number(done.assessed, 'commitment')} assessed, {len(done.changes)} changed")
    tell_changes(done.changes)
    for digest in done.digests:
        click.echo(f"  digest to {digest.reader.name} <{digest.reader.address}>: {digest_line(digest)}")
    for recipient in done.nothing_for:
        click.echo(f"  nothing to say to {recipient.name}")
    if done.delivered is not None:
        click.echo(f"  {done.delivered}")
    if session.workspace.settings.mail.deliver == "folder" and done.digests:
        click.echo(f"  in {as_path(session.workspace.outbox)}")


def tell_changes(changes: Sequence[Change]) -> None:
    """Print the statuses that changed, a line each."""
    width = max((len(change.commitment.id) for change in changes), default=0)
    for change in changes:
        click.echo(f"  {change.commitment.id:<{width}}  {change_line(change)}")


def change_line(change: Change) -> str:
    """A status that changed, in a line."""
    before = f"{change.before.replace('_', ' ')} → " if change.before else ""
    due = f" (due {explain.spoken_window(change.standing.current)})" if change.standing.current else ""
    return f"{before}{explain.verdict(change.standing)}{due} · {change.commitment.title}"


def digest_line(digest: Digest) -> str:
    """What a digest holds: 2 new overdue, 1 due soon."""
    return ", ".join(f"{len(items)} {section.replace('_', ' ')}" for section, items in digest.sections)


@click.command("serve")
@workspace_option
@click.option("--interval", type=click.FloatRange(min=0.05), default=schedule.INTERVAL, show_default=True,
              help="Seconds between passes.")  # fmt: skip
def serve_command(folder: Path, interval: float) -> None:
    """Run passes until stopped (Ctrl-C or SIGTERM); one instance at a time.

    Rule files, calendars and settings that change are read anew before the next pass.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%Y-%m-%d %H:%M:%S")
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    with (
        open_session(folder) as session,
        lock(session.workspace.store),
        closing(Watched(session)) as watched,
    ):
        session.store.check()
        click.echo(f"serving {as_path(folder)}: a pass every {interval:g} s; Ctrl-C stops it")
        schedule.serve(lambda: _serve_pass(watched), interval=interval)
    click.echo("stopped")


def _serve_pass(watched: Watched) -> None:
    session = watched.refreshed(schedule.now())
    done = tick(
        session.store,
        session.workspace,
        session.assessor,
        session.deliverer,
        now=schedule.now(),
        clock=schedule.now,
        back=True,
    )
    for digest in done.digests:
        schedule.log.info("digest to %s: %s", digest.reader.address, digest_line(digest))
    for change in done.changes:
        schedule.log.info("%s %s", change.commitment.id, change_line(change))


@click.group("digest")
def digest_command() -> None:
    """See the digests that were made, or those that would be."""


@digest_command.command("list")
@workspace_option
def digest_list_command(folder: Path) -> None:
    """List the digests made so far, and what became of each."""
    with open_session(folder) as session, session.store.reading() as tx:
        rows = list(tx.execute(store.digest.select().order_by(store.digest.c.slot)))
        sent = {row.digest: row for row in tx.execute(store.outbox.select())}
    if not rows:
        click.echo("no digest was made yet; `gestand tick` makes those that are due")
        return
    table(("slot (UTC)", "recipient", "state"), [(_slot(row.slot), row.recipient, _state(row, sent)) for row in rows])


def _slot(text: str) -> str:
    return text[:16].replace("T", " ")


def _state(row: Any, sent: dict[int, Any]) -> str:  # noqa: ANN401 (a row has no type of its own)
    if row.id not in sent:
        return str(row.reason or row.state)
    mail = sent[row.id]
    return f"{mail.state}: {mail.last_error}" if mail.last_error else str(mail.state)


@digest_command.command("preview")
@workspace_option
@click.option("--recipient", metavar="ADDRESS", help="Only this recipient's.")
@click.option("--html", "as_html", is_flag=True, help="The HTML form.")
@click.option("--as-of", type=Day(), metavar="DATE", help="As of eight in the morning of that day.")
def digest_preview_command(folder: Path, recipient: str | None, as_html: bool, as_of: date | None) -> None:
    """Show the digest that would be made now. Nothing is sent, nothing is written down."""
    with open_session(folder) as session:
        now = session.morning(as_of) if as_of else schedule.now()
        made = preview(session.store, session.workspace, session.assessor, now=now)
    chosen = [(who, digest) for who, digest in made if recipient in (None, who.address)]
    if not chosen:
        known = ", ".join(who.address for who in session.workspace.settings.recipients) or "none"
        raise click.UsageError(f"no recipient {recipient}; those in gestand.yaml are {known}")
    for who, digest in chosen:
        if digest is None:
            click.echo(f"nothing to say to {who.name} <{who.address}>")
            continue
        shown = render(digest, note=", ".join(who.roles))
        click.echo(shown.html if as_html else f"{shown.subject}\n\n{shown.text}")
