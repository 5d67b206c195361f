"""Texts beside the chain: what is sealed and what can be erased, and what reading and verifying make of that."""

import json
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest
from asked import last_entry
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from commitments import store
from commitments.ledger import chain, register
from commitments.ledger.erasure import NothingToEraseError, erase
from commitments.ledger.texts import (
    OF_COMMITMENT,
    OF_EVENT,
    joined,
    parted,
)
from commitments.model.commitment import (
    Citation,
    Commitment,
    Event,
    EventKind,
    StatedDue,
)
from commitments.store import Store
from engine.workspace import clock

AT = datetime(2018, 7, 13, 9, 30, tzinfo=UTC)
REPLY = Commitment(
    id="34964-B",
    kind="reply",
    title="Answer to Mrs Jansen",
    by="nl/regering",
    to="nl/eerste-kamer",
    dossier="34 964",
    anchors={"letter": "2018-07-13"},
    stated_due={"date": "2018-08-10", "phrase": "before I leave"},
    source=Citation(document="letter", quote="dear Mr Jansen"),
)
EVENTS = [
    Event(kind=EventKind.MADE, occurred_on=date(2018, 7, 13), commitment=REPLY),
    Event(
        kind=EventKind.EXTENDED, occurred_on=date(2018, 8, 1), date="2018-09-01", decided_by="J. Jansen", note="kind"
    ),
    Event(kind=EventKind.FULFILLED, occurred_on=date(2018, 8, 30)),
]


@pytest.fixture
def tx(place):
    opened = Store.open(place, new=True)
    with opened.writing() as transaction:
        register.append(transaction, [("34964-B", event) for event in EVENTS], at=AT, actor="clerk")
        yield transaction
    opened.close()


def entries(tx):
    return list(register.entries(tx))


def forget(tx, identifier="34964-B", numbers=()):
    return erase(tx, identifier, numbers, reason="asked by J. Jansen", at=AT, actor="officer")


def test_the_chain_holds_no_text_but_its_hash(tx):
    made, extended, fulfilled = entries(tx)
    assert json.loads(made.payload) == {
        "kind": "made",
        "occurred_on": "2018-07-13",
        "body": sha256(made.body.encode()).hexdigest(),
        "commitment": {
            "id": "34964-B",
            "kind": "reply",
            "by": ["nl/regering"],
            "to": ["nl/eerste-kamer"],
            "dossier": "34 964",
            "anchors": {"letter": "2018-07-13"},
            "stated_due": {"date": "2018-08-10"},
        },
    }
    body = json.loads(made.body)
    assert len(body.pop("salt")) == 32
    assert body == {
        "commitment": {
            "title": "Answer to Mrs Jansen",
            "source": {"document": "letter", "quote": "dear Mr Jansen"},
            "stated_due": {"phrase": "before I leave"},
        }
    }
    assert "Jansen" not in extended.payload
    assert fulfilled.body is None
    assert fulfilled.payload == '{"kind":"fulfilled","occurred_on":"2018-08-30"}'


def test_a_short_text_cannot_be_guessed_by_its_hash(tx):
    again = register.append(tx, [("34964-B", EVENTS[1])], at=AT, actor="clerk")
    assert json.loads(again[0].payload)["body"] != json.loads(entries(tx)[1].payload)["body"]


def test_words_that_are_the_date_stay_for_it_is_found_from_them():
    worded = REPLY.model_copy(update={"stated_due": StatedDue(phrase="before the summer")})
    skeleton, texts = parted(EVENTS[0].model_copy(update={"commitment": worded}))
    assert skeleton["commitment"]["stated_due"] == {"phrase": "before the summer"}
    assert "stated_due" not in texts["commitment"]


def test_every_field_of_an_event_and_a_commitment_is_either_sealed_or_erasable():
    """A new field must be put on one side: a text that is forgotten here can never be erased."""
    sealed = {"kind", "occurred_on", "date", "anchor", "commitment", "undoes"}
    counted = {"id", "kind", "by", "to", "force", "made", "anchors", "stated_due", "parent", "dossier", "cycle"}
    assert set(Event.model_fields) <= sealed | set(OF_EVENT)
    assert set(Commitment.model_fields) == counted | set(OF_COMMITMENT)


