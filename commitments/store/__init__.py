"""Where the register is kept: tables, transactions and the one-at-a-time lock.

The only home of SQLAlchemy; other rooms use the tables and connections handed out here.
"""

from __future__ import annotations

from sqlalchemy.engine import Connection, Row

from commitments.store.copies import HELD, back_up, restore
from commitments.store.fingerprint import is_ours, renew, rewriting
from commitments.store.guards import Stranger, expel, protect
from commitments.store.migrations import MIGRATIONS
from commitments.store.misfits import Misfit, clear, misfits
from commitments.store.opened import Store
from commitments.store.places import Database, is_address, may_be_there
from commitments.store.rows import batches, by_beginning, change, counted, forget, given, put, recall, remember
from commitments.store.tables import (
    bounce,
    commitment,
    digest,
    ledger,
    member,
    message,
    meta,
    notice,
    outbox,
    silence,
    suppression,
    told,
    warned,
)
from commitments.store.trouble import (
    AlreadyRunningError,
    BusyStoreError,
    DamagedStoreError,
    ForeignStoreError,
    FullStoreError,
    LostRightError,
    LostStoreError,
    MissingDriverError,
    MissingFolderError,
    NetworkStoreError,
    NewerStoreError,
    NoCopyError,
    NoDatabaseError,
    NotAnAddressError,
    ReadOnlyStoreError,
    StoreError,
    TakenPlaceError,
    UnreachableStoreError,
    WrongPasswordError,
)
from commitments.store.values import Value, alike, as_kept, choice, day_in, joined_by

__all__ = [
    "HELD",
    "MIGRATIONS",
    "AlreadyRunningError",
    "BusyStoreError",
    "Connection",
    "DamagedStoreError",
    "Database",
    "ForeignStoreError",
    "FullStoreError",
    "LostRightError",
    "LostStoreError",
    "Misfit",
    "MissingDriverError",
    "MissingFolderError",
    "NetworkStoreError",
    "NewerStoreError",
    "NoCopyError",
    "NoDatabaseError",
    "NotAnAddressError",
    "ReadOnlyStoreError",
    "Row",
    "Store",
    "StoreError",
    "Stranger",
    "TakenPlaceError",
    "UnreachableStoreError",
    "Value",
    "WrongPasswordError",
    "alike",
    "as_kept",
    "back_up",
    "batches",
    "bounce",
    "by_beginning",
    "change",
    "choice",
    "clear",
    "commitment",
    "counted",
    "day_in",
    "digest",
    "expel",
    "forget",
    "given",
    "is_address",
    "is_ours",
    "joined_by",
    "ledger",
    "may_be_there",
    "member",
    "message",
    "meta",
    "misfits",
    "notice",
    "outbox",
    "protect",
    "put",
    "recall",
    "remember",
    "renew",
    "restore",
    "rewriting",
    "silence",
    "suppression",
    "told",
    "warned",
]
