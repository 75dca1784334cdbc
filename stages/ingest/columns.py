"""Columnar files (Parquet, Arrow, data sets saved to disk): rows in proportion to the slice's bytes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from stages.ingest.batch import Batch, Columns, Piece, failed, valid_texts
from stages.ingest.objects import PLAIN_FIELDS, dump, from_objects, strings
from stages.ingest.settings import IngestSettings
from stages.ingest.source import Fields
from stages.ingest.streams import Place, opened, stop_if_passing, stored_bytes

_ROWS = 8192
_NONE = pa.array([], pa.large_string())
_MAGIC = (b"PAR1", b"PARE")


def read_parquet(
    place: Place, name: str, cuts: tuple[int, ...], fields: Fields, settings: IngestSettings
) -> Iterator[tuple[int, Piece]]:
    """Yield (slice, rows) of the slices [cuts[i], cuts[i+1]): row floor(rows * cut / size) up to the next one's."""
    reason = _parquet_break(place)
    if reason:
        yield from [] if cuts[0] else [(0, failed(name, reason, offset=0))]  # told once a file
        return
    with pq.ParquetFile(handle(place), memory_map=isinstance(place, Path)) as file:
        total = file.metadata.num_rows
        reason = lacks(list(file.schema_arrow.names), fields) if total else "empty-text"
        if reason:
            yield from [] if cuts[0] else [(0, failed(name, reason, offset=0))]
            return
        marks = [_row_at(total, cut, place) for cut in cuts]
        at = 0
        for group in range(file.metadata.num_row_groups):
            size = file.metadata.row_group(group).num_rows
            if at + size > marks[0] and at < marks[-1]:
                read = max(at, marks[0])
                try:
                    for index, piece in _group(file, group, at, marks, name, fields, settings):
                        read += len(piece)
                        yield index, piece
                except (OSError, pa.ArrowException) as error:
                    stop_if_passing(error, name)
                    yield _slice_of(marks, read), failed(name, "damaged", record=read)
            at += size


def _group(
    file: pq.ParquetFile,
    group: int,
    at: int,
    marks: list[int],
    name: str,
    fields: Fields,
    settings: IngestSettings,
) -> Iterator[tuple[int, Piece]]:
    end = at + file.metadata.row_group(group).num_rows
    for piece in file.iter_batches(batch_size=_ROWS, row_groups=[group]):
        if at + piece.num_rows > end:
            raise pa.ArrowInvalid("the group holds more rows than it says")
        low, high = max(at, marks[0]), min(at + piece.num_rows, marks[-1])
        while low < high:
            index = _slice_of(marks, low)
            stop = min(high, marks[index + 1])
            yield index, from_table(pa.table(piece.slice(low - at, stop - low)), name, low, fields, settings)
            low = stop
        at += piece.num_rows
        if at >= marks[-1]:
            return


def _slice_of(marks: list[int], row: int) -> int:
    return min(max(bisect_right(marks, row) - 1, 0), len(marks) - 2)


def _row_at(count: int, cut: int, place: Place) -> int:
    size = stored_bytes(place)
    return count if cut >= size else count * cut // size


def _parquet_break(place: Place) -> str | None:
    with opened(place) as file:
        head = file.read(4)
        size = file.seek(0, 2)
        file.seek(max(0, size - 4))
        tail = file.read(4)
    if head not in _MAGIC:
        return "damaged"
    return None if tail in _MAGIC and size >= 12 else "truncated"


def handle(place: Place) -> Any:
    """Return what pyarrow's Parquet reader opens."""
    return pa.BufferReader(place) if isinstance(place, bytes) else place


def mapped(place: Place) -> Any:
    """Return the bytes as an Arrow source, mapped where they are a file."""
    return pa.BufferReader(place) if isinstance(place, bytes) else pa.memory_map(str(place))


def _rows(count: int, span: tuple[int, int], place: Place) -> tuple[int, int]:
    return _row_at(count, span[0], place), _row_at(count, span[1], place)


def lacks(names: list[str], fields: Fields) -> str | None:
    """Return missing-field where no column can give a document its text."""
    have = set(names)
    whole = {fields.text} <= have or {fields.prompt, fields.answer} <= have or {fields.messages} <= have
    return None if whole else "missing-field"


def read_arrow(
    place: Place, name: str, span: tuple[int, int], fields: Fields, settings: IngestSettings
) -> Iterator[Piece]:
    """Read the rows of a slice of an Arrow stream or file (as `datasets` saves them)."""
    with mapped(place) as file:
        schema, pieces = batches(file)
        reason = lacks(schema.names, fields)
        if reason:
            yield from [] if span[0] else [failed(name, reason, offset=0)]
            return
        held, broken = [], False
        try:
            for piece in pieces:
                held.append(piece)
        except (OSError, pa.ArrowException) as error:
            stop_if_passing(error, name)
            broken = True
        low, high = _rows(sum(piece.num_rows for piece in held), span, place)
        at = 0
        for piece in held:
            a, b = max(low - at, 0), min(high - at, piece.num_rows)
            if b > a:
                yield from_table(pa.table(piece.slice(a, b - a)), name, at + a, fields, settings)
            at += piece.num_rows
        if broken:
            yield failed(name, "truncated", record=at)
        if not at and not broken:
            yield failed(name, "empty-text", record=0)


