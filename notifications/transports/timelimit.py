"""A limit on the time that talking to somebody may take in all, however slowly they talk."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event


@contextmanager
def no_longer_than(seconds: float, connection: Callable[[], socket.socket | None]) -> Iterator[Event]:
    """Cuts the connection when the time is up, and sets the event.

    Libraries count each read by itself, and a byte a second is endless.
    """
    late = Event()

    def cut() -> None:
        late.set()
        made = connection()
        if made is not None:
            # The plain socket's way: SSLSocket's own would take the encryption away under the thread that is reading.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(made, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
