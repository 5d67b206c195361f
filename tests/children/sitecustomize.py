"""Sets the clock of a process that a test started to what the test says: Python reads this file as it starts."""

import os
import sys

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
    time_machine.travel(seconds if _CLOCK[0] == "@" else time.time() + seconds).start()


if _CLOCK:
    _set_clock()
