"""Rule files as their authors get them wrong: every mistake at once, each where it stands, with the way out."""

from pathlib import Path

import pytest

from rules.calendars.calendar import Calendars
from rules.pack.book import load, pack_files, situation_files

BAD = Path(__file__).parent / "bad"
GOOD = """\
pack: good
title: A pack
rules:
  - id: reply
    title: A reply
    when: {kind: reply}
    due: 4 weeks after letter
"""


@pytest.fixture
def calendars(tmp_path):
    folder = tmp_path / "calendars"
    folder.mkdir()
    (folder / "nl.yaml").write_text("calendar: nl\nweekend: [sat, sun]\n")
    found, problems = Calendars.load([folder])
    assert problems == ()
    return found


def told(name, calendars):
    """What is said of a bad file, without the lines it quotes and the words that it could have used."""
    book, problems = load([BAD / f"{name}.yaml"], calendars)
    assert book.packs == ()
    return [
        (
            f"{one.line}:{one.column}",
            ": ".join(part for part in (one.path, one.message) if part),
            one.hint.partition(" allowed: ")[0],
        )
        for one in problems
    ]


def test_eight_mistakes_of_different_sorts_are_told_at_once(calendars):
    assert told("eight-mistakes", calendars) == [
        ("8:5", "rules[0].title: 'title' is written twice, first on line 7", "keep one of the two"),
        (
            "15:23",
            "rules[1].unless.dossier: no without quotes is true or false to some programs and text to others",
            'write true or false, or "no" in quotes for the word',
        ),
        ("20:5", "rules[2].wehn: 'wehn' is not known here", "did you mean when?"),
        ("26:12", "rules[3].force: force is one of binding, requested, expected, voluntary; not 'mandatory'", ""),
        ("33:19", "rules[4].due.period: 'wekken' is not a unit of time", "write 4 weeks"),
        ("37:12", "rules[5].when.knd: 'knd' is not known here", "did you mean kind?"),
        ("40:5", "rules[6]: id is missing", "add id: …"),
        ("47:61", "rules[7].due.calendar: there is no calendar nederland", "there are: nl"),
    ]


@pytest.mark.parametrize(
    ("name", "place", "message", "hint"),
    [  # the broken packs of issue C: the first problem of each
        ("misspelt_key", "8:5", "rules[0].notises: 'notises' is not known here", "did you mean notices?"),
        ("wrong_type", "9:62", "rules[0].notices.overdue.at_most: at_most must be a whole number, not 'often'", ""),
        (
            "bad_date",
            "8:19",
            "rules[0].valid.from: '2018-02-30' is not a date: February 2018 has 28 days",
            "write 2027",
        ),
        ("duplicate_key", "8:5", "rules[0].due: 'due' is written twice, first on line 7", "keep one of the two"),
        ("tab", "4:1", "there is a tab in the indentation", "indent with spaces"),
        ("unknown_calendar", "7:61", "rules[0].due.calendar: there is no calendar n1", "there are: nl"),
        ("circular_extends", "3:10", "extends: bad extends bad: that goes round in a circle", "extends names a pack "),
        ("alias_bomb", "2:8", "title: &a names a value for use elsewhere", "write values out where they are used"),
        ("half_written", "6:11", "the mapping that begins here is not closed before line 7", "close it with }, "),
        ("latin1", "2:9", "this is not UTF-8: byte 0xe9, 'é' in Latin-1", "save the file as UTF-8"),
    ],
)
def test_a_broken_pack_is_told_in_a_sentence_with_its_place(calendars, name, place, message, hint):
    first = told(f"pack_{name}", calendars)[0]
    assert first[:2] == (place, message)
    assert first[2].startswith(hint)


def test_an_id_names_one_rule_the_rules_of_a_cycle_included(calendars):
    assert told("pack_repeated_ids", calendars) == [
        ("13:9", "cycles[0].id: grf is used twice in this pack", "an id names one rule or cycle"),
        ("19:13", "cycles[0].derived[0].id: grf-papers is used twice in this pack", "an id names one rule or cycle"),
        ("21:74", "cycles[0].derived[0].due.calendar: there is no calendar un", "there are: nl"),
    ]


def test_a_time_zone_that_there_is_not_is_told(calendars, tmp_path):
    (tmp_path / "good.yaml").write_text(f"{GOOD}timezone: Europe/Amsterdm\n")
    book, (problem,) = load([tmp_path / "good.yaml"], calendars)
    assert book.packs == ()
    assert (problem.line, problem.message, problem.hint) == (
        8,
        "'Europe/Amsterdm' is not a time zone",
        "write Europe/Amsterdam",
    )


def test_the_good_packs_load_whatever_is_wrong_with_the_others(calendars, tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD)
    book, problems = load([BAD / "pack_tab.yaml", tmp_path / "good.yaml"], calendars)
    assert list(book.rules) == ["good/reply"]
    assert len(problems) == 1


def test_two_files_cannot_be_the_same_pack(calendars, tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(GOOD)
    book, (problem,) = load(pack_files(tmp_path), calendars)
    assert [loaded.file for loaded in book.packs] == [str(tmp_path / "a.yaml")]
    assert problem.message == f"there is already a pack good, in {tmp_path / 'a.yaml'}"


def test_a_file_that_is_no_mapping_is_told(calendars, tmp_path):
    (tmp_path / "a.yaml").write_text("- pack: good\n")
    _, problems = load(pack_files(tmp_path), calendars)
    assert [problem.message for problem in problems] == ["this must be a mapping, not a list"]


def test_files_of_tests_are_not_packs(tmp_path):
    for name in ("a.yaml", "a_test.yaml", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in pack_files(tmp_path)] == ["a.yaml"]
    assert [path.name for path in situation_files(tmp_path)] == ["a_test.yaml"]
