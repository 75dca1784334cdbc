"""Signatures and shingle hashes of many texts, straight over Arrow buffers."""

from __future__ import annotations

import numpy as np

from stages.dedup.compiled import inlined, kernel, load_u64, peek
from stages.dedup.hashing import finalise, xxh32
from stages.dedup.units import byte_end, fold, scratch, window_end

_BLOCK = 1024  # shingle hashes that stay in the first cache while every permutation passes over them
_LANES = 64  # hashes that one step of the compiled loop takes
_MIX, _STEP = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)


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
        permute(block, _padded(block, filled), a, b, signatures[d])
        counts[d] = count + filled


@inlined
def _padded(block, filled):
    """Repeat the first hash until whole vectors are full; a minimum does not mind."""
    size = (filled + _LANES - 1) // _LANES * _LANES
    for i in range(filled, size):
        block[i] = block[0]
    return size


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
    Each unit is hashed once, each shingle from its units: equal units in equal order, and only they, are one shingle.
    """
    out, starts, kinds = scratch(_longest(offsets))
    hashes, place = np.empty(starts.size, np.uint64), np.int64(0)
    for d in range(counts.size):
        written, units = fold(data, offsets[d], offsets[d + 1], table, expansions, out, starts, kinds)
        while written < 0:
            out, starts, kinds = scratch(2 * out.size)
            hashes = np.empty(starts.size, np.uint64)
            written, units = fold(data, offsets[d], offsets[d + 1], table, expansions, out, starts, kinds)
        for i in range(units):
            hashes[i] = _unit_hash(
                out, np.int64(peek(starts, i)), byte_end(out, starts, i + 1, units, written)
            )
        before, reached = place, np.int64(0)
        for i in range(units):
            stop = window_end(i, units, peek(lengths, np.int64(peek(kinds, i)) - 1), reached)
            if stop == 0:
                continue
            reached = max(reached, stop)
            if place < into.size:
                h = np.uint64(stop - i)
                for k in range(i, stop):
                    h = h * _STEP + peek(hashes, k)
                into[place] = h ^ (h >> np.uint64(32))
            place += 1
        counts[d] = place - before


@kernel
def hash_bytes(data, offsets, out):
    """Fill out [n] with a 64-bit hash of the bytes of each text; nothing behind a text is read."""
    for d in range(out.size):
        h = np.uint64(offsets[d + 1] - offsets[d])
        for i in range(offsets[d], offsets[d + 1]):
            h = (h ^ np.uint64(data[i])) * _STEP
            h ^= h >> np.uint64(32)
        out[d] = h * _MIX


@inlined
def _unit_hash(out, start, end):
    """Return a 64-bit hash of out[start:end]; up to seven bytes behind the end are read and masked."""
    h, i = np.uint64(end - start), start
    while i + 8 <= end:
        h = (h ^ load_u64(out, i)) * _MIX
        h ^= h >> np.uint64(29)
        i += 8
    rest = np.uint64(8 * (end - i))
    h = (h ^ (load_u64(out, i) & ((np.uint64(1) << rest) - np.uint64(1)))) * _MIX
    h = (h ^ (h >> np.uint64(32))) * _STEP
    return h ^ (h >> np.uint64(29))


@kernel
def _longest(offsets):
    longest = np.int64(0)
    for d in range(offsets.size - 1):
        longest = max(longest, offsets[d + 1] - offsets[d])
    return longest
