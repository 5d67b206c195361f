"""What an account is made of: of today from the projection as from a replay, and all that is doubtful, however read."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sample_register import SETTINGS, drafts, take_in

from commitments.audit.problems import of_strangers, suspects
from commitments.ledger.moments import Known
from commitments.listing import Wanted, lines
from engine.answers.account import Asked, report, source
from engine.passes.run import tick
from engine.session import open_session
from notifications.account.plain import figures

NOW = datetime(2020, 6, 1, 9, tzinfo=UTC)
TODAY = NOW.date()
EVER = Known(at=datetime(2099, 1, 1, tzinfo=UTC), last=1_000_000)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder = tmp_path_factory.mktemp("account")
    (folder / "gestand.yaml").write_text(SETTINGS)
    with open_session(folder, new=True) as opened:
        take_in(opened, drafts(300), NOW)
        tick(opened.store, opened.workspace, opened.assessor, opened.deliverer, now=NOW)
        yield opened


def read(session, asked):
    with source(session, asked, NOW) as found:
        return list(found.lines()), report(session, found, asked)


def grouped(made):
    """Every figure of every group."""
    return {
        (grouping.name, name): figures(tally)
        for grouping, found in made.account.groups.items()
        for name, tally in found.items()
    }


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(by="nl/regering_1"),
        Wanted(status=("open",)),
        Wanted(kind="reply", dossier="30001"),
        Wanted(text="ÜBER"),
    ],
)
def test_an_account_of_today_is_the_one_that_a_replay_gives(session, wanted):
    asked = Asked(day=TODAY, wanted=wanted, per="quarter", cutoff=TODAY - timedelta(120), most=1000)
    rows, today = read(session, asked)
    again, replayed = read(session, replace(asked, known=EVER))
    assert rows
    assert sorted(rows) == sorted(again)
    assert figures(today.account.whole) == figures(replayed.account.whole)
    assert grouped(today) == grouped(replayed)
    assert today.account.rows == replayed.account.rows
    assert today.problems == replayed.problems
    assert today.round == replayed.round


def test_what_is_looked_at_closely_is_all_that_is_doubtful(session):
    """The suspects of the ledger may be too many, never too few."""
    with session.store.reading() as tx:
        found = set(suspects(tx))
    doubtful = {one.commitment for one in read(session, Asked(day=TODAY, known=EVER, most=1000))[1].problems.first
                if one.doubt == "events that contradict one another"}  # fmt: skip
    assert doubtful
    assert doubtful <= found


# ------------------------------------------------------------------------------------------------- doubtful

DOUBTFUL = """
commitments:
  - {id: no-date, kind: undertaking, title: a, by: nl/regering, to: nl/eerste-kamer, force: binding, made: 2020-01-01}
  - {id: words, kind: undertaking, title: b, by: nl/regering, to: nl/eerste-kamer, made: 2020-01-01,
     stated_due: ooit eens}
  - {id: not-yet, kind: undertaking, title: c, by: nl/regering, to: nl/tweede-kamer, made: 2025-11-03,
     stated_due: voor de zomer}
  - id: shortened
    kind: reply
    title: d
    by: nl/regering
    to: nl/eerste-kamer
    made: 2020-01-01
    stated_due: 2020-06-30
    events: [{extended: 2020-05-01, to: 2020-03-31}]
  - id: shortened-later
    kind: reply
    title: d2
    by: nl/regering
    to: nl/eerste-kamer
    made: 2020-01-01
    stated_due: 2020-06-30
    events: [{extended: 2020-05-01, to: 2020-12-31}, {extended: 2020-06-01, to: 2020-11-30}]
  - id: too-late
    kind: reply
    title: e
    by: nl/regering
    to: nl/eerste-kamer
    made: 2020-01-01
    stated_due: 2020-06-30
    events: [{delay_notice: 2020-07-01}]
  - id: in-order
    kind: reply
    title: f
    by: nl/regering
    to: nl/eerste-kamer
    made: 2020-01-01
    stated_due: 2020-06-30
    events: [{delay_notice: 2020-06-30}, {extended: 2020-07-15, to: 2020-09-30}, {fulfilled: 2020-10-01}]
  - id: stranger
    kind: reply
    title: g
    by: nl/regerign
    to: nl/eerste-kamer
    made: 2020-01-01
    stated_due: 2020-06-30
  - id: early
    kind: reply
    title: h
    by: nl/regering
    to: nl/eerste-kamer
    made: MADE
    stated_due: 2020-06-30
    events: [{fulfilled: 2020-02-01}]
  - {id: orphan, kind: reply, title: i, by: nl/regering, to: nl/eerste-kamer, stated_due: 2020-06-30, parent: gone}
  - {id: chick, kind: reply, title: j, by: nl/regering, to: nl/eerste-kamer, stated_due: 2020-06-30, parent: hen}
  - {id: hen, kind: reply, title: k, by: nl/regering, to: nl/eerste-kamer, stated_due: 2020-06-30, parent: egg}
  - {id: egg, kind: reply, title: l, by: nl/regering, to: nl/eerste-kamer, stated_due: 2020-06-30, parent: hen}
