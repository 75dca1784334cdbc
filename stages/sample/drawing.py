"""Seeded draws by bottom-k of a keyed hash of the document id: a changed corpus keeps most of its draws."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from stages.sample.settings import SampleSettings

DRAW_COLUMNS = ("draw", "stratum", "rank", "doc_id", "source", "part", "row", "text_sha256")


def keyed(doc_ids: pl.Series, seed: int, label: str) -> np.ndarray:
    """Return one uint64 per document id (32 uniform bytes), a different permutation for each (seed, label)."""
    return mixed(heads(doc_ids), seed, label)


def heads(doc_ids: pl.Series) -> np.ndarray:
    """Return the first 8 bytes of each document id as a uint64, little-endian."""
    return np.frombuffer(b"".join(doc_ids.bin.slice(0, 8).to_list()), dtype="<u8")


def mixed(head: np.ndarray, seed: int, label: str) -> np.ndarray:
    """Return the keys of document ids from their `heads`.

    The finaliser is that of SplitMix64 (Steele, Lea, Flood 2014) over the id's first 8 bytes and the key.
    """
    key = np.uint64(int.from_bytes(hashlib.sha256(f"{seed}\x00{label}".encode()).digest()[:8], "little"))
    z = (head ^ key) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def bottom(frame: pl.DataFrame, draw: str, stratum: str, n: int, seed: int) -> pl.DataFrame:
    """Return the `n` rows of `frame` with the smallest keys, ranked; all rows where there are fewer."""
    if frame.is_empty():
        return _empty(frame)
    ranked = (
        frame.with_columns(key=pl.Series(keyed(frame["doc_id"], seed, f"{draw}\x00{stratum}")))
        .sort("key", "doc_id")
        .head(n)
        .with_row_index("rank")
        .with_columns(draw=pl.lit(draw), stratum=pl.lit(stratum), rank=pl.col("rank").cast(pl.UInt32))
    )
    return ranked.select(DRAW_COLUMNS)


def draw(frame: pl.DataFrame, settings: SampleSettings) -> pl.DataFrame:
    """Return every draw from `frame`: doc_id, source, part, row, text_sha256, disposition (without reviews).

    Probes come from all readable documents of a source, the audit from what the policy would publish (`stratified`
    by source), the quarantine queue from what it would quarantine.
    """
    readable = frame.filter(pl.col("disposition") != "unreadable")
    held = readable.filter(pl.col("disposition") == "quarantined")
    seed = settings.seed
    draws = [
        bottom(readable.filter(pl.col("source") == s), "probe", s, settings.probe, seed)
        for s in readable["source"].unique().sort()
    ]
    draws.append(stratified(publishable(frame), "audit", settings.audit, seed))
    draws.append(bottom(held, "quarantine", "*", settings.quarantine, seed))
    return pl.concat(draws)


def publishable(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that the policy alone would publish: the audit's frame."""
    return frame.filter(pl.col("disposition").is_in(["kept", "redacted"]))


def allocate(sizes: Sequence[int], n: int) -> list[int]:
    """Return how many of `n` to draw from each stratum: in proportion to its size, at least 1 where `n` has that many.

    Largest remainders (Hamilton); a first one for a small stratum is taken from those furthest above their share.
    Sums to min(n, sum of sizes), never more than a stratum holds; an empty stratum gives none.
    """
    size, total = np.array(sizes, dtype=object), sum(sizes)  # exact whole numbers of any length
    n = min(n, total)
    if n <= 0:
        return [0] * len(sizes)
    exact = size * n
    found = exact // total
    left = sorted(range(len(sizes)), key=lambda i: (-(exact[i] % total), i))[: n - int(found.sum())]
    found[left] += 1
    filled = size > 0
    if int(filled.sum()) <= n:
        found[filled & (found == 0)] = 1
        while over := int(found.sum()) - n:
            spare = sorted(np.flatnonzero(found > 1), key=lambda i: (exact[i] - found[i] * total, i))
            found[spare[:over]] -= 1
    return [int(k) for k in found]


def stratified(frame: pl.DataFrame, draw: str, n: int, seed: int) -> pl.DataFrame:
    """Return `n` rows of `frame`, shared out over its sources by `allocate`, the smallest keys of each source.

    The stratum is the source. Ranks follow the keys over all sources, so that a reader meets them mixed. A document has
    one key whatever its source: most of a draw made before stratification, or with other sources, stays in it.
    """
    counts = frame.group_by("source").len().sort("source")
    shares = allocate(counts["len"].to_list(), n)
    if not any(shares):
        return _empty(frame)
    key = pl.Series("key", keyed(frame["doc_id"], seed, f"{draw}\x00*"))
    most = pl.col("source").replace_strict(counts["source"], shares, return_dtype=pl.UInt32)
    ranked = frame.with_columns(key).sort("key", "doc_id")
    chosen = ranked.filter(pl.int_range(pl.len()).over("source") < most).drop("rank", strict=False)
    named = chosen.with_row_index("rank").with_columns(draw=pl.lit(draw), stratum=pl.col("source"))
    return named.select(DRAW_COLUMNS)


def strata(frame: pl.DataFrame, drawn: pl.DataFrame) -> list[dict[str, Any]]:
    """Return {source, docs, drawn} of every stratum of a draw, in order of source."""
    taken = drawn.group_by("source").agg(drawn=pl.len())
    counts = frame.group_by("source").agg(docs=pl.len()).join(taken, on="source", how="left")
    return counts.with_columns(pl.col("drawn").fill_null(0)).sort("source").to_dicts()


def frame_digest(frame: pl.DataFrame) -> str:
    """Return sha256 over the sorted document ids of a sampling frame, so that an assessor can redraw."""
    return hashlib.sha256(b"".join(frame["doc_id"].sort().to_list())).hexdigest()


def _empty(frame: pl.DataFrame) -> pl.DataFrame:
    return (
        frame.clear()
        .with_columns(draw=pl.lit("", pl.String), stratum=pl.lit("", pl.String), rank=pl.lit(0, pl.UInt32))
        .select(DRAW_COLUMNS)
    )
