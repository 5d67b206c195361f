"""All that a check of a register finds: the ledger, entry by entry, the triggers, the messages, the projection."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final

from commitments.ledger import chain, register
from commitments.ledger.chain import Line, Verdict
from commitments.ledger.contents import Damage, damage, unreadable
from commitments.store import Connection, DamagedStoreError, Misfit, Store, Stranger, misfits
from engine.assessment.assess import Assessor
from engine.checking.deliveries import Deliveries, forged_notices
from engine.checking.replay import Compared, compare
from engine.workspace.settings import Workspace

_SHOWN: Final = 20
"""So many damaged entries are told, and so many messages; the others are counted."""


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What a check found: empty where all is well.

    `verdict` is on the chain; `damage` are the first entries that are damaged by themselves, `unshown` the number of
    the others; `leaving_out` the commitments of which entries cannot be read. `broken` is what the database says of
    itself. `messages` are sentences about what was told. `compared` is None where the projection was not compared.
    `clocks_known` says whether the register remembers which entries say that the clock was wrong.
    """

    verdict: Verdict
    damage: tuple[Damage, ...] = ()
    unshown: int = 0
    leaving_out: frozenset[str] = frozenset()
    broken: str = ""
    unguarded: tuple[str, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    misfits: tuple[Misfit, ...] = ()
    messages: tuple[str, ...] = ()
    compared: Compared | None = None
    clocks_known: bool = True

    @property
    def kept(self) -> bool:
        """Whether all is well with what cannot be made anew: the ledger, the messages, the file."""
        lost = [misfit for misfit in self.misfits if misfit.table != "commitment"]
        sound = self.verdict.ok and self.verdict.in_order
        return sound and not (self.damage or self.broken or self.messages or lost)

    @property
    def well(self) -> bool:
        """Whether nothing was found at all."""
        differing = self.compared is not None and self.compared.differing
        remade = self.unguarded or self.strangers or self.misfits or differing
        return self.kept and self.clocks_known and not remade


def verify(
    base: Store, workspace: Workspace, assessor: Assessor, anchor: str | None = None, *, chain_only: bool = False
) -> Findings:
    """What a check finds. Meanwhile a thread has the database check itself."""
    with ThreadPoolExecutor(1) as pool:
        itself = pool.submit(base.check)
        with base.reading() as tx:
            found = _chain(tx, anchor) if chain_only else _whole(tx, workspace, assessor, anchor)
            clocks = register.wrong_clocks_remembered(tx)
        found = replace(found, broken=_broken(itself))
    unguarded, strangers = base.unguarded(), base.strangers()
    known = not found.verdict.ok or clocks == [one.seq for one in found.verdict.corrections]
    return replace(found, unguarded=tuple(unguarded), strangers=tuple(strangers), clocks_known=known)


def _broken(itself: Future[None]) -> str:
    try:
        itself.result()
    except DamagedStoreError as error:
        return str(error)
    return ""


def _chain(tx: Connection, anchor: str | None) -> Findings:
    return Findings(verdict=chain.verify(register.lines(tx), anchor))


def ledger_of(tx: Connection, anchor: str | None = None) -> Findings:
    """What a check of the ledger finds: the chain, and whether each entry can be read."""
    return _of_ledger(tx, anchor, _Contents(None))


def _of_ledger(tx: Connection, anchor: str | None, contents: _Contents) -> Findings:
    lines = register.lines(tx)
    verdict = chain.verify(contents.watched(lines), anchor)
    for line in lines:  # what comes after an entry that breaks the chain
        contents.look(line, damage(line))
    return Findings(
        verdict=verdict,
        damage=tuple(one for one in contents.found if one.seq != verdict.seq),
        unshown=max(0, contents.count - len(contents.found)),
        leaving_out=frozenset(contents.leaving_out),
    )


def _whole(tx: Connection, workspace: Workspace, assessor: Assessor, anchor: str | None) -> Findings:
    found = tuple(misfits(tx))
    spoilt = {misfit.table for misfit in found}
    contents = _Contents(None if spoilt & _OF_MESSAGES else Deliveries(tx))
    return replace(
        _of_ledger(tx, anchor, contents),
        misfits=found,
        messages=tuple(contents.messages(tx)),
        compared=None if spoilt & _OF_PROJECTION else compare(tx, workspace, assessor, contents.leaving_out),
    )


_OF_PROJECTION: Final = frozenset({"commitment", "meta"})
_OF_MESSAGES: Final = frozenset({"outbox", "message", "digest", "told", "notice"})


@dataclass
class _Contents:
    """What the entries say, looked at while the chain is checked."""

    deliveries: Deliveries | None
    found: list[Damage] = field(default_factory=list)
    count: int = 0
    leaving_out: set[str] = field(default_factory=set)

    def watched(self, lines: Iterator[Line]) -> Iterator[Line]:
        """The same lines, each looked at before it is handed on."""
        for line in lines:
            reason = unreadable(line)
            self.look(line, Damage(line[0], line[4], reason) if reason else None)
            yield line

    def look(self, line: Line, wrong: Damage | None) -> None:
        """Look at an entry, of which it is known what is wrong with it."""
        if wrong is not None:
            self._note(wrong)
        elif self.deliveries is not None:
            self.deliveries.see(line)

    def _note(self, wrong: Damage) -> None:
        self.count += 1
        if len(self.found) < _SHOWN:
            self.found.append(wrong)
        if wrong.commitment is not None and not wrong.readable:
            self.leaving_out.add(wrong.commitment)

    def messages(self, tx: Connection) -> Iterator[str]:
        """Sentences about what was told and is not as it was sealed; no more than are shown."""
        if self.deliveries is None:
            return
        wrong = self.deliveries.wrong()
        yield from wrong[:_SHOWN]
        if len(wrong) > _SHOWN:
            yield f"and {len(wrong) - _SHOWN} more of the messages"
        for key in forged_notices(tx):
            yield f"the notice {key} says something else than its key"
