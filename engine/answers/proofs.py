"""The proof of one entry: what a stranger needs to see that it was in the ledger, without the rest of it.

By a time stamp: the way from the entry up the Merkle tree whose root was stamped. By a head that was printed in a
digest: the entries from it to that head, without their texts. docs/check_proof.py checks both.
"""

from __future__ import annotations

from base64 import b64encode
from itertools import islice
from typing import Any, Final

from commitments import store
from commitments.ledger import (
    chain,
    merkle,
    register,
    witness,
)
from commitments.ledger.chain import Entry
from commitments.ledger.witness import Stamp, UnsoundLedgerError
from commitments.store import Connection
from commitments.trouble import TroubleError

FORM: Final = "gestand proof 1"
"""What the file says that it is."""
_SEALED: Final = ("seq", "at", "actor", "kind", "commitment", "payload", "prev")


class NoProofError(TroubleError):
    """An entry that cannot be proved by what there is."""


def by_stamp(tx: Connection, seq: int, *, texts: bool) -> dict[str, Any]:
    """The proof of an entry by the earliest stamp of a tree that holds it; with its texts, if they are wanted.

    Raises NoProofError where there is no such entry or stamp, UnsoundLedgerError.
    """
    entry = _entry(tx, seq)
    found = min(_covering(tx, seq), key=lambda stamp: stamp.moment, default=None)
    if found is None:
        raise NoProofError(
            f"no time stamp covers entry #{seq} yet; get one with `gestand witness`, "
            f"or prove it by a head that was printed later: --anchor '#SEQ HASH'"
        )
    hashes = list(witness.hashes(tx, found.statement.seq))
    return {
        **_opening(entry, texts=texts),
        "tree": {"size": found.statement.seq, "path": merkle.path(hashes, seq)},
        "statement": str(found.statement),
        "stamp": b64encode(found.answer).decode(),
    }


def _covering(tx: Connection, seq: int) -> list[Stamp]:
    """The stamps of trees that hold an entry, each as the ledger has it still."""
    stamps = [one for one in witness.stamps(tx) if one.statement.seq >= seq]
    roots = witness.roots(tx, (one.statement.seq for one in stamps))
    hashes = {one.statement.seq: register.entry(tx, one.statement.seq) for one in stamps}
    return [
        one
        for one in stamps
        if (held := hashes[one.statement.seq])
        and witness.is_as_stated(one.statement, held.head, roots.get(one.statement.seq))
    ]


def by_head(tx: Connection, seq: int, anchor: str, *, texts: bool) -> dict[str, Any]:
    """The proof of an entry by a head that was printed later: all that was sealed from the one to the other.

    Raises NoProofError where that head is none, or comes before the entry; UnsoundLedgerError.
    """
    entry = _entry(tx, seq, anchor)
    last = int(anchor.strip().lstrip("#").split()[0])
    if last < seq:
        raise NoProofError(f"entry #{seq} was written after {anchor}: name a head that was printed later")
    table = store.ledger
    between = table.select().where(table.c.seq > seq, table.c.seq <= last).order_by(table.c.seq)
    later = [_sealed(Entry(*row)) for row in tx.execute(between)]
    return {**_opening(entry, texts=texts), "later": later}


def _entry(tx: Connection, seq: int, anchor: str | None = None) -> Entry:
    """The entry of that number in a ledger that is whole, and holds that head."""
    verdict = chain.verify(register.lines(tx), anchor)
    if anchor and not verdict.ok:
        raise NoProofError(str(verdict))
    if not verdict.ok:
        raise UnsoundLedgerError
    entry = register.entry(tx, seq)
    if entry is None:
        raise NoProofError(f"the ledger has no entry #{seq}; `gestand show ID` says the numbers of a commitment's")
    return entry


def _opening(entry: Entry, *, texts: bool) -> dict[str, Any]:
    sealed = dict(zip(_SEALED, _sealed(entry), strict=True))
    body = {"body": entry.body} if texts and entry.body is not None else {}
    return {"proof": FORM, "entry": {**sealed, **body}}


def _sealed(entry: Entry) -> list[Any]:
    """What an entry's hash is made of."""
    return list(islice(entry, len(_SEALED)))
