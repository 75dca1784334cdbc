"""What a shard manifest counts: composition, findings, reasons; all from tables, no text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from lineage.books import Books
from lineage.records import LICENCE_UNREAD
from stages.decide.policy import Policy
from stages.decide.rules import unmeasured

LENGTHS = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)


def part_facts(
    source: str,
    part: str,
    tables: Mapping[str, pl.DataFrame],
    rows: pl.DataFrame,
    policy: Policy,
    residual: Mapping[str, int],
) -> dict[str, Any]:
    """Return the countable fields of a shard manifest.

    `tables`: ingest columns, quality, dedup, pii, screen, decide of the part; `rows`: the published rows with
    their final text; `residual`: findings by type left in redacted texts.
    """
    decisions = tables["decide"]
    books = Books()
    books.add(source, part, decisions)
    books.close()
    return {
        "flow": books.total(),
        "reasons": books.reasons(),
        "dedup": _duplicates(decisions, tables["dedup"]),
        "pii": _pii(tables["pii"], decisions, policy, residual),
        "screen": _screen(tables["screen"], decisions),
        "not_run": _not_run(tables, decisions, policy),
        "quality": {"rules": _by(decisions.filter(pl.col("stage") == "quality"), "rule", "rule")},
        "flags": _flags(decisions),
        "languages": _languages(rows),
        "licences": _by(rows, "licence", "spdx"),
        "licence_unread": _unread(tables["ingest"]),
        "ai_labels": _by(rows, "ai_label", "verdict"),
        "lengths": _lengths(rows),
        "time_span": _span(rows),
        "chars": int(rows["text"].str.len_chars().sum() or 0),
        "bytes": int(rows["text"].str.len_bytes().sum() or 0),
    }


def _unread(docs: pl.DataFrame) -> int:
    """Return how many documents of the part, published or not, state a licence that is no SPDX expression."""
    return int(docs["transforms"].list.contains(LICENCE_UNREAD).sum() or 0)


def _by(table: pl.DataFrame, column: str, name: str) -> list[dict[str, Any]]:
    counts = (
        table.group_by(pl.col(column).fill_null("unknown"))
        .len()
        .sort(["len", column], descending=[True, False])
    )
    return [{name: value, "docs": n} for value, n in counts.rows()]


def _duplicates(decisions: pl.DataFrame, dedup: pl.DataFrame) -> dict[str, Any]:
    by = dict(decisions["reason"].value_counts().rows())
    return {
        "exact_removed": by.get("exact-duplicate", 0),
        "near_removed": by.get("near-duplicate", 0),
        "twins_removed": by.get("twin-of-removed", 0),
        "clusters": dedup["cluster"].drop_nulls().n_unique(),
    }


def _pii(pii: pl.DataFrame, decisions: pl.DataFrame, policy: Policy, residual) -> list[dict[str, Any]]:
    live = decisions.filter(pl.col("disposition").is_in(["kept", "redacted"])).select("row")
    counts = pii.select("row", "counts").explode("counts").drop_nulls("counts").unnest("counts")
    total = counts.group_by("type").agg(found=pl.col("n").sum(), docs=pl.len())
    sent = counts.join(live, on="row", how="semi").group_by("type").agg(in_published=pl.col("n").sum())
    table = (
        total.join(sent, on="type", how="left").with_columns(pl.col("in_published").fill_null(0)).sort("type")
    )
    return [
        row | {"action": policy.pii.action(row["type"]), "residual": int(residual.get(row["type"], 0))}
        for row in table.iter_rows(named=True)
    ]


def _screen(screen: pl.DataFrame, decisions: pl.DataFrame) -> list[dict[str, Any]]:
    hits = screen.select("row", "hits").explode("hits").drop_nulls("hits").unnest("hits")
    hits = hits.unique(["row", "code", "detector", "level"]).join(
        decisions.select("row", "disposition", "reviewer"), on="row", how="left"
    )
    live = pl.col("disposition").is_in(["kept", "redacted"])
    table = hits.group_by("code", "detector", "level").agg(
        docs=pl.len(),
        kept=(live & pl.col("reviewer").is_null()).sum(),
        released=(live & pl.col("reviewer").is_not_null()).sum(),  # by a person, who answers for it
        removed=(pl.col("disposition") == "removed").sum(),
        quarantined=(pl.col("disposition") == "quarantined").sum(),
    )
    return list(table.sort("code", "detector", "level").iter_rows(named=True))


def _not_run(
    tables: Mapping[str, pl.DataFrame], decisions: pl.DataFrame, policy: Policy
) -> list[dict[str, Any]]:
    live = decisions.filter(pl.col("disposition").is_in(["kept", "redacted"])).select("row")
    rows = []
    for stage in ("pii", "screen"):
        missed = tables[stage].join(live, on="row", how="semi").explode("not_run").drop_nulls("not_run")
        counts = missed.group_by("not_run").len().sort("not_run")
        rows += [{"stage": stage, "detector": d, "docs": n} for d, n in counts.rows()]
    missing = unmeasured(policy, tables["dedup"]) if live.height else []
    return rows + [{"stage": "dedup", "detector": c, "docs": live.height} for c in missing]


def _flags(decisions: pl.DataFrame) -> list[dict[str, Any]]:
    return _by(decisions.select("flags").explode("flags").drop_nulls("flags"), "flags", "rule")


def _languages(rows: pl.DataFrame) -> list[dict[str, Any]]:
    table = rows.group_by(code=pl.col("lang").fill_null("und")).agg(
        docs=pl.len(), chars=pl.col("text").str.len_chars().sum()
    )
    return list(table.sort(["docs", "code"], descending=[True, False]).iter_rows(named=True))


def _lengths(rows: pl.DataFrame) -> list[dict[str, Any]]:
    chars = rows["text"].str.len_chars()
    edges, out, below = [*LENGTHS, None], [], 0
    for edge in edges:
        reached = rows.height if edge is None else int((chars <= edge).sum())
        out.append({"upto": edge, "docs": reached - below})
        below = reached
    return out


def _span(rows: pl.DataFrame) -> dict[str, str | None]:
    dates = rows["date"].drop_nulls()
    return {"from": dates.min(), "to": dates.max()} if len(dates) else {"from": None, "to": None}  # type: ignore[dict-item]
