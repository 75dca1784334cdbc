"""Rule verdicts of one part: the first rule that fires decides; flags are only counted."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from lineage.reasons import BY_SLUG
from lineage.records import STATUS_UNREADABLE
from stages.decide.languages import with_language_gaps
from stages.decide.policy import ILLEGAL, Policy, Rule
from stages.decide.rules import Context, Evidence, fires

OUTCOME = {"remove": "removed", "quarantine": "quarantined"}

#: Columns of a verdict table; `order_*` make the keeper order.
VERDICTS = (
    "row", "doc_id", "source", "text_sha256", "disposition", "reason", "stage", "rule", "detector", "score",
    "threshold", "flags", "order_priority", "order_licence", "order_quality", "order_chars", "order_date",
)  # fmt: skip


def verdicts(evidence: Evidence, policy: Policy, context: Context) -> pl.DataFrame:
    """Return one verdict per document of the part, before duplicates and before people.

    A document no rule fires on is `kept`, or `redacted` where the policy treats a finding in it.
    """
    screen = with_language_gaps(evidence.screen, evidence.quality, evidence.docs["chars"], context.languages)
    evidence = replace(evidence, screen=screen)
    fired = [
        fires(rule, evidence, policy, context).with_columns(rule=pl.lit(rule.id), place=pl.lit(i, pl.UInt32))
        for i, rule in enumerate(policy.rules)
    ]
    every = pl.concat(fired) if fired else _nothing()
    acting = {r.id for r in policy.rules if r.action != "flag"}
    first = (
        every.filter(pl.col("rule").is_in(acting))
        .join(_rule_table(policy), on="rule", how="left")
        .sort(
            "row", pl.col("reason") != ILLEGAL, "place"
        )  # wherever its rule stands, it goes before all others
        .unique("row", keep="first", maintain_order=True)
        .drop("place")
    )
    flags = (
        every.filter(~pl.col("rule").is_in(acting))
        .sort("row", "place")
        .group_by("row")
        .agg(flags=pl.col("rule"))
    )
    docs = _order_columns(evidence, policy, context)
    joined = docs.join(first, on="row", how="left").join(flags, on="row", how="left")
    return _settle(joined, evidence, policy).select(VERDICTS).sort("row")


def _settle(table: pl.DataFrame, evidence: Evidence, policy: Policy) -> pl.DataFrame:
    unreadable = pl.col("status") == STATUS_UNREADABLE
    redacted = pl.col("row").is_in(_treated(evidence.pii, policy).implode())
    fallback = pl.when(redacted).then(pl.lit("redacted")).otherwise(pl.lit("kept"))
    out = table.with_columns(
        disposition=pl.when(unreadable)
        .then(pl.lit("unreadable"))
        .otherwise(pl.coalesce("disposition", fallback)),
    )
    soft = pl.col("disposition") == "redacted"
    return out.with_columns(
        reason=pl.when(unreadable)
        .then(pl.col("error"))
        .when(soft)
        .then(pl.lit("pii-redacted"))
        .otherwise(pl.col("reason")),
        stage=pl.when(unreadable)
        .then(pl.lit("ingest"))
        .when(soft)
        .then(pl.lit("pii"))
        .otherwise(pl.col("stage")),
        **{
            n: pl.when(unreadable).then(None).otherwise(pl.col(n))
            for n in ("rule", "detector", "score", "threshold")
        },
        flags=pl.col("flags").fill_null([]),
    )


def _treated(pii: pl.DataFrame, policy: Policy) -> pl.Series:
    counts = pii.select("row", "counts").explode("counts").drop_nulls("counts").unnest("counts")
    types = [t for t in counts["type"].unique() if policy.pii.action(t) != "keep"]
    return counts.filter(pl.col("type").is_in(types))["row"].unique().sort()


def _order_columns(evidence: Evidence, policy: Policy, context: Context) -> pl.DataFrame:
    """Add the keeper order: source priority, licence preference, quality, length, date; doc_id breaks ties."""
    priority = {s.id: s.priority for s in context.sources.values()}
    preference = {spdx: -i for i, spdx in enumerate(policy.licences.preference)}
    lowest = -len(preference)
    docs = evidence.docs.select(
        "row", "doc_id", "source", "text_sha256", "status", "error",
        order_priority=pl.col("source").replace_strict(priority, default=0, return_dtype=pl.Int64),
        order_licence=pl.col("licence").replace_strict(preference, default=lowest, return_dtype=pl.Int64),
        order_chars=pl.col("chars").fill_null(0).cast(pl.Int64),
        order_date=pl.col("date").fill_null("9999"),
    )  # fmt: skip
    return docs.with_columns(order_quality=evidence.quality["quality_score"].fill_null(0.0))


def _rule_table(policy: Policy) -> pl.DataFrame:
    rules = [r for r in policy.rules if r.action != "flag"]
    return pl.DataFrame(
        {
            "rule": [r.id for r in rules],
            "disposition": [OUTCOME[r.action] for r in rules],
            "reason": [r.reason for r in rules],
            "stage": [stage_of(r) for r in rules],
        },
        schema=dict.fromkeys(("rule", "disposition", "reason", "stage"), pl.String),
    )


def stage_of(rule: Rule) -> str:
    """Return the stage whose evidence the rule reads."""
    if rule.on in ("rights", "ai-label"):
        return "ingest"
    return rule.stage if rule.on == "not-run" else rule.on


def is_content(reason: str | None) -> bool:
    """Tell whether a loss for this reason takes the document's verified twins along."""
    return reason is not None and BY_SLUG[reason].content


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(
        schema={
            "row": pl.UInt32, "detector": pl.String, "score": pl.Float64, "threshold": pl.Float64,
            "rule": pl.String, "place": pl.UInt32,
        }
    )  # fmt: skip
