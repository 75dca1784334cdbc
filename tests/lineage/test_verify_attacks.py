import random
import shutil
import subprocess

import attacks
import attacks_beside
import pytest
import small_release as small
import tampering

from lineage import certificate, trust
from lineage.verify import verify_release


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original")
    roles = {"pipeline": "pipeline", "reviewer": "reviewer", "stranger": "pipeline"}
    signers = {name: small.signer(folder, name, role) for name, role in roles.items()}
    small.build(folder / "release", signers["pipeline"])
    entries = [trust.trust_entry(signers[r].public_pem, r) for r in ("pipeline", "reviewer")]
    (folder / "trust.json").write_bytes(trust.trust_file(entries))
    return folder, signers


@pytest.fixture
def world(original, tmp_path, monkeypatch):
    folder, signers = original
    shutil.copytree(folder / "release", tmp_path / "release")
    shutil.copy(folder / "trust.json", tmp_path / "trusted.json")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.delenv(trust.VARIABLE, raising=False)
    return tampering.World(root=tmp_path / "release", trust=tmp_path / "trusted.json", **signers)


def test_the_release_is_good_before_anyone_touches_it(world):
    assert verify_release(world.root, trust=world.trust, today=small.TODAY, deep=True).code == 0


@pytest.mark.parametrize("attack", attacks.ATTACKS, ids=[a.what for a in attacks.ATTACKS])
def test_every_attack_is_refused_with_its_code_and_a_reason(world, attack):
    attack.act(world)
    options = {"trust": world.trust, "today": small.TODAY} | world.options
    report = verify_release(world.root, **options)
    assert report.code == attack.code, report.text()
    assert any(p.code == attack.code and attack.reason in p.what for p in report.problems), report.text()
    assert all("\n" not in problem.line() for problem in report.problems)


@pytest.mark.parametrize("attack", attacks_beside.ATTACKS, ids=[a.what for a in attacks_beside.ATTACKS])
def test_every_attack_beside_a_release_is_refused_in_one_line(attack, tmp_path):
    said = attack.act(tmp_path)
    assert said is not None, "it passed"
    assert attack.reason in said and "\n" not in said


def test_no_changed_bit_of_a_release_certificate_is_accepted(world):
    path = world.root / certificate.RELEASE_CERTIFICATE
    data = path.read_bytes()
    positions = random.Random(5).sample(range(len(data)), 150)
    for at in [*positions, *range(len(data) - 200, len(data))]:
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        path.write_bytes(changed)
        assert verify_release(world.root, trust=world.trust, today=small.TODAY).code == 1, at


def test_openssl_alone_checks_a_release_as_the_documentation_says(world, tmp_path):
    text = attacks.TABLE.read_text(encoding="utf-8")
    script = text.split("with OpenSSL 3 alone:")[1].split("```")[1]
    (tmp_path / "pipeline.pub.pem").write_text(world.pipeline.public_pem)

    def verdict():
        return subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, capture_output=True, check=False
        ).returncode

    assert verdict() == 0
    tampering.flip(certificate.RELEASE_CERTIFICATE, 0.5)(world)
    assert verdict() != 0


def test_the_documentation_holds_the_table_of_these_attacks():
    assert attacks.documented() == attacks.table()
