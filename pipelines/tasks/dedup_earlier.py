"""Documents that resemble one of an earlier release, kept or removed: one column beside the clusters, where asked."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines import parts, release_index
from pipelines.project import PartRef
from pipelines.stage_run import StageRun
from stages import dedup

FILE = "earlier.parquet"
MET = pl.Struct({"release": pl.String, "outcome": pl.String, "estimate": pl.Float64})
EMPTY = {"doc_id": pl.Binary, "release": pl.String, "outcome": pl.String, "estimate": pl.Float64}


def evidence(run: StageRun) -> dict[PartRef, pl.DataFrame]:
    """Return by row what each part's documents resemble in releases sealed before this one; nothing if not asked.

    Column `earlier`, one entry per release and outcome with the nearest estimate: outcome is the reason for which the
    earlier document left, `kept` where it did not.
    """
    if not run.settings.earlier:
        return {}
    files = release_index.comparable(run.project, release_index.before(run.project))
    signed = [run.project.table("dedup_signatures", ref) for ref in run.parts]
    key = parts.content_key(
        signed=[run.input_key("dedup_signatures", ref) for ref in run.parts],
        index=[(version, release_index.digest(path)) for version, path in files],
        settings=run.settings,
        code=run.code,
    )
    path = run.project.data / "dedup_edges" / FILE
    if not parts.is_done([path], key):
        found = [pl.DataFrame(schema=EMPTY), *(_met(run, signed, v, p) for v, p in files)]
        parts.write_part(path, pl.concat(found).sort(*EMPTY), None, key)
    met = parts.read_part(path).group_by("doc_id").agg(earlier=pl.struct("release", "outcome", "estimate"))
    return {ref: _rows(run, ref, met) for ref in run.parts}


def _met(run: StageRun, signed: list[Path], version: str, index: Path) -> pl.DataFrame:
    """Return documents at hand, by release and outcome of what they resemble, with the nearest estimate."""
    count = dedup.partitions([*signed, index], run.settings)
    pairs = [dedup.earlier(signed, [index], run.settings, p, count) for p in range(count)]
    facts = parts.read_part(index, ["doc_id", "disposition", "reason"]).rename({"doc_id": "earlier"})
    gone = pl.col("disposition").is_in(["removed", "quarantined"])
    joined = pl.concat(pairs).join(facts, on="earlier")
    joined = joined.with_columns(outcome=pl.when(gone).then("reason").otherwise(pl.lit("kept")))
    best = joined.group_by("doc_id", "outcome").agg(pl.col("estimate").max())
    return best.with_columns(release=pl.lit(version)).select(*EMPTY)


def _rows(run: StageRun, ref: PartRef, met: pl.DataFrame) -> pl.DataFrame:
    ids = parts.read_part(run.project.table("dedup_signatures", ref), ["row", "doc_id"])
    order = pl.col("earlier").list.sort()
    joined = ids.join(met.with_columns(order), on="doc_id", how="left", maintain_order="left")
    return joined.select("row", pl.col("earlier").fill_null([]).cast(pl.List(MET)))
