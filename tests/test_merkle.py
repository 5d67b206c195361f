"""The Merkle tree over the entries' hashes: the tree of RFC 6962, 2.1, and the paths of 2.1.1."""

from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commitments.ledger.merkle import (
    leaf,
    node,
    path,
    roots,
)

CHECKER = Path(__file__).parent.parent / "docs" / "check_proof.py"


def chained(count):
    return [sha256(str(number).encode()).hexdigest() for number in range(count)]


def largest_power_below(count):
    power = 1
    while 2 * power < count:
        power *= 2
    return power


def tree_as_defined(hashes):
    """MTH of RFC 6962, 2.1, word for word."""
    if len(hashes) == 1:
        return leaf(hashes[0])
    k = largest_power_below(len(hashes))
    return node(tree_as_defined(hashes[:k]), tree_as_defined(hashes[k:]))


def path_as_defined(place, hashes):
    """PATH of RFC 6962, 2.1.1, word for word."""
    if len(hashes) == 1:
        return []
    k = largest_power_below(len(hashes))
    if place < k:
        return [*path_as_defined(place, hashes[:k]), tree_as_defined(hashes[k:]).hex()]
    return [*path_as_defined(place - k, hashes[k:]), tree_as_defined(hashes[:k]).hex()]


def test_every_tree_up_to_seventy_entries_is_the_one_of_the_standard():
    hashes = chained(70)
    assert dict(roots(hashes, range(1, 71))) == {size: tree_as_defined(hashes[:size]).hex() for size in range(1, 71)}


def test_every_path_in_every_tree_up_to_forty_entries_is_the_one_of_the_standard():
    hashes = chained(40)
    for size in range(1, 41):
        for seq in range(1, size + 1):
            assert path(hashes[:size], seq) == path_as_defined(seq - 1, hashes[:size])


def test_only_the_sizes_that_there_are_entries_for_have_a_root():
    assert [size for size, _ in roots(chained(3), [2, 3, 4])] == [2, 3]
    assert dict(roots([], [1])) == {}
    assert dict(roots(chained(3), [])) == {}


@pytest.mark.parametrize("seq", [-1, 0, 4])
def test_an_entry_that_is_not_in_the_tree_has_no_path(seq):
    with pytest.raises(ValueError, match=f"the tree has no entry {seq}"):
        path(chained(3), seq)


def test_what_is_no_hash_makes_no_tree():
    with pytest.raises(ValueError, match="hexadecimal"):
        dict(roots(["not a hash"], [1]))


@pytest.fixture(scope="module")
def checker():
    """The functions of the checker that strangers use."""
    text = CHECKER.read_text("utf-8").removesuffix("main(*sys.argv[1:])\n")
    names = {}
    exec(compile(text, str(CHECKER), "exec"), names)
    return names


@given(count=st.integers(1, 200), data=st.data())
def test_the_checker_of_strangers_finds_the_root_by_the_path_and_by_no_other(checker, count, data):
    hashes = chained(count)
    seq = data.draw(st.integers(1, count))
    ((_, top),) = roots(hashes, [count])
    steps = path(hashes, seq)
    assert checker["root"](leaf(hashes[seq - 1]), seq - 1, count - 1, steps) == top
    for changed in (steps[:-1], [*steps, top], [*steps[1:], *steps[:1]]):
        if changed == steps:
            continue
        with suppress(SystemExit):  # "the path does not fit the tree"
            assert checker["root"](leaf(hashes[seq - 1]), seq - 1, count - 1, changed) != top
