"""Templates of a workspace that take the place of ours: which there can be, read from its folder, and tried out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from commitments.fit import close
from commitments.problem import Problem
from commitments.source import RefusedError, decoded, opened, whole
from notifications.jail import TemplateTroubleError, set_apart
from notifications.page import page
from notifications.render import FORMS, plain
from notifications.specimen import specimens

LIMIT = 200_000
"""The largest template, in bytes."""
PARTIAL = "_"
"""How the name of a template begins that others include, and that takes the place of none."""


def read_templates(folder: Path) -> tuple[Mapping[str, str], tuple[Problem, ...]]:
    """The templates in a folder by their names, and what is wrong with its files. A folder need not be there."""
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*")):
        if path.name not in FORMS and not path.name.startswith(PARTIAL):
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
    hint = close(path.name, FORMS) or f"there are {', '.join(FORMS)}; what they include begins with {PARTIAL}"
    message = "no template is called so, and nothing reads it"
    return Problem(file=str(path), line=0, column=0, path="", message=message, hint=hint, level="warning")


def template_problems(folder: Path, languages: Iterable[str]) -> Iterator[Problem]:
    """What is wrong with the templates in a folder: each is tried on a digest of everything, and on a bare one."""
    templates, problems = read_templates(folder)
    yield from problems
    for name in FORMS:
        if name in templates and (trouble := _tried(templates, name, languages)):
            yield _problem(folder, templates, trouble)


def _tried(templates: Mapping[str, str], name: str, languages: Iterable[str]) -> TemplateTroubleError | None:
    for language in languages:
        for digest in specimens(language):
            contents = page(digest, note="clerk", base="https://example.org", leave="https://example.org/leave")
            try:
                set_apart(templates, name, plain(contents))
            except TemplateTroubleError as error:
                return error
    return None


def _problem(folder: Path, templates: Mapping[str, str], trouble: TemplateTroubleError) -> Problem:
    lines = templates.get(trouble.file, "").splitlines()
    excerpt = lines[trouble.line - 1] if 0 < trouble.line <= len(lines) else ""
    return Problem(
        file=str(folder / trouble.file),
        line=trouble.line,
        column=1 if trouble.line else 0,
        path="",
        message=trouble.message,
        hint="digests go out in our form until it is mended; docs/templates.md says what a template is given",
        excerpt=excerpt,
    )
