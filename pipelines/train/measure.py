"""Thresholds for a stated false-positive rate, and recall and precision with Wilson intervals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Z95 = 1.959964


def threshold_for(benign: np.ndarray, rate: float) -> float:
    """Return the smallest score (4 decimals, at least 0.5) that at most `rate` of the benign scores reach."""
    if not len(benign):
        return 0.5
    ranked = np.sort(benign)[::-1]
    allowed = int(rate * len(ranked))
    edge = ranked[allowed] if allowed < len(ranked) else 0.0
    return round(min(max(float(edge) + 0.0001, 0.5), 1.0), 4)


def interval(hits: int, n: int) -> list[float]:
    """Return [share, low, high]: the share and its Wilson 95 % interval; zeros where n is 0."""
    if not n:
        return [0.0, 0.0, 1.0]
    share, z2 = hits / n, Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return [round(share, 4), round(max(centre - half, 0.0), 4), round(min(centre + half, 1.0), 4)]


def auc(scores: np.ndarray, truth: np.ndarray) -> float:
    """Return the area under the ROC curve (ties count half); 0.5 where a class is empty."""
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives:
        return 0.5
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return round(float((ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives)), 4)


def report(scores: np.ndarray, truth: np.ndarray, threshold: float) -> dict[str, Any]:
    """Return n, recall, precision and false-positive rate at the threshold, F1 and AUC."""
    flagged = scores >= threshold
    hit = int((flagged & truth).sum())
    recall, precision = interval(hit, int(truth.sum())), interval(hit, int(flagged.sum()))
    both = recall[0] + precision[0]
    return {
        "positives": int(truth.sum()),
        "benign": int((~truth).sum()),
        "threshold": threshold,
        "recall": recall,
        "precision": precision,
        "fpr": interval(int((flagged & ~truth).sum()), int((~truth).sum())),
        "f1": round(2 * recall[0] * precision[0] / both, 4) if both else 0.0,
        "auc": auc(scores, truth),
    }
