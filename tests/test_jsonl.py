"""Registers of any length: JSON lines, streams that are never held whole, and what is told of them (I2, I3)."""

import json
import random
import tracemalloc
from contextlib import closing
from datetime import UTC, date, datetime

import pytest

from commitments import exchange
from commitments.ledger import register
from commitments.ledger.intake import MOST_PROBLEMS
from commitments.store import Store

AT = datetime(2024, 1, 1, tzinfo=UTC)
ONE = {"id": "a", "kind": "reply", "title": "Café", "by": "nl/a", "to": ["nl/b"], "made": "2018-07-13"}


def read(tmp_path, *lines):
    path = tmp_path / "r.jsonl"
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines), "utf-8")
    drafts, problems = exchange.read(path)
    return drafts, [str(one).removeprefix(f"{path}:") for one in problems]


def test_a_line_holds_a_commitment_with_its_events_or_an_event_that_stands_by_itself(tmp_path):
    (loose, draft), problems = read(
        tmp_path, ONE | {"events": [{"fulfilled": "2018-08-30"}]}, "", {"commitment": "a", "delay_notice": "2018-08-01"}
    )
    assert problems == []
    assert (draft.commitment.title, draft.commitment.made) == ("Café", date(2018, 7, 13))
    assert [event.occurred_on for event in draft.events] == [date(2018, 8, 30)]
    assert (draft.origin[1], loose.origin[1]) == (1, 3)  # events come first, wherever they stand
    assert (loose.id, loose.commitment, loose.events[0].kind.value) == ("a", None, "delay_notice")


def test_a_word_that_is_the_name_of_a_key_makes_no_event(tmp_path):
    (draft,), problems = read(tmp_path, ONE | {"kind": "commitment"})
    assert (draft.commitment.kind, problems) == ("commitment", [])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (ONE | {"made": "soon"}, "2:90: made: made must be a date such as 2018-07-13, not 'soon'"),
        ('{"id": "x", "id": "y"}', "2:13: id: 'id' is written twice on this line"),
        ('{"id": "x"', "2:1: the mapping that begins here is not closed before the line ends"),
        ('["a"]', "2:1: this must be a mapping, not a list"),
        ("17", "2:1: this must be a mapping, not the number 17"),
        ("[" * 100_000, "2:21: this is nested more than 20 levels deep"),
        ('{"title": "\\ud800"}', "2:14: there is an escaped character here that does not exist by itself"),
        ({"commitment": "a", "fulfiled": "2018-08-30"}, "2:21: fulfiled: 'fulfiled' is not known here"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_told_at_its_column_and_the_others_load(tmp_path, line, expected):
    drafts, problems = read(tmp_path, ONE, line, ONE | {"id": "b"})
    assert [draft.id for draft in drafts] == ["a", "b"]
    assert problems[0].splitlines()[0] == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"id": "\x00"}\n', "2:9: there is an invisible character here that does not belong in a text (U+0000)"),
        (b'{"id": "caf\xe9"}\n', "2:12: this is not UTF-8: byte 0xe9, 'é' in Latin-1"),
        (b" " * 1_000_001, " line 2 is longer than 1 MB"),
    ],
)
def test_a_file_that_is_no_text_is_refused_whole(tmp_path, data, expected):
    path = tmp_path / "r.jsonl"
    path.write_bytes(json.dumps(ONE).encode() + b"\n" + data)
    drafts, (problem,) = exchange.read(path)
    assert drafts == ()
    assert str(problem).removeprefix(f"{path}:").splitlines()[0] == expected


def test_endings_and_a_byte_order_mark_are_no_matter(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(ONE).encode() + b"\r\n" + json.dumps(ONE | {"id": "b"}).encode())
    assert [draft.id for draft in exchange.read(path)[0]] == ["a", "b"]


# ------------------------------------------------------------------------------------------------- of any length


@pytest.fixture
def store(tmp_path):
    with closing(Store.open(tmp_path / "gestand.db", new=True)) as opened:
        yield opened


def take(store, file, **options):
    with store.writing() as tx:
        found = (one for one in exchange.stream(file))
        return register.take_in(tx, found, today=date(2024, 1, 1), at=AT, actor="clerk", **options)


def sheet(tmp_path, rows):
    file = tmp_path / "many.csv"
    file.write_text("id,kind,title,by,to,made,fulfilled\n" + "".join(rows), encoding="utf-8")
    return file


def test_taking_ten_thousand_rows_in_again_appends_nothing(tmp_path, store):
    rows = [f"c{number},reply,t{number},a,b,2023-01-01,{'2023-02-01' * (number % 2)}\n" for number in range(10_000)]
    assert str(take(store, sheet(tmp_path, rows))) == "10000 new commitments, 5000 events"
    with store.reading() as tx:
        head = register.head(tx)
    random.Random(1).shuffle(rows)
    assert str(take(store, sheet(tmp_path, rows))) == "nothing new, 10000 unchanged"
    with store.reading() as tx:
        assert register.head(tx) == head


def test_a_file_is_taken_in_in_memory_that_does_not_grow_with_it(tmp_path, store):
    rows = (f"c{number},reply,{'t' * 400},a,b,2023-01-01,\n" for number in range(6000))
    file = sheet(tmp_path, rows)
    tracemalloc.start()
    for _ in exchange.stream(file):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < file.stat().st_size / 2


def test_events_join_their_commitments_across_any_distance(tmp_path, store):
    path = tmp_path / "r.jsonl"
    lines = [ONE | {"id": f"c{number}", "made": None} for number in range(1200)]
    lines += [{"commitment": f"c{number}", "fulfilled": "2018-08-30"} for number in (3, 1100)]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    assert str(take(store, path)) == "1200 new commitments, 2 events"
    with store.reading() as tx:  # made at the latest when something happened
        assert register.record(tx, "c3").history[0].event.occurred_on == date(2018, 8, 30)


def test_what_is_wrong_with_thousands_is_counted_and_the_first_are_kept(tmp_path, store):
    rows = ["same,reply,t,a,b,2023-01-01,\n"] * 1001
    intake = take(store, sheet(tmp_path, rows))
    assert str(intake) == "1 new commitment, 1000 problems"
    assert len(intake.problems) == MOST_PROBLEMS


def test_the_command_shows_the_first_problems_and_says_how_many_more(workspace, tmp_path):
    sheet(tmp_path, [f"c{number},reply,t,a,b,soon,\n" for number in range(250)])
    status, out, err = workspace("import", "many.csv")
    assert (status, out) == (1, "many.csv: nothing new, 250 problems\n")
    assert err.count("made must be a date") == 100
    assert err.endswith("gestand: 150 more problems not shown; mend the first, and import again\n")


def test_a_file_that_breaks_off_half_way_leaves_nothing_behind(workspace, tmp_path):
    file = sheet(tmp_path, [f"c{number},reply,t,a,b,,\n" for number in range(1500)])
    file.write_bytes(file.read_bytes() + b"d,reply,caf\xe9,a,b,,\n")
    status, out, err = workspace("import", "many.csv")
    assert (status, out) == (1, "")
    assert err.startswith("many.csv:1502:12: this is not UTF-8: byte 0xe9, 'é' in Latin-1\n")
    assert "c1" not in workspace("list", "--json")[1]


def test_json_lines_go_out_and_come_in(workspace, tmp_path):
    assert workspace("export", "--format", "jsonl", "-o", "all.jsonl")[0] == 0
    assert workspace("import", "all.jsonl")[1].startswith("all.jsonl: nothing new, ")
