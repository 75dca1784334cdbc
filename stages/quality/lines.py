"""Lines and paragraphs: what they look like, and which ones repeat."""

from __future__ import annotations

import numpy as np
from numba import njit

from stages.quality import characters as ch

DUPLICATES = ("dup_lines", "dup_line_chars", "dup_paragraphs", "dup_paragraph_chars")
LINES, SHORT, BULLET, ELLIPSIS, TERMINAL, CODE, KEY, PATH, PROSE, CHARS = range(10)
PARAGRAPHS, PARAGRAPH_CHARS, LONGEST, LONGEST_LIST = range(10, 14)
_SEED, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_BULLETS = tuple(ord(c) for c in "-*+•‣▪◦●○■□–—·")
_CLOSERS = tuple(ord(c) for c in "\"'”’»」』》）)]*_`")
_PROSE_UNITS = 8  # words, or Chinese characters, from which a line can be a sentence


@njit(nogil=True)
def scan_lines(points, classes, n, short_line, row):
    """Count lines by form into `row`; return hash, chars, is_paragraph of each span: uint64 (m, 3)."""
    newlines = 0
    for i in range(n):
        newlines += points[i] == 10
    spans = np.empty((2 * newlines + 2, 3), np.uint64)
    m, start, run, paragraph, paragraph_chars = 0, 0, 0, _SEED, 0
    for i in range(n + 1):
        if i < n and points[i] != 10:
            continue
        first, last = _strip(classes, start, i)
        if first < last:
            length = last - first
            digest = _hash(points, first, last)
            spans[m, 0], spans[m, 1], spans[m, 2] = digest, length, 0
            m += 1
            paragraph, paragraph_chars = (paragraph ^ digest) * _PRIME, paragraph_chars + length
            run = run + 1 if _line(points, classes, first, last, short_line, row) else 0
            row[LONGEST_LIST] = max(row[LONGEST_LIST], run)
        if paragraph_chars and (first >= last or i == n):
            spans[m, 0], spans[m, 1], spans[m, 2] = paragraph, paragraph_chars, 1
            m += 1
            row[PARAGRAPHS] += 1
            row[PARAGRAPH_CHARS] += paragraph_chars
            run, paragraph, paragraph_chars = 0, _SEED, 0
        start = i + 1
    return spans[:m]


@njit(nogil=True)
def _line(points, classes, first, last, short_line, row):
    """Count one line by form into `row`; tell whether it is a list entry: short and no sentence."""
    length = last - first
    row[LINES] += 1
    row[CHARS] += length
    row[SHORT] += length <= short_line
    row[LONGEST] = max(row[LONGEST], length)
    bullet = points[first] in _BULLETS and (
        last - first == 1 or points[first + 1] == 32 or points[first] > 127
    )
    row[BULLET] += bullet
    end = last - 1
    while end > first and points[end] in _CLOSERS:
        end -= 1
    dots = end - first >= 2 and points[end] == 46 and points[end - 1] == 46 and points[end - 2] == 46
    row[ELLIPSIS] += dots or points[end] == 0x2026
    terminal = (classes[end] & ch.TERMINAL) != 0
    row[TERMINAL] += terminal
    body = _skip_marker(points, first, last)
    path = _is_path(points, classes, body, last)
    key = _is_key(points, classes, body, last)
    code = _is_code(points, classes, first, last)
    row[PATH] += path
    row[KEY] += key
    row[CODE] += code
    if terminal and not (path or key or code) and _units(classes, first, last) >= _PROSE_UNITS:
        row[PROSE] += length
    return length <= short_line and not terminal


@njit(nogil=True)
def _skip_marker(points, first, last):
    """Return the index after a list marker `- ` or `* `."""
    if last - first > 2 and points[first + 1] == 32 and points[first] in _BULLETS:
        return first + 2
    return first