def test_erasing_a_commitment_leaves_its_dates_and_a_whole_chain(tx):
    before = register.record(tx, "34964-B")
    head = str(register.head(tx))
    done = forget(tx)
    after = register.record(tx, "34964-B")
    assert done.entries == (1, 2)
    assert after.commitment == REPLY.model_copy(
        update={"title": "(erased)", "source": Citation(), "stated_due": StatedDue(date="2018-08-10")}
    )
    assert [(one.event.kind, one.event.occurred_on, one.event.date) for one in after.history] == [
        (one.event.kind, one.event.occurred_on, one.event.date) for one in before.history
    ]
    assert [(one.event.decided_by, one.event.note) for one in after.history[1:]] == [("", "(erased)"), ("", "")]
    verdict = chain.verify(register.entries(tx), head)
    assert str(verdict) == (f"the ledger is whole: 4 entries, the texts of 2 erased, head {register.head(tx)}")
    assert tx.execute(store.commitment.select()).one().title == "(erased)"


def test_the_erasure_is_in_the_ledger_and_its_reason_can_be_erased_too(tx):
    forget(tx)
    last = entries(tx)[-1]
    assert (last.kind, last.actor, last.commitment) == ("erased", "officer", "34964-B")
    assert joined(last.payload, last.body) == {"entries": [1, 2], "messages": 0, "reason": "asked by J. Jansen"}
    assert "Jansen" not in last.payload
    forget(tx, None, [last.seq])
    assert chain.verify(register.entries(tx)).erased == 3


def test_one_entry_can_be_erased_by_its_number(tx):
    assert forget(tx, numbers=[2]).entries == (2,)
    assert register.record(tx, "34964-B").commitment.title == "Answer to Mrs Jansen"
    note = register.note(
        tx, "digest_queued", {"slot": "x"}, at=AT, actor="gestand", texts={"recipient": "j@example.org"}
    )
    assert "example.org" not in note.payload
    assert forget(tx, None, [note.seq]).entries == (note.seq,)


@pytest.mark.parametrize(
    ("identifier", "numbers", "reason"),
    [
        ("34964-B", [9], "the ledger has no entry #9 of 34964-B"),
        (None, [9], "the ledger has no entry #9"),
        ("34964-B", [3], "there are no texts, or they were erased already"),
    ],
)
def test_what_cannot_be_erased_is_told(tx, identifier, numbers, reason):
    with pytest.raises(NothingToEraseError) as told:
        forget(tx, identifier, numbers)
    assert str(told.value) == f"nothing was erased: {reason}"


def test_an_entry_of_the_first_version_is_read_and_cannot_be_erased(tx):
    """S7."""
    payload = Event(kind=EventKind.NOTE, occurred_on=date(2018, 8, 1), note="said").model_dump(
        mode="json", exclude_defaults=True
    )
    stamp = chain.stamp(AT)
    former = chain.seal(register.head(tx), at=stamp, actor="a", kind="note", commitment="34964-B", payload=payload)
    tx.execute(store.ledger.insert().values(**{name: getattr(former, name) for name in chain.Entry._fields}))
    assert register.record(tx, "34964-B").history[-1].event.note == "said"
    assert chain.verify(register.entries(tx)).ok
    with pytest.raises(NothingToEraseError, match="the texts of entry #4 were sealed into the chain by an earlier"):
        forget(tx, numbers=[4])
    assert forget(tx).kept == (4,)


def test_texts_that_were_changed_or_taken_away_are_found(tx):
    """S8."""
    forget(tx, numbers=[2])
    first, second, third, fourth = entries(tx)
    found = {
        "changed": [first._replace(body=first.body.replace("Mrs", "Mr")), second, third, fourth],
        "gone": [first._replace(body=None), second, third, fourth],
        "put back": [first, second._replace(body=fourth.body), third, fourth],
        "added": [first, second, third._replace(body="{}"), fourth],
    }
    assert {case: str(chain.verify(lines)) for case, lines in found.items()} == {
        "changed": "the texts of entry #1 were changed after they were written",
        "gone": "the texts of entry #1 are gone, and no entry says who erased them",
        "put back": "the texts of entry #2 were changed after they were written",
        "added": "the texts of entry #3 were changed after they were written",
    }


def test_erased_texts_that_are_there_again_are_told(tx):
    """As after a copy from before was put in the place of the ledger's rows."""
    before = entries(tx)
    forget(tx, numbers=[2])
    verdict = chain.verify([*before, entries(tx)[-1]])
    assert str(verdict) == "the texts of entry #2 are there, though #4 says they were erased: erase them again"


def test_the_database_lets_a_body_be_erased_and_nothing_else(tx):
    """S8."""
    table = store.ledger
    for values in ({"body": "{}"}, {"body": None, "actor": "x"}, {"payload": "{}"}, {"seq": 9}):
        with pytest.raises(Exception, match="the ledger is never changed"), tx.begin_nested():
            tx.execute(table.update().where(table.c.seq == 1).values(**values))
    forged = {column.name: "x" for column in table.c} | {"seq": 1}
    with pytest.raises(Exception, match="the ledger is never changed"), tx.begin_nested():
        store.put(tx, table, [forged])
    replaced = table.insert().prefix_with("OR REPLACE").values(**forged)
    besides = {"sqlite": replaced, "postgresql": text("TRUNCATE ledger")}
    with pytest.raises(Exception, match="the ledger is never changed"), tx.begin_nested():
        tx.execute(besides[tx.dialect.name])
    tx.execute(table.update().where(table.c.seq == 1).values(body=None))


