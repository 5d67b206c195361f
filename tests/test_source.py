"""Strict reading and checking: R1, R2 and R3 of the reliability cases, and the sentences people see."""

import time
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, AnyUrl, BaseModel, ConfigDict, Field, model_validator

from commitments.model.commitment import Commitment
from commitments.reading.source import (
    Fault,
    Misfit,
    Problem,
    check,
    parse,
    problem,
    read,
)

BAD = Path(__file__).parent / "bad"


def told(text):
    _, problems = parse(text, "x.yaml")
    return [str(one) for one in problems]


def test_a_problem_shows_its_place_its_line_and_the_way_out():
    shown = Problem(
        file="rules/x.yaml",
        line=12,
        column=9,
        path="rules[0].due.period",
        message='"4 wekken" is not a period',
        hint="write 4 weeks",
        excerpt="  due: {period: 4 wekken, after: letter}",
    )
    assert str(shown) == (
        'rules/x.yaml:12:9: rules[0].due.period: "4 wekken" is not a period\n'
        "  12 |   due: {period: 4 wekken, after: letter}\n"
        "     |         ^\n"
        "  hint: write 4 weeks"
    )


def test_a_problem_of_a_whole_file_has_no_excerpt():
    assert str(Problem(file="x.yaml", line=0, column=0, path="", message="this file is empty")) == (
        "x.yaml: this file is empty"
    )


def test_the_caret_stays_below_its_column_behind_tabs_and_in_long_lines():
    tabbed = Problem(file="x", line=1, column=3, path="", message="m", excerpt="\ta\tb")
    assert str(tabbed).splitlines()[1:] == ["  1 | \ta\tb", "    | \t ^"]
    long = Problem(file="x", line=1, column=501, path="", message="m", excerpt="a" * 500 + "B" + "a" * 500)
    line, caret = str(long).splitlines()[1:]
    assert len(line) < 130
    assert line[caret.index("^")] == "B"


def test_an_excerpt_cannot_act_on_the_terminal():
    assert "\x1b" not in str(Problem(file="x", line=1, column=1, path="", message="m", excerpt="\x1b[2J"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [  # every file is R1, R2 or R3: its first problem, without the excerpt
        ("duplicate_key", ":2:1: due: 'due' is written twice, first on line 1"),
        ("anchor_and_alias", ":1:8: first: &weeks names a value for use elsewhere"),
        ("python_tag", ":1:6: run: the tag !!python/object/apply:os.system is not allowed"),
        ("two_documents", ":2:1: a second document begins here (---)"),
        ("unquoted_no", ":1:9: unless: no without quotes is true or false to some programs and text to others"),
        ("sexagesimal", ":1:9: cutoff: 12:30 without quotes is a number to base 60 to some programs"),
        ("octal", ":1:10: dossier: 010 without quotes is an octal number to some programs"),
        ("no_such_day", ":1:9: letter: '2026-02-30' is not a date: February 2026 has 28 days"),
        ("infinity", ":1:8: share: .inf is not a number that can be used here"),
        ("tab_indent", ":2:1: there is a tab in the indentation"),
        ("nul", ":1:9: there is an invisible character here that does not belong in a text (U+0000)"),
        ("latin1", ":1:11: this is not UTF-8: byte 0xe9, 'é' in Latin-1"),
        ("utf16", ": this file is written in UTF-16"),
        ("empty", ": this file is empty"),
        ("half_written", ":3:10: the mapping that begins here is not closed before line 4"),
        ("second_colon", ":1:13: there is a second colon on this line, or the line is indented too far"),
    ],
)
def test_bad_files_are_told_in_a_sentence_with_their_place(name, expected):
    path = BAD / f"{name}.yaml"
    _, problems = read(path)
    assert str(problems[0]).splitlines()[0] == f"{path}{expected}"
    assert problems[0].hint or name == "empty"


def test_all_mistakes_are_told_at_once_and_the_good_part_still_comes_out():
    document, problems = parse("a: 1\nb: yes\nc: 010\nc: 2\nd: 2018-07-13\n", "x.yaml")
    assert [one.path for one in problems] == ["b", "c", "c"]
    assert document.value == {"a": 1, "b": "yes", "c": "010", "d": date(2018, 7, 13)}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("34", 34),
        ("-3", -3),
        ("1.50", 1.5),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("2018-07-13", date(2018, 7, 13)),
        ("34 964", "34 964"),  # a dossier number
        ("1_000", "1_000"),  # a number to YAML 1.1 only
        ("1e3", "1e3"),
        ("9" * 40, "9" * 40),  # an identifier, not a number
        ("'no'", "no"),
        ('"010"', "010"),
        ("2018-07-13T10:00", "2018-07-13T10:00"),
        ("2027-Q1", "2027-Q1"),
        ("y", "y"),
    ],
)
def test_a_plain_value_means_one_thing(written, meant):
    document, problems = parse(f"key: {written}\n", "x.yaml")
    assert problems == ()
    assert document.value == {"key": meant}
    assert type(document.value["key"]) is type(meant)


