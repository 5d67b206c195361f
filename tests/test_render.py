"""What a reader sees: the whole digest exact in both languages, and what text from outside can do to it (nothing)."""

import re
import subprocess
import sys
from dataclasses import fields, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from clocks import environment
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import DictLoader, TemplateNotFound, UndefinedError
from jinja2.exceptions import SecurityError
from sample_digest import EARLY, ITEMS, LETTER, commitment, digest, reader, standing

from commitments.model.commitment import Force, Status
from commitments.model.dates import Window
from notifications.content import phrases
from notifications.content.notice import Reason
from notifications.content.render import LARGEST, render, render_template
from notifications.content.typeset import (
    WIDTH,
    columns,
    fold,
    sandbox,
)
from notifications.content.words import Words
from notifications.content.words_en import WORDS as ENGLISH
from notifications.content.words_nl import WORDS as DUTCH

BASE = "https://gestand.example.org"

# ------------------------------------------------------------------------------------------------- the whole


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_whole_digest_reads_like_this(snapshot, language):
    rendered = render(digest(language), note="clerk, chair")
    snapshot(f"digest-{language}.txt", rendered.text)
    snapshot(f"digest-{language}.html", rendered.html)


def test_the_letter_of_13_july_2018_as_text():
    text = render(digest("en", LETTER, covers_from=None, missed=0, packs=(), names={})).text
    assert text == (
        """\
Commitments                                              Monday 13 August 2018
1 newly overdue


NEWLY OVERDUE                                                                1
==============================================================================

Owed by nl/regering/jenv/staatssecretaris
------------------------------------------------------------------------------
Reply on the Global Compact on Refugees and the Global Compact     3 days late
for Migration
34964-B · dossier 34 964 · to nl/eerste-kamer/ia-jbz
  Due      Friday 10 August 2018
  Because  4 weeks after the letter of 13 July 2018
           “binnen vier weken na dagtekening van deze brief”
  Source   Kamerstukken I 2017-2018, 34 964, B, letter of 13 July 2018


------------------------------------------------------------------------------
Covers  everything up to 13 August 2018; this is the first digest
Ledger  #42 9f86d081884c7d659a2feaa0c55ad015
"""
    )


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "1 newly overdue, 1 settled · 13 August 2018"),
        ("nl", "1 nieuw te laat, 1 afgedaan · 13 augustus 2018"),
    ],
)
def test_the_subject_counts_what_is_inside(language, subject):
    assert render(digest(language, LETTER, EARLY)).subject == subject


def test_the_day_of_a_digest_is_the_readers_and_how_late_something_is_is_counted_where_it_is_due():
    """At 13:30 in Amsterdam it is the next day on Kiritimati."""
    far = reader(timezone="Pacific/Kiritimati")
    text = render(digest("en", LETTER, reader=far, slot=datetime(2018, 8, 13, 11, 30, tzinfo=UTC))).text
    assert text.splitlines()[0].endswith("Tuesday 14 August 2018")
    assert "3 days late" in text


@pytest.mark.parametrize(
    ("covers_from", "missed", "covers"),
    [
        (datetime(2018, 8, 12, 5, 30, tzinfo=UTC), 0, "12–13 August 2018"),
        (datetime(2018, 8, 9, 5, 30, tzinfo=UTC), 1, "9–13 August 2018, 1 missed digest"),
        (
            datetime(2018, 7, 9, 5, 30, tzinfo=UTC),
            24,
            "9 July – 13 August 2018, 24 missed digests",
        ),  # T4: down for long
        (datetime(2017, 8, 13, 5, 30, tzinfo=UTC), 259, "13 August 2017 – 13 August 2018, 259 missed digests"),
    ],
)
def test_the_footer_says_which_days_are_covered(covers_from, missed, covers):
    text = render(digest("en", LETTER, covers_from=covers_from, missed=missed)).text
    assert f"Covers  {covers}\n" in text


@pytest.mark.parametrize(
    ("language", "why"),
    [("en", "You get this as  clerk, rapporteur\n"), ("nl", "U krijgt dit als  griffier, rapporteur\n")],
)
def test_the_footer_says_why_you_get_it(language, why):
    assert why in render(digest(language, LETTER), note="clerk, rapporteur").text


# ------------------------------------------------------------------------------------------------- phrases


