"""Register files in YAML, JSON and CSV: what they mean, and what is wrong with them at which place (I3, R1)."""

import json
from datetime import date

import pytest

from commitments import exchange
from commitments.model.commitment import (
    Citation,
    Commitment,
    Event,
    EventKind,
    Force,
    StatedDue,
)
from commitments.model.dates import Window

YAML = """\
commitments:
  - id: 34964-B
    kind: reply
    title: Reply on the Compacts
    by: nl/regering/staatssecretaris-jv
    to: nl/eerste-kamer/ia-jbz
    force: requested
    made: 2018-07-13
    anchors: {letter: 2018-07-13}
    dossier: "34 964"
    source: {document: "34 964, B", quote: binnen vier weken}
    events:
      - {fulfilled: 2018-08-30, document: letter of 30 August 2018}
      - {extended: 2021-11-23, to: 2023-01-01, decided_by: the committee}
      - {anchored: 2022-05-01, anchor: forum, date: 2022-05-17/2022-05-20}
      - {note: 2022-05-02, text: asked again}
      - {withdrawn: 2022-05-03, note: by letter}
events:
  - {commitment: grf-2019, fulfilled: 2019-12-18}
"""


def read(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    drafts, problems = exchange.read(path)
    return drafts, [str(one).removeprefix(f"{path}:") for one in problems]


def first_lines(problems):
    return [one.splitlines()[0] for one in problems]


def test_a_yaml_register_holds_commitments_with_their_events(tmp_path):
    (loose, draft), problems = read(tmp_path, "r.yaml", YAML)
    assert problems == []
    assert draft.commitment == Commitment(
        id="34964-B",
        kind="reply",
        title="Reply on the Compacts",
        by=("nl/regering/staatssecretaris-jv",),
        to=("nl/eerste-kamer/ia-jbz",),
        force=Force.REQUESTED,
        made=date(2018, 7, 13),
        anchors={"letter": Window.on(date(2018, 7, 13))},
        dossier="34 964",
        source=Citation(document="34 964, B", quote="binnen vier weken"),
    )
    assert type(draft.commitment) is Commitment
    assert draft.events == (
        Event(kind=EventKind.FULFILLED, occurred_on=date(2018, 8, 30), document="letter of 30 August 2018"),
        Event(
            kind=EventKind.EXTENDED,
            occurred_on=date(2021, 11, 23),
            date=Window.on(date(2023, 1, 1)),
            decided_by="the committee",
        ),
        Event(
            kind=EventKind.ANCHORED,
            occurred_on=date(2022, 5, 1),
            anchor="forum",
            date=Window(date(2022, 5, 17), date(2022, 5, 20)),
        ),
        Event(kind=EventKind.NOTE, occurred_on=date(2022, 5, 2), note="asked again"),
        Event(kind=EventKind.WITHDRAWN, occurred_on=date(2022, 5, 3), note="by letter"),
    )
    file = str(tmp_path / "r.yaml")
    assert (draft.origin, draft.places) == ((file, 2), tuple((file, line) for line in (13, 14, 15, 16, 17)))
    assert (loose.id, loose.commitment, loose.origin) == ("grf-2019", None, (file, 19))
    assert loose.events == (Event(kind=EventKind.FULFILLED, occurred_on=date(2019, 12, 18)),)


def test_json_is_read_as_the_yaml_that_it_is(tmp_path):
    made = {"id": "a", "kind": "reply", "title": "Café", "by": "nl/a", "to": ["nl/b"], "made": "2018-07-13"}
    event = {"commitment": "a", "fulfilled": "2018-08-30"}
    text = json.dumps({"commitments": [made], "events": [event]}, indent="\t")
    (loose, draft), problems = read(tmp_path, "r.json", text)
    assert problems == []
    assert (draft.commitment.title, draft.commitment.made) == ("Café", date(2018, 7, 13))
    assert loose.events[0].occurred_on == date(2018, 8, 30)


GOOD = "- {id: good, kind: k, title: t, by: a, to: b}"


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ("{fulfiled: 2018-08-30}", "4:9: commitments[1].events[0].fulfiled: 'fulfiled' is not known here"),
        ("{fulfilled: soon}",
         "4:20: commitments[1].events[0].fulfilled: fulfilled must be a date such as 2018-07-13, not 'soon'"),
        ("{fulfilled: 86400}",
         "4:20: commitments[1].events[0].fulfilled: fulfilled must be a date such as 2018-07-13, not the number 86400"),
        ("{fulfilled: 2018-08-30, lapsed: 2018-08-30}",
         "4:8: commitments[1].events[0]: this tells of fulfilled and lapsed"),
        ("{document: letter}", "4:8: commitments[1].events[0]: this does not say what happened"),
        ("{extended: 2018-08-30}", "4:8: commitments[1].events[0]: extended needs to"),
        ("{anchored: 2018-08-30, anchor: a}", "4:8: commitments[1].events[0]: anchored needs date"),
        ("{fulfilled: 2018-08-30, to: 2019}", "4:32: commitments[1].events[0].to: to does not belong to fulfilled"),
        ("{note: 2018-08-30}", "4:8: commitments[1].events[0]: note needs text"),
        ("{made: 2018-08-30}", "4:9: commitments[1].events[0].made: 'made' is not known here"),
    ],
)  # fmt: skip
def test_a_wrong_event_is_told_and_the_good_commitment_still_loads(tmp_path, events, expected):
    text = f"commitments:\n{GOOD}\n- {{id: bad, kind: k, title: t, by: a, to: b, events: [\n       {events}]}}\n"
    drafts, problems = read(tmp_path, "r.yaml", text)
    assert [draft.id for draft in drafts] == ["good"]
    assert first_lines(problems) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a\n", ["1:1: a register file begins with a key"]),
        ("comitments: []\n", ["1:1: comitments: 'comitments' is not known here"]),
        ("commitments: {a: 1}\n", ["1:14: commitments: commitments must be a list"]),
        ("commitments:\n- text\n", ["2:3: commitments[0]: this must be a mapping, not 'text'"]),
        ("events:\n- {fulfilled: 2018-08-30}\n", ["2:3: events[0]: commitment is missing"]),
        ("commitments:\n", []),
    ],
)
def test_a_wrong_shape_is_told(tmp_path, text, expected):
    drafts, problems = read(tmp_path, "r.yaml", text)
    assert drafts == ()
    assert first_lines(problems) == expected


