"""A digest set in type: subject, text and HTML in the reader's language. The only home of jinja2."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jinja2 import PackageLoader, StrictUndefined, select_autoescape
from jinja2.sandbox import SandboxedEnvironment

from notifications.digest import Digest
from notifications.page import page

WIDTH = 78
"""Columns of the text: what fits into 80 with a quotation mark before it."""


@dataclass(frozen=True)
class Rendered:
    """What a reader sees of a digest; the text says everything that the HTML says."""

    subject: str
    text: str
    html: str


def render(digest: Digest, *, note: str = "") -> Rendered:
    """The digest in its reader's language; `note` names the roles for which they get it, as "clerk, chair"."""
    contents = page(digest, note=note)
    text = environment().get_template("digest.txt").render(page=contents, words=contents.words)
    html = environment().get_template("digest.html").render(page=contents, words=contents.words)
    return Rendered(contents.subject, text, html)


@cache
def environment() -> SandboxedEnvironment:
    """Where templates run: sandboxed, HTML escaped, an undefined name an error, nothing read but our templates."""
    made = SandboxedEnvironment(
        loader=PackageLoader("notifications"),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
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
