"""A register of N commitments: import, full reassessment, passes, list, audit and verify, each beside its bar.

Run `PYTHONPATH=. python benchmarks/register.py [--small 10000] [--large 1000000] [--folder /tmp/somewhere]`. The
commitments are made up, the same ones every time: ten years of letters, questions, undertakings and reports under
shipped packs, most answered, some late, with delay notices, extensions, suspensions and stated dates.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from commitments.intake import Draft
from commitments.model import Commitment, Event, EventKind

TODAY = date(2026, 11, 26)
FIRST = date(2016, 11, 28)
DAYS = (TODAY - FIRST).days
COMMITTEES = [f"committee-{number}" for number in range(1, 25)]
MINISTRIES = [f"ministry-{number}" for number in range(1, 15)]
TERMS = ("voor de zomer", "na de zomer", "voor de kerst", "binnen 3 maanden", "in het 2e kwartaal van 2025")
SHARES = (
    # kind, to, anchor, days that are usual, share of all
    ("reply", "nl/eerste-kamer", "letter", 28, 25),
    ("question", "nl/tweede-kamer", "sent", 21, 45),
    ("undertaking", "nl/tweede-kamer", "", 90, 15),
    ("undertaking", "nl/eerste-kamer", "", 180, 5),
    ("response", "uk/commons", "published", 61, 10),
)
OPEN = 0.02
"""The share of what is old that was never settled."""


def drafts(count: int) -> Iterator[Draft]:
    """So many commitments with what befell them by TODAY, the same ones every time."""
    random = Random(20261126)
    weights = [share[-1] for share in SHARES]
    for number in range(count):
        kind, to, anchor, usual, _ = random.choices(SHARES, weights)[0]
        yield _draft(random, f"C-{number:07}", kind, to, anchor, usual)


def _draft(random: Random, identifier: str, kind: str, to: str, anchor: str, usual: int) -> Draft:
    made = FIRST + timedelta(random.randrange(DAYS))
    while made.weekday() > 4:
        made = FIRST + timedelta(random.randrange(DAYS))
    state = to.partition("/")[0]
    commitment: dict[str, object] = {
        "id": identifier,
        "kind": kind,
        "title": f"{kind.capitalize()} {identifier} on the plans for {random.choice(MINISTRIES)} and what they cost",
        "by": f"{state}/government/{random.choice(MINISTRIES)}",
        "to": f"{to}/{random.choice(COMMITTEES)}",
        "made": made,
        "dossier": str(random.randrange(30_000, 37_000)),
        "source": {"document": f"Paper {random.randrange(10**6)}", "quote": "we ask for a reply in good time"},
    }
    if anchor:
        commitment["anchors"] = {anchor: made}
    if kind == "undertaking" and random.random() < 0.8:
        commitment["stated_due"] = _stated(random, made, usual)
    whole = Commitment.model_validate(commitment)
    return Draft(id=identifier, commitment=whole, events=tuple(_events(random, made, usual)), origin=("made up", 1))


def _stated(random: Random, made: date, usual: int) -> str | dict[str, object]:
    if random.random() < 0.2:
        return random.choice(TERMS)
    return {"date": made + timedelta(random.randrange(usual // 2, usual * 2)), "phrase": "by that day"}


def _events(random: Random, made: date, usual: int) -> Iterator[Event]:
    day = made
    for kind, share in (
        (EventKind.DELAY_NOTICE, 0.2),
        (EventKind.NOTE, 0.1),
        (EventKind.EXTENDED, 0.04),
        (EventKind.SUSPENDED, 0.01),
        (EventKind.PARTLY_FULFILLED, 0.03),
    ):
        if random.random() >= share:
            continue
        day += timedelta(random.randrange(1, max(2, usual // 3)))
        new = day + timedelta(usual) if kind is EventKind.EXTENDED else None
        yield Event(kind=kind, occurred_on=day, date=new, document=f"letter {random.randrange(10**5)}", note="as told")
        if kind is EventKind.SUSPENDED:
            day += timedelta(random.randrange(3, 40))
            yield Event(kind=EventKind.RESUMED, occurred_on=day)
    if random.random() < OPEN:
        return
    late = random.random() < 0.3
    day += timedelta(random.randrange(usual, usual * 3) if late else random.randrange(1, usual))
    kind = random.choices((EventKind.FULFILLED, EventKind.WITHDRAWN, EventKind.LAPSED), (94, 4, 2))[0]
    yield Event(kind=kind, occurred_on=day, document=f"reply {random.randrange(10**6)}", decided_by="the committee")
