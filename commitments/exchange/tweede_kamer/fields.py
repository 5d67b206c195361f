"""What the fields of the House's open data say, whatever shape they come in; what they cannot say is a Misfit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from commitments.exchange.dossier import dossier_number
from commitments.reading.problem import Fault, Misfit

Row = dict[str, Any]
Told = tuple[dict[str, Any], tuple[Fault, ...]]
"""A commitment as register files have it, and what is doubtful about it."""

LONGEST_TITLE = 200
_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_OFFICE = re.compile(r"(minister|staatssecretaris)\s+van\s+(.+)", re.IGNORECASE)


def text(row: Row, name: str) -> str:
    """The text of a field, empty where it is absent or null; a repeated field may not contradict itself."""
    found = row.get(name)
    values = {str(one).strip() for one in (found if isinstance(found, list) else [found]) if one is not None}
    if len(values) > 1:
        raise Misfit(Fault((name,), f"{name} says {' and '.join(sorted(map(repr, values)))}", "keep one of them"))
    return values.pop() if values else ""


def flag(row: Row, name: str) -> bool:
    """Whether a field says yes: true, "true" and "True" have all been met."""
    return text(row, name).casefold() == "true"


def moment(row: Row, name: str) -> datetime | None:
    """The moment in a field, aware; one without a zone is local already. None where there is none."""
    said = text(row, name)
    # the service writes the first day of all for "none"
    if not said or said.startswith("0001-01-01"):
        return None
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        raise Misfit(Fault((name,), f"{name} must be a moment such as 2026-03-19T17:42:13Z, not {said!r}")) from None
    return found if found.tzinfo else found.replace(tzinfo=_AMSTERDAM)


def day(row: Row, name: str) -> date | None:
    """The day in the Netherlands on which a moment fell."""
    found = moment(row, name)
    return found.astimezone(_AMSTERDAM).date() if found else None


def rows(row: Row, name: str) -> list[Row]:
    """The rows that stand in a field, whether it has one, several or none."""
    found = row.get(name) or []
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]


def numbers(row: Row, name: str, *keys: str) -> list[str]:
    """What the rows or texts in a field are called by the first of the keys that they have, each once."""
    found = row.get(name) or []
    called = (
        next((one[key] for key in keys if one.get(key)), None) if isinstance(one, dict) else one
        for one in (found if isinstance(found, list) else [found])
    )
    return list(dict.fromkeys(str(one) for one in called if one))


def dossiers(row: Row) -> dict[str, str]:
    """The dossiers of a row, in their one form, as register files have them; nothing where there are none."""
    found = (f"{text(one, 'Nummer')} {text(one, 'Toevoeging')}" for one in rows(row, "Kamerstukdossier"))
    written = "; ".join(dict.fromkeys(filter(None, (dossier_number(one.strip()) for one in found))))
    return {"dossier": written} if written else {}


def cut(words: str, longest: int) -> str:
    """The words, the end of them left out where they are too long."""
    return words if len(words) <= longest else f"{words[: longest - 1]}…"


def joined(words: Iterable[str], between: str = " ") -> str:
    """The words that say something, in one text."""
    return between.join(filter(None, words))


def slug(words: str) -> str:
    """The words as a part of a party's name."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def office(words: str) -> str:
    """The party that an office is: nl/regering/justitie-en-veiligheid/minister; the government where none is told."""
    found = _OFFICE.fullmatch(words.strip())
    if found:
        return f"nl/regering/{slug(found[2])}/{found[1].lower()}"
    return joined(("nl/regering", slug(words)), "/")
