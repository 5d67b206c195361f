"""What ships with Gestand: the packs do what their tests say, and the sample records read without a problem."""

from collections import Counter
from pathlib import Path

import pytest

import commitments.samples
from commitments import exchange
from commitments.model.commitment import EventKind
from engine.assessment.assess import Assessor
from engine.authoring.compare import differences
from engine.matching.matcher import matcher
from rules.calendars.calendar import SHIPPED, Calendars
from rules.pack import book as rule_book

SAMPLES = sorted(
    path for path in Path(commitments.samples.__file__).parent.iterdir() if path.suffix in exchange.READERS
)


@pytest.fixture(scope="module")
def assessor():
    calendars, faults = Calendars.load([SHIPPED])
    book, problems = rule_book.load(rule_book.pack_files(rule_book.SHIPPED), calendars)
    assert (*faults, *problems) == ()
    rules = {name: item.rule.condition for name, item in book.rules.items()}
    return Assessor(book, calendars, matcher(rules, "reference"), "UTC")


def drafts(name):
    (path,) = [path for path in SAMPLES if path.name == name]
    found, problems = exchange.read(path)
    assert problems == ()
    return found


def test_every_test_in_a_shipped_pack_holds(assessor):
    found = [
        str(one)
        for name, item in assessor.book.rules.items()
        for situation in item.rule.tests
        for one in differences(assessor, name, situation)
    ]
    assert found == []


def test_every_rule_that_is_not_of_a_cycle_has_tests(assessor):
    packs = [loaded.pack for loaded in assessor.book.packs]
    assert [rule.id for pack in packs for rule in pack.rules if not rule.tests] == []


def test_the_list_of_packs_tells_of_every_pack(assessor):
    told = (Path(__file__).parents[1] / "docs" / "packs.md").read_text(encoding="utf-8")
    assert [loaded.pack.pack for loaded in assessor.book.packs if f"(rules/{loaded.pack.pack}.md)" not in told] == []


def test_no_cycle_ever_demands_anything_of_states(assessor):
    promises = [
        (item.by or cycle.commitment.by, item.force or cycle.commitment.force)
        for _, cycle in assessor.book.cycles
        for item in (cycle.commitment, *cycle.derived)
    ]
    assert [force for by, force in promises if "un/member-states" in by] == ["voluntary"]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_file_has_no_problem(path):
    found, problems = exchange.read(path)
    assert problems == ()
    assert found


def test_no_sample_is_there_twice():
    ids = Counter(draft.id for path in SAMPLES for draft in exchange.read(path)[0] if draft.commitment)
    assert [identifier for identifier, times in ids.items() if times > 1] == []


def test_every_sample_names_its_source():
    made = [draft.commitment for path in SAMPLES for draft in exchange.read(path)[0] if draft.commitment]
    assert [one.id for one in made if not one.source.document] == []


@pytest.mark.parametrize(
    ("file", "kind", "number"),
    [
        ("nl-undertakings.csv", EventKind.FULFILLED, 8),  # voldaan: three in 2016, five in 2021
        ("nl-undertakings.csv", EventKind.PARTLY_FULFILLED, 3),  # deels voldaan: one in 2016, two in 2021
        ("nl-undertakings.csv", EventKind.EXTENDED, 10),  # with a new deadline, one of them deels voldaan
        ("nl-undertakings.yaml", EventKind.NOTE, 16),  # openstaand, or a further explanation asked for
    ],
)
def test_the_committees_decisions_are_all_there(file, kind, number):
    assert sum(event.kind is kind for draft in drafts(file) for event in draft.events) == number


def test_what_became_of_a_cycle_is_told_of_occurrences_that_the_cycles_make(assessor):
    cycles = {cycle.id: cycle for _, cycle in assessor.book.cycles}
    strangers = [draft.id for draft in drafts("un-meetings.yaml") if not _made_by(cycles, draft.id)]
    assert strangers == []


def _made_by(cycles, identifier):
    for name, cycle in cycles.items():
        year, _, part = identifier.removeprefix(f"{name}-").partition("-")
        if identifier.startswith(f"{name}-") and year.isdigit():
            return part in {"", *(item.id for item in cycle.derived)}
    return False
