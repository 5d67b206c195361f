"""What the shell completes: the command that sets it up, and the ids of commitments as they are typed."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

from commitments.trouble import TroubleError
from engine.cli.output import say

SHELLS = ("bash", "zsh", "fish")
MOST = 50
"""The ids that are offered at a time."""
_VARIABLE = "_GESTAND_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS), default="bash")
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> None:
    """Print what lets a shell complete commands, options and the ids of commitments.

    For bash, put this into ~/.bashrc: eval "$(gestand completion bash)". For zsh the same in ~/.zshrc, with zsh; for
    fish: gestand completion fish > ~/.config/fish/completions/gestand.fish
    """
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"there is no completion for {shell}")
    script = made(ctx.find_root().command, {}, "gestand", _VARIABLE)
    say(script.source_template % script.source_vars())


def complete_ids(ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """The ids that begin as was typed, with their titles; none where there is no register to look into."""
    from commitments import store  # noqa: PLC0415 (what asks for no id does not wait for the database)
    from engine.workspace.settings import store_place  # noqa: PLC0415

    folder = ctx.find_root().params.get("workspace") or Path()
    table = store.commitment
    query = table.select().with_only_columns(table.c.id, table.c.title).order_by(table.c.id).limit(MOST)
    if typed:
        query = query.where(table.c.id >= typed, table.c.id.startswith(typed, autoescape=True))
    try:
        place = store_place(folder)
        with store.Store.open(place).reading() as tx:
            return [CompletionItem(row.id, help=row.title[:60]) for row in tx.execute(query)]
    except TroubleError:
        return []
