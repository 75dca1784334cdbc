"""A key service signs in a process of its own; what it answers counts only under its public key."""

from __future__ import annotations

import stat
import subprocess

import pytest
import small_release as small
from typer.testing import CliRunner

from lineage import keys, kms, trust
from lineage.errors import TrustError
from lineage.verify import verify_release
from pipelines.cli import app

OPENSSL = 'f=$(mktemp); cat > "$f"; openssl pkeyutl -sign -inkey "$0" -rawin -in "$f"; rm "$f"'


@pytest.fixture
def vault(tmp_path):
    """Return (folder of keys without a private key, the service's command, its public key)."""
    secret = tmp_path / "vault" / "secret.pem"
    secret.parent.mkdir()
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", secret], check=True)
    public = subprocess.run(["openssl", "pkey", "-in", secret, "-pubout"], check=True, capture_output=True)
    return tmp_path / "keys", ["sh", "-c", OPENSSL, str(secret)], public.stdout.decode()


def test_a_service_in_another_process_signs_a_release_that_verifies(vault, tmp_path):
    folder, command, public = vault
    path = kms.configure(folder, public, command=command)
    info = keys.init(folder)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and info.public_pem == public
    assert sorted(p.name for p in folder.iterdir()) == ["hmac.key", "signer.json"]
    small.build(tmp_path / "release", keys.load_signer(folder))
    known = trust.from_pem(public.encode())
    report = verify_release(tmp_path / "release", trust=known, today=small.TODAY, deep=True)
    assert report.ok, report.text()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("cat > /dev/null; exit 3", "refused .exit code 3"),
        ("cat > /dev/null; printf %064d 0", "no signature of this key"),
        ("cat > /dev/null; echo nothing here", "no signature of this key"),
        ("exec sleep 5", "did not answer"),
    ],
)
def test_a_wrong_late_or_refused_answer_signs_nothing(vault, monkeypatch, script, reason):
    folder, _, public = vault
    monkeypatch.setattr(kms, "SECONDS", 0.5)
    with pytest.raises(TrustError, match=reason):
        kms.configure(folder, public, command=["sh", "-c", script])
    assert not kms.configured(folder)
    with pytest.raises(TrustError, match="cannot be started"):
        kms.configure(folder, public, command=["/no/such/program"])


def test_a_python_function_may_be_the_service(vault, monkeypatch, tmp_path):
    folder, _, _ = vault
    (tmp_path / "own_vault.py").write_text(
        "import base64\nfrom cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey\n"
        "KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))\n"
        "def sign(message):\n    return base64.b64encode(KEY.sign(message))\n"
        "def broken(message):\n    raise OSError('secret detail')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import own_vault

    public = keys.public_pem(own_vault.KEY.public_key())
    kms.configure(folder, public, python="own_vault:sign")
    signer = keys.load_signer(folder)
    keys.load_public(public).verify(signer.sign(b"m"), b"m")
    for name, what in (("own_vault:none", "there is no"), ("own_vault:broken", "failed: OSError")):
        with pytest.raises(TrustError, match=what) as caught:
            kms.configure(folder, public, python=name)
        assert "secret" not in str(caught.value)


def test_the_command_tries_the_service_and_trusts_its_key(vault, monkeypatch, tmp_path):
    folder, command, public = vault
    monkeypatch.setenv("HALLMARK_KEYS", str(folder))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kms.pub").write_text(public)
    script = tmp_path / "sign.sh"
    script.write_text(
        f"set -- {command[-1]}; f=$(mktemp); cat > $f; openssl pkeyutl -sign -inkey $1 -rawin -in $f"
    )
    told = CliRunner().invoke(app, ["keys", "service", "--public", "kms.pub", "--command", f"sh {script}"])
    assert told.exit_code == 0, told.output
    known = trust.load(tmp_path / "trust.json", {}, tmp_path)
    assert [k.public_pem for k in known.keys] == [public]
    with pytest.raises(TrustError, match="key service holds"):
        keys.rotate(folder)
    (folder / kms.NAME).chmod(0o666)
    with pytest.raises(TrustError, match="others can write"):
        keys.load_signer(folder)
