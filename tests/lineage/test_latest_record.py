from datetime import date, timedelta

import pytest
import small_release as small
from hypothesis import given
from hypothesis import strategies as st

from lineage import canonical, certificate, dsse, latest, trust
from lineage.errors import InputError, TrustError
from lineage.verify import verify_release

IDS = st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    signer = small.signer(folder)
    small.build(folder / "release", signer)
    (folder / "trust.json").write_bytes(trust.trust_file([trust.trust_entry(signer.public_pem, "pipeline")]))
    named = certificate.certificate_id((folder / "release" / certificate.RELEASE_CERTIFICATE).read_bytes())
    return folder, signer, named


def record(built, history=(), **change):
    folder, signer, named = built
    days = {"issued": small.AS_OF, "expires": small.TODAY + timedelta(days=1)} | change
    return latest.certify_latest(folder / "release", signer, history=[*history, named], **days)


def test_the_newest_release_is_good_with_its_record(built, tmp_path):
    folder = built[0]
    (tmp_path / "latest.json").write_bytes(record(built))
    options = {"trust": folder / "trust.json", "today": small.TODAY}
    assert verify_release(folder / "release", **options, latest=tmp_path / "latest.json").ok
    assert verify_release(folder / "release", **options, latest=tmp_path / "none.json").code == 2


def test_a_record_must_name_this_release_and_end_after_it_begins(built):
    folder, signer, _ = built
    with pytest.raises(InputError, match="history must end"):
        latest.certify_latest(folder / "release", signer, small.AS_OF, small.TODAY, ["00" * 32])
    with pytest.raises(InputError, match="cannot end"):
        record(built, expires=small.AS_OF)


def test_a_grown_history_is_proved_and_a_rewritten_one_is_not(built):
    def told(history):
        return canonical.loads(dsse.parse(record(built, history)).payload)["predicate"]["history"]

    old_ids = ["11" * 32, "22" * 32, "33" * 32]
    tree = latest.history_tree([*old_ids, "44" * 32, built[2]])
    old = {"size": 3, "root": latest.history_tree(old_ids).root.hex()}
    proof = [step.hex() for step in tree.consistency(3)]
    assert latest.history_grew(old, told([*old_ids, "44" * 32]), proof)
    assert not latest.history_grew(old, told(["11" * 32, "99" * 32, "33" * 32, "44" * 32]), proof)


@given(IDS)
def test_a_checkpoint_is_read_back_under_its_origin_and_key_only(built, history):
    signer = built[1]
    data = latest.checkpoint("example.org/corpus", history, signer)
    tree = latest.history_tree(history)
    assert latest.read_checkpoint(data, "example.org/corpus", signer.public_pem) == (len(history), tree.root)
    with pytest.raises(TrustError):
        latest.read_checkpoint(data, "example.org/other", signer.public_pem)
    with pytest.raises(TrustError):
        changed = data.replace(b"\n%d\n" % len(history), b"\n%d\n" % (len(history) + 1))
        latest.read_checkpoint(changed, "example.org/corpus", signer.public_pem)


def test_a_checkpoint_of_another_key_and_a_text_that_is_none_are_refused(built, tmp_path):
    data = latest.checkpoint("o", ["00" * 32], built[1])
    with pytest.raises(TrustError):
        latest.read_checkpoint(data, "o", small.signer(tmp_path, "x").public_pem)
    for text in (b"", b"o\n1\n", b"o\nx\ny\n\nz", b"\xff"):
        with pytest.raises(TrustError):
            latest.read_checkpoint(text, "o", built[1].public_pem)
    with pytest.raises(InputError):
        latest.checkpoint("two words", [], built[1])


def test_a_record_is_the_same_for_the_same_inputs(built):
    assert record(built) == record(built) != record(built, expires=date(2027, 1, 1))
