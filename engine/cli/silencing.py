"""The commands that keep digests quiet for a while: silence, silences."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from engine.cli.output import Day, Words, actor_option, say, table, workspace_option, write_json
from engine.cli.reading import json_option, today
from engine.digests.silences import Silence, silences
from engine.recording.silence import PastDayError, end, silence
from engine.session import open_session
from engine.workspace.recipients import Scope
from rules.calendars.calendar import spoken


@click.command("silence")
@workspace_option
@click.argument("identifiers", nargs=-1, metavar="[ID]…")
@click.option("--by", multiple=True, metavar="PARTY", help="What this party, or one below it, owes.")
@click.option("--to", multiple=True, metavar="PARTY", help="What is owed to this party, or one below it.")
@click.option("--kind", multiple=True, metavar="KIND", help="Commitments of this kind.")
@click.option("--dossier", multiple=True, metavar="DOSSIER", help="Commitments of this dossier.")
@click.option("--until", type=Day(), required=True, metavar="DATE", help="The last day on which nothing is told.")
@click.option("--reason", type=Words(), required=True, metavar="TEXT", help="Why; those who would hear can read it.")
@actor_option
def silence_command(
    folder: Path,
    identifiers: tuple[str, ...],
    until: date,
    reason: str,
    actor: str,
    **scope: tuple[str, ...],
) -> None:
    """Tell nobody of some commitments for a while. Dates run on, and what was held back is told afterwards.

    Name commitments by their ids, or by who owes them, to whom, of which kind, of which dossier; all that is given must
    fit. That something is settled is told all the same. Three days before the end those who would hear are told of it.
    """
    if not identifiers and not any(scope.values()):
        raise click.UsageError("say what is to be silent: ids, or --by, --to, --kind, --dossier")
    wanted = _scope(id=identifiers, **scope)
    with open_session(folder) as session:
        try:
            made = silence(session, wanted, identifiers, until=until, reason=reason, actor=actor)
        except PastDayError as error:
            raise click.BadParameter(str(error), param_hint="--until") from error
    say(f"silence {made.number}: nothing is told of {made.what}, up to and with {spoken(until)}")


def _scope(**given: tuple[str, ...]) -> Scope:
    try:
        return Scope(**given)
    except ValidationError as error:
        (first, *_) = error.errors()
        place = ".".join(map(str, first["loc"][:1]))
        raise click.BadParameter(f"{first['input']!r} cannot be one", param_hint=f"--{place}") from error


@click.group("silences", invoke_without_command=True)
@json_option
@click.pass_context
def silences_command(ctx: click.Context, as_json: bool) -> None:
    """List what is silent, until when, by whose word and why; end a silence."""
    if ctx.invoked_subcommand is not None:
        return
    with open_session(ctx.obj) as session, session.store.reading() as tx:
        lasting = silences(tx, today(session))
    if as_json:
        write_json([_json(one) for one in lasting])
    elif lasting:
        head = ("silence", "until", "of what", "by", "why")
        rows = [(str(one.number), spoken(one.until), one.what, one.author, one.reason) for one in lasting]
        table(head, rows, wide="why")
    else:
        say("nothing is silent; `gestand silence ID --until DATE --reason WHY` holds back what would be told")


def _json(one: Silence) -> dict[str, Any]:
    scope = one.scope.model_dump(mode="json", exclude_defaults=True)
    return {"silence": one.number, "until": str(one.until), "of": scope, "by": one.author, "reason": one.reason}


@silences_command.command("end")
@workspace_option
@click.argument("number", type=int, metavar="NUMBER")
@actor_option
def silences_end_command(folder: Path, number: int, actor: str) -> None:
    """End a silence now: what it held back is told at the next slot."""
    with open_session(folder) as session:
        ended = end(session, number, actor=actor)
    say(f"silence {ended.number} has ended: {ended.what} is told of again")
