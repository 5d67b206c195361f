"""Sets the clock of a process that a test started to what the test says: Python reads this file as it starts."""

import contextlib
import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

_CLOCK = os.environ.get("GESTAND_TEST_CLOCK", "")


def _set_clock() -> None:
    """Begin at a moment ("@seconds"), or run so much ahead ("+seconds")."""
    unneeded = [name for name in ("pytest", "dateutil.parser") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(unneeded))  # time_machine would take them along, which takes time
    import time

    import time_machine

    for name in unneeded:
        del sys.modules[name]
    seconds = float(_CLOCK[1:])
    if _CLOCK[0] == "@":
        time_machine.travel(seconds).start()
        return
    time_machine.travel(time.time() + seconds).start()
    with contextlib.suppress(ImportError):
        _set_database_ahead(timedelta(seconds=seconds))


def _set_database_ahead(much: timedelta) -> None:
    """Let a database that is asked for the time be as much ahead, as it is for the test."""
    from commitments.store.postgres import Postgres

    asked = Postgres.clock

    def clock(*words: Any) -> Callable[[], datetime]:
        ask = asked(*words)
        return lambda: ask() + much

    Postgres.clock = clock


if _CLOCK:
    _set_clock()
