"""Counter-signing: a reviewer verifies a release, then signs the same payloads that the pipeline signed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from lineage import certificate
from lineage.atomic import write_bytes
from lineage.digests import sha256_bytes
from lineage.errors import TrustError
from lineage.keys import Signer
from lineage.trust import Trust
from lineage.verify.report import Report
from lineage.verify.whole import verify_release


def countersign_release(
    path: Path | str,
    signer: Signer,
    folder: Path | str,
    *,
    trust: Trust | Path | str | None = None,
    deep: bool = False,
    today: date | None = None,
    threads: int | None = None,
) -> tuple[Report, Path]:
    """Verify a whole release, then write countersignatures of all its certificates into `folder`.

    Returns the report and the file written. A release that is not good, not whole, or whose gates forbid
    `certified` is a TrustError: nothing is signed. The release itself is not touched.
    """
    root = Path(path)
    report = verify_release(root, trust=trust, require=["complete"], deep=deep, today=today, threads=threads)
    if not report.ok:
        raise TrustError(f"the release is not good: {report.problems[0].line()}", where=str(path))
    if report.grade_allowed != "certified":
        cure = "the gates that are not computed stand in the release's data sheet"
        raise TrustError(f"its gates allow {report.grade_allowed} only", where=str(path), cure=cure)
    paths = sorted((root / "meta" / "certs").rglob("*.dsse.json"))
    made = certificate.countersign((file.read_bytes() for file in paths), signer)
    release = sha256_bytes((root / certificate.RELEASE_CERTIFICATE).read_bytes())
    target = Path(folder) / f"{release[:16]}-{signer.keyid[:16]}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(target, made)
    return report, target
