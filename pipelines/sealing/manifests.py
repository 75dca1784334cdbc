"""Release manifests to compare: from a folder, from a remote, or from the newest sealed release; signed or refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lineage import canonical, certificate, changes
from lineage.digests import sha256_bytes
from lineage.errors import InputError, TrustError
from lineage.trust import Trust
from lineage.verify.files import MANIFEST_LIMIT, Folder
from lineage.verify.report import Report
from lineage.verify.statement import Notary
from pipelines.project import Project
from pipelines.sealing.pull import fetch_papers
from pipelines.sealing.remote import open_remote
from pipelines.sealing.seals import records

PUBLISHED = ("kept", "redacted")


@dataclass(frozen=True)
class Opened:
    """A release manifest, the folder it lies in, and whether a trusted key vouches for it."""

    manifest: dict[str, Any]
    folder: Path
    signed: bool


def open_manifest(folder: Path, trust: Trust | None) -> Opened:
    """Return the manifest of a release folder; with `trust`, only if the release certificate vouches for its bytes.

    The certificate's own end does not count: an old release is compared with, not used.
    """
    report = Report()
    if not folder.is_dir():
        raise InputError("no such folder", where=str(folder), cure="name a release")
    files = Folder(folder, report)
    data = files.read(certificate.MANIFEST, MANIFEST_LIMIT)
    if data is None:
        raise InputError("holds no release manifest", where=str(folder), cure="name the folder of a release")
    if trust is not None:
        _vouched(files, data, trust, report)
    return Opened(canonical.loads(data, where=str(folder / certificate.MANIFEST)), folder, trust is not None)


def open_any(spec: str, trust: Trust | None, scratch: Path) -> Opened:
    """Return the manifest of a release in a folder or at an address (as for `hallmark pull`), or of the newest seal.

    `sealed` is the newest sealed release of the project at hand, by its tag v<version>. What is fetched lands in the
    empty folder `scratch`, with policy and lineage tables; without `trust` nothing is fetched.
    """
    if Path(spec).is_dir() and (Path(spec) / certificate.MANIFEST).is_file():
        return open_manifest(Path(spec), trust)
    if trust is None:
        cure = "name a trust file or key: what comes from elsewhere is not read unsigned"
        raise TrustError("no trusted key", where=spec, cure=cure)
    root, record = newest_seal() if spec == "sealed" else (None, None)
    address = f"{root}@v{record['version']}" if record else spec
    named = fetch_papers(open_remote(address), scratch, trust, ("manifest", "policy", "lineage"))
    if record and named != record["certificate"]["id"]:
        raise TrustError(
            f"the tag v{record['version']} does not hold the release that was sealed", where=address
        )
    return open_manifest(scratch, trust)


def newest_seal() -> tuple[Path, dict[str, Any]]:
    """Return the project at hand and its newest seal record; an InputError where no release is sealed."""
    root = Project.find().root
    found = records(root / "history")
    if not found:
        cure = "a first release needs its own filing; seal it, then the gate compares with it"
        raise InputError(
            "no release is sealed yet: nothing to compare with", where=str(root / "history"), cure=cure
        )
    return root, found[-1]


def compare(old: Opened, new: Opened, rules: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return lineage.changes.compare of two opened releases; documents by id where both lineage tables are here.

    `rules`: the block `material` of a policy; None takes that of the old release's policy file, if it is here.
    """
    if rules is None:
        rules = policy_rules(old.folder / certificate.POLICY, old.manifest["policy"]["sha256"])
    return changes.compare(old.manifest, new.manifest, rules, replaced=_replaced(old, new))


def policy_rules(path: Path, sha256: str | None = None) -> dict[str, Any]:
    """Return the block `material` of a policy file; empty where file or block is missing; another file is an error."""
    if not path.is_file():
        return {}
    if sha256 is not None and sha256_bytes(path.read_bytes()) != sha256:
        raise TrustError("the policy is not the one that the manifest names", where=str(path))
    from lineage.yamlfile import YamlFile

    return YamlFile(path).plain().get("material") or {}


def _vouched(files: Folder, manifest: bytes, trust: Trust, report: Report) -> None:
    from lineage.verify.files import CERTIFICATE_LIMIT

    notary = Notary(trust, datetime.now(UTC).date(), {}, report)
    data = files.read(certificate.RELEASE_CERTIFICATE, CERTIFICATE_LIMIT)
    statement = (
        notary.open(data, certificate.RELEASE_CERTIFICATE, certificate.RELEASE_TYPE)
        if data is not None
        else None
    )
    if statement is None:
        raise TrustError(report.problems[0].line(), where=str(files.root))
    named = statement.subjects.get(certificate.MANIFEST)
    if named is None or named.sha256 != sha256_bytes(manifest):
        raise TrustError("the manifest is not the one that was certified", where=str(files.root))


def _replaced(old: Opened, new: Opened) -> dict[str, int] | None:
    before, after = _ids(old), _ids(new)
    if before is None or after is None:
        return None
    kept = before.is_in(after.implode()).sum()
    return {"kept": kept, "gone": len(before) - kept, "new": len(after) - kept}


def _ids(release: Opened) -> Any:
    """Return the published ids (polars Series of 32 bytes); None unless every lineage table of the release is here."""
    shards = release.manifest["shards"]
    paths = [release.folder / f"lineage/{s['source']}/{s['part']}.parquet" for s in shards]
    if not all(path.is_file() for path in paths):
        return None
    import polars as pl

    read = [pl.scan_parquet(path, glob=False).select("doc_id", "disposition") for path in paths]
    live = pl.concat(read).filter(pl.col("disposition").is_in(PUBLISHED)).select("doc_id").collect()["doc_id"]
    if len(live) != changes.published(release.manifest):
        raise TrustError("its lineage tables do not list the published documents", where=str(release.folder))
    return live
