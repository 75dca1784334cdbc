"""Which texts hold a byte sequence that somebody may have a say on: coarse passes over all their bytes at once.

The passes are branchless, so that a compiler can use wide registers. What they mark is looked at again, what they
leave needs no look; that nothing is left by mistake is held over every code point by a test.
"""

from __future__ import annotations

from itertools import pairwise

import numba
import numpy as np

#: Kinds of marks: a carriage return, a character that NFC may change, the letters AIG (of AIGC), and near an end the
#: beginning of a word that stands in every explicit notice (生成, 合成, generat-, synthesi-, aigc in any case).
RETURN, COMPOSES, LABEL, NOTICE = 1, 2, 4, 16
_LOWER = np.uint8(32)
_CHUNK = 256 << 10  # bytes whose flags stay in the cache
_LETTER = 8  # a byte that begins a character


def marks_of(data: np.ndarray, borders: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each text [borders[i], borders[i+1]) of UTF-8 bytes, the kinds found and its code points.

    `reach`: bytes at a text's head and tail in which a notice may stand.
    """
    kinds, chars = np.zeros(len(borders) - 1, np.uint8), np.zeros(len(borders) - 1, np.int64)
    rows = np.searchsorted(borders, np.arange(borders[0], borders[-1], _CHUNK))
    rows = np.unique(np.concatenate((rows, [0, len(borders) - 1])))
    longest = int(np.diff(borders[rows]).max(initial=0))
    flags, ends = np.empty(longest, np.uint8), np.zeros(4, np.uint8)
    for first, last in pairwise(rows.tolist()):
        low, high = int(borders[first]), int(borders[last])
        _flag(data[low:high], flags)
        tail = min(2, high - low)
        ends[:tail], ends[tail:] = data[high - tail : high], 0
        _flag(ends[: tail + 2], flags[high - low - tail :])
        _fold(flags, borders[first : last + 1] - low, reach, kinds[first:last], chars[first:last])
    return kinds, chars


@numba.njit(cache=True)
def _flag(data, flags):
    """Write the kinds that begin at each byte but the last two.

    No character that NFC may change begins with what is left out: Latin letters with their marks, the general
    punctuation from U+2002 on, CJK punctuation, kana but for their voicing marks, ideographs, Hangul syllables,
    full-width forms.
    """
    size = max(0, len(data) - 2)
    first, second, third = data[:size], data[1 : size + 1], data[2 : size + 2]
    for at in range(size):
        a, b, c = first[at], second[at], third[at]
        other = ((a >= 0xCC) & (a < 0xE2)) | (a >= 0xF0)
        dash = (a == 0xE2) & ((b != 0x80) | (c < 0x82))
        kana = (a == 0xE3) & (((b == 0x80) & (c >= 0xAA)) | ((b == 0x82) & (c >= 0x99) & (c <= 0x9A)))
        yi = (a == 0xEA) & (b < 0xB0)
        jamo = (a == 0xED) & (b >= 0x9E)
        form = (a == 0xEF) & (b < 0xBC)
        x, y, z = a | _LOWER, b | _LOWER, c | _LOWER
        latin = ((x == 103) & (y == 101) & (z == 110)) | ((x == 115) & (y == 121) & (z == 110))
        han = ((a == 0xE7) & (b == 0x94) & (c == 0x9F)) | ((a == 0xE5) & (b == 0x90) & (c == 0x88))
        notice = latin | han | ((x == 97) & (y == 105) & (z == 103))
        label = (a == 65) & (b == 73) & (c == 71)
        letter = (a & np.uint8(0xC0)) != 0x80
        compose = other | dash | kana | yi | jamo | form
        kind = np.uint8(a == 13) | (np.uint8(compose) << np.uint8(1)) | (np.uint8(label) << np.uint8(2))
        flags[at] = kind | (np.uint8(letter) << np.uint8(3)) | (np.uint8(notice) << np.uint8(4))


@numba.njit(cache=True)
def _fold(flags, borders, reach, kinds, chars):
    """Join the flags of each text's bytes."""
    for row in range(len(borders) - 1):
        part = flags[borders[row] : borders[row + 1]]
        every, count = np.uint8(0), 0
        for at in range(len(part)):
            every |= part[at]
            count += (part[at] & _LETTER) != 0
        ends = np.uint8(0)
        for at in range(min(reach, len(part))):
            ends |= part[at]
        for at in range(max(0, len(part) - reach), len(part)):
            ends |= part[at]
        kinds[row], chars[row] = (every & ~np.uint8(NOTICE)) | (ends & np.uint8(NOTICE)), count
