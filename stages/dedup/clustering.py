"""Phases 5 and 6: edges, clusters, and the annotation of a part."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from lineage.records import DEDUP, EDGES
from stages.dedup.settings import DedupSettings

EDGE_TABLE = pl.DataFrame(EDGES.empty_table()).schema
DEDUP_TABLE = pl.DataFrame(DEDUP.empty_table()).schema
CLUSTERS = {"doc_id": pl.Binary, "cluster": pl.Binary, "degree": pl.UInt32}


def merge(
    members: pl.DataFrame,
    verified: Iterable[pl.DataFrame],
    settings: DedupSettings,
    pairs: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the EDGES: exact stars from `exact` and the verified pairs at or over the threshold, sorted.

    pairs: NAMED, from which near edges take their count of equal bands; None leaves it null.
    """
    star = members.select("a", "b", jaccard=pl.lit(1.0), kind=pl.lit("exact"))
    near = [
        table.filter(pl.col("jaccard") >= settings.threshold).select("a", "b", "jaccard", kind=pl.lit("near"))
        for table in verified
    ]
    schema = {name: kind for name, kind in EDGE_TABLE.items() if name != "bands"}
    edges = (
        pl.concat([pl.DataFrame(schema=schema), star, *near]).unique(["a", "b"], keep="any").sort("a", "b")
    )
    if pairs is None:
        return edges.with_columns(bands=pl.lit(None, EDGE_TABLE["bands"]))
    counts = pairs.select("a", "b", "bands").unique(["a", "b"], keep="any")
    return edges.join(counts, on=["a", "b"], how="left", maintain_order="left")


def clusters(edges: pl.DataFrame) -> pl.DataFrame:
    """Return CLUSTERS: documents with an edge, their component's smallest id, their edges; by doc_id."""
    from stages.dedup.components import components

    ends = pl.concat([edges["a"], edges["b"]])
    nodes = ends.unique().sort().to_frame("doc_id").with_row_index("node")
    joined = ends.to_frame("doc_id").join(nodes, on="doc_id", how="left", maintain_order="left")
    numbers = joined["node"].to_numpy()
    half = len(edges)
    root = components(numbers[:half].astype(np.int64), numbers[half:].astype(np.int64), len(nodes))
    degree = np.bincount(numbers, minlength=len(nodes)) if len(numbers) else np.zeros(0)
    cluster = nodes["doc_id"].gather(root)
    return nodes.select("doc_id", cluster=cluster, degree=pl.Series(degree)).cast(CLUSTERS)


def annotate(signed: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
    """Return the DEDUP annotation of one part from its SIGNATURES and the CLUSTERS, row by row."""
    joined = signed.select("row", "doc_id", "exact", "shingles").join(
        clusters, on="doc_id", how="left", maintain_order="left"
    )
    return joined.with_columns(pl.col("degree").fill_null(0)).select(
        pl.col(name).cast(kind) for name, kind in DEDUP_TABLE.items()
    )
