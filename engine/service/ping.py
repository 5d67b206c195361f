"""The dead man's switch: an address that is asked after each pass that went well, so that its silence tells."""

from __future__ import annotations

import logging
import threading
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPException

log = logging.getLogger("gestand")


_SECONDS = 10.0


@dataclass
class Ping:
    """Asks an address, beside the passes, and says once when it cannot be reached and once when it can again."""

    address: str
    reached: bool = True
    _asking: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def ask(self) -> None:
        """Ask it, in a thread of its own; while one who was asked before has not answered nothing is done."""
        if self.address and self._asking.acquire(blocking=False):
            threading.Thread(target=self._ask, name="ping", daemon=True).start()

    def _ask(self) -> None:
        try:
            # The settings let only http and https pass (engine.workspace.settings).
            with urllib.request.urlopen(self.address, timeout=_SECONDS) as answer:  # noqa: S310
                answer.read(1024)
            if not self.reached:
                log.info("service.ping can be reached again")
            self.reached = True
        except (OSError, ValueError, HTTPException) as error:
            # The address is a secret of sorts: who knows it can keep the switch quiet.
            if self.reached:
                log.warning("service.ping cannot be reached: %s", error)
            self.reached = False
        finally:
            self._asking.release()
