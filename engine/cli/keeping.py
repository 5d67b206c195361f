"""The commands that keep the register whole: verify."""

from __future__ import annotations

from pathlib import Path

import click

from commitments import ledger, register
from engine.cli.output import Failed, workspace_option
from engine.session import open_session


@click.command("verify")
@workspace_option
@click.option("--anchor", metavar='"#SEQ HASH"', help="A ledger head, as printed in a digest: finds a cut-off tail.")
def verify_command(folder: Path, anchor: str | None) -> None:
    """Check that nobody changed the ledger: every entry against its hash and the one before it."""
    with open_session(folder) as session:
        session.store.check()
        with session.store.reading() as tx:
            verdict = ledger.verify(register.entries(tx), anchor)
    click.echo(str(verdict))
    if not verdict.ok:
        raise Failed
