"""From UTF-8 bytes to shingles: fold, cut into units, and walk windows of units as byte ranges.

A unit is a word (a run of word characters) or one character of a script without spaces. The folded text is
the units in order, with a space between two neighbours of which at least one is a word. A shingle is a window
of n consecutive units, n by the kind of its first unit; a window that would pass the end is cut there, and
taken only if no window before it reached the end. So a text shorter than one shingle is one shingle.
"""

from __future__ import annotations

import numpy as np

from stages.dedup.compiled import inlined, kernel, peek, poke
from stages.dedup.encoding import decode, decode3, encode, encode3
from stages.dedup.scripts import KIND_SHIFT, TABLE_SIZE

_SLACK = 128
_POINT = np.uint32((1 << KIND_SHIFT) - 1)
_SPACE = np.uint8(32)
_WIDE, _WIDTH = np.uint32(0x800), np.uint32(0x10000 - 0x800)  # folded code points of three bytes


@kernel
def scratch(longest):
    """Return buffers (folded bytes, unit starts, unit kinds) for texts of up to `longest` bytes."""
    units = longest // 2 + _SLACK
    return np.empty(2 * longest + _SLACK, np.uint8), np.empty(units, np.int32), np.empty(units, np.uint8)


@kernel
def fold(data, start, end, table, expansions, out, starts, kinds):
    """Fold data[start:end], valid UTF-8; return (bytes, units) written, (-1, -1) if buffers are too small.

    Two bytes per byte and one unit per two bytes are always enough, but for expansions: only those check.
    """
    o, units, last, inside, i = np.int64(0), np.int64(0), np.int64(0), np.int64(0), np.int64(start)
    while i < end:
        c = np.uint32(peek(data, i))
        if c < 0x80:
            entry = peek(table, np.int64(c))
            o, units, last, inside = _put_ascii(entry, out, starts, kinds, o, units, last, inside)
            i += 1
            continue
        if 0xE0 <= c < 0xF0:
            entry = peek(table, np.int64(decode3(data, i, c)))
            if (entry == 0) | ((entry >> np.uint32(KIND_SHIFT) < 3) & ((entry & _POINT) - _WIDE < _WIDTH)):
                o, units, last, inside = _put_wide(entry, out, starts, kinds, o, units, last, inside)
                i += 3
                continue
        point, width = decode(data, i, c)
        i += width
        entry = peek(table, np.int64(point)) if point < TABLE_SIZE else _plane14(point)
        if entry >> np.uint32(KIND_SHIFT) != 4:
            o, units, last, inside = _put(entry, out, starts, kinds, o, units, last, inside)
            continue
        place = np.int64(entry & _POINT)
        length = np.int64(expansions[place])
        rest = end - i
        if out.size < o + 5 * length + 2 * rest + 8 or starts.size < units + length + rest // 2 + 8:
            return np.int64(-1), np.int64(-1)
        for k in range(place + 1, place + 1 + length):
            o, units, last, inside = _put(expansions[k], out, starts, kinds, o, units, last, inside)
    return o, units


@inlined
def _put_ascii(entry, out, starts, kinds, o, units, last, inside):
    """Append one entry of the ASCII range, without a branch that depends on where words end."""
    word = np.int64(entry != 0)
    first = word & (inside ^ 1)
    poke(out, o, _SPACE)
    o += first & np.int64(last != 0)
    poke(starts, units, np.int32(o))
    poke(kinds, units, np.uint8(1))
    units += first
    poke(out, o, np.uint8(entry))
    return o + word, units, np.int64(1) if word else last, word


@inlined
def _put_wide(entry, out, starts, kinds, o, units, last, inside):
    """Append an entry that separates or folds to three bytes: most of Chinese, with no branch on punctuation."""
    kind = np.int64(entry >> np.uint32(KIND_SHIFT))
    first = np.int64(kind == 2) | (np.int64(kind == 1) & (inside ^ 1))
    poke(out, o, _SPACE)
    o += first & np.int64(last != 0) & np.int64(kind + last < 4)
    poke(starts, units, np.int32(o))
    poke(kinds, units, np.uint8(kind))
    units += first
    encode3(entry & _POINT, out, o)
    return o + 3 * np.int64(kind != 0), units, kind if kind else last, np.int64(kind == 1)


@inlined
def _plane14(point):
    return np.uint32(3 << KIND_SHIFT) if (point >> np.uint32(12)) == 0xE0 else np.uint32(0)


@inlined
def _put(entry, out, starts, kinds, o, units, last, inside):
    """Append one folded entry; return the new (bytes, units, last kind, inside a word)."""
    kind = np.int64(entry >> np.uint32(KIND_SHIFT))
    if kind == 3:
        return o, units, last, inside
    if kind == 0:
        return o, units, last, np.int64(0)
    if kind == 2 or inside == 0:
        poke(out, o, _SPACE)
        o += np.int64(last != 0) & np.int64(kind + last < 4)
        poke(starts, units, np.int32(o))
        poke(kinds, units, np.uint8(kind))
        units += 1
    o = encode(entry & _POINT, out, o)
    return o, units, kind, np.int64(kind == 1)


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
    after = np.int64(peek(starts, stop))
    return after - np.int64(peek(out, after - 1) == 32)
