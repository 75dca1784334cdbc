"""A project around the small signed release of the lineage tests: what sealing needs, without a pipeline run."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

from lineage import canonical, certificate, keys, trust
from lineage.keys import Signer
from pipelines.project import Project
from pipelines.sealing import previous

AS_OF = date(2026, 3, 1)
TODAY = date(2026, 4, 1)
SYNTHETIC = "gates marked as passed for this test; no person judged anything"


def project(root: Path, small, monkeypatch) -> tuple[Project, Signer]:
    """Make a project at version 0.1.0 with keys, a trust file and a release; return it and the pipeline's signer."""
    folder = root.parent / f"{root.name}-keys"
    monkeypatch.setenv("HALLMARK_KEYS", str(folder))
    monkeypatch.delenv("HALLMARK_TRUST", raising=False)
    info = keys.init(folder)
    root.mkdir(parents=True)
    (root / "trust.json").write_bytes(trust.trust_file([trust.trust_entry(info.public_pem, "pipeline")]))
    (root / "sources.yaml").write_text("sources: []\n")
    for name in ("history", "ledger", "reviews", "countersignatures"):
        (root / name).mkdir()
    source = Path(__file__).parents[3] / "policies"
    shutil.copytree(source, root / "policies")
    signer = keys.load_signer(folder)
    release(root, small, signer, "0.1.0")
    return Project(root), signer


def release(root: Path, small, signer: Signer, version: str, **options) -> None:
    """Build release/ at a version, as publish would: it names the release sealed before it."""
    shutil.rmtree(root / "release", ignore_errors=True)
    params = {
        "id": "demo",
        "version": version,
        "title": {"zh": "演示", "en": "Demo"},
        "as_of": AS_OF.isoformat(),
    }
    (root / "params.yaml").write_text(json.dumps({"release": params}))
    target = small.build(root / "release", signer, **options)
    path = target / certificate.MANIFEST
    manifest = canonical.loads(path.read_bytes())
    manifest["dataset"]["version"] = version
    manifest["previous"] = previous(root / "history", version)
    path.write_bytes(canonical.dumps(manifest))
    small.sign_release(target, signer)


def trusted(root: Path) -> trust.Trust:
    """Return the trust of the project's trust file."""
    return trust.parse((root / "trust.json").read_bytes())
