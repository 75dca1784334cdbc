"""One code point from and to UTF-8, for kernels that read and write valid text."""

from __future__ import annotations

import numpy as np

from stages.dedup.compiled import inlined, peek, poke

_LOW, _LEAD = np.uint32(0x3F), np.uint32(0x80)


@inlined
def decode(data, i, c):
    """Return (code point, bytes) of the character at i whose first byte is c, above 0x7F."""
    if 0xE0 <= c < 0xF0:
        return decode3(data, i, c), 3
    second = np.uint32(peek(data, i + 1)) & _LOW
    if c < 0xE0:
        return ((c & np.uint32(0x1F)) << np.uint32(6)) | second, 2
    third = np.uint32(peek(data, i + 2)) & _LOW
    fourth = np.uint32(peek(data, i + 3)) & _LOW
    high = ((c & np.uint32(0x07)) << np.uint32(18)) | (second << np.uint32(12))
    return high | (third << np.uint32(6)) | fourth, 4


@inlined
def decode3(data, i, c):
    """Return the code point of the three bytes at i, of which the first is c."""
    high = ((c & np.uint32(0x0F)) << np.uint32(12)) | ((np.uint32(peek(data, i + 1)) & _LOW) << np.uint32(6))
    return high | (np.uint32(peek(data, i + 2)) & _LOW)


@inlined
def encode(point, out, o):
    """Write a code point (uint32) at o; return the place after it."""
    if point < 0x80:
        poke(out, o, np.uint8(point))
        return o + 1
    if point < 0x800:
        poke(out, o, np.uint8(np.uint32(0xC0) | (point >> np.uint32(6))))
        poke(out, o + 1, np.uint8(_LEAD | (point & _LOW)))
        return o + 2
    if point < 0x10000:
        encode3(point, out, o)
        return o + 3
    poke(out, o, np.uint8(np.uint32(0xF0) | (point >> np.uint32(18))))
    poke(out, o + 1, np.uint8(_LEAD | ((point >> np.uint32(12)) & _LOW)))
    poke(out, o + 2, np.uint8(_LEAD | ((point >> np.uint32(6)) & _LOW)))
    poke(out, o + 3, np.uint8(_LEAD | (point & _LOW)))
    return o + 4


@inlined
def encode3(point, out, o):
    """Write a code point of three bytes at o."""
    poke(out, o, np.uint8(np.uint32(0xE0) | (point >> np.uint32(12))))
    poke(out, o + 1, np.uint8(_LEAD | ((point >> np.uint32(6)) & _LOW)))
    poke(out, o + 2, np.uint8(_LEAD | (point & _LOW)))
