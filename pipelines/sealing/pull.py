"""`hallmark pull`: fetch chosen shards with their papers, verify them, and only then hand them over.

DVC and object stores deliver altered objects without a word; so nothing reaches the target folder that a trusted key
did not certify.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from lineage import certificate
from lineage.errors import InputError, TrustError
from lineage.trust import Trust
from lineage.verify import Report, verify_release
from lineage.verify.files import CERTIFICATE_LIMIT, Expected, Folder
from lineage.verify.part import manifest_path
from lineage.verify.statement import Notary, Statement
from lineage.verify.whole import Entry
from pipelines.sealing.remote import Remote, object_name

THREADS = 8
SHARD = "data"  # the role of shards among the files that a certificate names
#: Papers of the whole release that come along with any shard.
COMMON = ("meta/manifest.json", "meta/policy.yaml", "README.md")


class Pulled(NamedTuple):
    """What came of a pull: the verifier's report on the files that were handed over."""

    report: Report
    target: Path


def pull(
    remote: Remote,
    target: Path,
    *,
    trust: Trust,
    shards: Sequence[str] | None = None,
    require: Sequence[str] = (),
    today: date | None = None,
    latest: Path | None = None,
    countersignatures: Path | None = None,
    objects: Remote | None = None,
    threads: int = THREADS,
) -> Pulled:
    """Fetch a release, or the parts that the globs `shards` name, into a new folder `target`, verified.

    Files land in a folder beside the target and are moved there in one step once the verifier calls them good; else
    TrustError, and nothing is left. A part comes with its shard, manifest, lineage table, certificate, sheets, policy
    and evidence; the whole release, without `shards`, with everything. `latest`: record of the newest release. With
    `objects` shards come from that store, by digest, and `remote` needs none.
    """
    if target.exists():
        raise InputError(
            "there is something already", where=str(target), cure="name a folder that does not exist"
        )
    staging = target.with_name(f".{target.name}.pulling")
    shutil.rmtree(staging, ignore_errors=True)
    try:
        _fetch(remote, staging, trust, shards, today or datetime.now(UTC).date(), threads, objects)
        report = verify_release(
            staging,
            trust=trust,
            shards=shards,
            require=require,
            today=today,
            latest=latest,
            countersignatures=countersignatures,
        )
        if not report.ok:
            raise TrustError(refusal(report), where=remote.name, cure="nothing was handed over")
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Pulled(report, target)


def refusal(report: Report) -> str:
    """Return the reasons of a bad report in one line."""
    more = f" (and {len(report.problems) - 1} more)" if len(report.problems) > 1 else ""
    return report.problems[0].line() + more


def open_release(remote: Remote, staging: Path, trust: Trust, today: date) -> Statement:
    """Fetch the release certificate alone and return what it says, once a trusted key vouches for it."""
    path, report = certificate.RELEASE_CERTIFICATE, Report()
    remote.fetch(path, staging / path, CERTIFICATE_LIMIT)
    statement = Notary(trust, today, {}, report).open(
        (staging / path).read_bytes(), path, certificate.RELEASE_TYPE
    )
    if statement is None:
        raise TrustError(refusal(report), where=remote.name, cure="nothing was handed over")
    return statement


def _fetch(
    remote: Remote,
    staging: Path,
    trust: Trust,
    shards: Sequence[str] | None,
    today: date,
    threads: int,
    objects: Remote | None,
) -> None:
    release = open_release(remote, staging, trust, today)
    wanted = release.subjects if shards is None else _chosen(remote, staging, release, shards)
    missing = sorted(path for path in wanted if not (staging / path).exists())

    def fetch(path: str) -> int:
        expected = wanted[path]
        if objects and expected.role == SHARD:
            return objects.fetch(object_name(expected.sha256), staging / path, expected.bytes)
        return remote.fetch(path, staging / path, expected.bytes)

    with ThreadPoolExecutor(max_workers=threads) as pool:
        fetches = [pool.submit(fetch, path) for path in missing]
        try:
            for done in fetches:
                done.result()
        except BaseException:
            for waiting in fetches:
                waiting.cancel()
            raise
    # a verification of chosen shards does not look at the papers of the whole release
    _compare(remote, staging, {path: wanted[path] for path in COMMON if path in wanted})


def _compare(remote: Remote, staging: Path, wanted: Mapping[str, Expected]) -> None:
    report = Report()
    Folder(staging, report).compare(wanted, None)
    if report.problems:
        raise TrustError(refusal(report), where=remote.name, cure="nothing was handed over")


def fetch_papers(remote: Remote, folder: Path, trust: Trust, roles: Sequence[str]) -> str:
    """Fetch all files of a release that have one of these roles, hashed, and return the release certificate's id."""
    release = open_release(remote, folder, trust, datetime.now(UTC).date())
    wanted = {path: expected for path, expected in release.subjects.items() if expected.role in roles}
    for path in sorted(wanted):
        remote.fetch(path, folder / path, wanted[path].bytes)
    _compare(remote, folder, wanted)
    return release.certificate_id


def _chosen(remote: Remote, staging: Path, release: Statement, shards: Sequence[str]) -> dict[str, Expected]:
    """Return the certified files of the parts that the globs name, and the papers they share."""
    listed = release.subjects
    rows = [Entry(s["source"], s["part"], s["path"], s) for s in release.predicate["shards"]]
    chosen = [entry for entry in rows if entry.chosen(shards)]
    if not chosen:
        raise InputError(
            "no part of the release is named so", where=", ".join(shards), cure="use source/part or *"
        )
    names = set(COMMON)
    for entry in chosen:
        part = (entry.source, entry.part)
        names |= {certificate.certificate_path(*part), manifest_path(*part), *certificate.sheet_paths(*part)}
        names |= {f"lineage/{entry.source}/{entry.part}.parquet", *([entry.path] if entry.path else [])}
    names |= {path for path, expected in listed.items() if expected.role == "evidence"}
    return {path: listed[path] for path in sorted(names) if path in listed}
