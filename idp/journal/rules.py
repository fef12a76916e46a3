"""The Merkle log's arithmetic: leaves, roots and proofs. Pure.

Source: RFC 9162 section 2.1 (the same tree as RFC 6962): leaf and node hashes start with a
byte of their own, so that neither can be taken for the other.
"""

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

EMPTY_ROOT = sha256().digest()
NULL = "null"
FIELDS = (
    "actor", "at", "client_id", "detail", "id",
    "kind", "mandate_ref", "number", "person", "reference",
)  # fmt: skip


Subtree = Callable[[int, int], bytes]
"""Answers the hash of the leaves from a position (included) to a position (not included)."""


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate member")
    return found


# Made once: json.loads and json.dumps with options make theirs anew for each value.
_decode = json.JSONDecoder(object_pairs_hook=_no_duplicates).decode
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=repr).encode


def canonical(values: Sequence[Any]) -> bytes:
    """Write an entry, its values in the order of `FIELDS`, as the JSON that is hashed.

    Sorted keys, no spaces, ASCII, `at` in microseconds since 1970, `detail` given as the text
    that is stored. The id is in it, so that exchanged rows show.
    """
    try:
        return _quickly(*values).encode()
    except (TypeError, ValueError):  # a type that no entry of ours has
        plain = dict(zip(FIELDS, values, strict=True))
        return _encode({"odd": plain}).encode()


def leaf_hash(data: bytes) -> bytes:
    """Hash one leaf (RFC 9162 section 2.1.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash a node over its two children (RFC 9162 section 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: all that appending needs, log2(size) hashes at most.

    `hashes` are the roots of the whole subtrees that make up `size` leaves, largest first: one
    for each binary digit 1 of `size`. Raises `ValueError` when there are more or fewer.
    """

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if size < 0 or len(hashes) != size.bit_count():
            raise ValueError(f"{len(hashes)} hashes cannot be the right edge of {size} leaves")
        self.size = size
        self.hashes = list(hashes)

    def append(self, leaf: bytes) -> None:
        """Add the hash of one more leaf."""
        node, carry = leaf, self.size
        while carry & 1:
            node = node_hash(self.hashes.pop(), node)
            carry >>= 1
        self.hashes.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Answer the hash of the whole tree."""
        if not self.hashes:
            return EMPTY_ROOT
        node = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            node = node_hash(left, node)
        return node

    def parts(self) -> dict[tuple[int, int], bytes]:
        """Answer each whole subtree by the positions it covers."""
        found, start = {}, 0
        for digit, node in zip(_digits(self.size), self.hashes, strict=True):
            found[start, start + digit] = node
            start += digit
        return found


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Answer the root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def subtrees(known: dict[tuple[int, int], bytes]) -> Subtree:
    """Answer subtree hashes from those known, each leaf a subtree of one.

    The answer raises `KeyError` for what cannot be worked out from them.
    """

    def subtree(start: int, end: int) -> bytes:
        if (start, end) in known or end - start < 2:
            return known[start, end]
        middle = start + _split(end - start)
        return node_hash(subtree(start, middle), subtree(middle, end))

    return subtree


def inclusion_proof(position: int, size: int, subtree: Subtree) -> list[bytes]:
    """Prove that the leaf at `position` is in the tree of `size` (RFC 9162 section 2.1.3.1)."""
    if not 0 <= position < size:
        raise ValueError(f"no position {position} in a tree of {size}")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if position < middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start = middle
    return path[::-1]


def is_included(leaf: bytes, position: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Check an inclusion proof for the hash of a leaf (RFC 9162 section 2.1.3.2)."""
    if not 0 <= position < size:
        return False
    at, last, node = position, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = node_hash(sibling, node)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def consistency_proof(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """Prove that the tree of `size` only appends to that of `old` (RFC 9162 section 2.1.4.1)."""
    if not 0 < old <= size:
        raise ValueError(f"a tree of {size} cannot have grown from one of {old}")
    path, start, end, whole = [], 0, size, True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start, whole = middle, False
    if not whole:
        path.append(subtree(start, end))
    return path[::-1]


def is_consistent(
    old: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes
) -> bool:
    """Check a consistency proof (RFC 9162 section 2.1.4.2)."""
    if old == size:
        return size > 0 and not proof and old_root == root
    if not 0 < old < size:
        return False
    steps = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not steps:
        return False
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and before == old_root and after == root


def _split(size: int) -> int:
    """Answer the largest power of two below `size` (which is 2 or more)."""
    return 1 << ((size - 1).bit_length() - 1)


def _digits(size: int) -> list[int]:
    return [1 << bit for bit in reversed(range(size.bit_length())) if size >> bit & 1]


def _quickly(
    actor: str | None, at: int, client_id: str | None, detail: str, entry_id: int,
    kind: str, mandate_ref: str | None, number: int | None, person: str | None, reference: str,
) -> str:  # fmt: skip
    """Write out what json.dumps would say, in a third of its time: verification waits for this.

    Raises `TypeError` or `ValueError` for any value of another type.
    """
    return (
        f'{{"actor":{NULL if actor is None else quoted(actor)},"at":{at:d},'
        f'"client_id":{NULL if client_id is None else quoted(client_id)},'
        f'{_canonical_detail(detail)},"id":{entry_id:d},"kind":{quoted(kind)},'
        f'"mandate_ref":{NULL if mandate_ref is None else quoted(mandate_ref)},'
        f'"number":{NULL if number is None else f"{number:d}"},'
        f'"person":{NULL if person is None else quoted(person)},"reference":{quoted(reference)}}}'
    )


@lru_cache(maxsize=8192)  # the same few details come again and again
def _canonical_detail(text: str) -> str:
    """Write the detail's member. What is no strict JSON object stands under another name."""
    try:
        value = _decode(text)
        if type(value) is dict:
            return f'"detail":{_encode(value)}'
    except (ValueError, RecursionError):
        pass
    return f'"detail_text":{quoted(text)}'
