"""A digest as the workspace posts it: set in type, with the headers and the files that its settings ask for."""

from __future__ import annotations

from collections.abc import Iterator

from commitments.store import Connection
from engine.recipients import Recipient
from engine.settings import Workspace
from notifications import outbox
from notifications.digest import Digest
from notifications.message import Attachment, message
from notifications.render import Rendered, render
from notifications.sheet import sheet


def shown(workspace: Workspace, recipient: Recipient, digest: Digest) -> Rendered:
    """The digest as its recipient will see it."""
    return render(digest, note=", ".join(recipient.roles), base=workspace.settings.base_address)


def posted(tx: Connection, workspace: Workspace, recipient: Recipient, digest: Digest, message_id: str) -> bytes:
    """The message of a digest, which hangs together with the first one that its recipient got."""
    return message(
        digest,
        shown(workspace, recipient, digest),
        sender=workspace.settings.mail.sender,
        message_id=message_id,
        thread=outbox.first_told(tx, recipient.address),
        attachments=attached(workspace, digest),
    )


def attached(workspace: Workspace, digest: Digest) -> Iterator[Attachment]:
    """The files that go with a digest: all of its rows as a table."""
    rows = sheet(digest, base=workspace.settings.base_address)
    yield Attachment(name=f"gestand-{digest.day}.csv", subtype="csv", content=rows)
