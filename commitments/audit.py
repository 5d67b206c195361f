"""The account of fulfilled against pending: who kept what, how late, and what is still open, as of a day.

It takes commitments with their standings, from whoever assessed them, and gives figures that each lead to their rows.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from statistics import median

from commitments.listing import Brief
from commitments.model import Commitment, Standing, Status

OPEN_ORDER = (
    Status.OVERDUE,
    Status.DUE_TODAY,
    Status.DUE_SOON,
    Status.PENDING,
    Status.SUSPENDED,
    Status.AWAITED,
    Status.UNDATED,
)
SETTLED_ORDER = (Status.FULFILLED_LATE, Status.FULFILLED, Status.WITHDRAWN, Status.LAPSED)
LABELS = {status: status.replace("_", " ") for status in Status}


@dataclass(frozen=True)
class Audited:
    """A commitment and where it stands."""

    commitment: Commitment | Brief
    standing: Standing


@dataclass(frozen=True)
class Tally:
    """How a group of commitments stands.

    `late_original` and `late_current` count what was fulfilled after the original and after the current deadline;
    `median_late` is the median of the days by which the latter were late, None where there are none.
    """

    counts: Counter[Status]
    partly: int
    late_original: int
    late_current: int
    median_late: float | None

    @property
    def total(self) -> int:
        """How many commitments there are in the group."""
        return self.counts.total()

    @property
    def open(self) -> int:
        """How many are not settled."""
        return sum(self.counts[status] for status in OPEN_ORDER)

    @property
    def kept(self) -> int:
        """How many were fulfilled, late or not."""
        return self.counts[Status.FULFILLED] + self.counts[Status.FULFILLED_LATE]

    @property
    def on_time_rate(self) -> float | None:
        """The share of those due by now that were fulfilled in time: fulfilled in time / (fulfilled + overdue)."""
        due = self.kept + self.counts[Status.OVERDUE]
        return self.counts[Status.FULFILLED] / due if due else None


@dataclass(frozen=True)
class Audit:
    """The account as of a day: the whole, each party that owes, each that is owed to, and the rows behind it all."""

    as_of: date
    head: str
    rows: tuple[Audited, ...]
    whole: Tally
    by: tuple[tuple[str, Tally], ...]
    to: tuple[tuple[str, Tally], ...]


def audit(rows: Iterable[Audited], *, as_of: date, head: str) -> Audit:
    """The account of these commitments, the most pressing first."""
    ordered = tuple(sorted(rows, key=_pressing))
    return Audit(
        as_of=as_of,
        head=head,
        rows=ordered,
        whole=tally(ordered),
        by=_grouped(ordered, lambda row: row.commitment.by),
        to=_grouped(ordered, lambda row: row.commitment.to),
    )


def tally(rows: Iterable[Audited]) -> Tally:
    """How these commitments stand."""
    standings = [row.standing for row in rows]
    kept = [s for s in standings if s.status in {Status.FULFILLED, Status.FULFILLED_LATE}]
    late = [s.days_late_current for s in kept if s.status is Status.FULFILLED_LATE and s.days_late_current]
    return Tally(
        counts=Counter(standing.status for standing in standings),
        partly=sum(standing.partly for standing in standings),
        late_original=sum((standing.days_late_original or 0) > 0 for standing in kept),
        late_current=len(late),
        median_late=median(late) if late else None,
    )


def _pressing(row: Audited) -> tuple[int, int, str]:
    order = OPEN_ORDER + SETTLED_ORDER
    days = row.standing.days_late_current
    return order.index(row.standing.status), -(days if days is not None else -(10**6)), row.commitment.id


def _grouped(rows: tuple[Audited, ...], parties: Callable[[Audited], tuple[str, ...]]) -> tuple[tuple[str, Tally], ...]:
    """A tally for each party: a commitment of two parties counts with both."""
    groups: dict[str, list[Audited]] = {}
    for row in rows:
        for party in parties(row):
            groups.setdefault(party, []).append(row)
    return tuple((party, tally(groups[party])) for party in sorted(groups))


# ------------------------------------------------------------------------------------------------- written out

COLUMNS = (
    "id",
    "title",
    "kind",
    "by",
    "to",
    "dossier",
    "force",
    "status",
    "partly",
    "original_due",
    "current_due",
    "settled_on",
    "days_late_original",
    "days_late_current",
    "rule",
)


def cells(row: Audited) -> dict[str, str | int | bool | None]:
    """One commitment as plain values, by column; days late only where they say something: settled, or past due."""
    commitment, standing = row.commitment, row.standing
    tells = standing.settled_on is not None or standing.status is Status.OVERDUE
    return {
        "id": commitment.id,
        "title": commitment.title,
        "kind": commitment.kind,
        "by": "|".join(commitment.by),
        "to": "|".join(commitment.to),
        "dossier": commitment.dossier,
        "force": commitment.force.value,
        "status": standing.status.value,
        "partly": standing.partly,
        "original_due": str(standing.original) if standing.original else None,
        "current_due": str(standing.current) if standing.current else None,
        "settled_on": standing.settled_on.isoformat() if standing.settled_on else None,
        "days_late_original": standing.days_late_original if tells else None,
        "days_late_current": standing.days_late_current if tells else None,
        "rule": standing.rule,
    }


def to_csv(report: Audit) -> str:
    """The rows as CSV with a header; what a spreadsheet would take for a formula gets an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_harmless(value) for value in cells(row).values()] for row in report.rows)
    return out.getvalue()


