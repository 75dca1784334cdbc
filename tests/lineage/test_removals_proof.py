"""A proof of removal holds alone, in a plain installation, and nobody can bend it."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from datetime import date

import pytest

from lineage import keys, merkle, trust
from lineage.errors import TrustError
from lineage.removals import proof

TODAY = date(2026, 12, 1)
IDS = sorted(hashlib.sha256(bytes([n])).digest() for n in range(40))
GONE, NEVER = [IDS[0], IDS[17], IDS[39]], hashlib.sha256(b"never").digest()
ENTRY = {
    "seq": 3,
    "request_id": "R-0003",
    "received_on": "2026-11-01",
    "basis": "gdpr-17",
    "entry_hash": "e" * 64,
}


def identity(ids, name):
    return {
        "dataset": "demo",
        "version": name,
        "as_of": "2026-11-01",
        "certificate": hashlib.sha256(name.encode()).hexdigest(),
        "kept_root": merkle.doc_root(ids),
        "docs": len(ids),
        "ledger": None,
    }


def proof_of(ids, doc_id):
    make = merkle.presence_proof if doc_id in ids else merkle.absence_proof
    return make(ids, doc_id)


def rows(before, after, wanted):
    return [{"doc_id": d.hex(), "before": proof_of(before, d), "after": proof_of(after, d)} for d in wanted]


def row_of(body, doc_id):
    return next(row for row in body["documents"] if row["doc_id"] == doc_id.hex())


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    info = keys.init(folder)
    believed = trust.parse(trust.trust_file([trust.trust_entry(info.public_pem, "pipeline")]))
    left = [i for i in IDS if i not in GONE]
    given = (ENTRY, identity(IDS, "1"), identity(left, "2"), rows(IDS, left, [*GONE, NEVER]))
    return proof.prove(*given, keys.load_signer(folder)), believed, folder, given


def test_a_proof_shows_presence_before_and_absence_after(house):
    data, believed, _, _ = house
    shown = proof.check(data, believed, TODAY)
    assert shown.request["basis"] == "gdpr-17"
    assert (shown.before["version"], shown.after["version"]) == ("1", "2")
    assert {d.doc_id: d.was_published for d in shown.documents} == dict.fromkeys(GONE, True) | {NEVER: False}
    assert not any(d.is_published for d in shown.documents)


def test_equal_facts_give_equal_bytes(house):
    data, _, folder, given = house
    assert proof.prove(*given, keys.load_signer(folder)) == data


def test_no_proof_is_made_while_a_document_is_published(house):
    _, _, folder, (entry, before, _, _) = house
    still = identity(IDS, "2")
    with pytest.raises(TrustError, match="1 of the documents are still in the release"):
        proof.prove(entry, before, still, rows(IDS, IDS, GONE[:1]), keys.load_signer(folder))


def test_no_proof_compares_a_release_with_itself(house):
    _, _, folder, (entry, _, after, given) = house
    with pytest.raises(TrustError, match="same release"):
        proof.prove(entry, after, after, given, keys.load_signer(folder))


@pytest.mark.parametrize(
    "bend",
    [
        lambda b: b["documents"].pop(),
        lambda b: b["documents"].append(b["documents"][0]),
        lambda b: b["documents"][0].update(doc_id="66" * 32),
        lambda b: b["documents"][0].update(before=b["documents"][0]["after"]),
        lambda b: b["documents"][0].update(before=None),
        lambda b: row_of(b, GONE[1])["after"].update(left=None),
        lambda b: row_of(b, GONE[1])["before"]["leaf"].update(index=5),
        lambda b: b.update(statement=b["statement"][:-8]),
        lambda b: b.update(schema="x"),
        lambda b: b.pop("documents"),
    ],
)
def test_a_bent_proof_is_refused(house, bend):
    data, believed, _, _ = house
    body = json.loads(data)
    bend(body)
    with pytest.raises(TrustError):
        proof.check(json.dumps(body, sort_keys=True, separators=(",", ":")).encode(), believed, TODAY)


def test_a_changed_statement_and_another_key_are_refused(house, tmp_path):
    data, believed, _, given = house
    body = json.loads(data)
    envelope = json.loads(base64.b64decode(body["statement"]))
    payload = base64.b64decode(envelope["payload"]).replace(b"gdpr-17", b"opt-out")
    envelope["payload"] = base64.b64encode(payload).decode()
    text = json.dumps(envelope, sort_keys=True, separators=(",", ":")).encode()
    body["statement"] = base64.b64encode(text).decode()
    stranger = tmp_path / "stranger"
    keys.init(stranger)
    other = proof.prove(*given, keys.load_signer(stranger))
    for forged in (json.dumps(body, sort_keys=True, separators=(",", ":")).encode(), other):
        with pytest.raises(TrustError, match="no trusted key"):
            proof.check(forged, believed, TODAY)


def test_a_proof_verifies_without_any_package_but_cryptography(house, tmp_path):
    data, _, folder, _ = house
    (tmp_path / "proof.json").write_bytes(data)
    (tmp_path / "key.pem").write_text(keys.load_signer(folder).public_pem)
    program = """
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        top = name.partition('.')[0]
        if top not in sys.stdlib_module_names | {'lineage', 'cryptography', '_cffi_backend', 'cffi'}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Wall())
import datetime, pathlib
from lineage import trust
from lineage.removals import proof
shown = proof.check(pathlib.Path('proof.json').read_bytes(), trust.from_pem(pathlib.Path('key.pem').read_bytes()),
                    datetime.date(2026, 12, 1))
print(len(proof.describe(shown)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == str(3 + len(GONE) + 1), done.stderr
