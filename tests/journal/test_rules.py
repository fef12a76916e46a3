import json
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.journal.rules import (
    EMPTY_ROOT,
    FIELDS,
    Frontier,
    canonical,
    consistency_proof,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
    root_of,
    subtrees,
)

# The test vectors of certificate-transparency's reference (RFC 6962), merkle_tree_test.
INPUTS = [
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]  # fmt: skip
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUDED = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENT = {
    (1, 1): [],
    (1, 8): INCLUDED[0, 8],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
MANY = [leaf_hash(bytes([n])) for n in range(70)]
OTHER = b"\x07" * 32


def whole(leaves):
    return subtrees({(at, at + 1): leaf for at, leaf in enumerate(leaves)})


def test_the_empty_log_has_the_root_of_the_rfc() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert EMPTY_ROOT.hex() == Frontier().root().hex() == empty


def test_roots_are_those_of_the_reference() -> None:
    assert [root_of(LEAVES[: size + 1]).hex() for size in range(8)] == ROOTS


@pytest.mark.parametrize(("position", "size"), INCLUDED)
def test_inclusion_proofs_are_those_of_the_reference(position, size) -> None:
    proof = inclusion_proof(position, size, whole(LEAVES))
    assert [node.hex() for node in proof] == INCLUDED[position, size]


@pytest.mark.parametrize(("old", "size"), CONSISTENT)
def test_consistency_proofs_are_those_of_the_reference(old, size) -> None:
    proof = consistency_proof(old, size, whole(LEAVES))
    assert [node.hex() for node in proof] == CONSISTENT[old, size]


def test_the_frontier_gives_the_root_as_the_definition_does() -> None:
    def defined(leaves):  # RFC 9162 section 2.1.1, word for word
        if len(leaves) == 1:
            return leaves[0]
        k = 1
        while k * 2 < len(leaves):
            k *= 2
        return node_hash(defined(leaves[:k]), defined(leaves[k:]))

    frontier = Frontier()
    for size, leaf in enumerate(MANY, start=1):
        frontier.append(leaf)
        assert frontier.root() == defined(MANY[:size])
        assert len(frontier.hashes) == size.bit_count()


def test_every_leaf_of_every_small_log_is_proved_and_no_other() -> None:
    for size in range(1, 34):
        root, subtree = root_of(MANY[:size]), whole(MANY[:size])
        for position in range(size):
            proof = inclusion_proof(position, size, subtree)
            assert is_included(MANY[position], position, size, proof, root)
            assert not is_included(OTHER, position, size, proof, root)
            assert not is_included(MANY[position], position, size, proof, OTHER)
            assert not is_included(MANY[position], position, size, [*proof, OTHER], root)
            assert not is_included(MANY[position], size, size, proof, root)
            assert not is_included(MANY[position], -1, size, proof, root)
            if proof:
                assert not is_included(MANY[position], position, size, proof[:-1], root)
            for elsewhere in set(range(size)) - {position}:
                assert not is_included(MANY[position], elsewhere, size, proof, root)


def test_a_log_that_only_grew_is_proved_and_a_rewritten_one_is_not() -> None:
    roots = [root_of(MANY[:size]) for size in range(35)]
    for size in range(1, 34):
        for old in range(1, size + 1):
            proof = consistency_proof(old, size, whole(MANY[:size]))
            assert is_consistent(old, size, proof, roots[old], roots[size])
            assert not is_consistent(old, size, proof, OTHER, roots[size])
            assert not is_consistent(old, size, proof, roots[old], OTHER)
            assert not is_consistent(old, size, [*proof, OTHER], roots[old], roots[size])
            for at in range(len(proof)):
                changed = [*proof[:at], OTHER, *proof[at + 1 :]]
                assert not is_consistent(old, size, changed, roots[old], roots[size])
    assert not is_consistent(0, 5, [], EMPTY_ROOT, roots[5])
    assert not is_consistent(5, 4, [], roots[5], roots[4])
    assert not is_consistent(3, 5, [], roots[3], roots[5])


@given(st.integers(0, 69), st.integers(1, 70))
def test_a_proof_needs_only_an_earlier_right_edge_and_the_leaves_since(edge_size, size) -> None:
    edge = Frontier()
    for leaf in MANY[: min(edge_size, size - 1)]:
        edge.append(leaf)
    later = {(at, at + 1): MANY[at] for at in range(edge.size, size)}
    for position in range(edge.size, size):
        proof = inclusion_proof(position, size, subtrees(edge.parts() | later))
        assert proof == inclusion_proof(position, size, whole(MANY[:size]))


def test_a_frontier_with_too_few_hashes_is_refused() -> None:
    for size, count in [(3, 1), (4, 2), (0, 1), (-1, 1)]:
        with pytest.raises(ValueError):
            Frontier(size, [OTHER] * count)
    with pytest.raises(ValueError):
        inclusion_proof(3, 3, whole(LEAVES))
    with pytest.raises(ValueError):
        consistency_proof(0, 3, whole(LEAVES))


# The canonical form is written by hand for speed: it must be what json.dumps says.

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


PLAIN = dict.fromkeys(FIELDS) | {"id": 1, "at": 2, "kind": "a", "reference": "b"}


@dataclass
class Row:
    values: dict

    def leaf_data(self) -> bytes:
        return canonical([self.values[name] for name in FIELDS])


ROW = st.fixed_dictionaries(
    {name: st.none() | st.text() for name in FIELDS}
    | {"id": st.integers(), "at": st.integers(), "number": st.none() | st.integers()}
    | {"kind": st.text(), "reference": st.text()}
    | {"detail": st.dictionaries(st.text(), JSON)}
)


@given(ROW)
def test_an_entry_is_hashed_as_plain_sorted_json(row) -> None:
    data = Row({**row, "detail": json.dumps(row["detail"])}).leaf_data()
    assert data == json.dumps(row, sort_keys=True, separators=(",", ":")).encode()


@given(ROW, st.sampled_from(FIELDS), ROW)
def test_two_entries_that_differ_in_any_field_are_hashed_differently(row, name, other) -> None:
    first = {**row, "detail": json.dumps(row["detail"])}
    second = {**first, name: json.dumps(other["detail"]) if name == "detail" else other[name]}
    same = json.dumps({**row, name: other[name]}, sort_keys=True) == json.dumps(row, sort_keys=True)
    assert (Row(first).leaf_data() == Row(second).leaf_data()) == same


@given(st.text())
def test_no_text_in_the_detail_column_passes_for_another(text) -> None:
    plain = PLAIN | {"detail": "{}"}
    written = Row({**plain, "detail": text}).leaf_data()
    assert written == canonical(list((plain | {"detail": text}).values()))
    try:
        means_nothing = json.loads(text) == {}
    except ValueError:
        means_nothing = False
    assert (written == Row(plain).leaf_data()) == means_nothing


def test_a_member_slipped_in_twice_shows() -> None:
    once = Row({**PLAIN, "detail": '{"to":"tom"}'}).leaf_data()
    assert once != Row({**PLAIN, "detail": '{"to":"sian","to":"tom"}'}).leaf_data()


@pytest.mark.parametrize("name", FIELDS)
def test_a_value_of_another_type_shows_and_stops_nobody(name) -> None:
    usual = Row({**PLAIN, "detail": "{}"}).leaf_data()
    for odd in (b"\xff", 1.0, "1", "2", "[" * 100_000, '{"a":NaN}', '"\\ud800"'):
        written = Row({**PLAIN, "detail": "{}", name: odd}).leaf_data()
        assert written.startswith(b"{")
        assert written != usual
    assert Row({**PLAIN, "detail": None}).leaf_data() != usual
