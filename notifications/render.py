"""A digest set in type: subject, text and HTML in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from notifications.digest import Digest
from notifications.page import MOST_ROWS, page
from notifications.typeset import shipped

LARGEST = 100_000
"""Bytes of HTML: at 102 kB Gmail cuts a message off."""


@dataclass(frozen=True)
class Rendered:
    """What a reader sees of a digest; the text says everything that the HTML says."""

    subject: str
    text: str
    html: str


def render(digest: Digest, *, note: str = "", base: str = "", leave: str = "") -> Rendered:
    """The digest in its reader's language; `note` names the roles for which they get it, as "clerk, chair".

    Each row links to its page below `base`, and the end to where the reader says that they want no more, `leave`; where
    these are empty there is no link. As many rows are shown as keep the HTML below LARGEST.
    """
    rows = MOST_ROWS
    while True:
        contents = page(digest, note=note, base=base, leave=leave, most=rows)
        html = render_template("digest.html", page=contents, words=contents.words)
        size = len(html.encode())
        if size <= LARGEST or rows == 1:
            break
        rows = max(1, rows * LARGEST // (size + LARGEST // 10))
    text = render_template("digest.txt", page=contents, words=contents.words)
    return Rendered(contents.subject, text, html)


def render_template(name: str, **values: object) -> str:
    """A template that ships with Gestand, filled in; what ends in .txt is text, all else is HTML and escaped."""
    return shipped().get_template(name).render(values)
