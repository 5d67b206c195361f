"""Taking drafts in for the commands: in one transaction, with every problem told; every change, where it is a trial."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from commitments.ledger import register
from commitments.ledger.intake import Draft, Intake, Outcome
from commitments.reading.problem import Problem
from commitments.reading.source import RefusedError
from commitments.store import Connection
from engine.cli.output import Failed, number, say, tell_problems
from engine.passes.cycles import grow
from engine.session import Session

MOST = 100
"""More problems than these are counted, not shown."""


@dataclass
class Complaints:
    """The problems of an import, told as they are met: the first hundred of them, the others counted."""

    told: int = 0
    errors: int = 0

    def tell(self, problems: Iterable[Problem]) -> None:
        """Tell some problems."""
        for problem in problems:
            self.told += 1
            self.errors += problem.level == "error"
            if self.told <= MOST:
                tell_problems([problem])

    def close(self) -> None:
        """Say how many more there are; raises Failed where there were errors."""
        if self.told > MOST:
            more = number(self.told - MOST, "more problem")
            say(f"gestand: {more} not shown; mend the first, and import again", err=True)
        if self.errors:
            raise Failed


@dataclass(frozen=True, kw_only=True)
class Taking:
    """How drafts are taken in: into which register, as far as they had happened by which day, by whom.

    With `over_erased` also texts in the place of those that were erased.
    """

    session: Session
    day: date
    actor: str
    dry_run: bool
    over_erased: bool = False
    complaints: Complaints = field(default_factory=Complaints)

    def take(
        self, found: Iterable[Draft | Problem], then: Callable[[Connection], None] = lambda _tx: None
    ) -> Intake | None:
        """Bring the cycles up to date and take in what was found, `then` do what belongs to it; what became of it.

        Whatever was told as wrong counts as refused. None where nothing of it may be used: then nothing was written.
        """
        now, told = self.session.now(), self.complaints.errors
        try:
            with self.session.store.writing() as tx:
                grow(tx, self.session.workspace.book, today=self.day, at=now)
                intake = register.take_in(
                    tx,
                    self._drafts(found),
                    today=self.day,
                    at=now,
                    actor=self.actor,
                    dry_run=self.dry_run,
                    over_erased=self.over_erased,
                    tell=self._tell,
                )
                then(tx)
                return replace(intake, refused=self.complaints.errors - told)
        except RefusedError as refused:
            self.complaints.tell([refused.problem])
            return None

    def _drafts(self, found: Iterable[Draft | Problem]) -> Iterator[Draft]:
        for one in found:
            if isinstance(one, Problem):
                self.complaints.tell([one])
            else:
                yield one

    def _tell(self, outcomes: Sequence[Outcome]) -> None:
        self.complaints.tell(problem for outcome in outcomes for problem in outcome.problems)
        if self.dry_run:
            for outcome in outcomes:
                say(*outcome.lines)
