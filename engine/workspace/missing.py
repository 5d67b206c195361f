"""What the last pass used and is not in use now: without a yes no pass goes on without it.

A folder that is not mounted, a file that was moved or broken: each looks as if there had never been anything.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from commitments import store
from commitments.ledger import register
from commitments.reading.problem import Problem
from commitments.reading.source import whole
from commitments.store import Connection
from commitments.trouble import TroubleError
from engine.workspace.settings import REGISTER_FILES, Workspace, shipped_packs

WITHOUT: Final = "went_without"
"""The kind of the ledger's note on what somebody said yes to going on without."""
_USED: Final = "used"
_Used = Mapping[str, Mapping[str, str]]
"""By its kind and its name, the file that each thing in use came from."""


@dataclass(frozen=True)
class Missing:
    """A pack, calendar or template that the last pass used and that is not in use now, or the register files."""

    kind: str
    name: str
    file: str

    def __str__(self) -> str:
        """What it is and where it was, after which a sentence goes on."""
        if self.kind == REGISTER_FILES:
            return f"{self.file}/, which held register files at the last pass, holds none"
        where = f" ({self.file})" if self.file else ""
        return f"{self.kind} {self.name}{where}, which the last pass used, is gone or cannot be used"

    @property
    def problem(self) -> Problem:
        """The same, with the way out."""
        return whole(self.file or self.name, f"{self}", f"put it back or mend it, or {way_out([self])}")


class MissingError(TroubleError):
    """Something that the last pass used is not there, and nobody said to go on without it."""

    def __init__(self, missing: Iterable[Missing]) -> None:
        items = tuple(missing)
        told = "; ".join(map(str, items))
        super().__init__(f"nothing was done: {told}. Put back or mend what is missing, or {way_out(items)}")


def way_out(missing: Iterable[Missing]) -> str:
    """What to do in order to go on without these things."""
    names = " ".join(f"--without {one.name}" for one in missing)
    return f"go on without by `gestand tick {names}`; stop a service for that, and start it anew"


def in_use(workspace: Workspace) -> dict[str, dict[str, str]]:
    """What is in use in a workspace: by kind and name the file in it, empty for what ships with Gestand."""
    folder = workspace.folder
    packs = {loaded.pack.pack: _below(folder, loaded.file) for loaded in workspace.book.packs}
    calendars = {name: _below(folder, file) for name, file in workspace.calendars.files.items()}
    return {
        "pack": {**{name: _below(folder, file) for name, file in workspace.book.bases.items()}, **packs},
        "calendar": {name: file for name, file in calendars.items() if file},
        "template": {name: f"templates/{name}" for name in workspace.templates},
        REGISTER_FILES: {REGISTER_FILES: REGISTER_FILES} if workspace.register_files else {},
    }


def _below(folder: Path, file: str) -> str:
    path = Path(file)
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else ""


def lost(before: _Used, workspace: Workspace) -> Iterator[Missing]:
    """What was in use before and is not now, but for packs that ship and that the settings name no more."""
    now = in_use(workspace)
    for kind, things in before.items():
        for name, file in things.items():
            dropped = kind == "pack" and not file and name not in workspace.settings.packs
            if name not in now.get(kind, {}) and not dropped:
                yield Missing(kind, name, file)


def missing(tx: Connection, workspace: Workspace) -> tuple[Missing, ...]:
    """What the last pass used and is not in use now."""
    kept = store.recall(tx, _USED)
    return tuple(lost(json.loads(kept) if kept else _as_noted(tx), workspace))


def _as_noted(tx: Connection) -> _Used:
    """The packs of the last pass by the ledger, for a register in which none that remembers more was made yet."""
    table = store.ledger
    query = table.select().with_only_columns(table.c.payload).where(table.c.kind == "pack_loaded")
    noted = tx.execute(query.order_by(table.c.seq.desc()).limit(1)).scalar()
    packs = json.loads(noted)["packs"] if noted else {}
    return {"pack": {name: "" if name in shipped_packs() else "rules" for name in packs}}


def settle(tx: Connection, workspace: Workspace) -> None:
    """Remember what is in use for the next pass. Raises MissingError where something that was in use is gone."""
    if gone := missing(tx, workspace):
        raise MissingError(gone)
    _keep(tx, in_use(workspace))


def let_go(tx: Connection, workspace: Workspace, names: Collection[str], now: datetime) -> None:
    """Let the next pass go on without what is missing, of which these are the names; the ledger says so.

    Raises MissingError where more is missing than is named.
    """
    gone = missing(tx, workspace)
    if any(one.name not in names for one in gone):
        raise MissingError(gone)
    register.note(tx, WITHOUT, {"gone": [f"{one.kind} {one.name}" for one in gone]}, at=now, actor=register.ACTOR)
    _keep(tx, in_use(workspace))


def _keep(tx: Connection, used: _Used) -> None:
    text = json.dumps(used, sort_keys=True)
    if store.recall(tx, _USED) != text:
        store.remember(tx, _USED, text)
