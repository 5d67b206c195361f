"""gestand feed: the deadlines of a register for calendar programs, read back by another parser of the same library."""

import icalendar
import pytest

pytestmark = pytest.mark.at("2026-11-26T09:00")
MORE = """\
commitments:
  - {id: A-1, kind: undertaking, title: Een toezegging, by: nl/regering, to: nl/eerste-kamer, stated_due: "2027-Q1"}
  - id: A-2
    kind: meeting
    title: A meeting
    by: un/unhcr
    to: un/member-states
    stated_due: 2027-03-01
    events: [{extended: 2026-02-01, to: 2027-04-01}, {withdrawn: 2026-05-01}]
"""


@pytest.fixture
def register(workspace, tmp_path):
    (tmp_path / "more.yaml").write_text(MORE)
    assert workspace("import", "more.yaml", "--actor", "clerk")[0] == 0
    settings = tmp_path / "gestand.yaml"
    settings.write_text(
        settings.read_text()
        + "  - {name: UN, address: un@example.org, language: nl, roles: [clerk], scope: {by: un}}\n"
    )
    return workspace


def events(text: str) -> dict[str, icalendar.Event]:
    return {str(event["UID"]).split("/")[0]: event for event in icalendar.Calendar.from_ical(text).walk("VEVENT")}


def test_every_deadline_is_there(register):
    status, out, _ = register("feed", "--as-of", "2026-11-26")
    assert status == 0
    found = events(out)
    assert {name: (str(found[name]["STATUS"]), found[name]["SEQUENCE"]) for name in ("34964-B", "A-1", "A-2")} == {
        "34964-B": ("CONFIRMED", 1),
        "A-1": ("TENTATIVE", 0),
        "A-2": ("CANCELLED", 2),  # moved, withdrawn
    }
    assert register("feed", "--as-of", "2026-11-26")[1] == out


def test_a_recipient_has_a_calendar_in_their_language(register):
    _, out, _ = register("feed", "--recipient", "un@example.org", "--as-of", "2026-11-26")
    found = events(out)
    assert set(found) == {"A-2"}
    assert str(found["A-2"]["SUMMARY"]) == "A meeting (afgevoerd)"


def test_a_filter_makes_a_calendar(register, tmp_path):
    assert register("feed", "--kind", "undertaking", "--as-of", "2026-11-26", "-o", "kind.ics")[0] == 0
    assert set(events((tmp_path / "kind.ics").read_text())) == {"A-1"}


def test_a_recipient_that_is_none_is_told_with_those_there_are(register):
    status, _, err = register("feed", "--recipient", "nobody@example.org")
    assert status == 2
    assert "no recipient nobody@example.org; those in gestand.yaml are clerk@example.org, chair@example.org, un@" in err
