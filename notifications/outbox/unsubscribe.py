"""The token in a link to unsubscribe: a signature of its reader's address, which nobody without the secret can make.

It holds nothing of the address: whoever reads it tries the addresses that there are. It says until when it is good.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import date
from typing import Final

from notifications.outbox.signing import same, sign

_PURPOSE = "unsubscribe"
_WHOLE_YEARS: Final = 2
UNDATED_UNTIL: Final = date(2029, 12, 31)
"""How long tokens without a day are good: they were made before December 2026, when tokens got one."""


def last_day(made: date) -> date:
    """The last day of a token made on a day: the year runs out, and two more.

    Laws ask for 30 days (CAN-SPAM) or 60 (CASL), and RFC 8058 says nothing; people unsubscribe from old mail too. All
    tokens of a year and reader are the same, so that a digest put together anew says the same.
    """
    return date(made.year + _WHOLE_YEARS, 12, 31)


def token(address: str, secret: bytes, until: date | None = None) -> str:
    """The token for an address: letters, digits, `-` and `_`, the same each time; good up to and with `until`."""
    end = f"{until:%Y%m%d}" if until else "0"
    signature = sign(secret, _PURPOSE, f"{end} {address.lower()}".encode())
    return f"{urlsafe_b64encode(signature).decode().rstrip('=')}-{end}"


def read_token(text: str, secret: bytes, addresses: Iterable[str], today: date | None = None) -> str | None:
    """The one of these addresses that a token was made for; None where there is none, or it is over by `today`."""
    until = _until(text)
    if until is None or (today and is_over(text, today)):
        return None
    made = ((address, token(address, secret, None if until == date.max else until)) for address in addresses)
    return next((address for address, known in made if same(known.encode(), text.encode())), None)


def is_over(text: str, today: date) -> bool:
    """Whether a text has the form of a token that is not good any more, whoever made it."""
    until = _until(text)
    return until is not None and today > (UNDATED_UNTIL if until == date.max else until)


def _until(text: str) -> date | None:
    """The last day of a token, as it says; the last day of all where it says none, None where it is no token."""
    _, _, end = text.rpartition("-")
    if not text.isascii():
        return None
    if end == "0":
        return date.max
    try:
        return date.fromisoformat(end) if len(end) == 8 else None
    except ValueError:
        return None