def test_a_commitment_with_a_value_that_was_misread_is_not_used(tmp_path):
    text = f"commitments:\n{GOOD}\n- {{id: bad, kind: k, title: no, by: a, to: b}}\n"
    drafts, problems = read(tmp_path, "r.yaml", text)
    assert [draft.id for draft in drafts] == ["good"]
    assert first_lines(problems) == [
        "3:29: commitments[1].title: no without quotes is true or false to some programs and text to others"
    ]


CSV = (
    "id;kind;title;by;to;made;anchor.letter;stated_due;stated_until;source.document;"
    "fulfilled;fulfilled.document;extended;extended_to;extended.decided_by\r\n"
    'u1;undertaking;"A ""title""; long";nl/a|nl/b;nl/c;2018-01-02;2018-01-02;2018;exclusive;'
    "Handelingen;2018-08-30;letter;2018-03-01;2018-09;the committee\r\n"
    "\r\n"
    "u2;undertaking;t;nl/a;nl/c;;;;;;;;;;\r\n"
)


def test_a_csv_register_holds_a_commitment_a_row(tmp_path):
    (full, bare), problems = read(tmp_path, "r.csv", b"\xef\xbb\xbf" + CSV.encode())
    assert problems == []
    assert full.commitment == Commitment(
        id="u1",
        kind="undertaking",
        title='A "title"; long',
        by=("nl/a", "nl/b"),
        to=("nl/c",),
        made=date(2018, 1, 2),
        anchors={"letter": Window.on(date(2018, 1, 2))},
        stated_due=StatedDue(date="2018", until="exclusive"),
        source=Citation(document="Handelingen"),
    )
    assert full.events == (
        Event(
            kind=EventKind.EXTENDED,
            occurred_on=date(2018, 3, 1),
            date=Window.parse("2018-09"),
            decided_by="the committee",
        ),
        Event(kind=EventKind.FULFILLED, occurred_on=date(2018, 8, 30), document="letter"),
    )
    assert (bare.id, bare.events, bare.origin) == ("u2", (), (str(tmp_path / "r.csv"), 4))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_separator_is_found(tmp_path, delimiter):
    text = delimiter.join(("id", "kind", "title", "by", "to")) + "\n" + delimiter.join(("a", "reply", "t", "b", "c"))
    drafts, problems = read(tmp_path, "r.csv", text)
    assert [draft.id for draft in drafts] == ["a"]
    assert problems == []


