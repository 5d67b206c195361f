"""Undertakings from the open data of the Dutch House: each quirk that facts about the data name, by its row."""

import json
from datetime import date

import pytest

from commitments import exchange
from commitments.exchange.dossier import dossier_number
from commitments.model.commitment import (
    Citation,
    Commitment,
    Event,
    EventKind,
    Force,
    StatedDue,
)

OPEN = {
    "Nummer": "TZ202603-130",
    "Status": "Openstaand",
    "Aanmaakdatum": "2026-03-19T17:42:13.69+01:00",
    "ActiviteitNummer": "2026A01894",
    "DatumNakoming": "0001-01-01T00:00:00Z",
    "Tekst": "De minister zegt toe de Kamer voor de zomer te informeren.",
    "Verwijderd": False,
}


def read(tmp_path, *rows, **around):
    file = tmp_path / "toezeggingen.json"
    file.write_text(json.dumps({**around, "value": rows}, indent=1, ensure_ascii=False), encoding="utf-8")
    drafts, problems = exchange.read(file)
    return drafts, [(one.level, one.path, one.message) for one in problems]


def test_an_open_undertaking_is_a_commitment_of_the_government(tmp_path):
    row = OPEN | {
        "Ministerie": "Ministerie van Economische Zaken en Coördinatie",
        "Functie": "Minister van EZ",
        "Tussenvoegsel": "van",
        "Achternaam": "Dijk",
    }
    (draft,), problems = read(tmp_path, row)
    assert problems == []
    assert draft.events == ()
    assert draft.commitment == Commitment(
        id="TZ202603-130",
        kind="undertaking",
        title="De minister zegt toe de Kamer voor de zomer te informeren.",
        by=("nl/regering/economische-zaken-en-coordinatie/minister",),
        to=("nl/tweede-kamer",),
        force=Force.BINDING,
        made=date(2026, 3, 19),
        stated_due=StatedDue(phrase="De minister zegt toe de Kamer voor de zomer te informeren."),
        source=Citation(
            document="Tweede Kamer, toezegging TZ202603-130",
            clause="activiteit 2026A01894, Minister van EZ van Dijk",
            quote="De minister zegt toe de Kamer voor de zomer te informeren.",
        ),
    )


@pytest.mark.parametrize(
    ("told", "by"),
    [
        ({}, "nl/regering"),
        ({"Achternaam": "Wiersma"}, "nl/regering/wiersma"),
        ({"Achternaam": "Wiersma", "Functie": "Minister van LVVN"}, "nl/regering/minister-van-lvvn"),
        ({"Ministerie": "Financiën"}, "nl/regering/financien"),
        (
            {"Ministerie": "Financiën", "Functie": "staatssecretaris Fiscaliteit"},
            "nl/regering/financien/staatssecretaris",
        ),
        ({"Ministerie": None, "Functie": None}, "nl/regering"),
    ],
)
def test_who_promised_is_taken_from_what_is_told(tmp_path, told, by):
    (draft,), _ = read(tmp_path, OPEN | told)
    assert draft.commitment.by == (by,)


def test_what_does_not_fit_names_the_undertaking(tmp_path):
    drafts, problems = read(tmp_path, OPEN | {"Ministerie": "x" * 200})
    assert drafts == ()
    assert problems == [("error", "TZ202603-130.by", "by is longer than 200 characters")]


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-03-19T17:42:13.69+01:00", date(2026, 3, 19)),
        ("2026-03-19T23:30:00Z", date(2026, 3, 20)),  # half past midnight in the Netherlands
        ("2026-06-30T22:30:00Z", date(2026, 7, 1)),  # the same in summer
        ("2026-03-19T23:30:00.1234567", date(2026, 3, 19)),  # without a zone: local
        ("2026-03-19", date(2026, 3, 19)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+01:00", None),
        (None, None),
    ],
)
def test_a_moment_is_the_day_on_which_it_fell_in_the_netherlands(tmp_path, moment, day):
    (draft,), problems = read(tmp_path, OPEN | {"Aanmaakdatum": moment})
    assert (draft.commitment.made, problems) == (day, [])


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("Voldaan", EventKind.FULFILLED),
        ("Afgedaan", EventKind.FULFILLED),
        ("Deels Voldaan", EventKind.PARTLY_FULFILLED),
        ("deels  afgedaan", EventKind.PARTLY_FULFILLED),  # written otherwise
        ("Vervallen", EventKind.LAPSED),
    ],
)
def test_the_date_of_fulfilment_is_when_the_status_came_about(tmp_path, status, kind):
    (draft,), problems = read(tmp_path, OPEN | {"Status": status, "DatumNakoming": "2026-06-30T22:00:00Z"})
    assert (draft.events, problems) == ((Event(kind=kind, occurred_on=date(2026, 7, 1)),), [])


