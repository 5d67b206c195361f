"""Lint of what rules choose: rules that nothing fits, that others always come before, that meet, and what none chooses.

Each answer is exact, and comes with a commitment that shows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import combinations

from rules.conditions.condition import FIELDS as FIELDS_OF
from rules.conditions.condition import (
    Condition,
    Facts,
    FieldType,
    describe,
    holds,
    parse,
    tests,
)
from rules.conditions.satisfy import (
    both,
    but_not,
    constants,
    search,
    values,
)
from rules.lint.finding import Finding, Ground, Placed, asked, not_searched, of_rule
from rules.lint.sample import facts_of, pasted, whole
from rules.pack.pack import Validity

# ------------------------------------------------------------------------------------------------- one rule


def unreachable(ground: Ground) -> Iterator[Finding]:
    """Rules that no commitment can fit, because what they ask contradicts itself."""
    for placed in ground.rules:
        found = search(placed.condition)
        if not found.complete:
            yield from not_searched(placed, "whether any commitment fits")
        elif found.facts is None:
            message = f"no commitment can fit this rule: {describe(placed.condition)}"
            hint = "a list means any of; what stands on lines of its own must hold together"
            yield of_rule(placed, "when", message, hint, level="error")


def shadowed(ground: Ground) -> Iterator[Finding]:
    """Rules that never decide, because their exceptions apply wherever they do."""
    for placed in ground.rules:
        exceptions = [other for other in ground.rules if _is_exception(other, placed)]
        if not exceptions or search(placed.condition).facts is None:
            continue
        found = search(but_not(placed.condition, [other.condition for other in exceptions]))
        if not found.complete:
            yield from not_searched(placed, "whether its exceptions leave it anything")
        elif found.facts is None:
            names = " and ".join(other.rule.id for other in exceptions)
            message = f"this rule never decides: wherever it applies, {names} comes before it"
            yield of_rule(placed, "when", message, "ask more of the exception, or leave this rule out", level="error")


def idle_exceptions(ground: Ground) -> Iterator[Finding]:
    """Exceptions that never apply together with the rule that they are an exception of."""
    for placed in ground.rules:
        for other in ground.rules:
            if not _is_exception(placed, other):
                continue
            found = search(both(placed.condition, other.condition))
            if found.complete and found.facts is None:
                message = f"it never applies together with {other.rule.id}, so it is no exception of it"
                yield of_rule(placed, "exception_of", message, "leave exception_of out", level="warning")


def _is_exception(one: Placed, other: Placed) -> bool:
    return one.loaded is other.loaded and one.rule.exception_of == other.rule.id


# ------------------------------------------------------------------------------------------------- two rules


def overlaps(ground: Ground) -> Iterator[Finding]:
    """Rules that apply to one commitment and count different dates for it, where no test says that this is meant."""
    counting = [placed for placed in ground.rules if not placed.rule.due.stated]
    for one, other in combinations(counting, 2):
        if _kept_apart(one, other) or _met_in_a_test(one, other):
            continue
        found = search(both(one.condition, other.condition), several=False)
        if not found.complete:
            yield from not_searched(other, f"whether it meets {one.name}")
        elif found.facts is not None:
            yield _overlap(ground, one, other, found.facts)


def _overlap(ground: Ground, one: Placed, other: Placed, facts: Facts) -> Finding:
    same = one.rule.due == other.rule.due
    message = f"{one.name} applies where this does, and counts {'the same date again' if same else 'another date'}"
    sample = pasted(f"where {one.rule.id} applies too", facts, other.loaded.pack, other.rule, ground.calendars)
    hint = f"ask more of one of them, write exception_of, or say by a test that both dates are meant:\n{sample}"
    return of_rule(other, "when", message, hint, level="warning")


def cycle_overlaps(ground: Ground) -> Iterator[Finding]:
    """Rules that apply to what a cycle brings forth as well, which has a date of its own."""
    for placed in ground.rules:
        if placed.rule.due.stated:
            continue
        for name, facts in ground.occurrences:
            if holds(placed.condition, facts):
                message = f"it applies to what the cycle {name} brings forth as well, which has its own date"
                hint = f"add unless: {{cycle: {name}}}, or ask more of when"
                yield of_rule(placed, "when", message, hint, level="warning")


def _kept_apart(one: Placed, other: Placed) -> bool:
    """Whether two rules never decide together: one is the other's exception, or they were never law together."""
    related = _is_exception(one, other) or _is_exception(other, one)
    return related or _disjoint(one.rule.valid, other.rule.valid)


def _disjoint(one: Validity, other: Validity) -> bool:
    return _ends_before(one, other) or _ends_before(other, one)


def _ends_before(one: Validity, other: Validity) -> bool:
    return one.until is not None and other.since is not None and one.until < other.since


def _met_in_a_test(one: Placed, other: Placed) -> bool:
    """Whether a test shows that somebody knew of both: of another pack's rule only one that names it."""
    tested = [(situation, other.rule.id) for situation in one.rule.tests]
    tested += [(situation, one.rule.id) for situation in other.rule.tests]
    if one.loaded.pack.pack != other.loaded.pack.pack:
        tested = [(situation, unseen) for situation, unseen in tested if unseen in situation.name]
    known = (facts_of(situation.commitment) for situation, _ in tested)
    return any(holds(one.condition, facts) and holds(other.condition, facts) for facts in known)


