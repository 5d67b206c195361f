"""Numbers of Dutch parliamentary dossiers: written in several ways, the same in one."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(\d{2})[ .\u00a0]?(\d{3})(?:[- ]+(\(?[A-Z0-9]{1,8}\)?))?", re.ASCII)


def dossier_number(text: str) -> str:
    """The one form of a dossier's number, 34 964 or 36 600-XIII; what is no such number is left as it is."""
    found = _NUMBER.fullmatch(text.strip())
    if not found:
        return text
    first, second, addition = found.groups()
    return f"{first} {second}" + (f"-{addition}" if addition else "")
