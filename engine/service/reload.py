"""A workspace whose files may change while it is served: read anew before a pass, taken whole or not at all.

What would break a file that works is refused: the rules go on as they were, and that is told once.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from commitments import store
from commitments.ledger import register
from commitments.model.zone import zone_files
from commitments.reading.problem import Problem
from commitments.reading.source import files_in
from engine.matching.matcher import matcher
from engine.session import Session, conditions
from engine.workspace.missing import in_use, lost, way_out
from engine.workspace.settings import (
    FILE,
    NoWorkspaceError,
    Workspace,
    open_workspace,
)
from notifications.content.slots import instant
from rules.pack.book import SUFFIXES

log = logging.getLogger("gestand")

REFUSED = "pack_refused"
"""The kind of the ledger's note on files that were not taken."""
_FOLDERS = ("rules", "calendars")
_AT_START = ("store", "service")
"""The settings that a service does not follow: its register is open, and its port taken."""

_Stamps = tuple[tuple[str, int, int, int], ...]
"""Of each file its name, when it was written, its size, and what tells it from one that took its place."""


class Watched:
    """A session that follows its files. It is asked from one thread at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stamps: _Stamps = ()
        self._content = ""
        self._distrusted = threading.Event()
        self._zones = _stamps(_zone_files(session))
        self._refused: tuple[str, ...] = ()

    def close(self) -> None:
        """Gives back the matcher in use; that of the session it began with is closed twice, which does nothing."""
        self._session.assessor.matcher.close()

    @property
    def refused(self) -> tuple[str, ...]:
        """Why files were not taken, as they are now; none where all are in use."""
        return self._refused

    @property
    def session(self) -> Session:
        """The session in use."""
        return self._session

    def distrust(self) -> None:
        """Have the files read at the next pass even where they look as they did; may be called from any thread."""
        self._distrusted.set()

    def refreshed(self, now: datetime) -> Session:
        """The session as its files say now, or as it was where they cannot be taken; the ledger then says why."""
        self._follow_zones()
        folder = self._session.workspace.folder
        # Before the files are read, so that what changes in the meantime is seen by the next pass.
        stamps = _stamps(_files(folder))
        anew = self._distrusted.is_set()
        self._distrusted.clear()
        if stamps == self._stamps and not anew:
            return self._session
        content = _content(folder)
        if content != self._content or anew:
            self._follow(folder, content, now)
        self._stamps, self._content = stamps, content
        return self._session

    def _follow_zones(self) -> None:
        """Where the system's time zones are not what they were, nothing that was found by the old ones is kept."""
        stamps = _stamps(_zone_files(self._session))
        if stamps != self._zones:
            ZoneInfo.clear_cache()
            instant.cache_clear()
            self._session = replace(self._session, assessor=replace(self._session.assessor))
            log.info("time zones read anew")
        self._zones = stamps

    def _follow(self, folder: Path, content: str, now: datetime) -> None:
        self._refused = ()
        try:
            fresh = open_workspace(folder)
        except NoWorkspaceError as error:
            self._tell(content, [str(error)], now, how="as before")
            return
        reasons = list(_reasons(self._session.workspace, fresh))
        if reasons:
            self._tell(content, reasons, now, how="as before")
            return
        if fresh.problems:
            self._tell(content, [_line(problem) for problem in fresh.problems], now, how="without them")
        if not _same(fresh, self._session.workspace):
            self._take(fresh)

    def _take(self, fresh: Workspace) -> None:
        former, settings = self._session.assessor.matcher, self._session.workspace.settings
        assessor = replace(
            self._session.assessor,
            book=fresh.book,
            calendars=fresh.calendars,
            matcher=matcher(conditions(fresh)),
            timezone=fresh.settings.timezone,
        )
        self._session = replace(self._session, workspace=fresh, assessor=assessor)
        former.close()
        log.info("read anew: %s", ", ".join(str(loaded) for loaded in fresh.book.packs) or "no packs")
        for name in _AT_START:
            if getattr(fresh.settings, name) != getattr(settings, name):
                log.warning("%s: in %s has changed; start the service anew to go by it", name, FILE)

    def _tell(self, content: str, reasons: list[str], now: datetime, *, how: str) -> None:
        """Say in the log and in the ledger what was not taken, once for the same content, restarts included."""
        self._refused = tuple(f"not taken, the rules in use are {how}: {reason}" for reason in reasons)
        with self._session.store.writing() as tx:
            if store.recall(tx, REFUSED) == content:
                return
            note, texts = {"content": content, "in_use": how}, {"problems": reasons}
            register.note(tx, REFUSED, note, at=now, actor=register.ACTOR, texts=texts)
            store.remember(tx, REFUSED, content)
        for refused in self._refused:
            log.error("%s", refused)


def _reasons(active: Workspace, fresh: Workspace) -> Iterator[str]:
    """Why the files cannot be taken: one that works would break, or is gone."""
    broken = {problem.file for problem in active.problems}
    yield from (_line(problem) for problem in fresh.problems if problem.file not in broken)
    for one in lost(in_use(active), fresh):
        yield f"{one}; put it back or mend it, or {way_out([one])}"


def _same(one: Workspace, other: Workspace) -> bool:
    rules = (one.book.hash, one.calendars.version) == (other.book.hash, other.calendars.version)
    return rules and one.settings == other.settings and one.templates == other.templates


def _line(problem: Problem) -> str:
    return str(problem).partition("\n")[0]


def _files(folder: Path) -> Iterator[Path]:
    yield folder / FILE
    for name in _FOLDERS:
        yield from files_in(folder / name, SUFFIXES)[0]
    yield from files_in(folder / "templates")[0]


def _zone_files(session: Session) -> Iterator[Path]:
    own = (recipient.timezone for recipient in session.workspace.settings.hearers)
    return zone_files([*session.assessor.zones, *filter(None, own)])


def _stamps(files: Iterable[Path]) -> _Stamps:
    found = []
    for path in files:
        try:
            stat = path.stat()
        except OSError:
            continue
        found.append((str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return tuple(found)


def _content(folder: Path) -> str:
    """What all the files together hash to; a file that cannot be read counts as an empty one."""
    total = hashlib.sha256()
    for path in _files(folder):
        try:
            data = path.read_bytes()
        except OSError:
            data = b""
        total.update(f"{path.name} {len(data)} ".encode() + data)
    return total.hexdigest()
