"""Promises of lineage/evidence.py: figures are bound to the detector they were measured on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage import canonical, evidence
from lineage.errors import InputError
from pipelines.train.measure import interval


def figure(positives=80, recall=(0.9, 0.8, 0.95), alarms=(0.01, 0.0, 0.05), **other):
    row = {"set": "s", "code": "hate", "language": "en", "n": 200, "positives": positives}
    row |= {"recall": list(recall), "precision": [0.7, 0.6, 0.8], "fpr": list(alarms)}
    return row | {"status": evidence.status(positives, list(recall), list(alarms))} | other


def body(**other):
    rows = other.pop("figures", [figure()])
    return {
        "schema": evidence.SCHEMA,
        "detector": "hate-en@1",
        "detector_sha256": "a" * 64,
        "code_sha256": "b" * 64,
        "sets": [{"name": "s", "sha256": "c" * 64, "n": 200, "licence": "MIT"}],
        "figures": rows,
        "status": evidence.overall(rows),
    } | other


def filed(tmp_path, **other):
    (tmp_path / "hate-en@1.json").write_bytes(canonical.dumps(body(**other)))
    return evidence.load([tmp_path / "absent", tmp_path])


def test_evidence_of_the_detector_that_runs_is_quoted_with_its_file(tmp_path):
    found = filed(tmp_path)
    quoted, note = evidence.matching({"detector": "hate-en@1", "sha256": "a" * 64}, found)
    assert note is None and quoted["path"] == "meta/evidence/hate-en@1.json"
    assert quoted["sha256"] == found["hate-en@1"].sha256 and quoted["figures"][0]["recall"] == [
        0.9,
        0.8,
        0.95,
    ]


def test_evidence_of_another_digest_is_refused_with_a_note(tmp_path):
    quoted, note = evidence.matching({"detector": "hate-en@1", "sha256": "d" * 64}, filed(tmp_path))
    assert quoted is None and "another digest" in note
    assert evidence.matching({"detector": "x@1", "sha256": "a" * 64}, {}) == (
        None,
        "not measured: no evidence file",
    )


def test_only_quoted_files_are_published(tmp_path):
    found = filed(tmp_path)
    runs = [{"detector": "hate-en@1", "sha256": "a" * 64}, {"detector": "other@1", "sha256": "a" * 64}]
    rows, files = evidence.attach(runs, found)
    assert list(files) == ["meta/evidence/hate-en@1.json"] and rows[1]["evidence"] is None
    assert evidence.attach([{"detector": "hate-en@1", "sha256": "0"}], found)[1] == {}
    assert evidence.attach([{"detector": None, "sha256": None}], found) == (
        [{"detector": None, "sha256": None, "evidence": None}],
        {},
    )


@given(st.integers(0, 200), st.floats(0, 1), st.floats(0, 1))
def test_a_weak_or_thin_figure_is_never_called_measured(positives, low, share):
    low, share = sorted((low, share))
    verdict = evidence.status(positives, [share, low, 1.0], None)
    assert (verdict == "measured") == (positives >= 50 and low >= 0.5)


@given(st.integers(1, 400), st.integers(0, 400))
def test_what_may_flag_more_than_a_tenth_of_benign_texts_is_never_called_measured(benign, alarms):
    rate = interval(min(alarms, benign), benign)
    assert (evidence.status(80, [0.9, 0.8, 0.95], rate) == "measured") == (rate[2] <= 0.1)
    assert benign >= 35 or evidence.status(80, [0.9, 0.8, 0.95], rate) == "experimental"
    assert evidence.status(0, None, rate) is None


def test_the_bound_on_false_alarms_also_holds_at_the_score_where_a_policy_acts():
    noisy = point(0.5, [0.9, 0.8, 0.95]) | {"fpr": [0.2, 0.15, 0.26]}
    row = figure(curve=[noisy, point(0.8, [0.7, 0.6, 0.8])])
    assert evidence.at(row, 0.5)["status"] == "experimental" and evidence.at(row, 0.8)["status"] == "measured"


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "other"},
        {"status": "experimental"},
        {"figures": [figure(positives=10, status="measured")], "status": "measured"},
        {"figures": [figure(recall=(0.5, 0.8, 0.9), status="measured")], "status": "measured"},
        {"figures": [figure(alarms=(0.3, 0.28, 0.32), status="measured")], "status": "measured"},
        {"figures": [{"code": "hate"}], "status": "measured"},
    ],
)
def test_a_file_that_claims_more_than_its_numbers_is_refused(tmp_path, change):
    content = {**body(), **change}
    (tmp_path / "hate-en@1.json").write_bytes(canonical.dumps(content))
    with pytest.raises(InputError, match="detector evaluate"):
        evidence.load([tmp_path])


def test_a_file_under_another_name_is_refused(tmp_path):
    (tmp_path / "hate-en@2.json").write_bytes(canonical.dumps(body()))
    with pytest.raises(InputError, match="named after"):
        evidence.load([tmp_path])


def test_codes_that_may_gate_are_those_measured(tmp_path):
    rows = [figure(), figure(code="harm", positives=3, status="experimental")]
    found = filed(tmp_path, figures=rows)
    assert evidence.measured_codes(found["hate-en@1"]) == {"hate": ["en"]}


def point(threshold, recall):
    return {"threshold": threshold, "recall": recall, "precision": [0.9, 0.8, 0.95], "fpr": [0.0, 0.0, 0.01]}


CURVE = [point(0.5, [0.9, 0.8, 0.95]), point(0.8, [0.7, 0.6, 0.8]), point(0.97, [0.4, 0.3, 0.5])]


@pytest.mark.parametrize(
    ("score", "threshold", "recall", "status"),
    [
        (None, 0.61, 0.9, "measured"),
        (0.5, 0.5, 0.9, "measured"),
        (0.7, 0.8, 0.7, "measured"),
        (0.97, 0.97, 0.4, "experimental"),
    ],
)
def test_the_figure_quoted_is_that_at_the_score_where_the_policy_acts(
    tmp_path, score, threshold, recall, status
):
    found = filed(tmp_path, figures=[figure(threshold=0.61, curve=CURVE)])
    detector = {"detector": "hate-en@1", "sha256": "a" * 64}
    quoted, _ = evidence.matching(detector, found, lambda name, code, level: score)
    row = quoted["figures"][0]
    assert (row["threshold"], row["recall"][0], row["status"]) == (threshold, recall, status)
    assert quoted["status"] == status and row["acts_at"] == score


def test_above_the_last_point_of_the_curve_nothing_is_known():
    row = evidence.at(figure(curve=CURVE), 0.99)
    assert row["recall"] is None and row["status"] == "experimental" and row["threshold"] == 0.99


def test_a_set_that_does_not_say_so_was_looked_at_in_development(tmp_path):
    sets = [{"name": "s", "sha256": "c" * 64, "n": 200, "licence": "MIT"}]
    assert evidence.quoted(filed(tmp_path, sets=sets)["hate-en@1"])[0]["standing"] == "development"
    held = [{**sets[0], "standing": "held-out"}]
    assert evidence.quoted(filed(tmp_path, sets=held)["hate-en@1"])[0]["standing"] == "held-out"
    with pytest.raises(InputError, match="held-out or development"):
        filed(tmp_path, sets=[{**sets[0], "standing": "fresh"}])


def test_text_by_others_speaks_before_our_own_where_it_holds_enough_positives(tmp_path):
    own = figure(positives=900, set="own/seeds")
    found = filed(tmp_path, figures=[own, figure(positives=60, set="theirs")])
    assert evidence.quoted(found["hate-en@1"])[0]["set"] == "theirs"
    few = filed(tmp_path, figures=[own, figure(positives=20, set="theirs")])
    assert evidence.quoted(few["hate-en@1"])[0]["set"] == "own/seeds"
