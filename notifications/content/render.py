"""A digest set in type: subject, text and HTML in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from types import MappingProxyType

from notifications.content.digest import Digest
from notifications.content.jail import TemplateTroubleError, set_apart
from notifications.content.page import MOST_ROWS, Page, page
from notifications.content.typeset import shipped

LARGEST = 100_000
"""Bytes of HTML: at 102 kB Gmail cuts a message off."""
HTML, TEXT = FORMS = ("digest.html", "digest.txt")
"""The templates of a digest."""
_OURS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Rendered:
    """What a reader sees of a digest; the text says everything that the HTML says.

    `trouble` says why a template of the workspace was not used, empty where all went well.
    """

    subject: str
    text: str
    html: str
    trouble: str = ""


def render(
    digest: Digest, *, note: str = "", base: str = "", leave: str = "", templates: Mapping[str, str] = _OURS
) -> Rendered:
    """The digest in its reader's language; `note` names the roles for which they get it, as "clerk, chair".

    Each row links to its page below `base`, and the end to where the reader says that they want no more, `leave`; where
    these are empty there is no link. As many rows are shown as keep the HTML below LARGEST. `templates` take the place
    of ours; where one of them has a mistake, the digest is set in ours.
    """
    rows = MOST_ROWS
    while True:
        contents = page(digest, note=note, base=base, leave=leave, most=rows)
        html = render_template(HTML, page=contents, words=contents.words)
        size = len(html.encode())
        if size <= LARGEST or rows == 1:
            break
        rows = max(1, rows * LARGEST // (size + LARGEST // 10))
    text = render_template(TEXT, page=contents, words=contents.words)
    return _overridden(Rendered(contents.subject, text, html), contents, templates)


def _overridden(ours: Rendered, contents: Page, templates: Mapping[str, str]) -> Rendered:
    """The digest with the forms that the templates of the workspace give it."""
    own = [name for name in FORMS if name in templates]
    if not own:
        return ours
    values = plain(contents)
    try:
        made = {name: set_apart(templates, name, values) for name in own}
    except TemplateTroubleError as error:
        return replace(ours, trouble=str(error))
    return replace(ours, text=made.get(TEXT, ours.text), html=made.get(HTML, ours.html))


def plain(contents: Page) -> dict[str, dict[str, object]]:
    """What a template is given, as plain values: the page, and the words that stand on it."""
    told = {field.name: getattr(contents, field.name) for field in fields(contents) if field.name != "words"}
    texts = {field.name: getattr(contents.words, field.name) for field in fields(contents.words)}
    return {
        "page": told | {"parts": [asdict(part) for part in contents.parts]},
        "words": {name: text for name, text in texts.items() if isinstance(text, str)},
    }


def render_template(name: str, **values: object) -> str:
    """A template that ships with Gestand, filled in; what ends in .txt is text, all else is HTML and escaped."""
    return shipped().get_template(name).render(values)
