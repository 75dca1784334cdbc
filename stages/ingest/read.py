"""Reading one part: never raises for bad data; what cannot be read has a row that says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from stages.ingest.assemble import to_table
from stages.ingest.batch import Batch, failed
from stages.ingest.columns import read_arrow, read_parquet
from stages.ingest.delimited import read_delimited
from stages.ingest.formats import Kind, kind_of
from stages.ingest.lines import read_jsonl
from stages.ingest.plan import Part
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Source
from stages.ingest.whole import read_document


def read_part(source: Source, part: Part, project: Path, settings: IngestSettings) -> pa.Table:
    """Return the documents of a part (schema DOCUMENTS), in the order of its slices and their records."""
    batches: list[Batch] = []
    for file, start, end in part.slices:
        batches += read_slice(source, project, file, (start, end), settings)
    return to_table(source, batches, settings)


def read_slice(
    source: Source, project: Path, file: str, span: tuple[int, int], settings: IngestSettings
) -> list[Batch]:
    """Read one slice of a file; a file that cannot be opened gives one row."""
    kind = kind_of(file, source.format)
    path = project / file
    try:
        if span[0] == span[1] == 0:
            return [failed(file, "empty-text", offset=0, record=0)]
        return _reader(kind)(path, file, span, kind, source, settings)
    except (OSError, MemoryError, pa.ArrowException):
        return [failed(file, "file-unreadable")]


_Reader = Callable[[Path, str, tuple[int, int], Kind, Source, IngestSettings], list[Batch]]


def _reader(kind: Kind) -> _Reader:
    return _READERS.get("archive" if kind.archive else kind.format, _unknown)


def _unknown(
    path: Path, file: str, span: tuple[int, int], kind: Kind, source: Source, settings: IngestSettings
):
    return [failed(file, "file-unreadable")]


_READERS: dict[str, _Reader] = {
    "jsonl": lambda p, f, s, k, src, st: read_jsonl(p, f, s, k.compression, src.fields, st),
    "csv": lambda p, f, s, k, src, st: read_delimited(p, f, s, k.compression, ",", src.fields, st),
    "tsv": lambda p, f, s, k, src, st: read_delimited(p, f, s, k.compression, "\t", src.fields, st),
    "parquet": lambda p, f, s, k, src, st: read_parquet(p, f, s, src.fields, st),
    "arrow": lambda p, f, s, k, src, st: read_arrow(p, f, s, src.fields, st),
    "txt": lambda p, f, s, k, src, st: read_document(p, f, "txt", k.compression, src.fields, st),
    "markdown": lambda p, f, s, k, src, st: read_document(p, f, "markdown", k.compression, src.fields, st),
}
