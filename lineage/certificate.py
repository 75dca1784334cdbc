"""Certificates: what a key vouches for, as in-toto Statements v1 in DSSE envelopes.

A shard certificate binds one part's files and nothing release-wide, so an untouched shard keeps its own;
the release certificate binds every other file of the release. Equal inputs give equal bytes.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from lineage import canonical, dsse
from lineage.digests import sha256_bytes, sha256_file, sha256_files
from lineage.errors import InputError, TrustError
from lineage.evidence import MEASURED
from lineage.keys import Signer

STATEMENT = "https://in-toto.io/Statement/v1"
SHARD_TYPE = "urn:hallmark:shard-certificate:1"
RELEASE_TYPE = "urn:hallmark:release-certificate:1"
COUNTERSIGNATURES = "urn:hallmark:countersignatures:1"
COUNTERSIGNATURES_LIMIT = 64 << 20
RELEASE_CERTIFICATE = "meta/certs/release.dsse.json"
MANIFEST, POLICY = "meta/manifest.json", "meta/policy.yaml"
GATE_STATES = ("pass", "fail", "warn", "not_run", "waived")
SHEET_KINDS = ("zh.html", "zh.md", "en.html", "en.md")

_ROLES = (
    (re.compile(r"data/[^/]+/[^/]+\.parquet"), "data"),
    (re.compile(r"lineage/[^/]+/[^/]+\.parquet"), "lineage"),
    (re.compile(r"meta/shards/[^/]+/[^/]+\.json"), "shard-manifest"),
    (re.compile(r"meta/certs/[^/]+/[^/]+\.dsse\.json"), "shard-certificate"),
    (re.compile(r"meta/manifest\.json"), "manifest"),
    (re.compile(r"meta/policy\.yaml"), "policy"),
    (re.compile(r"meta/evidence/.+"), "evidence"),
    (re.compile(r"sheets/.+"), "sheet"),
    (re.compile(r"exports/.+"), "export"),
    (re.compile(r"README\.md"), "card"),
)


def role_of(path: str) -> str:
    """Return the role of a release file by its place: data, lineage, manifest, sheet, ...; else `other`."""
    return next((role for pattern, role in _ROLES if pattern.fullmatch(path)), "other")


def certificate_path(source: str, part: str) -> str:
    """Return where the certificate of a part stands inside a release."""
    return f"meta/certs/{source}/{part}.dsse.json"


def sheet_paths(source: str, part: str) -> list[str]:
    """Return the four sheets of a part: both languages, HTML and Markdown."""
    return [f"sheets/{source}/{part}.{kind}" for kind in SHEET_KINDS]


def certify_shard(release: Path, manifest_path: str, signer: Signer) -> bytes:
    """Return the signed certificate of one part; `manifest_path` is its manifest, relative to `release`.

    It holds no date, so that an untouched shard keeps its certificate: validity is the release's to state.
    The files must be there and agree with the manifest, else TrustError.
    """
    release = Path(release)
    manifest = canonical.loads(_read(release, manifest_path), where=manifest_path)
    source, part, shard = manifest["source"]["id"], manifest["part"], manifest["shard"]
    bound: dict[str, Any] = {
        "manifest": descriptor(release, manifest_path),
        "lineage": _agreeing(release, manifest["lineage"]),
        "policy": _policy(release, manifest["policy"]),
        "evidence": [descriptor(release, path) for path in _evidence_files(release, manifest)],
        "sheets": [descriptor(release, path) for path in sheet_paths(source, part)],
    }
    # a Statement needs a subject: where nothing was kept, the manifest that says so stands for the part
    subject = _agreeing(release, shard) if shard else bound["manifest"]
    predicate = {
        "source": source,
        "part": part,
        **bound,
        "detectors": _detectors(manifest),
        "gates": manifest["gates"],
        "claim": claim(manifest),
        "limits": manifest["known_limits"],
        "not_checked": manifest["not_checked"],
    }
    return _signed([subject], SHARD_TYPE, predicate, signer)


def certify_release(release: Path, signer: Signer, as_of: date, validity_days: int) -> bytes:
    """Return the signed certificate of a whole release: every file but itself, by path, role and digest."""
    release = Path(release)
    manifest = canonical.loads(_read(release, MANIFEST), where=MANIFEST)
    paths = [path for path in release_files(release) if path != RELEASE_CERTIFICATE]
    digests = sha256_files([release / path for path in paths])
    subjects = [
        _describe(path, digest, (release / path).stat().st_size)
        for path, digest in zip(paths, digests, strict=True)
    ]
    predicate = {
        "dataset": manifest["dataset"],
        "shards": manifest["shards"],
        "merkle": manifest["merkle"],
        "flow": manifest["flow"],
        "policy": manifest["policy"],
        "gates": manifest["gates"],
        "grade_allowed": manifest["grade_allowed"],
        "claim": claim(manifest),
        "limits": manifest["known_limits"],
        "not_checked": manifest["not_checked"],
        "previous": manifest.get("previous"),
        "ledger": manifest.get("ledger"),
        "revocations": manifest.get("revocations") or [],
        "validity": _validity(as_of, validity_days),
    }
    return _signed(subjects, RELEASE_TYPE, predicate, signer)


def countersign(envelopes: Iterable[bytes], signer: Signer) -> bytes:
    """Return detached signatures (JSON) of the payloads of envelopes, for the folder countersignatures/."""
    entries = []
    for envelope in map(dsse.parse, envelopes):
        if envelope.payload_type != dsse.STATEMENT_TYPE:
            raise TrustError("only certificates can be countersigned")
        signature = signer.sign(dsse.pae(envelope.payload_type, envelope.payload))
        entry = {"payload_sha256": sha256_bytes(envelope.payload), "keyid": signer.keyid}
        entries.append(entry | {"sig": dsse.to_base64(signature)})
    entries.sort(key=lambda entry: entry["payload_sha256"])
    return canonical.plain_dumps({"schema": COUNTERSIGNATURES, "signatures": entries})


def read_countersignatures(data: bytes) -> dict[str, tuple[tuple[str, bytes], ...]]:
    """Return what `countersign` wrote: payload SHA-256 to ((key id hint, signature), ...)."""
    body = canonical.loads(data, limit=COUNTERSIGNATURES_LIMIT)
    try:
        if body["schema"] != COUNTERSIGNATURES:
            raise TrustError("not a file of countersignatures")
        found: dict[str, tuple[tuple[str, bytes], ...]] = {}
        for entry in body["signatures"]:
            signature = (str(entry["keyid"]), dsse.from_base64(entry["sig"]))
            found[entry["payload_sha256"]] = (*found.get(entry["payload_sha256"], ()), signature)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise TrustError("not a file of countersignatures") from None
    return found


def certificate_id(envelope: bytes) -> str:
    """Return what revocations name a certificate by: hex SHA-256 of its payload, whoever else signs it."""
    return sha256_bytes(dsse.parse(envelope).payload)


def claim(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return what a certificate says, per language: screened under a policy, never `free of`."""
    policy, gates = manifest["policy"], manifest["gates"]
    counts = {state: sum(gate["status"] == state for gate in gates) for state in GATE_STATES}
    known = _detectors(manifest)
    measured = sum((d.get("evidence") or {}).get("status") == MEASURED for d in known)
    figures = ", ".join(f"{state} {n}" for state, n in counts.items() if n) or "none"
    name = f"{policy['id']} {policy['version']}"
    return {
        "en": f"Screened under policy {name}; detectors: {len(known)}, with measured recall: {measured} "
        f"(figures under `detectors` of each part); gates: {figures}. "
        "This says what was looked for and how well it is found, not that nothing is left.",
        "zh": f"已按策略 {name} 筛查;检测器 {len(known)} 个,其中有实测召回率的 {measured} 个"
        f"(数值见各部分证书的 detectors);门槛结果:{figures}。"
        "本证书说明检查了什么、检出能力如何,不表示数据中绝无遗漏。",
    }


