"""decide: rule verdicts, refused sources, requests and people, then the election; one disposition each."""

from __future__ import annotations

from typing import Any

import polars as pl

from lineage.books import OUT, Books
from lineage.records import DECISIONS
from pipelines import parts
from pipelines.project import PartRef, write_bytes, write_json
from pipelines.quarantine import store
from pipelines.removal.denial import Denial, denied, for_election, keep_out
from pipelines.stage_run import StageRun
from pipelines.tasks.pii import project_hmac
from pipelines.tasks.sample import load_edges
from stages.decide import lanes
from stages.decide.keepers import elect
from stages.decide.policy import Policy, load_policy
from stages.decide.probe import probes
from stages.decide.reviews import load_reviews
from stages.decide.settle import decisions, order_view, settle

Tables = dict[PartRef, pl.DataFrame]


def run(run: StageRun) -> dict[str, Any]:
    """Write data/decide for every part and the probe results; close the books per part."""
    project = run.project
    tables = {ref: parts.read_part(project.table("verdicts", ref)) for ref in run.parts}
    denial = denied(project)
    results, probed = settle_all(run, tables, load_policy(project.policy_path), denial)
    books = Books()
    for ref, result in results.items():
        parts.check_aligned(result, tables[ref], where=f"decide {ref.source}/{ref.part}")
        books.add(ref.source, ref.part, result)
        key = parts.content_key(rows=parts.table_digest(result), code=run.code)
        path = project.table("decide", ref)
        if not parts.is_done([path], key):
            parts.write_part(path, result, DECISIONS, key)
    books.close()
    run.sweep("decide")
    held = store.sync(project, results, project_hmac(run), run.settings.quarantine)
    write_json(project.data / "decide" / "probes.json", probed)
    _plots(run, books)
    told = {"books": books.total(), "reasons": books.reasons(), "probes": probed, "quarantine": held}
    return told | {"requests_not_run": list(denial.not_run)}


def settle_all(
    run: StageRun, tables: Tables, policy: Policy, denial: Denial | None = None
) -> tuple[Tables, list[dict[str, Any]]]:
    """Return the decisions of every part and the probe results; nothing is written."""
    project = run.project
    reviews = load_reviews(project.root / "reviews")
    denial = denied(project) if denial is None else denial
    draws = parts.read_part(project.data / "sample" / "draws.parquet")
    probed = lanes.with_lane(_probe(draws, tables, reviews, policy), policy.lanes)
    refused = tuple(r["source"] for r in probed if r["status"] == "fail")
    slow, edges = lanes.slow(probed), load_edges(run)
    if slow:
        tables = {ref: lanes.hold(t, slow, policy.lanes) for ref, t in tables.items()}
    settled = {
        ref: keep_out(settle(t, refused=refused, requested=denial.requested, reviews=reviews), denial)
        for ref, t in tables.items()
    }
    if not settled:
        return {}, probed
    views = [for_election(order_view(t, edges)) for t in settled.values()]
    lost = elect(pl.concat(views), edges)
    return {ref: decisions(t, lost) for ref, t in settled.items()}, probed


def _probe(draws, tables: Tables, reviews, policy: Policy) -> list[dict[str, Any]]:
    drawn = draws["doc_id"].unique()
    rows = [
        t.filter(pl.col("doc_id").is_in(drawn.implode())).select("doc_id", "rule") for t in tables.values()
    ]
    return probes(draws, pl.concat(rows), reviews, policy.probe, policy.rules) if rows else []


def _plots(run: StageRun, books: Books) -> None:
    """Write what `dvc plots show` draws: documents by disposition and by reason."""
    flow = books.total()
    rows = [("step", "docs"), *((n, flow[n]) for n in ("in", *OUT))]
    _csv(run, "funnel", rows)
    _csv(run, "reasons", [("reason", "docs"), *((r["reason"], r["docs"]) for r in books.reasons())])


def _csv(run: StageRun, name: str, rows: list[tuple]) -> None:
    text = "".join(",".join(str(c) for c in row) + "\n" for row in rows)
    write_bytes(run.project.root / "metrics" / f"{name}.csv", text.encode())
