"""Phase 1: one row per document with its exact group, its number of shingles and its MinHash signature."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
import polars as pl
import pyarrow as pa

from stages.dedup.scripts import folding, uncomposed
from stages.dedup.settings import DedupSettings

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
    nfc = composed(texts["text"])
    exact = _exact(nfc, texts["text"], texts["text_sha256"])
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
    """Return (a, b), uint32 [num_perm] each: datasketch's affine32 permutations for the seed."""
    from datasketch import MinHash

    a, b = MinHash(num_perm=settings.num_perm, seed=settings.seed, scheme="affine32").permutations
    return np.ascontiguousarray(a, np.uint32), np.ascontiguousarray(b, np.uint32)


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
    from stages.dedup.whitespace import fold_spaces, same_bytes

    data, offsets = buffers(texts)
    out = np.empty_like(data)
    ends = np.empty(len(texts), np.int64)
    same = np.zeros(len(texts), np.bool_)
    fold_spaces(data, offsets, out, ends)
    same_bytes(data, out, offsets, ends, same)
    same &= (texts == originals).to_numpy()
    view, given = memoryview(out), digests.to_list()
    spans = zip(offsets[:-1].tolist(), ends.tolist(), same.tolist(), given, strict=True)
    # sha256 comes one text at a time; texts that are in normal form have theirs from ingest
    return pl.Series(
        [known if equal else hashlib.sha256(view[start:end]).digest() for start, end, equal, known in spans],
        dtype=pl.Binary,
    )


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