def descriptor(release: Path, path: str) -> dict[str, Any]:
    """Return the in-toto resource descriptor of one release file: name, SHA-256, role and size in bytes."""
    file = Path(release) / path
    if not file.is_file() or file.is_symlink():
        raise TrustError("a file that the certificate must bind is missing", where=path)
    return _describe(path, sha256_file(file), file.stat().st_size)


def release_files(release: Path) -> list[str]:
    """Return the paths of all files below `release`, "/"-separated and sorted; a link or bad name is an error."""
    found = []
    for path in Path(release).rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            continue
        name = path.relative_to(release).as_posix()
        if not stat.S_ISREG(mode):
            raise TrustError(
                "a release holds plain files only", where=name, cure="replace the link by the file"
            )
        if not safe(name):
            raise TrustError(
                "a file name that not every system can hold", where=ascii(name), cure="rename it"
            )
        found.append(name)
    return sorted(found)


def safe(path: Any) -> bool:
    """Say whether a path stays inside the release on every system: relative, no `..`, no backslash."""
    if not isinstance(path, str) or not path.isprintable() or "\\" in path or ":" in path:
        return False
    return all(name not in ("", ".", "..") for name in path.split("/"))


def _signed(subjects: list[dict[str, Any]], kind: str, predicate: dict[str, Any], signer: Signer) -> bytes:
    # subjects hold ASCII keys, strings and integers, for which the fast form is the canonical one
    listed = canonical.plain_dumps(subjects)
    rest = {"_type": STATEMENT, "predicateType": kind, "predicate": predicate}
    payload = canonical.dumps(rest)[:-1] + b',"subject":' + listed + b"}"
    return dsse.sign(dsse.STATEMENT_TYPE, payload, [signer])


