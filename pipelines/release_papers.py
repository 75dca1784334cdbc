"""The papers of a whole release: manifest, sheets, index, card, exports, certificate."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import polars as pl

from lineage import canonical, certificate, keys, trust
from lineage.card import card
from lineage.evidence import MEASURED
from lineage.exports import write_all
from lineage.merkle import doc_root
from lineage.removals import release_facts
from lineage.sheets import render_all, site
from pipelines import parts, release_tree
from pipelines.project import read_json
from pipelines.review_desk.signing import load_trust, signed_lines
from pipelines.sealing import parents, previous
from pipelines.sealing.parents import release_folder
from pipelines.sealing.superseded import merged, parts_of, superseded
from pipelines.stage_run import StageRun
from pipelines.tasks.sample import load_edges
from stages.decide import lanes
from stages.decide.policy import Policy
from stages.decide.reviews import read_reviews
from stages.publish import technical
from stages.publish.audit import asked_rate, audit_facts
from stages.publish.gates import run_gates
from stages.publish.manifest import merge, release_manifest
from stages.publish.personal import assessments
from stages.screen import TAXONOMY, library

LANGUAGES = ("zh", "en")


def write_papers(
    run: StageRun, policy: Policy, staging: Path, manifests: list, common: dict
) -> dict[str, Any]:
    """Write every release-wide file into `staging`, the certificate last; return the release manifest."""
    release = run.project.params.release
    facts, kept = _release_facts(run, policy)
    facts |= _coverage(run, common["stages"])
    overtaken = superseded(run.project.root / "history", release.version, parts_of(staging, manifests))
    facts["revocations"] = merged(facts["revocations"], overtaken)
    facts["lanes"] = lanes.facts(facts["probes"], policy.lanes)
    facts["technical"] = technical.release_facts((m["technical"] for m in manifests), common["stages"])
    asked = {"stages": common["stages"], "assessments": assessments(manifests, release.as_of.isoformat())}
    measured = merge(manifests) | facts | asked
    gates = run_gates(policy.gates, "release", measured, common["waivers"])
    manifest = release_manifest(
        dataset=_dataset(release),
        sources=_sources(common["sources"], manifests, facts["probes"]),
        manifests=manifests,
        shards=_shard_list(staging, manifests),
        extra=facts,
        gates=gates,
        kept_root=kept,
    )
    content = canonical.dumps(manifest)
    release_tree.put(staging, "meta/manifest.json", content)
    digests = {"meta/manifest.json": hashlib.sha256(content).hexdigest()}
    for path, text in _sheets(manifest, manifests, digests, common["answers"]).items():
        release_tree.put(staging, path, text.encode())
    for path, exported in write_all(staging, manifest, manifests, common["answers"]).items():
        release_tree.put(staging, path, exported)
    signer = keys.load_signer(keys.default_folder())
    signed = certificate.certify_release(staging, signer, release.as_of, release.validity_days)
    release_tree.put(staging, certificate.RELEASE_CERTIFICATE, signed)
    return manifest


def _sheets(manifest: dict, manifests: list, digests: dict[str, str], answers: Any) -> dict[str, str]:
    """Return path and text of the release's sheets, the index of shards, and the dataset card."""
    command = "hallmark verify release"
    sheets = render_all(manifest, digests=digests, answers=answers, verify_command=command)
    texts = {"README.md": card(manifest)} | {f"sheets/release.{e}": text for e, text in sheets.items()}
    for lang in LANGUAGES:
        texts[f"sheets/index.{lang}.html"] = site(
            manifests, lang=lang, title=manifest["dataset"]["title"][lang]
        )
    return texts


def _dataset(release: Any) -> dict[str, Any]:
    return {
        "id": release.id,
        "version": release.version,
        "title": release.title.model_dump(),
        "purpose": release.purpose,
        "as_of": release.as_of.isoformat(),
        "issuer": release.issuer,
        "contact": release.contact,
    }


