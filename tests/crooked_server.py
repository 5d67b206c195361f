"""A mail server that does one thing wrong at one step of the dialogue, until it is mended."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from itertools import takewhile
from pathlib import Path

from mail_server import context

from notifications.transports.smtp import SmtpDeliverer, SmtpSettings

GOOD = {
    "banner": b"220 hello\r\n",
    "ehlo": b"250-hello\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 10000000\r\n",
    "starttls": b"220 go on\r\n",
    "auth": b"235 welcome\r\n",
    "rset": b"250 forgotten\r\n",
    "mail": b"250 ok\r\n",
    "rcpt": b"250 ok\r\n",
    "data": b"354 go on\r\n",
    "end": b"250 taken\r\n",
    "quit": b"221 bye\r\n",
}
"""What is answered at each step."""

Speak = Callable[[socket.socket], bool]
"""Says something wrong; whether the dialogue goes on."""


@dataclass
class CrookedServer:
    """What it received, and at which step it does what. `visits` counts connections."""

    step: str = ""
    wrong: Speak | None = None
    port: int = 0
    certificate: Path | None = None
    taken: list[bytes] = field(default_factory=list)
    visits: int = 0

    def mend(self) -> None:
        self.step, self.wrong = "", None

    def deliverer(self, **settings: object) -> SmtpDeliverer:
        known = {"host": "localhost" if self.certificate else "127.0.0.1", "port": self.port, "tls": "none"}
        return SmtpDeliverer(SmtpSettings(**(known | {"timeout": 0.5 if self.wrong in WAITING else 10} | settings)))

    def identifiers(self) -> list[str]:
        return [str(message_from_bytes(body)["Message-ID"]) for body in self.taken]

    def visit(self, visitor: socket.socket) -> None:
        self.visits += 1
        if self._says(visitor, "banner"):
            self._talk(visitor)

    def _talk(self, visitor: socket.socket) -> None:
        with visitor.makefile("rb") as lines:
            while line := lines.readline():
                step = "starttls" if line[:8].lower() == b"starttls" else line[:4].strip().decode().lower()
                if not self._says(visitor, step):
                    return
                if step == "starttls":
                    with context(self.certificate).wrap_socket(visitor, server_side=True) as encrypted:
                        self._talk(encrypted)
                    return
                if step == "data" and not self._took(visitor, list(takewhile(lambda line: line != b".\r\n", lines))):
                    return

    def _took(self, visitor: socket.socket, body: list[bytes]) -> bool:
        if not body:
            return False
        self.taken.append(b"".join(body))
        return self._says(visitor, "end")

    def _says(self, visitor: socket.socket, step: str) -> bool:
        if step == self.step and self.wrong:
            return self.wrong(visitor)
        visitor.sendall(GOOD[step])
        return step != "quit"


@contextmanager
def crooked(step: str, wrong: Speak, certificate: Path | None = None) -> Iterator[CrookedServer]:
    """Such a server, which runs meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = CrookedServer(step, wrong, listening.getsockname()[1], certificate)

        def receive() -> None:
            while True:
                try:
                    visitor, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=visited, args=(visitor,), daemon=True).start()

        def visited(visitor: socket.socket) -> None:
            with visitor, contextlib.suppress(OSError, ssl.SSLError):
                server.visit(visitor)

        threading.Thread(target=receive, daemon=True).start()
        yield server


# ------------------------------------------------------------------------------------------------- what is wrong


def hangs_up_after(begun: bytes) -> Speak:
    def speak(visitor: socket.socket) -> bool:
        visitor.sendall(begun)
        return False

    return speak


def falls_silent_after(begun: bytes) -> Speak:
    def speak(visitor: socket.socket) -> bool:
        visitor.sendall(begun)
        while visitor.recv(1000):
            pass
        return False

    return speak


def dribbles(visitor: socket.socket) -> bool:
    for octet in b"250 this takes a very long time indeed\r\n":
        visitor.sendall(bytes([octet]))
        time.sleep(0.2)
    return True


def shakes_hands_slowly(first: bytes = b"") -> Speak:
    """Begins to encrypt, an octet at a time."""

    def speak(visitor: socket.socket) -> bool:
        visitor.sendall(first)
        visitor.recv(4096)
        for octet in b"\x16\x03\x03\x10\x00\x02\x00\x0f\xfc" + b"\x00" * 100:
            visitor.sendall(bytes([octet]))
            time.sleep(0.2)
        return False

    return speak


def answers(line: bytes) -> Speak:
    def speak(visitor: socket.socket) -> bool:
        visitor.sendall(line)
        return True

    return speak


def without_end(again: bytes, first: bytes = b"") -> Speak:
    def speak(visitor: socket.socket) -> bool:
        visitor.sendall(first)
        while True:
            visitor.sendall(again * 100)

    return speak


WRONG: dict[str, Speak] = {
    "hangs up": hangs_up_after(b""),
    "breaks off in the code": hangs_up_after(b"25"),
    "breaks off behind the code": hangs_up_after(b"250"),
    "breaks off in the text": hangs_up_after(b"250 ok"),
    "breaks off at the line end": hangs_up_after(b"250 ok\r"),
    "breaks off between lines": hangs_up_after(b"250-ok\r\n"),
    "refuses, and breaks off": hangs_up_after(b"550 5.1.1 no such us"),
    "falls silent": falls_silent_after(b""),
    "falls silent in a line": falls_silent_after(b"250 ok"),
    "falls silent between lines": falls_silent_after(b"250-ok\r\n"),
    "dribbles": dribbles,
    "999": answers(b"999 what\r\n"),
    "600": answers(b"600 what\r\n"),
    "199": answers(b"199 what\r\n"),
    "100": answers(b"100 what\r\n"),
    "000": answers(b"000 what\r\n"),
    "negative": answers(b"-25 what\r\n"),
    "a sign": answers(b"+25 what\r\n"),
    "four digits": answers(b"2500 what\r\n"),
    "two digits": answers(b"25 what\r\n"),
    "blanks for digits": answers(b" 25 what\r\n"),
    "digits of another script": answers("٢٥٠ ok\r\n".encode()),
    "a NUL in the code": answers(b"25\x00 ok\r\n"),
    "octets of no text": answers(b"\xff\xfe\x80\r\n"),
    "an empty line": answers(b"\r\n"),
    "a word": answers(b"OK\r\n"),
    "another protocol": answers(b"HTTP/1.1 400 Bad Request\r\n"),
    "two codes": answers(b"250-ok\r\n550 no\r\n"),
    "a line without end": without_end(b"a", b"250 "),
    "nothing but noughts": without_end(b"\x00"),
    "lines without end": without_end(b"250-more\r\n"),
}
"""Whatever decides nothing about a message."""
WAITING = [speak for name, speak in WRONG.items() if name.startswith(("falls silent", "dribbles"))]
"""Those that take up the time there is."""
