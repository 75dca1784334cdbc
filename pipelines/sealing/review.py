"""`hallmark certify`: a reviewer verifies a release and signs the payloads that the pipeline signed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from lineage import canonical, certificate, journal, keys
from lineage.errors import TrustError
from lineage.trust import Trust
from lineage.verify import countersign_release
from lineage.verify.report import Report


def countersign(
    release: Path,
    key: Path,
    trust: Trust,
    folder: Path,
    *,
    deep: bool | None = None,
    today: date | None = None,
    actor: str = "",
) -> tuple[Report, Path]:
    """Countersign a whole, good release whose gates allow `certified`; return the report and the file written.

    The key must stand in the trust file as a reviewer's that is valid today, else TrustError: its signature would
    count for nothing. `deep` defaults to whether pyarrow is installed. In a project, the journal gets an entry
    that the key signs.
    """
    signer = keys.load_private(key)
    _check_role(signer, trust, today)
    full = _has_parquet() if deep is None else deep
    report, target = countersign_release(release, signer, folder, trust=trust, deep=full, today=today)
    path = folder.parent / journal.FILE
    if (folder.parent / "params.yaml").is_file():
        manifest = canonical.loads((release / certificate.MANIFEST).read_bytes(), where=certificate.MANIFEST)
        named = certificate.certificate_id((release / certificate.RELEASE_CERTIFICATE).read_bytes())
        facts = {"version": manifest["dataset"]["version"], "certificate": named, "keyid": signer.keyid}
        journal.append(path, "certify", facts, actor=actor, signer=signer)
    return report, target


def _has_parquet() -> bool:
    try:
        import pyarrow.parquet  # noqa: F401  # the plain installation has no Parquet reader
    except ImportError:
        return False
    return True


def _check_role(signer: keys.Signer, trust: Trust, today: date | None) -> None:
    known = next((k for k in trust.keys if k.keyid == signer.keyid), None)
    cure = "put it there: hallmark keys trust KEY.pub --role reviewer"
    if known is None or known.role != "reviewer":
        what = "the trust file does not name this key" if known is None else f"this is a {known.role}'s key"
        raise TrustError(f"{what}: a reviewer's is needed", where=signer.keyid[:16], cure=cure)
    if objection := known.objection(today or datetime.now(UTC).date()):
        raise TrustError(f"the reviewer's key does not count: {objection}", where=signer.keyid[:16])
