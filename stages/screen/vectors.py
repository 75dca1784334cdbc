"""Document vectors: the mean of a window's token vectors, and a logistic head per code over it.

A prepared window is tokens apart by spaces (each Han character one token). Every token counts, two Han characters in a
row also as a pair, a longer Latin word also as its first six bytes. A token is known by its hash (FNV-1a, Fowler, Noll
and Vo); unknown ones are passed over. The sum of the vectors, of unit length, less the mean of the training texts and
again of unit length, is the text's vector: words that stood beside each other in training lie close in it, so a text
may score without sharing a word with any example. Sums run in one fixed order, so equal inputs give equal scores.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np

from lineage.errors import SettingsError
from stages.screen.linear import _hash, _mix, _next, joined

MAGIC = b"HALLMARK-VECTORS-1\n"
SUFFIX = ".vec"
_STEM = 6


class Vectors(NamedTuple):
    """Token vectors and heads; `keys` are sorted and distinct."""

    codes: tuple[str, ...]
    keys: np.ndarray  # uint64[tokens]
    table: np.ndarray  # int8[tokens, dim]
    step: np.ndarray  # float32[tokens]: what one unit of a row is worth, its weight included
    mean: np.ndarray  # float32[dim]
    heads: np.ndarray  # float32[dim, codes]
    bias: np.ndarray  # float32[codes]

    def documents(self, windows: list[str]) -> np.ndarray:
        """Return float64[windows, dim] of unit length; noughts where no token is known."""
        found, borders = tokens(windows)
        slots = _slots(self.keys, 1 << int(2 * self.keys.size).bit_length())
        return _documents(found, borders, self.keys, slots, self.table, self.step, self.mean)

    def score(self, windows: list[str]) -> np.ndarray:
        """Return float64[windows, codes] from 0 to 1."""
        return 1 / (1 + np.exp(-_logits(self.documents(windows), self.heads, self.bias)))


def tokens(windows: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the hashes (uint64) of the windows' tokens, pairs and stems in order, and their borders (int64)."""
    return _tokens(*joined(windows))


def pack(model: Vectors) -> bytes:
    """Return the file's bytes: the mark, one line of JSON, then the arrays, little-endian."""
    size, dim = model.table.shape
    line = json.dumps({"codes": list(model.codes), "dim": dim, "tokens": size}, sort_keys=True)
    arrays = zip(model[1:], _kinds(size, dim, len(model.codes)), strict=True)
    return MAGIC + line.encode() + b"\n" + b"".join(a.astype(kind).tobytes() for a, (kind, _) in arrays)


def load(path: Path, codes: tuple[str, ...]) -> Vectors:
    """Return the vectors in a file; SettingsError where it is none, is cut, or scores other codes than `codes`."""
    try:
        mark, line, raw = path.read_bytes().split(b"\n", 2)
        fields: dict[str, Any] = json.loads(line)
        if mark + b"\n" != MAGIC or tuple(fields["codes"]) != codes:
            raise ValueError("another form")
        arrays, at = [], 0
        for kind, shape in _kinds(int(fields["tokens"]), int(fields["dim"]), len(codes)):
            size = int(np.prod(shape)) * np.dtype(kind).itemsize
            arrays.append(np.frombuffer(raw[at : at + size], kind).reshape(shape))
            at += size
        if at != len(raw) or np.any(np.diff(arrays[0].astype(np.float64)) < 0):
            raise ValueError("another length or order")
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            "not a file of document vectors", where=str(path), cure="restore the file or train it again"
        ) from error
    return Vectors(codes, *arrays)


def _kinds(size: int, dim: int, codes: int) -> list[tuple[str, tuple[int, ...]]]:
    """Return type and shape of each array of Vectors, in order."""
    own: list[tuple[str, tuple[int, ...]]] = [("<u8", (size,)), ("i1", (size, dim)), ("<f4", (size,))]
    return [*own, ("<f4", (dim,)), ("<f4", (dim, codes)), ("<f4", (codes,))]


@numba.njit(cache=True, nogil=True)
def _tokens(text, cuts):
    out, borders, n = np.empty(text.size + 16, np.uint64), np.zeros(cuts.size, np.int64), 0
    for w in range(cuts.size - 1):
        before = np.uint64(0)
        a, b = _next(text, cuts[w], cuts[w + 1])
        while a < b:
            h = _hash(text, a, b)
            out[n] = h
            n += 1
            if text[a] >= 0xE3:  # Han: three bytes or four, all from E3 on
                if before:
                    out[n] = _mix(before, h)
                    n += 1
                before = h
            else:
                before = np.uint64(0)
                if b - a > _STEM:
                    out[n] = _mix(_hash(text, a, a + _STEM), 0x23)
                    n += 1
            a, b = _next(text, b, cuts[w + 1])
        borders[w + 1] = n
    return out[:n], borders


@numba.njit(cache=True, nogil=True)
def _slots(keys, room):
    """Return int32[room]: where a key stands, by its lower bits, the next free slot where taken; -1 is free."""
    slots = np.full(room, -1, np.int32)
    for k in range(keys.size):
        at = np.int64(keys[k] & np.uint64(room - 1))
        while slots[at] >= 0:
            at = (at + 1) & (room - 1)
        slots[at] = k
    return slots


@numba.njit(cache=True, nogil=True)
def _documents(found, borders, keys, slots, table, step, mean):
    dim, room = table.shape[1], slots.size
    out = np.zeros((borders.size - 1, dim))
    for w in range(borders.size - 1):
        known = 0
        for k in range(borders[w], borders[w + 1]):
            at = np.int64(found[k] & np.uint64(room - 1))
            while slots[at] >= 0 and keys[slots[at]] != found[k]:
                at = (at + 1) & (room - 1)
            if slots[at] >= 0:
                known += 1
                for d in range(dim):
                    out[w, d] += table[slots[at], d] * np.float64(step[slots[at]])
        if known:
            _unit(out[w])
            for d in range(dim):
                out[w, d] -= mean[d]
            _unit(out[w])
    return out


@numba.njit(cache=True, nogil=True)
def _unit(row):
    total = 0.0
    for d in range(row.size):
        total += row[d] * row[d]
    if total > 0:
        length = np.sqrt(total)
        for d in range(row.size):
            row[d] /= length


@numba.njit(cache=True, nogil=True)
def _logits(rows, heads, bias):
    out = np.empty((rows.shape[0], bias.size))
    for w in range(rows.shape[0]):
        for c in range(bias.size):
            total = np.float64(bias[c])
            for d in range(rows.shape[1]):
                total += rows[w, d] * heads[d, c]
            out[w, c] = total
    return out
