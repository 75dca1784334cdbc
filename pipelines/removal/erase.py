"""Erasing a document's text from the restricted tables: the row stays as a tombstone, so that the books close."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from lineage.errors import InputError
from lineage.records import STATUS_UNREADABLE
from lineage.removals import keyed_id, keyed_value
from pipelines import parts
from pipelines.project import PartRef, Project

#: What could show who or what it was. File and record stay: they say where the source still holds it.
_NULLED = (
    "offset",
    "length",
    "url",
    "warc_id",
    "title",
    "author",
    "date",
    "text",
    "turns",
    "ai_label_json",
    "meta",
)


def erase(project: Project, ref: PartRef, reasons: dict[bytes, str], hmac_key: bytes) -> int:
    """Erase documents of one part from every table that holds their text or its fingerprint; return the rows erased.

    `reasons`: the reason under which each document was removed; it stays with the row.
    """
    path = project.table("ingest", ref)
    docs = parts.read_part(path)
    ids = pl.Series(sorted(reasons), dtype=pl.Binary).implode()
    todo = docs.filter(pl.col("doc_id").is_in(ids) & (pl.col("status") != STATUS_UNREADABLE))["doc_id"]
    if todo.is_empty():
        return 0
    mine = pl.col("doc_id").is_in(todo.implode())
    for name, wiped in (("dedup_signatures", ("exact", "signature")), ("dedup", ("exact",))):
        _rewrite(
            project.table(name, ref), lambda t, w=wiped: t.with_columns(*_nulled(w, mine), _no_shingles(mine))
        )
    _rewrite(project.table("pii_spans", ref), lambda t: t.filter(~mine))
    _rewrite(path, lambda t: _tombstones(t, mine, reasons, hmac_key))  # last: it says that the rest is done
    return len(todo)


def at_hand(project: Project, ref: PartRef, ids: pl.Series) -> pl.DataFrame:
    """Return (doc_id, file, record) of documents whose text one part still holds."""
    columns = ["doc_id", "status", "file", "record"]
    docs = parts.read_part(project.table("ingest", ref), columns)
    wanted = pl.col("doc_id").is_in(ids.implode()) & (pl.col("status") != STATUS_UNREADABLE)
    return docs.filter(wanted).drop("status")


def _tombstones(table: pl.DataFrame, mine: pl.Expr, reasons: dict[bytes, str], key: bytes) -> pl.DataFrame:
    rows = table.filter(mine).select("doc_id", "raw_sha256", "text_sha256")
    marks = pl.DataFrame(
        {
            "doc_id": rows["doc_id"],
            "new_error": [reasons[d] for d in rows["doc_id"]],
            "new_native_id": [f"erased:{keyed_id(key, d).hex()}" for d in rows["doc_id"]],
            "new_raw_sha256": [_keyed(key, "raw", v) for v in rows["raw_sha256"]],
            "new_text_sha256": [_keyed(key, "text-sha256", v) for v in rows["text_sha256"]],
        },
        schema_overrides={"new_raw_sha256": pl.Binary, "new_text_sha256": pl.Binary},
    )
    joined = table.join(marks, on="doc_id", how="left", maintain_order="left")
    replaced = [
        pl.when(mine).then(pl.col(f"new_{n}")).otherwise(pl.col(n)).alias(n)
        for n in ("error", "native_id", "raw_sha256", "text_sha256")
    ]
    zeroed = [
        pl.when(mine).then(pl.lit(0, pl.UInt32)).otherwise(pl.col(n)).alias(n) for n in ("chars", "bytes")
    ]
    status = pl.when(mine).then(pl.lit(STATUS_UNREADABLE)).otherwise(pl.col("status")).alias("status")
    return joined.with_columns(*replaced, *zeroed, status, *_nulled(_NULLED, mine)).select(table.columns)


def _keyed(key: bytes, purpose: str, value: bytes | None) -> bytes | None:
    return keyed_value(key, purpose, value) if value is not None else None


def _nulled(names: tuple[str, ...], mine: pl.Expr) -> list[pl.Expr]:
    return [pl.when(~mine).then(pl.col(n)).alias(n) for n in names]


def _no_shingles(mine: pl.Expr) -> pl.Expr:
    return pl.when(mine).then(pl.lit(0, pl.UInt32)).otherwise(pl.col("shingles")).alias("shingles")


def _rewrite(path: Path, change) -> None:
    """Write a part file anew under its own content key, so that no stage takes it for unfinished."""
    key = parts.stored_key(path)
    if key is None:
        raise InputError("part file cannot be read", where=str(path), cure="delete it and run `dvc repro`")
    schema = pq.read_schema(path).remove_metadata()
    parts.write_part(path, change(parts.read_part(path)), schema, key)
