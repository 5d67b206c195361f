"""Unsubscribing with one click (RFC 8058): what is answered at /unsubscribe/TOKEN.

Mail programs and scanners ask for every address in a mail, so asking changes nothing: only a POST with
`List-Unsubscribe=One-Click` does, from a mail program or from the button on the page. Done twice, it is done.
"""

from __future__ import annotations

import re
from datetime import datetime
from html import escape
from http import HTTPStatus
from typing import Final

from commitments.store import Store
from engine.port import Answer, Asked
from engine.settings import Workspace
from notifications.languages import LANGUAGES
from notifications.signing import known_secret
from notifications.suppression import Kind, suppress
from notifications.unsubscribe import read_token
from notifications.words import Words

PATH: Final = "/unsubscribe/"
_ONE_CLICK: Final = re.compile(
    rb"""\s*(?:List-Unsubscribe=One-Click
    |--(?P<mark>[^\r\n]{1,70})\r?\n
     (?:[A-Za-z-]+:[^\r\n]*\r?\n)*?Content-Disposition:[ ]*form-data;[ ]*name="?List-Unsubscribe"?\r?\n
     (?:[A-Za-z-]+:[^\r\n]*\r?\n)*\r?\nOne-Click\r?\n--(?P=mark)--)\s*""",
    re.VERBOSE,
)
"""The click as mail programs send it (RFC 8058, 3.2): as the fields of a form, or in parts, which they should."""
_ACTOR: Final = "reader"


def leave(base: Store, workspace: Workspace, asked: Asked, now: datetime) -> Answer:
    """What is answered to one who asks for the address in a digest, and done where it was meant."""
    with base.reading() as tx:
        addresses = [recipient.address for recipient in workspace.settings.recipients]
        key = known_secret(tx)
        address = read_token(asked.path.removeprefix(PATH), key, addresses, now.date()) if key else None
    words = LANGUAGES[_language(workspace, address or "")]
    if address is None:
        return Answer.page(HTTPStatus.NOT_FOUND, _page(words, words.leave_unknown))
    if asked.method != "POST" or not _ONE_CLICK.fullmatch(asked.body):
        status = HTTPStatus.BAD_REQUEST if asked.method == "POST" else HTTPStatus.OK
        return Answer.page(status, _page(words, words.leave_question, words.leave_button))
    with base.writing() as tx:
        suppress(tx, address, Kind.UNSUBSCRIBED, at=now, actor=_ACTOR, detail="one click")
    return Answer.page(HTTPStatus.OK, _page(words, words.leave_done))


def _language(workspace: Workspace, address: str) -> str:
    recipient = workspace.settings.recipient(address)
    return (recipient.language if recipient else None) or workspace.settings.language


def _page(words: Words, text: str, button: str = "") -> str:
    form = (
        f'<form method="post"><button name="List-Unsubscribe" value="One-Click">{escape(button)}</button></form>'
        if button
        else ""
    )
    return (
        f'<!doctype html><html lang="{words.code}"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<title>Gestand</title><p>{escape(text)}</p>{form}</html>\n"
    )
