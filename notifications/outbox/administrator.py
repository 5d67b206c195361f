"""Telling the administrator of a trouble: a short message through the same outbox, once a day for each cause."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from uuid import uuid4

from commitments.store import Connection, recall, remember
from notifications.content.digest import Reader
from notifications.content.phrases import clean
from notifications.message.mailbox import Mailbox
from notifications.message.message import NAME
from notifications.outbox import outbox

_TOLD = "administrator"

TEXT = """\
{sentence}

{advice}

You get one message a day about each kind of trouble, however often it happens.
"""
_ADVICE = {
    "failed": "`gestand outbox --state failed` lists what was refused; `gestand outbox retry ID` tries it again.",
    "dead": "`gestand outbox --state dead` lists what was given up; `gestand outbox retry --dead` tries it all again.",
    "bounced": "`gestand outbox suppressed` lists the addresses that get nothing more, and since when.",
    "behind": "Digests go there as ever, for others may get them too. Let it pass its mail on to others, or take the "
    "recipient out of gestand.yaml where nobody is left.",
    "unassessed": "A commitment among them is undated until then, and nobody is reminded of it; the others are as "
    "ever. `gestand doctor` names what is still so.",
    "feed": "The file that was there is as it was; every pass tries again. `gestand check` says more.",
    "template": "Digests go out in the form that ships until it is mended; `gestand check` says where the mistake is.",
}
_ELSE = "`gestand outbox` lists what waits, and why."


@dataclass(frozen=True, kw_only=True)
class Administrator:
    """Who is told of trouble, by whom, and where an answer goes; nobody where the address is empty."""

    address: str
    sender: Mailbox
    reply_to: Mailbox | None = None

    def tell(self, tx: Connection, cause: str, sentence: str, at: datetime) -> bool:
        """Put a message about a trouble into the outbox; False where that cause was told today, or there is nobody.

        The cause is one word, and what makes two troubles one of a kind.
        """
        name, day = f"{_TOLD} {cause}", at.date().isoformat()
        if not self.address or recall(tx, name) == day:
            return False
        remember(tx, name, day)
        message_id = f"<{uuid4().hex}@{self.sender.domain}>"
        reader = Reader(name="", address=self.address, language="en", timezone="UTC")
        outbox.queue(tx, None, reader, self._message(cause, sentence, at, message_id), message_id, at)
        return True

    def _message(self, cause: str, sentence: str, at: datetime, message_id: str) -> bytes:
        made = EmailMessage(policy=SMTP)
        made["To"] = self.address
        made["Subject"] = clean(f"Gestand: {sentence}", 120)
        made["Date"], made["Message-ID"] = at, message_id
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(TEXT.format(sentence=sentence, advice=_ADVICE.get(cause, _ELSE)), cte="quoted-printable")
        answering = self.reply_to.header("Reply-To") if self.reply_to else b""
        return self.sender.header("From", NAME) + answering + made.as_bytes()
