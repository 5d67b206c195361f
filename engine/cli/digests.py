"""The commands about digests: those that were made, and those that would be."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from commitments import store
from engine import schedule
from engine.cli.output import Day, table, workspace_option
from engine.posting import shown
from engine.session import open_session
from engine.tick import preview


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
        seen = shown(session.workspace, who, digest)
        if seen.trouble:
            click.echo(f"gestand: shown in our form, for a template has a mistake: {seen.trouble}", err=True)
        click.echo(seen.html if as_html else f"{seen.subject}\n\n{seen.text}")
