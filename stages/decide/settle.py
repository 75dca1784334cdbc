"""Rule verdicts become dispositions: refused sources, requests, people, and what the election took."""

from __future__ import annotations

import polars as pl

from lineage.records import DECISIONS
from stages.decide.keepers import ORDER


def settle(
    table: pl.DataFrame, *, refused: tuple[str, ...], requested: pl.Series, reviews: pl.DataFrame
) -> pl.DataFrame:
    """Return the verdict table after refusals of sources, removal requests and human reviews, in that order.

    `requested`: doc_ids to remove on request. `reviews`: doc_id, text_sha256, verdict (pass|remove), reviewer;
    a review counts only for the very text it was made on. Unreadable rows stay as they are.
    """
    readable = pl.col("disposition") != "unreadable"
    on_request = readable & pl.col("doc_id").is_in(requested.implode())
    by_source = readable & pl.col("source").is_in(list(refused))
    out = table.join(reviews, on=["doc_id", "text_sha256"], how="left", maintain_order="left")
    removed = readable & (pl.col("verdict") == "remove")
    # no person can pass what a detector did not survive: publish would have to treat it unmeasured
    measured = pl.col("reason").fill_null("") != "poisonous-record"
    released = (pl.col("disposition") == "quarantined") & measured & (pl.col("verdict") == "pass")
    changes = [
        (on_request, "removed", "removal-request", "decide", "removal-request"),
        (by_source, "removed", "source-refused", "sample", "source-probe"),
        (removed, "removed", "review-removed", "decide", "review"),
        (released, "kept", None, "decide", "review"),
    ]
    names = ("disposition", "reason", "stage", "rule")
    columns = {name: pl.col(name) for name in names}
    for test, *values in reversed(changes):
        columns = {
            n: pl.when(test).then(pl.lit(v, pl.String)).otherwise(columns[n])
            for n, v in zip(names, values, strict=True)
        }
    person = (removed | released) & ~on_request & ~by_source
    changed = on_request | by_source | removed | released
    columns |= {
        n: pl.when(changed).then(None).otherwise(pl.col(n)) for n in ("detector", "score", "threshold")
    }
    columns["reviewer"] = pl.when(person).then(pl.col("reviewer"))
    return out.with_columns(**columns).drop("verdict")


def order_view(table: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """Return what the election needs of a verdict table: only documents that have an edge."""
    ids = pl.concat([edges["a"], edges["b"]]).unique()
    columns = list(dict.fromkeys(["doc_id", "disposition", "reason", *ORDER]))
    return table.filter(pl.col("doc_id").is_in(ids.implode())).select(columns)


def decisions(table: pl.DataFrame, elected: pl.DataFrame) -> pl.DataFrame:
    """Return DECISIONS (and `flags`) of one part: settled verdicts, overridden where the election took a document."""
    lost = elected.rename({c: f"new_{c}" for c in ("disposition", "reason", "rule")})
    out = table.join(lost, on="doc_id", how="left", maintain_order="left")
    gone = pl.col("new_disposition").is_not_null()
    out = out.with_columns(
        disposition=pl.coalesce("new_disposition", "disposition"),
        reason=pl.when(gone).then(pl.col("new_reason")).otherwise(pl.col("reason")),
        stage=pl.when(gone).then(pl.lit("dedup")).otherwise(pl.col("stage")),
        rule=pl.when(gone).then(pl.col("new_rule")).otherwise(pl.col("rule")),
        reviewer=pl.when(gone).then(None).otherwise(pl.col("reviewer")),
        **{n: pl.when(gone).then(None).otherwise(pl.col(n)) for n in ("detector", "score", "threshold")},
    )
    return out.select(*DECISIONS.names, "flags").sort("row")
