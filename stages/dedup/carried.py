"""What an earlier run verified and this one need not: the similarity of two texts depends on the two texts alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from stages.dedup.banding import PAIRS
from stages.dedup.verification import VERIFIED

CARRIED = {
    "x": pl.Binary,
    "y": pl.Binary,
    "jaccard": pl.Float64,
}  # x < y: first 16 bytes of the texts' `exact`
_DIGEST = 16
NAMED = PAIRS | {"a": pl.Binary, "b": pl.Binary, "x": pl.Binary, "y": pl.Binary}


def named(pairs: pl.DataFrame, signature_files: Sequence[Path]) -> pl.DataFrame:
    """Return the PAIRS with the ids a < b of their documents and the digests x < y of their texts (NAMED)."""
    sides = [pairs.select(pl.col(f"file_{s}").alias("file"), pl.col(f"row_{s}").alias("row")) for s in "ab"]
    places = pl.concat(sides).unique().sort("file", "row")
    read = [pl.DataFrame(schema={"file": pl.UInt32, "row": pl.UInt32, "id": pl.Binary, "exact": pl.Binary})]
    for (file,), rows in places.group_by("file", maintain_order=True):
        table = pl.DataFrame(
            pl.from_arrow(pq.read_table(signature_files[int(file)], columns=["doc_id", "exact"]))
        )
        taken = table[rows["row"]].select(id="doc_id", exact=pl.col("exact").bin.slice(0, _DIGEST))
        read.append(pl.concat([rows, taken.cast(pl.Binary)], how="horizontal"))
    known = pl.concat(read)
    out = pairs.select(*PAIRS)
    for s in "ab":
        side = known.rename({"file": f"file_{s}", "row": f"row_{s}", "id": f"id_{s}", "exact": f"exact_{s}"})
        out = out.join(side, on=[f"file_{s}", f"row_{s}"], how="left", maintain_order="left")
    ids, digests = ("id_a", "id_b"), ("exact_a", "exact_b")
    return out.with_columns(
        a=_lesser(*ids), b=_greater(*ids), x=_lesser(*digests), y=_greater(*digests)
    ).select(pl.col(n).cast(k) for n, k in NAMED.items())


def split(pairs: pl.DataFrame, carried: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (NAMED pairs to verify, VERIFIED of those that are known), the first in their order."""
    joined = pairs.join(carried, on=["x", "y"], how="left", maintain_order="left")
    known = joined.filter(pl.col("jaccard").is_not_null())
    return joined.filter(pl.col("jaccard").is_null()).select(*NAMED), known.select(*VERIFIED).sort("a", "b")


def carry(pairs: pl.DataFrame, verified: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return the CARRIED of a run: every NAMED pair with what was verified of it, whether now or before; sorted."""
    values = pl.concat([pl.DataFrame(schema=VERIFIED), *verified]).select("a", "b", "jaccard")
    joined = pairs.select("a", "b", "x", "y").join(values.unique(["a", "b"]), on=["a", "b"])
    return joined.select(*CARRIED).unique(["x", "y"], keep="any").sort("x", "y")


def _lesser(one: str, other: str) -> pl.Expr:
    return pl.when(pl.col(one) < pl.col(other)).then(one).otherwise(other)


def _greater(one: str, other: str) -> pl.Expr:
    return pl.when(pl.col(one) < pl.col(other)).then(other).otherwise(one)