def _harmless(value: str | int | bool | None) -> str | int:
    """A spreadsheet runs what begins with one of these (OWASP, CSV injection)."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return "" if value is None else value


def to_json(report: Audit) -> str:
    """The whole account as JSON."""
    content = {
        "as_of": report.as_of.isoformat(),
        "head": report.head,
        "whole": figures(report.whole),
        "by": {party: figures(group) for party, group in report.by},
        "to": {party: figures(group) for party, group in report.to},
        "rows": [cells(row) for row in report.rows],
    }
    return json.dumps(content, ensure_ascii=False, indent=2)


def figures(group: Tally) -> dict[str, int | float | None]:
    """A tally as plain numbers; the rate is a share from 0 to 1."""
    statuses: dict[str, int | float | None] = {status.value: group.counts[status] for status in Status}
    rate = group.on_time_rate
    return statuses | {
        "total": group.total,
        "open": group.open,
        "partly": group.partly,
        "late_original": group.late_original,
        "late_current": group.late_current,
        "median_days_late": group.median_late,
        "on_time_rate": round(rate, 4) if rate is not None else None,
    }


def to_markdown(report: Audit) -> str:
    """The account as a Markdown page: the figures, the parties, and every row."""
    parts = [
        f"# Fulfilled against pending, as of {report.as_of:%-d %B %Y}\n",
        summary(report) + "\n",
        "## In figures\n",
        _table(("", "number"), _figure_rows(report.whole)),
        *_party_part("## By the party that owes", report.by),
        *_party_part("## By the party it is owed to", report.to),
        *_rows_part("## Open", report, OPEN_ORDER),
        *_rows_part("## Settled", report, SETTLED_ORDER),
        f"Days late count from the last day in time; a minus sign is days early. Ledger head {report.head}.\n",
    ]
    return "\n".join(parts)


def summary(report: Audit) -> str:
    """The account in a sentence or two."""
    whole = report.whole
    if not whole.total:
        return "There are no commitments in this account."
    in_time, late = whole.counts[Status.FULFILLED], whole.counts[Status.FULFILLED_LATE]
    text = (
        f"{_number(whole.total, 'commitment')}: {whole.kept} fulfilled ({in_time} in time, {late} late), "
        f"{whole.open} open, of which {whole.counts[Status.OVERDUE]} overdue."
    )
    if whole.median_late is None:
        return text
    return f"{text} What came late came {whole.median_late:g} days late in the median."


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _figure_rows(group: Tally) -> list[tuple[str, str]]:
    rows = [(LABELS[status], str(group.counts[status])) for status in SETTLED_ORDER + OPEN_ORDER]
    rows += [
        ("partly fulfilled, still open", str(group.partly)),
        ("fulfilled after the original deadline", str(group.late_original)),
        ("fulfilled after the current deadline", str(group.late_current)),
        ("median days late of those", f"{group.median_late:g}" if group.median_late is not None else "–"),
        ("in time, of all due by now", percent(group.on_time_rate)),
    ]
    return rows


def percent(rate: float | None) -> str:
    """A share as a whole percentage, a dash where there is none."""
    return "–" if rate is None else f"{rate:.0%}"


def _party_part(title: str, groups: tuple[tuple[str, Tally], ...]) -> list[str]:
    head = ("party", "all", "in time", "late", "median late", "open", "overdue", "awaited", "undated", "on time")
    rows = [(party, *party_figures(group)) for party, group in groups]
    return [f"{title}\n", _table(head, rows)] if rows else []


def party_figures(group: Tally) -> tuple[str, ...]:
    """The figures of one party, in the order of the table's columns."""
    counts = group.counts
    return (
        str(group.total),
        str(counts[Status.FULFILLED]),
        str(counts[Status.FULFILLED_LATE]),
        f"{group.median_late:g}" if group.median_late is not None else "–",
        str(group.open),
        str(counts[Status.OVERDUE]),
        str(counts[Status.AWAITED]),
        str(counts[Status.UNDATED]),
        percent(group.on_time_rate),
    )


def _rows_part(title: str, report: Audit, statuses: tuple[Status, ...]) -> list[str]:
    rows = [_row(row) for row in report.rows if row.standing.status in statuses]
    if not rows:
        return [f"{title}\n", "None.\n"]
    head = (
        "commitment",
        "title",
        "by",
        "original",
        "current",
        "status",
        "settled",
        "late (original)",
        "late (current)",
    )
    return [f"{title} ({len(rows)})\n", _table(head, rows)]


def _row(row: Audited) -> tuple[str, ...]:
    plain = cells(row)
    keys = ("id", "title", "by", "original_due", "current_due")
    late = (plain["days_late_original"], plain["days_late_current"])
    return (
        *(str(plain[key] or "–") for key in keys),
        LABELS[row.standing.status] + (", partly" if row.standing.partly else ""),
        str(plain["settled_on"] or "–"),
        *("–" if days is None else str(days) for days in late),
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return (
        "\n".join(
            "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
        )
        + "\n"
    )
