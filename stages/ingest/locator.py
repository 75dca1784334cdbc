"""Reading one record again from its source file, to prove that the locator still points at the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lineage.errors import InputError
from stages.ingest.archive import member_content
from stages.ingest.columns import batches, handle, mapped, row_bytes, text_columns
from stages.ingest.csv_scan import scan_rows
from stages.ingest.formats import Kind, kind_of
from stages.ingest.json_values import value_spans
from stages.ingest.places import is_remote, local
from stages.ingest.source import Source
from stages.ingest.streams import Broken, Place, blocks

LARGEST = 1 << 32


def reread(
    source: Source, project: Path, file: str, record: int | None, offset: int | None, length: int | None
) -> bytes:
    """Return the record's bytes as found: their sha256 is the document's raw_sha256 if nothing changed."""
    try:
        path, kind = _place(source, project, file)
        if offset is not None and length is not None:
            return _range(path, kind.compression, offset, length)
        if kind.format in ("csv", "tsv", "json"):
            return wide_records(path, kind)(record or 0)
        return _row(path, kind.format, source, record or 0)
    except (Broken, OSError, EOFError, pa.ArrowException) as error:
        raise InputError(
            f"the record cannot be read again: {error}",
            where=f"source {source.id}: {file}",
            cure="restore the file that the source's revision was made from",
        ) from None


def _place(source: Source, project: Path, file: str) -> tuple[Place, Kind]:
    """Return where the bytes are and of what kind: a file, or the content of an archive's member."""
    if not is_member(source, project, file):
        return local(project, file), kind_of(file, source.format)
    outer, _, inner = file.partition("!")
    kind = kind_of(outer, source.format)
    content = member_content(local(project, outer), outer, kind.archive, kind.compression, file, LARGEST)
    return content, kind_of(inner, source.format)


def is_member(source: Source, project: Path, file: str) -> bool:
    """Tell whether a document's file is a member of an archive, and no file with an exclamation mark in its name."""
    outer, _, inner = file.partition("!")
    if not inner or is_remote(file):
        return bool(inner and kind_of(outer, source.format).archive)
    try:
        return not (project / file).is_file()
    except OSError:  # a member's name may be longer than a file's can be
        return True


def _range(path: Place, compression: str, offset: int, length: int) -> bytes:
    pieces, need = [], offset + length
    for block in blocks(path, compression, 0 if compression else offset):
        low, high = max(offset - block.base, 0), need - block.base
        if high > 0 and low < len(block.data):
            pieces.append(block.data[low:high])
        if block.base + len(block.data) >= need:
            break
    return b"".join(pieces)


def wide_records(path: Place, kind: Kind) -> Callable[[int], bytes]:
    """Return what gives a record of a UTF-16 file: its bytes as UTF-8, counted from the file's start."""
    data = b"".join(block.data for block in blocks(path, kind.compression))
    data = data.decode("utf-16", "replace").encode()
    head = 0
    if kind.format == "json":
        starts, ends, _ = value_spans(data)
    else:
        starts, ends, *_ = scan_rows(data, "," if kind.format == "csv" else "\t", True)
        head = 1  # the header is no record

    def record_of(record: int) -> bytes:
        if record + head >= len(starts):
            raise EOFError("there is no such record")
        return data[starts[record + head] : ends[record + head]]

    return record_of


def _row(path: Place, format: str, source: Source, record: int) -> bytes:
    names = source.fields
    if format == "parquet":
        with pq.ParquetFile(handle(path)) as file:
            at = 0
            for group in range(file.metadata.num_row_groups):
                size = file.metadata.row_group(group).num_rows
                if record < at + size:
                    wanted = [n for n in text_columns(names) if n in file.schema_arrow.names]
                    table = file.read_row_group(group, columns=wanted).slice(record - at, 1)
                    return row_bytes(table.to_pylist()[0], names)
                at += size
        raise EOFError("there is no such row")
    with mapped(path) as file:
        at = 0
        for piece in batches(file)[1]:
            if record < at + piece.num_rows:
                wanted = [n for n in text_columns(names) if n in piece.schema.names]
                return row_bytes(piece.select(wanted).slice(record - at, 1).to_pylist()[0], names)
            at += piece.num_rows
    raise EOFError("there is no such row")
