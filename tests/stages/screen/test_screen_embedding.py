"""Promises of stages/screen/embedding.py: a local ONNX model and a head per code replace the shipped vectors."""

from __future__ import annotations

import json
import sys

import numpy as np
import onnx
import polars as pl
import pytest
import tokenizers
from onnx import TensorProto, helper, numpy_helper

from lineage.errors import SettingsError, TrustError
from pipelines.train.__main__ import run_head
from stages.screen import ScreenSettings, detectors, embedding, scan

WORDS = ["[UNK]", "gizmo", "widget", "garden", "river"]
TABLE = np.array([[0.1, 0.1, 0.1], [3, 0, 0], [2.9, 0.2, 0], [0, 3, 0], [0, 0, 3]], np.float32)
HEAD = {"name": "own-embedding", "languages": ["en"], "codes": ["A.1-g", "harm"], "weights": [[9, 0, 0], [0, 9, 0]],
        "bias": [-4, -4], "thresholds": {"harm": 0.5}}  # fmt: skip
TEXTS = ["gizmo widget", "river river", "garden"]


def encoder(folder, *, inputs=("input_ids", "attention_mask"), pooled=False):
    """Write a real encoder of five words: a table of vectors, one per token or summed per text."""
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["tokens"])]
    shape = ["batch", "width", 3]
    if pooled:
        nodes.append(helper.make_node("ReduceMax", ["tokens", "axis"], ["sentence_embedding"], keepdims=0))
        shape = ["batch", 3]
    out = helper.make_tensor_value_info(
        "sentence_embedding" if pooled else "tokens", TensorProto.FLOAT, shape
    )
    given = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "width"]) for name in inputs]
    constants = [numpy_helper.from_array(TABLE, "table"), numpy_helper.from_array(np.array([1]), "axis")]
    graph = helper.make_graph(nodes, "encoder", given, [out], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    (folder / embedding.MODEL).write_bytes(model.SerializeToString())
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({w: k for k, w in enumerate(WORDS)}, "[UNK]"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    words.save(str(folder / embedding.TOKENIZER))
    return folder


@pytest.fixture
def folder(tmp_path):
    encoder(tmp_path)
    embedding.write_head(tmp_path, HEAD)
    return tmp_path


def settings(folder, **other):
    return ScreenSettings(
        lexicons=(), cbrn=False, poisoning=False, secrecy=False, embedding=str(folder), **other
    )


def test_scores_are_the_head_over_the_mean_of_the_token_vectors(folder):
    found = scan(TEXTS, settings(folder, models=(), classifier_floor=0.0))
    assert set(found["detector"]) == {"own-embedding@1"} and set(found["level"]) == {"flag"}
    mean = TABLE[[1, 2]].mean(axis=0)
    want = 1 / (1 + np.exp(-(9 * mean[0] / np.linalg.norm(mean) - 4)))
    first = found.filter(pl.col("text") == 0, pl.col("code") == "A.1-g")
    assert first["score"].to_list() == [round(float(want), 4)]
    kept = scan(TEXTS, settings(folder, models=())).rows()
    assert [(row[0], row[1]) for row in kept] == [(0, "A.1-g"), (2, "harm")], (
        "scores under the floor are not kept"
    )


def test_it_takes_the_place_of_the_shipped_vectors_and_of_nothing_else(folder):
    names = {d["detector"] for d in detectors(settings(folder)) if d["detector"]}
    before = {d["detector"] for d in detectors(settings("")) if d["detector"]}
    assert before - names == {"semantic-zh@1", "semantic-en@1"} and names - before == {"own-embedding@1"}


def test_the_worst_window_of_a_long_text_counts_and_batches_change_no_score(folder):
    long = "river " * 100 + "gizmo " * 80
    own = embedding.Embedding(str(folder))
    (row,) = own.find(pl.Series([long]), 120, 0.9).rows(named=True)
    assert row["code"] == "A.1-g" and row["n"] >= 3
    texts = pl.Series(
        [f"{a} {b} {c}" for a in WORDS[:4] for b in WORDS[1:] for c in ("", "river", "garden garden")]
    )
    alone = [score for text in texts for score in own.find(pl.Series([text]), 400, 0.0)["score"]]
    assert own.find(texts, 400, 0.0)["score"].to_list() == alone


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_pooling_reads_the_first_token_or_all(folder, pooling):
    first, _ = embedding.Encoder(folder, 64, pooling).documents(["gizmo river", "river"])
    assert np.allclose(first, [1, 0, 0] if pooling == "cls" else np.array([1, 0, 1]) / np.sqrt(2))


def test_a_model_that_pools_itself_is_taken_at_its_word(tmp_path):
    (row,) = embedding.Encoder(encoder(tmp_path, pooled=True), 64, "mean").documents(["gizmo river"])
    assert np.allclose(row, np.array([3, 0, 3]) / np.linalg.norm([3, 0, 3]))


def test_a_text_is_cut_at_max_tokens(folder):
    cut, whole = (
        embedding.Encoder(folder, n, "mean").documents(["gizmo " * 8 + "river " * 8]) for n in (8, 64)
    )
    assert np.allclose(cut, [[1, 0, 0]]) and whole[0, 2] > 0.5


@pytest.mark.parametrize("name", embedding.FILES)
def test_a_changed_file_is_refused(folder, name):
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    with pytest.raises(TrustError, match="digest"):
        embedding.Embedding(str(folder))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"codes": ["one"]}, "one row per code"), ({"weights": [[1, 2], [3, 4]]}, "columns"), ({"extra": 1}, "extra"),
     ({"pooling": "max"}, "pooling")],
)  # fmt: skip
def test_a_head_that_does_not_fit_is_told(folder, change, message):
    path = folder / embedding.HEAD
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(SettingsError, match=message):
        scan(TEXTS, settings(folder, models=()))


