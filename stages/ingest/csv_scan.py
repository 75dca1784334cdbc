"""Row borders of delimited text by RFC 4180, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

_QUOTE, _NEWLINE, _RETURN = 34, 10, 13


@numba.njit(cache=True)
def _close(data, at, separator):
    """Return where a field opened before `at` closes, its first newline (-1: none), and if a quote is odd.

    A quote closes a field only before a separator, a line end or the data's end; any other is text, and odd.
    """
    size, newline, odd = len(data), -1, False
    while at < size:
        if data[at] == _QUOTE:
            after = data[at + 1] if at + 1 < size else _NEWLINE
            if after in (separator, _NEWLINE, _RETURN):
                return at, newline, odd
            odd = odd or after != _QUOTE
            at += 2 if after == _QUOTE else 1
            continue
        if data[at] == _NEWLINE and newline < 0:
            newline = at
        at += 1
    return -1, newline, odd


@numba.njit(cache=True)
def _scan(data, separator, final, starts, ends, counts, odds):
    """Fill in the rows; a quote counts at a field's start only. Returns rows, start of the unfinished one."""
    rows, start, fields, at, size = 0, 0, 1, 0, len(data)
    fresh, odd = True, False  # at a field's start; in a row with an odd quote
    while at < size:
        byte = data[at]
        if byte == _QUOTE and fresh:
            close, newline, strange = _close(data, at + 1, separator)
            odd = odd or strange
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
        odd = odd or (byte == _QUOTE)
        fresh = False
        if byte == separator and fields > 0:
            fields += 1
            fresh = True
        elif byte == _NEWLINE:
            if at > start and not (at == start + 1 and data[start] == _RETURN):
                starts[rows], ends[rows], counts[rows], odds[rows] = start, at, fields, odd
                rows += 1
            start, fields, fresh, odd = at + 1, 1, True, False
        at += 1
    if final and size > start:
        starts[rows], ends[rows], counts[rows], odds[rows] = start, size, fields, odd
        rows, start = rows + 1, size
    return rows, start


class Rows(NamedTuple):
    """Start, end (without the newline) and fields of each row that is not blank; -1 fields: never closed.

    `odds` marks rows with a quote that is neither border nor doubled; `rest`: where an unfinished row begins.
    """

    starts: np.ndarray
    ends: np.ndarray
    counts: np.ndarray
    odds: np.ndarray
    rest: int


def scan_rows(data: bytes, separator: str, final: bool) -> Rows:
    """Return the rows of some data that begin with one; unless `final`, one without newline is left."""
    view = np.frombuffer(data, np.uint8)
    most = int(np.count_nonzero(view == _NEWLINE)) + 1
    starts, ends, counts = (np.zeros(most, np.int64) for _ in range(3))
    odds = np.zeros(most, np.bool_)
    rows, rest = _scan(view, ord(separator), final, starts, ends, counts, odds)
    return Rows(starts[:rows], ends[:rows], counts[:rows], odds[:rows], int(rest))


def split_odd(row: str, separator: str) -> list[str]:
    """Return the fields of a row with odd quotes, by the same rule as the scan: odd quotes are text."""
    row = row.removesuffix("\r")
    fields, at = [], 0
    while at <= len(row):
        if row[at : at + 1] == '"':
            end = at + 1
            while end < len(row) and not (row[end] == '"' and row[end + 1 : end + 2] in ("", separator)):
                end += 2 if row[end : end + 2] == '""' else 1
            fields.append(row[at + 1 : end].replace('""', '"'))
            at = end + 2
        else:
            end = row.find(separator, at)
            end = len(row) if end < 0 else end
            fields.append(row[at:end])
            at = end + 1
    return fields
