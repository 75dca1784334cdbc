"""inventory: one small JSON per stage with everything it depends on that DVC cannot see."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import stages
from lineage.errors import InputError
from pipelines import source_lock
from pipelines.project import STAGES, read_json, write_json
from pipelines.review_desk.rulebook import papers
from pipelines.review_desk.signing import reviewer_keys
from pipelines.stage_run import StageRun
from pipelines.waivers import in_force
from stages.ingest.places import is_remote, remote_digests, sweep
from stages.inventory import RELEASE_WIDE, code_digest, digest_files

DOWNLOADS = 8  # at a time; each holds a few MB
#: Where the evidence lies that a stage reads: publish quotes it, sample asks which languages were measured.
EVIDENCE = {"publish": "stages/*/evidence/*.json", "sample": "stages/screen/evidence/*.json"}
#: Fields of a source that change how its files are read; the rest concerns decide and publish.
READ_FIELDS = ("id", "format", "fields", "licence")


def run(run: StageRun) -> dict[str, Any]:
    """List inputs, code and libraries; downstream stages are skipped while their own file stays the same."""
    from stages.decide.policy import load_policy

    project = run.project
    # a rule that cannot be read stops the run here, not after hours of reading
    policy = load_policy(project.policy_path)
    memo_path = project.data / ".memo.json"
    memo = read_json(memo_path) if memo_path.is_file() else {}
    fresh: dict[str, list[Any]] = {}
    for name in list(memo):  # forget files that are gone
        if (project.root / name).exists():
            fresh[name] = memo[name]
    listing = {name: _stage(run, name, fresh) for name in STAGES[1:]}
    listing["ingest"]["sources"] = [_source(run, s, fresh) for s in project.sources.values()]
    sweep(
        project.root,
        {f["file"] for s in listing["ingest"]["sources"] for f in s["files"] if is_remote(f["file"])},
        {p for s in project.sources.values() for p in s.paths if is_remote(p)},
    )
    source_lock.hold(project.root, listing["ingest"]["sources"], project.sources)
    if project.params.dedup.earlier:
        from pipelines.release_index import known  # needs polars; only where asked

        listing["dedup"]["earlier"] = known(project)
    for name, sources in _views(run).items():
        listing[name]["sources"] = sources
    listing["publish"]["part_code"] = code_digest(
        "publish", Path(stages.__file__).parent.parent, RELEASE_WIDE
    )
    listing["publish"]["waivers"] = in_force(project.root, policy, project.params.release.as_of)
    listing["publish"]["reviews"] = {"papers": papers(project.root), "keys": reviewer_keys(project.root)}
    for name, value in listing.items():
        write_json(project.data / "inventory" / f"{name}.json", value)
    write_json(memo_path, fresh)
    files = [f for s in listing["ingest"]["sources"] for f in s["files"]]
    return {
        "sources": len(project.sources),
        "files": len(files),
        "bytes": sum(f["bytes"] for f in files),
    }


def _stage(run: StageRun, name: str, memo: dict) -> dict[str, Any]:
    home = Path(stages.__file__).parent.parent
    settings = getattr(run.project.params, name).model_dump(mode="json")
    named = set(_named_files(settings, run.project.root))
    if name in EVIDENCE:
        named |= {*home.glob(EVIDENCE[name]), *run.project.root.glob("evidence/detectors/*.json")}
    return {
        "code": code_digest(name, home),
        "files": digest_files(sorted(named), run.project.root, memo),
    }


def _named_files(value: Any, root: Path) -> list[Path]:
    """Return the files that settings name: models, lexicons, labels; a folder stands for all files in it."""
    if isinstance(value, dict):
        return [p for v in value.values() for p in _named_files(v, root)]
    if isinstance(value, (list, tuple)):
        return [p for v in value for p in _named_files(v, root)]
    if not isinstance(value, str) or not value or "\n" in value:
        return []
    path = root / value
    if path.is_file():
        return [path]
    if path.is_dir() and path != root:
        return [p for p in path.rglob("*") if p.is_file()]
    return []


def _source(run: StageRun, source: Any, memo: dict) -> dict[str, Any]:
    from stages.ingest.files import list_files

    root = run.project.root
    files = list_files(source, root)
    if not files:
        raise InputError(
            f"source {source.id!r} has no input files",
            where=str(root / "sources.yaml"),
            cure=f"check its paths: {', '.join(source.paths)}",
        )
    dump = source.model_dump(mode="json", by_alias=True)
    rows = file_rows(files, root, memo)
    return {k: dump[k] for k in READ_FIELDS} | {"files": rows}


def file_rows(files: list[Any], root: Path, memo: dict) -> list[dict[str, Any]]:
    """Return [{file, bytes, sha256}] of a source's files in their order; remote ones are fetched as needed."""
    here = [f for f in files if not is_remote(f.path)]
    rows = {f.path: _file_row(f, root, memo) for f in here}
    away = [f for f in files if is_remote(f.path)]
    with ThreadPoolExecutor(DOWNLOADS) as pool:
        rows |= {r["file"]: r for r in remote_digests(away, root, pool.map)}
    return [rows[f.path] for f in files]


