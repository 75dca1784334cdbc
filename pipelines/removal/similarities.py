"""Fingerprints of removed documents in `dedup_edges/verified.parquet`, the similarities that a search carries along."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from pipelines import parts
from pipelines.project import PartRef, Project

_DIGEST = 16  # bytes of a text's digest in the table


def carried(project: Project, rows: dict[PartRef, dict[bytes, str]]) -> tuple[Path, pl.Series]:
    """Return (the table, digests in it of the texts of the documents in `rows`).

    To be asked before the rows are erased: the digests are read from the documents' signatures.
    """
    path = project.data / "dedup_edges" / "verified.parquet"
    digests = [pl.Series("exact", dtype=pl.Binary)]
    for ref, reasons in rows.items():
        signed = parts.read_part(project.table("dedup_signatures", ref), ["doc_id", "exact"])
        mine = signed.filter(pl.col("doc_id").is_in(pl.Series(sorted(reasons), dtype=pl.Binary).implode()))
        digests.append(mine["exact"].drop_nulls().cast(pl.Binary).bin.slice(0, _DIGEST))
    known = pl.concat(digests).unique().sort()
    if not path.is_file():
        return path, known.clear()
    held = parts.read_part(path, ["x", "y"])
    return path, known.filter(known.is_in(pl.concat([held["x"], held["y"]]).cast(pl.Binary).implode()))


def forget(path: Path, digests: pl.Series) -> int:
    """Drop the similarities of these texts and return how many; a text still in use is compared again."""
    if digests.is_empty():
        return 0
    table = parts.read_part(path)
    left = table.filter(~pl.any_horizontal(pl.col(n).is_in(digests.implode()) for n in ("x", "y")))
    parts.write_part(path, left, pq.read_schema(path).remove_metadata(), parts.stored_key(path))
    return table.height - left.height
