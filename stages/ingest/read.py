"""Reading one part: never raises for bad data; what cannot be read has a row that says so."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pyarrow as pa

from stages.ingest.archive import read_archive
from stages.ingest.assemble import to_table
from stages.ingest.batch import Batch, failed
from stages.ingest.columns import read_arrow, read_parquet
from stages.ingest.delimited import read_delimited
from stages.ingest.formats import Kind, kind_of
from stages.ingest.json_values import read_json
from stages.ingest.lines import read_jsonl
from stages.ingest.plan import Part
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Source
from stages.ingest.streams import Broken, Place
from stages.ingest.warc import read_warc
from stages.ingest.whole import read_document

Span = tuple[int, int]
_SEPARATORS = {"csv": ",", "tsv": "\t"}


def read_part(source: Source, part: Part, project: Path, settings: IngestSettings) -> pa.Table:
    """Return the documents of a part (schema DOCUMENTS), in the order of its slices and their records."""
    batches: list[Batch] = []
    for file, start, end in part.slices:
        batches += read_slice(source, project, file, (start, end), settings)
    return to_table(source, batches, settings)


def read_slice(source: Source, project: Path, file: str, span: Span, settings: IngestSettings) -> list[Batch]:
    """Read one slice of a file; a file that cannot be opened or is of no known format gives one row."""
    kind = kind_of(file, source.format)
    if span == (0, 0):
        return [failed(file, "empty-text", offset=0, record=0)]
    out = _guarded(project / file, file, span, kind, source, settings)
    if not out and span[0] == 0 and span[1] >= (project / file).stat().st_size:
        return [failed(file, "empty-text", offset=0, record=0)]
    return out


def _guarded(
    place: Place, name: str, span: Span, kind: Kind, source: Source, settings: IngestSettings
) -> list[Batch]:
    try:
        if kind.archive:
            limit = int(settings.max_slice_mib * (1 << 20))
            member = partial(_member, source=source, settings=settings)
            return read_archive(place, name, kind.archive, kind.compression, limit, member)
        return _read(place, name, span, kind, source, settings)
    except (OSError, MemoryError, pa.ArrowException, Broken):
        return [failed(name, "file-unreadable")]


def _member(content: bytes, name: str, *, source: Source, settings: IngestSettings) -> list[Batch]:
    """Read a member of an archive; an archive inside an archive is not opened."""
    kind = kind_of(name.rpartition("!")[2], source.format)
    if not content:
        return [failed(name, "empty-text", offset=0, record=0)]
    if kind.archive:
        return [failed(name, "file-unreadable", record=0)]
    return _guarded(content, name, (0, len(content)), kind, source, settings)


def _read(
    place: Place, name: str, span: Span, kind: Kind, source: Source, settings: IngestSettings
) -> list[Batch]:
    format, packed, fields = kind.format, kind.compression, source.fields
    if format == "jsonl":
        return read_jsonl(place, name, span, packed, fields, settings)
    if format == "json":
        return read_json(place, name, packed, fields, settings)
    if format in _SEPARATORS:
        return read_delimited(place, name, span, packed, _SEPARATORS[format], fields, settings)
    if format == "parquet" and not packed:
        return read_parquet(place, name, span, fields, settings)
    if format == "arrow" and not packed:
        return read_arrow(place, name, span, fields, settings)
    if format in ("txt", "markdown", "html"):
        return read_document(place, name, format, packed, fields, settings)
    if format == "warc":
        return read_warc(place, name, span, packed, fields, settings)
    return [failed(name, "file-unreadable", record=0)]
