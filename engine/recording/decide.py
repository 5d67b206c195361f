"""Taking in what a meeting decided on many commitments: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commitments.ledger import register
from commitments.ledger.decisions import Decision, Meeting, Weighed, weigh
from commitments.ledger.similar import similar
from commitments.reading.problem import Problem
from commitments.store import Connection
from engine.session import Session


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What a file of decisions comes to: what each brings, and what is wrong with any."""

    weighed: tuple[Weighed, ...] = ()
    problems: tuple[Problem, ...] = ()


def take_in(session: Session, meeting: Meeting, decisions: Sequence[Decision], *, dry_run: bool, actor: str) -> Decided:
    """Write down what a meeting decided; what each decision brings, and every problem.

    Where there is a problem nothing is written down, nor where it is a `dry_run`.
    """
    with session.store.writing() as tx:
        known = {one.commitment.id: one for one in register.records(tx, [one.number for one in decisions])}
        weighed = weigh(meeting, decisions, known, session.today())
        problems = tuple(_problem(tx, one) for one in weighed if one.refused)
        if not problems and not dry_run:
            events = [(one.decision.number, event) for one in weighed for event in one.events]
            register.append(tx, events, at=session.now(), actor=actor)
    return Decided(weighed=tuple(weighed), problems=problems)


def _problem(tx: Connection, one: Weighed) -> Problem:
    file, line = one.decision.origin
    names = similar(tx, one.decision.number) if one.stranger else []
    return Problem(
        file=file,
        line=line,
        column=one.decision.column,
        path=one.decision.number,
        message=one.refused,
        hint=f"did you mean {' or '.join(names)}?" if names else "",
    )
