"""Signs of data poisoning in one document: hidden and bidi characters, look-alikes, encoded payloads.

Prompt-injection strings are a lexicon of the same matcher (`lexicons/injection.yaml`). Hidden characters
count only where no writing system needs them: joiners beside emoji, Arabic or Indic letters are normal.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numba
import numpy as np
import polars as pl

from stages.screen.fold import _decode

DETECTOR = "poison-characters@1"
CODES = ("poison-bidi", "poison-encoded", "poison-hidden-text", "poison-homoglyph")
LANGUAGES = ("*",)
_MIN_ENCODED = 400  # characters of one unbroken base64 run
_COLUMNS = ("tag", "zero_width", "bidi", "mixed", "encoded", "hidden_run")
_MIN_RUN = 4  # zero-width characters in a row that no writing system asks for


def find(data: np.ndarray, offsets: np.ndarray) -> pl.DataFrame:
    """Return character findings of raw UTF-8 text (bytes, offsets), unsorted; `text` numbers the texts."""
    counts = _count(data, np.ascontiguousarray(offsets, np.int64))
    frame = pl.DataFrame({name: counts[:, k] for k, name in enumerate(_COLUMNS)})
    frame = frame.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("text"))
    tag, zero, bidi, hidden = pl.col("tag"), pl.col("zero_width"), pl.col("bidi"), pl.col("hidden_run")
    mixed, encoded = pl.col("mixed"), pl.col("encoded")
    return pl.concat(
        [
            _take(frame, tag > 0, "poison-hidden-text", "flag", pl.lit(0.95), tag),
            _take(frame, (hidden > 0) & (tag == 0), "poison-hidden-text", "flag", pl.lit(0.8), zero),
            _take(
                frame,
                (zero > 0) & (hidden == 0) & (tag == 0),
                "poison-hidden-text",
                "mention",
                pl.lit(0.2),
                zero,
            ),
            _take(frame, bidi > 0, "poison-bidi", "flag", (0.5 + 0.05 * bidi).clip(0, 0.9), bidi),
            _take(frame, mixed > 0, "poison-homoglyph", "flag", (0.5 + 0.1 * mixed).clip(0, 0.9), mixed),
            _take(frame, encoded > 0, "poison-encoded", "mention", pl.lit(0.4), encoded),
        ]
    )


def digest() -> str:
    """Return the sha256 of the detector's definition."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def _take(
    frame: pl.DataFrame, where: pl.Expr, code: str, level: str, score: pl.Expr, n: pl.Expr
) -> pl.DataFrame:
    return frame.filter(where).select(
        "text",
        pl.lit(code).alias("code"),
        pl.lit(DETECTOR).alias("detector"),
        pl.lit(level).alias("level"),
        score.cast(pl.Float64).round(4).alias("score"),
        n.cast(pl.UInt32).alias("n"),
    )


@numba.njit(cache=True, nogil=True)
def _script(c):
    """Return 1 Latin, 2 Cyrillic or Greek look-alike, 3 what needs joiners, 0 anything else.

    Greek letters that science writes beside Latin ones (TNF-alpha, micrometre) are no look-alikes.
    """
    if 0x41 <= c <= 0x5A or 0x61 <= c <= 0x7A:
        return 1
    if 0x0400 <= c <= 0x04FF or c == 0x03BF or c == 0x03BD:
        return 2
    if 0x0391 <= c <= 0x03A7 and c not in (0x0393, 0x0394, 0x0398, 0x039B, 0x039E, 0x03A0, 0x03A3, 0x03A6):
        return 2
    if 0x0590 <= c <= 0x109F or 0x1780 <= c <= 0x18AF or 0x1F000 <= c <= 0x1FAFF or 0x2600 <= c <= 0x27BF:
        return 3
    return 3 if c in (0x200D, 0xFE0F, 0x20E3) else 0


@numba.njit(cache=True, nogil=True)
def _is_base64(c):
    return 0x41 <= c <= 0x5A or 0x61 <= c <= 0x7A or 0x30 <= c <= 0x39 or c == 0x2B or c == 0x2F or c == 0x3D


@numba.njit(cache=True, nogil=True)
def _count(data, offsets):
    n = offsets.size - 1
    result = np.zeros((n, 6), np.int64)
    for d in range(n):
        latin, other, run, previous, rtl, flag, hidden = 0, 0, 0, np.uint32(0), False, False, 0
        i = offsets[d]
        while i < offsets[d + 1]:
            c, length = _decode(data, i)
            i += length
            run = run + 1 if _is_base64(c) else 0
            if run == _MIN_ENCODED:
                result[d, 4] += 1
            if c < 0x80:
                if _script(c) == 1:
                    latin += 1
                else:
                    result[d, 3] += latin > 0 and other > 0 and latin + other >= 4
                    latin, other = 0, 0
                previous, hidden = c, 0
                continue
            if 0x0590 <= c <= 0x08FF:
                rtl = True
            if 0xE0000 <= c <= 0xE007F:
                result[d, 0] += not flag
            elif c in (
                0x200B,
                0x200C,
                0x200D,
                0x2060,
                0xFEFF,
                0x00AD,
                0x180E,
                0x2061,
                0x2062,
                0x2063,
                0x2064,
            ):
                start = c == 0xFEFF and i - length == offsets[d]
                strange = _script(previous) != 3 and c != 0x00AD and not start
                result[d, 1] += strange
                hidden = hidden + 1 if strange else hidden
                result[d, 5] += hidden == _MIN_RUN
                continue  # `previous` stays the last visible character
            elif 0x202A <= c <= 0x202E or 0x2066 <= c <= 0x2069:
                result[d, 2] += not rtl
            hidden = 0
            flag = c == 0x1F3F4 or (flag and 0xE0000 <= c <= 0xE007F)
            if _script(c) == 2:
                other += 1
            else:
                result[d, 3] += latin > 0 and other > 0 and latin + other >= 4
                latin, other = 0, 0
            previous = c
        result[d, 3] += latin > 0 and other > 0 and latin + other >= 4
    return result
