"""history/latest.dsse.json and history/checkpoint: which release is the newest, signed, with an end."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from lineage import canonical, certificate, journal, keys, latest
from lineage.errors import HallmarkError, TrustError
from lineage.trust import Trust
from lineage.verify.report import Report
from lineage.verify.statement import Notary, Statement
from pipelines.project import Project, write_bytes
from pipelines.sealing import seals


def write_newest(
    project: Project, trust: Trust, found: list[dict[str, Any]], *, days: int, today: date
) -> bytes:
    """Write the signed record of the newest sealed release, and the checkpoint; return the record.

    `found`: all seal records, oldest first; release/ must be the last of them. A record that is there must be signed
    by a trusted key and be continued by the new one, else TrustError. A record of today with the same content stays.
    """
    history, signer = project.root / "history", keys.load_signer(keys.default_folder())
    ids = [record["certificate"]["id"] for record in found]
    if certificate_here(project.release) != ids[-1]:
        raise TrustError(
            f"release/ is not {found[-1]['version']}, the newest sealed release",
            where=str(project.release),
            cure="check out its tag and run `dvc checkout`",
        )
    refuse_rewritten(history / seals.LATEST, trust, ids, today)
    made = latest.certify_latest(
        project.release, signer, today, today + timedelta(days=days), ids, revocations(project)
    )
    write_bytes(history / seals.LATEST, made)
    origin = f"hallmark/{found[-1]['dataset']}"
    write_bytes(history / seals.CHECKPOINT, latest.checkpoint(origin, ids, signer))
    facts = {"version": found[-1]["version"], "valid_until": (today + timedelta(days=days)).isoformat()}
    path = project.root / journal.FILE
    if not any(e["event"] == "latest" and e["facts"] == facts for e in journal.read(path).entries):
        journal.append(path, "latest", facts)
    return made


def renew(project: Project, trust: Trust, *, days: int, today: date) -> date:
    """Sign the record of the newest release anew, and return the last day on which it holds."""
    found = seals.records(project.root / "history")
    if not found:
        raise HallmarkError(
            "no release is sealed", where=str(project.root / "history"), cure="hallmark release seal"
        )
    write_newest(project, trust, found, days=days, today=today)
    return today + timedelta(days=days)


def certificate_here(release: Path) -> str | None:
    """Return the id of the certificate of the release in a folder; None without one."""
    path = release / certificate.RELEASE_CERTIFICATE
    return certificate.certificate_id(path.read_bytes()) if path.is_file() else None


def refuse_rewritten(file: Path, trust: Trust, ids: list[str], today: date) -> None:
    """Raise a TrustError unless the history `ids` continues the one that the record in `file` was signed over."""
    if not file.is_file():
        return
    says = open_newest(file, trust, today).predicate["history"]
    tree, size = latest.history_tree(ids), says["size"]
    proof = [step.hex() for step in tree.consistency(size)] if 0 < size <= tree.size else []
    if not latest.history_grew(says, {"size": tree.size, "root": tree.root.hex()}, proof):
        raise TrustError(
            f"history/ does not continue the {size} sealed releases of the signed record",
            where=str(file),
            cure="restore history/ from git: a seal is never taken back",
        )


def open_newest(file: Path, trust: Trust, today: date) -> Statement:
    """Return the record of the newest release in a file, once a trusted key vouches for it; else TrustError."""
    report = Report()
    statement = Notary(trust, today, {}, report).open(file.read_bytes(), str(file), latest.LATEST_TYPE)
    if statement is None:
        raise TrustError(report.problems[0].what, where=str(file), cure="restore it from git")
    return statement


def revocations(project: Project) -> list[dict[str, str]]:
    """Return the certificates that the removal ledger or the newest release revokes."""
    from lineage.removals import release_facts
    from pipelines.sealing.superseded import merged

    path = project.release / certificate.MANIFEST
    stated = canonical.loads(path.read_bytes(), where=str(path)).get("revocations") or []
    return merged(release_facts(project.root / "ledger" / "ledger.jsonl")["revocations"], stated)
