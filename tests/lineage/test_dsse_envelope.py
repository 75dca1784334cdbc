import base64
import json
import subprocess

import pytest
from securesystemslib.dsse import Envelope as OracleEnvelope
from securesystemslib.signer import SSlibKey

from lineage import dsse, keys
from lineage.errors import HallmarkError, TrustError

PAYLOAD = '{"文本":"payload"}'.encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    keys.init(folder)
    return folder


@pytest.fixture(scope="module")
def signer(folder):
    return keys.load_signer(folder)


def test_the_signed_bytes_are_those_of_the_specification():
    # the worked example of the DSSE protocol text
    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_equal_inputs_give_equal_envelopes(signer):
    assert dsse.sign("t", PAYLOAD, [signer]) == dsse.sign("t", PAYLOAD, [signer])


def test_an_envelope_is_read_back_and_verified(signer):
    envelope = dsse.parse(dsse.sign("t", PAYLOAD, [signer]))
    assert (envelope.payload_type, envelope.payload) == ("t", PAYLOAD)
    assert dsse.verified_by(envelope, [signer.public_pem]) == {signer.keyid}


def test_securesystemslib_accepts_our_envelope_and_refuses_it_when_changed(signer):
    key = SSlibKey(signer.keyid, "ed25519", "ed25519", {"public": _raw(signer.public_pem).hex()})
    body = json.loads(dsse.sign("t", PAYLOAD, [signer]))
    accepted = OracleEnvelope.from_dict(json.loads(json.dumps(body))).verify([key], 1)
    assert list(accepted) == [signer.keyid]
    body["payload"] = base64.b64encode(PAYLOAD + b" ").decode()
    with pytest.raises(Exception, match=r"[Ss]ignature"):
        OracleEnvelope.from_dict(body).verify([key], 1)


def test_we_accept_an_envelope_that_securesystemslib_signed(tmp_path):
    from securesystemslib.signer import CryptoSigner

    oracle = CryptoSigner.generate_ed25519()
    made = OracleEnvelope(PAYLOAD, "t", {})
    made.sign(oracle)
    envelope = dsse.parse(json.dumps(made.to_dict()).encode())
    pem = _pem(bytes.fromhex(oracle.public_key.keyval["public"]))
    assert dsse.verified_by(envelope, [pem]) == {keys.keyid(keys.load_public(pem))}


def test_openssl_accepts_our_signature(signer, tmp_path):
    ((_, signature),) = dsse.parse(dsse.sign("t", PAYLOAD, [signer])).signatures
    (tmp_path / "m").write_bytes(dsse.pae("t", PAYLOAD))
    (tmp_path / "s").write_bytes(signature)
    (tmp_path / "k").write_text(signer.public_pem)
    command = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "k",
        "-rawin",
        "-in",
        "m",
        "-sigfile",
        "s",
    ]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "m").write_bytes(dsse.pae("u", PAYLOAD))
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode != 0


def test_we_accept_a_signature_that_openssl_made(folder, signer, tmp_path):
    (tmp_path / "m").write_bytes(dsse.pae("t", PAYLOAD))
    command = [
        "openssl",
        "pkeyutl",
        "-sign",
        "-inkey",
        folder / "signing.pem",
        "-rawin",
        "-in",
        "m",
        "-out",
        "s",
    ]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    envelope = dsse.Envelope("t", PAYLOAD, (("", (tmp_path / "s").read_bytes()),))
    assert dsse.verified_by(envelope, [signer.public_pem]) == {signer.keyid}


def test_the_payload_type_is_signed_too(signer):
    envelope = dsse.parse(dsse.sign("t", PAYLOAD, [signer]))
    assert not dsse.verified_by(dsse.Envelope("u", PAYLOAD, envelope.signatures), [signer.public_pem])


def test_a_key_id_decides_nothing(signer, tmp_path):
    other = keys.init(tmp_path / "other")
    ((_, signature),) = dsse.parse(dsse.sign("t", PAYLOAD, [signer])).signatures
    pretending = dsse.Envelope("t", PAYLOAD, ((other.keyid, signature),))
    assert dsse.verified_by(pretending, [other.public_pem]) == set()
    assert dsse.verified_by(pretending, [signer.public_pem]) == {signer.keyid}


def test_several_signers_sign_one_payload(signer, tmp_path):
    keys.init(tmp_path)
    second = keys.load_signer(tmp_path)
    envelope = dsse.parse(dsse.sign("t", PAYLOAD, [second, signer]))
    assert dsse.verified_by(envelope, [signer.public_pem, second.public_pem]) == {signer.keyid, second.keyid}
    with pytest.raises(TrustError, match="at least one"):
        dsse.sign("t", PAYLOAD, [])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"payload":"","payloadType":"t"}',
        b'{"payload":"","payloadType":1,"signatures":[]}',
        b'{"payload":"***","payloadType":"t","signatures":[]}',
        b'{"payload":"","payloadType":"t","signatures":[{"keyid":"k"}]}',
        b'{"payload":"","payload":"","payloadType":"t","signatures":[]}',
    ],
)
def test_what_is_no_envelope_is_refused(data):
    with pytest.raises(HallmarkError):
        dsse.parse(data)


def _raw(pem):
    return keys.load_public(pem).public_bytes_raw()


def _pem(raw):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return keys.public_pem(Ed25519PublicKey.from_public_bytes(raw))
