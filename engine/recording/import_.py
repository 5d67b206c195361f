"""Taking drafts into the register: in one transaction, with every problem handed on, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from commitments.ledger import register
from commitments.ledger.intake import Draft, Intake, Outcome
from commitments.reading.problem import Problem
from commitments.reading.source import RefusedError
from commitments.store import Connection
from engine.passes.cycles import grow
from engine.session import Session


@dataclass(frozen=True, kw_only=True)
class Taking:
    """How drafts are taken in: into which register, as far as they had happened by which day, by whom.

    With `over_erased` also texts in the place of those that were erased; with `dry_run` all is tried, and undone. Every
    problem is handed to `tell` as it is met, and in a dry run what would become of some drafts to `tried`.
    """

    session: Session
    day: date
    actor: str
    dry_run: bool
    tell: Callable[[Problem], None]
    over_erased: bool = False
    tried: Callable[[Sequence[Outcome]], None] = lambda _outcomes: None

    def take(
        self, found: Iterable[Draft | Problem], then: Callable[[Connection], None] = lambda _tx: None
    ) -> Intake | None:
        """Bring the cycles up to date and take in what was found, `then` do what belongs to it; what became of it.

        Whatever was told as wrong counts as refused. None where nothing of it may be used: then nothing was written.
        """
        now, problems = self.session.now(), _Problems(self.tell)
        try:
            with self.session.store.writing() as tx:
                grow(tx, self.session.workspace.book, today=self.day, at=now)
                intake = register.take_in(
                    tx,
                    problems.left_out(found),
                    today=self.day,
                    at=now,
                    actor=self.actor,
                    dry_run=self.dry_run,
                    over_erased=self.over_erased,
                    tell=lambda outcomes: self._hand_on(outcomes, problems),
                )
                then(tx)
                return replace(intake, refused=problems.errors)
        except RefusedError as refused:
            self.tell(refused.problem)
            return None

    def _hand_on(self, outcomes: Sequence[Outcome], problems: _Problems) -> None:
        for outcome in outcomes:
            for problem in outcome.problems:
                problems.see(problem)
        if self.dry_run:
            self.tried(outcomes)


@dataclass
class _Problems:
    """Hands problems on, and counts the errors among them."""

    tell: Callable[[Problem], None]
    errors: int = 0

    def see(self, problem: Problem) -> None:
        self.errors += problem.level == "error"
        self.tell(problem)

    def left_out(self, found: Iterable[Draft | Problem]) -> Iterator[Draft]:
        """The drafts among what was found; the problems among it are handed on."""
        for one in found:
            if isinstance(one, Problem):
                self.see(one)
            else:
                yield one
