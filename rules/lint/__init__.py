"""Lint: what is right to the letter in a pack and perhaps not meant, each finding at its place, with an example.

The list at the end is all of it; how each is found is in `choosing` (which commitments) and `telling` (whom).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path as FilePath

from commitments.model.commitment import Citation
from commitments.model.dates import Window
from commitments.reading.problem import (
    Document,
    Path,
    Problem,
    problem,
)
from commitments.reading.source import read
from rules.calendars.calendar import Calendars
from rules.conditions.satisfy import search
from rules.counting.deadline import compute
from rules.counting.due import Due, MonthEnd, Roll
from rules.lint.choosing import (
    cycle_overlaps,
    gaps,
    idle_exceptions,
    lapses,
    overlaps,
    shadowed,
    undated_commitments,
    unreachable,
    unserved_follow_ups,
    unserved_kinds,
)
from rules.lint.finding import Finding, Ground, Placed, of_rule
from rules.lint.sample import pasted, whole
from rules.lint.telling import drowned, early_escalations, late_reminders, never_overdue, repeated_once, unheard
from rules.pack.pack import Pack

_FOUR_YEARS = [date(2024, 1, 1) + timedelta(days=days) for days in range(4 * 365 + 1)]
"""Every trigger day there is, as months, weekdays and leap days go."""


def lint(ground: Ground) -> tuple[Problem, ...]:
    """Everything there is to say about the packs, each at its place, file by file."""
    findings = [finding for each in LINTS for finding in each(ground)]
    return tuple(sorted(_placed(findings), key=lambda item: (item.file, item.line, item.column)))


def _placed(findings: Iterable[Finding]) -> Iterator[Problem]:
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        by_file.setdefault(finding.file, []).append(finding)
    for file, found in by_file.items():
        document, _ = read(FilePath(file)) if any(item.path for item in found) else (None, ())
        for item in found:
            bare = Problem(file=file, line=0, column=0, path="", message=item.message, hint=item.hint)
            placed = problem(document, _in(document, item.path), item.message, item.hint) if document else bare
            yield replace(placed, level=item.level)


def _in(document: Document, path: Path) -> Path:
    """The path with the number of each rule or cycle for its id; that of `extends` where the file has it from there."""
    found: Path = ()
    value = document.value
    if path and isinstance(value, dict) and path[0] not in value:
        return ("extends",)
    for part in path:
        ids = [item.get("id") for item in value] if isinstance(value, list) and isinstance(part, str) else None
        if ids is not None and part not in ids:
            return ("extends",)
        step = part if ids is None else ids.index(part)
        value = value.get(step) if isinstance(value, dict) else _item(value, step)
        found = (*found, step)
    return found


def _item(value: object, step: str | int) -> object:
    return value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None


# ------------------------------------------------------------------------------------------------- what every rule has


def missing_sources(ground: Ground) -> Iterator[Finding]:
    """Rules and cycles that do not say where they are written."""
    hint = "add source: {document: …, clause: …, quote: …}; it stands in every explanation"
    for loaded in ground.book.packs:
        for path, name, source in _cited(loaded.pack):
            if source == Citation():
                yield Finding(
                    file=loaded.file, path=path, message=f"{name} does not say where it is written", hint=hint
                )


def _cited(pack: Pack) -> Iterator[tuple[Path, str, Citation]]:
    yield from ((("rules", rule.id, "id"), rule.id, rule.source) for rule in pack.rules)
    yield from ((("cycles", cycle.id, "id"), cycle.id, cycle.source) for cycle in pack.cycles)


def missing_tests(ground: Ground) -> Iterator[Finding]:
    """Rules without a test, each with one to begin with."""
    for placed in ground.rules:
        facts = search(placed.condition).facts
        if not placed.rule.tests and facts is not None:
            sample = pasted("a case whose outcome you know", facts, placed.loaded.pack, placed.rule, ground.calendars)
            hint = f"add one under tests, with a real case; to begin with:\n{sample}"
            yield of_rule(placed, "id", f"{placed.rule.id} has no test", hint, level="warning")


def reused_names(ground: Ground) -> Iterator[Finding]:
    """Cycles of two packs that would make commitments of one name."""
    seen: dict[str, str] = {}
    for loaded in ground.book.packs:
        for cycle in loaded.pack.cycles:
            if cycle.id in seen:
                made = f"{cycle.id}-{cycle.first.earliest:%Y}"
                message = f"{cycle.id} is a cycle of {seen[cycle.id]} too, and both would make {made}"
                path = ("cycles", cycle.id, "id")
                yield Finding(
                    file=loaded.file, path=path, message=message, hint="call one of them otherwise", level="error"
                )
            seen.setdefault(cycle.id, loaded.pack.pack)


# ------------------------------------------------------------------------------------------------- how it counts


def unstated_month_ends(ground: Ground) -> Iterator[Finding]:
    """Periods of months without month_end, where some trigger day makes it matter."""
    for placed in ground.rules:
        due = placed.rule.due
        if due.stated or "month_end" in due.model_fields_set or not any(p.unit.monthly for p in due.periods):
            continue
        difference = _difference(placed, due, ground.calendars)
        if difference is not None:
            day, ends = difference
            told = ", ".join(f"{word}: {end}" for word, end in ends.items())
            message = f"it counts months and does not say where they end in a short one: from {day} that is {told}"
            yield of_rule(placed, "due", message, _as_test(ground, placed, day, "month_end: clamp"), level="warning")


def _difference(placed: Placed, due: Due, calendars: Calendars) -> tuple[date, dict[str, Window]] | None:
    """The first trigger day from which the ways to end a month lead to different days, and these."""
    ways = {end.value: due.model_copy(update={"month_end": end}) for end in MonthEnd if end is not MonthEnd.REFUSE}
    for day in _FOUR_YEARS:
        ends = {word: window for word, way in ways.items() if (window := _counted(placed, way, day, calendars))}
        if len(set(ends.values())) > 1:
            return day, ends
    return None


def unstated_rolls(ground: Ground) -> Iterator[Finding]:
    """Counting back without roll, where some trigger day leads to a day off."""
    for placed in ground.rules:
        due = placed.rule.due
        if due.before is None or "roll" in due.model_fields_set:
            continue
        plain = due.model_copy(update={"roll": Roll.NONE})
        for day in _FOUR_YEARS:
            window = _counted(placed, plain, day, ground.calendars)
            if window is not None and window.latest.weekday() >= 5:
                end = f"{window.latest:%A} {window.latest}"
                message = f"it counts back and does not say what to do with days off: from {day} it comes to {end}"
                yield of_rule(placed, "due", message, _as_test(ground, placed, day, "roll: none"), level="warning")
                break


def _counted(placed: Placed, due: Due, day: date, calendars: Calendars) -> Window | None:
    """The deadline for a trigger day; None where there is none, or the rule counts from no anchor."""
    origin = due.origin
    if not isinstance(origin, str):
        return None
    return compute(due, {origin: Window.on(day)}, calendars, timezone=placed.loaded.pack.timezone).window


def _as_test(ground: Ground, placed: Placed, day: date, key: str) -> str:
    facts = {**whole(search(placed.condition).facts or {}), f"anchors.{placed.rule.due.origin}": day}
    sample = pasted(f"counted from {day}", facts, placed.loaded.pack, placed.rule, ground.calendars)
    return f"write {key} if that is meant; as a test:\n{sample}"


LINTS: tuple[Callable[[Ground], Iterator[Finding]], ...] = (
    unreachable,
    shadowed,
    idle_exceptions,
    overlaps,
    cycle_overlaps,
    gaps,
    lapses,
    unserved_follow_ups,
    unserved_kinds,
    undated_commitments,
    missing_sources,
    missing_tests,
    reused_names,
    unstated_month_ends,
    unstated_rolls,
    unheard,
    late_reminders,
    never_overdue,
    early_escalations,
    drowned,
    repeated_once,
)
"""Everything that is looked for."""
