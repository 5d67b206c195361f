"""Where templates are set: ours as they are, those of others in a sandbox. The only home of jinja2."""

from __future__ import annotations

from functools import cache

from jinja2 import BaseLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

WIDTH = 78
"""Columns of the text: what fits into 80 with a quotation mark before it."""


@cache
def shipped() -> Environment:
    """Where the templates that ship with Gestand run."""
    return _furnished(Environment, PackageLoader("notifications"))


def sandbox(loader: BaseLoader) -> Environment:
    """Where other templates run: they reach no Python, change nothing and read nothing but what is loaded.

    It bounds neither time nor memory.
    """
    return _furnished(ImmutableSandboxedEnvironment, loader)


def _furnished(kind: type[Environment], loader: BaseLoader) -> Environment:
    """HTML is escaped and text is not; an undefined name is an error."""
    made = kind(
        loader=loader,
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True, default_for_string=True),
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update({"hang": hang, "beside": beside})
    made.globals["width"] = WIDTH
    return made


def fold(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` characters, broken at spaces where there are any."""
    lines = []
    while len(text) > width:
        space = text.rfind(" ", 1, width + 1)
        cut = space if space > 0 else width
        lines.append(text[:cut])
        text = text[cut:].lstrip()
    return [*lines, text]


def hang(text: str, label: str, column: int) -> str:
    """The text folded to the right of a label, every line from the same column on."""
    first, *rest = fold(text, WIDTH - column)
    return "\n".join([f"{label:<{column}}{first}", *(f"{'':<{column}}{line}" for line in rest)])


def beside(left: str, right: str) -> str:
    """The left text folded, with the right one flush at the end of the first line."""
    first, *rest = fold(left, WIDTH - len(right) - 2)
    return "\n".join([f"{first}{right:>{WIDTH - len(first)}}", *rest])
