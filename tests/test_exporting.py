"""What is handed out: the register as register files that give the same one, the ledger for strangers to check (W3)."""

import hashlib
import json
import re
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commitments import exchange
from commitments.exchange.table import unsaid
from commitments.ledger import register
from commitments.model.commitment import (
    Citation,
    Commitment,
    Event,
    EventKind,
    StatedDue,
)
from commitments.model.dates import Window
from commitments.model.record import Record, Recorded
from commitments.store import Store

DOCS = Path(__file__).parents[1] / "docs"
NOW = datetime(2024, 1, 1, tzinfo=UTC)


def recorded(commitment, *events):
    made = Event(kind=EventKind.MADE, occurred_on=date(2018, 7, 13), commitment=commitment)
    return Record(
        tuple(
            Recorded(event=event, seq=seq, recorded_at=NOW, actor="clerk")
            for seq, event in enumerate([made, *events], 1)
        )
    )


def commitment(**more):
    return Commitment(**{"id": "34964-B", "kind": "reply", "title": "Reply", "by": ["nl/a"], "to": ["nl/b"]} | more)


def happened(kind, day=date(2018, 8, 30), **more):
    return Event(kind=kind, occurred_on=day, **more)


ALL = recorded(
    commitment(
        title="A “long” title: with, everything; # in\nit",
        by=["nl/a", "nl/c"],
        force="binding",
        made=date(2018, 7, 13),
        anchors={"letter": Window.parse("2018-07-13"), "forum": Window.parse("2019-Q1")},
        stated_due=StatedDue(date=Window.parse("2018-08"), until="exclusive", phrase="vóór augustus"),
        parent="0189",
        dossier="34 964",
        source=Citation(document="no", clause="1:20", quote="- 0o17 {x}", url="https://example.org/?a=b#c"),
    ),
    happened(EventKind.ANCHORED, anchor="letter", date=Window.parse("2018-07-14")),
    happened(EventKind.EXTENDED, date=Window.parse("2019"), decided_by="on", note="2e termijn"),
    happened(EventKind.NOTE, note="what was seen\u2028and \x85 heard"),
    happened(EventKind.SNOOZED, date=Window.parse("2018-09-01")),
    happened(EventKind.FULFILLED, document="=1+1"),
    happened(EventKind.REOPENED, day=date(2018, 9, 1)),
)


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_everything_that_was_written_out_is_read_back(tmp_path, form):
    file = tmp_path / f"all.{form}"
    file.write_text("".join(exchange.WRITERS[form]([ALL, recorded(commitment())])), encoding="utf-8")
    (first, second), problems = exchange.read(file)
    assert problems == ()
    assert first.commitment == ALL.commitment
    assert list(first.events) == [entry.event for entry in ALL.history[1:]]
    assert (second.commitment, second.events) == (commitment(), ())


def test_yaml_is_written_so_that_every_reader_takes_it_as_meant():
    record = recorded(
        commitment(id="0189", title="no", made=date(2018, 7, 13)), happened(EventKind.FULFILLED, document="a: b")
    )
    assert "".join(exchange.WRITERS["yaml"]([record])) == (
        "commitments:\n"
        '  - id: "0189"\n'
        "    kind: reply\n"
        '    title: "no"\n'
        "    by: [nl/a]\n"
        "    to: [nl/b]\n"
        "    made: 2018-07-13\n"
        "    events:\n"
        '      - {fulfilled: 2018-08-30, document: "a: b"}\n'
    )


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_events_that_say_no_more_than_their_day_are_read_back(tmp_path, form):
    record = recorded(commitment(), happened(EventKind.NOTE), happened(EventKind.SNOOZED))
    file = tmp_path / f"all.{form}"
    file.write_text("".join(exchange.WRITERS[form]([record])), encoding="utf-8")
    (draft,), problems = exchange.read(file)
    assert (list(draft.events), problems) == ([entry.event for entry in record.history[1:]], ())


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30).map(str.strip)


