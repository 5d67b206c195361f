"""A small register made up at random, the same one for the same seed, and the settings of its workspace."""

from datetime import date, timedelta
from random import Random

from commitments.ledger import register
from commitments.ledger.intake import Draft
from commitments.model.commitment import Commitment, Event, EventKind

SETTINGS = """
timezone: Europe/Amsterdam
packs: [nl-eerste-kamer, nl-tweede-kamer, nl-terms, uk-commons]
mail: {sender: gestand@example.org}
"""
LAST = date(2020, 6, 1)
SHAPES = (
    ("reply", "nl/eerste-kamer/jbz", "letter"),
    ("question", "nl/tweede-kamer", "sent"),
    ("undertaking", "nl/tweede-kamer", ""),
    ("response", "uk/commons/home-affairs", "published"),
)


def drafts(count, seed=1):
    """So many commitments, made up to a month before LAST, with what befell them by then."""
    random = Random(seed)
    for number in range(count):
        kind, to, anchor = random.choice(SHAPES)
        made = date(2018, 1, 1) + timedelta(random.randrange(850))
        commitment = Commitment(
            id=f"C-{number}",
            kind=kind,
            title=f"Über {random.choice(['costs', 'plans'])} {number}",
            by=f"nl/regering_{number % 3}/x",
            to=to,
            made=made,
            dossier=str(30_000 + number % 5),
            anchors={anchor: made} if anchor else {},
            stated_due=random.choice([None, made + timedelta(60), "voor de zomer", "someday"]),
        )
        yield Draft(id=commitment.id, commitment=commitment, events=tuple(_events(random, made)), origin=("made up", 1))


def _events(random, made):
    day = made
    for kind in (EventKind.DELAY_NOTICE, EventKind.SUSPENDED, EventKind.RESUMED, EventKind.FULFILLED):
        day += timedelta(random.randrange(1, 30))
        if day > LAST or random.random() < 0.2:
            return
        yield Event(kind=kind, occurred_on=day)


def take_in(session, some, at):
    """Write what had happened by a moment into the register."""
    with session.store.writing() as tx:
        assert not register.take_in(tx, some, today=at.date(), at=at, actor="clerk").problems
