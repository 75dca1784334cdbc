"""Phase 1: one row per document with its exact group, its number of shingles and its MinHash signature."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from itertools import pairwise

import numpy as np
import polars as pl
import pyarrow as pa

from stages.dedup.scripts import folding, uncomposed
from stages.dedup.settings import DedupSettings

_RUN = 2**20  # bytes of text normalised between two looks at the hasher: a part of the second cache

SIGNATURES = {
    "row": pl.UInt32,
    "doc_id": pl.Binary,
    "exact": pl.Binary,  # sha256 of the text under `exact@1`; null when unreadable
    "shingles": pl.UInt32,  # windows, repetitions included; 0 when there is none or the text is unreadable
    "signature": pl.Binary,  # little-endian uint32 [num_perm]; null without shingles
}


def sign(docs: pl.DataFrame, settings: DedupSettings) -> pl.DataFrame:
    """Return the SIGNATURES of one part's documents, in their order; each distinct text is worked on once."""
    texts = docs.select("text_sha256", "text").filter(pl.col("text").is_not_null())
    texts = texts.unique("text_sha256", keep="first", maintain_order=True)
    given = texts["text"]
    nfc = composed(given)
    exact = _exact(nfc, given, texts["text_sha256"])
    counts, signatures = _signatures(nfc, settings)
    signed = pl.DataFrame(
        {"text_sha256": texts["text_sha256"], "exact": exact, "shingles": counts, "signature": signatures}
    )
    readable = pl.when(pl.col("text").is_not_null()).then(pl.col("text_sha256"))
    joined = docs.select("row", "doc_id", readable.alias("text_sha256")).join(
        signed, on="text_sha256", how="left", maintain_order="left"
    )
    return joined.with_columns(pl.col("shingles").fill_null(0)).select(
        pl.col(name).cast(kind) for name, kind in SIGNATURES.items()
    )


@lru_cache(maxsize=8)
def permutations(settings: DedupSettings) -> tuple[np.ndarray, np.ndarray]:
    """Return (a, b), uint32 [num_perm] each: datasketch's affine32 permutations for the seed.

    Drawn as datasketch draws them, a odd; its import would cost half a second a worker.
    """
    draw, n = np.random.RandomState(settings.seed), settings.num_perm
    a = draw.randint(0, 2**31, n, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return a, draw.randint(0, 2**32, n, dtype=np.uint32)


def window_lengths(settings: DedupSettings) -> np.ndarray:
    """Return int64 [2]: units in a window that begins with a word, with a character."""
    return np.array([settings.word_ngram, settings.char_ngram], np.int64)


def buffers(texts: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return (uint8 bytes, int64 offsets [n + 1]) of a column of texts without nulls."""
    arrow = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    arrow = arrow if arrow.type == pa.large_string() else arrow.cast(pa.large_string())
    _, offsets, data = arrow.buffers()
    if not offsets or not data:
        return np.zeros(0, np.uint8), np.zeros(len(arrow) + 1, np.int64)
    return np.frombuffer(data, np.uint8), np.frombuffer(offsets, np.int64, len(arrow) + 1, arrow.offset * 8)


def composed(texts: pl.Series) -> pl.Series:
    """Return the texts in Unicode form NFC; a look at the code points clears most of them."""
    from stages.dedup.whitespace import doubtful

    suspects = np.zeros(len(texts), np.bool_)
    doubtful(*buffers(texts), uncomposed(), suspects)
    if not suspects.any():
        return texts
    rows = np.flatnonzero(suspects)
    return texts.clone().scatter(rows, texts.gather(rows).str.normalize("NFC"))


def _exact(texts: pl.Series, originals: pl.Series, digests: pl.Series) -> pl.Series:
    """Return sha256 of each text under `exact@1`, in runs of texts whose bytes stay in the cache between the steps."""
    data, offsets = buffers(texts)
    as_given = np.ones(len(texts), np.bool_) if texts is originals else (texts == originals).to_numpy()
    cuts = np.searchsorted(offsets, np.arange(0, int(offsets[-1]) + 1, _RUN), side="left")
    cuts = np.unique(np.concatenate([cuts, [0, len(texts)]]))
    longest = max((int(offsets[b] - offsets[a]) for a, b in pairwise(cuts)), default=0)
    out, given, found = np.empty(longest, np.uint8), digests.to_list(), []
    for first, after in pairwise(cuts.tolist()):
        start = int(offsets[first])
        run = data[start : int(offsets[after])], offsets[first : after + 1] - start
        found += _digests(*run, out, as_given[first:after], given[first:after])
    return pl.Series(found, dtype=pl.Binary)


def _digests(
    data: np.ndarray, offsets: np.ndarray, out: np.ndarray, as_given: np.ndarray, given: list
) -> list:
    from stages.dedup.whitespace import fold_spaces, same_bytes

    ends, same = np.empty(len(given), np.int64), np.zeros(len(given), np.bool_)
    fold_spaces(data, offsets, out, ends)
    same_bytes(data, out, offsets, ends, same)
    view, sha256 = memoryview(out), hashlib.sha256
    spans = zip(offsets[:-1].tolist(), ends.tolist(), (same & as_given).tolist(), given, strict=True)
    # sha256 comes one text at a time; texts that are in normal form have theirs from ingest
    return [known if equal else sha256(view[start:end]).digest() for start, end, equal, known in spans]


def _signatures(texts: pl.Series, settings: DedupSettings) -> tuple[pl.Series, pl.Series]:
    from stages.dedup.minhash import sign_texts

    data, offsets = buffers(texts)
    table, expansions = folding()
    a, b = permutations(settings)
    matrix = np.full((len(texts), settings.num_perm), np.uint32(0xFFFFFFFF))
    counts = np.zeros(len(texts), np.int64)
    sign_texts(data, offsets, table, expansions, window_lengths(settings), a, b, matrix, counts)
    return pl.Series(counts.astype(np.uint32)), _binary(matrix, counts > 0)


def _binary(matrix: np.ndarray, present: np.ndarray) -> pl.Series:
    """Return one binary value per row of the matrix, null where not present."""
    offsets = np.arange(len(matrix) + 1, dtype=np.int64) * (matrix.shape[1] * 4)
    values = [None, pa.py_buffer(offsets), pa.py_buffer(matrix.astype("<u4", copy=False))]
    column = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(matrix), values)
    return pl.select(pl.when(pl.Series(present)).then(pl.Series(column, dtype=pl.Binary))).to_series()
