"""Linear heads over hashed words, word pairs and character n-grams: small files, whole numbers, equal on any machine.

A prepared window is tokens apart by spaces (each Han character one token). Every token gives itself and its pair with
the token before; a Han token also the triple; any other token also the byte n-grams of 3 to 5 inside `<token>`. The
hashed features (FNV-1a, Fowler, Noll and Vo) index int8 weights, n-grams the lower half, words, pairs and triples the
upper; a window's score is sigmoid(step * sum / sqrt(features) + bias). Sums are whole numbers, so order and machine
change nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np

from lineage.errors import SettingsError

MAGIC = b"HALLMARK-LINEAR-1\n"
SUFFIX = ".lin"


class Head(NamedTuple):
    """The weights of one model: int8[2**bits, codes], and per code the step of a unit and the bias."""

    codes: tuple[str, ...]
    weights: np.ndarray
    step: np.ndarray
    bias: np.ndarray

    def score(self, windows: list[str]) -> np.ndarray:
        """Return float64[windows, codes] from 0 to 1."""
        text, cuts = joined(windows)
        sums, features = _sums(text, cuts, self.weights)
        scaled = self.step * sums / np.sqrt(np.maximum(features, 1))[:, None] + self.bias
        return 1 / (1 + np.exp(-scaled))


def joined(windows: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the UTF-8 bytes of the windows one after another, and their borders (int64, one more than windows)."""
    parts = [window.encode() for window in windows]
    cuts = np.zeros(len(parts) + 1, np.int64)
    np.cumsum([len(part) for part in parts], out=cuts[1:])
    return np.frombuffer(b"".join(parts) or b" ", np.uint8), cuts


def features(windows: list[str], bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Return every window's feature numbers (uint32, repeated as often as they occur) and their borders."""
    text, cuts = joined(windows)
    return _features(text, cuts, bits)


def pack(head: Head) -> bytes:
    """Return the file's bytes: the mark, one line of JSON, the weights."""
    fields = {
        "bits": int(head.weights.shape[0]).bit_length() - 1,
        "codes": list(head.codes),
        "step": [float(value) for value in head.step],
        "bias": [float(value) for value in head.bias],
    }
    return MAGIC + json.dumps(fields, sort_keys=True).encode() + b"\n" + head.weights.tobytes()


def load(path: Path, codes: tuple[str, ...]) -> Head:
    """Return the head in a file; SettingsError where it is none, is cut short, or scores other codes than `codes`."""
    try:
        mark, line, raw = path.read_bytes().split(b"\n", 2)
        fields: dict[str, Any] = json.loads(line)
        shape = (1 << int(fields["bits"]), len(fields["codes"]))
        step, bias = (np.array(fields[name], np.float64) for name in ("step", "bias"))
        if mark + b"\n" != MAGIC or tuple(fields["codes"]) != codes or not shape[1] == step.size == bias.size:
            raise ValueError("another form")
        weights = np.frombuffer(raw, np.int8).reshape(shape)
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            "not a linear model", where=str(path), cure="restore the file or train it again"
        ) from error
    return Head(codes, weights, step, bias)


@numba.njit(cache=True, nogil=True, inline="always")
def _mix(h, value):
    return (h ^ np.uint64(value)) * np.uint64(0x100000001B3)


@numba.njit(cache=True, nogil=True, inline="always")
def _slot(h, mask):
    """Return the slot of an n-gram: the lower half of the table."""
    h = (h ^ (h >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return np.int64((h ^ (h >> np.uint64(32))) & np.uint64(mask >> 1))


@numba.njit(cache=True, nogil=True, inline="always")
def _upper(h, mask):
    """Return the slot of a word, pair or triple: the upper half of the table."""
    return _slot(h, mask) + (mask >> 1) + 1


@numba.njit(cache=True, nogil=True)
def _hash(text, a, b):
    h = np.uint64(0xCBF29CE484222325)
    for i in range(a, b):
        h = _mix(h, text[i])
    return h


@numba.njit(cache=True, nogil=True)
def _inside(text, a, b, mask, out):
    """Write the slots of the byte n-grams of 3 to 5 of `<token>` to `out`; return how many."""
    n, size = 0, min(b - a, 40) + 2
    for first in range(size - 2):
        h = np.uint64(0x84222325CBF29CE4)
        for k in range(min(5, size - first)):
            at = first + k
            byte = 0x3C if at == 0 else (0x3E if at == size - 1 else text[a + at - 1])
            h = _mix(h, byte)
            if k >= 2:
                out[n] = _slot(h, mask)
                n += 1
    return n


@numba.njit(cache=True, nogil=True)
def _next(text, i, end):
    """Return the borders of the next token at or after `i`; both `end` where there is none."""
    while i < end and text[i] == 0x20:
        i += 1
    j = i
    while j < end and text[j] != 0x20:
        j += 1
    return i, j


@numba.njit(cache=True, nogil=True)
def _features(text, cuts, bits):
    mask = (1 << bits) - 1
    out, borders = np.empty(text.size * 4 + 16, np.uint32), np.zeros(cuts.size, np.int64)
    inside, n = np.empty(200, np.int64), 0
    for w in range(cuts.size - 1):
        before, second = np.uint64(0), np.uint64(0)
        a, b = _next(text, cuts[w], cuts[w + 1])
        while a < b:
            h = _hash(text, a, b)
            out[n] = _upper(h, mask)
            out[n + 1] = _upper(_mix(before, h), mask)
            n += 2
            if text[a] >= 0xE3:
                out[n] = _upper(_mix(_mix(second, before), h), mask)
                n += 1
            else:
                for k in range(_inside(text, a, b, mask, inside)):
                    out[n] = inside[k]
                    n += 1
            before, second = h, before
            a, b = _next(text, b, cuts[w + 1])
        borders[w + 1] = n
    return out[:n], borders


@numba.njit(cache=True, nogil=True)
def _sums(text, cuts, weights):
    """Return int64[windows, codes], the sums of weights, and int64[windows], how many features there were."""
    slots, codes = weights.shape
    mask, room = slots - 1, 1 << 15  # `room` words whose sum is remembered: words come again and again
    names, held = np.zeros(room, np.uint64), np.zeros((room, codes), np.int32)
    sizes, inside = np.zeros(room, np.int32), np.empty(200, np.int64)
    sums, counts = np.zeros((cuts.size - 1, codes), np.int64), np.zeros(cuts.size - 1, np.int64)
    for w in range(cuts.size - 1):
        before, second = np.uint64(0), np.uint64(0)
        a, b = _next(text, cuts[w], cuts[w + 1])
        while a < b:
            h = _hash(text, a, b)
            place = np.int64(h & np.uint64(room - 1))
            if names[place] != h:
                names[place] = h
                own = _upper(h, mask)
                for c in range(codes):
                    held[place, c] = weights[own, c]
                sizes[place] = 1
                if text[a] < 0xE3:
                    n = _inside(text, a, b, mask, inside)
                    sizes[place] += n
                    for k in range(n):
                        for c in range(codes):
                            held[place, c] += weights[inside[k], c]
            pair = _upper(_mix(before, h), mask)
            for c in range(codes):
                sums[w, c] += held[place, c] + weights[pair, c]
            counts[w] += sizes[place] + 1
            if text[a] >= 0xE3:
                triple = _upper(_mix(_mix(second, before), h), mask)
                for c in range(codes):
                    sums[w, c] += weights[triple, c]
                counts[w] += 1
            before, second = h, before
            a, b = _next(text, b, cuts[w + 1])
    return sums, counts
