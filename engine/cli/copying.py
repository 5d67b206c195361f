"""The commands for copies of the register: backup, restore, resume."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from commitments import store
from commitments.ledger import holding
from commitments.store import Store
from engine.checking.verify import ledger_of
from engine.cli.output import Failed, actor_option, as_path, say, workspace_option
from engine.session import open_session
from engine.workspace import clock
from engine.workspace.settings import store_place

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("backup")
@workspace_option
@click.argument("file", type=_FILE)
def backup_command(folder: Path, file: Path) -> None:
    """Write a copy of the whole register to a new FILE, and check the copy; a service may go on meanwhile.

    The copy is a SQLite file, from PostgreSQL too, and delivers nothing until `gestand resume`.
    """
    with open_session(folder) as session:
        broken = store.back_up(session.store, file)
    say(f"written to {as_path(file)}")
    _tell(str(file), broken)


@click.command("restore")
@workspace_option
@click.argument("file", type=_FILE)
@click.option("--replace", is_flag=True, help="Put the register that is there aside, and take the copy in its place.")
@click.option("--resume", is_flag=True, help="Let it deliver at once: the original is no more.")
@actor_option
def restore_command(folder: Path, file: Path, replace: bool, resume: bool, actor: str) -> None:
    """Make the register of this workspace from a copy that `gestand backup` wrote.

    It assesses, but delivers nothing until `gestand resume`: the original may still be at work, and nobody is to be
    told twice.
    """
    place = store_place(folder)
    aside = store.restore(file, place, replace=replace, at=clock.now())
    if aside is not None:
        say(f"put aside: {as_path(aside)}")
    say(f"restored from {as_path(file)}")
    _tell(place)
    if resume:
        _resume(folder, actor)
    else:
        say("nothing is delivered until `gestand resume`")


@click.command("resume")
@workspace_option
@actor_option
def resume_command(folder: Path, actor: str) -> None:
    """Let a restored register deliver again; the ledger says who did."""
    _resume(folder, actor)


def _resume(folder: Path, actor: str) -> None:
    with open_session(folder) as session, session.store.writing() as tx:
        holding.resume(tx, at=session.now(), actor=actor)
    say("digests go out again from the next pass on")


def _tell(place: str, broken: str = "") -> None:
    """Say whether the ledger of a copy is whole, and whatever is damaged in it; leaves with 1 where something is."""
    with closing(Store.open(place)) as opened, opened.reading() as tx:
        found, unfit = ledger_of(tx), [str(one) for one in store.misfits(tx)]
    say(str(found.verdict))
    damage = [*map(str, found.damage), *unfit, *filter(None, [broken])]
    for sentence in damage:
        say(sentence)
    if damage or not found.verdict.ok:
        say("the copy is as damaged as the register; `gestand verify` there says what else is wrong")
        raise Failed
