import pytest
import small_project as house
import small_release as small

from lineage import certificate, trust
from lineage.digests import sha256_file
from lineage.errors import TrustError
from pipelines.sealing import parents


@pytest.fixture
def made(tmp_path):
    """Return (root with a release under upstream/, inventory of two sources, trust)."""
    signer = small.signer(tmp_path)
    release = small.build(tmp_path / "upstream", signer)
    (tmp_path / "own.jsonl").write_text("{}\n")
    shards = sorted(p.relative_to(tmp_path).as_posix() for p in (release / "data").rglob("*.parquet"))
    sources = [
        {"id": "upstream", "files": [row(tmp_path, name) for name in shards]},
        {"id": "own", "files": [row(tmp_path, "own.jsonl")]},
    ]
    known = trust.parse(trust.trust_file([trust.trust_entry(signer.public_pem, "pipeline")]))
    return tmp_path, sources, known


def row(root, name):
    return {"file": name, "sha256": sha256_file(root / name), "bytes": 1}


def test_a_source_made_of_a_release_names_it_by_digest(made):
    root, sources, known = made
    expected = {
        "source": "upstream",
        "dataset": "demo",
        "version": "1",
        "digest": sha256_file(root / "upstream" / certificate.MANIFEST),
        "certificate": certificate.certificate_id(
            (root / "upstream" / certificate.RELEASE_CERTIFICATE).read_bytes()
        ),
    }
    assert parents(root, sources, known, house.TODAY) == [expected]
    assert parents(root, sources[1:], known, house.TODAY) == []


def test_a_changed_shard_of_a_parent_is_refused(made):
    root, sources, known = made
    sources[0]["files"][0]["sha256"] = "0" * 64
    with pytest.raises(TrustError, match="does not list it so"):
        parents(root, sources, known, house.TODAY)


def test_a_file_laid_into_a_parent_and_a_parent_of_a_stranger_are_refused(made, tmp_path):
    root, sources, known = made
    (root / "upstream/data/extra.parquet").write_bytes(b"x")
    with pytest.raises(TrustError, match="does not list it so"):
        parents(root, [{"id": "s", "files": [row(root, "upstream/data/extra.parquet")]}], known, house.TODAY)
    small.sign_release(root / "upstream", small.signer(tmp_path, "stranger"))
    with pytest.raises(TrustError, match="no trusted key"):
        parents(root, sources, known, house.TODAY)


def test_a_changed_manifest_of_a_parent_is_refused(made):
    root, sources, known = made
    path = root / "upstream" / certificate.MANIFEST
    path.write_bytes(path.read_bytes().replace(b'"demo"', b'"dem0"', 1))
    with pytest.raises(TrustError, match="not the one that was certified"):
        parents(root, sources, known, house.TODAY)
