"""Mail that lies in files: an mbox, a Maildir, a single mail, or what is piped in."""

from __future__ import annotations

import mailbox
import sys
from collections.abc import Iterator
from contextlib import closing
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

from commitments.trouble import TroubleError

STDIN = Path("-")


class NoMailError(TroubleError):
    """A file or folder that holds no mail that can be read."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} holds no mail that can be read ({why}); name an mbox file, a Maildir or an .eml file")


def mails(path: Path) -> Iterator[Message]:
    """The mails in a file or folder, one after another; nothing in it is changed. Raises NoMailError."""
    try:
        yield from _mails(path)
    except OSError as error:
        raise NoMailError(path, error.strerror or str(error)) from error


def _mails(path: Path) -> Iterator[Message]:
    if path == STDIN:
        yield BytesParser().parse(sys.stdin.buffer)
    elif path.is_dir():
        yield from _folder(path)
    elif _is_mbox(path):
        with closing(mailbox.mbox(path, create=False)) as box:
            yield from box
    else:
        with path.open("rb") as file:
            yield BytesParser().parse(file)


def _folder(path: Path) -> Iterator[Message]:
    if not (path / "cur").is_dir() or not (path / "new").is_dir():
        raise NoMailError(path, "a folder without cur/ and new/ is no Maildir")
    for part in ("cur", "new"):
        for file in sorted((path / part).iterdir()):
            with file.open("rb") as opened:
                yield BytesParser().parse(opened)


def _is_mbox(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(5) == b"From "
