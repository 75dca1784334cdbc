"""Places where something could match, found over whole buffers of code points and their class flags."""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
from numba import njit

Events = tuple[np.ndarray, np.ndarray]  # begin, end (positions in the buffer, int64), in order of begin

DIGIT, ALPHA, HEX, GAP, NUMERAL, PLATE, LOCAL, UNIT = (1 << i for i in range(8))
NUMERALS = "零〇一幺二两三四五六七八九壹贰貳叁參肆伍陆陸柒捌玖"
PLATES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
FOLDED = "\u017f\u212a"  # long s and the Kelvin sign match [a-z] where case is ignored
UNITS = "号號弄"  # after the number of a house
_TABLE_SIZE = 0x20000


@cache
def table() -> np.ndarray:
    """Return the flags of every code point below 0x20000; what lies above has those of 0."""
    flags = np.zeros(_TABLE_SIZE, dtype=np.uint8)
    for point in range(_TABLE_SIZE):
        category = unicodedata.category(chr(point))
        if category == "Nd":
            flags[point] |= DIGIT
        elif category[0] not in "LN" and category != "Cs":
            flags[point] |= GAP
    for chars, flag in (
        ("abcdefghijklmnopqrstuvwxyz" + FOLDED, ALPHA),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", ALPHA),
        ("0123456789abcdefABCDEF", HEX),
        (NUMERALS, NUMERAL),
        (PLATES, PLATE),
        (UNITS, UNIT),
        ("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~-", LOCAL),
        ("xX", GAP),  # telephone numbers are written with it
    ):
        flags[[ord(c) for c in chars]] |= np.uint8(flag)
    flags[[0, 10, 13]] = 0
    return flags


def flags_of(points: np.ndarray) -> np.ndarray:
    """Return the class flags of each code point."""
    return table()[np.where(points < _TABLE_SIZE, points, 0)]


