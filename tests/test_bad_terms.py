"""Words for a date that go wrong: each is told where it stands, whatever is read next goes on."""

import json
import re
from datetime import date

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from commitments.model.dates import FORMS, Window
from rules.calendars.calendar import SHIPPED as SHIPPED_CALENDARS
from rules.calendars.calendar import Calendar, CalendarData, Calendars
from rules.counting.terms import Phrase, Term, resolve
from rules.pack.book import SHIPPED, load

SAID = date(2026, 4, 1)
CALENDARS, _ = Calendars.load([SHIPPED_CALENDARS])
BOOK, _ = load([SHIPPED / "nl-terms.yaml", SHIPPED / "en-terms.yaml"], CALENDARS)


@pytest.mark.parametrize(
    ("text", "window"),
    [
        # a number, not a year
        ("De minister informeert de Kamer over de tarieven in 0900-nummers.", None),
        ("in 0001", None),
        ("in het eerste kwartaal van 0001", None),
        ("in 0000", None),
        # the digits of other widths and scripts
        ("binnen ３ weken", "2026-04-22"),
        ("binnen ٣ weken", "2026-04-22"),
        ("within 3 weeks", "2026-04-22"),
        ("in ２０２７", "2027"),
        ("in het １e kwartaal van 2027", "2027-Q1"),
        ("1e kwartaal 2027", "2027-Q1"),
        ("０e kwartaal 2027", None),
        # a half and a square are no digits
        ("binnen ½ jaar", None),
        ("binnen 3² weken", None),
        ("binnen 999 jaar", "3025-04-01"),
        ("binnen 999 dagen", "2028-12-25"),
        ("0e volle week van maart 2027", None),
        ("5e volle week van februari 2027", None),
        ("vierde volle week van december 9999", "9999-12-27/9999-12-31"),
        ("in 9999", "9999"),
    ],
)
def test_texts_are_read_or_not_known(text, window):
    found = resolve(text, SAID, BOOK.phrases, CALENDARS)
    if window == "9999-12-27/9999-12-31":  # its weeks end before the year does
        assert found.window == Window.parse("9999-12-20/9999-12-26") or found.window is None
        return
    assert (str(found.window) if found.window else None) == window
    assert bool(found.unknown) is (window is None)


def test_a_window_of_early_years_is_written_as_it_is_read():
    for text in ("0900", "0900-02", "0900-Q3", "0001-01-01", "0012-03/0013-04-05"):
        assert str(Window.parse(text)) == text.replace("0012-03/", "0012-03-01/")
    for text in ("２０２７", "2027-0３", "2027-Q３"):
        with pytest.raises(ValueError, match="is not a date"):
            Window.parse(text)


ADD = "add {{{}}} to the phrase, or write what is meant here"
# fmt: off
MISTAKES = [
    # as pack authors write it: a quarter of no year
    ('"{ordinal} kwartaal": {in: "{year}-Q{ordinal}"}', "{year} is asked for, and the phrase does not hold it",
     ADD.format("year")),
    ('"in {year}": {in: "{year"}', "'{year' has a brace that does not enclose a name", "the phrase holds {year}"),
    ('"in {year}": {in: "{0}"}', "{0} is asked for, and the phrase does not hold it", "the phrase holds {year}"),
    ('"in {year}": {in: "{year!q}"}', "'{year!q}' has a brace that does not enclose a name", "the phrase holds {year}"),
    ('"soon": {in: "{}"}', "'{}' has a brace that does not enclose a name", "the phrase holds nothing in {braces}"),
    ('"soon": {within: "{number} {unit}"}', "{number} is asked for, and the phrase does not hold it",
     ADD.format("number")),
    ('"{ordinal} week of {year}": {in: "{year}", full_week: "{number}"}',
     "{number} is asked for, and the phrase does not hold it", ADD.format("number")),
    ('"in {year}": {in: "{year}", full_week: "{year}"}',
     "'2027' is not the place of a week; write 1, or {ordinal}", ""),
    ('"in {year}": {in: "year {year}"}', f"'year 2027' is not a date; write {FORMS}", ""),
    ('"within {number} {unit}": {within: "9999{number} {unit}"}',
     "99991 weeks is too long; write at most 1000 years", ""),
    ('"in {month}": {within: "{month} moons"}', "'moons' is not a unit of time; write 3 months", ""),
]
# fmt: on


