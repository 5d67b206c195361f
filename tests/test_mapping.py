"""Spreadsheets of others: a mapping file says what their columns are, a dry run what would come of it."""

import pytest

from commitments import exchange
from commitments.exchange.mapping import read_mapping

MAPPING = """\
columns: {Nr: id, Onderwerp: title, Ministerie: by, Datum: anchor.letter, Antwoord: fulfilled}
fixed: {kind: reply, to: nl/eerste-kamer}
values: {by: {Binnenlandse Zaken: nl/regering/bzk}}
dates: day-month-year
"""
SHEET = """\
Nr;Opmerking;Onderwerp;Ministerie;Datum;Antwoord
B-1;intern;1-2-2018;Binnenlandse Zaken;13-7-2018;30.08.2018
B-2;;Brief;nl/regering/fin;2018-07-14;
"""


@pytest.fixture
def mapped(tmp_path):
    def read(mapping, sheet, name="sheet.csv"):
        (tmp_path / "map.yaml").write_text(mapping, encoding="utf-8")
        (tmp_path / name).write_text(sheet, encoding="utf-8")
        found, problems = read_mapping(tmp_path / "map.yaml")
        assert problems == ()
        return exchange.read(tmp_path / name, found)

    return read


def told(problems):
    return [f"{one.line}:{one.column}: {one.message}" for one in problems]


def test_columns_are_taken_for_what_the_mapping_says(mapped):
    (first, second), problems = mapped(MAPPING, SHEET)
    assert problems == ()
    assert (first.id, first.commitment.kind, first.commitment.title) == ("B-1", "reply", "1-2-2018")
    assert (first.commitment.by, first.commitment.to) == (("nl/regering/bzk",), ("nl/eerste-kamer",))
    assert str(first.commitment.anchors["letter"]) == "2018-07-13"
    assert [(event.kind, str(event.occurred_on)) for event in first.events] == [("fulfilled", "2018-08-30")]
    assert (second.commitment.by, second.events) == (("nl/regering/fin",), ())
    assert str(second.commitment.anchors["letter"]) == "2018-07-14"


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ("day-month-year", "2018-03-04"),
        ("month-day-year", "2018-04-03"),
    ],
)
def test_the_order_of_day_and_month_is_said_and_not_guessed(mapped, dates, expected):
    mapping = f"columns: {{id: id, kind: kind, title: title, by: by, to: to, d: made}}\ndates: {dates}\n"
    (draft,), problems = mapped(mapping, "id,kind,title,by,to,d\na,k,t,a,b,4/3/2018\n")
    assert (problems, str(draft.commitment.made)) == ((), expected)


def test_without_an_order_a_day_in_numbers_is_refused(mapped):
    mapping = "columns: {id: id, kind: kind, title: title, by: by, to: to, d: made}\n"
    drafts, problems = mapped(mapping, "id,kind,title,by,to,d\na,k,t,a,b,4/3/2018\n")
    assert drafts == ()
    assert told(problems) == ["2:6: made must be a date such as 2018-07-13, not '4/3/2018'"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Datum: anchor.letter", "Dag: anchor.letter", ["1:1: there is no column 'Dag', which the mapping names"]),
        ("Onderwerp: title", "Onderwerp: titel",
         ["1:3: the column 'titel' is not known", "1:1: there is no column 'title'"]),
        ("kind: reply", "id: x, kind: reply", ["1:7: the column 'id' is there twice"]),
        (", to: nl/eerste-kamer", "", ["1:1: there is no column 'to'"]),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_the_sheet_is_told(mapped, old, new, expected):
    drafts, problems = mapped(MAPPING.replace(old, new), SHEET)
    assert drafts == ()
    assert told(problems) == expected


def test_a_mapping_with_a_mistake_is_told_and_nothing_is_taken_in(workspace, tmp_path):
    (tmp_path / "map.yaml").write_text("colums: {Nr: id}\n", encoding="utf-8")
    (tmp_path / "sheet.csv").write_text(SHEET, encoding="utf-8")
    status, out, err = workspace("import", "--map", "map.yaml", "sheet.csv")
    assert (status, out) == (1, "")
    assert "map.yaml:1:1: colums: 'colums' is not known here" in err


def test_a_mapping_that_is_not_there_is_told(workspace, tmp_path):
    (tmp_path / "sheet.csv").write_text(SHEET, encoding="utf-8")
    assert workspace("import", "--map", "no.yaml", "sheet.csv") == (1, "", "no.yaml: there is no such file\n\n")


def test_only_the_columns_of_csv_are_mapped(mapped):
    _, problems = mapped(MAPPING, "commitments:\n", "sheet.yaml")
    assert told(problems) == ["0:0: only the columns of CSV and XLSX can be mapped"]


def test_a_dry_run_shows_the_difference_and_the_import_makes_it(workspace, tmp_path):
    (tmp_path / "map.yaml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "sheet.csv").write_text(SHEET, encoding="utf-8")
    difference = "+ B-1  1-2-2018\n> B-1  fulfilled 2018-08-30\n+ B-2  Brief\n"
    tried = "sheet.csv: 2 new commitments, 1 event (tried only: nothing was written)\n"
    done = "sheet.csv: 2 new commitments, 1 event\n"
    assert workspace("import", "--map", "map.yaml", "sheet.csv", "--dry-run") == (0, difference + tried, "")
    assert workspace("import", "--map", "map.yaml", "sheet.csv") == (0, done, "")
    (tmp_path / "sheet.csv").write_text(SHEET.replace("Brief", "Nieuw"), encoding="utf-8")
    amended = "~ B-2  Nieuw\nsheet.csv: 1 amended, 1 unchanged (tried only: nothing was written)\n"
    assert workspace("import", "--map", "map.yaml", "sheet.csv", "--dry-run") == (0, amended, "")
