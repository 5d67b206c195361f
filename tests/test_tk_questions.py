"""Written questions from the open data of the Dutch House: a Zaak with its Documents becomes what the pack counts."""

import json
from datetime import date
from pathlib import Path

import pytest

from commitments import exchange
from commitments.model.commitment import EventKind
from commitments.model.dates import Window

FILE = Path(__file__).parent / "cases" / "tk_schriftelijke_vragen.json"


def paper(kind, day, number="2025D04328", **more):
    return {"Soort": kind, "Datum": f"{day}T00:00:00+01:00", "DocumentNummer": number, "Verwijderd": False} | more


ASKED = {
    "Nummer": "2024Z21564",
    "Soort": "Schriftelijke vragen",
    "Titel": "Schriftelijke vragen",
    "Onderwerp": "Het bericht over kernenergie",
    "GestartOp": "2024-12-20T00:00:00+01:00",
    "Termijn": None,
    "Afgedaan": False,
    "Verwijderd": False,
    "Document": [paper("Schriftelijke vragen", "2024-12-20", "2024D51234")],
    "ZaakActor": [
        {"Relatie": "Indiener", "ActorNaam": "S.P.A. Erkens", "ActorFractie": "VVD", "Functie": "Tweede Kamerlid"},
        {"Relatie": "Gericht aan", "ActorNaam": "S.T.M. Hermans", "Functie": "minister van Klimaat en Groene Groei"},
    ],
}
ANSWER = paper("Antwoord schriftelijke vragen", "2025-02-04")
DELAY = paper("Mededeling (uitstel antwoord)", "2025-01-10", "2025D00990", Onderwerp="Uitstel beantwoording vragen")


def read(tmp_path, *rows):
    file = tmp_path / "vragen.json"
    file.write_text(json.dumps({"value": rows}, indent=1), encoding="utf-8")
    drafts, problems = exchange.read(file)
    return drafts, [(one.level, one.path, one.message) for one in problems]


def told(draft):
    return [(event.kind.value, str(event.occurred_on), event.document) for event in draft.events]


def with_papers(*papers, **more):
    return ASKED | {"Document": [*ASKED["Document"], *papers]} | more


def test_a_question_is_owed_by_the_minister_it_is_addressed_to_from_the_day_it_was_sent(tmp_path):
    (draft,), problems = read(tmp_path, ASKED)
    asked = draft.commitment
    assert problems == []
    assert (asked.id, asked.kind, asked.title) == ("2024Z21564", "question", "Het bericht over kernenergie")
    assert (asked.by, asked.to) == (("nl/regering/klimaat-en-groene-groei/minister",), ("nl/tweede-kamer",))
    assert (asked.made, asked.anchors) == (date(2024, 12, 20), {"sent": Window.on(date(2024, 12, 20))})
    assert (asked.stated_due, asked.source.clause) == (None, "gesteld door S.P.A. Erkens")
    assert draft.events == ()


def test_a_term_that_is_told_is_the_stated_deadline(tmp_path):
    (draft,), _ = read(tmp_path, ASKED | {"Termijn": "2025-01-09T23:00:00Z"})
    assert draft.commitment.stated_due.date == Window.on(date(2025, 1, 10))
    (draft,), _ = read(tmp_path, ASKED | {"Termijn": "0001-01-01T00:00:00Z"})
    assert draft.commitment.stated_due is None


