"""From UTF-8 bytes to shingles: fold, cut into units, and walk windows of units as byte ranges.

A unit is a word (a run of word characters) or one character of a script without spaces. The folded text is the
units in order, with a space between two neighbours of which at least one is a word. A shingle is a window of n
consecutive units, n by the kind of its first unit; a window that would pass the end is cut there, and taken only
if no window before it reached the end. So a text shorter than one shingle is one whole-text shingle.
"""

from __future__ import annotations

import numpy as np

from stages.dedup.compiled import inlined, kernel
from stages.dedup.scripts import KIND_SHIFT, TABLE_SIZE

_SLACK = 128


@kernel
def scratch(longest):
    """Return buffers (folded bytes, unit starts, unit kinds) for texts of up to `longest` bytes."""
    units = longest // 2 + _SLACK
    return np.empty(2 * longest + _SLACK, np.uint8), np.empty(units, np.int32), np.empty(units, np.uint8)


@inlined
def _decode(data, i):
    """Return (code point, bytes) of the character at i; the bytes are valid UTF-8."""
    c = np.uint32(data[i])
    if c < 0x80:
        return c, 1
    low = np.uint32(0x3F)
    if c < 0xE0:
        return ((c & np.uint32(0x1F)) << np.uint32(6)) | (np.uint32(data[i + 1]) & low), 2
    if c < 0xF0:
        high = ((c & np.uint32(0x0F)) << np.uint32(12)) | ((np.uint32(data[i + 1]) & low) << np.uint32(6))
        return high | (np.uint32(data[i + 2]) & low), 3
    high = ((c & np.uint32(0x07)) << np.uint32(18)) | ((np.uint32(data[i + 1]) & low) << np.uint32(12))
    return high | ((np.uint32(data[i + 2]) & low) << np.uint32(6)) | (np.uint32(data[i + 3]) & low), 4


@inlined
def _encode(point, out, o):
    """Write a code point as UTF-8 at o; return the place after it."""
    low, lead = np.uint32(0x3F), np.uint32(0x80)
    if point < 0x80:
        out[o] = point
        return o + 1
    if point < 0x800:
        out[o] = np.uint32(0xC0) | (point >> np.uint32(6))
        out[o + 1] = lead | (point & low)
        return o + 2
    if point < 0x10000:
        out[o] = np.uint32(0xE0) | (point >> np.uint32(12))
        out[o + 1] = lead | ((point >> np.uint32(6)) & low)
        out[o + 2] = lead | (point & low)
        return o + 3
    out[o] = np.uint32(0xF0) | (point >> np.uint32(18))
    out[o + 1] = lead | ((point >> np.uint32(12)) & low)
    out[o + 2] = lead | ((point >> np.uint32(6)) & low)
    out[o + 3] = lead | (point & low)
    return o + 4


@inlined
def _put(entry, out, starts, kinds, o, units, last, inside):
    """Append one folded entry; return the new (o, units, last kind, inside a word)."""
    kind = entry >> np.uint32(KIND_SHIFT)
    if kind == 3:
        return o, units, last, inside
    if kind == 0:
        return o, units, last, False
    if kind == 2 or not inside:
        if last != 0 and (kind == 1 or last == 1):
            out[o] = 32
            o += 1
        starts[units] = o
        kinds[units] = kind
        units += 1
    o = _encode(entry & np.uint32(0xFFFFFF), out, o)
    return o, units, np.int64(kind), kind == 1


@kernel
def fold(data, start, end, table, expansions, buffers):
    """Fold data[start:end]; return (buffers, bytes written, units), buffers being larger ones if need be."""
    out, starts, kinds = buffers
    o, units, last, inside, i = np.int64(0), np.int64(0), np.int64(0), False, start
    while i < end:
        c = data[i]
        if c < 0x80:
            entry = table[c]
            i += 1
            if entry == 0:
                inside = False
                continue
            if not inside:
                out[o] = 32
                o += last != 0
                starts[units] = o
                kinds[units] = 1
                units += 1
                inside, last = True, np.int64(1)
            out[o] = entry & np.uint32(0x7F)
            o += 1
            continue
        point, width = _decode(data, i)
        i += width
        entry = table[point] if point < TABLE_SIZE else np.uint32(_plane14(point))
        if entry >> np.uint32(KIND_SHIFT) != 4:
            o, units, last, inside = _put(entry, out, starts, kinds, o, units, last, inside)
            continue
        place = np.int64(entry & np.uint32(0xFFFFFF))
        length = np.int64(expansions[place])
        if out.size < o + 5 * length + 2 * (end - i) + 8 or starts.size < units + length + (end - i) // 2 + 8:
            out, starts, kinds = _grow(out), _grow(starts), _grow(kinds)
        for k in range(place + 1, place + 1 + length):
            o, units, last, inside = _put(expansions[k], out, starts, kinds, o, units, last, inside)
    return (out, starts, kinds), o, units


@inlined
def _plane14(point):
    return 3 << KIND_SHIFT if (point >> np.uint32(12)) == 0xE0 else 0


@kernel
def _grow(array):
    larger = np.empty(array.size * 2 + _SLACK, array.dtype)
    larger[: array.size] = array
    return larger


@inlined
def window_end(i, units, length, reached):
    """Return the unit after the window that starts at unit i, or 0 when there is no such window."""
    stop = i + length
    if stop <= units:
        return stop
    return units if reached < units else 0


@inlined
def byte_end(out, starts, stop, units, written):
    """Return the byte after unit stop - 1: before the next unit and the space that may part them."""
    if stop == units:
        return written
    return starts[stop] - np.int64(out[starts[stop] - 1] == 32)
