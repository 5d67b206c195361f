"""A digest with every section in it, for the tests of notifications and for their benchmarks.

The letters of 34 964 are real, as they stood on 13 August 2018; the rest are examples and say so.
"""

from datetime import UTC, date, datetime
from typing import Any

from commitments.model.commitment import (
    Commitment,
    Force,
    Standing,
    Status,
)
from commitments.model.dates import Window
from notifications.content.digest import Digest, Reader, compose
from notifications.content.notice import (
    Item,
    Moved,
    Notice,
    Reason,
    Stage,
)

SLOT = datetime(2018, 8, 13, 5, 30, tzinfo=UTC)
STATE_SECRETARY = "nl/regering/jenv/staatssecretaris"
COMMITTEE = "nl/eerste-kamer/ia-jbz"
MINISTRY, CHAMBER = "example/ministry", "example/chamber"


def reader(language: str = "en", **more: Any) -> Reader:
    known = {"name": "Griffie IA/JBZ", "address": "griffie@example.org", "timezone": "Europe/Amsterdam"}
    return Reader(**(known | {"language": language} | more))


def notice(identifier: str, stage: Stage, step: int = 1) -> Notice:
    return Notice(
        commitment=identifier, rule="r", stage=stage, step=step, version="v", audience="clerk", day=date(2018, 8, 13)
    )


def commitment(identifier: str, **more: Any) -> Commitment:
    known = {"kind": "reply", "title": f"Reply {identifier}", "by": MINISTRY, "to": CHAMBER}
    return Commitment(id=identifier, **(known | more))


def standing(status: Status, due: str = "", original: str = "", **more: Any) -> Standing:
    """How something stood on 13 August 2018."""
    current = Window.parse(due) if due else None
    late = {"days_late_current": (date(2018, 8, 13) - current.latest).days} if current else {}
    known = {"current": current, "original": Window.parse(original) if original else current, **late}
    return Standing(**{"status": status, "rule": "r", **known, **more})