def _validity(as_of: date, days: int) -> dict[str, str]:
    if days < 1:
        raise InputError(f"a certificate must be valid for at least one day, not {days}")
    return {"as_of": as_of.isoformat(), "valid_until": (as_of + timedelta(days=days)).isoformat()}


def _describe(path: str, digest: str, size: int) -> dict[str, Any]:
    return {"name": path, "digest": {"sha256": digest}, "annotations": {"role": role_of(path), "bytes": size}}


def _agreeing(release: Path, named: Mapping[str, Any]) -> dict[str, Any]:
    found = descriptor(release, named["path"])
    if found["digest"]["sha256"] != named["sha256"]:
        raise TrustError("the file is not the one that the manifest names", where=named["path"])
    return found


def _policy(release: Path, named: Mapping[str, Any]) -> dict[str, Any]:
    found = _agreeing(release, {"path": POLICY, "sha256": named["sha256"]})
    found["annotations"] |= {"id": named["id"], "version": named["version"]}
    return found


def _detectors(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = {
        canonical.plain_dumps(detector): detector
        for stage in manifest.get("stages", [])
        for detector in stage.get("detectors", [])
    }
    return [found[key] for key in sorted(found)]


def _evidence_files(release: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Find the evidence files that detectors and screening rows cite, by path or by digest."""
    cited = [detector.get("evidence") for detector in _detectors(manifest)]
    cited += [row.get("evidence") for row in manifest.get("screen", [])]
    folder = Path(release) / "meta" / "evidence"
    files = sorted(p.relative_to(release).as_posix() for p in folder.rglob("*") if p.is_file())
    by_digest = {sha256_file(Path(release) / path): path for path in files}
    return sorted({_evidence_file(cite, files, by_digest) for cite in cited if cite})


def _evidence_file(cite: Any, files: Iterable[str], by_digest: Mapping[str, str]) -> str:
    named = cite if isinstance(cite, str) else cite.get("path") or cite.get("sha256")
    digest = None if isinstance(cite, str) else cite.get("sha256")
    if not named:
        raise TrustError("a detector quotes figures without the evidence file's path and sha256")
    path = by_digest.get(named, named)
    if path not in files:
        raise TrustError("evidence is cited that is not in meta/evidence", where=named[:120])
    if digest and by_digest.get(digest) != path:
        raise TrustError("evidence is not the file that the manifest cites", where=path)
    return path


def _read(release: Path, path: str) -> bytes:
    try:
        return (Path(release) / path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=path) from None
