"""One document per id: a later record with an id that came before becomes a counted `duplicate-id` row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

import numpy as np
import polars as pl
import pyarrow as pa

from lineage.records import DOCUMENTS, STATUS_UNREADABLE

_CLEARED = ("text", "turns", "text_sha256", "chars", "bytes", "ai_label", "ai_label_json")
_DIGEST = 32


def mark_repeats(source_id: str, table: pa.Table, taken: pl.Series | None = None) -> pa.Table:
    """Return the table (DOCUMENTS) with repeats unreadable, named by their place as well.

    A repeat has the doc_id of an earlier row, or one of `taken` (doc_ids that belong to earlier parts).
    """
    ids = pl.Series(table.column("doc_id"))
    while True:
        repeat = ~ids.is_first_distinct()
        if taken is not None and len(taken):
            repeat |= ids.is_in(taken.implode())
        rows = repeat.arg_true().to_list()
        if not rows:
            return table
        table = _marked(source_id, table, rows)
        ids = pl.Series(table.column("doc_id"))


def _marked(source_id: str, table: pa.Table, rows: list[int]) -> pa.Table:
    prefix = source_id.encode() + b"\x00"
    found = table.select(["native_id", "file", "record", "offset", "error"]).take(rows).to_pylist()
    names = [f"{r['native_id']}!{r['file']}#{r['record']}@{r['offset']}" for r in found]
    values = {
        "native_id": names,
        "doc_id": [sha256(prefix + name.encode("utf-8", "surrogatepass")).digest() for name in names],
        "status": [STATUS_UNREADABLE] * len(rows),
        "error": [r["error"] or "duplicate-id" for r in found],
    } | dict.fromkeys(_CLEARED, [None] * len(rows))
    mask = np.zeros(table.num_rows, dtype=bool)
    mask[rows] = True
    keep = np.arange(table.num_rows)
    keep[mask] = table.num_rows + np.arange(len(rows))
    for name, column in values.items():
        field = DOCUMENTS.field(name)
        have = table.column(name).cast(field.type)
        joined = pa.chunked_array([*have.chunks, pa.array(column, field.type)], type=field.type)
        table = table.set_column(table.column_names.index(name), field, joined.take(pa.array(keep)))
    return table


def taken_before(parts: Sequence[Callable[[], pl.Series]]) -> list[pl.Series]:
    """Return, for each part in order, its doc_ids that an earlier part has; each item loads one part's doc_ids.

    Eight bytes an id are held at once; whole ids are compared only where those eight bytes repeat.
    """
    heads = [_heads(load()) for load in parts]
    every, counts = np.unique(np.concatenate(heads or [np.empty(0, np.uint64)]), return_counts=True)
    twice = every[counts > 1]
    seen: set[bytes] = set()
    out = []
    for load, head in zip(parts, heads, strict=True):
        hit = np.isin(head, twice) if len(twice) else np.zeros(0, bool)
        own = set(load().filter(pl.Series(hit)).to_list()) if hit.any() else set()
        out.append(pl.Series(sorted(own & seen), dtype=pl.Binary))
        seen |= own
    return out


def _heads(ids: pl.Series) -> np.ndarray:
    """Return the first eight bytes of each 32-byte id as a number."""
    column = pa.array(ids.to_arrow(), pa.large_binary())
    if not len(column):
        return np.empty(0, np.uint64)
    _, offsets, data = column.buffers()
    first = np.frombuffer(offsets, np.int64)[column.offset]
    words = np.frombuffer(data, ">u8", len(column) * _DIGEST // 8, first)
    return words[:: _DIGEST // 8].astype(np.uint64)