LETTER = Item(
    commitment=commitment(
        "34964-B",
        title="Reply on the Global Compact on Refugees and the Global Compact for Migration",
        by=STATE_SECRETARY,
        to=COMMITTEE,
        dossier="34 964",
    ),
    standing=standing(Status.OVERDUE, "2018-08-10", days_late_current=3, days_late_original=3),
    notice=notice("34964-B", Stage.OVERDUE),
    reason=Reason(
        rule="nl-eerste-kamer/reply-four-weeks",
        period="4 weeks",
        side="after",
        anchor="letter",
        anchor_date=Window.parse("2018-07-13"),
        quote="binnen vier weken na dagtekening van deze brief",
        document="Kamerstukken I 2017-2018, 34 964, B, letter of 13 July 2018",
    ),
)
ESCALATED = Item(
    commitment=commitment("EX-1", title="Example of a reply that is long overdue", dossier="example 1"),
    standing=standing(Status.OVERDUE, "2018-06-29", days_late_current=45, days_late_original=45),
    notice=notice("EX-1", Stage.ESCALATION),
    reason=Reason(rule="r", period="4 weeks", side="after", anchor="letter", anchor_date=Window.parse("2018-06-01")),
)
MOVED_AND_LATE = Item(
    commitment=commitment(
        "EX-2", kind="undertaking", title="Example of an undertaking that was put off", by="example/agency"
    ),
    standing=standing(
        Status.OVERDUE, "2018-07-01", "2018-04-01", days_late_current=43, days_late_original=134, partly=True
    ),
    notice=notice("EX-2", Stage.OVERDUE, step=4),
    reason=Reason(rule="stated", phrase="voor de zomer"),
    moved=Moved(
        before=Window.parse("2018-04-01"),
        after=Window.parse("2018-07-01"),
        on=date(2018, 3, 20),
        decided_by=CHAMBER,
        document="Committee decision of 20 March 2018",
    ),
)
TODAY = Item(
    commitment=commitment("EX-3", title="Example of a reply"),
    standing=standing(Status.DUE_TODAY, "2018-08-13", days_late_current=0, days_late_original=0),
    notice=notice("EX-3", Stage.DUE_TODAY),
    reason=Reason(
        rule="r", period="20 working days", side="after", anchor="received", anchor_date=Window.parse("2018-07-16")
    ),
)
SOON = Item(
    commitment=commitment(
        "EX-4",
        kind="meeting",
        title="Example of a meeting",
        by="example/agency",
        to=["example/states", "example/press"],
    ),
    standing=standing(Status.DUE_SOON, "2018-08-16"),
    notice=notice("EX-4", Stage.REMINDER),
)
PLEDGE = Item(
    commitment=commitment(
        "EX-5",
        kind="pledge",
        title="Example of a pledge",
        by="example/states",
        to="example/agency",
        force=Force.VOLUNTARY,
    ),
    standing=standing(Status.DUE_SOON, "2019"),
    notice=notice("EX-5", Stage.REMINDER),
    reason=Reason(rule="r", period="1 year and 2 months", side="before", anchor="forum"),
)
MOVED = Item(
    commitment=commitment("EX-6", title="Example of a reply that was put off"),
    standing=standing(Status.PENDING, "2018-09-14", "2018-08-24"),
    notice=notice("EX-6", Stage.DATE_CHANGED),
    moved=Moved(
        before=Window.parse("2018-08-24"),
        after=Window.parse("2018-09-14"),
        on=date(2018, 8, 10),
        decided_by="example/minister",
        document="Letter of 10 August 2018",
        note="more time is needed for coordination",
    ),
)
EARLY = Item(
    commitment=commitment(
        "34964-A", title="Answer to the letter of 31 May 2018", by=STATE_SECRETARY, to=COMMITTEE, dossier="34 964"
    ),
    standing=standing(
        Status.FULFILLED, "2018-06-28", settled_on=date(2018, 6, 20), days_late_current=-8, days_late_original=-8
    ),
    notice=notice("34964-A", Stage.SETTLED),
)
LATE = Item(
    commitment=commitment("EX-7", title="Example of a late answer"),
    standing=standing(
        Status.FULFILLED_LATE, "2018-06-29", settled_on=date(2018, 6, 30), days_late_current=1, days_late_original=1
    ),
    notice=notice("EX-7", Stage.SETTLED),
)
WITHDRAWN = Item(
    commitment=commitment("EX-8", kind="undertaking", title="Example of an undertaking"),
    standing=standing(Status.WITHDRAWN, settled_on=date(2018, 8, 11)),
    notice=notice("EX-8", Stage.SETTLED),
)

ITEMS = (LETTER, ESCALATED, MOVED_AND_LATE, TODAY, SOON, PLEDGE, MOVED, EARLY, LATE, WITHDRAWN)


NAMES = {
    "nl/regering/jenv/staatssecretaris": "Staatssecretaris van Justitie en Veiligheid",
    "nl/eerste-kamer/ia-jbz": "commissie Immigratie en Asiel / JBZ-Raad",
    "example/ministry": "Example Ministry",
    "example/agency": "Example Agency",
    "example/chamber": "Example Chamber",
}


def digest(language: str = "en", *items: Item, **more: Any) -> Digest:
    """The digest of the items (of all the samples where none is given)."""
    known = {
        "slot": SLOT,
        "covers_from": datetime(2018, 8, 9, 5, 30, tzinfo=UTC),
        "head": "#42 9f86d081884c7d659a2feaa0c55ad015",
        "packs": ("nl-eerste-kamer 2018.1", "un-gcr 2018.1"),
        "missed": 1,
        "names": NAMES,
        "reader": reader(language),
    } | more
    made = compose(known.pop("reader"), items or ITEMS, **known)
    assert made is not None
    return made
