"""Which texts need care: those that normalisation, an empty-text check or the label reader may have a say on."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from unicodedata import combining, decomposition, is_normalized

import numba
import numpy as np
import polars as pl
import pyarrow as pa

from stages.ingest.labels import NOTICE as REACH
from stages.ingest.settings import IngestSettings
from stages.ingest.text_marks import COMPOSES, LABEL, NOTICE, RETURN, marks_of

#: Blocks without a character of interest are left out: CJK ideographs, Yi and Hangul syllables.
_BLOCKS = ((0x00, 0x3400), (0xA000, 0xAC00), (0xD7A4, 0xD800), (0xE000, 0x12000), (0x16000, 0x17000),
           (0x1BC00, 0x1F000), (0x2F800, 0x2FA20))  # fmt: skip
_SPACE, _COMPOSES = 1, 2


class Scanned(NamedTuple):
    """Of each text: whether it must be looked at one by one (so must a null), and its code points."""

    care: np.ndarray
    chars: np.ndarray


def scan_texts(texts: pa.Array, metas: pa.Array | None, settings: IngestSettings) -> Scanned:
    """Tell which texts need care, in one pass over their bytes; `texts`: large_string, valid UTF-8."""
    size = len(texts)
    _, offsets, data = texts.buffers()
    borders = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + size + 1]
    if data is None or not size:
        return Scanned(np.ones(size, np.bool_), np.zeros(size, np.int64))
    view = np.frombuffer(data, np.uint8)
    kinds, chars = marks_of(view, borders, 4 * REACH)
    care = np.zeros(size, np.bool_)
    if settings.newlines:
        care |= (kinds & RETURN) > 0
    lead, points = _tables()
    compose = kinds & (COMPOSES if settings.normalise == "NFC" else 0)
    _scan(view, borders, lead, points, compose, care)
    if settings.ai_labels:
        care |= (kinds & (LABEL | NOTICE)) > 0
        if metas is not None:
            labelled = pl.Series(metas).str.contains("AIGC", literal=True).fill_null(False)
            care |= labelled.to_numpy()
    if settings.repair == "mojibake":
        care |= chars != np.diff(borders)
    if texts.null_count:
        care |= texts.is_null().to_numpy(zero_copy_only=False)
    return Scanned(care, chars)


@lru_cache(maxsize=1)
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Return the first bytes of UTF-8 that make a scan look closer, and the kind of every code point.

    Kinds are spaces and what NFC may change (UAX 15: NFC_Quick_Check is not Yes, or it reorders).
    """
    points = np.zeros(0x110000, np.uint8)
    for low, high in _BLOCKS:
        for point in range(low, high):
            letter = chr(point)
            if letter.isspace():
                points[point] |= _SPACE
            if point < 0xA0:
                continue
            parts = decomposition(letter)
            if parts and parts[0] != "<" and " " in parts:
                points[int(parts.split()[1], 16)] |= _COMPOSES
            if combining(letter) or not is_normalized("NFC", letter):
                points[point] |= _COMPOSES
    points[0x1161:0x1176] |= _COMPOSES  # Hangul vowels and finals compose by rule
    points[0x11A8:0x11C3] |= _COMPOSES
    lead = np.zeros(256, np.bool_)
    for point in np.flatnonzero(points & _COMPOSES).tolist():
        lead[chr(point).encode()[0]] = True
    return lead, points


@numba.njit(cache=True)
def _scan(data, borders, lead, points, compose, care):
    """Mark texts of nothing but spaces, and those among `compose` with a character that NFC may change."""
    for row in range(len(borders) - 1):
        at, end = borders[row], borders[row + 1]
        while at < end:  # spaces at the head
            point, size = _point(data, at)
            if points[point] & 1 == 0:
                break
            at += size
        if at >= end:
            care[row] = True
        at = borders[row]
        while at < end and compose[row] and not care[row]:
            if not lead[data[at]]:
                at += 1
                continue
            point, size = _point(data, at)
            at += size
            if points[point] & 2:
                care[row] = True


@numba.njit(cache=True, inline="always")
def _point(data, at):
    """Return the code point at an index of valid UTF-8, and its bytes."""
    byte = data[at]
    if byte < 0x80:
        return int(byte), 1
    if byte >= 0xF0:
        point = (int(byte & 7) << 18) | (int(data[at + 1] & 63) << 12)
        return point | (int(data[at + 2] & 63) << 6) | int(data[at + 3] & 63), 4
    if byte >= 0xE0:
        return (int(byte & 15) << 12) | (int(data[at + 1] & 63) << 6) | int(data[at + 2] & 63), 3
    return (int(byte & 31) << 6) | int(data[at + 1] & 63), 2
