"""Phase 2: documents with the same normalised text, as a star around the smallest document id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from stages.dedup.settings import DedupSettings
from stages.dedup.store import SignatureStore

MEMBERS = {"document": pl.Int64, "a": pl.Binary, "b": pl.Binary}  # b, at place `document`, repeats a
_TWINS = {"document": pl.Int64, "exact": pl.Binary, "b": pl.Binary}


def exact(signature_files: Sequence[Path], settings: DedupSettings) -> pl.DataFrame:
    """Return the MEMBERS: every document that repeats a smaller document id's text, sorted by place.

    Memory: 25 bytes per document, and the two digests of the documents that do have a twin.
    """
    store = SignatureStore(signature_files, settings.num_perm)
    prefix, present = store.prefixes("exact")
    suspects = _repeated(prefix, present)
    parts = [_read(store, f, suspects) for f in range(len(store.files))]
    twins = pl.concat([pl.DataFrame(schema=_TWINS), *parts])
    twins = twins.with_columns(pl.col("b").min().over("exact").alias("a"))
    return twins.filter(pl.col("a") != pl.col("b")).sort("document").select(*MEMBERS)


def _repeated(prefix: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return the ascending numbers of documents whose prefix occurs more than once."""
    places = np.flatnonzero(present)
    order = places[np.argsort(prefix[places], kind="stable")]
    ordered = prefix[order]
    twin = np.zeros(len(order), bool)
    twin[:-1] |= ordered[1:] == ordered[:-1]
    twin[1:] |= ordered[1:] == ordered[:-1]
    return np.sort(order[twin])


def _read(store: SignatureStore, file: int, suspects: np.ndarray) -> pl.DataFrame:
    low, high = np.searchsorted(suspects, store.first[file : file + 2])
    rows = suspects[low:high] - store.first[file]
    if not len(rows):
        return pl.DataFrame(schema=_TWINS)
    table = pl.read_parquet(store.files[file], columns=["exact", "doc_id"], glob=False)[rows]
    return pl.DataFrame(
        {"document": pl.Series(suspects[low:high]), "exact": table["exact"], "b": table["doc_id"]}
    )
