"""Draft reminders: exact in both languages, with the facts of the register and nothing else, in every form."""

import io
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from docx import Document
from docx.enum.text import WD_COLOR_INDEX

from notifications.letters.docx import as_docx
from notifications.letters.letter import (
    as_html,
    as_text,
    draft,
    languages,
)
from notifications.message.specimen import reminders

OVERDUE = "2018-08-27"
PROMISE = """\
commitments:
  - id: T-1
    kind: undertaking
    title: De Kamer informeren over de evaluatie
    by: nl/regering/jenv/staatssecretaris
    to: nl/eerste-kamer
    made: 2026-03-10
    stated_due: {date: 2026-07-01, phrase: voor de zomer}
    dossier: 35 000
    source: {document: "Handelingen I 2025-2026, nr. 22"}
    events:
      - {delay_notice: 2026-06-20, document: brief van 20 juni 2026, note: het advies is nog niet gereed}
      - {extended: 2026-07-05, to: 2026-10-01, decided_by: de commissie, document: besluitenlijst van 5 juli 2026}
      - {partly_fulfilled: 2026-09-15, document: brief van 15 september 2026}
      - {note: 2026-10-10, text: Rappel aan de staatssecretaris, document: brief van 10 oktober 2026}
      - {note: 2026-10-20, text: telefonisch nagevraagd}
      - {note: 2026-11-01, text: "rappel"}
"""


@pytest.fixture
def promised(workspace, tmp_path):
    """A workspace with an undertaking to which much has happened."""
    (tmp_path / "promise.yaml").write_text(PROMISE)
    assert workspace("import", "promise.yaml", "--actor", "clerk")[0] == 0
    return workspace


# ------------------------------------------------------------------------------------------------- what it says


def test_the_letter_of_13_july_2018_in_dutch(workspace):
    status, out, _ = workspace("letter", "34964-B", "--language", "nl", "--as-of", OVERDUE)
    assert status == 0
    assert out == (
        """\
BRIEF VAN DE VOORZITTER VAN DE COMMISSIE IMMIGRATIE EN ASIEL / JBZ-RAAD

Aan: Staatssecretaris van Justitie en Veiligheid

[Plaats], 27 augustus 2018

Betreft: rappel · Vervolgvragen over de Global Compacts over vluchtelingen en
migratie · dossier 34 964 · kenmerk 34964-B

De commissie heeft zich bij brief van 13 juli 2018 tot u gewend inzake
“Vervolgvragen over de Global Compacts over vluchtelingen en migratie”
(Kamerstukken I 2017-2018, 34 964, B, brief van 13 juli 2018). Zij heeft
verzocht uw reactie te ontvangen “binnen vier weken na dagtekening van deze
brief”, derhalve uiterlijk op vrijdag 10 augustus 2018.

De commissie stelt vast dat deze termijn inmiddels met 17 dagen is
overschreden en dat zij uw reactie nog niet heeft ontvangen.

De commissie verzoekt u uw reactie alsnog aan haar te doen toekomen, en wel
binnen twee weken na dagtekening van deze brief. Indien dat niet mogelijk is,
verneemt zij binnen dezelfde termijn graag wat daarvan de reden is en op welke
datum zij uw reactie tegemoet kan zien.

De voorzitter van de commissie Immigratie en Asiel / JBZ-Raad,
[naam]
"""
    )


def test_the_letter_of_13_july_2018_in_english_on_the_first_day_late(workspace):
    _, out, _ = workspace("letter", "34964-B", "--language", "en", "--as-of", "2018-08-11")
    assert out == (
        """\
LETTER FROM THE CHAIR OF THE COMMISSIE IMMIGRATIE EN ASIEL / JBZ-RAAD

To: Staatssecretaris van Justitie en Veiligheid

[Place], 11 August 2018

Reminder: Vervolgvragen over de Global Compacts over vluchtelingen en migratie
· dossier 34 964 · reference 34964-B

The Committee wrote to you on 13 July 2018 concerning “Vervolgvragen over de
Global Compacts over vluchtelingen en migratie” (Kamerstukken I 2017-2018, 34
964, B, brief van 13 juli 2018). It asked to receive your reply “binnen vier
weken na dagtekening van deze brief”, that is, no later than Friday 10 August
2018.

The Committee notes that this date has passed by 1 day and that it has not yet
received your reply.

The Committee asks you to let it have your reply within two weeks of the date
of this letter. Should that not be possible, it would be grateful to learn
within the same term for what reason, and on which date it may expect your
reply.

The Chair of the commissie Immigratie en Asiel / JBZ-Raad,
[name]
"""
    )