@pytest.mark.parametrize(
    ("window", "english", "dutch"),
    [
        ("2018-08-10", "10 August 2018", "10 augustus 2018"),
        ("2027", "2027", "2027"),
        ("2027-12", "December 2027", "december 2027"),
        ("2025-Q1", "quarter 1 of 2025", "kwartaal 1 van 2025"),
        ("2022-05-17/2022-05-20", "17–20 May 2022", "17–20 mei 2022"),  # in one month
        ("2022-05-30/2022-06-02", "30 May – 2 June 2022", "30 mei – 2 juni 2022"),  # in one year
        ("2022-12-30/2023-01-02", "30 December 2022 – 2 January 2023", "30 december 2022 – 2 januari 2023"),
        ("2024-02", "February 2024", "februari 2024"),  # T6: a leap year's
        ("2024-02-01/2024-02-28", "1–28 February 2024", "1–28 februari 2024"),  # T6: not the whole month
        ("2022-01-01/2022-06-30", "1 January – 30 June 2022", "1 januari – 30 juni 2022"),  # half a year has no name
        ("2022-02-01/2022-04-30", "1 February – 30 April 2022", "1 februari – 30 april 2022"),  # no quarter
    ],
)
def test_a_window_is_told_in_the_fewest_words(window, english, dutch):
    assert phrases.span(ENGLISH, Window.parse(window)) == english
    assert phrases.span(DUTCH, Window.parse(window)) == dutch


@pytest.mark.parametrize(
    ("found", "english"),
    [
        (standing(Status.OVERDUE, "2018-08-10"), ""),  # the same date
        (standing(Status.PENDING, "2018-09-14", "2018-08-24", days_late_original=-11), "originally 24 August 2018"),
        (
            standing(Status.OVERDUE, "2018-08-10", "2018-08-01", days_late_original=12),
            "12 days late against the original date, 1 August 2018",
        ),
        (
            standing(Status.AWAITED, "2018-08-10", "2018-08-12", days_late_original=1),  # nobody is obliged
            "awaited for 1 day against the original date, 12 August 2018",
        ),
    ],
)
def test_the_original_date_is_told_where_it_differs(found, english):
    assert phrases.original(ENGLISH, found) == english


LETTERS_DATE = Window.parse("2018-07-13")


@pytest.mark.parametrize(
    ("reason", "english", "dutch"),
    [
        (
            Reason(rule="r", period="4 weeks", side="after", anchor="letter", anchor_date=LETTERS_DATE),
            "4 weeks after the letter of 13 July 2018",
            "4 weken na de brief van 13 juli 2018",
        ),
        (
            Reason(rule="r", period="1 working day", side="before", anchor="meeting"),  # no date known, one of them
            "1 working day before the meeting",
            "1 werkdag voor de vergadering",
        ),
        (
            Reason(rule="r", period="10 days and 2 months", side="after", anchor="grf"),  # one after another
            "10 days and 2 months after “grf”",
            "10 dagen en 2 maanden na “grf”",
        ),
        (
            Reason(rule="r", period="3 fortnights", side="after", anchor="letter"),  # a unit that is not ours
            "3 fortnights after the letter",
            "3 fortnights na de brief",
        ),
        (Reason(rule="stated", phrase="voor de zomer"), "stated: “voor de zomer”", "genoemd: “voor de zomer”"),
        (
            Reason(rule="stated"),
            "the date that the commitment itself names",
            "de datum die de toezegging zelf noemt",
        ),
        (None, "", ""),
    ],
)
def test_the_reason_for_a_date_is_one_line(reason, english, dutch):
    assert phrases.because(ENGLISH, reason) == english
    assert phrases.because(DUTCH, reason) == dutch


