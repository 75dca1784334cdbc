"""Train document vectors and a head per code: fastText skip-gram over the training texts, then logistic regression.

The vectors are trained on what the heads are trained on and on nothing else. fastText reads hashes of tokens, the same
that the stage looks up. It runs on one thread in a process with cleared memory (fit.py says why), the heads are fitted
by Newton's method from zero: equal examples give equal bytes on one machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from lineage.errors import HallmarkError
from pipelines.train.fit import CLEARED
from pipelines.train.logistic import codes_of, edges
from pipelines.train.seeds import BENIGN
from stages.screen import vectors

_RARE = 1e-3  # weight of a token: a / (a + its share of texts), Arora, Liang and Ma (2017)
_NEWTON_STEPS = 30


def fit(examples: pl.DataFrame, params: dict[str, Any], target: Path) -> None:
    """Write the vectors and heads of the prepared examples (columns `line`, `labels`, `split`, `origin`)."""
    train = examples.filter((pl.col("split") == "train") & (pl.col("line") != ""))
    hashes, borders = vectors.tokens(train["line"].to_list())
    keys, values = _words(train, hashes, borders, params, target)
    rows = np.repeat(np.arange(borders.size - 1), np.diff(borders))
    places = np.searchsorted(keys, hashes).clip(0, keys.size - 1)
    known = keys[places] == hashes
    held = np.unique(rows[known] * keys.size + places[known]) % keys.size
    share = np.bincount(held, minlength=keys.size) / len(train)
    values *= (_RARE / (_RARE + share))[:, None]
    step = (np.abs(values).max(axis=1) / 127).astype(np.float32)
    table = np.rint(values / np.maximum(step, 1e-12)[:, None]).clip(-127, 127).astype(np.int8)
    dim, codes = values.shape[1], codes_of(examples)
    empty = (
        np.zeros(dim, np.float32),
        np.zeros((dim, len(codes)), np.float32),
        np.zeros(len(codes), np.float32),
    )
    model = vectors.Vectors(codes, keys, table, step, *empty)
    model = model._replace(mean=model.documents(train["line"].to_list()).mean(axis=0).astype(np.float32))
    heads, bias = fit_heads(model.documents(examples["line"].to_list()), examples, codes, params)
    target.write_bytes(vectors.pack(model._replace(heads=heads, bias=bias)))


def fit_heads(
    documents: np.ndarray, examples: pl.DataFrame, codes: tuple[str, ...], params: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Return float32[dim, codes] and float32[codes]: a head per code, one half at the stated false-positive rate.

    `documents` is float[examples, dim], row-aligned with `examples`; `params`: penalty, false_positive_rate, and
    posts_rate of codes that posts are labelled for.
    """
    train = (examples["split"] == "train").to_numpy()
    heads, bias = np.zeros((documents.shape[1], len(codes))), np.zeros(len(codes))
    for k, code in enumerate(codes):
        rows = train & judged(examples, code)
        heads[:, k], bias[k] = _newton(documents[rows], _holds(examples, code)[rows], params["penalty"])
    scores = 1 / (1 + np.exp(-(documents @ heads + bias)))
    held, posts = (
        (examples["split"] == "calibrate").to_numpy(),
        ~examples["origin"].str.starts_with("seed").to_numpy(),
    )
    for k, code in enumerate(codes):
        holds = _holds(examples, code)
        rate = params["posts_rate" if bool((holds & posts).any()) else "false_positive_rate"]
        bias[k] -= edges(scores[held & judged(examples, code) & ~holds, k], rate)
    return heads.astype(np.float32), bias.astype(np.float32)


def judged(examples: pl.DataFrame, code: str) -> np.ndarray:
    """Return which examples tell something about a code: of the kinds (seeds, posts) it occurs in, or benign.

    A post that is labelled for hate says nothing about a request, and an offensive one is not benign elsewhere.
    """
    seed, holds = examples["origin"].str.starts_with("seed").to_numpy(), _holds(examples, code)
    benign = _holds(examples, BENIGN) & (examples["origin"] != "davidson-offensive").to_numpy()
    return benign | (seed & bool((holds & seed).any())) | (~seed & bool((holds & ~seed).any()))


def _holds(examples: pl.DataFrame, code: str) -> np.ndarray:
    return examples["labels"].list.contains(code).to_numpy()


def _words(
    train: pl.DataFrame, hashes: np.ndarray, borders: np.ndarray, params: dict[str, Any], target: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Return the commonest tokens (uint64, sorted) and their vectors; filled templates count a quarter."""
    lines = []
    for row, origin in enumerate(train["origin"]):
        line = " ".join(f"{h:016x}" for h in hashes[borders[row] : borders[row + 1]].tolist())
        digest = hashlib.sha256(line.encode()).digest()
        if origin != "seed-template" or digest[0] < 64:
            lines.append((digest, line))
    source, result = target.with_suffix(".txt"), target.with_suffix(".npz")
    source.write_text("".join(line + "\n" for _, line in sorted(lines)), encoding="ascii")
    settings = {name: params[name] for name in ("dim", "epoch", "lr", "min_count", "window", "words")}
    command = [
        sys.executable,
        "-m",
        "pipelines.train.semantic",
        str(source),
        str(result),
        json.dumps(settings),
    ]
    run = subprocess.run(command, env={**os.environ, **CLEARED}, capture_output=True, text=True, check=False)
    source.unlink()
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        raise HallmarkError(
            f"training failed: {last}", where=target.name, cure="lower min_count in params.yaml"
        )
    with np.load(result) as found:
        keys, values = found["keys"], found["values"]
    result.unlink()
    order = np.argsort(keys)
    return keys[order], values[order].astype(np.float64)


def _newton(rows: np.ndarray, truth: np.ndarray, penalty: float) -> tuple[np.ndarray, float]:
    """Minimise mean logistic loss, both classes weighing the same, + penalty / 2 |w|^2; return weights and bias."""
    x = np.hstack([rows, np.ones((len(rows), 1))])
    weight = np.where(truth, 0.5 / max(truth.sum(), 1), 0.5 / max((~truth).sum(), 1))
    ridge = np.full(x.shape[1], penalty)
    ridge[-1] = penalty * 1e-3
    w = np.zeros(x.shape[1])
    for _ in range(_NEWTON_STEPS):
        p = 1 / (1 + np.exp(-(x @ w)))
        gradient = x.T @ (weight * (p - truth)) + ridge * w
        curve = (x * (weight * p * (1 - p))[:, None]).T @ x + np.diag(ridge)
        move = np.linalg.solve(curve, gradient)
        w -= move
        if np.abs(move).max() < 1e-8:
            break
    return w[:-1], float(w[-1])


def main(source: str, target: str, settings: str) -> None:
    """Train skip-gram vectors and keep the commonest tokens; runs in the cleared process."""
    import fasttext

    given = json.loads(settings)
    names = {"dim": "dim", "epoch": "epoch", "lr": "lr", "min_count": "minCount", "window": "ws"}
    arguments = {theirs: given[ours] for ours, theirs in names.items()}
    model = fasttext.train_unsupervised(
        source, model="skipgram", minn=0, maxn=0, neg=5, t=1e-3, thread=1, verbose=0, **arguments
    )
    words = [k for k, word in enumerate(model.get_words()) if word != "</s>"][: given["words"]]
    keys = np.array([int(model.get_words()[k], 16) for k in words], np.uint64)
    np.savez(target, keys=keys, values=model.get_input_matrix()[words])


if __name__ == "__main__":
    main(*sys.argv[1:])
