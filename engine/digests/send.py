"""How the messages of a workspace leave: which way, where they come back to, and who is told of trouble."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from commitments.store import Row, Store
from engine.workspace import clock
from engine.workspace.settings import Mail, Workspace
from notifications.outbox import bounces
from notifications.outbox.administrator import Administrator
from notifications.outbox.delivery import (
    Delivered,
    Envelope,
    Review,
    deliver,
    from_header,
)
from notifications.outbox.signing import secret
from notifications.transports.deliverer import Deliverer
from notifications.transports.folder import FolderDeliverer
from notifications.transports.routes import Routes
from notifications.transports.smtp import SmtpDeliverer


def deliverer(workspace: Workspace) -> Deliverer:
    """What takes the messages away: each end its own, and the mail what the settings name."""
    mail, ends = _mail(workspace), [end for end in workspace.settings.ends if end.tells]
    return Routes(mail, {end.route: end.deliverer(clock.now) for end in ends}) if ends else mail


def _mail(workspace: Workspace) -> Deliverer:
    """The folder, or the server that the settings name."""
    mail = workspace.settings.mail
    if mail.deliver == "smtp" and mail.smtp is not None:
        return SmtpDeliverer(mail.smtp)
    return FolderDeliverer(workspace.outbox)


def dispatch(
    store: Store,
    workspace: Workspace,
    deliverer: Deliverer,
    *,
    now: Callable[[], datetime],
    review: Review | None = None,
) -> Delivered:
    """Send what is due, as the settings of the workspace ask, and say what became of it."""
    mail = workspace.settings.mail
    return deliver(
        store, deliverer, now=now, review=review, trouble=administrator(mail).tell, envelope=_envelope(store, mail)
    )


def administrator(mail: Mail) -> Administrator:
    """Who is told of trouble."""
    return Administrator(address=mail.administrator, sender=mail.sender, reply_to=mail.reply_to)


def _envelope(store: Store, mail: Mail) -> Envelope:
    if mail.bounces is None:
        return from_header
    address = mail.bounces.address
    with store.writing() as tx:
        key = secret(tx)

    def signed(row: Row[Any]) -> str:
        return bounces.return_address(address, key, row.id)

    return signed
