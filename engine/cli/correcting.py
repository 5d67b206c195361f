"""The command that owns up to a clock that was wrong: clock-was-wrong."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.output import Words, actor_option, say, workspace_option
from engine.recording.correct import clock_was_wrong
from engine.session import open_session


@click.command("clock-was-wrong")
@workspace_option
@click.option("--note", type=Words(), required=True, help="What was wrong with it, as far as is known.")
@actor_option
def clock_was_wrong_command(folder: Path, note: str, actor: str) -> None:
    """Say that the clock was wrong, where the ledger has entries of a time to come, or a time that goes back.

    Set the clock right first: this becomes an entry with the moment it is now, and later entries follow it. Those that
    a wrong clock wrote stay as they are; `show` and `verify` say for ever that it was wrong.
    """
    with open_session(folder) as session:
        wrong = clock_was_wrong(session, note=note, actor=actor)
    say(f"written down as ledger {wrong}")