def test_keys_are_always_text():
    document, problems = parse("on: 1\n2023: 2\nno: 3\n2018-07-13: 4\n", "x.yaml")
    assert problems == ()
    assert document.value == {"on": 1, "2023": 2, "no": 3, "2018-07-13": 4}


def test_a_byte_order_mark_and_windows_line_ends_are_accepted():
    document, problems = parse(b"\xef\xbb\xbfa: 1\r\nb: nope: 2\r\n", "x.yaml")
    assert document is None
    assert (problems[0].line, problems[0].column, problems[0].excerpt) == (2, 8, "b: nope: 2")
    assert parse(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "x.yaml")[0].value == {"a": 1, "b": 2}


def _bomb():
    levels = (f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10))
    return "a0: &a0 [x]\n" + "".join(levels)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [  # R3
        ("[" * 5000, "nested more than 20 levels deep"),
        ("{a: " * 5000, "nested more than 20 levels deep"),
        ("- " * 5000, "nested more than 20 levels deep"),
        ("x" * 50_000_000, "larger than 1 MB"),
        (_bomb(), "&a0 names a value for use elsewhere"),
    ],
)
def test_bombs_are_refused_within_a_tenth_of_a_second(data, sentence):
    start = time.perf_counter()
    _, problems = parse(data, "x.yaml")
    assert time.perf_counter() - start < 0.1
    assert sentence in problems[0].message


def test_a_large_file_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    start = time.perf_counter()
    assert [str(one) for one in read(path)[1]] == [
        f"{path}: this file is larger than 1 MB\n  hint: split it into several"
    ]
    assert time.perf_counter() - start < 0.1


def test_files_that_cannot_be_read_are_problems(tmp_path):
    assert str(read(tmp_path / "none.yaml")[1][0]) == f"{tmp_path}/none.yaml: there is no such file"
    assert str(read(tmp_path)[1][0]) == f"{tmp_path}: this is not a file"


@given(st.text(max_size=60))
def test_no_text_makes_the_reader_fail(text):
    document, problems = parse(text, "x.yaml")
    assert document is not None or problems
    assert all(str(one) for one in problems)


@given(st.binary(max_size=40))
def test_no_bytes_make_the_reader_fail(data):
    document, problems = parse(data, "x.yaml")
    assert document is not None or problems


COMMITMENT = "id: a\nkind: reply\ntitle: t\nby: nl/a\nto: nl/b\n"


