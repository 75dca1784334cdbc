"""Pairs across two sides of a bucket: documents at hand and documents of earlier releases."""

from __future__ import annotations

import numpy as np

from stages.dedup.compiled import kernel


@kernel
def bridge_pairs(keys, ids, earlier, start, hot, limit):
    """Return (pairs, next start): pairs int64 [m, 2] of (new id, earlier id) in equal buckets from `start` on.

    keys are sorted; earlier [id] tells the side of an id. Each new document meets the first `hot` earlier ones of
    its bucket. Whole buckets are taken until about `limit` pairs are found.
    """
    total, stop = 0, start
    while stop < keys.size and total < limit:
        after, old = _side(keys, ids, earlier, stop)
        total += (after - stop - old) * min(old, hot)
        stop = after
    pairs, m, i = np.empty((total, 2), np.int64), 0, start
    while i < stop:
        after, old = _side(keys, ids, earlier, i)
        met = np.empty(min(old, hot), np.int64)
        filled = 0
        for p in range(i, after):
            if earlier[ids[p]] and filled < met.size:
                met[filled] = ids[p]
                filled += 1
        for p in range(i, after):
            if not earlier[ids[p]]:
                for q in range(filled):
                    pairs[m, 0], pairs[m, 1] = ids[p], met[q]
                    m += 1
        i = after
    return pairs, stop


@kernel
def _side(keys, ids, earlier, i):
    """Return (place after the bucket that starts at i, how many of it are earlier documents)."""
    old, after = 0, i
    while after < keys.size and keys[after] == keys[i]:
        old += np.int64(earlier[ids[after]])
        after += 1
    return after, old
