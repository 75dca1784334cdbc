"""Tokens: runs between white space, and every character of a script that is written without spaces."""

from __future__ import annotations

import numpy as np
from numba import njit

from stages.quality import characters as ch

GOPHER_STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
_SEED, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)


def _fold(word: str) -> np.uint64:
    value = int(_SEED)
    for char in word:
        value = (value ^ ord(char)) * int(_PRIME) & 0xFFFFFFFFFFFFFFFF
    return np.uint64(value)


_STOP_HASHES = np.array([_fold(word) for word in GOPHER_STOP_WORDS], dtype=np.uint64)

WORDS, SPACED, SPACED_CHARS, ALPHA, HASHES, ELLIPSES, STOPS, TOKENS, LONG_CHARS = range(9)
_LONG = 30  # characters from which a token is an address, a digest or the like


@njit(nogil=True)
def scan_words(points, classes, n, max_tokens, row):
    """Count words into `row`; return hash (uint64) and length (int32) of the first `max_tokens` tokens.

    A word is a token; Chinese characters, kana and the like are one token each, CJK punctuation is none.
    """
    size = min(n, max_tokens)
    hashes, lengths = np.empty(size, np.uint64), np.empty(size, np.int32)
    whole, folded, length, alpha, seen, tokens = _SEED, _SEED, 0, False, 0, 0
    for i in range(n + 1):
        kind = classes[i] if i < n else np.uint16(ch.SPACE << ch.CATEGORY_SHIFT)
        category = kind >> ch.CATEGORY_SHIFT & ch.CATEGORY_MASK
        lone = kind & ch.LONE
        cut = category == ch.SPACE or lone or (category == ch.PUNCT and points[i] >= 0x2E80)
        if cut and length:
            if tokens < size:
                hashes[tokens], lengths[tokens] = whole, length
            tokens += 1
            row[SPACED] += 1
            row[SPACED_CHARS] += length
            row[ALPHA] += alpha
            row[LONG_CHARS] += length if length >= _LONG else 0
            seen |= _stop_word(folded)
            whole, folded, length, alpha = _SEED, _SEED, 0, False
        if lone:
            if tokens < size:
                hashes[tokens], lengths[tokens] = (_SEED ^ np.uint64(points[i])) * _PRIME, 1
            tokens += 1
        elif not cut:
            whole = (whole ^ np.uint64(points[i])) * _PRIME
            length += 1
            if category == ch.LETTER:
                alpha = True
                folded = (folded ^ np.uint64(points[i] | 32)) * _PRIME
    row[WORDS] = tokens
    row[STOPS] = _bits(seen)
    row[TOKENS] = min(tokens, size)
    _symbols(points, n, row)
    return hashes[: row[TOKENS]], lengths[: row[TOKENS]]


@njit(nogil=True)
def _symbols(points, n, row):
    """Count hash signs and ellipses (one for a run of three or more full stops, or U+2026)."""
    stops = 0
    for i in range(n):
        point = points[i]
        row[HASHES] += point == 0x23
        stops = stops + 1 if point == 0x2E else 0
        row[ELLIPSES] += point == 0x2026 or stops == 3


@njit(nogil=True)
def _stop_word(folded):
    for k in range(len(_STOP_HASHES)):
        if folded == _STOP_HASHES[k]:
            return 1 << k
    return 0


@njit(nogil=True)
def _bits(value):
    n = 0
    while value:
        n += value & 1
        value >>= 1
    return n
