"""publish: redacted shards, lineage, manifests, sheets and certificates; release/ changes only if no gate fails."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import Any

import stages
from lineage import canonical, certificate, evidence, keys
from lineage.errors import WithheldError
from lineage.yamlfile import YamlFile
from pipelines import parts, release_tree, sealing
from pipelines.detector_lists import detectors
from pipelines.project import read_json
from pipelines.publish_part import BuildTask, build
from pipelines.release_papers import write_papers
from pipelines.stage_run import StageRun
from pipelines.tasks.pii import project_hmac
from pipelines.tasks.sample import measured_languages
from stages.decide.acting import acts_at
from stages.decide.policy import Policy, load_policy
from stages.dedup import method
from stages.publish.tokens import named

INPUTS = ("ingest", "quality", "dedup", "pii", "pii_spans", "screen", "decide")
STAGES = ("ingest", "quality", "dedup", "pii", "screen", "decide", "publish")


def run(run: StageRun) -> dict[str, Any]:
    """Build every changed part, assemble the release in a staging folder, and put it in place of release/."""
    project, policy = run.project, load_policy(run.project.policy_path)
    folder = project.data / "publish"
    common = _common(run, policy)
    plan = read_json(project.data / "ingest" / "plan.json")["parts"]
    inputs = {(p["source"], p["part"]): tuple(p["inputs"]) for p in plan}
    tasks = [_task(run, ref, common, inputs[ref.source, ref.part]) for ref in run.parts]
    todo = [t for t in tasks if not release_tree.is_built(Path(t.folder), t.key)]
    run.map(build, todo)
    release_tree.forget(folder, {Path(t.folder) for t in tasks})
    staging = release_tree.stage(folder / "staging", [Path(t.folder) for t in tasks], common["policy_bytes"])
    manifests = [canonical.loads((staging / _manifest_path(t)).read_bytes()) for t in tasks]
    manifest = write_papers(run, policy, staging, manifests, common)
    gates = manifest["gates"] + [g for m in manifests for g in m["gates"]]
    failed = [g for g in gates if g["status"] == "fail"]
    if not failed:
        signed = certificate.certificate_id((staging / certificate.RELEASE_CERTIFICATE).read_bytes())
        sealing.refuse_changed(project.root / "history", project.params.release.version, signed)
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
    rows, cited = _stages(run, policy)
    return {
        "policy": policy,
        "policy_bytes": project.policy_path.read_bytes(),
        "stages": rows,
        "evidence": cited,
        "languages": measured_languages(project),
        "method": method(project.params.dedup),
        "sources": {s["id"]: s for s in project.inventory("publish")["sources"]},
        "answers": _answers(answers),
        "waivers": project.inventory("publish")["waivers"],
        "hmac": project_hmac(run),
        "root": str(project.root),
        "tokenizer": named(run.settings.tokenizer, project.root),
        "key_folder": str(folder),
        "keyid": keys.load_signer(folder).keyid,
    }


def _stages(run: StageRun, policy: Policy) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Return what a manifest says of each stage, and the evidence files that its detectors quote.

    Per stage: digest of code and libraries, settings, detectors. Evidence comes with the package and from the
    project's evidence/detectors/; it is quoted only for the very detector it was measured on, at the score from
    which the policy acts.
    """
    homes = [Path(stages.__file__).parent / name / "evidence" for name in STAGES]
    filed = evidence.load([*homes, run.project.root / "evidence" / "detectors"])
    rows, files = [], {}
    for name in STAGES:
        settings = getattr(run.project.params, name)
        code = run.project.inventory(name)["part_code" if name == "publish" else "code"]
        quoted, cited = evidence.attach(detectors(run.project, name), filed, partial(acts_at, policy))
        files |= cited
        rows.append(
            {
                "stage": name,
                "code_sha256": code["sha256"],
                "libraries": code["libraries"],
                "params": settings.model_dump(mode="json"),
                "detectors": [_detector(d) for d in quoted],
            }
        )
    return rows, files


def _detector(entry: dict[str, Any]) -> dict[str, Any]:
    """Return a detector as manifests list it: name, digest, codes, languages, status, evidence file or null, notes."""
    known = ("detector", "sha256", "codes", "languages", "evidence", "not_run", "stage")
    return {
        "detector": entry["detector"] or "operator",
        "sha256": entry["sha256"],
        "codes": list(entry["codes"]),
        "languages": list(entry.get("languages", ())),
        "status": f"not_run: {entry['not_run']}" if entry.get("not_run") else "run",
        "evidence": entry["evidence"],
        "notes": {k: v for k, v in entry.items() if k not in known},
    }


def _answers(path: Path) -> dict[str, Any] | None:
    return YamlFile(path).plain() if path.is_file() else None


def _task(run: StageRun, ref: Any, common: dict[str, Any], plan: tuple[dict[str, Any], ...]) -> BuildTask:
    project = run.project
    shared = {k: common[k] for k in ("stages", "method", "answers", "keyid", "tokenizer", "languages")}
    key = parts.content_key(
        inputs=[run.input_key(name, ref) for name in INPUTS],
        policy=common["policy"].sha256,
        source=common["sources"][ref.source],
        hmac=hashlib.sha256(b"hallmark-key-id" + common["hmac"]).hexdigest(),
        code=run.project.inventory("publish")["part_code"],
        waivers={g.id: common["waivers"].get(g.id) for g in common["policy"].gates if g.scope == "shard"},
        **shared,
    )
    return BuildTask(
        ref=ref,
        folder=str(project.data / "publish" / "parts" / ref.source / ref.part),
        tables=tuple((name, str(project.table(name, ref))) for name in INPUTS),
        plan=plan,
        common={k: v for k, v in common.items() if k != "sources"}
        | {"source": common["sources"][ref.source]},
        settings=run.settings,
        pii_settings=project.params.pii,
        screen_settings=project.params.screen,
        key=key,
    )


def _manifest_path(task: BuildTask) -> str:
    return f"meta/shards/{task.ref.source}/{task.ref.part}.json"


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
