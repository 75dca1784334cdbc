"""The exact similarity of two very large texts, one range of hash values at a time: memory follows the texts alone."""

from __future__ import annotations

import numpy as np
import polars as pl

from stages.dedup.compiled import kernel, peek
from stages.dedup.minhash import _STEP, _unit_hash
from stages.dedup.scripts import folding
from stages.dedup.settings import DedupSettings
from stages.dedup.signing import buffers, composed, window_lengths
from stages.dedup.units import byte_end, fold, scratch, window_end

_RING = 128  # unit hashes at hand; a window has 64 units at most
_HELD = 4_000_000  # hashes of one text that are held at a time, about


class Giant:
    """One text, folded and cut into units once; its shingle hashes are made again for each range."""

    def __init__(self, text: pl.Series, settings: DedupSettings) -> None:
        data, offsets = buffers(composed(text))
        size = int(offsets[1] - offsets[0])
        while True:
            self.units = scratch(size)
            written, count = fold(data, offsets[0], offsets[1], *folding(), *self.units)
            if written >= 0:
                break
            size *= 2
        self.written, self.count, self.lengths = int(written), int(count), window_lengths(settings)

    def hashes(self, part: int, parts: int) -> np.ndarray:
        """Return the distinct uint64 shingle hashes in one of `parts` equal ranges, ascending."""
        into = np.empty(2 * self.count // parts + 1024, np.uint64)
        out, starts, kinds = self.units
        while True:
            found = range_hashes(
                out, starts, kinds, self.count, self.written, self.lengths, part, parts, into
            )
            if found <= len(into):
                return np.unique(into[:found])
            into = np.empty(found, np.uint64)


def giant_jaccard(left: Giant, right: Giant) -> float:
    """Return |A and B| / |A or B| of the shingle sets of two texts."""
    parts = max(1, -(-max(left.count, right.count) // _HELD))
    both = either = 0
    for part in range(parts):
        mine, other = left.hashes(part, parts), right.hashes(part, parts)
        shared = len(np.intersect1d(mine, other, assume_unique=True))
        both, either = both + shared, either + len(mine) + len(other) - shared
    return both / either if either else 0.0


@kernel
def range_hashes(out, starts, kinds, units, written, lengths, part, parts, into):
    """Write the shingle hashes that fall to the part to `into`, as far as there is room; return how many there are."""
    ring, ready, found, reached = np.empty(_RING, np.uint64), 0, 0, np.int64(0)
    for i in range(units):
        stop = window_end(i, units, peek(lengths, np.int64(peek(kinds, i)) - 1), reached)
        if stop == 0:
            continue
        reached = max(reached, stop)
        while ready < stop:
            end = byte_end(out, starts, ready + 1, units, written)
            ring[ready & (_RING - 1)] = _unit_hash(out, np.int64(peek(starts, ready)), end)
            ready += 1
        h = np.uint64(stop - i)  # as hash_texts has it
        for k in range(i, stop):
            h = h * _STEP + ring[k & (_RING - 1)]
        h ^= h >> np.uint64(32)
        if np.int64((h >> np.uint64(40)) * np.uint64(parts) >> np.uint64(24)) == part:
            if found < into.size:
                into[found] = h
            found += 1
    return found
