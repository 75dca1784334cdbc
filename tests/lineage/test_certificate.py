import hashlib
import json
import shutil
from datetime import date

import pytest
import small_release as small

from lineage import canonical, certificate, dsse
from lineage.errors import InputError, TrustError

SOURCE, PART = small.PARTS[0]
MANIFEST = f"meta/shards/{SOURCE}/{PART}.json"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    signer = small.signer(folder)
    return small.build(folder / "release", signer), signer


@pytest.fixture
def release(built, tmp_path):
    shutil.copytree(built[0], tmp_path / "release")
    return tmp_path / "release"


def shard_certificate(release, signer, path=MANIFEST):
    return certificate.certify_shard(release, path, signer)


def statement(data):
    return canonical.loads(dsse.parse(data).payload)


def test_equal_inputs_give_equal_certificates(built):
    release, signer = built
    assert shard_certificate(release, signer) == shard_certificate(release, signer)
    again = certificate.certify_release(release, signer, small.AS_OF, small.DAYS)
    assert again == (release / certificate.RELEASE_CERTIFICATE).read_bytes()


def test_a_shard_certificate_binds_its_files_and_no_other(built):
    release, signer = built
    says = statement(shard_certificate(release, signer))
    (subject,) = says["subject"]
    assert says["_type"] == "https://in-toto.io/Statement/v1"
    assert subject["annotations"]["role"] == "data" and subject["name"].startswith(f"data/{SOURCE}/{PART}-")
    body = says["predicate"]
    bound = [subject, body["manifest"], body["lineage"], body["policy"], *body["evidence"], *body["sheets"]]
    assert {b["name"] for b in bound} == {
        subject["name"],
        MANIFEST,
        f"lineage/{SOURCE}/{PART}.parquet",
        "meta/policy.yaml",
        "meta/evidence/demo-lexicon.json",
        *certificate.sheet_paths(SOURCE, PART),
    }
    for told in bound:
        data = (release / told["name"]).read_bytes()
        assert told["digest"]["sha256"] == hashlib.sha256(data).hexdigest()
        assert told["annotations"]["bytes"] == len(data)


def test_a_shard_keeps_its_certificate_when_the_rest_of_the_release_changes(release, built):
    before = shard_certificate(release, built[1])
    shutil.rmtree(release / "data/forum", ignore_errors=True)
    small.write(release / "README.md", b"another card")
    small.write(release / "meta/manifest.json", b"{}")
    small.write(release / f"sheets/{small.PARTS[1][0]}/{small.PARTS[1][1]}.zh.md", b"another")
    assert shard_certificate(release, built[1]) == before


def test_a_part_with_nothing_kept_is_certified_by_its_manifest(built):
    release, signer = built
    source, part = small.PARTS[2]
    says = statement(shard_certificate(release, signer, f"meta/shards/{source}/{part}.json"))
    assert [s["annotations"]["role"] for s in says["subject"]] == ["shard-manifest"]


def test_a_release_certificate_lists_every_other_file_with_role_and_digest(built):
    release, _ = built
    says = statement((release / certificate.RELEASE_CERTIFICATE).read_bytes())
    files = {p.relative_to(release).as_posix() for p in release.rglob("*") if p.is_file()}
    assert {s["name"] for s in says["subject"]} == files - {certificate.RELEASE_CERTIFICATE}
    roles = {s["annotations"]["role"] for s in says["subject"]}
    assert roles == {
        *(
            "data",
            "lineage",
            "shard-manifest",
            "shard-certificate",
            "manifest",
            "policy",
            "evidence",
            "sheet",
            "card",
        )
    }


def test_the_claim_says_screened_under_a_policy_in_both_languages_and_never_free_of(built):
    says = statement(shard_certificate(*built))["predicate"]
    assert "policy demo 3" in says["claim"]["en"] and "with measured recall: 1 " in says["claim"]["en"]
    assert "demo 3" in says["claim"]["zh"] and "not_run 1" in says["claim"]["zh"]
    assert "free of" not in says["claim"]["en"]
    assert says["limits"] and says["detectors"][0]["evidence"]["recall"] == 0.9


