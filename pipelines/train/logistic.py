"""Train linear heads: logistic regression over hashed features, one against the rest, then whole-number weights.

The loss is convex and the descent starts at zero and runs a fixed number of steps on one thread, so equal examples
give equal bytes; the seed has nothing to decide.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numba
import numpy as np
import polars as pl

from pipelines.train.seeds import BENIGN
from stages.screen import linear


def fit(examples: pl.DataFrame, params: dict[str, Any], target: Path) -> None:
    """Write the head of the prepared examples (columns `line`, `labels`, `split`) to `target`."""
    train = examples.filter((pl.col("split") == "train") & (pl.col("line") != ""))
    columns, borders, values = matrix(train["line"].to_list(), params["bits"])
    scale = rarity(columns, borders, 1 << params["bits"])
    scale[scale.size // 2 :] *= params["word_weight"]  # few words beside many n-grams
    values = values * scale[columns]
    codes = codes_of(examples)
    signs = np.stack([np.where(train["labels"].list.contains(code), 1.0, -1.0) for code in codes], axis=1)
    slots, reach = scale.size, _curvature(columns, borders, values, scale.size)
    weights, bias = _descend(
        columns, borders, values, signs, slots, reach, params["penalty"], params["steps"]
    )
    weights *= scale[:, None]
    head = quantised(codes, weights, bias)
    target.write_bytes(linear.pack(centred(head, examples, params["false_positive_rate"])))


def codes_of(examples: pl.DataFrame) -> tuple[str, ...]:
    """Return the codes that any example carries, sorted; `benign` is none."""
    return tuple(sorted({label for labels in examples["labels"].to_list() for label in labels} - {BENIGN}))


def matrix(lines: list[str], bits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the windows as rows: columns, borders, and values, 1 / sqrt(features) for each occurrence."""
    columns, borders = linear.features(lines, bits)
    size = np.maximum(np.diff(borders), 1)
    return columns, borders, np.repeat(1 / np.sqrt(size), np.diff(borders))


def rarity(columns: np.ndarray, borders: np.ndarray, slots: int) -> np.ndarray:
    """Return ln((1 + rows) / (1 + rows that hold it)) + 1 of each feature."""
    rows = np.repeat(np.arange(borders.size - 1), np.diff(borders))
    held = np.unique(rows * slots + columns) % slots
    return np.log(borders.size / (1 + np.bincount(held, minlength=slots))) + 1


def quantised(codes: tuple[str, ...], weights: np.ndarray, bias: np.ndarray) -> linear.Head:
    """Return the head with int8 weights; the 99.9th percentile of those used is the largest number kept."""
    step = np.ones(len(codes))
    whole = np.zeros(weights.shape, np.int8)
    for k in range(len(codes)):
        used = np.abs(weights[:, k])[weights[:, k] != 0]
        top = float(np.quantile(used, 0.9995)) if used.size else 1.0
        step[k] = float(f"{top / 127:.6g}")
        whole[:, k] = np.clip(np.rint(weights[:, k] / step[k]), -127, 127)
    return linear.Head(codes, whole, step, np.array([float(f"{b:.6g}") for b in bias]))


def centred(head: linear.Head, examples: pl.DataFrame, rate: float) -> linear.Head:
    """Return the head with each bias moved so that `rate` of the calibrate part's other texts score one half or more.

    Few of many examples carry a code, so that scores lie far below one half even where they tell codes apart.
    """
    held = examples.filter((pl.col("split") == "calibrate") & (pl.col("line") != ""))
    if held.is_empty():
        return head
    scores, bias = head.score(held["line"].to_list()), head.bias.copy()
    for k, code in enumerate(head.codes):
        other = scores[~held["labels"].list.contains(code).to_numpy(), k]
        if other.size:
            bias[k] = float(f"{bias[k] - edges(other, rate):.6g}")
    return head._replace(bias=bias)


def edges(other: np.ndarray, rate: float) -> float:
    """Return by how much a bias must fall so that just under `rate` of these scores stay at one half or more."""
    if not other.size:
        return 0.0
    edge = float(np.clip(np.sort(other)[::-1][int(rate * other.size)], 1e-6, 1 - 1e-6))
    return float(np.log(edge / (1 - edge)) + 0.01)


@numba.njit(cache=True)
def _descend(columns, borders, values, signs, slots, reach, penalty, steps):
    """Minimise each code's mean logistic loss + penalty / 2 |w|^2 by accelerated gradients (Nesterov 1983)."""
    rows, codes = signs.shape
    rate = 1.0 / (0.25 * reach + penalty)
    w, ahead, gradient = np.zeros((slots, codes)), np.zeros((slots, codes)), np.zeros((slots, codes))
    b, b_ahead, pace = np.zeros(codes), np.zeros(codes), 1.0
    z, pull = np.zeros(codes), np.zeros(codes)
    for _ in range(steps):
        gradient[:] = penalty * ahead
        b_gradient = np.zeros(codes)
        for r in range(rows):
            z[:] = b_ahead
            for k in range(borders[r], borders[r + 1]):
                for c in range(codes):
                    z[c] += values[k] * ahead[columns[k], c]
            for c in range(codes):
                pull[c] = -signs[r, c] / rows / (1.0 + np.exp(min(signs[r, c] * z[c], 60.0)))
                b_gradient[c] += pull[c]
            for k in range(borders[r], borders[r + 1]):
                for c in range(codes):
                    gradient[columns[k], c] += pull[c] * values[k]
        faster = (1.0 + np.sqrt(1.0 + 4.0 * pace * pace)) / 2.0
        push = (pace - 1.0) / faster
        pace = faster
        for j in range(slots):
            for c in range(codes):
                new = ahead[j, c] - rate * gradient[j, c]
                ahead[j, c] = new + push * (new - w[j, c])
                w[j, c] = new
        for c in range(codes):
            new = b_ahead[c] - rate * b_gradient[c]
            b_ahead[c] = new + push * (new - b[c])
            b[c] = new
    return w, b


@numba.njit(cache=True)
def _curvature(columns, borders, values, slots):
    """Return an upper estimate of the largest eigenvalue of the mean of row products, bias included: 8 power steps."""
    v, bias, size = np.ones(slots), 1.0, 1.0
    for _ in range(8):
        norm = np.sqrt((v * v).sum() + bias * bias)
        v, bias = v / norm, bias / norm
        new, new_bias = np.zeros(slots), 0.0
        for r in range(borders.size - 1):
            z = bias
            for k in range(borders[r], borders[r + 1]):
                z += values[k] * v[columns[k]]
            z /= borders.size - 1
            for k in range(borders[r], borders[r + 1]):
                new[columns[k]] += values[k] * z
            new_bias += z
        size = np.sqrt((new * new).sum() + new_bias * new_bias)
        v, bias = new, new_bias
    return size * 1.1
