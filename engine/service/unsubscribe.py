"""Unsubscribing with one click (RFC 8058): what is answered at /unsubscribe/TOKEN.

Mail programs and scanners ask for every address in a mail, so asking changes nothing: only a POST with
`List-Unsubscribe=One-Click` does, from a mail program or from the button on the page. Done twice, it is done. A link
that is too old does not unsubscribe: who presses there is sent a new one.
"""

from __future__ import annotations

import re
from datetime import datetime
from html import escape
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

from commitments.store import Connection, Store, recall, remember
from engine.digests.build import send_new_link
from engine.service.http import Answer, Asked
from engine.workspace.recipients import Recipient
from engine.workspace.settings import Workspace
from notifications.content.languages import LANGUAGES
from notifications.content.words import Words
from notifications.outbox.signing import known_secret, sign
from notifications.outbox.suppression import Kind, suppress, suppressed
from notifications.outbox.unsubscribe import is_over, read_token

PATH: Final = "/unsubscribe/"
_ONE_CLICK: Final = re.compile(
    rb"""\s*(?:List(?:-|%2[Dd])Unsubscribe=One(?:-|%2[Dd])Click
    |--(?P<mark>[^\r\n]{1,70})\r?\n
     (?:[A-Za-z-]+:[^\r\n]*\r?\n)*?(?i:Content-Disposition:[ \t]*form-data);[ \t]*(?i:name)="?List-Unsubscribe"?
     [ \t]*(?:;[^\r\n]*)?\r?\n
     (?:[A-Za-z-]+:[^\r\n]*\r?\n)*\r?\nOne-Click\r?\n--(?P=mark)--)\s*""",
    re.VERBOSE,
)
"""The click as mail programs send it (RFC 8058, 3.2): as the fields of a form, or in parts, which they should."""
_NEW_LINK: Final = re.compile(rb"\s*New-Link=yes\s*")
_ACTOR: Final = "reader"


def leave(base: Store, workspace: Workspace, asked: Asked, now: datetime) -> Answer:
    """What is answered to one who asks for the address in a digest, and done where it was meant."""
    text = unquote(asked.path.removeprefix(PATH)).removesuffix("/")  # what stands between may write %2D for -
    with base.reading() as tx:
        key = known_secret(tx)
    addresses = [recipient.address for recipient in workspace.settings.recipients]
    address = read_token(text, key, addresses) if key is not None else None
    if is_over(text, now.date()):
        return _renew(base, workspace, asked, address, now)
    words = LANGUAGES[_language(workspace, address or "")]
    if address is None:
        return Answer.page(HTTPStatus.NOT_FOUND, _page(words, words.leave_unknown))
    if asked.method != "POST" or not _ONE_CLICK.fullmatch(asked.body):
        status = HTTPStatus.BAD_REQUEST if asked.method == "POST" else HTTPStatus.OK
        return Answer.page(status, _page(words, words.leave_question, words.leave_button))
    with base.writing() as tx:
        suppress(tx, address, Kind.UNSUBSCRIBED, at=now, actor=_ACTOR, detail="one click")
    return Answer.page(HTTPStatus.OK, _page(words, words.leave_done))


# ------------------------------------------------------------------------------------------------- links too old


def _renew(base: Store, workspace: Workspace, asked: Asked, address: str | None, now: datetime) -> Answer:
    """What is answered where a link is too old: the same, in the same language, whether it was ours or not.

    Who presses is sent a new one by mail, so that it reaches the reader alone. A mail program's click did not
    unsubscribe, which its answer says.
    """
    words = LANGUAGES[workspace.settings.language]
    clicked = _ONE_CLICK.fullmatch(asked.body) is not None
    if asked.method != "POST" or not (clicked or _NEW_LINK.fullmatch(asked.body)):
        return Answer.page(HTTPStatus.GONE, _page(words, words.leave_over, words.leave_renew, "New-Link"))
    recipient = workspace.settings.recipient(address) if address else None
    if recipient is not None and workspace.settings.base_address:
        _send_new_link(base, workspace, recipient, now)
    return Answer.page(HTTPStatus.GONE if clicked else HTTPStatus.ACCEPTED, _page(words, words.leave_renewed))


def _send_new_link(base: Store, workspace: Workspace, recipient: Recipient, now: datetime) -> None:
    """Send a new link, one a day at most, and none to an address that gets nothing more."""
    with base.reading() as tx:
        if not _may_have_one(tx, recipient.address, now):
            return
    with base.writing() as tx:
        if _may_have_one(tx, recipient.address, now):
            remember(tx, _sent(tx, recipient.address), now.date().isoformat())
            send_new_link(tx, workspace, recipient, now)


def _may_have_one(tx: Connection, address: str, now: datetime) -> bool:
    return suppressed(tx, address) is None and recall(tx, _sent(tx, address)) != now.date().isoformat()


def _sent(tx: Connection, address: str) -> str:
    """Under what name the day is remembered; the address, which may have to be erased, does not stand in it."""
    return f"new link {sign(known_secret(tx) or b'', 'new link', address.lower().encode()).hex()}"


def _language(workspace: Workspace, address: str) -> str:
    recipient = workspace.settings.recipient(address)
    return (recipient.language if recipient else None) or workspace.settings.language


def _page(words: Words, text: str, button: str = "", name: str = "List-Unsubscribe") -> str:
    value = "One-Click" if name == "List-Unsubscribe" else "yes"
    form = (
        f'<form method="post"><button name="{name}" value="{value}">{escape(button)}</button></form>' if button else ""
    )
    return (
        f'<!doctype html><html lang="{words.code}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<title>Gestand</title><p>{escape(text)}</p>{form}</html>\n"
    )
