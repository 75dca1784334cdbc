"""Lines and paragraphs that many documents share: menus, notices, licence headers; exact, by hash, evidence only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from stages.dedup.settings import DedupSettings
from stages.dedup.signing import buffers

LINES = {
    "row": pl.UInt32,
    "kind": pl.UInt8,  # 0 a line, 1 a paragraph
    "hash": pl.UInt64,  # of the folded text; one entry a document
    "chars": pl.UInt32,  # of all its occurrences in the document
    "total": pl.UInt32,  # characters of the document in lines or paragraphs of any length
}
SHARES = {"row": pl.UInt32, "repeated_lines": pl.Float64, "repeated_paragraphs": pl.Float64}
_CUTS = (r"\n", r"\n\n")


def pieces(docs: pl.DataFrame, settings: DedupSettings) -> pl.DataFrame:
    """Return the LINES of one part: every line and paragraph of `repeat_chars` characters and more, by hash.

    A paragraph ends at an empty line. White space at either end does not count, runs of it inside count as one space.
    """
    texts = docs.select("row", "text").drop_nulls("text")
    spaced = texts.with_columns(pl.col("text").str.replace_all(r"\n[^\S\n]*\n\s*", "\n\n"))
    found = [_pieces(spaced, kind, cut, settings) for kind, cut in enumerate(_CUTS)]
    return pl.concat([pl.DataFrame(schema=LINES), *found]).sort("row", "kind", "hash")


def _pieces(texts: pl.DataFrame, kind: int, cut: str, settings: DedupSettings) -> pl.DataFrame:
    split = texts.select("row", pl.col("text").str.split(cut.encode().decode("unicode_escape"))).explode(
        "text"
    )
    folded = split.with_columns(pl.col("text").str.replace_all(r"\s+", " ").str.strip_chars())
    sized = folded.with_columns(chars=pl.col("text").str.len_chars())
    sized = sized.with_columns(total=pl.col("chars").sum().over("row"))
    long = sized.filter(pl.col("chars") >= settings.repeat_chars)
    hashed = long.select("row", "chars", "total", hash=piece_hashes(long["text"]))
    once = hashed.group_by("row", "hash").agg(pl.col("chars").sum(), pl.col("total").first())
    return once.with_columns(kind=pl.lit(kind)).select(*LINES).cast(LINES)


def piece_hashes(texts: pl.Series) -> pl.Series:
    """Return a 64-bit hash of each text's bytes."""
    from stages.dedup.minhash import hash_bytes

    out = np.empty(len(texts), np.uint64)
    hash_bytes(*buffers(texts), out)
    return pl.Series(out)


def repeated(
    files: Sequence[Path], settings: DedupSettings, partition: int = 0, partitions: int = 1
) -> pl.DataFrame:
    """Return (kind, hash) of the pieces that `repeat_documents` documents and more hold, sorted; by hash range."""
    mine = (pl.col("hash") % partitions) == partition
    tables = [pl.read_parquet(f, columns=["kind", "hash"], glob=False).filter(mine) for f in files]
    entries = pl.concat([pl.DataFrame(schema={n: LINES[n] for n in ("kind", "hash")}), *tables])
    many = entries.group_by("kind", "hash").len().filter(pl.col("len") >= settings.repeat_documents)
    return many.select("kind", "hash").sort("kind", "hash")


def shares(lines: pl.DataFrame, shared: pl.DataFrame) -> pl.DataFrame:
    """Return SHARES: of each document that holds repeated pieces, the share of its characters in them; by row.

    lines: the LINES of a part; shared: the answers of `repeated`.
    """
    held = lines.join(shared, on=["kind", "hash"], how="semi")
    sums = held.group_by("row", "kind").agg(share=(pl.col("chars").sum() / pl.col("total").first()).round(4))
    columns = [
        pl.col("share").filter(pl.col("kind") == kind).first().fill_null(0.0).alias(name)
        for kind, name in enumerate(("repeated_lines", "repeated_paragraphs"))
    ]
    return sums.group_by("row").agg(columns).sort("row").cast(SHARES)
