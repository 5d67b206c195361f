"""Written questions of the UK Parliament, as mySociety's CSV of them has them; `csv_register` hands the rows on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

HEADER = (
    "id",
    "uin",
    "house",
    "dateTabled",
    "dateForAnswer",
    "isNamedDay",
    "dateAnswered",
    "dateHoldingAnswer",
    "isWithdrawn",
    "answeringBodyName",
    "heading",
)
"""The columns by which such a file is known; it may have others."""

_SITE = "https://questions-statements.parliament.uk/written-questions/detail"
_WITHDRAWN_SOME_DAY = "the day is not told: this is the day it was tabled"


def is_questions(names: Sequence[str]) -> bool:
    """Whether a header is that of such a file."""
    return set(HEADER) <= set(names)


def question(row: Mapping[str, str]) -> dict[str, Any]:
    """The commitment that a row tells of, as register files have it."""
    house = row["house"].lower()
    value = {
        "id": f"uk-question-{row['id']}",
        "kind": "named-day-question" if _true(row["isNamedDay"]) else "question",
        "title": row["heading"],
        "by": f"uk/government/{_slug(row['answeringBodyName'])}",
        "to": f"uk/{house}",
        "made": row["dateTabled"],
        "anchors": {"tabled": row["dateTabled"]},
        "source": {
            "document": f"written question {row['uin']}, House of {row['house']}, tabled {row['dateTabled']}",
            "url": f"{_SITE}/{row['dateTabled']}/{row['uin']}",
        },
        "events": _events(row),
    }
    return value | ({"stated_due": row["dateForAnswer"]} if row["dateForAnswer"] else {})


def _events(row: Mapping[str, str]) -> list[dict[str, str]]:
    events = [
        {"delay_notice": row["dateHoldingAnswer"], "document": "holding answer"},
        {"fulfilled": row["dateAnswered"], "document": f"answer to written question {row['uin']}"},
        {"note": row.get("dateAnswerCorrected", ""), "text": "the answer was corrected"},
    ]
    if _true(row["isWithdrawn"]) and not row["dateAnswered"]:
        events.append({"withdrawn": row["dateTabled"], "note": _WITHDRAWN_SOME_DAY})
    return [event for event in events if next(iter(event.values()))]


def _true(cell: str) -> bool:
    return cell.casefold() == "true"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
