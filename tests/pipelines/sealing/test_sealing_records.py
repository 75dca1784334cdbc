import json
from itertools import pairwise

import pytest
import small_project as house
import small_release as small

from lineage import certificate, journal, latest
from lineage.errors import HallmarkError, TrustError
from lineage.verify import verify_release
from pipelines.sealing import newest, previous, records, refuse_changed, seal


def sealed(project, days=90):
    return seal.seal(project, house.trusted(project.root), days=days, today=house.TODAY, actor="op")


def grow(sealing, *versions):
    project, signer = sealing
    for version in versions:
        house.release(project.root, small, signer, version)
        sealed(type(project)(project.root))
    return type(project)(project.root)


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_seal_binds_version_manifest_certificate_ledger_journal_and_runs(sealing):
    project, _ = sealing
    record = sealed(project)
    signed = (project.release / certificate.RELEASE_CERTIFICATE).read_bytes()
    assert record == json.loads((project.root / "history/0.1.0.json").read_bytes())
    assert record["certificate"]["id"] == certificate.certificate_id(signed)
    assert (record["seq"], record["sealed"], record["previous"]) == (1, "2026-03-01", None)
    assert {"manifest", "ledger", "journal", "runs", "merkle"} <= set(record)
    assert [e["event"] for e in journal.read(project.root / journal.FILE).entries] == [
        "policy",
        "latest",
        "seal",
    ]


def test_the_newest_record_and_checkpoint_hold_for_a_stranger(sealing):
    project, signer = sealing
    record, known = sealed(project), house.trusted(project.root)
    options = {"trust": known, "today": house.TODAY}
    file = project.root / "history/latest.dsse.json"
    assert verify_release(project.release, **options, latest=file).ok
    head = latest.read_checkpoint(
        (project.root / "history/checkpoint").read_bytes(), "hallmark/demo", signer.public_pem
    )
    assert head == (1, bytes.fromhex(record["history"]["root"]))


def test_sealing_the_same_bytes_again_changes_nothing(sealing):
    project, _ = sealing
    sealed(project)
    before = files(project.root)
    sealed(project)
    assert files(project.root) == before


def test_a_seal_that_broke_off_is_finished_by_the_next_one(sealing):
    project, _ = sealing
    sealed(project)
    before = files(project.root / "history")
    for name in ("latest.dsse.json", "checkpoint"):
        (project.root / "history" / name).unlink()
    sealed(project)
    assert files(project.root / "history") == before


def test_a_sealed_version_with_other_bytes_is_refused_and_nothing_is_written(sealing):
    project, signer = sealing
    sealed(project)
    before = files(project.root / "history")
    (project.release / "README.md").write_bytes(b"# Another card\n")
    small.sign_release(project.release, signer)
    with pytest.raises(TrustError, match="other bytes"):
        sealed(project)
    assert files(project.root / "history") == before
    with pytest.raises(TrustError, match="other bytes"):
        refuse_changed(project.root / "history", "0.1.0", "00" * 32)


def test_a_release_that_does_not_verify_is_not_sealed(sealing):
    project, _ = sealing
    (project.release / "README.md").write_bytes(b"changed")
    with pytest.raises(TrustError, match="not good"):
        sealed(project)
    assert files(project.root / "history") == {}


def test_releases_name_the_one_sealed_before_and_the_history_only_grows(sealing):
    project, _ = sealing
    sealed(project)
    project = grow(sealing, "0.2.0", "0.10.0")
    found = records(project.root / "history")
    assert [r["version"] for r in found] == ["0.1.0", "0.2.0", "0.10.0"]
    assert found[2]["previous"] == {
        "version": "0.2.0",
        "digest": found[1]["manifest"]["sha256"],
        "certificate": found[1]["certificate"]["id"],
    }
    for old, new in pairwise(found):
        assert latest.history_grew(old["history"], new["history"], new["history"]["proof"])


def test_what_a_version_names_as_previous_does_not_change_with_later_seals(sealing):
    project, _ = sealing
    history = project.root / "history"
    assert previous(history, "0.1.0") is None
    sealed(project)
    before = previous(history, "0.2.0")
    grow(sealing, "0.2.0", "0.3.0")
    assert previous(history, "0.2.0") == before and previous(history, "0.1.0") is None
    assert previous(history, "0.4.0")["version"] == "0.3.0"