@pytest.mark.parametrize(
    ("line", "expected", "hint"),
    [
        ("force: bindng", "6:8: force: force is one of binding, requested, expected, voluntary; not 'bindng'",
         "did you mean binding?"),
        ("titel: t", "6:1: titel: 'titel' is not known here",
         ("did you mean title? allowed: anchors, by, cycle, dossier, force, id, kind, made, parent, source, "
         "stated_due, title, to")),
        ("dossier: 34964", "6:10: dossier: dossier must be text, not the number 34964", 'write "34964" in quotes'),
        ("dossier: true", "6:10: dossier: dossier must be text, not true", 'write "true" in quotes'),
        ("made: soon", "6:7: made: made must be a date such as 2018-07-13, not 'soon'", ""),
        ("source: 3", "6:9: source: source must be a mapping, not the number 3", ""),
        ("source: {documnt: x}", "6:10: source.documnt: 'documnt' is not known here",
         "did you mean document? allowed: clause, document, quote, url"),
        ("anchors: {letter: soon}", "6:19: anchors.letter: 'soon' is not a date",
         "write 2027-12-13, 2027-12, 2025-Q1, 2027 or 2027-12-13/2027-12-19"),
        ("stated_due: 2018-W32", "6:13: stated_due: '2018-W32' is not a date",
         "write 2027-12-13, 2027-12, 2025-Q1, 2027 or 2027-12-13/2027-12-19"),
        ("stated_due: {date: 2027, until: inclusve}",
         "6:33: stated_due.until: until is one of inclusive, exclusive; not 'inclusve'", "did you mean inclusive?"),
        ("stated_due: 2027-13", "6:13: stated_due: '2027-13' is not a date: there is no month 13",
         "write 2027-12-13, 2027-12, 2025-Q1, 2027 or 2027-12-13/2027-12-19"),
        ("parent: a b", "6:9: parent: parent may not be written 'a b'", "write a-b"),
        ("parent: '—'", "6:9: parent: parent may not be written '—'", "use small letters, capitals, digits - . : _"),
        ("parent: {a: 1}", "6:9: parent: parent must be text, not a mapping", ""),
        ("parent: 2018-07-13", "6:9: parent: parent must be text, not the date 2018-07-13",
         'write "2018-07-13" in quotes'),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_without_jargon(line, expected, hint):
    document, _ = parse(f"{COMMITMENT}{line}\n", "x.yaml")
    made, problems = check(Commitment, document)
    assert made is None
    assert [str(one).splitlines()[0] for one in problems] == [f"x.yaml:{expected}"]
    assert problems[0].hint == hint


def test_what_is_missing_is_told_at_its_container():
    document, _ = parse("list:\n  - id: a\n    kind: reply\n", "x.yaml")
    _, problems = check(Commitment, document, ("list", 0))
    assert [(one.line, one.column, one.path, one.message, one.hint) for one in problems] == [
        (2, 5, "list[0]", "title is missing", "add title: …"),
        (2, 5, "list[0]", "by is missing", "add by: …"),
        (2, 5, "list[0]", "to is missing", "add to: …"),
    ]


def test_what_was_reported_when_read_is_not_told_twice_and_not_used():
    document, problems = parse(f"{COMMITMENT}made: 2018-02-30\n", "x.yaml")
    assert len(problems) == 1
    assert check(Commitment, document) == (None, ())
    aliased, _ = parse(f"x: &x 1\nc: {{{COMMITMENT.strip().replace(chr(10), ', ')}, dossier: *x}}\n", "x.yaml")
    assert check(Commitment, aliased, ("c",)) == (None, ())


class Pair(BaseModel):
    model_config = ConfigDict(extra="forbid")
    left: str = ""
    right: "str | int | Pair" = ""

    @model_validator(mode="after")
    def _equal(self):
        if self.left == "bad":
            raise Misfit(
                Fault(("left",), "left is bad", "write good"), Fault(("right",), "and so is right", at_key=True)
            )
        return self


def test_a_misfit_places_each_of_its_faults():
    document, _ = parse("pair: {left: bad, right: x}\n", "x.yaml")
    _, problems = check(Pair, document, ("pair",))
    assert [(one.column, one.path, one.message, one.hint) for one in problems] == [
        (14, "pair.left", "left is bad", "write good"),
        (19, "pair.right", "and so is right", ""),
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("[1]", ["right must be text or a whole number or a mapping, not a list"]),
        ("{right: [1]}", ["right must be text or a whole number or a mapping, not a list"]),
        ("{lefd: a}", ["'lefd' is not known here"]),
    ],
)
def test_of_a_value_that_can_be_several_things_all_are_named_once(value, expected):
    document, _ = parse(f"right: {value}\n", "x.yaml")
    assert [one.message for one in check(Pair, document)[1]] == expected


def _small(key):
    if key.isupper():
        raise ValueError(f"{key} is too loud; write {key.lower()}")
    return key


class Circle(BaseModel):
    shape: Literal["circle"]
    radius: Annotated[int, Field(ge=1, lt=10)]


class Square(BaseModel):
    shape: Literal["square"]
    sides: Annotated[tuple[float, ...], Field(min_length=1, max_length=4)]


class Drawing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    figure: Annotated[Circle | Square, Field(discriminator="shape")] | None = None
    name: Annotated[str, Field(min_length=2, max_length=4)] = "ab"
    scale: Literal[1, 2] = 1
    labels: dict[Annotated[str, AfterValidator(_small)], str] = {}
    url: AnyUrl | None = None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("figure: {shape: circel}", "1:17: figure.shape: shape is one of circle, square; not 'circel'"),
        ("figure: {radius: 2}", "1:9: figure: shape is missing"),
        ("figure: {shape: circle, radius: 0}", "1:33: figure.radius: radius must be at least 1, not '0'"),
        ("figure: {shape: circle, radius: 10}", "1:33: figure.radius: radius must be less than 10, not '10'"),
        ("figure: {shape: circle, radius: wide}",
         "1:33: figure.radius: radius must be a whole number, not 'wide'"),
        ("figure: {shape: circle}", "1:9: figure: radius is missing"),
        ("figure: {shape: square, sides: []}", "1:32: figure.sides: sides needs at least 1"),
        ("figure: {shape: square, sides: [1, 2, 3, 4, 5]}", "1:32: figure.sides: sides has more than 4"),
        ("name: a", "1:7: name: name needs at least 2 characters"),
        ("name: abcde", "1:7: name: name is longer than 4 characters"),
        ("scale: 3", "1:8: scale: scale is one of 1, 2; not '3'"),
        ("labels: {LOUD: x}", "1:10: labels.LOUD: LOUD is too loud"),
        ("url: none", "1:6: url: url does not fit: input should be a valid url, relative url without a base"),
        ("just a text", "1:1: this must be a mapping, not 'just a text'"),
    ],
)  # fmt: skip
def test_every_kind_of_misfit_has_its_sentence(text, expected):
    document, _ = parse(text, "x.yaml")
    assert [str(one).splitlines()[0] for one in check(Drawing, document)[1]] == [f"x.yaml:{expected}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("? [a]\n: b\n", ["1:3: a key must be a single word or text"]),
        ("*a : b\n", ["1:1: a key must be a single word or text"]),
        ("&a b: c\n", ["1:1: &a names a value for use elsewhere"]),
        ("<<: *x\n", ["1:5: <<: *x refers to another place"]),
        ("a: !mine x\n", ["1:4: a: the tag !mine is not allowed"]),
        ("a: @x\n", ["1:4: @ cannot begin a text"]),
        ('a: "\\q"\n', ["1:5: there is a backslash that means nothing here"]),
        ('{"a": "\\ud83d\\ude00"}', ["1:10: there is an escaped character here that does not exist by itself"]),
        ("a: 'b\n", ["1:4: the text that begins here is not closed before line 2"]),
        ("a: 1\nb\nc: 2\n", ["3:1: this line has no colon"]),
        ("- a\nb: 1\n", ["2:1: this line does not fit the list above it"]),
        ("%TAG ! !\n%TAG ! !\n", ["2:1: this is not YAML: found duplicate %TAG directive"]),
    ],
)
def test_what_yaml_does_not_allow_is_told_plainly(text, expected):
    assert [one.splitlines()[0].removeprefix("x.yaml:") for one in told(text)] == expected


def test_a_problem_made_elsewhere_finds_its_place():
    document, _ = parse("a:\n  b: [1, 22]\n", "x.yaml")
    assert str(problem(document, ("a", "b", 1), "too large", "write 2")) == (
        "x.yaml:2:10: a.b[1]: too large\n  2 |   b: [1, 22]\n    |          ^\n  hint: write 2"
    )
    assert problem(document, ("a", "b"), "m", at_key=True).column == 3
    assert problem(document, ("a", "zzz"), "m").line == 2  # not there: the nearest that is
