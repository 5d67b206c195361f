"""What an import says as it goes: the problems it meets, and every change where it is a trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commitments.ledger.intake import Outcome
from commitments.reading.problem import Problem
from engine.cli.output import Failed, number, say, tell_problems

MOST = 100
"""More problems than these are counted, not shown."""


@dataclass
class Complaints:
    """The problems of an import, told as they are met: the first hundred of them, the others counted."""

    told: int = 0
    errors: int = 0

    def tell(self, problem: Problem) -> None:
        """Tell a problem."""
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


def list_changes(outcomes: Sequence[Outcome]) -> None:
    """Say what some drafts change, a line for each thing."""
    for outcome in outcomes:
        say(*outcome.lines)