def test_a_version_below_the_newest_is_refused(sealing):
    project, signer = sealing
    sealed(project)
    house.release(project.root, small, signer, "0.0.9")
    with pytest.raises(HallmarkError, match="not above"):
        sealed(type(project)(project.root))


def test_an_older_sealed_release_that_is_checked_out_again_leaves_the_newest_record_alone(sealing):
    project, signer = sealing
    sealed(project)
    grow(sealing, "0.2.0")
    before = files(project.root / "history")
    house.release(project.root, small, signer, "0.1.0")
    assert sealed(type(project)(project.root))["version"] == "0.1.0"
    assert files(project.root / "history") == before


def test_a_release_that_names_another_predecessor_is_not_sealed(sealing):
    project, signer = sealing
    house.release(project.root, small, signer, "0.2.0")
    (project.root / "params.yaml").write_text(
        (project.root / "params.yaml").read_text().replace("0.2.0", "0.1.0")
    )
    with pytest.raises(HallmarkError, match=r"params\.yaml says"):
        sealed(project)
    house.release(project.root, small, signer, "0.1.0")
    sealed(type(project)(project.root))
    unaware = project.root / "history"
    unaware.rename(project.root / "away")
    house.release(project.root, small, signer, "0.2.0")
    (project.root / "away").rename(unaware)
    with pytest.raises(HallmarkError, match="the one before it"):
        sealed(type(project)(project.root))


@pytest.mark.parametrize("lost", ["0.1.0", "0.2.0"])
def test_a_record_that_is_taken_out_or_changed_breaks_the_chain(sealing, lost):
    project, _ = sealing
    sealed(project)
    project = grow(sealing, "0.2.0", "0.3.0")
    path = project.root / "history" / f"{lost}.json"
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(TrustError):
        records(project.root / "history")
    changed = json.loads(content)
    changed["certificate"]["id"] = "00" * 32
    path.write_text(json.dumps(changed))
    with pytest.raises(TrustError):
        records(project.root / "history")
    path.write_bytes(content)
    assert len(records(project.root / "history")) == 3


def test_a_history_cut_at_its_end_is_refused_by_the_signed_record(sealing):
    project, signer = sealing
    sealed(project)
    project = grow(sealing, "0.2.0")
    (project.root / "history/0.2.0.json").unlink()
    house.release(project.root, small, signer, "0.2.0")
    (project.release / "README.md").write_bytes(b"# Another 0.2.0\n")
    small.sign_release(project.release, signer)
    before = files(project.root / "history")
    with pytest.raises(TrustError, match="does not continue"):
        sealed(type(project)(project.root))
    assert files(project.root / "history") == before


def test_a_ledger_that_grew_after_the_build_stops_the_seal(sealing):
    from lineage import canonical, ledger

    project, signer = sealing
    path = project.release / certificate.MANIFEST
    manifest = canonical.loads(path.read_bytes())
    manifest["ledger"] = {"entries": 0, "head_hash": ledger.GENESIS}
    path.write_bytes(canonical.dumps(manifest))
    small.sign_release(project.release, signer)
    ledger.append(project.root / "ledger/ledger.jsonl", {"event": "request"})
    with pytest.raises(HallmarkError, match="ledger has changed"):
        sealed(project)


def test_the_newest_record_is_renewed_with_a_later_end(sealing):
    project, _ = sealing
    sealed(project, days=10)
    late = house.TODAY.replace(month=5)
    known = house.trusted(project.root)
    file = project.root / "history/latest.dsse.json"
    assert verify_release(project.release, trust=known, today=late, latest=file).code == 3
    newest.renew(project, known, days=10, today=late)
    assert verify_release(project.release, trust=known, today=late, latest=file).ok


def test_a_newest_record_that_a_stranger_signed_is_not_continued(sealing, tmp_path):
    project, _ = sealing
    record = sealed(project)
    stranger = small.signer(tmp_path, "stranger")
    made = latest.certify_latest(
        project.release, stranger, house.AS_OF, house.TODAY, [record["certificate"]["id"]]
    )
    (project.root / "history/latest.dsse.json").write_bytes(made)
    with pytest.raises(TrustError, match="no trusted key"):
        newest.renew(project, house.trusted(project.root), days=10, today=house.TODAY)
