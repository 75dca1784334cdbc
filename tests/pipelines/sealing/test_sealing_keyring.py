import os
import subprocess
import sys

import pytest
import small_project as house
import small_release as small

from lineage import journal, keys, trust
from lineage.errors import TrustError
from lineage.verify import verify_release
from pipelines.sealing import keyring


def verified(project, **options):
    return verify_release(project.release, trust=house.trusted(project.root), today=house.TODAY, **options)


def acts(project):
    return [
        e["facts"]["act"] for e in journal.read(project.root / journal.FILE).entries if e["event"] == "key"
    ]


def test_after_a_rotation_old_and_new_signatures_count_until_the_old_key_is_retired(sealing):
    project, old = sealing
    path = project.root / "trust.json"
    _, made = keyring.rotate(path)
    assert made.keyid != old.keyid and verified(project).ok
    house.release(project.root, small, keys.load_signer(keys.default_folder()), "0.2.0")
    assert verified(project).ok
    keyring.rotate(path, retire=house.AS_OF)
    assert verified(project).code == 3
    assert acts(project) == ["rotated", "rotated"]


def test_the_hmac_key_outlives_a_rotation(sealing):
    project, _ = sealing
    before = keys.load_hmac(keys.default_folder())
    keyring.rotate(project.root / "trust.json")
    assert keys.load_hmac(keys.default_folder()) == before


def test_a_revoked_key_counts_for_nothing_and_the_journal_says_why(sealing):
    project, signer = sealing
    keyring.revoke(project.root / "trust.json", signer.keyid[:12], house.AS_OF, "laptop lost")
    assert verified(project).code == 3
    entry = journal.read(project.root / journal.FILE).entries[-1]
    assert entry["facts"]["reason"] == "laptop lost" and entry["facts"]["keyid"] == signer.keyid
    with pytest.raises(TrustError, match="0 keys"):
        keyring.revoke(project.root / "trust.json", "0" * 12, house.AS_OF, "no such key")
    assert acts(project) == ["revoked"]


def test_a_key_counts_in_its_role_and_days_once_it_is_trusted(sealing, tmp_path):
    project, _ = sealing
    keys.generate("reviewer", tmp_path / "r.pem")
    path, public = project.root / "trust.json", tmp_path / "r.pem.pub"
    keyid, added = keyring.trust_key(path, public, "reviewer", house.AS_OF, house.TODAY)
    known = next(k for k in trust.parse(path.read_bytes()).keys if k.keyid == keyid)
    assert added and (known.role, known.valid_until) == ("reviewer", house.TODAY)
    assert keyring.trust_key(path, public, "reviewer", None, None) == (keyid, False)
    assert acts(project) == ["trusted"]


def test_outside_a_project_keys_are_made_and_no_journal_is(tmp_path, monkeypatch):
    monkeypatch.setenv("HALLMARK_KEYS", str(tmp_path / "keys"))
    info, added = keyring.init(tmp_path / "trust.json")
    assert info.created and added and not (tmp_path / "journal").exists()
    assert keyring.init(tmp_path / "trust.json")[1] is False


def test_a_locked_key_signs_only_with_its_passphrase(tmp_path):
    def run(*words, **more):
        env = os.environ | {"HALLMARK_KEYS": str(tmp_path / "keys")} | more
        command = [sys.executable, "-c", "from pipelines.cli import main; main()", "keys", *words]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=env,
            input="secret\nsecret\n",
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("init", "--lock").returncode == 0
    assert b"ENCRYPTED" in (tmp_path / "keys" / keys.SIGNING).read_bytes()
    refused = run("rotate")
    assert refused.returncode == 1 and "passphrase" in refused.stderr
    assert run("rotate", HALLMARK_PASSPHRASE="secret").returncode == 0
    listed = run("list").stdout
    assert listed.count("counts") == 2


def test_a_second_trusted_key_is_told_and_never_added_in_silence(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from pipelines.cli import keys as commands

    said = []
    for name in ("one", "two"):
        monkeypatch.setenv("HALLMARK_KEYS", str(tmp_path / name))
        said.append(
            CliRunner().invoke(commands.app, ["init", "--trust", str(tmp_path / "trust.json")]).output
        )
    assert "note:" not in said[0]
    assert "trusted 1 other pipeline key before" in said[1] and "keys revoke" in said[1]
