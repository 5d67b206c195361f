"""The commands that set up: init, check, doctor."""

from __future__ import annotations

import os
import platform
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, suppress
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from commitments import exchange
from commitments.ledger.holding import held_line
from commitments.ledger.intake import Draft
from commitments.reading.problem import Problem
from commitments.reading.replacing import replace
from commitments.reading.source import files_in
from commitments.store import NoRegisterError, Store, TakenPlaceError
from commitments.trouble import TroubleError
from engine.assessment.setbacks import FIRST, kept, sentences
from engine.authoring.check import findings
from engine.authoring.pack_tests import gather
from engine.calendars.publish import doubtful
from engine.cli.output import Failed, as_path, format_option, number, say, tell_problems, workspace_option
from engine.matching.matcher import engine_name
from engine.recording.witness import witnessed
from engine.session import Session, open_session
from engine.workspace.missing import missing
from engine.workspace.settings import (
    FILE,
    REGISTER_FILES,
    Workspace,
    languages,
    shipped_packs,
    store_place,
    workspace_or_shipped,
)
from notifications.content.overriding import template_problems


class FolderTakenError(TroubleError):
    """A workspace is to be made where there is one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} has a {FILE} already, and it is left as it is; name another folder")


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--new", is_flag=True, help="Only make the register that gestand.yaml in FOLDER names.")
def init_command(folder: Path, new: bool) -> None:
    """Make a workspace in FOLDER that works at once, every setting explained in it, and its register.

    No other command makes a register where none is, but `import --new` and `restore`: an older one may be missing.
    """
    if new:
        _make_register(folder)
        return
    make_workspace(folder)
    there = as_path(folder)
    say(f"a workspace is in {there}; now, for instance:", "")
    for line in (
        f"cd {there}",
        "gestand check",
        "gestand import commitments/example.yaml",
        "gestand explain 34964-B",
        "gestand tick",
    ):
        say(f"  {line}")


def make_workspace(folder: Path) -> None:
    """Make a new workspace in a folder, with an empty register; raises FolderTakenError where there is one."""
    if os.path.lexists(folder / FILE):
        raise FolderTakenError(folder)
    copy_workspace("starter", folder)
    (folder / "calendars").mkdir(exist_ok=True)
    Store.open(store_place(folder), new=True).close()


def _make_register(folder: Path) -> None:
    """Make the register of a workspace; raises TakenPlaceError where one is."""
    place = store_place(folder)
    with suppress(NoRegisterError), closing(Store.open(place)) as there:
        raise TakenPlaceError(there.where, "`gestand import` goes on with it")
    with closing(Store.open(place, new=True)) as made:
        say(f"an empty register is in {made.where}")


def copy_workspace(name: str, folder: Path) -> None:
    """Copy the files of one of the workspaces that ship with Gestand; what lies there already stays as it is."""
    _copy(resources.files("engine.workspace.templates") / name, folder)


def _copy(source: Traversable, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for item in source.iterdir():
        if item.is_dir():
            _copy(item, target / item.name)
            continue
        if not os.path.lexists(target / item.name):
            replace(target / item.name, [item.read_bytes()])


@click.command("check")
@workspace_option
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]…")
@click.option("--strict", is_flag=True, help="Leave with 1 for a warning too.")
@format_option
def check_command(folder: Path, files: tuple[Path, ...], strict: bool, form: str) -> None:
    """Check rule files, calendars and settings: say where each mistake is, and what is perhaps not meant.

    Without FILE: those of the workspace, or what ships with Gestand where there is none. With FILE: these rule files,
    or files of their tests.
    """
    workspace = workspace_or_shipped(folder)
    book, _, problems = gather(workspace, folder / "rules", files)
    if files:
        problems = (*problems, *findings(book, workspace))
        checked = f"{number(len(files), 'file')}, {number(len(book.rules), 'rule')}"
    else:
        drafts, faults = _register(folder)
        mistakes = template_problems(workspace.own_templates, languages(workspace.settings))
        further = (*mistakes, *_missing(workspace), *doubtful(workspace), *findings(book, workspace, drafts))
        problems = tuple(dict.fromkeys((*problems, *faults, *further)))
        rules = number(len(workspace.book.rules), "rule")
        checked = (
            f"{number(len(workspace.book.packs), 'pack')} with {rules}, {number(len(workspace.calendars), 'calendar')}"
        )
    errors = tell_problems(problems, form)
    warnings = len(problems) - errors
    if form == "text":
        say(f"{checked}: {_outcome(errors, warnings)}")
    if errors or (strict and warnings):
        raise Failed


def _outcome(errors: int, warnings: int) -> str:
    told = [number(errors, "problem")] if errors else []
    told += [number(warnings, "warning")] if warnings else []
    return ", ".join(told) or "all in order"


def _register(folder: Path) -> tuple[list[Draft], list[Problem]]:
    """The register files that lie in the workspace, and what is wrong with them."""
    drafts: list[Draft] = []
    problems: list[Problem] = []
    for path in files_in(folder / REGISTER_FILES, exchange.READERS)[0]:
        found, faults = exchange.read(path)
        drafts += found
        problems += faults
    return drafts, problems


def _missing(workspace: Workspace) -> list[Problem]:
    """What the last pass used and is not there now; nothing where there is no register, or no workspace."""
    if not (workspace.folder / FILE).is_file():
        return []
    try:
        with closing(Store.open(workspace.store)) as opened, opened.reading() as tx:
            return [one.problem for one in missing(tx, workspace)]
    except NoRegisterError:
        return []
    except TroubleError as trouble:
        say(f"gestand: whether anything is gone since the last pass is not known: {trouble}", err=True)
        return []


@click.command("doctor")
@workspace_option
def doctor_command(folder: Path) -> None:
    """Say what runs here, which matcher and libraries, and whether workspace and register are well."""
    for name, value in _facts():
        say(f"{name:<12}{value}")
    if not (folder / FILE).is_file():
        say(f"{'workspace':<12}none in {as_path(folder)}; make one with `gestand init`")
        return
    with open_session(folder) as session:
        count = tell_problems(session.problems)
        say(f"{'workspace':<12}{as_path(folder)}: {number(count, 'problem') if count else 'in order'}")
        packs = ", ".join(str(loaded) for loaded in session.workspace.book.packs)
        say(f"{'in use':<12}{packs or 'no packs: name some in gestand.yaml'}")
        say(f"{'mail':<12}{_mail(session.workspace)}")
        behind = session.behind()
        for name, line in _of_register(session, behind):
            say(f"{name:<12}{line}")
        for place, line in enumerate(witnessed(session)):
            say(f"{'' if place else 'witness':<12}{line}")
        with session.store.reading() as tx:
            unassessed = list(sentences(kept(tx, FIRST)))
        for sentence in unassessed:
            say(f"{'assessing':<12}{sentence}")
    if count or behind or unassessed:
        raise Failed


def _of_register(session: Session, behind: str) -> Iterator[tuple[str, str]]:
    """What is to be said of a register that is whole: its head, and what is not as it should be."""
    session.store.check()
    yield "register", f"{session.store.where} is whole, ledger head {session.head()}"
    if _is_open_to_others(file := Path(session.store.where)):
        yield "", f"others on this machine can read it, with the secret that signs links: chmod 600 {as_path(file)}"
    if behind:
        yield "clock", behind
    yield from (("", str(wrong)) for wrong in session.wrong_clocks())
    if gone := session.store.unguarded():
        yield "", f"nothing keeps its ledger from being changed ({', '.join(gone)}); see gestand verify"
    if reason := session.held():
        yield "", held_line(reason)


def _is_open_to_others(file: Path) -> bool:
    """Whether a register is a file that others than its owner may read: those of earlier versions are."""
    return file.is_file() and bool(file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def _facts() -> Iterator[tuple[str, str]]:
    yield "gestand", metadata.version("gestand")
    yield "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield "matcher", engine_name()
    yield "sqlite", sqlite3.sqlite_version
    libraries = ("pydantic", "apscheduler", "jinja2", "sqlalchemy", "holidays")
    yield "libraries", ", ".join(f"{name} {metadata.version(name)}" for name in libraries)
    yield "packs", ", ".join(shipped_packs())


def _mail(workspace: Workspace) -> str:
    mail = workspace.settings.mail
    to = number(len(workspace.settings.recipients), "recipient")
    if mail.deliver == "smtp" and mail.smtp is not None:
        return f"by {mail.smtp.host}:{mail.smtp.port} ({mail.smtp.tls}) to {to}"
    return f"into {as_path(workspace.outbox)}, for {to}"
