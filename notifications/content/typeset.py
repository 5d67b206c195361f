"""Where templates are set: ours as they are, those of others in a sandbox. The only home of jinja2."""

from __future__ import annotations

import re
from functools import cache
from itertools import accumulate
from unicodedata import combining, east_asian_width

from jinja2 import BaseLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

WIDTH = 78
"""Columns of the text: what fits into 80 with a quotation mark before it."""
_JOINING = "\u200c\u200d\ufe0e\ufe0f"
_ODD = re.compile(f"[\u0300-\u036f\u0591-\u07ff\u0900-\u1fff{_JOINING}\u20d0-\u20ff\u231a-\u2bff\u2e80-\U0010ffff]")
"""Where a character that does not take one column can be; most texts have none, and are counted at once."""


@cache
def shipped() -> Environment:
    """Where the templates that ship with Gestand run."""
    return _furnished(Environment, PackageLoader("notifications.content"))


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


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: Chinese and emoji two a character, a mark upon another none."""
    return sum(map(_width, text)) if _ODD.search(text) else len(text)


def _width(character: str) -> int:
    if combining(character) or character in _JOINING:
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def fold(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns, broken at spaces where there are any."""
    lines = []
    while columns(text) > width:
        most = _fitting(text, width)
        space = text.rfind(" ", 1, most + 1)
        cut = space if space > 0 else most
        lines.append(text[:cut])
        text = text[cut:].lstrip()
    return [*lines, text]


def _fitting(text: str, width: int) -> int:
    """How many characters of a text fit into so many columns, one at least."""
    if not _ODD.search(text):
        return width
    taken = accumulate(map(_width, text))
    return max(1, next((place for place, column in enumerate(taken) if column > width), len(text)))


def hang(text: str, label: str, column: int) -> str:
    """The text folded to the right of a label, every line from the same column on."""
    first, *rest = fold(text, WIDTH - column)
    return "\n".join([f"{label:<{column}}{first}", *(f"{'':<{column}}{line}" for line in rest)])


def beside(left: str, right: str) -> str:
    """The left text folded, with the right one flush at the end of the first line."""
    first, *rest = fold(left, WIDTH - columns(right) - 2)
    gap = " " * (WIDTH - columns(first) - columns(right))
    return "\n".join([f"{first}{gap}{right}", *rest])