def test_validity_is_the_releases_and_counts_from_the_given_day(built):
    release, signer = built
    says = statement(certificate.certify_release(release, signer, date(2028, 2, 28), 180))["predicate"]
    assert says["validity"] == {"as_of": "2028-02-28", "valid_until": "2028-08-26"}
    assert "validity" not in statement(shard_certificate(*built))["predicate"]
    with pytest.raises(InputError, match="at least one day"):
        certificate.certify_release(release, signer, small.AS_OF, 0)


@pytest.mark.parametrize(
    "path",
    [f"sheets/{SOURCE}/{PART}.zh.md", f"lineage/{SOURCE}/{PART}.parquet", "meta/evidence/demo-lexicon.json"],
)
def test_nothing_is_certified_while_a_bound_file_is_missing_or_another(release, built, path):
    (release / path).rename(release / "aside")
    with pytest.raises(TrustError):
        shard_certificate(release, built[1])
    if not path.startswith("sheets/"):
        (release / path).write_bytes(b"another")
        with pytest.raises(TrustError):
            shard_certificate(release, built[1])


def test_quoted_figures_without_an_evidence_file_are_not_certified(release, built):
    body = json.loads((release / MANIFEST).read_bytes())
    body["stages"][0]["detectors"][0]["evidence"] = {"recall": 0.99}
    (release / MANIFEST).write_bytes(canonical.dumps(body))
    with pytest.raises(TrustError, match="without the evidence file"):
        shard_certificate(release, built[1])


def test_a_release_with_a_link_is_not_certified(release, built):
    (release / "exports").symlink_to(release / "sheets")
    with pytest.raises(TrustError, match="plain files"):
        certificate.certify_release(release, built[1], small.AS_OF, small.DAYS)


@pytest.mark.parametrize("name", ["a:b.txt", "a\\b.txt", "a\nb.txt"])
def test_a_file_name_that_not_every_system_can_hold_is_not_certified(release, built, name):
    small.write(release / "exports" / name, b"x")
    with pytest.raises(TrustError, match="not every system"):
        certificate.certify_release(release, built[1], small.AS_OF, small.DAYS)


def test_the_payload_is_canonical_json(built):
    for path in (certificate.RELEASE_CERTIFICATE, certificate.certificate_path(SOURCE, PART)):
        payload = dsse.parse((built[0] / path).read_bytes()).payload
        assert canonical.dumps(canonical.loads(payload)) == payload


def test_countersignatures_are_over_the_same_payloads(built, tmp_path):
    release, _ = built
    reviewer = small.signer(tmp_path, "r", "reviewer")
    envelopes = [path.read_bytes() for path in sorted((release / "meta/certs").rglob("*.json"))]
    found = certificate.read_countersignatures(certificate.countersign(envelopes, reviewer))
    assert len(found) == 4 and set(found) == {certificate.certificate_id(e) for e in envelopes}
    for envelope in map(dsse.parse, envelopes):
        digest = hashlib.sha256(envelope.payload).hexdigest()
        merged = dsse.Envelope(envelope.payload_type, envelope.payload, found[digest])
        assert dsse.verified_by(merged, [reviewer.public_pem]) == {reviewer.keyid}


@pytest.mark.parametrize(
    "data", [b"[]", b"{}", b'{"schema":"urn:hallmark:countersignatures:1","signatures":[{}]}']
)
def test_what_holds_no_countersignatures_is_refused(data):
    with pytest.raises(TrustError, match="countersignatures"):
        certificate.read_countersignatures(data)


def test_only_certificates_are_countersigned(built, tmp_path):
    other = dsse.sign("text/plain", b"I owe you", [built[1]])
    with pytest.raises(TrustError, match="only certificates"):
        certificate.countersign([other], built[1])
