"""xxHash-32 over byte ranges, and the finaliser that datasketch's affine32 scheme applies to it.

Both follow their published definitions; the tests compare them with the `xxhash` package and with datasketch.
"""

from __future__ import annotations

import numpy as np

from stages.dedup.compiled import inlined, kernel, load_u32, peek

_P1, _P2, _P3 = np.uint32(0x9E3779B1), np.uint32(0x85EBCA77), np.uint32(0xC2B2AE3D)
_P4, _P5 = np.uint32(0x27D4EB2F), np.uint32(0x165667B1)
_LANE1, _LANE4 = np.uint32(0x24234428), np.uint32(0x61C8864F)  # P1 + P2 and -P1, modulo 2^32


@inlined
def _rotate(x, count):
    return np.uint32((x << np.uint32(count)) | (x >> np.uint32(32 - count)))


@inlined
def _round(lane, word):
    return np.uint32(_rotate(np.uint32(lane + np.uint32(word * _P2)), 13) * _P1)


@kernel
def xxh32(data, start, end, seed):
    """Return the 32-bit xxHash of data[start:end], where data is uint8 and seed is uint32."""
    i = start
    if end - start >= 16:
        v1, v2 = np.uint32(seed + _LANE1), np.uint32(seed + _P2)
        v3, v4 = np.uint32(seed), np.uint32(seed + _LANE4)
        while i + 16 <= end:
            v1 = _round(v1, load_u32(data, i))
            v2 = _round(v2, load_u32(data, i + 4))
            v3 = _round(v3, load_u32(data, i + 8))
            v4 = _round(v4, load_u32(data, i + 12))
            i += 16
        h = np.uint32(_rotate(v1, 1) + _rotate(v2, 7) + _rotate(v3, 12) + _rotate(v4, 18))
    else:
        h = np.uint32(seed + _P5)
    h = np.uint32(h + np.uint32(end - start))
    while i + 4 <= end:
        h = np.uint32(_rotate(np.uint32(h + np.uint32(load_u32(data, i) * _P3)), 17) * _P4)
        i += 4
    while i < end:
        h = np.uint32(_rotate(np.uint32(h + np.uint32(np.uint32(peek(data, i)) * _P5)), 11) * _P1)
        i += 1
    h = np.uint32((h ^ (h >> np.uint32(15))) * _P2)
    h = np.uint32((h ^ (h >> np.uint32(13))) * _P3)
    return np.uint32(h ^ (h >> np.uint32(16)))


@inlined
def finalise(h):
    """Return MurmurHash3's 32-bit finaliser of a hash."""
    h = np.uint32((h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    h = np.uint32((h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))
