"""The counting kernel: UTF-8 bytes of a whole part in, one row of integers per document out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from numba import njit

from stages.quality import characters as ch
from stages.quality import lines, repetition, words

#: what each column of the result counts, in order; one letter count per script follows
COUNTED = (
    *("chars", *ch.CATEGORIES, "upper", "simplified", "traditional", "rare", "classical", "modern"),
    *("sentences", "braces", "broken", "cjk_punct", "han_runs", "runs_of_5", "runs_of_7"),
    *("words", "spaced_words", "spaced_chars", "alpha_words", "hashes", "ellipses", "stop_words", "tokens"),
    *("long_chars", "lines", "short_lines", "bullet_lines", "ellipsis_lines", "terminal_lines", "code_lines"),
    *("key_lines", "path_lines", "prose_chars", "line_chars", "paragraphs", "paragraph_chars"),
    *("longest_line", "longest_list"),
    *lines.DUPLICATES,
    *repetition.NGRAMS,
)
COLUMNS = (*COUNTED, *(f"script_{name}" for name in ch.SCRIPTS))
_AT = {name: i for i, name in enumerate(COLUMNS)}
_CHARS, _UPPER, _SENTENCES, _WORDS = (_AT[n] for n in ("chars", "upper", "sentences", "words"))
_LINES, _RUNS, _BRACES = _AT["lines"], _AT["han_runs"], _AT["braces"]
_BROKEN, _CJK_PUNCT = _AT["broken"], _AT["cjk_punct"]
_DUPLICATES, _NGRAMS, _SCRIPT0 = _AT["dup_lines"], _AT["token_chars"], _AT["script_other"]
_WIDTH = len(COLUMNS)


class Limits(NamedTuple):
    """Settings that the kernel needs."""

    short_line: int
    tokens: int


def count(texts: pl.Series, limits: Limits) -> pl.DataFrame:
    """Return one row of counts (`COLUMNS`, int64) per text; texts hold no nulls."""
    array = pa.chunked_array([texts.to_arrow()]).combine_chunks().cast(pa.large_string())
    array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
    if not len(array):
        return pl.DataFrame(schema=dict.fromkeys(COLUMNS, pl.Int64))
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    raw = np.frombuffer(data, dtype=np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    counts = _kernel()(raw, starts, ch.table(), limits.short_line, limits.tokens)
    return pl.DataFrame({name: counts[:, i] for i, name in enumerate(COLUMNS)})


@lru_cache(maxsize=1)
def _kernel() -> Callable:
    """Return the compiled kernel; it is cached on disk under the digest of all the sources it is made of.

    numba's own cache asks only whether the file of the outermost function has changed, so an edit in
    `lines.py` would leave old machine code in use. numba makes closure variables part of the key.
    """
    sources = [Path(str(m.__file__)) for m in (ch, lines, repetition, words)] + [Path(__file__)]
    version = int.from_bytes(hashlib.sha256(b"".join(p.read_bytes() for p in sources)).digest()[:7], "big")

    def count_all(data, starts, table, short_line, max_tokens):
        return _count(data, starts, table, short_line, max_tokens, version)

    try:
        return njit(cache=True, nogil=True)(count_all)
    except RuntimeError:  # no folder for the cache can be written: compile anew in each process
        return njit(nogil=True)(count_all)


@njit(nogil=True)
def _count(data, starts, table, short_line, max_tokens, _version):
    docs = len(starts) - 1
    counts = np.zeros((docs, _WIDTH), np.int64)
    longest = 0
    for d in range(docs):
        longest = max(longest, starts[d + 1] - starts[d])
    points = np.empty(longest + 1, np.uint32)
    classes = np.empty(longest + 1, np.uint16)
    for d in range(docs):
        row = counts[d]
        n = _decode(data, starts[d], starts[d + 1], table, points, classes)
        _scan_characters(points, classes, n, row)
        _scan_runs(classes, n, row[_RUNS:])
        hashes, lengths = words.scan_words(points, classes, n, max_tokens, row[_WORDS:])
        spans = lines.scan_lines(points, classes, n, short_line, row[_LINES:])
        lines.count_duplicates(spans, row[_DUPLICATES:])
        repetition.repeated_ngrams(hashes, lengths, row[_NGRAMS:])
    return counts


@njit(nogil=True)
def _decode(data, start, end, table, points, classes):
    """Write code points and classes of valid UTF-8, return their number."""
    i, n = start, 0
    while i < end:
        byte = np.uint32(data[i])
        if byte < 0x80:
            point, i = byte, i + 1
        elif byte < 0xE0:
            point = (byte & 31) << 6 | (data[i + 1] & 63)
            i += 2
        elif byte < 0xF0:
            point = (byte & 15) << 12 | np.uint32(data[i + 1] & 63) << 6 | (data[i + 2] & 63)
            i += 3
        else:
            high = (byte & 7) << 18 | np.uint32(data[i + 1] & 63) << 12
            point = high | np.uint32(data[i + 2] & 63) << 6 | (data[i + 3] & 63)
            i += 4
        points[n] = point
        classes[n] = table[point] if point < ch.LIMIT else 0
        n += 1
    return n


@njit(nogil=True)
def _scan_characters(points, classes, n, row):
    """Count categories, scripts and marks; a full stop ends a sentence before white space or the end."""
    row[_CHARS] = n
    for i in range(n):
        kind, point = classes[i], points[i]
        category = kind >> ch.CATEGORY_SHIFT & ch.CATEGORY_MASK
        row[_CHARS + 1 + category] += 1
        if category == ch.LETTER:
            row[_SCRIPT0 + (kind & ch.SCRIPT_MASK)] += 1
        elif point == 0x7B or point == 0x7D:
            row[_BRACES] += 1
        if kind >= ch.UPPER:
            for mark in range(6):
                row[_UPPER + mark] += kind >> _MARK_SHIFTS[mark] & 1
            if kind & ch.TERMINAL:
                after = classes[i + 1] if i + 1 < n else _SPACE_CLASS
                spaced = after >> ch.CATEGORY_SHIFT & ch.CATEGORY_MASK == ch.SPACE
                row[_SENTENCES] += point >= 0x2E80 or spaced
        if point >= 0x80:
            row[_BROKEN] += _is_broken(points, i, n)
            row[_CJK_PUNCT] += category == ch.PUNCT and point >= 0x3000


@njit(nogil=True)
def _scan_runs(classes, n, row):
    """Count unbroken runs of Chinese characters, and those of five and seven: lines of regulated verse."""
    run = 0
    for i in range(n + 1):
        if i < n and classes[i] & ch.SCRIPT_MASK == _HAN:
            run += 1
            continue
        row[0] += run > 0
        row[1] += run == 5
        row[2] += run == 7
        run = 0


_HAN = ch.SCRIPTS.index("han")
_MARK_SHIFTS = (8, 10, 11, 12, 13, 14)  # upper, simplified, traditional, rare, classical, modern
_SPACE_CLASS = ch.SPACE << ch.CATEGORY_SHIFT


@njit(nogil=True)
def _is_broken(points, i, n):
    """Tell whether decoding broke here: U+FFFD, C1 controls, private use, and UTF-8 that was read as Latin-1.

    The last is a lead byte C2-C3 with one continuation, or E0-EF with two, as Latin-1 or Windows-1252 shows
    them; also the three characters that U+FFFD becomes when its UTF-8 is read as GBK.
    """
    point = points[i]
    if point < 0x80:
        return False
    if point == 0xFFFD or 0x80 <= point < 0xA0 or 0xE000 <= point < 0xF900:
        return True
    after = points[i + 1] if i + 1 < n else 0
    if point == 0xC2 or point == 0xC3:
        return _is_continuation(after)
    if 0xE0 <= point < 0xF0:
        return _is_continuation(after) and i + 2 < n and _is_continuation(points[i + 2])
    return (point == 0x951F and after == 0x65A4) or (point == 0x65A4 and after == 0x62F7)


@njit(nogil=True)
def _is_continuation(point):
    """Tell whether a code point is what Windows-1252 shows for a byte 80-BF."""
    if point < 0x80 or 0xC0 <= point < 0x152:
        return False
    if point < 0xC0:
        return True
    if point < 0x2000:
        return point in (0x152, 0x153, 0x160, 0x161, 0x178, 0x17D, 0x17E, 0x192, 0x2C6, 0x2DC)
    return 0x2013 <= point <= 0x203A or point == 0x20AC or point == 0x2122
