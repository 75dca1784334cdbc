"""Which texts need care: those that normalisation, an empty-text check or the label reader may have a say on."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import combining, decomposition, is_normalized

import numba
import numpy as np
import polars as pl
import pyarrow as pa

from stages.ingest.labels import NOTICE
from stages.ingest.settings import IngestSettings

#: One of these words stands in every explicit notice (see labels); most texts hold none at head or tail.
_MADE = "(?i)生成|合成|generat|synthesi|aigc"
#: Blocks without a character of interest: CJK ideographs, Yi and Hangul syllables are left out of the search.
_BLOCKS = ((0x00, 0x3400), (0xA000, 0xAC00), (0xD7A4, 0xD800), (0xE000, 0x12000), (0x16000, 0x17000),
           (0x1BC00, 0x1F000), (0x2F800, 0x2FA20))  # fmt: skip
_SPACE, _COMPOSES = 1, 2


def need_care(
    texts: pa.Array, series: pl.Series, metas: pa.Array | None, settings: IngestSettings
) -> np.ndarray:
    """Return True for each text that must be looked at one by one, and for nulls; `series`: the same texts."""
    size = len(texts)
    _, offsets, data = texts.buffers()
    borders = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + size + 1]
    care = np.zeros(size, dtype=np.bool_)
    if data is not None and size:
        lead, points = _tables()
        view = np.frombuffer(data, np.uint8)
        _scan(view, borders, lead, points, settings.newlines, settings.normalise == "NFC", care)
    else:
        care[:] = True
    if texts.null_count:
        care |= texts.is_null().to_numpy(zero_copy_only=False)
    return care | _may_be_labelled(series, metas) if settings.ai_labels else care


def _may_be_labelled(series: pl.Series, metas: pa.Array | None) -> np.ndarray:
    ends = pl.concat_str(pl.col("text").str.head(NOTICE), pl.lit("\n"), pl.col("text").str.tail(NOTICE))
    found = pl.col("text").str.contains("AIGC", literal=True) | ends.str.contains(_MADE)
    frame = pl.DataFrame({"text": series})
    if metas is not None:
        frame = frame.with_columns(pl.Series("meta", metas))
        found |= pl.col("meta").str.contains("AIGC", literal=True).fill_null(False)
    return frame.select(found.fill_null(True)).to_series().to_numpy()


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
    lead[13] = True
    return lead, points


@numba.njit(cache=True)
def _scan(data, borders, lead, points, newlines, compose, care):
    """Mark texts with a carriage return, a character that NFC may change, or nothing but spaces."""
    for row in range(len(borders) - 1):
        at, end = borders[row], borders[row + 1]
        while at < end:  # spaces at the head
            point, size = _point(data, at)
            if points[point] & 1 == 0:
                break
            if point == 13 and newlines:
                care[row] = True
            at += size
        if at >= end:
            care[row] = True
        while at < end:
            byte = data[at]
            if not lead[byte]:
                at += 1
                continue
            if byte == 13:
                care[row] = care[row] or newlines
                at += 1
                continue
            point, size = _point(data, at)
            at += size
            if points[point] & 2 and compose:
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
