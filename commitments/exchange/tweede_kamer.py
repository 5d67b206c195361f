"""The open data of the Dutch House of Representatives: saved answers of its OData service about `Toezegging`.

`yaml_register` reads the file, for JSON is YAML, and hands it on where the keys are those of the House.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from commitments.exchange.written import commitment_draft
from commitments.intake import Draft
from commitments.model import EventKind
from commitments.problem import Document, Fault, Misfit, Path, Place, Problem, problem

_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_NUMBER = re.compile(r"TZ[0-9]{6}-[0-9]+")
_LONGEST_TITLE, _LONGEST_TEXT = 200, 2000

_STATUSES: dict[str, EventKind | None] = {
    "openstaand": None,
    "voldaan": EventKind.FULFILLED,
    "deels voldaan": EventKind.PARTLY_FULFILLED,
    "vervallen": EventKind.LAPSED,
    # the schema of the House (v1.0) has not these two, its data has
    "afgedaan": EventKind.FULFILLED,
    "deels afgedaan": EventKind.PARTLY_FULFILLED,
}

Found = tuple[Draft | None, tuple[Problem, ...]]


def is_toezeggingen(document: Document) -> bool:
    """Whether a document is an answer of the service, about undertakings."""
    if not isinstance(document.value, dict) or not isinstance(document.value.get("value"), list):
        return False
    about = str(document.value.get("@odata.context", ""))
    rows = document.value["value"]
    numbers = (str(row.get("Nummer")) for row in rows if isinstance(row, dict))
    return about.partition("#")[2].startswith("Toezegging") or any(map(_NUMBER.fullmatch, numbers))


def toezeggingen(document: Document) -> Iterator[Found]:
    """A draft for each undertaking, or what is wrong with it; what the House removed is left out, and said."""
    for index in range(len(document.value["value"])):
        at = ("value", index)
        try:
            yield _found(document, at)
        except Misfit as misfit:
            yield None, tuple(_told(document, at, fault) for fault in misfit.faults)
    if "@odata.nextLink" in document.value:
        hint = "save the page at that address too, and take it in"
        fault = Fault(("@odata.nextLink",), "this file is one page of several", hint)
        yield None, (_told(document, (), fault, "warning"),)


def _told(document: Document, at: Path, fault: Fault, level: Any = "error") -> Problem:  # noqa: ANN401 - of Problem
    found = problem(document, (*at, *fault.path), fault.message, fault.hint)
    return Problem(**{**vars(found), "level": level})


def _found(document: Document, at: Path) -> Found:
    row = document.at(at)
    if not isinstance(row, dict) or any(path[: len(at)] == at for path in document.faulty):
        raise Misfit(Fault((), "this is not an undertaking of the House that can be read"))
    number = _text(row, "Nummer")
    if not number:
        raise Misfit(Fault((), "this undertaking has no Nummer"))
    if _text(row, "Verwijderd").casefold() == "true":
        fault = Fault(("Verwijderd",), f"the House removed {number}; it is left out")
        return None, (_told(document, at, fault, "warning"),)
    event, doubts = _event(row)
    line, column = document.position(at)
    value = _commitment(row, number) | {"events": [event] if event else []}
    made = Document(file=document.file, text=document.text, value=value, place=Place(line, column))
    draft, problems = commitment_draft(made, ())
    return draft, (*problems, *(_told(document, at, doubt, "warning") for doubt in doubts))


def _commitment(row: dict[str, Any], number: str) -> dict[str, Any]:
    words = " ".join(_text(row, "Tekst").split())
    activity, made = _text(row, "ActiviteitNummer"), _day(row, "Aanmaakdatum")
    value: dict[str, Any] = {
        "id": number,
        "kind": "undertaking",
        "title": _cut(words, _LONGEST_TITLE) or number,
        "by": _by(row),
        "to": "nl/tweede-kamer",
        "force": "binding",
        "source": {
            "document": f"Tweede Kamer, toezegging {number}",
            "clause": ", ".join(filter(None, [f"activiteit {activity}" if activity else "", _name(row)])),
            "quote": _cut(words, _LONGEST_TEXT),
        },
    }
    # the data has no field for the term: where there is one, it stands in the text, and the terms of packs find it
    return value | ({"made": made} if made else {}) | ({"stated_due": {"phrase": words}} if _fits(words) else {})


def _fits(words: str) -> bool:
    return 0 < len(words) <= _LONGEST_TEXT


def _cut(words: str, longest: int) -> str:
    return words if len(words) <= longest else f"{words[: longest - 1]}…"


# ------------------------------------------------------------------------------------------------- who


def _by(row: dict[str, Any]) -> str:
    """The ministry, and the office in it; where only one of them or a name is told, that."""
    ministry = _slug(re.sub(r"(?i)^ministerie van ", "", _text(row, "Ministerie")))
    office = _slug(_text(row, "Functie"))
    if ministry:
        rank = re.match("minister|staatssecretaris", office)
        return f"nl/regering/{ministry}" + (f"/{rank[0]}" if rank else "")
    return "/".join(filter(None, ("nl/regering", office or _slug(_surname(row)))))


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _surname(row: dict[str, Any]) -> str:
    return " ".join(filter(None, (_text(row, "Tussenvoegsel"), _text(row, "Achternaam"))))


def _name(row: dict[str, Any]) -> str:
    return " ".join(filter(None, (_text(row, "Functie"), _surname(row))))


# ------------------------------------------------------------------------------------------------- what became of it


def _event(row: dict[str, Any]) -> tuple[dict[str, str], tuple[Fault, ...]]:
    """What the status tells, with its day, and what is doubtful about it. DatumNakoming is the day of fulfilment."""
    status = " ".join(_text(row, "Status").casefold().split())
    if status not in _STATUSES:
        known = ", ".join(_STATUSES)
        raise Misfit(Fault(("Status",), f"the status {_text(row, 'Status')!r} is not known", f"known are {known}"))
    kind, day = _STATUSES[status], _day(row, "DatumNakoming")
    if kind is None:
        contradiction = Fault(("DatumNakoming",), f"fulfilled on {day}, yet {status}: it is taken in as open")
        return {}, (contradiction,) if day else ()
    if day:
        return {kind.value: day.isoformat(), "document": _letters(row)}, ()
    unknown = f"the status is {status}, and there is no DatumNakoming that says since when"
    if kind is EventKind.PARTLY_FULFILLED:
        return {}, (Fault(("Status",), f"{unknown}: it is taken in as open"),)
    hint = "find the day, put it in, and take the file in again"
    raise Misfit(Fault(("Status",), f"{unknown}: it is left out", hint))


def _letters(row: dict[str, Any]) -> str:
    """The letters that fulfil it: the schema has at most one, the data may have several."""
    found = row.get("KamerbriefNakoming") or []
    letters = found if isinstance(found, list) else [found]
    names = (one.get("DocumentNummer") if isinstance(one, dict) else one for one in letters)
    return _cut("; ".join(dict.fromkeys(str(name) for name in names if name)), _LONGEST_TEXT)


# ------------------------------------------------------------------------------------------------- fields


def _text(row: dict[str, Any], name: str) -> str:
    """The text of a field, empty where it is absent or null; a repeated field may not contradict itself."""
    found = row.get(name)
    values = {str(one).strip() for one in (found if isinstance(found, list) else [found]) if one is not None}
    if len(values) > 1:
        raise Misfit(Fault((name,), f"{name} says {' and '.join(sorted(map(repr, values)))}", "keep one of them"))
    return values.pop() if values else ""


def _day(row: dict[str, Any], name: str) -> date | None:
    """The day in the Netherlands on which a moment fell; a moment without a zone is local already."""
    text = _text(row, name)
    # the service writes the first day of all for "none"
    if not text or text.startswith("0001-01-01"):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Misfit(Fault((name,), f"{name} must be a moment such as 2026-03-19T17:42:13Z, not {text!r}")) from None
    return (moment.astimezone(_AMSTERDAM) if moment.tzinfo else moment).date()
