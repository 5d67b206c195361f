"""A digest as the workspace posts it: set in type, with the headers and the files that its settings ask for."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterator
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from html import escape
from itertools import islice
from typing import Final
from uuid import uuid4

from commitments import store
from commitments.ledger import register
from commitments.store import Connection
from engine.digests.send import administrator
from engine.digests.slots import reader
from engine.workspace.recipients import Recipient
from engine.workspace.settings import Mail, Workspace
from notifications.content.digest import Digest, Reader, compose
from notifications.content.languages import LANGUAGES
from notifications.content.render import Rendered, render
from notifications.message import ics, payload
from notifications.message.message import Attachment, message
from notifications.message.sheet import sheet
from notifications.outbox import outbox
from notifications.outbox.signing import secret
from notifications.outbox.unsubscribe import last_day, token

log = logging.getLogger("gestand")
_KEPT: Final = 16_000_000
"""So many octets of files are kept in a pass."""
MOST_DEADLINES: Final = 1_000
"""So many deadlines stand in the calendar of a mail: with twenty thousand it had 30 MB, which servers refuse."""
TROUBLE = "template_refused"
"""The kind of the ledger's note on a template that was not used."""


def shown(workspace: Workspace, recipient: Recipient, digest: Digest, leave: str = "") -> Rendered:
    """The digest as its recipient will see it; `leave` is where they say that they want no more."""
    return render(
        digest,
        note=", ".join(recipient.roles),
        base=workspace.settings.base_address,
        leave=leave,
        templates=workspace.templates,
    )


def posted(
    tx: Connection,
    workspace: Workspace,
    recipient: Recipient,
    digest: Digest,
    message_id: str,
    now: datetime,
    *,
    files: Files | None = None,
) -> bytes:
    """The message of a digest, which hangs together with the first one that its recipient got; for an end as it asks.

    `files` are those of the pass, where others may be told the same. Where a template of the workspace has a mistake,
    the digest is set in ours, and that is told once.
    """
    if outbox.route_of(recipient.address):
        return _for_an_end(recipient, digest, message_id, workspace.settings.base_address)
    page, *by_mail = _leaving(tx, workspace, recipient, now)
    rendered = shown(workspace, recipient, digest, page)
    if workspace.templates:
        _tell_once(tx, workspace, rendered.trouble, now)
    return message(
        digest,
        rendered,
        sender=workspace.settings.mail.sender,
        message_id=message_id,
        reply_to=workspace.settings.mail.reply_to,
        thread=outbox.first_told(tx, recipient.address),
        unsubscribe=filter(None, (page, *by_mail)),
        attachments=(files or Files()).of(workspace, digest),
    )


def _for_an_end(recipient: Recipient, digest: Digest, message_id: str, base: str) -> bytes:
    """What programs read, or a chat."""
    if recipient.address.startswith("webhook:"):
        return payload.as_json(digest, message_id, base=base)
    return payload.as_chat(digest, message_id, base=base)


def _tell_once(tx: Connection, workspace: Workspace, trouble: str, now: datetime) -> None:
    """Say in the ledger, the log and to the administrator why a template is not used, once for the same templates."""
    told = store.recall(tx, TROUBLE)
    if not trouble and not told:
        return
    used = sha256(repr(sorted(workspace.templates.items())).encode()).hexdigest()
    if told == used:
        return
    store.remember(tx, TROUBLE, used if trouble else "")
    if trouble:
        register.note(tx, TROUBLE, {"problem": trouble}, at=now, actor=register.ACTOR)
        log.error("a template has a mistake and is not used: %s", trouble)
        sentence = f"a template has a mistake and is not used: {trouble}"
        administrator(workspace.settings.mail).tell(tx, "template", sentence, now)


