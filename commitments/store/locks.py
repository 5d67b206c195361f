"""The right to act for a store, which one process has at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commitments.store.trouble import AlreadyRunningError


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Holds the right to act for a store; the system gives it back when the process ends, however it ends.

    Raises AlreadyRunningError with the holder's process number.
    """
    beside = path.with_name(f"{path.name}.lock")
    handle = os.open(beside, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 32).decode().strip() or "unknown"
            raise AlreadyRunningError(str(path), holder) from error
        os.truncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
