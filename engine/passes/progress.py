"""Which rules the projection was last judged under, and how far a pass came that has not ended, or was cut off.

A pass over everything takes many transactions. The rules count as those of the projection only when all of it was
judged under them, so what a pass that was killed left out is judged by the next one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from commitments import store
from commitments.ledger import register
from commitments.store import Connection
from engine.assessment.assess import Assessor
from engine.passes.assess_due import last_pass, stale
from engine.workspace.settings import Workspace

_RULES: Final = "rules"
_SPELLING: Final = "spelling"
_UNFINISHED: Final = "unfinished_pass"


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """A pass that has not ended: the `rules` under which it judges everything, and the id up to which it has.

    Both are empty where it assesses only what changed or whose day has come, or has judged everything.
    """

    rules: str = ""
    judged: str = ""


@dataclass(frozen=True, kw_only=True)
class Judging:
    """Whether everything is to be judged anew, and the id up to which a pass that was cut off has done so."""

    everything: bool
    judged: str = ""


def judging(tx: Connection, workspace: Workspace, at: datetime, *, anew: bool) -> Judging:
    """What is to be judged anew, by the rules and calendars in use; where they are new the ledger says so.

    With `anew` it is everything, from the beginning, whatever a pass before has judged.
    """
    left = unfinished(tx)
    cut_off = anew or (left is not None and workspace.book.related)
    if _spelt_as_before(tx, workspace) and not (left and left.rules):
        return Judging(everything=cut_off)
    version = _in_use(workspace)
    under = left.rules if left and left.rules else store.recall(tx, _RULES)
    if under != version:
        packs = {loaded.pack.pack: loaded.hash for loaded in workspace.book.packs}
        content = {"packs": packs, "calendars": workspace.calendars.version}
        register.note(tx, "pack_loaded", content, at=at, actor=register.ACTOR)
    elif not (left and left.rules):
        judged(tx, workspace)
        return Judging(everything=cut_off)
    # Families are settled by what one pass has seen of them: it must have seen all.
    goes_on = left is not None and under == version and not workspace.book.related and not anew
    return Judging(everything=True, judged=left.judged if left and goes_on else "")


def judged(tx: Connection, workspace: Workspace) -> None:
    """Remember that everything is judged under the rules and calendars in use."""
    version = _in_use(workspace)
    store.remember(tx, _RULES, version)
    store.remember(tx, _SPELLING, _spelling(workspace, version))


def come_to(tx: Connection, workspace: Workspace, last: str | None) -> None:
    """Remember that a pass goes on in another transaction; `last` is the id up to which it has judged everything.

    It is None where not everything is to be judged, or all is.
    """
    state = Unfinished() if last is None else Unfinished(rules=_in_use(workspace), judged=last)
    store.remember(tx, _UNFINISHED, json.dumps(asdict(state)))


def ended(tx: Connection) -> None:
    """Remember that no pass is left unfinished."""
    store.forget(tx, _UNFINISHED)


def unfinished(tx: Connection) -> Unfinished | None:
    """The pass that has not ended, None where there is none."""
    text = store.recall(tx, _UNFINISHED)
    return Unfinished(**json.loads(text)) if text else None


def outdated(tx: Connection, workspace: Workspace, assessor: Assessor, now: datetime) -> bool:
    """Whether all of the projection is not of `now`: other rules are in use, or the last pass was on a later day."""
    last, left = last_pass(tx), unfinished(tx)
    later = last is not None and assessor.is_later_day(last, now)
    same = _spelt_as_before(tx, workspace) or store.recall(tx, _RULES) == _in_use(workspace)
    return later or not same or bool(left and left.rules)


def passed(tx: Connection, workspace: Workspace, assessor: Assessor, now: datetime) -> bool:
    """Whether a pass of `now` would find nothing to do: one was made that day, and nothing has changed since."""
    last = last_pass(tx)
    return (
        last is not None
        and not assessor.is_later_day(now, last)
        and unfinished(tx) is None
        and not outdated(tx, workspace, assessor, now)
        and not stale(tx, assessor.latest_today(now))
    )


def _in_use(workspace: Workspace) -> str:
    """What tells the rules and calendars in use from others."""
    return f"{workspace.book.hash} {workspace.calendars.version}"


def _spelling(workspace: Workspace, version: str | None) -> str:
    """What the files say, beside the version that it comes to."""
    return f"{workspace.book.hash} {workspace.calendars.spelling} {version}"


def _spelt_as_before(tx: Connection, workspace: Workspace) -> bool:
    """Whether the files say what they said in the pass before: then no calendar is resolved to know that it is so."""
    return store.recall(tx, _SPELLING) == _spelling(workspace, store.recall(tx, _RULES))
