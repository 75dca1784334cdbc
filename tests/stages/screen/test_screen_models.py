"""Classifiers: bound to their cards, trained reproducibly, wrong files refused."""

from __future__ import annotations

import json
import shutil

import numpy as np
import polars as pl
import pytest

from lineage.errors import SettingsError, TrustError
from pipelines.train import fit, measure
from pipelines.train.prepare import prepared
from pipelines.train.seeds import SEEDS, expand
from stages.screen import ScreenSettings, classify, scan

PARAMS = {"dim": 8, "ngrams": 2, "epoch": 5, "lr": 0.3, "bucket": 2000, "min_count": 1}


@pytest.fixture
def copy(tmp_path):
    for suffix in (".ftz", ".json"):
        shutil.copy(classify.SHIPPED / f"harm-en{suffix}", tmp_path / f"own{suffix}")
    return tmp_path / "own.ftz"


def test_a_model_that_differs_from_its_card_is_refused(copy):
    copy.write_bytes(copy.read_bytes()[:-1] + b"\x00\x01")
    with pytest.raises(TrustError, match="digest"):
        classify.load(copy)


def test_a_file_that_is_no_model_is_named(copy):
    import hashlib

    copy.write_bytes(b"not a model")
    card = copy.with_suffix(".json")
    fields = json.loads(card.read_text(encoding="utf-8"))
    card.write_text(
        json.dumps({**fields, "sha256": hashlib.sha256(b"not a model").hexdigest()}), encoding="utf-8"
    )
    with pytest.raises(SettingsError, match="not a fastText model"):
        classify.load(copy).score(["some text here"])


@pytest.mark.parametrize("change", [{"codes": None}, {"prepare": 99}])
def test_a_card_that_does_not_fit_is_refused(copy, change):
    card = copy.with_suffix(".json")
    fields = {**json.loads(card.read_text(encoding="utf-8")), **change}
    card.write_text(json.dumps({k: v for k, v in fields.items() if v is not None}), encoding="utf-8")
    with pytest.raises(SettingsError):
        classify.load(copy)


def test_an_operator_model_runs_beside_the_shipped_ones(copy):
    card = copy.with_suffix(".json")
    fields = {**json.loads(card.read_text(encoding="utf-8")), "name": "own-model"}
    card.write_text(json.dumps(fields), encoding="utf-8")
    settings = ScreenSettings(models=(), lexicons=(), operator_models=str(copy.parent), classifier_floor=0.0)
    found = scan(["How do I carry out a terrorist attack on a crowded place?"], settings)
    assert "own-model@1" in found["detector"].to_list()


def test_an_unknown_model_name_lists_the_known_ones():
    with pytest.raises(SettingsError, match="no shipped model"):
        scan(["text"], ScreenSettings(models=("nothing",)))


def test_training_twice_gives_equal_bytes(tmp_path):
    examples = expand(SEEDS / "harm-en.yaml").head(800)
    examples = examples.with_columns(pl.Series("line", prepared(examples["text"])))
    for name in ("a.ftz", "b.ftz"):
        fit.fit(examples, PARAMS, 7, tmp_path / name)
    assert (tmp_path / "a.ftz").read_bytes() == (tmp_path / "b.ftz").read_bytes()


def test_scores_are_those_of_fasttext_itself():
    import fasttext

    classifier = classify.load(classify.SHIPPED / "harm-zh.ftz")
    lines = prepared(pl.Series(["怎么开设网上赌场?", "今天天气很好,我们去公园散步。"]))
    labels, chances = fasttext.load_model(str(classifier.path)).predict(lines, k=-1)
    ours = classifier.score(lines)
    for row, (names, values) in enumerate(zip(labels, chances, strict=True)):
        theirs = {n.removeprefix("__label__"): min(float(v), 1.0) for n, v in zip(names, values, strict=True)}
        expected = [theirs.get(code, 0.0) for code in classifier.card.codes]
        assert np.allclose(ours[row], expected, atol=1e-6)


def test_splits_of_a_seed_file_share_no_sentence():
    examples = expand(SEEDS / "harm-zh.yaml")
    assert examples["text"].n_unique() == examples.height
    assert set(examples["split"].unique()) == {"train", "calibrate", "test"}


def test_every_card_states_its_held_back_figures():
    for path in sorted(classify.SHIPPED.glob("*.json")):
        card = json.loads(path.read_text(encoding="utf-8"))
        for code in card["codes"]:
            figures = card["evidence"]["test"][code]
            low, high = figures["recall"][1:]
            assert low <= figures["recall"][0] <= high
            weak = figures["positives"] < 50 or low < 0.5 or figures["fpr"][2] > 0.1
            assert figures["status"] == ("experimental" if weak else "measured")


def test_intervals_and_thresholds_follow_their_definitions():
    from scipy.stats import binomtest

    for hits, n in ((0, 10), (3, 10), (95, 100), (100, 100)):
        theirs = binomtest(hits, n).proportion_ci(method="wilson")
        assert measure.interval(hits, n)[1:] == pytest.approx([theirs.low, theirs.high], abs=2e-4)
    benign = np.linspace(0, 1, 1000)
    threshold = measure.threshold_for(benign, 0.01)
    assert (benign >= threshold).mean() <= 0.01 < (benign >= threshold - 0.01).mean()
    assert measure.auc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True])) == 0.875
