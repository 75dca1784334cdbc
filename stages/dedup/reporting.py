"""What a run found, in numbers: similarity histogram, who copies whom, sources that look merged by mistake."""

from __future__ import annotations

import polars as pl

from stages.dedup.settings import DedupSettings

_WIDTH = 0.02  # of a histogram bin


def report(edges: pl.DataFrame, origins: pl.DataFrame, settings: DedupSettings) -> dict:
    """Return the figures of a run for metrics and sheets.

    edges: EDGES. origins: doc_id and source of every document, also of those without an edge; a document counts
    as duplicated when it has an edge. A source is flagged when more than `source_loss_warn` of it is duplicated.
    """
    near = edges.filter(pl.col("kind") == "near")
    return {
        "documents": origins.height,
        "exact_pairs": edges.height - near.height,
        "near_pairs": near.height,
        "histogram": _histogram(near["jaccard"]),
        "source_pairs": _source_pairs(edges, origins),
        "sources": _sources(edges, origins, settings.source_loss_warn),
    }


def _histogram(jaccard: pl.Series) -> list[dict]:
    """Return near pairs by Jaccard in bins of 0.02, those of exactly 1 apart."""
    low = (jaccard * 10_000).round().cast(pl.Int64) // round(_WIDTH * 10_000) * _WIDTH
    counts = low.round(2).alias("from").to_frame().group_by("from").len("pairs").sort("from")
    return counts.to_dicts()


def _source_pairs(edges: pl.DataFrame, origins: pl.DataFrame) -> list[dict]:
    """Return pairs by the two sources they join, the most first; a pair within one source names it twice."""
    source = origins.select("doc_id", "source")
    joined = edges.join(source.rename({"doc_id": "a", "source": "s"}), on="a").join(
        source.rename({"doc_id": "b", "source": "t"}), on="b"
    )
    ordered = joined.select(
        pl.min_horizontal("s", "t").alias("a"), pl.max_horizontal("s", "t").alias("b"), "kind"
    )
    counts = ordered.group_by("a", "b").agg(
        exact=(pl.col("kind") == "exact").sum(), near=(pl.col("kind") == "near").sum()
    )
    return counts.sort(pl.col("exact") + pl.col("near"), "a", "b", descending=[True, False, False]).to_dicts()


def _sources(edges: pl.DataFrame, origins: pl.DataFrame, warn: float) -> list[dict]:
    """Return documents and duplicated documents of every source, and whether the share asks for a look."""
    linked = pl.concat([edges["a"], edges["b"]]).unique()
    counts = origins.group_by("source").agg(
        documents=pl.len(), duplicated=pl.col("doc_id").is_in(linked.implode()).sum()
    )
    share = (pl.col("duplicated") / pl.col("documents")).round(4)
    return counts.with_columns(share=share, flagged=share > warn).sort("source").to_dicts()
