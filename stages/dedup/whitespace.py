"""The exact group: sha256 of a text that is normalised with great restraint.

Normalisation `exact@1`: NFC; then each run of white space (Unicode White_Space) becomes one line feed where
the run holds a line break, else one space; then none at either end. Case, punctuation and width all count.
"""

from __future__ import annotations

import numpy as np

from stages.dedup.compiled import inlined, kernel, load_u32, peek, poke
from stages.dedup.encoding import decode


@kernel
def fold_spaces(data, offsets, out, ends):
    """Write each text with its white space folded to out at its own offset; ends[d] is the byte after."""
    for d in range(ends.size):
        first, i, end = np.int64(offsets[d]), np.int64(offsets[d]), np.int64(offsets[d + 1])
        o, pending, broken = first, np.int64(0), np.int64(0)
        while i < end:
            c = peek(data, i)
            if c < 0x80:  # no branch here depends on where words end
                line = np.int64(c >= 10) & np.int64(c <= 13)
                space = line | np.int64(c == 32) | np.int64(c == 9)
                poke(out, o, np.uint8(32 - 22 * broken))
                o += pending & (space ^ 1) & np.int64(o > first)
                poke(out, o, c)
                o += space ^ 1
                pending = space
                broken = (broken | line) & space
                i += 1
                continue
            if 0xE4 <= c <= 0xE9:  # most of Chinese, and no space
                poke(out, o, np.uint8(32 - 22 * broken))
                o += pending & np.int64(o > first)
                pending, broken = np.int64(0), np.int64(0)
                poke(out, o, c)
                poke(out, o + 1, peek(data, i + 1))
                poke(out, o + 2, peek(data, i + 2))
                o += 3
                i += 3
                continue
            width, breaks = _wide_space(data, i, c) if c == 0xC2 or 0xE1 <= c <= 0xE3 else (0, False)
            if width:
                pending, broken = np.int64(1), broken | np.int64(breaks)
                i += width
                continue
            poke(out, o, np.uint8(32 - 22 * broken))
            o += pending & np.int64(o > first)
            pending, broken = np.int64(0), np.int64(0)
            poke(out, o, c)
            o += 1
            i += 1
            while i < end and 0x80 <= peek(data, i) < 0xC0:
                poke(out, o, peek(data, i))
                o += 1
                i += 1
        ends[d] = o


@inlined
def _wide_space(data, i, c):
    """Return (bytes, breaks a line) of the white space at i whose first byte is c; 0 bytes for none."""
    if c == 0xC2:
        tail = np.int64(peek(data, i + 1))
        return 2 * np.int64(tail == 0x85 or tail == 0xA0), tail == 0x85
    tail = np.int64(peek(data, i + 1)) << 8 | np.int64(peek(data, i + 2))
    if c == 0xE2:
        line = tail == 0x80A8 or tail == 0x80A9
        return 3 * np.int64(line or 0x8080 <= tail <= 0x808A or tail == 0x80AF or tail == 0x819F), line
    return 3 * np.int64((c == 0xE1 and tail == 0x9A80) or (c == 0xE3 and tail == 0x8080)), False


@kernel
def same_bytes(data, other, offsets, ends, same):
    """Set same[d] where the folded text equals the text byte for byte."""
    for d in range(ends.size):
        if ends[d] == offsets[d + 1]:  # a fold of equal length can still have changed a tab or a line end
            differing = 0
            for i in range(offsets[d], ends[d]):
                differing |= data[i] ^ other[i]
            same[d] = differing == 0


@kernel
def doubtful(data, offsets, table, out):
    """Set out[d] where a text holds a code point of table (uint8) that can keep it from being in form NFC."""
    for d in range(out.size):
        i, end, found = np.int64(offsets[d]), np.int64(offsets[d + 1]), np.uint8(0)
        while i < end:
            c = np.uint32(peek(data, i))
            if 0xE4 <= c <= 0xE9:  # no code point from U+4000 to U+9FFF is doubtful
                i += 3
            elif c < 0x80:
                i += 4 if i + 4 <= end and load_u32(data, i) & np.uint32(0x80808080) == 0 else 1
            elif c < 0xCC:  # nor is any below U+0300
                i += 2
            else:
                point, width = decode(data, i, c)
                found |= peek(table, np.int64(min(point, np.uint32(table.size - 1))))
                i += width
        out[d] = found != 0
