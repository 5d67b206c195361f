"""What one commitment's standing means for others: who is muted, who counts towards a group, what is owed next.

Pure: engine.passes.groups and engine.passes.follow_ups bring the register up to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from commitments.model.commitment import (
    Commitment,
    Event,
    EventKind,
    Parties,
)
from commitments.model.dates import DAY, Window
from commitments.model.record import Record
from commitments.store.notices import MUTED
from engine.assessment.assess import Assessment, Assessor, facts
from engine.assessment.setbacks import UnassessedError
from engine.matching.matcher import Joiner
from rules.conditions.condition import Condition, Value, holds
from rules.counting.period import Point
from rules.pack.book import RuleBook
from rules.pack.consequence import FollowUp, GroupEscalation

FOLLOW_UP = "follow-up "
"""How the document begins that a commitment made by a follow-up refers to."""
_LONGEST_ID = 120


def outcome(assessment: Assessment) -> dict[str, Value]:
    """A commitment as flat facts, with where it stands."""
    standing = assessment.standing
    return {
        **facts(assessment.record),
        "status": standing.status.value,
        "partly": standing.partly,
        "days_late": standing.days_late_current,
    }


# ------------------------------------------------------------------------------------------------- inhibit


def mutes(book: RuleBook, parent: Assessment) -> dict[str, str]:
    """The inhibitions that a commitment gives rise to, each with the reason for which its children are muted."""
    if not book.inhibitions:
        return {}
    known = outcome(parent)
    return {name: _muted(name, parent, book) for name, item in book.inhibitions.items() if holds(item.when, known)}


def _muted(name: str, parent: Assessment, book: RuleBook) -> str:
    status = parent.standing.status.replace("_", " ")
    source = str(book.inhibitions[name].source)
    cited = f" ({source})" if source else ""
    return f"{MUTED}{parent.record.commitment.id}, {status}: inhibit of pack {name.partition('/')[0]}{cited}"


def muted(
    parents: Mapping[str, Mapping[str, str]], children: Iterable[tuple[str, str]], joiner: Joiner
) -> dict[str, str]:
    """Of children, each with its parent, those that are muted, and why; `parents` gives what each gives rise to."""
    causes = [(name, parent) for parent, found in parents.items() for name in found]
    parent_of = dict(children)
    pairs = sorted(joiner.joined(causes, parent_of.items()), reverse=True)
    return {child: parents[parent_of[child]][name] for name, child in pairs}


def muted_by(assessor: Assessor, child: Assessment, parent: Record | None) -> str:
    """Why nobody is told of a commitment on the day of its assessment; empty where its parent does not mute it."""
    then = assessor.on(parent, child.today) if parent else None
    found = mutes(assessor.book, then) if then else {}
    return found[min(found)] if found else ""


# ------------------------------------------------------------------------------------------------- escalate


def gathered(book: RuleBook, assessment: Assessment) -> Iterator[tuple[str, str]]:
    """The escalations that a commitment counts towards, each with the value that its group has in common."""
    known = outcome(assessment) if book.escalations else {}
    for name, item in book.escalations.items():
        if holds(item.when, known):
            yield from ((name, value) for value in _shared(item, assessment.record.commitment))


def _shared(item: GroupEscalation, commitment: Commitment) -> tuple[str, ...]:
    value = getattr(commitment, item.same)
    if isinstance(value, tuple):
        return tuple(dict.fromkeys(value))
    return (value,) if value else ()


def since(assessor: Assessor, now: Assessment, condition: Condition) -> date:
    """The first of the days on which a condition has held without a break, up to the day of the assessment."""
    found = now
    while (day := _turn_before(now.record, found)) is not None:
        earlier = assessor.on(now.record, day)
        if earlier is None or not holds(condition, outcome(earlier)):
            break
        found = earlier
    return found.today


def _turn_before(record: Record, found: Assessment) -> date | None:
    """The last day before that of an assessment on which anything may have been otherwise."""
    events = {entry.event.occurred_on for entry in record.history}
    dated = (day for item in found.obligations for day in item.turning_days)
    days = {*events, *(day - DAY for day in events if day > date.min), *dated}
    return max((day for day in days if day < found.today), default=None)


def first_day(item: GroupEscalation, today: date) -> date:
    """The day from which on a commitment must have come to stand so, to count."""
    return Point(item.within, "before").day(Window.on(today)) if item.within else date.min


# ------------------------------------------------------------------------------------------------- follow up


def follow_ups(assessor: Assessor, record: Record, today: date) -> Iterator[Event]:
    """What the events of a commitment by `today` make: for each follow-up that fits, the commitment owed next.

    Raises UnassessedError where it cannot be told how the commitment stood.
    """
    for name, item in assessor.book.follow_ups.items():
        occurred = (entry.event for entry in record.in_order if entry.event.kind is item.on)
        event = next((event for event in occurred if event.occurred_on <= today), None)
        then = assessor.on(record, event.occurred_on) if event else None
        if then and then.setback:
            raise UnassessedError(then.setback)
        if event and then and holds(item.when, outcome(then)):
            yield _made(name, item, then.record, event)


def _made(name: str, item: FollowUp, first: Record, event: Event) -> Event:
    commitment, wanted = first.commitment, item.makes
    dates = {**first.anchors, "event": Window.on(event.occurred_on)}
    made = Commitment(
        id=_next_id(commitment.id, item.id),
        kind=wanted.kind,
        title=wanted.title,
        by=_parties(wanted.by, commitment, commitment.by),
        to=_parties(wanted.to, commitment, commitment.to),
        force=wanted.force,
        made=event.occurred_on,
        anchors={anchor: dates[origin] for anchor, origin in wanted.anchors.items() if origin in dates},
        parent=commitment.id,
        dossier=commitment.dossier,
        source=item.source,
    )
    pack, _, short = name.partition("/")
    document = f"{FOLLOW_UP}{short} of pack {pack}"
    return Event(kind=EventKind.MADE, occurred_on=event.occurred_on, commitment=made, document=document)


def _next_id(first: str, follow_up: str) -> str:
    """The id of what follows; one that would be too long is cut, and ends in what tells it from others."""
    name = f"{first}-{follow_up}"
    if len(name) <= _LONGEST_ID:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{name[: _LONGEST_ID - len(mark) - 1]}-{mark}"


def _parties(written: Parties | None, first: Commitment, otherwise: Parties) -> Parties:
    if written is None:
        return otherwise
    return {"by": first.by, "to": first.to}.get(written[0], written)
