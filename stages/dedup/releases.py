"""Documents at hand that were in an earlier release, kept or removed: found by signature, without its text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from stages.dedup.banding import band_slices, order
from stages.dedup.settings import DedupSettings
from stages.dedup.store import SignatureStore

EARLIER = {
    "doc_id": pl.Binary,  # at hand
    "earlier": pl.Binary,  # in the index
    "kind": pl.String,  # exact | near
    "estimate": pl.Float64,  # share of equal signature values, 4 decimals; 1.0 for exact
}
_CHUNK = 2_000_000


def earlier(
    signature_files: Sequence[Path],
    index_files: Sequence[Path],
    settings: DedupSettings,
    partition: int = 0,
    partitions: int = 1,
) -> pl.DataFrame:
    """Return the EARLIER matches of one partition, sorted; their union is the same for any number of partitions.

    index_files: SIGNATURES of earlier releases, made with the same method (compare `method(settings)`); hand in the
    rows that matter, such as documents removed on request. Their text may be gone, so similarity is the
    estimate of the signatures, with a standard error of sqrt(s (1 - s) / num_perm).
    """
    store = SignatureStore([*signature_files, *index_files], settings.num_perm)
    boundary = int(store.first[len(signature_files)])
    found = [_exact(store, boundary)] if partition == 0 else []
    found += [_near(store, *pairs) for pairs in _matches(store, boundary, settings, partition, partitions)]
    table = pl.concat([pl.DataFrame(schema=EARLIER), *found])
    best = table.sort("doc_id", "earlier", "kind").unique(["doc_id", "earlier"], keep="first")
    return best.sort("doc_id", "earlier")


def _exact(store: SignatureStore, boundary: int) -> pl.DataFrame:
    prefix, present = store.prefixes("exact")
    places = np.arange(len(store))
    shared = np.intersect1d(prefix[present & (places < boundary)], prefix[present & (places >= boundary)])
    suspects = np.flatnonzero(present & np.isin(prefix, shared))
    table = pl.DataFrame(
        {"n": suspects, "doc_id": store.values("doc_id", suspects), "exact": store.values("exact", suspects)}
    )
    old = table.filter(pl.col("n") >= boundary).select("exact", pl.col("doc_id").alias("earlier"))
    joined = table.filter(pl.col("n") < boundary).join(old, on="exact")
    return joined.select("doc_id", "earlier", kind=pl.lit("exact"), estimate=pl.lit(1.0))


def _matches(
    store: SignatureStore, boundary: int, settings: DedupSettings, partition: int, partitions: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (pairs of document numbers, estimates) at or over the threshold, slice by slice."""
    from stages.dedup.bridges import bridge_pairs
    from stages.dedup.buckets import matches, sort_keys

    by_id = order(store, np.zeros(0, np.int64))
    least = math.ceil(settings.threshold * settings.num_perm - 1e-9)
    for keys, taken in band_slices(store, settings, by_id, partition, partitions):
        chosen = np.flatnonzero(taken)
        ordered = sort_keys(keys[chosen], chosen.astype(np.uint32))
        start = 0
        while start < len(chosen):
            ranks, start = bridge_pairs(*ordered, by_id >= boundary, start, settings.hot_band_size, _CHUNK)
            pairs = by_id[ranks]
            wanted, where = np.unique(pairs, return_inverse=True)
            where = where.reshape(pairs.shape)
            equal = np.empty(len(pairs), np.int64)
            matches(store.take(wanted), where[:, 0].copy(), where[:, 1].copy(), equal)
            yield pairs[equal >= least], equal[equal >= least] / settings.num_perm


def _near(store: SignatureStore, pairs: np.ndarray, estimates: np.ndarray) -> pl.DataFrame:
    places, where = np.unique(pairs, return_inverse=True)
    ids = store.values("doc_id", places)
    where = where.reshape(pairs.shape)
    table = {"doc_id": ids.gather(where[:, 0]), "earlier": ids.gather(where[:, 1]), "kind": "near"}
    return pl.DataFrame(table | {"estimate": np.round(estimates, 4)}, schema=EARLIER)
