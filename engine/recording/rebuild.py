"""Making anew what is made of the ledger: its triggers, and the projection that lists and digests read."""

from __future__ import annotations

from commitments import store
from commitments.ledger import register
from engine.checking.verify import Findings
from engine.session import Session


def rebuild(session: Session, found: Findings) -> None:
    """Mend what `found` says of triggers and projection, in one transaction; the next pass assesses everything.

    For a ledger that was found whole (`found.verdict.ok`): it is what all is made of.
    """
    with session.store.writing() as tx:
        store.expel(tx)
        store.clear(tx, store.commitment, found.misfits)
        register.rebuild(tx, found.leaving_out)
        store.protect(tx)
