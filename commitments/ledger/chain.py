"""The hash chain of the register: how entries are sealed, and whether a chain of them is as it was written.

Pure: `register` writes entries, `store` keeps them. Anyone can check a chain with this recipe and a JSON encoder:
`hash` is the SHA-256, in hex, of the UTF-8 bytes of the canonical JSON array
[seq, at, actor, kind, commitment, payload, prev], where payload is a text (itself canonical JSON), commitment may be
null, and prev is the hash of the entry before (64 zeros for the first). What may have to be erased one day is no part
of that: it stands in a body beside the entry, and payload's "body" is the SHA-256 of its text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from commitments.ledger.moments import (
    Order,
    Step,
    UnreadEntryError,
    WrongClock,
)

canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
"""The one JSON text of a value: keys sorted, no spaces, characters as they are. ValueError for NaN and infinities."""

ERASURE = "erased"
"""The kind of an entry that says of which `entries` the texts were erased."""
BODY = '"body":"'
"""What comes before a body's hash in a payload, and nowhere else: within a text its quotes would be escaped."""
_ZEROS = "0" * 64
_PRINTED = 32
"""So many digits of a hash are printed: 128 bits, which nobody can meet by trying. Earlier digests have 16 of them."""
_EXAMPLE = "#42 9f86d081884c7d659a2feaa0c55ad015"


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a chain, as printed in digests: `#42 9f86d081884c7d659a2feaa0c55ad015`."""

    seq: int = 0
    hash: str = _ZEROS

    def __str__(self) -> str:
        return f"#{self.seq} {self.hash[:_PRINTED]}"


Line = tuple[int, str, str, str, str | None, str, str, str, str | None]
"""An entry as the store has it, a value for each field in the order of Entry's."""


class Entry(NamedTuple):
    """One line of the ledger; `at` is UTC, ISO 8601 with microseconds and Z, `payload` is canonical JSON.

    `body` is canonical JSON too, beside the chain: None where there are no texts, or where they were erased.
    """

    seq: int
    at: str
    actor: str
    kind: str
    commitment: str | None
    payload: str
    prev: str
    hash: str
    body: str | None = None

    @property
    def head(self) -> Head:
        """The head of a chain that ends here."""
        return Head(self.seq, self.hash)

    @property
    def recorded_at(self) -> datetime:
        """The moment it was written down."""
        return datetime.fromisoformat(self.at)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a chain is as it was written; where not, the first entry that shows it and what is wrong with it.

    `erased` is the number of entries whose texts were erased, `steps` are the entries that are earlier than the one
    before them, of which no entry says why; `corrections` are the entries that say that a clock was wrong.
    """

    head: Head
    erased: int = 0
    wrong: str = ""
    seq: int | None = None
    steps: tuple[Step, ...] = ()
    corrections: tuple[WrongClock, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.wrong

    @property
    def in_order(self) -> bool:
        """Whether no entry is earlier than the one before it, but where an entry says why."""
        return not self.steps

    @property
    def remarks(self) -> Iterator[str]:
        """The entries that say that a clock was wrong, and those that are earlier than the one before: a line each."""
        yield from (f"  {one}" for one in self.corrections)
        yield from (f"{step}; `gestand clock-was-wrong --note WHY` says why, and stays" for step in self.steps)

    def __str__(self) -> str:
        erased = f", the texts of {self.erased} erased" if self.erased else ""
        return self.wrong or f"the ledger is whole: {self.head.seq} entries{erased}, head {self.head}"


def stamp(moment: datetime) -> str:
    """An aware moment as the ledger writes it: 2018-07-13T09:30:00.000000Z."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def seal(
    after: Head,
    *,
    at: str,
    actor: str,
    kind: str,
    commitment: str | None,
    payload: dict[str, Any],
    body: str | None = None,
) -> Entry:
    """The entry that follows `after`, with its hash, and in its payload that of the body."""
    seq = after.seq + 1
    text = canonical(payload if body is None else payload | {"body": sha256(body.encode()).hexdigest()})
    chained = _digest(seq, at, actor, kind, commitment, text, after.hash)
    return Entry(seq, at, actor, kind, commitment, text, after.hash, chained, body)


def _digest(seq: int, at: str, actor: str, kind: str, commitment: str | None, payload: str, prev: str) -> str:
    named = "null" if commitment is None else encode_basestring(commitment)
    # The canonical JSON of the list, put together by hand: three times as fast, and there are millions to verify.
    text = (
        f"[{seq},{encode_basestring(at)},{encode_basestring(actor)},{encode_basestring(kind)},"
        f"{named},{encode_basestring(payload)},{encode_basestring(prev)}]"
    )
    return sha256(text.encode()).hexdigest()


