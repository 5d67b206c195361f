"""The parts of a page that list: every row, what the words mean, and the commitments behind each figure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from commitments.audit.account import Account
from commitments.audit.figures import BY_NAME, Tally
from commitments.audit.lines import LABELS, as_of
from commitments.listing import Line
from commitments.model.commitment import Status
from notifications.account.page import (
    Cell,
    Lists,
    Named,
    Section,
    Table,
    slug,
)
from notifications.account.sections import HEADS, Chosen, whole_figures
from notifications.account.wording import grouped


def rows_part(account: Account, anchor: str, title: str, statuses: Sequence[Status]) -> Section:
    """The rows of these statuses, a table for each."""
    tables = [_row_table(account, status) for status in statuses if account.rows.get(status)]
    return Section(
        anchor=anchor,
        title=f"{title} ({sum(_count(account, status) for status in statuses)})",
        tables=tuple(tables),
        text=() if tables else ("None.",),
    )


def _count(account: Account, status: Status) -> int:
    return account.whole.count(lambda place: place.status is status)


def _row_table(account: Account, status: Status) -> Table:
    rows = account.rows[status]
    count = _count(account, status)
    left = count - len(rows)
    late = ("days late (original)", "days late")
    more = ("settled", *late) if status.settled else late if status is Status.OVERDUE else ()
    head = ("commitment", "title", "owed by", "original", "current")
    return Table(
        caption=f"{LABELS[status]} ({grouped(count)})",
        head=head + more,
        rows=tuple(_row(row, account.as_of) for row in rows),
        numbers=len(head) + len(more) - 2 if more else 99,
        note=f"and {grouped(left)} more; --format csv has all of them" if left else "",
    )


def _row(row: Line, day: date) -> tuple[Cell, ...]:
    values = as_of(row, day)
    cells: tuple[Cell, ...] = (
        Cell(text=row.id, anchor=slug("row", row.id)),
        Cell(text=row.title + (" (partly fulfilled)" if row.partly else "")),
        Cell(text=", ".join(row.by)),
        Cell(text=due(row, original=True)),
        Cell(text=due(row)),
    )
    late = (values["days_late_original"], values["days_late_current"])
    if row.settled_on is None and row.status is not Status.OVERDUE:
        return cells
    settled = (values["settled_on"],) if row.status.settled else ()
    return cells + tuple(Cell(text="–" if value is None else str(value)) for value in (*settled, *late))


def due(row: Line, *, original: bool = False) -> str:
    """Its deadline as it stands, or as it first was."""
    values = as_of(row, date.min)
    return str(values["original_due" if original else "current_due"] or "–")


def standing(row: Line) -> str:
    """Where a commitment stands, in words."""
    return LABELS[row.status] + (", partly fulfilled" if row.partly else "")


def definitions(account: Account) -> Section:
    """What each figure and word of the page means."""
    terms = [(figure.head, figure.means) for figure in (*HEADS, BY_NAME["partly"])]
    terms += [
        ("in time, of all due", "fulfilled in time, divided by fulfilled in time, fulfilled late and overdue together"),
        (
            "in hand, of all",
            "fulfilled in time or open with the deadline ahead, divided by those, fulfilled late and overdue together",
        ),
        ("median, quartiles", "of days late: half, a quarter and three quarters came no later than that"),
        (
            account.period.name,
            f"the {account.period.name} in which the current deadline lies, whenever the answer came",
        ),
        ("not timed", "with no deadline known, only expected or voluntary, or with the clock standing still"),
        ("body, committee", "the first two steps of whom it is owed to; and all of them, where there are more"),
        ("extended, asked", "how often a new deadline was granted, and how often a further explanation was asked for"),
        ("deadline", "the last day in time; where only a span is known, such as 2027, the last day of it"),
        ("original, current", "as first counted or named; and after every extension"),
    ]
    return Section(anchor="definitions", title="What the words mean", terms=tuple(terms))


def lists_part(account: Account) -> Section:
    """The commitments behind every figure, group by group."""
    lists = [Lists(anchor="whole", title="The whole", figures=tuple(_named(account.whole, whole_figures())))]
    for grouping, found in account.listed.items():
        for name, tally in found.items():
            figures = [(slug(grouping.name, name, one.name), one.head, one.counts) for one in HEADS]
            lists.append(
                Lists(
                    anchor=slug(grouping.name, name),
                    title=f"{grouping.one} {name}" if not name.startswith("no ") else name,
                    figures=tuple(_named(tally, figures)),
                )
            )
    text = ("Each figure above leads here: the commitments it counts.",)
    return Section(anchor="lists", title="The lists behind the figures", text=text, lists=tuple(lists))


def _named(tally: Tally, figures: Iterable[tuple[str, str, Chosen]]) -> Iterator[Named]:
    for anchor, title, counts in figures:
        count = tally.count(counts)
        if count:
            ids = tally.named(counts)
            cells = tuple(Cell(text=one, to=slug("row", one)) for one in ids)
            yield Named(anchor=anchor, title=f"{title} ({grouped(count)})", ids=cells, more=count - len(ids))
