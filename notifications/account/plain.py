"""An account as plain values, for programs: every figure, every group, every doubt, and every row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from commitments.audit.account import Account
from commitments.audit.figures import AGES, Tally, Timing
from commitments.audit.lines import as_of
from commitments.audit.rappel import Chased, Round
from commitments.listing import Line
from commitments.model.commitment import Status
from notifications.account.report import Report


def to_json(report: Report, rows: Iterable[Line]) -> Iterator[str]:
    """The whole report as JSON, with these rows at its end, streamed."""
    head = json.dumps(_content(report), ensure_ascii=False, indent=2)
    yield head.removesuffix("\n}") + ',\n  "rows": ['
    between = "\n    "
    for row in rows:
        yield f"{between}{json.dumps(as_of(row, report.account.as_of), ensure_ascii=False)}"
        between = ",\n    "
    yield "\n  ]\n}\n"


def _content(report: Report) -> dict[str, Any]:
    account = report.account
    content: dict[str, Any] = {
        "as_of": account.as_of.isoformat(),
        "known_at": account.known or None,
        "narrowed": account.narrowed,
        "head": account.head,
        "whole": figures(account.whole),
        **_groups(account),
        "problems": {
            "counts": {doubt.value: count for doubt, count in report.problems.counts.items()},
            "first": [one._asdict() for one in report.problems.first],
        },
    }
    if report.round:
        content["rappel"] = _round(report.round)
    if report.since:
        content["changed"] = {"from": report.since.isoformat(), "changes": [vars(one) for one in report.changes]}
    return content


def _groups(account: Account) -> dict[str, Any]:
    return {
        grouping.name: {name: figures(tally) for name, tally in found.items()}
        for grouping, found in account.groups.items()
    }


def figures(tally: Tally) -> dict[str, int | float | None]:
    """A tally as plain numbers, by status and by figure; rates are shares from 0 to 1."""
    spread, overdue = tally.spread, tally.overdue_spread
    rate, in_hand = tally.on_time_rate, tally.in_hand_rate
    return {
        **{status.value: tally.count(lambda place, status=status: place.status is status) for status in Status},  # type: ignore[misc]
        "total": tally["all"],
        "open": tally["open"],
        "partly": tally["partly"],
        "in_time": tally["in_time"],
        "untimed": tally["untimed"],
        "open_deadline_ahead": tally["ahead"],
        "late_original": tally["late_original"],
        "late_current": tally["late"],
        "late_original_only": tally.count(lambda place: place.timing is Timing.LATE_ORIGINAL),
        "median_days_late": spread.median if spread else None,
        "lower_quartile_days_late": spread.lower if spread else None,
        "upper_quartile_days_late": spread.upper if spread else None,
        "worst_days_late": spread.worst if spread else None,
        "median_days_overdue": overdue.median if overdue else None,
        **{
            f"overdue_{span.name.replace(' ', '_')}": tally.count(lambda place, age=age: place.age == age)  # type: ignore[misc]
            for age, span in enumerate(AGES, start=1)
        },
        "on_time_rate": round(rate, 4) if rate is not None else None,
        "in_hand_rate": round(in_hand, 4) if in_hand is not None else None,
    }


def _round(found: Round) -> dict[str, Any]:
    return {
        "cutoff": found.cutoff.isoformat(),
        "next": found.next.isoformat(),
        "lapsed": [_chased(one, found.cutoff) for one in found.lapsed],
        "ahead": [_chased(one, found.cutoff) for one in found.ahead],
        "undated": [_chased(one, found.cutoff) for one in found.undated],
        "meetings": [
            {
                "day": meeting.day.isoformat(),
                "decided_by": meeting.decided_by,
                "document": meeting.document,
                "outcomes": [vars(one) for one in meeting.outcomes],
            }
            for meeting in found.meetings
        ],
    }


def _chased(one: Chased, day: date) -> dict[str, Any]:
    values = as_of(one.line, day)
    names = ("id", "title", "by", "to", "status", "partly", "original_due", "current_due")
    asked = [day.isoformat() for day in one.asked]
    return {name: values[name] for name in names} | {"extended": one.extended, "explanation_asked": asked}
