"""Overlap with test sets: which documents hold n-grams of a benchmark that a model will be measured on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from stages.dedup.settings import DedupSettings
from stages.dedup.signing import composed
from stages.dedup.verification import window_hashes

INDEX = {"hash": pl.UInt64, "set": pl.String}
OVERLAP = {"row": pl.UInt32, "test_sets": pl.List(pl.String), "test_ngrams": pl.UInt32}


def index_test_sets(sets: Mapping[str, pl.Series], settings: DedupSettings) -> pl.DataFrame:
    """Return the INDEX of the n-grams of test sets, by name of the set; sorted.

    An item shorter than one n-gram is left out: it would be found in texts that merely hold the same phrase.
    """
    found = [pl.DataFrame(schema=INDEX)]
    for name, texts in sorted(sets.items()):
        hashes, counts = ngrams(texts.drop_nulls(), settings)
        whole = np.repeat(counts > 1, counts)  # one window alone may be cut short
        found.append(
            pl.DataFrame({"hash": hashes[whole]}, schema={"hash": pl.UInt64}).with_columns(set=pl.lit(name))
        )
    return pl.concat(found).unique().sort("hash", "set")


def overlap(docs: pl.DataFrame, index: pl.DataFrame, settings: DedupSettings) -> pl.DataFrame:
    """Return OVERLAP: documents that share n-grams with a test set, the sets' names, and how many n-grams; by row."""
    texts = docs.select("row", "text").drop_nulls("text")
    hashes, counts = ngrams(texts["text"], settings)
    known = index["hash"].unique().sort().to_numpy()
    place = np.searchsorted(known, hashes)
    hit = np.zeros(len(hashes), bool)
    inside = place < len(known)
    hit[inside] = known[place[inside]] == hashes[inside]
    rows = np.repeat(texts["row"].to_numpy(), counts)
    held = pl.DataFrame(
        {"row": rows[hit], "hash": hashes[hit]}, schema={"row": pl.UInt32, "hash": pl.UInt64}
    ).unique()
    named = held.join(index, on="hash")
    table = named.group_by("row").agg(
        test_sets=pl.col("set").unique().sort(), test_ngrams=pl.col("hash").n_unique()
    )
    return table.sort("row").cast(OVERLAP)


def ngrams(texts: pl.Series, settings: DedupSettings) -> tuple[np.ndarray, np.ndarray]:
    """Return (uint64 hashes of the n-grams of all texts, int64 count per text); folded and cut as shingles are."""
    lengths = np.array([settings.test_word_ngram, settings.test_char_ngram], np.int64)
    return window_hashes(composed(texts), lengths)
