"""Signatures and shingle hashes of many texts, straight over Arrow buffers."""

from __future__ import annotations

import numpy as np

from stages.dedup.compiled import kernel, peek
from stages.dedup.hashing import finalise, xxh32
from stages.dedup.units import byte_end, fold, scratch, window_end

_BLOCK = 1024  # shingle hashes that stay in the first cache while every permutation passes over them
_SECOND_SEED = 0x5BD1E995


@kernel
def sign_texts(data, offsets, table, expansions, lengths, a, b, signatures, counts):
    """Fill signatures [n, num_perm] (uint32, preset to the maximum) and counts [n] of shingles.

    offsets int64 [n + 1] cut data uint8; lengths int64 [2]: units in a window that begins with a word, with a
    character.
    """
    out, starts, kinds = scratch(_longest(offsets))
    block = np.empty(_BLOCK, np.uint32)
    for d in range(counts.size):
        written, units = fold(data, offsets[d], offsets[d + 1], table, expansions, out, starts, kinds)
        while written < 0:
            out, starts, kinds = scratch(2 * out.size)
            written, units = fold(data, offsets[d], offsets[d + 1], table, expansions, out, starts, kinds)
        filled, count, reached = 0, 0, np.int64(0)
        for i in range(units):
            stop = window_end(i, units, peek(lengths, np.int64(peek(kinds, i)) - 1), reached)
            if stop == 0:
                continue
            reached = max(reached, stop)
            end = byte_end(out, starts, stop, units, written)
            block[filled] = finalise(xxh32(out, np.int64(peek(starts, i)), end, np.uint32(0)))
            filled += 1
            if filled == _BLOCK:
                permute(block, filled, a, b, signatures[d])
                count, filled = count + filled, 0
        permute(block, filled, a, b, signatures[d])
        counts[d] = count + filled


@kernel
def permute(block, filled, a, b, signature):
    """Lower signature[k] to the minimum of a[k] * h + b[k] modulo 2^32 over the first `filled` hashes."""
    for k in range(a.size):
        ak, bk, least = a[k], b[k], signature[k]
        for i in range(filled):
            least = min(least, np.uint32(ak * block[i] + bk))
        signature[k] = least


@kernel
def hash_texts(data, offsets, table, expansions, lengths, into, counts):
    """Write the 64-bit hash of each shingle of each text to `into`, text after text; fill counts [n].

    Only as many hashes are written as `into` holds; counts are complete, so a second call can bring the room.
    """
    out, starts, kinds = scratch(_longest(offsets))
    place = np.int64(0)
    for d in range(counts.size):
        written, units = fold(data, offsets[d], offsets[d + 1], table, expansions, out, starts, kinds)
        while written < 0:
            out, starts, kinds = scratch(2 * out.size)
            written, units = fold(data, offsets[d], offsets[d + 1], table, expansions, out, starts, kinds)
        before, reached = place, np.int64(0)
        for i in range(units):
            stop = window_end(i, units, peek(lengths, np.int64(peek(kinds, i)) - 1), reached)
            if stop == 0:
                continue
            reached = max(reached, stop)
            if place < into.size:
                end = byte_end(out, starts, stop, units, written)
                high = np.uint64(xxh32(out, np.int64(peek(starts, i)), end, np.uint32(0)))
                low = np.uint64(xxh32(out, np.int64(peek(starts, i)), end, np.uint32(_SECOND_SEED)))
                into[place] = (high << np.uint64(32)) | low
            place += 1
        counts[d] = place - before


@kernel
def _longest(offsets):
    longest = np.int64(0)
    for d in range(offsets.size - 1):
        longest = max(longest, offsets[d + 1] - offsets[d])
    return longest
