"""Delivery into a folder, the embedded default: each message as .eml, and its two forms as .txt and .html to open."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from pathlib import Path
from typing import Self

from commitments.reading.replacing import create_private_folder, replace, settle
from notifications.transports.deliverer import ServerError


@dataclass(frozen=True)
class FolderDeliverer:
    """Writes messages into a folder, made where it is not there; only its owner can read them."""

    folder: Path
    lines: int = 1

    @contextmanager
    def line(self) -> Iterator[Self]:
        """The folder itself, which stays open."""
        yield self

    def send(self, _envelope_from: str, to: str, body: bytes) -> None:
        """Write the message; the same message twice leaves one. Raises ServerError where the folder cannot be used."""
        sent = BytesParser(policy=policy.SMTP).parsebytes(_without_files(body))
        stem = _stem(sent, to)
        forms = {".txt": _part(sent, "plain"), ".html": _part(sent, "html"), ".eml": body}
        try:
            create_private_folder(self.folder)
            for suffix, content in forms.items():
                replace(self.folder / f"{stem}{suffix}", [content], private=True)
            settle(self.folder)
        except OSError as error:
            raise ServerError(0, f"the folder {self.folder} cannot be written to: {error.strerror}") from error


def _without_files(body: bytes) -> bytes:
    """A message up to the files that go with it: they may be large, and are not looked into."""
    head = BytesHeaderParser(policy=policy.SMTP).parsebytes(body[: body.find(b"\r\n\r\n")])
    if head.get_content_type() != "multipart/mixed":
        return body
    line = b"\r\n--" + str(head.get_boundary()).encode()
    return body[: body.find(line, body.find(line) + len(line))]


def _stem(sent: EmailMessage, to: str) -> str:
    """The name that a message always gets: its date, who it is for, and a sign of its Message-ID."""
    slug = re.sub(r"[^a-z0-9]+", "-", to.lower()).strip("-")[:60]
    sign = hashlib.sha256(str(sent["Message-ID"]).encode()).hexdigest()[:8]
    return f"{sent['Date'].datetime:%Y-%m-%d}-{slug}-{sign}"


def _part(sent: EmailMessage, form: str) -> bytes:
    part = sent.get_body((form,))
    return str(part.get_content()).replace("\r\n", "\n").encode() if part else b""