def test_an_undertaking_that_was_put_off_partly_met_and_reminded_of(promised):
    status, out, _ = promised("letter", "T-1", "--language", "nl", "--as-of", "2026-11-26")
    assert status == 0
    assert (
        """\
Op 10 maart 2026 is aan de Kamer toegezegd: “De Kamer informeren over de
evaluatie” (Handelingen I 2025-2026, nr. 22). Daarbij is als termijn genoemd:
“voor de zomer”, derhalve uiterlijk op woensdag 1 juli 2026.

Op 20 juni 2026 hebt u laten weten dat de beantwoording meer tijd vergt (brief
van 20 juni 2026): het advies is nog niet gereed. De termijn is op 5 juli 2026
verschoven naar donderdag 1 oktober 2026, door de commissie (besluitenlijst
van 5 juli 2026). Op 15 september 2026 ontving de Kamer een deel van het
gevraagde (brief van 15 september 2026).

De Kamer stelt vast dat deze termijn inmiddels met 56 dagen is overschreden en
dat zij het overige nog niet heeft ontvangen. Gerekend vanaf de
oorspronkelijke termijn is dat 148 dagen. Zij heeft u hieraan eerder
herinnerd, op 10 oktober 2026 (brief van 10 oktober 2026) en op 1 november
2026.

De Kamer verzoekt u de toezegging alsnog na te komen, en wel binnen twee weken
"""
        in out
    )


def test_a_letter_knows_no_more_than_had_happened_by_its_day(promised):
    _, out, _ = promised("letter", "T-1", "--language", "nl", "--as-of", "2026-10-02")
    assert "met 1 dag is overschreden" in out
    assert "eerder" not in out


# ------------------------------------------------------------------------------------------------- when there is none


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (
            ("34964-B", "--as-of", "2018-08-10"),
            "34964-B is not overdue on 2018-08-10: due today; --anyway drafts the letter all the same",
        ),
        (
            ("34964-B", "--as-of", "2018-09-03", "--anyway"),
            "34964-B is not overdue on 2018-09-03: fulfilled late on Thu 30 Aug 2018, 20 days late",
        ),
        (("34964-C",), "there is no commitment 34964-C in the register; did you mean 34964-B?"),
    ],
)
def test_what_is_not_overdue_is_refused_with_a_sentence(workspace, words, complaint):
    status, out, err = workspace("letter", *words)
    assert (status, out) == (1, "")
    assert complaint in err


def test_what_is_not_overdue_yet_is_told_as_such_anyway(workspace):
    _, out, _ = workspace("letter", "34964-B", "--language", "nl", "--as-of", "2018-08-01", "--anyway")
    flat = " ".join(out.split())
    assert (
        "De termijn loopt tot en met vrijdag 10 augustus 2018. De commissie heeft uw reactie nog niet ontvangen."
        in flat
    )
    assert "overschreden" not in out


def test_before_it_was_made_there_is_nothing_to_say(workspace):
    status, _, err = workspace("letter", "34964-B", "--as-of", "2018-07-01")
    assert status == 2
    assert "34964-B was made after 2018-07-01: there is nothing to say yet" in err


# ------------------------------------------------------------------------------------------------- forms


