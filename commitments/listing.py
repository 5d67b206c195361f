"""The register as lists and accounts read it: each commitment in brief, with where it stands, from the projection.

The projection must be up to date (`Session.current` of the engine sees to that). What is open is late as of the day
that is asked for, not as of the day of the pass that stored it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from commitments import store
from commitments.model.commitment import (
    Commitment,
    Force,
    Standing,
    Status,
    within,
)
from commitments.model.dates import Window
from commitments.store import Connection, Row

_SETTLED: Final = frozenset(status for status in Status if status.settled)
_OPEN: Final = frozenset(Status) - _SETTLED
GROUPS: Final = {"open": _OPEN, "settled": _SETTLED, **{status.value: frozenset({status}) for status in Status}}
"""What a status can be asked for as: by its name, or as open or settled."""


class Brief(NamedTuple):
    """A commitment without its anchors, its stated date and its source."""

    id: str
    kind: str
    title: str
    by: tuple[str, ...]
    to: tuple[str, ...]
    force: Force
    dossier: str
    parent: str | None
    cycle: str
    made: date | None


class Line(NamedTuple):
    """What an account reads of a commitment: what it is, and where it stands."""

    id: str
    kind: str
    title: str
    by: tuple[str, ...]
    to: tuple[str, ...]
    force: Force
    dossier: str
    made: date | None
    status: Status
    partly: bool
    rule: str
    original_earliest: date | None
    original_latest: date | None
    current_earliest: date | None
    current_latest: date | None
    settled_on: date | None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which commitments are asked for: what is left out does not narrow.

    A status is one of GROUPS; a party covers all below it; a dossier is the same with or without its dots and spaces;
    `text` is looked for in id, title and dossier, whatever its case; `due_from` and `due_until` are the first and the
    last day, both included, on which it may be due; `late_by` is for what is overdue by so many days or more.
    """

    status: tuple[str, ...] = ()
    by: str | None = None
    to: str | None = None
    kind: str | None = None
    dossier: str | None = None
    text: str | None = None
    due_from: date | None = None
    due_until: date | None = None
    late_by: int | None = None

    def fits(self, commitment: Commitment | Brief, standing: Standing) -> bool:
        """Whether a commitment that stands so is among them."""
        return self._describes(commitment) and self._stands(standing)

    def _describes(self, commitment: Commitment | Brief) -> bool:
        return (
            (self.by is None or any(within(party, self.by) for party in commitment.by))
            and (self.to is None or any(within(party, self.to) for party in commitment.to))
            and (self.kind is None or commitment.kind == self.kind)
            and (self.dossier is None or commitment.dossier in _spellings(self.dossier))
            and self.says(commitment.id, commitment.title, commitment.dossier)
        )

    def says(self, identifier: str, title: str, dossier: str) -> bool:
        """Whether the words that are asked for stand in these, whatever their case."""
        return not self.text or self.text.casefold() in f"{identifier} {title} {dossier}".casefold()

    def _stands(self, standing: Standing) -> bool:
        due, late = standing.current, standing.days_late_current
        return (
            (not self.status or any(standing.status in GROUPS[name] for name in self.status))
            and (self.due_from is None or (due is not None and due.latest >= self.due_from))
            and (self.due_until is None or (due is not None and due.earliest <= self.due_until))
            and (self.late_by is None or (standing.status is Status.OVERDUE and (late or 0) >= self.late_by))
        )


def _spellings(dossier: str) -> tuple[str, ...]:
    """How a dossier's number may be written: 34964, 34 964, 34.964."""
    found = re.fullmatch("([0-9]{2})[. ]?([0-9]{3})", dossier.strip())
    return (dossier, *(between.join(found.groups()) for between in ("", " ", "."))) if found else (dossier,)


def listed(tx: Connection, today: date, wanted: Wanted | None = None) -> Iterator[tuple[Brief, Standing]]:
    """The commitments that are wanted, in the order of their ids, streamed; all of them where nothing is said."""
    wanted = wanted or Wanted()
    for row in tx.execute(selection(wanted, today)):
        if wanted.says(row.id, row.title, row.dossier):
            yield brief(row), _standing(row, today)


def lines(
    tx: Connection, today: date, wanted: Wanted | None = None, among: store.Value | None = None
) -> Iterator[Line]:
    """The commitments that are wanted as accounts read them, in the order of their ids, streamed.

    `among` is a condition on the projection that narrows them further.
    """
    wanted = wanted or Wanted()
    table = store.commitment
    query = selection(wanted, today).with_only_columns(*(table.c[name] for name in Line._fields))
    query = query if among is None else query.where(among)
    for id_, kind, title, by, to, force, dossier, made, status, *standing in tx.execute(query):
        if wanted.says(id_, title, dossier):
            described = (id_, kind, title, parties(by), parties(to), _FORCES[force], dossier, made)
            yield Line(*described, _STATUSES[status], *standing)


def selection(wanted: Wanted, today: date) -> Any:  # noqa: ANN401 (a query has no type outside the store)
    """The query for the rows of the projection that are wanted, by their ids; what words they hold it does not ask."""
    table = store.commitment
    query = table.select().where(table.c.status.is_not(None)).order_by(table.c.id)
    if wanted.status:
        query = query.where(table.c.status.in_(sorted({*set[str]().union(*(GROUPS[name] for name in wanted.status))})))
    for column, party in ((table.c.by, wanted.by), (table.c.to, wanted.to)):
        if party is not None:
            query = query.where(
                column.contains(f'"{party}"', autoescape=True) | column.contains(f'"{party}/', autoescape=True)
            )
    if wanted.kind is not None:
        query = query.where(table.c.kind == wanted.kind)
    if wanted.dossier is not None:
        query = query.where(table.c.dossier.in_(_spellings(wanted.dossier)))
    if wanted.due_from is not None:
        query = query.where(table.c.current_latest >= wanted.due_from)
    if wanted.due_until is not None:
        query = query.where(table.c.current_earliest <= wanted.due_until)
    if wanted.late_by is not None:
        last = today - timedelta(days=min(max(wanted.late_by, 0), (today - date.min).days))
        query = query.where(table.c.status == Status.OVERDUE.value, table.c.current_latest <= last)
    return query.execution_options(yield_per=1000)


def brief(row: Row[Any]) -> Brief:
    """A row of the projection as the commitment in brief."""
    return Brief(
        row.id,
        row.kind,
        row.title,
        parties(row.by),
        parties(row.to),
        _FORCES[row.force],
        row.dossier,
        row.parent,
        row.cycle,
        row.made,
    )


_FORCES: Final = {force.value: force for force in Force}
_STATUSES: Final = {status.value: status for status in Status}


@lru_cache(maxsize=16_384)
def parties(text: str) -> tuple[str, ...]:
    """The parties of a JSON list; a register has few of them, so they are read once."""
    return tuple(json.loads(text))


def _standing(row: Row[Any], today: date) -> Standing:
    until = row.settled_on or today
    original = _window(row.original_earliest, row.original_latest)
    current = _window(row.current_earliest, row.current_latest)
    return Standing(
        status=_STATUSES[row.status],
        partly=row.partly,
        rule=row.rule,
        original=original,
        current=current,
        settled_on=row.settled_on,
        days_late_original=(until - original.latest).days if original else None,
        days_late_current=(until - current.latest).days if current else None,
    )


@lru_cache(maxsize=16_384)
def _window(earliest: date | None, latest: date | None) -> Window | None:
    """A window from its columns; many commitments have the same one."""
    return Window(earliest, latest) if earliest and latest else None
