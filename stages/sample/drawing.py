"""Seeded draws by bottom-k of a keyed hash of the document id: a changed corpus keeps most of its draws."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl

from stages.sample.settings import SampleSettings

DRAW_COLUMNS = ("draw", "stratum", "rank", "doc_id", "source", "part", "row", "text_sha256")


def keyed(doc_ids: pl.Series, seed: int, label: str) -> np.ndarray:
    """Return one uint64 per document id (32 uniform bytes), a different permutation for each (seed, label).

    The finaliser is that of SplitMix64 (Steele, Lea, Flood 2014) over the id's first 8 bytes and the key.
    """
    key = np.uint64(int.from_bytes(hashlib.sha256(f"{seed}\x00{label}".encode()).digest()[:8], "little"))
    head = np.frombuffer(b"".join(doc_ids.bin.slice(0, 8).to_list()), dtype="<u8")
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

    Probes come from all readable documents of a source, the audit from what the policy would publish,
    the quarantine queue from what it would quarantine.
    """
    readable = frame.filter(pl.col("disposition") != "unreadable")
    kept = readable.filter(pl.col("disposition").is_in(["kept", "redacted"]))
    held = readable.filter(pl.col("disposition") == "quarantined")
    seed = settings.seed
    draws = [
        bottom(readable.filter(pl.col("source") == s), "probe", s, settings.probe, seed)
        for s in readable["source"].unique().sort()
    ]
    draws.append(bottom(kept, "audit", "*", settings.audit, seed))
    draws.append(bottom(held, "quarantine", "*", settings.quarantine, seed))
    return pl.concat(draws)


def frame_digest(frame: pl.DataFrame) -> str:
    """Return sha256 over the sorted document ids of a sampling frame, so that an assessor can redraw."""
    return hashlib.sha256(b"".join(frame["doc_id"].sort().to_list())).hexdigest()


def _empty(frame: pl.DataFrame) -> pl.DataFrame:
    return (
        frame.clear()
        .with_columns(draw=pl.lit("", pl.String), stratum=pl.lit("", pl.String), rank=pl.lit(0, pl.UInt32))
        .select(DRAW_COLUMNS)
    )
