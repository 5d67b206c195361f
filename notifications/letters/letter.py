"""A draft of the letter that reminds somebody of what they owe: its facts, its paragraphs, and its forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from notifications.content.jail import TemplateTroubleError, set_apart
from notifications.content.languages import LANGUAGES
from notifications.content.render import render_template
from notifications.content.typeset import WIDTH, fold, shipped

LAYOUT = "letter.html"
"""The template of a letter's page."""
_NAME = re.compile(r"letter-([a-z]{2})\.txt")
_OPEN = re.compile(r"(\[[^\[\]]+\])")
_MARKS = {"# ": "h1", "## ": "h2"}
_ALONE = "| "
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Told:
    """Something that happened, in words: on which day, shown by which document, and more where there is more."""

    on: str
    document: str = ""
    note: str = ""
    by: str = ""
    after: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a reminder says, in words of its language; empty where there is nothing to say.

    `sender` is to whom it is owed, `addressee` who owes it. `letter_of` is the day of the letter that asked for it,
    `made_on` that of the promise; `term` says how its date was counted, `quote` in which words it was asked. `late` is
    how long it is overdue, `late_original` the same against the `original` date.
    """

    language: str
    date: str
    sender: str
    addressee: str
    id: str
    kind: str
    title: str
    dossier: str
    document: str
    letter_of: str
    made_on: str
    term: str
    quote: str
    original: str
    due: str
    overdue: bool
    late: str
    late_original: str
    moves: tuple[Told, ...] = ()
    delay_notices: tuple[Told, ...] = ()
    partly: tuple[Told, ...] = ()
    reminders: tuple[Told, ...] = ()


@dataclass(frozen=True)
class Run:
    """A piece of a line; `open` where somebody has to fill something in."""

    text: str
    open: bool


@dataclass(frozen=True)
class Block:
    """A paragraph (tag p), the title (h1) or the subject (h2) of a letter, in lines that stay apart."""

    tag: str
    lines: tuple[tuple[Run, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A draft, ready to be given a form. `trouble` says why a template of the workspace was not used, if it was not."""

    language: str
    title: str
    blocks: tuple[Block, ...]
    trouble: str = ""


def languages() -> tuple[str, ...]:
    """The languages in which there is a letter that ships."""
    found = (_NAME.fullmatch(name) for name in shipped().list_templates())
    return tuple(match[1] for match in found if match and match[1] in LANGUAGES)


def letter_name(language: str) -> str:
    """The name of the template of a letter in a language."""
    return f"letter-{language}.txt"


def draft(facts: Facts, templates: Mapping[str, str] = _NONE) -> Letter:
    """The draft of a reminder; `templates` take the place of ours. KeyError: there is no letter in that language."""
    name = letter_name(facts.language)
    text, trouble = None, ""
    if name in templates:
        text, trouble = _own(templates, name, facts)
    if text is None:
        if facts.language not in languages():
            raise KeyError(facts.language)
        text = render_template(name, letter=facts)
    blocks = tuple(_blocks(text))
    return Letter(language=facts.language, title=facts.title, blocks=blocks, trouble=trouble)


def _own(templates: Mapping[str, str], name: str, facts: Facts) -> tuple[str | None, str]:
    try:
        return set_apart(templates, name, given(facts)), ""
    except TemplateTroubleError as error:
        return None, str(error)


def given(facts: Facts) -> dict[str, object]:
    """What the template of a letter is given, as plain values."""
    return {"letter": asdict(facts)}


def _blocks(text: str) -> Iterator[Block]:
    """The paragraphs that a template wrote: empty lines part them, and its lines flow but where they stay alone."""
    for part in re.split(r"\n\s*\n", text):
        lines = [line.strip() for line in part.splitlines() if line.strip()]
        if not lines:
            continue
        mark = next((mark for mark in sorted(_MARKS, reverse=True) if lines[0].startswith(mark)), "")
        lines[0] = lines[0].removeprefix(mark)
        yield Block(_MARKS.get(mark, "p"), tuple(_runs(line) for line in _flowing(lines)))


def _flowing(lines: list[str]) -> Iterator[str]:
    """The lines joined into one, but for those that are to stay alone."""
    flowing: list[str] = []
    for line in lines:
        if line.startswith(_ALONE):
            if flowing:
                yield " ".join(flowing)
                flowing = []
            yield line.removeprefix(_ALONE)
        else:
            flowing.append(line)
    if flowing:
        yield " ".join(flowing)


def _runs(line: str) -> tuple[Run, ...]:
    return tuple(Run(piece, _OPEN.fullmatch(piece) is not None) for piece in _OPEN.split(line) if piece)


def as_text(letter: Letter) -> str:
    """The letter as plain text, at most 78 columns wide."""
    paragraphs = ("\n".join(_folded(line) for line in block.lines) for block in letter.blocks)
    return "\n\n".join(paragraphs) + "\n"


def _folded(line: tuple[Run, ...]) -> str:
    return "\n".join(fold("".join(run.text for run in line), WIDTH))


def as_html(letter: Letter, templates: Mapping[str, str] = _NONE) -> tuple[str, str]:
    """The letter as a page, and why a template of the workspace was not used for it, if it was not."""
    values = laid_out(letter)
    trouble = ""
    if LAYOUT in templates:
        try:
            return set_apart(templates, LAYOUT, values), ""
        except TemplateTroubleError as error:
            trouble = str(error)
    return render_template(LAYOUT, **values), trouble


def laid_out(letter: Letter) -> dict[str, object]:
    """What the template of a letter's page is given, as plain values."""
    blocks = [asdict(block) for block in letter.blocks]
    return {"language": letter.language, "title": letter.title, "blocks": blocks}
