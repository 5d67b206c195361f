"""Register files in JSON lines, streamed: a commitment with its events a line, or an event that stands by itself.

A line that cannot be used is read once more as the YAML that it is, to say what is wrong with it at which column.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from commitments.exchange.lines import Progress, lines, silent
from commitments.exchange.written import commitment_draft, event_draft, fitted_draft, fitted_event, written
from commitments.exchange.yaml_register import quoted
from commitments.ledger.intake import Draft
from commitments.model.record import Record
from commitments.reading.problem import Problem
from commitments.reading.source import RefusedError, parse, whole

Found = Draft | Problem

_MOST_LOOSE = 100_000
"""The events that may stand by themselves in one file: they are kept until their commitments have come."""


def read_jsonl(path: Path, progress: Progress = silent) -> Iterator[Found]:
    """The drafts in a file of JSON lines and its problems, events that stand by themselves first.

    Raises RefusedError, also half-way, for what is no text.
    """
    loose = 0
    for number, line in enumerate(lines(path), start=1):
        if _is_event(line):
            loose += 1
            if loose > _MOST_LOOSE:
                hint = "write them below their commitments, or split the file"
                raise RefusedError(whole(str(path), f"more than {_MOST_LOOSE} events stand by themselves here", hint))
            yield from _found(path, number, line, event=True)
    for number, line in enumerate(lines(path, progress), start=1):
        if line.strip() and not _is_event(line):
            yield from _found(path, number, line, event=False)


def _is_event(line: str) -> bool:
    """Whether a line tells of an event of a commitment that it names; most lines need no parsing to see that."""
    if '"commitment"' not in line:
        return False
    value = _value(line)
    return isinstance(value, dict) and "commitment" in value


def _found(path: Path, number: int, line: str, *, event: bool) -> Iterator[Found]:
    value, origin = _value(line), (str(path), number)
    draft, _ = (fitted_event if event else fitted_draft)(value, origin)
    if draft:
        yield draft
        return
    document, problems = parse(line, str(path))
    if document:
        draft, more = (event_draft if event else commitment_draft)(document, ())
        problems = (*problems, *more)
        if draft and not problems:
            yield replace(draft, origin=origin, places=())
    yield from (replace(one, line=number, message=_of_a_line(one.message)) for one in problems)


def _of_a_line(message: str) -> str:
    """A sentence about a text, said of a line by itself."""
    message = re.sub(", first on line [0-9]+", " on this line", message)
    return re.sub("before line [0-9]+", "before the line ends", message)


class _NotPlainError(ValueError):
    """What JSON readers read differently from each other."""


def _value(line: str) -> Any:  # noqa: ANN401 - whatever the line holds
    """The value of a line, None where it is not JSON that every reader takes for the same."""
    try:
        value = json.loads(line, object_pairs_hook=_without_doubles, parse_constant=_refuse)
        line.encode() if "\\u" not in line else json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _NotPlainError
    return made


def _refuse(constant: str) -> None:
    raise _NotPlainError(constant)


def to_jsonl(records: Iterable[Record]) -> Iterator[str]:
    """A register file in JSON lines, a commitment with its events a piece."""
    return (f"{quoted(written(record))}\n" for record in records)
