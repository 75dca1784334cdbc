"""JSON files: the elements of an array, or values one after the other, each with its byte range."""

from __future__ import annotations

from hashlib import sha256

import numba
import numpy as np

from stages.ingest.batch import Batch, failed
from stages.ingest.encoding import bom_length, detect, transform_of
from stages.ingest.objects import from_objects, parse_lines
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Fields
from stages.ingest.streams import Place, read_whole


def read_json(
    place: Place, name: str, compression: str, fields: Fields, settings: IngestSettings
) -> list[Batch]:
    """Read a JSON file: each element of a top-level array is a record, else each top-level value."""
    window = read_whole(place, compression, int(settings.max_slice_mib * (1 << 20)), settings.max_ratio)
    data = window.data
    codec = "utf-8" if data.isascii() else detect(data, settings)
    if codec is None:
        return [failed(name, "bad-encoding", offset=0, record=0)]
    wide = codec.startswith("utf-16")
    mark = bom_length(data)
    if wide:
        data, mark = data[mark:].decode(codec, "replace").encode(), 0
    starts, ends, rest = value_spans(data, mark)
    out = []
    if len(starts):
        lines = [data[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
        raw = [sha256(line).digest() for line in lines]
        parsed = parse_lines(lines, "utf-8" if wide else codec, int(settings.max_record_mib * (1 << 20)))
        batch = from_objects(*parsed, name, raw, fields, settings)
        batch.record = list(range(len(lines)))
        if not wide:
            batch.offset, batch.length = starts.tolist(), (ends - starts).tolist()
        changed = transform_of(codec, bom=bom_length(window.data) > 0)
        if changed:
            batch.transforms = [changed + have for have in (batch.transforms or [()] * len(batch))]
        out.append(batch)
    if window.broken or rest >= 0:
        at = rest if rest >= 0 else len(data)
        reason = window.broken or "truncated"
        out.append(failed(name, reason, offset=None if wide else at, record=len(starts), raw=data[at:]))
    return out or [failed(name, "empty-text", offset=0, record=0)]


def value_spans(data: bytes, begin: int = 0) -> tuple[np.ndarray, np.ndarray, int]:
    """Return start and end of each value, and where an unfinished rest begins (-1: none).

    A top-level array is entered; its elements are the values.
    """
    view = np.frombuffer(data, np.uint8)
    head = data[begin : begin + 4096].lstrip()[:1]
    most = 2 + int(np.count_nonzero(view == 44)) + int(np.count_nonzero(view == 10)) + data.count(b"}")
    starts, ends = np.zeros(most, np.int64), np.zeros(most, np.int64)
    count, rest = _values(view, begin, head == b"[", starts, ends)
    return starts[:count], ends[:count], int(rest)


@numba.njit(cache=True)
def _values(data, at, array, starts, ends):
    """Fill in the byte ranges of values: one scan that knows strings, escapes and depth."""
    count, depth, start, size = 0, 0, -1, len(data)
    base = 1 if array else 0
    text = False
    while at < size:
        byte = data[at]
        if text:
            if byte == 92:
                at += 1
            elif byte == 34:
                text = False
            at += 1
            continue
        blank = byte == 32 or byte == 9 or byte == 10 or byte == 13
        if byte == 93 or byte == 125:
            depth -= 1
            if depth < base:
                if start >= 0:
                    starts[count], ends[count] = start, at
                    count += 1
                if array and byte == 93:
                    return count, -1
                start, depth = -1, base
            elif depth == base and start >= 0:
                starts[count], ends[count] = start, at + 1
                count, start = count + 1, -1
            at += 1
            continue
        border = depth == base and (byte == 44 or (byte == 10 and not array))
        if border:
            if start >= 0:
                starts[count], ends[count] = start, at
                count, start = count + 1, -1
        elif not blank:
            if array and depth == 0:
                depth = 1  # the opening bracket of the array itself
                at += 1
                continue
            if start < 0:
                start = at
            if byte == 34:
                text = True
            elif byte == 91 or byte == 123:
                depth += 1
        at += 1
    if start >= 0:
        if not array and depth == 0 and not text:
            starts[count], ends[count] = start, size
            return count + 1, -1
        return count, start
    return count, (size if array else -1)
