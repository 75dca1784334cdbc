"""publish: redacted shards, lineage, manifests, sheets and certificates; release/ changes only if no gate fails."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import polars as pl

from lineage import canonical, certificate, keys
from lineage.errors import WithheldError
from lineage.merkle import doc_root
from lineage.removals import release_facts
from lineage.sheets import render, site
from pipelines import parts, release_tree
from pipelines.executor import run_tasks
from pipelines.publish_part import BuildTask, build
from pipelines.stage_run import StageRun
from pipelines.tasks.pii import project_hmac
from pipelines.tasks.sample import load_edges
from stages.decide.policy import load_policy
from stages.decide.reviews import load_reviews
from stages.dedup import method
from stages.publish.gates import run_gates
from stages.publish.manifest import merge, release_manifest

INPUTS = ("ingest", "quality", "dedup", "pii", "pii_spans", "screen", "decide")
DETECTING = ("quality", "pii", "screen")


def run(run: StageRun) -> dict[str, Any]:
    """Build every changed part, assemble the release in a staging folder, and put it in place of release/."""
    project, policy = run.project, load_policy(run.project.policy_path)
    folder = project.data / "publish"
    common = _common(run, policy)
    tasks = [_task(run, ref, common) for ref in run.parts]
    todo = [t for t in tasks if not release_tree.is_built(Path(t.folder), t.key)]
    run.log += run_tasks(build, todo, workers=run.workers, label="publish")
    release_tree.forget(folder, {Path(t.folder) for t in tasks})
    staging = release_tree.stage(folder / "staging", [Path(t.folder) for t in tasks], common["policy_bytes"])
    manifests = [canonical.loads((staging / _manifest_path(t)).read_bytes()) for t in tasks]
    manifest = _release(run, policy, staging, manifests, common)
    gates = manifest["gates"] + [g for m in manifests for g in m["gates"]]
    failed = [g for g in gates if g["status"] == "fail"]
    release_tree.swap(staging, project.data / "withheld" if failed else project.release)
    if failed:
        raise WithheldError(
            "the release is withheld: " + "; ".join(_figure(g) for g in failed),
            where=str(project.data / "withheld"),
            cure="read its sheet, mend the cause, and run `dvc repro` again; release/ is as it was",
        )
    return _metrics(manifest)


def _common(run: StageRun, policy: Any) -> dict[str, Any]:
    """Return what every part's build shares; all of it is part of the content key except the keys themselves."""
    project, answers = run.project, run.project.root / run.settings.answers
    folder = keys.default_folder()
    return {
        "policy": policy,
        "policy_bytes": project.policy_path.read_bytes(),
        "stages": _stages(run),
        "method": method(project.params.dedup),
        "sources": {s["id"]: s for s in project.inventory("publish")["sources"]},
        "answers": _answers(answers),
        "hmac": project_hmac(run),
        "key_folder": str(folder),
        "keyid": keys.load_signer(folder).keyid,
    }


def _stages(run: StageRun) -> list[dict[str, Any]]:
    """Return per stage: digest of code and libraries, settings, detectors; what a manifest says of the run."""
    from importlib import import_module

    rows = []
    for name in ("ingest", "quality", "dedup", "pii", "screen", "decide", "publish"):
        settings = getattr(run.project.params, name)
        code = run.project.inventory(name)["code"]
        found = import_module(f"stages.{name}").detectors(settings) if name in DETECTING else []
        rows.append(
            {
                "stage": name,
                "code_sha256": code["sha256"],
                "libraries": code["libraries"],
                "params": settings.model_dump(mode="json"),
                "detectors": [_detector(d) for d in found],
            }
        )
    return rows


