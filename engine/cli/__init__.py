"""The command line: `gestand`. Each command is in the module that the table names, loaded only when it is called."""

from __future__ import annotations

import gc
import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

import click
from click.shell_completion import CompletionItem

from engine.cli.output import ready_streams, tell_failure

COMMANDS = {
    "init": ("engine.cli.setting", "make a workspace that works at once"),
    "demo": ("engine.cli.demo", "see the whole of it at work on a real case"),
    "check": ("engine.cli.setting", "check rule files, calendars and settings"),
    "test": ("engine.cli.rules", "run the tests that rule files carry"),
    "import": (
        "engine.cli.importing",
        "take in files (YAML, JSON, JSON lines, CSV, XLSX), or what a service tells",
    ),
    "export": ("engine.cli.exchanging", "write the register or its ledger to a file"),
    "record": ("engine.cli.writing", "write down what happened to a commitment"),
    "decide": ("engine.cli.deciding", "take in what a meeting decided on many commitments"),
    "undo": ("engine.cli.writing", "say that an entry of the ledger did not happen as recorded"),
    "list": ("engine.cli.listing", "list commitments and where they stand"),
    "show": ("engine.cli.showing", "show a commitment with its whole history"),
    "explain": ("engine.cli.showing", "say why a date is what it is, or why a rule does not apply"),
    "diff": ("engine.cli.comparing", "say what changed between two days"),
    "next": ("engine.cli.looking", "say when the next change comes and what it will be"),
    "audit": ("engine.cli.auditing", "account for fulfilled against pending"),
    "backtest": ("engine.cli.looking", "say what other rules would have made of this register"),
    "tick": ("engine.cli.running", "run one pass: assess, tell, send"),
    "serve": ("engine.cli.running", "run passes until stopped"),
    "feed": ("engine.cli.feeding", "write deadlines for calendar programs"),
    "letter": ("engine.cli.letters", "draft the reminder of an overdue reply"),
    "digest": ("engine.cli.digests", "show digests made or to come, who hears of what, and try the mail"),
    "silence": ("engine.cli.silencing", "tell nobody of some commitments for a while"),
    "silences": ("engine.cli.silencing", "list what is silent, and end it"),
    "outbox": ("engine.cli.mailing", "show what waits to be sent or was refused, and mend it"),
    "bounces": ("engine.cli.mailing", "read what came back, and stop writing to who is gone"),
    "deadline": ("engine.cli.counting", "count a deadline"),
    "calendar": ("engine.cli.counting", "show or check a calendar"),
    "schema": ("engine.cli.rules", "write the form of rule files for editors, as JSON Schema"),
    "docs": ("engine.cli.rules", "write a page about each pack"),
    "verify": ("engine.cli.keeping", "check that nobody changed the ledger"),
    "clock-was-wrong": ("engine.cli.correcting", "say that entries were written by a clock that was wrong"),
    "witness": ("engine.cli.witnessing", "have an authority stamp the time of what the ledger holds"),
    "proof": ("engine.cli.witnessing", "write the proof of one entry, for a stranger to check"),
    "backup": ("engine.cli.copying", "write a copy of the whole register"),
    "restore": ("engine.cli.copying", "make the register from a copy, which delivers nothing at first"),
    "resume": ("engine.cli.copying", "let a restored register deliver again"),
    "erase": ("engine.cli.keeping", "erase texts, such as names of people, and leave the ledger whole"),
    "completion": ("engine.cli.completing", "let the shell complete commands and ids"),
    "doctor": ("engine.cli.setting", "say what runs here, and whether it is well"),
}
"""Every command: where it lives, and what it does in a line."""


def _loaded(name: str) -> ModuleType:
    """A module with all that it needs. What is loaded stays: searching it for garbage took a tenth of a second."""
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()


class _Lazy(click.Group):
    """A group that imports a command when it is called, so that `--help` answers at once."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = _loaded(COMMANDS[name][0])
        command: click.Command = getattr(module, f"{name.replace('-', '_')}_command")
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        named = [CompletionItem(name, help=what) for name, (_, what) in COMMANDS.items() if name.startswith(incomplete)]
        return named or click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, what) for name, (_, what) in COMMANDS.items()])


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "-w",
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    envvar="GESTAND_WORKSPACE",
    show_envvar=True,
    help="The folder with gestand.yaml; the present one where this is left out.",
)
@click.version_option(package_name="gestand", prog_name="gestand")
@click.pass_context
def gestand(ctx: click.Context, workspace: Path) -> None:
    """Watch what was promised, by whom, by when, and what became of it.

    Start with `gestand demo`, or make a workspace of your own with `gestand init FOLDER`.
    """
    ctx.obj = workspace


def main() -> None:
    """Run the command line and leave with 0, 1 (something is wrong), 2 (wrong use), 3 (a bug) or 130 (interrupted)."""
    try:
        ready_streams()
        status = gestand.main(prog_name="gestand", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except BaseException as error:
        status = tell_failure(error)
    sys.exit(status if isinstance(status, int) else 0)
