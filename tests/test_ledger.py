"""The hash chain, S8: edited, deleted, reordered entries and a cut-off tail are found."""

import json
from datetime import datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commitments.ledger.chain import (
    Head,
    canonical,
    seal,
    stamp,
    verify,
)

AT = "2018-07-13T09:30:00.000000Z"


def chain(*payloads):
    head, entries = Head(), []
    for payload in payloads:
        entries.append(seal(head, at=AT, actor="clerk", kind="note", commitment=None, payload=payload))
        head = entries[-1].head
    return entries


def test_a_hash_can_be_checked_without_our_code():
    entry = seal(Head(), at=AT, actor="clerk", kind="note", commitment="34964-B", payload={"b": "é", "a": 1})
    text = f'[1,"{AT}","clerk","note","34964-B","{{\\"a\\":1,\\"b\\":\\"é\\"}}","{"0" * 64}"]'
    assert entry.payload == '{"a":1,"b":"é"}'
    assert entry.hash == sha256(text.encode()).hexdigest()


def test_the_head_is_short_enough_to_print():
    assert (
        str(Head(42, "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"))
        == "#42 9f86d081884c7d659a2feaa0c55ad015"
    )
    assert str(Head()) == "#0 00000000000000000000000000000000"


def test_moments_are_written_in_utc_with_microseconds():
    amsterdam = timezone(timedelta(hours=2))
    assert stamp(datetime(2018, 7, 13, 11, 30, tzinfo=amsterdam)) == AT
    with pytest.raises(ValueError, match="has no time zone"):
        stamp(datetime(2018, 7, 13))  # noqa: DTZ001 - that is the point


def test_numbers_that_json_cannot_hold_are_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"share": float("nan")})


def test_a_whole_chain_is_whole():
    entries = chain({"n": 1}, {"n": 2})
    verdict = verify(entries, str(entries[1].head))
    assert verdict.ok
    assert str(verdict) == f"the ledger is whole: 2 entries, head {entries[1].head}"
    assert verify([]).head == Head()


def test_tampering_is_told_with_the_entry_that_shows_it():
    first, second, third, fourth = chain(*({"n": n} for n in range(4)))
    edited = second._replace(payload='{"n":9}')
    resealed = seal(first.head, at=AT, actor="clerk", kind="note", commitment=None, payload={"n": 9})
    found = {
        "edited": verify([first, edited, third, fourth]),
        "edited and sealed again": verify([first, resealed, third, fourth]),
        "middle deleted": verify([first, fourth]),
        "reordered": verify([first, third, second, fourth]),
        "doubled": verify([first, second, second]),
    }
    assert {case: (verdict.seq, str(verdict)) for case, verdict in found.items()} == {
        "edited": (2, "entry #2 was changed after it was written"),
        "edited and sealed again": (
            3,
            "entry #3 does not follow #2 as it stands: one of the two was changed or exchanged",
        ),
        "middle deleted": (4, "entries #2 to #3 are missing"),
        "reordered": (3, "entry #2 is missing"),
        "doubled": (2, "entry #2 stands after #2: the order was changed"),
    }


def test_only_a_printed_head_shows_a_tail_that_was_cut_off():
    first, second, third = chain({"n": 1}, {"n": 2}, {"n": 3})
    assert verify([first]).ok
    assert str(verify([first], str(third.head))) == (
        f"the ledger ends with {first.head}, but {third.head} was written: its tail is cut off"
    )
    assert verify([first, second, third], str(second.head)).ok


def test_a_ledger_that_was_written_anew_does_not_match_the_printed_head():
    real, forged = chain({"n": 1}, {"n": 2}), chain({"n": 1}, {"n": 3})
    verdict = verify(forged, str(real[1].head))
    assert str(verdict) == (
        f"entry #2 is not the one that was written as {real[1].hash[:32]}: the ledger was rewritten"
    )


def test_an_anchor_that_is_no_head_is_not_taken_for_one():
    assert str(verify(chain({"n": 1}), "yesterday")) == (
        "'yesterday' is not a head; write it as printed, such as #42 9f86d081884c7d659a2feaa0c55ad015"
    )


payloads = st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers() | st.booleans(), max_size=3)
fields = st.sampled_from(["seq", "at", "actor", "kind", "commitment", "payload", "prev", "hash"])


@given(st.lists(payloads, min_size=3, max_size=8), st.data())
def test_any_change_of_any_field_is_found(contents, data):
    entries = chain(*contents)
    index, field = data.draw(st.integers(0, len(entries) - 1)), data.draw(fields)
    old = getattr(entries[index], field)
    changed = entries[index]._replace(**{field: old + 1 if field == "seq" else f"{old or ''}x"})
    assert verify(entries).ok
    assert not verify([*entries[:index], changed, *entries[index + 1 :]]).ok


@given(st.lists(payloads, min_size=3, max_size=8), st.data())
def test_any_deletion_or_exchange_is_found(contents, data):
    entries = chain(*contents)
    anchor = str(entries[-1].head)
    index = data.draw(st.integers(0, len(entries) - 1))
    assert not verify(entries[:index] + entries[index + 1 :], anchor).ok
    other = data.draw(st.integers(0, len(entries) - 1).filter(lambda number: number != index))
    entries[index], entries[other] = entries[other], entries[index]
    assert not verify(entries).ok


@given(payloads)
def test_the_canonical_text_holds_the_value(payload):
    assert json.loads(canonical(payload)) == payload