def test_a_missing_or_broken_model_is_told(tmp_path, folder):
    with pytest.raises(SettingsError, match="cannot be read"):
        scan(TEXTS, settings(tmp_path / "nowhere"))
    (folder / embedding.MODEL).write_bytes(b"not a model")
    embedding.write_head(folder, HEAD)
    with pytest.raises(SettingsError, match="cannot be loaded"):
        scan(TEXTS, settings(folder, models=()))
    encoder(folder, inputs=("input_ids", "pixels"))
    with pytest.raises(SettingsError, match="pixels"):
        embedding.Encoder(folder, 64, "mean").documents(["gizmo"])


def test_without_the_extra_the_cure_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(SettingsError, match="onnxruntime") as caught:
        scan(TEXTS, settings(folder, models=()))
    assert "hallmark[embed]" in str(caught.value)


def test_the_digest_follows_the_head_and_files_are_read_anew(folder):
    def digest():
        return next(d["sha256"] for d in detectors(settings(folder)) if d["detector"] == "own-embedding@1")

    before = digest()
    embedding.write_head(folder, {**HEAD, "bias": [-4, -4.5]})
    assert digest() != before


def test_training_writes_a_head_that_runs(tmp_path, monkeypatch):
    labelled = pl.DataFrame(
        {"text": ["gizmo widget", "garden river"] * 12, "labels": [["harm"], ["benign"]] * 12,
         "split": (["train"] * 6 + ["calibrate"] * 2) * 3, "origin": ["seed-act"] * 24}
    )  # fmt: skip
    monkeypatch.setattr("pipelines.train.prepare.examples", lambda name, labels: labelled)
    run_head(encoder(tmp_path), "semantic-en")
    found = scan(["widget gizmo", "garden river"], settings(tmp_path, models=(), classifier_floor=0.5))
    assert found.select("text", "code", "detector").rows() == [(0, "harm", "embedding@1")]
