"""Calendar files that are kept up to date: a pass writes those that are not as they should be.

A file that cannot be written is told of, stays as it was, and is tried again by every pass.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import logging
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from commitments import store
from commitments.ledger import register
from commitments.reading.problem import Problem
from commitments.reading.replacing import replace, settle
from commitments.reading.source import problem, read
from commitments.store import Connection, Store
from engine.assessment.assess import Assessor
from engine.calendars.feed import safe_entries, written
from engine.digests.scopes import Profiles
from engine.digests.send import administrator
from engine.workspace.destinations import FeedSettings
from engine.workspace.recipients import Scope
from engine.workspace.settings import FILE, Workspace
from notifications.message.ics import Entry

log = logging.getLogger("gestand")

_FEEDS: Final = "feeds"
"""Under this name the store remembers how the calendar files are."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """What became of the calendar files in a pass: those that were written, and what is wrong with others, in words."""

    written: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()


class _State(NamedTuple):
    """How a calendar file is: what it was last made of, and what is wrong with it; one of them is empty."""

    made_of: str = ""
    trouble: str = ""


@dataclass(frozen=True, kw_only=True)
class _Calendar:
    """A calendar file: what is asked of it, and the deadlines that are put into it."""

    name: str
    settings: FeedSettings
    scope: Scope
    language: str
    made_of: str
    entries: list[Entry] = field(default_factory=list)

    def is_there(self, workspace: Workspace) -> bool:
        """Whether there is a file; where nobody may look, there is none."""
        try:
            return _place(workspace, self.settings).is_file()
        except OSError:
            return False


def publish(base: Store, workspace: Workspace, assessor: Assessor, now: datetime) -> Published:
    """Write the calendar files of the workspace that are not as they should be by `now`."""
    with base.reading() as tx:
        before = _states(tx)
        wanted = list(_wanted(tx, workspace, assessor, now))
        stale = [one for one in wanted if before.get(one.name) != _State(one.made_of) or not one.is_there(workspace)]
        if stale:
            _fill(tx, workspace, assessor, stale, now)
    after = {one.name: _State(one.made_of) for one in wanted}
    anew: list[str] = []
    for one in stale:
        content = written(workspace, one.entries, assessor.today(now), one.language)
        try:
            if _write(_place(workspace, one.settings), content, one.settings):
                anew.append(one.settings.file)
        except OSError as error:
            after[one.name] = _State(trouble=_sentence(one.settings, error))
    if after != before:
        _keep(base, workspace, before, after, now)
    return Published(written=tuple(anew), troubles=_told(after))


def troubles(tx: Connection) -> tuple[str, ...]:
    """What was wrong with calendar files when the last pass ended, a sentence each."""
    return _told(_states(tx))


def doubtful(workspace: Workspace) -> Iterator[Problem]:
    """The calendar files in gestand.yaml that whoever asks could not write, as warnings."""
    document, _ = read(workspace.folder / FILE)
    for index, end in enumerate(workspace.settings.ends if document else ()):
        if document and end.feed and (why := _unwritable(_place(workspace, end.feed), end.feed)):
            at = ("ends", index, "feed", "file")
            found = problem(document, at, f"this calendar file could not be written now: {why}")
            yield dataclasses.replace(found, level="warning")


# ------------------------------------------------------------------------------------------------- what is in them


_SAID: Final = {"language", "timezone", "base_address", "parties"}
"""The settings that decide what any calendar says."""


def _wanted(tx: Connection, workspace: Workspace, assessor: Assessor, now: datetime) -> Iterator[_Calendar]:
    """The calendar files of the settings, each with what tells it from one that was made of anything else."""
    if not workspace.settings.feeds:
        return
    said = workspace.settings.model_dump_json(include=_SAID), workspace.settings.mail.sender.address
    days = assessor.today(now), assessor.latest_today(now)
    rules = workspace.book.hash, workspace.calendars.spelling
    common = (*days, *rules, *said, register.last_told(tx))
    for end, settings in workspace.settings.feeds:
        recipient = workspace.settings.recipient(settings.recipient)
        scope = recipient.scope if recipient else end.scope
        language = end.language or (recipient.language if recipient else None) or workspace.settings.language
        parts = (*common, settings.file, scope.model_dump_json(), language)
        made_of = sha256("\n".join(map(str, parts)).encode()).hexdigest()
        yield _Calendar(name=end.name, settings=settings, scope=scope, language=language, made_of=made_of)


def _fill(
    tx: Connection, workspace: Workspace, assessor: Assessor, calendars: Sequence[_Calendar], now: datetime
) -> None:
    """Put the deadlines into the calendars; each commitment is assessed once."""
    profiles = Profiles(tx)
    wanted: dict[str, list[_Calendar]] = defaultdict(list)
    for calendar in calendars:
        for identifier in profiles.within(calendar.scope):
            wanted[identifier].append(calendar)
    for record in register.records(tx, wanted):
        assessment = assessor.at(record, now)
        if assessment is None:
            continue
        told: dict[str, list[Entry]] = {}
        for calendar in wanted[record.commitment.id]:
            if calendar.language not in told:
                told[calendar.language] = safe_entries(workspace, assessment, calendar.language, assessor.setbacks)
            calendar.entries.extend(told[calendar.language])


# ------------------------------------------------------------------------------------------------- where they are


def _place(workspace: Workspace, settings: FeedSettings) -> Path:
    return workspace.folder / settings.file


def _write(file: Path, content: bytes, settings: FeedSettings) -> bool:
    """Write a calendar file where it differs, and say whether it did. Raises OSError."""
    if not _elsewhere(settings):
        file.parent.mkdir(parents=True, exist_ok=True)
    if why := _unwritable(file, settings):
        raise OSError(errno.EACCES, why)
    if file.exists() and file.read_bytes() == content:
        return False
    replace(file, [content], private=settings.private)
    settle(file.parent)
    return True


def _elsewhere(settings: FeedSettings) -> bool:
    """Whether it is not in the workspace: folders are made there, and nowhere else."""
    return Path(settings.file).is_absolute()


def _unwritable(file: Path, settings: FeedSettings) -> str:
    """Why a file cannot be written, as far as that can be seen; empty where it can."""
    try:
        return _in_the_way(file, settings)
    except OSError as error:
        return error.strerror or str(error)


def _in_the_way(file: Path, settings: FeedSettings) -> str:
    if file.exists() and not file.is_file():
        return "what is there is no file"
    if not file.parent.is_dir():
        return f"there is no folder {file.parent}" if _elsewhere(settings) else ""
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        return os.strerror(errno.EACCES)
    return ""


def _sentence(settings: FeedSettings, error: OSError) -> str:
    return f"the calendar file {settings.file} cannot be written: {error.strerror}; it is as it was, and is tried again"


# ------------------------------------------------------------------------------------------------- what is remembered


def _states(tx: Connection) -> dict[str, _State]:
    return {name: _State(*state) for name, state in json.loads(store.recall(tx, _FEEDS) or "{}").items()}


def _told(states: Mapping[str, _State]) -> tuple[str, ...]:
    return tuple(state.trouble for state in states.values() if state.trouble)


def _keep(
    base: Store, workspace: Workspace, before: Mapping[str, _State], after: Mapping[str, _State], now: datetime
) -> None:
    """Remember how the files are, and tell of trouble that is new in the log and to the administrator."""
    new = [trouble for trouble in _told(after) if trouble not in _told(before)]
    with base.writing() as tx:
        store.remember(tx, _FEEDS, json.dumps(after))
        for trouble in new:
            log.error("%s", trouble)
            administrator(workspace.settings.mail).tell(tx, "feed", trouble, now)
