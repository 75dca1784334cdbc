"""Which of several verified duplicates stays: greedy in keeper order over verified edges.

A document leaves as a duplicate only if its Jaccard with the elected keeper is verified. A document lost for
its content or on request takes its verified neighbours along; one lost for source, rights or quality passes
its place on. A document is never lost because of another that is lost for a harmless cause.
"""

from __future__ import annotations

import numba
import numpy as np
import polars as pl

from lineage.reasons import REASONS

ORDER = ["order_priority", "order_licence", "order_quality", "order_chars", "order_date", "doc_id"]
DESCENDING = [True, True, True, True, False, False]
LIVE = ("kept", "redacted")

#: Result: what the election changes, for documents that have duplicates at all.
ELECTED = {
    "doc_id": pl.Binary,
    "disposition": pl.String,
    "reason": pl.String,
    "rule": pl.String,
    "keeper": pl.Binary,
    "jaccard": pl.Float64,
}


def elect(candidates: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """Return (doc_id, disposition, reason, rule, keeper, jaccard) of documents that leave through a twin.

    `candidates`: doc_id, disposition, reason and the order columns of every document with an edge.
    `edges`: verified pairs (a, b, jaccard, kind). Documents that stay do not appear in the result.
    """
    if edges.is_empty():
        return pl.DataFrame(schema=ELECTED)
    ranked = candidates.sort(ORDER, descending=DESCENDING).with_row_index("rank")
    exact, _ = _groups(ranked, edges.filter(pl.col("kind") == "exact"))
    group, groups = _groups(ranked, edges.filter((pl.col("kind") == "exact") | (pl.col("jaccard") == 1.0)))
    live = ranked["disposition"].is_in(LIVE).to_numpy()
    cause = _cause(ranked)
    start, other, weight = _adjacency(ranked, edges, group, groups)
    twin = _twins(start, other, group, cause, groups)
    fate, keeper, jaccard = _greedy(start, other, weight, group, groups, exact, live, twin)
    return _table(ranked, fate, keeper, jaccard)


def _groups(ranked: pl.DataFrame, edges: pl.DataFrame) -> tuple[np.ndarray, int]:
    """Return the group of each rank: equality of texts or of shingle sets is transitive, so it makes one node."""
    pairs = _ranks(ranked, edges)
    parent = _union(np.arange(ranked.height, dtype=np.int64), pairs["ra"].to_numpy(), pairs["rb"].to_numpy())
    labels, group = np.unique(parent, return_inverse=True)
    return group.astype(np.int64), len(labels)


def _ranks(ranked: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    ids = ranked.select("doc_id", pl.col("rank").cast(pl.Int64))
    return edges.join(ids.rename({"doc_id": "a", "rank": "ra"}), on="a").join(
        ids.rename({"doc_id": "b", "rank": "rb"}), on="b"
    )


def _cause(ranked: pl.DataFrame) -> np.ndarray:
    """Return 1 where a document is lost for its content or on request, 0 elsewhere."""
    content = ranked["reason"].is_in([r.slug for r in REASONS if r.content]).fill_null(False)
    lost = ranked["disposition"].is_in(["removed", "quarantined"])
    return (content & lost).to_numpy().astype(np.int8)


def _adjacency(ranked, edges, group, groups) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the group graph as CSR arrays (start, neighbour, jaccard), both directions, best weight first."""
    near = _ranks(ranked, edges.filter(pl.col("kind") != "exact"))
    ga, gb = group[near["ra"].to_numpy()], group[near["rb"].to_numpy()]
    table = pl.DataFrame(
        {"a": np.r_[ga, gb], "b": np.r_[gb, ga], "j": np.r_[near["jaccard"], near["jaccard"]]}
    )
    table = table.filter(pl.col("a") != pl.col("b")).group_by("a", "b").agg(pl.col("j").max()).sort("a", "b")
    counts = (
        np.bincount(table["a"].to_numpy(), minlength=groups) if table.height else np.zeros(groups, np.int64)
    )
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return start, table["b"].to_numpy().astype(np.int64), table["j"].to_numpy().astype(np.float64)


def _twins(start, other, group, cause, groups) -> np.ndarray:
    """Return for each group the rank of a content loss in it, else in a verified neighbour; -1 where there is none."""
    none = len(group)
    own = np.full(groups, none, np.int64)
    lost = np.flatnonzero(cause)
    np.minimum.at(own, group[lost], lost)
    owner = np.repeat(np.arange(groups), np.diff(start))
    near = np.full(groups, none, np.int64)
    np.minimum.at(near, owner, own[other])
    best = np.where(own < none, own, near)
    return np.where(best < none, best, -1)


@numba.njit(cache=True)
def _union(parent, a, b):
    for i in range(a.shape[0]):
        x, y = a[i], b[i]
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        while parent[y] != y:
            parent[y] = parent[parent[y]]
            y = parent[y]
        if x < y:
            parent[y] = x
        elif y < x:
            parent[x] = y
    for i in range(parent.shape[0]):
        x = i
        while parent[x] != x:
            x = parent[x]
        parent[i] = x
    return parent


@numba.njit(cache=True)
def _greedy(start, other, weight, group, groups, exact, live, twin):
    """Walk the documents in keeper order; fate 0 stays, 1 exact duplicate, 2 near duplicate, 3 twin of a loss."""
    n = group.shape[0]
    fate = np.zeros(n, np.int8)
    keeper = np.full(n, -1, np.int64)
    jaccard = np.full(n, np.nan)
    head = np.full(groups, -1, np.int64)  # the group's document that stays
    via = np.full(groups, -1, np.int64)  # else the keeper that stands for the whole group
    via_j = np.zeros(groups)
    for d in range(n):
        g = group[d]
        if not live[d]:
            continue
        if twin[g] >= 0:
            fate[d], keeper[d] = 3, twin[g]
        elif head[g] >= 0:
            fate[d], keeper[d], jaccard[d] = 1 if exact[head[g]] == exact[d] else 2, head[g], 1.0
        else:
            if via[g] < 0:
                for e in range(start[g], start[g + 1]):
                    k = head[other[e]]
                    if k >= 0 and (
                        via[g] < 0 or weight[e] > via_j[g] or (weight[e] == via_j[g] and k < via[g])
                    ):
                        via[g], via_j[g] = k, weight[e]
            if via[g] >= 0:
                fate[d], keeper[d], jaccard[d] = 2, via[g], via_j[g]
            else:
                head[g] = d
    return fate, keeper, jaccard


def _table(ranked, fate, keeper, jaccard) -> pl.DataFrame:
    reasons = {1: "exact-duplicate", 2: "near-duplicate", 3: "twin-of-removed"}
    ids = ranked["doc_id"]
    picked = pl.Series(np.where(keeper < 0, 0, keeper))
    out = pl.DataFrame(
        {
            "doc_id": ids,
            "disposition": ["removed"] * ranked.height,
            "reason": pl.Series(fate).replace_strict(reasons, default=None, return_dtype=pl.String),
            "keeper": ids.gather(picked),
            "jaccard": pl.Series(jaccard).fill_nan(None).round(4),
            "fate": fate,
            "known": keeper >= 0,
        }
    )
    out = out.filter(pl.col("fate") > 0).with_columns(
        keeper=pl.when("known").then("keeper"), rule=pl.col("reason")
    )
    return out.select(*ELECTED)
