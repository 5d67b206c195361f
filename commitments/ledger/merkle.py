"""The Merkle tree over the ledger's entries: one hash that stands for all of them, and the way from one entry to it.

The tree of RFC 6962, 2.1, with SHA-256: a leaf is an entry's hash in the chain, so the tree holds no text and nothing
that can be erased. It is made when it is asked for, in one pass over the hashes; nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256

_Subtree = tuple[int, bytes]
"""How many leaves a whole subtree has, and its hash."""


def leaf(chained: str) -> bytes:
    """The leaf of an entry, by its hash in hexadecimal digits."""
    return sha256(b"\x00" + bytes.fromhex(chained)).digest()


def node(left: bytes, right: bytes) -> bytes:
    """What stands above two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def roots(hashes: Iterable[str], sizes: Iterable[int]) -> Iterator[tuple[int, str]]:
    """The root of the tree over the first entries, for each of these sizes from 1 up that there are entries for."""
    wanted = set(sizes)
    last = max(wanted, default=0)
    stack: list[_Subtree] = []
    for size, chained in enumerate(hashes, 1):
        if size > last:
            return
        _grow(stack, leaf(chained))
        if size in wanted:
            yield size, _folded([top for _, top in stack]).hex()


def _grow(stack: list[_Subtree], fresh: bytes) -> None:
    """Put a leaf on the stack of whole subtrees, the largest first, and join those of one size."""
    count = 1
    while stack and stack[-1][0] == count:
        _, left = stack.pop()
        fresh, count = node(left, fresh), 2 * count
    stack.append((count, fresh))


def _folded(tops: list[bytes]) -> bytes:
    """The root above subtrees that stand side by side, from left to right."""
    *others, root = tops
    for left in reversed(others):
        root = node(left, root)
    return root


def path(hashes: list[str], seq: int) -> list[str]:
    """The audit path of the entry `seq` in the tree over all these entries: what stands beside it, from the leaf up.

    Raises ValueError where there is no such entry.
    """
    if not 1 <= seq <= len(hashes):
        raise ValueError(f"the tree has no entry {seq}")
    level, place = [leaf(chained) for chained in hashes], seq - 1
    found: list[str] = []
    while len(level) > 1:
        beside = place ^ 1
        if beside < len(level):
            found.append(level[beside].hex())
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [*(node(left, right) for left, right in pairs), *level[len(level) & ~1 :]]
        place //= 2
    return found
