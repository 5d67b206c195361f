"""A mail server in a process of its own that takes whatever comes at once, for its work is not what is measured.

It speaks as much of RFC 5321 as takes messages: EHLO and HELO, MAIL, RCPT, DATA, RSET, NOOP and QUIT, one after another
or several at once (RFC 2920). `serve` and `started` run it, or any other server, for the benchmarks.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable

_ENDED = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """One connection; `take` gets each message, without what was added to carry it."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._came = bytearray()
        self._searched = -1
        """How far the data was searched for its end; -1 between messages."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._say(b"220 sink ESMTP")

    def data_received(self, data: bytes) -> None:
        self._came += data
        while self._message() if self._searched >= 0 else self._command():
            pass

    def _command(self) -> bool:
        line, end, rest = self._came.partition(b"\r\n")
        if not end:
            return False
        self._came = rest
        verb = bytes(line[:4]).upper()
        if verb == b"DATA":
            # As if a line had ended before: a message without a line ends, and is unstuffed, like any other.
            self._came[:0], self._searched = b"\r\n", 0
        self._say(_ANSWERS.get(verb, b"500 no such command"))
        if verb == b"QUIT":
            self._transport.close()
        return verb != b"QUIT"

    def _message(self) -> bool:
        end = self._came.find(_ENDED, self._searched)
        if end < 0:
            self._searched = max(0, len(self._came) - len(_ENDED) + 1)
            return False
        message = bytes(self._came[:end] + b"\r\n").replace(b"\r\n.", b"\r\n")[2:]
        self._came, self._searched = self._came[end + len(_ENDED) :], -1
        self._take(message)
        self._say(b"250 taken")
        return True

    def _say(self, answer: bytes) -> None:
        self._transport.write(answer + b"\r\n")


_ANSWERS = {
    b"EHLO": b"250-sink\r\n250-SIZE\r\n250-8BITMIME\r\n250 PIPELINING",
    b"HELO": b"250 sink",
    b"MAIL": b"250 OK",
    b"RCPT": b"250 OK",
    b"DATA": b"354 go on",
    b"RSET": b"250 OK",
    b"NOOP": b"250 OK",
    b"QUIT": b"221 bye",
}


def serve(port: int, connection: Callable[[], asyncio.BaseProtocol]) -> None:
    """Serve, with a protocol for each connection, until the process is asked to end."""

    async def run() -> None:
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, end.set)
        server = await loop.create_server(connection, "127.0.0.1", port)
        await end.wait()
        server.close()

    asyncio.run(run())


def started(port: int, *words: str) -> subprocess.Popen:
    """A server in a process of its own, once it answers: Python with these words."""
    server = subprocess.Popen([sys.executable, *words])
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server
        time.sleep(0.02)
    raise SystemExit("the mail server did not start")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
