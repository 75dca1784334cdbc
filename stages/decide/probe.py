"""The 5 % rule: a source with too large a share of unhealthy documents in its probe is refused."""

from __future__ import annotations

from typing import Any

import polars as pl

from stages.decide.policy import Probe, ScreenRule


def probes(
    draws: pl.DataFrame, table: pl.DataFrame, reviews: pl.DataFrame, probe: Probe, rules: tuple
) -> list[dict[str, Any]]:
    """Return one probe result per source: n, failures, share, upper95, status (pass|fail), judged_by.

    `draws`: DRAWS; `table`: verdicts of the drawn documents. A document fails when a screen rule removed or
    quarantined it; a person's verdict on the very text overrides. The bound is Clopper-Pearson's, one-sided 95 %.
    """
    unhealthy = [r.id for r in rules if isinstance(r, ScreenRule) and r.action != "flag"]
    drawn = draws.filter(pl.col("draw") == "probe").select("stratum", "doc_id", "text_sha256")
    judged = drawn.join(table.select("doc_id", "rule"), on="doc_id", how="left").join(
        reviews.select("doc_id", "text_sha256", "verdict"), on=["doc_id", "text_sha256"], how="left"
    )
    failed = pl.when(pl.col("verdict").is_not_null()).then(pl.col("verdict") == "remove")
    judged = judged.with_columns(failed=failed.otherwise(pl.col("rule").is_in(unhealthy).fill_null(False)))
    counts = judged.group_by("stratum").agg(
        n=pl.len(), failures=pl.col("failed").sum(), people=pl.col("verdict").is_not_null().sum()
    )
    return [_result(row, probe) for row in counts.sort("stratum").iter_rows(named=True)]


def _result(row: dict[str, Any], probe: Probe) -> dict[str, Any]:
    n, failures = row["n"], row["failures"]
    share, upper = round(failures / n, 4), upper95(failures, n)
    measured = upper if probe.strict else share
    return {
        "source": row["stratum"],
        "n": n,
        "failures": failures,
        "share": share,
        "upper95": upper,
        "max_share": probe.max_share,
        "status": "pass" if measured <= probe.max_share else "fail",
        "judged_by": "people" if row["people"] == n else "screen rules",
    }


def upper95(failures: int, n: int) -> float:
    """Return the one-sided 95 % upper bound of a share by Clopper and Pearson (1934), 4 decimals.

    Solves P(X <= failures | n, p) = 0.05 by bisection on the binomial tail.
    """
    if n == 0 or failures >= n:
        return 1.0
    low, high = failures / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _tail(failures, n, middle) > 0.05 else (low, middle)
    return round(high, 4)


def _tail(k: int, n: int, p: float) -> float:
    from math import exp, lgamma, log

    if p in (0.0, 1.0):
        return 1.0 if p == 0.0 else 0.0
    whole = lgamma(n + 1)
    terms = (
        whole - lgamma(i + 1) - lgamma(n - i + 1) + i * log(p) + (n - i) * log(1 - p) for i in range(k + 1)
    )
    return sum(exp(t) for t in terms)
