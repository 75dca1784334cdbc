"""Reading many records again: grouped by file, each file and archive walked once, whatever its compression."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from stages.ingest.archive import Limits, members_of
from stages.ingest.columns import batches, handle, mapped, row_bytes, text_columns
from stages.ingest.formats import Kind, kind_of
from stages.ingest.locator import LARGEST, is_member, wide_records
from stages.ingest.places import local
from stages.ingest.source import Source
from stages.ingest.streams import Broken, Place, blocks, opened

_FAR = 1 << 62


class Origin(NamedTuple):
    """Where a record stands, as its document's row says."""

    file: str
    record: int | None
    offset: int | None
    length: int | None


Wanted = list[tuple[int, Origin]]
Digests = list[bytes | None]


def reread_digests(source: Source, project: Path, origins: Sequence[Origin]) -> Digests:
    """Return sha256 of each record's bytes as found now, None for those that cannot be read; in the given order."""
    out: Digests = [None] * len(origins)
    files: dict[tuple[str, bool], Wanted] = {}
    for index, origin in enumerate(origins):
        member = is_member(source, project, origin.file)
        outer = origin.file.partition("!")[0] if member else origin.file
        files.setdefault((outer, member), []).append((index, origin))
    for (outer, member), wanted in files.items():
        try:
            place, kind = local(project, outer), kind_of(outer, source.format)
            if member:
                _archive(place, outer, kind, source, wanted, out)
            else:
                _file(place, kind, source, wanted, out)
        except (Broken, OSError, EOFError, pa.ArrowException):
            continue  # what was read before stands
    return out


def _archive(place: Place, name: str, kind: Kind, source: Source, wanted: Wanted, out: Digests) -> None:
    members: dict[str, Wanted] = {}
    for index, origin in wanted:
        members.setdefault(origin.file, []).append((index, origin))
    limits = Limits(LARGEST, 1e9)
    for _, member in members_of(place, name, kind.archive, kind.compression, (0, _FAR), limits):
        mine = members.pop(member.name, None)
        if mine and member.content is not None:
            inner = kind_of(member.name.partition("!")[2], source.format)
            _file(member.content, inner, source, mine, out)
        if not members:
            return


def _file(place: Place, kind: Kind, source: Source, wanted: Wanted, out: Digests) -> None:
    ranged = [(i, o) for i, o in wanted if o.offset is not None and o.length is not None]
    counted = sorted(((o.record or 0, i) for i, o in wanted if o.offset is None or o.length is None))
    if ranged and kind.compression:
        _packed(place, kind.compression, ranged, out)
    elif ranged:
        with opened(place) as file:
            for index, origin in ranged:
                file.seek(origin.offset or 0)
                out[index] = sha256(file.read(origin.length or 0)).digest()
    if counted and kind.format in ("csv", "tsv", "json"):
        records = wide_records(place, kind)
        for record, index in counted:
            out[index] = sha256(records(record)).digest()
    elif counted:
        _rows(place, kind, source, counted, out)


def _packed(place: Place, compression: str, wanted: Wanted, out: Digests) -> None:
    """Hash the byte ranges of a packed file in one walk over it."""
    waiting = sorted(((o.offset or 0, (o.offset or 0) + (o.length or 0), i) for i, o in wanted), reverse=True)
    begun: list[tuple[int, int, int]] = []
    hashers = {index: sha256() for _, _, index in waiting}
    for block in blocks(place, compression):
        end, view = block.base + len(block.data), memoryview(block.data)
        while waiting and waiting[-1][0] < end:
            begun.append(waiting.pop())
        for low, high, index in begun:
            hashers[index].update(view[max(low - block.base, 0) : max(high - block.base, 0)])
        for _, high, index in begun:
            if high <= end:
                out[index] = hashers[index].digest()
        begun = [item for item in begun if item[1] > end]
        if not waiting and not begun:
            return


def _rows(place: Place, kind: Kind, source: Source, counted: list[tuple[int, int]], out: Digests) -> None:
    """Hash rows of a columnar file, batch by batch; row groups without a wanted row are not read."""
    names = text_columns(source.fields)
    waiting = counted[::-1]
    if kind.format == "parquet":
        with pq.ParquetFile(handle(place)) as file:
            columns, at = [n for n in names if n in file.schema_arrow.names], 0
            for group in range(file.metadata.num_row_groups):
                size = file.metadata.row_group(group).num_rows
                if waiting and waiting[-1][0] < at + size:
                    pieces = file.iter_batches(batch_size=8192, row_groups=[group], columns=columns)
                    _take(pieces, at, waiting, source, out)
                at += size
        return
    with mapped(place) as file:
        _take(batches(file)[1], 0, waiting, source, out)


def _take(pieces, at: int, waiting: list[tuple[int, int]], source: Source, out: Digests) -> None:
    for piece in pieces:
        piece = piece.select([n for n in text_columns(source.fields) if n in piece.schema.names])
        while waiting and waiting[-1][0] < at + piece.num_rows:
            record, index = waiting.pop()
            row = piece.slice(record - at, 1).to_pylist()[0]
            out[index] = sha256(row_bytes(row, source.fields)).digest()
        at += piece.num_rows
        if not waiting:
            return
