"""How long one who writes waits for another, and how they say that they do."""

from __future__ import annotations

import logging
from typing import Final

LONGEST: Final = 30.0
"""So many seconds one waits for another before giving up."""
TOLD_AFTER: Final = 1.0
"""After so many seconds one says that one waits."""
_log = logging.getLogger("gestand")


def tell_waiting() -> None:
    """Say that another process is writing: in the service's log, and on standard error where there is no log."""
    _log.warning("waiting for another process that is writing to the register …")
