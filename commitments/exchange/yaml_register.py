"""Register files in YAML, and in JSON, which is YAML: `commitments`, and `events` of commitments that exist already."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path as FilePath

from commitments.exchange.written import LIMIT, commitment_draft, event_draft
from commitments.fit import close
from commitments.intake import Draft
from commitments.problem import Document, Path, Problem, problem
from commitments.source import read

Drafting = Callable[[Document, Path], tuple[Draft | None, tuple[Problem, ...]]]

_PARTS: dict[str, Drafting] = {"commitments": commitment_draft, "events": event_draft}


def read_yaml(path: FilePath) -> tuple[tuple[Draft, ...], tuple[Problem, ...]]:
    """The drafts in a register file, and its problems; a commitment with a problem is left out, the others are not."""
    document, problems = read(path, LIMIT)
    if document is None:
        return (), problems
    found = list(_all(document))
    drafts = tuple(draft for draft, _ in found if draft)
    return drafts, (*problems, *(one for _, ones in found for one in ones))


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
