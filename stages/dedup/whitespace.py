"""The exact group: sha256 of a text that is normalised with great restraint.

Normalisation `exact@1`: NFC; then each run of white space (Unicode White_Space) becomes one line feed where the run
holds a line break, else one space; then none at either end. Case, punctuation, width and accents all count.
"""

from __future__ import annotations

import numpy as np

from stages.dedup.compiled import inlined, kernel


@inlined
def _space(data, i, end):
    """Return (bytes, breaks a line) of the white space at i; 0 bytes when there is none."""
    c = data[i]
    if c == 32 or c == 9:
        return 1, False
    if 10 <= c <= 13:
        return 1, True
    if c == 0xC2 and i + 1 < end:
        if data[i + 1] == 0x85:
            return 2, True
        return (2 if data[i + 1] == 0xA0 else 0), False
    if (c == 0xE1 or c == 0xE2 or c == 0xE3) and i + 2 < end:
        tail = np.int64(data[i + 1]) << 8 | np.int64(data[i + 2])
        if c == 0xE2 and (tail == 0x80A8 or tail == 0x80A9):
            return 3, True
        wide = 0x8080 <= tail <= 0x808A or tail == 0x80AF or tail == 0x819F
        if (c == 0xE2 and wide) or (c == 0xE1 and tail == 0x9A80) or (c == 0xE3 and tail == 0x8080):
            return 3, False
    return 0, False


@kernel
def fold_spaces(data, offsets, out, ends):
    """Write each text with its white space folded to out from its own offset; ends[d] is the byte after it."""
    for d in range(ends.size):
        i, end, o = offsets[d], offsets[d + 1], offsets[d]
        pending, broken = False, False
        while i < end:
            width = 0
            if data[i] <= 32 or data[i] == 0xC2 or 0xE1 <= data[i] <= 0xE3:
                width, line = _space(data, i, end)
                if width:
                    pending, broken = True, broken or line
                    i += width
                    continue
            if pending:
                if o > offsets[d]:
                    out[o] = 10 if broken else 32
                    o += 1
                pending, broken = False, False
            out[o] = data[i]
            o += 1
            i += 1
        ends[d] = o


@kernel
def same_bytes(data, other, offsets, ends, same):
    """Set same[d] where the folded text equals the text byte for byte."""
    for d in range(ends.size):
        equal = ends[d] == offsets[d + 1]
        i = offsets[d]
        while equal and i < ends[d]:
            equal = data[i] == other[i]
            i += 1
        same[d] = equal
