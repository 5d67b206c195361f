"""What an account is made of, gathered: the commitments, what is doubtful of them, and their records where asked for.

Of today it reads the projection, in one pass however large the register is; of another day, or of what was known then,
it replays the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Final, Protocol

from commitments import audit
from commitments.audit import Account, Audited
from commitments.audit.account import Lines
from commitments.audit.problems import Doubt, Doubtful, gathered, of_strangers, suspects
from commitments.audit.projected import Projected
from commitments.audit.rappel import Round, concerns, next_cutoff, rappel
from commitments.ledger import register
from commitments.ledger.moments import Known
from commitments.listing import Line, Wanted, lines
from commitments.model.commitment import Status
from commitments.model.lineage import among, impossible
from commitments.model.record import Record
from commitments.store import Connection
from engine.answers.difference import (
    Change,
    Difference,
    When,
    differences,
    told,
)
from engine.answers.doubts import doubts, of_families
from engine.assessment.assess import Assessment
from engine.assessment.gc_paused import without_collector
from engine.checking.replay import Compared, altered
from engine.session import Session
from notifications.account import Report
from notifications.account.chasing import Changed


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an account is asked for: which day, as known when, narrowed to what, over which spans, with how many rows.

    `cutoff` asks for a rappel round, until the next cut-off or `until`; `since` for what changed from that day on;
    `named` for lists of what is behind the figures.
    """

    day: date
    known: Known | None = None
    wanted: Wanted = field(default_factory=Wanted)
    narrowed: str = ""
    per: str = "year"
    most: int = audit.MOST_ROWS
    cutoff: date | None = None
    until: date | None = None
    since: date | None = None
    title: str = ""
    named: bool = True


class Source(Protocol):
    """Where the commitments of an account come from; they can be read as often as needed."""

    @property
    def tx(self) -> Connection:
        """The transaction in which all that an account says is read."""

    @property
    def counted(self) -> audit.Source:
        """The commitments, as an account counts them."""

    def lines(self) -> Iterable[Line]:
        """The commitments, in the order of their ids."""

    def doubts(self) -> Iterable[Doubtful]:
        """What is doubtful of them."""

    @property
    def altered(self) -> Compared | None:
        """The projection beside a replay of the ledger, where it was read and another hand wrote in it."""


@dataclass(frozen=True)
class _Current:
    """The projection as of now."""

    tx: Connection
    session: Session
    asked: Asked
    found: Compared | None

    @property
    def altered(self) -> Compared | None:
        return self.found

    @property
    def counted(self) -> Projected:
        return Projected(self.tx, self.asked.day, self.asked.wanted)

    def lines(self) -> Iterable[Line]:
        return lines(self.tx, self.asked.day, self.asked.wanted)

    def doubts(self) -> Iterator[Doubtful]:
        """Only those are assessed of which something can be doubtful."""
        yield from _altered(self.found) if self.found is not None else ()
        names = self.session.workspace.settings.parties and self.session.workspace.parties
        undated = replace(self.asked.wanted, status=(Status.UNDATED.value,))
        families = impossible(self.tx)
        looked_at = {*families, *suspects(self.tx), *(row.id for row in lines(self.tx, self.asked.day, undated))}
        if names:
            looked_at |= set(of_strangers(self.tx, self.asked.day, self.asked.wanted, names))
        for record in register.records(self.tx, looked_at):
            assessment = self.session.assessor.on(record, self.asked.day)
            if assessment is not None and _fits(assessment, self.asked.wanted):
                yield from doubts(assessment, names)
                yield from of_families(families, {assessment.record.commitment.id})