@pytest.mark.parametrize(
    ("found", "english", "dutch"),
    [
        (standing(Status.OVERDUE, "2018-08-12"), "1 day late", "1 dag te laat"),
        (standing(Status.OVERDUE, "2018-07-24"), "20 days late", "20 dagen te laat"),
        (standing(Status.OVERDUE, "2018-07"), "13 days late", "13 dagen te laat"),  # from the last day on
        (standing(Status.AWAITED, "2018-08-03"), "awaited for 10 days", "al 10 dagen verwacht"),
        (standing(Status.DUE_TODAY, "2018-08-13"), "due today", "vandaag verwacht"),
        (standing(Status.DUE_SOON, "2018-08-14"), "due tomorrow", "morgen verwacht"),
        (standing(Status.DUE_SOON, "2018-08-16"), "due in 3 days", "over 3 dagen"),
        (standing(Status.DUE_SOON, "2018-08"), "due within this period", "in deze periode verwacht"),
        (standing(Status.PENDING, "2018-09"), "at the earliest due in 19 days", "op zijn vroegst over 19 dagen"),
        (standing(Status.SUSPENDED, "2018-08-01"), "suspended", "opgeschort"),
        (standing(Status.UNDATED), "no date", "geen datum"),
        (
            standing(Status.FULFILLED, "2018-08-10", days_late_current=-8),
            "in time, 8 days early",
            "op tijd, 8 dagen eerder",
        ),
        (
            standing(Status.FULFILLED, "2018-08-10", days_late_current=-1),
            "in time, 1 day early",
            "op tijd, 1 dag eerder",
        ),
        (
            standing(Status.FULFILLED, "2018-08-10", days_late_current=0),
            "in time, on the last day",
            "op tijd, op de laatste dag",
        ),
        (standing(Status.FULFILLED_LATE, "2018-08-10", days_late_current=20), "20 days late", "20 dagen te laat"),
        (standing(Status.FULFILLED), "fulfilled", "voldaan"),  # with nothing to count from
        (standing(Status.WITHDRAWN, "2018-08-10", days_late_current=3), "withdrawn", "afgevoerd"),
        (standing(Status.LAPSED), "lapsed", "vervallen"),
    ],
)
def test_a_standing_is_told_in_a_few_words(found, english, dutch):
    assert phrases.state(ENGLISH, found) == english
    assert phrases.state(DUTCH, found) == dutch


def test_what_nobody_is_obliged_to_says_so():
    pledge = commitment("p", by="un/member-states", to=["un/unhcr", "un/iom", "nl/regering"], force=Force.VOLUNTARY)
    assert phrases.reference(ENGLISH, pledge, {}) == "p · to un/unhcr, un/iom and nl/regering · voluntary"
    named = {"un/unhcr": "UNHCR", "nl/regering": "de regering"}
    assert phrases.reference(DUTCH, pledge, named) == "p · aan UNHCR, un/iom en de regering · vrijwillig"


def test_a_language_has_every_section_unit_anchor_and_ending_that_the_other_has():
    for name in (field.name for field in fields(Words)):
        english, dutch = getattr(ENGLISH, name), getattr(DUTCH, name)
        if isinstance(english, dict):
            assert english.keys() == dutch.keys()
        places = re.compile(r"{\w*}")
        assert sorted(places.findall(str(english))) == sorted(places.findall(str(dutch))), name


