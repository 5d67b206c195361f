"""Tokens to unsubscribe: what was signed here reads back, anything else reads as nothing."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.outbox.unsubscribe import read_token, token

KEY, OTHER = b"k" * 32, b"o" * 32
READERS = ["griffie@example.org", "a@example.org", "voorzitter@example.org"]
ADDRESSES = st.from_regex(r"[a-z.]{1,60}@[a-z]{1,60}\.org", fullmatch=True)


@given(ADDRESSES)
def test_a_token_reads_as_its_address_only_with_its_secret(address):
    made = token(address, KEY)
    assert made == token(address.upper(), KEY)
    assert read_token(made, KEY, [*READERS, address]) == address
    assert read_token(made, OTHER, [*READERS, address]) is None


def test_a_token_of_whoever_is_no_reader_any_more_reads_as_nothing():
    assert read_token(token("gone@example.org", KEY), KEY, READERS) is None


def test_a_token_shows_nothing_of_the_address():
    made = token("griffie@example.org", KEY)
    assert made.isascii()
    assert all(character.isalnum() or character in "-_" for character in made)
    assert "griffie" not in made
    assert token("griffie@example.com", KEY)[:10] != made[:10]


@given(st.data())
def test_a_token_that_was_changed_reads_as_nothing(data):
    made = token("griffie@example.org", KEY)
    place = data.draw(st.integers(0, len(made) - 1))
    put = data.draw(st.characters().filter(lambda one: one != made[place]))
    assert read_token(made[:place] + put + made[place + 1 :], KEY, READERS) is None


@pytest.mark.parametrize(
    "text", ["\ud800-0", "", "0", "-0", "A-0", "A" * 22 + "-0", "é-0", "1" * 10_000, "-20180813", "x-2018٠813"]
)
def test_what_is_no_token_reads_as_nothing(text):
    assert read_token(text, KEY, READERS) is None


@given(st.text())
def test_any_text_reads_as_nothing(text):
    assert read_token(text, KEY, READERS) is None


def test_a_token_is_good_up_to_its_last_day_which_nobody_can_put_off():
    made = token("a@example.org", KEY, date(2018, 8, 13))
    assert read_token(made, KEY, READERS, date(2018, 8, 13)) == "a@example.org"
    assert read_token(made, KEY, READERS, date(2018, 8, 14)) is None
    assert read_token(made, KEY, READERS) == "a@example.org"
    assert read_token(made.replace("20180813", "20990813"), KEY, READERS) is None
    assert read_token(made.replace("20180813", "0"), KEY, READERS) is None