def test_erased_texts_leave_the_file(tmp_path, workspace):
    """The bytes themselves, the log beside the file included."""
    record = ("record", "note", "34964-B", "--on", "2018-08-01", "--note", "Mrs Quixotically said so")
    assert workspace(*record, "--actor", "clerk")[0] == 0
    assert any(b"Quixotically" in path.read_bytes() for path in tmp_path.glob("gestand.db*"))
    note = last_entry(tmp_path, "note")
    status, out, _ = workspace("erase", "34964-B", "--entry", f"#{note}", "--reason", "asked", "--actor", "officer")
    assert (status, out) == (0, f"erased: the texts of 1 entry (#{note})\n")
    assert not any(b"Quixotically" in path.read_bytes() for path in tmp_path.glob("gestand.db*"))
    status, out, _ = workspace("verify")
    assert status == 0
    assert out.startswith(f"the ledger is whole: {note + 1} entries, the texts of 1 erased, head ")


def test_messages_that_told_of_it_are_emptied_once_they_have_gone(workspace, tmp_path):
    assert workspace("tick", "--as-of", "2018-08-13")[0] == 0
    status, out, _ = workspace("erase", "34964-B", "--reason", "asked", "--actor", "officer")
    assert status == 0
    assert "and of 1 message in the outbox; what was sent stays where it was sent" in out
    opened = Store.open(tmp_path / "gestand.db", new=True)
    with opened.reading() as tx:
        assert [row.body for row in tx.execute(store.message.select())] == [b""]
    opened.close()
    assert "(erased)" in workspace("list", "--as-of", "2018-08-13")[1]


@pytest.mark.parametrize(
    ("states", "said"),
    [(("queued",), "  1 message waits to be sent with them: erase again when that is done"),
     (("queued", "sending"), "  2 messages wait to be sent with them: erase again when that is done")],
)  # fmt: skip
def test_what_waits_to_be_sent_is_told(workspace, tmp_path, states, said):
    assert workspace("tick", "--as-of", "2018-08-13")[0] == 0
    opened = Store.open(tmp_path / "gestand.db", new=True)
    with opened.writing() as tx:
        (row,) = tx.execute(store.outbox.select()).mappings()
        tx.execute(store.message.delete())
        tx.execute(store.outbox.delete())
        copies = [dict(row) | {"id": n, "message_id": f"{n}", "state": state} for n, state in enumerate(states, 1)]
        tx.execute(store.outbox.insert(), copies)
        tx.execute(store.message.insert(), [{"outbox": one["id"], "body": b"x"} for one in copies])
    opened.close()
    status, out, _ = workspace("erase", "34964-B", "--reason", "asked", "--actor", "officer")
    assert (status, out.splitlines()[-1]) == (0, said)


def silenced(workspace, *words):
    until = ("--until", "2099-12-31", "--reason", "Mrs Quixotically is ill", "--actor", "clerk")
    assert workspace("silence", *words, *until)[0] == 0


def everything(tmp_path):
    return b"".join(path.read_bytes() for path in tmp_path.glob("gestand.db*"))


@pytest.mark.parametrize(
    ("scope", "named"),
    [
        (("34964-B",), ("34964-B",)),  # a silence that names the commitment goes with it
        (("34964-B", "EXAMPLE-1"), ("EXAMPLE-1",)),
        (("--by", "nl/regering"), ("--silence", "1")),  # another by its number
        (("--by", "nl/regering"), ("--entry", "#NUMBER")),  # or of its entry
    ],
)
def test_the_reason_of_a_silence_is_erased_wherever_it_stands(workspace, tmp_path, scope, named):
    silenced(workspace, *scope)
    number = last_entry(tmp_path, "silenced")
    assert workspace("tick", "--as-of", "2018-08-13")[0] == 0
    assert "Quixotically" in workspace("digest", "who", "34964-B")[1]
    words = [word.replace("NUMBER", str(number)) for word in named]
    status, out, _ = workspace("erase", *words, "--reason", "asked", "--actor", "officer")
    assert status == 0
    assert f"#{number}" in out
    (told,) = json.loads(workspace("silences", "--json")[1])
    assert (told["reason"], told["by"], told["until"]) == ("(erased)", "clerk", "2099-12-31")
    assert b"Quixotically" not in everything(tmp_path)
    status, out, _ = workspace("verify", "--rebuild")
    assert status == 0, out


