"""Fold text to one form before matching, so that a disguise does not hide a term.

Full-width forms, ligatures and mathematical letters (NFKC, one code point to one), case, traditional forms and
Latin look-alikes fold to one letter; zero-width, bidi and tag characters vanish; white space becomes one
blank; up to two separators between Han characters, and one between single letters ("a b c"), are dropped.
"""

from __future__ import annotations

import hashlib
import unicodedata
from functools import lru_cache
from pathlib import Path

import numba
import numpy as np
import pyarrow as pa

TABLE_SIZE = 0x20000
DROP = 0xFFFFFFFF
_HERE = Path(__file__).parent
_INVISIBLE = (0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x2800, 0x3164, 0xFEFF, 0xFFA0)
_INVISIBLE_RANGES = ((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0xFE00, 0xFE0F))


def utf8_parts(texts: pa.Array | pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Return (bytes uint8, offsets int64[n+1]) of a string array without nulls, uncopied where possible."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    texts = texts.cast(pa.large_string()) if not pa.types.is_large_string(texts.type) else texts
    _, offsets, values = texts.buffers()
    ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(values, np.uint8) if values is not None and values.size else np.empty(0, np.uint8)
    return data, ends


def fold(data: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the folded bytes and offsets; each document ends with one newline, which no term can hold."""
    return _fold(data, np.ascontiguousarray(offsets, np.int64), table())


def fold_term(term: str) -> str:
    """Return a lexicon term in the same folded form as text."""
    raw = np.frombuffer(term.encode(), np.uint8)
    out, _ = fold(raw, np.array([0, len(raw)], np.int64))
    return out[:-1].tobytes().decode().strip()


@lru_cache(maxsize=1)
def table() -> np.ndarray:
    """Return the code-point table uint32[0x20000]: the folded code point, 0x20 for white space, or DROP."""
    result = np.arange(TABLE_SIZE, dtype=np.uint32)
    variants = _variants()
    for point in range(0x80, TABLE_SIZE):
        char = chr(point)
        if char.isspace():
            result[point] = 0x20
            continue
        result[point] = _fold_char(char, variants)
    for upper in range(ord("A"), ord("Z") + 1):
        result[upper] = upper + 32
    for point in (*range(0x09, 0x0E), 0x85, 0xA0):
        result[point] = 0x20
    for first, last in ((p, p) for p in _INVISIBLE):
        result[first : last + 1] = DROP
    for first, last in _INVISIBLE_RANGES:
        result[first : last + 1] = DROP
    result.setflags(write=False)
    return result


def digest() -> str:
    """Return the sha256 of everything that folding depends on."""
    return hashlib.sha256(table().tobytes() + Path(__file__).read_bytes()).hexdigest()


def _fold_char(char: str, variants: dict[str, str]) -> int:
    if 0xD800 <= ord(char) <= 0xDFFF:
        return ord(char)
    folded = unicodedata.normalize("NFKC", char)
    folded = folded if len(folded) == 1 else char
    lower = folded.lower()
    folded = lower if len(lower) == 1 else folded
    folded = variants.get(folded, folded)
    return ord(folded) if len(folded.encode()) <= len(char.encode()) else ord(char)


def _variants() -> dict[str, str]:
    """Read `variants.tsv`: one target character, a tab, the characters that fold to it."""
    result: dict[str, str] = {}
    for line in (_HERE / "variants.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            target, _, sources = line.partition("\t")
            result.update(dict.fromkeys(sources, target))
    return result


@numba.njit(cache=True, nogil=True)
def _decode(data, i):
    """Return (code point, length) at byte i; an impossible byte counts as itself."""
    a = data[i]
    left = data.size - i
    if a < 0x80:
        return np.uint32(a), 1
    if a < 0xE0 and left > 1:
        return np.uint32((a & 0x1F) << 6 | (data[i + 1] & 0x3F)), 2
    if a < 0xF0 and left > 2:
        return np.uint32((a & 0x0F) << 12 | (data[i + 1] & 0x3F) << 6 | (data[i + 2] & 0x3F)), 3
    if left > 3:
        tail = (data[i + 1] & 0x3F) << 12 | (data[i + 2] & 0x3F) << 6 | (data[i + 3] & 0x3F)
        return np.uint32((a & 0x07) << 18 | tail), 4
    return np.uint32(a), 1


@numba.njit(cache=True, nogil=True)
def _encode(out, o, c):
    if c < 0x80:
        out[o] = c
        return o + 1
    if c < 0x800:
        out[o] = 0xC0 | c >> 6
        out[o + 1] = 0x80 | c & 0x3F
        return o + 2
    if c < 0x10000:
        out[o] = 0xE0 | c >> 12
        out[o + 1] = 0x80 | c >> 6 & 0x3F
        out[o + 2] = 0x80 | c & 0x3F
        return o + 3
    out[o] = 0xF0 | c >> 18
    out[o + 1] = 0x80 | c >> 12 & 0x3F
    out[o + 2] = 0x80 | c >> 6 & 0x3F
    out[o + 3] = 0x80 | c & 0x3F
    return o + 4


@numba.njit(cache=True, nogil=True)
def _is_han(c):
    return 0x4E00 <= c <= 0x9FFF or 0x3400 <= c <= 0x4DBF or 0xF900 <= c <= 0xFAFF or 0x20000 <= c <= 0x323AF


@numba.njit(cache=True, nogil=True)
def _is_separator(c):
    return c in (0x20, 0x2A, 0x2D, 0x5F, 0x7C, 0x7E, 0x2E, 0x2F, 0xB7, 0x2022, 0x30FB, 0x2219, 0x22C5)


@numba.njit(cache=True, nogil=True)
def _is_letter(c):
    return 0x61 <= c <= 0x7A


@numba.njit(cache=True, nogil=True)
def _fold(data, offsets, fold_table):
    n = offsets.size - 1
    out = np.empty(offsets[n] - offsets[0] + n, np.uint8)
    ends = np.empty(n + 1, np.int64)
    ends[0] = 0
    o = 0
    for d in range(n):
        han_end, letter_end = -1, -1  # where the last Han character, the last letter standing alone, ended
        separators, token = 0, 0  # separators since then; length of the current run of letters and digits
        i = offsets[d]
        while i < offsets[d + 1]:
            raw, length = _decode(data, i)
            i += length
            c = (
                fold_table[raw]
                if raw < TABLE_SIZE
                else (np.uint32(DROP) if 0xE0000 <= raw < 0xE1000 else raw)
            )
            if c == DROP:
                continue
            if _is_separator(c):
                if c == 0x20 and o > ends[d] and out[o - 1] == 0x20:
                    continue
                if token == 1 and out[o - 1] >= 0x61 and out[o - 1] <= 0x7A:
                    letter_end = o
                elif token > 0:
                    letter_end = -1
                token = 0
                separators += 1
                o = _encode(out, o, c)
                continue
            if _is_han(c):
                if han_end >= 0 and 0 < separators <= 2:
                    o = han_end
                o = _encode(out, o, c)
                han_end, letter_end, separators, token = o, -1, 0, 0
                continue
            if (
                _is_letter(c)
                and token == 0
                and separators == 1
                and letter_end >= 0
                and _alone(data, i, offsets[d + 1])
            ):
                o = letter_end
            elif token == 0:
                letter_end = -1
            o = _encode(out, o, c)
            token = token + 1 if _is_letter(c) or 0x30 <= c <= 0x39 else 2
            han_end, separators = -1, 0
        out[o] = 0x0A
        o += 1
        ends[d + 1] = o
    return out[:o], ends


@numba.njit(cache=True, nogil=True)
def _alone(data, i, end):
    """Return whether no Latin letter or digit follows at byte i."""
    if i >= end:
        return True
    c = data[i] | 0x20
    return not (0x61 <= c <= 0x7A or 0x30 <= data[i] <= 0x39 or data[i] >= 0x80)
