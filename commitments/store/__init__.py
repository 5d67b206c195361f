"""Where the register is kept: tables, transactions and the one-at-a-time lock.

The only home of SQLAlchemy; other rooms use the tables and connections handed out here.
"""

from __future__ import annotations

from sqlalchemy.engine import Connection, Row

from commitments.store.locks import lock
from commitments.store.migrations import MIGRATIONS
from commitments.store.opened import Store
from commitments.store.rows import change, counted, put, recall, remember
from commitments.store.tables import (
    bounce,
    commitment,
    digest,
    ledger,
    member,
    meta,
    notice,
    outbox,
    suppression,
    told,
)
from commitments.store.trouble import (
    AlreadyRunningError,
    BusyStoreError,
    DamagedStoreError,
    ForeignStoreError,
    FullStoreError,
    MissingFolderError,
    NetworkStoreError,
    NewerStoreError,
    ReadOnlyStoreError,
    StoreError,
)

__all__ = [
    "MIGRATIONS",
    "AlreadyRunningError",
    "BusyStoreError",
    "Connection",
    "DamagedStoreError",
    "ForeignStoreError",
    "FullStoreError",
    "MissingFolderError",
    "NetworkStoreError",
    "NewerStoreError",
    "ReadOnlyStoreError",
    "Row",
    "Store",
    "StoreError",
    "bounce",
    "change",
    "commitment",
    "counted",
    "digest",
    "ledger",
    "lock",
    "member",
    "meta",
    "notice",
    "outbox",
    "put",
    "recall",
    "remember",
    "suppression",
    "told",
]
