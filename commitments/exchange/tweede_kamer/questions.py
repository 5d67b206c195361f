"""Written questions in the House's open data: `Zaak` of the Soort "Schriftelijke vragen", with its `Document`s.

Source of the names: xsd/tkData-v1-0-zaak.xsd of the House, and the clients openkamer/tkapi and berthubert/tkconv.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from commitments.exchange.tweede_kamer.fields import (
    LONGEST_TITLE,
    Row,
    Told,
    cut,
    day,
    dossiers,
    flag,
    joined,
    office,
    rows,
    text,
)
from commitments.model.commitment import LONGEST_TEXT
from commitments.reading.problem import Fault, Misfit

NUMBER = re.compile(r"[0-9]{4}Z[0-9]+")
KIND = "Schriftelijke vragen"

_QUESTION, _ANSWER, _FURTHER = KIND, "Antwoord schriftelijke vragen", "Antwoord schriftelijke vragen (nader)"
_DELAY, _NOTICE = "Mededeling (uitstel antwoord)", "Mededeling"
_WITHDRAWN = re.compile(r"ingetrokken|intrekken|intrekking", re.IGNORECASE)
_DAYS = ("Datum", "DatumOntvangst", "DatumRegistratie")

Paper = tuple[date, str, Row]
"""A document: its day, its kind and its row."""


def question(row: Row, number: str) -> Told:
    """The written question that a row tells of, and what is doubtful about it. Raises Misfit."""
    if "Document" not in row:
        hint = "ask the service with $expand=Document,ZaakActor"
        raise Misfit(Fault((), f"{number} comes without its documents: nobody can say whether it was answered", hint))
    papers, doubts = _papers(row)
    sent = day(row, "GestartOp") or next((on for on, kind, _ in papers if kind == _QUESTION), None)
    if sent is None:
        raise Misfit(Fault(("GestartOp",), f"{number} does not say when it was sent"))
    answered = next((paper for paper in papers if paper[1] == _ANSWER), None)
    events = list(_events(papers, answered))
    settled = answered or any("withdrawn" in event for event in events)
    if flag(row, "Afgedaan") and not settled:
        doubts.append(Fault(("Afgedaan",), f"{number} is afgedaan, and no answer is there: it is taken in as open"))
    return _commitment(row, number, sent) | {"events": events}, tuple(doubts)


def _commitment(row: Row, number: str, sent: date) -> dict[str, Any]:
    due = day(row, "Termijn")
    return (
        {
            "id": number,
            "kind": "question",
            "title": cut(text(row, "Onderwerp") or text(row, "Titel") or number, LONGEST_TITLE),
            "by": [office(name) for name in _actors(row, "Gericht aan", "Functie")] or "nl/regering",
            "to": "nl/tweede-kamer",
            "made": sent,
            "anchors": {"sent": sent},
            "source": {
                "document": f"Tweede Kamer, schriftelijke vragen {number}",
                "clause": cut(joined(_askers(row), ", "), LONGEST_TEXT),
            },
        }
        | dossiers(row)
        | ({"stated_due": due} if due else {})
    )


def _actors(row: Row, relation: str, name: str) -> list[str]:
    found = (
        text(one, name) for one in rows(row, "ZaakActor") if text(one, "Relatie").casefold() == relation.casefold()
    )
    return list(dict.fromkeys(filter(None, found)))


def _askers(row: Row) -> list[str]:
    return [f"gesteld door {name}" for name in _actors(row, "Indiener", "ActorNaam")]


def _papers(row: Row) -> tuple[list[Paper], list[Fault]]:
    """The documents by their days, and those that cannot be used, or are of a kind that is not known."""
    papers: list[Paper] = []
    doubts: list[Fault] = []
    for one in rows(row, "Document"):
        kind = text(one, "Soort")
        on = next((found for name in _DAYS if (found := day(one, name))), None)
        if flag(one, "Verwijderd"):
            continue
        if kind not in {_QUESTION, _ANSWER, _FURTHER, _DELAY, _NOTICE}:
            if kind.startswith((_ANSWER, _NOTICE)):
                doubts.append(Fault(("Document",), f"{_name(one)} is a {kind!r}, which is not known: it is left out"))
        elif on is None:
            doubts.append(Fault(("Document",), f"{_name(one)} ({kind}) has no day: it is left out"))
        else:
            papers.append((on, kind, one))
    return sorted(papers, key=lambda paper: (paper[0], _name(paper[2]))), doubts


def _name(paper: Row) -> str:
    return text(paper, "DocumentNummer") or text(paper, "Id") or "a document"


def _events(papers: list[Paper], answered: Paper | None) -> Iterator[dict[str, str]]:
    """What the documents tell, in the order in which it can have happened on one day."""
    for on, kind, paper in papers:
        told = {"document": _name(paper)}
        late = answered is not None and on > answered[0]
        subject = joined((text(paper, "Onderwerp"), text(paper, "Titel")))
        if kind in {_DELAY, _NOTICE} and _WITHDRAWN.search(subject) and answered is None:
            yield {"withdrawn": on.isoformat(), **told}
            return
        if kind == _DELAY and not late:
            yield {"delay_notice": on.isoformat(), **told}
        elif kind == _FURTHER or (kind == _ANSWER and paper is not (answered and answered[2])):
            yield {"note": on.isoformat(), "text": "nader antwoord", **told}
        elif kind in {_DELAY, _NOTICE}:
            yield {"note": on.isoformat(), "text": cut(subject, LONGEST_TEXT) or kind, **told}
    if answered:
        yield {"fulfilled": answered[0].isoformat(), "document": _name(answered[2])}
