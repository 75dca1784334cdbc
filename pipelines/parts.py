"""Part files: content keys, atomic writes, resume. A part is done when its file stands there with its key inside."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from lineage.errors import BooksError, InputError

KEY = b"hallmark.key"
POISONED = b"hallmark.poisoned"
ROW_GROUP = 10_000
ZSTD_LEVEL = 3


def content_key(**pieces: Any) -> str:
    """Return sha256 over the canonical JSON of everything a part's result depends on."""
    text = json.dumps(pieces, sort_keys=True, ensure_ascii=False, default=_jsonable, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _jsonable(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return str(value)


def table_digest(table: pl.DataFrame) -> str:
    """Return sha256 over a table's values in Arrow form; equal tables give equal digests."""
    content = table.rechunk().write_ipc(None, compat_level=pl.CompatLevel.oldest()).getvalue()
    return hashlib.sha256(content).hexdigest()


def stored_key(path: Path) -> str | None:
    """Return the content key in a part's footer; None if the file is absent or not whole."""
    try:
        meta = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowInvalid):
        return None
    key = meta.get(KEY)
    return key.decode() if key else None


def is_done(paths: Iterable[Path], key: str) -> bool:
    """Tell whether every output of a part stands there under this key."""
    return all(stored_key(p) == key for p in paths)


def poisoned(path: Path) -> list[tuple[int, str]]:
    """Return (row, why) of the documents that the stage which wrote this part could not measure."""
    found = (pq.read_schema(path).metadata or {}).get(POISONED)
    return [(row, why) for row, why in json.loads(found)] if found else []


def write_part(
    path: Path,
    table: pl.DataFrame | pa.Table,
    schema: pa.Schema | None,
    key: str,
    poisoned: Iterable[tuple[int, str]] = (),
) -> None:
    """Write one part file atomically, with the declared schema; its content key and poisoned rows in the footer."""
    # one chunk: pages end where chunks do, and equal tables are to give equal files
    arrow = table.rechunk().to_arrow() if isinstance(table, pl.DataFrame) else table.combine_chunks()
    if schema is not None:
        arrow = conform(arrow, schema, where=str(path))
    notes = {POISONED: json.dumps(list(poisoned)).encode()} if poisoned else {}
    arrow = arrow.replace_schema_metadata({KEY: key.encode()} | notes)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        pq.write_table(
            arrow,
            temporary,
            compression="zstd",
            compression_level=ZSTD_LEVEL,
            row_group_size=ROW_GROUP,
            store_schema=True,
        )
        with temporary.open("rb") as f:
            os.fsync(f.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def conform(table: pa.Table, schema: pa.Schema, *, where: str) -> pa.Table:
    """Return `table` with exactly the declared columns first (extra ones follow), cast to their types."""
    missing = [n for n in schema.names if n not in table.column_names]
    if missing:
        raise BooksError(f"the stage's result lacks the columns {', '.join(missing)}", where=where)
    extra = [n for n in table.column_names if n not in schema.names]
    columns = [table[f.name].cast(f.type) for f in schema] + [table[n] for n in extra]
    fields = [*schema, *(table.schema.field(n) for n in extra)]
    return pa.table(columns, schema=pa.schema([pa.field(f.name, f.type) for f in fields]))


def read_part(
    path: Path, columns: list[str] | None = None, rows: tuple[int, int] | None = None
) -> pl.DataFrame:
    """Return a part file, or its rows from..to, as a polars table; a broken file is an error that names it."""
    try:
        # not pq.read_table: that imports pyarrow.dataset and, with it, pandas
        with pq.ParquetFile(path, memory_map=False) as file:
            if rows is None:
                table = pl.DataFrame(pl.from_arrow(file.read(columns=columns)))
            else:
                table = _read_rows(file, columns, *rows)
        return table if columns is None else table.select(columns)
    except (OSError, pa.ArrowInvalid) as e:
        raise InputError(
            f"part file cannot be read: {e}", where=str(path), cure="delete it and run `dvc repro`"
        ) from None


def _read_rows(file: pq.ParquetFile, columns: list[str] | None, start: int, end: int) -> pl.DataFrame:
    """Read the row groups that hold rows start..end, and no other."""
    groups = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
    firsts = [sum(groups[:i]) for i in range(len(groups))]
    held = [i for i, first in enumerate(firsts) if first < end and first + groups[i] > start]
    table = pl.DataFrame(pl.from_arrow(file.read_row_groups(held, columns=columns)))
    return table.slice(start - firsts[held[0]] if held else 0, end - start)


def read_lineage(path: Path, columns: list[str]) -> pl.DataFrame:
    """Return columns of a public lineage; one that an earlier version wrote without `text_in_keyed` has nulls there."""
    try:
        return read_part(path, columns)
    except pl.exceptions.ColumnNotFoundError:
        table = read_part(path, [c for c in columns if c != "text_in_keyed"])
        return table.with_columns(text_in_keyed=pl.lit(None, pl.Binary)).select(columns)


def check_aligned(result: pl.DataFrame, docs: pl.DataFrame, *, where: str) -> None:
    """Hold law 1 between stages: one row for every row of the part, same order, same ids."""
    if result.height != docs.height:
        raise BooksError(f"{docs.height} documents went in, {result.height} came out", where=where)
    for name in ("row", "doc_id"):
        if not result[name].equals(docs[name]):
            raise BooksError(f"the result's column {name!r} is not aligned with the part", where=where)


def sweep(folder: Path, keep: set[Path]) -> list[Path]:
    """Delete part files and temporary files of parts that no longer exist; return what was deleted."""
    gone = [p for p in sorted(folder.rglob("*")) if p.is_file() and p not in keep]
    for path in gone:
        path.unlink()
    for path in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()
    return gone