"""
NAMES = "\nparties: {nl/regering: De regering, nl/eerste-kamer: Eerste Kamer}\n"


@pytest.fixture
def doubtful(run, tmp_path):
    """A workspace in which much is doubtful."""
    assert run("init")[0] == 0
    settings = tmp_path / "gestand.yaml"
    text = settings.read_text().replace("[nl-eerste-kamer, nl-terms]", "[nl-eerste-kamer, nl-tweede-kamer, nl-terms]")
    settings.write_text(text + NAMES)
    for made in ("2020-01-01", "2020-03-01"):
        (tmp_path / "doubtful.yaml").write_text(DOUBTFUL.replace("MADE", made))
        status, said, complained = run("import", "doubtful.yaml")
        assert status == 0, said + complained
    return run


@pytest.mark.at("2026-11-26T09:00")
@pytest.mark.parametrize("seen", [(), ("--known-at", "2099-01-01", "--as-of", "2026-11-26")])
def test_what_is_doubtful_is_listed_with_the_way_out(doubtful, seen):
    problems = json.loads(doubtful("audit", "--format", "json", *seen)[1])["problems"]
    found = {(one["commitment"], one["doubt"]): one["what"] for one in problems["first"]}
    assert found.keys() == {
        ("no-date", "no date"),
        ("words", "words that no pack understands"),
        ("not-yet", "a deadline that is not known yet"),
        ("shortened", "events that contradict one another"),
        ("shortened-later", "events that contradict one another"),
        ("too-late", "events that contradict one another"),
        ("early", "events that contradict one another"),
        ("stranger", "a party without a name"),
        ("orphan", "a parent that cannot be"),
        ("hen", "a parent that cannot be"),
        ("egg", "a parent that cannot be"),
    }
    assert {name: what for (name, doubt), what in found.items() if "parent" in doubt} == {
        "orphan": "it is a part of gone, which is not in the register",
        "hen": "it is a part of itself: hen of egg of hen",
        "egg": "it is a part of itself: egg of hen of egg",
    }
    assert found["words", "words that no pack understands"] == "“ooit eens” is not among the terms of the packs in use"
    contradictions = {name: what for (name, doubt), what in found.items() if "contradict" in doubt}
    assert {name: what.partition(" (ledger")[0] for name, what in contradictions.items()} == {
        "shortened": "extended to Tue 31 Mar 2020, before the deadline it had, Tue 30 Jun 2020",
        "shortened-later": "extended to Mon 30 Nov 2020, before the deadline it had, Thu 31 Dec 2020",
        "too-late": "delay notice of Wed 1 Jul 2020, 1 day after the deadline of Tue 30 Jun 2020",
        "early": "fulfilled on Sat 1 Feb 2020, before it was made on Sun 1 Mar 2020",
    }
    assert all(one["way_out"] for one in problems["first"])


def test_parties_need_names_only_where_some_are_given(workspace):
    problems = json.loads(workspace("audit", "--format", "json")[1])["problems"]
    assert "a party without a name" not in problems["counts"]


def test_suspects_are_found_in_either_database(place, tmp_path):
    (tmp_path / "gestand.yaml").write_text(f"{SETTINGS}\nstore: {place}\n")
    named = {"nl/regering_1/x", "nl/eerste-kamer/jbz"}
    with open_session(tmp_path, new=True) as opened:
        take_in(opened, drafts(120), NOW)
        tick(opened.store, opened.workspace, opened.assessor, opened.deliverer, now=NOW)
        with opened.store.reading() as tx:
            found = set(suspects(tx))
            strange = set(of_strangers(tx, TODAY, Wanted(kind="reply"), named))
            rows = list(lines(tx, TODAY, Wanted(kind="reply")))
        made = read(opened, Asked(day=TODAY, known=EVER, most=1000))[1].problems.first
    assert {one.commitment for one in made if one.doubt == "events that contradict one another"} <= found
    assert found
    assert strange == {row.id for row in rows if not {*row.by, *row.to} <= named}
    assert 0 < len(strange) < len(rows)
