import json
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
import small_release as small

from lineage import canonical, certificate, latest, proofs, trust
from lineage.errors import TrustError

ABSENT = b"\x55" * 32


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    signer = small.signer(folder)
    root = small.build(folder / "release", signer)
    named = certificate.certificate_id((root / certificate.RELEASE_CERTIFICATE).read_bytes())
    until = small.AS_OF + timedelta(days=30)
    record = latest.certify_latest(root, signer, small.AS_OF, until, [named])
    tables = [pq.read_table(path, columns=["doc_id"]) for path in sorted((root / "data").rglob("*.parquet"))]
    ids = [bytes.fromhex(i) for table in tables for i in table["doc_id"].to_pylist()]
    believed = trust.parse(trust.trust_file([trust.trust_entry(signer.public_pem, "pipeline")]))
    return record, ids, believed, folder


def test_presence_and_absence_are_proved_by_one_file_alone(house):
    record, ids, believed, _ = house
    for doc_id in [*ids, ABSENT, b"\x00" * 32, b"\xff" * 32]:
        proved = proofs.check(proofs.prove(record, ids, doc_id), believed, small.TODAY + timedelta(days=90))
        assert (proved.doc_id, proved.present) == (doc_id, doc_id in ids)
        assert (proved.dataset, proved.version, proved.as_of) == ("demo", "1", small.AS_OF)


def test_no_proof_is_made_from_other_documents_than_the_signed_ones(house):
    record, ids, _, _ = house
    with pytest.raises(TrustError, match="not the documents"):
        proofs.prove(record, ids[1:], ids[0])


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.update(doc_id="66" * 32),
        lambda body: body["proof"].update(size=body["proof"]["size"] + 1),
        lambda body: body["proof"].update(kind="presence"),
        lambda body: body["proof"].update(left=None),
        lambda body: body.update(record=body["record"][:-8]),
        lambda body: body.update(schema="x"),
        lambda body: body.pop("proof"),
    ],
)
def test_a_changed_proof_is_refused(house, change):
    record, ids, believed, _ = house
    middle = (int.from_bytes(sorted(ids)[2]) + 1).to_bytes(32)  # absent, with a neighbour on either side
    body = json.loads(proofs.prove(record, ids, middle))
    change(body)
    with pytest.raises(TrustError):
        proofs.check(canonical.plain_dumps(body), believed, small.TODAY)


def test_a_proof_under_a_strangers_record_is_refused(house):
    record, ids, _, folder = house
    stranger = small.signer(folder, "stranger")
    other = trust.parse(trust.trust_file([trust.trust_entry(stranger.public_pem, "pipeline")]))
    with pytest.raises(TrustError, match="no trusted key"):
        proofs.check(proofs.prove(record, ids, ids[0]), other, small.TODAY)


def test_a_proof_is_small_and_holds_no_other_ids_than_the_neighbours(house):
    record, ids, _, _ = house
    body = json.loads(proofs.prove(record, ids, ABSENT))
    told = {step["id"] for step in (body["proof"]["left"], body["proof"]["right"]) if step}
    assert len(told) <= 2 and len(json.dumps(body)) < 8192