def _file_row(file: Any, root: Path, memo: dict) -> dict[str, Any]:
    try:
        row = digest_files([root / file.path], root, memo)[0]
    except OSError as e:
        # an unreadable file is one counted row of ingest, not the end of the run
        return {"file": file.path, "bytes": file.size, "sha256": None, "error": e.strerror}
    return row


def _views(run: StageRun) -> dict[str, list[dict[str, Any]]]:
    """Return what sample, decide and publish need to know of each source."""
    from stages.ingest.source import public_view

    project, memo = run.project, {}
    common = project.params.decide.refusals
    facts = [source_facts(s) | opt_out_facts(s, common, project.root, memo) for s in project.sources.values()]
    public = [
        public_view(s) | {"evidence": _proofs(s, run.project.root)} for s in run.project.sources.values()
    ]
    return {"sample": facts, "decide": facts, "publish": public}


def _proofs(source: Any, root: Path) -> list[dict[str, str]]:
    """Return kind and digest of each evidence file: a release proves it, and never holds or names it."""
    from stages.ingest.source import ASSESSMENT, CONSENT

    data = source.personal_data
    stated = [(e.kind, e.path) for e in (*source.evidence, *_snapshots(source))]
    stated += [
        (kind, path) for kind, path in ((CONSENT, data.separate_consent), (ASSESSMENT, data.pipia)) if path
    ]
    return [
        {"kind": kind, "sha256": digest_files([root / path], root, {})[0]["sha256"]} for kind, path in stated
    ]


def _snapshots(source: Any) -> list[Any]:
    from stages.ingest.source import Evidence

    files = source.robots.files if source.robots else ()
    return [Evidence(kind="robots-snapshot", path=f.path) for f in files if f.path]


def opt_out_facts(source: Any, common: tuple[str, ...], root: Path, memo: dict) -> dict[str, Any]:
    """Return {robots, refusals} of a source: each file with its digest; lists of params.yaml come first."""

    def row(path: str) -> dict[str, str]:
        if not (root / path).is_file():
            raise InputError(
                "there is no such file",
                where=f"{root / path} (robots or refusals of source {source.id}, or decide.refusals)",
                cure="add the file or correct the path",
            )
        return {"path": path, "sha256": digest_files([root / path], root, memo)[0]["sha256"]}

    robots = source.robots and {
        "agents": list(source.robots.agents),
        "files": [
            {"site": f.site, "status": f.status} | (row(f.path) if f.path else {"path": None, "sha256": ""})
            for f in source.robots.files
        ],
    }
    return {"robots": robots, "refusals": [row(p) for p in dict.fromkeys((*common, *source.refusals))]}


def source_facts(source: Any) -> dict[str, Any]:
    """Return the fields of a source that rules read, as plain JSON."""
    dump = source.model_dump(mode="json", by_alias=True)
    return {
        "id": dump["id"],
        "priority": dump["priority"],
        "retain_until": dump.get("retain_until"),
        "purposes": dump.get("purpose") or [],
        "lawful_basis": (dump.get("personal_data") or {}).get("lawful_basis", "none"),
    }