@dataclass(frozen=True)
class _Replayed:
    """What had become of everything by the end of a day, as far as was known."""

    tx: Connection
    session: Session
    asked: Asked

    @property
    def counted(self) -> Lines:
        return Lines(self._found[0], self.asked.day)

    def lines(self) -> Iterable[Line]:
        return self._found[0]

    def doubts(self) -> Iterable[Doubtful]:
        return self._found[1]

    @property
    def altered(self) -> None:
        """Nothing: the ledger itself is read."""

    @cached_property
    def _found(self) -> tuple[list[Line], list[Doubtful]]:
        names = self.session.workspace.settings.parties and self.session.workspace.parties
        rows: list[Line] = []
        doubtful: list[Doubtful] = []
        parents: dict[str, str | None] = {}
        for record in register.records(self.tx):
            assessment = self.session.assessor.on(record, self.asked.day, self.asked.known)
            if assessment is None:
                continue
            commitment = assessment.record.commitment
            parents[commitment.id] = commitment.parent
            if _fits(assessment, self.asked.wanted):
                rows.append(audit.line(Audited(commitment, assessment.standing)))
                doubtful += doubts(assessment, names)
        return rows, [*doubtful, *of_families(among(parents), {row.id for row in rows})]


def _altered(found: Compared) -> Iterator[Doubtful]:
    """The commitments whose rows another hand than ours wrote; where that cannot be compared, any of them."""
    for identifier in found.differing or (() if found.standing else (_ANY,)):
        yield Doubtful(Doubt.ALTERED, identifier, _NOT_OURS, "gestand verify says what differs; --mend makes it anew")


_ANY: Final = "any of them"
_NOT_OURS: Final = (
    "the database was changed by another hand than the program's: this is not what the ledger makes of it"
)


def _fits(assessment: Assessment, wanted: Wanted) -> bool:
    return wanted.fits(assessment.record.commitment, assessment.standing)


@contextmanager
def source(session: Session, asked: Asked, now: datetime) -> Iterator[Source]:
    """Where the commitments come from, as long as the transaction lasts that they are read in."""
    if asked.known is None and asked.day == session.assessor.today(now):
        with session.store.reading() as tx:
            found = altered(tx, session.workspace, session.assessor)
        with session.current(now) as tx:
            yield _Current(tx, session, asked, found)
        return
    with session.store.reading() as tx:
        yield _Replayed(tx, session, asked)


def report(session: Session, source: Source, asked: Asked) -> Report:
    """The account that is asked for, with what is doubtful, the round and the changes, all of the same ledger head."""
    return Report(
        account=_account(source, asked),
        problems=gathered(source.doubts(), asked.most),
        round=_round(source, asked, asked.cutoff) if asked.cutoff else None,
        since=asked.since,
        changes=tuple(_changes(session, source.tx, asked, asked.since)) if asked.since else (),
        title=asked.title,
    )


def _account(source: Source, asked: Asked) -> Account:
    with without_collector():
        return audit.drawn_up(
            source.counted,
            as_of=asked.day,
            head=str(register.head(source.tx)),
            per=asked.per,
            most=asked.most,
            narrowed=asked.narrowed,
            known=f"{asked.known.at:%Y-%m-%d %H:%M}" if asked.known else "",
            named=asked.named,
        )


def _round(source: Source, asked: Asked, cutoff: date) -> Round:
    rows = {row.id: row for row in source.lines() if concerns(row, cutoff)}
    found = ((one.commitment.id, one.as_of(asked.day, asked.known)) for one in register.records(source.tx, rows))
    pairs: list[tuple[Line, Record]] = [(rows[identifier], one) for identifier, one in found if one is not None]
    return rappel(pairs, cutoff=cutoff, until=asked.until or next_cutoff(cutoff))


def _changes(session: Session, tx: Connection, asked: Asked, since: date) -> Iterator[Changed]:
    first, last = When(day=since, known=asked.known), When(day=asked.day, known=asked.known)
    found = [
        one
        for one in differences(session.assessor, register.records(tx), first, last)
        if asked.wanted.fits(one.commitment, one.after)
    ]
    order = list(Change)
    for one in sorted(found, key=lambda one: (order.index(one.change), one.commitment.id)):
        yield _changed(one)


def _changed(one: Difference) -> Changed:
    return Changed(change=one.change.value, commitment=one.commitment.id, title=one.commitment.title, what=told(one))