class Words(HTMLParser):
    """The text of a page, and the tags in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, _attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("language", languages())
def test_every_form_says_the_same(language):
    for facts in reminders(language):
        letter = draft(facts)
        html, trouble = as_html(letter)
        body = html.split("<main>")[1]
        document = Document(io.BytesIO(as_docx(letter)))
        told = ["".join(as_text(letter).split())]
        told += ["".join(Words(body).text.split())]
        told += ["".join("".join(paragraph.text for paragraph in document.paragraphs).split())]
        assert told == [told[0]] * 3
        assert trouble == ""
        assert f'<html lang="{language}">' in html


def test_what_has_to_be_filled_in_is_marked(workspace, tmp_path):
    assert workspace("letter", "34964-B", "--as-of", OVERDUE, "-o", "letter.docx")[0] == 0
    document = Document(tmp_path / "letter.docx")
    runs = [run for paragraph in document.paragraphs for run in paragraph.runs]
    assert [run.text for run in runs if run.font.highlight_color == WD_COLOR_INDEX.YELLOW] == [
        "[Place]",
        "[name]",
    ]
    assert document.core_properties.title == "Vervolgvragen over de Global Compacts over vluchtelingen en migratie"
    assert workspace("letter", "34964-B", "--as-of", OVERDUE, "-o", "letter.html")[0] == 0
    assert (tmp_path / "letter.html").read_text().count("<mark>") == 2


def test_a_word_document_wants_a_file(workspace):
    status, out, err = workspace("letter", "34964-B", "--as-of", OVERDUE, "--format", "docx")
    assert (status, out) == (2, "")
    assert "a Word document is not for a terminal; name a file with -o letter.docx" in err


def test_the_next_step_is_told_and_its_words_are_understood(workspace):
    _, _, err = workspace("letter", "34964-B", "--as-of", OVERDUE, "-o", "letter.txt")
    assert err == (
        "a draft is in letter.txt; read it before it goes out, and write down that it did:\n"
        '  gestand record note 34964-B --on DATE --note "reminder"\n'
    )
    recorded = workspace("record", "note", "34964-B", "--on", "2018-08-20", "--note", "reminder", "--actor", "clerk")
    assert recorded[0] == 0
    assert "It reminded you of this before, on 20 August 2018." in " ".join(
        workspace("letter", "34964-B", "--as-of", OVERDUE)[1].split()
    )


EVIL = [
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}{% if x %}",
    "# BRIEF",
    "| alone",
    "a\n\n# BRIEF\n\nb",
    "\x1b[2J\u202e",
]


@pytest.mark.parametrize("evil", EVIL)
def test_what_a_source_says_stays_text(evil):
    from notifications.content.phrases import clean

    facts = replace(next(reminders("nl")), title=clean(evil), document=clean(evil), quote=clean(evil))
    letter, plain = draft(facts), draft(next(reminders("nl")))
    assert [block.tag for block in letter.blocks] == [block.tag for block in plain.blocks]
    assert Words(as_html(letter)[0]).tags == Words(as_html(plain)[0]).tags
    as_docx(letter)


@pytest.mark.parametrize(
    ("language", "sender", "title"),
    [
        ("nl", "Eerste Kamer", "BRIEF VAN DE EERSTE KAMER"),
        ("nl", "De Eerste Kamer", "BRIEF VAN DE EERSTE KAMER"),
        ("nl", "Het Presidium", "BRIEF VAN HET PRESIDIUM"),
        ("en", "Senate", "LETTER FROM THE SENATE"),
        ("en", "The Senate", "LETTER FROM THE SENATE"),
    ],
)
def test_a_sender_has_one_article(language, sender, title):
    facts = replace(next(reminders(language)), sender=sender)
    assert as_text(draft(facts)).splitlines()[0] == title


# ------------------------------------------------------------------------------------------------- templates


def test_a_workspace_has_letters_of_its_own(workspace, tmp_path):
    (tmp_path / "templates").mkdir()
    own = tmp_path / "templates" / "letter-nl.txt"
    own.write_text("# {{ letter.id }}\n\n| {{ letter.addressee }}\n| {{ letter.late }}\n")
    _, out, err = workspace("letter", "34964-B", "--language", "nl", "--as-of", OVERDUE)
    assert (out, err) == ("34964-B\n\nStaatssecretaris van Justitie en Veiligheid\n17 dagen\n", "")
    assert workspace("check")[2] == ""


def test_a_broken_one_gives_way_to_ours(workspace, tmp_path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "letter-nl.txt").write_text("\n{{ letter.adressee }}")
    (tmp_path / "templates" / "letter.html").write_text("{{ blocks[99].tag }}")
    status, out, err = workspace("letter", "34964-B", "--language", "nl", "--as-of", OVERDUE, "--format", "html")
    assert status == 0
    assert out.startswith("<!doctype html>")
    mistake = "letter-nl.txt:2: nothing here is called 'adressee'"
    assert f"gestand: ours is used, for a template has a mistake: {mistake}\n" in err
    assert "gestand: ours is used, for a template has a mistake: letter.html:1: " in err
    problems = workspace("check")[2]
    assert "templates/letter-nl.txt:2:1: nothing here is called 'adressee'\n" in problems
    assert "templates/letter.html:1:1: " in problems