def _detector(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a detector as manifests list it: name, digest, codes, status, evidence file or null, notes."""
    evidence = entry.get("evidence")
    filed = isinstance(evidence, dict) and {"path", "sha256"} <= set(evidence)
    known = ("detector", "sha256", "codes", "languages", "evidence", "not_run")
    notes = {k: v for k, v in entry.items() if k not in known}
    return {
        "detector": entry["detector"] or "operator",
        "sha256": entry["sha256"],
        "codes": list(entry["codes"]),
        "languages": list(entry.get("languages", ())),
        "status": f"not_run: {entry['not_run']}" if entry.get("not_run") else "run",
        "evidence": evidence if filed else None,
        "notes": notes | (evidence if isinstance(evidence, dict) and not filed else {}),
    }


def _answers(path: Path) -> dict[str, Any] | None:
    from lineage.yamlfile import YamlFile

    return YamlFile(path).plain() if path.is_file() else None


def _task(run: StageRun, ref: Any, common: dict[str, Any]) -> BuildTask:
    project = run.project
    plan = {(p["source"], p["part"]): p["inputs"] for p in parts_plan(run)}
    named = {k: common[k] for k in ("stages", "method", "answers", "keyid")}
    key = parts.content_key(
        inputs=[run.input_key(name, ref) for name in INPUTS],
        policy=common["policy"].sha256,
        source=common["sources"][ref.source],
        hmac=hashlib.sha256(b"hallmark-key-id" + common["hmac"]).hexdigest(),
        code=run.code,
        **named,
    )
    return BuildTask(
        ref=ref,
        folder=str(project.data / "publish" / "parts" / ref.source / ref.part),
        tables=tuple((name, str(project.table(name, ref))) for name in INPUTS),
        plan=tuple(plan[ref.source, ref.part]),
        common={k: v for k, v in common.items() if k != "sources"}
        | {"source": common["sources"][ref.source]},
        settings=run.settings,
        pii_settings=project.params.pii,
        screen_settings=project.params.screen,
        key=key,
    )


def parts_plan(run: StageRun) -> list[dict[str, Any]]:
    from pipelines.project import read_json

    return read_json(run.project.data / "ingest" / "plan.json")["parts"]


def _manifest_path(task: BuildTask) -> str:
    return f"meta/shards/{task.ref.source}/{task.ref.part}.json"


def _release(run: StageRun, policy: Any, staging: Path, manifests: list, common: dict) -> dict[str, Any]:
    from lineage.card import card

    release = run.project.params.release
    facts, kept = _release_facts(run)
    gates = run_gates(policy.gates, "release", merge(manifests) | facts | {"stages": common["stages"]})
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
    for lang in ("zh", "en"):
        for fmt in ("html", "md"):
            text = render(
                manifest,
                lang=lang,
                fmt=fmt,
                digests=digests,
                answers=common["answers"],
                verify_command="hallmark verify release",
            )
            release_tree.put(staging, f"sheets/release.{lang}.{fmt}", text.encode())
    for lang in ("zh", "en"):
        index = site(manifests, lang=lang, title=release.title.model_dump()[lang])
        release_tree.put(staging, f"sheets/index.{lang}.html", index.encode())
    release_tree.put(staging, "README.md", card(manifest).encode())
    signer = keys.load_signer(keys.default_folder())
    signed = certificate.certify_release(staging, signer, release.as_of, release.validity_days)
    release_tree.put(staging, certificate.RELEASE_CERTIFICATE, signed)
    return manifest


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


def _release_facts(run: StageRun) -> tuple[dict[str, Any], str]:
    """Return the facts that only the whole release has, and the Merkle root over its published ids."""
    from pipelines.project import read_json

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
        "audit": _audit(run),
        "previous": None,
    } | release_facts(project.root / "ledger" / "ledger.jsonl")
    return facts, doc_root(published["doc_id"].to_list())


def _dup_sources(edges: pl.DataFrame, where: pl.DataFrame) -> list[dict[str, Any]]:
    """Return verified pairs by pair of sources: who copies whom."""
    joined = edges.join(where.rename({"doc_id": "a", "source": "sa"}), on="a").join(
        where.rename({"doc_id": "b", "source": "sb"}), on="b"
    )
    pair = joined.select(a=pl.min_horizontal("sa", "sb"), b=pl.max_horizontal("sa", "sb"))
    counts = pair.group_by("a", "b").agg(pairs=pl.len())
    return list(counts.sort(["pairs", "a", "b"], descending=[True, False, False]).iter_rows(named=True))


def _audit(run: StageRun) -> dict[str, Any]:
    """Return the state of the manual audit: drawn, labelled, passed."""
    draws = parts.read_part(run.project.data / "sample" / "draws.parquet").filter(pl.col("draw") == "audit")
    reviews = load_reviews(run.project.root / "reviews")
    judged = draws.join(reviews, on=["doc_id", "text_sha256"], how="left")
    labelled = judged.filter(pl.col("verdict").is_not_null())
    passed = labelled.filter(pl.col("verdict") == "pass").height
    rate = round(passed / labelled.height, 4) if labelled.height else None
    return {
        "n": draws.height,
        "seed": run.project.params.sample.seed,
        "labelled": labelled.height,
        "passed": passed,
        "pass_rate": rate,
    }


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


def _figure(gate: dict[str, Any]) -> str:
    sign = "<=" if gate["better"] == "less" else ">="
    return f"{gate['id']} measured {gate['measured']}, asked {sign} {gate['threshold']}"


def _metrics(manifest: dict[str, Any]) -> dict[str, Any]:
    return {
        "flow": manifest["flow"],
        "shards": sum(s["path"] is not None for s in manifest["shards"]),
        "bytes": sum(s["bytes"] for s in manifest["shards"]),
        "gates": {g["id"]: g["status"] for g in manifest["gates"]},
        "grade_allowed": manifest["grade_allowed"],
    }
