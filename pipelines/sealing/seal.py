"""`hallmark release seal`: fix a version for good, and say with a signed record which release is the newest."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from lineage import canonical, certificate, journal, latest
from lineage.digests import sha256_file
from lineage.errors import HallmarkError, TrustError
from lineage.trust import Trust
from lineage.verify import verify_release
from pipelines.project import Project, write_bytes
from pipelines.release_index import append
from pipelines.sealing import seals
from pipelines.sealing.diary import ledger_head, note_ledger, note_policy
from pipelines.sealing.newest import refuse_rewritten, write_newest
from pipelines.sealing.runs import run_digests
from pipelines.sealing.superseded import REASON, parts_of


def seal(
    project: Project, trust: Trust, *, days: int, today: date | None = None, actor: str = ""
) -> dict[str, Any]:
    """Verify release/, write history/<version>.json, the newest record and the checkpoint, and return the record.

    Sealing the same bytes again changes no record and renews what is missing; other bytes are a TrustError. `days`:
    how long the record of the newest release holds, from `today` (UTC).
    """
    history, day = project.root / "history", today or datetime.now(UTC).date()
    report = verify_release(project.release, trust=trust, require=["complete"], today=day)
    if not report.ok:
        raise TrustError(f"the release is not good: {report.problems[0].line()}", where=str(project.release))
    found = seals.records(history)
    facts = _facts(project)
    version = facts["version"]
    seals.refuse_changed(history, version, facts["certificate"]["id"])
    record = next((r for r in found if r["version"] == version), None)
    note_policy(project, actor)
    note_ledger(project, actor)
    if record is None:
        record = _new(project, found, facts)
        ids = [r["certificate"]["id"] for r in (*found, record)]
        refuse_rewritten(history / seals.LATEST, trust, ids, day)
        write_bytes(history / f"{version}.json", canonical.dumps(record) + b"\n")
        found.append(record)
    append(project, version)
    if record["seq"] == len(found):
        write_newest(project, trust, found, days=days, today=day)
    _note(project, record, actor)
    return record


def _facts(project: Project) -> dict[str, Any]:
    """Return what release/ says of itself; an error where it is not the release that params.yaml asks for."""
    path = project.release / certificate.MANIFEST
    manifest = canonical.loads(path.read_bytes(), where=str(path))
    dataset, asked = manifest["dataset"], project.params.release
    if (dataset["id"], dataset["version"]) != (asked.id, asked.version):
        raise HallmarkError(
            f"release/ holds {dataset['id']} {dataset['version']}, params.yaml says {asked.id} {asked.version}",
            where=str(path),
            cure="run `dvc repro`, then seal",
        )
    signed = project.release / certificate.RELEASE_CERTIFICATE
    return {
        "dataset": dataset["id"],
        "version": dataset["version"],
        "sealed": dataset["as_of"],
        "manifest": {"path": certificate.MANIFEST, "sha256": sha256_file(path)},
        "certificate": {
            "path": certificate.RELEASE_CERTIFICATE,
            "sha256": sha256_file(signed),
            "id": certificate.certificate_id(signed.read_bytes()),
        },
        "grade_allowed": manifest["grade_allowed"],
        "flow": manifest["flow"],
        "merkle": manifest["merkle"],
        "policy": manifest["policy"],
        "ledger": manifest.get("ledger"),
        "previous": manifest.get("previous"),
        "parts": parts_of(project.release),
        "superseded": [r["certificate"] for r in manifest.get("revocations") or () if r["reason"] == REASON],
    }


def _new(project: Project, found: list[dict[str, Any]], facts: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a version that is not sealed yet."""
    _check_order(project, found, facts)
    ids = [*(r["certificate"]["id"] for r in found), facts["certificate"]["id"]]
    tree = latest.history_tree(ids)
    proof = [step.hex() for step in tree.consistency(len(found))] if found else []
    lock = project.root / "dvc.lock"
    return facts | {
        "schema": seals.SCHEMA,
        "seq": len(found) + 1,
        "history": {"size": tree.size, "root": tree.root.hex(), "proof": proof},
        "journal": journal.read(project.root / journal.FILE).head,
        "runs": run_digests(project.root / "runs"),
        "dvc_lock": sha256_file(lock) if lock.is_file() else None,
    }


def _check_order(project: Project, found: list[dict[str, Any]], facts: dict[str, Any]) -> None:
    version, named = facts["version"], seals.previous(project.root / "history", facts["version"])
    if found and seals.semver(version) <= seals.semver(found[-1]["version"]):
        raise HallmarkError(
            f"version {version} is not above {found[-1]['version']}, which is sealed",
            where=str(project.root / "params.yaml"),
            cure="raise release.version and run `dvc repro`",
        )
    if facts["previous"] != named:
        raise HallmarkError(
            f"the release names {facts['previous']} as the one before it, history/ says {named}",
            where=str(project.release / certificate.MANIFEST),
            cure="run `dvc repro`, then seal",
        )
    if facts["ledger"] is not None and facts["ledger"] != ledger_head(project.root):
        raise HallmarkError(
            "the removal ledger has changed since the release was built",
            where=str(project.root / "ledger"),
            cure="run `dvc repro`, so that what was asked to be removed is not sealed",
        )


def _note(project: Project, record: dict[str, Any], actor: str) -> None:
    path = project.root / journal.FILE
    facts = {"version": record["version"], "certificate": record["certificate"]["id"]}
    if not any(e["event"] == "seal" and e["facts"] == facts for e in journal.read(path).entries):
        journal.append(path, "seal", facts, actor=actor)