@pytest.mark.parametrize("form", exchange.WRITERS)
def test_names_that_look_like_days_are_read_back_as_names(tmp_path, form):
    named = "2018-08-30"
    record = recorded(commitment(id=named, title=named, by=named, made=named, anchors={"letter": named}))
    file = tmp_path / f"all.{form}"
    file.write_text("".join(exchange.WRITERS[form]([record])), encoding="utf-8")
    (draft,), problems = exchange.read(file)
    assert (draft.commitment, problems) == (record.commitment, ())


LIKE_DAYS = st.sampled_from(["2018-08-30", "2018-02-30", "0000-00-00"])
EVENTS = st.builds(
    Event,
    kind=st.sampled_from([EventKind.FULFILLED, EventKind.NOTE, EventKind.REOPENED, EventKind.DELAY_NOTICE]),
    occurred_on=st.dates(date(2018, 7, 13), date(2030, 1, 1)),
    document=TEXTS | LIKE_DAYS,
    decided_by=TEXTS,
    note=TEXTS | LIKE_DAYS,
)


@pytest.mark.parametrize("form", ["yaml", "json"])
@given(title=TEXTS.filter(bool) | LIKE_DAYS, dossier=TEXTS | LIKE_DAYS, happenings=st.lists(EVENTS, max_size=4))
@settings(max_examples=60, deadline=None)
def test_whatever_people_write_comes_back(form, title, dossier, happenings):
    record = recorded(commitment(title=title, dossier=dossier), *happenings)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"all.{form}"
        file.write_text("".join(exchange.WRITERS[form]([record])), encoding="utf-8", newline="")
        drafts, problems = exchange.read(file)
    assert problems == ()
    assert [(draft.commitment, list(draft.events)) for draft in drafts] == [(record.commitment, happenings)]


@pytest.mark.parametrize("form", exchange.WRITERS)
def test_an_empty_register_is_written_and_read(tmp_path, form):
    file = tmp_path / f"none.{form}"
    file.write_text("".join(exchange.WRITERS[form]([])), encoding="utf-8")
    assert exchange.read(file) == ((), ())


@pytest.mark.parametrize(
    ("title", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+31 70", "'+31 70"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("'=1+1", "''=1+1"),  # so that it is read back with its own apostrophe
        ("'s-Gravenhage", "'s-Gravenhage"),  # an apostrophe that hides nothing
        ("1-2", "1-2"),
    ],
)
def test_what_a_spreadsheet_would_run_is_made_harmless_and_read_back_as_it_was(tmp_path, title, cell):
    """W3: CSV formula injection."""
    text = "".join(exchange.WRITERS["csv"]([recorded(commitment(title=title))]))
    assert text == f"id,kind,title,by,to\r\n34964-B,reply,{cell},nl/a,nl/b\r\n"
    file = tmp_path / "r.csv"
    file.write_text(text, encoding="utf-8", newline="")
    (draft,), problems = exchange.read(file)
    assert (draft.commitment.title, problems) == (title, ())


def test_a_row_holds_the_events_up_to_the_first_that_has_no_place_in_it():
    record = recorded(
        commitment(by=["nl/a", "nl/c"], anchors={"letter": Window.parse("2018-07")}),
        happened(EventKind.EXTENDED, date=Window.parse("2019"), note="asked"),
        happened(EventKind.NOTE, note="seen"),  # CSV has no column for it
        happened(EventKind.FULFILLED),
    )
    assert "".join(exchange.WRITERS["csv"]([record])) == (
        "id,kind,title,by,to,extended,extended.note,extended_to,anchor.letter\r\n"
        "34964-B,reply,Reply,nl/a|nl/c,nl/b,2018-08-30,asked,2019,2018-07\r\n"
    )
    assert unsaid(record) == 2


