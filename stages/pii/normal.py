"""Normalise text for matching and keep the way back to its own offsets."""

from __future__ import annotations

import numpy as np

ZERO_WIDTH = np.array([0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0x20E3, 0xFE0F, 0xFEFF], dtype=np.uint32)
FULL_WIDTH = (0xFF01, 0xFF5E)  # ！ to ～, 0xFEE0 above ASCII
CIRCLED = ((0x2460, 0x24EA), (0x2776, 0x24FF), (0x2780, 0x1F10B), (0x278A, 0x1F10C))  # one to nine, and zero
MATH_DIGITS = (0x1D7CE, 0x1D7FF)  # five styles of 0 to 9


def code_points(text: str) -> np.ndarray:
    """Return the code points of `text` as uint32, one per character."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def normalise(points: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Return normalised code points and, where characters were dropped, each one's old position (else None).

    Full-width forms, mathematical digits, circled digits in a row, wide spaces and two letters that fold become
    ASCII, one for one. Lone surrogates become U+FFFD. Zero-width characters, soft hyphens and keycaps' frames go.
    """
    if not len(points) or points.max() < 0xAD:
        return points, None
    out = points.copy()
    full = (out >= FULL_WIDTH[0]) & (out <= FULL_WIDTH[1])
    out[full] -= 0xFEE0
    maths = (out >= MATH_DIGITS[0]) & (out <= MATH_DIGITS[1])
    out[maths] = 0x30 + (out[maths] - MATH_DIGITS[0]) % 10
    _circled(out)
    out[(out == 0x00A0) | (out == 0x3000)] = 0x20
    out[out == 0x212A] = 0x4B  # Kelvin sign and long s equal k and s where case is ignored
    out[out == 0x017F] = 0x73
    out[(out >= 0xD800) & (out <= 0xDFFF)] = 0xFFFD  # a lone surrogate is no text for the automaton
    gone = np.isin(out, ZERO_WIDTH)
    if not gone.any():
        return out, None
    kept = np.flatnonzero(~gone)
    return out[kept], kept


def _circled(points: np.ndarray) -> None:
    """Turn circled digits into digits in place where two stand side by side: one alone numbers a list."""
    one = np.zeros(len(points) + 2, dtype=bool)
    for first, zero in CIRCLED:
        one[1:-1] |= ((points >= first) & (points < first + 9)) | (points == zero)
    if not one.any():
        return
    beside = one[1:-1] & (one[:-2] | one[2:])
    for first, zero in CIRCLED:
        digit = beside & (points >= first) & (points < first + 9)
        points[digit] -= first - 0x31
        points[beside & (points == zero)] = 0x30


def to_text(points: np.ndarray) -> str:
    """Return the string of code points."""
    return points.astype("<u4", copy=False).tobytes().decode("utf-32-le", "surrogatepass")
