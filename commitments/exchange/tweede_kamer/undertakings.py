"""Undertakings of the government in the House's open data: `Toezegging`."""

from __future__ import annotations

import re
from typing import Any

from commitments.exchange.tweede_kamer.fields import (
    LONGEST_TITLE,
    Row,
    Told,
    cut,
    day,
    dossiers,
    joined,
    numbers,
    slug,
    text,
)
from commitments.model.commitment import LONGEST_TEXT, EventKind
from commitments.reading.problem import Fault, Misfit

NUMBER = re.compile(r"TZ[0-9]{6}-[0-9]+")

_STATUSES: dict[str, EventKind | None] = {
    "openstaand": None,
    "voldaan": EventKind.FULFILLED,
    "deels voldaan": EventKind.PARTLY_FULFILLED,
    "vervallen": EventKind.LAPSED,
    # the schema of the House (v1.0) has not these two, its data has
    "afgedaan": EventKind.FULFILLED,
    "deels afgedaan": EventKind.PARTLY_FULFILLED,
}
_RELATIONS = {"IsHerhalingVan": "herhaling van", "IsWijzigingVan": "wijziging van", "IsAanvullingOp": "aanvulling op"}


def undertaking(row: Row, number: str) -> Told:
    """The undertaking that a row tells of, and what is doubtful about it. Raises Misfit."""
    event, doubts = _event(row)
    notes, lost = _notes(row)
    return _commitment(row, number) | {"events": [*notes, *event]}, (*doubts, *lost)


def _commitment(row: Row, number: str) -> dict[str, Any]:
    words = " ".join(text(row, "Tekst").split())
    activity, made = text(row, "ActiviteitNummer"), day(row, "Aanmaakdatum")
    value: dict[str, Any] = {
        "id": number,
        "kind": "undertaking",
        "title": cut(words, LONGEST_TITLE) or number,
        "by": _by(row),
        "to": "nl/tweede-kamer",
        "force": "binding",
        "source": {
            "document": f"Tweede Kamer, toezegging {number}",
            "clause": joined((f"activiteit {activity}" if activity else "", _name(row)), ", "),
            "quote": cut(words, LONGEST_TEXT),
        },
    } | dossiers(row)
    # the data has no field for the term: where there is one, it stands in the text, and the terms of packs find it
    return value | ({"made": made} if made else {}) | ({"stated_due": {"phrase": words}} if _fits(words) else {})


def _fits(words: str) -> bool:
    return 0 < len(words) <= LONGEST_TEXT


def _by(row: Row) -> str:
    """The ministry, and the office in it; where only one of them or a name is told, that."""
    ministry = slug(re.sub(r"(?i)^ministerie van ", "", text(row, "Ministerie")))
    held = slug(text(row, "Functie"))
    if ministry:
        rank = re.match("minister|staatssecretaris", held)
        return f"nl/regering/{ministry}" + (f"/{rank[0]}" if rank else "")
    return joined(("nl/regering", held or slug(_surname(row))), "/")


def _surname(row: Row) -> str:
    return joined((text(row, "Tussenvoegsel"), text(row, "Achternaam")))


def _name(row: Row) -> str:
    return joined((text(row, "Functie"), _surname(row)))


def _event(row: Row) -> tuple[list[dict[str, str]], tuple[Fault, ...]]:
    """What the status tells, with its day, and what is doubtful about it. DatumNakoming is the day of fulfilment."""
    status = " ".join(text(row, "Status").casefold().split())
    if status not in _STATUSES:
        known = ", ".join(_STATUSES)
        raise Misfit(Fault(("Status",), f"the status {text(row, 'Status')!r} is not known", f"known are {known}"))
    kind, on = _STATUSES[status], day(row, "DatumNakoming")
    if kind is None:
        contradiction = Fault(("DatumNakoming",), f"fulfilled on {on}, yet {status}: it is taken in as open")
        return [], (contradiction,) if on else ()
    if on:
        letters = cut("; ".join(numbers(row, "KamerbriefNakoming", "DocumentNummer")), LONGEST_TEXT)
        return [{kind.value: on.isoformat(), "document": letters}], ()
    unknown = f"the status is {status}, and there is no DatumNakoming that says since when"
    if kind is EventKind.PARTLY_FULFILLED:
        return [], (Fault(("Status",), f"{unknown}: it is taken in as open"),)
    hint = "find the day, put it in, and take the file in again"
    raise Misfit(Fault(("Status",), f"{unknown}: it is left out", hint))


def _notes(row: Row) -> tuple[list[dict[str, str]], tuple[Fault, ...]]:
    """Which others it repeats, changes or adds to, noted on the day it was made; told where there is no such day."""
    said = [
        (name, f"{words} {', '.join(others)}")
        for name, words in _RELATIONS.items()
        if (others := numbers(row, name, "Nummer", "Id"))
    ]
    made = day(row, "Aanmaakdatum")
    if made:
        return [{"note": made.isoformat(), "text": cut(words, LONGEST_TEXT)} for _, words in said], ()
    return [], tuple(Fault((name,), f"{words}: there is no Aanmaakdatum to note that on") for name, words in said)
