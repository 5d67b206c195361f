"""The open data of the Dutch House of Representatives: answers of its OData service, saved or as they come.

`yaml_register` reads a saved file, for JSON is YAML, and hands it on where the keys are those of the House; `service`
asks the House itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from commitments.exchange.tweede_kamer import questions, undertakings
from commitments.exchange.tweede_kamer.fields import Row, Told, flag, text
from commitments.exchange.written import commitment_draft
from commitments.ledger.intake import Draft
from commitments.reading.problem import (
    Document,
    Fault,
    Misfit,
    Path,
    Place,
    Problem,
    problem,
)

Found = tuple[Draft | None, tuple[Problem, ...]]


class Subject(NamedTuple):
    """What the service can be asked about, and how a row of it becomes a commitment."""

    entity: str
    noun: str
    told: Callable[[Row, str], Told]
    kind: str = ""


SUBJECTS = {
    "Toezegging": Subject("Toezegging", "undertaking", undertakings.undertaking),
    "Zaak": Subject("Zaak", "written question", questions.question, questions.KIND),
}


def subject(document: Document) -> Subject | None:
    """What a document is about that is an answer of the service; None where it is none."""
    if not isinstance(document.value, dict) or not isinstance(document.value.get("value"), list):
        return None
    about = str(document.value.get("@odata.context", "")).partition("#")[2]
    rows = [row for row in document.value["value"] if isinstance(row, dict)]
    if about.startswith("Toezegging") or any(undertakings.NUMBER.fullmatch(str(row.get("Nummer"))) for row in rows):
        return SUBJECTS["Toezegging"]
    if about.startswith("Zaak") or any(row.get("Soort") == questions.KIND for row in rows):
        return SUBJECTS["Zaak"]
    return None


def answered(document: Document, about: Subject) -> Iterator[Found]:
    """A draft for each row of an answer, or what is wrong with it; what the House removed is left out, and said."""
    for index in range(len(document.value["value"])):
        at = ("value", index)
        try:
            yield _found(document, at, about)
        except Misfit as misfit:
            yield None, tuple(_doubt(document, at, fault, level="error") for fault in misfit.faults)


def one_of_several(document: Document) -> Iterator[Problem]:
    """That a saved answer is not the last one, where that is so."""
    if "@odata.nextLink" in document.value:
        hint = "save the page at that address too, and take it in; or give the address itself to gestand import"
        yield _doubt(document, (), Fault(("@odata.nextLink",), "this file is one page of several", hint))


def _doubt(document: Document, at: Path, fault: Fault, *, level: str = "warning") -> Problem:
    found = problem(document, (*at, *fault.path), fault.message, fault.hint)
    return replace(found, level="error" if level == "error" else "warning")


def _found(document: Document, at: Path, about: Subject) -> Found:
    row = document.at(at)
    if not isinstance(row, dict) or any(path[: len(at)] == at for path in document.faulty):
        raise Misfit(Fault((), f"this is no {about.noun} of the House that can be read"))
    number = text(row, "Nummer")
    if not number:
        raise Misfit(Fault((), f"this {about.noun} has no Nummer"))
    if flag(row, "Verwijderd"):
        return None, (_doubt(document, at, Fault(("Verwijderd",), f"the House removed {number}; it is left out")),)
    if about.kind and (other := text(row, "Soort")) != about.kind:
        fault = Fault(("Soort",), f"{number} is not a {about.noun} but {other!r}; it is left out")
        return None, (_doubt(document, at, fault),)
    value, doubts = about.told(row, number)
    line, column = document.position(at)
    made = Document(file=document.file, text=document.text, value=value, place=Place(line, column))
    draft, problems = commitment_draft(made, ())
    named = (replace(one, path=f"{number}.{one.path}") for one in problems)
    return draft, (*named, *(_doubt(document, at, doubt) for doubt in doubts))
