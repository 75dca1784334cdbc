"""Phases 5 and 6: edges, clusters, and the annotation of a part."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from lineage.records import DEDUP, EDGES
from stages.dedup.settings import DedupSettings

EDGE_TABLE = pl.Schema(pl.from_arrow(EDGES.empty_table()).schema)
DEDUP_TABLE = pl.Schema(pl.from_arrow(DEDUP.empty_table()).schema)
CLUSTERS = {"doc_id": pl.Binary, "cluster": pl.Binary, "degree": pl.UInt32}


def merge(members: pl.DataFrame, verified: Iterable[pl.DataFrame], settings: DedupSettings) -> pl.DataFrame:
    """Return the EDGES: exact stars from `exact` and the verified pairs at or over the threshold, sorted."""
    star = members.select("a", "b", jaccard=pl.lit(1.0), kind=pl.lit("exact"))
    near = [
        table.filter(pl.col("jaccard") >= settings.threshold).select("a", "b", "jaccard", kind=pl.lit("near"))
        for table in verified
    ]
    return pl.concat([pl.DataFrame(schema=EDGE_TABLE), star, *near]).unique(["a", "b"], keep="any").sort("a", "b")


def clusters(edges: pl.DataFrame) -> pl.DataFrame:
    """Return CLUSTERS: each document with an edge, its component's smallest id, its edges; sorted by doc_id."""
    from stages.dedup.components import components

    ends = pl.concat([edges["a"], edges["b"]])
    nodes = ends.unique().sort().to_frame("doc_id").with_row_index("node")
    numbers = ends.to_frame("doc_id").join(nodes, on="doc_id", how="left", maintain_order="left")["node"].to_numpy()
    half = len(edges)
    root = components(numbers[:half].astype(np.int64), numbers[half:].astype(np.int64), len(nodes))
    degree = np.bincount(numbers, minlength=len(nodes)) if len(numbers) else np.zeros(0)
    return nodes.select("doc_id", cluster=nodes["doc_id"].gather(root), degree=pl.Series(degree)).cast(CLUSTERS)


def annotate(signed: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
    """Return the DEDUP annotation of one part from its SIGNATURES and the CLUSTERS, row by row."""
    joined = signed.select("row", "doc_id", "exact", "shingles").join(
        clusters, on="doc_id", how="left", maintain_order="left"
    )
    return joined.with_columns(pl.col("degree").fill_null(0)).select(
        pl.col(name).cast(kind) for name, kind in DEDUP_TABLE.items()
    )
