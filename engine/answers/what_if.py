"""What if: a commitment with other fields or anchors than it has, to be assessed as if it were so. Nothing is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from commitments.model.commitment import Commitment, Event, EventKind
from commitments.model.record import Record, Recorded
from commitments.reading.fit import check, close
from commitments.reading.problem import Document, Problem, problem
from commitments.reading.source import parse
from engine.assessment.deadlines import anchor_name
from rules.conditions.condition import tests
from rules.pack.book import RuleBook

_OPTION = "--what-if"
_ANCHORS = "anchors."


def supposed(record: Record, said: Iterable[str], book: RuleBook) -> tuple[Record | None, tuple[Problem, ...]]:
    """The record as it would be if all of `said` were so (letter=2018-07-20, kind=report), or what is wrong with it.

    Values are written as in a register file; a name that is no field is an anchor that the record or a rule knows.
    """
    document, problems = parse("\n".join(one.replace("=", ": ", 1) for one in said), _OPTION)
    if document is None or problems:
        return None, problems
    strange = tuple(_strangers(document, _known(record, book)))
    if strange:
        return None, strange
    fields, anchors = _split(document.value)
    whole = record.commitment.model_dump(mode="json", exclude_defaults=True) | fields
    dated = {name: str(window) for name, window in record.anchors.items()}
    commitment, faults = check(Commitment, replace(document, value={**whole, "anchors": dated | anchors}))
    if commitment is None:
        return None, faults
    return Record(tuple(_kept(record, commitment, frozenset(anchors)))), ()


def _split(said: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """What is said of fields, and of anchors."""
    fields = {name: value for name, value in said.items() if name in Commitment.model_fields}
    anchors = {name.removeprefix(_ANCHORS): value for name, value in said.items() if name not in fields}
    return fields, anchors


def _known(record: Record, book: RuleBook) -> list[str]:
    """The anchors that the record has, or that a rule counts from or asks for."""
    rules = [item.rule for item in book.rules.values()]
    asked = (test.field for rule in rules for test in tests(rule.condition))
    named = (name.removeprefix(_ANCHORS) for name in asked if name.startswith(_ANCHORS))
    counted = (anchor_name(rule.due) for rule in rules)
    return list(dict.fromkeys(name for name in (*record.anchors, *counted, *named) if name and "." not in name))


def _strangers(document: Document, anchors: list[str]) -> Iterable[Problem]:
    fields = [name for name in Commitment.model_fields if name != "anchors"]
    for name in document.value:
        if name.removeprefix(_ANCHORS) not in {*fields, *anchors}:
            hint = f"{close(name, [*fields, *anchors])} fields: {', '.join(fields)}; anchors: {', '.join(anchors)}"
            yield problem(
                document, (name,), f"{name!r} is neither a field nor an anchor known here", hint.strip(), True
            )


def _kept(record: Record, commitment: Commitment, anchors: frozenset[str]) -> Iterable[Recorded]:
    """The history with the supposed commitment in it, and without the dates that it takes the place of."""
    for entry in record.history:
        if entry.event.kind is EventKind.ANCHORED and entry.event.anchor in anchors:
            continue
        # No entry of the ledger says so: number 0, which none has.
        yield replace(entry, event=_with(entry.event, commitment), seq=0) if entry.event.commitment else entry


def _with(event: Event, commitment: Commitment) -> Event:
    moved = event.kind is EventKind.MADE and commitment.made is not None
    changed = {"occurred_on": commitment.made} if moved else {}
    return event.model_copy(update={"commitment": commitment, **changed})
