"""Registers in workbooks: read as tables, within every bound, and written so that nothing runs (I1, W3)."""

import io
import json
import zipfile
from datetime import UTC, date, datetime

import pytest
from openpyxl import Workbook, load_workbook

from commitments import exchange
from commitments.exchange import archive, xlsx_register
from commitments.exchange.mapping import ColumnMap
from commitments.model.commitment import (
    Citation,
    Commitment,
    Event,
    EventKind,
    StatedDue,
)
from commitments.model.dates import Window
from commitments.model.record import Record, Recorded

HEADER = ("id", "kind", "title", "by", "to", "made", "dossier", "stated_due", "fulfilled")
ROW = ("34964-B", "reply", "Brief", "nl/a|nl/c", "nl/b", date(2018, 7, 13), 34964, "2018-Q3", datetime(2018, 8, 30))  # noqa: DTZ001 (cells have no zone)


def book(path, *rows, name="Brieven", more=()):
    made = Workbook()
    made.active.title = name
    for row in rows:
        made.active.append(row)
    for title, others in more:
        sheet = made.create_sheet(title)
        for row in others:
            sheet.append(row)
    made.save(path)
    return path


def read(path, **options):
    drafts, problems = exchange.read(path, **options)
    return drafts, [str(one).removeprefix(f"{path}:") for one in problems]


def test_a_sheet_is_the_table_that_csv_holds_and_days_are_days(tmp_path):
    (draft,), problems = read(book(tmp_path / "r.xlsx", HEADER, ROW))
    assert problems == []
    assert draft.commitment == Commitment(
        id="34964-B",
        kind="reply",
        title="Brief",
        by=("nl/a", "nl/c"),
        to=("nl/b",),
        made=date(2018, 7, 13),
        dossier="34964",
        stated_due=StatedDue(date=Window.parse("2018-Q3")),
    )
    assert draft.events == (Event(kind=EventKind.FULFILLED, occurred_on=date(2018, 8, 30)),)
    assert draft.origin == (str(tmp_path / "r.xlsx"), 2)


def test_a_problem_names_the_sheet_the_row_and_the_letter_of_the_column(tmp_path):
    late = (*ROW[:5], "13 juli 2018", *ROW[6:])
    timed = ("x", *ROW[1:5], ROW[-1].replace(hour=10, minute=30), *ROW[6:])
    drafts, problems = read(book(tmp_path / "r.xlsx", HEADER, late, ("good", *ROW[1:]), timed))
    assert [draft.id for draft in drafts] == ["good"]
    assert problems == [
        "2:6: Brieven!F2 (made): made must be a date such as 2018-07-13, not '13 juli 2018'",
        "4:6: Brieven!F4 (made): made must be a date such as 2018-07-13, not '2018-08-30 10:30:00'",
    ]


def test_a_header_may_stand_lower_and_empty_cells_and_rows_are_no_matter(tmp_path):
    rows = ((), (None, None), HEADER, (), ROW, ("b", "reply", "t", "nl/a", "nl/b"), (None,) * 12)
    (first, second), problems = read(book(tmp_path / "r.xlsx", *rows))
    assert (first.id, first.origin[1], second.id, second.origin[1], problems) == ("34964-B", 5, "b", 6, [])


def test_the_first_sheet_is_read_and_the_others_are_named(tmp_path):
    path = book(tmp_path / "r.xlsx", HEADER, ROW, more=[("Oud", (HEADER, ("old", *ROW[1:])))])
    drafts, problems = read(path)
    assert [draft.id for draft in drafts] == ["34964-B"]
    assert problems == [
        f"{path}: warning: only the first sheet is taken in, 'Brieven'\n  hint: name another with --sheet: Oud".replace(
            f"{path}:", ""
        )
    ]
    drafts, problems = read(path, sheet="Oud")
    assert ([draft.id for draft in drafts], problems) == (["old"], [])
    assert read(path, sheet="Oudd")[1] == [" there is no sheet 'Oudd'\n  hint: did you mean Oud?"]


