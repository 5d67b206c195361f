"""An account as a page of sections, tables and charts, the same for every form; each figure leads to a list on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import quote

from notifications.account.charts import Chart


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of a table: `to` is the place on the page that it leads to, `anchor` the place that it is."""

    text: str
    to: str = ""
    anchor: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under a head; the cells from column `numbers` on are numbers. `note` says what is left out."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    numbers: int = 99
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Named:
    """The commitments behind a figure; `more` is how many are counted and not named."""

    anchor: str
    title: str
    ids: tuple[Cell, ...]
    more: int = 0


@dataclass(frozen=True, kw_only=True)
class Lists:
    """The figures of one group, each with what is behind it."""

    anchor: str
    title: str
    figures: tuple[Named, ...]


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page; `terms` are words with what they mean."""

    anchor: str
    title: str
    text: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    lists: tuple[Lists, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Page:
    """The whole: what it is, of when, what was found, and where that stands written."""

    title: str
    period: str
    summary: tuple[str, ...]
    sections: tuple[Section, ...]
    foot: tuple[str, ...]


def slug(*parts: str) -> str:
    """An anchor of these parts and of no others; what an address cannot hold is encoded as in one."""
    return ",".join(quote(part, safe="/") for part in parts)


def linked(page: Page) -> Page:
    """The page without links to what it has no room for."""
    there = frozenset(_anchors(page))
    return replace(page, sections=tuple(_linked(section, there) for section in page.sections))


def _linked(section: Section, there: frozenset[str]) -> Section:
    tables = (
        replace(table, rows=tuple(tuple(_led(cell, there) for cell in row) for row in table.rows))
        for table in section.tables
    )
    lists = (
        replace(
            group,
            figures=tuple(replace(one, ids=tuple(_led(cell, there) for cell in one.ids)) for one in group.figures),
        )
        for group in section.lists
    )
    return replace(section, tables=tuple(tables), lists=tuple(lists))


def _led(cell: Cell, there: frozenset[str]) -> Cell:
    return replace(cell, to="") if cell.to and cell.to not in there else cell


def _anchors(page: Page) -> Iterator[str]:
    for section in page.sections:
        yield section.anchor
        yield from (cell.anchor for table in section.tables for row in table.rows for cell in row if cell.anchor)
        for group in section.lists:
            yield group.anchor
            yield from (named.anchor for named in group.figures)
