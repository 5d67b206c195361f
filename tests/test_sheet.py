"""The table that goes with a digest: read back as a spreadsheet reads it."""

import csv
import io
from dataclasses import replace

import pytest
from sample_digest import ITEMS, LATE, LETTER, MOVED_AND_LATE, commitment, digest

from notifications.content.languages import LANGUAGES
from notifications.content.notice import Reason
from notifications.message.sheet import sheet


def table(made: bytes, separator: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made.decode("utf-8-sig")), delimiter=separator))


def test_a_row_says_all_there_is_in_cells_of_its_own():
    made = sheet(digest("en", LETTER), base="https://gestand.example.org")
    assert made.startswith(b"\xef\xbb\xbfSection,Id,")  # without the mark Excel takes it for Windows-1252
    assert made.count(b"\r\n") == made.count(b"\n") == 2
    assert table(made) == [
        {
            "Section": "Newly overdue",
            "Id": "34964-B",
            "Commitment": "Reply on the Global Compact on Refugees and the Global Compact for Migration",
            "Owed by": "Staatssecretaris van Justitie en Veiligheid",
            "Owed to": "commissie Immigratie en Asiel / JBZ-Raad",
            "Kind": "reply",
            "Dossier": "34 964",
            "Force": "",
            "Due": "2018-08-10",
            "Originally due": "2018-08-10",
            "State": "3 days late",
            "Days late": "3",
            "Days late against the original date": "3",
            "Settled on": "",
            "Because": "4 weeks after the letter of 13 July 2018",
            "Quote": "binnen vier weken na dagtekening van deze brief",
            "Source": "Kamerstukken I 2017-2018, 34 964, B, letter of 13 July 2018",
            "Address of the source": "",
            "Page": "https://gestand.example.org/commitments/34964-B",
        }
    ]


def test_a_dutch_table_is_one_that_a_dutch_spreadsheet_opens():
    (late, moved) = table(sheet(digest("nl", LATE, MOVED_AND_LATE)), ";")[::-1]
    assert (late["Onderdeel"], late["Afgedaan op"], late["Dagen te laat"]) == ("Afgedaan", "2018-06-30", "1")
    assert (moved["Termijn"], moved["Oorspronkelijke termijn"], moved["Pagina"]) == ("2018-07-01", "2018-04-01", "")


def test_every_row_is_there_also_beyond_those_that_the_mail_shows():
    many = [replace(LETTER, commitment=commitment(f"a-{number:04}")) for number in range(777)]
    assert len(table(sheet(digest("en", *many)))) == 777


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_column(language):
    assert LANGUAGES[language].columns.keys() == LANGUAGES["en"].columns.keys()
    separator = LANGUAGES[language].separator
    assert len(table(sheet(digest(language)), separator)) == len(ITEMS)


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", '=HYPERLINK("http://evil.example")', "\r=1"]


@pytest.mark.parametrize("evil", FORMULAS)
def test_no_cell_is_a_formula(evil):
    reason = Reason(rule="stated", quote=evil, document=evil, phrase=evil)
    hit = replace(LETTER, commitment=commitment("a", title=f"{evil} title", dossier=evil), reason=reason)
    for cell in table(sheet(digest("en", hit, names={"example/ministry": evil}, packs=())))[0].values():
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_only_addresses_on_the_web_are_told_as_addresses():
    evil = replace(LETTER, reason=Reason(rule="r", url="javascript:alert(1)"))
    good = replace(LETTER, commitment=commitment("b"), reason=Reason(rule="r", url="https://example.org/a?b=c#d"))
    found = [row["Address of the source"] for row in table(sheet(digest("en", evil, good)))]
    assert sorted(found) == ["", "https://example.org/a?b=c#d"]
