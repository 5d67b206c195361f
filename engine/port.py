"""The service's local port: /health for people and watchdogs, /metrics for Prometheus, one-click unsubscribing.

Plain HTTP on this machine alone, unless told otherwise; what the world should reach goes through a proxy (docs/deploy).
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from commitments.trouble import TroubleError
from engine.body import BodyError, read_body
from engine.schedule import log
from engine.settings import ServiceSettings

_POLICY: Final = "default-src 'none'; form-action 'self'; frame-ancestors 'none'"
_SECONDS: Final = 10.0
"""How long one who asks may take."""


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
    """Each who asks gets a thread; those left when the service stops end with it."""

    daemon_threads = True
    request_queue_size = 32

    def handle_error(self, _request: socket.socket | tuple[bytes, socket.socket], _client: object) -> None:
        """One who hangs up in the middle is nobody's trouble; anything else is a line in the log."""
        log.debug("a request was broken off", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """One who asks: what is asked is read, answered, and sent back."""

    timeout = _SECONDS

    def __init__(self, respond: Respond, *connection: Any) -> None:  # noqa: ANN401 - what its base class takes
        self._respond = respond
        super().__init__(*connection)

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
