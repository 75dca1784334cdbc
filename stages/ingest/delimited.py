"""CSV and TSV: rows found by a compiled scan, fields parsed by polars; broken rows keep their place.

A row's place can only be known from the file's start (a newline may stand inside quotes), so a later slice
scans the rows before it without parsing them.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from stages.ingest.batch import Batch, Columns, Piece, failed
from stages.ingest.columns import from_table, lacks
from stages.ingest.csv_scan import scan_rows, split_odd
from stages.ingest.csv_table import parse_rows, regular, spread
from stages.ingest.encoding import accepted, bom_length, detect, transform_of
from stages.ingest.line_windows import Lost
from stages.ingest.lines import head_codec
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Fields
from stages.ingest.streams import Broken, Place, blocks

_WINDOW = 8 << 20
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
    cuts: tuple[int, ...],
    compression: str,
    separator: str,
    fields: Fields,
    settings: IngestSettings,
) -> Iterator[tuple[int, Piece]]:
    """Yield (slice, rows) of the slices [cuts[i], cuts[i+1]); the file's first row names the columns."""
    codec = head_codec(place, compression, settings)
    if codec == "ascii":  # the file's head decides nothing: all of it must
        codec = _first_words(place, compression, settings)
    if codec is None:
        yield 0, failed(name, "bad-encoding", offset=0, record=0)
        return
    scan = _Scan(place, compression, cuts, codec, separator, settings)
    header: list[str] | None = None
    record, some = 0, False
    for rows in scan.windows():
        if isinstance(rows, Lost):
            at = int(scan.slices_of(np.array([rows.offset]))[0])
            if 0 <= at < len(cuts) - 1:
                some = True
                yield at, _too_long(name, rows, None if scan.wide else rows.offset, record - (header is None))
            if header is None:
                return
            record += 1
            continue
        if header is None:
            header = _header(rows, scan.codec, separator)
            reason = lacks(header, fields) if header else "bad-encoding"
            if reason:
                if cuts[0] == 0:
                    yield 0, failed(name, reason, offset=0, record=0)
                return
            rows = rows.of(slice(1, None))
        slices = scan.slices_of(rows.starts + rows.base)
        for index in np.unique(slices[(slices >= 0) & (slices < len(cuts) - 1)]).tolist():
            inside = slices == index
            first, some = record + int(np.argmax(inside)), True
            yield index, _batch(rows.of(inside), first, header, scan, name, fields, settings)
        record += len(rows.starts)
    if scan.failure:
        reason, offset, raw = scan.failure
        at = int(scan.slices_of(np.array([offset]))[0])
        yield (
            min(max(at, 0), len(cuts) - 2),
            failed(name, reason, offset=None if scan.wide else offset, raw=raw),
        )
    elif cuts[0] == 0 and not some and not record:
        yield 0, failed(name, "empty-text", offset=0, record=0)


def _too_long(name: str, line: Lost, offset: int | None, record: int) -> Batch:
    batch = failed(name, line.reason, offset=offset, record=max(0, record))
    batch.raw, batch.length = [line.digest], [None if offset is None else line.length]
    return batch


def _first_words(place: Place, compression: str, settings: IngestSettings) -> str | None:
    """Return the codec of a file whose head is ASCII: by what follows its first other byte."""
    try:
        for block in blocks(place, compression):
            if not block.data.isascii():
                first = int(np.argmax(np.frombuffer(block.data, np.uint8) >= 0x80))
                return detect(block.data[first:], settings)
    except Broken:
        pass  # told by the scan, which meets the same break
    return "utf-8" if accepted("utf-8", settings) else None


class _LongLine:
    """A line that is longer than the limit, passed over without holding it."""

    def __init__(self, offset: int, head: bytes) -> None:
        self.offset, self.length, self.hasher = offset, len(head), sha256(head)

    def add(self, data: bytes) -> int:
        """Pass over the line's bytes in some data; return where its newline is, -1 if it goes on."""
        cut = data.find(b"\n")
        inside = memoryview(data)[: len(data) if cut < 0 else cut]
        self.hasher.update(inside)
        self.length += len(inside)
        return cut

    def lost(self) -> Lost:
        """Return the row that stands for the line."""
        return Lost("too-long", self.offset, self.length, self.hasher.digest())


