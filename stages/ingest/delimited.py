"""CSV and TSV: row borders by a compiled RFC 4180 scan, fields by polars; ragged rows keep their place."""

from __future__ import annotations

import csv
import io
from hashlib import sha256
from pathlib import Path

import numba
import numpy as np
import polars as pl

from stages.ingest.batch import Batch, failed
from stages.ingest.columns import _lacks, from_table
from stages.ingest.encoding import bom_length, detect, transform_of
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Fields
from stages.ingest.streams import read_whole


def read_delimited(
    path: Path,
    name: str,
    span: tuple[int, int],
    compression: str,
    separator: str,
    fields: Fields,
    settings: IngestSettings,
) -> list[Batch]:
    """Read the rows of a file; the first row names the columns."""
    window = read_whole(path, compression, int(settings.part_mib * (1 << 20)) * 16)
    data, changed = window.data, ()
    codec = "utf-8" if data.isascii() else detect(data, settings)
    if codec is None:
        return [failed(name, "bad-encoding", offset=0, raw=data)]
    wide = codec.startswith("utf-16")
    if wide:
        data = data[bom_length(data) :].decode(codec, "replace").encode()
    changed = transform_of(codec, bom=bom_length(window.data) > 0)
    skip = 0 if wide else bom_length(data)
    starts, ends, counts = scan_rows(np.frombuffer(data, np.uint8)[skip:], ord(separator))
    starts, ends = starts + skip, ends + skip
    if not len(starts):
        return [failed(name, window.broken or "empty-text", offset=0, record=0)]
    tail: list[Batch] = []
    if window.broken:
        cut = int(starts[-1])
        tail = [failed(name, window.broken, offset=None if wide else cut, raw=data[cut:])]
        starts, ends, counts = starts[:-1], ends[:-1], counts[:-1]
    codec = "utf-8" if wide else codec
    try:
        header = next(csv.reader([data[starts[0] : ends[0]].decode(codec)], delimiter=separator))
    except (UnicodeDecodeError, StopIteration, csv.Error, IndexError):
        return [failed(name, "bad-encoding", offset=0, record=0), *tail]
    reason = _lacks(header, fields)
    if reason or len(starts) == 1:
        return [failed(name, reason or "empty-text", offset=0, raw=data[starts[0] : ends[0]]), *tail]
    rows = _Rows(data, starts[1:], ends[1:], counts[1:], codec, header, separator)
    batch = rows.batch(name, fields, settings)
    if wide:
        batch.offset = batch.length = None
    if changed:
        batch.transforms = [changed + have for have in (batch.transforms or [()] * len(batch))]
    return [batch, *tail]


class _Rows:
    """The data rows of a delimited file."""

    def __init__(self, data, starts, ends, counts, codec, header, separator) -> None:
        self.data, self.starts, self.ends, self.codec = data, starts, ends, codec
        self.header, self.separator = header, separator
        self.errors: list[str | None] = [None] * len(starts)
        for row in np.flatnonzero(counts != len(header)).tolist():
            self.errors[row] = "ragged-row"

    def batch(self, name: str, fields: Fields, settings: IngestSettings) -> Batch:
        """Return all rows in order, the good ones parsed."""
        longest = int(settings.max_record_mib * (1 << 20))
        for row in np.flatnonzero(self.ends - self.starts > longest).tolist():
            self.errors[row] = "too-long"
        lines = [self.data[a:b] for a, b in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]
        frame = self._frame(lines)
        good = [row for row, error in enumerate(self.errors) if error is None]
        inner = from_table(frame.to_arrow(), name, 0, fields, settings)
        batch = spread(inner, good, self.errors)
        batch.raw = [sha256(line).digest() for line in lines]
        batch.record = list(range(len(lines)))
        batch.offset = self.starts.tolist()
        batch.length = (self.ends - self.starts).tolist()
        return batch

    def _frame(self, lines: list[bytes]) -> pl.DataFrame:
        """Parse the good rows; rows that do not decode become bad-encoding."""
        good = [row for row, error in enumerate(self.errors) if error is None]
        try:
            text = b"\n".join([lines[row] for row in good]).decode(self.codec)
        except UnicodeDecodeError:
            for row in good:
                if not _decodes(lines[row], self.codec):
                    self.errors[row] = "bad-encoding"
            return self._frame(lines)
        names = _unique(self.header)
        if not good:
            return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        frame = self._polars(text.encode(), names)
        if frame is None or frame.height != len(good):
            texts = (io.StringIO(lines[row].decode(self.codec), newline="") for row in good)
            rows = [next(csv.reader(text, delimiter=self.separator)) for text in texts]
            frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
        return frame

    def _polars(self, data: bytes, names: list[str]) -> pl.DataFrame | None:
        try:
            frame = pl.read_csv(data, has_header=False, separator=self.separator, infer_schema=False)
            return frame.rename(dict(zip(frame.columns, names, strict=True))).fill_null("")
        except (pl.exceptions.PolarsError, ValueError):
            return None  # the csv module below reads what polars' parser refuses