# ------------------------------------------------------------------------------------------------- the text part


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab é–", max_size=300), st.integers(5, 78))
def test_folded_text_keeps_every_character_and_the_width(text, width):
    text = " ".join(text.split())
    lines = fold(text, width)
    assert all(len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab é–語😀\u0301\u200d ש", max_size=300), st.integers(5, 78))
def test_wide_characters_are_folded_by_the_columns_they_take(text, width):
    text = " ".join(text.split())
    lines = fold(text, width)
    assert all(columns(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("abc", 3),
        ("é", 1),
        ("e\u0301", 1),
        ("“–”", 3),
        ("語語", 4),
        ("😀", 2),
        ("שלום", 4),
        ("한", 2),
        ("\u200d", 0),
        ("", 0),
    ],
)
def test_a_text_takes_as_many_columns_as_a_terminal_gives_it(text, taken):
    assert columns(text) == taken


@pytest.mark.parametrize(
    ("title", "line"),
    [
        ("語" * 10, f"{'語' * 10}{' ' * 47}3 days late"),
        ("תשובה על הברית", f"תשובה על הברית{' ' * 53}3 days late"),
        ("😀 done", f"😀 done{' ' * 60}3 days late"),
    ],
)
def test_every_script_lines_up(title, line):
    text = render(digest("en", replace(LETTER, commitment=commitment("a", title=title)))).text
    assert line in text.splitlines()


def test_what_nobody_can_see_is_called_by_what_can_be_seen():
    """A title of marks alone, a party whose name is empty, a reader without one."""
    unseen = replace(LETTER, commitment=commitment("A-1", title="\u200e\u202e", by="nl/regering"))
    rendered = render(digest("en", unseen, names={"nl/regering": "\u200e"}, reader=reader(name="")), base=BASE)
    assert "Owed by nl/regering\n" in rendered.text
    assert f'<a href="{BASE}/commitments/A-1">A-1</a>' in rendered.html


def test_no_line_of_the_text_is_longer_than_78_columns_whatever_it_says():
    party = "nl/" + "a" * 190
    wide = replace(LETTER, commitment=commitment("x" * 120, title="w" * 500, by=[party, party], dossier="d" * 500))
    text = render(digest("nl", wide, packs=("p" * 100,)), note="n" * 200).text
    assert max(len(line) for line in text.splitlines()) == WIDTH


# ------------------------------------------------------------------------------------------------- the HTML part


class Reading(HTMLParser):
    """The tags with their attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_html_can_be_read_aloud(language):
    page = Reading(render(digest(language), note="clerk").html)
    assert page.all("html") == [{"lang": language}]
    assert all(
        table.get("role") == "presentation" or table.get("class") in {"rows", "foot"} for table in page.all("table")
    )
    assert len(page.all("caption")) == sum(table.get("class") == "rows" for table in page.all("table")) == 9
    assert all(head.get("scope") in {"row", "col"} for head in page.all("th"))
    assert {"name": "color-scheme", "content": "light dark"} in page.all("meta")


def test_the_html_asks_for_nothing_from_anywhere():
    html = render(digest("en"), note="clerk").html
    page = Reading(html)
    assert {tag for tag, _ in page.tags} & {"img", "link", "script", "a", "iframe", "object", "base", "form"} == set()
    assert not re.search(r"https?:|//|url\(|@import|src=|href=", html)


WATCHED = """
import sys
from sample_digest import LETTER, commitment, digest
from dataclasses import replace
from notifications.content.render import render

evil = '<link href="http://169.254.169.254/"><img src="file:///etc/passwd">@import url(http://169.254.169.254/);'
items = [LETTER, replace(LETTER, commitment=commitment("evil", title=evil, dossier=evil))]
render(digest("nl", *items))
events = []
sys.addaudithook(lambda event, _: events.append(event))
render(digest("nl", *items), note=evil, base="https://gestand.example.org")
print(sorted({event for event in events if event.startswith(("open", "socket", "urllib", "os.", "import"))}))
"""


def test_setting_a_digest_opens_no_file_and_no_connection():
    """There is no inliner at run time: what a source says of links and files is text."""
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", WATCHED], env=environment(here.parent, here), capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def linked(url: str, base: str = BASE) -> tuple[list[str | None], str]:
    """Where a digest of one row leads, as HTML and as text."""
    row = replace(LETTER, reason=replace(LETTER.reason, url=url))
    rendered = render(digest("en", row), base=base)
    return [a["href"] for a in Reading(rendered.html).all("a")], rendered.text


def test_a_row_leads_to_its_page_and_its_document_where_they_have_an_address():
    links, text = linked("https://zoek.officielebekendmakingen.nl/kst-34964-B.html")
    assert links == [
        f"{BASE}/commitments/34964-B",
        "https://zoek.officielebekendmakingen.nl/kst-34964-B.html",
    ]
    assert all(f"\n  {link}\n" in text for link in links)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",  # autoescape lets it through
        " javascript:alert(1)",
        "JaVaScRiPt://https://example.org/%0aalert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//example.org",
        "example.org",
        "https:",
        "https://",
        "https://bank.example@evil.example/",  # who it leads to must be what it seems to lead to
        "https://example.org/\u202egnp.exe",
        "https://example.org/\r\nBcc: x",
        'https://example.org/" onmouseover="alert(1)',
        "https://example.org\\@evil.example",
    ],
)
def test_only_an_address_on_the_web_is_linked(url):
    links, text = linked(url, base="")
    assert links == []
    assert "://" not in text


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><b onmouseover=alert(1)>',
    "{{ 7*7 }}{% for x in y %}",
    "</td></tr></table><h1>all is well</h1>",
    "&lt;b&gt;",
]  # R5: what a source writes is never a template, nor markup


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_sources_say_stays_text_in_every_field(attack):
    source = Reason(rule="r", period=attack, side="after", anchor=attack, quote=attack, document=attack)
    stated = Reason(rule="stated", phrase=attack)
    moved = replace(ITEMS[6].moved, decided_by=attack, document=attack, note=attack)
    items = [
        replace(LETTER, commitment=commitment("a", title=attack, dossier=attack), reason=source, moved=moved),
        replace(LETTER, commitment=commitment("b", title=attack), reason=stated),
    ]
    plain = [replace(item, commitment=commitment(item.commitment.id), reason=None, moved=moved) for item in items]
    html = render(digest("en", *items, head=attack, packs=(attack,)), note=attack).html
    tags = [tag for tag, _ in Reading(html).tags]
    assert set(tags) == {tag for tag, _ in Reading(render(digest("en", *plain), note="x").html).tags} | {"i"}
    assert tags.count("h1") == 1
    # Two titles, a dossier, three of the move, five of the reasons, three in the footer.
    assert "".join(Reading(html).texts).count(attack) == 14


def test_characters_that_act_on_a_screen_are_taken_out():
    evil = "a\r\nBcc: x\u202egnp.exe\x1b[2J\x00\u2028b"
    rendered = render(digest("en", replace(LETTER, commitment=commitment("a", title=evil))))
    assert "a Bcc: x gnp.exe [2J b" in rendered.text
    for part in (rendered.text, rendered.html, rendered.subject):
        assert not set(part) & set("\r\u202e\x1b\x00\u2028")


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.1, 1.4.3."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_colour_of_text_stands_out_from_its_ground_in_light_and_dark():
    style = render_template("digest.html", page=_page(), words=ENGLISH).split("<style>")[1]
    light, dark = style.split("</style>")[0].split("@media (prefers-color-scheme: dark)")
    for rules in (light, dark):
        grounds = re.findall(r"background: (#\w{6})", rules)
        inks = re.findall(r"[ {]color: (#\w{6})", rules)
        assert (len(grounds), len(inks)) == (2, 6)
        assert min(contrast(ink, ground) for ink in inks for ground in grounds) >= 4.5


def _page():
    from notifications.content.page import page

    return page(digest("en", LETTER))


def many(count: int) -> list:
    return [replace(LETTER, commitment=commitment(f"34964-{number:04}", title="t" * 80)) for number in range(count)]


@pytest.mark.parametrize("length", [80, 300, 5000])
def test_rows_that_are_long_are_fewer_so_that_the_whole_stays_below_the_size(length):
    base = f"https://{'g' * 60}.example.org"
    long = [replace(item, commitment=item.commitment.model_copy(update={"title": "é<" * length})) for item in many(200)]
    rendered = render(digest("en", *long), base=base)
    assert len(rendered.html.encode()) <= LARGEST
    shown = rendered.text.count(f"  {base}/commitments/34964-")
    assert f"{200 - shown} more are not shown here; the attached table has all of them." in rendered.text
    assert 20 < shown < 200


def test_200_rows_stay_below_the_size_at_which_mail_is_cut_off_and_the_rest_is_counted():
    rendered = render(digest("nl", *many(200)))
    assert len(rendered.html.encode()) < 100_000
    assert "hier niet bij" not in rendered.html
    rendered = render(digest("nl", *many(237), EARLY))
    assert rendered.text.count("34964-") == 200
    assert len(Reading(rendered.html).all("i")) == 200
    assert "Nog 38 staan hier niet bij; de tabel in de bijlage is volledig." in rendered.text
    assert "Nog 38 staan hier niet bij; de tabel in de bijlage is volledig." in rendered.html
    assert "NIEUW TE LAAT                                                              237" in rendered.text


# ------------------------------------------------------------------------------------------------- the sandbox


@pytest.mark.parametrize(
    ("template", "refused"),
    [
        ("{{ ''.__class__.__mro__ }}", SecurityError),
        ("{{ page.__init__.__globals__ }}", SecurityError),
        ("{{ cycler.__init__.__globals__.os.popen('id') }}", SecurityError),
        ("{{ ''|attr('__class__')|string|length }}{{ (''|attr('__class__')).mro() }}", SecurityError),
        ("{% include '../render.py' %}", TemplateNotFound),
        ("{% include '/etc/passwd' %}", TemplateNotFound),
        ("{{ nobody }}", UndefinedError),
        ("{{ page.nothing.at_all }}", UndefinedError),
    ],
)
def test_a_template_runs_no_code_reads_no_file_and_knows_its_names(template, refused):
    with pytest.raises(refused):
        sandbox(DictLoader({})).from_string(template).render(page=_page(), words=ENGLISH)
