"""Templates of a workspace that take the place of ours: which there can be, read from its folder, and tried out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from commitments.reading.fit import close
from commitments.reading.problem import Problem
from commitments.reading.source import (
    RefusedError,
    decoded,
    files_in,
    opened,
    whole,
)
from notifications.content.jail import TemplateTroubleError, set_apart
from notifications.content.languages import LANGUAGES
from notifications.content.page import page
from notifications.content.render import FORMS, plain
from notifications.letters import letter
from notifications.message.specimen import digests, reminders

LIMIT = 200_000
"""The largest template, in bytes."""
NAMES = (*FORMS, letter.LAYOUT, *(letter.letter_name(code) for code in LANGUAGES))
"""The templates that a workspace can have."""
PARTIAL = "_"
"""How the name of a template begins that others include, and that takes the place of none."""


def read_templates(folder: Path) -> tuple[Mapping[str, str], tuple[Problem, ...]]:
    """The templates in a folder by their names, and what is wrong with its files. A folder need not be there."""
    found: dict[str, str] = {}
    paths, unread = files_in(folder)
    problems = list(unread)
    for path in paths:
        if path.name not in NAMES and not path.name.startswith(PARTIAL):
            problems.append(_needless(path))
            continue
        try:
            found[path.name] = _read(path)
        except RefusedError as refused:
            problems.append(refused.problem)
    return found, tuple(problems)


def _read(path: Path) -> str:
    with opened(path) as file:
        data = file.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise RefusedError(whole(str(path), f"this is larger than {LIMIT:,} bytes", "a template holds no pictures"))
    return decoded(data, str(path))


def _needless(path: Path) -> Problem:
    hint = close(path.name, NAMES) or f"there are {', '.join(NAMES)}; what they include begins with {PARTIAL}"
    message = "no template is called so, and nothing reads it"
    return Problem(file=str(path), line=0, column=0, path="", message=message, hint=hint, level="warning")


def template_problems(folder: Path, languages: Iterable[str]) -> Iterator[Problem]:
    """What is wrong with the templates in a folder: each is tried with all that it can be given, and with the least."""
    templates, problems = read_templates(folder)
    yield from problems
    for name in NAMES:
        if name in templates and (trouble := _tried(templates, name, languages)):
            yield _problem(folder, templates, trouble)


def _tried(templates: Mapping[str, str], name: str, languages: Iterable[str]) -> TemplateTroubleError | None:
    for values in _given(name, languages):
        try:
            set_apart(templates, name, values)
        except TemplateTroubleError as error:
            return error
    return None


def _given(name: str, languages: Iterable[str]) -> Iterator[dict[str, Any]]:
    """What a template of that name can be given."""
    if name in FORMS:
        for one in (digest for code in languages for digest in digests(code)):
            yield plain(page(one, note="clerk", base="https://example.org", leave="https://example.org/leave"))
    elif name == letter.LAYOUT:
        yield from (letter.laid_out(letter.draft(one)) for code in letter.languages() for one in reminders(code))
    else:
        yield from (
            letter.given(one) for code in LANGUAGES if letter.letter_name(code) == name for one in reminders(code)
        )


def _problem(folder: Path, templates: Mapping[str, str], trouble: TemplateTroubleError) -> Problem:
    lines = templates.get(trouble.file, "").splitlines()
    excerpt = lines[trouble.line - 1] if 0 < trouble.line <= len(lines) else ""
    return Problem(
        file=str(folder / trouble.file),
        line=trouble.line,
        column=1 if trouble.line else 0,
        path="",
        message=trouble.message,
        hint="ours is used until it is mended; docs/templates.md says what a template is given",
        excerpt=excerpt,
    )