# ------------------------------------------------------------------------------------------------- no rule


def gaps(ground: Ground) -> Iterator[Finding]:
    """Dates of commitments that fall between two rules: it is one on each side, and neither on that very day."""
    for placed in ground.rules:
        for field in _dated_fields(placed.condition):
            found = search(placed.condition)
            if found.facts is not None:
                yield from _holes(ground, placed, field, whole(found.facts))


def _dated_fields(condition: Condition) -> list[str]:
    names = dict.fromkeys(test.field for test in tests(condition))
    return [name for name in names if FIELDS_OF.get(name, FieldType.DATE) is FieldType.DATE]


def _holes(ground: Ground, placed: Placed, field: str, facts: Facts) -> Iterator[Finding]:
    """The days at which no rule applies, between one at which this does and one at which another does."""
    compared = constants(test for condition in ground.conditions for test in asked(field, tests(condition)))
    days = sorted(day for day in values(field, compared) if isinstance(day, date))
    applying = [any(holds(condition, {**facts, field: day}) for condition in ground.conditions) for day in days]
    here = next((at for at, day in enumerate(days) if holds(placed.condition, {**facts, field: day})), len(days))
    hole = next((at for at in range(here, len(days)) if not applying[at]), None)
    if hole is None or not any(applying[hole:]):
        return
    message = f"no rule applies where {field} is {days[hole]}, though one does before and one after"
    sample = pasted("the day between two rules", {**facts, field: days[hole]}, placed.loaded.pack, placed.rule,
                    ground.calendars)  # fmt: skip
    hint = f"let one rule end where the next begins (<= beside >); the day as a test:\n{sample}"
    yield of_rule(placed, "when", message, hint, level="warning")


def lapses(ground: Ground) -> Iterator[Finding]:
    """Days on which no version of a rule is law: one has ended, and the next has not begun."""
    for placed in ground.rules:
        until = placed.rule.valid.until
        others = [other for other in ground.rules if other is not placed and _same_matter(placed, other)]
        later = [other.rule.valid.since for other in others if _begins_after(other, until)]
        if until is None or not later or any(_law_just_after(other, until) for other in others):
            continue
        message = f"it is law until {until}, and what comes after it only from {min(day for day in later if day)}"
        hint = "let the next one begin on the day after, or say in a comment that there was no law in between"
        yield of_rule(placed, "valid", message, hint, level="warning")


def _same_matter(one: Placed, other: Placed) -> bool:
    return one.loaded is other.loaded and one.condition == other.condition


def _begins_after(other: Placed, until: date | None) -> bool:
    since = other.rule.valid.since
    return until is not None and since is not None and since > until


def _law_just_after(other: Placed, until: date) -> bool:
    valid = other.rule.valid
    open_since = valid.since is None or (valid.since - until).days <= 1
    return open_since and (valid.until is None or valid.until > until)


def unserved_kinds(ground: Ground) -> Iterator[Finding]:
    """Kinds that a rule speaks of, though only to leave them out, and for which no rule sets a deadline."""
    for placed in ground.rules:
        for kind in _kinds(placed.condition):
            if kind not in ground.cycle_kinds and not any(_serves(other.condition, kind) for other in ground.rules):
                message = f"{kind} is named here, and no rule in use sets a deadline for it"
                hint = f"write a rule with when: {{kind: {kind}}}, or correct the word"
                yield of_rule(placed, "when", message, hint, level="warning")


def unserved_follow_ups(ground: Ground) -> Iterator[Finding]:
    """What a follow-up makes, where no rule sets a deadline for it."""
    for loaded in ground.book.packs:
        for item in loaded.pack.follow_up:
            found = [search(both(placed.condition, *item.makes.known)) for placed in ground.rules]
            if any(one.facts is not None or not one.complete for one in found):
                continue
            kind = item.makes.kind
            message = f"a {kind} is made here, and no rule in use sets a deadline for it"
            hint = f"write a rule with when: {{kind: {kind}}}, or correct what is made"
            path = ("follow_up", item.id, "makes")
            yield Finding(file=loaded.file, path=path, message=message, hint=hint)


def _kinds(condition: Condition) -> list[str]:
    asked_of = asked("kind", tests(condition))
    return [str(kind) for kind in dict.fromkeys(constants(asked_of))]


def _serves(condition: Condition, kind: str) -> bool:
    found = search(both(condition, parse({"kind": kind})))
    return found.facts is not None or not found.complete


def undated_commitments(ground: Ground) -> Iterator[Finding]:
    """Commitments of the register that name no date, and that no rule dates."""
    left = [
        (file, facts)
        for file, facts in ground.unpromised
        if not any(holds(condition, facts) for condition in ground.conditions)
    ]
    for file, kind in dict.fromkeys((file, str(facts["kind"])) for file, facts in left):
        names = [str(facts["id"]) for where, facts in left if (where, facts["kind"]) == (file, kind)]
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield Finding(
            file=file,
            path=(),
            message=f"no rule in use sets a deadline for the {kind} {names[0]}{more}, and no date is stated",
            hint=f"write a rule with when: {{kind: {kind}}}, use the pack that has one, or give stated_due",
        )
