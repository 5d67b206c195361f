"""The service's local port: /health for people and watchdogs, /metrics for Prometheus, one-click unsubscribing.

Plain HTTP on this machine alone, unless told otherwise; what the world should reach goes through a proxy (docs/deploy).
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from commitments.trouble import TroubleError
from engine.service.body import BodyError, read_body
from engine.workspace.settings import ServiceSettings

log = logging.getLogger("gestand")

_POLICY: Final = "default-src 'none'; form-action 'self'; frame-ancestors 'none'"
_SECONDS: Final = 10.0
"""How long a request may take in all, from the connection to the last byte of what it brings."""
_PATIENCE: Final = 1.0
"""How many seconds a request waits for a place where all are taken."""
_PAUSE: Final = 0.1
"""How many seconds pass before the port looks again for a file that the system had none left of."""
MOST: Final = 32
"""How many requests are read or answered at once."""


class PortTakenError(TroubleError):
    """Another program listens where the service should."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(
            f"the service cannot listen on {host}:{port} ({reason}); name another port as `service: {{port: …}}` in "
            "gestand.yaml, or 0 for none"
        )


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is answered: a status, what kind of text, and the text."""

    status: HTTPStatus
    content_type: str
    body: bytes

    @classmethod
    def text(cls, status: HTTPStatus, text: str) -> Answer:
        """A line of plain text."""
        return cls(status=status, content_type="text/plain; charset=utf-8", body=f"{text}\n".encode())

    @classmethod
    def json(cls, status: HTTPStatus, value: object) -> Answer:
        """A value as JSON."""
        body = json.dumps(value, ensure_ascii=False, indent=2).encode()
        return cls(status=status, content_type="application/json; charset=utf-8", body=body + b"\n")

    @classmethod
    def page(cls, status: HTTPStatus, html: str) -> Answer:
        """A page of HTML."""
        return cls(status=status, content_type="text/html; charset=utf-8", body=html.encode())


NOT_FOUND: Final = Answer.text(HTTPStatus.NOT_FOUND, "there is nothing here; /health tells how the service is")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked: the method (GET, HEAD or POST), the path, and what came with it."""

    method: str
    path: str
    body: bytes = b""


Respond = Callable[[Asked], Answer]


@contextmanager
def listening(settings: ServiceSettings, respond: Respond) -> Iterator[int]:
    """Answers on the port meanwhile; gives the port, 0 where there is none.

    Raises PortTakenError where the settings name a port that is taken; the usual one is done without, with a warning.
    """
    if settings.port == 0:
        yield 0
        return
    try:
        server = _Server((settings.host, settings.port), partial(_Handler, respond))
    except OSError as error:
        trouble = PortTakenError(settings.host, settings.port, error.strerror or str(error))
        if "port" in settings.model_fields_set:
            raise trouble from error
        log.warning("%s", trouble)
        yield 0
        return
    thread = threading.Thread(target=server.serve_forever, name="port", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """A thread for each request, and no more than MOST of them; those left when the service stops end with it.

    Where there are so many, the one that has kept the service waiting longest for the rest of its request makes room.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *settings: Any) -> None:  # noqa: ANN401 - what its base class takes
        super().__init__(*settings)
        self._places = threading.Semaphore(MOST)
        self._incomplete: dict[socket.socket, None] = {}
        self._changing = threading.Lock()

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection; where the system has no file left for it, only after a moment."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(_PAUSE)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - what its base class takes
        """Begin a thread for a request where there is room, or room can be made; hang up else."""
        if not self._room():
            self.shutdown_request(request)
            return
        with self._changing:
            self._incomplete[request] = None
        try:
            super().process_request(request, client_address)
        except RuntimeError:
            self._leave(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
        """Answer a request and leave room for another."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._leave(request)

    def _leave(self, request: socket.socket) -> None:
        self.complete(request)
        self._places.release()

    def complete(self, request: socket.socket) -> None:
        """Say that all of a request was read: from now on it is answered, and nothing makes it give way."""
        with self._changing:
            self._incomplete.pop(request, None)

    def _room(self) -> bool:
        """A place for one more request: a free one, or that of the incomplete request that came first."""
        if self._places.acquire(blocking=False):
            return True
        with self._changing:
            first = next(iter(self._incomplete), None)
            if first is not None:
                del self._incomplete[first]
                with contextlib.suppress(OSError):
                    first.shutdown(socket.SHUT_RDWR)
        return self._places.acquire(timeout=_PATIENCE)

    def handle_error(self, _request: socket.socket | tuple[bytes, socket.socket], _client: object) -> None:
        """One who hangs up in the middle is nobody's trouble; anything else is a line in the log."""
        log.debug("a request was broken off", exc_info=True)


class _Within(io.RawIOBase):
    """What a connection sends until a moment of the monotonic clock; afterwards reading raises TimeoutError."""

    def __init__(self, connection: socket.socket, end: float) -> None:
        self._connection, self._end = connection, end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    """One who asks: what is asked is read, answered, and sent back."""

    server: _Server

    def __init__(self, respond: Respond, *connection: Any) -> None:  # noqa: ANN401 - what its base class takes
        self._respond = respond
        super().__init__(*connection)

    def setup(self) -> None:
        """Prepare to read a request within one limit of time, however slowly it comes."""
        super().setup()
        self.rfile = io.BufferedReader(_Within(self.connection, time.monotonic() + _SECONDS))

    def do_GET(self) -> None:
        self._answer(b"")

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        try:
            body = read_body(self.headers, self.rfile)
        except BodyError as error:
            self._send(Answer.text(error.status, error.why))
            return
        self._answer(body)

    def _answer(self, body: bytes) -> None:
        self.server.complete(self.connection)
        path = self.path.partition("?")[0]
        try:
            answer = self._respond(Asked(method=self.command, path=path, body=body))
        except TroubleError as error:
            log.warning("%s %s could not be answered: %s", self.command, _shown(path), error)
            answer = Answer.text(HTTPStatus.SERVICE_UNAVAILABLE, "this cannot be done just now; try again in a minute")
        except Exception:
            log.exception("%s %s could not be answered", self.command, _shown(path))
            answer = Answer.text(HTTPStatus.INTERNAL_SERVER_ERROR, "this is a mistake of ours; the log says more")
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.connection.settimeout(_SECONDS)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def version_string(self) -> str:
        return "gestand"

    def log_message(self, form: str, *words: object) -> None:
        """Nothing: a token in a path is a secret, and scrapes are many."""


def _shown(path: str) -> str:
    """The first part of a path: what follows it may be a secret."""
    return "/".join(path.split("/")[:2])
