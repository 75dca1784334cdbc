"""Exact Jaccard similarity of shingle sets, by hash table: linear, and no set is ever sorted."""

from __future__ import annotations

import numpy as np

from stages.dedup.compiled import inlined, kernel


@kernel
def jaccard(hashes, places, left, right, out):
    """Fill out [m] with |A and B| / |A or B| of texts left[i] and right[i].

    Text d has the shingle hashes hashes[places[d]:places[d + 1]] (uint64), repetitions included.
    """
    size = _table_size(places, left, right)
    keys, marks = np.empty(size, np.uint64), np.zeros(size, np.uint32)
    mark = np.uint32(0)
    for i in range(left.size):
        first, second = left[i], right[i]
        if mark > np.uint32(0xFFFFFF00):
            marks[:] = 0
            mark = np.uint32(0)
        mark += np.uint32(3)  # mark: in A only; mark + 1: in both; mark + 2: in B only
        need = places[first + 1] - places[first] + places[second + 1] - places[second]
        mask = _mask(need)
        mine = 0
        for p in range(places[first], places[first + 1]):
            slot, found = _find(keys, marks, mark, mask, hashes[p])
            if not found:
                keys[slot], marks[slot] = hashes[p], mark
                mine += 1
        both, other = 0, 0
        for p in range(places[second], places[second + 1]):
            slot, found = _find(keys, marks, mark, mask, hashes[p])
            if not found:
                keys[slot], marks[slot] = hashes[p], mark + np.uint32(2)
                other += 1
            elif marks[slot] == mark:
                marks[slot] = mark + np.uint32(1)
                both += 1
        out[i] = both / (mine + other) if mine + other else 0.0


@inlined
def _find(keys, marks, mark, mask, key):
    """Return (slot of the key or of the free place for it, whether it is there)."""
    slot = np.int64((key * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)) & mask)
    while marks[slot] >= mark:
        if keys[slot] == key:
            return slot, True
        slot = np.int64(np.uint64(slot + 1) & mask)
    return slot, False


@inlined
def _mask(need):
    size = 16
    while size < 2 * need:
        size *= 2
    return np.uint64(size - 1)


@kernel
def _table_size(places, left, right):
    most = np.int64(0)
    for i in range(left.size):
        need = places[left[i] + 1] - places[left[i]] + places[right[i] + 1] - places[right[i]]
        most = max(most, need)
    return np.int64(_mask(most)) + 1
