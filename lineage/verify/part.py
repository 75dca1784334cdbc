"""Checks one part: its certificate, the files it binds, and its manifest with closed books."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lineage import canonical, certificate
from lineage.errors import HallmarkError
from lineage.verify.files import SHARD_CERTIFICATE_LIMIT, SHARD_MANIFEST_LIMIT, Expected, Folder, expectations
from lineage.verify.report import FAILED, Report
from lineage.verify.statement import Notary, Statement

FLOW = ("kept", "redacted", "removed", "quarantined", "unreadable")


@dataclass(frozen=True)
class Part:
    """A part whose certificate is good: names, statement, bound files, what later checks need of them."""

    source: str
    part: str
    statement: Statement
    bound: dict[str, Expected]
    manifest: dict[str, Any]

    @property
    def shard(self) -> str | None:
        """Path of the shard file; None where nothing was kept."""
        return self.manifest["shard"]["path"] if self.manifest["shard"] else None


def manifest_path(source: str, part: str) -> str:
    """Return where the manifest of a part stands inside a release."""
    return f"meta/shards/{source}/{part}.json"


def open_part(
    folder: Folder, notary: Notary, source: str, part: str, release: Statement | None
) -> Part | None:
    """Return a part if certificate and manifest hold together; `release`: what a release says that lists it."""
    report, path = folder.report, certificate.certificate_path(source, part)
    listed = release.subjects if release else None
    if listed is not None and path not in listed:
        report.refuse(FAILED, path, "the release certificate does not list it")
        return None
    data = folder.read(path, SHARD_CERTIFICATE_LIMIT, listed[path] if listed is not None else None)
    # alone, or with --deep, the certificate's own signatures are checked; else the release's speak for these bytes
    voucher = None if report.deep else release
    statement = notary.open(data, path, certificate.SHARD_TYPE, voucher) if data is not None else None
    if statement is None:
        return None
    try:
        bound = _bound(statement, source, part, listed)
        where = manifest_path(source, part)
        manifest = _manifest(folder, where, bound.get(where))
        if manifest is None:
            return None
        for what in _contradictions(manifest, statement, bound, source, part):
            report.refuse(FAILED, where, what)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        report.refuse(FAILED, path, f"the certificate or manifest is malformed: {error}")
        return None
    return _slim(Part(source, part, statement, bound, manifest), listed or {})


def _slim(part: Part, listed: Mapping[str, Expected]) -> Part:
    """Let go of what later checks do not ask for: ten thousand parts are held at once."""
    statement, manifest = part.statement, part.manifest
    predicate = {name: statement.predicate[name] for name in ("gates", "policy", "claim", "limits")}
    shared = {path: listed[path] if listed.get(path) == says else says for path, says in part.bound.items()}
    return Part(
        part.source,
        part.part,
        Statement(predicate, {}, statement.grade, statement.certificate_id),
        shared,
        {name: manifest[name] for name in ("shard", "lineage", "flow", "reasons")},
    )


def books(flow: Mapping[str, int]) -> str | None:
    """Say how the books fail to close, or None: in = kept + redacted + removed + quarantined + unreadable."""
    out = sum(flow[name] for name in FLOW)
    return None if flow["in"] == out else f"the books do not close: {flow['in']} in, {out} out"


def _bound(
    statement: Statement, source: str, part: str, listed: Mapping[str, Expected] | None
) -> dict[str, Expected]:
    says = statement.predicate
    if (says["source"], says["part"]) != (source, part):
        raise ValueError("it was issued for another part")
    resources = [says["manifest"], says["lineage"], says["policy"], *says["evidence"], *says["sheets"]]
    bound = expectations(resources, listed)
    for path, expected in [*bound.items(), *statement.subjects.items()]:
        if bound.setdefault(path, expected) != expected:
            raise ValueError(f"it contradicts itself about {path}")
        if (listed or {}).get(path) != expected and certificate.role_of(path) != expected.role:
            raise ValueError(f"it calls {path} {expected.role}")
    if manifest_path(source, part) not in bound or certificate.POLICY not in bound:
        raise ValueError("it binds no manifest or policy of this part")
    return bound


def _manifest(folder: Folder, path: str, expected: Expected | None) -> dict[str, Any] | None:
    data = folder.read(path, SHARD_MANIFEST_LIMIT, expected)
    if data is None:
        return None
    try:
        return canonical.loads(data, where=path)
    except HallmarkError as error:
        folder.report.refuse(FAILED, path, error.what)
        return None


def _contradictions(
    manifest: Mapping[str, Any],
    statement: Statement,
    bound: Mapping[str, Expected],
    source: str,
    part: str,
) -> list[str]:
    """List where manifest and certificate disagree, or the manifest with itself."""
    shard, lineage, flow = manifest["shard"], manifest["lineage"], manifest["flow"]
    found = [closing] if (closing := books(flow)) else []
    if (manifest["source"]["id"], manifest["part"]) != (source, part):
        found.append("it describes another part")
    data = {path: e for path, e in statement.subjects.items() if e.role == "data"}
    stated = {shard["path"]: Expected(shard["sha256"], shard["bytes"], "data")} if shard else {}
    if data != stated:
        found.append("it names another shard than its certificate")
    if shard and shard["path"] != f"data/{source}/{part}-{shard['sha256'][:12]}.parquet":
        found.append("the shard's file name does not fit its digest")
    if (shard["rows"] if shard else 0) != flow["kept"] + flow["redacted"]:
        found.append("the shard's rows are not the kept and redacted documents")
    if lineage["rows"] != flow["in"]:
        found.append("the lineage table has another number of rows than documents came in")
    if lineage["path"] not in bound or bound[lineage["path"]].sha256 != lineage["sha256"]:
        found.append("it names another lineage table than its certificate")
    if bound[certificate.POLICY].sha256 != manifest["policy"]["sha256"]:
        found.append("it names another policy than its certificate")
    if manifest["gates"] != statement.predicate["gates"]:
        found.append("its gates are not those of its certificate")
    return found


def failed_gates(statement: Statement, path: str, report: Report) -> None:
    """Report computed gates that failed, and states that no gate may have; name the waived."""
    for gate in statement.predicate["gates"]:
        if gate["status"] not in certificate.GATE_STATES:
            report.refuse(FAILED, path, f"gate {gate['id']} has no known state")
        elif gate["status"] == "fail":
            measured = f"measured {gate.get('measured')}, threshold {gate.get('threshold')}"
            report.refuse(FAILED, path, f"gate {gate['id']} failed: {measured}")
        elif gate["status"] == "waived":
            report.notes.append(f"{path}: gate {gate['id']} was waived")
