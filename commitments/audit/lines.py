"""What an account reads of each commitment, and the same as plain values by column, for programs and spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from commitments.exchange.formula import Value, shown
from commitments.listing import Brief, Line
from commitments.model.commitment import Commitment, Standing, Status
from commitments.model.dates import Window

OPEN_ORDER: Final = (
    Status.OVERDUE,
    Status.DUE_TODAY,
    Status.DUE_SOON,
    Status.PENDING,
    Status.SUSPENDED,
    Status.AWAITED,
    Status.UNDATED,
)
SETTLED_ORDER: Final = (Status.FULFILLED_LATE, Status.FULFILLED, Status.WITHDRAWN, Status.LAPSED)
_ORDER: Final = {status: place for place, status in enumerate(OPEN_ORDER + SETTLED_ORDER)}
LABELS: Final = {status: status.replace("_", " ") for status in Status}
COLUMNS: Final = (
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


@dataclass(frozen=True)
class Audited:
    """A commitment and where it stands."""

    commitment: Commitment | Brief
    standing: Standing


def line(row: Audited) -> Line:
    """What an account reads of a commitment that stands so."""
    commitment, standing = row.commitment, row.standing
    original, current = standing.original, standing.current
    return Line(
        id=commitment.id,
        kind=commitment.kind,
        title=commitment.title,
        by=commitment.by,
        to=commitment.to,
        force=commitment.force,
        dossier=commitment.dossier,
        made=commitment.made,
        status=standing.status,
        partly=standing.partly,
        rule=standing.rule,
        original_earliest=original.earliest if original else None,
        original_latest=original.latest if original else None,
        current_earliest=current.earliest if current else None,
        current_latest=current.latest if current else None,
        settled_on=standing.settled_on,
    )


def pressing(rows: Iterable[Audited]) -> list[Audited]:
    """The rows with the most pressing first."""
    return sorted(rows, key=_pressing)


def _pressing(row: Audited) -> tuple[int, int, str]:
    days = row.standing.days_late_current
    return _ORDER[row.standing.status], -(days if days is not None else -(10**6)), row.commitment.id


def cells(row: Audited) -> dict[str, Value]:
    """One commitment as plain values, by column; days late only where they say something: settled, or past due."""
    return line_cells(line(row), days=row.standing.days_late_current, original=row.standing.days_late_original)


def line_cells(row: Line, *, days: int | None, original: int | None) -> dict[str, Value]:
    """A line as plain values, by column, with its days late against the current and the original deadline."""
    tells = row.settled_on is not None or row.status is Status.OVERDUE
    return {
        "id": row.id,
        "title": row.title,
        "kind": row.kind,
        "by": "|".join(row.by),
        "to": "|".join(row.to),
        "dossier": row.dossier,
        "force": row.force.value,
        "status": row.status.value,
        "partly": row.partly,
        "original_due": span(row.original_earliest, row.original_latest),
        "current_due": span(row.current_earliest, row.current_latest),
        "settled_on": row.settled_on.isoformat() if row.settled_on else None,
        "days_late_original": original if tells else None,
        "days_late_current": days if tells else None,
        "rule": row.rule,
    }


def as_of(row: Line, day: date) -> dict[str, Value]:
    """A line as plain values, by column, as of a day."""
    until = row.settled_on or day
    return line_cells(row, days=late(row.current_latest, until), original=late(row.original_latest, until))


def late(due: date | None, until: date) -> int | None:
    """By how many days `until` is after a deadline, None where there is none."""
    return (until - due).days if due else None


def span(earliest: date | None, latest: date | None) -> str | None:
    """A window in the shortest form, None where it is not known."""
    if earliest is None or latest is None:
        return None
    return earliest.isoformat() if earliest == latest else str(Window(earliest, latest))


def to_csv(rows: Iterable[Line], day: date) -> Iterator[str]:
    """The lines as CSV with a header, streamed; what a spreadsheet would take for a formula is made harmless."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([shown(value) for value in as_of(row, day).values()])
        if out.tell() > _CHUNK:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


_CHUNK: Final = 1 << 16