HEADER = "id,kind,title,by,to,made,fulfilled,fulfilled.document\n"


@pytest.mark.parametrize(
    ("row", "expected"),
    [  # line : number of the cell
        ("a,reply,t,NL/B,c,,,", "2:4: by: by[0] may not be written 'NL/B'\n  hint: write nl/b"),
        ("a,reply,t,b,c,13-7-2018,,", "2:6: made: made must be a date such as 2018-07-13, not '13-7-2018'"),
        # what a spreadsheet makes of an empty cell that a formula refers to, and a number that is a day to pydantic
        ("a,reply,t,b,c,0,,", "2:6: made: made must be a date such as 2018-07-13, not '0'"),
        ("a,reply,t,b,c,,0.0,", "2:7: fulfilled: fulfilled must be a date such as 2018-07-13, not '0.0'"),
        ("a,reply,t,b,c,-86400,,", "2:6: made: made must be a date such as 2018-07-13, not '-86400'"),
        ("a,reply,,b,c,,,", "2:1: title is missing\n  hint: add title: …"),
        ("a,reply,t", "2:1: this row has 3 cells, the header 8\n  hint: put a cell that holds the separator in quotes"),
        ("a,reply,t,b,c,,,,x", ("2:1: this row has 9 cells, the header 8\n"
         "  hint: put a cell that holds the separator in quotes")),
    ],
)  # fmt: skip
def test_a_wrong_row_is_told_and_the_others_load(tmp_path, row, expected):
    drafts, problems = read(tmp_path, "r.csv", f"{HEADER}{row}\ngood,reply,t,b,c,,,,,\n")
    assert [draft.id for draft in drafts] == ["good"]  # cells that a spreadsheet added are no matter while empty
    assert problems == [expected]


def test_what_is_said_of_an_event_that_did_not_happen_is_told(tmp_path):
    _, problems = read(tmp_path, "r.csv", f"{HEADER}a,reply,t,b,c,,,letter\n")
    assert first_lines(problems) == ["2:8: fulfilled.document: this does not say what happened"]


def test_what_settles_comes_last_of_what_happened_on_one_day(tmp_path):
    """A row has no order: a delay announced on the day of the answer came before it."""
    text = "id,kind,title,by,to,fulfilled,delay_notice\na,reply,t,b,c,2018-08-30,2018-08-30\n"
    (draft,), problems = read(tmp_path, "r.csv", text)
    assert problems == []
    assert [event.kind for event in draft.events] == [EventKind.DELAY_NOTICE, EventKind.FULFILLED]


@pytest.mark.parametrize(
    ("line", "place", "shown"),
    [
        ("stated_due: 9999-12-31", "8:17: commitments[1].stated_due", "9999-12-31"),
        ("stated_due: {date: 0001-01-01, until: exclusive}", "8:17: commitments[1].stated_due", "0001-01-01"),
        ("anchors: {letter: 9999}", "8:23: commitments[1].anchors.letter", "9999"),
        ("made: 0001-01-01", "8:11: commitments[1].made", "0001-01-01"),
        ("events: [{extended: 2018-08-30, to: 9999-12-31}]", "8:41: commitments[1].events[0].to", "9999-12-31"),
    ],
)
def test_a_date_that_stands_for_none_is_told(tmp_path, line, place, shown):
    """One such deadline in the register, and no list, no pass and no audit could be made any more."""
    text = f"commitments:\n  {GOOD}\n  - id: bad\n    kind: k\n    title: t\n    by: a\n    to: b\n    {line}\n"
    drafts, problems = read(tmp_path, "r.yaml", text)
    assert first_lines(problems) == [f"{place}: {shown} stands for no date"]
    assert [draft.id for draft in drafts] == ["good"]


def test_what_is_its_own_parent_is_told(tmp_path):
    drafts, problems = read(tmp_path, "r.csv", "id,kind,title,by,to,parent\na,reply,t,b,c,a\n")
    assert drafts == ()
    assert problems == [
        "2:6: parent: a cannot be a part of itself\n  hint: write the id of the whole, or leave parent out"
    ]


def test_a_party_named_twice_is_one(tmp_path):
    """The account counted such a commitment twice with it."""
    (draft,), problems = read(tmp_path, "r.csv", "id,kind,title,by,to\na,reply,t,b|c|b,c|c\n")
    assert (draft.commitment.by, draft.commitment.to, problems) == (("b", "c"), ("c",), [])


