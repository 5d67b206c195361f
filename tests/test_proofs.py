"""The proof of one entry, checked by the script that strangers use, as they run it; and what was tampered with."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path

import pytest
from time_authority import make_authority, serving

from commitments.ledger.chain import Entry, Head, seal
from commitments.ledger.merkle import roots
from engine.workspace import clock

CHECKER = Path(__file__).parent.parent / "docs" / "check_proof.py"
DAY = datetime(2026, 11, 26, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def frozen(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: DAY)


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def tsa(certified):
    with serving(certified) as running:
        yield running


@pytest.fixture
def stamped(workspace, tsa):
    """A workspace whose ledger is stamped, and grows after that."""
    assert workspace("witness", "--authority", tsa.address, "--ca", tsa.certificates)[0] == 0
    assert workspace("record", "fulfilled", "EXAMPLE-1", "--on", "2026-11-25", "--actor", "clerk")[0] == 0
    return workspace


def checked(proof, option, value):
    """What the checker says of a proof, and with which status."""
    Path("proof.json").write_text(proof if isinstance(proof, str) else json.dumps(proof))
    words = [sys.executable, str(CHECKER), "proof.json", option, value]
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    return found.returncode, found.stdout + found.stderr


def proof_of(run, *words):
    status, said, told = run("proof", *words)
    assert (status, told) == (0, "")
    return json.loads(said)


def made_of(run, seq=2):
    return proof_of(run, str(seq))


def head_of(run, seq):
    """The head that ended the ledger with the entry `seq`, in full."""
    run("export", "--ledger", "-o", "ledger.jsonl")
    (line,) = [one for one in map(json.loads, Path("ledger.jsonl").read_text().splitlines()) if one["seq"] == seq]
    return f"#{seq} {line['hash']}"


def test_the_checker_has_no_more_than_eighty_lines_and_nothing_of_ours():
    text = CHECKER.read_text("utf-8")
    assert len(text.splitlines()) <= 80
    imported = {line.split()[1] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= set(sys.stdlib_module_names)


def test_a_stranger_finds_every_stamped_entry_proved(stamped, tsa):
    last = made_of(stamped)["tree"]["size"]
    assert last >= 3
    for seq in range(1, last + 1):
        status, said = checked(made_of(stamped, seq), "--ca", tsa.certificates)
        assert (status, said.splitlines()[-1]) == (0, "PROVED: it was there on 2026-11-26 09:00:00 UTC"), seq


def test_what_is_shown_as_proved_is_what_was_sealed(stamped, tsa):
    proof = made_of(stamped)
    proof["entry"]["remark"] = "the minister knew"
    status, said = checked(proof, "--ca", tsa.certificates)
    assert (status, "minister" in said) == (0, False)


def test_the_texts_are_in_it_only_if_they_are_wanted(stamped, tsa):
    without, with_texts = made_of(stamped), proof_of(stamped, "2", "--texts")
    assert "body" not in without["entry"]
    assert json.loads(with_texts["entry"]["body"])["commitment"]["title"]
    assert checked(with_texts, "--ca", tsa.certificates)[0] == 0


def test_the_texts_of_others_are_not_handed_over(stamped):
    stamped("export", "--ledger", "-o", "ledger.jsonl")
    others = [json.loads(line) for line in Path("ledger.jsonl").read_text().splitlines()]
    said = json.dumps(made_of(stamped, 2))
    assert not [
        one["seq"] for one in others if one["seq"] != 2 and (one["payload"] in said or (one["body"] or "…") in said)
    ]


def test_a_proof_outlives_the_erasing_of_the_texts(stamped, tsa):
    before = proof_of(stamped, "2", "--texts")
    assert stamped("erase", "34964-B", "--reason", "asked for")[0] == 0
    assert checked(made_of(stamped), "--ca", tsa.certificates)[0] == 0
    assert checked(before, "--ca", tsa.certificates)[0] == 0


def test_the_earliest_stamp_proves_it(stamped, tsa, monkeypatch):
    first = made_of(stamped)
    later = datetime(2026, 12, 24, 9, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert stamped("witness", "--authority", tsa.address, "--ca", tsa.certificates)[0] == 0
    assert made_of(stamped) == first
    fresh = made_of(stamped, first["tree"]["size"] + 2)
    assert "PROVED: it was there on 2026-12-24 09:00:00 UTC" in checked(fresh, "--ca", tsa.certificates)[1]


def flipped(text):
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def _other_payload(proof):
    payload = json.loads(proof["entry"]["payload"])
    payload["occurred_on"] = "2018-07-12"
    proof["entry"]["payload"] = json.dumps(payload, separators=(",", ":"), sort_keys=True)


def _other_statement(proof):
    """The forger makes a tree of one entry and a statement of it; nobody stamped that."""
    entry = proof["entry"]
    forged = seal(
        Head(0), at=entry["at"], actor="forger", kind=entry["kind"], commitment=None, payload={"forged": True}
    )
    ((_, top),) = roots([forged.hash], [1])
    proof["entry"] = {name: getattr(forged, name) for name in Entry._fields if name not in {"hash", "body"}}
    proof["tree"] = {"size": 1, "path": []}
    proof["statement"] = f"gestand ledger\n#1 {forged.hash}\ntree {top}\n"


TAMPERED = {
    "the number of the entry": lambda proof: proof["entry"].update(seq=3),
    "the moment": lambda proof: proof["entry"].update(at="2018-07-13T09:30:00.000000Z"),
    "the actor": lambda proof: proof["entry"].update(actor="somebody else"),
    "the kind": lambda proof: proof["entry"].update(kind="fulfilled"),
    "the commitment": lambda proof: proof["entry"].update(commitment="another"),
    "a date in it": _other_payload,
    "the hash before": lambda proof: proof["entry"].update(prev=flipped(proof["entry"]["prev"])),
    "a text": lambda proof: proof["entry"].update(body=proof["entry"]["body"].replace("a", "b", 1)),
    "no text at all": lambda proof: proof["entry"].update(body=""),
    "a step of the path": lambda proof: proof["tree"]["path"].__setitem__(0, flipped(proof["tree"]["path"][0])),
    "a step fewer": lambda proof: proof["tree"]["path"].pop(),
    "a step more": lambda proof: proof["tree"]["path"].append("0" * 64),
    "the steps in another order": lambda proof: proof["tree"]["path"].reverse(),
    "a smaller tree": lambda proof: proof["tree"].update(size=proof["tree"]["size"] - 1),
    "a larger tree": lambda proof: proof["tree"].update(size=proof["tree"]["size"] + 1),
    "a tree of another order": lambda proof: proof["tree"].update(size=2**40),
    "the head in the statement": lambda proof: proof.update(statement=proof["statement"].replace("#", "#1")),
    "the root in the statement": lambda proof: proof.update(statement=flipped(proof["statement"][:-1]) + "\n"),
    "a word more in the statement": lambda proof: proof.update(statement=proof["statement"] + "and so on\n"),
    "another statement, right in itself": _other_statement,
    "a stamp that is none": lambda proof: proof.update(stamp="AAAA"),
    "no stamp": lambda proof: proof.update(stamp=""),
    "half a stamp": lambda proof: proof.update(stamp=proof["stamp"][:1200]),
    "a bit of its signature": lambda proof: proof.update(stamp=proof["stamp"][:-12] + "AAAAAAAA" + proof["stamp"][-4:]),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_proof_that_was_tampered_with_proves_nothing(stamped, tsa, what):
    proof = proof_of(stamped, "2", "--texts")
    changed = deepcopy(proof)
    TAMPERED[what](changed)
    assert changed != proof
    status, said = checked(changed, "--ca", tsa.certificates)
    assert status == 1
    assert "NOT PROVED" in said, said
    assert "\nPROVED" not in said


def test_a_stamp_of_another_authority_proves_nothing(stamped, tmp_path):
    other = make_authority(tmp_path / "other")
    assert checked(made_of(stamped), "--ca", other.certificates) == (1, "NOT PROVED: the stamp does not hold\n")


def test_what_is_no_proof_proves_nothing(stamped, tsa):
    for text in ("", "{}", "[]", '{"entry": {}}', "null", "0" * 5000):
        status, said = checked(text, "--ca", tsa.certificates)
        assert (status, "\nPROVED" in said) == (1, False), text


# ------------------------------------------------------------------------------------------------- by a printed head


def test_a_head_that_was_printed_proves_what_came_before_it(stamped):
    head = head_of(stamped, 5)
    for digits in (16, 32, 64):
        printed = head[: 3 + digits]
        proof = proof_of(stamped, "#2", "--anchor", printed)
        assert [one[0] for one in proof["later"]] == [3, 4, 5]
        status, said = checked(proof, "--head", printed)
        assert (status, said.splitlines()[-1]) == (
            0,
            f"PROVED: it is in the ledger whose head was printed as {printed}",
        )
    assert proof_of(stamped, "5", "--anchor", head)["later"] == []


def test_a_proof_by_a_head_holds_no_texts_of_others(stamped):
    proof = proof_of(stamped, "2", "--anchor", head_of(stamped, 5))
    assert [len(one) for one in proof["later"]] == [7, 7, 7]
    assert "title" not in json.dumps(proof)


LINKS = {
    "an entry left out": lambda proof: proof["later"].pop(0),
    "two exchanged": lambda proof: proof["later"].reverse(),
    "an entry changed": lambda proof: proof["later"][1].__setitem__(2, "somebody else"),
    "the end cut off": lambda proof: proof["later"].pop(),
    "the entry changed": lambda proof: proof["entry"].update(at="2018-07-13T09:30:00.000000Z"),
}


@pytest.mark.parametrize("what", LINKS)
def test_links_that_were_tampered_with_prove_nothing(stamped, what):
    head = head_of(stamped, 5)
    proof = proof_of(stamped, "2", "--anchor", head)
    LINKS[what](proof)
    status, said = checked(proof, "--head", head)
    assert (status, said[:10]) == (1, "NOT PROVED")


def test_another_head_proves_nothing(stamped):
    head = head_of(stamped, 5)
    proof = proof_of(stamped, "2", "--anchor", head)
    for other in (
        flipped(head),
        head[:10],
        "",
        "yesterday",
        f"{head}0",
        head.replace("#5", "#4"),
        ".*",
        "# " + head[3:],
    ):
        status, said = checked(proof, "--head", other)
        assert (status, said[:10]) == (1, "NOT PROVED"), other


# ------------------------------------------------------------------------------------------------- what has no proof


def test_an_entry_that_no_stamp_covers_is_told_with_both_ways_out(stamped):
    status, _, told = stamped("proof", "999")
    assert (status, told) == (
        1,
        "gestand: the ledger has no entry #999; `gestand show ID` says the numbers of a commitment's\n",
    )
    last = made_of(stamped)["tree"]["size"] + 2
    status, _, told = stamped("proof", str(last))
    ways = "get one with `gestand witness`, or prove it by a head that was printed later: --anchor '#SEQ HASH'"
    assert (status, told) == (1, f"gestand: no time stamp covers entry #{last} yet; {ways}\n")


def test_a_head_before_the_entry_or_of_another_ledger_is_told(stamped):
    head = head_of(stamped, 2)
    status, _, told = stamped("proof", "3", "--anchor", head)
    assert (status, told) == (
        1,
        f"gestand: entry #3 was written after {head}: name a head that was printed later\n",
    )
    status, _, told = stamped("proof", "2", "--anchor", flipped(head))
    assert (status, "the ledger was rewritten" in told) == (1, True)
    status, _, told = stamped("proof", "2", "--anchor", "yesterday")
    assert (status, "is not a head" in told) == (1, True)


def test_a_proof_is_written_to_a_file(stamped, tsa):
    status, _, told = stamped("proof", "#2", "-o", "mine.json")
    assert (status, told) == (0, "written to mine.json\n")
    assert checked(Path("mine.json").read_text("utf-8"), "--ca", tsa.certificates)[0] == 0


def test_a_ledger_that_is_not_whole_proves_nothing(stamped):
    with closing(sqlite3.connect("gestand.db")) as db, db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        db.execute("UPDATE ledger SET actor = 'x' WHERE seq = 3")
    status, _, told = stamped("proof", "2")
    assert (status, told.startswith("gestand: the ledger is not whole")) == (1, True)
