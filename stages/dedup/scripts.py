"""Which code points make shingle units, and how each is folded: one table, the same for every text.

Folding is per code point: NFKC, full case folding, NFKC again. What a code point folds to depends on no
neighbour, so a kernel can do it by table; composition across code points is left to NFC before (`signing`).
Letters, marks and numbers (Unicode categories L, M, N) are kept; format characters (Cf) and variation
selectors vanish without parting a word; everything else separates words.
"""

from __future__ import annotations

import hashlib
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from stages.dedup.remembered import remembered

TABLE_SIZE = 0x34000  # code points above are separators, but for the invisible ones of plane 14
SEPARATOR, WORD, CHARACTER, INVISIBLE, EXPANDS = 0, 1, 2, 3, 4
KIND_SHIFT = 24  # an entry is kind << 24 | code point (or the place of the expansion)

#: Blocks of scripts that are written without spaces between words: each character is a unit.
_WITHOUT_SPACES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x0F00, 0x109F),  # Tibetan, Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19FF),  # Tai Le, New Tai Lue, Khmer symbols
    (0x1A20, 0x1B7F),  # Tai Tham, Balinese
    (0x2E80, 0x312F),  # Han radicals and marks, Hiragana, Katakana, Bopomofo
    (0x31A0, 0x31FF),  # Bopomofo and Katakana extensions
    (0x3400, 0xA4CF),  # Han, Yi
    (0xA980, 0xA9DF),  # Javanese
    (0xA9E0, 0xA9FF),  # Myanmar
    (0xAA60, 0xAADF),  # Myanmar, Tai Viet
    (0xF900, 0xFAFF),  # Han compatibility
    (0x16FE0, 0x18DFF),  # Tangut, Khitan and their marks
    (0x1AFF0, 0x1B2FF),  # Kana extensions, Nushu
    (0x20000, 0x33FFF),  # Han extensions
)
_IDENTITY = (  # nothing to fold there in any Unicode version since 5.2
    (0x4E00, 0x9FA6, CHARACTER),
    (0xAC00, 0xD7A4, WORD),
    (0x20000, 0x2A6D7, CHARACTER),
)


class Folding(NamedTuple):
    """`table` uint32 [TABLE_SIZE] of entries; `expansions` uint32: length, that many entries, and so on."""

    table: np.ndarray
    expansions: np.ndarray


@lru_cache(maxsize=1)
def folding() -> Folding:
    """Return the folding of every code point, for the Unicode version of this interpreter."""
    return Folding(*remembered("folding", _folding))


def _folding() -> tuple[np.ndarray, np.ndarray]:
    table = np.zeros(TABLE_SIZE, np.uint32)
    expansions: list[int] = []
    skipped = np.zeros(TABLE_SIZE, bool)
    skipped[0xD800:0xF900] = True  # surrogates and private use
    for first, last, kind in _IDENTITY:
        table[first:last] = np.arange(first, last, dtype=np.uint32) | np.uint32(kind << KIND_SHIFT)
        skipped[first:last] = True
    for point in np.flatnonzero(~skipped).tolist():
        if unicodedata.category(chr(point)) == "Cn":
            continue
        entries = [_entry(c) for c in _fold(chr(point))]
        if len(entries) == 1:
            table[point] = entries[0]
        elif entries:
            table[point] = EXPANDS << KIND_SHIFT | len(expansions)
            expansions += [len(entries), *entries]
        else:
            table[point] = INVISIBLE << KIND_SHIFT
    return table, np.array(expansions or [0], np.uint32)


@lru_cache(maxsize=1)
def uncomposed() -> np.ndarray:
    """Return uint8 [TABLE_SIZE]: 1 for each code point that can occur in a text that is not in form NFC.

    Those with a combining class, those that NFC replaces, and those that compose with what stands before.
    The last place stands for every code point beyond.
    """
    return remembered("uncomposed", _uncomposed)[0]


def _uncomposed() -> tuple[np.ndarray]:
    table = np.zeros(TABLE_SIZE, np.uint8)
    table[0x1160:0x1200] = 1  # Hangul vowels and finals compose by rule, not by table
    for point in range(0x300, 0x30000):
        if 0x4E00 <= point < 0xA000 or 0xAC00 <= point < 0xF900 or 0x20000 <= point < 0x2F800:
            continue
        character = chr(point)
        if unicodedata.combining(character) or unicodedata.normalize("NFC", character) != character:
            table[point] = 1
    for point in range(0xA0, 0x20000):
        pieces = unicodedata.decomposition(chr(point)).split()
        if len(pieces) == 2 and pieces[0][0] != "<":
            table[int(pieces[1], 16)] = 1
    return (table,)


def folding_digest() -> str:
    """Return the sha256 of the folding, which names the Unicode version in effect by its content."""
    table, expansions = folding()
    return hashlib.sha256(table.astype("<u4").tobytes() + expansions.astype("<u4").tobytes()).hexdigest()


def _fold(character: str) -> str:
    if _invisible(character):
        return ""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", character).casefold())
    return folded or " "


def _entry(character: str) -> int:
    point = ord(character)
    if _invisible(character):
        return INVISIBLE << KIND_SHIFT
    if unicodedata.category(character)[0] not in "LMN":
        return SEPARATOR
    return (CHARACTER if _without_spaces()[point] else WORD) << KIND_SHIFT | point


@lru_cache(maxsize=1)
def _without_spaces() -> bytes:
    table = bytearray(TABLE_SIZE)
    for first, last in _WITHOUT_SPACES:
        table[first : last + 1] = b"\1" * (last + 1 - first)
    return bytes(table)


def _invisible(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or 0xFE00 <= ord(character) <= 0xFE0F
