"""An account's page as Markdown: every table, the charts told in a sentence, each figure leading to its list."""

from __future__ import annotations

import re
from collections.abc import Iterator

from notifications.account.page import (
    Cell,
    Lists,
    Page,
    Section,
    Table,
)

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~#])")


def to_markdown(page: Page) -> str:
    """The page as Markdown; what a title or a party holds is shown and never read as markup."""
    return "\n".join(_lines(page))


def _lines(page: Page) -> Iterator[str]:
    yield from (f"# {plain(page.title)}", "", f"*{plain(page.period)}*", "")
    for sentence in page.summary:
        yield from (plain(sentence), "")
    for section in page.sections:
        yield from _section(section)
    for sentence in page.foot:
        yield from (plain(sentence), "")


def _section(section: Section) -> Iterator[str]:
    yield from (f"## {plain(section.title)}", "")
    for text in section.text:
        yield from (plain(text), "")
    for table in section.tables:
        yield from _table(table)
    for word, meaning in section.terms:
        yield f"- **{plain(word)}**: {plain(meaning)}"
    for group in section.lists:
        yield from _lists(group)
    if section.terms or section.lists:
        yield ""


def _table(table: Table) -> Iterator[str]:
    if table.caption:
        yield from (f"**{plain(table.caption)}**", "")
    if table.head:
        sides = ("--:" if place >= table.numbers else "---" for place in range(len(table.head)))
        yield _row(plain(one) for one in table.head)
        yield _row(sides)
        yield from (_row(_cell(cell) for cell in row) for row in table.rows)
        yield ""
    if table.note:
        yield from (f"*{plain(table.note)}*", "")


def _row(cells: Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    """A figure leads to its list; that a commitment in a list leads to its row is left to pages with room for it."""
    text = plain(cell.text)
    return f"[{text}](#{cell.to})" if cell.to and not cell.to.startswith("row,") else text


def _lists(group: Lists) -> Iterator[str]:
    yield f'- <a id="{group.anchor}"></a>**{plain(group.title)}**'
    for named in group.figures:
        more = f" and {named.more} more" if named.more else ""
        names = ", ".join(plain(one.text) for one in named.ids)
        yield f'  - <a id="{named.anchor}"></a>{plain(named.title)}: {names}{more}'


def plain(text: str) -> str:
    """A text of one line that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split())).replace("&", "&amp;").replace("://", ":&#47;&#47;")