class _Scan:
    """Walks over a file's rows by windows; `marks` are the offsets of the slices' borders that are reached."""

    def __init__(
        self,
        place: Place,
        compression: str,
        cuts: tuple[int, ...],
        codec: str,
        separator: str,
        settings: IngestSettings,
    ) -> None:
        self.place, self.compression, self.cuts, self.separator = place, compression, cuts, separator
        self.wide = codec.startswith("utf-16")
        self.codec = "utf-8" if self.wide else codec
        self.marks: list[int] = [0] if cuts[0] == 0 else []
        self.failure: tuple[str, int, bytes] | None = None
        self.longest, self.ratio = int(settings.max_record_mib * (1 << 20)), settings.max_ratio
        self.changed = transform_of(codec, bom=codec == "utf-8-sig")
        self._decode = codecs.getincrementaldecoder(codec)("replace").decode if self.wide else None

    @property
    def high(self) -> int:
        """Return the offset where the last slice ends, once it is reached."""
        return self.marks[-1] if len(self.marks) == len(self.cuts) else _FAR

    def slices_of(self, offsets: np.ndarray) -> np.ndarray:
        """Return the slice each offset lies in; -1 before the first."""
        return np.searchsorted(self.marks, offsets, side="right") - 1

    def windows(self) -> Iterator[_Rows | Lost]:
        """Yield whole rows until the slice's end, and lines over the limit; a break leaves its reason in `failure`."""
        held: list[bytes] = []
        base = size = 0
        fresh, passed = True, None
        try:
            for block in blocks(self.place, self.compression, 0, self.cuts, self.ratio):
                end = base + size
                while len(self.marks) < len(self.cuts) and block.used > self.cuts[len(self.marks)]:
                    self.marks.append(end)
                data = self._decode(block.data).encode() if self._decode else block.data
                if fresh and data:
                    mark, fresh = bom_length(data), False
                    data, base = data[mark:], mark
                if passed:
                    cut = passed.add(data)
                    base += len(data) if cut < 0 else cut + 1
                    if cut < 0:
                        continue
                    yield passed.lost()
                    data, passed = data[cut + 1 :], None
                held.append(data)
                size += len(data)
                if size >= _WINDOW or self.high < _FAR:
                    rows, rest = self._rows(b"".join(held), base, final=False)
                    if not rest and size > _WINDOW + self.longest:
                        if b"\n" not in rows.data:
                            passed = _LongLine(base, rows.data)
                            held, base, size = [], base + size, 0
                            continue
                        rows, rest = self._apart(rows.data, base)
                    if len(rows.starts):
                        yield rows
                    held, base, size = [rows.data[rest:]], base + rest, len(rows.data) - rest
                    if base >= self.high:
                        return
        except Broken as error:
            if passed:
                yield passed.lost()
            rows, rest = self._rows(b"".join(held), base, final=False)
            if len(rows.starts):
                yield rows
            if error.used > self.cuts[0] and self.high == _FAR:
                self.failure = (error.reason, base + rest, rows.data[rest:])
            return
        if passed:
            yield passed.lost()
        rows, _ = self._rows(b"".join(held), base, final=True)
        if len(rows.starts):
            yield rows

    def _apart(self, data: bytes, base: int) -> tuple[_Rows, int]:
        """Return the rows of data in which a quote is not closed: its row ends at its first newline."""
        rows, rest = self._rows(data, base, final=True)
        if rest == len(data) and not data.endswith(b"\n"):
            rest = int(rows.starts[-1])
            rows = rows.of(slice(None, -1))
        return rows, rest

    def _rows(self, data: bytes, base: int, final: bool) -> tuple[_Rows, int]:
        *columns, rest = scan_rows(data, self.separator, final)
        return _Rows(data, base, *columns), rest


def _header(rows: _Rows, codec: str, separator: str) -> list[str]:
    try:
        return split_odd(rows.data[rows.starts[0] : rows.ends[0]].decode(codec), separator)
    except UnicodeDecodeError:
        return []


def _batch(
    rows: _Rows,
    first: int,
    header: list[str],
    scan: _Scan,
    name: str,
    fields: Fields,
    settings: IngestSettings,
) -> Piece:
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
    found = from_table(frame.to_arrow(), name, 0, fields, settings)
    batch: Piece = found
    if len(good) < len(errors) or not isinstance(found, Columns):
        whole = found.rows(np.arange(len(found))) if isinstance(found, Columns) else found
        batch = spread(whole, good, errors)
    batch.raw = [sha256(line).digest() for line in lines]
    batch.record = list(range(first, first + len(lines)))
    if not scan.wide:
        batch.offset = (rows.starts + rows.base).tolist()
        batch.length = (rows.ends - rows.starts).tolist()
    if isinstance(batch, Columns):
        batch.common = scan.changed
    elif scan.changed:
        batch.transforms = [scan.changed + have for have in (batch.transforms or [()] * len(batch))]
    return batch
