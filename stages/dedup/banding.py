"""Phase 3: pairs that share a band, one partition of the bands at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from stages.dedup.parameters import bands_rows, least_matches
from stages.dedup.repeats import exact
from stages.dedup.settings import DedupSettings
from stages.dedup.store import SignatureStore

PAIRS = {
    "file_a": pl.UInt32,  # place of the smaller document id: which table, which row
    "row_a": pl.UInt32,
    "file_b": pl.UInt32,
    "row_b": pl.UInt32,
    "estimate": pl.Float64,  # share of equal signature values, 4 decimals
    "bands": pl.UInt16,  # bands in which the two signatures are equal
    "shingles": pl.UInt64,  # of both documents: what verification must hold
}
_KEY = ["file_a", "row_a", "file_b", "row_b"]
_CHUNK = 2_000_000  # pairs estimated at a time


def partitions(signature_files: Sequence[Path], settings: DedupSettings) -> int:
    """Return how many partitions the candidate search takes: the number set, else by `partition_keys`."""
    if settings.partitions:
        return settings.partitions
    documents = len(SignatureStore(signature_files, settings.num_perm))
    return max(1, -(-documents * bands_rows(settings)[0] // settings.partition_keys))


def candidates(
    signature_files: Sequence[Path],
    settings: DedupSettings,
    partition: int,
    partitions: int,
    members: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the PAIRS of one partition, sorted; the union over all partitions is the same for any number.

    members: the answer of `exact`, whose documents are left to their representative; None computes it.
    Documents are compared by the order of their ids, so the order of the files changes places, not pairs.
    """
    store = SignatureStore(signature_files, settings.num_perm)
    members = exact(signature_files, settings) if members is None else members
    by_id = order(store, members["document"].to_numpy())
    found, pending, waiting = [], [], 0
    for codes in _codes(band_slices(store, settings, by_id, partition, partitions), len(by_id), settings):
        pending.append(codes)
        waiting += len(codes)
        if waiting >= _CHUNK:
            found.append(_estimated(store, by_id, pending, settings))
            pending, waiting = [], 0
    found.append(_estimated(store, by_id, pending, settings))
    return merge_pairs([_table(store, *pairs) for pairs in found])


def merge_pairs(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return the union of PAIRS tables without repetition, sorted by place."""
    return pl.concat([pl.DataFrame(schema=PAIRS), *tables]).unique(_KEY, keep="any").sort(_KEY)


def order(store: SignatureStore, members: np.ndarray) -> np.ndarray:
    """Return the numbers of the documents to compare, in the order of their ids."""
    compared = np.zeros(len(store), bool)
    for f in range(len(store.files)):
        signed = store.column("signature", f).is_not_null().to_numpy()
        compared[store.first[f] : store.first[f + 1]] = signed
    compared[members] = False
    prefix, _ = store.prefixes("doc_id")
    chosen = np.flatnonzero(compared)
    return chosen[np.argsort(prefix[chosen], kind="stable")]


def band_slices(
    store: SignatureStore, settings: DedupSettings, by_id: np.ndarray, partition: int, partitions: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (keys, taken) in the order of by_id for each slice of a band that falls to this partition."""
    bands, rows = bands_rows(settings)
    slices = -(-partitions // bands)
    mine = [unit for unit in range(bands * slices) if unit % partitions == partition]
    needed = sorted({unit // slices for unit in mine})
    keys = _keys(store, needed, rows, by_id)
    for unit in mine:
        band, part = divmod(unit, slices)
        values = keys[needed.index(band)]
        yield values, (values >> np.uint64(40)) * np.uint64(slices) >> np.uint64(24) == part


def _keys(store: SignatureStore, bands: list[int], rows: int, by_id: np.ndarray) -> np.ndarray:
    """Return uint64 [bands, documents]: keys of the bands, documents in the order of by_id."""
    from stages.dedup.buckets import band_keys

    rank = np.full(len(store), -1, np.int64)
    rank[by_id] = np.arange(len(by_id))
    keys = np.empty((len(bands), len(by_id)), np.uint64)
    for f in range(len(store.files)):
        matrix, places = store.matrix(f)
        to = rank[store.first[f] + places]
        part = np.empty(len(places), np.uint64)
        for n, band in enumerate(bands):
            band_keys(matrix, band, rows, part)
            keys[n, to[to >= 0]] = part[to >= 0]
    return keys


def _codes(
    slices: Iterable[tuple[np.ndarray, np.ndarray]], size: int, settings: DedupSettings
) -> Iterator[np.ndarray]:
    """Yield pairs in equal buckets as uint64: rank of the smaller id times size, plus the other rank."""
    from stages.dedup.buckets import bucket_pairs, sort_keys

    for keys, taken in slices:
        chosen, start = np.flatnonzero(taken), 0
        ordered = sort_keys(keys[chosen], chosen.astype(np.uint32))
        while start < len(chosen):
            ranks, start = bucket_pairs(*ordered, start, settings.hot_band_size, _CHUNK)
            yield ranks[:, 0].astype(np.uint64) * np.uint64(size) + ranks[:, 1].astype(np.uint64)


def _estimated(
    store: SignatureStore, by_id: np.ndarray, codes: list[np.ndarray], settings: DedupSettings
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (pairs of document numbers, equal values, equal bands) where the estimate allows it.

    A pair that shares many bands is looked at once, and the signatures of all pairs are read in one go.
    """
    from stages.dedup.buckets import equal_bands, matches

    distinct = np.unique(np.concatenate([np.zeros(0, np.uint64), *codes]))
    pairs = by_id[np.stack(np.divmod(distinct, np.uint64(max(1, len(by_id)))), axis=1).astype(np.int64)]
    wanted, where = np.unique(pairs, return_inverse=True)
    where = where.reshape(pairs.shape)
    equal, signatures = np.empty(len(pairs), np.int64), store.take(wanted)
    matches(signatures, where[:, 0].copy(), where[:, 1].copy(), equal)
    allowed = equal >= least_matches(settings)
    left, right = where[allowed, 0].copy(), where[allowed, 1].copy()
    shared = np.empty(len(left), np.int64)
    equal_bands(signatures, left, right, *bands_rows(settings), shared)
    return pairs[allowed], equal[allowed], shared


def _table(store: SignatureStore, pairs: np.ndarray, equal: np.ndarray, shared: np.ndarray) -> pl.DataFrame:
    files = np.searchsorted(store.first, pairs, side="right") - 1
    rows = pairs - store.first[files]
    shingles = store.shingles[pairs].sum(axis=1) if len(pairs) else np.zeros(0)
    columns = [files[:, 0], rows[:, 0], files[:, 1], rows[:, 1], equal / store.num_perm, shared]
    columns.append(shingles)
    table = pl.DataFrame(dict(zip(PAIRS, columns, strict=True))).cast(PAIRS)
    return table.with_columns(pl.col("estimate").round(4))
