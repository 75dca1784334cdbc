"""Checks a release against the signed record of the newest one: --latest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lineage import certificate
from lineage.latest import LATEST_TYPE
from lineage.verify.files import MIB
from lineage.verify.part import Part
from lineage.verify.report import FAILED, INCOMPLETE, STALE
from lineage.verify.statement import Notary, Statement

LIMIT = 16 * MIB


def check_latest(file: Path, notary: Notary, release: Statement | None, parts: Sequence[Part]) -> None:
    """Report a release that is not the newest, a record that has ended, and certificates that the record revokes."""
    report, path = notary.report, str(file)
    try:
        with file.open("rb") as stream:
            data = stream.read(LIMIT + 1)
    except OSError as error:
        report.refuse(INCOMPLETE, path, f"the record of the newest release cannot be read: {error.strerror}")
        return
    if len(data) > LIMIT:
        report.refuse(FAILED, path, f"over the limit of {LIMIT} bytes")
        return
    record = notary.open(data, path, LATEST_TYPE)
    if record is None:
        return
    notary.check_date(record, path)
    says = record.predicate
    if release and release.certificate_id != says["certificate"]:
        what = f"not the newest release: {says['dataset']} {says['version']} is"
        report.refuse(STALE, certificate.RELEASE_CERTIFICATE, what)
    revoked = {entry["certificate"] for entry in says["revocations"]}
    named = [(certificate.certificate_path(p.source, p.part), p.statement) for p in parts]
    for where, statement in [*named, *([(certificate.RELEASE_CERTIFICATE, release)] if release else [])]:
        if statement.certificate_id in revoked:
            report.refuse(STALE, where, "the record of the newest release lists this certificate as revoked")
