"""Promises of linear heads: scores by their definition, equal bytes, wrong files refused, cards bound by digest."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import polars as pl
import pytest

from lineage.errors import SettingsError, TrustError
from pipelines.train import cards, logistic
from stages.screen import ScreenSettings, classify, detectors, linear, scan

PARAMS = {"bits": 12, "penalty": 1e-4, "steps": 60, "word_weight": 2.0, "false_positive_rate": 0.01}
WORDS = ("harbour", "lantern", "meadow", "copper", "violin", "kettle")


def examples() -> pl.DataFrame:
    """Invented, neutral classes: sentences about boats against sentences about music."""
    boats = [f"the boat lay in the {word} until the tide was high" for word in WORDS]
    music = [f"the choir sang of the {word} when the hall was full" for word in WORDS]
    labels = [["boats"]] * len(boats) + [["benign"]] * len(music)
    split = pl.lit("train").alias("split")
    return pl.DataFrame({"line": boats + music, "labels": labels}).with_columns(split)


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "boats.lin"
    logistic.fit(examples(), PARAMS, path)
    fields = {"name": "boats", "version": 1, "script": "latin", "languages": ["en"], "codes": ["boats"], "prepare": 1,
              "threshold": 0.5, "evidence": {}, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}  # fmt: skip
    path.with_suffix(".json").write_text(json.dumps(fields), encoding="utf-8")
    return path


def test_training_twice_gives_equal_bytes_and_learns_the_classes(tmp_path, model):
    logistic.fit(examples().reverse(), PARAMS, tmp_path / "again.lin")
    logistic.fit(examples(), PARAMS, tmp_path / "same.lin")
    assert (tmp_path / "same.lin").read_bytes() == model.read_bytes()
    scores = linear.load(model, ("boats",)).score(["the boat and the tide", "the choir and the hall"])
    assert scores[0, 0] > 0.5 > scores[1, 0]


@pytest.mark.parametrize(
    "windows", [["a boat"], ["水 上 的 船", "boat tide tide"], ["", "x"], ["a" * 500, "b c d e"]]
)
def test_a_score_is_the_sum_over_the_features_that_training_counts(windows):
    rng = np.random.default_rng(3)
    weights = rng.integers(-127, 128, (1 << 12, 2)).astype(np.int8)
    head = linear.Head(("p", "q"), weights, np.array([0.01, 0.02]), np.array([-1.0, 0.5]))
    columns, borders = linear.features(windows, 12)
    for row, score in enumerate(head.score(windows)):
        own = columns[borders[row] : borders[row + 1]]
        total = weights[own].astype(int).sum(axis=0) / np.sqrt(max(len(own), 1))
        assert np.allclose(score, 1 / (1 + np.exp(-(head.step * total + head.bias))))


def test_a_window_scores_the_same_alone_and_among_others(model):
    head, windows = linear.load(model, ("boats",)), examples()["line"].to_list()
    assert np.array_equal(head.score(windows), np.concatenate([head.score([w]) for w in windows]))


@pytest.mark.parametrize(
    "change", [lambda raw: raw[:-1], lambda raw: b"X" + raw, lambda raw: b"", lambda raw: raw + b"1"]
)
def test_a_corrupt_model_is_named_and_one_that_differs_from_its_card_is_refused(model, change):
    model.write_bytes(change(model.read_bytes()))
    with pytest.raises(TrustError, match="digest"):
        classify.load(model)
    card = model.with_suffix(".json")
    fields = {**json.loads(card.read_text()), "sha256": hashlib.sha256(model.read_bytes()).hexdigest()}
    card.write_text(json.dumps(fields))
    with pytest.raises(SettingsError, match="not a linear model"):
        classify.load(model).score(["some text here"])


def test_a_model_of_other_codes_than_its_card_is_refused(model):
    with pytest.raises(SettingsError, match="not a linear model"):
        linear.load(model, ("other",))


def test_an_operators_linear_model_runs_and_its_digest_follows_its_weights(model):
    settings = ScreenSettings(models=(), lexicons=(), operator_models=str(model.parent), classifier_floor=0.0)
    found = scan(["The boat lay in the harbour until the tide was high again."], settings)
    assert found.filter(pl.col("detector") == "boats@1")["score"].max() > 0.5
    assert "boats@1" in [row["detector"] for row in detectors(settings)]


def test_shipped_linear_models_load_and_their_cards_say_how_they_were_made():
    paths = sorted(classify.SHIPPED.glob(f"*{linear.SUFFIX}"))
    assert paths
    for path in paths:
        found = classify.load(path)
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        assert found.score(["the weather is fine"]).shape == (1, len(found.card.codes))
        assert card["training"]["method"] == cards.METHODS["linear"] and card["evidence"]["thresholds"]
