"""Promises of `hallmark detector evaluate`: figures only, bound to what ran, the same bytes each time."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from lineage import canonical, evidence
from lineage.errors import InputError, SettingsError
from pipelines import evaluate
from pipelines.cli import detector
from pipelines.evaluate import figures, planted, screening, sets
from pipelines.evaluate.figures import figure
from stages.screen import ScreenSettings

HARMLESS = [
    f"The garden club of street {k} meets on Monday and shares its tools and seeds." for k in range(60)
]


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """A small folder of labelled sets: benign passages, spans of e-mail addresses, two languages."""
    root = tmp_path_factory.mktemp("labelled")
    rows = [{"text": t, "label": 0, "lang": "en", "subset": "club"} for t in HARMLESS]
    _write(root / "prohibited" / "passages.jsonl", rows)
    mails = [f"Write to user{k}@example.org about the tools." for k in range(55)]
    spans = [
        [{"type": "email", "start": 9, "end": 9 + len(f"user{k}@example.org"), "value": ""}]
        for k in range(55)
    ]
    rows = [
        {"text": t, "lang": "en", "complete": True, "spans": s} for t, s in zip(mails, spans, strict=True)
    ]
    _write(root / "pii" / "mails.jsonl", rows)
    entry = {"file": "pii/mails.jsonl", "licence": "CC0-1.0"}
    (root / "MANIFEST.jsonl").write_text(json.dumps(entry) + "\n")
    return root


def _write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def written(labelled):
    names = ["secrecy-markings", "common-pii", "lexicon-insult"]
    return evaluate.evaluate(names, labelled, detector._params())


def test_a_file_is_bound_to_the_detector_that_ran(written):
    running = {d["detector"]: d for d in evaluate.running(detector._params())}
    for name, data in written.items():
        entry = evidence.read(data)
        assert evidence.matching(running[name], {name: entry})[0]["sha256"] == entry.sha256
        assert entry.body["code_sha256"] == evaluate.code_sha256()


def test_equal_sets_give_equal_bytes(written, labelled):
    again = evaluate.evaluate(["secrecy-markings"], labelled, detector._params())
    assert again["secrecy-markings@1"] == written["secrecy-markings@1"]


def test_no_row_of_a_set_stands_in_a_file(written):
    joined = b"".join(written.values()).decode()
    assert "garden club" not in joined and "example.org" not in joined and "测算报告" not in joined


def test_spans_are_measured_with_licence_and_size_of_their_set(written):
    body = canonical.loads(written["common-pii@4"])
    assert body["sets"][0]["licence"] == "CC0-1.0" and body["sets"][0]["n"] == 55
    row = next(r for r in body["figures"] if r["code"] == "EMAIL_ADDRESS")
    assert row["recall"][0] == 1.0 and row["status"] == "measured" and row["positives"] == 55


def test_benign_text_gives_false_positives_and_no_status(written):
    body = canonical.loads(written["secrecy-markings@1"])
    row = next(r for r in body["figures"] if r["subset"] == "club" and r["code"] == "secrecy-state")
    assert row["fpr"][0] == 0.0 and row["recall"] is None and row["status"] is None and row["n"] == 60


def test_a_share_without_a_base_is_null():
    row = figure("s", "c", "en", hits=3, positives=4)
    assert row["precision"] is None and row["fpr"] is None and row["status"] == "experimental"
    assert figure("s", "c", "en", hits=0, positives=0, alarms=1, benign=9)["recall"] is None


def test_digests_of_one_detector_do_not_move_with_another(monkeypatch):
    from stages import screen

    one = {d["detector"]: d["sha256"] for d in screen.detectors(ScreenSettings())}
    two = {d["detector"]: d["sha256"] for d in screen.detectors(ScreenSettings(window_chars=500))}
    assert one["hate-en@1"] != two["hate-en@1"]
    assert one["lexicon-insult@1"] == two["lexicon-insult@1"]
    assert one["secrecy-markings@1"] == two["secrecy-markings@1"]


def test_rows_a_classifier_was_trained_on_are_left_out():
    import polars as pl

    ids = ["cold-train-1", "cold-dev-1", "other-1"]
    rows = pl.DataFrame({"id": ids, "text": ["a", "b", "c"], "label": [0, 0, 0], "lang": ["zh"] * 3})
    assert screening.common(rows)["text"].to_list() == ["b", "c"]


def test_planted_sets_hold_at_least_two_hundred_hard_benign_texts():
    (marked,) = planted.markings()
    assert marked.rows.filter("benign").height >= 100
    codes = marked.rows.explode("codes")["codes"].drop_nulls().value_counts()
    assert codes.height == 4 and codes["count"].min() >= 50


def test_an_unknown_detector_and_a_broken_set_are_clear_errors(labelled, tmp_path):
    with pytest.raises(SettingsError, match="choose from"):
        evaluate.evaluate(["no-such"], labelled, detector._params())
    (tmp_path / "pii").mkdir()
    (tmp_path / "pii" / "x.jsonl").write_text("{broken\n")
    with pytest.raises(InputError, match="cannot be read"):
        list(sets.sets(tmp_path, "pii", {"text"}))
    with pytest.raises(InputError, match="no such folder"):
        list(sets.sets(tmp_path / "absent", "pii", {"text"}))


def test_the_command_writes_files_that_the_library_loads(labelled, tmp_path):
    out = tmp_path / "out"
    run = CliRunner().invoke(
        detector.app, ["evaluate", "common-pii", "--eval-dir", str(labelled), "--out", str(out)]
    )
    assert run.exit_code == 0, run.output
    assert list(evidence.load([out])) == ["common-pii@4"]
    listed = CliRunner().invoke(detector.app, ["list"])
    assert listed.exit_code == 0
    states = [row.split(maxsplit=2)[2] for row in listed.output.splitlines() if "poison-corpus@1" in row]
    assert sorted(states) == ["measured", "not run: switched off"], "bursts run, triggers do not"
    shown = CliRunner().invoke(detector.app, ["show", "secrecy-markings"])
    assert shown.exit_code == 0 and "sha256" in shown.output


def test_every_set_says_whether_it_was_held_out_and_only_its_owner_can_claim_so(labelled, tmp_path):
    rows = [
        json.loads(line) for line in (labelled / "prohibited" / "passages.jsonl").read_text().splitlines()
    ]
    _write(tmp_path / "prohibited" / "passages.jsonl", rows)
    entry = {"file": "prohibited/passages.jsonl", "standing": "held-out"}
    (tmp_path / "MANIFEST.jsonl").write_text(json.dumps(entry) + "\n")
    said = {
        folder: next(iter(sets.sets(folder, "prohibited", {"text"}))).named(1)["standing"]
        for folder in (labelled, tmp_path)
    }
    assert said == {labelled: "development", tmp_path: "held-out"}
    (tmp_path / "MANIFEST.jsonl").write_text(json.dumps({**entry, "standing": "new"}) + "\n")
    with pytest.raises(InputError, match="no such standing"):
        list(sets.sets(tmp_path, "prohibited", {"text"}))


@given(st.lists(st.floats(0, 1), max_size=30), st.lists(st.floats(0, 1), max_size=30))
def test_no_point_of_a_curve_finds_more_than_a_lower_threshold(positives, benign):
    curve = figures.points(np.array(positives), np.array(benign))
    for name in ("recall", "fpr"):
        shares = [point[name][0] for point in curve if point[name]]
        assert shares == sorted(shares, reverse=True)
    half = next(point for point in curve if point["threshold"] == 0.5)
    if positives:
        assert half["recall"][0] == round(sum(p >= 0.5 for p in positives) / len(positives), 4)
