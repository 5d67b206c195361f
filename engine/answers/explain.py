"""Why a commitment stands where it stands: each date step by step, the rule and its words; and why not another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from commitments.ledger.decisions import asked
from commitments.model.basis import Ground
from commitments.model.commitment import EventKind, Standing, Status
from commitments.model.dates import Window, day_after
from commitments.model.record import Record, Recorded
from engine.assessment.assess import Assessment, Assessor, facts
from engine.assessment.deadlines import (
    STATED,
    Obligation,
    in_force,
    reason,
    steps,
)
from engine.assessment.moves import Move, Unheeded
from rules.calendars.calendar import spoken
from rules.conditions.condition import Check, trace
from rules.pack.book import BookRule, RuleBook

_GUTTER = 11


def spoken_window(window: Window) -> str:
    """A known day with its weekday, anything less as it is known: 2027, or between two days."""
    if window.exact:
        return spoken(window.earliest)
    text = str(window)
    return text if "/" not in text else f"{spoken(window.earliest)} – {spoken(window.latest)}"


def verdict(standing: Standing) -> str:
    """Where a commitment stands, in a few words: fulfilled late on Thu 30 Aug 2018, 20 days late."""
    words = standing.status.replace("_", " ") + (", partly fulfilled" if standing.partly else "")
    if standing.settled_on:
        words += f" on {spoken(standing.settled_on)}"
    tells = standing.settled_on is not None or standing.status is Status.OVERDUE
    return ", ".join([words, *_lateness(standing)]) if tells else words


def _lateness(standing: Standing) -> Iterator[str]:
    current, original = standing.days_late_current, standing.days_late_original
    if current is not None:
        yield _days(current)
    if original is not None and original != current:
        yield f"{_days(original)} against the original deadline"


def _days(late: int) -> str:
    if late == 0:
        return "on the last day"
    noun = "day" if abs(late) == 1 else "days"
    return f"{abs(late)} {noun} {'late' if late > 0 else 'early'}"


def explanation(assessment: Assessment, book: RuleBook, muted: str = "") -> Iterator[str]:
    """The lines that tell what became of a commitment and why, for a terminal; `muted` says why nobody is told."""
    commitment = assessment.record.commitment
    yield f"{commitment.id}  {commitment.title}"
    yield f"{', '.join(commitment.by)} owes {', '.join(commitment.to)} this {commitment.kind} ({commitment.force})"
    yield f"as of {spoken(assessment.today)}: {verdict(assessment.standing)}"
    if muted:
        yield muted
    if days := asked(assessment.record):
        yield f"a further explanation was asked {_times(len(days))}, last on {spoken(days[-1])}"
    for obligation in assessment.obligations:
        yield ""
        yield from _obligation(obligation, assessment, book)
    if assessment.next_change:
        yield ""
        yield f"next change {spoken(assessment.next_change)}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _obligation(obligation: Obligation, assessment: Assessment, book: RuleBook) -> Iterator[str]:
    current = obligation.current
    yield f"due {spoken_window(current)}" if current else f"due date not known: {obligation.unknown}"
    for number, (name, text) in enumerate(_steps(obligation, assessment), start=1):
        yield f"  {number} {name:<{_GUTTER - 2}}{text}"
    if current is not None:
        yield f"  {'late from':<{_GUTTER}}{_late_from(obligation, current, book)}"
    if not assessment.setback:
        yield f"  {'because':<{_GUTTER}}{_because(obligation, assessment, book)}"
    if obligation.beaten_by:
        yield f"  {'but':<{_GUTTER}}this does not count: {_comes_before(obligation.beaten_by)} comes before it"


def _steps(obligation: Obligation, assessment: Assessment) -> Iterator[tuple[str, str]]:
    for step in steps(obligation, assessment.record):
        origin = _origin(assessment.record, str(step.data.get("anchor", ""))) if step.name == "anchor" else ""
        yield step.name, f"{step.text}{origin}"
    for move in obligation.moves:
        yield "moved", _move(move, assessment.entry(move))
    for item in obligation.unheeded:
        yield "refused", _unheeded(item, assessment.entry(item))


def _origin(record: Record, anchor: str) -> str:
    """Where the register has an anchor's date from."""
    dated = [entry for entry in record.of(EventKind.ANCHORED) if entry.event.anchor == anchor]
    made = [entry for entry in record.valid if entry.event.commitment and anchor in entry.event.commitment.anchors]
    source = (dated or made)[-1:]
    return f" ({record.commitment.id}, ledger #{source[0].seq})" if source and source[0].seq else ""


def _move(move: Move, entry: Recorded) -> str:
    event = entry.event
    what = f"{event.anchor} dated anew" if event.kind is EventKind.ANCHORED else event.kind.replace("_", " ")
    source = ", ".join(part for part in (event.decided_by, event.document, event.note) if part)
    origin = f"{source}, ledger #{entry.seq}" if source else f"ledger #{entry.seq}"
    before = f"from {spoken_window(move.before)} " if move.before else ""
    return f"{what} on {spoken(event.occurred_on)}, {before}to {spoken_window(move.after)} ({origin})"


def _unheeded(item: Unheeded, entry: Recorded) -> str:
    event = entry.event
    return f"{event.kind.replace('_', ' ')} of {spoken(event.occurred_on)}: {item.reason} (ledger #{entry.seq})"


