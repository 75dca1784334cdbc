"""Phase 4: the exact Jaccard similarity of candidate pairs, in batches that fit into memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from stages.dedup.banding import PAIRS
from stages.dedup.scripts import folding
from stages.dedup.settings import DedupSettings
from stages.dedup.signing import buffers, composed, window_lengths

_LARGE = 8_000_000  # shingles of a pair, repetitions included; up to here its hash table has 200 MB

VERIFIED = {"a": pl.Binary, "b": pl.Binary, "jaccard": pl.Float64, "estimate": pl.Float64}


def batches(pairs: pl.DataFrame, settings: DedupSettings) -> list[pl.DataFrame]:
    """Return the PAIRS cut, in their order, into runs of about `batch_shingles` shingles."""
    if pairs.is_empty():
        return []
    batch = pairs["shingles"].cum_sum() // settings.batch_shingles
    return (
        pairs.select(*PAIRS)
        .with_columns(batch.alias("_batch"))
        .partition_by("_batch", maintain_order=True, include_key=False)
    )


def verify(pairs: pl.DataFrame, texts: Sequence[Path], settings: DedupSettings) -> pl.DataFrame:
    """Return every pair VERIFIED, those under the threshold too: a < b, sorted.

    texts: the ingest tables of the parts, in the order of the signature files that gave the pairs.
    Equal sets, and only they, have 1.0: any other similarity is at most 0.9999.
    """
    giant = pl.col("shingles") > _LARGE
    few, giants = pairs.filter(~giant), pairs.filter(giant)
    found = [_small(few, texts, settings)] + [
        _giant(row, texts, settings) for row in giants.iter_rows(named=True)
    ]
    rounded = pl.col("jaccard").round(4).clip(upper_bound=0.9999)
    ends = pl.concat(found).with_columns(
        jaccard=pl.when(pl.col("jaccard") == 1.0).then(1.0).otherwise(rounded)
    )
    swapped = pl.col("a") > pl.col("b")
    ordered = ends.with_columns(
        pl.when(swapped).then("b").otherwise("a").alias("a"),
        pl.when(swapped).then("a").otherwise("b").alias("b"),
    )
    return ordered.cast(VERIFIED).sort("a", "b")


def _small(pairs: pl.DataFrame, texts: Sequence[Path], settings: DedupSettings) -> pl.DataFrame:
    from stages.dedup.jaccard import jaccard

    places = _places(pairs)
    ids, hashes, starts = _shingles(places, texts, settings)
    left, right = (_numbers(pairs, places, side) for side in "ab")
    values = np.empty(len(pairs), np.float64)
    jaccard(hashes, starts, left, right, values)
    return pl.DataFrame({"a": ids[left], "b": ids[right], "jaccard": values, "estimate": pairs["estimate"]})


def _giant(pair: dict, texts: Sequence[Path], settings: DedupSettings) -> pl.DataFrame:
    """Return the same for one pair of very large texts, which are never held in memory both."""
    from stages.dedup.giants import Giant, giant_jaccard

    ids, units = [], []
    for side in "ab":
        row = np.array([pair[f"row_{side}"]])
        group = next(_row_groups(texts[pair[f"file_{side}"]], row))
        ids.append(group["doc_id"])
        units.append(Giant(group["text"], settings))
        del group
    value = giant_jaccard(*units)
    return pl.DataFrame({"a": ids[0], "b": ids[1], "jaccard": [value], "estimate": [pair["estimate"]]})


def _places(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the documents of the pairs, once each, by (file, row)."""
    sides = [pairs.select(pl.col(f"file_{s}").alias("file"), pl.col(f"row_{s}").alias("row")) for s in "ab"]
    return pl.concat(sides).unique().sort("file", "row").with_row_index("number")


def _numbers(pairs: pl.DataFrame, places: pl.DataFrame, side: str) -> np.ndarray:
    on = [f"file_{side}", f"row_{side}"]
    place = pairs.select(pl.col(on[0]).alias("file"), pl.col(on[1]).alias("row"))
    joined = place.join(places, on=["file", "row"], how="left", maintain_order="left")
    return joined["number"].to_numpy().astype(np.int64)


def _shingles(
    places: pl.DataFrame, texts: Sequence[Path], settings: DedupSettings
) -> tuple[pl.Series, np.ndarray, np.ndarray]:
    """Return (doc_ids, hashes uint64, starts int64 [n + 1]) of the documents, by row groups of text."""
    ids, hashes, counts = [pl.Series(dtype=pl.Binary)], [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for (file,), rows in places.group_by("file", maintain_order=True):
        for group in _row_groups(texts[int(file)], rows["row"].to_numpy()):
            part, count = shingle_hashes(composed(group["text"]), settings)
            ids.append(group["doc_id"])
            hashes.append(part)
            counts.append(count)
    starts = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    whole = hashes[1] if len(hashes) == 2 else np.concatenate(hashes)
    return pl.concat(ids), whole, starts


def _row_groups(path: Path, rows: np.ndarray):
    """Yield (doc_id, text) of the wanted rows, ascending, reading only the row groups that hold them."""
    with pq.ParquetFile(path) as file:
        first = 0
        for g in range(file.num_row_groups):
            after = first + file.metadata.row_group(g).num_rows
            wanted = rows[(rows >= first) & (rows < after)]
            if len(wanted):
                table = file.read_row_group(g, columns=["doc_id", "text"], use_threads=False)
                yield pl.from_arrow(table.take(wanted - first))
            first = after


def shingle_hashes(texts: pl.Series, settings: DedupSettings) -> tuple[np.ndarray, np.ndarray]:
    """Return (uint64 shingle hashes of all texts, int64 count per text)."""
    return window_hashes(texts, window_lengths(settings))


def window_hashes(texts: pl.Series, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (uint64 hashes of all windows of units, int64 count per text); lengths as `window_lengths` gives them."""
    from stages.dedup.minhash import hash_texts

    data, offsets = buffers(texts)
    into, counts = np.empty(len(data) // 2 + 1, np.uint64), np.zeros(len(texts), np.int64)
    hash_texts(data, offsets, *folding(), lengths, into, counts)
    if counts.sum() > len(into):  # compatibility characters can unfold to more shingles than half their bytes
        into = np.empty(counts.sum(), np.uint64)
        hash_texts(data, offsets, *folding(), lengths, into, counts)
    return into[: counts.sum()], counts  # what is beyond was never touched and takes no memory
