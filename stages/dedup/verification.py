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

_LARGE = 8_000_000  # shingles of a pair; up to here its hash table has 200 MB

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
    from stages.dedup.jaccard import jaccard

    places = _places(pairs)
    ids, hashes, starts = _shingles(places, texts, settings)
    left, right = (_numbers(pairs, places, side) for side in "ab")
    values = np.empty(len(pairs), np.float64)
    sizes = np.diff(starts)
    large = sizes[left] + sizes[right] > _LARGE
    small_values = np.empty(int((~large).sum()), np.float64)
    jaccard(hashes, starts, left[~large], right[~large], small_values)
    values[~large] = small_values
    for i in np.flatnonzero(large):
        values[i] = _sorted_jaccard(*(hashes[starts[d] : starts[d + 1]] for d in (left[i], right[i])))
    rounded = np.where(values == 1.0, 1.0, np.minimum(np.round(values, 4), 0.9999))
    ends = pl.DataFrame({"a": ids[left], "b": ids[right], "jaccard": rounded, "estimate": pairs["estimate"]})
    swapped = pl.col("a") > pl.col("b")
    ordered = ends.with_columns(
        pl.when(swapped).then("b").otherwise("a").alias("a"),
        pl.when(swapped).then("a").otherwise("b").alias("b"),
    )
    return ordered.cast(VERIFIED).sort("a", "b")


def _sorted_jaccard(left: np.ndarray, right: np.ndarray) -> float:
    """Return the Jaccard similarity of two very large texts: a hash table for them would take gigabytes."""
    left, right = np.unique(left), np.unique(right)
    place = np.searchsorted(left, right)
    place[place == len(left)] = 0
    both = np.count_nonzero(left[place] == right)
    return both / (len(left) + len(right) - both)


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