def test_a_row_holds_no_event_that_would_be_read_as_if_it_came_before_another():
    new = happened(EventKind.EXTENDED, date="2019")
    delay, answer = happened(EventKind.DELAY_NOTICE), happened(EventKind.FULFILLED)
    assert unsaid(recorded(commitment(), delay, new, answer)) == 0
    assert unsaid(recorded(commitment(), new, delay, answer)) == 2


# ------------------------------------------------------------------------------------------------- the command


def records(folder):
    with closing(Store.open(folder / "gestand.db")) as store, store.reading() as tx:
        return {one.commitment.id: one for one in register.records(tx)}


def events(record):
    return [entry.event for entry in record.in_order if entry.event.kind is not EventKind.AMENDED]


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_the_register_of_the_demonstration_is_the_same_after_export_and_import(run, tmp_path, form):
    assert run("demo")[0] == 0
    assert run("-w", "demo", "export", "--format", form, "-o", f"all.{form}") == (0, "", f"written to all.{form}\n")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "gestand.yaml").write_bytes((tmp_path / "demo" / "gestand.yaml").read_bytes())
    assert run("-w", "two", "import", "--new", f"all.{form}")[0] == 0
    one, two = records(tmp_path / "demo"), records(tmp_path / "two")
    assert len(one) > 40
    assert {key: record.commitment for key, record in one.items()} == {
        k: record.commitment for k, record in two.items()
    }
    assert {key: events(record)[1:] for key, record in one.items()} == {k: events(r)[1:] for k, r in two.items()}
    assert run("-w", "demo", "list", "--json") == run("-w", "two", "list", "--json")
    _, out, _ = run("-w", "two", "import", f"all.{form}")
    assert out.startswith(f"all.{form}: nothing new, ")


def test_export_takes_the_filters_of_list_and_a_day(workspace):
    _, out, _ = workspace("export", "--kind", "reply")
    assert re.findall(r"id: (\S+)", out) == ['"34964-B"']
    assert "{fulfilled: 2018-08-30, " in out
    _, out, _ = workspace("export", "--kind", "reply", "--status", "overdue")
    assert out == "commitments:\n"
    _, out, _ = workspace("export", "--kind", "reply", "--status", "overdue", "--as-of", "2018-08-29")
    assert re.findall(r"id: (\S+)", out) == ['"34964-B"']
    assert "fulfilled" not in out


def sealed(text):
    return hashlib.sha256(text.encode()).hexdigest()


def stranger(file):
    """A check of the exported ledger by what docs/ledger.md says alone; the number of the first wrong entry."""
    prev, count = "0" * 64, 0
    for line in file.read_text(encoding="utf-8").splitlines():
        entry, count = json.loads(line), count + 1
        parts = [
            str(entry["seq"]),
            *(
                "null" if entry[key] is None else json.dumps(entry[key], ensure_ascii=False)
                for key in ("at", "actor", "kind", "commitment", "payload", "prev")
            ),
        ]
        digest = hashlib.sha256(f"[{','.join(parts)}]".encode()).hexdigest()
        if (entry["seq"], entry["prev"], entry["hash"]) != (count, prev, digest):
            return count
        if entry["body"] is not None and sealed(entry["body"]) != json.loads(entry["payload"])["body"]:
            return count
        prev = digest
    return None


@pytest.fixture
def ledger(workspace, tmp_path):
    workspace("import", "commitments/example.yaml")
    (tmp_path / "more.csv").write_text('id,kind,title,by,to\nC-1,k,"Vóór de\tzomer “1”",a,b\n', encoding="utf-8")
    assert workspace("import", "more.csv")[0] == 0
    assert workspace("export", "--ledger", "-o", "ledger.jsonl")[0] == 0
    return tmp_path / "ledger.jsonl"


def test_a_stranger_can_verify_the_exported_ledger(ledger, workspace):
    assert stranger(ledger) is None
    last = json.loads(ledger.read_text(encoding="utf-8").splitlines()[-1])
    _, out, _ = workspace("verify")
    assert out.splitlines()[0].endswith(f"head #{last['seq']} {last['hash'][:32]}")


