import hashlib
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from lineage import keys, trust
from lineage.errors import TrustError


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_init_makes_private_files_once_and_never_touches_them_again(tmp_path):
    first = keys.init(tmp_path / "k")
    before = {p.name: p.read_bytes() for p in (tmp_path / "k").iterdir()}
    second = keys.init(tmp_path / "k")
    assert first.created and not second.created
    assert (first.keyid, first.hmac_id) == (second.keyid, second.hmac_id)
    assert before == {p.name: p.read_bytes() for p in (tmp_path / "k").iterdir()}
    assert mode(tmp_path / "k") == 0o700
    assert {mode(p) for p in (tmp_path / "k").iterdir()} == {0o600}


def test_two_inits_at_once_end_with_one_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        infos = list(pool.map(lambda _: keys.init(tmp_path / "k"), range(8)))
    assert len({i.keyid for i in infos}) == len({i.hmac_id for i in infos}) == 1
    assert sorted(p.name for p in (tmp_path / "k").iterdir()) == ["hmac.key", "signing.pem"]


def test_the_key_id_is_what_openssl_computes(tmp_path):
    info = keys.init(tmp_path)
    command = ["openssl", "pkey", "-in", tmp_path / "signing.pem", "-pubout", "-outform", "DER"]
    der = subprocess.run(command, check=True, capture_output=True).stdout
    assert hashlib.sha256(der).hexdigest() == info.keyid


def test_a_key_that_others_can_read_is_refused(tmp_path):
    keys.init(tmp_path)
    (tmp_path / "signing.pem").chmod(0o644)
    with pytest.raises(TrustError, match="mode 0644"):
        keys.load_signer(tmp_path)


def test_a_locked_key_opens_with_its_passphrase_only(tmp_path, monkeypatch):
    monkeypatch.delenv(keys.PASSPHRASE_VARIABLE, raising=False)
    keyid = keys.init(tmp_path, b"correct horse").keyid
    assert b"ENCRYPTED" in (tmp_path / "signing.pem").read_bytes()
    with pytest.raises(TrustError, match="locked"):
        keys.load_signer(tmp_path)
    with pytest.raises(TrustError, match="wrong passphrase"):
        keys.load_signer(tmp_path, b"other")
    monkeypatch.setenv(keys.PASSPHRASE_VARIABLE, "correct horse")
    assert keys.load_signer(tmp_path).keyid == keyid


def test_missing_keys_name_the_cure(tmp_path):
    with pytest.raises(TrustError, match="hallmark keys init"):
        keys.load_signer(tmp_path)


def test_the_hmac_key_has_32_random_bytes_and_its_id_reveals_none(tmp_path):
    keys.init(tmp_path / "a"), keys.init(tmp_path / "b")
    (id_a, key_a), (id_b, key_b) = keys.load_hmac(tmp_path / "a"), keys.load_hmac(tmp_path / "b")
    assert len(key_a) == 32 and key_a != key_b and id_a != id_b
    assert id_a not in key_a.hex()
    (tmp_path / "a" / "hmac.key").write_bytes(b"short")
    with pytest.raises(TrustError, match="32 bytes"):
        keys.load_hmac(tmp_path / "a")


def test_generate_writes_a_pair_and_never_over_an_old_one(tmp_path):
    info = keys.generate("reviewer", tmp_path / "r.pem")
    public = (tmp_path / "r.pem.pub").read_text()
    assert keys.keyid(keys.load_public(public)) == info.keyid and mode(tmp_path / "r.pem") == 0o600
    with pytest.raises(TrustError, match="already"):
        keys.generate("reviewer", tmp_path / "r.pem")
    with pytest.raises(TrustError, match="role"):
        keys.generate("boss", tmp_path / "x.pem")


def test_rotation_keeps_the_old_key_aside_and_the_hmac_key(tmp_path):
    old = keys.init(tmp_path)
    new = keys.rotate(tmp_path)
    assert new.keyid != old.keyid and new.hmac_id == old.hmac_id
    assert keys.load_private(tmp_path / f"signing-{old.keyid[:8]}.pem").keyid == old.keyid


def test_the_folder_comes_from_the_environment_else_from_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HALLMARK_KEYS", str(tmp_path / "x"))
    assert keys.default_folder() == tmp_path / "x"
    monkeypatch.delenv("HALLMARK_KEYS")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert keys.default_folder() == tmp_path / ".config" / "hallmark"


def entry(tmp_path, name="k", **more):
    return trust.trust_entry(keys.init(tmp_path / name).public_pem, "pipeline", **more)


def test_a_trust_file_is_read_back_as_written(tmp_path):
    made = entry(tmp_path, valid_from=date(2026, 1, 1), valid_until=date(2027, 1, 1))
    (key,) = trust.parse(trust.trust_file([made])).keys
    assert (key.keyid, key.role) == (made["keyid"], "pipeline")
    assert key.objection(date(2026, 6, 1)) is None
    assert "expired" in key.objection(date(2027, 1, 2)) and "before" in key.objection(date(2025, 1, 1))


def test_keys_can_be_added_and_revoked(tmp_path):
    first, second = entry(tmp_path, "a"), entry(tmp_path, "b")
    data = trust.add_key(trust.trust_file([first]), second)
    assert {k.keyid for k in trust.parse(data).keys} == {first["keyid"], second["keyid"]}
    with pytest.raises(TrustError, match="already"):
        trust.add_key(data, second)
    revoked = trust.parse(trust.revoke_key(data, second["keyid"][:12], date(2026, 2, 3))).keys
    assert {k.keyid: k.revoked for k in revoked} == {first["keyid"]: None, second["keyid"]: date(2026, 2, 3)}
    with pytest.raises(TrustError, match="0 keys"):
        trust.revoke_key(data, "short", date(2026, 2, 3))


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace(b'"role": "pipeline"', b'"role": "king"'),
        lambda t: t.replace(b'"keyid": "', b'"keyid": "0'),
        lambda t: t.replace(b"trust:1", b"trust:9"),
        lambda t: t.replace(b'"revoked": null', b'"revoked": "soon"'),
        lambda t: t.replace(b'"revoked": null', b'"revokd": null'),
        lambda t: t.replace(b'"pipeline": 1', b'"pipeline": 0'),
        lambda t: t.replace(b'"schema"', b'"keys": [], "schema"'),
        lambda t: t.replace(b"BEGIN PUBLIC", b"BEGIN PUBLISHED"),
        lambda t: b"[]",
    ],
)
def test_an_irregular_trust_file_is_refused(tmp_path, change):
    data = trust.trust_file([entry(tmp_path)])
    with pytest.raises(TrustError):
        trust.parse(change(data))


def test_trust_comes_from_the_argument_then_the_environment_then_the_folder(tmp_path):
    made = {name: entry(tmp_path, name) for name in "abc"}
    for name, path in (("a", "a.json"), ("b", "b.json"), ("c", "trust.json")):
        (tmp_path / path).write_bytes(trust.trust_file([made[name]]))
    env = {"HALLMARK_TRUST": str(tmp_path / "b.json")}

    def chosen(*arguments):
        return trust.load(*arguments).keys[0].keyid

    assert chosen(tmp_path / "a.json", env, tmp_path) == made["a"]["keyid"]
    assert chosen(None, env, tmp_path) == made["b"]["keyid"]
    assert chosen(None, {}, tmp_path) == made["c"]["keyid"]
    with pytest.raises(TrustError, match="no trusted key"):
        trust.load(None, {}, tmp_path / "a")
    with pytest.raises(TrustError, match="inside the release"):
        trust.load(None, {}, tmp_path, release=tmp_path)
