"""Row borders of delimited text by RFC 4180, compiled."""

from __future__ import annotations

import numba
import numpy as np

_QUOTE, _NEWLINE, _RETURN = 34, 10, 13


@numba.njit(cache=True)
def _close(data, at):
    """Return where a field opened before `at` closes, and the first newline in it; -1 for none."""
    size, newline = len(data), -1
    while at < size:
        if data[at] == _QUOTE:
            if at + 1 < size and data[at + 1] == _QUOTE:
                at += 2
                continue
            return at, newline
        if data[at] == _NEWLINE and newline < 0:
            newline = at
        at += 1
    return -1, newline


@numba.njit(cache=True)
def _scan(data, separator, final, starts, ends, counts):
    """Fill in the rows; a quote counts at a field's start only. Returns rows, start of the unfinished one."""
    rows, start, fields, at, size = 0, 0, 1, 0, len(data)
    fresh = True  # at a field's start
    while at < size:
        byte = data[at]
        if byte == _QUOTE and fresh:
            close, newline = _close(data, at + 1)
            if close < 0 and not final:
                return rows, start
            fresh = False
            if close < 0 and newline < 0:
                fields, at = -1, size
            elif close < 0:  # never closed: a broken row, the next line begins anew
                fields, at = -1, newline
            else:
                at = close + 1
            continue
        fresh = False
        if byte == separator and fields > 0:
            fields += 1
            fresh = True
        elif byte == _NEWLINE:
            if at > start and not (at == start + 1 and data[start] == _RETURN):
                starts[rows], ends[rows], counts[rows] = start, at, fields
                rows += 1
            start, fields, fresh = at + 1, 1, True
        at += 1
    if final and size > start:
        starts[rows], ends[rows], counts[rows] = start, size, fields
        rows, start = rows + 1, size
    return rows, start


def scan_rows(data: bytes, separator: str, final: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return start, end (without the newline), fields of each row that is not blank, and the unfinished rest.

    A row whose quote is never closed has -1 fields. Unless `final`, a last row without newline is left.
    """
    view = np.frombuffer(data, np.uint8)
    most = int(np.count_nonzero(view == _NEWLINE)) + 1
    starts, ends, counts = (np.zeros(most, np.int64) for _ in range(3))
    rows, rest = _scan(view, ord(separator), final, starts, ends, counts)
    return starts[:rows], ends[:rows], counts[:rows], int(rest)
