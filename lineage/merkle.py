"""RFC 6962 Merkle trees: roots, inclusion, consistency, and absence for sorted document ids.

A level is one bytes object of 32-byte hashes; a last node without a sibling moves up unchanged, which gives
the tree of RFC 6962 section 2.1 (node i of level l is the hash of leaves i*2^l to (i+1)*2^l).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lineage.errors import InputError, TrustError

WIDTH = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


class Tree:
    """A Merkle tree over leaves (byte strings), with all its levels in memory (64 bytes a leaf)."""

    def __init__(self, leaves: Sequence[bytes] | Any) -> None:
        self.levels = [_leaf_level(leaves)]
        while len(self.levels[-1]) > WIDTH:
            self.levels.append(_level_above(self.levels[-1]))
        self.size = len(self.levels[0]) // WIDTH

    @property
    def root(self) -> bytes:
        """The tree head: 32 bytes; of no leaf, the hash of nothing."""
        return self.levels[-1] or EMPTY_ROOT

    def inclusion(self, index: int) -> list[bytes]:
        """Return the audit path of leaf `index` (RFC 6962 section 2.1.1), leaf side first."""
        if not 0 <= index < self.size:
            raise InputError(f"leaf {index} is not in a tree of {self.size}")
        path = []
        for level in self.levels[:-1]:
            sibling = level[(index ^ 1) * WIDTH : (index ^ 1) * WIDTH + WIDTH]
            if sibling:
                path.append(sibling)
            index >>= 1
        return path

    def consistency(self, first: int) -> list[bytes]:
        """Return the proof that the tree of the `first` leaves is a prefix of this one (RFC 6962 2.1.2)."""
        if not 0 < first <= self.size:
            raise InputError(f"a tree of {first} leaves is no prefix of one of {self.size}")
        if first == self.size:
            return []
        node, last, height, path = first - 1, self.size - 1, 0, []
        while node & 1:
            node, last, height = node >> 1, last >> 1, height + 1
        if node:
            path.append(self._node(height, node))
        while last:
            if node & 1:
                path.append(self._node(height, node - 1))
            elif node < last:
                path.append(self._node(height, node + 1))
            node, last, height = node >> 1, last >> 1, height + 1
        return path

    def _node(self, height: int, index: int) -> bytes:
        return self.levels[height][index * WIDTH : (index + 1) * WIDTH]


def root(leaves: Sequence[bytes] | Any) -> bytes:
    """Return the RFC 6962 root of leaves: a list of byte strings, or 32-byte leaves end to end in a buffer.

    A buffer is bytes, or a C-contiguous numpy array of uint8, shape (n, 32). About a second a million.
    """
    level = _leaf_level(leaves)
    while len(level) > WIDTH:
        level = _level_above(level)
    return level or EMPTY_ROOT


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], head: bytes) -> bool:
    """Say whether `path` proves that `leaf` is number `index` of `size` under `head` (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, hashlib.sha256(b"\x00" + leaf).digest()
    for sibling in path:
        if last == 0 or len(sibling) != WIDTH:
            return False
        if node & 1 or node == last:
            found = _pair(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = _pair(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == head


def verify_consistency(
    first: int, second: int, first_head: bytes, second_head: bytes, path: Sequence[bytes]
) -> bool:
    """Say whether `path` proves that the first tree is a prefix of the second (RFC 9162 2.1.4.2)."""
    if first == second:
        return not path and first_head == second_head
    if not 0 < first < second or not path or any(len(step) != WIDTH for step in path):
        return False
    steps = [first_head, *path] if first & (first - 1) == 0 else list(path)
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = _pair(step, old), _pair(step, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = _pair(new, step)
        node, last = node >> 1, last >> 1
    return last == 0 and old == first_head and new == second_head


def doc_tree(doc_ids: Iterable[bytes]) -> Tree:
    """Return the tree over document ids (32 bytes each) in ascending order; an id twice is a TrustError."""
    return Tree(_sorted_ids(doc_ids))


def doc_root(doc_ids: Iterable[bytes]) -> str:
    """Return the hex root over document ids in ascending order: `kept_root` of a manifest."""
    return root(b"".join(_sorted_ids(doc_ids))).hex()


def shard_root(shards: Iterable[Mapping[str, Any]]) -> str:
    """Return the hex root over the parts of a release: `shard_root` of a release manifest.

    One leaf per entry {source, part, sha256 | null, manifest_sha256}, in order of (source, part): both names,
    each closed by 0x00, then the two raw digests; a part with nothing kept has no shard digest.
    """
    ordered = sorted(shards, key=lambda s: (s["source"], s["part"]))
    return root([_shard_leaf(s) for s in ordered]).hex()


def presence_proof(doc_ids: Iterable[bytes], doc_id: bytes) -> dict[str, Any]:
    """Return the JSON proof that `doc_id` is among sorted ids: kind, size, index, path (hex)."""
    ids = _sorted_ids(doc_ids)
    at = bisect_left(ids, doc_id)
    if at == len(ids) or ids[at] != doc_id:
        raise InputError("the document is not in the tree, so its presence cannot be proved")
    return {"kind": "presence", "size": len(ids), "leaf": _step(Tree(ids), ids, at)}


def absence_proof(doc_ids: Iterable[bytes], doc_id: bytes) -> dict[str, Any]:
    """Return the JSON proof that `doc_id` is not among sorted ids: its neighbours with index and path."""
    ids = _sorted_ids(doc_ids)
    at = bisect_left(ids, doc_id)
    if at < len(ids) and ids[at] == doc_id:
        raise InputError("the document is in the tree, so its absence cannot be proved")
    tree = Tree(ids)
    left = _step(tree, ids, at - 1) if at > 0 else None
    right = _step(tree, ids, at) if at < len(ids) else None
    return {"kind": "absence", "size": len(ids), "left": left, "right": right}


def verify_presence(proof: Mapping[str, Any], doc_id: bytes, head: bytes, size: int) -> bool:
    """Say whether a presence proof holds for `doc_id` under the signed `head` and document count `size`."""
    try:
        leaf = proof["leaf"]
        return proof["kind"] == "presence" and leaf["id"] == doc_id.hex() and _holds(leaf, proof, head, size)
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def verify_absence(proof: Mapping[str, Any], doc_id: bytes, head: bytes, size: int) -> bool:
    """Say whether an absence proof holds for `doc_id` under the signed `head` and document count `size`.

    The neighbours must stand next to each other (or at an end) and on either side of the id.
    """
    try:
        if proof["kind"] != "absence" or proof["size"] != size:
            return False
        left, right = proof["left"], proof["right"]
        if size == 0:
            return left is None and right is None and head == EMPTY_ROOT
        return _left_holds(left, right, doc_id, proof, head) and _right_holds(
            left, right, doc_id, proof, head
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return False


def _left_holds(left: Any, right: Any, doc_id: bytes, proof: Mapping[str, Any], head: bytes) -> bool:
    if left is None:
        return right["index"] == 0
    ends_here = right["index"] == left["index"] + 1 if right else left["index"] == proof["size"] - 1
    return ends_here and bytes.fromhex(left["id"]) < doc_id and _holds(left, proof, head, proof["size"])


def _right_holds(left: Any, right: Any, doc_id: bytes, proof: Mapping[str, Any], head: bytes) -> bool:
    if right is None:
        return left is not None
    return doc_id < bytes.fromhex(right["id"]) and _holds(right, proof, head, proof["size"])


def _holds(leaf: Mapping[str, Any], proof: Mapping[str, Any], head: bytes, size: int) -> bool:
    path = [bytes.fromhex(step) for step in leaf["path"]]
    return proof["size"] == size and verify_inclusion(
        bytes.fromhex(leaf["id"]), leaf["index"], size, path, head
    )


def _step(tree: Tree, ids: Sequence[bytes], index: int) -> dict[str, Any]:
    path = [step.hex() for step in tree.inclusion(index)]
    return {"id": ids[index].hex(), "index": index, "path": path}


def _sorted_ids(doc_ids: Iterable[bytes]) -> list[bytes]:
    ids = sorted(doc_ids)
    if len(set(ids)) != len(ids):
        raise TrustError("two documents have the same id")
    if ids and set(map(len, ids)) != {WIDTH}:
        raise TrustError("a document id is not 32 bytes long")
    return ids


def _shard_leaf(shard: Mapping[str, Any]) -> bytes:
    names = shard["source"].encode() + b"\x00" + shard["part"].encode() + b"\x00"
    return names + bytes.fromhex(shard["sha256"] or "") + bytes.fromhex(shard["manifest_sha256"])


def _leaf_level(leaves: Any) -> bytes:
    sha256 = hashlib.sha256
    if isinstance(leaves, list | tuple):
        return b"".join([sha256(b"\x00" + leaf).digest() for leaf in leaves])
    flat = bytes(memoryview(leaves).cast("B")) if len(leaves) else b""
    if len(flat) % WIDTH:
        raise InputError("a buffer of leaves must hold 32 bytes a leaf")
    starts = range(0, len(flat), WIDTH)
    return b"".join([sha256(b"\x00" + flat[i : i + WIDTH]).digest() for i in starts])


def _level_above(level: bytes) -> bytes:
    sha256, pair = hashlib.sha256, 2 * WIDTH
    whole = len(level) - len(level) % pair
    nodes = [sha256(b"\x01" + level[i : i + pair]).digest() for i in range(0, whole, pair)]
    return b"".join(nodes) + level[whole:]


def _pair(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
