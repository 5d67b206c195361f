"""A workspace in use: its register open, its rules ready to be asked, its mail ready to go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from commitments.audit import Audited
from commitments.ledger import holding, register
from commitments.ledger.moments import ClockBehindError, Known, WrongClock
from commitments.listing import Wanted, listed
from commitments.reading.problem import Problem
from commitments.store import Connection, Store
from engine.assessment.assess import Assessment, Assessor
from engine.assessment.setbacks import FIRST, kept
from engine.checking.blame import blamed_on_damage
from engine.digests import send
from engine.matching.matcher import matcher
from engine.passes.assess_due import overlaid, stale
from engine.passes.progress import outdated
from engine.workspace import clock
from engine.workspace.missing import Missing, missing
from engine.workspace.settings import (
    FILE,
    BrokenSettingsError,
    Workspace,
    open_workspace,
)
from notifications.transports.deliverer import Deliverer
from rules.conditions.condition import Condition


@dataclass(frozen=True)
class Session:
    """An open workspace."""

    workspace: Workspace
    store: Store
    assessor: Assessor

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the files of the workspace, and what the last pass used and is not there now."""
        return (*self.workspace.problems, *(one.problem for one in self.missing))

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What the last pass used and is not there now."""
        with self.store.reading() as tx:
            return missing(tx, self.workspace)

    @property
    def deliverer(self) -> Deliverer:
        """What takes the mail away, as the settings say."""
        return send.deliverer(self.workspace)

    @contextmanager
    def current(self, now: datetime) -> Iterator[Connection]:
        """A transaction in which the projection is up to date as of `now`, for readers; it keeps nobody from writing.

        Where something is missing that the last pass used, it is what that pass left: without it all would stand
        otherwise. What no pass has seen yet is assessed first, for this transaction only.
        """
        with self.store.reading() as tx:
            if self.missing or not (self._outdated(tx, now) or self._stale(tx, now)):
                self._recall(tx)
                yield tx
                return
        with self.store.reading(temporary=True) as tx:
            overlaid(tx, self.assessor, now, everything=self._outdated(tx, now))
            yield tx
            tx.rollback()

    def _recall(self, tx: Connection) -> None:
        """Know what could not be assessed by those who stored what is read now."""
        self.assessor.setbacks.met.update((one.what, one.why) for one in kept(tx, FIRST))

    def _outdated(self, tx: Connection, now: datetime) -> bool:
        return outdated(tx, self.workspace, self.assessor, now)

    def _stale(self, tx: Connection, now: datetime) -> bool:
        return stale(tx, self.assessor.latest_today(now))

    def listed(self, now: datetime, wanted: Wanted) -> list[Audited]:
        """The commitments that are wanted, with where they stand now."""
        with self.current(now) as tx:
            return [Audited(*pair) for pair in listed(tx, self.assessor.today(now), wanted)]

    def assessments(self, day: date, known: Known | None = None) -> list[Assessment]:
        """What had become of every commitment by the end of `day`, as far as it was `known` at a moment."""
        with self.store.reading() as tx:
            found = (self.assessor.on(record, day, known) for record in register.records(tx))
            return [assessment for assessment in found if assessment is not None]

    def known(self, moment: datetime) -> Known:
        """What was known at a moment."""
        with self.store.reading() as tx:
            return register.known(tx, moment)

    def wrong_clocks(self) -> list[WrongClock]:
        """The entries of the ledger that say that the clock was wrong."""
        with self.store.reading() as tx:
            return register.wrong_clocks(tx)

    def behind(self) -> str:
        """Why nothing can be written down by the clock as it is, empty where it can."""
        try:
            with self.store.reading() as tx:
                register.moment(tx, self.now())
        except ClockBehindError as error:
            return str(error)
        return ""

    def now(self) -> datetime:
        """The present moment, by the clock of all who act for this register."""
        return self.store.clock(clock.now)()

    def today(self) -> date:
        """The date it is now, where the workspace is."""
        return self.assessor.today(self.now())

    def held(self) -> str:
        """Why nothing is delivered, empty where it is."""
        with self.store.reading() as tx:
            return holding.held(tx)

    def head(self) -> str:
        """The ledger's head."""
        with self.store.reading() as tx:
            return str(register.head(tx))

    def morning(self, day: date) -> datetime:
        """Eight o'clock on a day where the workspace is: the moment a pass "as of" that day stands for."""
        return datetime.combine(day, time(8), ZoneInfo(self.workspace.settings.timezone))

    def end(self, day: date) -> datetime:
        """The last moment of a day where the workspace is."""
        return datetime.combine(day, time.max, ZoneInfo(self.workspace.settings.timezone))


def audited(assessments: list[Assessment]) -> list[Audited]:
    """Assessments as the audit takes them."""
    return [Audited(item.record.commitment, item.standing) for item in assessments]


@contextmanager
def open_session(folder: Path, *, new: bool = False) -> Iterator[Session]:
    """The workspace in a folder, opened; closed again at the end. With `new` its register is made where none is.

    Raises a TroubleError where there is no workspace, or its register is not there or cannot be used.
    """
    workspace = open_workspace(folder)
    if broken := [problem for problem in workspace.problems if problem.file == str(folder / FILE)]:
        raise BrokenSettingsError(broken)
    store = Store.open(workspace.store, new=new)
    chosen = matcher(conditions(workspace))
    assessor = Assessor(workspace.book, workspace.calendars, chosen, workspace.settings.timezone)
    session = Session(workspace, store, assessor)
    try:
        with blamed_on_damage(store, workspace, assessor):
            yield session
    finally:
        chosen.close()
        store.close()


def conditions(workspace: Workspace) -> dict[str, Condition]:
    """What each rule asks of a commitment, by the rule's name."""
    return {name: item.rule.condition for name, item in workspace.book.rules.items()}
