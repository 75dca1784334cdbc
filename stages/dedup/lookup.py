"""Which documents of an index resemble a few given texts: by signature alone, the texts of the index may be gone."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from stages.dedup.settings import DedupSettings
from stages.dedup.signing import sign

SIMILAR = {
    "query": pl.UInt32,  # place of the text asked for
    "file": pl.UInt32,  # place of the table, and row in it
    "row": pl.UInt32,
    "doc_id": pl.Binary,  # as the table has it
    "kind": pl.String,  # exact | near
    "estimate": pl.Float64,  # share of equal signature values, 4 decimals; 1.0 for exact
}


def similar(
    texts: pl.Series, index_files: Sequence[Path], settings: DedupSettings, least: float | None = None
) -> pl.DataFrame:
    """Return SIMILAR: every document of the index whose estimate reaches `least` (default: the threshold), sorted.

    index_files: tables with the columns of SIGNATURES, made with the same method (compare `method(settings)`).
    Every signature is compared, and no band can miss one; for many texts use
    `earlier`. The standard error of an estimate is sqrt(s (1 - s) / num_perm).
    """
    asked = _signed(texts, settings)
    rows = np.flatnonzero(asked["signature"].is_not_null().to_numpy())
    data = b"".join(asked["signature"].drop_nulls())
    wanted = np.frombuffer(data, "<u4").reshape(len(rows), settings.num_perm)
    enough = math.ceil((settings.threshold if least is None else least) * settings.num_perm - 1e-9)
    found = [pl.DataFrame(schema=SIMILAR)]
    for f, path in enumerate(index_files):
        for chunk, matrix, places in _chunks(path, settings.num_perm):
            found += [_exact(asked, chunk, f), _near(wanted, rows, chunk, matrix, places, f, enough)]
    table = pl.concat(found).sort("query", "file", "row", "kind")
    best = table.unique(["query", "file", "row"], keep="first", maintain_order=True)
    return best.sort("query", "estimate", "file", "row", descending=[False, True, False, False])


def _signed(texts: pl.Series, settings: DedupSettings) -> pl.DataFrame:
    docs = pl.DataFrame({"text": texts.cast(pl.String)}).with_row_index("row")
    digests = [None if t is None else hashlib.sha256(t.encode()).digest() for t in docs["text"]]
    named = docs.with_columns(doc_id=pl.lit(b""), text_sha256=pl.Series(digests, dtype=pl.Binary))
    return sign(named, settings).with_columns(pl.col("row").alias("query"))


def _chunks(path: Path, num_perm: int):
    """Yield (rows with file-wide numbers, signatures uint32 [m, num_perm], their places in the rows)."""
    first = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(100_000, columns=["doc_id", "exact", "signature"]):
            chunk = pl.DataFrame(pl.from_arrow(batch)).with_row_index("row", offset=first)
            places = np.flatnonzero(chunk["signature"].is_not_null().to_numpy())
            data = b"".join(chunk["signature"].drop_nulls())
            yield chunk, np.frombuffer(data, "<u4").reshape(len(places), num_perm), places
            first += len(chunk)


def _exact(asked: pl.DataFrame, chunk: pl.DataFrame, file: int) -> pl.DataFrame:
    joined = chunk.drop_nulls("exact").join(asked.select("query", "exact").drop_nulls(), on="exact")
    return joined.select(
        "query", pl.lit(file, pl.UInt32).alias("file"), "row", "doc_id",
        kind=pl.lit("exact"), estimate=pl.lit(1.0),
    ).cast(SIMILAR)  # fmt: skip


def _near(wanted, rows, chunk, matrix, places, file, enough) -> pl.DataFrame:
    from stages.dedup.buckets import matches_all

    equal = np.empty((len(wanted), len(matrix)), np.uint16)
    matches_all(matrix, wanted, equal)
    query, hit = np.nonzero(equal >= enough)
    at = places[hit]
    estimate = np.round(equal[query, hit] / max(1, wanted.shape[1]), 4)
    columns = {"query": rows[query], "file": file, "row": chunk["row"].gather(at)}
    columns |= {"doc_id": chunk["doc_id"].gather(at), "kind": "near", "estimate": estimate}
    return pl.DataFrame(columns, schema_overrides={"kind": pl.String}).select(
        pl.col(n).cast(k) for n, k in SIMILAR.items()
    )
