"""JSON lines: one record a line, each with its byte offset, parsed by windows of whole lines."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import orjson
import pyarrow as pa

from stages.ingest.batch import Batch, Columns, Piece, failed, valid_texts
from stages.ingest.encoding import SAMPLE, accepted, bom_length, detect, transform_of
from stages.ingest.json_scan import cut_texts, special_bytes
from stages.ingest.line_windows import LineReader, Lost
from stages.ingest.objects import PLAIN_FIELDS, dump, from_objects, parse_lines, strings
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Fields
from stages.ingest.streams import Broken, Place, blocks

_WIDE = {"utf-16-le": "<", "utf-16-be": ">"}
_MIB = 1 << 20


class _Spans(NamedTuple):
    """Lines of one slice: start and end in `data`, its base, and the record number of the first (None: unknown)."""

    data: bytes
    base: int
    starts: np.ndarray
    ends: np.ndarray
    first: int | None


def read_jsonl(
    place: Place,
    name: str,
    cuts: tuple[int, ...],
    compression: str,
    fields: Fields,
    settings: IngestSettings,
) -> Iterator[tuple[int, Piece]]:
    """Yield (slice, records) of the slices [cuts[i], cuts[i+1]); broken lines and a broken stream get rows."""
    codec = head_codec(place, compression, settings)
    longest = int(settings.max_record_mib * _MIB)
    limit = int(settings.max_slice_mib * _MIB)
    wide = _WIDE.get(codec or "", "")
    reader = LineReader(place, compression, cuts, wide, longest, limit, settings.max_ratio)
    count: int | None = 0 if cuts[0] == 0 else None
    for item in reader:
        at = _slice_of(reader, item[1])
        if isinstance(item, Lost):
            yield at, _lost(name, item)
            count = count + 1 if count is not None and item.reason == "too-long" else count
            continue
        if codec == "ascii":
            found = detect(item.data, settings)
            codec = found if found not in (None, "utf-8") else codec
            known = found
        else:
            known = codec
        if known is None:
            yield at, failed(name, "bad-encoding", offset=item.base, raw=item.data)
            continue
        starts, ends = line_spans(item.data, item.base, known)
        slices = np.searchsorted(reader.marks, starts + item.base, side="right") - 1
        for index in np.unique(slices).tolist():
            inside = np.flatnonzero(slices == index)
            first = count if index == 0 else None
            spans = _Spans(item.data, item.base, starts[inside], ends[inside], first)
            yield from ((index, piece) for piece in _pieces(spans, known, name, fields, settings))
            count = count + len(inside) if count is not None and index == 0 else count


def _slice_of(reader: LineReader, where: int) -> int:
    last = len(reader.cuts) - 2
    return min(last, max(0, int(np.searchsorted(reader.marks, where, side="right")) - 1))


def _lost(name: str, item: Lost) -> Batch:
    batch = failed(name, item.reason, offset=item.offset)
    batch.raw, batch.length, batch.by_offset = [item.digest], [item.length], item.reason == "too-long"
    return batch


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
    blank = b" \t\r\x00" if width == 2 else b" \t\r"
    for index in short.tolist():
        wanted[index] = bool(data[starts[index] : ends[index]].strip(blank))
    return starts[wanted], ends[wanted]


def _pieces(
    spans: _Spans, codec: str, name: str, fields: Fields, settings: IngestSettings
) -> Iterator[Piece]:
    """Yield the records of some lines: runs of plain ones as columns, the others one by one, in order."""
    rows = np.arange(len(spans.starts))
    view = memoryview(spans.data)
    raw = [
        sha256(view[a:b]).digest() for a, b in zip(spans.starts.tolist(), spans.ends.tolist(), strict=True)
    ]
    plain = _plain(spans, codec, name, raw, fields, settings)
    if plain is None:
        yield _careful(spans, codec, name, rows, raw, fields, settings)
        return
    piece, odd = plain
    if not odd:
        yield piece
        return
    yield from _between(spans, codec, name, raw, (piece, odd), fields, settings)


def _between(
    spans: _Spans,
    codec: str,
    name: str,
    raw: list[bytes],
    plain: tuple,
    fields: Fields,
    settings: IngestSettings,
) -> Iterator[Piece]:
    """Yield the plain runs and the odd lines in between in their order."""
    piece, odd = plain
    if len(odd) > 64:  # many short runs cost more than reading all lines with care
        yield _careful(spans, codec, name, np.arange(len(raw)), raw, fields, settings)
        return
    low = 0
    for at in [*odd, len(raw)]:
        if at > low:
            yield _slice(piece, low, at)
        if at < len(raw):
            yield _careful(spans, codec, name, np.array([at]), raw, fields, settings)
        low = at + 1


def _slice(piece: Columns, low: int, high: int) -> Columns:
    def cut(values):
        return None if values is None else values[low:high]

    plain = {key: cut(values) for key, values in piece.plain.items()}
    return Columns(piece.file, piece.text.slice(low, high - low),
        piece.series.slice(low, high - low), cut(piece.raw), plain, cut(piece.record),
                   cut(piece.offset), cut(piece.length), piece.common, True)  # fmt: skip


def _plain(
    spans: _Spans, codec: str, name: str, raw: list[bytes], fields: Fields, settings: IngestSettings
) -> tuple[Columns, list[int]] | None:
    """Return the records as columns and the rows that must be read with care; None: all of them."""
    data, starts, ends = spans.data, spans.starts, spans.ends
    if codec not in ("utf-8", "utf-8-sig") or not len(starts):
        return None
    cut = cut_texts(data, special_bytes(data), starts, ends, fields.text)
    text = pa.LargeStringArray.from_buffers(len(starts), pa.py_buffer(cut.offsets), pa.py_buffer(cut.text))
    series = valid_texts(text)
    if series is None:
        return None  # found line by line
    columns = zip(starts.tolist(), cut.begins.tolist(), cut.ends.tolist(), ends.tolist(), strict=True)
    lines = [data[a:b] + b'""' + data[c:d] if c else b"0" for a, b, c, d in columns]
    values, odd = _parse_rests(lines)
    longest = int(settings.max_record_mib * _MIB)
    odd += np.flatnonzero((cut.ends == 0) | (ends - starts > longest)).tolist()
    odd += [row for row, value in enumerate(values) if type(value) is not dict]
    broken = sorted(set(odd))
    for row in broken:
        values[row] = {}
    plain = _fields_of(values, fields, settings)
    first = spans.first
    piece = Columns(
        name,
        text,
        series,
        raw,
        plain,
        None if first is None else list(range(first, first + len(raw))),
        (starts + spans.base).tolist(),
        (ends - starts).tolist(),
        transform_of(codec, bom=spans.base == 0 and bom_length(data) > 0),
        True,
    )
    return piece, broken


def _parse_rests(lines: list[bytes]) -> tuple[list, list[int]]:
    try:
        return list(map(orjson.loads, lines)), []
    except orjson.JSONDecodeError:
        values: list = []
    odd = []
    for row, line in enumerate(lines):
        try:
            values.append(orjson.loads(line))
        except orjson.JSONDecodeError:
            values.append(None)
            odd.append(row)
    return values, odd


def _fields_of(values: list[dict], fields: Fields, settings: IngestSettings) -> dict[str, list]:
    plain = {}
    for value in values:
        value.pop(fields.text, None)
    for column, field in PLAIN_FIELDS.items():
        key = getattr(fields, field)
        found = [value.pop(key, None) for value in values]
        if found.count(None) < len(found):
            plain[column] = strings(found)
    if settings.keep_meta and any(values):
        plain["meta"] = [dump(value) if value else None for value in values]
    return plain


def _careful(
    spans: _Spans,
    codec: str,
    name: str,
    rows: np.ndarray,
    raw: list[bytes],
    fields: Fields,
    settings: IngestSettings,
) -> Batch:
    """Return some lines as a batch: each parsed on its own where a line is broken."""
    starts, ends = spans.starts[rows], spans.ends[rows]
    data, wanted = spans.data, rows.tolist()
    lines = [data[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
    values, errors, notes = parse_lines(lines, codec, int(settings.max_record_mib * _MIB))
    batch = from_objects(values, errors, notes, name, [raw[row] for row in wanted], fields, settings)
    batch.record = [None if spans.first is None else spans.first + row for row in wanted]
    batch.offset = (starts + spans.base).tolist()
    batch.length = (ends - starts).tolist()
    batch.by_offset = True
    common = transform_of(codec, bom=spans.base == 0 and bom_length(data) > 0)
    if common:
        batch.transforms = [common + have for have in (batch.transforms or [()] * len(batch))]
    return batch