def batches(file: Any) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return schema and batches of an Arrow stream or file."""
    try:
        stream = pa.ipc.open_stream(file)
        return stream.schema, iter(stream)
    except pa.ArrowInvalid:
        file.seek(0)
        reader: Any = pa.ipc.open_file(file)
        return reader.schema, (reader.get_batch(i) for i in range(reader.num_record_batches))


def from_table(table: pa.Table, name: str, first: int, fields: Fields, settings: IngestSettings) -> Piece:
    """Return the columns of a table's rows; a record's bytes are its text's, or its turns' canonical JSON."""
    column = table.column(fields.text) if fields.text in table.column_names else None
    if column is None or not _is_text(column.type):
        batch = _by_rows(table, name, fields, settings)
    else:
        batch = _by_columns(table, name, fields, settings)
    batch.record = list(range(first, first + table.num_rows))
    return batch


def _is_text(kind: pa.DataType) -> bool:
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(value) or pa.types.is_large_string(value) or pa.types.is_string_view(value)


def _by_columns(table: pa.Table, name: str, fields: Fields, settings: IngestSettings) -> Piece:
    texts = pa.concat_arrays(table.column(fields.text).cast(pa.large_string()).chunks or [_NONE])
    series = valid_texts(texts)
    used = {getattr(fields, field) for field in (*PLAIN_FIELDS.values(), "text")}
    others = [n for n in table.column_names if n != fields.text]
    if series is None or (texts.null_count and lacks(others, fields) is None):
        return _by_rows(table, name, fields, settings)
    plain = {
        column: _strings(table.column(getattr(fields, field)))
        for column, field in PLAIN_FIELDS.items()
        if getattr(fields, field) in table.column_names
    }
    if settings.keep_meta and set(others) - used:
        plain["meta"] = meta_of(table.select(sorted(set(others) - used)))
    return Columns(name, texts, series, None, plain, None)


def _large(column: pa.ChunkedArray) -> pa.Array | None:
    """Return a text column as one array; None if it holds bytes that are no UTF-8."""
    found = valid_texts(pa.concat_arrays(column.cast(pa.large_string()).chunks or [_NONE]))
    return None if found is None else found.to_arrow(compat_level=pl.CompatLevel.oldest())


def _by_rows(table: pa.Table, name: str, fields: Fields, settings: IngestSettings) -> Batch:
    values, broken = _rows_of(table)
    for value in values:
        if value.get(fields.text, "") is None:
            del value[fields.text]
    raw = [sha256(row_bytes(value, fields)).digest() for value in values]
    errors = ["bad-encoding" if row in broken else None for row in range(len(values))]
    return from_objects(values, errors, {}, name, raw, fields, settings)


def _rows_of(table: pa.Table) -> tuple[list[dict[str, Any]], set[int]]:
    """Return the rows as objects, and which of them hold bytes that are no UTF-8."""
    try:
        return table.to_pylist(), set()
    except UnicodeDecodeError:
        values: list[dict[str, Any]] = []
    broken: set[int] = set()
    for row in range(table.num_rows):
        try:
            values.append(table.slice(row, 1).to_pylist()[0])
        except UnicodeDecodeError:
            values.append({})
            broken.add(row)
    return values, broken


def text_columns(fields: Fields) -> tuple[str, ...]:
    """Return the names of the columns that can hold a document's text."""
    return fields.text, fields.prompt, fields.answer, fields.messages


def row_bytes(value: dict[str, Any], fields: Fields) -> bytes:
    """Return the bytes that stand for a columnar record: its text's, or the canonical JSON of its other fields."""
    text = value.get(fields.text)
    if isinstance(text, str):
        return text.encode("utf-8", "surrogatepass")
    return dump({key: value[key] for key in text_columns(fields) if value.get(key) is not None}).encode()


def _strings(column: pa.ChunkedArray) -> Any:
    """Return a column as strings, empty ones as null: an Arrow array where the column holds text already."""
    large = _large(column) if _is_text(column.type) else None
    if large is not None:
        series = pl.Series(large)
        return series.set(series == "", None).to_arrow() if (series == "").any() else large
    values = _rows_of(pa.table({"v": column}))[0]
    return strings([value.get("v") for value in values])


def meta_of(table: pa.Table) -> Any:
    """Return the other columns as canonical JSON; bytes are told by their length only."""
    simple = all(
        _is_text(c.type) or pa.types.is_integer(c.type) or pa.types.is_boolean(c.type) for c in table.columns
    )
    if simple:
        frame = pl.DataFrame(table)
        return frame.select(pl.struct(pl.all()).struct.json_encode()).to_series().to_arrow()
    return [dump(_sizes(value)) for value in table.to_pylist()]


def _sizes(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": len(value)}
    if isinstance(value, dict):
        return {key: _sizes(item) for key, item in value.items()}
    return [_sizes(item) for item in value] if isinstance(value, list) else value
