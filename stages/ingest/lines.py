"""JSON lines: one record a line, each with its byte offset, parsed by whole slices."""

from __future__ import annotations

from hashlib import sha256

import numpy as np

from stages.ingest.batch import Batch, failed
from stages.ingest.encoding import SAMPLE, accepted, bom_length, detect, transform_of
from stages.ingest.objects import from_objects, parse_lines
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Fields
from stages.ingest.streams import Broken, Place, Window, blocks, read_lines

_WIDE = {"utf-16-le": "<", "utf-16-be": ">"}


def read_jsonl(
    place: Place, name: str, span: tuple[int, int], compression: str, fields: Fields, settings: IngestSettings
) -> list[Batch]:
    """Read the JSON lines that begin in a slice; broken lines and a broken stream get rows of their own."""
    codec = head_codec(place, compression, settings)
    limit = int(settings.max_slice_mib * (1 << 20))
    window = read_lines(place, compression, span, _WIDE.get(codec or "", ""), limit)
    if codec == "ascii":
        codec = detect(window.data, settings)
    if codec is None:
        return [failed(name, "bad-encoding", offset=window.base, raw=window.data)] if window.data else []
    starts, ends = line_spans(window.data, window.base, codec)
    out: list[Batch] = []
    if window.broken and len(ends) and (window.broken == "too-long" or not _ends_line(window.data, codec)):
        starts, ends = starts[:-1], ends[:-1]  # the line at the break is not whole
    if len(starts):
        out.append(_batch(window, name, starts, ends, codec, fields, settings))
    if window.broken:
        rest = int(ends[-1]) if len(ends) else 0
        out.append(failed(name, window.broken, offset=window.base + rest, raw=window.data[rest:]))
    return out


def head_codec(place: Place, compression: str, settings: IngestSettings) -> str | None:
    """Return the codec of a file by its first MiB: "ascii" where that decides nothing, None if none fits."""
    head = b""
    try:
        for block in blocks(place, compression):
            head += block.data
            if len(head) >= SAMPLE:
                break
    except Broken:
        pass  # told by the reader, which meets the same break
    head = head[:SAMPLE]
    if head.isascii() and b"\x00" not in head:
        return "ascii"
    codec = detect(head, settings)
    return "utf-8" if codec is None and accepted("utf-8", settings) else codec


def line_spans(data: bytes, base: int, codec: str) -> tuple[np.ndarray, np.ndarray]:
    """Return start and end (without the newline) of each line that is not blank, as indices into data."""
    if codec in _WIDE:
        units = np.frombuffer(data[: len(data) & ~1], dtype=f"{_WIDE[codec]}u2")
        breaks, width = np.flatnonzero(units == 10) * 2, 2
    else:
        breaks, width = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 10), 1
    starts = np.concatenate(([bom_length(data) if base == 0 else 0], breaks + width))
    ends = np.concatenate((breaks, [len(data)]))
    wanted = ends > starts
    short = np.flatnonzero(wanted & (ends - starts <= 4))
    for index in short.tolist():
        wanted[index] = bool(data[starts[index] : ends[index]].strip(b" \t\r\x00"))
    return starts[wanted], ends[wanted]


def _ends_line(data: bytes, codec: str) -> bool:
    mark = {"<": b"\n\x00", ">": b"\x00\n"}.get(_WIDE.get(codec, ""), b"\n")
    return data.endswith(mark)


def _batch(
    window: Window,
    name: str,
    starts: np.ndarray,
    ends: np.ndarray,
    codec: str,
    fields: Fields,
    settings: IngestSettings,
) -> Batch:
    data = window.data
    lines = [data[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    raw = [sha256(line).digest() for line in lines]
    values, errors, notes = parse_lines(lines, codec, int(settings.max_record_mib * (1 << 20)))
    batch = from_objects(values, errors, notes, name, raw, fields, settings)
    first = range(len(lines)) if window.base == 0 else [None] * len(lines)
    batch.record = list(first)
    batch.offset = (starts + window.base).tolist()
    batch.length = (ends - starts).tolist()
    batch.by_offset = True
    common = transform_of(codec, bom=window.base == 0 and bom_length(data) > 0)
    if common:
        batch.transforms = [common + have for have in (batch.transforms or [()] * len(batch))]
    return batch
