"""Tiered governance: a clean probe opens the fast lane; in the slow lane people read what a flag marks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from stages.decide.policy import Lanes

FAST, SLOW, REFUSED = "fast", "slow", "refused"
#: Rule id in decisions and lineage of a document that waits because of its source's lane.
RULE, REASON = "slow-lane", "review-pending"


def with_lane(probed: Iterable[Mapping[str, Any]], lanes: Lanes) -> list[dict[str, Any]]:
    """Return probe results with `lane`: fast | slow | refused; null where the policy has no lanes."""
    return [dict(r) | {"lane": _lane(r, lanes)} for r in probed]


def _lane(row: Mapping[str, Any], lanes: Lanes) -> str | None:
    if lanes.fast_share is None:
        return None
    if row["status"] == "fail":
        return REFUSED
    return FAST if row["n"] >= lanes.min_probe and row["share"] <= lanes.fast_share else SLOW


def slow(probed: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the sources of the slow lane, in order."""
    return tuple(r["source"] for r in probed if r["lane"] == SLOW)


def hold(table: pl.DataFrame, sources: tuple[str, ...], lanes: Lanes) -> pl.DataFrame:
    """Return a verdict table in which documents of slow sources that a named flag marks wait for a person."""
    flagged = pl.col("flags").list.eval(pl.element().is_in(list(lanes.hold))).list.any().fill_null(False)
    live = pl.col("disposition").is_in(["kept", "redacted"])
    mine = live & flagged & pl.col("source").is_in(list(sources))
    told = {"disposition": "quarantined", "reason": REASON, "stage": "sample", "rule": RULE}
    none = dict.fromkeys(("detector", "score", "threshold"))
    return table.with_columns(
        pl.when(mine).then(pl.lit(v, table.schema[n])).otherwise(pl.col(n)).alias(n)
        for n, v in (told | none).items()
    )


def facts(probed: Iterable[Mapping[str, Any]], lanes: Lanes) -> dict[str, Any] | None:
    """Return {fast_share, min_probe, hold, fast[], slow[], refused[]} of a release; None without lanes."""
    if lanes.fast_share is None:
        return None
    rows = list(probed)
    named = {lane: [r["source"] for r in rows if r.get("lane") == lane] for lane in (FAST, SLOW, REFUSED)}
    return lanes.model_dump(mode="json") | named
