"""Names of servers as people write them."""

from __future__ import annotations


def can_be_looked_up(host: str) -> bool:
    """Whether a text can be a server's name or number.

    Of one with an empty part (mail..example.org), or one of more than 63 letters, Python's look-up raises what no
    other trouble with a server raises.
    """
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return bool(host) and host.isprintable() and " " not in host