def _decodes(line: bytes, codec: str) -> bool:
    try:
        line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _unique(header: list[str]) -> list[str]:
    """Return column names without repeats: a later column of the same name gets its position."""
    return [
        name if name and name not in header[:index] else f"{name}#{index}"
        for index, name in enumerate(header)
    ]


def spread(inner: Batch, rows: list[int], errors: list[str | None]) -> Batch:
    """Return the batch with the broken rows put back in between."""
    if len(rows) == len(errors):
        return inner
    size = len(errors)

    def wide(values, empty=None):
        out = [empty] * size
        for row, value in zip(rows, values, strict=True):
            out[row] = value
        return out

    out_errors = list(errors)
    for row, error in zip(rows, inner.errors(), strict=True):
        out_errors[row] = error
    return Batch(
        inner.file,
        wide(inner.text),
        wide(inner.raw, b""),
        wide(inner.record),
        error=out_errors,
        plain={key: wide(values) for key, values in inner.plain.items()},
        kind=wide(inner.kind, "text") if inner.kind else None,
        turns=wide(inner.turns) if inner.turns else None,
        transforms=wide(inner.transforms, ()) if inner.transforms else None,
    )


@numba.njit(cache=True)
def _scan(data, separator, starts, ends, counts):
    """RFC 4180 scan: a quote counts at a field's start only; a field left open ends at its first newline."""
    rows, start, fields, at, size = 0, 0, 1, 0, len(data)
    fresh = True  # at a field's start
    while at < size:
        byte = data[at]
        if byte == 34 and fresh:
            close = at + 1
            first_break = -1
            while close < size:
                if data[close] == 34:
                    if close + 1 < size and data[close + 1] == 34:
                        close += 2
                        continue
                    break
                if data[close] == 10 and first_break < 0:
                    first_break = close
                close += 1
            if close >= size and first_break >= 0:
                fields, at = -1, first_break  # never closed: a broken row, the next line begins anew
                fresh = False
                continue
            at = close + 1
            fresh = False
            continue
        fresh = False
        if byte == separator and fields > 0:
            fields += 1
            fresh = True
        elif byte == 10:
            if at > start and not (at == start + 1 and data[start] == 13):
                starts[rows], ends[rows], counts[rows] = start, at, fields
                rows += 1
            start, fields, fresh = at + 1, 1, True
        at += 1
    if size > start:
        starts[rows], ends[rows], counts[rows] = start, size, fields
        rows += 1
    return rows


def scan_rows(data: np.ndarray, separator: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return start, end (without the newline) and fields of each row that is not blank; -1 if broken."""
    most = int(np.count_nonzero(data == 10)) + 1
    starts, ends, counts = (np.zeros(most, np.int64) for _ in range(3))
    rows = _scan(data, separator, starts, ends, counts)
    return starts[:rows], ends[:rows], counts[:rows]
