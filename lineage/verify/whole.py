"""Checks a release, or the shards of it that are on disk, from the release certificate down to the files."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from lineage import canonical, certificate, merkle
from lineage import trust as trust_module
from lineage.errors import HallmarkError
from lineage.trust import GRADES, Trust
from lineage.verify import deep as deep_module
from lineage.verify import demand
from lineage.verify.files import CERTIFICATE_LIMIT, MANIFEST_LIMIT, Expected, Folder
from lineage.verify.freshness import check_latest
from lineage.verify.part import FLOW, Part, books, failed_gates, manifest_path, open_part
from lineage.verify.report import FAILED, INCOMPLETE, STALE, Report
from lineage.verify.statement import Notary, Statement, read_countersignatures

_SHARD = re.compile(r"data/([^/]+)/([^/]+)-[0-9a-f]{12}\.parquet")
_CERTIFICATE = re.compile(r"meta/certs/([^/]+)/([^/]+)\.dsse\.json")
_PLEDGED = ("shards", "merkle", "flow", "gates", "policy", "grade_allowed", "known_limits", "not_checked")


@dataclass(frozen=True)
class Entry:
    """One part that may be looked at: names, shard path (None: nothing kept), what the release says of it."""

    source: str
    part: str
    path: str | None
    stated: dict[str, Any] | None

    def here(self, folder: Folder) -> bool:
        """Whether the part is on disk: its shard, or where nothing was kept, its manifest."""
        return (self.path or manifest_path(self.source, self.part)) in folder

    def chosen(self, globs: Sequence[str] | None) -> bool:
        """Whether a glob of --shards names it, by path or as `source/part`."""
        names = (self.path or "", f"{self.source}/{self.part}")
        return globs is None or any(fnmatchcase(name, glob) for name in names for glob in globs)


class Asked(NamedTuple):
    """What a verification was asked for, beyond the folder and whom to trust."""

    globs: Sequence[str] | None
    require: Sequence[str]
    threads: int | None
    latest: Path | None


def verify_release(
    path: Path | str,
    *,
    trust: Trust | Path | str | None = None,
    shards: str | Sequence[str] | None = None,
    require: Sequence[str] = (),
    deep: bool = False,
    today: date | None = None,
    countersignatures: Path | str | None = None,
    latest: Path | str | None = None,
    threads: int | None = None,
) -> Report:
    """Say whether a release folder is what trusted keys certified; see docs/verification.md for the codes.

    `trust`: a Trust, a trust file or public PEM, or None for $HALLMARK_TRUST or ./trust.json. `shards`: globs
    over shard paths or `source/part`; None means everything on disk. `today` defaults to the day in UTC.
    `latest`: the signed record of the newest release (lineage.latest), against replay of an older one.
    A demand in `require` that nobody understands is a SettingsError; all else is in the report.
    """
    demand.check_words(require)
    root, report = Path(path), Report(deep=deep)
    globs = [shards] if isinstance(shards, str) else shards
    known = _trust(trust, root, report)
    if known is None:
        return report
    if not root.is_dir():
        report.refuse(INCOMPLETE, str(path), "no such folder")
        return report
    day = today or datetime.now(UTC).date()
    extra = Path(countersignatures) if countersignatures is not None else None
    notary = Notary(known, day, read_countersignatures(extra, report), report)
    try:
        newest = Path(latest) if latest is not None else None
        _verify(Folder(root, report), notary, Asked(globs, require, threads, newest))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        report.refuse(FAILED, "", f"a signed file is malformed: {type(error).__name__} {error}")
    return report


def _trust(given: Trust | Path | str | None, root: Path, report: Report) -> Trust | None:
    if isinstance(given, Trust):
        return given
    try:
        return trust_module.load(Path(given) if given else None, os.environ, Path.cwd(), release=root)
    except HallmarkError as error:
        report.refuse(INCOMPLETE, error.where, error.what + (f" -> {error.cure}" if error.cure else ""))
        return None


def _verify(folder: Folder, notary: Notary, asked: Asked) -> None:
    report = folder.report
    release = _open_release(folder, notary)
    if certificate.RELEASE_CERTIFICATE in folder and release is None:
        return
    if release is None and asked.globs is None:
        cure = "choose shards with --shards to verify them by their own certificates"
        report.refuse(INCOMPLETE, certificate.RELEASE_CERTIFICATE, f"no release certificate: {cure}")
    parts = _open_parts(folder, notary, release, asked)
    expected = _scope(parts, release, asked.globs, report)
    good = folder.compare(expected, asked.threads)
    missing = sorted(path for path in expected if path not in folder)
    _tell_missing(missing, report)
    report.not_checked += _not_checked(release, expected, asked, report)
    report.shards = sorted(part.shard for part in parts if part.shard in good)
    wanted = [part.shard for part in parts if part.shard]
    if wanted and not any(shard in folder for shard in wanted):
        report.refuse(INCOMPLETE, wanted[0], "no shard of the chosen parts is here")
    if release is None:
        _uncovered(folder, expected, asked.globs)
    else:
        # the release vouches anew for the shard certificates it lists: its own end is what counts
        notary.check_date(release, certificate.RELEASE_CERTIFICATE)
        _check_release(folder, release, parts, report)
    _conclude(release, parts, report)
    if asked.latest is not None:
        check_latest(asked.latest, notary, release, parts)
    if report.deep:
        all_here = release is not None and len(parts) == len(release.predicate["shards"])
        deep_module.check(folder.root, parts, release if all_here else None, good, report)
    statements = ([release] if release else []) + [part.statement for part in parts]
    if statements:
        dated = [release] if release else statements
        demand.check(asked.require, statements, dated, missing, notary.today, report)


def _open_parts(folder: Folder, notary: Notary, release: Statement | None, asked: Asked) -> list[Part]:
    """Open the certificates and manifests of all chosen parts that are on disk."""
    report = folder.report
    entries = [e for e in _entries(folder, release) if e.chosen(asked.globs)]
    present = [e for e in entries if e.here(folder)]
    report.parts, report.parts_listed = len(present), len(entries)
    if not present:
        wanted = " that --shards names" if asked.globs is not None else ""
        report.refuse(INCOMPLETE, "", f"no part{wanted} is here")
    parts = []
    for entry in present:
        part = open_part(folder, notary, entry.source, entry.part, release)
        if part is not None:
            parts.append(part)
            _check_part(part, entry, release, report)
    return parts


def _open_release(folder: Folder, notary: Notary) -> Statement | None:
    path = certificate.RELEASE_CERTIFICATE
    if path not in folder:
        return None
    data = folder.read(path, CERTIFICATE_LIMIT)
    return notary.open(data, path, certificate.RELEASE_TYPE) if data is not None else None


def _entries(folder: Folder, release: Statement | None) -> list[Entry]:
    if release:
        return [Entry(s["source"], s["part"], s["path"], s) for s in release.predicate["shards"]]
    found: dict[tuple[str, str], str | None] = {}
    for path in folder.sizes:
        if match := _SHARD.fullmatch(path):
            found[match[1], match[2]] = path
        elif match := _CERTIFICATE.fullmatch(path):
            found.setdefault((match[1], match[2]), None)
    return [Entry(source, part, path, None) for (source, part), path in sorted(found.items())]


def _check_part(part: Part, entry: Entry, release: Statement | None, report: Report) -> None:
    path = certificate.certificate_path(part.source, part.part)
    failed_gates(part.statement, path, report)
    if release is None or entry.stated is None:
        return
    shard = part.manifest["shard"] or {"path": None, "sha256": None, "rows": 0}
    manifest_digest = part.bound[manifest_path(part.source, part.part)].sha256
    told = (shard["path"], shard["sha256"], shard["rows"], manifest_digest)
    stated = entry.stated
    if told != (stated["path"], stated["sha256"], stated["rows"], stated["manifest_sha256"]):
        report.refuse(FAILED, path, "the release lists another shard or manifest for this part")
    if part.statement.certificate_id in {r["certificate"] for r in release.predicate["revocations"]}:
        report.refuse(STALE, path, "the release lists this certificate as revoked")


def _scope(
    parts: Sequence[Part], release: Statement | None, globs: Sequence[str] | None, report: Report
) -> dict[str, Expected]:
    """Return every file to hash: all that the release lists, or what the chosen parts bind."""
    expected = dict(release.subjects) if release and globs is None else {}
    listed = release.subjects if release else None
    for part in parts:
        for path, says in part.bound.items():
            if expected.setdefault(path, says) != says or (listed is not None and listed.get(path) != says):
                report.refuse(FAILED, path, "the certificates of part and release, or of two parts, disagree")
    return expected


def _tell_missing(missing: Sequence[str], report: Report) -> None:
    if report.parts < report.parts_listed:
        report.notes.append(f"partial: {report.parts} of {report.parts_listed} parts are here")
    if missing:
        names = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        report.notes.append(f"{len(missing)} certified files are not here and were not checked: {names}")


def _not_checked(
    release: Statement | None, expected: dict[str, Expected], asked: Asked, report: Report
) -> list[str]:
    """Say in words what this verification leaves open, whatever it answers."""
    told = []
    if release is None:
        told.append(
            "whether a release lists these parts, lacks others or revokes one: its certificate is not here"
        )
    elif asked.globs is not None:
        parts = len(release.predicate["shards"]) - report.parts_listed
        files = len(release.subjects) - len(expected)
        told.append(
            f"{parts} other parts, and {files} certified files that belong to them or to the release as a whole"
        )
    if not report.deep:
        told.append("counts inside lineage tables and the texts themselves (--deep)")
    if asked.latest is None:
        told.append("whether a newer release exists or revokes this one (--latest)")
    return told


def _uncovered(folder: Folder, expected: dict[str, Expected], globs: Sequence[str] | None) -> None:
    """Report files under data/ that a reader could take for chosen shards though nobody certified them."""
    for path in sorted(folder.sizes):
        named = _SHARD.fullmatch(path)
        elsewhere = named and not Entry(named[1], named[2], path, None).chosen(globs)
        if path.startswith("data/") and path not in expected and not elsewhere:
            folder.report.refuse(INCOMPLETE, path, "no good certificate covers it")


def _check_release(folder: Folder, release: Statement, parts: Sequence[Part], report: Report) -> None:
    says, path = release.predicate, certificate.RELEASE_CERTIFICATE
    for name in sorted(folder.sizes):
        if name not in release.subjects and name != path:
            report.refuse(FAILED, name, "the release certificate does not list it")
    for name, expected in release.subjects.items():
        if certificate.role_of(name) != expected.role:
            report.refuse(FAILED, path, f"it calls {name} {expected.role}")
    if says["grade_allowed"] not in GRADES:
        report.refuse(FAILED, path, "the release was withheld: its gates allow no grade")
    failed_gates(release, path, report)
    if closing := books(says["flow"]):
        report.refuse(FAILED, path, closing)
    if merkle.shard_root(says["shards"]) != says["merkle"]["shard_root"]:
        report.refuse(FAILED, path, "the Merkle root of the shard set does not recompute")
    if len(parts) == len(says["shards"]):
        for name in ("in", *FLOW):
            total = sum(part.manifest["flow"][name] for part in parts)
            if total != says["flow"][name]:
                report.refuse(FAILED, path, f"{name}: {says['flow'][name]} stated, {total} over the parts")
    _check_manifest(folder, release)


def _check_manifest(folder: Folder, release: Statement) -> None:
    path = certificate.MANIFEST
    if path not in folder or path not in release.subjects:
        return
    data = folder.read(path, MANIFEST_LIMIT, release.subjects[path])
    if data is None:
        return
    try:
        manifest = canonical.loads(data, where=path)
    except HallmarkError as error:
        folder.report.refuse(FAILED, path, error.what)
        return
    for name in _PLEDGED:
        pledged = release.predicate["limits" if name == "known_limits" else name]
        if manifest[name] != pledged:
            folder.report.refuse(FAILED, path, f"its {name} differ from the release certificate")


def _conclude(release: Statement | None, parts: Sequence[Part], report: Report) -> None:
    """Set the grade reached, the validity and the claim."""
    if release:
        allowed = release.predicate["grade_allowed"]
        report.grade_allowed = allowed
        report.grade = min(release.grade, allowed, key=GRADES.index) if allowed in GRADES else None
        leading: Statement | None = release
    else:
        grades = [part.statement.grade for part in parts if not _open_gates(part)]
        full = bool(parts) and len(grades) == len(parts)
        report.grade = min(grades, key=GRADES.index) if full else GRADES[0] if parts else None
        leading = min((p.statement for p in parts), key=lambda s: s.certificate_id, default=None)
        report.notes.append("no end date: only the release certificate states one, and it is not here")
    if leading:
        report.validity = leading.predicate.get("validity", {})
        report.claim, report.limits = leading.predicate["claim"], leading.predicate["limits"]


def _open_gates(part: Part) -> bool:
    """Whether a gate that `certified` needs was not run, or is waived; one that names no grades counts for all."""
    needed = [g for g in part.statement.predicate["gates"] if GRADES[-1] in g.get("grades", GRADES)]
    return any(gate["status"] in ("not_run", "waived") for gate in needed)