@pytest.mark.parametrize(("term", "message", "hint"), MISTAKES)
def test_a_term_is_checked_against_its_phrase(tmp_path, term, message, hint):
    file = tmp_path / "p.yaml"
    file.write_text(f"pack: p\ntitle: p\nterms:\n  {term}\n  in good {{year}}: {{in: '{{year}}'}}\n")
    book, problems = load([file], CALENDARS)
    assert (problems[0].line, problems[0].message, problems[0].hint) == (4, message, hint)
    assert problems[0].column > 3
    assert [phrase.words for phrase in book.phrases] == ["in good {year}"]


@pytest.mark.parametrize(
    ("term", "message"),
    [
        ('"in {yeer}": {in: "2027"}', "{yeer} is not known here"),
        ('"from {year} to {year}": {in: "{year}"}', "the phrase has {year} twice"),
        ('"": {in: "2027"}', "a phrase without words stands in every text"),
    ],
)
def test_a_phrase_is_checked_too_at_its_own_place(tmp_path, term, message):
    file = tmp_path / "p.yaml"
    file.write_text(f"pack: p\ntitle: p\nterms:\n  {term}\n")
    _, problems = load([file], CALENDARS)
    assert [(one.line, one.column, one.message) for one in problems] == [(4, 3, message)]


def test_terms_are_not_taken_over_into_a_language_they_cannot_be_read_in(tmp_path):
    base, heir = tmp_path / "a.yaml", tmp_path / "b.yaml"
    base.write_text("pack: a\ntitle: a\nlanguage: nl\nterms: {'in {year}': {in: '{year}'}}\n")
    heir.write_text("pack: b\ntitle: b\nextends: a\nlanguage: fr\n")
    book, problems = load([base, heir], CALENDARS)
    assert [(one.line, one.message) for one in problems] == [(4, "terms are read in nl and en, not in fr")]
    assert (len(book.packs), book.phrases) == (1, ())


def test_two_recesses_without_a_day_between_give_no_date():
    recess = [{"from": "2026-07-01", "to": "2026-08-31", "name": "summer"},
              {"from": "2026-09-01", "to": "2026-09-10", "name": "autumn"}]  # fmt: skip
    calendars = Calendars(
        {"r": Calendar("r", (CalendarData.model_validate({"until": "2026-12-31", "recess": recess}),))}
    )
    term = Term.model_validate({"after": "end of summer recess", "before": "start of autumn recess", "calendar": "r"})
    found = resolve("between", SAID, [Phrase("between", term, "en")], calendars)
    assert found.unknown == (
        "“between” said on 2026-04-01: no day lies between end of summer recess and start of autumn recess (r)"
    )


# ------------------------------------------------------------------------------------------------- anything at all

words = st.sampled_from(
    "in binnen within 0 00 3 ３ ٣ 12 999 0900 0001 9999 2027 van of the eerste first 9th 0e quarter kwartaal weken "
    "week dagen jaar years werkdagen maart march volle full { } {year} ½ ² İ ß".split()
)
phrased = st.sampled_from([phrase.words for phrase in BOOK.phrases]).flatmap(
    lambda phrase: st.lists(words, min_size=5, max_size=5).map(
        lambda held: re.sub(r"\{\w+\}", lambda _: held.pop(), phrase)
    )
)
anything = st.lists(words | st.text(max_size=4), max_size=8).map(" ".join) | phrased


@settings(max_examples=examples(100), deadline=None)
@given(text=anything, said=st.dates() | st.none())
def test_no_text_is_too_much(text, said):
    found = resolve(text, said, BOOK.phrases, CALENDARS)
    assert bool(found.window) != bool(found.unknown)
    assert found.window is None or Window.parse(str(found.window)) == found.window


templates = st.lists(
    st.sampled_from(["{year}", "{month}", "{number}", "{ordinal}", "{unit}", "-", "-Q", " ", "2027", "3", "weeks", "{",
                     "}", "{0}", "{year!r}", "{year.x}", "{}", "/"]), max_size=5,
).map("".join)  # fmt: skip
keys = st.sampled_from(["in", "within", "full_week"])


@settings(max_examples=examples(100), deadline=None)
@given(
    terms=st.dictionaries(templates, st.dictionaries(keys, templates, min_size=1, max_size=2), max_size=3),
    text=anything,
)
def test_no_term_that_passes_stops_a_text(tmp_path_factory, terms, text):
    file = tmp_path_factory.mktemp("p") / "p.yaml"
    file.write_text(f"pack: p\ntitle: p\nterms: {json.dumps(terms)}\n")
    book, _ = load([file], CALENDARS)
    for said in (text, *terms):
        resolve(said, SAID, book.phrases, CALENDARS)
