"""Where the register is kept: tables, transactions and the one-at-a-time lock.

The only home of SQLAlchemy; other rooms use the tables and connections handed out here.
"""

from __future__ import annotations

from sqlalchemy.engine import Connection, Row

from commitments.store.copies import HELD, back_up, restore
from commitments.store.guards import protect
from commitments.store.migrations import MIGRATIONS
from commitments.store.opened import Store
from commitments.store.overlay import overlay
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
    LeftLogError,
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
    WrittenMeanwhileError,
    WrongPasswordError,
)
from commitments.store.values import Value, alike, as_kept, choice, day_in

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
    "LeftLogError",
    "LostRightError",
    "LostStoreError",
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
    "TakenPlaceError",
    "UnreachableStoreError",
    "Value",
    "WrittenMeanwhileError",
    "WrongPasswordError",
    "alike",
    "as_kept",
    "back_up",
    "batches",
    "bounce",
    "by_beginning",
    "change",
    "choice",
    "commitment",
    "counted",
    "day_in",
    "digest",
    "forget",
    "given",
    "is_address",
    "ledger",
    "may_be_there",
    "member",
    "message",
    "meta",
    "notice",
    "outbox",
    "overlay",
    "protect",
    "put",
    "recall",
    "remember",
    "restore",
    "silence",
    "suppression",
    "told",
    "warned",
]
