"""What goes into a digest, and where."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import pytest
from sample_digest import EARLY, ITEMS, LETTER, SLOT, commitment, digest, notice, reader, standing

from commitments.model.commitment import Status
from notifications.content.digest import Section, compose, section_of
from notifications.content.notice import Item, Stage


def item(identifier: str, stage: Stage, step: int = 1, due: str = "2018-08-10", by: str = "nl/a") -> Item:
    return Item(
        commitment=commitment(identifier, by=by),
        standing=standing(Status.OVERDUE, due),
        notice=notice(identifier, stage, step),
    )


def told(*items: Item) -> list[tuple[str, list[str]]]:
    return [(section.value, [item.commitment.id for item in part]) for section, part in digest("en", *items).sections]


def test_nothing_to_say_is_no_digest():
    assert compose(reader(), [], slot=SLOT, covers_from=None, head="#1 00").sections == ()


@pytest.mark.parametrize(
    ("stage", "step", "section"),
    [
        (Stage.ESCALATION, 1, Section.ESCALATED),
        (Stage.OVERDUE, 1, Section.NEW_OVERDUE),
        (Stage.OVERDUE, 2, Section.STILL_OVERDUE),
        (Stage.OVERDUE, 6, Section.STILL_OVERDUE),
        (Stage.DUE_TODAY, 1, Section.DUE_TODAY),
        (Stage.REMINDER, 3, Section.DUE_SOON),
        (Stage.DATE_CHANGED, 1, Section.MOVED),
        (Stage.SETTLED, 1, Section.SETTLED),
    ],
)
def test_each_stage_has_its_section(stage, step, section):
    assert section_of(item("a", stage, step)) is section


def test_what_was_settled_since_is_told_as_settled_whatever_was_owed():
    assert section_of(replace(EARLY, notice=notice("34964-A", Stage.OVERDUE))) is Section.SETTLED


def test_the_sections_come_in_the_order_of_what_presses():
    made = digest("en", *reversed(ITEMS))
    assert [section for section, _ in made.sections] == list(Section)


def test_a_commitment_appears_once_in_its_most_pressing_section_whatever_the_order():
    items = [item("a", Stage.DATE_CHANGED), item("a", Stage.OVERDUE, 1), item("a", Stage.OVERDUE, 2)]
    for order in permutations(items):
        made = digest("en", *order)
        assert made.sections == ((Section.NEW_OVERDUE, (items[1],)),)


def test_of_two_steps_the_later_is_told():
    items = [item("a", Stage.OVERDUE, 2), item("a", Stage.OVERDUE, 3)]
    assert digest("en", *items).sections == ((Section.STILL_OVERDUE, (items[1],)),)


def test_a_section_goes_by_who_owes_then_by_due_date_then_by_name():
    items = [
        item("d", Stage.OVERDUE, due="2018-08-02", by="nl/b"),
        item("c", Stage.OVERDUE, due="2018-08-03"),
        item("b", Stage.OVERDUE, due="2018-08-01"),
        item("a", Stage.OVERDUE, due="2018-08-03"),
        item("e", Stage.OVERDUE, due=""),
    ]
    assert told(*items) == [("new_overdue", ["b", "a", "c", "e", "d"])]


def test_a_digest_says_what_it_covers_and_what_it_witnesses():
    since = datetime(2018, 8, 1, 5, 30, tzinfo=UTC)
    made = compose(
        reader(),
        iter([LETTER]),
        slot=SLOT,
        covers_from=since,
        head="#42 9f86d081884c7d659a2feaa0c55ad015",
        packs=["p 1"],
        missed=3,
    )
    assert (made.slot, made.covers_from, made.missed) == (SLOT, since, 3)
    assert (made.head, made.packs) == ("#42 9f86d081884c7d659a2feaa0c55ad015", ("p 1",))
