"""A certificate of a part that lost documents is revoked, though nobody asked, and though the part is empty now."""

from __future__ import annotations

import datetime as dt
import json
import shutil

import removal_house as house

from lineage import certificate, journal, keys, trust
from lineage.verify import verify_release
from pipelines.params_file import params_text
from pipelines.project import Project
from pipelines.removal.due import due_report
from pipelines.sealing import seals
from pipelines.sealing.seal import seal
from pipelines.sealing.superseded import REASON

LATER = dt.date(2026, 12, 5)


def retain(project, source, until):
    path = project.root / "sources.yaml"
    body = json.loads(path.read_text())
    for row in body["sources"]:
        row["retain_until"] = until if row["id"] == source else row["retain_until"]
    path.write_text(json.dumps(body, indent=1))


def raise_version(project, version):
    params = Project(project.root).params
    fresh = params.model_copy(update={"release": params.release.model_copy(update={"version": version})})
    (project.root / "params.yaml").write_text(params_text(fresh), encoding="utf-8")


def alone(release, source, target):
    """Copy one part with its papers, as somebody holds it who pulled it without the release certificate."""
    papers = [release / "meta" / "policy.yaml", *(release / "meta" / "evidence").glob("*")]
    own = [p for p in release.rglob("*") if p.parent.name == source]
    for path in (*papers, *own):
        to = target / path.relative_to(release)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, to)
    return target


def test_what_left_by_retention_revokes_its_old_certificate_and_verify_refuses_it(
    project, keys_folder, tmp_path
):
    believed = trust.from_pem(keys.load_signer(keys_folder).public_pem.encode())
    retain(project, "copies", "2026-11-30")
    project = house.run(project.root)
    seal(project, believed, days=90, today=house.AS_OF)
    old = alone(project.release, "copies", tmp_path / "old")
    kept = alone(project.release, "web", tmp_path / "kept")
    signed = next((old / "meta" / "certs" / "copies").glob("*.json"))
    before = certificate.certificate_id((project.release / certificate.RELEASE_CERTIFICATE).read_bytes())
    assert due_report(project, LATER, apply=True, as_json=False)
    entries = journal.read(project.root / journal.FILE).entries
    assert [e["facts"] for e in entries if e["event"] == "retention"] == [
        {"as_of": "2026-12-05", "before": "2026-11-01", "sources": ["copies"]}
    ]
    raise_version(project, "0.2.0")
    project = house.run(project.root)
    manifest = json.loads((project.release / certificate.MANIFEST).read_bytes())
    assert not list((project.release / "data").glob("copies/*")), "the part is empty now"
    expected = sorted([before, certificate.certificate_id(signed.read_bytes())])
    assert manifest["revocations"] == [{"certificate": c, "reason": REASON} for c in expected]
    seal(project, believed, days=90, today=LATER)
    newest = project.root / "history" / seals.LATEST

    def judged(folder, glob):
        return verify_release(folder, trust=believed, shards=glob, latest=newest, today=LATER)

    report = judged(old, "copies/*")
    assert (report.code, "revoked" in report.problems[0].what) == (3, True), report.text()
    assert judged(kept, "web/*").ok, "a part that lost nothing keeps its certificate"
    assert verify_release(project.release, trust=believed, latest=newest, today=LATER).ok
    raise_version(project, "0.3.0")
    project = house.run(project.root, "inventory", "publish")
    again = json.loads((project.release / certificate.MANIFEST).read_bytes())["revocations"]
    assert again == manifest["revocations"], "what was revoked stays revoked"
    newest_run = max((project.root / "runs" / "publish").glob("*.json"))
    assert json.loads(newest_run.read_text())["parts_worked"] == 0, "a seal builds no part again"