@pytest.mark.parametrize(
    ("papers", "events"),
    [
        ((ANSWER,), [("fulfilled", "2025-02-04", "2025D04328")]),
        ((ANSWER, DELAY), [("delay_notice", "2025-01-10", "2025D00990"), ("fulfilled", "2025-02-04", "2025D04328")]),
        # the documents of one day, in the order in which it can have happened
        ((ANSWER, DELAY | {"Datum": ANSWER["Datum"]}),
         [("delay_notice", "2025-02-04", "2025D00990"), ("fulfilled", "2025-02-04", "2025D04328")]),
        # a delay that is announced after the answer delays nothing
        ((ANSWER, DELAY | {"Datum": "2025-02-05T00:00:00"}),
         [("note", "2025-02-05", "2025D00990"), ("fulfilled", "2025-02-04", "2025D04328")]),
        # the first answer is the answer
        ((paper("Antwoord schriftelijke vragen", "2025-02-07", "2025D1"), ANSWER),
         [("note", "2025-02-07", "2025D1"), ("fulfilled", "2025-02-04", "2025D04328")]),
        ((ANSWER, paper("Antwoord schriftelijke vragen (nader)", "2025-03-01", "2025D2")),
         [("note", "2025-03-01", "2025D2"), ("fulfilled", "2025-02-04", "2025D04328")]),
        ((paper("Mededeling", "2025-01-06", "2025D3", Onderwerp="Vragen Erkens ingetrokken"),),
         [("withdrawn", "2025-01-06", "2025D3")]),
        ((paper("Mededeling (uitstel antwoord)", "2025-01-06", "2025D3", Titel="Intrekken vragen"),),
         [("withdrawn", "2025-01-06", "2025D3")]),
        ((paper("Mededeling", "2025-01-06", "2025D3", Onderwerp="Doorgezonden"),), [("note", "2025-01-06", "2025D3")]),
        # what the House removed did not happen
        ((ANSWER | {"Verwijderd": "True"},), []),
        ((paper("Bijlage", "2025-02-04"),), []),
    ],
)  # fmt: skip
def test_documents_tell_what_became_of_it(tmp_path, papers, events):
    (draft,), problems = read(tmp_path, with_papers(*papers))
    assert (told(draft), problems) == (events, [])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (ASKED | {"Afgedaan": True}, "2024Z21564 is afgedaan, and no answer is there: it is taken in as open"),
        (with_papers(paper("Antwoord schriftelijke vragen (concept)", "2025-02-04")),
         "2025D04328 is a 'Antwoord schriftelijke vragen (concept)', which is not known: it is left out"),
        (with_papers(ANSWER | {"Datum": None}),
         "2025D04328 (Antwoord schriftelijke vragen) has no day: it is left out"),
    ],
)  # fmt: skip
def test_what_is_doubtful_is_taken_in_as_open_and_said(tmp_path, row, message):
    (draft,), problems = read(tmp_path, row)
    assert draft.events == ()
    assert [(level, text) for level, _, text in problems] == [("warning", message)]


def test_a_question_without_its_documents_is_left_out_for_it_would_seem_open(tmp_path):
    drafts, problems = read(tmp_path, {name: value for name, value in ASKED.items() if name != "Document"})
    message = "2024Z21564 comes without its documents: nobody can say whether it was answered"
    assert (drafts, problems) == ((), [("error", "value[0]", message)])


def test_other_business_of_the_house_is_left_out_and_said(tmp_path):
    drafts, problems = read(tmp_path, ASKED, {"Nummer": "2024Z01234", "Soort": "Motie"})
    assert [draft.id for draft in drafts] == ["2024Z21564"]
    assert problems == [
        ("warning", "value[1].Soort", "2024Z01234 is not a written question but 'Motie'; it is left out")
    ]


def test_the_question_of_erkens_is_late_as_the_pack_counts_it(workspace, tmp_path):
    settings = tmp_path / "gestand.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("nl-eerste-kamer,", "nl-eerste-kamer, nl-tweede-kamer,"), encoding="utf-8")
    (tmp_path / "tk.json").write_bytes(FILE.read_bytes())
    assert workspace("import", "tk.json") == (0, "tk.json: 3 new commitments, 4 events\n", "")
    assert workspace("import", "tk.json") == (0, "tk.json: nothing new, 3 unchanged\n", "")
    rows = {row["id"]: row for row in json.loads(workspace("list", "--json")[1]) if row["kind"] == "question"}
    assert (rows["2024Z21564"]["status"], rows["2024Z21564"]["days_late_current"]) == ("fulfilled_late", 4)
    assert rows["2025Z00017"]["status"] == EventKind.WITHDRAWN.value