def numbers(flags: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of five digits and more with at most four other signs between two digits, and their number of digits."""
    return _clusters(flags, DIGIT, GAP, 4, 5)


def cnnum(points: np.ndarray, flags: np.ndarray) -> Events:
    """Eleven digits and Chinese numerals and more, one numeral at least, with at most one other sign between two."""
    begin, end, _ = _clusters(flags, NUMERAL | DIGIT, GAP, 1, 11)
    count = np.concatenate(([0], np.cumsum((flags & NUMERAL) > 0)))
    written = count[end] > count[begin]
    return begin[written], end[written]


def code(points: np.ndarray, flags: np.ndarray) -> Events:
    """Words of letters and digits: three digits among four signs, one letter and a digit or two of each at the
    front, eight signs before a hyphen, or eighteen signs."""
    return _words(points, flags, 0)


def long(points: np.ndarray, flags: np.ndarray) -> Events:
    """Words of eighteen letters and digits and more."""
    return _words(points, flags, 1)


def iban(points: np.ndarray, flags: np.ndarray) -> Events:
    """Words that begin with two letters and two digits."""
    return _words(points, flags, 2)


def net(points: np.ndarray, flags: np.ndarray) -> Events:
    """Two equal separators (colon, hyphen, dot) with hexadecimal digits between, as in network addresses."""
    return _separators(points, flags)


def mail(points: np.ndarray, flags: np.ndarray) -> Events:
    """An @ after a sign that a local part can end with."""
    at = np.flatnonzero(points[1:] == 0x40) + 1
    at = at[(flags[at - 1] & LOCAL) > 0]
    return at, at + 1


def spacedmail(points: np.ndarray, flags: np.ndarray) -> Events:
    """An @ with a space on either side, after a sign that a local part can end with."""
    at = np.flatnonzero(points[2:-1] == 0x40) + 2
    before, after = points[at - 1] == 0x20, points[at + 1] == 0x20
    local = np.where(before, flags[at - 2], flags[at - 1]) & LOCAL
    at = at[(before | after) & (local > 0)]
    return at, at + 1


def hanmail(points: np.ndarray, flags: np.ndarray) -> Events:
    """An @ after a Han character."""
    at = np.flatnonzero(points[1:] == 0x40) + 1
    at = at[(points[at - 1] >= 0x4E00) & (points[at - 1] <= 0x9FFF)]
    return at, at + 1


def link(points: np.ndarray, flags: np.ndarray) -> Events:
    """A dot before a letter and after anything but space."""
    at = np.flatnonzero(points[1:-1] == 0x2E) + 1
    after = ((flags[at + 1] & ALPHA) > 0) | (points[at + 1] >= 0xA1)
    at = at[after & (points[at - 1] > 0x20)]
    return at, at + 1


def person(points: np.ndarray, flags: np.ndarray) -> Events:
    """A capital letter before a small one: every word of a name that is written out has both."""
    capital = ((points >= 0x41) & (points <= 0x5A)) | ((points >= 0xC0) & (points <= 0xDE))
    small = ((points >= 0x61) & (points <= 0x7A)) | ((points >= 0xDF) & (points <= 0xFF))
    at = np.flatnonzero(capital[:-1] & small[1:])
    return at, at + 1


def plate(points: np.ndarray, flags: np.ndarray) -> Events:
    """The character of a province before a capital letter."""
    at = np.flatnonzero(flags[:-1] & PLATE)
    at = at[(points[at + 1] >= 0x41) & (points[at + 1] <= 0x5A)]
    return at, at + 2


def place(points: np.ndarray, flags: np.ndarray) -> Events:
    """A house-number sign after a digit or a Chinese numeral."""
    at = np.flatnonzero(flags[1:] & UNIT) + 1
    before, counted = points[at - 1], flags[at - 1] & (DIGIT | NUMERAL)
    at = at[(counted > 0) | (before == ord("十")) | (before == ord("百"))]
    return at, at + 1


def date(points: np.ndarray, flags: np.ndarray) -> Events:
    """A slash, hyphen or dot between two letters or digits of which one is a digit."""
    sign = (points == 0x2F) | (points == 0x2D) | (points == 0x2E)
    at = np.flatnonzero(sign[1:-1]) + 1
    before, after = flags[at - 1] & (DIGIT | ALPHA), flags[at + 1] & (DIGIT | ALPHA)
    at = at[(before > 0) & (after > 0) & (((before | after) & DIGIT) > 0)]
    return at, at + 1


@njit(cache=True, nogil=True)
def _clusters(flags, item, gap, max_gap, least):
    """Return maximal rows of `least` flagged items and more, at most `max_gap` gap signs apart: begin, end, items."""
    rows = [(0, 0, 0) for _ in range(0)]
    first, last, count = -1, -1, 0
    for i in range(len(flags)):
        wanted = flags[i] & item != 0
        if first >= 0 and ((wanted and i - last - 1 > max_gap) or not (wanted or flags[i] & gap)):
            if count >= least:
                rows.append((first, last + 1, count))
            first = -1
        if wanted:
            if first < 0:
                first, count = i, 0
            last = i
            count += 1
    if first >= 0 and count >= least:
        rows.append((first, last + 1, count))
    out = np.empty((3, len(rows)), dtype=np.int64)
    for k in range(len(rows)):
        out[0, k], out[1, k], out[2, k] = rows[k]
    return out[0], out[1], out[2]


@njit(cache=True, nogil=True)
def _words(points, flags, kind):
    """Return runs of letters and digits that look like a code (kind 0, see `code`), long ones (1), or IBANs (2)."""
    begin, end = [0 for _ in range(0)], [0 for _ in range(0)]
    n, i = len(flags), 0
    while i < n:
        if not flags[i] & 3:
            i += 1
            continue
        first, digits = i, 0
        while i < n and flags[i] & 3:
            digits += flags[i] & 1
            i += 1
        size = i - first
        pair = size >= 4 and flags[first] & flags[first + 1] & 2 and flags[first + 2] & flags[first + 3] & 1
        front = size >= 2 and flags[first] & 2 and flags[first + 1] & 1
        hyphen = size >= 8 and i < n and points[i] == 0x2D
        wanted = kind == 0 and (pair or front or hyphen or size >= 18 or (digits >= 3 and size >= 4))
        if wanted or (kind == 1 and size >= 18) or (kind == 2 and pair):
            begin.append(first)
            end.append(i)
    return np.array(begin, dtype=np.int64), np.array(end, dtype=np.int64)


@njit(cache=True, nogil=True)
def _separators(points, flags):
    """Return pairs of equal separators as in IP and MAC addresses (see `net`)."""
    begin, end = [0 for _ in range(0)], [0 for _ in range(0)]
    n = len(points)
    for i in range(n):
        c = points[i]
        if c != 0x3A and c != 0x2D and c != 0x2E:
            continue
        j, digits = i + 1, True
        while j < n and j - i <= 5 and (flags[j] & 4 or flags[j] & 1):
            digits &= flags[j] & 1 > 0
            j += 1
        if j >= n or points[j] != c:
            continue
        size = j - i - 1
        if (
            c == 0x3A
            or (c == 0x2D and size == 2)
            or (c == 0x2E and (size == 4 or (digits and 1 <= size <= 3)))
        ):
            begin.append(i)
            end.append(j + 1)
    return np.array(begin, dtype=np.int64), np.array(end, dtype=np.int64)