def _release_facts(run: StageRun, policy: Policy) -> tuple[dict[str, Any], str]:
    """Return the facts that only the whole release has, and the Merkle root over its published ids."""
    project = run.project
    kept, where = [], []
    for ref in run.parts:
        table = parts.read_part(project.table("decide", ref), ["doc_id", "disposition"])
        exact = parts.read_part(project.table("dedup", ref), ["exact"])
        where.append(table.select("doc_id").with_columns(source=pl.lit(ref.source)))
        live = table["disposition"].is_in(["kept", "redacted"])
        kept.append(table.with_columns(exact["exact"]).filter(live).select("doc_id", "exact"))
    published = pl.concat(kept)
    exact = published["exact"].drop_nulls()
    facts = {
        "duplicates_left": len(exact) - exact.n_unique(),
        "dup_sources": _dup_sources(load_edges(run), pl.concat(where)),
        "probes": read_json(project.data / "decide" / "probes.json"),
        "audit": _audit(run, policy),
        "parents": _parents(run),
        "previous": previous(project.root / "history", project.params.release.version),
    } | release_facts(project.root / "ledger" / "ledger.jsonl")
    return facts, doc_root(published["doc_id"].to_list())


def _parents(run: StageRun) -> list[dict[str, str]]:
    """Return the releases that sources are made of; trust is asked for only where there is one."""
    root, release = run.project.root, run.project.params.release
    listed = run.project.inventory("ingest")["sources"]
    folders = {(root / row["file"]).resolve().parent for source in listed for row in source["files"]}
    if not any(release_folder(folder / "file") for folder in folders):
        return []
    return parents(root, listed, trust.load(None, os.environ, root), release.as_of)


def _coverage(run: StageRun, stages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how many of the 31 risks have measured recall, and the size of the operator's keyword library.

    Both are null, so their gates say `not_run`, while a detector or the library is for the operator to supply.
    """
    measured = set()
    for stage in stages:
        for detector in stage["detectors"]:
            figures = (detector["evidence"] or {}).get("figures", ())
            codes = {row["code"] for row in figures if row["status"] == MEASURED}
            measured |= codes | ({stage["stage"]} if codes else set())
    risks = [r for r in TAXONOMY.annex() if {r.code, *r.covered_by} & measured]
    params = run.project.params
    silent = any(d["detector"] == "operator" for stage in stages for d in stage["detectors"])
    measured_risks = {"risks_measured": None if silent else len(risks)}
    return measured_risks | library.facts(params.screen, params.release.as_of)


def _dup_sources(edges: pl.DataFrame, where: pl.DataFrame) -> list[dict[str, Any]]:
    """Return verified pairs by pair of sources: who copies whom."""
    joined = edges.join(where.rename({"doc_id": "a", "source": "sa"}), on="a").join(
        where.rename({"doc_id": "b", "source": "sb"}), on="b"
    )
    pair = joined.select(a=pl.min_horizontal("sa", "sb"), b=pl.max_horizontal("sa", "sb"))
    counts = pair.group_by("a", "b").agg(pairs=pl.len())
    return list(counts.sort(["pairs", "a", "b"], descending=[True, False, False]).iter_rows(named=True))


def _audit(run: StageRun, policy: Policy) -> dict[str, Any]:
    """Return the manual audit's facts: frame, drawn, labelled, passed, interval, agreement of readers."""
    settings, folder = run.project.params.sample, run.project.root / "reviews"
    draws = parts.read_part(run.project.data / "sample" / "draws.parquet").filter(pl.col("draw") == "audit")
    frame = read_json(run.project.data / "sample" / "frame.json")
    return audit_facts(
        draws,
        read_reviews(folder),
        wanted=settings.audit,
        seed=settings.seed,
        min_pass=asked_rate(policy.gates),
        signed=signed_lines(folder, load_trust(run.project.root)),
        papers=run.project.inventory("publish")["reviews"]["papers"],
        strata=frame["strata"],
    ) | {"frame": {name: frame[name] for name in ("docs", "sha256")}}


def _sources(views: dict[str, dict], manifests: list, probes: list) -> list[dict[str, Any]]:
    rows = []
    by_source = {r["source"]: r for r in probes}
    for name, view in views.items():
        own = [m for m in manifests if m["source"]["id"] == name]
        flow: dict[str, int] = {}
        for m in own:
            flow = {k: flow.get(k, 0) + n for k, n in m["flow"].items()}
        rows.append(view | {"flow": flow, "probe": by_source.get(name)})
    return rows


def _shard_list(staging: Path, manifests: list) -> list[dict[str, Any]]:
    rows = []
    for m in manifests:
        path = staging / f"meta/shards/{m['source']['id']}/{m['part']}.json"
        shard = m["shard"] or {"path": None, "sha256": None, "rows": 0, "bytes": 0}
        rows.append(
            {"source": m["source"]["id"], "part": m["part"]}
            | {k: shard[k] for k in ("path", "sha256", "rows", "bytes")}
            | {"manifest_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        )
    return rows
