"""Witnesses: asks an authority for a time stamp of the ledger's head, takes answers in, and checks those that are kept.

A stamp shows that what it stands for was there at its moment. Whoever writes the ledger anew can get stamps for it, but
none that are earlier than that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from commitments import store
from commitments.ledger import register, witness
from commitments.ledger.chain import Entry, Head
from commitments.ledger.witness import Pending, Stamp, Statement
from commitments.store import Connection, Store
from engine.recording import authority, stamping
from engine.recording.stamping import MissingWitnessError, StampError, WitnessError
from engine.session import Session
from engine.workspace.settings import WitnessSettings

APART: Final = timedelta(minutes=5)
"""So far may our clock and that of an authority be from each other."""
PATIENCE: Final = timedelta(hours=1)
"""After an authority was asked in vain it is let alone for so long."""
_FAILURE: Final = "witness_failed"
"""Under this name the store keeps when an authority was last asked in vain, and why."""


class WrongClockError(WitnessError):
    """A stamp whose time is not that of our clock: one of the two is wrong, and it is seldom the authority's."""

    def __init__(self, moment: datetime, ours: datetime, what: str) -> None:
        super().__init__(
            f"the stamp is of {_said(moment)}, and {what} {_said(ours)}: a clock is wrong. "
            "Set this computer's right, and ask again"
        )


class UnawaitedError(WitnessError):
    """A stamp of something that was not asked for here."""

    def __init__(self) -> None:
        super().__init__(
            "this is no answer to a request of this register that waits for one; "
            "write a request with `gestand witness --request FILE`, and have that stamped"
        )


class CutOffError(WitnessError):
    """A stamp of what the ledger does not hold any more."""

    def __init__(self, seq: int) -> None:
        super().__init__(
            f"the stamp is of the ledger up to #{seq}, and that is not what it holds: see `gestand verify`"
        )


def _said(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}"


# ------------------------------------------------------------------------------------------------- asking


def obtain(session: Session, address: str, certificates: Path, *, actor: str) -> Stamp:
    """Ask an authority for a stamp of the ledger as it is and write it down; the stamp as it is kept.

    Raises a WitnessError where there is no answer, or one that cannot be relied on: then nothing is written.
    """
    with session.store.reading() as tx:
        said = witness.current(tx)
    request = stamping.request(str(said))
    answer = authority.ask(address, request.query)
    moment = stamping.checked(answer, str(said), certificates, request.nonce)
    now = session.now()
    if abs(moment - now) > APART:
        raise WrongClockError(moment, now, "it is, by this computer's clock,")
    taken = Stamp(statement=said, authority=address, moment=moment, answer=answer)
    return _take(session.store, taken, at=now, actor=actor)


def _take(base: Store, taken: Stamp, *, at: datetime, actor: str) -> Stamp:
    said = taken.statement
    with base.writing() as tx:
        stamped = register.entry(tx, said.seq)
        if stamped is None or stamped.hash != said.hash:
            raise CutOffError(said.seq)
        if stamped.recorded_at - taken.moment > APART:
            raise WrongClockError(taken.moment, stamped.recorded_at, f"entry #{said.seq}, which it stamps, of")
        witness.answered(tx, said)
        store.forget(tx, _FAILURE)
        entry = witness.write(tx, taken, at=at, actor=actor)
    return replace(taken, entry=entry.seq, recorded_at=entry.recorded_at)


def prepare(base: Store) -> tuple[Statement, bytes]:
    """What is to be stamped now, and the request for it, to be carried to an authority by other means."""
    with base.writing() as tx:
        said = witness.current(tx)
        request = stamping.request(str(said))
        witness.await_answer(tx, Pending(statement=said, nonce=request.nonce))
    return said, request.query


def take_in(session: Session, answer: bytes, certificates: Path, *, actor: str) -> Stamp:
    """Write down the answer to a request that was carried to an authority; the stamp as it is kept.

    Raises a WitnessError where it is none, or cannot be relied on: then nothing is written.
    """
    with session.store.reading() as tx:
        pending = witness.awaited(tx, stamping.imprint(answer))
    if pending is None:
        raise UnawaitedError
    moment = stamping.checked(answer, str(pending.statement), certificates, pending.nonce)
    now = session.now()
    if moment - now > APART:
        raise WrongClockError(moment, now, "it is, by this computer's clock,")
    taken = Stamp(statement=pending.statement, authority="", moment=moment, answer=answer)
    return _take(session.store, taken, at=now, actor=actor)


# ------------------------------------------------------------------------------------------------- now and then


@dataclass(frozen=True)
class Failure:
    """When an authority was last asked in vain, and why."""

    at: datetime
    why: str

    def __str__(self) -> str:
        return f"no time stamp: {self.why}"


def failure(tx: Connection) -> Failure | None:
    """The last time that an authority was asked in vain, None where it has answered since."""
    kept = store.recall(tx, _FAILURE)
    if kept is None:
        return None
    value = json.loads(kept)
    return Failure(datetime.fromisoformat(value["at"]), value["why"])


def now_and_then(session: Session, now: datetime) -> Stamp | Failure | None:
    """Ask the authority of the settings where the last stamp is old enough and something was written since.

    The stamp, or why there is none: that is remembered, and stops nothing. None where it was not time.
    """
    settings = session.workspace.settings.witness
    if settings is None or not _due(session.store, settings, now):
        return None
    try:
        return obtain(session, settings.address, session.workspace.folder / settings.certificates, actor=register.ACTOR)
    except WitnessError as error:
        failed = Failure(now, str(error))
    with session.store.writing() as tx:
        store.remember(tx, _FAILURE, json.dumps({"at": failed.at.isoformat(), "why": failed.why}))
    return failed


