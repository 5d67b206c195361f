"""The commands about who hears of what and when: digest who, next, test-send; silence, silences."""

import json
import re

import pytest


@pytest.fixture
def house(workspace, tmp_path):
    """A workspace whose example is taken in and passed over once."""
    assert workspace("tick", "--as-of", "2018-08-11")[0] == 0
    return workspace


def test_who_says_who_hears_of_a_commitment_and_who_does_not_and_why(house):
    status, out, _ = house("digest", "who", "34964-B")
    assert status == 0
    first, second, *_ = out.splitlines()
    assert re.fullmatch(r"The clerk <clerk@example.org> hears of it; next digest [-0-9]{10} [:0-9]{5} UTC", first)
    assert second == "  overdue of 2018-08-11: told in the digest of 2018-08-10 05:30 UTC"
    assert house("digest", "who", "34964-X")[0] == 1


def test_who_says_that_a_digest_has_not_gone(workspace, tmp_path):
    (tmp_path / "outbox").write_text("a file where the folder should be")
    assert workspace("tick", "--as-of", "2018-08-11")[0] == 0
    in_digest = "in the digest of 2018-08-10 05:30 UTC"
    assert f"  overdue of 2018-08-11: {in_digest}, which is queued\n" in workspace("digest", "who", "34964-B")[1]
    assert workspace("outbox", "drop", "1", "--reason", "told by telephone")[0] == 0
    assert f"  overdue of 2018-08-11: {in_digest}, which is dropped\n" in workspace("digest", "who", "34964-B")[1]


def test_who_names_the_scope_and_the_role_that_keep_somebody_out(house, tmp_path):
    settings = tmp_path / "gestand.yaml"
    settings.write_text(
        settings.read_text()
        .replace("scope: {to: nl/eerste-kamer}", "scope: {to: nl/tweede-kamer}")
        .replace("roles: [clerk]", "roles: [owner]")
    )
    out = house("digest", "who", "34964-B")[1]
    assert "The chair <chair@example.org> does not hear of it\n  it is outside their scope" in out
    assert "The clerk <clerk@example.org> does not hear of it\n  it is told to " in out
    told = json.loads(house("digest", "who", "34964-B", "--json")[1])
    assert [one["hears"] for one in told] == [False, False]


def test_next_says_the_six_coming_slots_in_local_time(house):
    status, out, _ = house("digest", "next", "--recipient", "clerk@example.org")
    assert status == 0
    first, *slots = out.splitlines()
    assert first.startswith("The clerk <clerk@example.org>: weekdays 07:30; ")
    assert len(slots) == 6
    assert all(line.endswith(" 07:30") for line in slots)
    (told,) = json.loads(house("digest", "next", "--recipient", "clerk@example.org", "--json")[1])
    assert (told["cadence"], len(told["slots"])) == ("weekdays 07:30", 6)


def test_a_recipient_that_there_is_not_is_said_with_those_that_there_are(house):
    for command in ("next", "preview", "test-send"):
        status, _, complaint = house("digest", command, "--recipient", "nobody@example.org")
        assert status == 2
        assert (
            "no recipient nobody@example.org; those in gestand.yaml are clerk@example.org, chair@example.org"
            in complaint
        )


def test_a_test_goes_by_the_way_of_digests_and_tells_nobody_anything(house, tmp_path):
    before = len(house("digest", "list", "--json")[1])
    status, out, _ = house("digest", "test-send", "--to", "me@example.org")
    assert (status, out.splitlines()[0]) == (0, "a test was sent to me@example.org")
    (file,) = (tmp_path / "outbox").glob("*me-example-org*.txt")
    assert file.read_text().startswith("This is a test: digests to The clerk go by this way, weekdays 07:30.")
    assert len(house("digest", "list", "--json")[1]) == before
    status, _, complaint = house("digest", "test-send", "--to", "me@@example")
    assert status == 2
    assert "'me@@example' is not a mail address" in complaint


def test_a_test_that_is_not_taken_says_why(house, tmp_path):
    settings = tmp_path / "gestand.yaml"
    text = settings.read_text().replace(
        "deliver: folder", "deliver: smtp\n  smtp: {host: 127.0.0.1, port: 1, tls: none}"
    )
    settings.write_text(text)
    status, _, complaint = house("digest", "test-send", "--recipient", "clerk@example.org")
    assert status == 1
    assert "gestand: the test to clerk@example.org was not taken: 127.0.0.1:1 cannot be reached" in complaint


def test_silences_are_made_listed_and_ended(house):
    assert house("silences")[1].startswith("nothing is silent; ")
    status, out, _ = house("silence", "34964-B", "--until", "2099-12-31", "--reason", "in recess", "--actor", "clerk")
    assert (status, out) == (0, "silence 1: nothing is told of id 34964-B, up to and with Thu 31 Dec 2099\n")
    (told,) = json.loads(house("silences", "--json")[1])
    assert told == {
        "silence": 1,
        "until": "2099-12-31",
        "of": {"id": ["34964-B"]},
        "by": "clerk",
        "reason": "in recess",
    }
    assert "in recess" in house("silences")[1]
    assert house("silences", "end", "1")[1] == "silence 1 has ended: id 34964-B is told of again\n"
    status, _, complaint = house("silences", "end", "1")
    assert (status, complaint) == (
        1,
        "gestand: there is no silence 1 that lasts; `gestand silences` lists those that do\n",
    )


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--until", "2099-01-01", "--reason", "x"], "say what is to be silent: ids, or --by, --to, --kind, --dossier"),
        (["34964-B", "--until", "2001-01-01", "--reason", "x"], "2001-01-01 has passed"),
        (["34964-B", "--until", "2099-01-01"], "Missing option '--reason'"),
        (["--by", "No Party", "--until", "2099-01-01", "--reason", "x"], "'No Party' cannot be one"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(house, words, complaint):
    status, _, said = house("silence", *words)
    assert status == 2
    assert complaint in said


def test_a_silence_of_what_there_is_not_is_refused(house):
    status, _, said = house("silence", "34964-X", "--until", "2099-01-01", "--reason", "x")
    assert status == 1
    assert "there is no commitment 34964-X in the register" in said