def test_a_stranger_finds_what_was_changed(ledger):
    text = ledger.read_text(encoding="utf-8")
    ledger.write_text(text.replace("Vóór de", "Na de"), encoding="utf-8")
    assert stranger(ledger) == len(text.splitlines())
    ledger.write_text("".join(text.splitlines(keepends=True)[1:]), encoding="utf-8")
    assert stranger(ledger) == 1


def test_the_program_in_the_docs_finds_the_same(ledger, tmp_path):
    (program,) = re.findall(r"```python\n(.*?)```", (DOCS / "ledger.md").read_text(encoding="utf-8"), re.DOTALL)
    script = tmp_path / "check.py"
    script.write_text(program, encoding="utf-8")
    whole = subprocess.run([sys.executable, script, ledger], capture_output=True, text=True, check=False)
    assert whole.returncode == 0
    assert whole.stdout.startswith("whole: #")
    ledger.write_text(ledger.read_text(encoding="utf-8").replace("Vóór de", "Na de"), encoding="utf-8")
    wrong = subprocess.run([sys.executable, script, ledger], capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert wrong.stderr.endswith(" are not as they were written\n")
    ledger.write_text(ledger.read_text(encoding="utf-8").replace('"actor":"', '"actor":"not '), encoding="utf-8")
    wrong = subprocess.run([sys.executable, script, ledger], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stderr) == (1, "entry 1 is not as it was written\n")


def test_the_program_in_the_docs_knows_of_erased_texts(ledger, workspace, tmp_path):
    (program,) = re.findall(r"```python\n(.*?)```", (DOCS / "ledger.md").read_text(encoding="utf-8"), re.DOTALL)
    script = tmp_path / "check.py"
    script.write_text(program, encoding="utf-8")
    assert workspace("erase", "C-1", "--reason", "asked")[0] == 0
    assert workspace("export", "--ledger", "-o", "ledger.jsonl")[0] == 0
    checked = subprocess.run([sys.executable, script, ledger], capture_output=True, text=True, check=False)
    assert checked.stdout.startswith("whole: #")
    lines = ledger.read_text(encoding="utf-8").splitlines(keepends=True)
    ledger.write_text("".join(lines[:-1]), encoding="utf-8")  # the tail that says what was erased
    checked = subprocess.run([sys.executable, script, ledger], capture_output=True, text=True, check=False)
    assert checked.stderr == (
        f"the texts of entry {len(lines) - 1} are gone without a word, or there though they were erased\n"
    )


def test_a_ledger_is_exported_whole_or_not_at_all(workspace):
    status, out, err = workspace("export", "--ledger", "--kind", "reply")
    assert (status, out) == (2, "")
    assert "a ledger with gaps cannot be checked" in err


def test_a_file_that_cannot_be_written_is_told(workspace):
    status, out, err = workspace("export", "-o", "nowhere/all.yaml")
    assert (status, out) == (1, "")
    assert err == "Error: Could not open file 'nowhere/all.yaml': No such file or directory\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("fulfilled", "34964-B", "--to", "2018-09-01"),
         "--to does not belong to fulfilled: it is for extended, anchored, snoozed"),
        (("note", "34964-B", "--anchor", "letter"), "--anchor does not belong to note: it is for anchored"),
    ],
)  # fmt: skip
def test_what_no_register_file_could_hold_is_not_recorded(workspace, words, message):
    status, out, err = workspace("record", *words)
    assert (status, out) == (2, "")
    assert message in err


def test_what_csv_leaves_out_is_counted(workspace):
    workspace("record", "note", "34964-B", "--note", "filed")
    status, out, err = workspace("export", "--kind", "reply", "--format", "csv")
    assert status == 0
    assert out.startswith("id,kind,title,by,to,made,dossier,")
    assert err == "gestand: 1 event left out, for which CSV has no place; YAML has\n"