def _late_from(obligation: Obligation, current: Window, book: RuleBook) -> str:
    if not obligation.force.can_be_overdue:
        return f"never: it is {obligation.force}, so it is awaited"
    if current.latest == date.max:
        return f"never: no day comes after {spoken(current.latest)}"
    rule = book.rules.get(obligation.rule)
    zone = f" {rule.pack.timezone}" if rule else ""
    return f"{spoken(day_after(current.latest))} 00:00{zone}"


def _because(obligation: Obligation, assessment: Assessment, book: RuleBook) -> str:
    if obligation.rule == STATED:
        source = assessment.record.commitment.source
        quote = reason(obligation, assessment.record).phrase or source.quote
        return f"the commitment says so{_quoted(quote)}{_from(str(source))}"
    rule = book.rules[obligation.rule]
    return f"rule {rule.name}{_quoted(rule.rule.source.quote)}{_from(str(rule.rule.source))}"


def _quoted(quote: str) -> str:
    return f": “{quote}”" if quote else ""


def _from(source: str) -> str:
    return f" ({source})" if source else ""


# ------------------------------------------------------------------------------------------------- why not


@dataclass(frozen=True)
class WhyNot:
    """Why a rule does or does not apply to a commitment: what `when` asked and got, and what `unless` did.

    `but` says what keeps a rule from deciding whose conditions hold; empty where nothing does.
    """

    rule: str
    applies: bool
    when: tuple[Check, ...]
    unless: tuple[Check, ...]
    but: str = ""


def why_not(assessor: Assessor, assessment: Assessment, name: str) -> WhyNot:
    """Each condition of a rule with what it wanted and what it got, on the day of the assessment."""
    rule = assessor.book.rules[name].rule
    asked = facts(assessment.record)
    applies = name in assessor.applying(assessment.record)
    return WhyNot(
        rule=name,
        applies=applies,
        when=trace(rule.when, asked),
        unless=trace(rule.unless, asked) if rule.unless else (),
        but=_kept_back(assessor.book.rules[name], assessment) if applies else "",
    )


def applied(assessor: Assessor, assessment: Assessment) -> tuple[WhyNot, ...]:
    """Every rule whose conditions hold, by name, each with its conditions."""
    return tuple(why_not(assessor, assessment, name) for name in sorted(assessor.applying(assessment.record)))


def _kept_back(rule: BookRule, assessment: Assessment) -> str:
    record = assessment.record
    if not in_force(rule, Ground.of(record, assessment.today), record.commitment.made, assessment.today):
        return f"it is law {rule.rule.valid} only"
    beaten_by = next((item.beaten_by for item in assessment.obligations if item.rule == rule.name), "")
    return f"{_comes_before(beaten_by)} comes before it" if beaten_by else ""


def _comes_before(beaten_by: str) -> str:
    return "the date that the commitment itself names" if beaten_by == STATED else beaten_by


def why_not_lines(answer: WhyNot) -> Iterator[str]:
    """The lines that tell why a rule does or does not apply, for a terminal."""
    yield f"rule {answer.rule} {'applies' if answer.applies else 'does not apply'}"
    for word, checks in (("when", answer.when), ("unless", answer.unless)):
        for check in checks:
            yield f"  {word:<7}{'yes' if check.held else 'no ':<4} {check.path} wanted {check.wanted}, got {check.got}"
    if answer.but:
        yield f"  but    {answer.but}"


def why_not_json(answer: WhyNot) -> dict[str, object]:
    """The same as plain values."""
    checks = {"when": [vars(check) for check in answer.when], "unless": [vars(check) for check in answer.unless]}
    return {"rule": answer.rule, "applies": answer.applies, **checks, "but": answer.but}


def as_json(assessment: Assessment, muted: str = "") -> dict[str, object]:
    """The whole explanation as plain values: dates as text, each deadline with its steps; `muted` as above."""
    standing = assessment.standing
    return {
        "commitment": assessment.record.commitment.model_dump(mode="json", exclude_defaults=True),
        "as_of": assessment.today.isoformat(),
        "status": standing.status.value,
        "partly": standing.partly,
        "settled_on": _iso(standing.settled_on),
        "days_late_original": standing.days_late_original,
        "days_late_current": standing.days_late_current,
        "rule": standing.rule,
        "next_change": _iso(assessment.next_change),
        "muted": muted or None,
        "explanation_asked_on": [_iso(day) for day in asked(assessment.record)],
        "deadlines": [_deadline_json(item, assessment) for item in assessment.obligations],
        "notices": [{**vars(item), "stage": item.stage.value, "day": _iso(item.day)} for item in assessment.notices],
    }


def _deadline_json(obligation: Obligation, assessment: Assessment) -> Mapping[str, object]:
    told = reason(obligation, assessment.record)
    return {
        "rule": obligation.rule,
        "original": str(obligation.original) if obligation.original else None,
        "current": str(obligation.current) if obligation.current else None,
        "unknown": obligation.unknown,
        "beaten_by": obligation.beaten_by,
        "steps": [{"step": step.name, "text": step.text, **step.data} for step in steps(obligation, assessment.record)],
        "moves": [
            {
                "from": str(move.before) if move.before else None,
                "to": str(move.after),
                "ledger": assessment.entry(move).seq,
            }
            for move in obligation.moves
        ],
        "source": {"quote": told.quote, "document": told.document},
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
