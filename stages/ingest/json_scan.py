"""JSON lines without Python strings: the text of each plain record is cut out and unescaped by a compiled scan.

What is left of a record (its other fields, with an empty text) is small and goes through a JSON parser, which
judges the record; the scan judges the text. Anything unusual is marked, and read the careful way.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

_QUOTE, _SLASH, _NEWLINE = 34, 92, 10


class Cut(NamedTuple):
    """Of each line: the span of the text's string with its quotes (0, 0: read it carefully), the unescaped text."""

    begins: np.ndarray  # int64, index of the opening quote in the data
    ends: np.ndarray  # int64, index after the closing quote
    offsets: np.ndarray  # int64, lines + 1: borders of the texts in `text`
    text: np.ndarray  # uint8


def special_bytes(data: bytes) -> np.ndarray:
    """Return the positions of quotes, backslashes and control characters (newlines among them)."""
    view = np.frombuffer(data, np.uint8)
    mask = view < 32
    mask |= view == _QUOTE
    mask |= view == _SLASH
    return np.flatnonzero(mask)


def cut_texts(data: bytes, specials: np.ndarray, starts: np.ndarray, ends: np.ndarray, key: str) -> Cut:
    """Cut the string under `key` out of each line [start, end) of UTF-8 data."""
    view = np.frombuffer(data, np.uint8)
    name = np.frombuffer(key.encode(), np.uint8)
    begins, after = np.zeros(len(starts), np.int64), np.zeros(len(starts), np.int64)
    offsets = np.zeros(len(starts) + 1, np.int64)
    out = np.empty(len(data), np.uint8)
    first = np.searchsorted(specials, starts)
    size = _cut(view, specials, first, starts, ends, name, begins, after, offsets, out)
    return Cut(begins, after, offsets, out[:size])


@numba.njit(cache=True)
def _cut(data, specials, first, starts, ends, key, begins, after, offsets, out):
    """Fill in the spans and texts of all lines; returns the bytes of text."""
    size = 0
    for row in range(len(starts)):
        begin, end, plain = _find(data, specials, first[row], starts[row], ends[row], key)
        offsets[row] = size
        if end > begin:
            low, high = begin + 1, end - 1
            if plain:
                out[size : size + high - low] = data[low:high]
                written = high - low
            else:
                written = _unescape(data, low, high, out, size)
            if written >= 0:
                begins[row], after[row] = begin, end
                size += written
    offsets[len(starts)] = size
    return size


@numba.njit(cache=True)
def _find(data, specials, at, start, end, key):
    """Return (begin, end, without escapes) of the one string under the key at the record's top level."""
    depth, value, wanted = 0, False, False
    begin, stop, plain = 0, 0, True
    here = start
    while True:
        mark = specials[at] if at < len(specials) and specials[at] < end else end
        for place in range(here, mark):
            byte = data[place]
            if byte == 123 or byte == 91:
                depth += 1
            elif byte == 125 or byte == 93:
                depth -= 1
            elif byte == 58 and depth == 1:
                value = True
            elif byte == 44 and depth == 1:
                value = wanted = False
        if mark == end:
            return begin, stop, plain
        byte = data[mark]
        here = mark + 1
        at += 1
        if byte == _SLASH:
            return 0, 0, True
        if byte != _QUOTE:
            continue
        close, at, escaped, control = _string(data, specials, at, end)
        if close < 0:
            return 0, 0, True
        here = close + 1
        if depth != 1:
            continue
        if not value:
            if escaped:
                return 0, 0, True
            wanted = close - mark - 1 == len(key)
            for index in range(len(key) if wanted else 0):
                wanted = wanted and data[mark + 1 + index] == key[index]
            if wanted and stop:
                return 0, 0, True  # the key stands there twice
        elif wanted:
            if control:
                return 0, 0, True
            begin, stop, plain, wanted = mark, close + 1, not escaped, False


@numba.njit(cache=True)
def _string(data, specials, at, end):
    """Return where a string closes (-1: nowhere), the next special, if it holds escapes, and control bytes."""
    escaped, control = False, False
    while at < len(specials) and specials[at] < end:
        place = specials[at]
        byte = data[place]
        at += 1
        if byte == _QUOTE:
            return place, at, escaped, control
        if byte == _SLASH:
            escaped = True
            if at < len(specials) and specials[at] == place + 1:
                at += 1
        else:
            control = True
    return -1, at, escaped, control


@numba.njit(cache=True)
def _hex(data, at, high):
    if at + 4 > high:
        return -1
    value = 0
    for place in range(at, at + 4):
        byte = data[place]
        if 48 <= byte <= 57:
            digit = byte - 48
        elif 97 <= byte <= 102:
            digit = byte - 87
        elif 65 <= byte <= 70:
            digit = byte - 55
        else:
            return -1
        value = value * 16 + digit
    return value


@numba.njit(cache=True)
def _unescape(data, low, high, out, size):
    """Write the string's content as UTF-8; returns its bytes, -1 for an escape that is none."""
    at, to = low, size
    while at < high:
        byte = data[at]
        if byte != _SLASH:
            out[to] = byte
            to += 1
            at += 1
            continue
        code = data[at + 1]
        at += 2
        if code == 110:
            point = 10
        elif code == 34 or code == 92 or code == 47:
            point = int(code)
        elif code == 116:
            point = 9
        elif code == 114:
            point = 13
        elif code == 98:
            point = 8
        elif code == 102:
            point = 12
        elif code == 117:
            point = _hex(data, at, high)
            at += 4
            if 0xD800 <= point < 0xDC00 and at + 6 <= high and data[at] == _SLASH and data[at + 1] == 117:
                second = _hex(data, at + 2, high)
                if second < 0xDC00 or second > 0xDFFF:
                    return -1
                point = 0x10000 + ((point - 0xD800) << 10) + (second - 0xDC00)
                at += 6
            if point < 0 or 0xD800 <= point <= 0xDFFF:
                return -1
        else:
            return -1
        to = _encode(point, out, to)
    return to - size


@numba.njit(cache=True)
def _encode(point, out, to):
    """Write a code point as UTF-8; returns where the next one goes."""
    if point < 0x80:
        out[to] = point
        return to + 1
    if point < 0x800:
        out[to] = 0xC0 | (point >> 6)
        out[to + 1] = 0x80 | (point & 63)
        return to + 2
    if point < 0x10000:
        out[to] = 0xE0 | (point >> 12)
        out[to + 1] = 0x80 | ((point >> 6) & 63)
        out[to + 2] = 0x80 | (point & 63)
        return to + 3
    out[to] = 0xF0 | (point >> 18)
    out[to + 1] = 0x80 | ((point >> 12) & 63)
    out[to + 2] = 0x80 | ((point >> 6) & 63)
    out[to + 3] = 0x80 | (point & 63)
    return to + 4