def tested(workspace: Workspace, recipient: Recipient, address: str, now: datetime) -> bytes:
    """A message that tries whether digests arrive: it says that it is a test, and nothing of the register."""
    settings = workspace.settings
    to = replace(reader(workspace, recipient), address=address)
    words = LANGUAGES[to.language]
    text = words.test_text.format(name=recipient.name, cadence=recipient.cadence)
    return _short(settings.mail, to, words.test_subject, text, now)[1]


def send_new_link(tx: Connection, workspace: Workspace, recipient: Recipient, now: datetime) -> None:
    """Put a message into the outbox that says where its recipient can unsubscribe, at the `base_address`."""
    page, *_ = _leaving(tx, workspace, recipient, now)
    to = reader(workspace, recipient)
    words = LANGUAGES[to.language]
    text = words.renewed_text.format(link=page)
    message_id, body = _short(workspace.settings.mail, to, words.renewed_subject, text, now, page)
    outbox.queue(tx, None, to, body, message_id, now)


def _short(mail: Mail, to: Reader, subject: str, text: str, now: datetime, page: str = "") -> tuple[str, bytes]:
    """A message that is no digest, with its Message-ID; `page` is linked where the text names it."""
    link = f'<a href="{escape(page)}">{escape(page)}</a>'
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in text.split("\n\n"))
    html = paragraphs.replace(escape(page), link) if page else paragraphs
    rendered = Rendered(subject, f"{text}\n", f'<!doctype html><html lang="{to.language}">{html}</html>')
    digest = compose(to, [], slot=now, covers_from=None, head="")
    message_id = f"<{uuid4().hex}@{mail.sender.domain}>"
    made = message(
        digest,
        rendered,
        sender=mail.sender,
        message_id=message_id,
        reply_to=mail.reply_to,
        unsubscribe=filter(None, [page]),
    )
    return message_id, made


def _leaving(tx: Connection, workspace: Workspace, recipient: Recipient, now: datetime) -> Iterator[str]:
    """Where a recipient says that they want no more: the page for it, empty where there is none, then by mail."""
    base, mail = workspace.settings.base_address, workspace.settings.mail
    yield f"{base}/unsubscribe/{token(recipient.address, secret(tx), last_day(now.date()))}" if base else ""
    if mail.unsubscribe:
        yield f"mailto:{mail.unsubscribe}?subject=unsubscribe"


class Files:
    """The files that go with the digests of a pass: those of one reader are kept for others who are told the same."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Hashable, ...], tuple[Attachment, ...]] = {}
        self._octets = 0

    def of(self, workspace: Workspace, digest: Digest) -> tuple[Attachment, ...]:
        """The files that go with a digest. In a pass the key of a notice says all that is told of it."""
        keys = tuple(item.notice.key for _, items in digest.sections for item in items)
        what = (digest.reader.language, digest.slot, digest.day, keys)
        if what in self._kept:
            return self._kept[what]
        made = tuple(attached(workspace, digest))
        octets = sum(len(one.content) for one in made)
        if octets <= _KEPT:
            self._keep(what, made, octets)
        return made

    def _keep(self, what: tuple[Hashable, ...], made: tuple[Attachment, ...], octets: int) -> None:
        if self._octets + octets > _KEPT:
            self._kept.clear()
            self._octets = 0
        self._kept[what] = made
        self._octets += octets


def attached(workspace: Workspace, digest: Digest) -> Iterator[Attachment]:
    """The files that go with a digest: all of its rows as a table, and its deadlines for a calendar, the first ones."""
    base, words = workspace.settings.base_address, LANGUAGES[digest.reader.language]
    if digest.sections:
        yield Attachment(name=f"gestand-{digest.day}.csv", subtype="csv", content=sheet(digest, base=base))
    if deadlines := list(islice(ics.entries(words, digest, base=base), MOST_DEADLINES)):
        calendar = ics.calendar(
            deadlines,
            title=words.heading,
            language=words.code,
            domain=workspace.settings.mail.sender.domain,
            today=digest.day,
        )
        yield Attachment(name=f"gestand-{digest.day}.ics", subtype="calendar", content=calendar)
