"""`hallmark diff`, `gate`, and the CI job: the verdict and the exit code, on signed manifests."""

import json
import shutil
import subprocess
import sys

import pytest
import small_project as house
import small_release as small
import yaml

from lineage import canonical, certificate
from lineage.errors import SettingsError, TrustError
from pipelines.sealing import ci_job, manifests


def run(root, *words):
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", *words]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def change(release, signer, **fields):
    path = release / certificate.MANIFEST
    manifest = canonical.loads(path.read_bytes())
    path.write_bytes(canonical.dumps(manifest | fields))
    small.sign_release(release, signer)


@pytest.fixture
def pair(sealing):
    """Return (project root, signer) with the same release twice: old/ and release/."""
    project, signer = sealing
    shutil.copytree(project.release, project.root / "old")
    return project.root, signer


def test_no_change_passes_the_gate(pair):
    done = run(pair[0], "gate", "old", "release")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "material change: no")


def test_a_material_change_exits_4_and_names_the_rule_and_the_figures(pair):
    root, signer = pair
    change(root / "release", signer, chars=130)
    change(root / "old", signer, chars=100)
    done = run(root, "gate", "old", "release")
    assert done.returncode == 4, done.stderr
    assert "material change: yes" in done.stdout
    assert "rule characters: chars (measured 0.3, allowed 0.1)" in done.stdout
    assert run(root, "diff", "old", "release").returncode == 0
    found = json.loads(run(root, "diff", "old", "release", "--json").stdout)
    assert [hit["rule"] for hit in found["material"]["rules"]] == ["characters"]


def test_the_policy_of_the_old_release_judges_unless_another_is_named(pair, tmp_path):
    root, signer = pair
    (tmp_path / "lax.yaml").write_text("material: {characters: 0.5}\n")
    change(root / "release", signer, chars=130)
    change(root / "old", signer, chars=100)
    assert run(root, "gate", "old", "release", "--policy", str(tmp_path / "lax.yaml")).returncode == 0


def test_documents_that_were_replaced_are_counted_by_id(pair):
    root, _ = pair
    old, new = (manifests.open_manifest(root / name, None) for name in ("old", "release"))
    assert manifests.compare(old, new)["replaced"] == {"kept": 6, "gone": 0, "new": 0}


def test_an_unsigned_manifest_does_not_pass_the_gate(pair):
    root, _ = pair
    path = root / "release" / certificate.MANIFEST
    path.write_bytes(path.read_bytes().replace(b'"demo"', b'"dem0"', 1))
    done = run(root, "gate", "old", "release")
    assert done.returncode == 1 and "not the one that was certified" in done.stderr
    (root / "trust.json").unlink()
    assert run(root, "gate", "old", "release").returncode == 1
    assert "signatures were not checked" in run(root, "diff", "old", "release").stdout


def test_a_policy_file_that_is_not_the_certified_one_does_not_judge(pair):
    root, _ = pair
    (root / "old" / certificate.POLICY).write_bytes(b"material: {characters: 9}\n")
    with pytest.raises(TrustError, match="not the one"):
        manifests.compare(*(manifests.open_manifest(root / name, None) for name in ("old", "release")))


def test_the_gate_compares_with_the_newest_sealed_release_by_its_tag(pair):
    root, signer = pair
    dvc, git = [sys.executable, "-m", "dvc"], ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    assert run(root, "gate", "sealed", "release").returncode == 1
    commands = [
        ["git", "init", "-q"],
        [*dvc, "init", "-q"],
        [*dvc, "add", "-q", "release"],
        ["git", "add", "."],
    ]
    for command in commands:
        subprocess.run(command, cwd=root, check=True, capture_output=True)
    assert run(root, "release", "seal", "--today", house.TODAY.isoformat()).returncode == 0
    for command in (["git", "add", "."], [*git, "commit", "-qm", "Seal"], ["git", "tag", "v0.1.0"]):
        subprocess.run(command, cwd=root, check=True, capture_output=True)
    assert run(root, "gate", "sealed", "release").returncode == 0
    house.release(root, small, signer, "0.2.0")
    change(root / "release", signer, purpose="x", grade_allowed="withheld")
    done = run(root, "gate", "sealed", "release")
    assert done.returncode == 4 and "rule grade" in done.stdout, done.stderr


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_the_ci_job_is_yaml_and_its_commands_exist(kind):
    path, text = ci_job(kind)
    parsed = yaml.safe_load(text)
    assert path.endswith(".yml") and parsed
    lines = [line.split("run: ")[-1].strip(" -") for line in text.splitlines()]
    words = [line.split()[1:3] for line in lines if line.startswith("hallmark ") and ":" not in line]
    assert [w[0] for w in words] == ["verify", "journal", "gate"]
    for first, *_ in words:
        done = subprocess.run(
            [sys.executable, "-c", "from pipelines.cli import main; main()", first, "--help"],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0
    with pytest.raises(SettingsError):
        ci_job("jenkins")
