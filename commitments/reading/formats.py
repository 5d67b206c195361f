"""Problems in the forms in which people and programs read them: text, JSON, GitHub's annotations, SARIF."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from commitments.reading.problem import Problem

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
_KINDS = {"error": "mistake", "warning": "advice"}
"""What each level is called as a rule of SARIF."""


def as_text(problems: Sequence[Problem]) -> str:
    """Each problem with its line and a caret below its column, an empty line after each."""
    return "".join(f"{problem}\n\n" for problem in problems)


def as_json(problems: Sequence[Problem]) -> str:
    """A list with an object for each problem."""
    return _dumped([dict(vars(problem)) for problem in problems])


def as_github(problems: Sequence[Problem]) -> str:
    """A line for each problem: what GitHub Actions shows beside the line in a pull request.

    Source: GitHub Docs, "Workflow commands for GitHub Actions"; the escapes are those of actions/toolkit, command.ts.
    """
    return "".join(f"{_annotation(problem)}\n" for problem in problems)


def _annotation(problem: Problem) -> str:
    at = {"line": problem.line, "col": problem.column} if problem.line else {}
    properties = {"file": _slashed(problem.file), **at, "title": problem.path}
    written = ",".join(f"{name}={_escaped_property(str(value))}" for name, value in properties.items() if value)
    return f"::{problem.level} {written}::{_escaped(_sentence(problem))}"


def _sentence(problem: Problem) -> str:
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def as_sarif(problems: Sequence[Problem]) -> str:
    """A log of one run, for tools that collect the findings of others (OASIS SARIF 2.1.0)."""
    rules = [{"id": kind, "defaultConfiguration": {"level": level}} for level, kind in _KINDS.items()]
    run = {
        "tool": {"driver": {"name": "gestand", "rules": rules}},
        # § 3.14.17: our columns count characters, not the UTF-16 units that are the default.
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem) for problem in problems],
    }
    return _dumped({"$schema": _SARIF, "version": "2.1.0", "runs": [run]})


def _result(problem: Problem) -> dict[str, object]:
    place: dict[str, object] = {"artifactLocation": {"uri": quote(_slashed(problem.file))}}
    if problem.line:
        place["region"] = {"startLine": problem.line, "startColumn": problem.column}
    name = f"{problem.path}: " if problem.path else ""
    return {
        "ruleId": _KINDS[problem.level],
        "level": problem.level,
        "message": {"text": f"{name}{_sentence(problem)}"},
        "locations": [{"physicalLocation": place}],
    }


def _slashed(file: str) -> str:
    return Path(file).as_posix()


def _dumped(value: object) -> str:
    return f"{json.dumps(value, ensure_ascii=False, indent=2)}\n"


FORMATS: Mapping[str, Callable[[Sequence[Problem]], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
    "sarif": as_sarif,
}
"""Every form, by its name on the command line."""
