"""Lint of ladders: notices that nobody gets, that another always takes the place of, or that come in an odd order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from commitments.model.commitment import CLERK, Force
from commitments.model.dates import Window
from commitments.reading.problem import Path
from rules.lint.finding import Finding, Ground
from rules.pack.pack import Ladder, Overdue, Rung

_FOUR_YEARS = [date(2024, 1, 1) + timedelta(days=days) for days in range(4 * 365 + 1)]
"""Every day on which a deadline can fall, as months and weekdays go."""
_KEYS = {"reminder": "remind", "due_today": "remind", "overdue": "overdue", "escalation": "escalate"}

_Written = tuple[str, Path, Ladder, Force | None]
"""A ladder as a pack writes it: the file, its place, and the force of what it is for, None where that varies."""


def _ladders(ground: Ground) -> Iterator[_Written]:
    for loaded in ground.book.packs:
        pack = loaded.pack
        if "notices" in pack.model_fields_set:
            yield loaded.file, ("notices",), pack.notices, None
        for rule in pack.rules:
            if rule.notices is not None:
                yield loaded.file, ("rules", rule.id, "notices"), rule.notices, rule.force
        for cycle in pack.cycles:
            if cycle.notices is not None:
                yield loaded.file, ("cycles", cycle.id, "notices"), cycle.notices, cycle.commitment.force
            for item in cycle.derived:
                if item.notices is not None:
                    path = ("cycles", cycle.id, "derived", item.id, "notices")
                    yield loaded.file, path, item.notices, item.force or cycle.commitment.force


def unheard(ground: Ground) -> Iterator[Finding]:
    """Notices for an audience that no recipient holds."""
    if ground.audiences is None:
        return
    for file, path, audience in _told(ground):
        if audience not in ground.audiences:
            held = ", ".join(sorted(ground.audiences)) or "none"
            message = f"no recipient holds the role {audience}, so nobody gets this notice"
            hint = f"give someone in gestand.yaml roles: [{audience}]; those held are: {held}"
            yield Finding(file=file, path=path, message=message, hint=hint)


def _told(ground: Ground) -> Iterator[tuple[str, Path, str]]:
    """Every audience that a pack names, with its place."""
    for file, path, ladder, _ in _ladders(ground):
        yield from ((file, (*path, *further), audience) for further, audience in _audiences(ladder))
    for loaded in ground.book.packs:
        yield from ((loaded.file, ("escalate", at), item.to) for at, item in enumerate(loaded.pack.escalate))


def _audiences(ladder: Ladder) -> Iterator[tuple[Path, str]]:
    yield from ((("remind", at), item.to) for at, item in enumerate(ladder.remind) if item.to != CLERK)
    if ladder.overdue is not None and ladder.overdue.to != CLERK:
        yield ("overdue",), ladder.overdue.to
    yield from ((("escalate", at), item.to) for at, item in enumerate(ladder.escalate))


def late_reminders(ground: Ground) -> Iterator[Finding]:
    """Reminders of a day that is past, which are never sent."""
    for file, path, ladder, _ in _ladders(ground):
        for at, item in enumerate(ladder.remind):
            if item.at.side == "after":
                message = f"{item.at} is never sent: a reminder comes before the deadline, or on the day"
                hint = f"write it under overdue: {{first: {item.at}}}"
                yield Finding(file=file, path=(*path, "remind", at), message=message, hint=hint, level="error")


def never_overdue(ground: Ground) -> Iterator[Finding]:
    """Notices of lateness for what cannot be overdue."""
    for file, path, ladder, force in _ladders(ground):
        if force is None or force.can_be_overdue:
            continue
        for key in ("overdue", "escalate"):
            if getattr(ladder, key):
                message = f"{key} is never sent: what is {force} is awaited when its day has passed, not overdue"
                yield Finding(file=file, path=(*path, key), message=message, hint=f"leave {key} out, or change force")


def early_escalations(ground: Ground) -> Iterator[Finding]:
    """Escalations that come before lateness is told for the first time."""
    for file, path, ladder, _ in _ladders(ground):
        for at, item in enumerate(ladder.escalate):
            first = ladder.overdue.first if ladder.overdue else None
            earlier = first and next((day for day in _FOUR_YEARS if item.at.day(_on(day)) < first.day(_on(day))), None)
            if earlier is not None:
                message = f"{item.at} comes before lateness is first told, {first}: e.g. for a deadline of {earlier}"
                hint = "escalate later, or tell lateness sooner"
                yield Finding(file=file, path=(*path, "escalate", at), message=message, hint=hint)


def drowned(ground: Ground) -> Iterator[Finding]:
    """Notices whose day always brings another to the same audience, which is the one that is sent."""
    for file, path, ladder, _ in _ladders(ground):
        for rung in ladder.rungs(_on(_FOUR_YEARS[0])):
            if not _late_reminder(rung) and all(_drowned(ladder, rung, day) for day in _FOUR_YEARS):
                message = f"{_called(rung)} is never sent: another notice to {rung.audience} falls on its day"
                yield Finding(file=file, path=(*path, _KEYS[rung.stage]), message=message, hint="leave one of them out")


def _late_reminder(rung: Rung) -> bool:
    return rung.stage == "reminder" and rung.day > _FOUR_YEARS[0]


def _drowned(ladder: Ladder, rung: Rung, due: date) -> bool:
    """Whether a later rung of the same audience falls on the same day: the last stage reached is told."""
    rungs = ladder.rungs(_on(due))
    mine = next(at for at, one in enumerate(rungs) if (one.stage, one.step) == (rung.stage, rung.step))
    return any((one.day, one.audience) == (rungs[mine].day, rung.audience) for one in rungs[mine + 1 :])


def _called(rung: Rung) -> str:
    return f"{rung.stage.replace('_', ' ')} {rung.step}"


def _on(day: date) -> Window:
    return Window.on(day)


def repeated_once(ground: Ground) -> Iterator[Finding]:
    """Lateness that is told once, though it was said how often."""
    for file, path, ladder, _ in _ladders(ground):
        if ladder.overdue is not None and _once(ladder.overdue):
            message = f"every {ladder.overdue.every} is never used: lateness is told once where at_most is left out"
            yield Finding(file=file, path=(*path, "overdue", "every"), message=message, hint="add at_most: 6")


def _once(overdue: Overdue) -> bool:
    return overdue.every is not None and overdue.at_most == 1
