"""A real mail server (aiosmtpd) for the tests, which can be told to be slow or to refuse."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from notifications.transports.smtp import SmtpDeliverer, SmtpSettings


@dataclass
class MailServer:
    """What the server received, over how many visits, and how it behaves.

    It can `refuse` by address, `answer` after the data, `pause` before it, and take no more than `most` in one visit.
    """

    port: int = 0
    pause: float = 0
    refuse: dict[str, str] = field(default_factory=dict)
    answer: str = "250 OK"
    received: list[bytes] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    visits: int = 0
    most: int = 1000

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name and arguments
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.visits += 1
        session.host_name, session.taken = hostname, 0
        return responses

    async def handle_MAIL(self, _server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802 - as above
        if session.taken >= self.most:
            return "451 4.7.0 too many messages in one session"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:  # noqa: N802 - aiosmtpd's name
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.received.append(envelope.content)
        self.senders.append(envelope.mail_from)
        session.taken += 1
        await asyncio.sleep(self.pause)
        return self.answer

    def messages(self) -> list[EmailMessage]:
        return [BytesParser(policy=policy.SMTP).parsebytes(body) for body in self.received]

    def deliverer(self, **settings: Any) -> SmtpDeliverer:
        known = {"host": "127.0.0.1", "port": self.port, "tls": "none", "timeout": 5}
        return SmtpDeliverer(SmtpSettings(**(known | settings)))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mail_server(**options: Any) -> Iterator[MailServer]:
    """A server that runs meanwhile; the options are aiosmtpd's."""
    handler = MailServer(port=free_port())
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port, **options)
    controller.start()
    try:
        yield handler
    finally:
        controller.stop()


def context(certificate: Path) -> ssl.SSLContext:
    """What a server speaks TLS with, by its certificate and key."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made
