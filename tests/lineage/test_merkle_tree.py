import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage import merkle
from lineage.errors import InputError, TrustError

# the inputs and tree heads that Certificate Transparency implementations share
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
HEADS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [bytes.fromhex(text) for text in INPUTS]
IDS = st.sets(st.binary(min_size=32, max_size=32), max_size=40)


def textbook_root(leaves):
    """RFC 6962 section 2.1, word for word: split at the largest power of two below n."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + textbook_root(leaves[:k]) + textbook_root(leaves[k:])).digest()


def textbook_path(m, leaves):
    """RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if m < k:
        return [*textbook_path(m, leaves[:k]), textbook_root(leaves[k:])]
    return [*textbook_path(m - k, leaves[k:]), textbook_root(leaves[:k])]


def textbook_proof(m, leaves, whole=True):
    """RFC 6962 section 2.1.2: SUBPROOF(m, D[n], b)."""
    n = len(leaves)
    if m == n:
        return [] if whole else [textbook_root(leaves)]
    k = 1 << (n - 1).bit_length() - 1
    if m <= k:
        return [*textbook_proof(m, leaves[:k], whole), textbook_root(leaves[k:])]
    return [*textbook_proof(m - k, leaves[k:], False), textbook_root(leaves[:k])]


@pytest.mark.parametrize("n", range(9))
def test_heads_are_those_of_the_shared_vectors(n):
    assert merkle.root(LEAVES[:n]).hex() == HEADS[n]
    assert merkle.Tree(LEAVES[:n]).root.hex() == HEADS[n]


def test_a_buffer_an_array_and_a_list_have_the_same_root():
    flat = np.random.default_rng(7).integers(0, 256, (1001, 32), dtype=np.uint8)
    rows = [row.tobytes() for row in flat]
    assert merkle.root(flat) == merkle.root(flat.tobytes()) == merkle.root(rows) == textbook_root(rows)


def test_a_buffer_that_is_not_32_bytes_a_leaf_is_refused():
    with pytest.raises(InputError):
        merkle.root(b"x" * 33)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=70))
@settings(max_examples=60)
def test_every_inclusion_path_is_the_textbook_one_and_verifies_for_its_place_only(leaves):
    tree = merkle.Tree(leaves)
    for index, leaf in enumerate(leaves):
        path = tree.inclusion(index)
        assert path == textbook_path(index, leaves)
        assert merkle.verify_inclusion(leaf, index, len(leaves), path, tree.root)
        assert not merkle.verify_inclusion(leaf + b"x", index, len(leaves), path, tree.root)
        assert not merkle.verify_inclusion(leaf, index, len(leaves), [*path, b"\x00" * 32], tree.root)
        assert not merkle.verify_inclusion(leaf, len(leaves), len(leaves), path, tree.root)
        if index and leaves[index - 1] != leaf:
            assert not merkle.verify_inclusion(leaf, index - 1, len(leaves), path, tree.root)


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70), st.data())
@settings(max_examples=150)
def test_consistency_proofs_are_the_textbook_ones_and_hold_for_true_prefixes_only(leaves, data):
    first = data.draw(st.integers(1, len(leaves)))
    proof = merkle.Tree(leaves).consistency(first)
    old, new = textbook_root(leaves[:first]), textbook_root(leaves)
    assert proof == textbook_proof(first, leaves)
    assert merkle.verify_consistency(first, len(leaves), old, new, proof)
    other = hashlib.sha256(old).digest()
    assert not merkle.verify_consistency(first, len(leaves), other, new, proof)
    assert not merkle.verify_consistency(first, len(leaves), old, other, proof)
    assert not merkle.verify_consistency(first, len(leaves), old, new, [*proof, other])


@given(IDS, st.binary(min_size=32, max_size=32))
def test_exactly_one_of_presence_and_absence_can_be_proved(ids, doc_id):
    head, size = bytes.fromhex(merkle.doc_root(ids)), len(ids)
    make, check = (
        (merkle.presence_proof, merkle.verify_presence)
        if doc_id in ids
        else (merkle.absence_proof, merkle.verify_absence)
    )
    assert check(make(ids, doc_id), doc_id, head, size)
    with pytest.raises(InputError):
        (merkle.absence_proof if doc_id in ids else merkle.presence_proof)(ids, doc_id)


@given(st.sets(st.binary(min_size=32, max_size=32), min_size=2, max_size=40), st.data())
def test_no_neighbours_of_the_true_tree_prove_that_a_present_document_is_absent(ids, data):
    ordered = sorted(ids)
    at = data.draw(st.integers(0, len(ordered) - 1))
    head, tree, victim = merkle.root(ordered), merkle.Tree(ordered), ordered[at]
    steps = [
        {"id": i.hex(), "index": n, "path": [p.hex() for p in tree.inclusion(n)]}
        for n, i in enumerate(ordered)
    ]
    for left in [None, *steps]:
        for right in [None, *steps[:6]]:
            for size in (len(ordered), at, at + 1):
                proof = {"kind": "absence", "size": size, "left": left, "right": right}
                assert not merkle.verify_absence(proof, victim, head, size)


@given(
    st.sets(st.binary(min_size=32, max_size=32), min_size=3, max_size=20), st.binary(min_size=32, max_size=32)
)
def test_a_changed_proof_of_absence_does_not_hold(ids, doc_id):
    if doc_id in ids:
        return
    head, size = bytes.fromhex(merkle.doc_root(ids)), len(ids)
    proof = merkle.absence_proof(ids, doc_id)
    assert not merkle.verify_absence(proof | {"size": size + 1}, doc_id, head, size)
    assert not merkle.verify_absence(
        proof | {"left": proof["right"], "right": proof["left"]}, doc_id, head, size
    )
    assert not merkle.verify_absence(proof | {"left": None, "right": None}, doc_id, head, size)
    assert not merkle.verify_absence(proof, doc_id, hashlib.sha256(head).digest(), size)
    assert not merkle.verify_absence({}, doc_id, head, size)


def test_two_documents_with_one_id_are_refused():
    with pytest.raises(TrustError, match="same id"):
        merkle.doc_root([b"a" * 32, b"a" * 32])


def test_the_shard_root_binds_names_and_digests_but_not_the_order_of_the_list():
    parts = [
        {"source": "a", "part": "1", "sha256": "11" * 32, "manifest_sha256": "22" * 32},
        {"source": "a", "part": "2", "sha256": None, "manifest_sha256": "33" * 32},
    ]
    head = merkle.shard_root(parts)
    assert merkle.shard_root(parts[::-1]) == head
    for change in ({"source": "b"}, {"part": "0"}, {"sha256": None}, {"manifest_sha256": "44" * 32}):
        assert merkle.shard_root([parts[0] | change, parts[1]]) != head
