"""CSV and TSV: rows found by a compiled scan, fields parsed by polars; broken rows keep their place.

A row's place can only be known from the file's start (a newline may stand inside quotes), so a later slice
scans the rows before it without parsing them.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from stages.ingest.batch import Batch, failed
from stages.ingest.columns import from_table, lacks
from stages.ingest.csv_scan import scan_rows
from stages.ingest.csv_table import parse_rows, regular, spread
from stages.ingest.encoding import bom_length, detect, transform_of
from stages.ingest.lines import head_codec
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Fields
from stages.ingest.streams import Broken, Place, blocks, read_whole

_WINDOW = 16 << 20
_FAR = 1 << 62


class _Rows(NamedTuple):
    """Whole rows: their bytes, the offset of the first byte, borders, fields (-1: broken), odd quotes."""

    data: bytes
    base: int
    starts: np.ndarray
    ends: np.ndarray
    counts: np.ndarray
    odds: np.ndarray

    def of(self, wanted: Any) -> _Rows:
        """Return some of the rows."""
        return _Rows(self.data, self.base, *(column[wanted] for column in self[2:]))


def read_delimited(
    place: Place,
    name: str,
    span: tuple[int, int],
    compression: str,
    separator: str,
    fields: Fields,
    settings: IngestSettings,
) -> list[Batch]:
    """Read the rows that begin in a slice; the file's first row names the columns."""
    codec = head_codec(place, compression, settings)
    if codec == "ascii":  # the file's head decides nothing: all of it must
        codec = detect(read_whole(place, compression, int(settings.max_slice_mib * (1 << 20))).data, settings)
    if codec is None:
        return [failed(name, "bad-encoding", offset=0, record=0)]
    scan = _Scan(place, compression, span, codec, separator, settings)
    out: list[Batch] = []
    header: list[str] | None = None
    record = 0
    for rows in scan.windows():
        if header is None:
            header = _header(rows, scan.codec, separator)
            reason = lacks(header, fields) if header else "bad-encoding"
            if reason:
                return [failed(name, reason, offset=0, record=0)] if span[0] == 0 else []
            rows = rows.of(slice(1, None))
        at = rows.starts + rows.base
        inside = (at >= scan.low) & (at < scan.high)
        if inside.any():
            first = record + int(np.argmax(inside))
            out.append(_batch(rows.of(inside), first, header, scan, name, fields, settings))
        record += len(rows.starts)
    if scan.failure:
        out.append(
            failed(name, scan.failure[0], offset=None if scan.wide else scan.failure[1], raw=scan.failure[2])
        )
    if span[0] == 0 and not out and not record:
        out.append(failed(name, "empty-text", offset=0, record=0))
    return out


class _Scan:
    """Walks over a file's rows by windows; `low` and `high` are the slice's borders once they are reached."""

    def __init__(
        self,
        place: Place,
        compression: str,
        span: tuple[int, int],
        codec: str,
        separator: str,
        settings: IngestSettings,
    ) -> None:
        self.place, self.compression, self.span, self.separator = place, compression, span, separator
        self.wide = codec.startswith("utf-16")
        self.codec = "utf-8" if self.wide else codec
        self.low, self.high = (0 if span[0] == 0 else _FAR), _FAR
        self.failure: tuple[str, int, bytes] | None = None
        self.longest = int(settings.max_record_mib * (1 << 20))
        self.changed = transform_of(codec, bom=codec == "utf-8-sig")
        self._decode = codecs.getincrementaldecoder(codec)("replace").decode if self.wide else None

    def windows(self) -> Iterator[_Rows]:
        """Yield whole rows until the slice's end; a break leaves its reason in `failure`."""
        held: list[bytes] = []
        base = size = 0
        fresh = True
        try:
            for block in blocks(self.place, self.compression, 0, self.span):
                end = base + size
                if self.low == _FAR and block.used > self.span[0]:
                    self.low = end
                if self.high == _FAR and block.used > self.span[1]:
                    self.high = end
                data = self._decode(block.data).encode() if self._decode else block.data
                if fresh and data:
                    mark, fresh = bom_length(data), False
                    data, base = data[mark:], mark
                held.append(data)
                size += len(data)
                if size >= _WINDOW or self.high < _FAR:
                    rows, rest = self._rows(b"".join(held), base, final=size > _WINDOW + self.longest)
                    if len(rows.starts):
                        yield rows
                    held, base, size = [rows.data[rest:]], base + rest, len(rows.data) - rest
                    if base >= self.high:
                        return
        except Broken as error:
            rows, rest = self._rows(b"".join(held), base, final=False)
            if len(rows.starts):
                yield rows
            if error.used > self.span[0] and self.high == _FAR:
                self.failure = (error.reason, base + rest, rows.data[rest:])
            return
        rows, _ = self._rows(b"".join(held), base, final=True)
        if len(rows.starts):
            yield rows

    def _rows(self, data: bytes, base: int, final: bool) -> tuple[_Rows, int]:
        *columns, rest = scan_rows(data, self.separator, final)
        return _Rows(data, base, *columns), rest


def _header(rows: _Rows, codec: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([rows.data[rows.starts[0] : rows.ends[0]].decode(codec)], delimiter=separator))
    except (UnicodeDecodeError, StopIteration, csv.Error):
        return []


def _batch(
    rows: _Rows,
    first: int,
    header: list[str],
    scan: _Scan,
    name: str,
    fields: Fields,
    settings: IngestSettings,
) -> Batch:
    lines = [rows.data[a:b] for a, b in zip(rows.starts.tolist(), rows.ends.tolist(), strict=True)]
    errors: list[str | None] = [
        None if fits else "ragged-row" for fits in (rows.counts == len(header)).tolist()
    ]
    for row in np.flatnonzero(rows.ends - rows.starts > scan.longest).tolist():
        errors[row] = "too-long"
    parsed = list(lines)
    for row in np.flatnonzero(rows.odds).tolist():
        parsed[row] = regular(lines[row], scan.codec, scan.separator)
    frame = parse_rows(parsed, errors, header, scan.codec, scan.separator)
    good = [row for row, error in enumerate(errors) if error is None]
    batch = spread(from_table(frame.to_arrow(), name, 0, fields, settings), good, errors)
    batch.raw = [sha256(line).digest() for line in lines]
    batch.record = list(range(first, first + len(lines)))
    if not scan.wide:
        batch.offset = (rows.starts + rows.base).tolist()
        batch.length = (rows.ends - rows.starts).tolist()
    if scan.changed:
        batch.transforms = [scan.changed + have for have in (batch.transforms or [()] * len(batch))]
    return batch
