"""The token in a link to unsubscribe: it holds its recipient's address, which nobody without the secret reads or makes.

Sealed as RFC 5297 does it, with the means of the standard library: the signature of the content starts the stream that
hides the content, so a token that was changed in any place reads as something that was never signed.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date
from itertools import count

from notifications.signing import same, sign

_VERSION = "1"
_PURPOSE = "unsubscribe"
_TAG = 16
_LONGEST = 600


def token(address: str, secret: bytes, until: date | None = None) -> str:
    """The token for an address: letters, digits, `-` and `_`, the same each time; good up to and with `until`."""
    content = f"{until or ''} {address}".encode()
    tag = sign(secret, _PURPOSE, content, _TAG)
    sealed = tag + _hide(content, secret, tag)
    return _VERSION + urlsafe_b64encode(sealed).decode().rstrip("=")


def read_token(text: str, secret: bytes, today: date | None = None) -> str | None:
    """The address that a token was made for; None where it was not made here, was changed, or is over by `today`."""
    sealed = _bytes(text)
    if sealed is None:
        return None
    tag, hidden = sealed[:_TAG], sealed[_TAG:]
    content = _hide(hidden, secret, tag)
    if not same(tag, sign(secret, _PURPOSE, content, _TAG)):
        return None
    until, _, address = content.decode().partition(" ")
    over = until and today and today > date.fromisoformat(until)
    return None if over else address


def _bytes(text: str) -> bytes | None:
    if not text.startswith(_VERSION) or len(text) > _LONGEST or not text.isascii():
        return None
    body = text.removeprefix(_VERSION)
    try:
        sealed = urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except ValueError:
        return None
    # Decoding leaves out what is not of its alphabet: a token is written in one way only.
    return sealed if urlsafe_b64encode(sealed).decode().rstrip("=") == body else None


def _hide(content: bytes, secret: bytes, tag: bytes) -> bytes:
    """The content laid over a stream that begins with `tag`; done twice, it is the content again."""
    stream = b""
    for number in count():
        if len(stream) >= len(content):
            break
        stream += sign(secret, "seal", tag + number.to_bytes(4), 32)
    return bytes(one ^ other for one, other in zip(content, stream, strict=False))