def test_the_columns_of_a_workbook_can_be_mapped(tmp_path):
    mapping = ColumnMap(
        columns={"Nr": "id", "Onderwerp": "title", "Datum": "made"},
        fixed={"kind": "reply", "by": "nl/a", "to": "nl/b"},
        dates="day-month-year",
    )
    rows = (("Nr", "Onderwerp", "Datum", "Opmerking"), (17, "Brief", date(2018, 7, 13), "x"), (18, "Brief", "3-8-2018"))
    (real, typed), problems = read(book(tmp_path / "r.xlsx", *rows), mapping=mapping)
    assert (real.id, real.commitment.made, typed.commitment.made) == ("17", date(2018, 7, 13), date(2018, 8, 3))
    assert problems == []


def test_what_is_for_other_files_is_told(tmp_path):
    csv = tmp_path / "r.csv"
    csv.write_text("id\n")
    assert read(csv, sheet="x")[1] == [" only an .xlsx workbook has sheets\n  hint: import it without --sheet"]


# ------------------------------------------------------------------------------------------------- what is wrong


def test_a_formula_whose_value_was_not_saved_and_an_error_are_told(tmp_path):
    rows = (HEADER, ("a", "reply", "=A2&B2", *ROW[3:]), ("b", "reply", "#REF!", *ROW[3:]), ("c", "reply", *ROW[2:]))
    drafts, problems = read(book(tmp_path / "r.xlsx", *rows))
    assert [draft.id for draft in drafts] == ["c"]
    assert problems == [
        (
            "2:3: Brieven!C2 (title): the value of this formula was not saved\n"
            "  hint: open the file in a spreadsheet and save it, or write the value in its place"
        ),
        (
            "3:3: Brieven!C3 (title): this cell holds the error #REF!\n"
            "  hint: mend the formula in the spreadsheet"
        ),
    ]  # fmt: skip


