"""Band keys, their order, and the pairs inside buckets of equal keys: arrays only, no object per document."""

from __future__ import annotations

import numpy as np

from stages.dedup.compiled import kernel

_DIGITS = 11  # bits a radix pass
_PASSES = 3  # 33 of the 64 key bits; the rest is compared inside equal runs


@kernel
def band_keys(signatures, band, rows, keys):
    """Fill keys [n] (uint64) with a hash of the rows of one band; equal rows give equal keys."""
    for d in range(keys.size):
        h = np.uint64(0x9E3779B97F4A7C15)
        for k in range(band * rows, (band + 1) * rows):
            h = (h ^ np.uint64(signatures[d, k])) * np.uint64(0xD6E8FEB86659FD93)
            h ^= h >> np.uint64(32)
        keys[d] = h * np.uint64(0xD6E8FEB86659FD93)


@kernel
def sort_keys(keys, ids):
    """Return (keys, ids) ordered by key and, among equal keys, in the order given."""
    n = keys.size
    spare_keys, spare_ids = np.empty_like(keys), np.empty_like(ids)
    for p in range(_PASSES):
        shift = np.uint64(64 - _DIGITS * (_PASSES - p))
        starts = np.zeros((1 << _DIGITS) + 1, np.int64)
        for i in range(n):
            starts[np.int64((keys[i] >> shift) & np.uint64((1 << _DIGITS) - 1)) + 1] += 1
        for i in range(1 << _DIGITS):
            starts[i + 1] += starts[i]
        for i in range(n):
            digit = np.int64((keys[i] >> shift) & np.uint64((1 << _DIGITS) - 1))
            spare_keys[starts[digit]], spare_ids[starts[digit]] = keys[i], ids[i]
            starts[digit] += 1
        keys, spare_keys = spare_keys, keys
        ids, spare_ids = spare_ids, ids
    _finish(keys, ids)
    return keys, ids


@kernel
def _finish(keys, ids):
    for i in range(1, keys.size):  # insertion sort: only the few runs that agree in 33 bits alone move
        key, place, j = keys[i], ids[i], i
        while j > 0 and keys[j - 1] > key:
            keys[j], ids[j] = keys[j - 1], ids[j - 1]
            j -= 1
        keys[j], ids[j] = key, place


@kernel
def bucket_pairs(keys, ids, start, hot, limit):
    """Return (pairs, next start): pairs int64 [m, 2] of ids in equal buckets from `start` on.

    Buckets up to `hot` documents give all pairs, larger ones a star around their first id. Whole buckets are
    taken until about `limit` pairs are found; next start is the size of keys when all is done.
    """
    total, i = 0, start
    while i < keys.size and total < limit:
        j = _run(keys, i)
        total += _pairs(j - i, hot)
        i = j
    pairs = np.empty((total, 2), np.int64)
    m, stop, i = 0, i, start
    while i < stop:
        j = _run(keys, i)
        centres = j - i if j - i <= hot else 1
        for p in range(i, i + centres):
            for q in range(p + 1, j):
                pairs[m, 0], pairs[m, 1] = ids[p], ids[q]
                m += 1
        i = j
    return pairs, stop


@kernel
def _run(keys, i):
    j = i + 1
    while j < keys.size and keys[j] == keys[i]:
        j += 1
    return j


@kernel
def _pairs(size, hot):
    return size * (size - 1) // 2 if size <= hot else size - 1


@kernel
def matches(signatures, left, right, out):
    """Fill out [m] with the number of equal values of signatures left[i] and right[i]."""
    for i in range(left.size):
        equal = 0
        for k in range(signatures.shape[1]):
            equal += signatures[left[i], k] == signatures[right[i], k]
        out[i] = equal


@kernel
def equal_bands(signatures, left, right, bands, rows, out):
    """Fill out [m] with the number of bands in which signatures left[i] and right[i] are equal."""
    for i in range(left.size):
        out[i] = 0
        for band in range(bands):
            k, end = band * rows, (band + 1) * rows
            while k < end and signatures[left[i], k] == signatures[right[i], k]:
                k += 1
            out[i] += k == end


@kernel
def matches_all(signatures, wanted, out):
    """Fill out [w, n] with the number of equal values of each of w wanted and each of n given signatures."""
    for i in range(signatures.shape[0]):
        for w in range(wanted.shape[0]):
            equal = 0
            for k in range(signatures.shape[1]):
                equal += signatures[i, k] == wanted[w, k]
            out[w, i] = equal
