"""Register files in YAML, and in JSON, which is YAML: `commitments`, and `events` of commitments that exist already.

Written out, both hold nothing that another YAML reader would read otherwise: what is not a plain word is in quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path as FilePath
from typing import Any

from commitments.exchange.tweede_kamer import answered, one_of_several, subject
from commitments.exchange.written import LIMIT, commitment_draft, event_draft, written
from commitments.ledger.intake import Draft
from commitments.model.record import Record
from commitments.reading.fit import close
from commitments.reading.problem import (
    Document,
    Path,
    Problem,
    problem,
)
from commitments.reading.source import RefusedError, read

Drafting = Callable[[Document, Path], tuple[Draft | None, tuple[Problem, ...]]]

_PARTS: dict[str, Drafting] = {"commitments": commitment_draft, "events": event_draft}


def read_yaml(path: FilePath) -> Iterator[Draft | Problem]:
    """The drafts in a register file, and its problems; a commitment with a problem is left out, the others are not.

    Events that stand by themselves come before the commitments, wherever they stand in the file.
    """
    document, problems = read(path, LIMIT)
    if document is None:
        raise RefusedError(problems[0])
    yield from problems
    about = subject(document)
    found = list(answered(document, about) if about else _all(document))
    yield from (one for _, ones in found for one in ones)
    yield from one_of_several(document) if about else ()
    yield from sorted((draft for draft, _ in found if draft), key=lambda draft: draft.commitment is not None)


def _all(document: Document) -> Iterator[tuple[Draft | None, tuple[Problem, ...]]]:
    if not isinstance(document.value, dict):
        yield (
            None,
            (problem(document, (), "a register file begins with a key", "write commitments: and a list below it"),),
        )
        return
    for part, items in document.value.items():
        if part not in _PARTS:
            hint = f"{close(part, _PARTS)} allowed: {', '.join(_PARTS)}".strip()
            yield None, (problem(document, (part,), f"{part!r} is not known here", hint, at_key=True),)
        elif not isinstance(items, list | None):
            yield None, (problem(document, (part,), f"{part} must be a list", "begin each with a -"),)
        else:
            yield from (_PARTS[part](document, (part, index)) for index in range(len(items or ())))


# ------------------------------------------------------------------------------------------------- writing out

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9/._-]*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNSEEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON lets stand as it is, and our reader refuses."""


def to_yaml(records: Iterable[Record]) -> Iterator[str]:
    """A register file in YAML, in pieces: a line for each key of a commitment and for each of its events."""
    yield "commitments:\n"
    for record in records:
        values = written(record)
        events = values.pop("events", [])
        lines = [f"{name}: {_item(name, value, _days(name, value))}" for name, value in values.items()]
        if events:
            lines += ["events:", *(f"  - {_flow(event, {next(iter(event)), 'date', 'to'})}" for event in events)]
        yield "  - " + "\n    ".join(lines) + "\n"


def to_json(records: Iterable[Record]) -> Iterator[str]:
    """A register file in JSON, in pieces: a commitment with its events a line."""
    between = ""
    yield '{"commitments": [\n'
    for record in records:
        yield between + quoted(written(record))
        between = ",\n"
    yield "\n]}\n"


def _days(name: str, value: Any) -> Collection[str]:  # noqa: ANN401 - as below
    """The keys of days in a part of a commitment; elsewhere what looks like a day is a text, and in quotes."""
    return value if name == "anchors" else ("made", "date")


def _item(name: str, value: Any, days: Collection[str]) -> str:  # noqa: ANN401 - as below
    is_day = name in days and isinstance(value, str) and _DAY.fullmatch(value)
    return value if is_day else _flow(value, days)


def _flow(value: Any, days: Collection[str] = ()) -> str:  # noqa: ANN401 - whatever a commitment holds
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_item(key, item, days)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return value if value is not None and _safe(value) else quoted(value)


def _safe(text: str) -> bool:
    """Whether a text means the same without quotes, to every reader."""
    return bool(_WORD.fullmatch(text)) and text.casefold() not in _MISREAD


_MISREAD = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""Words that YAML 1.1 or 1.2 reads as something else than text."""


def quoted(value: object) -> str:
    """JSON on one line, which is YAML too: what our reader refuses as invisible is escaped."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
