"""`certified`: the labels and gate results here are synthetic, made to pass; no person judged anything."""

import json
import subprocess
import sys

import pytest
import small_project as house
import small_release as small

from lineage import certificate, journal, keys, trust
from lineage.errors import TrustError
from lineage.verify import verify_release
from pipelines.sealing import diary
from pipelines.sealing.review import countersign

PASSED = [gate | {"status": "pass", "en": house.SYNTHETIC} for gate in small.GATES]


@pytest.fixture
def certified(sealing, tmp_path):
    """Return (project, reviewer's key file) where the gates of the release allow `certified`."""
    project, signer = sealing
    house.release(project.root, small, signer, "0.1.0", gates=PASSED, grade="certified")
    info = keys.generate("reviewer", tmp_path / "reviewer.pem")
    path = project.root / "trust.json"
    path.write_bytes(trust.add_key(path.read_bytes(), trust.trust_entry(info.public_pem, "reviewer")))
    return project, tmp_path / "reviewer.pem"


def sign(project, key, **options):
    folder = project.root / "countersignatures"
    return countersign(
        project.release, key, house.trusted(project.root), folder, today=house.TODAY, **options
    )


def test_a_reviewers_signature_makes_a_release_certified_and_leaves_it_untouched(certified):
    project, key = certified
    before = {p: p.read_bytes() for p in project.release.rglob("*") if p.is_file()}
    options = {"trust": house.trusted(project.root), "today": house.TODAY}
    folder = project.root / "countersignatures"
    assert verify_release(project.release, **options, countersignatures=folder).grade == "screened"
    sign(project, key)
    report = verify_release(project.release, **options, countersignatures=folder, require=["certified"])
    assert (report.code, report.grade) == (0, "certified")
    assert {p: p.read_bytes() for p in project.release.rglob("*") if p.is_file()} == before


def test_the_journal_notes_it_under_the_reviewers_signature(certified):
    project, key = certified
    sign(project, key, actor="r1")
    found = journal.read(project.root / journal.FILE)
    entry = found.entries[-1]
    assert (entry["event"], entry["actor"], entry["facts"]["version"]) == ("certify", "r1", "0.1.0")
    assert journal.signature_problems(found, house.trusted(project.root)) == []
    assert diary.journal_report(project.root, house.trusted(project.root))[1]


def test_gates_that_were_not_run_cannot_be_signed_away(sealing, certified):
    project, key = certified
    house.release(project.root, small, sealing[1], "0.1.0")
    with pytest.raises(TrustError, match="allow screened only"):
        sign(project, key)
    assert list((project.root / "countersignatures").iterdir()) == []


def test_a_changed_release_is_not_signed(certified):
    project, key = certified
    (project.release / "README.md").write_bytes(b"changed")
    with pytest.raises(TrustError, match="not good"):
        sign(project, key)


@pytest.mark.parametrize("whose", ["stranger", "pipeline", "revoked"])
def test_a_key_that_would_count_for_nothing_does_not_sign(certified, tmp_path, whose):
    project, key = certified
    path = project.root / "trust.json"
    if whose == "stranger":
        key = tmp_path / "stranger.pem"
        keys.generate("reviewer", key)
    elif whose == "pipeline":
        key = keys.default_folder() / keys.SIGNING
    else:
        path.write_bytes(trust.revoke_key(path.read_bytes(), keys.load_private(key).keyid, house.AS_OF))
    with pytest.raises(TrustError, match=r"reviewer's"):
        sign(project, key)


def test_certify_needs_no_more_than_a_plain_install(certified, tmp_path):
    project, key = certified
    blocked = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"polars", "pyarrow", "dvc", "numpy", "rfc8785", "ruamel", "fsspec"}:
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Refuse())
from pipelines.cli import main
main()
"""
    day = house.TODAY.isoformat()
    command = [sys.executable, "-c", blocked, "certify", "release", "--key", str(key), "--today", day]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "") and "not hashed one by one" in done.stdout
    assert len(list((project.root / "countersignatures").glob("*.json"))) == 1


def test_reviews_are_signed_by_file_and_digest(certified):
    project, key = certified
    (project.root / "reviews/a.jsonl").write_text(json.dumps({"verdict": "pass"}) + "\n")
    entry = diary.note_reviews(project, key, "r1")
    assert entry["facts"]["files"][0].startswith("a.jsonl ")
    assert (
        journal.signature_problems(journal.read(project.root / journal.FILE), house.trusted(project.root))
        == []
    )


def test_a_waiver_is_noted_for_a_gate_of_the_policy_only(certified):
    from lineage.errors import InputError

    project, key = certified
    entry = diary.note_waiver(project, "manual-audit", "lead", "second audit is planned", "2026-12-01", key)
    assert entry["facts"]["expires"] == "2026-12-01" and entry["actor"] == "lead"
    with pytest.raises(InputError, match="no gate"):
        diary.note_waiver(project, "nobodys-gate", "lead", "r", "2026-12-01", key)


def test_certificates_of_shards_are_countersigned_too(certified):
    project, key = certified
    _, target = sign(project, key)
    names = sorted((project.release / "meta/certs").rglob("*.dsse.json"))
    signed = certificate.read_countersignatures(target.read_bytes())
    assert set(signed) == {certificate.certificate_id(p.read_bytes()) for p in names}