def verify(entries: Iterable[Line], anchor: str | None = None) -> Verdict:
    """What a check of all entries, in order, finds: edited, missing and reordered ones, and texts that are not theirs.

    A tail that was cut off leaves a whole chain behind: only an `anchor`, a head (`#seq` and the first digits of its
    hash, 16 or more) that was printed in a digest or elsewhere, shows it. Entries that are earlier than the one before
    them are told beside that.
    """
    witness = _witness(anchor or "")
    if anchor and witness is None:
        return Verdict(head=Head(), wrong=f"{anchor!r} is not a head; write it as printed, such as {_EXAMPLE}")
    number, last, order = 0, _ZEROS, Order()
    gone: set[int] = set()
    erased: dict[int, int] = {}
    for line in entries:
        seq, at, actor, kind, _, payload, prev, chained, body = line
        if seq != number + 1 or prev != last or not as_written(line):
            return Verdict(head=Head(number, last), wrong=_wrong(Head(number, last), line), seq=seq)
        number, last = seq, chained
        try:
            order.see(seq, at, actor, kind, payload)
        except UnreadEntryError as error:
            return Verdict(head=Head(seq, chained), wrong=str(error), seq=seq)
        if witness and witness[0] == seq and not chained.startswith(witness[1]):
            rewritten = f"entry #{seq} is not the one that was written as {witness[1]}: the ledger was rewritten"
            return Verdict(head=Head(seq, chained), wrong=rewritten, seq=seq)
        if body is None and BODY in payload:
            gone.add(seq)
        if kind == ERASURE:
            erased |= dict.fromkeys(erased_by(payload), seq)
    head = Head(number, last)
    if witness and witness[0] > number:
        missing = f"the ledger ends with {head}, but #{witness[0]} {witness[1]} was written: its tail is cut off"
        return Verdict(head=head, wrong=missing, seq=number + 1)
    return replace(_weighed(head, gone, erased), steps=order.steps, corrections=tuple(order.corrections))


def erased_by(payload: str) -> tuple[int, ...]:
    """The numbers of the entries whose texts an entry says were erased; none where it cannot be read."""
    try:
        named = json.loads(payload)["entries"]
        return tuple(named) if all(isinstance(one, int) for one in named) else ()
    except (ValueError, LookupError, TypeError, RecursionError):
        return ()


def as_written(line: Line) -> bool:
    """Whether an entry's hash is its own, and its texts are those that were sealed."""
    seq, at, actor, kind, commitment, payload, prev, chained, body = line
    try:
        if _digest(seq, at, actor, kind, commitment, payload, prev) != chained:
            return False
        return body is None or f'{BODY}{sha256(body.encode()).hexdigest()}"' in payload
    except (TypeError, AttributeError):  # not even texts: SQLite keeps what it is given
        return False


def _weighed(head: Head, gone: set[int], erased: dict[int, int]) -> Verdict:
    """The verdict on a whole chain: texts may be gone only where an entry says that they were erased, and then are."""
    if lost := gone - erased.keys():
        first = min(lost)
        return Verdict(
            head=head, wrong=f"the texts of entry #{first} are gone, and no entry says who erased them", seq=first
        )
    if kept := erased.keys() - gone:
        first = min(kept)
        again = f"the texts of entry #{first} are there, though #{erased[first]} says they were erased"
        return Verdict(head=head, wrong=f"{again}: erase them again", seq=first)
    return Verdict(head=head, erased=len(gone))


def _witness(anchor: str) -> tuple[int, str] | None:
    match = re.fullmatch(r"#?([0-9]{1,18})\s+([0-9a-f]{16,64})", anchor.strip().lower())
    return (int(match[1]), match[2]) if match else None


def _wrong(head: Head, line: Line) -> str:
    """What is wrong with the entry after `head`."""
    entry = Entry(*line)
    if entry.seq != head.seq + 1:
        return _misplaced(head, entry)
    if entry.prev != head.hash:
        return f"entry #{entry.seq} does not follow #{head.seq} as it stands: one of the two was changed or exchanged"
    if as_written(entry._replace(body=None)):
        return f"the texts of entry #{entry.seq} were changed after they were written"
    return f"entry #{entry.seq} was changed after it was written"


def _misplaced(head: Head, entry: Entry) -> str:
    if entry.seq <= head.seq:
        return f"entry #{entry.seq} stands after #{head.seq}: the order was changed"
    last = entry.seq - 1
    gone = f"entry #{last} is" if last == head.seq + 1 else f"entries #{head.seq + 1} to #{last} are"
    return f"{gone} missing"
