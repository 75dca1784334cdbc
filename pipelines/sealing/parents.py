"""Manifest chains: which releases a release was made from, named by digest, as found in its input files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from lineage import canonical, certificate
from lineage.digests import sha256_bytes
from lineage.errors import TrustError
from lineage.trust import Trust
from lineage.verify.report import Report
from lineage.verify.statement import Notary, Statement

_CURE = "pull the release again (`hallmark pull`), or take the files out of its folder"


def parents(
    root: Path, sources: Iterable[Mapping[str, Any]], trust: Trust, today: date | None = None
) -> list[dict[str, str]]:
    """Return {source, dataset, version, digest, certificate} for each source that is made of a Hallmark release.

    `sources`: as inventory lists them, {id, files: [{file, sha256}]}, paths relative to `root`. `digest` is the
    SHA-256 of the parent's manifest. Sorted, once each. An input file inside a release folder that its certificate
    does not list with this digest, or a certificate that no trusted key signed, is a TrustError.
    """
    day = today or datetime.now(UTC).date()
    found, opened, above = set(), {}, {}
    for source in sources:
        for row in source["files"]:
            file = (root / row["file"]).resolve()
            if file.parent not in above:
                above[file.parent] = release_folder(file)
            folder = above[file.parent]
            if folder is None or row["sha256"] is None:
                continue
            if folder not in opened:
                opened[folder] = _certified(folder, trust, day)
            statement, identity = opened[folder]
            listed = statement.subjects.get(file.relative_to(folder).as_posix())
            if listed is None or listed.sha256 != row["sha256"]:
                what = "lies in a release whose certificate does not list it so"
                raise TrustError(what, where=row["file"], cure=_CURE)
            found.add((source["id"], *identity))
    names = ("source", "dataset", "version", "digest", "certificate")
    return [dict(zip(names, row, strict=True)) for row in sorted(found)]


def release_folder(file: Path) -> Path | None:
    """Return the release folder that a path lies in, or None."""
    return next((p for p in file.parents if (p / certificate.RELEASE_CERTIFICATE).is_file()), None)


def _certified(folder: Path, trust: Trust, today: date) -> tuple[Statement, tuple[str, str, str, str]]:
    path, report = certificate.RELEASE_CERTIFICATE, Report()
    statement = Notary(trust, today, {}, report).open(
        (folder / path).read_bytes(), str(folder / path), certificate.RELEASE_TYPE
    )
    if statement is None:
        raise TrustError(report.problems[0].what, where=str(folder), cure="name its key: hallmark keys trust")
    return statement, _identity(folder, statement)


def _identity(folder: Path, statement: Statement) -> tuple[str, str, str, str]:
    data = (folder / certificate.MANIFEST).read_bytes()
    listed = statement.subjects.get(certificate.MANIFEST)
    if listed is None or listed.sha256 != sha256_bytes(data):
        raise TrustError("the manifest is not the one that was certified", where=str(folder), cure=_CURE)
    dataset = canonical.loads(data, where=certificate.MANIFEST)["dataset"]
    return dataset["id"], dataset["version"], listed.sha256, statement.certificate_id
