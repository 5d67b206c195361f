"""A round of delivery: each message that is due is leased, sent and marked, whatever dies in between.

The mark of one message and the lease of the next are one transaction; nothing is sent without a lease in the store.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import policy
from email.parser import BytesHeaderParser
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple

from commitments.ledger.chain import stamp
from commitments.store import Connection, Row, Store
from notifications.outbox import outbox
from notifications.outbox.outbox import (
    GIVE_UP,
    LEASE,
    Outcome,
    State,
)
from notifications.outbox.suppression import (
    Kind,
    is_gone,
    suppress,
    suppressed,
)
from notifications.transports.deliverer import (
    ConfigError,
    Deliverer,
    DeliveryError,
    Line,
    PermanentError,
    ServerError,
)


@dataclass(frozen=True)
class Replaced:
    """A message says something else now; it keeps its Message-ID."""

    body: bytes


@dataclass(frozen=True)
class Dropped:
    """A message is not to be sent any more, for a reason that a person can read."""

    reason: str


Review = Callable[[Connection, Row[Any], datetime], Replaced | Dropped | None]
"""What is asked, in the transaction, before a row of the outbox is sent for the first time: None leaves it as it is."""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What became of the messages that were due: how many were sent (of these `again`: sent a second time, perhaps).

    `later` are put off, `failed` refused for good or given up, `dropped` no more to be sent; `reasons` says why, one
    sentence each.
    """

    sent: int = 0
    again: int = 0
    later: int = 0
    failed: int = 0
    dropped: int = 0
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The counts in words, then the reasons."""
        again = f" ({self.again} perhaps a second time)" if self.again else ""
        rest = {"put off": self.later, "failed": self.failed, "not sent any more": self.dropped}
        kept = [f"{self.sent} sent{again}", *(f"{number} {what}" for what, number in rest.items() if number)]
        return ": ".join(filter(None, (", ".join(kept), "; ".join(self.reasons))))


Trouble = Callable[[Connection, str, str, datetime], object]
"""What is told of a trouble that a person should know of: its cause in a word, and a sentence."""

_FROM = re.compile(rb"^from:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*", re.IGNORECASE | re.MULTILINE)

Envelope = Callable[[Row[Any]], str]
"""The address to which a message comes back that cannot be delivered."""


def from_header(row: Row[Any]) -> str:
    """The address in From; none (RFC 5321, 4.5.5) where From holds no address."""
    found = _FROM.search(row.body.partition(b"\r\n\r\n")[0])
    return _mailbox(found[0]) if found else ""


@lru_cache(100)
def _mailbox(header: bytes) -> str:
    named = BytesHeaderParser(policy=policy.SMTP).parsebytes(header)["From"]
    return str(named.addresses[0].addr_spec) if named and named.addresses else ""


def deliver(
    store: Store,
    deliverer: Deliverer,
    *,
    now: Callable[[], datetime],
    limit: int = 10_000,
    lease: timedelta = LEASE,
    review: Review | None = None,
    trouble: Trouble | None = None,
    envelope: Envelope = from_header,
) -> Delivered:
    """Send what is due, at most `limit` messages, and say what became of them. `now` gives aware moments.

    One bad address holds up nobody. A server that takes nothing ends the round for what goes by it; the rest stays
    queued. Nothing goes to an address that gets nothing more, and `review` is asked about every row that certainly
    was not delivered.
    """
    desk = _Desk(store, now=now, limit=limit, lease=lease, review=review, trouble=trouble)

    def work(_number: int = 0) -> None:
        attempt: Outcome | None = None
        with deliverer.line() as line:
            while (row := desk.turn(attempt)) is not None:
                error = _send(line, row, envelope)
                attempt = Outcome(row, _state(row, error, now()), str(error or ""), error)

    if deliverer.lines == 1:
        work()
    else:
        with ThreadPoolExecutor(deliverer.lines) as pool:
            list(pool.map(work, range(deliverer.lines)))
    return _sum(desk.outcomes)


class _Desk:
    """What the lines of one round have in common: where the next message comes from, and what became of the last."""

    def __init__(
        self,
        store: Store,
        *,
        now: Callable[[], datetime],
        limit: int,
        lease: timedelta,
        review: Review | None,
        trouble: Trouble | None,
    ) -> None:
        self.outcomes: list[_Became] = []
        self._store, self._now, self._lease = store, now, lease
        self._review, self._trouble = review, trouble
        self._left = limit
        self._shut: set[str] = set()
        self._alone = Lock()

    def turn(self, last: Outcome | None) -> Row[Any] | None:
        """Mark what became of the last row, and lease the next; None where there is none."""
        with self._alone, self._store.writing() as tx:
            now = self._now()
            if last is not None:
                self._settle(tx, last, now)
            if not self._left:
                return None
            row = self._claim(tx, now)
            self._left -= row is not None
            return row

    def _settle(self, tx: Connection, outcome: Outcome, now: datetime) -> None:
        self.outcomes.append(_Became(outcome.state, outcome.again, outcome.why))
        outbox.mark(tx, outcome, now)
        if _is_gone(outcome):
            suppress(tx, outcome.row.address, Kind.BOUNCED, at=now, actor=outbox.ACTOR, detail=outcome.why)
        if isinstance(outcome.error, ServerError):
            self._shut.add(outcome.row.route)
        if self._trouble and (told := _worth_telling(outcome)):
            self._trouble(tx, *told, now)

    def _claim(self, tx: Connection, now: datetime) -> Row[Any] | None:
        while (row := outbox.next_due(tx, now, self._lease, self._shut)) is not None:
            verdict = self._reviewed(tx, row, now)
            if isinstance(verdict, Dropped):
                self._settle(tx, Outcome(row, State.DROPPED, verdict.reason), now)
                continue
            if verdict is not None:
                outbox.change(tx, row, verdict.body, now)
            return outbox.lease(tx, row, now, now + self._lease)
        return None

    def _reviewed(self, tx: Connection, row: Row[Any], now: datetime) -> Replaced | Dropped | None:
        """What is to be done with a row before it is sent; one that was perhaps delivered is not changed any more."""
        # Who wants no digests, and is the administrator, hears of trouble all the same.
        kinds = (Kind.BOUNCED,) if row.digest is None else tuple(Kind)
        if (known := suppressed(tx, row.address, kinds)) is not None:
            return Dropped(str(known))
        certain = row.state == State.QUEUED and not row.doubtful
        return self._review(tx, row, now) if self._review and certain and row.digest is not None else None


def _send(line: Line, row: Row[Any], envelope: Envelope) -> DeliveryError | None:
    if not row.route and not outbox.valid(row.address):
        return PermanentError(0, "this is not a mail address")
    try:
        line.send("" if row.route else envelope(row), row.address, row.body)
    except DeliveryError as error:
        return error
    return None


def _state(row: Row[Any], error: DeliveryError | None, now: datetime) -> State:
    if error is None:
        return State.SENT
    if isinstance(error, PermanentError):
        return State.FAILED
    return State.DEAD if stamp(now - GIVE_UP) > row.queued_at else State.QUEUED


def _is_gone(outcome: Outcome) -> bool:
    """Whether a server said that there is no such mailbox; that of the administrator is tried all the same."""
    error = outcome.error
    return isinstance(error, PermanentError) and is_gone(error.status) and outcome.row.digest is not None


def _worth_telling(outcome: Outcome) -> tuple[str, str] | None:
    """The cause and the sentence for the administrator; nothing of what is about a message to them."""
    if outcome.row.digest is None:
        return None
    if _is_gone(outcome):
        return "bounced", f"a mailbox is gone: {outcome.why}"
    if outcome.state is State.FAILED:
        return "failed", f"a digest was refused for good: {outcome.why}"
    if outcome.state is State.DEAD:
        return "dead", f"a digest was given up after {GIVE_UP.days} days: {outcome.why}"
    if outcome.row.route and isinstance(outcome.error, ConfigError):
        return outcome.row.route, f"{outcome.row.route} does not work: {outcome.why}"
    return None


class _Became(NamedTuple):
    """What became of a message, without the message: a round may have thousands."""

    state: State
    again: bool
    why: str


def _sum(outcomes: list[_Became]) -> Delivered:
    count = Counter(one.state for one in outcomes)
    return Delivered(
        sent=count[State.SENT],
        again=sum(one.again for one in outcomes if one.state is State.SENT),
        later=count[State.QUEUED],
        failed=count[State.FAILED] + count[State.DEAD],
        dropped=count[State.DROPPED],
        reasons=tuple(dict.fromkeys(one.why for one in outcomes if one.why)),
    )
