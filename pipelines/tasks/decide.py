"""decide: rule verdicts, refused sources, requests and people, then the election; one disposition each."""

from __future__ import annotations

from typing import Any

import polars as pl

from lineage.books import Books
from lineage.records import DECISIONS
from lineage.removals import requested_ids
from pipelines import parts
from pipelines.project import write_json
from pipelines.stage_run import StageRun
from pipelines.tasks.sample import load_edges
from stages.decide.keepers import elect
from stages.decide.policy import load_policy
from stages.decide.probe import probes
from stages.decide.reviews import load_reviews
from stages.decide.settle import decisions, order_view, settle


def run(run: StageRun) -> dict[str, Any]:
    """Write data/decide for every part and the probe results; close the books per part."""
    project = run.project
    policy, reviews = load_policy(project.policy_path), load_reviews(project.root / "reviews")
    requested = pl.Series("doc_id", requested_ids(project.root / "ledger" / "ledger.jsonl"), dtype=pl.Binary)
    tables = {ref: parts.read_part(project.table("verdicts", ref)) for ref in run.parts}
    draws = parts.read_part(project.data / "sample" / "draws.parquet")
    results = _probe(draws, tables, reviews, policy)
    refused = tuple(r["source"] for r in results if r["status"] == "fail")
    edges = load_edges(run)
    settled = {
        ref: settle(t, refused=refused, requested=requested, reviews=reviews) for ref, t in tables.items()
    }
    views = [order_view(t, edges) for t in settled.values()]
    lost = elect(pl.concat(views), edges) if views else elect(pl.DataFrame(), edges)
    books = Books()
    for ref, table in settled.items():
        result = decisions(table, lost)
        parts.check_aligned(result, table, where=f"decide {ref.source}/{ref.part}")
        books.add(ref.source, ref.part, result)
        key = parts.content_key(rows=parts.table_digest(result), code=run.code)
        path = project.table("decide", ref)
        if not parts.is_done([path], key):
            parts.write_part(path, result, DECISIONS, key)
    books.close()
    run.sweep("decide")
    write_json(project.data / "decide" / "probes.json", results)
    return {"books": books.total(), "reasons": books.reasons(), "probes": results}


def _probe(draws, tables, reviews, policy) -> list[dict[str, Any]]:
    drawn = draws["doc_id"].unique()
    rows = [
        t.filter(pl.col("doc_id").is_in(drawn.implode())).select("doc_id", "rule") for t in tables.values()
    ]
    return probes(draws, pl.concat(rows), reviews, policy.probe, policy.rules) if rows else []
