"""Repeated n-grams of tokens, n = 2..10, by refining the classes of equal (n-1)-grams."""

from __future__ import annotations

import numpy as np
from numba import njit

TOP, DUP = (2, 3, 4), (5, 6, 7, 8, 9, 10)
NGRAMS = ("token_chars", *(f"top_{n}gram" for n in TOP), *(f"dup_{n}gram" for n in DUP))
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@njit(nogil=True)
def repeated_ngrams(hashes, lengths, row):
    """Count characters of all tokens, of the top n-gram (n = 2..4), and in repeats (n = 5..10) into `row`.

    `hashes` (uint64) and `lengths` (int32) have one entry per token. The class of an n-gram is the position
    where it first stood. An n-gram can only repeat where its first n-1 tokens do, so each round looks at the
    positions whose class has two members or more; it joins (class, next token) exactly.
    """
    count = len(hashes)
    for i in range(count):
        row[0] += lengths[i]
    if count < 3:
        return
    size = _table_size(count)
    keys, slots = np.empty(size, np.uint64), np.full(size, -1, np.int32)
    tokens, members = np.empty(count, np.int32), np.zeros(count, np.int32)
    for i in range(count):
        tokens[i] = _class_of(hashes[i], i, keys, slots, size)
    classes, alive = tokens.copy(), np.arange(count).astype(np.int32)
    for n in range(2, 11):
        size = _table_size(len(alive))
        slots[:size] = -1
        alive = _refine(n, alive, tokens, classes, members, keys, slots, size)
        if not len(alive):
            return
        if n <= 4:
            row[n - 1] = _top(alive, classes, members, lengths, n)
        else:
            row[n - 1] = _covered(alive, classes, lengths, n)


@njit(nogil=True)
def _table_size(entries):
    size = 16
    while size < 2 * entries:
        size *= 2
    return size


@njit(nogil=True)
def _refine(n, alive, tokens, classes, members, keys, slots, size):
    """Turn classes of (n-1)-grams into classes of n-grams; return positions of classes of two or more."""
    found = 0
    for k in range(len(alive)):
        members[alive[k]] = 0
    for k in range(len(alive)):
        i = alive[k]
        if i + n <= len(tokens):
            key = np.uint64(classes[i]) << np.uint64(32) | np.uint64(tokens[i + n - 1])
            classes[i] = _class_of(key, i, keys, slots, size)
            members[classes[i]] += 1
            alive[found] = i
            found += 1
    return _repeated(alive[:found], classes, members)


@njit(nogil=True)
def _class_of(key, position, keys, slots, size):
    """Return the position at which this key came first."""
    mixed = key * _MULTIPLIER  # the class lies in the upper half of the key, so fold its bits down
    at = np.int64((mixed ^ mixed >> np.uint64(32)) & np.uint64(size - 1))
    while slots[at] >= 0:
        if keys[at] == key:
            return slots[at]
        at = (at + 1) & (size - 1)
    keys[at] = key
    slots[at] = position
    return np.int32(position)


@njit(nogil=True)
def _repeated(alive, classes, members):
    kept = 0
    for k in range(len(alive)):
        if members[classes[alive[k]]] > 1:
            alive[kept] = alive[k]
            kept += 1
    return alive[:kept]


@njit(nogil=True)
def _top(alive, classes, members, lengths, n):
    """Return the characters that all occurrences of the weightiest n-gram hold."""
    best = 0
    for k in range(len(alive)):
        i = alive[k]
        if classes[i] == i:
            chars = 0
            for j in range(i, i + n):
                chars += lengths[j]
            best = max(best, chars * members[i])
    return best


@njit(nogil=True)
def _covered(alive, classes, lengths, n):
    """Return the characters inside n-grams that stood before, each counted once."""
    chars, upto = 0, 0
    for k in range(len(alive)):
        i = alive[k]
        if classes[i] != i:
            for j in range(max(i, upto), i + n):
                chars += lengths[j]
            upto = i + n
    return chars
