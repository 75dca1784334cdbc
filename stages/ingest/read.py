"""Reading one part: never raises for bad data; what cannot be read has a row that says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stages.ingest.archive import limits_of, read_archive
from stages.ingest.assemble import join_tables, piece_table, to_table
from stages.ingest.batch import Piece, failed
from stages.ingest.columns import read_arrow, read_parquet
from stages.ingest.delimited import read_delimited
from stages.ingest.formats import Kind, kind_of
from stages.ingest.json_values import read_json
from stages.ingest.lines import read_jsonl
from stages.ingest.places import is_remote, local
from stages.ingest.plan import Part
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Source
from stages.ingest.streams import Broken, Place, read_whole, stop_if_passing
from stages.ingest.warc import read_warc
from stages.ingest.whole import read_document
from stages.ingest.zst_frames import many_frames

_SEPARATORS = {"csv": ",", "tsv": "\t"}


def read_part(source: Source, part: Part, project: Path, settings: IngestSettings) -> pa.Table:
    """Return the documents of a part (schema DOCUMENTS), in the order of its slices and their records."""
    pieces = (
        piece
        for file, start, end in part.slices
        for _, piece in read_slices(source, project, file, (start, end), settings)
    )
    return to_table(source, pieces, settings)


def in_a_row(source: Source, part: Part, project: Path | None = None, slices: int = 2) -> bool:
    """Tell whether a part is a slice of a file that is best read from its start: packed, CSV, WARC or tar.

    With a project, files on this disk are looked into: JSON lines in many Zstandard frames are not, a Parquet file
    of fewer row groups than `slices` is.
    """
    file = part.slices[0][0]
    kind = kind_of(file, source.format)
    if project is None or is_remote(file) or kind.archive:
        return kind.in_a_row
    try:
        if kind.format == "jsonl" and kind.compression == "zst":
            return not many_frames(project / file, slices)
        if kind.format == "parquet" and kind.sliceable:
            return pq.read_metadata(project / file).num_row_groups < slices
    except (OSError, pa.ArrowException):
        return kind.in_a_row
    return kind.in_a_row


def read_row(
    source: Source, parts: Sequence[Part], project: Path, settings: IngestSettings, wanted: set[str]
) -> Iterator[tuple[Part, pa.Table]]:
    """Yield the wanted parts (by name) of one file with their documents, reading the file once.

    `parts` are all slices of the file in order; each table is what `read_part` returns for its part.
    """
    file = parts[0].slices[0][0]
    cuts = (parts[0].slices[0][1], *(part.slices[0][2] for part in parts))
    found = read_slices(source, project, file, cuts, settings)
    item = next(found, None)
    for index, part in enumerate(parts):
        pieces: list[pa.Table] = []
        while item is not None and item[0] == index:
            if part.part in wanted:
                pieces.append(piece_table(source, item[1], settings))
            item = next(found, None)
        if part.part in wanted:
            yield part, join_tables(source, pieces)


def read_slices(
    source: Source, project: Path, file: str, cuts: tuple[int, ...], settings: IngestSettings
) -> Iterator[tuple[int, Piece]]:
    """Yield (slice, records) of a file's slices [cuts[i], cuts[i+1]); a file that cannot be read gives a row."""
    kind = kind_of(file, source.format)
    if cuts == (0, 0):
        yield 0, failed(file, "empty-text", offset=0, record=0)
        return
    some = False
    place = local(project, file)
    for item in _guarded(place, file, cuts, kind, source, settings):
        some = True
        yield item
    if not some and cuts[0] == 0 and cuts[-1] >= place.stat().st_size:
        yield 0, failed(file, "empty-text", offset=0, record=0)


def _guarded(
    place: Place, name: str, cuts: tuple[int, ...], kind: Kind, source: Source, settings: IngestSettings
) -> Iterator[tuple[int, Piece]]:
    last = 0
    try:
        if kind.archive:
            member = partial(_member, source=source, settings=settings)
            limits = limits_of(settings)
            for last, piece in read_archive(
                place, name, kind.archive, kind.compression, cuts, limits, member
            ):
                yield last, piece
            return
        for last, piece in _read(place, name, cuts, kind, source, settings):
            yield last, piece
    except Broken as error:
        yield last, failed(name, error.reason, offset=cuts[last])
    except (OSError, MemoryError) as error:  # pyarrow tells damage as an OSError without a number
        stop_if_passing(error, name)
        there = getattr(error, "errno", None) or isinstance(error, MemoryError)
        yield last, failed(name, "file-unreadable" if there else "damaged", offset=cuts[last])
    except pa.ArrowException:
        yield last, failed(name, "damaged", offset=cuts[last])


def _member(content: bytes, name: str, *, source: Source, settings: IngestSettings) -> Iterator[Piece]:
    """Read a member of an archive; an archive inside an archive is not opened."""
    kind = kind_of(name.rpartition("!")[2], source.format)
    if not content:
        yield failed(name, "empty-text", offset=0, record=0)
    elif kind.archive:
        yield failed(name, "nested-archive", offset=0)
    else:
        for _, piece in _guarded(content, name, (0, len(content)), kind, source, settings):
            yield piece


def _read(
    place: Place, name: str, cuts: tuple[int, ...], kind: Kind, source: Source, settings: IngestSettings
) -> Iterator[tuple[int, Piece]]:
    format, packed, fields = kind.format, kind.compression, source.fields
    if format == "jsonl":
        yield from read_jsonl(place, name, cuts, packed, fields, settings)
    elif format in _SEPARATORS:
        yield from read_delimited(place, name, cuts, packed, _SEPARATORS[format], fields, settings)
    elif format == "warc":
        yield from read_warc(place, name, cuts, packed, fields, settings)
    elif format == "parquet" and not packed:
        yield from read_parquet(place, name, cuts, fields, settings)
    else:
        yield from ((0, piece) for piece in _read_whole(place, name, cuts, kind, source, settings))


def _read_whole(
    place: Place, name: str, cuts: tuple[int, ...], kind: Kind, source: Source, settings: IngestSettings
) -> Iterable[Piece]:
    format, packed, fields, span = kind.format, kind.compression, source.fields, (cuts[0], cuts[-1])
    if format == "json":
        return read_json(place, name, packed, fields, settings)
    if format in ("parquet", "arrow"):
        return _read_columns(place, name, span, kind, source, settings)
    if format in ("txt", "markdown", "html"):
        return read_document(place, name, format, packed, fields, settings)
    return [failed(name, "unknown-format", offset=0)]


def _read_columns(
    place: Place, name: str, span: tuple[int, int], kind: Kind, source: Source, settings: IngestSettings
) -> Iterable[Piece]:
    """Read a columnar file; one that is packed as a whole is unpacked in memory first."""
    if not kind.compression:
        return read_arrow(place, name, span, source.fields, settings)
    limit = int(settings.max_slice_mib * (1 << 20))
    whole = read_whole(place, kind.compression, limit, settings.max_ratio)
    if whole.broken:
        return [failed(name, whole.broken, offset=len(whole.data))]
    span = (0, len(whole.data))
    if kind.format == "arrow":
        return read_arrow(whole.data, name, span, source.fields, settings)
    return (piece for _, piece in read_parquet(whole.data, name, span, source.fields, settings))