def test_a_row_over_several_lines_keeps_the_count(tmp_path):
    _, problems = read(tmp_path, "r.csv", f'{HEADER}a,reply,"two\nlines",b,c,,,\nb,reply,t,b,c,soon,,\n')
    assert first_lines(problems) == ["4:6: made: made must be a date such as 2018-07-13, not 'soon'"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [  # a header with a mistake is refused whole: every row would say something else than was meant
        (b"id,kind,title,by,to,fulfiled\na,reply,t,b,c,2018-08-30\n",
         ["1:6: the column 'fulfiled' is not known\n  hint: did you mean fulfilled?"]),
        (b"id,kind,title,by,to,id\n", ["1:6: the column 'id' is there twice\n  hint: keep one of the two"]),
        (b"id,kind,title,by\n", ["1:1: there is no column 'to'\n  hint: add it; needed are id, kind, title, by, to"]),
        (b"", [" this file is empty"]),
        (b"id,kind,title,by,to\na,caf\xe9\n",
         [("2:6: this is not UTF-8: byte 0xe9, '\u00e9' in Latin-1\n  2 | a,caf\u00e9\n    |      ^\n"
          "  hint: save the file as UTF-8")]),
        (b'id,kind,title,by,to\n"a,reply\n',
         [(" this is not CSV: unexpected end of data\n"
          "  hint: close every quote, and write a quote inside quotes twice")]),
    ],
)  # fmt: skip
def test_a_wrong_csv_file_is_told(tmp_path, text, expected):
    assert read(tmp_path, "r.csv", text) == ((), expected)


def test_a_file_of_another_kind_is_told(tmp_path):
    assert read(tmp_path, "r.docx", "") == (
        (),
        [" .docx is not a register file\n  hint: use one of .yaml, .yml, .json, .jsonl, .csv, .xlsx"],
    )


def test_a_register_may_be_larger_than_a_rule_file_but_not_endless(tmp_path):
    row = "a{},reply,t,b,c,,," + " " * 1000 + "\n"
    drafts, _ = read(tmp_path, "r.csv", HEADER + "".join(row.format(number) for number in range(1200)))
    assert len(drafts) == 1200
    assert read(tmp_path, "r.yaml", b"#" * 20_000_001)[1] == [
        " this file is larger than 20 MB\n  hint: split it into several"
    ]


ROWS = b"id,kind,title,by,to\na,reply,t,b,c\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [  # what cannot be text or CSV is refused whole, however far down it stands
        (ROWS + b"b,reply,\x00,b,c\n",
         [("3:9: there is an invisible character here that does not belong in a text (U+0000)\n  3 | b,reply,·,b,c\n"
           "    |         ^\n  hint: remove it; if the file was cut off or damaged, restore it")]),
        (ROWS + b"b,reply," + b"x" * 131_073 + b",b,c\n",
         [(" this is not CSV: a cell is longer than 131072 characters\n"
           "  hint: close every quote, and write a quote inside quotes twice")]),
        (ROWS + b'b,reply,"' + b"x\n" * 100_000,  # a quote that never closes swallows no more than a cell may hold
         [(" this is not CSV: a cell is longer than 131072 characters\n"
           "  hint: close every quote, and write a quote inside quotes twice")]),
        (ROWS + b"x" * 1_000_001,
         [" line 3 is longer than 1 MB\n  hint: break it up; is this the file that was meant?"]),
        ("id,kind".encode("utf-16"), [" this file is written in UTF-16\n  hint: save it as UTF-8"]),
        (b"\n\n", [" the first line is empty\n  hint: write the names of the columns there"]),
    ],
)  # fmt: skip
def test_a_csv_file_out_of_bounds_is_refused_whole(tmp_path, text, expected):
    assert read(tmp_path, "r.csv", text) == ((), expected)


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
def test_lines_may_end_in_any_way(tmp_path, end):
    drafts, problems = read(tmp_path, "r.csv", ROWS.replace(b"\n", end) + b"b,reply,t,b,c")
    assert ([(draft.id, draft.origin[1]) for draft in drafts], problems) == ([("a", 2), ("b", 3)], [])


def test_json_that_is_nested_too_deep_is_refused(tmp_path):
    assert first_lines(read(tmp_path, "r.json", "[" * 100_000)[1]) == ["1:21: this is nested more than 20 levels deep"]