def test_a_formula_counts_as_what_it_came_to(tmp_path):
    path = book(tmp_path / "r.xlsx", HEADER, ("a", "reply", "=1+1", *ROW[3:]))
    changed(path, lambda _, data: data.replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>"))
    (draft,), problems = read(path)
    assert (draft.commitment.title, problems) == ("2", [])


def test_texts_that_cells_share_are_read_as_excel_writes_them(tmp_path):
    def share(name, data):
        if name == "[Content_Types].xml":
            kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
            override = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/>' % kind
            return data.replace(b"</Types>", override + b"</Types>")
        own = b'<c r="C2" t="inlineStr"><is><t>Brief</t></is></c>'
        assert name != "xl/worksheets/sheet1.xml" or own in data
        return data.replace(own, b'<c r="C2" t="s"><v>0</v></c>')

    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    shared = b'<sst xmlns="%s"><si><r><t>Een </t></r><r><t>brief_x000D_</t></r></si></sst>' % main
    path = changed(book(tmp_path / "r.xlsx", HEADER, ROW), share, **{"xl/sharedStrings.xml": shared})
    (draft,), problems = read(path)
    assert (draft.commitment.title, problems) == ("Een brief", [])


def changed(path, change, **extra):
    """Write the parts of a workbook anew."""
    with zipfile.ZipFile(path) as found:
        parts = {name: change(name, found.read(name)) for name in found.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in (parts | extra).items():
            made.writestr(name, data)
    return path


def same(_name, data):
    return data


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml"])
def test_entities_are_refused_wherever_they_are_declared(tmp_path, part):
    def declare(name, data):
        at = data.index(b"?>") + 2 if data.startswith(b"<?xml") else 0
        return data[:at] + BOMB + data[at:] if name == part else data

    path = changed(book(tmp_path / "r.xlsx", HEADER, ROW), declare)
    assert read(path) == (
        (),
        [f" {part} declares a document type, which no workbook does\n  hint: do not trust this file"],
    )


@pytest.mark.parametrize(
    "data",
    [
        '<?xml version="1.0" encoding="utf-16"?><x/>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="cp037"?>' + BOMB.decode().encode("cp037"),
        b'<?xml version="1.0"?><x>\0</x>',
    ],
)
def test_a_part_in_another_encoding_cannot_hide_them(tmp_path, data):
    path = changed(book(tmp_path / "r.xlsx", HEADER, ROW), same, **{"xl/theme/theme1.xml": data})
    assert read(path)[1] == [" xl/theme/theme1.xml is not written in UTF-8\n  hint: save it anew in a spreadsheet"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "xl/../../x", "..\\x", "C:/x"])
def test_names_that_lead_out_of_the_archive_are_refused(tmp_path, name):
    path = changed(book(tmp_path / "r.xlsx", HEADER, ROW), same, **{name: b"x"})
    assert f"a part of this archive is named {name!r}, which leads out of it" in read(path)[1][0]


def test_a_bomb_is_stopped_at_the_bound_whatever_it_says_of_its_size(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_BYTES", 3_000_000)
    path = changed(book(tmp_path / "r.xlsx", HEADER, ROW), same, **{"xl/media/a.bin": bytes(10_000_000)})
    assert path.stat().st_size < 30_000
    told = [" more than 3 MB come out of this archive\n  hint: split the workbook"]
    assert read(path)[1] == told
    data = path.read_bytes()
    at = data.rindex(b"PK\x01\x02")  # the last entry of the directory: its size lies 24 bytes on
    assert int.from_bytes(data[at + 24 : at + 28], "little") == 10_000_000
    path.write_bytes(data[: at + 24] + (1000).to_bytes(4, "little") + data[at + 28 :])
    assert read(path)[1][0].startswith(" this is not a whole .xlsx workbook: Bad CRC-32 for file 'xl/media/a.bin'")


def test_an_archive_in_an_archive_is_never_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_BYTES", 3_000_000)
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as nested:
        nested.writestr("bomb", bytes(10_000_000))
    path = changed(book(tmp_path / "r.xlsx", HEADER, ROW), same, **{"xl/embeddings/a.xlsx": inner.getvalue()})
    assert [draft.id for draft in read(path)[0]] == ["34964-B"]


def test_rows_columns_cells_and_parts_are_bounded(tmp_path, monkeypatch):
    def numbered(number):
        return lambda _, data: data.replace(b'<row r="2"', b'<row r="%d"' % number)

    monkeypatch.setattr(xlsx_register, "MOST_ROWS", 2000)
    path = changed(book(tmp_path / "r.xlsx", HEADER, ROW), numbered(2_000_000_000))
    assert read(path)[1] == [" the sheet 'Brieven' has more than 2000 rows"]
    wide = book(tmp_path / "w.xlsx", HEADER, (*ROW, *(None,) * 1000, "x"))
    assert read(wide)[1][0].startswith(" row 2 of 'Brieven' has more than 1000 cells")
    monkeypatch.setattr(xlsx_register, "MOST_CELLS", 20)
    many = book(tmp_path / "m.xlsx", HEADER, ROW, ROW)
    assert read(many)[1][0].startswith(" the sheet 'Brieven' has more than 20 cells")
    parts = changed(many, same, **{f"xl/media/{number}": b"" for number in range(1000)})
    assert "parts, a workbook at most 1000" in read(parts)[1][0]


def test_a_row_without_end_is_refused_before_it_is_built(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST_ROW", 200_000)
    path = book(tmp_path / "r.xlsx", HEADER, ROW)
    changed(path, lambda _, data: data.replace(b"</row></sheetData>", b"<c/>" * 100_000 + b"</row></sheetData>"))
    assert read(path)[1][0].startswith(" a row in xl/worksheets/sheet1.xml is larger than 0 MB")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "this is not a whole .xlsx workbook: File is not a zip file"),
        (b"id,kind\n", "this is not a whole .xlsx workbook: File is not a zip file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "this workbook is an old .xls, or has a password"),
    ],
)
def test_what_is_no_workbook_is_told(tmp_path, data, message):
    path = tmp_path / "r.xlsx"
    path.write_bytes(data)
    assert read(path)[1][0].splitlines()[0] == f" {message}"


def test_a_workbook_that_was_cut_off_or_is_another_archive_is_told(tmp_path):
    path = book(tmp_path / "r.xlsx", HEADER, ROW)
    path.write_bytes(path.read_bytes()[:-100])
    assert read(path)[1][0].startswith(" this is not a whole .xlsx workbook: ")
    with zipfile.ZipFile(path, "w") as other:
        other.writestr("a.txt", "x")
    assert read(path)[1][0].startswith(" this workbook cannot be read: ")
    changed(book(path, HEADER, ROW), lambda name, data: data[:-40] if "sheet1" in name else data)
    assert read(path)[1][0].startswith(" the sheet 'Brieven' cannot be read: ")


def test_an_empty_sheet_is_told(tmp_path):
    assert read(book(tmp_path / "r.xlsx"))[1] == [" the sheet 'Brieven' is empty"]


# ------------------------------------------------------------------------------------------------- writing out

NOW = datetime(2024, 1, 1, tzinfo=UTC)


def recorded(**more):
    values = {"id": "34964-B", "kind": "reply", "title": "Reply", "by": ["nl/a"], "to": ["nl/b"]} | more
    made = Event(kind=EventKind.MADE, occurred_on=date(2018, 7, 13), commitment=Commitment(**values))
    done = Event(kind=EventKind.FULFILLED, occurred_on=date(2018, 8, 30), document="=cmd|'/c calc'!A0")
    return Record(
        tuple(Recorded(event=one, seq=seq, recorded_at=NOW, actor="") for seq, one in enumerate([made, done]))
    )


def written(path, *records):
    path.write_bytes(b"".join(exchange.written("xlsx", records)))
    return path


def test_days_are_written_as_days_and_texts_as_texts_that_nothing_runs(tmp_path):
    path = written(tmp_path / "r.xlsx", recorded(made=date(2018, 7, 13), title="+31 70", dossier="2018-07-13"))
    sheet = load_workbook(path)["register"]
    names = {cell.value: cell.column - 1 for cell in sheet[1]}
    row = sheet[2]
    assert sheet.freeze_panes == "A2"
    assert (row[names["made"]].value, row[names["made"]].number_format) == (
        ROW[-1].replace(month=7, day=13),
        "yyyy-mm-dd",
    )
    for name in ("title", "dossier", "fulfilled.document"):
        assert row[names[name]].data_type == "s"
    assert row[names["fulfilled.document"]].quotePrefix  # also when someone edits the cell
    with zipfile.ZipFile(path) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize(
    "title",
    ["=1+1", "+31 70", "-2", "@SUM(A1)", "'=1+1", "''=1", "'s-Gravenhage", "a\nb\rc", "_x0041_", "\x01 \ufffe", "ïß“😀",
     "2018-07-13", "1e5"],
)  # fmt: skip
def test_every_text_comes_back_as_it_was(tmp_path, title):
    record = recorded(title=title, source=Citation(quote=title))
    (draft,), problems = exchange.read(written(tmp_path / "r.xlsx", record))
    assert (draft.commitment, problems) == (record.commitment, ())
    assert list(draft.events) == [record.history[1].event]


def test_what_csv_hid_from_a_spreadsheet_and_a_spreadsheet_saved_comes_back(tmp_path):
    (draft,), _ = read(book(tmp_path / "r.xlsx", HEADER, ("a", "reply", "'=1+1", *ROW[3:])))
    assert draft.commitment.title == "=1+1"


def test_days_that_spreadsheets_count_differently_are_written_as_text(tmp_path):
    record = recorded(made=date(1848, 11, 3))
    path = written(tmp_path / "r.xlsx", record)
    assert "1848-11-03" in [cell.value for cell in load_workbook(path)["register"][2]]
    assert exchange.read(path)[0][0].commitment == record.commitment


def test_a_workbook_goes_out_and_comes_in(workspace, tmp_path):
    assert workspace("export", "--format", "xlsx", "-o", "all.xlsx")[0] == 0
    status, out, _ = workspace("import", "all.xlsx")
    assert (status, out.partition(": ")[2].startswith("nothing new")) == (0, True)
    assert json.loads(workspace("list", "--json")[1])