@pytest.mark.parametrize(
    ("letters", "document"),
    [
        (None, ""),
        ("2026D1", "2026D1"),
        (["2026D1", "2026D2", "2026D1"], "2026D1; 2026D2"),  # more than the one that the schema allows
        ([{"DocumentNummer": "2026D1"}, {"DocumentNummer": "2026D2"}], "2026D1; 2026D2"),
        ([], ""),
    ],
)
def test_the_letters_that_fulfil_it_are_its_documents(tmp_path, letters, document):
    row = OPEN | {"Status": "Voldaan", "DatumNakoming": "2026-07-01T00:00:00", "KamerbriefNakoming": letters}
    (draft,), problems = read(tmp_path, row)
    assert ([event.document for event in draft.events], problems) == ([document], [])


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"Status": "In behandeling"}, "value[0].Status", "the status 'In behandeling' is not known"),
        ({"Status": None}, "value[0].Status", "the status '' is not known"),
        ({"Status": ["Voldaan", "Vervallen"]}, "value[0].Status", "Status says 'Vervallen' and 'Voldaan'"),
        ({"Status": "Afgedaan"}, "value[0].Status",
         "the status is afgedaan, and there is no DatumNakoming that says since when: it is left out"),
        ({"Aanmaakdatum": "gisteren"}, "value[0].Aanmaakdatum",
         "Aanmaakdatum must be a moment such as 2026-03-19T17:42:13Z, not 'gisteren'"),
        ({"Nummer": None}, "value[0]", "this undertaking has no Nummer"),
    ],
)  # fmt: skip
def test_what_cannot_be_known_is_told_and_never_guessed(tmp_path, change, path, message):
    drafts, problems = read(tmp_path, OPEN | change, OPEN | {"Nummer": "TZ202603-131"})
    assert [draft.id for draft in drafts] == ["TZ202603-131"]
    assert problems == [("error", path, message)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"DatumNakoming": "2026-07-01T00:00:00"}, "fulfilled on 2026-07-01, yet openstaand: it is taken in as open"),
        ({"Status": "Deels Voldaan"},
         "the status is deels voldaan, and there is no DatumNakoming that says since when: it is taken in as open"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_taken_in_as_open_and_said(tmp_path, change, message):
    (draft,), problems = read(tmp_path, OPEN | change)
    assert draft.events == ()
    assert [(level, text) for level, _, text in problems] == [("warning", message)]


@pytest.mark.parametrize("removed", [True, "True", "true"])
def test_what_the_house_removed_is_left_out_and_said(tmp_path, removed):
    drafts, problems = read(tmp_path, OPEN | {"Verwijderd": removed})
    assert drafts == ()
    assert problems == [("warning", "value[0].Verwijderd", "the House removed TZ202603-130; it is left out")]


def test_a_row_that_cannot_be_read_is_told_and_the_others_are_taken_in(tmp_path):
    drafts, problems = read(tmp_path, "text", OPEN)
    assert [draft.id for draft in drafts] == ["TZ202603-130"]
    assert problems == [("error", "value[0]", "this is no undertaking of the House that can be read")]


def test_a_field_that_repeats_itself_says_it_once(tmp_path):
    (draft,), problems = read(tmp_path, OPEN | {"Status": ["Openstaand", "Openstaand"]})
    assert (draft.id, problems) == ("TZ202603-130", [])


def test_a_long_text_is_cut_in_the_title_and_names_no_term_beyond_what_is_kept(tmp_path):
    (first, second), _ = read(
        tmp_path, OPEN | {"Tekst": "a" * 300}, OPEN | {"Nummer": "TZ202603-131", "Tekst": "b" * 2001}
    )
    assert first.commitment.title == "a" * 199 + "…"
    assert first.commitment.stated_due.phrase == "a" * 300
    assert second.commitment.stated_due is None
    assert second.commitment.source.quote == "b" * 1999 + "…"


def test_an_undertaking_without_a_text_is_called_by_its_number(tmp_path):
    (draft,), problems = read(tmp_path, OPEN | {"Tekst": None})
    assert (draft.commitment.title, draft.commitment.stated_due, problems) == ("TZ202603-130", None, [])


def test_an_answer_of_the_service_is_known_by_its_context_and_a_page_by_the_address_of_the_next(tmp_path):
    context = "https://gegevensmagazijn.tweedekamer.nl/OData/v4/2.0/$metadata#Toezegging"
    assert read(tmp_path, **{"@odata.context": context}) == ((), [])
    next_page = {"@odata.context": context, "@odata.nextLink": f"{context}?$skip=250"}
    assert read(tmp_path, **next_page) == ((), [("warning", "@odata.nextLink", "this file is one page of several")])


def test_other_data_of_the_service_is_not_taken_for_undertakings(tmp_path):
    _, problems = read(tmp_path, {"Nummer": "2024Z01234", "Soort": "Motie"})
    assert [message for _, _, message in problems] == ["'value' is not known here"]


def test_the_same_file_twice_takes_in_nothing_new(workspace, tmp_path):
    """I3, by the command line: the second import says so, and the order of the rows does not matter."""
    done = OPEN | {"Nummer": "TZ202504-057", "Status": "Afgedaan", "DatumNakoming": "2026-05-01T00:00:00"}
    (tmp_path / "tk.json").write_text(json.dumps({"value": [OPEN, done]}), encoding="utf-8")
    assert workspace("import", "tk.json") == (0, "tk.json: 2 new commitments, 1 event\n", "")
    assert workspace("import", "tk.json") == (0, "tk.json: nothing new, 2 unchanged\n", "")
    (tmp_path / "tk.json").write_text(json.dumps({"value": [done, OPEN]}), encoding="utf-8")
    assert workspace("import", "tk.json") == (0, "tk.json: nothing new, 2 unchanged\n", "")


@pytest.mark.parametrize(
    ("relation", "text"),
    [
        ({"IsHerhalingVan": [{"Id": "0d5e…", "Nummer": "TZ202401-001"}]}, "herhaling van TZ202401-001"),
        ({"IsWijzigingVan": {"Id": "0d5e"}}, "wijziging van 0d5e"),
        ({"IsAanvullingOp": [{"Nummer": "TZ202401-001"}, {"Nummer": "TZ202401-002"}]},
         "aanvulling op TZ202401-001, TZ202401-002"),
    ],
)  # fmt: skip
def test_what_it_repeats_changes_or_adds_to_is_noted(tmp_path, relation, text):
    (draft,), problems = read(tmp_path, OPEN | relation)
    assert draft.events == (Event(kind=EventKind.NOTE, occurred_on=date(2026, 3, 19), note=text),)
    assert problems == []


def test_a_relation_that_no_day_can_be_given_is_told(tmp_path):
    (draft,), problems = read(tmp_path, OPEN | {"Aanmaakdatum": None, "IsHerhalingVan": [{"Nummer": "TZ202401-001"}]})
    assert draft.events == ()
    message = "herhaling van TZ202401-001: there is no Aanmaakdatum to note that on"
    assert problems == [("warning", "value[0].IsHerhalingVan", message)]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("34964", "34 964"),
        ("34 964", "34 964"),
        ("33.344", "33 344"),
        ("36600 XIII", "36 600-XIII"),
        ("21501-02", "21 501-02"),
        ("33 328 (R1952)", "33 328-(R1952)"),
        ("34 964, B", "34 964, B"),  # a document in a dossier
        ("begroting", "begroting"),
    ],
)
def test_a_dossier_has_one_form(written, number):
    assert dossier_number(written) == number
    assert dossier_number(number) == number


def test_the_dossiers_that_come_with_it_are_taken_over_in_their_one_form(tmp_path):
    found = [{"Nummer": 36600, "Toevoeging": "XIII"}, {"Nummer": 34964, "Toevoeging": None}]
    (draft,), _ = read(tmp_path, OPEN | {"Kamerstukdossier": found})
    assert draft.commitment.dossier == "36 600-XIII; 34 964"