def test_what_is_taken_out_of_a_digest_copies_no_text_of_anybody(workspace, tmp_path, monkeypatch):
    """A digest that waits says what was silenced meanwhile, and not in whose words."""
    folder = tmp_path / "outbox"
    folder.write_text("in the way: nothing can be delivered")
    assert workspace("tick", "--as-of", "2018-08-13")[0] == 0
    silenced(workspace, "34964-B")
    note = ("--to", "2099-12-31", "--note", "Mrs Quixotically asked for it", "--actor", "clerk")
    assert workspace("record", "snoozed", "EXAMPLE-1", *note)[0] == 0
    folder.unlink()
    in_an_hour = clock.now() + timedelta(hours=1)
    monkeypatch.setattr("engine.workspace.clock.now", lambda: in_an_hour)
    assert workspace("tick", "--as-of", "2018-08-14")[0] == 0
    assert "silenced until 2099-12-31 by clerk" in workspace("outbox", "--all")[1]
    for identifier in ("34964-B", "EXAMPLE-1"):
        assert workspace("erase", identifier, "--reason", "asked", "--actor", "officer")[0] == 0
    assert b"Quixotically" not in everything(tmp_path)


def test_why_a_message_was_dropped_is_erased_with_its_entry(workspace, tmp_path):
    (tmp_path / "outbox").write_text("in the way: nothing can be delivered")
    assert workspace("tick", "--as-of", "2018-08-13")[0] == 0
    assert workspace("outbox", "drop", "1", "--reason", "Mrs Quixotically was told", "--actor", "clerk")[0] == 0
    assert "Mrs Quixotically was told" in workspace("outbox", "--all")[1]
    with closing(Store.open(tmp_path / "gestand.db")) as opened, opened.reading() as tx:
        (dropped,) = [entry.seq for entry in register.entries(tx) if entry.kind == "digest_dropped"]
    assert workspace("erase", "--entry", f"#{dropped}", "--reason", "asked", "--actor", "officer")[0] == 0
    assert json.loads(workspace("outbox", "--all", "--json")[1])[0]["last_error"] == "(erased)"
    assert b"Quixotically" not in everything(tmp_path)


@pytest.mark.parametrize("payload", ["[1]", "{}", '{"silence":1e30,"scope":[]}', f'{{"silence":{10**30}}}', "no JSON"])
@pytest.mark.parametrize("kind", ["silenced", "message_dropped"])
def test_an_entry_that_cannot_be_read_keeps_no_text_of_another_from_being_erased(tx, kind, payload):
    head = register.head(tx)
    wrong = chain.Entry(head.seq + 1, chain.stamp(AT), "x", kind, None, payload, head.hash, "0" * 64, '["Bodine"]')
    tx.execute(store.ledger.insert(), wrong._asdict())
    assert forget(tx).entries == (1, 2)
    assert forget(tx, None, [wrong.seq]).entries == (wrong.seq,)
    assert [entry.body for entry in entries(tx)][: wrong.seq] == [None] * wrong.seq


def test_a_silence_that_there_was_not_is_told(workspace):
    status, _, err = workspace("erase", "--silence", "7", "--reason", "x")
    assert (status, err) == (1, "gestand: nothing was erased: there was no silence 7\n")


def test_erase_needs_to_know_what(workspace):
    status, _, err = workspace("erase", "--reason", "x")
    assert (status, err.splitlines()[-1]) == (
        2,
        "Error: name a commitment, an entry with --entry, or a silence with --silence",
    )
    status, _, err = workspace("erase", "--entry", "first", "--reason", "x")
    assert status == 2
    assert "'first' is not the number of an entry; write one such as #12" in err


words = st.text(max_size=20)


@given(words, words, words, words, st.booleans())
def test_parting_and_joining_gives_the_event_back(document, decided_by, note, quote, worded):
    stated = {"phrase": "before the summer"} if worded else {"date": "2018-08-10", "phrase": note or "x"}
    source = Citation(quote=quote)
    commitment = REPLY.model_copy(update={"source": source, "stated_due": StatedDue.model_validate(stated)})
    event = Event(
        kind=EventKind.MADE,
        occurred_on=date(2018, 7, 13),
        commitment=commitment,
        document=document,
        decided_by=decided_by,
        note=note,
    )
    skeleton, texts = parted(event)
    body = chain.canonical({**texts, "salt": "00"})
    entry = chain.seal(chain.Head(), at="", actor="", kind="made", commitment="x", payload=skeleton, body=body)
    assert Event.model_validate(joined(entry.payload, entry.body)) == event
    assert chain.verify([entry]).ok