@njit(nogil=True)
def _is_path(points, classes, first, last):
    """Tell whether the line's first token is a path: two slashes, no `//`, no Chinese (as in lists)."""
    slashes = 0
    for i in range(first, last):
        if (classes[i] >> ch.CATEGORY_SHIFT & ch.CATEGORY_MASK) == ch.SPACE:
            break
        if points[i] >= 0x2E80:
            return False
        if points[i] == 47:
            if i + 1 < last and points[i + 1] == 47:
                return False
            slashes += 1
    return slashes >= 2


@njit(nogil=True)
def _is_key(points, classes, first, last):
    """Tell whether the line opens with one name (perhaps quoted) and `:` or `=`, as data files do."""
    i, stop = first, min(last, first + 64)
    while i < stop:
        point = points[i]
        if point == 58 or point == 61:
            closed = points[first] == 34 or i + 1 == last or points[i + 1] == 32
            return i > first and closed and _is_identifier(points, first)
        space = (classes[i] >> ch.CATEGORY_SHIFT & ch.CATEGORY_MASK) == ch.SPACE
        if point >= 128 or (space and i + 1 < stop and points[i + 1] != 61):
            return False
        i += 1
    return False


@njit(nogil=True)
def _is_identifier(points, first):
    """Tell whether a key is quoted or in lower case: a label such as `Note:` is none."""
    return points[first] in (34, 39, 95) or 97 <= points[first] <= 122


@njit(nogil=True)
def _is_code(points, classes, first, last):
    """Tell whether the line ends as code does, with `{ } ; [ (` or a quote and comma, or opens so."""
    end, start = points[last - 1], points[first]
    if end == 123 or end == 125 or end == 59 or end == 91:
        return True
    if end == 40 or (end == 44 and last - first > 1 and points[last - 2] in (34, 39, 125, 93, 41)):
        return True
    if start == 125 or start == 64 or start == 123:
        return True
    second = points[first + 1] if last - first > 1 else 0
    comment = start == 47 and (second == 47 or second == 42)
    return comment or (start == 42 and (second == 47 or last - first == 1))


@njit(nogil=True)
def _units(classes, first, last):
    """Count words by their ends, and characters of unspaced scripts."""
    units, inside = 0, False
    for i in range(first, last):
        if classes[i] & ch.LONE:
            units, inside = units + 1, False
            continue
        letter = (classes[i] >> ch.CATEGORY_SHIFT & ch.CATEGORY_MASK) == ch.LETTER
        units += letter and not inside
        inside = (classes[i] >> ch.CATEGORY_SHIFT & ch.CATEGORY_MASK) != ch.SPACE and (letter or inside)
    return units


@njit(nogil=True)
def _strip(classes, first, last):
    while first < last and (classes[first] >> ch.CATEGORY_SHIFT & ch.CATEGORY_MASK) == ch.SPACE:
        first += 1
    while last > first and (classes[last - 1] >> ch.CATEGORY_SHIFT & ch.CATEGORY_MASK) == ch.SPACE:
        last -= 1
    return first, last


@njit(nogil=True)
def _hash(points, first, last):
    value = _SEED
    for i in range(first, last):
        value = (value ^ np.uint64(points[i])) * _PRIME
        value ^= value >> np.uint64(29)
    return value


@njit(nogil=True)
def count_duplicates(spans, row):
    """Count lines and paragraphs that stood before in the document, and their characters."""
    size = 4
    while size < 2 * len(spans):
        size *= 2
    slots = np.full(size, -1, np.int64)
    for k in range(len(spans)):
        at = np.int64((spans[k, 0] ^ spans[k, 2]) >> np.uint64(7) & np.uint64(size - 1))
        while slots[at] >= 0:
            other = slots[at]
            if spans[other, 0] == spans[k, 0] and spans[other, 2] == spans[k, 2]:
                break
            at = (at + 1) & (size - 1)
        if slots[at] < 0:
            slots[at] = k
        else:
            row[2 * spans[k, 2]] += 1
            row[2 * spans[k, 2] + 1] += spans[k, 1]