def _due(base: Store, settings: WitnessSettings, now: datetime) -> bool:
    with base.reading() as tx:
        failed, last, head = failure(tx), witness.last_stamp(tx), register.head(tx)
    if not head.seq or (failed and timedelta() <= now - failed.at < PATIENCE):
        return False
    if last is None:
        return True
    return head.seq > last.entry and now - last.moment >= timedelta(hours=settings.every_hours)


def witnessed(session: Session) -> list[str]:
    """How it stands with time stamps, a sentence each; nothing where there are none and no authority is named."""
    settings = session.workspace.settings.witness
    with session.store.reading() as tx:
        last, failed = witness.last_stamp(tx), failure(tx)
    lines = [f"last {last}"] if last else []
    if settings and not last:
        lines.append("no time stamp yet; the next pass asks for one, and so does `gestand witness`")
    if failed:
        lines.append(f"asked in vain on {_said(failed.at)}: {failed.why}")
    return lines


# ------------------------------------------------------------------------------------------------- checking


@dataclass(frozen=True, kw_only=True)
class Examined:
    """A stamp of the ledger and what is to be said of it.

    `wrong` says what does not hold, empty where all does; `unchecked` why its signature could not be looked at.
    """

    entry: int
    stamp: Stamp | None
    wrong: str = ""
    unchecked: str = ""


def examine(tx: Connection, certificates: Path | None) -> list[Examined]:
    """Every stamp in the ledger, checked: that the ledger holds what it stamps, and by those certificates.

    Raises CertificatesError; UnsoundLedgerError where the ledger is not whole.
    """
    carriers = [(entry, Stamp.of(entry)) for entry in witness.carriers(tx)]
    if not carriers:
        return []
    roots = witness.roots(tx, (found.statement.seq for _, found in carriers if found))
    return [_examined(tx, entry, found, roots, certificates) for entry, found in carriers]


def _examined(
    tx: Connection, entry: Entry, found: Stamp | None, roots: dict[int, str], certificates: Path | None
) -> Examined:
    if found is None:
        return Examined(entry=entry.seq, stamp=None, wrong="its time stamp cannot be read")
    seq = found.statement.seq
    stamped = register.entry(tx, seq)
    held = stamped is not None and seq < entry.seq
    if not held or not witness.is_as_stated(found.statement, stamped.head if stamped else Head(), roots.get(seq)):
        return Examined(entry=entry.seq, stamp=found, wrong=f"the ledger up to #{seq} is not what was stamped")
    try:
        moment = _signed(found, certificates)
    except MissingWitnessError as error:
        return Examined(entry=entry.seq, stamp=found, unchecked=str(error))
    except StampError as error:
        return Examined(entry=entry.seq, stamp=found, wrong=str(error))
    if moment is None:
        return Examined(entry=entry.seq, stamp=found, unchecked=_NO_CERTIFICATES)
    return Examined(entry=entry.seq, stamp=found, wrong=", ".join(_mistimed(found, stamped, moment)))


_NO_CERTIFICATES = "name the authority's certificates with --ca FILE, or under witness: in gestand.yaml"


def _signed(found: Stamp, certificates: Path | None) -> datetime | None:
    """The moment that a stamp tells and somebody signed, None where there are no certificates to tell by whom."""
    if certificates is not None:
        return stamping.checked(found.answer, str(found.statement), certificates)
    if stamping.imprint(found.answer) != found.statement.imprint:
        raise StampError("its time stamp is of something else")
    return None


def _mistimed(found: Stamp, stamped: Entry | None, moment: datetime) -> Iterator[str]:
    """What the entries say of their own time that cannot be, as the stamp is of this moment."""
    if moment != found.moment:
        yield f"its time stamp is of {_said(moment)}, not of {_said(found.moment)} as it says"
    if stamped and stamped.recorded_at - moment > APART:
        said = _said(stamped.recorded_at)
        yield f"entry #{stamped.seq} says {said}, and was there when it was stamped, {_said(moment)}"
    if found.recorded_at and moment - found.recorded_at > APART:
        yield f"its time stamp is of {_said(moment)}, and it says {_said(found.recorded_at)}: it was dated back"


def summary(examined: list[Examined]) -> tuple[list[str], bool]:
    """What is to be said of the stamps, a sentence each, and whether nothing is wrong with them."""
    wrong = [one for one in examined if one.wrong]
    unchecked = [one for one in examined if one.unchecked]
    good = [one for one in examined if not one.wrong and not one.unchecked]
    lines = [f"entry #{one.entry}: {one.wrong}" for one in wrong]
    if good:
        last = max((one.stamp for one in good if one.stamp), key=lambda stamp: stamp.statement.seq)
        count = "1 time stamp holds" if len(good) == 1 else f"{len(good)} time stamps hold"
        lines.append(f"{count}; the last is of the ledger up to #{last.statement.seq}, {_said(last.moment)}")
    if unchecked:
        count = "1 time stamp was" if len(unchecked) == 1 else f"{len(unchecked)} time stamps were"
        lines.append(f"{count} not checked against an authority: {unchecked[0].unchecked}")
    return lines, not wrong
