"""Promises of document vectors: scores by definition, equal bytes, wrong files refused, shipped ones experimental."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import polars as pl
import pytest

from lineage.errors import HallmarkError, SettingsError
from pipelines.train import cards, semantic
from stages.screen import ScreenSettings, classify, detectors, scan, vectors
from stages.screen.settings import MODELS

PARAMS = {"dim": 8, "epoch": 20, "lr": 0.1, "min_count": 1, "window": 5, "words": 500, "penalty": 1e-4,
          "false_positive_rate": 0.05, "posts_rate": 0.05}  # fmt: skip
WORDS = ("harbour", "lantern", "meadow", "copper", "violin", "kettle")


def examples() -> pl.DataFrame:
    """Invented, neutral classes: sentences about boats against sentences about music."""
    boats = [f"the boat lay in the {word} until the tide was high" for word in WORDS] * 30
    music = [f"the choir sang of the {word} when the hall was full" for word in WORDS] * 30
    labels = [["boats"]] * len(boats) + [["benign"]] * len(music)
    split = ["calibrate" if k % 6 == 5 else "train" for k in range(len(labels))]
    return pl.DataFrame(
        {"line": boats + music, "labels": labels, "split": split, "origin": ["seed-act"] * len(labels)}
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vectors")
    for name in ("boats", "again"):
        semantic.fit(examples(), PARAMS, folder / f"{name}.vec")
    return folder / "boats.vec"


@pytest.fixture
def made():
    rng = np.random.default_rng(5)
    found, _ = vectors.tokens(["水 上 的 船 boat", "tide harbour"])
    keys = np.unique(found)
    table = rng.integers(-127, 128, (keys.size, 4)).astype(np.int8)
    real = [rng.normal(size=shape).astype(np.float32) for shape in ((4,), (4, 2), (2,))]
    return vectors.Vectors(("p", "q"), keys, table, rng.random(keys.size).astype(np.float32) + 0.1, *real)


def test_training_twice_gives_equal_bytes_and_learns_the_classes(trained):
    assert trained.with_name("again.vec").read_bytes() == trained.read_bytes()
    scores = vectors.load(trained, ("boats",)).score(
        [f"the {a} the kettle" for a in ("boat lay in", "choir sang of")]
    )
    assert scores[0, 0] > 0.5 > scores[1, 0]


def test_what_cannot_be_trained_is_told(tmp_path):
    with pytest.raises(HallmarkError, match="training failed"):
        semantic.fit(examples(), {**PARAMS, "min_count": 1000}, tmp_path / "none.vec")


def test_tokens_are_words_stems_han_characters_and_their_pairs():
    (found, borders), (again, _) = (
        vectors.tokens(["boat harbour 水 上 x 水"]),
        vectors.tokens(["harbours 水 上", "水 x 上"]),
    )
    assert np.diff(borders).tolist() == [8]  # boat, harbour and its stem, 水, 上 and the pair, x, 水
    assert again[1] == found[2] and again[0] != found[1], "two words of one stem share it and nothing else"
    assert again[4] == found[5] and len(again) == 5 + 3, "no pair across another word, none across windows"


def test_a_score_is_the_head_over_the_mean_vector(made):
    windows = ["水 上 船 unknown", "tide tide harbour", "never seen", ""]
    found, borders = vectors.tokens(windows)
    for row, score in enumerate(made.score(windows)):
        known = [
            np.searchsorted(made.keys, h) for h in found[borders[row] : borders[row + 1]] if h in made.keys
        ]
        document = np.zeros(4)
        if known:
            total = (made.table[known] * made.step[known, None].astype(float)).sum(axis=0)
            document = total / np.linalg.norm(total) - made.mean
            document /= np.linalg.norm(document)
        assert np.allclose(score, 1 / (1 + np.exp(-(document @ made.heads + made.bias))), atol=1e-6)


def test_a_file_comes_back_as_it_was_and_a_wrong_one_is_refused(tmp_path, made):
    path = tmp_path / "own.vec"
    path.write_bytes(vectors.pack(made))
    back = vectors.load(path, ("p", "q"))
    assert all(np.array_equal(a, b) for a, b in zip(made, back, strict=True))
    for wrong in (
        path.read_bytes()[:-1],
        path.read_bytes() + b"x",
        b"",
        b"not a model",
        vectors.MAGIC + b"{}\n",
    ):
        (tmp_path / "wrong.vec").write_bytes(wrong)
        with pytest.raises(SettingsError, match="document vectors"):
            vectors.load(tmp_path / "wrong.vec", ("p", "q"))
    with pytest.raises(SettingsError):
        vectors.load(path, ("p", "other"))


def test_an_operator_s_vectors_run_from_a_folder(tmp_path, trained):
    path = tmp_path / "boats.vec"
    path.write_bytes(trained.read_bytes())
    fields = {"name": "boats", "version": 1, "script": "latin", "languages": ["en"], "codes": ["boats"], "prepare": 1,
              "threshold": 0.5, "evidence": {}, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}  # fmt: skip
    path.with_suffix(".json").write_text(json.dumps(fields), encoding="utf-8")
    settings = ScreenSettings(models=(), operator_models=str(tmp_path), classifier_floor=0.5)
    found = scan(
        [
            "The boat lay in the harbour until the tide was high.",
            "The choir sang of the kettle when the hall was full.",
        ],
        settings,
    )
    assert found.filter(pl.col("detector") == "boats@1")["text"].to_list() == [0]


def test_examples_that_say_nothing_about_a_code_are_left_out():
    rows = [("seed-act", ["harm"]), ("seed-act", ["benign"]), ("davidson-hate", ["hate"]),
            ("davidson-offensive", ["benign"]), ("davidson-neither", ["benign"])]  # fmt: skip
    frame = pl.DataFrame(rows, schema=["origin", "labels"], orient="row")
    assert semantic.judged(frame, "harm").tolist() == [True, True, False, False, True]
    assert semantic.judged(frame, "hate").tolist() == [False, True, True, True, True]


@pytest.mark.parametrize("name", ["semantic-zh", "semantic-en"])
def test_shipped_vectors_run_by_default_are_small_and_say_that_they_are_experimental(name):
    assert name in MODELS
    classifier = classify.load(classify.SHIPPED / f"{name}.vec")
    assert classifier.path.stat().st_size < 2_000_000
    status = {code: cards.grade(m)["status"] for code, m in classifier.card.evidence["test"].items()}
    assert status["harm"] == classifier.card.evidence["test"]["harm"]["status"] == "experimental"
    (row,) = [
        d for d in detectors(ScreenSettings(models=(name,))) if d["detector"] == classifier.card.detector
    ]
    assert row["codes"] == sorted(classifier.card.codes) and row["evidence"]["test"]
